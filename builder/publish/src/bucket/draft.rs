//! The site as it will be after a change: evaluated, without what has to be approved first.

use super::BuildError;
use super::context::Context;
use super::evaluate::{EvaluationResult, evaluate};
use super::hold;
use super::observe::{Changes, look};
use super::parts::OtherParts;
use super::root::{HeldChange, Root};
use super::run::Work;
use super::state::{Dirty, State};
use super::supply::unseen;
use super::time::Time;
use quillfront_render::ENGINE;
use quillfront_render::effective::{self, Change, SourceObservation};
use quillfront_render::evaluate::{Tree, Unready};
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::source::Sources;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A change to the site, before it is rendered: the sources as they were seen, beside what is published.
pub(super) struct Proposal<'a> {
    pub(super) work: &'a Work,
    /// The root that it is planned on.
    pub(super) root: Root,
    /// The state under that root, as the site bucket was found.
    pub(super) state: State,
    /// Outputs that somebody else has touched: what is there is not what was committed.
    pub(super) strange: BTreeSet<OutputKey>,
    /// What was looked at.
    pub(super) seen: Vec<(SourceKey, SourceObservation)>,
    /// The sources with it.
    pub(super) sources: Sources,
    pub(super) changes: Changes,
    pub(super) others: OtherParts,
    pub(super) time: Time,
    /// Where an edit reaches more outputs than this, the own pages of what changed go first.
    pub(super) many_outputs: usize,
}

impl Proposal<'_> {
    /// Whether the site is to be made anew whatever its sources are.
    pub(super) fn is_made_anew(&self, context: &Context) -> bool {
        !self.strange.is_empty()
            || self.root.engine != ENGINE
            || self.root.settings != context.options.mark()
            || self.root.unfinished
            || self.is_approved()
    }

    /// What became of the sources that were looked at: what waits may be as it was after all.
    fn changes_to(&self, sources: &Sources) -> Changes {
        let change = |key: &SourceKey| {
            let before = self.state.sources.get(key.as_str());
            let now = sources.get(key.as_str());
            match (before, now) {
                (None, None) => None,
                (None, Some(_)) => Some(Change::Added),
                (Some(_), None) => Some(Change::Removed),
                (Some(before), Some(now)) => {
                    let is_text = now.effective.is_text() && now.problems.is_empty();
                    let is_same = before.effective == now.effective
                        && before.problems == now.problems
                        && (is_text || before.version == now.version);
                    (!is_same).then_some(Change::Changed)
                }
            }
        };
        let seen = self.seen.iter().map(|(key, _)| key);
        let changed = seen.filter_map(|key| Some((key.clone(), change(key)?)));
        Changes {
            map: changed.collect(),
        }
    }

    /// Whether what has to be approved was.
    pub(super) fn is_approved(&self) -> bool {
        *self.work == Work::Approve
    }

    /// Whether all that is published is known to be as it was meant.
    pub(super) fn is_all_known(&self) -> bool {
        let mut outputs = self.state.outputs.values();
        outputs.all(|output| output.fingerprint.is_some())
    }

    /// What is held from now on, if anything: `more`, and what was held and not looked at again.
    fn held(&self, reason: Option<String>, more: BTreeSet<String>) -> Option<HeldChange> {
        let is_seen = |key: &&String| {
            let mut seen = self.seen.iter();
            seen.any(|(looked, _)| looked.as_str() == *key)
        };
        let still_held = self.root.held_keys().filter(|key| !is_seen(key));
        let keys: BTreeSet<String> = still_held.cloned().chain(more).collect();
        let reason = reason.or_else(|| self.root.held.as_ref().map(|held| held.reason.clone()));
        (!keys.is_empty()).then(|| HeldChange {
            reason: reason.unwrap_or_default(),
            keys,
        })
    }
}

/// The site as it will be after a change.
pub(super) struct Draft {
    pub(super) sources: Arc<Sources>,
    pub(super) changes: Changes,
    pub(super) outcome: Result<Tree, Unready>,
    pub(super) held: Option<HeldChange>,
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
    fn of(
        evaluated: EvaluationResult,
        proposal: &Proposal<'_>,
        changes: Changes,
        held: Option<HeldChange>,
        deletes: usize,
    ) -> Self {
        let EvaluationResult {
            sources,
            outcome,
            full,
            part,
            misread,
        } = evaluated;
        let seen = &proposal.seen;
        Self {
            sources,
            changes,
            outcome,
            held,
            deletes,
            looked_at: seen.iter().map(|(key, _)| key.clone()).collect(),
            full,
            part,
            misread: unseen(misread, seen),
        }
    }

    /// The sources whose current bytes are not to be used: they are set aside, held, or left for a
    /// later part.
    pub(super) fn withheld(&self, proposal: &Proposal<'_>) -> BTreeSet<SourceKey> {
        let held = self.held.iter().flat_map(|held| &held.keys);
        let aside = held.chain(proposal.root.set_aside.keys());
        let aside = aside.map(|key| SourceKey::from(key.as_str()));
        aside.chain(proposal.others.left.iter().cloned()).collect()
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

/// Evaluates a change, without what has to be approved first.
pub(super) async fn draft(
    context: &Context,
    proposal: &mut Proposal<'_>,
) -> Result<Draft, BuildError> {
    let waits = matches!(proposal.work, Work::Keys(_)) && proposal.seen.len() <= FEW_PAGES;
    let first = waits.then(|| proposal.changes.map.keys().cloned().collect());
    retry(context, proposal).await?;
    let sources = proposal.sources.clone();
    let mut evaluated = evaluate(context, proposal, sources, first).await?;
    // What may have to be approved is looked at as a whole.
    if evaluated.part && why_held(proposal, &evaluated).is_some() {
        let sources = proposal.sources.clone();
        evaluated = evaluate(context, proposal, sources, None).await?;
    }
    let changes = proposal.changes_to(&evaluated.sources);
    let deletes = hold::deleted(&proposal.state, evaluated.outcome.as_ref());
    let reason = why_held(proposal, &evaluated).filter(|_| !proposal.is_approved());
    let held = match reason {
        None => proposal.held(None, BTreeSet::new()),
        Some(reason) => match withhold(context, proposal, reason, deletes).await? {
            Some(draft) => return Ok(draft),
            // The published tree itself would not pass (a clock that moved, say): nothing is withheld.
            None => None,
        },
    };
    Ok(Draft::of(evaluated, proposal, changes, held, deletes))
}

/// Looks again at what waits, since what it waits for may have come, and dates what is taken into use.
async fn retry(context: &Context, proposal: &mut Proposal<'_>) -> Result<(), BuildError> {
    let now = context.clock();
    let changed = proposal.changes.map.keys();
    proposal.sources.date(changed, now);
    let mut waiting = proposal.sources.to_retry(proposal.changes.map.keys());
    for (key, _) in &proposal.seen {
        waiting.remove(key);
    }
    waiting.retain(|key| !proposal.others.left.contains(key));
    let seen = look(&context.source, &waiting, context.options.parallel).await?;
    effective::observe_all(&mut proposal.sources, seen.clone());
    proposal.sources.date(&waiting, now);
    proposal.seen.extend(seen);
    Ok(())
}

/// Why a change has to be approved, if it has to.
fn why_held(proposal: &Proposal<'_>, evaluated: &EvaluationResult) -> Option<String> {
    hold::reason(
        &proposal.state,
        evaluated.outcome.as_ref(),
        &proposal.others,
    )
}

/// Evaluates what of a change need not be approved: all but the removals, else all but the
/// configuration, else nothing of it. None where not even that may be published.
async fn withhold(
    context: &Context,
    proposal: &mut Proposal<'_>,
    reason: String,
    deletes: usize,
) -> Result<Option<Draft>, BuildError> {
    let changes = &proposal.changes;
    let removed: BTreeSet<String> = changes.of(Change::Removed).into_iter().collect();
    let all: BTreeSet<String> = changes.map.keys().map(ToString::to_string).collect();
    let keys = changes.map.keys();
    let configuration = keys.filter(|key| key.role().is_configuration());
    let configuration = configuration.map(ToString::to_string).collect();
    for withheld in [removed, configuration, all] {
        let mut sources = (*proposal.state.sources).clone();
        let rest: Vec<_> = proposal
            .seen
            .iter()
            .filter(|(key, _)| !withheld.contains(key.as_str()))
            .cloned()
            .collect();
        let changes = Changes::apply(&mut sources, rest);
        let evaluated = evaluate(context, proposal, sources, None).await?;
        if why_held(proposal, &evaluated).is_none() {
            let held = proposal.held(Some(reason), withheld);
            let draft = Draft::of(evaluated, proposal, changes, held, deletes);
            return Ok(Some(draft));
        }
    }
    Ok(None)
}
