// Opens every page of the sites and uses what works by script. Takes the task as JSON: { tools, browser,
// program, pages, documents, manual, everything }, and prints what is wrong as a JSON list.
import { inParallel, launch, newPage } from "./visit.mjs";

const AT_ONCE = 2;
const SHORT_MILLISECONDS = 10_000;
const task = JSON.parse(process.argv[2]);
const isChromium = task.browser === "chrome";
const wrong = [];
let violations = 0;

const browser = await launch(task);
try {
  await everyPage();
  for (const url of task.documents) await oneDocument(url);
  await searches(task.manual, "publishing", "upload");
  await searches(task.everything, "heron", "heron");
  await searches(`${task.everything}de/`, "reiher", "grau");
  await searches(`${task.everything}fr/`, "héron", "roseau");
  await copies();
  await tablesScroll();
  await menusOpen();
} catch (error) {
  wrong.push(error.stack);
} finally {
  await browser.close();
}
console.error(`     ${task.browser}: ${task.pages.length} pages, ${violations} violations`);
console.log(JSON.stringify(wrong));

function expect(truth, message) {
  if (!truth) wrong.push(`${task.browser}: ${message}`);
}

async function open(name, url, { width = 1280 } = {}) {
  const page = await newPage(browser, wrong, () => `${task.browser}: ${name}`);
  await page.setViewport({ width, height: 900 });
  await page.goto(url, { waitUntil: "load" });
  return page;
}

async function close(name, page) {
  await noteStopped(name, page);
  await page.browserContext().close();
}

async function noteStopped(name, page) {
  for (const violation of await page.evaluate(() => window.stopped)) {
    violations += 1;
    wrong.push(`${task.browser}: ${name}: ${violation}`);
  }
}

/** Styles, scripts and pictures are all there, and nothing is stopped. */
async function everyPage() {
  await inParallel(task.pages, AT_ONCE, async (next) => {
    let url = "";
    const page = await newPage(browser, wrong, () => `${task.browser}: ${url}`);
    while ((url = next())) await onePage(page, url);
    await page.browserContext().close();
  });
}

async function onePage(page, url) {
  await page.goto(url, { waitUntil: "load" });
  const lacks = await page.evaluate(() => {
    const found = [];
    for (const sheet of document.querySelectorAll("link[rel=stylesheet]")) {
      if (!sheet.sheet) found.push(`no style of ${sheet.href}`);
    }
    for (const image of document.images) {
      if (image.loading !== "lazy" && !image.naturalWidth) found.push(`no picture of ${image.src}`);
    }
    if (!document.querySelector(".search-open:not([hidden])")) found.push("the search has not started");
    const blocks = document.querySelectorAll(".prose pre > code").length;
    const buttons = document.querySelectorAll(".copy").length;
    if (blocks !== buttons) found.push(`${buttons} copy buttons for ${blocks} blocks of code`);
    return found;
  });
  for (const lack of lacks) wrong.push(`${task.browser}: ${url}: ${lack}`);
  await noteStopped(url, page);
}

/** A feed, or a picture, by itself: it is shown, in plain style where the policy has no room for its own. */
async function oneDocument(url) {
  const page = await newPage(browser, [], () => "");
  await page.goto(url, { waitUntil: "load" });
  const { shown, ran } = await page.evaluate(() => ({
    shown: document.documentElement.getBoundingClientRect().height,
    ran: document.scripts.length,
  }));
  expect(shown > 0 && ran === 0, `${url}: nothing is shown`);
  await page.browserContext().close();
}

/** By keyboard: open, type, go down, follow. */
async function searches(start, ...queries) {
  for (const query of queries) {
    const name = `search for “${query}” at ${start}`;
    const page = await open(name, start);
    await page.keyboard.down("Control");
    await page.keyboard.press("k");
    await page.keyboard.up("Control");
    await page.type("#quill-search-input", query);
    await page.waitForFunction(() => document.querySelector(".search-status").textContent, { timeout: SHORT_MILLISECONDS });
    const links = await page.$$eval(".search-results a", (all) => all.map((link) => link.href));
    const said = await page.$eval(".search-status", (status) => status.textContent);
    expect(links.length, `${name}: nothing is found: “${said}”`);
    await close(name, await follow(name, page, links[0]));
  }
}

async function follow(name, page, link) {
  if (!link) return page;
  await page.keyboard.press("ArrowDown");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  expect(page.url() === link, `${name}: leads to ${page.url()}, not ${link}`);
  return page;
}

async function copies() {
  const page = await open("copy", `${task.everything}blog/everything/`);
  await page.bringToFront();
  if (isChromium) {
    const permissions = ["clipboard-read", "clipboard-write", "clipboard-sanitized-write"];
    await page.browserContext().overridePermissions(new URL(task.everything).origin, permissions);
  }
  await page.click(".copy");
  await page.waitForFunction(
    () => document.querySelector("body > [role=status]").textContent,
    { timeout: SHORT_MILLISECONDS },
  );
  if (isChromium) {
    const [copied, code] = await page.evaluate(async () => [
      await navigator.clipboard.readText(), document.querySelector(".code code").textContent.replace(/\n$/, ""),
    ]);
    expect(copied === code, `copy: copied ${JSON.stringify(copied)}`);
  }
  await close("copy", page);
}

async function tablesScroll() {
  const page = await open("tables", `${task.everything}blog/everything/`, { width: 360 });
  await page.waitForSelector(".table[tabindex='0'][aria-label]", { timeout: SHORT_MILLISECONDS })
    .catch(() => expect(false, "tables: the wide table cannot be reached"));
  const aligned = await page.$$eval(".table :is(th, td)[class^=align-]", (all) =>
    all.every((cell) => `align-${getComputedStyle(cell).textAlign}` === cell.className));
  expect(aligned, "tables: a column is not aligned");
  await close("tables", page);
}

/** The menu of languages leads to the page in the other language, the contents of a manual open on a telephone. */
async function menusOpen() {
  let page = await open("languages", `${task.everything}blog/everything/`);
  await page.click(".languages summary");
  await Promise.all([page.waitForNavigation(), page.click(".languages a[hreflang=de]")]);
  expect(page.url() === `${task.everything}de/blog/everything/`, `languages: leads to ${page.url()}`);
  await close("languages", page);

  page = await open("contents", `${task.manual}docs/search/`, { width: 360 });
  await page.click("[popovertarget=quill-contents]");
  const isOpen = await page.$eval("#quill-contents", (nav) => nav.matches(":popover-open") && nav.checkVisibility());
  expect(isOpen, "contents: they do not open");
  await Promise.all([page.waitForNavigation(), page.click("#quill-contents a[href$='/docs/theme/']")]);
  expect(page.url() === `${task.manual}docs/theme/`, `contents: lead to ${page.url()}`);
  await close("contents", page);
}
