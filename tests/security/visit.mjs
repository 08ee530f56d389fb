// Opening pages in Chromium or Firefox, and noting what the policy stops.
import { createRequire } from "node:module";

const PROGRAMS = {
  chrome: { args: ["--no-sandbox", "--ignore-certificate-errors"] },
  firefox: { extraPrefsFirefox: { "dom.security.trusted_types.enabled": true } },
};
const LIMIT_MILLISECONDS = 60_000;

export async function launch(task) {
  const puppeteer = createRequire(`${task.tools}/`)("puppeteer-core");
  return puppeteer.launch({
    browser: task.browser,
    executablePath: task.program,
    headless: true,
    acceptInsecureCerts: true,
    protocolTimeout: LIMIT_MILLISECONDS,
    ...PROGRAMS[task.browser],
  });
}

/** Runs `worker(next)` so many times at once; `next()` is the next of the items, or nothing. */
export async function inParallel(items, count, worker) {
  const left = [...items];
  await Promise.all(Array.from({ length: count }, () => worker(() => left.shift())));
}

/** A page that says into `wrong` what the policy stops, what fails to load and what it complains of. */
export async function newPage(browser, wrong, name) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT_MILLISECONDS);
  page.on("console", (message) => {
    if (["error", "warn", "warning"].includes(message.type())) wrong.push(`${name()}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`${name()}: ${error.message}`));
  page.on("requestfailed", (request) => {
    wrong.push(`${name()}: ${request.url()} failed: ${request.failure()?.errorText}`);
  });
  page.on("response", (answer) => {
    if (answer.status() >= 400) wrong.push(`${name()}: ${answer.url()} answered ${answer.status()}`);
  });
  await page.evaluateOnNewDocument(() => {
    window.stopped = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      const { effectiveDirective, blockedURI, sourceFile, lineNumber, sample } = event;
      window.stopped.push(`${effectiveDirective} stops ${blockedURI} ${sample} (${sourceFile}:${lineNumber})`);
    });
  });
  return page;
}
