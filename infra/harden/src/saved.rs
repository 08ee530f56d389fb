//! What is needed to go back.

use crate::text::Text;
use quillfront_audit::harden::{Call, Creation, Resource};
use serde::{Deserialize, Serialize};

/// The version of the file.
pub const VERSION: u32 = 1;

/// What was there before. It has everything that is in a configuration, secret headers of origins too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// [`VERSION`].
    pub version: u32,
    /// The distribution's ARN.
    pub distribution: String,
    /// The texts before their first change.
    pub texts: Vec<Before>,
    /// What was created, with its id.
    pub created: Vec<(Creation, String)>,
    /// The calls that were made.
    pub calls: Vec<Call>,
}

/// A text before its first change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Whose it is.
    pub resource: Resource,
    /// None where there was none.
    pub text: Option<String>,
    /// The ETag that came of the last write, where there are ETags.
    pub etag: Option<String>,
    /// Whether it was written.
    pub is_written: bool,
}

impl Saved {
    /// Nothing was changed yet of this distribution.
    pub fn new(arn: &str) -> Self {
        Self {
            version: VERSION,
            distribution: arn.to_owned(),
            texts: Vec::new(),
            created: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// The distribution's id.
    pub fn id(&self) -> &str {
        self.distribution.rsplit('/').next().unwrap_or_default()
    }

    /// Keeps a text that is about to be changed. Until it is written, what somebody else makes of it counts.
    pub(crate) fn note(&mut self, resource: &Resource, now: &Text) {
        let before = Before {
            resource: resource.clone(),
            text: now.text.clone(),
            etag: None,
            is_written: false,
        };
        match self
            .texts
            .iter_mut()
            .find(|noted| noted.resource == *resource)
        {
            Some(noted) if noted.is_written => {}
            Some(noted) => *noted = before,
            None => self.texts.push(before),
        }
    }

    pub(crate) fn written(&mut self, resource: &Resource, etag: Option<String>) {
        if let Some(noted) = self
            .texts
            .iter_mut()
            .find(|noted| noted.resource == *resource)
        {
            noted.is_written = true;
            noted.etag = etag;
        }
    }
}
