use super::*;
use crate::event::ReturnValue;
use quillfront_headers::{MAX_RULES_BYTES, REVALIDATE_MS};
use serde_json::{Value, json};

/// The time of the first event.
const BEGIN_MS: u64 = 1_800_000_000_000;

const DOMAIN: &str = "blog.s3.eu-central-1.amazonaws.com";

/// Rules that mark the answers that are made with them.
fn rules(mark: &str) -> Vec<u8> {
    json!({"headers": {"x-mark": mark}})
        .to_string()
        .into_bytes()
}

fn event_at(domain: &str, event_type: &str, uri: &str) -> Value {
    let origin = json!({"s3": {"authMethod": "none", "customHeaders": {}, "domainName": domain, "path": "", "region": ""}});
    json!({"Records": [{"cf": {
        "config": {"eventType": event_type},
        "request": {"headers": {}, "method": "GET", "querystring": "", "uri": uri, "origin": origin},
    }}]})
}

/// A request that the function refuses, with the headers of the rules.
fn refused(domain: &str) -> String {
    event_at(domain, "origin-request", "/a//b").to_string()
}

fn missing(uri: &str) -> String {
    let mut event = event_at(DOMAIN, "origin-response", uri);
    event["Records"][0]["cf"]["response"] = json!({"headers": {}, "status": "404"});
    event.to_string()
}

fn object<'a>(etag: &'a str, bytes: &'a [u8]) -> FetchOutcome<'a> {
    FetchOutcome::Object {
        etag: Some(etag),
        bytes,
    }
}

/// The status of an answer, and the mark of its rules.
fn told(step: &Step) -> (String, Option<String>) {
    let Step::Done(returned) = step else {
        panic!("{step:?}")
    };
    let Ok(ReturnValue::Response(response)) = ReturnValue::read(returned) else {
        panic!("{returned}")
    };
    let mark = response.headers.get("x-mark").map(str::to_owned);
    (response.status.to_string(), mark)
}

fn marked(mark: &str) -> (String, Option<String>) {
    ("400".to_owned(), Some(mark.to_owned()))
}

fn asks(step: &Step, expected: Option<&str>) {
    let Step::Fetch { if_none_match, .. } = step else {
        panic!("{step:?}")
    };
    assert_eq!(if_none_match.as_deref(), expected);
}

/// A host that has the rules "first" with the ETag "1" since [`BEGIN_MS`].
fn begun() -> Host {
    let mut host = Host::default();
    let event = refused(DOMAIN);
    asks(&host.begin(&event, BEGIN_MS).unwrap(), None);
    let (step, trouble) = host
        .fetched(&event, BEGIN_MS, object("1", &rules("first")))
        .unwrap();
    assert_eq!((told(&step), trouble), (marked("first"), None));
    host
}

#[test]
fn rules_are_asked_for_at_first_and_every_thirty_seconds() {
    let mut host = begun();
    let event = refused(DOMAIN);
    for age_ms in [0, 1, REVALIDATE_MS - 1] {
        let step = host.begin(&event, BEGIN_MS + age_ms).unwrap();
        assert_eq!(told(&step), marked("first"));
    }
    let later = BEGIN_MS + REVALIDATE_MS;
    asks(&host.begin(&event, later).unwrap(), Some("1"));
    let (step, _) = host
        .fetched(&event, later, FetchOutcome::NotModified)
        .unwrap();
    assert_eq!(told(&step), marked("first"));
    let step = host.begin(&event, later + REVALIDATE_MS - 1).unwrap();
    assert_eq!(told(&step), marked("first"));
    let latest = later + REVALIDATE_MS;
    asks(&host.begin(&event, latest).unwrap(), Some("1"));
    let (step, _) = host
        .fetched(&event, latest, object("2", &rules("second")))
        .unwrap();
    assert_eq!(told(&step), marked("second"));
    asks(
        &host.begin(&event, latest + REVALIDATE_MS).unwrap(),
        Some("2"),
    );
}

#[test]
fn a_clock_that_went_backwards_keeps_no_rules_alive() {
    let mut host = begun();
    let event = refused(DOMAIN);
    asks(&host.begin(&event, BEGIN_MS - 1).unwrap(), Some("1"));
}

#[test]
fn the_last_good_rules_stay() {
    let large = vec![b' '; MAX_RULES_BYTES + 1];
    for (fetched, expected) in [
        (
            FetchOutcome::Failed("a".to_owned()),
            Trouble::Failed("a".to_owned()),
        ),
        (FetchOutcome::Denied, Trouble::Denied),
        (object("2", &large), Trouble::Size),
    ] {
        let mut host = begun();
        let event = refused(DOMAIN);
        let later = BEGIN_MS + REVALIDATE_MS;
        asks(&host.begin(&event, later).unwrap(), Some("1"));
        let (step, trouble) = host.fetched(&event, later, fetched).unwrap();
        assert_eq!((told(&step), trouble), (marked("first"), Some(expected)));
        // S3 is not asked at each event.
        let step = host.begin(&event, later + RETRY_MS - 1).unwrap();
        assert_eq!(told(&step), marked("first"));
        asks(&host.begin(&event, later + RETRY_MS).unwrap(), Some("1"));
    }
    let mut host = begun();
    let (step, trouble) = host
        .fetched(&refused(DOMAIN), BEGIN_MS, object("2", b"<html>"))
        .unwrap();
    assert!(matches!(trouble, Some(Trouble::Unreadable(_))));
    assert_eq!(told(&step), marked("first"));
}

#[test]
fn nothing_is_answered_without_rules() {
    for fetched in [
        FetchOutcome::Failed("x".to_owned()),
        FetchOutcome::NotModified,
        object("1", b"<html>"),
    ] {
        let mut host = Host::default();
        let event = refused(DOMAIN);
        let (step, trouble) = host.fetched(&event, BEGIN_MS, fetched).unwrap();
        assert!(trouble.is_some());
        let Step::Done(returned) = &step else {
            panic!("{step:?}")
        };
        let Ok(ReturnValue::Response(response)) = ReturnValue::read(returned) else {
            panic!("{returned}")
        };
        assert_eq!(&*response.status, "503");
        assert_eq!(response.headers.get("cache-control"), Some("no-store"));
        let seconds = (RETRY_MS / 1_000).to_string();
        assert_eq!(response.headers.get("retry-after"), Some(&*seconds));
        assert!(response.headers.contains("x-content-type-options"));
        let step = host.begin(&event, BEGIN_MS + RETRY_MS - 1).unwrap();
        assert_eq!(told(&step).0, "503");
        asks(&host.begin(&event, BEGIN_MS + RETRY_MS).unwrap(), None);
    }
}

#[test]
fn a_site_without_rules_has_the_default_ones() {
    for (fetched, is_told) in [(FetchOutcome::Missing, false), (FetchOutcome::Denied, true)] {
        let mut host = Host::default();
        let event = refused(DOMAIN);
        let (step, trouble) = host.fetched(&event, BEGIN_MS, fetched).unwrap();
        assert_eq!(told(&step), ("400".to_owned(), None));
        assert_eq!(trouble.is_some(), is_told);
        let step = host.begin(&event, BEGIN_MS + REVALIDATE_MS - 1).unwrap();
        assert_eq!(told(&step), ("400".to_owned(), None));
        asks(&host.begin(&event, BEGIN_MS + REVALIDATE_MS).unwrap(), None);
    }
    // Rules that are taken away are gone, and so is their ETag.
    let mut host = begun();
    let event = refused(DOMAIN);
    let (step, _) = host
        .fetched(&event, BEGIN_MS, FetchOutcome::Missing)
        .unwrap();
    assert_eq!(told(&step), ("400".to_owned(), None));
    asks(&host.begin(&event, BEGIN_MS + REVALIDATE_MS).unwrap(), None);
}

#[test]
fn the_rules_of_one_site_answer_for_no_other() {
    let mut host = begun();
    let other = refused("shop.s3.eu-central-1.amazonaws.com");
    asks(&host.begin(&other, BEGIN_MS).unwrap(), None);
    let (step, _) = host
        .fetched(&other, BEGIN_MS, object("1", &rules("other")))
        .unwrap();
    assert_eq!(told(&step), marked("other"));
    let step = host.begin(&refused(DOMAIN), BEGIN_MS + 1).unwrap();
    assert_eq!(told(&step), marked("first"));
    // The site that was used longest ago makes room.
    for at in 1..MAX_SITES {
        let event = refused(&format!("site-{at}.s3.eu-central-1.amazonaws.com"));
        host.fetched(&event, BEGIN_MS, FetchOutcome::Missing)
            .unwrap();
    }
    assert_eq!(host.sites.len(), MAX_SITES);
    let step = host.begin(&refused(DOMAIN), BEGIN_MS + 2).unwrap();
    assert_eq!(told(&step), marked("first"));
    asks(&host.begin(&other, BEGIN_MS + 2).unwrap(), None);
}

#[test]
fn a_missing_page_is_looked_for_in_its_bucket() {
    let mut host = begun();
    let event = missing("/about");
    let step = host.begin(&event, BEGIN_MS).unwrap();
    let Step::Look { bucket, key } = &step else {
        panic!("{step:?}")
    };
    assert_eq!((bucket.name(), key.as_str()), ("blog", "about/index.html"));
    for (look, status) in [(Look::There, "301"), (Look::Missing, "404")] {
        let step = host.looked(&event, look).unwrap();
        assert_eq!(told(&step).0, status);
    }
    // Where the rules went in the meantime.
    let step = Host::default().looked(&event, Look::There).unwrap();
    assert_eq!(told(&step).0, "503");
}

#[test]
fn another_origin_has_no_rules() {
    for origin in [
        json!(null),
        json!({"custom": {"domainName": "example.org"}}),
    ] {
        let mut event: Value = serde_json::from_str(&missing("/about")).unwrap();
        event["Records"][0]["cf"]["request"]["origin"] = origin;
        let step = Host::default().begin(&event.to_string(), BEGIN_MS).unwrap();
        assert_eq!(told(&step), ("404".to_owned(), None));
    }
}

#[test]
fn what_is_no_event_is_an_error() {
    let mut host = Host::default();
    let viewer = event_at(DOMAIN, "viewer-request", "/").to_string();
    let elsewhere = refused("evil.example");
    for json in ["", "{}", "[1]", &viewer, &elsewhere] {
        assert!(host.begin(json, BEGIN_MS).is_err(), "{json}");
        assert!(host.fetched(json, BEGIN_MS, FetchOutcome::Missing).is_err());
        assert!(host.looked(json, Look::There).is_err());
    }
    assert!(host.sites.is_empty());
}

#[test]
fn a_failure_has_the_headers_of_every_answer() {
    let failure: Value = serde_json::from_str(&failure()).unwrap();
    assert_eq!(failure["status"], "500");
    let headers = &failure["headers"];
    assert_eq!(headers["cache-control"][0]["value"], "no-store");
    assert_eq!(headers["x-content-type-options"][0]["value"], "nosniff");
}
