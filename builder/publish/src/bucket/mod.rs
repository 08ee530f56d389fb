//! Publishing over S3: from hints to a committed tree.
//!
//! `hints → changed sources → evaluate → intent → put → commit → delete → invalidate → report`.
//! A run plans on the root that it read, without a lease; it takes the lease together with its
//! intent by one conditional write, which fails if anybody committed since. Everything after the
//! commit is driven from the outbox in the root, so that a crash loses none of it.
//!
//! * [`store`]: a bucket, as a few requests with conditions;
//! * [`root`], its long [`lists`], and [`state`]: what is remembered; [`seal`]: how a changed root is
//!   noticed;
//! * [`observe`]: reading the sources that the hints name;
//! * `reconcile`: comparing both buckets with what is remembered;
//! * `draft`: the site after the change; [`hold`]: what of it has to be approved first;
//! * `publication`: the difference to what is published; [`transfer`]: putting it;
//! * `last_good`: copies of files whose current bytes are not to be used;
//! * `commit`: the commit, and taking over from a builder that died; `outbox`: what a commit
//!   leaves to be done; `sweep`: what builders that died have left in the state;
//! * [`attempts`]: a mark before rendering, so that what kills a builder once does not do so for ever;
//!   [`parts`]: how it is told apart from the rest;
//! * `relook`: is what the run read still so, now that it has the lease?
//! * `stop`: ending cleanly when time runs out;
//! * `session`: the lease, and every write of the root under it; [`unanswered`]: why it is sometimes
//!   kept a little longer;
//! * [`run`]: the order of it all; `rounds`: how long it goes on;
//! * [`explain`]: what outputs are made from; [`preview`]: what an upload would change;
//!   [`effective`]: the sources that count, as files. None of them writes to a bucket.

pub mod attempts;
mod commit;
pub mod difference;
mod draft;
pub mod effective;
mod evaluate;
pub mod explain;
pub mod hold;
mod last_good;
pub mod lists;
mod measure;
pub mod observe;
mod outbox;
pub mod parts;
pub mod preview;
mod publication;
mod reconcile;
mod relook;
pub mod root;
mod rounds;
pub mod run;
pub mod seal;
mod session;
pub mod state;
mod stop;
pub mod store;
mod supply;
mod sweep;
pub mod transfer;
pub mod unanswered;

use crate::fetch::{Fetch, Web};
use futures::future::BoxFuture;
use jiff::Timestamp;
use quillfront_render::locks::Unpoisoned;
use quillfront_site::key::SourceKey;
use quillfront_site::library::schedule::NextDue;
use state::State;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Bucket, Counts, Place};
use unanswered::Unanswered;

/// Time and randomness, from outside.
pub trait Host: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
    /// A name that was never used before.
    fn new_id(&self) -> String;
}

/// Time and randomness of this machine.
pub struct SystemHost;

impl Host for SystemHost {
    #[allow(clippy::disallowed_methods)] // the edge where the clock enters
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn new_id(&self) -> String {
        let mut bytes = [0; 12];
        // Without randomness from the system nothing can be published safely.
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        hex::encode(bytes)
    }
}

/// Where a site comes from and goes to.
#[derive(Debug, Clone)]
pub struct Places {
    /// What the author uploads.
    pub source: Place,
    /// What readers get.
    pub site: Place,
    /// What Quillfront remembers.
    pub state: Place,
    /// CloudFront distribution in front of the site bucket.
    pub distribution: Option<String>,
}

impl Places {
    /// Source, site and state must not lie in one another: the builder would take its own writes
    /// for uploads, or sources for objects that should not be there.
    ///
    /// # Errors
    /// Two of them overlap.
    pub fn check(&self) -> Result<(), String> {
        let all = [
            ("source", &self.source),
            ("site", &self.site),
            ("state", &self.state),
        ];
        for (index, (name, place)) in all.iter().enumerate() {
            for (other_name, other) in &all[index + 1..] {
                let nested = place.prefix.starts_with(&other.prefix)
                    || other.prefix.starts_with(&place.prefix);
                if place.bucket == other.bucket && nested {
                    return Err(format!(
                        "{name} and {other_name} overlap; give each its own bucket or prefix"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// How a builder works.
#[derive(Debug, Clone)]
pub struct Options {
    /// `config.mode` in templates.
    pub mode: &'static str,
    /// In place of the configuration's `base_url`.
    pub base_url: Option<String>,
    /// Publish drafts.
    pub drafts: bool,
    /// In place of the clock, for what templates see.
    pub now: Option<Timestamp>,
    /// What its leases are called.
    pub holder: String,
    /// How long a lease lasts; it is renewed while work goes on.
    pub lease: Duration,
    /// No request lasts longer; the clients are set so.
    pub request_timeout: Duration,
    /// Requests at once.
    pub parallel: usize,
    /// What no root names is removed from the state when it is so much older than the newest object
    /// there.
    pub sweep_after: Duration,
    /// Where an edit reaches more outputs than this, the own pages of what changed go first.
    pub many_outputs: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: "build",
            base_url: None,
            drafts: false,
            now: None,
            holder: "builder".to_owned(),
            lease: Duration::from_secs(120),
            request_timeout: Duration::from_secs(45),
            parallel: 16,
            sweep_after: sweep::LONGER_THAN_ANY_RUN,
            many_outputs: 200,
        }
    }
}

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

/// Publishes one site.
pub struct Builder {
    source: Bucket,
    site: Bucket,
    state: Bucket,
    cloudfront: Option<(aws_sdk_cloudfront::Client, String)>,
    counts: Arc<Counts>,
    state_counts: Arc<Counts>,
    unanswered: Arc<Unanswered>,
    options: Options,
    host: Arc<dyn Host>,
    web: Arc<dyn Fetch>,
    progress: Progress,
    warm: Mutex<Option<Warm>>,
    /// In milliseconds of Unix time.
    stop_before_ms: AtomicI64,
    /// When the process ends, in milliseconds of Unix time.
    ends_ms: AtomicI64,
    /// What this builder's attempts are called.
    attempt_id: String,
    /// The one that is under way.
    attempt: Mutex<Option<attempts::Attempt>>,
    /// True where the root may have a note of it.
    is_marked: AtomicBool,
    /// True where the write of a note was begun and not answered.
    is_mark_under_way: AtomicBool,
    /// True once a run has come to its end.
    has_come_through: AtomicBool,
}

/// What is kept between runs, valid as long as the root names the same segments.
struct Warm {
    segments: root::Segments,
    state: State,
}

impl Builder {
    /// A builder over AWS clients. Without a CloudFront client and a distribution nothing is
    /// invalidated.
    pub fn new(
        s3: aws_sdk_s3::Client,
        cloudfront: Option<aws_sdk_cloudfront::Client>,
        places: Places,
        options: Options,
    ) -> Self {
        let counts = Arc::new(Counts::default());
        let state_counts = Arc::new(Counts::default());
        let unanswered = Arc::new(Unanswered::new(options.request_timeout));
        let host: Arc<dyn Host> = Arc::new(SystemHost);
        let attempt_id = attempt_id(&options, &*host);
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
            host,
            web: Arc::new(Web::new()),
            progress: Arc::new(|_| {}),
            warm: Mutex::new(None),
            stop_before_ms: AtomicI64::new(i64::MAX),
            ends_ms: AtomicI64::new(i64::MAX),
            attempt_id,
            attempt: Mutex::default(),
            is_marked: AtomicBool::new(false),
            is_mark_under_way: AtomicBool::new(false),
            has_come_through: AtomicBool::new(false),
        }
    }

    /// With another clock.
    pub fn with_host(mut self, host: Arc<dyn Host>) -> Self {
        self.attempt_id = attempt_id(&self.options, &*host);
        self.host = host;
        self
    }

    /// With another network.
    pub fn with_web(mut self, web: Arc<dyn Fetch>) -> Self {
        self.web = web;
        self
    }

    /// With somebody who watches.
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// The root, and the state under it.
    ///
    /// # Errors
    /// Storage failed or the state is damaged; none where nothing was ever published.
    pub async fn look(&self) -> Result<Option<(root::Root, State)>, BuildError> {
        let Some(root) = root::Loaded::read(&self.state).await?.root else {
            return Ok(None);
        };
        let state = self.state(&root).await?;
        Ok(Some((root, state)))
    }

    /// What is published next by the passing of time alone, for whoever runs a reconcile then.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn next_due(&self) -> Result<Option<NextDue>, BuildError> {
        let root = root::Loaded::read(&self.state).await?.root;
        Ok(root.and_then(|root| root.next_due))
    }

    /// The keys that are still to be looked at.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn hints(&self) -> Result<BTreeSet<SourceKey>, BuildError> {
        let root = root::Loaded::read(&self.state).await?.root;
        let hints = root.into_iter().flat_map(|root| root.hints);
        Ok(hints.map(|(key, _)| SourceKey::from(key)).collect())
    }

    /// The last report that was written.
    ///
    /// # Errors
    /// Storage failed, or it is no report.
    pub async fn last_report(&self) -> Result<Option<quillfront_site::report::Report>, BuildError> {
        const MAX_REPORT_BYTES: u64 = 256 * 1024 * 1024;
        let got = self.state.get(run::REPORT_KEY, MAX_REPORT_BYTES).await?;
        let Some(bytes) = got.and_then(|got| got.bytes) else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| BuildError::Rendering(format!("report.json: {error}")))
    }

    /// The current texts of sources, to show an author the lines that diagnostics name. Those
    /// that are gone, too large, not UTF-8, or that storage does not give are left out: without
    /// them a diagnostic is shown without its lines.
    pub async fn source_texts(
        &self,
        keys: impl IntoIterator<Item = &str>,
    ) -> std::collections::BTreeMap<String, String> {
        let mut texts = std::collections::BTreeMap::new();
        for key in keys {
            if texts.contains_key(key) {
                continue;
            }
            let got = self
                .source
                .get(key, quillfront_site::key::MAX_TEXT_BYTES)
                .await;
            let bytes = got.ok().flatten().and_then(|got| got.bytes);
            if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
                texts.insert(key.to_owned(), text);
            }
        }
        texts
    }

    /// The state under a root: kept from the run before, or read.
    async fn state(&self, root: &root::Root) -> Result<State, state::StateError> {
        if let Some(warm) = self
            .warm_lock()
            .as_ref()
            .filter(|warm| warm.segments == root.segments)
        {
            return Ok(warm.state.clone());
        }
        State::read(&self.state, &root.segments).await
    }

    fn keep_warm(&self, segments: &root::Segments, state: &State) {
        *self.warm_lock() = Some(Warm {
            segments: segments.clone(),
            state: state.clone(),
        });
    }

    fn warm_lock(&self) -> std::sync::MutexGuard<'_, Option<Warm>> {
        // A panic elsewhere cannot leave a half-written value: it is replaced whole.
        self.warm.lock().unpoisoned()
    }
}

fn attempt_id(options: &Options, host: &dyn Host) -> String {
    format!("{}-{}", options.holder, host.new_id())
}

/// A run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The root cannot be used.
    #[error(transparent)]
    Root(#[from] root::RootError),
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] state::StateError),
    /// CloudFront did not take the invalidation; it is tried again by the next run.
    #[error("the CloudFront invalidation failed: {0}")]
    Invalidation(String),
    /// Others committed again and again while this run was planning, or took the lease over.
    #[error("another builder committed first; try again")]
    LostRace,
    /// A file could not be written.
    #[error("{0}")]
    Disk(String),
    /// The evaluation did not come back.
    #[error("rendering was interrupted: {0}")]
    Rendering(String),
}
