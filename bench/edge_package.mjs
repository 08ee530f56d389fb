// What edge_package.py runs in Node.js: edge_package.mjs FOLDER load RULES | first | events COUNT
const began = performance.now();
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, what, argument] = process.argv.slice(2);

const line = (key, value) => [key.toLowerCase(), [{ key, value }]];
const headers = (pairs) => Object.fromEntries(Object.entries(pairs).map(([key, value]) => line(key, value)));

function event(eventType, uri, response) {
  const domainName = 'blog.s3.eu-central-1.amazonaws.com';
  const cf = {
    config: {
      distributionDomainName: 'd111111abcdef8.cloudfront.net',
      distributionId: 'EDFDVBD6EXAMPLE',
      eventType,
      requestId: '4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==',
    },
    request: {
      clientIp: '203.0.113.178',
      headers: headers({
        'X-Forwarded-For': '203.0.113.178',
        'User-Agent': 'Amazon CloudFront',
        Via: '2.0 2afae0d44e2540f472c0635ab62c232b.cloudfront.net (CloudFront)',
        Host: domainName,
        'Cache-Control': 'no-cache',
      }),
      method: 'GET',
      origin: { s3: { authMethod: 'none', customHeaders: {}, domainName, path: '', region: 'eu-central-1' } },
      querystring: '',
      uri,
    },
  };
  if (response) cf.response = { statusDescription: 'x', ...response };
  return { Records: [{ cf }] };
}

const policy = `default-src 'none'; script-src 'sha256-${'a'.repeat(43)}='; style-src 'self'; img-src 'self' data:; `.repeat(3);
const fromS3 = {
  'x-amz-id-2': 'a'.repeat(76),
  'x-amz-request-id': 'EXAMPLE123456789',
  Date: 'Mon, 30 Nov 2026 12:00:00 GMT',
  'Last-Modified': 'Mon, 30 Nov 2026 11:00:00 GMT',
  ETag: '"d41d8cd98f00b204e9800998ecf8427e"',
  'Cache-Control': 'public, max-age=0, must-revalidate, s-maxage=86400',
  'Accept-Ranges': 'bytes',
  'Content-Type': 'text/html; charset=utf-8',
  Server: 'AmazonS3',
  'Content-Length': '12345',
};
const ofPage = {
  ...fromS3,
  'x-amz-meta-qf-csp': policy,
  'x-amz-meta-qf-h': JSON.stringify({ 'permissions-policy': 'camera=()', 'cross-origin-opener-policy': 'same-origin' }),
};
const EVENTS = {
  'request for a page': event('origin-request', '/blog/a-post/'),
  'request for a file': event('origin-request', '/style.css'),
  'request that a forced rule redirects': event('origin-request', '/old/5000/a/b'),
  'request that is refused: 400': event('origin-request', '/a//b'),
  'response, a page with a policy': event('origin-response', '/blog/a-post/index.html', { status: '200', headers: headers(ofPage) }),
  'response, a file without': event('origin-response', '/style.css', { status: '200', headers: headers(fromS3) }),
  'response 404, redirected by a rule': event('origin-response', '/posts/2019/4999-a-title-of-some-words', {
    status: '404', headers: headers({ 'Content-Type': 'application/xml', Server: 'AmazonS3' }),
  }),
  'response 404': event('origin-response', '/missing.html', { status: '404', headers: headers({ Server: 'AmazonS3' }) }),
  'response 304': event('origin-response', '/style.css', { status: '304', headers: headers({ ETag: '"x"' }) }),
};

const shim = async () => (await import(pathToFileURL(`${folder}/index.mjs`))).handler;
const first = EVENTS['request for a page'];

if (what === 'load') {
  const body = readFileSync(argument);
  const started = performance.now();
  const { Edge } = createRequire(import.meta.url)(`${folder}/quillfront.node`);
  const edge = new Edge({});
  const answered = edge.goOn(JSON.stringify(first), Date.now(), false, { status: 200, etag: '"x"', body });
  const took = performance.now() - started;
  if (typeof answered.step !== 'string' || answered.trouble) throw new Error(JSON.stringify(answered));
  console.log(took);
} else if (what === 'first') {
  const handler = await shim();
  const answered = await handler(first);
  const took = performance.now() - began;
  if (answered.uri !== '/blog/a-post/index.html') throw new Error(JSON.stringify(answered));
  console.log(took);
} else {
  const handler = await shim();
  const found = {};
  for (const [name, each] of Object.entries(EVENTS)) {
    const times = new Float64Array(Number(argument));
    for (let at = -2000; at < times.length; at += 1) {
      const started = process.hrtime.bigint();
      await handler(each);
      const took = process.hrtime.bigint() - started;
      if (at >= 0) times[at] = Number(took) / 1000;
    }
    times.sort();
    const at = (share) => times[Math.floor(share * (times.length - 1))];
    const sizes = [each, await handler(each)].map((value) => Buffer.byteLength(JSON.stringify(value)));
    found[name] = { in: sizes[0], out: sizes[1], median: at(0.5), p99: at(0.99) };
  }
  console.log(JSON.stringify(found));
}
