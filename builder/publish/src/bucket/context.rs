//! What every step of a run needs: clients, options, clock and network.

use super::deadline::Deadline;
use super::root::{LoadedRoot, Root, RootError};
use super::state::{State, StateError};
use super::store::{Bucket, Counts, GivenObjects, Place};
use super::time::Time;
use super::unanswered::UnansweredWrites;
use super::warm::WarmState;
use super::{Host, Options, Places, SystemHost};
use crate::fetch::{Fetch, Web};
use jiff::Timestamp;
use std::sync::Arc;

/// Told of what is under way; for people who watch.
pub type Progress = Arc<dyn Fn(Step<'_>) + Send + Sync>;

/// A step of a run.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// Sources are being read.
    Reading(usize),
    /// Outputs are being rendered.
    Rendering(usize),
    /// So many of so many objects are put.
    Putting(usize, usize),
    /// Another builder holds the lease; its changes are left to it, or its end is waited for.
    Waiting(&'a str),
}

/// What every step of a run needs.
pub(super) struct Context {
    pub(super) source: Bucket,
    pub(super) site: Bucket,
    pub(super) state: Bucket,
    /// The client, and the distribution in front of the site bucket.
    pub(super) cloudfront: Option<(aws_sdk_cloudfront::Client, String)>,
    /// Requests to the source and the site bucket, and to CloudFront.
    pub(super) counts: Arc<Counts>,
    /// Requests to the state bucket.
    pub(super) state_counts: Arc<Counts>,
    pub(super) unanswered: Arc<UnansweredWrites>,
    pub(super) options: Options,
    pub(super) host: Arc<dyn Host>,
    pub(super) web: Arc<dyn Fetch>,
    pub(super) progress: Progress,
    pub(super) deadline: Deadline,
    pub(super) warm: WarmState,
}

impl Context {
    pub(super) fn new(
        s3: &aws_sdk_s3::Client,
        cloudfront: Option<aws_sdk_cloudfront::Client>,
        places: Places,
        options: Options,
    ) -> Self {
        let counts = Arc::new(Counts::default());
        let state_counts = Arc::new(Counts::default());
        let unanswered = Arc::new(UnansweredWrites::new(options.request_timeout));
        let bucket = |place: Place, counts: &Arc<Counts>| {
            Bucket::new(s3.clone(), place, counts.clone(), unanswered.clone())
        };
        Self {
            source: bucket(places.source, &counts),
            site: bucket(places.site, &counts),
            state: bucket(places.state, &state_counts),
            cloudfront: cloudfront.zip(places.distribution),
            counts,
            state_counts,
            unanswered,
            options,
            host: Arc::new(SystemHost),
            web: Arc::new(Web::new()),
            progress: Arc::new(|_| {}),
            deadline: Deadline::default(),
            warm: WarmState::default(),
        }
    }

    /// Takes these objects as if they were in the source bucket, which is then not to be written to.
    pub(super) fn with_given(self, given: GivenObjects) -> Self {
        Self {
            source: self.source.as_if(given),
            ..self
        }
    }

    /// The time by the clock, in milliseconds of Unix time.
    pub(super) fn now_ms(&self) -> i64 {
        self.host.now().as_millisecond()
    }

    /// The time by the clock, or the one that was given.
    pub(super) fn clock(&self) -> Timestamp {
        self.options.now.unwrap_or_else(|| self.host.now())
    }

    /// The day that it is, and all that is due by now.
    pub(super) fn today(&self) -> Time {
        match self.options.now {
            Some(now) => Time { now, up_to: now },
            None => Time::of_day(self.host.now()),
        }
    }

    /// Whether nothing new may begin.
    pub(super) fn is_late(&self) -> bool {
        self.deadline.is_over(self.now_ms())
    }

    /// Reads the root; none where nothing was ever published.
    pub(super) async fn root(&self) -> Result<Option<Root>, RootError> {
        Ok(LoadedRoot::read(&self.state).await?.root)
    }

    /// The state under a root: kept from the run before, or read.
    pub(super) async fn state_under(&self, root: &Root) -> Result<State, StateError> {
        match self.warm.get(&root.segments) {
            Some(state) => Ok(state),
            None => State::read(&self.state, &root.segments, root.format).await,
        }
    }
}
