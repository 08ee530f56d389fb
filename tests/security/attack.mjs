// Opens every page of a hostile site, does what a visitor might, and counts the vectors that run. Takes
// the task as JSON: { tools, browser, program, pages, files }, and prints JSON: what `ran`, as pairs of page
// and number, and what is `wrong`: above all, pages on which the site's own scripts did not run.
import { inParallel, launch } from "./visit.mjs";

const AT_ONCE = 3;
const QUIET_MILLISECONDS = 60;
const LIMIT_MILLISECONDS = 20_000;
const PROBE = 9999;
const task = JSON.parse(process.argv[2]);
const ran = [];
const wrong = [];

const browser = await launch(task);
try {
  await inParallel([...task.files, ...task.pages], AT_ONCE, attackAll);
} catch (error) {
  wrong.push(error.stack);
} finally {
  await browser.close();
}
console.log(JSON.stringify({ ran, wrong }));

async function attackAll(next) {
  const page = await browser.newPage();
  const session = await page.createCDPSession();
  const calls = new Set();
  session.on("Runtime.bindingCalled", ({ payload }) => calls.add(Number(payload)));
  page.on("dialog", (dialog) => dialog.dismiss());
  await session.send("Runtime.enable");
  await session.send("Runtime.addBinding", { name: "reportRun" });
  await page.evaluateOnNewDocument(() => { window.__x = (number) => window.reportRun(String(number)); });
  for (let url; (url = next()); ) {
    // Where a machine is busy, a page may take too long; not twice.
    await attack(page, url)
      .catch(() => attack(page, url))
      .catch((error) => wrong.push(`${url}: ${error.message}`));
    const isPage = !task.files.includes(url);
    if (!calls.delete(PROBE) && isPage) wrong.push(`${url}: a call does not arrive`);
    ran.push(...[...calls].map((number) => [url, number]));
    calls.clear();
  }
}

async function attack(page, url) {
  // Another page of the same path is otherwise only scrolled to.
  await page.goto("about:blank");
  await page.goto(url, { waitUntil: "load", timeout: LIMIT_MILLISECONDS });
  if (task.files.includes(url)) return quiet();
  await page.waitForFunction(() => document.documentElement.dataset.ready, { timeout: LIMIT_MILLISECONDS });
  await quiet();
  await page.evaluate(provoke);
  await quiet();
  const own = await page.evaluate((probe) => {
    window.__x(probe);
    const { ready, inline } = document.documentElement.dataset;
    return `${ready} ${inline}`;
  }, PROBE);
  if (own !== "yes yes") wrong.push(`${url}: the site's own scripts: ${own}`);
}

function quiet() {
  return new Promise((resolve) => setTimeout(resolve, QUIET_MILLISECONDS));
}

/** In the page: each handler gets its event, each control is focused, and all that can be clicked is. */
function provoke() {
  // Nothing but scripts leads away from here.
  const isScript = (address) => /^javascript:/i.test(new URL(address, location).protocol);
  addEventListener("submit", (event) => {
    if (!isScript(event.submitter?.formAction || event.target.action)) event.preventDefault();
  });
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a, area");
    const address = link?.href?.baseVal ?? link?.href ?? link?.getAttribute("xlink:href");
    if (address && !isScript(address)) event.preventDefault();
  });
  const all = [...document.querySelectorAll("*")];
  for (const element of all) {
    for (const { name } of element.attributes) {
      if (name.startsWith("on")) element.dispatchEvent(new Event(name.slice(2), { bubbles: true, cancelable: true }));
    }
    element.focus?.();
  }
  const clickable = "a, area, button, input, summary, label, [onclick]";
  for (const element of document.querySelectorAll(clickable)) {
    element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, view: window }));
  }
}
