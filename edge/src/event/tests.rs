use super::*;
use serde_json::{Value, json};

mod refused;

/// An event as the guide shows it, with fields that are not known at every level.
fn sample(event_type: EventType) -> Value {
    let mut event = json!({"Records": [{"cf": {
        "config": {
            "distributionDomainName": "d111111abcdef8.cloudfront.net",
            "distributionId": "EDFDVBD6EXAMPLE",
            "eventType": event_type.name(),
            "requestId": "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==",
            "later": {"deep": [1, 2.5, null, "x"]}
        },
        "request": {
            "clientIp": "203.0.113.178",
            "headers": {
                "x-forwarded-for": [{"key": "X-Forwarded-For", "value": "203.0.113.178"}],
                "user-agent": [{"key": "User-Agent", "value": "Amazon CloudFront"}],
                "accept": [
                    {"key": "Accept", "value": "text/html", "later": true},
                    {"key": "accept", "value": "\"*\" \u{e9}\\"}
                ],
                "empty": [],
                "host": [{"key": "Host", "value": "example.org"}]
            },
            "method": "GET",
            "later": false,
            "origin": {"custom": {
                "customHeaders": {"x-own": [{"key": "X-Own", "value": "1"}]},
                "domainName": "example.org",
                "keepaliveTimeout": 5,
                "path": "",
                "port": 443,
                "protocol": "https",
                "readTimeout": 30,
                "responseCompletionTimeout": 60,
                "sslProtocols": ["TLSv1.2"]
            }},
            "querystring": "",
            "uri": "/a%20b/",
            "body": {"inputTruncated": false, "action": "read-only", "encoding": "base64", "data": ""}
        }
    }, "recordLater": 1}], "eventLater": "é"});
    if !event_type.is_request() {
        event["Records"][0]["cf"]["response"] = json!({
            "status": "200",
            "statusDescription": "OK",
            "later": [],
            "headers": {
                "via": [{"key": "Via", "value": "1.1 x"}],
                "content-type": [{"key": "Content-Type", "value": "text/html"}],
                "transfer-encoding": [{"key": "Transfer-Encoding", "value": "chunked"}]
            }
        });
    }
    if event_type.is_viewer() {
        let request = event["Records"][0]["cf"]["request"]
            .as_object_mut()
            .unwrap();
        request.shift_remove("origin");
    }
    event
}

fn with_s3(event_type: EventType) -> Value {
    let mut event = sample(event_type);
    event["Records"][0]["cf"]["request"]["origin"] = json!({"s3": {
        "authMethod": "none",
        "customHeaders": {},
        "domainName": "site.s3.us-east-1.amazonaws.com",
        "later": null,
        "path": "",
        "region": "us-east-1"
    }});
    event
}

fn line(value: &str) -> Line<'_> {
    Line {
        key: None,
        value: value.into(),
        order: Order::default(),
    }
}

#[test]
fn an_event_is_written_as_it_was_read() {
    for event_type in EventType::ALL {
        for event in [sample(event_type), with_s3(event_type)] {
            let json = event.to_string();
            let read = Event::read(&json).unwrap();
            assert_eq!(read.event_type(), event_type);
            assert_eq!(read.write(), json, "byte for byte");
            let again = read.write();
            assert_eq!(Event::read(&again).unwrap(), read);
        }
    }
}

#[test]
fn an_event_may_come_in_any_order_and_with_nulls() {
    let json = concat!(
        r#"{"x":1,"Records":[{"cf":{"request":{"uri":"/","y":[{}],"method":"GET","#,
        r#""origin":null,"headers":{},"querystring":null,"clientIp":"::1"},"#,
        r#""z":{},"config":{"requestId":"r","eventType":"origin-request"}},"w":0}]}"#
    );
    let event = Event::read(json).unwrap();
    assert_eq!(event.write(), json);
    let reply = event.send_request(event.request().clone()).unwrap();
    let request = r#"{"uri":"/","y":[{}],"method":"GET","origin":null,"headers":{},"querystring":null,"clientIp":"::1"}"#;
    assert_eq!(reply.write(), request);
}

#[test]
fn what_is_no_event_is_told_so() {
    let good = sample(EventType::OriginResponse);
    let broken = |edit: &dyn Fn(&mut Value)| {
        let mut event = good.clone();
        edit(&mut event);
        Event::read(&event.to_string()).unwrap_err().to_string()
    };
    let cf = |event: &mut Value| event["Records"][0]["cf"].take();
    for (edit, expected) in [
        (
            &(|event: &mut Value| *event = json!([])) as &dyn Fn(&mut Value),
            "expected an object",
        ),
        (&|event| *event = json!({}), "missing field `Records`"),
        (
            &|event| event["Records"] = json!([]),
            "expected an array of one",
        ),
        (
            &|event| event["Records"] = json!([{}]),
            "missing field `cf`",
        ),
        (
            &|event| {
                let one = json!({"cf": cf(event)});
                event["Records"] = json!([one, one]);
            },
            "expected an array of one",
        ),
        (
            &|event| event["Records"][0]["cf"]["config"]["eventType"] = json!("later"),
            "unknown variant `later`",
        ),
        (
            &|event| event["Records"][0]["cf"]["request"]["uri"] = json!(1),
            "expected a text",
        ),
        (
            &|event| event["Records"][0]["cf"]["request"]["headers"]["host"] = json!("x"),
            "expected an array of lines",
        ),
        (
            &|event| event["Records"][0]["cf"]["response"] = json!(null),
            "`origin-response` has a `response`",
        ),
        (
            &|event| event["Records"][0]["cf"]["request"]["origin"] = json!({}),
            "`origin` is exactly one",
        ),
        (
            &|event| {
                let origin = &mut event["Records"][0]["cf"]["request"]["origin"];
                origin["s3"] = json!({"domainName": "x"});
            },
            "`origin` is exactly one",
        ),
        (
            &|event| {
                let headers = &mut event["Records"][0]["cf"]["request"]["headers"];
                headers["x"] = json!([{"key": "x", "value": "x".repeat(MAX_BYTES)}]);
            },
            "more than 65536 bytes",
        ),
    ] {
        let told = broken(edit);
        assert!(told.starts_with("this is no Lambda@Edge event: "), "{told}");
        assert!(told.contains(expected), "{told}");
    }
    let twice = good
        .to_string()
        .replace(r#""later":false"#, r#""uri":"/b""#);
    let told = Event::read(&twice).unwrap_err().to_string();
    assert!(told.contains("duplicate field `uri`"), "{told}");
    for text in ["", "{", "null", "[", "\u{0}"] {
        assert!(Event::read(text).is_err(), "{text:?}");
    }
    let deep = format!("{}{}", r#"{"x":"#.repeat(100_000), "1");
    assert!(Event::read(&deep).is_err());
}

#[test]
fn headers_go_through_http_and_back() {
    let json = sample(EventType::OriginResponse).to_string();
    let event = Event::read(&json).unwrap();
    let mut headers = event.response().unwrap().headers.clone();
    headers.push("x-bad", line("a\r\nb"));
    headers.push("bad name", line("x"));
    headers.push("via", line("1.1 y"));
    let map = headers.to_http();
    assert_eq!(map.len(), 4, "what HTTP cannot carry is left out");
    assert_eq!(map.get_all("via").iter().count(), 2);
    let back = Headers::from_http(&map);
    assert!(headers.agree(&back, "via") && headers.agree(&back, "content-type"));
    assert_eq!(back.to_http(), map);
}

#[test]
fn headers_keep_their_order_and_their_names() {
    let json = sample(EventType::OriginResponse).to_string();
    let event = Event::read(&json).unwrap();
    let mut headers = event
        .response()
        .unwrap()
        .headers
        .only(|name| name != "transfer-encoding");
    headers.set("content-type", "text/plain");
    headers.push("x-new", Line::new("X-New", "1"));
    headers.push("via", Line::new("Via", "1.1 y"));
    headers.push("x-new", Line::new("X-New", "2"));
    let written = serde_json::to_string(&headers).unwrap();
    assert_eq!(
        written,
        concat!(
            r#"{"via":[{"key":"Via","value":"1.1 x"},{"key":"Via","value":"1.1 y"}],"#,
            r#""content-type":[{"key":"content-type","value":"text/plain"}],"#,
            r#""x-new":[{"key":"X-New","value":"1"},{"key":"X-New","value":"2"}]}"#
        )
    );
    headers.set("via", "z");
    headers.remove("x-new");
    let written = serde_json::to_string(&headers).unwrap();
    assert_eq!(
        written,
        concat!(
            r#"{"via":[{"key":"via","value":"z"}],"#,
            r#""content-type":[{"key":"content-type","value":"text/plain"}]}"#
        )
    );
}

#[test]
fn what_was_returned_is_read_as_cloudfront_reads_it() {
    let json = sample(EventType::OriginRequest).to_string();
    let event = Event::read(&json).unwrap();
    let request = event.send_request(event.request().clone()).unwrap().write();
    assert!(matches!(
        ReturnValue::read(&request),
        Ok(ReturnValue::Request(_))
    ));
    let response = r#"{"status":"404","headers":{},"body":"x"}"#;
    assert!(matches!(
        ReturnValue::read(response),
        Ok(ReturnValue::Response(_))
    ));
    for other in ["", "{}", "null", r#"{"status":404,"headers":{}}"#] {
        assert!(ReturnValue::read(other).is_err(), "{other}");
    }
}

proptest::proptest! {
    /// An event with a piece put in or taken out is read as what it is, or not at all.
    #[test]
    fn a_broken_event_is_an_error_and_no_panic(
        at in 0..1_500_usize,
        taken in 0..40_usize,
        put in "(\\PC|[\"{}\\[\\],:0-9\\\\]|null|\\{\\}|\"uri\":\"/\",){0,4}",
    ) {
        let json = sample(EventType::OriginResponse).to_string();
        let is_edge = |at: usize| json.is_char_boundary(at.min(json.len()));
        let begin = (0..=at.min(json.len())).rev().find(|at| is_edge(*at)).unwrap_or_default();
        let end = (begin + taken..).find(|at| is_edge(*at)).unwrap_or_default().min(json.len());
        let broken = format!("{}{put}{}", &json[..begin], &json[end..]);
        if let Ok(event) = Event::read(&broken) {
            let written = event.write();
            let same: Value = serde_json::from_str(&written).unwrap();
            assert_eq!(same, serde_json::from_str::<Value>(&broken).unwrap());
            assert_eq!(Event::read(&written).unwrap(), event);
        }
    }
}
