//! The event of a request.

use std::net::IpAddr;

use base64_simd::STANDARD;
use http::header;
use http::request::Parts;
use serde_json::{Map, Value, json};

/// A request to a function URL.
#[derive(Clone, Copy, Debug)]
pub struct UrlRequest<'a> {
    /// Its head.
    pub head: &'a Parts,
    /// Its body.
    pub body: &'a [u8],
    /// Who asks.
    pub from: IpAddr,
    /// When, in milliseconds since 1970.
    pub now_ms: i64,
}

/// Where the function is.
const DOMAIN: &str = "local.lambda-url.us-east-1.on.aws";

/// Returns the JSON of the event of a request, in payload format 2.0.
pub fn event(asked: &UrlRequest<'_>) -> String {
    let UrlRequest {
        head, body, from, ..
    } = asked;
    let path = head.uri.path();
    let query = head.uri.query().unwrap_or_default();
    let mut headers = Map::new();
    for name in head.headers.keys().filter(|name| *name != header::COOKIE) {
        headers.insert(name.to_string(), values(head, name.as_str(), ",").into());
    }
    let user_agent = values(head, "user-agent", ",");
    let (time, now_ms) = (time(asked.now_ms), asked.now_ms);
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": DOMAIN,
            "domainPrefix": "local",
            "http": {
                "method": head.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": from.to_string(),
                "userAgent": user_agent,
            },
            "requestId": format!("{now_ms:x}"),
            "routeKey": "$default",
            "stage": "$default",
            "time": time,
            "timeEpoch": now_ms,
        },
        "isBase64Encoded": false,
    });
    let cookies = values(head, "cookie", "; ");
    if !cookies.is_empty() {
        event["cookies"] = cookies.split("; ").collect();
    }
    if !query.is_empty() {
        event["queryStringParameters"] = parameters(query).into();
    }
    if !body.is_empty() {
        match std::str::from_utf8(body) {
            Ok(text) => event["body"] = text.into(),
            Err(_) => {
                event["body"] = STANDARD.encode_to_string(body).into();
                event["isBase64Encoded"] = true.into();
            }
        }
    }
    event.to_string()
}

/// The values of a header; what is no text is left out.
fn values(head: &Parts, name: &str, separator: &str) -> String {
    let values = head.headers.get_all(name).iter();
    let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    values.join(separator)
}

/// The parameters of a query; those that come more than once are joined with commas.
fn parameters(query: &str) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match all.get_mut(&*name) {
            Some(Value::String(before)) => {
                before.push(',');
                before.push_str(&value);
            }
            _ => {
                all.insert(name.into_owned(), value.into_owned().into());
            }
        }
    }
    all
}

/// `12/Mar/2020:19:03:58 +0000`
fn time(now_ms: i64) -> String {
    let now = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn of(request: http::request::Builder, body: &[u8]) -> Value {
        let (head, ()) = request.body(()).unwrap().into_parts();
        let asked = UrlRequest {
            head: &head,
            body,
            from: IpAddr::from([127, 0, 0, 1]),
            now_ms: 1_583_348_638_390,
        };
        serde_json::from_str(&event(&asked)).unwrap()
    }

    #[test]
    fn an_event_has_what_the_guide_shows() {
        let request =
            Request::post("/my/p%20ath?parameter1=value1&parameter1=value2&parameter2=a%20b")
                .header("header1", "value1")
                .header("Header2", "value1")
                .header("header2", "value2")
                .header("cookie", "cookie1; cookie2")
                .header("user-agent", "agent");
        let event = of(request, b"Hello");
        for (pointer, expected) in [
            ("/version", json!("2.0")),
            ("/routeKey", json!("$default")),
            ("/rawPath", json!("/my/p%20ath")),
            (
                "/rawQueryString",
                json!("parameter1=value1&parameter1=value2&parameter2=a%20b"),
            ),
            ("/cookies", json!(["cookie1", "cookie2"])),
            (
                "/headers",
                json!({"header1": "value1", "header2": "value1,value2", "user-agent": "agent"}),
            ),
            (
                "/queryStringParameters",
                json!({"parameter1": "value1,value2", "parameter2": "a b"}),
            ),
            (
                "/requestContext/http",
                json!({"method": "POST", "path": "/my/p%20ath", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                    "userAgent": "agent"}),
            ),
            ("/requestContext/time", json!("04/Mar/2020:19:03:58 +0000")),
            ("/requestContext/timeEpoch", json!(1_583_348_638_390_i64)),
            ("/body", json!("Hello")),
            ("/isBase64Encoded", json!(false)),
        ] {
            assert_eq!(event.pointer(pointer), Some(&expected), "{pointer}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_encoded_and_what_is_not_there_is_left_out() {
        let event = of(Request::get("/"), &[0xff, 0]);
        assert_eq!(event["body"], "/wA=");
        assert_eq!(event["isBase64Encoded"], true);
        let event = of(Request::get("/"), b"");
        for name in ["body", "cookies", "queryStringParameters"] {
            assert_eq!(event.get(name), None, "{name}");
        }
    }
}
