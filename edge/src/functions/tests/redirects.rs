//! Redirect rules, through both functions.

use super::*;
use crate::event::ReturnValue;
use crate::origin_request::SHOWN_HEADER;
use quillfront_headers::CACHE_REVALIDATE;
use quillfront_headers::redirects::{RedirectRule, Redirects};

const FORCED: bool = true;
const YIELDS: bool = false;

fn rules(list: &[(&str, &str, u16, bool)]) -> Rules {
    let list = list
        .iter()
        .map(|(from, to, status, is_forced)| RedirectRule {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            status: *status,
            is_forced: *is_forced,
        });
    Rules {
        redirects: Redirects::new(list.collect(), true),
        ..super::rules()
    }
}

fn run(event: &Value, rules: &Rules, query: Query) -> Outcome {
    let site = Site { rules, query };
    handle(&event.to_string(), &site, Look::NotYet).unwrap()
}

fn done(event: &Value, rules: &Rules) -> Value {
    match run(event, rules, Query::NotInKey) {
        Outcome::Done(json) => serde_json::from_str(&json).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Status and `location` of the answer to a path, which has an object or not.
fn answer(rules: &Rules, path: &str, is_there: bool) -> (String, String) {
    let request = done(&event("origin-request", path), rules);
    let told = |reply: &Value| {
        let status = reply["status"].as_str().unwrap_or_default().to_owned();
        (status, header(reply, "location").to_owned())
    };
    if request["status"].is_string() {
        return told(&request);
    }
    let status = if is_there { "200" } else { "404" };
    let mut event = answered(path, status, &[]);
    event["Records"][0]["cf"]["request"] = request;
    match run(&event, rules, Query::NotInKey) {
        Outcome::Done(json) => told(&serde_json::from_str(&json).unwrap()),
        Outcome::Look(key) => (format!("look {key}"), String::new()),
    }
}

#[test]
fn a_forced_rule_wins_over_a_file_and_the_others_yield() {
    let rules = rules(&[
        ("/old", "/new/", 301, YIELDS),
        ("/moved/*", "/now/:splat", 302, FORCED),
        ("/gone/*", "", 410, YIELDS),
        ("/gone/*", "/too-late", 301, FORCED),
        ("/secret", "", 404, FORCED),
        ("/missing", "/404.html", 404, YIELDS),
    ]);
    for (path, is_there, status, location) in [
        ("/old", true, "200", ""),
        ("/old", false, "301", "/new/"),
        ("/old/", true, "200", ""),
        ("/old/", false, "301", "/new/"),
        ("/moved/a%20b/c", true, "302", "/now/a%20b/c"),
        ("/moved/a/", true, "302", "/now/a/"),
        ("/gone/a", true, "200", ""),
        ("/gone/a", false, "410", ""),
        ("/secret", true, "404", ""),
        ("/secret/", true, "404", ""),
        ("/missing", false, "look missing/index.html", ""),
        ("/other", false, "look other/index.html", ""),
    ] {
        let expected = (status.to_owned(), location.to_owned());
        assert_eq!(
            answer(&rules, path, is_there),
            expected,
            "{path} {is_there}"
        );
    }
}

#[test]
fn the_answer_of_a_rule_is_kept_until_it_is_invalidated_and_has_the_floor() {
    let rules = rules(&[("/a", "/b", 308, FORCED), ("/c", "", 410, FORCED)]);
    let reply = done(&event("origin-request", "/a"), &rules);
    assert_eq!(header(&reply, "cache-control"), CACHE_REVALIDATE);
    has_floor(&reply);
    let reply = done(&event("origin-request", "/c"), &rules);
    assert_eq!(header(&reply, "cache-control"), CACHE_REVALIDATE);
    has_floor(&reply);
    let mut missing = answered("/a", "404", &[("server", "AmazonS3"), ("x-amz-id-2", "x")]);
    missing["Records"][0]["cf"]["response"]["headers"]["via"] =
        json!([{"key": "Via", "value": "1.1 x"}]);
    let yields = self::rules(&[("/a", "/b", 301, YIELDS)]);
    let reply = done(&missing, &yields);
    assert_eq!(header(&reply, "via"), "1.1 x");
    assert_eq!(header(&reply, "x-amz-id-2"), "");
    has_floor(&reply);
}

#[test]
fn another_object_is_shown_in_place_of_a_path() {
    let rules = rules(&[
        ("/app/*", "/app/", 200, FORCED),
        ("/api/:id", "/data/:id.json?x=1#y", 200, FORCED),
        ("/rules", "/_quillfront/rules.json", 200, FORCED),
        ("/up/*", "/a/../:splat", 200, FORCED),
        ("/data/*", "/never", 301, FORCED),
    ]);
    for (path, uri) in [
        ("/app/a/b", "/app/index.html"),
        ("/app/", "/app/index.html"),
        ("/api/a%20b", "/data/a%20b.json"),
    ] {
        let request = done(&event("origin-request", path), &rules);
        assert_eq!(request["uri"], uri, "{path}");
        assert_eq!(header(&request, SHOWN_HEADER), uri);
        // The same again for the second origin of a group, and no rule for what is shown.
        let mut again = event("origin-request", path);
        again["Records"][0]["cf"]["request"] = request.clone();
        assert_eq!(done(&again, &rules), request);
        let mut missing = answered(path, "404", &[]);
        missing["Records"][0]["cf"]["request"] = request;
        assert_eq!(done(&missing, &rules)["status"], "404");
    }
    for path in ["/rules", "/up/x"] {
        let reply = done(&event("origin-request", path), &rules);
        assert_eq!(reply["status"], "404", "{path}");
    }
}

#[test]
fn a_query_string_is_kept_where_it_is_part_of_the_cache_key() {
    let rules = rules(&[("/a", "/b#c", 301, FORCED), ("/d", "/e?f=1", 301, FORCED)]);
    for (path, query, expected) in [
        ("/a", Query::InKey, "/b?x=1#c"),
        ("/a", Query::NotInKey, "/b#c"),
        ("/d", Query::InKey, "/e?f=1"),
    ] {
        let mut event = event("origin-request", path);
        event["Records"][0]["cf"]["request"]["querystring"] = json!("x=1");
        let Outcome::Done(json) = run(&event, &rules, query) else {
            panic!("no answer");
        };
        let reply: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(header(&reply, "location"), expected);
    }
}

#[test]
fn no_rule_leads_to_a_host_that_it_does_not_name_or_to_itself() {
    let rules = rules(&[
        ("/x/*", "/:splat", 301, FORCED),
        ("/same/*", "/same/:splat", 301, FORCED),
        ("/*", "//evil.example/:splat", 301, FORCED),
    ]);
    for (path, expected) in [
        ("/x/evil.example", "/evil.example"),
        ("/x/https:evil.example", "/https%3Aevil.example"),
        ("/y", "/evil.example/y"),
    ] {
        let reply = done(&event("origin-request", path), &rules);
        assert_eq!(header(&reply, "location"), expected, "{path}");
    }
    let reply = done(&event("origin-request", "/same/a"), &rules);
    let returned = reply.to_string();
    assert!(matches!(
        ReturnValue::read(&returned),
        Ok(ReturnValue::Request(_))
    ));
}
