//! Reading the sources that hints name, and what else an attempt begins with. What is there counts, not
//! what an event said (invariant 2).

use super::BuildError;
use super::attempts::Attempts;
use super::context::{Context, Step};
use super::draft::Proposal;
use super::end::End;
use super::measure::Stopwatch;
use super::parts::other_parts;
use super::reconcile::{Comparison, RefreshResult, compare, refresh_answers};
use super::root::{LoadedRoot, Root};
use super::run::{Opening, Work};
use super::store::{Bucket, StoreError};
use super::time::Schedule;
use super::trial::{Trial, look_marked, trial};
use super::variants::drop_stale;
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_render::effective::{self, Change, SourceObservation};
use quillfront_render::render::world::Inputs;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{MAX_TEXT_BYTES, Role, SourceKey};
use quillfront_site::source::Sources;
use std::collections::{BTreeMap, BTreeSet};

/// Largest file that a template may read: 64 MB.
pub const MAX_INPUT_BYTES: u64 = 64 * 1024 * 1024;

/// What an attempt has observed, before it renders anything.
pub(super) struct Observation<'a> {
    pub(super) claim: Claim,
    pub(super) proposal: Proposal<'a>,
    /// Whether there is a reason to build: something was seen that is not as the last commit has it, or
    /// was asked for.
    pub(super) is_new: bool,
    /// What the author is told of the two buckets and of answers from URLs.
    pub(super) warnings: Vec<Diagnostic>,
    /// Started when the attempt began.
    pub(super) clock: Stopwatch<'a>,
}

/// What an attempt takes up, and the root to say so in.
pub(super) struct Claim {
    pub(super) loaded: LoadedRoot,
    pub(super) trial: Trial,
    /// The hints that it follows, with their numbers.
    pub(super) taken: BTreeMap<String, u64>,
    /// Up to when stored thumbnails have been compared with their originals, where that was done.
    pub(super) compared_ms: Option<i64>,
}

/// What an attempt leaves to the next one of the same build.
#[derive(Default)]
pub(super) struct CarryOver {
    /// Files that are looked at too: their authors were found to have written them between the look at the sources
    /// and the render that read them, or new pages name them.
    pub(super) more: BTreeSet<SourceKey>,
    /// True once stored thumbnails were removed that were wrong.
    pub(super) has_dropped: bool,
}

/// Looks at what the work and the hints name, and at what an attempt before this one left.
pub(super) async fn observe<'a>(
    context: &'a Context,
    attempts: &Attempts,
    opening: Opening,
    work: &'a Work,
    carried: &mut CarryOver,
) -> Result<Observation<'a>, End> {
    let mut clock = Stopwatch::start(context);
    let Opening {
        loaded,
        mut root,
        today,
    } = opening;
    let state = context.state_under(&root).await;
    let mut state = state.map_err(BuildError::from)?;
    let mut keys = asked_for(work, &root);
    let mut comparison = Comparison::default();
    if *work == Work::Reconcile {
        comparison = compare(context, &mut state, &root).await?;
        keys.append(&mut comparison.sources);
        let stale = std::mem::take(&mut comparison.variants.stale);
        // Once: what cannot be removed is found by the next reconcile.
        if !stale.is_empty() && !std::mem::replace(&mut carried.has_dropped, true) {
            drop_stale(context, loaded, &root, &state, stale).await?;
            return Err(End::Outdated);
        }
    }
    keys.extend(carried.more.iter().cloned());

    let schedule = Schedule::of(work, &root, &state, today);
    let trial = trial(context, attempts, &mut root, work, keys, schedule.due);
    let mut taken = root.hints.clone();
    taken.retain(|key, _| !trial.left.contains(key.as_str()));
    (context.progress)(Step::Reading(trial.keys.len()));
    let mut claim = Claim {
        loaded,
        trial,
        taken,
        compared_ms: comparison.variants.compared_ms,
    };
    let seen = look_marked(context, attempts, &mut claim, &mut root, &state.sources);
    let seen = seen.await?.ok_or(End::Outdated)?;
    let others = other_parts(context, &claim.trial, &root, &state).await?;
    clock.lap("read");

    let mut sources = (*state.sources).clone();
    let changes = Changes::apply(&mut sources, seen.clone());
    let mut refreshed = RefreshResult::default();
    if *work == Work::Reconcile {
        refreshed = refresh_answers(context, &mut state, &sources).await?;
        refreshed.warnings.extend(comparison.foreign);
        clock.lap("fetch");
    }
    let proposal = Proposal {
        work,
        root,
        state,
        strange: comparison.strange,
        seen,
        sources,
        changes,
        others,
        time: schedule.time,
        many_outputs: context.options.many_outputs,
    };
    // A held file that was put back as it was is no change, but ends the hold.
    let looks_at = |key: &String| claim.trial.keys.contains(key.as_str());
    let is_new = proposal.is_made_anew(context)
        || refreshed.changed
        || schedule.is_moved
        || proposal.root.held_keys().any(looks_at);
    Ok(Observation {
        claim,
        proposal,
        is_new,
        warnings: refreshed.warnings,
        clock,
    })
}

/// The keys that hints name, and that the work itself does.
fn asked_for(work: &Work, root: &Root) -> BTreeSet<SourceKey> {
    let hints = root.hints.keys().map(|key| SourceKey::from(key.as_str()));
    let mut keys: BTreeSet<SourceKey> = hints.collect();
    match work {
        Work::Keys(asked) => keys.extend(asked.iter().cloned()),
        // A held file may have been put back and the event of it lost.
        Work::Approve | Work::Reconcile => {
            let held = root.held_keys();
            keys.extend(held.map(|key| SourceKey::from(key.as_str())));
        }
        Work::Due => {}
    }
    keys
}

/// Looks at each key in the source bucket.
///
/// # Errors
/// Storage failed.
pub async fn look(
    bucket: &Bucket,
    keys: &BTreeSet<SourceKey>,
    parallel: usize,
) -> Result<Vec<(SourceKey, SourceObservation)>, StoreError> {
    let look_at = |key: SourceKey| async move {
        if key.role() == Role::Ignored {
            return Ok((key, SourceObservation::Absent));
        }
        let observed = if key.is_text() {
            let got = bucket.get(key.as_str(), MAX_TEXT_BYTES).await;
            got.map(|got| match got {
                Some(got) => SourceObservation::Text {
                    version: got.etag,
                    size: got.size,
                    bytes: got.bytes,
                },
                None => SourceObservation::Absent,
            })
        } else {
            let head = bucket.head(key.as_str()).await;
            head.map(|head| match head {
                Some(head) => SourceObservation::Opaque {
                    version: head.etag,
                    size: head.size,
                },
                None => SourceObservation::Absent,
            })
        };
        let observed = match observed {
            Err(error) if error.is_damaged() => SourceObservation::Unreadable {
                version: version(bucket, &key).await?,
            },
            observed => observed?,
        };
        Ok((key, observed))
    };
    iter(keys.iter().cloned().map(look_at))
        .buffer_unordered(parallel)
        .try_collect()
        .await
}

/// The version of an object whose bytes are damaged; none where not even that is known.
async fn version(bucket: &Bucket, key: &SourceKey) -> Result<Option<String>, StoreError> {
    match bucket.head(key.as_str()).await {
        Err(error) if error.is_damaged() => Ok(None),
        head => Ok(head?.map(|head| head.etag)),
    }
}

/// Source keys by what became of them.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Key to change; those without one are not here.
    pub map: BTreeMap<SourceKey, Change>,
}

impl Changes {
    /// Takes what was seen into the sources.
    pub fn apply(sources: &mut Sources, seen: Vec<(SourceKey, SourceObservation)>) -> Self {
        let changes = effective::observe_all(sources, seen).into_iter();
        let map = changes.filter(|(_, change)| *change != Change::None);
        Self { map: map.collect() }
    }

    /// The keys with one kind of change.
    pub fn of(&self, wanted: Change) -> Vec<String> {
        let matching = self.map.iter().filter(|(_, change)| **change == wanted);
        matching.map(|(key, _)| key.to_string()).collect()
    }
}

/// Reads the files that rendering asked for; also says which versions they were. What the storage
/// has damaged is as if it were not there, with its version where that is known.
///
/// # Errors
/// Storage failed.
pub async fn inputs(
    bucket: &Bucket,
    keys: BTreeSet<SourceKey>,
    parallel: usize,
) -> Result<(Inputs, BTreeMap<SourceKey, String>), StoreError> {
    let read = |key: SourceKey| async move {
        let got = match bucket.get(key.as_str(), MAX_INPUT_BYTES).await {
            Err(error) if error.is_damaged() => {
                let version = version(bucket, &key).await?;
                return Ok((key, None, version));
            }
            got => got?,
        };
        let version = got.as_ref().map(|got| got.etag.clone());
        let bytes = got.and_then(|got| got.bytes).map(|bytes| bytes.into());
        Ok::<_, StoreError>((key, bytes, version))
    };
    let read = iter(keys.into_iter().map(read)).buffer_unordered(parallel);
    let read: Vec<_> = read.try_collect().await?;
    let mut inputs = Inputs::new();
    let mut versions = BTreeMap::new();
    for (key, bytes, version) in read {
        versions.extend(version.map(|version| (key.clone(), version)));
        inputs.insert(key, bytes);
    }
    Ok((inputs, versions))
}
