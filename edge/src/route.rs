//! The viewer's path to the object's key.

use std::fmt;

use percent_encoding::percent_decode_str;
use quillfront_headers::RULES_KEY;

use crate::location::encode_path;

/// The longest path that is read, in bytes as the viewer sent it: CloudFront's quota for a URL
/// (Amazon CloudFront Developer Guide, "Quotas").
pub const MAX_PATH_BYTES: usize = 8_192;

/// The longest key, in bytes of UTF-8 (Amazon S3 User Guide, "Naming Amazon S3 objects").
pub const MAX_KEY_BYTES: usize = 1_024;

/// The name of the page of a folder.
pub(crate) const INDEX: &str = "index.html";

/// The key of an object that a viewer may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The key, decoded: `a b/index.html`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path that names the key to S3, encoded: `/a%20b/index.html`.
    pub fn origin_path(&self) -> String {
        format!("/{}", encode_path(&self.0))
    }

    /// The page of a folder by its own path: `/about/` for `about/index.html`, `/` for `index.html`.
    pub fn folder(&self) -> Option<String> {
        let folder = self.0.strip_suffix(INDEX)?;
        let is_folder = folder.is_empty() || folder.ends_with('/');
        is_folder.then(|| format!("/{}", encode_path(folder)))
    }

    /// Whether it is the home page. CloudFront puts the name of the default root object for `/` before it calls a
    /// function, so nobody can tell by which of both paths a reader asks: a redirect to `/` would never end.
    pub(crate) fn is_home(&self) -> bool {
        self.0 == INDEX
    }

    /// The path by which a viewer asks for it, decoded: `/a b/` of `a b/index.html`, where that was asked
    /// for as a folder.
    pub(crate) fn path(&self, as_folder: bool) -> String {
        let folder = self.0.strip_suffix(INDEX).filter(|_| as_folder);
        format!("/{}", folder.unwrap_or(&self.0))
    }

    /// Where the page may be if there is no object of this name: `about/index.html` for `about`. None
    /// if the last segment has a dot, because then it names a file.
    pub fn page_behind_slash(&self) -> Option<Self> {
        let last_segment = self.0.rsplit('/').next().unwrap_or_default();
        let page = format!("{}/{INDEX}", self.0);
        (!last_segment.contains('.') && page.len() <= MAX_KEY_BYTES).then_some(Self(page))
    }

    /// Whether it is the edge's own, like its rules, and no page.
    pub fn is_internal(&self) -> bool {
        is_internal(&self.0)
    }
}

/// Whether a key is that of an object of the edge's own.
pub(crate) fn is_internal(key: &str) -> bool {
    key.split('/').next() == RULES_KEY.split('/').next()
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a path is not looked up. All of them are answered 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Longer than [`MAX_PATH_BYTES`], or its key than [`MAX_KEY_BYTES`].
    #[error("the path is too long")]
    TooLong,
    /// Without a leading slash, like the `*` of `OPTIONS *`.
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    /// A `%` that two hexadecimal digits do not follow.
    #[error("the path has a malformed percent escape")]
    MalformedEscape,
    /// `%2F`, `\` or `%5C`: a separator to some programs and a character to others.
    #[error("the path has an encoded slash or a backslash")]
    AmbiguousSeparator,
    /// Something that still looks encoded once it is decoded, like `%252e`: another program may decode
    /// it again. A key with a `%` before two hexadecimal digits has no URL for that reason.
    #[error("the path is encoded twice")]
    DoubleEncoding,
    /// The decoded bytes are no UTF-8.
    #[error("the path is not UTF-8")]
    NotUtf8,
    /// NUL or another control character (Unicode category Cc).
    #[error("the path has a control character")]
    ControlCharacter,
    /// `//`.
    #[error("the path has an empty segment")]
    EmptySegment,
    /// A segment `.` or `..`. Browsers resolve these before they send.
    #[error("the path has a dot segment")]
    DotSegment,
}

/// The key that `path` asks for: `/a/` is `a/index.html`, `/` is `index.html`, all else is the
/// key itself. `path` is as the viewer sent it, without query string.
///
/// It is decoded once (RFC 3986, section 2.4), and must not look encoded afterwards; `+` is a plus,
/// not a space.
pub fn route(path: &str) -> Result<ObjectKey, Refusal> {
    if path.len() > MAX_PATH_BYTES {
        return Err(Refusal::TooLong);
    }
    let encoded = path.strip_prefix('/').ok_or(Refusal::NotAbsolute)?;
    let key = decode(encoded)?;
    if key.chars().any(char::is_control) {
        return Err(Refusal::ControlCharacter);
    }
    let mut folders = key.split('/');
    // Nothing behind the last slash: the page of a folder.
    let last_segment = folders.next_back().unwrap_or_default();
    if folders.clone().any(str::is_empty) {
        return Err(Refusal::EmptySegment);
    }
    if folders
        .chain([last_segment])
        .any(|segment| matches!(segment, "." | ".."))
    {
        return Err(Refusal::DotSegment);
    }
    let key = if last_segment.is_empty() {
        key + INDEX
    } else {
        key
    };
    if key.len() > MAX_KEY_BYTES {
        return Err(Refusal::TooLong);
    }
    Ok(ObjectKey(key))
}

/// Decodes once, and refuses what programs understand differently.
fn decode(encoded: &str) -> Result<String, Refusal> {
    if encoded.contains('\\') {
        return Err(Refusal::AmbiguousSeparator);
    }
    for (at, _) in encoded.match_indices('%') {
        match encoded.as_bytes().get(at + 1..at + 3) {
            Some([b'2', b'f' | b'F'] | [b'5', b'c' | b'C']) => {
                return Err(Refusal::AmbiguousSeparator);
            }
            Some([high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {}
            _ => return Err(Refusal::MalformedEscape),
        }
    }
    let decoded = percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| Refusal::NotUtf8)?;
    let is_escape = |after: &[u8]| matches!(after, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    let mut percents = decoded.match_indices('%');
    if percents.any(|(at, _)| is_escape(&decoded.as_bytes()[at + 1..])) {
        return Err(Refusal::DoubleEncoding);
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_name_keys() {
        for (path, key) in [
            ("/", "index.html"),
            ("/a/", "a/index.html"),
            ("/a/b/", "a/b/index.html"),
            ("/a", "a"),
            ("/a/b.css", "a/b.css"),
            ("/index.html", "index.html"),
            ("/with%20space.txt", "with space.txt"),
            ("/a+b.txt", "a+b.txt"),
            ("/a%2Bb.txt", "a+b.txt"),
            ("/100%25.txt", "100%.txt"),
            ("/gr%C3%BC%C3%9Fe/", "grüße/index.html"),
            ("/grüße/", "grüße/index.html"),
            ("/what%3F%23.txt", "what?#.txt"),
            ("/100%25/", "100%/index.html"),
            ("/50%25-off", "50%-off"),
            ("/%25", "%"),
            ("/%25g0", "%g0"),
            ("/...", "..."),
            ("/..a/b..", "..a/b.."),
            ("/.well-known/security.txt", ".well-known/security.txt"),
        ] {
            assert_eq!(
                route(path).as_ref().map(ObjectKey::as_str),
                Ok(key),
                "{path}"
            );
        }
    }

    #[test]
    fn odd_paths_are_refused() {
        use Refusal::*;
        for (path, refusal) in [
            ("", NotAbsolute),
            ("*", NotAbsolute),
            ("http://host/", NotAbsolute),
            ("/..", DotSegment),
            ("/.", DotSegment),
            ("/../secret", DotSegment),
            ("/a/../b", DotSegment),
            ("/a/./b", DotSegment),
            ("/a/..", DotSegment),
            ("/a/../", DotSegment),
            ("/%2e%2e/secret", DotSegment),
            ("/%2E./secret", DotSegment),
            ("/a/.%2e/b", DotSegment),
            ("/a%2fb", AmbiguousSeparator),
            ("/a%2Fb", AmbiguousSeparator),
            ("/..%2fsecret", AmbiguousSeparator),
            ("/a\\b", AmbiguousSeparator),
            ("/%5chost", AmbiguousSeparator),
            ("/..%5Csecret", AmbiguousSeparator),
            ("//", EmptySegment),
            ("//host/", EmptySegment),
            ("//host", EmptySegment),
            ("/a//b", EmptySegment),
            ("/a//", EmptySegment),
            ("/a%00", ControlCharacter),
            ("/a%0d%0aset-cookie:x", ControlCharacter),
            ("/a%7f", ControlCharacter),
            ("/a\u{85}", ControlCharacter),
            ("/%", MalformedEscape),
            ("/100%.txt", MalformedEscape),
            ("/%2", MalformedEscape),
            ("/%zz", MalformedEscape),
            ("/%é", MalformedEscape),
            ("/%252e%252e/x", DoubleEncoding),
            ("/a%252fb", DoubleEncoding),
            ("/a%255Cb", DoubleEncoding),
            ("/%25%32%65", DoubleEncoding),
            ("/%%32%35", MalformedEscape),
            ("/%2525", DoubleEncoding),
            ("/%25252e", DoubleEncoding),
            ("/%ff", NotUtf8),
            // An overlong slash, the classic.
            ("/..%c0%afsecret", NotUtf8),
        ] {
            assert_eq!(route(path), Err(refusal), "{path}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(route(&format!("/{}", "a".repeat(MAX_KEY_BYTES))).is_ok());
        assert_eq!(
            route(&format!("/{}", "a".repeat(MAX_KEY_BYTES + 1))),
            Err(Refusal::TooLong)
        );
        let folder = "a".repeat(MAX_KEY_BYTES - "/index.html".len());
        assert!(route(&format!("/{folder}/")).is_ok());
        assert_eq!(route(&format!("/{folder}a/")), Err(Refusal::TooLong));
        assert_eq!(
            route(&"/".repeat(MAX_PATH_BYTES + 1)),
            Err(Refusal::TooLong)
        );
    }

    #[test]
    fn a_missing_page_may_be_behind_a_slash() {
        for (path, expected) in [
            ("/about", Some("about/index.html")),
            ("/blog/caf%C3%A9", Some("blog/café/index.html")),
            ("/v1.0/notes", Some("v1.0/notes/index.html")),
            ("/about/", None),
            ("/style.css", None),
            ("/.well-known", None),
        ] {
            let page = route(path).unwrap().page_behind_slash();
            assert_eq!(page.as_ref().map(ObjectKey::as_str), expected, "{path}");
        }
        let longest = route(&format!("/{}", "a".repeat(MAX_KEY_BYTES - 11))).unwrap();
        assert!(longest.page_behind_slash().is_some());
        let longer = route(&format!("/{}", "a".repeat(MAX_KEY_BYTES - 10))).unwrap();
        assert!(longer.page_behind_slash().is_none());
    }

    #[test]
    fn a_page_of_a_folder_has_one_path() {
        for (path, expected) in [
            ("/index.html", Some("/")),
            ("/a/index.html", Some("/a/")),
            ("/a/%69ndex.html", Some("/a/")),
            ("/gr%C3%BC%C3%9Fe/index.html", Some("/gr%C3%BC%C3%9Fe/")),
            ("/a/", Some("/a/")),
            ("/a/myindex.html", None),
            ("/a/index.html.txt", None),
            ("/a/INDEX.HTML", None),
            ("/a/b.html", None),
        ] {
            assert_eq!(route(path).unwrap().folder().as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn the_edge_keeps_its_own_to_itself() {
        for (path, expected) in [
            ("/_quillfront/rules.json", true),
            ("/_quillfront/", true),
            ("/_quillfront", true),
            ("/%5Fquillfront/rules%2Ejson", true),
            ("/_quillfronts/", false),
            ("/a/_quillfront/rules.json", false),
        ] {
            assert_eq!(route(path).unwrap().is_internal(), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_routed_key_is_harmless(path in "(/|\\.|\\.\\.|%2[eEfF]|%5c|%[0-9a-fA-F]{2}|[a-z \\\\%+é]|\\PC){0,40}") {
            check(&path)?;
            check(&format!("/{path}"))?;
        }

        #[test]
        fn nothing_panics(path in any::<String>()) {
            check(&path)?;
            check(&format!("/{path}"))?;
        }

        #[test]
        fn every_plain_key_is_reached(segments in prop::collection::vec("[^/\\\\\\p{Cc}]{1,8}", 1..5)) {
            prop_assume!(segments.iter().all(|segment| segment != "." && segment != ".."));
            let key = segments.join("/");
            prop_assume!(decode(&encode_path(&key)) != Err(Refusal::DoubleEncoding));
            let routed = route(&format!("/{}", encode_path(&key)));
            prop_assert_eq!(routed.as_ref().map(ObjectKey::as_str), Ok(key.as_str()));
        }
    }

    fn check(path: &str) -> Result<(), TestCaseError> {
        let Ok(key) = route(path) else { return Ok(()) };
        let key = key.as_str();
        prop_assert!(!key.starts_with('/') && !key.ends_with('/'));
        prop_assert!(
            key.split('/')
                .all(|segment| !matches!(segment, "" | "." | ".."))
        );
        prop_assert!(!key.chars().any(char::is_control));
        prop_assert!(!key.contains('\\'));
        prop_assert!(key.len() <= MAX_KEY_BYTES);
        prop_assert_ne!(decode(key), Err(Refusal::DoubleEncoding));
        let again = percent_decode_str(key).decode_utf8_lossy();
        prop_assert_eq!(&again, key, "it may be decoded once more");
        // The way back: the path that S3 is asked for names the same key.
        let origin_path = ObjectKey(key.to_owned()).origin_path();
        let again = route(&origin_path);
        prop_assert_eq!(again.as_ref().map(ObjectKey::as_str), Ok(key));
        Ok(())
    }
}
