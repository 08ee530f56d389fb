//! A mark before rendering, so that what ends the process once does not end it for ever.
//!
//! Bounds keep what an author uploads from exhausting a builder. This is for what nobody has thought
//! of: an overflowing stack, memory that runs out, a render that lasts longer than a Lambda function
//! may. Nothing runs afterwards that could tell of it, so it has to be written before.
//!
//! An *attempt* notes in the root which keys it is about, and takes the note back when it has the
//! lease (with the same write), has found nothing to do, or fails in an orderly way. A note whose time
//! is over is of an attempt that died. Its keys are *suspects* then:
//!
//! * after two deaths they are tried apart from all others, in parts ([`parts`](super::parts)); what
//!   comes through is published, and is a suspect no longer;
//! * what has ended two attempts all alone is *set aside*: this version of it counts as broken
//!   (`Sources`), so that the last good one stays in use, and its author is told. It is looked at again
//!   when it has other bytes, after `approve`, and by another version of Quillfront.
//!
//! A builder that has come through a run notes nothing any more, unless there are suspects: whatever
//! kills it, a new process comes next. So a note costs one write in the first run of a process, and
//! nothing in later ones. It is one more field of the root, since every attempt reads that anyway.

use super::root::{Loaded, Root};
use super::run::Work;
use super::{BuildError, Builder};
use quillfront_render::effective::{Observed, Until};
use quillfront_render::locks::Unpoisoned;
use quillfront_site::key::SourceKey;
use quillfront_site::report::Report;
use quillfront_site::source::Sources;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

/// What has ended so many attempts alone is set aside. One may have been the operator.
const DEATHS_ALONE: u32 = 2;
/// No attempt is under way for longer, where it is not known when its process ends: what a Lambda
/// function has.
const LONGEST_MS: i64 = 15 * 60 * 1_000;
/// Conditional writes that fail because others write the root are tried this often.
const MAX_TRIES: usize = 50;

/// An attempt that has not said how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The source keys that it looks at.
    pub keys: BTreeSet<String>,
    /// Where it is one: which version, empty where the file is gone. None where there are several.
    pub version: Option<String>,
    /// It is under way no longer than this, in milliseconds of Unix time.
    pub until_ms: i64,
}

/// A key that attempts have died with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    /// How many.
    pub deaths: u32,
    /// How many that were about nothing else, with this version of it.
    pub alone: u32,
    /// Which one that was.
    pub version: Option<String>,
}

impl Root {
    /// The ids of the attempts that have died, as far as this one can tell.
    fn dead(&self, own: &str, now_ms: i64) -> BTreeSet<String> {
        let is_dead =
            |(id, attempt): &(&String, &Attempt)| id.as_str() != own && attempt.until_ms <= now_ms;
        let dead = self.attempts.iter().filter(is_dead);
        dead.map(|(id, _)| id.clone()).collect()
    }

    /// Counts the deaths of these attempts.
    fn bury(&mut self, dead: &BTreeSet<String>) {
        for id in dead {
            if let Some(attempt) = self.attempts.remove(id) {
                self.count_death(&attempt);
            }
        }
    }

    fn count_death(&mut self, attempt: &Attempt) {
        for key in &attempt.keys {
            let suspect = self.suspects.entry(key.clone()).or_default();
            suspect.deaths += 1;
            let Some(version) = &attempt.version else {
                continue;
            };
            if suspect.version.as_ref() != Some(version) {
                suspect.version = Some(version.clone());
                suspect.alone = 0;
            }
            suspect.alone += 1;
            if suspect.alone >= DEATHS_ALONE {
                self.suspects.remove(key);
                self.set_aside.insert(key.clone(), version.clone());
            }
        }
    }

    fn add_missing_hints<'a>(&mut self, keys: impl Iterator<Item = &'a str>) {
        let missing: Vec<&str> = keys.filter(|key| !self.hints.contains_key(*key)).collect();
        if !missing.is_empty() {
            self.add_hints(missing);
        }
    }
}

/// What an attempt is about.
pub(super) struct Trial {
    /// The keys to be looked at.
    pub(super) keys: BTreeSet<SourceKey>,
    /// Suspects that are left for a later attempt.
    pub(super) left: BTreeSet<SourceKey>,
    /// The attempt's own name.
    id: String,
    /// Attempts that died before this one.
    dead: BTreeSet<String>,
    /// What is set aside no longer.
    lifted: BTreeSet<String>,
    /// True where a note is to be left.
    is_wary: bool,
    /// What is published for the first time without another version of it.
    due: BTreeSet<SourceKey>,
}

impl Trial {
    /// Takes back what was noted, and counts the deaths of others. The keys have come through, in
    /// whatever attempt they are.
    pub(super) fn settle(&self, root: &mut Root) {
        root.bury(&self.dead);
        root.attempts.remove(&self.id);
        for key in &self.keys {
            root.suspects.remove(key.as_str());
        }
        let keys = &self.keys;
        root.attempts.retain(|_, attempt| {
            attempt.keys.retain(|key| !keys.contains(key.as_str()));
            !attempt.keys.is_empty()
        });
        root.set_aside.retain(|key, _| !self.lifted.contains(key));
        root.add_missing_hints(self.left.iter().map(SourceKey::as_str));
    }

    /// What was seen, without what is set aside. What has another version by now is so no longer.
    fn without_set_aside(
        &mut self,
        root: &mut Root,
        known: &Sources,
        seen: Vec<(SourceKey, Observed)>,
    ) -> Vec<(SourceKey, Observed)> {
        // What is due and left for later is not to be published with what is due now.
        let left = self.due.intersection(&self.left);
        let left = left.filter_map(|key| Some((key, known.get(key.as_str())?)));
        let left = left.map(|(key, source)| {
            let (version, size) = (source.version.to_string(), source.size);
            (
                key.clone(),
                Observed::Opaque { version, size }.set_aside(Until::OthersAreTried),
            )
        });
        let left: Vec<_> = left.collect();
        let put_aside = |(key, observed): (SourceKey, Observed)| {
            let Some(version) = root.set_aside.get(key.as_str()) else {
                return (key, observed);
            };
            if observed.version().unwrap_or_default() != version {
                self.lifted.insert(key.to_string());
                root.set_aside.remove(key.as_str());
                return (key, observed);
            }
            let set_aside = observed.set_aside(Until::Changed);
            (key, set_aside)
        };
        seen.into_iter().map(put_aside).chain(left).collect()
    }
}

impl Builder {
    /// What an attempt is about that was asked to look at `keys`. The deaths of others are counted in
    /// `root`.
    pub(super) fn trial(
        &self,
        root: &mut Root,
        work: &Work,
        mut keys: BTreeSet<SourceKey>,
        due: Vec<SourceKey>,
    ) -> Trial {
        let id = self.attempt_id.clone();
        let dead = root.dead(&id, self.host.now().as_millisecond());
        let unsettled = root.attempts.iter();
        let unsettled = unsettled.filter(|(other, _)| dead.contains(*other) || **other == id);
        let unsettled = unsettled.flat_map(|(_, attempt)| &attempt.keys);
        keys.extend(unsettled.map(|key| key.as_str().into()));
        keys.extend(due.iter().cloned());
        root.bury(&dead);
        let mut lifted = BTreeSet::new();
        if *work == Work::Approve || root.engine != env!("CARGO_PKG_VERSION") {
            lifted.extend(std::mem::take(&mut root.set_aside).into_keys());
            keys.extend(lifted.iter().map(|key| key.as_str().into()));
        }
        let (keys, left) = root.part(keys);
        let is_wary = !self.has_come_through.load(Ordering::Relaxed) || !root.suspects.is_empty();
        Trial {
            keys,
            left,
            id,
            dead,
            lifted,
            is_wary,
            due: due.into_iter().collect(),
        }
    }

    /// Looks at the keys of a trial, and notes them where that is called for: of one key, which
    /// version it has; of several, while they are read. None where somebody else was faster.
    pub(super) async fn look_marked(
        &self,
        trial: &mut Trial,
        loaded: &mut Loaded,
        root: &mut Root,
        known: &Sources,
    ) -> Result<Option<Vec<(SourceKey, Observed)>>, BuildError> {
        let look = super::observe::look(&self.source, &trial.keys, self.options.parallel);
        let mut attempt = Attempt {
            keys: trial.keys.iter().map(ToString::to_string).collect(),
            version: None,
            until_ms: self.ends_ms(),
        };
        let is_alone = trial.keys.len() == 1;
        if !is_alone {
            *self.attempt_lock() = Some(attempt.clone());
            if !trial.is_wary || trial.keys.is_empty() {
                let seen = look.await?;
                return Ok(Some(trial.without_set_aside(root, known, seen)));
            }
            let mark = Box::pin(self.mark(trial, loaded, root, &attempt));
            let look = Box::pin(async { look.await.map_err(BuildError::from) });
            let (seen, is_first) = futures::future::try_join(look, mark).await?;
            return Ok(is_first.then(|| trial.without_set_aside(root, known, seen)));
        }
        let seen = look.await?;
        let seen = trial.without_set_aside(root, known, seen);
        let version = seen
            .first()
            .map_or("", |(_, seen)| seen.version().unwrap_or_default());
        attempt.version = Some(version.to_owned());
        *self.attempt_lock() = Some(attempt.clone());
        let is_new = |(key, seen): &(SourceKey, Observed)| {
            let known = known.get(key.as_str());
            let is_same = match (known, seen.version()) {
                (Some(known), Some(seen)) => known.version == seen && known.problems.is_empty(),
                (known, seen) => known.is_none() && seen.is_none(),
            };
            !seen.is_set_aside() && (!is_same || trial.due.contains(key))
        };
        if trial.is_wary
            && seen.iter().any(is_new)
            && !Box::pin(self.mark(trial, loaded, root, &attempt)).await?
        {
            return Ok(None);
        }
        Ok(Some(seen))
    }

    /// Notes an attempt. False where somebody else has committed or taken the lease.
    async fn mark(
        &self,
        trial: &Trial,
        loaded: &mut Loaded,
        base: &Root,
        attempt: &Attempt,
    ) -> Result<bool, BuildError> {
        for _ in 0..MAX_TRIES {
            let mut root = loaded.root.clone().unwrap_or_else(|| base.clone());
            let is_same = root.commit == base.commit && root.segments == base.segments;
            if !is_same || root.lease.is_some() {
                return Ok(false);
            }
            root.bury(&trial.dead);
            root.attempts.insert(trial.id.clone(), attempt.clone());
            root.add_missing_hints(trial.left.iter().map(SourceKey::as_str));
            self.is_marked.store(true, Ordering::Relaxed);
            self.is_mark_under_way.store(true, Ordering::Relaxed);
            let is_written = loaded.write(&self.state, root, self.host.new_id()).await?;
            self.is_mark_under_way.store(false, Ordering::Relaxed);
            if is_written {
                return Ok(true);
            }
        }
        Err(BuildError::LostRace)
    }

    /// How a run ended is said: in good order, which takes back what it has noted, or, where a render
    /// panicked, as a death like any other. What it was about stays as hints.
    pub(super) async fn end_attempt(&self, outcome: &Result<Report, BuildError>) {
        let panicked = matches!(outcome, Err(BuildError::Rendering(_)));
        let attempt = self.attempt_lock().take();
        match outcome {
            Ok(report) => {
                self.is_marked.store(false, Ordering::Relaxed);
                if !report.deferred {
                    self.has_come_through.store(true, Ordering::Relaxed);
                }
                return;
            }
            Err(_) if !panicked && !self.is_marked.load(Ordering::Relaxed) => return,
            Err(_) => {}
        }
        // Where this fails too, the run's own error is what is told, and the note is taken back by
        // this process's next attempt, or counts as a death once its time is over.
        if let Some(attempt) = attempt
            && Box::pin(self.take_back(&attempt, panicked)).await.is_ok()
        {
            self.is_marked.store(false, Ordering::Relaxed);
        }
    }

    /// For whoever has dropped the future of a run and is about to end the process: takes back what was
    /// noted, since only what ends without a word counts as a death. What the run was about stays as
    /// hints.
    ///
    /// # Errors
    /// Storage failed, so that the note counts as a death once its time is over.
    pub async fn abandon(&self) -> Result<(), BuildError> {
        let attempt = self.attempt_lock().take();
        if !self.is_marked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let attempt = attempt.unwrap_or_default();
        Box::pin(self.take_back(&attempt, false)).await?;
        self.is_marked.store(false, Ordering::Relaxed);
        Ok(())
    }

    async fn take_back(&self, attempt: &Attempt, died: bool) -> Result<(), BuildError> {
        for _ in 0..MAX_TRIES {
            let mut loaded = Loaded::read(&self.state).await?;
            let new = || Root::new(self.today().now.to_string());
            let mut root = loaded.root.clone().unwrap_or_else(new);
            let noted = root.attempts.remove(&self.attempt_id);
            // A note that was not answered may still be written, unless the root is another by then.
            let may_come = self.is_mark_under_way.load(Ordering::Relaxed) && root.lease.is_none();
            if noted.is_none() && !died && !may_come {
                return Ok(());
            }
            if died {
                root.count_death(attempt);
            }
            let keys = noted
                .iter()
                .chain([attempt])
                .flat_map(|attempt| &attempt.keys);
            let keys: BTreeSet<&str> = keys.map(String::as_str).collect();
            root.add_missing_hints(keys.into_iter());
            if loaded.write(&self.state, root, self.host.new_id()).await? {
                self.is_mark_under_way.store(false, Ordering::Relaxed);
                return Ok(());
            }
        }
        Err(BuildError::LostRace)
    }

    /// When this process ends at the latest, in milliseconds of Unix time.
    fn ends_ms(&self) -> i64 {
        let now_ms = self.host.now().as_millisecond();
        self.ends_ms
            .load(Ordering::Relaxed)
            .min(now_ms + LONGEST_MS)
    }

    fn attempt_lock(&self) -> std::sync::MutexGuard<'_, Option<Attempt>> {
        // It is replaced whole.
        self.attempt.lock().unpoisoned()
    }
}

/// What keys are set aside, and which version of them: empty where it is that the file is gone.
pub type SetAside = BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Root {
        Root::new("2026-01-01T00:00:00Z".to_owned())
    }

    fn keys(names: impl IntoIterator<Item = impl ToString>) -> BTreeSet<SourceKey> {
        let names = names.into_iter();
        names.map(|name| name.to_string().into()).collect()
    }

    /// Attempts of processes that die whenever `kills` is among their keys. How many die and how many
    /// there are until nothing is left.
    fn tell_apart(count: usize, kills: usize) -> (usize, usize, Root) {
        let mut root = root();
        let name = |number: usize| format!("content/{number:05}.md");
        let mut left = keys((0..count).map(name));
        let (mut deaths, mut attempts) = (0, 0);
        while !left.is_empty() {
            let (now, later) = root.part(left.clone());
            attempts += 1;
            assert!(!now.is_empty() && now.is_disjoint(&later));
            let is_aside = root.set_aside.contains_key(&name(kills));
            if now.contains(name(kills).as_str()) && !is_aside {
                deaths += 1;
                let version = (now.len() == 1).then(|| "v".to_owned());
                let keys = now.iter().map(ToString::to_string).collect();
                root.count_death(&Attempt {
                    keys,
                    version,
                    until_ms: 0,
                });
                continue;
            }
            for key in &now {
                root.suspects.remove(key.as_str());
            }
            left = later;
        }
        (deaths, attempts, root)
    }

    #[test]
    fn the_one_that_kills_is_found_among_any_number() {
        for (count, most_deaths, most_attempts) in [
            (1, 2, 3),
            (2, 4, 6),
            (16, 5, 24),
            (500, 10, 40),
            (10_000, 15, 50),
        ] {
            for kills in [0, count / 3, count - 1] {
                let (deaths, attempts, root) = tell_apart(count, kills);
                let story = format!("{count}, {kills}: {deaths} deaths, {attempts} attempts");
                assert!(
                    deaths <= most_deaths && attempts <= most_attempts,
                    "{story}"
                );
                assert_eq!(root.set_aside.len(), 1, "{story}");
                assert!(root.suspects.is_empty(), "{story}");
            }
        }
    }

    #[test]
    fn another_version_is_no_suspect_of_what_the_last_one_did() {
        let mut root = root();
        let died = |version: &str| Attempt {
            keys: BTreeSet::from(["a.md".to_owned()]),
            version: Some(version.to_owned()),
            until_ms: 0,
        };
        for version in ["1", "2", "1"] {
            root.count_death(&died(version));
            assert!(root.set_aside.is_empty());
        }
        root.count_death(&died("1"));
        assert_eq!(root.set_aside["a.md"], "1");
    }

    #[test]
    fn only_what_has_not_ended_in_time_is_dead() {
        let mut root = root();
        for (id, until_ms) in [("over", 10), ("own", 10), ("under way", 11)] {
            let keys = BTreeSet::from(["a.md".to_owned(), id.to_owned()]);
            let attempt = Attempt {
                keys,
                version: None,
                until_ms,
            };
            root.attempts.insert(id.to_owned(), attempt);
        }
        let dead = root.dead("own", 10);
        assert_eq!(dead, BTreeSet::from(["over".to_owned()]));
        root.bury(&dead);
        assert_eq!(root.suspects["a.md"].deaths, 1);
        assert_eq!(root.attempts.len(), 2);
        // What comes through is nobody's suspect any more.
        let trial = Trial {
            keys: keys(["a.md", "own"]),
            left: keys(["over"]),
            id: "own".to_owned(),
            dead,
            lifted: BTreeSet::new(),
            is_wary: true,
            due: BTreeSet::new(),
        };
        trial.settle(&mut root);
        assert_eq!(root.attempts.len(), 1);
        let rest = &root.attempts["under way"].keys;
        assert_eq!(*rest, BTreeSet::from(["under way".to_owned()]));
        let suspects: Vec<&String> = root.suspects.keys().collect();
        assert_eq!(suspects, ["over"]);
        assert!(root.hints.contains_key("over") && !root.hints.contains_key("a.md"));
    }
}
