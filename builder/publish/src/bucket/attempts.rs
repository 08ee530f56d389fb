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

use super::BuildError;
use super::context::Context;
use super::root::{LoadedRoot, Root};
use quillfront_render::locks::Unpoisoned;
use quillfront_site::report::Report;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

/// What has ended so many attempts alone is set aside. One may have been the operator.
const DEATHS_ALONE: u32 = 2;
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

/// What keys are set aside, and which version of them: empty where it is that the file is gone.
pub type SetAside = BTreeMap<String, String>;

impl Root {
    /// The ids of the attempts that have died, as far as this one can tell.
    pub(super) fn dead(&self, own: &str, now_ms: i64) -> BTreeSet<String> {
        let is_dead =
            |(id, attempt): &(&String, &Attempt)| id.as_str() != own && attempt.until_ms <= now_ms;
        let dead = self.attempts.iter().filter(is_dead);
        dead.map(|(id, _)| id.clone()).collect()
    }

    /// Counts the deaths of these attempts.
    pub(super) fn bury(&mut self, dead: &BTreeSet<String>) {
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

    /// Takes back the note of an attempt, and leaves its keys as hints. False where there is none.
    pub(super) fn take_back(&mut self, id: &str) -> bool {
        let Some(attempt) = self.attempts.remove(id) else {
            return false;
        };
        self.add_missing_hints(attempt.keys.iter().map(String::as_str));
        true
    }

    pub(super) fn add_missing_hints<'a>(&mut self, keys: impl Iterator<Item = &'a str>) {
        let missing: Vec<&str> = keys.filter(|key| !self.hints.contains_key(*key)).collect();
        if !missing.is_empty() {
            self.add_hints(missing);
        }
    }
}

/// The attempts of one builder: what they are called, and what is known of the one under way.
pub(super) struct Attempts {
    id: String,
    /// The one that is under way.
    current: Mutex<Option<Attempt>>,
    /// True where the root may have a note of it.
    is_marked: AtomicBool,
    /// True where the write of a note was begun and not answered.
    is_mark_under_way: AtomicBool,
    /// True once a run has come to its end.
    has_come_through: AtomicBool,
}

impl Attempts {
    /// None was made yet.
    pub(super) fn of(context: &Context) -> Self {
        Self {
            id: format!("{}-{}", context.options.holder, context.host.new_id()),
            current: Mutex::default(),
            is_marked: AtomicBool::new(false),
            is_mark_under_way: AtomicBool::new(false),
            has_come_through: AtomicBool::new(false),
        }
    }

    /// What each of them is called in the root.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn has_come_through(&self) -> bool {
        self.has_come_through.load(Ordering::Relaxed)
    }

    /// An attempt is under way.
    pub(super) fn begin(&self, attempt: Attempt) {
        *self.lock() = Some(attempt);
    }

    /// The write of a note begins.
    pub(super) fn begin_mark(&self) {
        self.is_marked.store(true, Ordering::Relaxed);
        self.is_mark_under_way.store(true, Ordering::Relaxed);
    }

    /// The write of a note, or of a root without it, was answered.
    pub(super) fn end_mark(&self) {
        self.is_mark_under_way.store(false, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Attempt>> {
        // It is replaced whole.
        self.current.lock().unpoisoned()
    }
}

/// How a run ended is said: in good order, which takes back what it has noted, or, where a render
/// panicked, as a death like any other. What it was about stays as hints.
pub(super) async fn end_attempt(
    context: &Context,
    attempts: &Attempts,
    outcome: &Result<Report, BuildError>,
) {
    let panicked = matches!(outcome, Err(BuildError::Rendering(_)));
    let attempt = attempts.lock().take();
    match outcome {
        Ok(report) => {
            attempts.is_marked.store(false, Ordering::Relaxed);
            if !report.deferred {
                attempts.has_come_through.store(true, Ordering::Relaxed);
            }
            return;
        }
        Err(_) if !panicked && !attempts.is_marked.load(Ordering::Relaxed) => return,
        Err(_) => {}
    }
    // Where this fails too, the run's own error is what is told, and the note is taken back by
    // this process's next attempt, or counts as a death once its time is over.
    if let Some(attempt) = attempt
        && take_back(context, attempts, &attempt, panicked)
            .await
            .is_ok()
    {
        attempts.is_marked.store(false, Ordering::Relaxed);
    }
}

/// Takes back what was noted of a run whose future was dropped.
pub(super) async fn abandon(context: &Context, attempts: &Attempts) -> Result<(), BuildError> {
    let attempt = attempts.lock().take();
    if !attempts.is_marked.load(Ordering::Relaxed) {
        return Ok(());
    }
    let attempt = attempt.unwrap_or_default();
    take_back(context, attempts, &attempt, false).await?;
    attempts.is_marked.store(false, Ordering::Relaxed);
    Ok(())
}

async fn take_back(
    context: &Context,
    attempts: &Attempts,
    attempt: &Attempt,
    died: bool,
) -> Result<(), BuildError> {
    for _ in 0..MAX_TRIES {
        let mut loaded = LoadedRoot::read(&context.state).await?;
        let new = || Root::new(context.today().now.to_string());
        let mut root = loaded.root.clone().unwrap_or_else(new);
        let is_noted = root.take_back(&attempts.id);
        // A note that was not answered may still be written, unless the root is another by then.
        let may_come = attempts.is_mark_under_way.load(Ordering::Relaxed) && root.lease.is_none();
        if !is_noted && !died && !may_come {
            return Ok(());
        }
        if died {
            root.count_death(attempt);
        }
        root.add_missing_hints(attempt.keys.iter().map(String::as_str));
        if loaded
            .write(&context.state, root, context.host.new_id())
            .await?
        {
            attempts.end_mark();
            return Ok(());
        }
    }
    Err(BuildError::LostRace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::trial::Trial;
    use quillfront_site::key::SourceKey;

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
