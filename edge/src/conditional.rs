//! Conditional requests: RFC 9110, section 13.

use http::header::{self, HeaderMap, HeaderName};
use httpdate::HttpDate;

/// What the conditions of a request say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answer as if there were none.
    Proceed,
    /// 304: the client has it.
    NotModified,
    /// 412: it is not what the client wants to read on with.
    PreconditionFailed,
}

/// Evaluates the conditions of a GET or HEAD in the order of RFC 9110, section 13.2.2. `response`
/// holds the `etag` and `last-modified` that a 200 would carry; conditions count only for such.
pub fn evaluate(request: &HeaderMap, response: &HeaderMap) -> Outcome {
    let etag = response
        .get(header::ETAG)
        .and_then(|value| value.to_str().ok());
    let last_modified = date(response, header::LAST_MODIFIED);

    if request.contains_key(header::IF_MATCH) {
        if !lists(request, header::IF_MATCH, etag, strongly_equal) {
            return Outcome::PreconditionFailed;
        }
    } else if let (Some(since), Some(modified)) =
        (date(request, header::IF_UNMODIFIED_SINCE), last_modified)
        && modified > since
    {
        return Outcome::PreconditionFailed;
    }

    if request.contains_key(header::IF_NONE_MATCH) {
        if lists(request, header::IF_NONE_MATCH, etag, weakly_equal) {
            return Outcome::NotModified;
        }
    } else if let (Some(since), Some(modified)) =
        (date(request, header::IF_MODIFIED_SINCE), last_modified)
        && modified <= since
    {
        return Outcome::NotModified;
    }
    Outcome::Proceed
}

/// Whether an `if-range`, if there is one, lets the range stand: RFC 9110, section 13.1.5. An
/// entity tag must be equal strongly, a date exactly.
pub fn range_stands(request: &HeaderMap, response: &HeaderMap) -> bool {
    let Some(condition) = request.get(header::IF_RANGE) else {
        return true;
    };
    let Ok(condition) = condition.to_str() else {
        return false;
    };
    let condition = condition.trim();
    if condition.starts_with('"') || condition.starts_with("W/") {
        let etag = response
            .get(header::ETAG)
            .and_then(|value| value.to_str().ok());
        return etag.is_some_and(|etag| strongly_equal(condition, etag));
    }
    let modified = date(response, header::LAST_MODIFIED);
    modified.is_some() && condition.parse().ok() == modified
}

/// `etag` as a weak one: the bytes on the wire are no longer the object's own.
pub fn weakened(etag: &str) -> String {
    if etag.starts_with("W/") {
        etag.to_owned()
    } else {
        format!("W/{etag}")
    }
}

/// Whether the list in `name` holds `etag`, or is `*` and there is a representation.
fn lists(
    request: &HeaderMap,
    name: HeaderName,
    etag: Option<&str>,
    equal: fn(&str, &str) -> bool,
) -> bool {
    request
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| {
            value.trim() == "*"
                || etag.is_some_and(|etag| entity_tags(value).any(|listed| equal(listed, etag)))
        })
}

/// The entity tags of a list: RFC 9110, section 8.8.3. A tag may hold commas, so the quotes are
/// what counts; it ends at the first thing that is none.
fn entity_tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let opening = if rest.starts_with("W/") { 2 } else { 0 };
        let opaque = rest[opening..].strip_prefix('"')?;
        let end = opening + 1 + opaque.find('"')? + 1;
        let (tag, after) = rest.split_at(end);
        rest = after;
        Some(tag)
    })
}

/// RFC 9110, section 8.8.3.2.
fn strongly_equal(a: &str, b: &str) -> bool {
    !a.starts_with("W/") && a == b
}

/// RFC 9110, section 8.8.3.2.
fn weakly_equal(a: &str, b: &str) -> bool {
    a.trim_start_matches("W/") == b.trim_start_matches("W/")
}

/// The date in a header; None if it is not there or no date, and then it is ignored.
fn date(headers: &HeaderMap, name: HeaderName) -> Option<HttpDate> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Outcome::*;
    use super::*;

    const OLD: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const NEW: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|&(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn evaluate_for(etag: &str, request: &[(&'static str, &str)]) -> Outcome {
        evaluate(
            &headers(request),
            &headers(&[("etag", etag), ("last-modified", SAME)]),
        )
    }

    #[test]
    fn conditions() {
        for (request, expected) in [
            (&[][..], Proceed),
            (&[("if-none-match", r#""a""#)], NotModified),
            (&[("if-none-match", r#"W/"a""#)], NotModified),
            (&[("if-none-match", r#""b""#)], Proceed),
            (&[("if-none-match", r#""b", W/"a""#)], NotModified),
            (&[("if-none-match", r#""b,c" ,"a""#)], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "a")], Proceed),
            (&[("if-none-match", r#""a"#)], Proceed),
            (&[("if-none-match", "")], Proceed),
            (
                &[("if-none-match", r#""b""#), ("if-none-match", r#""a""#)],
                NotModified,
            ),
            (&[("if-modified-since", SAME)], NotModified),
            (&[("if-modified-since", NEW)], NotModified),
            (&[("if-modified-since", OLD)], Proceed),
            (
                &[("if-modified-since", "Sunday, 06-Nov-94 08:49:37 GMT")],
                NotModified,
            ),
            (&[("if-modified-since", "yesterday")], Proceed),
            // The tag counts alone.
            (
                &[("if-none-match", r#""b""#), ("if-modified-since", SAME)],
                Proceed,
            ),
            (&[("if-match", r#""a""#)], Proceed),
            (&[("if-match", r#"W/"a""#)], PreconditionFailed),
            (&[("if-match", r#""b""#)], PreconditionFailed),
            (&[("if-match", "*")], Proceed),
            (&[("if-unmodified-since", OLD)], PreconditionFailed),
            (&[("if-unmodified-since", SAME)], Proceed),
            (
                &[("if-match", r#""a""#), ("if-unmodified-since", OLD)],
                Proceed,
            ),
        ] {
            assert_eq!(evaluate_for(r#""a""#, request), expected, "{request:?}");
        }
        assert_eq!(
            evaluate_for(r#"W/"a""#, &[("if-none-match", r#""a""#)]),
            NotModified
        );
        assert_eq!(
            evaluate_for(r#"W/"a""#, &[("if-match", r#"W/"a""#)]),
            PreconditionFailed
        );
    }

    #[test]
    fn a_range_stands_only_for_the_same_bytes() {
        let response = headers(&[("etag", r#""a""#), ("last-modified", SAME)]);
        for (condition, expected) in [
            (r#""a""#, true),
            (r#""b""#, false),
            (r#"W/"a""#, false),
            (SAME, true),
            (OLD, false),
            (NEW, false),
            ("nonsense", false),
        ] {
            let request = headers(&[("if-range", condition)]);
            assert_eq!(range_stands(&request, &response), expected, "{condition}");
        }
        assert!(range_stands(&HeaderMap::new(), &response));
        assert!(!range_stands(
            &headers(&[("if-range", "x")]),
            &HeaderMap::new()
        ));
    }
}
