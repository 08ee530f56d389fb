//! The rules of a site, as far as a function knows them: read from its bucket, and good for a while.

use std::sync::Arc;

use quillfront_headers::{MAX_RULES_BYTES, REVALIDATE_MS, Rules};

/// How long the bucket is left alone after it could not be read, the time that it took included.
pub const RETRY_MS: u64 = 2_000;

/// What came of fetching the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchOutcome<'a> {
    /// The object.
    Object {
        /// Its ETag.
        etag: Option<&'a str>,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// It is as it was.
    NotModified,
    /// There is none: the site has the default rules.
    Missing,
    /// The bucket does not say whether there is one, since it lets the function read nothing of this name.
    /// S3 answers so where there is none and the function may not list the bucket.
    Denied,
    /// It could not be fetched, and why.
    Failed(String),
}

/// What an operator is told. The event was answered all the same: with the rules that were read last, or as
/// if there were no page behind the slash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// They could not be fetched.
    #[error("the rules could not be fetched: {0}")]
    Failed(String),
    /// The function may not read them.
    #[error(
        "the rules could not be fetched: S3 denies access; the function needs s3:GetObject, and s3:ListBucket to see that there are none"
    )]
    Denied,
    /// The object is too large.
    #[error("the rules have more than {MAX_RULES_BYTES} bytes")]
    Size,
    /// The object makes no sense.
    #[error("the rules cannot be read: {0}")]
    Unreadable(String),
    /// It could not be found out whether there is a page behind the slash.
    #[error("the page behind the slash could not be looked for: {0}")]
    Look(String),
}

/// The rules of a site, as far as they are known.
#[derive(Clone, Debug, Default)]
pub struct RulesCache {
    /// The rules that were good last. None if they never were, and then nothing can be answered.
    rules: Option<Arc<Rules>>,
    etag: Option<String>,
    /// When the bucket was asked last, and for how long that is good.
    asked_ms: u64,
    good_for_ms: u64,
}

impl RulesCache {
    /// Returns whether the bucket has to be asked: a clock that went backwards tells nothing.
    pub fn is_due(&self, now_ms: u64) -> bool {
        now_ms
            .checked_sub(self.asked_ms)
            .is_none_or(|age_ms| age_ms >= self.good_for_ms)
    }

    /// Returns the rules that were good last; none if they never were.
    pub fn get(&self) -> Option<Arc<Rules>> {
        self.rules.clone()
    }

    /// Returns the ETag of their object.
    pub fn etag(&self) -> Option<String> {
        self.etag.clone()
    }

    /// Takes over what the bucket said at this time, in milliseconds since 1970. What is no rules changes nothing.
    ///
    /// # Errors
    /// What the operator is to be told. The rules may be known all the same.
    pub fn learn(&mut self, fetched: FetchOutcome<'_>, now_ms: u64) -> Result<(), Trouble> {
        self.asked_ms = now_ms;
        self.good_for_ms = RETRY_MS;
        match fetched {
            FetchOutcome::Object { bytes, .. } if bytes.len() > MAX_RULES_BYTES => {
                return Err(Trouble::Size);
            }
            FetchOutcome::Object { etag, bytes } => {
                let rules = Rules::read(bytes);
                let rules = rules.map_err(|error| Trouble::Unreadable(error.to_string()))?;
                self.rules = Some(Arc::new(rules));
                self.etag = etag.map(str::to_owned);
            }
            // Only what is known can be as it was.
            FetchOutcome::NotModified if self.rules.is_some() => {}
            FetchOutcome::NotModified => return Err(Trouble::Failed("S3 answered 304".to_owned())),
            FetchOutcome::Missing => {
                self.rules = Some(Arc::default());
                self.etag = None;
            }
            FetchOutcome::Denied => {
                // Where there were rules, a right was lost. Else it is how S3 says that there are none.
                if self.rules.is_none() {
                    self.rules = Some(Arc::default());
                    self.good_for_ms = REVALIDATE_MS;
                }
                return Err(Trouble::Denied);
            }
            FetchOutcome::Failed(reason) => return Err(Trouble::Failed(reason)),
        }
        self.good_for_ms = REVALIDATE_MS;
        Ok(())
    }
}
