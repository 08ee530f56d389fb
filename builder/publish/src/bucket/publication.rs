//! The difference between what is published and what should be.

mod report;

use super::context::Context;
use super::draft::{Draft, Proposal};
use super::hold;
use super::last_good::LastGoodCopies;
use super::parts::PartialChange;
use super::root::Root;
use super::state::PublishedObject;
use super::transfer::{self, Origin, Put};
use super::upload::Upload;
use quillfront_render::effective::Change;
use quillfront_render::evaluate::Unready;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::library::schedule::NextDue;
use std::collections::{BTreeMap, BTreeSet};

/// The difference between what is published and what should be.
pub(super) struct Publication<'a> {
    pub(super) proposal: Proposal<'a>,
    pub(super) draft: Draft,
    pub(super) basis: Basis,
    pub(super) puts: Vec<Put>,
    pub(super) deletions: BTreeMap<OutputKey, PublishedObject>,
    unchanged: Vec<OutputKey>,
    /// What no object of this bucket can be called: to which source it belongs.
    unnameable: BTreeMap<OutputKey, SourceKey>,
    /// Copies of a version that is in use, and cannot be made: of which source.
    pub(super) lost: BTreeMap<OutputKey, SourceKey>,
}

/// What a tree was made with that is in no source, as the root says it.
#[derive(PartialEq, Eq)]
pub(super) struct Basis {
    settings: String,
    now: String,
    next_due: Option<NextDue>,
}

impl Basis {
    fn of(context: &Context, proposal: &Proposal<'_>, draft: &Draft) -> Self {
        let settings = context.options.mark();
        match &draft.outcome {
            Ok(tree) => Self {
                settings,
                now: tree.now.to_string(),
                next_due: tree.next_due.clone(),
            },
            Err(_) => Self {
                settings,
                now: proposal.time.now.to_string(),
                next_due: proposal.root.next_due.clone(),
            },
        }
    }

    /// Whether a root says the same.
    fn is_of(&self, root: &Root) -> bool {
        self.settings == root.settings && self.now == root.now && self.next_due == root.next_due
    }

    pub(super) fn note(&self, root: &mut Root) {
        root.settings.clone_from(&self.settings);
        root.now.clone_from(&self.now);
        root.next_due.clone_from(&self.next_due);
    }
}

impl<'a> Publication<'a> {
    pub(super) fn of(context: &Context, proposal: Proposal<'a>, draft: Draft) -> Self {
        let basis = Basis::of(context, &proposal, &draft);
        let mut publication = Self {
            proposal,
            draft,
            basis,
            puts: Vec::new(),
            deletions: BTreeMap::new(),
            unchanged: Vec::new(),
            unnameable: BTreeMap::new(),
            lost: BTreeMap::new(),
        };
        publication.find_puts(context);
        publication.spare_last_good();
        // A part of a tree says nothing of the rest.
        if !publication.draft.part {
            publication.find_deletions();
            publication.keep_what_is_left();
        }
        publication
    }

    /// Without a configuration nothing is said of the tree, and nothing put.
    fn find_puts(&mut self, context: &Context) {
        let Ok(tree) = &self.draft.outcome else {
            return;
        };
        let state = &self.proposal.state;
        let withheld = self.draft.withheld(&self.proposal);
        let last_good = LastGoodCopies::of(state, &withheld);
        let changes = self.draft.changes.map.clone();
        let changed: BTreeSet<&SourceKey> = changes.keys().collect();
        for (key, object) in &tree.objects {
            let before = state.outputs.get(key.as_str());
            let fingerprint = Some(object.fingerprint());
            if before.is_some_and(|before| before.fingerprint == fingerprint) {
                self.unchanged.push(key.clone());
                continue;
            }
            let planned = &tree.plan[key];
            // The prefix of the place is not known to the plan.
            if !context.site.may_have(key.as_str()) {
                let source = planned.source.clone();
                self.unnameable.insert(key.clone(), source);
                continue;
            }
            let origin = last_good.origin(object);
            self.puts.push(Put {
                key: key.clone(),
                object: object.clone(),
                source: planned.source.clone(),
                rank: planned.rank,
                before: before.map(|before| before.etag.to_string()),
                wave: match &origin {
                    Origin::Published(..) => transfer::WAVE_OF_LAST_GOOD,
                    _ if tree.indexes.contains(key) => transfer::WAVE_OF_ASSETS,
                    _ => transfer::wave(planned, &changed),
                },
                origin,
            });
        }
        self.find_headers(&changed);
    }

    /// Puts of what comes out as it is and has other headers. Of what is not known as it is nothing can be
    /// said but by making it anew.
    fn find_headers(&mut self, changed: &BTreeSet<&SourceKey>) {
        let Ok(tree) = &self.draft.outcome else {
            return;
        };
        for (key, headers) in &tree.headers {
            let published = self.proposal.state.outputs.get(key.as_str());
            let Some((published, there)) =
                published.and_then(|published| Some((published, published.fingerprint?)))
            else {
                continue;
            };
            let object = headers.clone().over(there.body);
            if object.fingerprint() == there {
                continue;
            }
            let planned = &tree.plan[key];
            self.puts.push(Put {
                key: key.clone(),
                object,
                source: planned.source.clone(),
                rank: planned.rank,
                before: Some(published.etag.to_string()),
                wave: transfer::wave(planned, changed),
                origin: Origin::Source,
            });
        }
    }

    fn find_deletions(&mut self) {
        let Self {
            proposal, draft, ..
        } = self;
        let is_removed = |published: &PublishedObject| {
            draft.changes.map.get(&published.source) == Some(&Change::Removed)
        };
        let goes = |(key, published): &(&OutputKey, &PublishedObject)| match &draft.outcome {
            Ok(tree) => tree.deletes(key.as_str(), is_removed(published)),
            // No tree, no deletions, unless it was approved that the configuration goes.
            Err(unready) => proposal.is_approved() && *unready == Unready::NoConfig,
        };
        let going = proposal.state.outputs.iter().filter(goes);
        let going = going.map(|(key, published)| (key.clone(), published.clone()));
        self.deletions = going.collect();
    }

    /// Two files of which the last good versions move may be in each other's way: none is put where
    /// another one is copied from at the same time. It waits.
    fn spare_last_good(&mut self) {
        let from = |put: &Put| match &put.origin {
            Origin::Published(from, _) if *from != put.key => Some(from.clone()),
            _ => None,
        };
        let copied: BTreeSet<OutputKey> = self.puts.iter().filter_map(from).collect();
        let overwrites = |put: &mut Put| from(put).is_some() && copied.contains(&put.key);
        let waiting = self.puts.extract_if(.., overwrites);
        self.lost.extend(waiting.map(|put| (put.key, put.source)));
    }

    /// Takes out the deletions of what may belong to sources that are left for a later part: what was
    /// found and belongs to nobody, and what a run put that had no time to take its source in.
    pub(super) fn leave_for_later(&mut self, left: &BTreeSet<SourceKey>) {
        if left.is_empty() {
            return;
        }
        let sources = &self.draft.sources;
        let is_of_later = |source: &SourceKey| {
            let is_known = sources.get(source.as_str()).is_some();
            source.as_str().is_empty() || (left.contains(source) && !is_known)
        };
        let deletions = &mut self.deletions;
        deletions.retain(|_, published| !is_of_later(&published.source));
    }

    /// Takes out what could not be copied, and what would be deleted of the same files: it is all that
    /// there is of them.
    pub(super) fn without_lost(&mut self, upload: &Upload) {
        let is_lost = |put: &mut Put| upload.lost.contains(&put.key);
        let lost = self.puts.extract_if(.., is_lost);
        self.lost.extend(lost.map(|put| (put.key, put.source)));
        self.keep_what_is_left();
    }

    fn keep_what_is_left(&mut self) {
        if self.lost.is_empty() {
            return;
        }
        let sources: BTreeSet<&SourceKey> = self.lost.values().collect();
        let deletions = &mut self.deletions;
        deletions.retain(|_, published| !sources.contains(&published.source));
    }

    /// True where there is nothing to put or to delete.
    fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.deletions.is_empty()
    }

    /// True where a commit of it would say nothing that the root and the state do not say.
    pub(super) fn is_nothing(&self) -> bool {
        let Proposal { root, state, .. } = &self.proposal;
        self.is_empty() && self.basis.is_of(root) && self.draft.is_of(state, root)
    }

    /// What will have come of a change that is tried in parts, once this part of it is through.
    pub(super) fn tried(&self) -> Option<PartialChange> {
        let published = hold::published(&self.proposal.state);
        self.proposal.others.and(published, self.draft.deletes)
    }

    /// The keys that it may touch.
    pub(super) fn intent(&self) -> Vec<String> {
        let puts = self.puts.iter().map(|put| put.key.to_string());
        puts.chain(self.deletions.keys().map(ToString::to_string))
            .collect()
    }
}
