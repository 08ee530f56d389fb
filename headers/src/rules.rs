//! What the edge knows of a site beside its objects: one object of the site bucket, which no URL reaches.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The key of the rules in the site bucket. The edge answers 404 for every path below its folder.
pub const RULES_KEY: &str = "_quillfront/rules.json";

/// The rules of a site. A site without them has the [default](Rules::default) ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Headers, by lower-case name, of the answers that the edge makes without an object: redirects,
    /// refusals and error pages of its own. They come in place of the edge's default headers or beside
    /// them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
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

    #[test]
    fn rules_are_read_as_they_were_written() {
        let hsts = ("strict-transport-security", "max-age=31536000");
        let rules = Rules {
            headers: BTreeMap::from([(hsts.0.to_owned(), hsts.1.to_owned())]),
        };
        assert_eq!(Rules::read(&rules.write()).unwrap(), rules);
        assert_eq!(Rules::read(b"{}").unwrap(), Rules::default());
        assert_eq!(Rules::read(br#"{"later":[1]}"#).unwrap(), Rules::default());
        assert!(Rules::read(b"[1]").is_err());
    }
}
