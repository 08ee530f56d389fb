//! The difference between what is published and what should be, and what was done about it.

use super::draft::Draft;
use super::last_good::LastGoodCopies;
use super::state::{Published, State};
use super::store::Bucket;
use super::transfer::{self, Hopeless, Origin, Put};
use quillfront_render::effective::Change;
use quillfront_render::evaluate::{Account, Placed, Unready};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::misplaced::nested_config;
use quillfront_site::plan::Rank;
use quillfront_site::report::{Action, OutputReport, Report};
use quillfront_site::source::unreadable;
use std::collections::{BTreeMap, BTreeSet};

/// What was put.
#[derive(Clone, Default)]
pub(super) struct Done {
    pub(super) put: BTreeMap<OutputKey, Published>,
    /// Outputs whose source has another version by now.
    pub(super) moved: BTreeMap<OutputKey, SourceKey>,
    /// Sources that may be others by now than those that this was made from.
    pub(super) again: BTreeSet<SourceKey>,
    /// Outputs that S3 will never take, and why. Each run tries them again, and tells of them.
    pub(super) hopeless: BTreeMap<OutputKey, Hopeless>,
    /// Copies of a version that is in use, and was nowhere any more.
    pub(super) lost: BTreeSet<OutputKey>,
}

/// The difference between what is published and what should be.
pub(super) struct Publication {
    pub(super) puts: Vec<Put>,
    pub(super) deletions: BTreeMap<OutputKey, Published>,
    pub(super) unchanged: Vec<OutputKey>,
    /// What no object of this bucket can be called: to which source it belongs.
    pub(super) unnameable: BTreeMap<OutputKey, SourceKey>,
    /// Copies of a version that is in use, and cannot be made: of which source.
    pub(super) lost: BTreeMap<OutputKey, SourceKey>,
}

impl Publication {
    /// `withheld` are the sources whose current bytes are not to be used.
    pub(super) fn of(
        state: &State,
        draft: &Draft,
        withheld: &BTreeSet<SourceKey>,
        site: &Bucket,
        approved: bool,
    ) -> Self {
        let changed: BTreeSet<&SourceKey> = draft.changes.map.keys().collect();
        let mut publication = Self {
            puts: Vec::new(),
            deletions: BTreeMap::new(),
            unchanged: Vec::new(),
            unnameable: BTreeMap::new(),
            lost: BTreeMap::new(),
        };
        let last_good = LastGoodCopies::of(state, withheld);
        // Without a configuration nothing is said of the tree; what is there stays, unless its
        // removal was approved.
        let trees = draft.outcome.iter();
        for (tree, key, object) in trees.flat_map(|tree| {
            tree.objects
                .iter()
                .map(move |(key, object)| (tree, key, object))
        }) {
            let before = state.outputs.get(key.as_str());
            let fingerprint = Some(object.fingerprint());
            if before.is_some_and(|before| before.fingerprint == fingerprint) {
                publication.unchanged.push(key.clone());
                continue;
            }
            let planned = &tree.plan[key];
            // The prefix of the place is not known to the plan.
            if !site.may_have(key.as_str()) {
                let source = planned.source.clone();
                publication.unnameable.insert(key.clone(), source);
                continue;
            }
            let origin = last_good.origin(object);
            publication.puts.push(Put {
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
        publication.spare_last_good();
        // A part of a tree says nothing of the rest.
        if draft.part {
            return publication;
        }
        let is_removed = |published: &Published| {
            draft.changes.map.get(&published.source) == Some(&Change::Removed)
        };
        let goes = |(key, published): &(&OutputKey, &Published)| match &draft.outcome {
            Ok(tree) => tree.deletes(key.as_str(), is_removed(published)),
            // No tree, no deletions, unless it was approved that the configuration goes.
            Err(unready) => approved && *unready == Unready::NoConfig,
        };
        let going = state.outputs.iter().filter(goes);
        let going = going.map(|(key, published)| (key.clone(), published.clone()));
        publication.deletions.extend(going);
        publication.keep_what_is_left();
        publication
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

    /// Takes out what could not be copied, and what would be deleted of the same files: it is all that
    /// there is of them.
    pub(super) fn without_lost(&mut self, done: &Done) {
        let is_lost = |put: &mut Put| done.lost.contains(&put.key);
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
    pub(super) fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.deletions.is_empty()
    }

    pub(super) fn intent(&self) -> Vec<String> {
        let puts = self.puts.iter().map(|put| put.key.to_string());
        puts.chain(self.deletions.keys().map(ToString::to_string))
            .collect()
    }

    pub(super) fn report(&self, draft: &Draft, done: &Done) -> Report {
        let mut account = Account::new(&draft.changes.map, draft.full);
        if let Ok(tree) = &draft.outcome {
            for put in &self.puts {
                let placed = if done.put.contains_key(&put.key) {
                    let is_new = put.before.is_none();
                    Placed::Put { is_new }
                } else {
                    Placed::Refused
                };
                account.made(tree, &put.key, placed);
            }
        }
        for (key, published) in &self.deletions {
            account.deleted(key, Some((published.rank, &published.source)));
        }
        if let Ok(tree) = &draft.outcome {
            for key in &self.unchanged {
                account.made(tree, key, Placed::Unchanged);
            }
            account.rest(tree);
        }
        let mut report = account.report();
        match &draft.outcome {
            Ok(tree) => {
                if let Some(site) = &tree.site {
                    report.site.clone_from(&site.world.config.base_url);
                }
            }
            Err(Unready::NoConfig) => {
                let message =
                    "there is no configuration yet; nothing is published until there is one";
                let waiting = Diagnostic::warning("no-config", "config.toml", message);
                let hint = match nested_config(&draft.sources) {
                    Some(nested) => format!(
                        "there is {nested}: upload the site to the root of the bucket, without the \
                         folder {}/",
                        nested.folder()
                    ),
                    None => "upload config.toml with at least a base_url".to_owned(),
                };
                report.diagnostics.push(waiting.hint(hint));
            }
            Err(Unready::BrokenConfig(problems)) => {
                report.diagnostics.extend(problems.iter().cloned());
            }
        }
        self.tell_refused(&mut report, done);
        self.tell_lost(&mut report);
        report.count();
        report
    }

    /// Adds what could not be copied.
    fn tell_lost(&self, report: &mut Report) {
        const HINT: &str = "upload the file again, or let its current version through with \
                            `quillfront approve`";
        for (key, source) in &self.lost {
            let why = "the current version of the file is not used, and the previous one cannot be \
                       copied from where it was published";
            let message = format!(
                "`/{}` cannot be written: {why}",
                key.as_str().escape_debug()
            );
            let told = Diagnostic::error("last-version", source.as_str(), message);
            report.diagnostics.push(told.hint(HINT));
            report.outputs.push(OutputReport {
                key: key.to_string(),
                rank: Some(Rank::Static),
                source: source.to_string(),
                actions: vec![Action::Stale],
                because: vec![why.to_owned()],
            });
        }
    }

    /// Adds what S3 does not take, and what it cannot copy any more.
    fn tell_refused(&self, report: &mut Report, done: &Done) {
        const HINT: &str = "change the path, slug or file name that it comes from";
        let refused = |key: &OutputKey, source: &SourceKey, why: &str| {
            let message = format!(
                "`/{}` cannot be written: {why}",
                key.as_str().escape_debug()
            );
            Diagnostic::error("refused", source.as_str(), message).hint(HINT)
        };
        for put in &self.puts {
            let told = done.hopeless.get(&put.key).map(|hopeless| {
                if hopeless.is_damaged {
                    unreadable(put.source.as_str())
                } else {
                    refused(&put.key, &put.source, &hopeless.why)
                }
            });
            // That a file is damaged may be known.
            let told = told.filter(|told| !report.diagnostics.contains(told));
            report.diagnostics.extend(told);
        }
        for (key, source) in &self.unnameable {
            let why = "with the site's prefix, its key is longer than 1,024 bytes";
            report.diagnostics.push(refused(key, source, why));
            report.outputs.push(OutputReport {
                key: key.to_string(),
                rank: None,
                source: source.to_string(),
                actions: vec![Action::Stale],
                because: vec![why.to_owned()],
            });
        }
    }
}
