//! The functions with the rules of their site, for a host that fetches them from the bucket: what it has to
//! ask S3 for, and when.
//!
//! The story of an event: [`Host::begin`] answers it, or says which object the host has to ask the bucket
//! for. The host asks, and calls [`Host::fetched`] or [`Host::looked`] with what came of it, until the answer
//! is [`Step::Done`]. The host brings the time; there is no clock here, and no network. [`bucket`] says where
//! the objects of an event are, [`s3`] makes the requests and reads what S3 answers, [`sigv4`] signs them.

pub mod bucket;
mod guard;
pub mod s3;
pub mod sigv4;

use std::sync::Arc;

use http::StatusCode;
use quillfront_headers::{MAX_RULES_BYTES, REVALIDATE_MS, Rules};

use crate::event::{Event, EventType, Response};
use crate::functions::{Error, Outcome, Query, Site, answer, handle_event};
use crate::origin_response::Look;
use crate::respond;
use crate::route::ObjectKey;
use bucket::Bucket;
pub use guard::{Fault, guard, tell_no_panic};

/// How long the bucket is left alone after it could not be read, the time that it took included.
pub const RETRY_MS: u64 = 2_000;

/// How many sites are kept: the primary and the other bucket of an origin group, and those of a second
/// distribution with the same functions.
pub const MAX_SITES: usize = 4;

/// What the host does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// This is what the function returns.
    Done(String),
    /// Fetch the [rules](quillfront_headers::RULES_KEY) of the site unless they still have this ETag, and
    /// call [`Host::fetched`].
    Fetch {
        /// Where they are.
        bucket: Bucket,
        /// The ETag of the rules that are known.
        if_none_match: Option<String>,
    },
    /// Look whether there is an object of this key, and call [`Host::looked`].
    Look {
        /// Where it may be.
        bucket: Bucket,
        /// Its key.
        key: ObjectKey,
    },
}

/// What came of fetching the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched<'a> {
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

/// The functions with the rules of the sites that they have answered for.
#[derive(Debug, Default)]
pub struct Host {
    /// The one that was used last is at the end.
    sites: Vec<Known>,
}

/// What is known of a site.
#[derive(Debug)]
struct Known {
    bucket: Bucket,
    /// The rules that were good last. None if they never were, and then nothing can be answered.
    rules: Option<Arc<Rules>>,
    etag: Option<String>,
    /// When the bucket was asked last, and for how long that is good.
    asked_ms: u64,
    good_for_ms: u64,
}

impl Known {
    /// Returns whether the bucket has to be asked: a clock that went backwards tells nothing.
    fn is_due(&self, now_ms: u64) -> bool {
        now_ms
            .checked_sub(self.asked_ms)
            .is_none_or(|age_ms| age_ms >= self.good_for_ms)
    }
}

impl Host {
    /// Answers an event, or says what to ask the bucket for. `now_ms` are milliseconds since 1970.
    ///
    /// # Errors
    /// It is no event that a function is for, or CloudFront would refuse the answer.
    pub fn begin(&mut self, json: &str, now_ms: u64) -> Result<Step, Error> {
        let event = read(json)?;
        let Some(bucket) = Bucket::of(&event)? else {
            return without_bucket(&event);
        };
        let known = self.known(&bucket);
        match known {
            Some(known) if !known.is_due(now_ms) => decide(&event, bucket, known, Look::NotYet),
            known => Ok(Step::Fetch {
                if_none_match: known.and_then(|known| known.etag.clone()),
                bucket,
            }),
        }
    }

    /// Goes on with an event after [`Step::Fetch`]. `now_ms` is the time of its [`begin`](Self::begin): what
    /// the bucket said is not older. What went wrong with the rules comes back with the step, to be told.
    ///
    /// # Errors
    /// Those of [`begin`](Self::begin).
    pub fn fetched(
        &mut self,
        json: &str,
        now_ms: u64,
        fetched: Fetched<'_>,
    ) -> Result<(Step, Option<Trouble>), Error> {
        let event = read(json)?;
        let Some(bucket) = Bucket::of(&event)? else {
            return without_bucket(&event).map(|step| (step, None));
        };
        let known = self.known_or_new(&bucket);
        let trouble = known.learn(fetched, now_ms).err();
        let step = decide(&event, bucket, known, Look::NotYet)?;
        Ok((step, trouble))
    }

    /// Goes on with an event after [`Step::Look`].
    ///
    /// # Errors
    /// Those of [`begin`](Self::begin).
    pub fn looked(&mut self, json: &str, look: Look) -> Result<Step, Error> {
        let event = read(json)?;
        let Some(bucket) = Bucket::of(&event)? else {
            return without_bucket(&event);
        };
        match self.known(&bucket) {
            Some(known) => decide(&event, bucket, known, look),
            // Events of other sites came between.
            None => unavailable(&event),
        }
    }

    /// Returns what is known of a site, which is now the one that was used last.
    fn known(&mut self, bucket: &Bucket) -> Option<&mut Known> {
        let at = self
            .sites
            .iter()
            .position(|known| known.bucket == *bucket)?;
        if at + 1 < self.sites.len() {
            let known = self.sites.remove(at);
            self.sites.push(known);
        }
        self.sites.last_mut()
    }

    fn known_or_new(&mut self, bucket: &Bucket) -> &mut Known {
        if self.known(bucket).is_none() {
            if self.sites.len() == MAX_SITES {
                self.sites.remove(0);
            }
            self.sites.push(Known {
                bucket: bucket.clone(),
                rules: None,
                etag: None,
                asked_ms: 0,
                good_for_ms: 0,
            });
        }
        let last = self.sites.len() - 1;
        &mut self.sites[last]
    }
}

impl Known {
    /// Takes over what the bucket said. What is no rules changes nothing.
    fn learn(&mut self, fetched: Fetched<'_>, now_ms: u64) -> Result<(), Trouble> {
        self.asked_ms = now_ms;
        self.good_for_ms = RETRY_MS;
        match fetched {
            Fetched::Object { bytes, .. } if bytes.len() > MAX_RULES_BYTES => {
                return Err(Trouble::Size);
            }
            Fetched::Object { etag, bytes } => {
                let rules = Rules::read(bytes);
                let rules = rules.map_err(|error| Trouble::Unreadable(error.to_string()))?;
                self.rules = Some(Arc::new(rules));
                self.etag = etag.map(str::to_owned);
            }
            // Only what is known can be as it was.
            Fetched::NotModified if self.rules.is_some() => {}
            Fetched::NotModified => return Err(Trouble::Failed("S3 answered 304".to_owned())),
            Fetched::Missing => {
                self.rules = Some(Arc::default());
                self.etag = None;
            }
            Fetched::Denied => {
                // Where there were rules, a right was lost. Else it is how S3 says that there are none.
                if self.rules.is_none() {
                    self.rules = Some(Arc::default());
                    self.good_for_ms = REVALIDATE_MS;
                }
                return Err(Trouble::Denied);
            }
            Fetched::Failed(reason) => return Err(Trouble::Failed(reason)),
        }
        self.good_for_ms = REVALIDATE_MS;
        Ok(())
    }
}

/// Reads an event that a function is for.
fn read(json: &str) -> Result<Event<'_>, Error> {
    let event = Event::read(json)?;
    match event.event_type() {
        EventType::OriginRequest | EventType::OriginResponse => Ok(event),
        other => Err(Error::NoFunction(other)),
    }
}

fn decide(event: &Event<'_>, bucket: Bucket, known: &Known, look: Look) -> Result<Step, Error> {
    let Some(rules) = &known.rules else {
        return unavailable(event);
    };
    let site = Site {
        rules,
        query: Query::default(),
    };
    Ok(match handle_event(event, &site, look)? {
        Outcome::Done(returned) => Step::Done(returned),
        Outcome::Look(key) => Step::Look { bucket, key },
    })
}

/// Answers an event of another origin than a bucket: there are no rules, and nowhere to look.
fn without_bucket(event: &Event<'_>) -> Result<Step, Error> {
    let rules = Rules::default();
    let site = Site {
        rules: &rules,
        query: Query::default(),
    };
    let outcome = match handle_event(event, &site, Look::NotYet)? {
        Outcome::Look(_) => handle_event(event, &site, Look::Missing)?,
        done => done,
    };
    match outcome {
        Outcome::Done(returned) => Ok(Step::Done(returned)),
        Outcome::Look(_) => unavailable(event),
    }
}

/// Answers where the rules were never read: without them an answer could be wrong, and would be in the cache
/// for a day.
fn unavailable(event: &Event<'_>) -> Result<Step, Error> {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let answered = no_answer(status, "503 Service Unavailable\n");
    Ok(Step::Done(answer(event, answered)?.write()))
}

/// Returns the JSON of the response where the functions fail: 500.
pub fn failure() -> String {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let answered = no_answer(status, "500 Internal Server Error\n");
    let mut response = Response::with(status, answered.headers, None);
    if let respond::Body::Text(text) = answered.body {
        response.body = Some(text.into_owned().into());
        response.body_encoding = Some("text".into());
    }
    // Text always has a JSON form.
    serde_json::to_string(&response).unwrap_or_default()
}

fn no_answer(status: StatusCode, text: &'static str) -> respond::Answer<'static> {
    let mut answer = respond::error(status, text, &Rules::default());
    answer.headers.set("cache-control", "no-store");
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers.set("retry-after", RETRY_SECONDS);
    }
    answer
}

/// When to try again, in seconds: [`RETRY_MS`].
const RETRY_SECONDS: &str = "2";

#[cfg(test)]
mod tests;
