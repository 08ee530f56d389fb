//! What holds for every event, for the ordinary test and for the fuzzer: a case is made of bytes, run
//! through the functions, and held against what may come of it.

mod cases;
mod seeds;

pub use cases::Case;
#[allow(unused_imports)] // the fuzzer brings bytes of its own, the ordinary test numbers
pub use cases::decide;
#[allow(unused_imports)]
pub use seeds::seeded;

use quillfront_edge::event::restrictions::{MAX_HEADER_BYTES, is_disallowed};
use quillfront_edge::event::{Event, Headers, ReturnValue};
use quillfront_edge::functions::{Error, Outcome, Query, Site, handle};
use quillfront_edge::origin_response::Look;
use quillfront_edge::route::route;
use serde_json::json;
use std::fmt::Write;

/// What a case came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A request goes on.
    Request,
    /// A redirect.
    Redirect,
    /// An error.
    Failure,
    /// An object.
    Object,
    /// Nothing is changed.
    NotModified,
    /// There is no answer: the event itself is none that CloudFront would send.
    None,
}

/// Runs a case, and checks what came of it.
pub fn check(case: &Case) -> Part {
    let json = case.event.to_string();
    let (answer, looked) = run(&json, case);
    assert_eq!(run(&json, case).0, answer, "the same twice");
    let event = Event::read(&json).expect("an event");
    assert_eq!(event.write(), json, "as it was read");
    let returned = match answer {
        Ok(returned) => returned,
        Err(error) => {
            assert!(is_refused_already(&event), "{error}");
            return Part::None;
        }
    };
    if let Some(key) = looked {
        assert!(key.ends_with("/index.html"), "{key}");
        check_key(&key);
    }
    let part = match ReturnValue::read(&returned).expect("a reply") {
        ReturnValue::Request(request) => {
            check_headers(&request.headers, &event.request().headers);
            let key = route(&request.uri).expect("a path of the site");
            assert!(!key.is_internal());
            check_key(key.as_str());
            assert_eq!(request.querystring, event.request().querystring);
            check_idempotent(&event, &request.uri, &returned, case);
            Part::Request
        }
        ReturnValue::Response(response) => {
            let none = Headers::default();
            let came = event.response().map_or(&none, |response| &response.headers);
            check_headers(&response.headers, came);
            if *response.status == *"304" {
                let part = &case.event["Records"][0]["cf"]["response"];
                assert_eq!(returned, part.to_string(), "nothing is changed");
                return Part::NotModified;
            }
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "strict-origin-when-cross-origin"),
            ] {
                let may_differ = returned.contains("x-amz")
                    || json.contains("qf-h")
                    || !case.rules.headers.is_empty();
                let has = response
                    .headers
                    .get_all(name)
                    .any(|line| *line.value == *value);
                assert!(has || may_differ, "{name}");
            }
            check_location(&response.headers, came, case);
            match &*response.status {
                status if status.starts_with('3') => Part::Redirect,
                status if status.starts_with('2') => Part::Object,
                _ => Part::Failure,
            }
        }
    };
    check_unkeyed(case, &returned);
    part
}

/// Runs an event to its end; the key that was looked for, if one was.
fn run(json: &str, case: &Case) -> (Result<String, Error>, Option<String>) {
    let site = Site {
        rules: &case.rules,
        query: case.query,
    };
    match handle(json, &site, Look::NotYet) {
        Ok(Outcome::Done(returned)) => (Ok(returned), None),
        Ok(Outcome::Look(key)) => {
            let look = if case.page {
                Look::There
            } else {
                Look::Missing
            };
            match handle(json, &site, look) {
                Ok(Outcome::Done(returned)) => (Ok(returned), Some(key.as_str().to_owned())),
                Ok(Outcome::Look(_)) => panic!("it looks twice"),
                Err(error) => (Err(error), None),
            }
        }
        Err(error) => (Err(error), None),
    }
}

/// What the functions add to an answer at the most: the metadata of an object, and the rules of a site.
const ADDED_BYTES: usize = 4_096;

/// Whether what came is so that no function could let it through: a header or a status that HTTP does
/// not have, or more headers than CloudFront takes from an origin.
fn is_refused_already(event: &Event<'_>) -> bool {
    let status = event.response().map(|response| response.to_status());
    let is_status = |status: u16| (200..=599).contains(&status);
    if let Some(status) = status
        && !status.is_ok_and(|status| is_status(status.as_u16()))
    {
        return true;
    }
    let headers = match event.response() {
        Some(response) => &response.headers,
        None => &event.request().headers,
    };
    let url = &event.request().uri;
    let query = event.request().querystring.as_deref().unwrap_or_default();
    let header_bytes = headers
        .lines()
        .map(|(name, line)| name.len() + line.value.len());
    url.len() + query.len() > 8_000
        || header_bytes.sum::<usize>() > MAX_HEADER_BYTES - ADDED_BYTES
        || headers.lines().any(|(name, line)| {
            let is_name = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
            let is_key = line
                .key
                .as_deref()
                .is_none_or(|key| key.eq_ignore_ascii_case(name));
            let is_value = line
                .value
                .bytes()
                .all(|byte| (b' '..0x7f).contains(&byte) || byte == b'\t');
            !is_name || !is_key || !is_value
        })
}

fn check_key(key: &str) {
    assert!(!key.starts_with('/') && !key.contains('\\'), "{key}");
    assert!(
        key.split('/')
            .all(|segment| !matches!(segment, "" | "." | "..")),
        "{key}"
    );
    assert!(!key.chars().any(char::is_control), "{key}");
    let may_be_decoded_again = key.as_bytes().windows(3).any(|piece| {
        piece[0] == b'%' && piece[1].is_ascii_hexdigit() && piece[2].is_ascii_hexdigit()
    });
    assert!(!may_be_decoded_again, "{key}");
}

fn check_headers(headers: &Headers<'_>, came: &Headers<'_>) {
    for (name, line) in headers.lines() {
        let is_text = |text: &str| !text.bytes().any(|byte| byte < b' ' && byte != b'\t');
        assert!(
            is_text(name) && is_text(&line.value),
            "{name}: {:?}",
            line.value
        );
        assert!(line.key.as_deref().is_none_or(is_text), "{name}");
        assert!(
            !is_disallowed(name) || came.contains(name),
            "{name} was added"
        );
    }
}

/// No redirect leads to another host, unless the object itself, or a rule, says so.
fn check_location(headers: &Headers<'_>, came: &Headers<'_>, case: &Case) {
    let mut locations = headers.get_all("location");
    let Some(location) = locations.next() else {
        return;
    };
    assert!(locations.next().is_none(), "two locations");
    let location = &*location.value;
    assert!(
        location
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\'),
        "{location}"
    );
    let own = location.starts_with('/') && !location[1..].starts_with('/');
    let by_rule = case.rules.redirects.rules().iter().any(|rule| {
        // The only one that the rules name.
        let host = ["http://example.org", "https://example.org"];
        let end = |host: &&str| location.strip_prefix(*host).map(|rest| rest.get(..1));
        let is_there = host.iter().find_map(end);
        let is_host = matches!(is_there, Some(None | Some("/" | "?" | "#")));
        is_host && rule.to.contains("://example.org")
    });
    let named = came.get_all("x-amz-meta-qf-location").any(|line| {
        let target = line.value.to_ascii_lowercase();
        target.starts_with("https://") || target.starts_with("http://")
    });
    assert!(own || named || by_rule, "{location}");
    if named && !own {
        assert!(
            location.to_ascii_lowercase().starts_with("http"),
            "{location}"
        );
    }
}

/// A second call, for a second origin, does the same: whether it sees the path as the viewer sent it,
/// or as the first call left it.
fn check_idempotent(event: &Event<'_>, uri: &str, returned: &str, case: &Case) {
    let mut again = case.event.clone();
    again["Records"][0]["cf"]["request"] = serde_json::from_str(returned).expect("a request");
    let (second, _) = run(&again.to_string(), case);
    let second = second.expect("an answer");
    let Ok(ReturnValue::Request(second)) = ReturnValue::read(&second) else {
        panic!(
            "{} goes to {uri}, and then is {second}",
            &*event.request().uri
        );
    };
    assert_eq!(&*second.uri, uri);
}

/// A header that is in no cache key changes nothing, and neither does a query string that is not.
fn check_unkeyed(case: &Case, returned: &str) {
    let mut other = case.event.clone();
    let (name, value) = &case.unkeyed;
    let request = &mut other["Records"][0]["cf"]["request"];
    let is_request = case.event["Records"][0]["cf"]["config"]["eventType"] == "origin-request";
    request["headers"] = json!({"x-first": [{"key": "x-first", "value": "1"}]});
    let good = !value.bytes().any(|byte| byte < b' ' || byte == 0x7f);
    let known = !name.is_empty()
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'-' | b'0'..=b'9'));
    if good && known && !is_disallowed(name) {
        let mut line = String::new();
        let _ = write!(line, "{name}");
        request["headers"][line] = json!([{"key": name, "value": value}]);
    }
    if case.query == Query::NotInKey {
        request["querystring"] = json!("unkeyed=1");
    }
    request["clientIp"] = json!("198.51.100.1");
    let (answer, _) = run(&other.to_string(), case);
    let answer = answer.expect("an answer");
    if !is_request {
        assert_eq!(answer, returned, "{name}: {value}");
        return;
    }
    match (ReturnValue::read(&answer), ReturnValue::read(returned)) {
        (Ok(ReturnValue::Request(one)), Ok(ReturnValue::Request(other))) => {
            assert_eq!(one.uri, other.uri)
        }
        _ => assert_eq!(answer, returned, "{name}: {value}"),
    }
}
