//! How old a request with signature version 2 may be. The protocol layer checks that signature and
//! looks at no clock, so that a request that somebody has seen would be good for ever
//! (S3 User Guide, "Signing and authenticating REST requests", "Time stamp requirement").

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, header};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

use super::limits::{PRESIGNED_SECONDS, SKEW_SECONDS};
use super::refusal::Refusal;

const AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");

/// Checks the time of a request that is signed in a header. Where there is an `x-amz-date` it is
/// signed, and `Date` is not.
pub(super) fn check_date(headers: &HeaderMap, now: Timestamp) -> Result<(), Refusal> {
    let name = if headers.contains_key(AMZ_DATE) {
        AMZ_DATE
    } else {
        header::DATE
    };
    let mut given = headers.get_all(name).iter();
    let time = match (given.next(), given.next()) {
        (Some(value), None) => time(value),
        _ => None,
    };
    let Some(time) = time else {
        let message = "AWS authentication requires a valid Date or x-amz-date header";
        return Err(Refusal::new("AccessDenied", message).status(StatusCode::FORBIDDEN));
    };
    if now.duration_since(time).abs() <= SignedDuration::from_secs(SKEW_SECONDS) {
        return Ok(());
    }
    let message = "The difference between the request time and the current time is too large.";
    let refusal = Refusal::new("RequestTimeTooSkewed", message).status(StatusCode::FORBIDDEN);
    Err(refusal
        .detail("RequestTime", time.to_string())
        .detail("ServerTime", now.to_string())
        .detail(
            "MaxAllowedSkewMilliseconds",
            (SKEW_SECONDS * 1000).to_string(),
        ))
}

/// Checks until when a presigned address is good. The protocol layer refuses those that are no
/// longer; here it is that none is good for longer than one of version 4 may be.
pub(super) fn check_expires(query: &[(String, String)], now: Timestamp) -> Result<(), Refusal> {
    let wrong = |message: String| Err(Refusal::new("AuthorizationQueryParametersError", message));
    let mut given = query.iter().filter(|(name, _)| name == "Expires");
    let expires = match (given.next(), given.next()) {
        (Some((_, value)), None) => value.parse::<i64>().ok(),
        _ => None,
    };
    match expires {
        None => wrong("Expires should be there once, and be a time in seconds since 1970".into()),
        Some(expires) if expires > now.as_second().saturating_add(PRESIGNED_SECONDS) => wrong(
            format!("Expires must be less than {PRESIGNED_SECONDS} seconds, a week, from now"),
        ),
        Some(_) => Ok(()),
    }
}

/// `Tue, 27 Mar 2007 19:36:42 +0000`, or `20070327T193642Z` as in version 4.
fn time(value: &HeaderValue) -> Option<Timestamp> {
    let text = value.to_str().ok()?.trim();
    let http = rfc2822::DateTimeParser::new().parse_timestamp(text);
    http.or_else(|_| text.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-27T19:36:42Z";

    fn code(checked: Result<(), Refusal>) -> (u16, &'static str) {
        checked.map_or_else(
            |refusal| (refusal.status.as_u16(), refusal.code),
            |()| (200, ""),
        )
    }

    #[test]
    fn a_request_is_good_for_a_quarter_of_an_hour() {
        let now: Timestamp = NOW.parse().expect("a time");
        let skewed = (403, "RequestTimeTooSkewed");
        let denied = (403, "AccessDenied");
        for (headers, expected) in [
            (
                &[("date", "Fri, 27 Mar 2026 19:36:42 +0000")][..],
                (200, ""),
            ),
            (&[("date", "Fri, 27 Mar 2026 19:51:42 GMT")], (200, "")),
            (&[("date", "Fri, 27 Mar 2026 19:51:43 GMT")], skewed),
            (&[("date", "Fri, 27 Mar 2026 19:21:41 GMT")], skewed),
            (&[("date", "Tue, 27 Mar 2007 19:36:42 +0000")], skewed),
            (&[("x-amz-date", "20260327T193000Z")], (200, "")),
            (&[("x-amz-date", "20070327T193642Z")], skewed),
            (
                &[("x-amz-date", "Fri, 27 Mar 2026 19:36:42 GMT")],
                (200, ""),
            ),
            // The one that is signed counts.
            (
                &[
                    ("date", "Fri, 27 Mar 2026 19:36:42 GMT"),
                    ("x-amz-date", "Tue, 27 Mar 2007 19:36:42 GMT"),
                ],
                skewed,
            ),
            (
                &[
                    ("date", "Fri, 27 Mar 2026 19:36:42 GMT"),
                    ("date", "Tue, 27 Mar 2007 19:36:42 GMT"),
                ],
                denied,
            ),
            (&[("date", "today")], denied),
            (&[], denied),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(code(check_date(&map, now)), expected, "{headers:?}");
        }
    }

    #[test]
    fn an_address_is_good_for_a_week_at_most() {
        let now: Timestamp = NOW.parse().expect("a time");
        let wrong = (400, "AuthorizationQueryParametersError");
        let week = now.as_second() + PRESIGNED_SECONDS;
        for (expires, expected) in [
            (vec![week.to_string()], (200, "")),
            (vec![(week + 1).to_string()], wrong),
            (vec![i64::MAX.to_string()], wrong),
            (vec!["never".into()], wrong),
            (vec![], wrong),
            (vec!["1".into(), week.to_string()], wrong),
        ] {
            let query: Vec<_> = expires
                .iter()
                .map(|value| ("Expires".to_owned(), value.clone()))
                .collect();
            assert_eq!(code(check_expires(&query, now)), expected, "{expires:?}");
        }
    }
}
