//! One run: see the module page for its steps.

use super::attempts::Trial;
use super::evaluate::Time;
use super::hold;
use super::measure::{Counted, Stopwatch};
use super::observe::Changes;
use super::publication::{Done, Publication};
use super::reconcile::Refreshed;
use super::relook;
use super::root::{Loaded, Outbox, Root};
use super::rounds::{self, Rounds};
use super::session::Session;
use super::state::State;
use super::store::{Attributes, Condition};
use super::transfer::{self, Outcome, Put, WAVES};
use super::{BuildError, Builder, Step};
use futures::future::{FutureExt, try_join};
use futures::stream::{StreamExt, TryStreamExt, iter};
use jiff::Timestamp;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::SourceKey;
use quillfront_site::library::schedule::{NextDue, due_between};
use quillfront_site::report::{Kind, Report};
use std::collections::{BTreeMap, BTreeSet};
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
    /// Publish what has become due.
    Due,
}

/// Those sources that nothing is published of. What is due exactly now may have been published when
/// it became due, and is not to be taken down while others are tried.
fn unpublished(mut sources: Vec<SourceKey>, state: &State) -> Vec<SourceKey> {
    if !sources.is_empty() {
        let published = state.outputs.values().map(|output| &output.source);
        let published: BTreeSet<&SourceKey> = published.collect();
        sources.retain(|key| !published.contains(key));
    }
    sources
}

/// Plans that were made in vain because somebody else committed first.
const MAX_PLANS: usize = 8;
/// Times that a put is tried over something unexpected.
const MAX_SURPRISES: usize = 4;
/// Where the last report is.
pub const REPORT_KEY: &str = "report.json";

impl Builder {
    /// Does the work, then what others have left as hints meanwhile. One report for each build.
    ///
    /// # Errors
    /// Infrastructure that failed; the work is then to be tried again. An author's mistakes are in
    /// the reports.
    pub async fn run(&self, work: Work) -> Result<Vec<Report>, BuildError> {
        let mut reports = vec![self.build(&work).await?];
        // Once: what is still due after that cannot be published now.
        let mut moved = work == Work::Due;
        let mut rounds = Rounds::default();
        loop {
            if self.is_late() {
                return Ok(reports);
            }
            let root = Loaded::read(&self.state).await?.root;
            let Some(root) = root.filter(|root| root.lease.is_none()) else {
                return Ok(reports);
            };
            let is_due = root
                .next_due
                .as_ref()
                .is_some_and(|next| next.at <= self.clock());
            let work = match (root.hints.is_empty(), is_due && !moved) {
                _ if reports.last().is_some_and(|report| report.deferred) => return Ok(reports),
                (false, _) => Work::Keys(BTreeSet::new()),
                // Uploaded when its time had come already.
                (true, true) => Work::Due,
                (true, false) => return Ok(reports),
            };
            let too_many = rounds.begin(&root);
            if !too_many.is_empty() {
                let told = too_many.into_iter().map(rounds::told).collect();
                self.tell_last(&mut reports, told).await?;
                return Ok(reports);
            }
            moved |= work == Work::Due;
            reports.push(self.build(&work).await?);
        }
    }

    /// Adds to the last report of a run.
    async fn tell_last(
        &self,
        reports: &mut [Report],
        told: Vec<Diagnostic>,
    ) -> Result<(), BuildError> {
        let Some(last) = reports.last_mut() else {
            return Ok(());
        };
        last.diagnostics.extend(told);
        match last.kind {
            Kind::None => Ok(()),
            _ => self.write_report(last).await,
        }
    }

    async fn build(&self, work: &Work) -> Result<Report, BuildError> {
        let outcome = Box::pin(self.build_noted(work)).await;
        Box::pin(self.end_attempt(&outcome)).await;
        outcome
    }

    async fn build_noted(&self, work: &Work) -> Result<Report, BuildError> {
        let started = self.host.now();
        let before = Counted::now(self);
        let mut more = BTreeSet::new();
        for _ in 0..MAX_PLANS {
            // On the heap: the future of a whole run is large.
            if let Some(mut report) = Box::pin(self.attempt(work, &mut more)).await? {
                // Its requests are in the report, and the report is there whatever becomes of it.
                let swept = if *work == Work::Reconcile && !report.deferred {
                    Box::pin(self.sweep()).await
                } else {
                    Ok(())
                };
                before.fill(self, &mut report);
                let total = self.host.now().as_millisecond() - started.as_millisecond();
                report.ms.insert("total".into(), total.max(0) as u64);
                if report.kind != Kind::None {
                    self.write_report(&report).await?;
                }
                swept?;
                if let Some(why) = report.invalidations.owed {
                    return Err(BuildError::Invalidation(why));
                }
                return Ok(report);
            }
        }
        Err(BuildError::LostRace)
    }

    /// Plans and publishes once; none if somebody else was faster: a builder that committed, or an
    /// author who wrote a file between the look at the sources and the render that read it. `more` are
    /// the files of which the latter is known: they are looked at too.
    async fn attempt(
        &self,
        work: &Work,
        more: &mut BTreeSet<SourceKey>,
    ) -> Result<Option<Report>, BuildError> {
        let mut loaded = Loaded::read(&self.state).await?;
        let today = self.today();
        let mut root = loaded
            .root
            .clone()
            .unwrap_or_else(|| Root::new(today.now.to_string()));
        if self.is_late() {
            return self.leave(work, loaded, &root).await;
        }
        if let Some(lease) = &root.lease {
            if let Some(left) = self.lease_left(lease) {
                return self.defer(work, loaded, left).await;
            }
            Box::pin(self.recover(loaded, &root)).await?;
            return Ok(None);
        }
        let deletes = |outbox: &Outbox| !outbox.deletions.is_empty();
        if root.outbox.as_ref().is_some_and(deletes) {
            Box::pin(self.recover(loaded, &root)).await?;
            return Ok(None);
        }

        let mut clock = Stopwatch::start(self);
        let mut state = self.state(&root).await?;
        let (mut strange, mut foreign) = (BTreeSet::new(), Vec::new());
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
            Work::Due => {}
            Work::Reconcile => {
                keys.extend(self.compare_sources(&state.sources).await?);
                // A held file may have been put back and the event of it lost.
                let held = root.held.iter().flat_map(|held| &held.keys);
                keys.extend(held.map(|key| SourceKey::from(key.as_str())));
                (strange, foreign) = self.compare_site(&mut state, &root).await?;
            }
        }
        keys.extend(more.iter().cloned());
        let may_move = matches!(work, Work::Reconcile | Work::Due);
        let is_due = |next: &&NextDue| next.at <= today.up_to;
        let due = root.next_due.clone();
        let due = due.as_ref().filter(is_due).filter(|_| may_move);
        let root_now = root.now.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let due_sources = match due {
            Some(_) => due_between(&state.sources, root_now, today.up_to),
            None => Vec::new(),
        };
        let due_sources = unpublished(due_sources, &state);
        let mut trial = self.trial(&mut root, work, keys, due_sources);
        let mut taken: BTreeMap<String, u64> = root.hints.clone();
        taken.retain(|key, _| !trial.left.contains(key.as_str()));
        (self.progress)(Step::Reading(trial.keys.len()));
        let seen = self.look_marked(&mut trial, &mut loaded, &mut root, &state.sources);
        let Some(seen) = Box::pin(seen).await? else {
            return Ok(None);
        };
        let others = self.other_parts(&trial, &root, &state).await?;
        clock.lap("read");

        let mut next = root.clone();
        next.settings = self.settings_name();
        let time = if may_move {
            today
        } else {
            Time {
                now: root_now,
                up_to: today.up_to.max(root_now),
            }
        };
        let same_time =
            !may_move || ((today.now..=today.up_to).contains(&root_now) && due.is_none());
        let mut sources = (*state.sources).clone();
        let changes = Changes::apply(&mut sources, seen.clone());
        let mut refreshed = Refreshed::default();
        if *work == Work::Reconcile {
            refreshed = self.refresh_answers(&mut state, &sources).await?;
            refreshed.warnings.extend(foreign);
            clock.lap("fetch");
        }
        let same_engine = root.engine == env!("CARGO_PKG_VERSION");
        let same_site = same_engine && next.settings == root.settings && same_time;
        let all_known = state
            .outputs
            .values()
            .all(|output| output.fingerprint.is_some());
        // A held file that was put back as it was is no change, but ends the hold.
        let looked_at = |key: &String| trial.keys.contains(key.as_str());
        let same_hold = !root.held.iter().flat_map(|held| &held.keys).any(looked_at);
        let is_new = !changes.map.is_empty()
            || !strange.is_empty()
            || refreshed.changed
            || !same_hold
            || !same_site
            || root.unfinished
            || *work == Work::Approve;
        if !is_new && all_known {
            return Box::pin(self.nothing(work, loaded, &trial, &taken, refreshed)).await;
        }
        let draft = self.draft(
            work, &mut state, &root, sources, changes, &seen, time, &others,
        );
        let draft = Box::pin(draft).await?;
        if !draft.misread.is_empty() {
            more.extend(draft.misread);
            return Ok(None);
        }
        next.now = time.now.to_string();
        if let Ok(tree) = &draft.outcome {
            next.now = tree.now.to_string();
            next.next_due.clone_from(&tree.next_due);
        }
        clock.lap("render");

        let approved = *work == Work::Approve;
        let withheld = draft.withheld(&root, &others);
        let mut publication = Publication::of(&state, &draft, &withheld, &self.site, approved);
        if !trial.left.is_empty() {
            // What was found and belongs to nobody may belong to what is left for later; so does what
            // a run put that had no time to take its source in.
            let is_of_later = |source: &SourceKey| {
                let is_known = draft.sources.get(source.as_str()).is_some();
                source.as_str().is_empty() || (trial.left.contains(source) && !is_known)
            };
            let deletions = &mut publication.deletions;
            deletions.retain(|_, published| !is_of_later(&published.source));
        }
        // What was found under a key whose page cannot be rendered stays unknown: that alone is
        // nothing to commit.
        if !is_new && publication.is_empty() && next == root && draft.is_of(&state, &root) {
            return Box::pin(self.nothing(work, loaded, &trial, &taken, refreshed)).await;
        }
        let noted: Vec<String> = trial.keys.iter().map(ToString::to_string).collect();
        let base_hints = &taken;
        let session = Session::begin(self, loaded, &root, publication.intent(), |root| {
            trial.settle(root);
            // Noted before the first put, so that whoever takes over after a crash goes on. A hint
            // that came since is another's, and not settled by this run.
            let ours = |key: &&String| root.hints.get(*key) == base_hints.get(*key);
            let ours: Vec<String> = noted.iter().filter(ours).cloned().collect();
            root.add_hints(ours.iter().map(String::as_str));
        });
        let Some(mut session) = session.await? else {
            return Ok(None);
        };
        let settled = session
            .root()
            .map(|root| root.hints_numbered(root.newest_hint));
        let mut settled = settled.unwrap_or_default();
        for (key, number) in taken {
            settled.entry(key).or_insert(number);
        }

        // What is left as hints anyway need not be looked at.
        let view = if draft.part {
            relook::View::new()
        } else {
            relook::differing(&state.sources, &seen)
        };
        let until_ms = session.idle_until_ms();
        let again = Box::pin(self.look_again(&view, until_ms)).map(Ok);
        let done = Box::pin(self.put_all(&mut session, &publication));
        let (mut done, again) = try_join(done, again).await?;
        done.again = again;
        clock.lap("put");
        let settled_puts = done.put.len() + done.moved.len() + done.hopeless.len();
        if settled_puts + done.lost.len() < publication.puts.len() {
            let because = "put before the time ran out";
            let stopped = self.stop(session, state, strange, done, because);
            let stopped = Box::pin(stopped).await?;
            return Ok(Some(Report {
                deferred: true,
                stopped: true,
                ..stopped
            }));
        }
        if draft.part {
            let because = "the own page of what changed goes first";
            let part = self.stop(session, state, strange, done, because);
            let part = Box::pin(part).await?;
            return Ok(Some(Report {
                ms: clock.laps,
                ..part
            }));
        }
        publication.without_lost(&done);
        next.tried = others.and(hold::published(&state), draft.deletes);
        let committed = self.commit(
            session,
            state,
            &draft,
            strange,
            &publication,
            done.clone(),
            &next,
            &settled,
        );
        let committed = Box::pin(committed).await?;
        clock.lap("commit");
        let mut report = publication.report(&draft, &done);
        committed.tell(&mut report);
        report.diagnostics.extend(refreshed.warnings);
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

    /// Nothing that a build would notice: what was left to do is done, or the hints are settled.
    async fn nothing(
        &self,
        work: &Work,
        mut loaded: Loaded,
        trial: &Trial,
        taken: &BTreeMap<String, u64>,
        refreshed: Refreshed,
    ) -> Result<Option<Report>, BuildError> {
        let today = || Root::new(self.today().now.to_string());
        let root = loaded.root.clone().unwrap_or_else(today);
        let expired = !root.expired(self.host.now().as_millisecond()).is_empty();
        if root.outbox.is_some() || (expired && *work == Work::Reconcile) {
            // An invalidation that CloudFront did not take before, or pictures of before.
            Box::pin(self.recover(loaded, &root)).await?;
            return Ok(None);
        }
        (self.progress)(Step::Putting(0, 0));
        let mut settled = root.clone();
        settled.settle_hints(taken);
        trial.settle(&mut settled);
        settled.end_parts();
        if settled != root
            && !loaded
                .write(&self.state, settled, self.host.new_id())
                .await?
        {
            return Ok(None);
        }
        Ok(Some(Report {
            diagnostics: refreshed.warnings,
            ..root.report()
        }))
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
            for chunk in list.chunks(self.options.parallel) {
                if self.is_late() {
                    return Ok(done);
                }
                let mut left: Vec<Put> = chunk.iter().map(|put| (*put).clone()).collect();
                for surprise in 0..MAX_SURPRISES {
                    session.keep().await?;
                    let until_ms = session.begin_until_ms();
                    let may_begin = || self.host.now().as_millisecond() < until_ms;
                    let puts = left.drain(..).map(|put| async move {
                        let put_it = transfer::put(&self.site, &self.source, &put, may_begin);
                        let outcome = put_it.await?;
                        Ok::<_, BuildError>((put, outcome))
                    });
                    let outcomes: Vec<(Put, Outcome)> = iter(puts)
                        .buffer_unordered(self.options.parallel)
                        .try_collect()
                        .await?;
                    for (mut put, outcome) in outcomes {
                        match outcome {
                            Outcome::Put(published) => drop(done.put.insert(put.key, published)),
                            Outcome::SourceMoved(current) => {
                                let current = current.map(|there| (put.key.clone(), there));
                                done.put.extend(current);
                                done.moved.insert(put.key, put.source);
                            }
                            Outcome::Unexpected(etag) => {
                                put.before = etag;
                                left.push(put);
                            }
                            Outcome::LastGoodGone => drop(done.lost.insert(put.key)),
                            Outcome::Hopeless(why) => drop(done.hopeless.insert(put.key, why)),
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
        (self.progress)(Step::Putting(total, total));
        Ok(done)
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

    /// The time by the clock, or the one that was given.
    fn clock(&self) -> Timestamp {
        self.options.now.unwrap_or_else(|| self.host.now())
    }

    /// The day that it is, and all that is due by now.
    pub(super) fn today(&self) -> Time {
        let up_to = self.clock();
        if self.options.now.is_some() {
            return Time { now: up_to, up_to };
        }
        let day = 24 * 60 * 60;
        let start = up_to.as_second().div_euclid(day) * day;
        let now = Timestamp::from_second(start).unwrap_or(Timestamp::UNIX_EPOCH);
        Time { now, up_to }
    }

    pub(super) fn settings_name(&self) -> String {
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
