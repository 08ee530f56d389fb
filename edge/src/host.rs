//! The functions with the rules of their site, for a host that fetches them from the bucket: what it has to
//! ask S3 for, and when.
//!
//! The story of an event: [`Host::begin`] answers it, or says which object the host has to ask the bucket
//! for. The host asks, and calls [`Host::fetched`] or [`Host::looked`] with what came of it, until the answer
//! is [`Step::Done`]. The host brings the time; there is no clock here, and no network. [`bucket`] says where
//! the objects of an event are, [`s3`] makes the requests and reads what S3 answers, [`sigv4`] signs them.

pub mod bucket;
mod guard;
mod rules;
pub mod s3;
pub mod sigv4;

use http::StatusCode;
use quillfront_headers::Rules;

use crate::event::{Event, EventType, Response};
use crate::functions::{Error, Outcome, Query, Site, answer, handle_event};
use crate::origin_response::Look;
use crate::respond;
use crate::route::ObjectKey;
use bucket::Bucket;
pub use guard::{Fault, guard, tell_no_panic};
pub use rules::{FetchOutcome, RETRY_MS, RulesCache, Trouble};

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

/// The functions with the rules of the sites that they have answered for.
#[derive(Debug, Default)]
pub struct Host {
    /// The one that was used last is at the end.
    sites: Vec<SiteState>,
}

/// What is known of a site.
#[derive(Debug)]
struct SiteState {
    bucket: Bucket,
    rules: RulesCache,
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
            Some(known) if !known.rules.is_due(now_ms) => {
                decide(&event, bucket, known, Look::NotYet)
            }
            known => Ok(Step::Fetch {
                if_none_match: known.and_then(|known| known.rules.etag()),
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
        fetched: FetchOutcome<'_>,
    ) -> Result<(Step, Option<Trouble>), Error> {
        let event = read(json)?;
        let Some(bucket) = Bucket::of(&event)? else {
            return without_bucket(&event).map(|step| (step, None));
        };
        let known = self.known_or_new(&bucket);
        let trouble = known.rules.learn(fetched, now_ms).err();
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
    fn known(&mut self, bucket: &Bucket) -> Option<&mut SiteState> {
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

    fn known_or_new(&mut self, bucket: &Bucket) -> &mut SiteState {
        if self.known(bucket).is_none() {
            if self.sites.len() == MAX_SITES {
                self.sites.remove(0);
            }
            self.sites.push(SiteState {
                bucket: bucket.clone(),
                rules: RulesCache::default(),
            });
        }
        let last = self.sites.len() - 1;
        &mut self.sites[last]
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

fn decide(event: &Event<'_>, bucket: Bucket, known: &SiteState, look: Look) -> Result<Step, Error> {
    let Some(rules) = known.rules.get() else {
        return unavailable(event);
    };
    let site = Site {
        rules: &rules,
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
