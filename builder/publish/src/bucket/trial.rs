//! What an attempt is about, and the note that it leaves of that ([`attempts`](super::attempts) says
//! what it is for).

use super::BuildError;
use super::attempts::{Attempt, Attempts};
use super::context::Context;
use super::observe::{self, Claim};
use super::root::{LoadedRoot, Root};
use super::run::Work;
use futures::future::{TryFutureExt, try_join};
use quillfront_render::ENGINE;
use quillfront_render::effective::{SourceObservation, Until};
use quillfront_site::key::SourceKey;
use quillfront_site::source::Sources;
use std::collections::BTreeSet;

/// No attempt is under way for longer, where it is not known when its process ends: what a Lambda
/// function has.
const LONGEST_MS: i64 = 15 * 60 * 1_000;
/// Conditional writes that fail because others write the root are tried this often.
const MAX_TRIES: usize = 50;

/// What an attempt is about.
pub(super) struct Trial {
    /// The keys to be looked at.
    pub(super) keys: BTreeSet<SourceKey>,
    /// Suspects that are left for a later attempt.
    pub(super) left: BTreeSet<SourceKey>,
    /// The attempt's own name.
    pub(super) id: String,
    /// Attempts that died before this one.
    pub(super) dead: BTreeSet<String>,
    /// What is set aside no longer.
    pub(super) lifted: BTreeSet<String>,
    /// True where a note is to be left.
    pub(super) is_wary: bool,
    /// What is published for the first time without another version of it.
    pub(super) due: BTreeSet<SourceKey>,
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
        seen: Vec<(SourceKey, SourceObservation)>,
    ) -> Vec<(SourceKey, SourceObservation)> {
        // What is due and left for later is not to be published with what is due now.
        let left = self.due.intersection(&self.left);
        let left = left.filter_map(|key| Some((key, known.get(key.as_str())?)));
        let left = left.map(|(key, source)| {
            let (version, size) = (source.version.to_string(), source.size);
            (
                key.clone(),
                SourceObservation::Opaque { version, size }.set_aside(Until::OthersAreTried),
            )
        });
        let left: Vec<_> = left.collect();
        let put_aside = |(key, observed): (SourceKey, SourceObservation)| {
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

/// What an attempt is about that was asked to look at `keys`. The deaths of others are counted in
/// `root`.
pub(super) fn trial(
    context: &Context,
    attempts: &Attempts,
    root: &mut Root,
    work: &Work,
    mut keys: BTreeSet<SourceKey>,
    due: Vec<SourceKey>,
) -> Trial {
    let id = attempts.id().to_owned();
    let dead = root.dead(&id, context.now_ms());
    let unsettled = root.attempts.iter();
    let unsettled = unsettled.filter(|(other, _)| dead.contains(*other) || **other == id);
    let unsettled = unsettled.flat_map(|(_, attempt)| &attempt.keys);
    keys.extend(unsettled.map(|key| key.as_str().into()));
    keys.extend(due.iter().cloned());
    root.bury(&dead);
    let mut lifted = BTreeSet::new();
    if *work == Work::Approve || root.engine != ENGINE {
        lifted.extend(std::mem::take(&mut root.set_aside).into_keys());
        keys.extend(lifted.iter().map(|key| key.as_str().into()));
    }
    let (keys, left) = root.part(keys);
    let is_wary = !attempts.has_come_through() || !root.suspects.is_empty();
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
    context: &Context,
    attempts: &Attempts,
    claim: &mut Claim,
    root: &mut Root,
    known: &Sources,
) -> Result<Option<Vec<(SourceKey, SourceObservation)>>, BuildError> {
    let Claim { loaded, trial, .. } = claim;
    let look = observe::look(&context.source, &trial.keys, context.options.parallel);
    let mut attempt = Attempt {
        keys: trial.keys.iter().map(ToString::to_string).collect(),
        version: None,
        until_ms: ends_ms(context),
    };
    let is_alone = trial.keys.len() == 1;
    if !is_alone {
        attempts.begin(attempt.clone());
        if !trial.is_wary || trial.keys.is_empty() {
            let seen = look.await?;
            return Ok(Some(trial.without_set_aside(root, known, seen)));
        }
        let mark = mark(context, attempts, trial, loaded, root, &attempt);
        let (seen, is_first) = try_join(look.map_err(BuildError::from), mark).await?;
        return Ok(is_first.then(|| trial.without_set_aside(root, known, seen)));
    }
    let seen = look.await?;
    let seen = trial.without_set_aside(root, known, seen);
    let version = seen
        .first()
        .map_or("", |(_, seen)| seen.version().unwrap_or_default());
    attempt.version = Some(version.to_owned());
    attempts.begin(attempt.clone());
    let is_new = |(key, seen): &(SourceKey, SourceObservation)| {
        let known = known.get(key.as_str());
        let is_same = match (known, seen.version()) {
            (Some(known), Some(seen)) => known.version == seen && known.problems.is_empty(),
            (known, seen) => known.is_none() && seen.is_none(),
        };
        !seen.is_set_aside() && (!is_same || trial.due.contains(key))
    };
    if trial.is_wary
        && seen.iter().any(is_new)
        && !mark(context, attempts, trial, loaded, root, &attempt).await?
    {
        return Ok(None);
    }
    Ok(Some(seen))
}

/// Notes an attempt. False where somebody else has committed or taken the lease.
async fn mark(
    context: &Context,
    attempts: &Attempts,
    trial: &Trial,
    loaded: &mut LoadedRoot,
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
        attempts.begin_mark();
        let is_written = loaded
            .write(&context.state, root, context.host.new_id())
            .await?;
        attempts.end_mark();
        if is_written {
            return Ok(true);
        }
    }
    Err(BuildError::LostRace)
}

/// When this process ends at the latest, in milliseconds of Unix time.
fn ends_ms(context: &Context) -> i64 {
    context
        .deadline
        .ends_ms()
        .min(context.now_ms() + LONGEST_MS)
}
