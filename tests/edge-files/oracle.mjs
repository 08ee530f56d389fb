// What the packages of Netlify and Cloudflare make of `_redirects` and `_headers`: a request in each line of stdin, an
// answer in each line of stdout.
//
//   oracle.mjs TOOLS SCRATCH
//
// A request is {kind, dialect, text, paths}. An answer has the rules, the lines with an error, and what matches each
// path. Netlify's modules are imported one by one, because what the packages export loses the lines. Cloudflare
// publishes its reader only inside of miniflare, in two bundles; the modules are cut out of them by the comments that
// the bundler leaves.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [tools, scratch] = process.argv.slice(2);
const modules = join(tools, "node_modules");

// ---- Netlify

const netlify = async (name, file) => import(pathToFileURL(join(modules, "@netlify", name, "lib", file)));
const redirectLines = await netlify("redirect-parser", "line_parser.js");
const redirectRules = await netlify("redirect-parser", "normalize.js");
const redirectMerge = await netlify("redirect-parser", "merge.js");
const headerLines = await netlify("headers-parser", "line_parser.js");
const headerRules = await netlify("headers-parser", "normalize.js");
const headerMerge = await netlify("headers-parser", "merge.js");

const file = join(scratch, "file");
const contentLines = (text) =>
  text.split("\n").map((line, index) => [index + 1, line.trim()]).filter(([, line]) => line !== "" && !line.startsWith("#"));
const lineIn = (error) => Number(/line (\d+):/.exec(error.message)?.[1]);

async function netlifyRedirects({ text }) {
  writeFileSync(file, text);
  const { redirects, errors } = await redirectLines.parseFileRedirects(file);
  const refused = errors.map(lineIn);
  const lines = contentLines(text).map(([number]) => number).filter((number) => !refused.includes(number));
  if (lines.length !== redirects.length) throw new Error("a line is neither a rule nor an error");
  const rules = [];
  redirects.forEach((redirect, index) => {
    const one = redirectRules.normalizeRedirects([redirect], false);
    refused.push(...one.errors.map(() => lines[index]));
    rules.push(...one.redirects.map((rule) => ({ ...rule, line: lines[index] })));
  });
  const merged = redirectMerge.mergeRedirects({ fileRedirects: rules.map(({ line, ...rule }) => rule), configRedirects: [] });
  return { rules, refused, merged: merged.redirects };
}

async function netlifyHeaders({ text, paths }) {
  writeFileSync(file, text);
  const { headers, errors } = await headerLines.parseFileHeaders(file);
  const content = contentLines(text);
  const lines = content.filter(([, line]) => line.startsWith("/")).map(([number]) => number);
  if (lines.length !== headers.length) throw new Error("a path is no rule");
  // A header above the first path has no number; those are the first lines.
  const early = content.filter(([number]) => number < (lines[0] ?? Infinity)).map(([number]) => number);
  const refused = errors.map(lineIn).filter((line) => !Number.isNaN(line));
  const homeless = errors.filter((error) => error.message.startsWith("Path should come before"));
  if (homeless.length + refused.length !== errors.length) throw new Error(`what is ${errors.at(-1).message}?`);
  const isHeader = (number) => content.find(([own]) => own === number)[1].includes(":") && !refused.includes(number);
  refused.push(...early.filter(isHeader));
  const rules = [];
  headers.forEach((header, index) => {
    const one = headerRules.normalizeHeaders([header], false);
    refused.push(...one.errors.map(() => lines[index]));
    rules.push(...one.headers.map((rule) => ({ ...rule, line: lines[index] })));
  });
  const merged = headerMerge.mergeHeaders({ fileHeaders: rules, configHeaders: [] });
  const matches = paths.map((path) => merged.headers.filter((rule) => rule.forRegExp.test(path)).map(({ line }) => line));
  const plain = ({ line, for: path, values }) => ({ line, path, values });
  return { rules: merged.headers.map(plain), refused, matches };
}

// ---- Cloudflare

// The modules of a bundle, from the first to before the last.
function cut(bundle, first, last) {
  const text = readFileSync(join(modules, "miniflare", "dist", "src", bundle), "utf8");
  const begin = text.indexOf(`// ../workers-shared/${first}`);
  const end = text.indexOf(`// ../workers-shared/${last}`, begin);
  if (begin < 0 || end < 0) throw new Error(`${bundle} has no ${first} ahead of ${last}`);
  return text.slice(begin, end);
}

// The bundler declares a module's variables apart from their values, which the module's `init` gives them.
const parsers = cut("index.js", "utils/configuration/constants.ts", "utils/configuration/types.ts");
const inits = [...parsers.matchAll(/^var (init_\w+) = __esm/gm)].map(([, name]) => `${name}();`).join("");
const { parseRedirects, parseHeaders } = new Function(`const __esm = (module) => () => Object.values(module)[0]();
  ${parsers} ${inits} return { parseRedirects, parseHeaders };`)();
const { rulesMatcher, replacer, normalizeRedirectTarget } = new Function(
  `${cut("workers/assets/assets.worker.js", "asset-worker/src/utils/rules-engine.ts", "asset-worker/src/utils/headers.ts")}
  return { rulesMatcher: generateRulesMatcher, replacer, normalizeRedirectTarget };`,
)();

function refusedLines(text, invalid, ruleLines) {
  const content = contentLines(text);
  const count = text.split("\n").length;
  const refused = [];
  let end = Infinity;
  let unnumbered = 0;
  for (const { line, lineNumber, message } of invalid) {
    const long = /^Ignoring line (\d+)/.exec(message);
    const rest = /Skipping remaining (\d+) lines/.exec(message);
    if (long) refused.push(Number(long[1]));
    else if (rest) refused.push((end = count - Number(rest[1]) + 1));
    else if (message === "No headers specified") {
      // The number is that of the next path.
      refused.push(content.filter(([number, own]) => number < (lineNumber ?? Infinity) && own === line).at(-1)[0]);
    } else if (lineNumber) refused.push(lineNumber);
    else unnumbered += 1;
  }
  if (unnumbered > 0) {
    const known = new Set([...refused, ...ruleLines]);
    const lost = content.filter(([number]) => number < end && !known.has(number)).map(([number]) => number);
    if (lost.length !== unnumbered) throw new Error("lines without a number are not found");
    refused.push(...lost);
  }
  return refused;
}

const address = (path) =>
  `https://example.com${path.replaceAll("%", "%25").replaceAll("?", "%3F").replaceAll("#", "%23")}`;
// Fills a text by a function of the package, which fills name by name, so that it comes out as in one pass: under names
// that are no part of each other, and with values in which nothing is special.
function onePass(fill, text, groups) {
  const names = Object.keys(groups);
  const renamed = text.replace(/:([A-Za-z]\w*)/g, (whole, name) => (names.includes(name) ? `:Zq${names.indexOf(name)}q` : whole));
  return fill(renamed, Object.fromEntries(names.map((name, at) => [`Zq${at}q`, groups[name].replaceAll("$", "$$$$")])));
}
const hasPattern = (from) => /\*|:[A-Za-z]\w*/.test(from);

// What a pattern captures from a path, or nothing.
function capture(pattern, path) {
  const found = rulesMatcher({ [pattern]: {} }, (_, groups) => [{ ...groups }])({ request: { url: address(path) } });
  return found[0]?.[0];
}

function cloudflareRedirects({ text, paths }) {
  const { rules, invalid } = parseRedirects(text);
  const first = rules.findIndex(({ from }) => hasPattern(from));
  const isStatic = (index) => first < 0 || index < first;
  const matches = paths.map((path) => {
    const { pathname } = new URL(address(path));
    for (const [index, { from, to, lineNumber }] of rules.entries()) {
      if (isStatic(index)) {
        if (from === pathname) return { line: lineNumber, to };
        continue;
      }
      const groups = capture(from, path);
      if (groups) {
        const filled = normalizeRedirectTarget(to, groups);
        return { line: lineNumber, to: filled, onePass: onePass(normalizeRedirectTarget, to, groups) };
      }
    }
    return null;
  });
  const refused = refusedLines(text, invalid, rules.map(({ lineNumber }) => lineNumber));
  return { rules: rules.map(({ from, to, status, lineNumber }) => ({ line: lineNumber, from, to, status })), refused, matches };
}

function cloudflareHeaders({ text, paths }) {
  const parsed = parseHeaders(text);
  const byPath = new Map();
  for (const { path, headers, unsetHeaders } of parsed.rules) byPath.set(path, { path, values: headers, unset: unsetHeaders });
  const rules = [...byPath.values()];
  const matches = paths.map((path) =>
    rules.map((rule) => {
      const groups = rule.path.startsWith("/") && capture(rule.path, path);
      if (!groups) return null;
      const values = Object.values(rule.values);
      return { values: values.map((value) => replacer(value, groups)), onePass: values.map((value) => onePass(replacer, value, groups)) };
    }),
  );
  return { rules, refused: refusedLines(text, parsed.invalid, []), matches };
}

// ---- requests

const readers = {
  netlify: { redirects: netlifyRedirects, headers: netlifyHeaders },
  cloudflare: { redirects: cloudflareRedirects, headers: cloudflareHeaders },
};
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const request = JSON.parse(line);
  const answer = await readers[request.dialect][request.kind](request);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
