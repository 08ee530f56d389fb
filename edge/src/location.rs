//! Encoded paths, and the values that a `location` header may have.

use quillfront_headers::values::encode_address;
pub(crate) use quillfront_image_urls::encode_path;

/// `target` as a `location`: a path on this site (`/b/`), or an `http` or `https` URL. Characters
/// that no URI may hold are encoded, escapes stay as they are.
///
/// None for anything else: another scheme, a relative reference, and a "path" that leads to
/// another host (`//host`, `/\host`).
pub fn location(target: &str) -> Option<String> {
    if target.chars().any(char::is_control) || !(is_own_path(target) || is_web_url(target)) {
        return None;
    }
    let mut encoded = String::with_capacity(target.len());
    let mut rest = target;
    while let Some((before, after)) = rest.split_once('%') {
        encoded.push_str(&encode_address(before));
        let is_escape = matches!(after.as_bytes(),
            [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
        encoded.push_str(if is_escape { "%" } else { "%25" });
        rest = after;
    }
    encoded.push_str(&encode_address(rest));
    Some(encoded)
}

fn is_own_path(target: &str) -> bool {
    target.starts_with('/') && !target[1..].starts_with(['/', '\\'])
}

fn is_web_url(target: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        let start = target.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && !matches!(
                target.as_bytes().get(scheme.len()),
                None | Some(b'/' | b'\\' | b'?' | b'#')
            )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn targets_become_valid_locations() {
        for (target, expected) in [
            ("/", "/"),
            ("/b/", "/b/"),
            ("/b/?a=1&b=%20#c", "/b/?a=1&b=%20#c"),
            ("/with space/", "/with%20space/"),
            ("/grüße/", "/gr%C3%BC%C3%9Fe/"),
            ("/100%/", "/100%25/"),
            ("/%zz%41", "/%25zz%41"),
            ("/a\\b", "/a%5Cb"),
            ("https://example.org/a b", "https://example.org/a%20b"),
            ("HTTP://example.org", "HTTP://example.org"),
        ] {
            assert_eq!(location(target).as_deref(), Some(expected), "{target}");
        }
    }

    #[test]
    fn a_target_that_is_no_page_is_none() {
        for target in [
            "",
            "b/",
            "../b/",
            "//evil.example/",
            "/\\evil.example/",
            "\\\\evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https:evil.example",
            "https://",
            "https:///x",
            "/a\r\nset-cookie: x",
            "/\t/evil.example",
        ] {
            assert_eq!(location(target), None, "{target}");
        }
    }

    proptest! {
        #[test]
        fn a_location_is_a_header_value_and_a_uri(target in "(/|https://h)?\\PC{0,30}") {
            if let Some(location) = location(&target) {
                prop_assert!(http::HeaderValue::from_str(&location).is_ok());
                prop_assert!(location.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(!location.starts_with("//"));
                // What is encoded stays as it is.
                prop_assert_eq!(super::location(&location), Some(location));
            }
        }
    }
}
