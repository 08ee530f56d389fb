// What run.py asks of a browser. Takes the task as JSON and prints what is wrong as a JSON list.
import { createRequire } from "node:module";

const task = JSON.parse(process.argv[2]);
const require = createRequire(`${task.tools}/`);
const pa11y = require("pa11y");
const puppeteer = require("puppeteer-core");

const wrong = [];
const browser = await puppeteer.launch({ executablePath: task.chromium, args: ["--no-sandbox"] });
try {
  for (const url of task.axe) {
    for (const scheme of ["light", "dark"]) await axe(`${url} (${scheme})`, url, { scheme });
  }
  await searchWorks("", "heron", "elasticlunr_javascript");
  await searchWorks("de/", "grau", "fuse_json");
  await searchWorks("fr/", "roseau", "elasticlunr_json");
  await searchWorks("ar/", "البلشون", "fuse_javascript");
  await searchKnowsOtherForms();
  await searchShowsSigns("");
  await searchShowsSigns("de/");
  await copyWorks();
  await tablesScroll();
  await firstColumnsAreNarrow();
  await framesKeepTheirRatio();
  await menusLeadSomewhere();
  await worksWithoutScripts();
} catch (error) {
  wrong.push(error.stack);
} finally {
  await browser.close();
}
console.log(JSON.stringify(wrong));

function expect(truth, message) {
  if (!truth) wrong.push(message);
}

/** Opens a page; whatever it writes to the console, and every file that the policy stops, is wrong. */
async function open(name, url, { scheme = "light", width = 1280, scripts = true } = {}) {
  const context = await browser.createBrowserContext();
  await context.overridePermissions(new URL(url).origin, ["clipboard-read", "clipboard-write", "clipboard-sanitized-write"]);
  const page = await context.newPage();
  page.on("console", (message) => wrong.push(`${name}: console: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`${name}: ${error.message}`));
  await page.setJavaScriptEnabled(scripts);
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(url, { waitUntil: "networkidle0" });
  return page;
}

async function close(page) {
  await page.browserContext().close();
}

async function axe(name, url, settings, prepare = async () => {}) {
  const page = await open(name, url, settings);
  await prepare(page);
  const found = await pa11y(page.url(), {
    browser,
    page,
    ignoreUrl: true,
    standard: "WCAG2AA",
    runners: ["axe"],
    rules: ["target-size"], // what WCAG 2.2 adds at AA
    includeWarnings: true,
    levelCapWhenNeedsReview: "notice",
  });
  for (const issue of found.issues) wrong.push(`${name}: ${issue.code}: ${issue.message} ${issue.context}`);
  await close(page);
}

/** By keyboard alone: open, type, go down, follow. */
async function searchWorks(language, query, format) {
  const name = `search in ${format}`;
  const start = task.everything + language;
  for (const scheme of ["light", "dark"]) {
    await axe(`${name} (${scheme})`, start, { scheme }, (page) => search(page, query));
  }
  const page = await open(name, start);
  expect((await page.$eval("#quill-search", (dialog) => dialog.dataset.format)) === format, `${name}: another format is set`);
  await search(page, query);
  const said = await page.$eval(".search-status", (status) => status.textContent);
  const links = await page.$$eval(".search-results a", (all) => all.map((link) => link.href));
  expect(links.length > 0 && said.startsWith(`${links.length} `), `${name}: ${links.length} found, and it says “${said}”`);
  expect(links.every((link) => link.startsWith(start)), `${name}: finds ${links}`);
  expect((await page.$$(".search-results mark")).length > 0, `${name}: nothing is marked`);

  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape"); // the first may only empty the field
  expect(!(await page.$("#quill-search[open]")), `${name}: Escape does not close it`);
  await search(page, "<b>zzz");
  expect((await page.$$(".search-results li")).length === 0, `${name}: finds what is not there`);

  await search(page, query);
  const focused = () => page.evaluate(() => document.activeElement.href ?? document.activeElement.id);
  await page.keyboard.press("ArrowDown");
  expect((await focused()) === links[0], `${name}: the down arrow leads to ${await focused()}`);
  await page.keyboard.press("ArrowUp");
  expect((await focused()) === "quill-search-input", `${name}: the up arrow leads to ${await focused()}`);
  await page.keyboard.press("ArrowDown");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  expect(page.url() === links[0], `${name}: leads to ${page.url()}, not ${links[0]}`);
  await close(page);
}

/** English words are found by another form of theirs. */
async function searchKnowsOtherForms() {
  const page = await open("other forms", task.everything);
  const found = async (query) => {
    await search(page, query);
    return page.$$eval(".search-results a", (all) => all.map((link) => link.href));
  };
  const heron = await found("heron");
  for (const query of ["heroned", "heronly"]) {
    const others = await found(query);
    expect(others.join() === heron.join(), `other forms: “${query}” finds ${others}, “heron” ${heron}`);
  }
  await close(page);
}

/** What HTML escapes is found, and shown as it was written. */
async function searchShowsSigns(language) {
  const name = `signs in search, /${language}`;
  const page = await open(name, task.everything + language);
  await search(page, "q&a");
  const texts = await page.$$eval(".search-text", (all) => all.map((text) => text.textContent));
  const shown = texts.length === 1 && ["Q&A", "2 < 3", " &lt;"].every((part) => texts[0].includes(part));
  expect(shown, `${name}: finds ${JSON.stringify(texts)}`);
  const marks = await page.$$eval(".search-text mark", (all) => all.map((mark) => mark.textContent));
  expect(marks.join() === "Q&A", `${name}: marks ${marks}`);
  await close(page);
}

async function search(page, query) {
  if (!(await page.$("#quill-search[open]"))) {
    await page.keyboard.down("Control");
    await page.keyboard.press("k");
    await page.keyboard.up("Control");
  }
  await page.$eval("#quill-search-input", (input) => { input.value = ""; });
  await page.$eval(".search-status", (status) => { status.textContent = ""; });
  await page.type("#quill-search-input", query);
  await page.waitForFunction(() => document.querySelector(".search-status").textContent !== "", { timeout: 10_000 });
}

async function copyWorks() {
  const page = await open("copy", `${task.everything}blog/everything/`);
  const [buttons, blocks] = [await page.$$(".copy"), await page.$$("pre")];
  expect(buttons.length === blocks.length, `copy: ${buttons.length} buttons for ${blocks.length} blocks`);
  await buttons[1]?.focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("body > [role=status]").textContent, { timeout: 10_000 });
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied === 'title = "A heron"\ndate = 2026-03-04', `copy: copied ${JSON.stringify(copied)}`);
  await close(page);
}

/** On a telephone nothing but the table itself scrolls sideways, and it does so from the keyboard. */
async function tablesScroll() {
  const page = await open("narrow", `${task.everything}blog/everything/`, { width: 360 });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(over <= 0, `narrow: the page is ${over} px too wide`);
  expect((await page.$$(".table[tabindex='0'][aria-label]")).length === 1, "narrow: the table cannot be reached");
  await close(page);
}

/** A column of numbers takes no more room than they need. */
async function firstColumnsAreNarrow() {
  const page = await open("narrow table", `${task.everything}blog/everything/`, { width: 360 });
  const widths = await page.$$eval(".table tr:first-child > :first-child", (all) =>
    all.filter((cell) => cell.textContent === "#").map((cell) => cell.getBoundingClientRect().width),
  );
  expect(widths.length === 1 && widths[0] < 48, `narrow table: the first column is ${widths} px wide`);
  await close(page);
}

/** Frames of other sites are as high as their width wants, on every screen, with and without scripts. */
async function framesKeepTheirRatio() {
  for (const settings of [{ width: 1280 }, { width: 360 }, { width: 150, scripts: false }]) {
    const name = `frames at ${settings.width} px`;
    const page = await open(name, `${task.everything}blog/everything/`, settings);
    const sizes = await page.$$eval(".prose iframe", (all) =>
      all.map((frame) => {
        const { width, height } = frame.getBoundingClientRect();
        return [width, height, frame.getAttribute("width") / frame.getAttribute("height")];
      }),
    );
    expect(sizes.length === 2, `${name}: there are ${sizes.length}`);
    for (const [width, height, ratio] of sizes) {
      expect(Math.abs(width / height - ratio) < 0.02, `${name}: ${width} by ${height}, not ${ratio.toFixed(2)}`);
      expect(width <= settings.width, `${name}: ${width} px wide`);
    }
    await close(page);
  }
}

/** A taxonomy without terms has no list, and no link leads to it. */
async function menusLeadSomewhere() {
  const page = await open("menu", task.everything);
  const links = await page.$$eval(".menu a", (all) => all.map((link) => link.href));
  expect(links.some((link) => link.endsWith("/tags/")), `menu: no link to the tags in ${links}`);
  expect(!links.some((link) => link.endsWith("/places/")), "menu: a link to a taxonomy without terms");
  await close(page);
}

async function worksWithoutScripts() {
  const page = await open("no scripts", `${task.everything}blog/everything/`, { scripts: false });
  const shown = await page.$eval(".search-open", (button) => button.checkVisibility({ visibilityProperty: true }));
  expect(!shown, "no scripts: the search button shows");
  expect((await page.$$(".copy")).length === 0, "no scripts: there are copy buttons");
  expect((await page.$$(".languages a[hreflang]")).length === 3, "no scripts: the languages are missing");
  await close(page);
}
