// Requests that a viewer-request function has to answer: plain ones, hostile ones, and both with characters
// changed at random. The same seed makes the same ones.

import { accept, thumbnail } from "./thumbnails.mjs";

const SEGMENTS = [
    "a", "blog", "index.html", "style.css", "v1.0", "notes", "grüße", "gr%C3%BC%C3%9Fe", "a b", "a%20b", "a+b", "a%2Bb.txt",
    "100%25", "50%25-off", "%69ndex.html", "(x)!*'", "日本", "😀", "_quillfront", "%5Fquillfront", ".well-known", "img",
    "rules.json", ".", "..", "...", "%2e%2e", "%2E", "", "INDEX.HTML", "a;b=c", "a:b", "@", "~", "[x]", "a\"b", "<b>", "a|b", "{x}", "^", "`",
];
const ODD = [
    "%", "%2", "%zz", "%2f", "%2F", "%5c", "%5C", "\\", "//", "/./", "/../", "%00", "%0d%0a", "%7f", "%c2%85", "\u0000", "\n", "\u007f",
    "\u0085", "%252e", "%25", "%ff", "%c0%af", "%ed%a0%80", "%F0%9F%98%80", "%f4%90%80%80", "é", "\u{10ffff}", "?", "#", " ", "+", "\u2028", "K",
];
const QUERIES = [
    undefined, undefined, undefined, "", "a=1", "a=1&b=2&a=3", "q=%20", "q=%zz", "q=<script>", "x\r\nset-cookie: a=b", "//evil.example/", "é=😀",
    "a=\u0085", "?", "#", "\\", "a=%", "%", "a=b\u007f", "next=https://evil.example",
];
const HOSTS = [
    "example.org", "www.example.org", "WWW.Example.ORG", "www.example.org:443", "example.com", "example.com.", "evil.example", "",
    "www.example.org@evil.example", "d111111abcdef8.cloudfront.net", undefined, "a.www.example.org", "[::1]:80",
];

/** So many events, as JSON has them. Half of them ask for thumbnails (`signing`: {now, keys}). */
export function vectors(count, seed, signing) {
    const random = generator(seed);
    const pick = (list) => list[Math.floor(random() * list.length)];
    const all = [];
    while (all.length < count) {
        const kind = random();
        const asked = random() < 0.5 ? thumbnail(random, pick, signing) : null;
        let uri = asked ? asked.uri : plain(random, pick);
        if (asked) {
            // As it is.
        } else if (kind < 0.45) {
            uri = mutated(uri, random, pick);
        } else if (kind < 0.5) {
            uri = long(random, pick);
        }
        const query = random() < 0.1 ? mutated("a=1&b=2", random, pick) : pick(QUERIES);
        const host = pick(HOSTS);
        const request = { method: pick(["GET", "GET", "HEAD", "POST"]), uri, querystring: {}, headers: {}, cookies: {} };
        if (host !== undefined) {
            request.headers.host = { value: host };
        }
        if (random() < 0.7) {
            request.headers.accept = accept(random, pick);
        }
        if (random() < 0.1) {
            request.headers["x-quillfront-signed"] = { value: pick(["1", "", "true"]) };
        }
        if (query !== undefined) {
            request.rawQueryString = query;
        }
        all.push({ version: "1.0", context: { eventType: "viewer-request" }, viewer: { ip: "203.0.113.178", junk: asked?.junk }, request });
    }
    return all;
}

function plain(random, pick) {
    const count = Math.floor(random() * 5);
    const start = random() < 0.15 ? "/img" : random() < 0.05 ? "/.well-known" : "";
    const segments = Array.from({ length: count }, () => pick(random() < 0.7 ? SEGMENTS.slice(0, 20) : SEGMENTS));
    return `${start}/${segments.join("/")}${random() < 0.4 && count ? "/" : ""}`;
}

function mutated(text, random, pick) {
    let points = [...text];
    for (let left = 1 + Math.floor(random() * 3); left > 0; left--) {
        const at = Math.floor(random() * (points.length + 1));
        const what = random();
        const put = random() < 0.7 ? pick(ODD) : pick(SEGMENTS);
        if (what < 0.6) {
            points.splice(at, 0, put);
        } else if (what < 0.8) {
            points.splice(at, 1, put);
        } else {
            points.splice(at, 1);
        }
        points = [...points.join("")];
    }
    return points.join("");
}

// Around the longest path and the longest key.
function long(random, pick) {
    const unit = pick(["a", "é", "日", "😀", "%41", "%C3%A9", "+", "!"]);
    const most = pick([1_013, 1_014, 1_024, 8_192]);
    const bytes = most === 8_192 ? Buffer.byteLength(unit) : Buffer.byteLength(decodeURIComponent(unit));
    const count = Math.floor(most / bytes) + Math.floor(random() * 5) - 3;
    return `${pick(["/", "/", "/a//", "/../"])}${unit.repeat(count)}${pick(["", "", "/", "/a", "a"])}`;
}

// Mulberry32.
export function generator(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    };
}
