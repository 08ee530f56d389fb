//! One run: see the module page for its steps.

use super::hold;
use super::observe::{self, Changes};
use super::root::{Held, Loaded, Outbox, Root};
use super::session::Session;
use super::state::{Published, State};
use super::store::{Attributes, Condition, Written};
use super::transfer::{self, Outcome, Put, WAVES};
use super::{BuildError, Builder, Step};
use crate::evaluate::{Evaluation, MAX_ROUNDS, Tree, Unready};
use crate::invalidate;
use crate::key::{OutputKey, Role, SourceKey};
use crate::plan::Rank;
use crate::render::world::{Inputs, Settings};
use crate::report::{Action, Kind, OutputReport, Report};
use crate::source::{Change, Sources};
use futures::stream::{StreamExt, TryStreamExt, iter};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Look at these source keys.
    Keys(BTreeSet<SourceKey>),
    /// Look at both buckets: lost events, objects that should not be as they are.
    Reconcile,
    /// Let the held change through.
    Approve,
}

/// Plans that were made in vain because somebody else committed first.
const MAX_PLANS: usize = 8;
/// Objects put between two looks at the lease.
const PUTS_PER_CHUNK: usize = 64;
/// Times that a put is tried over something unexpected.
const MAX_SURPRISES: usize = 4;
/// Segments that no root of the last so many generations names are removed.
const KEPT_GENERATIONS: u64 = 3;
/// Where the last report is.
pub const REPORT_KEY: &str = "report.json";

/// The site as it will be after a change.
struct Draft {
    sources: Arc<Sources>,
    changes: Changes,
    outcome: Result<Tree, Unready>,
    held: Option<Held>,
}

impl Builder {
    /// Does the work, then what others have left as hints meanwhile. One report for each build.
    ///
    /// # Errors
    /// Infrastructure that failed; the work is then to be tried again. An author's mistakes are in
    /// the reports.
    pub async fn run(&self, work: Work) -> Result<Vec<Report>, BuildError> {
        let mut reports = vec![self.build(&work).await?];
        loop {
            let left = Loaded::read(&self.state)
                .await?
                .root
                .filter(|root| !root.hints.is_empty() && root.lease.is_none());
            if left.is_none() || reports.last().is_some_and(|report| report.deferred) {
                return Ok(reports);
            }
            reports.push(self.build(&Work::Keys(BTreeSet::new())).await?);
        }
    }

    async fn build(&self, work: &Work) -> Result<Report, BuildError> {
        let started = self.host.now();
        let before = Counted::now(self);
        for _ in 0..MAX_PLANS {
            // On the heap: the future of a whole run is large.
            if let Some(mut report) = Box::pin(self.attempt(work)).await? {
                before.fill(self, &mut report);
                let total = self.host.now().as_millisecond() - started.as_millisecond();
                report.ms.insert("total".into(), total.max(0) as u64);
                if report.kind != Kind::None {
                    self.write_report(&report).await?;
                }
                return Ok(report);
            }
        }
        Err(BuildError::LostRace)
    }

    /// Plans and publishes once; none if somebody else was faster.
    async fn attempt(&self, work: &Work) -> Result<Option<Report>, BuildError> {
        let loaded = Loaded::read(&self.state).await?;
        let today = self.today();
        let root = loaded
            .root
            .clone()
            .unwrap_or_else(|| Root::new(today.clone()));
        if let Some(lease) = &root.lease {
            if let Some(left) = self.lease_left(lease) {
                return self.defer(work, loaded, left).await;
            }
            self.recover(loaded, &root).await?;
            return Ok(None);
        }
        if root.outbox.is_some() {
            self.recover(loaded, &root).await?;
            return Ok(None);
        }

        let mut clock = Stopwatch::start(self);
        let mut state = self.state(&root).await?;
        let mut next = root.clone();
        let mut keys: BTreeSet<SourceKey> = root
            .hints
            .keys()
            .map(|key| SourceKey::from(key.as_str()))
            .collect();
        match work {
            Work::Keys(more) => keys.extend(more.iter().cloned()),
            Work::Approve => {
                let held = root.held.iter().flat_map(|held| &held.keys);
                keys.extend(held.map(|key| SourceKey::from(key.as_str())));
            }
            Work::Reconcile => {
                next.now.clone_from(&today);
                keys.extend(self.compare_sources(&state.sources).await?);
                self.compare_site(&mut state).await?;
            }
        }
        (self.progress)(Step::Reading(keys.len()));
        let seen = observe::look(&self.source, &keys, self.options.parallel).await?;
        clock.lap("read");

        next.settings = self.settings_name();
        let mut sources = (*state.sources).clone();
        let changes = Changes::apply(&mut sources, &seen);
        let same_site = next.settings == root.settings && next.now == root.now;
        let all_known = state
            .outputs
            .values()
            .all(|output| output.fingerprint.is_some());
        if changes.map.is_empty() && same_site && all_known && *work != Work::Approve {
            return self.nothing(loaded, &root).await;
        }
        let draft = self
            .draft(work, &state, &root, sources, changes, &seen, &next.now)
            .await?;
        clock.lap("render");

        let full = state.outputs.is_empty() || !same_site;
        let publication = Publication::of(&state, &draft);
        let taken: BTreeMap<String, u64> = root.hints.clone();
        let noted: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let session = Session::begin(self, loaded, &root, publication.intent(), |root| {
            // Noted before the first put, so that whoever takes over after a crash goes on.
            root.add_hints(noted.iter().map(String::as_str));
        });
        let Some(mut session) = session.await? else {
            return Ok(None);
        };
        let own_hint = session.root().map_or(0, |root| root.newest_hint);
        let settled: BTreeMap<String, u64> = taken
            .into_iter()
            .chain(noted.iter().map(|key| (key.clone(), own_hint)))
            .collect();

        let done = self.put_all(&mut session, &publication).await?;
        clock.lap("put");
        let root = self
            .commit(
                session,
                state,
                &draft,
                &publication,
                done.clone(),
                &next,
                &settled,
            )
            .await?;
        clock.lap("commit");
        let mut report = publication.report(&draft, &done, full);
        report.commit = root.commit;
        report.generation = root.generation;
        report.now = root.now;
        report.held = draft.held.map(|held| held.reason);
        report.ms = clock.laps;
        Ok(Some(report))
    }

    /// Another builder is at work: it gets the keys as hints. What needs both buckets waits.
    async fn defer(
        &self,
        work: &Work,
        mut loaded: Loaded,
        left: Duration,
    ) -> Result<Option<Report>, BuildError> {
        let Work::Keys(keys) = work else {
            (self.progress)(Step::Waiting("another builder is at work"));
            self.host.sleep(left.min(Duration::from_millis(500))).await;
            return Ok(None);
        };
        let Some(mut root) = loaded.root.clone() else {
            return Ok(None);
        };
        root.add_hints(keys.iter().map(SourceKey::as_str));
        let (commit, generation) = (root.commit.clone(), root.generation);
        if !loaded.write(&self.state, root, self.host.new_id()).await? {
            return Ok(None);
        }
        let report = Report {
            version: 1,
            commit,
            generation,
            deferred: true,
            ..Report::default()
        };
        Ok(Some(report))
    }

    /// Nothing that a build would notice: the hints are settled, that is all.
    async fn nothing(&self, mut loaded: Loaded, root: &Root) -> Result<Option<Report>, BuildError> {
        if !root.hints.is_empty() {
            let mut settled = root.clone();
            settled.settle_hints(&root.hints);
            if !loaded
                .write(&self.state, settled, self.host.new_id())
                .await?
            {
                return Ok(None);
            }
        }
        Ok(Some(Report {
            version: 1,
            commit: root.commit.clone(),
            generation: root.generation,
            now: root.now.clone(),
            ..Report::default()
        }))
    }

    /// Evaluates the change, without what has to be approved first.
    #[allow(clippy::too_many_arguments)]
    async fn draft(
        &self,
        work: &Work,
        state: &State,
        root: &Root,
        sources: Sources,
        changes: Changes,
        seen: &[(SourceKey, crate::source::Observed)],
        now: &str,
    ) -> Result<Draft, BuildError> {
        // What was held and was looked at again is no longer held, or is held anew below.
        let still_held: BTreeSet<String> = root
            .held
            .iter()
            .flat_map(|held| held.keys.iter().cloned())
            .filter(|key| !seen.iter().any(|(looked, _)| looked.as_str() == key))
            .collect();
        let keep = |reason: Option<String>, more: BTreeSet<String>| {
            let keys: BTreeSet<String> = still_held.iter().cloned().chain(more).collect();
            let reason = reason.or_else(|| root.held.as_ref().map(|held| held.reason.clone()));
            (!keys.is_empty()).then(|| Held {
                reason: reason.unwrap_or_default(),
                keys,
            })
        };
        let sources = Arc::new(sources);
        let outcome = self.evaluate(state, sources.clone(), now).await?;
        let reason = hold::reason(state, outcome.as_ref());
        let Some(reason) = reason.filter(|_| *work != Work::Approve) else {
            return Ok(Draft {
                sources,
                changes,
                outcome,
                held: keep(None, BTreeSet::new()),
            });
        };
        // First without the removals alone, then without any of it.
        let removed: BTreeSet<String> = changes.of(Change::Removed).into_iter().collect();
        let all: BTreeSet<String> = changes.map.keys().map(ToString::to_string).collect();
        for withheld in [removed, all] {
            let mut sources = (*state.sources).clone();
            let rest: Vec<_> = seen
                .iter()
                .filter(|(key, _)| !withheld.contains(key.as_str()))
                .cloned()
                .collect();
            let changes = Changes::apply(&mut sources, &rest);
            let sources = Arc::new(sources);
            let outcome = self.evaluate(state, sources.clone(), now).await?;
            if hold::reason(state, outcome.as_ref()).is_none() {
                let held = keep(Some(reason), withheld);
                return Ok(Draft {
                    sources,
                    changes,
                    outcome,
                    held,
                });
            }
        }
        // The published tree itself would not pass (a clock that moved, say): nothing is withheld.
        Ok(Draft {
            sources,
            changes,
            outcome,
            held: None,
        })
    }

    /// Renders the whole site, reading what templates name on the way.
    async fn evaluate(
        &self,
        state: &State,
        sources: Arc<Sources>,
        now: &str,
    ) -> Result<Result<Tree, Unready>, BuildError> {
        let settings = Settings {
            mode: self.options.mode,
            base_url: self.options.base_url.clone(),
            drafts: self.options.drafts,
            now: now.parse().unwrap_or(Timestamp::UNIX_EPOCH),
            listing_is_complete: true,
        };
        let cut_off = |error: tokio::task::JoinError| BuildError::Rendering(error.to_string());
        let started = tokio::task::spawn_blocking(move || Evaluation::new(sources, settings));
        let mut evaluation = match started.await.map_err(cut_off)? {
            Ok(evaluation) => evaluation,
            Err(unready) => return Ok(Err(unready)),
        };
        (self.progress)(Step::Rendering(evaluation.plan().len()));
        for _ in 0..MAX_ROUNDS {
            let needs;
            (evaluation, needs) = tokio::task::spawn_blocking(move || {
                let needs = evaluation.step();
                (evaluation, needs)
            })
            .await
            .map_err(cut_off)?;
            if needs.is_empty() {
                break;
            }
            let parallel = self.options.parallel;
            let mut read = observe::inputs(&self.source, needs, parallel).await?;
            self.read_published(state, &mut read).await?;
            evaluation.supply(read);
        }
        Ok(Ok(evaluation.finish()))
    }

    /// Reads from the site bucket what the source bucket no longer has: files whose removal is
    /// held are still the site's.
    async fn read_published(&self, state: &State, read: &mut Inputs) -> Result<(), BuildError> {
        for (source, bytes) in read.iter_mut().filter(|(_, bytes)| bytes.is_none()) {
            let published = state
                .outputs
                .iter()
                .find(|(_, output)| output.source == *source);
            let listed = state.sources.exists(source.as_str());
            if let (Some((key, _)), true) = (published, listed) {
                let got = self
                    .site
                    .get(key.as_str(), observe::MAX_INPUT_BYTES)
                    .await?;
                *bytes = got.and_then(|got| got.bytes).map(Into::into);
            }
        }
        Ok(())
    }

    /// Puts all objects, wave by wave.
    async fn put_all(
        &self,
        session: &mut Session<'_>,
        publication: &Publication,
    ) -> Result<Done, BuildError> {
        let mut done = Done::default();
        let total = publication.puts.len();
        for wave in 0..WAVES {
            let list: Vec<&Put> = publication
                .puts
                .iter()
                .filter(|put| put.wave == wave)
                .collect();
            for chunk in list.chunks(PUTS_PER_CHUNK) {
                let mut left: Vec<Put> = chunk.iter().map(|put| (*put).clone()).collect();
                for surprise in 0..MAX_SURPRISES {
                    session.keep().await?;
                    let puts = left.drain(..).map(|put| async move {
                        let outcome = transfer::put(&self.site, &self.source, &put).await?;
                        Ok::<_, BuildError>((put, outcome))
                    });
                    let outcomes: Vec<(Put, Outcome)> = iter(puts)
                        .buffer_unordered(self.options.parallel)
                        .try_collect()
                        .await?;
                    for (mut put, outcome) in outcomes {
                        match outcome {
                            Outcome::Put(published) => drop(done.put.insert(put.key, published)),
                            Outcome::SourceMoved => drop(done.moved.insert(put.key, put.source)),
                            Outcome::Unexpected(etag) => {
                                put.before = etag;
                                left.push(put);
                            }
                        }
                    }
                    (self.progress)(Step::Putting(done.put.len(), total));
                    if left.is_empty() {
                        break;
                    }
                    if surprise + 1 == MAX_SURPRISES {
                        return Err(BuildError::LostRace);
                    }
                    // Somebody else wrote there: go on only if still the writer.
                    session.verify().await?;
                }
            }
        }
        Ok(done)
    }

    /// Commits, then does what the outbox says, then lets go of the lease.
    #[allow(clippy::too_many_arguments)]
    async fn commit(
        &self,
        mut session: Session<'_>,
        mut state: State,
        draft: &Draft,
        publication: &Publication,
        done: Done,
        next: &Root,
        settled: &BTreeMap<String, u64>,
    ) -> Result<Root, BuildError> {
        let mut touched: Vec<OutputKey> = done.put.keys().cloned().collect();
        touched.extend(publication.deletions.keys().cloned());
        // A source whose removal is held is known to be gone; looking again would find no more.
        let held = draft
            .held
            .iter()
            .flat_map(|held| &held.keys)
            .collect::<BTreeSet<_>>();
        let moved: Vec<String> = done.moved.values().map(ToString::to_string).collect();
        let moved: Vec<String> = moved
            .into_iter()
            .filter(|key| !held.contains(key))
            .collect();
        state.outputs.extend(done.put);
        for key in publication.deletions.keys() {
            state.outputs.remove(key.as_str());
        }
        state.sources = draft.sources.clone();

        let encoded = state.encode()?;
        let known = session
            .root()
            .map(|root| root.segments.clone())
            .unwrap_or_default();
        session.keep().await?;
        encoded.write(&self.state, &known.all()).await?;
        let dropped: Vec<String> = {
            let used = encoded.segments.all();
            known
                .all()
                .into_iter()
                .filter(|name| !used.contains(name))
                .cloned()
                .collect()
        };
        let commit = self.host.new_id();
        let outbox = Outbox {
            deletions: publication
                .deletions
                .iter()
                .map(|(key, published)| (key.to_string(), published.etag.clone()))
                .collect(),
            invalidations: invalidate::paths(touched.iter().map(OutputKey::as_str)),
            reference: commit.clone(),
        };
        session
            .update(|root| {
                root.engine = env!("CARGO_PKG_VERSION").to_owned();
                root.commit.clone_from(&commit);
                root.generation += 1;
                root.now.clone_from(&next.now);
                root.settings.clone_from(&next.settings);
                root.segments = encoded.segments.clone();
                root.settle_hints(settled);
                if !moved.is_empty() {
                    root.add_hints(moved.iter().map(String::as_str));
                }
                root.held.clone_from(&draft.held);
                root.outbox = Some(outbox.clone());
                let used: BTreeSet<String> = root.segments.all().into_iter().cloned().collect();
                for list in root.retired.values_mut() {
                    list.retain(|name| !used.contains(name));
                }
                root.retired.insert(root.generation, dropped.clone());
                root.retired.retain(|_, list| !list.is_empty());
            })
            .await?;
        self.keep_warm(&encoded.segments, &state);
        self.empty_outbox(&mut session, &outbox).await?;
        session.into_root()
    }

    /// Deletions, invalidations, old segments; then the lease is let go.
    async fn empty_outbox(
        &self,
        session: &mut Session<'_>,
        outbox: &Outbox,
    ) -> Result<(), BuildError> {
        for chunk in outbox
            .deletions
            .iter()
            .collect::<Vec<_>>()
            .chunks(PUTS_PER_CHUNK)
        {
            session.keep().await?;
            let deletions = chunk.iter().map(|(key, etag)| async move {
                let condition = Condition::Matches((*etag).clone());
                if self.site.delete(key, &condition).await? == Written::Refused {
                    // Not what was published: ours to remove all the same, as the only writer.
                    self.site.delete(key, &Condition::Always).await?;
                }
                Ok::<_, BuildError>(())
            });
            let list = iter(deletions).buffer_unordered(self.options.parallel);
            list.try_collect::<Vec<()>>().await?;
        }
        if !outbox.invalidations.is_empty() {
            session.keep().await?;
            self.invalidate(outbox).await?;
        }
        let old: Vec<String> = session
            .root()
            .map(|root| {
                let generation = root.generation.saturating_sub(KEPT_GENERATIONS);
                root.retired
                    .range(..=generation)
                    .flat_map(|(_, list)| list.clone())
                    .collect()
            })
            .unwrap_or_default();
        for name in &old {
            session.keep().await?;
            self.state.delete(name, &Condition::Always).await?;
        }
        session
            .update(|root| {
                root.outbox = None;
                root.lease = None;
                let generation = root.generation.saturating_sub(KEPT_GENERATIONS);
                root.retired.retain(|dropped, _| *dropped > generation);
            })
            .await
    }

    /// Takes over from a builder that did not come to its end: does what its commit left to do,
    /// and adopts what is under the keys that it meant to touch.
    async fn recover(&self, loaded: Loaded, base: &Root) -> Result<(), BuildError> {
        (self.progress)(Step::Waiting(
            "taking over from a builder that did not finish",
        ));
        let intent = base
            .lease
            .as_ref()
            .map(|lease| lease.intent.clone())
            .unwrap_or_default();
        let Some(mut session) = Session::begin(self, loaded, base, intent.clone(), |_| {}).await?
        else {
            return Ok(());
        };
        let mut state = self.state(base).await?;
        let outbox = base.outbox.clone().unwrap_or(Outbox {
            deletions: BTreeMap::new(),
            invalidations: Vec::new(),
            reference: String::new(),
        });
        let mut adopted = false;
        for chunk in intent.chunks(PUTS_PER_CHUNK) {
            session.keep().await?;
            let heads = chunk.iter().map(|key| async move {
                Ok::<_, BuildError>((key.as_str(), self.site.head(key).await?))
            });
            let heads: Vec<_> = iter(heads)
                .buffer_unordered(self.options.parallel)
                .try_collect()
                .await?;
            for (key, head) in heads {
                adopted |= !outbox.deletions.contains_key(key)
                    && adopt(&mut state, key, head.map(|head| head.etag));
            }
        }
        if adopted {
            let encoded = state.encode()?;
            session.keep().await?;
            let known = base.segments.all();
            encoded.write(&self.state, &known).await?;
            session
                .update(|root| {
                    root.segments = encoded.segments.clone();
                    // The hints of the builder that died are there; the build that follows
                    // makes the adopted keys right.
                })
                .await?;
            self.keep_warm(&encoded.segments, &state);
        }
        self.empty_outbox(&mut session, &outbox).await
    }

    async fn invalidate(&self, outbox: &Outbox) -> Result<(), BuildError> {
        let Some((client, distribution)) = &self.cloudfront else {
            return Ok(());
        };
        self.counts
            .invalidation
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        invalidate::send(
            client,
            distribution,
            &outbox.invalidations,
            &outbox.reference,
        )
        .await
        .map_err(BuildError::Invalidation)
    }

    /// Source keys whose version is not the one that the state has.
    async fn compare_sources(&self, sources: &Sources) -> Result<BTreeSet<SourceKey>, BuildError> {
        let listed = self.source.list().await?;
        let mut keys = BTreeSet::new();
        let mut there = BTreeSet::new();
        for (key, etag, _) in listed {
            let key = SourceKey::from(key);
            if key.role() == Role::Ignored {
                continue;
            }
            if sources
                .get(key.as_str())
                .is_none_or(|source| source.version != etag)
            {
                keys.insert(key.clone());
            }
            there.insert(key);
        }
        let gone = sources
            .iter()
            .map(|(key, _)| key)
            .filter(|key| !there.contains(key.as_str()));
        keys.extend(gone.cloned());
        Ok(keys)
    }

    /// Notes in the state what the site bucket really has.
    async fn compare_site(&self, state: &mut State) -> Result<(), BuildError> {
        let listed = self.site.list().await?;
        let mut there: BTreeMap<String, String> = listed
            .into_iter()
            .map(|(key, etag, _)| (key, etag))
            .collect();
        // Thumbnails are made on request and are not the builder's.
        there.retain(|key, _| !key.starts_with("img/"));
        let known: BTreeSet<String> = state.outputs.keys().map(ToString::to_string).collect();
        for key in there.keys().chain(known.iter()).collect::<BTreeSet<_>>() {
            adopt(state, key, there.get(key).cloned());
        }
        Ok(())
    }

    async fn write_report(&self, report: &Report) -> Result<(), BuildError> {
        let bytes =
            serde_json::to_vec(report).map_err(|error| BuildError::Rendering(error.to_string()))?;
        let attributes = Attributes {
            content_type: "application/json".into(),
            cache_control: "no-store".into(),
            ..Attributes::default()
        };
        self.state
            .put(REPORT_KEY, &bytes, &attributes, &Condition::Always)
            .await?;
        Ok(())
    }

    fn today(&self) -> String {
        let now = self.options.now.unwrap_or_else(|| self.host.now());
        if self.options.now.is_some() {
            return now.to_string();
        }
        let day = 24 * 60 * 60;
        let start = now.as_second().div_euclid(day) * day;
        Timestamp::from_second(start)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_string()
    }

    fn settings_name(&self) -> String {
        let base_url = self
            .options
            .base_url
            .as_deref()
            .unwrap_or("of the configuration");
        format!(
            "mode {}, base URL {base_url}, drafts {}",
            self.options.mode, self.options.drafts
        )
    }
}

/// Notes what is under a key, as found. True where it is not what the state said.
fn adopt(state: &mut State, key: &str, etag: Option<String>) -> bool {
    match (state.outputs.get(key), etag) {
        (Some(known), Some(etag)) if known.etag == etag => false,
        (None, None) => false,
        (_, None) => state.outputs.remove(key).is_some(),
        (known, Some(etag)) => {
            let source = known.map_or_else(|| SourceKey::from(""), |known| known.source.clone());
            let rank = known.map_or(Rank::Static, |known| known.rank);
            let published = Published {
                fingerprint: None,
                etag,
                source,
                rank,
            };
            state.outputs.insert(OutputKey::from(key), published);
            true
        }
    }
}

/// What was put.
#[derive(Clone, Default)]
struct Done {
    put: BTreeMap<OutputKey, Published>,
    /// Outputs whose source has another version by now.
    moved: BTreeMap<OutputKey, SourceKey>,
}

/// The difference between what is published and what should be.
struct Publication {
    puts: Vec<Put>,
    deletions: BTreeMap<OutputKey, Published>,
    unchanged: Vec<OutputKey>,
}

impl Publication {
    fn of(state: &State, draft: &Draft) -> Self {
        let changed: BTreeSet<&SourceKey> = draft.changes.map.keys().collect();
        let mut publication = Self {
            puts: Vec::new(),
            deletions: BTreeMap::new(),
            unchanged: Vec::new(),
        };
        // Without a configuration nothing is said of the tree; what is there stays, unless its
        // removal was approved.
        let (empty, none) = (BTreeMap::new(), BTreeSet::new());
        let (objects, stale) = match &draft.outcome {
            Ok(tree) => (&tree.objects, &tree.stale),
            Err(_) => (&empty, &none),
        };
        for (key, object) in objects {
            let before = state.outputs.get(key.as_str());
            let fingerprint = Some(object.fingerprint());
            if before.is_some_and(|before| before.fingerprint == fingerprint) {
                publication.unchanged.push(key.clone());
                continue;
            }
            let Ok(tree) = &draft.outcome else { continue };
            let planned = &tree.plan[key];
            publication.puts.push(Put {
                key: key.clone(),
                object: object.clone(),
                source: planned.source.clone(),
                rank: planned.rank,
                before: before.map(|before| before.etag.clone()),
                wave: transfer::wave(planned, &changed),
            });
        }
        for (key, published) in &state.outputs {
            // A failed render keeps what was published, but not the page of a source that is gone
            // and whose place another one has taken.
            let of_removed = draft.changes.map.get(&published.source) == Some(&Change::Removed);
            let stays = stale.contains(key.as_str()) && !of_removed;
            if !objects.contains_key(key.as_str()) && !stays {
                publication.deletions.insert(key.clone(), published.clone());
            }
        }
        publication
    }

    fn intent(&self) -> Vec<String> {
        let puts = self.puts.iter().map(|put| put.key.to_string());
        puts.chain(self.deletions.keys().map(ToString::to_string))
            .collect()
    }

    fn report(&self, draft: &Draft, done: &Done, full: bool) -> Report {
        let changes = &draft.changes;
        let mut report = Report {
            version: 1,
            ..Report::default()
        };
        report.kind = if full { Kind::Full } else { Kind::Incremental };
        report.sources.added = changes.of(Change::Added);
        report.sources.changed = changes.of(Change::Changed);
        report.sources.removed = changes.of(Change::Removed);
        let copied = |key: &OutputKey| match &draft.outcome {
            Ok(tree) => matches!(tree.plan[key].recipe, crate::plan::Recipe::Copy(_)),
            Err(_) => false,
        };
        for put in &self.puts {
            let mut actions = Vec::new();
            if !copied(&put.key) {
                actions.push(Action::Rendered);
            }
            actions.push(if done.put.contains_key(&put.key) {
                Action::Uploaded
            } else {
                Action::Stale
            });
            let because = because(put.before.is_none(), &put.source, changes);
            report.outputs.push(OutputReport {
                key: put.key.to_string(),
                actions,
                because,
            });
        }
        for (key, published) in &self.deletions {
            let because = match changes.map.get(&published.source) {
                Some(Change::Removed) => format!("{} was removed", published.source),
                _ => "nothing makes it any more".to_owned(),
            };
            let actions = vec![Action::Deleted];
            report.outputs.push(OutputReport {
                key: key.to_string(),
                actions,
                because: vec![because],
            });
        }
        for key in self.unchanged.iter().filter(|key| !copied(key)) {
            let actions = vec![Action::Rendered, Action::Unchanged];
            report.outputs.push(OutputReport {
                key: key.to_string(),
                actions,
                because: Vec::new(),
            });
        }
        match &draft.outcome {
            Ok(tree) => {
                for key in &tree.stale {
                    let because = vec!["it could not be rendered; see the diagnostics".to_owned()];
                    let actions = vec![Action::Stale];
                    report.outputs.push(OutputReport {
                        key: key.to_string(),
                        actions,
                        because,
                    });
                }
                report.diagnostics.clone_from(&tree.diagnostics);
            }
            Err(Unready::NoConfig) => {
                let message =
                    "there is no configuration yet; nothing is published until it is there";
                let waiting =
                    crate::diagnostic::Diagnostic::warning("no-config", "config.toml", message);
                report
                    .diagnostics
                    .push(waiting.hint("upload config.toml with at least a base_url"));
            }
            Err(Unready::BrokenConfig(problems)) => report.diagnostics.clone_from(problems),
        }
        let having = |action: Action| {
            report
                .outputs
                .iter()
                .filter(|output| output.actions.contains(&action))
                .count() as u64
        };
        let (rendered, uploaded) = (having(Action::Rendered), having(Action::Uploaded));
        let (deleted, stale) = (having(Action::Deleted), having(Action::Stale));
        report.counts.rendered = rendered;
        report.counts.uploaded = uploaded;
        report.counts.deleted = deleted;
        report.counts.stale = stale;
        let touched = done
            .put
            .keys()
            .chain(self.deletions.keys())
            .map(OutputKey::as_str);
        report.invalidations = invalidate::described(touched);
        report
    }
}

/// Why an output was put.
fn because(new: bool, source: &SourceKey, changes: &Changes) -> Vec<String> {
    let word = |change: &Change| match change {
        Change::Added => "was added",
        Change::Removed => "was removed",
        Change::Changed | Change::None => "changed",
    };
    if let Some(change) = changes.map.get(source) {
        return vec![format!("{source} {}", word(change))];
    }
    let mut reasons: Vec<String> = changes
        .map
        .iter()
        .take(3)
        .map(|(key, change)| format!("{key} {}", word(change)))
        .collect();
    if changes.map.len() > 3 {
        reasons.push(format!("and {} more", changes.map.len() - 3));
    }
    if reasons.is_empty() {
        let reason = if new {
            "it was not there"
        } else {
            "it was not as it should be"
        };
        reasons.push(reason.into());
    }
    reasons
}

/// Milliseconds by phase.
struct Stopwatch<'a> {
    builder: &'a Builder,
    last: i64,
    laps: BTreeMap<String, u64>,
}

impl<'a> Stopwatch<'a> {
    fn start(builder: &'a Builder) -> Self {
        let last = builder.host.now().as_millisecond();
        Self {
            builder,
            last,
            laps: BTreeMap::new(),
        }
    }

    fn lap(&mut self, name: &str) {
        let now = self.builder.host.now().as_millisecond();
        self.laps
            .insert(name.to_owned(), (now - self.last).max(0) as u64);
        self.last = now;
    }
}

/// Request counters as they stood when a build began.
struct Counted {
    work: [u64; 8],
    state: [u64; 8],
}

impl Counted {
    fn now(builder: &Builder) -> Self {
        Self {
            work: builder.counts.snapshot(),
            state: builder.state_counts.snapshot(),
        }
    }

    fn fill(&self, builder: &Builder, report: &mut Report) {
        let now = Self::now(builder);
        let of = |index: usize| {
            now.work[index] - self.work[index] + now.state[index] - self.state[index]
        };
        report.requests.get = of(0);
        report.requests.head = of(1);
        report.requests.put = of(2);
        report.requests.delete = of(3);
        report.requests.list = of(4);
        report.requests.invalidation = of(5);
        report.bytes.read = of(6);
        report.bytes.out = of(7);
        report.bytes.state_in = now.state[6] - self.state[6];
        report.bytes.state_out = now.state[7] - self.state[7];
    }
}
