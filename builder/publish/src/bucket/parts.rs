//! Trying suspects in parts: apart from all others, in halves, and one by one where they are few.
//!
//! What may be published without approval is a matter of the whole change, however many parts it is
//! tried in (`hold`): counted are also the pages that earlier parts delete, and those whose files, left
//! for later parts, are gone.

use super::BuildError;

use super::context::Context;
use super::relook;
use super::root::Root;
use super::state::State;
use super::trial::Trial;
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_site::key::SourceKey;
use quillfront_site::plan::Rank;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// After so many deaths the keys of an attempt are tried apart from others.
pub(super) const DEATHS: u32 = 2;
/// More suspects are halved and not tried one by one: 10,000 files that came at once are told apart
/// with a dozen deaths, and without 10,000 runs.
const FEW: usize = 16;

/// What has come so far of a change that is tried in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialChange {
    /// Pages that were published before the first part.
    pub pages: usize,
    /// Pages that its parts delete, or would if they were not held.
    pub deleted: usize,
}

/// The parts of a change that is tried in parts, besides the one that is tried now.
#[derive(Debug, Clone, Default)]
pub(super) struct OtherParts {
    /// What has come of earlier ones; none where this is the first, or all there is.
    pub(super) tried: Option<PartialChange>,
    /// The keys of later ones.
    pub(super) left: BTreeSet<SourceKey>,
    /// Those of them that are published as pages, and whose files are gone.
    pub(super) gone: BTreeSet<SourceKey>,
}

impl Root {
    /// The keys to be looked at now, and those that are left for later.
    pub(super) fn part(
        &self,
        keys: BTreeSet<SourceKey>,
    ) -> (BTreeSet<SourceKey>, BTreeSet<SourceKey>) {
        let deaths = |key: &SourceKey| {
            let suspect = self.suspects.get(key.as_str());
            suspect.map_or(0, |suspect| suspect.deaths)
        };
        let (suspects, others): (BTreeSet<_>, BTreeSet<_>) =
            keys.into_iter().partition(|key| deaths(key) >= DEATHS);
        if suspects.is_empty() || !others.is_empty() {
            return (others, suspects);
        }
        let least = suspects.iter().map(deaths).min().unwrap_or_default();
        let all = suspects.len();
        let (first, rest): (BTreeSet<_>, BTreeSet<_>) =
            suspects.into_iter().partition(|key| deaths(key) == least);
        if first.len() < all {
            // Those that died once more since have been told apart from these.
            return (first, rest);
        }
        let count = if all > FEW { all / 2 } else { 1 };
        let mut first: Vec<_> = first.into_iter().collect();
        let rest = first.split_off(count);
        (first.into_iter().collect(), rest.into_iter().collect())
    }

    /// True while there is something that has to be tried apart from others.
    fn has_parts(&self) -> bool {
        self.suspects
            .values()
            .any(|suspect| suspect.deaths >= DEATHS)
    }

    /// Forgets what has come of the parts of a change after the last one.
    pub(super) fn end_parts(&mut self) {
        if !self.has_parts() {
            self.tried = None;
        }
    }
}

impl OtherParts {
    /// What has come of the parts once this one, which deletes so many of the published pages, is
    /// through.
    pub(super) fn and(&self, published: usize, deleted: usize) -> Option<PartialChange> {
        let is_part = self.tried.is_some() || !self.left.is_empty();
        let before = self.tried.unwrap_or(PartialChange {
            pages: published,
            deleted: 0,
        });
        is_part.then(|| PartialChange {
            deleted: before.deleted + deleted,
            ..before
        })
    }
}

/// The other parts of the change that a trial is a part of.
pub(super) async fn other_parts(
    context: &Context,
    trial: &Trial,
    root: &Root,
    state: &State,
) -> Result<OtherParts, BuildError> {
    let mut parts = OtherParts {
        tried: root.tried,
        left: trial.left.clone(),
        gone: BTreeSet::new(),
    };
    if parts.left.is_empty() {
        return Ok(parts);
    }
    let pages = state.outputs.values();
    let pages = pages.filter(|published| published.rank == Rank::Page);
    let pages = pages.map(|published| &published.source);
    let pages: BTreeSet<_> = pages.filter(|key| parts.left.contains(*key)).collect();
    if pages.len() > relook::FEW {
        let listed = context.source.list().await?.into_iter();
        let there: BTreeSet<String> = listed.map(|listed| listed.key).collect();
        let gone = pages
            .into_iter()
            .filter(|key| !there.contains(key.as_str()));
        parts.gone = gone.cloned().collect();
        return Ok(parts);
    }
    let looks = pages.into_iter().map(|key| async move {
        let there = context.source.head(key.as_str()).await?;
        Ok::<_, BuildError>(there.is_none().then(|| key.clone()))
    });
    let gone = iter(looks).buffer_unordered(context.options.parallel);
    let gone: Vec<Option<SourceKey>> = gone.try_collect().await?;
    parts.gone = gone.into_iter().flatten().collect();
    Ok(parts)
}
