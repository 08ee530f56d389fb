//! How long one event takes: JSON in, JSON out, in this process.
//!
//! `cargo run --release -p quillfront-edge --example event_time [RULES]`: with so many redirect rules, of which
//! three of ten are patterns, it also tells how long they take to load, and what they add to an event.
#![allow(clippy::disallowed_methods)] // it looks at the clock, which the crate may not

use quillfront_edge::functions::{Outcome, Query, Site, handle};
use quillfront_edge::origin_response::Look;
use quillfront_headers::redirects::{RedirectRule, Redirects};
use quillfront_headers::{Metadata, Rules};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Calls of each event, of which the median is taken.
const CALLS: usize = 50_000;

/// What CloudFront tells of a request for a path.
fn event(event_type: &str, uri: &str, response: &str) -> String {
    format!(
        r#"{{"Records":[{{"cf":{{"config":{{"distributionDomainName":"d111111abcdef8.cloudfront.net","distributionId":"EDFDVBD6EXAMPLE","eventType":"{event_type}","requestId":"4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ=="}},"request":{{"clientIp":"203.0.113.178","headers":{{"x-forwarded-for":[{{"key":"X-Forwarded-For","value":"203.0.113.178"}}],"user-agent":[{{"key":"User-Agent","value":"Amazon CloudFront"}}],"via":[{{"key":"Via","value":"2.0 2afae0d44e2540f472c0635ab62c232b.cloudfront.net (CloudFront)"}}],"host":[{{"key":"Host","value":"site.s3.us-east-1.amazonaws.com"}}],"accept-encoding":[{{"key":"Accept-Encoding","value":"br,gzip"}}]}},"method":"GET","origin":{{"s3":{{"authMethod":"none","customHeaders":{{}},"domainName":"site.s3.us-east-1.amazonaws.com","path":"","region":"us-east-1"}}}},"querystring":"","uri":"{uri}"}}{response}}}}}]}}"#
    )
}

/// What CloudFront tells of an answer of S3.
fn response(status: &str, description: &str, own: &[(&str, &str)]) -> String {
    let mut headers = vec![
        (
            "x-amz-id-2",
            "eftixk72aD6Ap51TnqcoF8eFidJG9Z/2mkiDFu8yU9AS1ed4OpIszj7UDNEHGran0Zt7NvrM5JE=",
        ),
        ("x-amz-request-id", "318BC8BC148832E5"),
        ("date", "Wed, 28 Oct 2026 22:32:00 GMT"),
        ("server", "AmazonS3"),
    ];
    headers.extend_from_slice(own);
    let lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| {
            let value = serde_json::to_string(value).expect("a text");
            format!(r#""{name}":[{{"key":"{name}","value":{value}}}]"#)
        })
        .collect();
    let headers = lines.join(",");
    format!(
        r#","response":{{"headers":{{{headers}}},"status":"{status}","statusDescription":"{description}"}}"#
    )
}

/// The headers of a page with a policy of its own, as the builder stores it.
fn page() -> Vec<(String, String)> {
    let hash = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";
    let metadata = Metadata {
        policy: Some(format!(
            "default-src 'none'; script-src {hash} {hash} {hash}; style-src 'self' {hash}; img-src 'self'; \
             font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'"
        )),
        headers: [
            ("strict-transport-security", "max-age=31536000"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            (
                "permissions-policy",
                "camera=(), geolocation=(), microphone=()",
            ),
        ]
        .map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
        .into(),
        ..Metadata::default()
    };
    let stored = metadata.write().expect("it fits");
    let own = stored
        .into_iter()
        .map(|(name, value)| (format!("x-amz-meta-{name}"), value));
    let stored = [
        ("last-modified", "Wed, 28 Oct 2026 12:00:00 GMT"),
        ("etag", "\"fba9dede5f27731c9771645a39863328\""),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-meta-cache-tag", "5f27731c9771645a,39863328fba9dede"),
        (
            "cache-control",
            "public, max-age=0, must-revalidate, s-maxage=86400",
        ),
        ("accept-ranges", "bytes"),
        ("content-type", "text/html; charset=utf-8"),
        ("content-length", "18324"),
    ];
    let stored = stored.map(|(name, value)| (name.to_owned(), value.to_owned()));
    stored.into_iter().chain(own).collect()
}

/// So many redirect rules, as a site has them that has moved often.
fn redirects(count: usize) -> Redirects {
    let rule = |number: usize| {
        let (from, to) = match number % 10 {
            0 => (
                format!("/tag-{number}/*"),
                format!("/topics/{number}/:splat"),
            ),
            1 => (
                format!("/{number}/:year/:slug"),
                format!("/archive/{number}/:year/:slug/"),
            ),
            2 => (
                format!("/:lang/old-{number}/*"),
                format!("/:lang/new-{number}/:splat"),
            ),
            _ => (
                format!("/blog/2011/{number}/a-post-of-some-length"),
                format!("/posts/{number}/"),
            ),
        };
        RedirectRule {
            from,
            to,
            status: 301,
            is_forced: number.is_multiple_of(7),
        }
    };
    Redirects::new((0..count).map(rule).collect(), true)
}

fn main() {
    let count = std::env::args()
        .nth(1)
        .map(|count| count.parse().expect("a number"));
    if let Some(count) = count {
        time_loading(count);
    }
    time_events(0);
    if let Some(count) = count {
        time_events(count);
    }
}

fn time_loading(count: usize) {
    let rules = Rules {
        redirects: redirects(count),
        ..Rules::default()
    };
    let bytes = rules.write();
    let mut times: Vec<Duration> = (0..21)
        .map(|_| {
            let begin = Instant::now();
            let read = Rules::read(black_box(&bytes)).expect("rules");
            let time = begin.elapsed();
            black_box(read);
            time
        })
        .collect();
    times.sort_unstable();
    let median = times[times.len() / 2];
    println!(
        "{count} rules, {} bytes, are loaded in {}",
        bytes.len(),
        shown(median)
    );
}

fn time_events(redirect_count: usize) {
    let rules = Rules {
        redirects: redirects(redirect_count),
        headers: [
            (
                "content-security-policy",
                "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
            ("strict-transport-security", "max-age=31536000"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        ..Rules::default()
    };
    let page = page();
    let page: Vec<(&str, &str)> = page
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let moved = [
        ("x-amz-meta-qf-location", "/new/"),
        ("content-type", "text/html"),
    ];
    let events = [
        (
            "request /blog/post/",
            event("origin-request", "/blog/post/", ""),
            Look::NotYet,
        ),
        (
            "request /style.css",
            event("origin-request", "/style.1a2b3c4d.css", ""),
            Look::NotYet,
        ),
        (
            "request /a/index.html",
            event("origin-request", "/a/index.html", ""),
            Look::NotYet,
        ),
        (
            "request refused",
            event("origin-request", "/a/%2e%2e/b", ""),
            Look::NotYet,
        ),
        (
            "response 200, own policy",
            event(
                "origin-response",
                "/blog/post/index.html",
                &response("200", "OK", &page),
            ),
            Look::NotYet,
        ),
        (
            "response 200, plain",
            event(
                "origin-response",
                "/style.css",
                &response("200", "OK", &page[..8]),
            ),
            Look::NotYet,
        ),
        (
            "response 301 of an object",
            event(
                "origin-response",
                "/old/index.html",
                &response("200", "OK", &moved),
            ),
            Look::NotYet,
        ),
        (
            "response 404, to its slash",
            event(
                "origin-response",
                "/about",
                &response("404", "Not Found", &[]),
            ),
            Look::There,
        ),
        (
            "response 304",
            event(
                "origin-response",
                "/a/index.html",
                &response("304", "Not Modified", &page[..2]),
            ),
            Look::NotYet,
        ),
    ];
    let site = Site {
        rules: &rules,
        query: Query::NotInKey,
    };
    println!(
        "{:<28} {:>6} {:>6} {:>9} {:>9}",
        format!("{redirect_count} redirect rules"),
        "in",
        "out",
        "median",
        "p99"
    );
    let mut all = Vec::new();
    for (name, event, look) in &events {
        let call = || match handle(black_box(event), &site, *look) {
            Ok(Outcome::Done(returned)) => returned,
            other => panic!("{name}: {other:?}"),
        };
        let out = call().len();
        let mut times: Vec<Duration> = (0..CALLS)
            .map(|_| {
                let begin = Instant::now();
                black_box(call());
                begin.elapsed()
            })
            .collect();
        times.sort_unstable();
        println!(
            "{name:<28} {:>6} {out:>6} {:>9} {:>9}",
            event.len(),
            shown(times[CALLS / 2]),
            shown(times[CALLS * 99 / 100])
        );
        all.append(&mut times);
    }
    all.sort_unstable();
    println!(
        "{:<28} {:>6} {:>6} {:>9} {:>9}",
        "all",
        "",
        "",
        shown(all[all.len() / 2]),
        shown(all[all.len() * 99 / 100])
    );
}

fn shown(time: Duration) -> String {
    format!("{:.2} us", time.as_secs_f64() * 1e6)
}
