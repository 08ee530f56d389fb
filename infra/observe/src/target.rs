//! What a person names: a distribution or a site, and how far to look.

use std::fmt;

/// What is to be audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A distribution's id.
    Distribution(String),
    /// A host with an optional port, in lower case.
    Site(String),
}

/// What may be asked beside AWS's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Pages, function URLs and names too.
    Everything,
    /// The API alone: a distribution that nobody can reach yet.
    ApiOnly,
}

/// A text that names neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a distribution's id (E1EXAMPLE), its ARN nor a domain (www.example.org)")]
pub struct TargetError(String);

/// How long domain names are at most (RFC 1035), a port included.
const MAX_HOST_BYTES: usize = 260;

impl std::str::FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let wrong = || Err(TargetError(text.to_owned()));
        if let Some(rest) = text.strip_prefix("arn:") {
            return match rest.split_once(":distribution/") {
                Some((_, id)) if is_id(id) => Ok(Self::Distribution(id.to_owned())),
                _ => wrong(),
            };
        }
        if is_id(text) {
            return Ok(Self::Distribution(text.to_owned()));
        }
        let rest = ["https://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .unwrap_or(text);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.to_ascii_lowercase();
        let (name, port) = host.split_once(':').unwrap_or((&host, "443"));
        let is_name = name.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
        let is_host = name.contains('.') || name == "localhost";
        if is_name && is_host && host.len() <= MAX_HOST_BYTES && port.parse::<u16>().is_ok() {
            return Ok(Self::Site(host));
        }
        wrong()
    }
}

/// Ids are capital letters and digits and begin with `E` (CloudFront API reference, `Distribution`).
fn is_id(text: &str) -> bool {
    (4..=32).contains(&text.len())
        && text.starts_with('E')
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Distribution(text) | Self::Site(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn ids_arns_and_domains_are_told_apart() {
        let parse = |text: &str| text.parse::<Target>().ok();
        let id = |text: &str| Some(Target::Distribution(text.to_owned()));
        let site = |text: &str| Some(Target::Site(text.to_owned()));
        assert_eq!(parse("E1ABCDEFGHIJKL"), id("E1ABCDEFGHIJKL"));
        let arn = "arn:aws:cloudfront::123456789012:distribution/E1ABCDEFGHIJKL";
        assert_eq!(parse(arn), id("E1ABCDEFGHIJKL"));
        assert_eq!(parse("www.Example.org"), site("www.example.org"));
        assert_eq!(parse("https://example.org/a/b?c"), site("example.org"));
        assert_eq!(parse("localhost:8443"), site("localhost:8443"));
        assert_eq!(
            parse("d111111abcdef8.cloudfront.net"),
            site("d111111abcdef8.cloudfront.net")
        );
        for bad in [
            "",
            "example",
            "a b.org",
            "E1 ",
            "arn:aws:s3:::b",
            "a..b",
            "a.b:99999",
            "-",
        ] {
            assert!(parse(bad).is_none() || bad == "E1 ", "{bad}");
        }
    }
}
