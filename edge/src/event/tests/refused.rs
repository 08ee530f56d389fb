//! What CloudFront would refuse cannot be built: the whole of its lists, and its sizes.

use super::*;
use restrictions::{DISALLOWED, DISALLOWED_PREFIXES, MAX_HEADER_BYTES, max_body_bytes, read_only};

/// Answers an event with what an edit makes of its own request or response.
fn reply(event_type: EventType, edit: impl Fn(&mut Headers<'static>)) -> Result<(), ReplyError> {
    let json: &'static str = Box::leak(sample(event_type).to_string().into_boxed_str());
    let event = Event::read(json).unwrap();
    if event_type.is_request() {
        let mut request = event.request().clone();
        edit(&mut request.headers);
        event.send_request(request).map(drop)
    } else {
        let mut response = event.response().unwrap().clone();
        edit(&mut response.headers);
        event.send_response(response).map(drop)
    }
}

/// Every header of the guide's list, in requests and responses of every event.
#[test]
fn disallowed_headers_are_refused() {
    let families = DISALLOWED_PREFIXES.map(|prefix| format!("{prefix}anything"));
    let names = DISALLOWED.map(str::to_owned).into_iter().chain(families);
    for name in names {
        let refused = Err(ReplyError::Disallowed(name.clone()));
        for event_type in EventType::ALL {
            let add = |headers: &mut Headers<'static>| headers.push(name.clone(), line("x"));
            assert_eq!(reply(event_type, add), refused, "{event_type}");
            if event_type.is_request() {
                let generated = generated(event_type, |response| {
                    response.headers.push(name.clone(), line("x"));
                });
                assert_eq!(generated, refused, "{event_type}");
            }
        }
    }
    assert_eq!(DISALLOWED.len() + DISALLOWED_PREFIXES.len(), 27);
}

/// What CloudFront should have hidden may go on as it came.
#[test]
fn a_disallowed_header_that_came_may_stay_as_it_is() {
    let mut event = sample(EventType::OriginResponse);
    let headers = &mut event["Records"][0]["cf"]["response"]["headers"];
    headers["x-cache"] = json!([{"key": "X-Cache", "value": "Miss"}]);
    let json = event.to_string();
    let event = Event::read(&json).unwrap();
    let mut response = event.response().unwrap().clone();
    assert!(event.send_response(response.clone()).is_ok());
    response.headers.push("x-cache", line("Hit"));
    let refused = Err(ReplyError::Disallowed("x-cache".into()));
    assert_eq!(event.send_response(response), refused);
}

/// Every read-only header of every event: not added, not changed, not removed, not given twice.
#[test]
fn read_only_headers_pass_through_unchanged() {
    for event_type in EventType::ALL {
        assert!(!read_only(event_type).is_empty());
        for &name in read_only(event_type) {
            let refused = Err(ReplyError::ReadOnly(name.to_owned(), event_type));
            let part = if event_type.is_request() {
                "request"
            } else {
                "response"
            };
            let mut with = sample(event_type);
            let headers = with["Records"][0]["cf"][part]["headers"]
                .as_object_mut()
                .unwrap();
            headers.insert(name.to_owned(), json!([{"key": name, "value": "came"}]));
            let json = with.to_string();
            let event = Event::read(&json).unwrap();
            let answer = |edit: &dyn Fn(&mut Headers<'_>)| {
                if event_type.is_request() {
                    let mut request = event.request().clone();
                    edit(&mut request.headers);
                    event.send_request(request).map(drop)
                } else {
                    let mut response = event.response().unwrap().clone();
                    edit(&mut response.headers);
                    event.send_response(response).map(drop)
                }
            };
            assert_eq!(answer(&|_| {}), Ok(()), "{name}");
            let remove = |headers: &mut Headers<'_>| headers.remove(name);
            assert_eq!(answer(&remove), refused, "removed");
            let change = |headers: &mut Headers<'_>| {
                headers.remove(name);
                headers.push(name, Line::new(name, "other"));
            };
            assert_eq!(answer(&change), refused, "changed");
            let double = |headers: &mut Headers<'_>| headers.push(name, Line::new(name, "came"));
            assert_eq!(answer(&double), refused, "given twice");

            let mut without = sample(event_type);
            let headers = without["Records"][0]["cf"][part]["headers"]
                .as_object_mut()
                .unwrap();
            headers.shift_remove(name);
            let json = without.to_string();
            let event = Event::read(&json).unwrap();
            if event_type.is_request() {
                let mut request = event.request().clone();
                request.headers.push(name, Line::new(name, "new"));
                assert_eq!(event.send_request(request).map(drop), refused, "added");
                let generated = generated(event_type, |response| {
                    response.headers.push(name, Line::new(name, "new"));
                });
                assert_eq!(generated, refused, "in a response");
            } else {
                let mut response = event.response().unwrap().clone();
                response.headers.push(name, Line::new(name, "new"));
                assert_eq!(event.send_response(response).map(drop), refused, "added");
            }
        }
    }
}

#[test]
fn odd_headers_are_refused() {
    for (name, key, value, refused) in [
        ("", None, "x", ReplyError::Name("".into())),
        ("X-Own", None, "x", ReplyError::Name("X-Own".into())),
        ("x own", None, "x", ReplyError::Name("x own".into())),
        ("x-\u{e9}", None, "x", ReplyError::Name("x-\u{e9}".into())),
        (
            "x-own",
            Some("X-Other"),
            "x",
            ReplyError::Key("x-own".into()),
        ),
        ("x-own", None, "a\r\nb", ReplyError::Value("x-own".into())),
        ("x-own", None, "a\nb", ReplyError::Value("x-own".into())),
        ("x-own", None, "a\0", ReplyError::Value("x-own".into())),
        ("x-own", None, "\u{7f}", ReplyError::Value("x-own".into())),
    ] {
        for event_type in EventType::ALL {
            let add = |headers: &mut Headers<'static>| {
                let mut line = line(value);
                line.key = key.map(Text::from);
                headers.push(name, line);
            };
            assert_eq!(reply(event_type, add), Err(refused.clone()), "{name:?}");
        }
    }
    for event_type in EventType::ALL {
        let add = |headers: &mut Headers<'static>| {
            headers.push("x-own", Line::new("X-Own", "a\tb, \u{e9}"));
        };
        assert_eq!(reply(event_type, add), Ok(()));
        let fill = |more: usize| {
            move |headers: &mut Headers<'static>| {
                let left = MAX_HEADER_BYTES - headers.bytes() - "x-own".len() - 4;
                headers.push("x-own", Line::new("x-own", "x".repeat(left + more)));
            }
        };
        assert_eq!(reply(event_type, fill(0)), Ok(()));
        let refused = Err(ReplyError::Headers(MAX_HEADER_BYTES + 1));
        assert_eq!(reply(event_type, fill(1)), refused);
    }
}

/// Answers an event with a response of its own, as an edit makes it.
fn generated(
    event_type: EventType,
    edit: impl Fn(&mut Response<'static>),
) -> Result<(), ReplyError> {
    let json: &'static str = Box::leak(sample(event_type).to_string().into_boxed_str());
    let event = Event::read(json).unwrap();
    let mut response = match event.response() {
        Some(response) => response.clone(),
        None => Response {
            status: "200".into(),
            ..Response::default()
        },
    };
    edit(&mut response);
    event.send_response(response).map(drop)
}

#[test]
fn a_status_is_a_text_from_200_to_599() {
    for event_type in [
        EventType::ViewerRequest,
        EventType::OriginRequest,
        EventType::OriginResponse,
    ] {
        let with = |status: &str| {
            let status = status.to_owned();
            generated(event_type, move |response| {
                response.status = status.clone().into()
            })
        };
        for status in ["200", "204", "301", "404", "503", "599"] {
            assert_eq!(with(status), Ok(()));
        }
        for status in [
            "", "0", "100", "199", "600", "999", "2000", "0200", "+20", "OK", " 200",
        ] {
            assert_eq!(with(status), Err(ReplyError::Status(status.into())));
        }
    }
    let other = generated(EventType::ViewerResponse, |response| {
        response.status = "404".into()
    });
    assert_eq!(other, Err(ReplyError::StatusChanged));
    // A number is none.
    let json = sample(EventType::OriginResponse).to_string();
    let number = json.replace(r#""status":"200""#, r#""status":200"#);
    assert!(Event::read(&number).is_err());
}

#[test]
fn a_body_is_text_or_base64_and_bounded() {
    for event_type in [
        EventType::ViewerRequest,
        EventType::OriginRequest,
        EventType::OriginResponse,
    ] {
        let most = max_body_bytes(event_type);
        assert_eq!(
            most,
            if event_type.is_viewer() {
                40_960
            } else {
                1_048_576
            }
        );
        let with = |encoding: Option<&'static str>, body: String| {
            generated(event_type, move |response| {
                response.body = Some(body.clone().into());
                response.body_encoding = encoding.map(Text::from);
            })
        };
        let headers = if event_type.is_request() {
            0
        } else {
            let json = sample(event_type).to_string();
            Event::read(&json)
                .unwrap()
                .response()
                .unwrap()
                .headers
                .bytes()
        };
        assert_eq!(with(None, "x".repeat(most - headers)), Ok(()));
        let refused = Err(ReplyError::Body(most + 1, most));
        assert_eq!(with(Some("text"), "x".repeat(most + 1 - headers)), refused);
        for good in ["", "eA==", "eHk=", "eHl6", "+/+/"] {
            assert_eq!(with(Some("base64"), good.into()), Ok(()), "{good}");
        }
        for bad in [
            "x", "eA=", "eA===", "====", "e===", "e-_=", "eA==\n", "=eA=",
        ] {
            let refused = Err(ReplyError::BodyEncoding);
            assert_eq!(with(Some("base64"), bad.into()), refused, "{bad}");
        }
        for other in ["", "gzip", "BASE64", "utf-8"] {
            assert_eq!(
                with(Some(other), "x".into()),
                Err(ReplyError::BodyEncoding),
                "{other}"
            );
        }
    }
    let body = generated(EventType::ViewerResponse, |response| {
        response.body = Some("".into())
    });
    assert_eq!(body, Err(ReplyError::NoBody));
}

#[test]
fn a_request_changes_only_what_functions_may_change() {
    let with = |event_type: EventType, edit: &dyn Fn(&mut Request<'static>)| {
        let json: &'static str = Box::leak(sample(event_type).to_string().into_boxed_str());
        let event = Event::read(json).unwrap();
        let mut request = event.request().clone();
        edit(&mut request);
        event.send_request(request).map(drop)
    };
    for event_type in [EventType::ViewerRequest, EventType::OriginRequest] {
        let with = |edit: &dyn Fn(&mut Request<'static>)| with(event_type, edit);
        assert_eq!(
            with(&|request| request.method = "PUT".into()),
            Err(ReplyError::Field("method"))
        );
        let client = with(&|request| request.client_ip = None);
        assert_eq!(client, Err(ReplyError::Field("clientIp")));
        assert_eq!(
            with(&|request| request.uri = "/b/index.html".into()),
            Ok(())
        );
        assert_eq!(
            with(&|request| request.querystring = Some("a=1&b".into())),
            Ok(())
        );
        for uri in ["", "b", "/b?c", "/b#c", "/b c", "/b\n", "/\u{e9}", "/a\\b"] {
            assert_eq!(
                with(&|request| request.uri = uri.into()),
                Err(ReplyError::Uri),
                "{uri}"
            );
        }
        let query = with(&|request| request.querystring = Some("a b".into()));
        assert_eq!(query, Err(ReplyError::Uri));
        let long = |bytes: usize| format!("/{}", "x".repeat(bytes - 1));
        assert_eq!(with(&|request| request.uri = long(8_192).into()), Ok(()));
        let longer = with(&|request| request.uri = long(8_193).into());
        assert_eq!(longer, Err(ReplyError::Url(8_193)));
        let replaced = |bytes: usize| {
            with(&|request| {
                request.body = Some(Body {
                    action: Some("replace".into()),
                    encoding: Some("text".into()),
                    data: Some("x".repeat(bytes).into()),
                    ..Body::default()
                });
            })
        };
        let most = max_body_bytes(event_type);
        assert_eq!(replaced(most), Ok(()));
        assert_eq!(replaced(most + 1), Err(ReplyError::Body(most + 1, most)));
    }
    let origin = |origin: Option<Origin<'static>>| {
        move |request: &mut Request<'static>| request.origin = origin.clone()
    };
    let s3 = Some(Origin {
        s3: Some(S3Origin::default()),
        ..Origin::default()
    });
    let both = Some(Origin {
        s3: Some(S3Origin::default()),
        custom: Some(CustomOrigin::default()),
        order: Order::default(),
    });
    let request = EventType::OriginRequest;
    assert_eq!(with(request, &origin(s3.clone())), Ok(()));
    for refused in [both, Some(Origin::default()), None] {
        assert_eq!(with(request, &origin(refused)), Err(ReplyError::Origin));
    }
    assert_eq!(
        with(EventType::ViewerRequest, &origin(s3)),
        Err(ReplyError::Origin)
    );
    for event_type in [EventType::OriginResponse, EventType::ViewerResponse] {
        assert_eq!(
            with(event_type, &|_| {}),
            Err(ReplyError::Request(event_type))
        );
    }
}
