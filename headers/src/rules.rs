//! What the edge knows of a site beside its objects: one object of the site bucket, which no URL reaches.

use crate::edge::{Domains, Edge};
use crate::redirects::Redirects;
use quillfront_image_urls::Settings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The key of the rules in the site bucket. The edge answers 404 for every path below its folder.
pub const RULES_KEY: &str = "_quillfront/rules.json";

/// The most bytes that the object of the rules may have. The edge reads no more.
pub const MAX_RULES_BYTES: usize = 16 * 1024 * 1024;
/// How long an edge goes by rules that it has read before it asks for them again, in milliseconds. The builder
/// invalidates what a change of the rules touches some seconds later than this.
pub const REVALIDATE_MS: u64 = 30_000;

/// The rules of a site. A site without them has the [default](Rules::default) ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Headers, by lower-case name, of the answers that the edge makes without an object: redirects,
    /// refusals and error pages of its own. They come in place of the edge's default headers or beside
    /// them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What stands at the edge. Where it is a policy, `headers` are those of every answer.
    #[serde(default, skip_serializing_if = "Edge::is_default")]
    pub edge: Edge,
    /// The domains of the site, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domains: Option<Domains>,
    /// Redirects.
    #[serde(default, skip_serializing_if = "Redirects::is_empty")]
    pub redirects: Redirects,
    /// Thumbnails.
    #[serde(default, skip_serializing_if = "Settings::is_default")]
    pub images: Settings,
}

impl Rules {
    /// Reads the bytes of the object. Fields that are not known are passed over, so that rules of a later
    /// version are read too.
    ///
    /// # Errors
    /// The bytes are not the JSON of rules.
    pub fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Returns the bytes of the object.
    pub fn write(&self) -> Vec<u8> {
        // Maps of text always have a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redirects::RedirectRule;

    #[test]
    fn rules_are_read_as_they_were_written() {
        let hsts = ("strict-transport-security", "max-age=31536000");
        let redirect = RedirectRule {
            from: "/a/:x".to_owned(),
            to: "/b/:x".to_owned(),
            status: 302,
            is_forced: true,
        };
        let rules = Rules {
            headers: BTreeMap::from([(hsts.0.to_owned(), hsts.1.to_owned())]),
            edge: Edge::Policy,
            domains: Domains::of("https://example.org/blog/", &["www.example.org".to_owned()]),
            redirects: Redirects::new(vec![redirect], true),
            images: Settings {
                prefix: "/pictures".to_owned(),
                ..Settings::default()
            },
        };
        let read = Rules::read(&rules.write()).unwrap();
        assert_eq!(read, rules);
        assert_eq!(read.redirects.meet("/a/1").unwrap().target(), "/b/1");
        assert_eq!(Rules::read(b"{}").unwrap(), Rules::default());
        assert_eq!(Rules::read(br#"{"later":[1]}"#).unwrap(), Rules::default());
        assert!(Rules::read(b"[1]").is_err());
    }
}
