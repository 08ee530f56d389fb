//! Cases, made of bytes: hostile paths, headers and metadata.

use quillfront_edge::event::EventType;
use quillfront_edge::event::restrictions::read_only;
use quillfront_edge::functions::Query;
use quillfront_edge::origin_request::FOLDER_HEADER;
use quillfront_headers::Rules;
use quillfront_headers::redirects::{RedirectRule, Redirects};
use serde_json::{Map, Value, json};

/// Pieces of paths. What they make together means something to some program.
const PIECES: &[&str] = &[
    "/",
    "/",
    "/",
    "a",
    "b",
    "index.html",
    "index",
    ".html",
    ".",
    "..",
    "%2e",
    "%2E",
    "%2f",
    "%2F",
    "%5c",
    "%5C",
    "\\",
    "%252e",
    "%252f",
    "%25",
    "%",
    "%%",
    "%0d%0a",
    "%00",
    "%09",
    "%0",
    "%ff",
    "%c3%a9",
    "é",
    "//",
    "/\\",
    "evil.example",
    "@",
    ":",
    "http:",
    "https://evil.example",
    ";",
    "?",
    "#",
    "&",
    "=",
    "+",
    " ",
    "\t",
    "\r\n",
    "\n",
    "\u{0}",
    "\u{7f}",
    "\u{85}",
    "img/",
    "/img/",
    "_quillfront",
    "%5fquillfront",
    "/_quillfront/rules.json",
    "404.html",
    "~",
    "{",
    "\"",
    "<",
    "'",
    "\u{2028}",
    "\u{202e}",
    "xn--",
    "*",
];

/// Values of headers and metadata, beside pieces of paths.
const VALUES: &[&str] = &[
    "",
    "x",
    "text/html",
    "/b/",
    "https://example.org/moved",
    "//evil.example/",
    "/\\evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "\\\\evil.example",
    "/a\r\nset-cookie: a=b",
    "default-src 'self'",
    "default-src 'none'\r\nx: y",
    "{}",
    "[]",
    "null",
    "301",
    "302",
    "308",
    "200",
    "304",
    "999",
    "-1",
    r#"{"x-frame-options":null,"permissions-policy":"camera=()"}"#,
    r#"{"set-cookie":"a=b","location":"//evil.example","content-length":"1","via":"x"}"#,
    r#"{"connection":"close","x-cache":"Hit","x-amz-cf-id":"x","x-edge-a":"b","x-real-ip":"x"}"#,
    r#"{"x-a":"b\r\nset-cookie: a=b","bad name":"x","":"x","X-Up":"é"}"#,
    r#"{"content-security-policy-report-only":"default-src 'self'"}"#,
    "\"abc\"",
    "W/\"abc\"",
    "\r\n",
    "\u{0}",
    "é",
];

/// Names of headers.
const NAMES: &[&str] = &[
    "host",
    "via",
    "transfer-encoding",
    "content-length",
    "content-type",
    "cache-control",
    "etag",
    "last-modified",
    "location",
    "set-cookie",
    "server",
    "date",
    "accept",
    "accept-encoding",
    "cookie",
    "authorization",
    "origin",
    "referer",
    "user-agent",
    "if-none-match",
    "range",
    "x-forwarded-host",
    "x-original-url",
    "x-rewrite-url",
    "forwarded",
    "x-own",
    "x-amz-request-id",
    "x-amz-id-2",
    "x-amz-meta-qf-csp",
    "x-amz-meta-qf-h",
    "x-amz-meta-qf-location",
    "x-amz-meta-qf-status",
    "x-amz-meta-cache-tag",
    "x-amz-meta-secret",
    "x-amzn-requestid",
    "x-cache",
    "bad name",
    "",
    "é",
    "X-Upper",
    "content-security-policy",
    "x-frame-options",
];

const STATUSES: &[&str] = &[
    "200", "200", "200", "200", "206", "304", "404", "404", "404", "403", "301", "307", "400",
    "412", "416", "500", "503", "100", "600", "OK", "",
];

/// The paths of redirect rules, as a builder would never write some of them.
const FROM: &[&str] = &[
    "/a/*",
    "/a/:x",
    "/a",
    "/about",
    "/*",
    "/:x/*",
    "/:x",
    "/a*",
    "/*a",
    "/a/index.html",
    "/:x.html",
    "/_quillfront/*",
    "/img/*",
    "a",
    "/*/*",
    "/%ff",
];

/// Where they lead.
const TO: &[&str] = &[
    "/b/",
    "/b/:splat",
    "/:splat",
    "/:x",
    "/:x/:splat",
    "https://example.org/:splat",
    "http://example.org",
    "https://example.org/?x=:x#:splat",
    "/a/:splat",
    "/?q=:splat",
    "/a/../:splat",
    "/_quillfront/rules.json",
    "//evil.example/:splat",
    "/\\evil.example",
    "javascript:alert(:x)",
    ":splat",
    "/a\r\nb",
    "",
];

/// A case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The event.
    pub event: Value,
    /// The rules of the site.
    pub rules: Rules,
    /// Whether the page behind the slash is there.
    pub page: bool,
    /// Whether the query string is in the cache key.
    pub query: Query,
    /// A header of the request that no answer may depend on.
    pub unkeyed: (String, String),
}

/// Reads bytes as choices. Once they are used up, every choice is the first.
struct Choices<'b>(&'b [u8]);

impl Choices<'_> {
    fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first) % end
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn path(&mut self) -> String {
        let begins = [
            "/",
            "/",
            "/",
            "/a/",
            "/a/index.html",
            "/about",
            "//",
            "/\\",
            "",
        ];
        let mut path = self.one(&begins).to_owned();
        for _ in 0..self.below(6) {
            path.push_str(self.one(PIECES));
        }
        if self.below(100) == 0 {
            path.push_str(&"a".repeat(500 * self.below(30)));
        }
        path
    }

    fn value(&mut self) -> String {
        if self.below(3) == 0 {
            self.path()
        } else {
            self.one(VALUES).to_owned()
        }
    }

    fn headers(&mut self, most: usize) -> Value {
        let mut headers = Map::new();
        for _ in 0..self.below(most) {
            let name = self.one(NAMES);
            let mut line = json!({"key": name, "value": self.value()});
            if self.below(20) == 0 {
                line["key"] = json!("X-Other");
            }
            let lines = headers.entry(name).or_insert_with(|| json!([]));
            lines.as_array_mut().expect("lines").push(line);
        }
        Value::Object(headers)
    }
}

/// Makes a case of bytes.
pub fn decide(bytes: &[u8]) -> Case {
    let mut choices = Choices(bytes);
    let is_response = choices.below(2) == 1;
    let mut request = json!({
        "clientIp": "203.0.113.178",
        "headers": {},
        "method": choices.one(&["GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "é"]),
        "querystring": "",
        "uri": choices.path(),
    });
    if choices.below(2) == 0 {
        request["querystring"] = json!(choices.value());
    }
    request["headers"] = choices.headers(4);
    let event_type = if is_response {
        "origin-response"
    } else {
        "origin-request"
    };
    let mut cf = json!({"config": {"eventType": event_type}, "request": request});
    if is_response {
        cf["response"] = json!({
            "headers": {},
            "status": choices.one(STATUSES),
            "statusDescription": "x",
        });
        cf["response"]["headers"] = choices.headers(10);
    }
    let mut rules = Rules::default();
    for _ in 0..choices.below(3) {
        let name = choices.one(NAMES).to_owned();
        rules.headers.insert(name, choices.value());
    }
    let list = (0..choices.below(4)).map(|_| RedirectRule {
        from: choices.one(FROM).to_owned(),
        to: choices.one(TO).to_owned(),
        status: [301, 302, 303, 307, 308, 200, 200, 404, 410, 999][choices.below(10)],
        is_forced: choices.below(2) == 1,
    });
    let list = list.collect();
    rules.redirects = Redirects::new(list, choices.below(2) == 1);
    let page = choices.below(2) == 1;
    let query = match choices.below(2) {
        0 => Query::NotInKey,
        _ => Query::InKey,
    };
    // Reading depends on names alone; no distribution forwards the functions' own mark.
    let mut name = choices.one(NAMES).to_owned();
    if name == FOLDER_HEADER || read_only(EventType::OriginRequest).contains(&name.as_str()) {
        name = "x-unkeyed".to_owned();
    }
    let unkeyed = (name, choices.value());
    Case {
        event: json!({"Records": [{"cf": cf}]}),
        rules,
        page,
        query,
        unkeyed,
    }
}
