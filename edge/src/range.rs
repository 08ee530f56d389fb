//! Byte ranges: RFC 9110, section 14.

use http::header::{self, HeaderMap};

use crate::conditional::range_stands;

/// Which bytes to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All of them, status 200.
    Whole,
    /// `first..=last`, status 206. Never empty, never beyond the end.
    Part {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte.
        last: u64,
    },
    /// Status 416: no byte of the object is in the range.
    Unsatisfiable,
}

/// What a GET asks for of an object of `size_bytes`, whose 200 would carry `response`.
///
/// One range is served. A header that is malformed, of another unit or lists several ranges is
/// ignored, which RFC 9110, section 14.2, allows: the answer is then the whole.
pub fn select(request: &HeaderMap, response: &HeaderMap, size_bytes: u64) -> Selection {
    let Some(range) = request
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
    else {
        return Selection::Whole;
    };
    if range_stands(request, response) {
        parse(range, size_bytes).unwrap_or(Selection::Whole)
    } else {
        Selection::Whole
    }
}

fn parse(range: &str, size_bytes: u64) -> Option<Selection> {
    let (unit, range) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let selection = match (first, last) {
        ("", suffix) => {
            let length = position(suffix)?.min(size_bytes);
            // `-0` and any suffix of nothing select nothing.
            (length > 0).then(|| (size_bytes - length, size_bytes - 1))
        }
        (first, last) => {
            let first = position(first)?;
            let last = if last.is_empty() {
                u64::MAX
            } else {
                position(last)?
            };
            if last < first {
                return None;
            }
            (first < size_bytes).then(|| (first, last.min(size_bytes - 1)))
        }
    };
    Some(match selection {
        Some((first, last)) => Selection::Part { first, last },
        None => Selection::Unsatisfiable,
    })
}

/// Digits only. A number too large for a u64 is beyond every object.
fn position(digits: &str) -> Option<u64> {
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Selection::*;
    use proptest::prelude::*;

    fn selected(range: &str, size_bytes: u64) -> Selection {
        let request = HeaderMap::from_iter([(header::RANGE, range.parse().unwrap())]);
        select(&request, &HeaderMap::new(), size_bytes)
    }

    #[test]
    fn ranges() {
        for (range, expected) in [
            ("bytes=0-0", Part { first: 0, last: 0 }),
            ("bytes=2-5", Part { first: 2, last: 5 }),
            ("Bytes=2-5", Part { first: 2, last: 5 }),
            ("bytes=7-", Part { first: 7, last: 9 }),
            ("bytes=0-999", Part { first: 0, last: 9 }),
            ("bytes=-3", Part { first: 7, last: 9 }),
            ("bytes=-999", Part { first: 0, last: 9 }),
            (
                "bytes=9-99999999999999999999999",
                Part { first: 9, last: 9 },
            ),
            ("bytes=10-", Unsatisfiable),
            ("bytes=10-12", Unsatisfiable),
            ("bytes=99999999999999999999999-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=5-2", Whole),
            ("bytes=0-1,4-5", Whole),
            ("bytes=", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=+1-2", Whole),
            ("bytes 0-1", Whole),
            ("lines=0-1", Whole),
        ] {
            assert_eq!(selected(range, 10), expected, "{range}");
        }
        assert_eq!(selected("bytes=0-", 0), Unsatisfiable);
        assert_eq!(selected("bytes=-1", 0), Unsatisfiable);
    }

    #[test]
    fn a_stale_if_range_gives_the_whole() {
        let response = HeaderMap::from_iter([(header::ETAG, r#""new""#.parse().unwrap())]);
        let request = HeaderMap::from_iter([
            (header::RANGE, "bytes=0-1".parse().unwrap()),
            (header::IF_RANGE, r#""old""#.parse().unwrap()),
        ]);
        assert_eq!(select(&request, &response, 10), Whole);
    }

    proptest! {
        #[test]
        fn a_part_lies_inside(range in "bytes=[0-9]{0,22}-[0-9]{0,22}", size_bytes: u64) {
            if let Part { first, last } = selected(&range, size_bytes) {
                prop_assert!(first <= last && last < size_bytes);
            }
        }
    }
}
