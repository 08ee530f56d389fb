//! What stands at the edge of a site, and the domains that it has there.

use serde::{Deserialize, Serialize};

/// Characters of the `Content-Security-Policy` in a Response Headers Policy (Amazon CloudFront Developer
/// Guide, "Quotas").
pub const MAX_SITE_POLICY_BYTES: usize = 1_783;

/// What makes addresses and headers of a site at the edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edge {
    /// The functions of Lambda@Edge: each object has headers of its own.
    #[default]
    Functions,
    /// A CloudFront Function, and a Response Headers Policy: all answers have the same headers.
    Policy,
}

impl Edge {
    /// Returns whether it is what a site has that says nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The domains of a site that has several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domains {
    /// Scheme, host and port of the canonical one: `https://example.org`.
    pub origin: String,
    /// The hosts of the others, in lower case.
    pub others: Vec<String>,
}

impl Domains {
    /// Returns the domains of a site: that of its base URL, and those others that are other ones. None
    /// where there is only one.
    pub fn of(base_url: &str, others: &[String]) -> Option<Self> {
        let (scheme, rest) = base_url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
        let domains = Self {
            origin,
            others: Vec::new(),
        };
        let is_other = |host: &&String| !host.is_empty() && host.as_str() != domains.host();
        let others: Vec<String> = others.iter().filter(is_other).cloned().collect();
        (!authority.is_empty() && !others.is_empty()).then_some(Self { others, ..domains })
    }

    /// Returns the host of the canonical one.
    pub fn host(&self) -> &str {
        let authority = self.origin.split_once("://").map_or("", |(_, rest)| rest);
        authority.split(':').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_domain_is_canonical() {
        let others = ["www.example.org".to_owned(), "example.org".to_owned()];
        for (base_url, origin) in [
            ("https://example.org", "https://example.org"),
            ("https://Example.org/blog/", "https://example.org"),
            ("http://example.org:8080/", "http://example.org:8080"),
        ] {
            let domains = Domains::of(base_url, &others).unwrap();
            assert_eq!(domains.origin, origin);
            assert_eq!(domains.host(), "example.org");
            assert_eq!(domains.others, ["www.example.org"]);
        }
        assert_eq!(Domains::of("https://www.example.org", &others[..1]), None);
        assert_eq!(Domains::of("/", &others), None);
        assert_eq!(Domains::of("https://example.org", &[]), None);
    }
}
