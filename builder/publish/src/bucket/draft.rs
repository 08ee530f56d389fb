//! The site as it will be after a change: evaluated, without what has to be approved first.

use super::evaluate::{Evaluated, Time};
use super::hold;
use super::observe::Changes;
use super::parts::OtherParts;
use super::root::{Held, Root};
use super::run::Work;
use super::state::{Dirty, State};
use super::supply::unseen;
use super::{BuildError, Builder};
use quillfront_render::effective::{Change, Observed};
use quillfront_render::evaluate::{Tree, Unready};
use quillfront_site::key::SourceKey;
use quillfront_site::source::Sources;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The site as it will be after a change.
pub(super) struct Draft {
    pub(super) sources: Arc<Sources>,
    pub(super) changes: Changes,
    pub(super) outcome: Result<Tree, Unready>,
    pub(super) held: Option<Held>,
    /// Published pages that it deletes, or would if they were not held.
    pub(super) deletes: usize,
    /// Sources whose record may be another.
    pub(super) looked_at: BTreeSet<SourceKey>,
    /// True where nothing was gone by.
    pub(super) full: bool,
    /// True where only the own pages of the changed sources were made, to be put first.
    pub(super) part: bool,
    /// Files that renders read in another version than the sources say, and than this run has seen. It
    /// is no draft then: traces go by the versions of the sources, so that what was made of another
    /// one would never be found to be wrong.
    pub(super) misread: BTreeSet<SourceKey>,
}

impl Draft {
    /// The sources whose current bytes are not to be used: they are set aside, held, or left for a
    /// later part.
    pub(super) fn withheld(&self, root: &Root, others: &OtherParts) -> BTreeSet<SourceKey> {
        let held = self.held.iter().flat_map(|held| &held.keys);
        let aside = held.chain(root.set_aside.keys());
        let aside = aside.map(|key| SourceKey::from(key.as_str()));
        aside.chain(others.left.iter().cloned()).collect()
    }

    /// True where it says nothing that the state and the root do not say.
    pub(super) fn is_of(&self, state: &State, root: &Root) -> bool {
        let same_tree = self.outcome.as_ref().map_or(true, |tree| {
            let mut dirty = Dirty::default();
            dirty.note(&state.graph, &tree.graph);
            let same_graph = dirty.sources.is_empty() && dirty.outputs.is_empty();
            same_graph && state.answers == tree.answers
        });
        same_tree && self.held == root.held
    }
}

/// More changed pages than this, and there is none that somebody waits for.
const FEW_PAGES: usize = 16;

impl Builder {
    /// Evaluates the change, without what has to be approved first.
    #[allow(clippy::too_many_arguments)]
    pub(super) async fn draft(
        &self,
        work: &Work,
        state: &mut State,
        root: &Root,
        sources: Sources,
        changes: Changes,
        seen: &[(SourceKey, Observed)],
        time: Time,
        others: &OtherParts,
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
        let looked_at: BTreeSet<SourceKey> = seen.iter().map(|(key, _)| key.clone()).collect();
        let waits = matches!(work, Work::Keys(_)) && seen.len() <= FEW_PAGES;
        let first = waits.then(|| changes.map.keys().cloned().collect());
        let without = sources.clone();
        let evaluated = Box::pin(self.evaluate(state, root, others, sources, time, first)).await?;
        // What may have to be approved is looked at as a whole.
        let evaluated = match hold::reason(state, evaluated.outcome.as_ref(), others) {
            Some(_) if evaluated.part => {
                Box::pin(self.evaluate(state, root, others, without, time, None)).await?
            }
            _ => evaluated,
        };
        let Evaluated {
            sources,
            outcome,
            full,
            part,
            misread,
        } = evaluated;
        let deletes = hold::deleted(state, outcome.as_ref());
        let reason = hold::reason(state, outcome.as_ref(), others);
        let Some(reason) = reason.filter(|_| *work != Work::Approve) else {
            return Ok(Draft {
                sources,
                changes,
                outcome,
                held: keep(None, BTreeSet::new()),
                deletes,
                looked_at,
                full,
                part,
                misread: unseen(misread, seen),
            });
        };
        // First without the removals alone, then without the configuration, then without any of
        // it.
        let removed: BTreeSet<String> = changes.of(Change::Removed).into_iter().collect();
        let all: BTreeSet<String> = changes.map.keys().map(ToString::to_string).collect();
        let keys = changes.map.keys();
        let configuration = keys.filter(|key| key.role().is_configuration());
        let configuration = configuration.map(ToString::to_string).collect();
        for withheld in [removed, configuration, all] {
            let mut sources = (*state.sources).clone();
            let rest: Vec<_> = seen
                .iter()
                .filter(|(key, _)| !withheld.contains(key.as_str()))
                .cloned()
                .collect();
            let changes = Changes::apply(&mut sources, rest);
            let Evaluated {
                sources,
                outcome,
                full,
                part,
                misread: read,
            } = Box::pin(self.evaluate(state, root, others, sources, time, None)).await?;
            if hold::reason(state, outcome.as_ref(), others).is_none() {
                let held = keep(Some(reason), withheld);
                return Ok(Draft {
                    sources,
                    changes,
                    outcome,
                    held,
                    deletes,
                    looked_at,
                    full,
                    part,
                    misread: unseen(read, seen),
                });
            }
        }
        // The published tree itself would not pass (a clock that moved, say): nothing is withheld.
        Ok(Draft {
            sources,
            changes,
            outcome,
            held: None,
            deletes,
            looked_at,
            full,
            part,
            misread: unseen(misread, seen),
        })
    }
}
