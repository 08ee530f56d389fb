// What Mozilla's HTTP Observatory answers to random sets of headers, as `observatory.json` beside this file.
// In a folder of its own:
//   npm i --ignore-scripts @mdn/mdn-http-observatory@1.4.8
//   echo '{}' > node_modules/@mdn/mdn-http-observatory/conf/hsts-preload.json
//   cp …/infra/audit/tests/observatory.mjs . && node observatory.mjs > …/infra/audit/tests/observatory.json
import { createRequire } from "node:module";
const base = process.cwd() + "/node_modules/@mdn/mdn-http-observatory/src/";
const { ALL_TESTS } = await import(base + "constants.js");
const { getScoreModifier } = await import(base + "grader/grader.js");
const { Requests } = await import(base + "types.js");
const require = createRequire(base);
const { CookieJar } = require("tough-cookie");
// A small generator with a fixed seed.
let s = 20261201; const r = n => { s = (s * 1103515245 + 12345) & 0x7fffffff; return (s >> 8) % n; };
const pick = a => a[r(a.length)];
const src = ["'self'", "'none'", "*", "https:", "http:", "data:", "'unsafe-inline'", "'unsafe-eval'", "'sha256-abc='", "'nonce-abcdefgh'", "'strict-dynamic'", "cdn.example.net", "https://cdn.example.net", "https://cdn.example.net/a/", "http://a.example", "blob:", "'report-sample'"];
const dirs = ["default-src", "script-src", "style-src", "object-src", "img-src", "media-src", "connect-src", "base-uri", "form-action", "frame-ancestors", "font-src", "report-uri", "upgrade-insecure-requests", "Script-Src"];
const many = (a, n) => Array.from({ length: r(n) }, () => pick(a)).join(" ");
const policy = () => { const n = 1 + r(5); const d = []; for (let i = 0; i < n; i++) { const name = pick(dirs); if (r(12) && d.some(x => x.split(" ")[0].toLowerCase() === name.toLowerCase())) continue; d.push((name + " " + many(src, 4)).trim()); } return d.join("; "); };
const opts = {
  "strict-transport-security": ["max-age=31536000", "max-age=31536000; includeSubDomains; preload", "max-age=0", "max-age=15552000", "max-age=15551999;includeSubDomains", "includeSubDomains", "max-age=\"31536000\"", "MAX-AGE=63072000", "max-age=-1"],
  "x-content-type-options": ["nosniff", "NoSniff ", "sniff", "nosniff, nosniff"],
  "x-frame-options": ["DENY", "sameorigin", "ALLOW-FROM https://a.example", "ALLOWALL", "SAMEORIGIN, SAMEORIGIN"],
  "referrer-policy": ["no-referrer", "unsafe-url", "origin, strict-origin", "strict-origin, never", "never", "NO-REFERRER-WHEN-DOWNGRADE"],
  "cross-origin-resource-policy": ["same-origin", "same-site", "cross-origin", "all"],
};
const cookies = ["a=1; Secure; HttpOnly; SameSite=Lax; Path=/", "a=1", "session=1; Secure", "login=1; HttpOnly", "csrftoken=1; Secure", "b=2; Secure", "c=3; Secure; SameSite=Sometimes", "d=4; SameSite=None", "sess=1; Secure; HttpOnly; SameSite=Strict"];
const cases = [];
for (let i = 0; i < 400; i++) {
  const pairs = [["content-type", "text/html; charset=utf-8"]], metas = [];
  const n = [0, 1, 1, 1, 1, 2][r(6)];
  for (let k = 0; k < n; k++) pairs.push(["content-security-policy", policy()]);
  if (!r(6)) metas.push(["content-security-policy", policy()]);
  if (!r(8)) pairs.push(["content-security-policy-report-only", "default-src 'self'"]);
  for (const [k, v] of Object.entries(opts)) if (r(4)) { const x = pick(v); pairs.push([k, x]); if (!r(10)) pairs.push([k, x]); }
  if (!r(3)) for (let k = 0; k <= r(3); k++) pairs.push(["set-cookie", pick(cookies)]);
  const headers = {};
  for (const [k, v] of pairs) {
    if (k === "set-cookie") (headers[k] ??= []).push(v);
    else if (k === "content-type") headers[k] = v;
    else headers[k] = k in headers ? headers[k] + ", " + v : v;
  }
  const url = new URL("https://www.example.org/");
  const q = new Requests("www.example.org");
  const resp = { headers, status: 200, verified: true, data: "", httpEquiv: new Map() };
  for (const [k, v] of metas) resp.httpEquiv.set(k, [...(resp.httpEquiv.get(k) ?? []), v]);
  Object.defineProperty(headers, "get", { enumerable: false, value: k => headers[k] });
  q.responses.auto = resp; q.responses.https = resp; q.responses.http = resp;
  q.responses.httpRedirects = [{ url: new URL("http://www.example.org/"), status: 301 }, { url, status: 200 }];
  const jar = new CookieJar();
  for (const c of headers["set-cookie"] ?? []) { try { jar.setCookieSync(c, url.href); } catch {} }
  q.session = { url, jar, response: resp, redirectHistory: [] };
  q.resources = { path: "<html></html>" };
  let extra = 100, plain = 100; const tests = {};
  for (const t of ALL_TESTS) { const o = t(q); const m = getScoreModifier(o.result); tests[o.constructor.name] = o.result; extra += m; if (m < 0) plain += m; }
  cases.push({ headers: pairs, metas, score: Math.max(0, plain >= 90 ? extra : plain), results: Object.values(tests) });
}
process.stdout.write("[\n" + cases.map((c) => JSON.stringify(c)).join(",\n") + "\n]\n");
