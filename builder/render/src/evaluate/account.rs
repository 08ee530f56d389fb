//! What a build did, as a report: the same of buckets and of folders.

use super::{Tree, why};
use crate::effective::Change;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::plan::{Rank, Recipe};
use quillfront_site::report::{Action, Kind, OutputReport, Report};
use std::collections::BTreeMap;

/// What was done with an output that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// It was put in its place; where `is_new`, there was nothing.
    Put {
        /// True where nothing was there.
        is_new: bool,
    },
    /// It could not be put; what was there stays.
    Refused,
    /// The very same is there.
    Unchanged,
}

/// Writes the report of a build.
pub struct Account<'a> {
    changes: &'a BTreeMap<SourceKey, Change>,
    full: bool,
    report: Report,
}

impl<'a> Account<'a> {
    /// Begins with what became of the sources; `full` where the build went by nothing.
    pub fn new(changes: &'a BTreeMap<SourceKey, Change>, full: bool) -> Self {
        let mut report = Report {
            version: 1,
            kind: if full { Kind::Full } else { Kind::Incremental },
            ..Report::default()
        };
        let of = |wanted: Change| {
            let matching = changes.iter().filter(|(_, change)| **change == wanted);
            matching.map(|(key, _)| key.to_string()).collect()
        };
        report.sources.added = of(Change::Added);
        report.sources.changed = of(Change::Changed);
        report.sources.removed = of(Change::Removed);
        Self {
            changes,
            full,
            report,
        }
    }

    /// Adds an output that was made. A file that was copied before and is the same is not worth a word.
    pub fn made<Kept>(&mut self, tree: &Tree<Kept>, key: &OutputKey, placed: Placement) {
        let planned = &tree.plan[key];
        let is_copy = matches!(planned.recipe, Recipe::Copy(_));
        if is_copy && placed == Placement::Unchanged {
            return;
        }
        // Of what is put with other headers alone, nothing was made.
        let is_made = tree.objects.contains_key(key);
        let mut actions = Vec::new();
        if !is_copy && is_made {
            actions.push(Action::Rendered);
        }
        actions.push(match placed {
            Placement::Put { .. } => Action::Uploaded,
            Placement::Refused => Action::Stale,
            Placement::Unchanged => Action::Unchanged,
        });
        let is_new = placed == Placement::Put { is_new: true };
        let because = match tree.because.get(key) {
            Some(told) => told.clone(),
            None if placed == Placement::Unchanged && !self.full => Vec::new(),
            None => why::of(&planned.source, self.changes, is_new, self.full),
        };
        self.add(key, Some((planned.rank, &planned.source)), actions, because);
    }

    /// Adds an output that was removed, and what it stood for where that is known.
    pub fn deleted(&mut self, key: &OutputKey, of: Option<(Rank, &SourceKey)>) {
        let change = of.and_then(|(_, source)| self.changes.get_key_value(source));
        let because = match change {
            Some((source, Change::Removed)) => format!("{source} was removed"),
            _ => "nothing generates it any more".to_owned(),
        };
        self.add(key, of, vec![Action::Deleted], vec![because]);
    }

    /// Adds the outputs that could not be made, and what is told of the site.
    pub fn rest<Kept>(&mut self, tree: &Tree<Kept>) {
        self.report.outputs.extend(tree.stale_told());
        // Nobody is told of a file that the site passes over.
        let config = tree.site.as_ref().map(|site| &site.world.config);
        let is_told = |key: &SourceKey| config.is_none_or(|config| !config.ignores(key));
        for (key, source) in tree.sources.iter().filter(|(key, _)| is_told(key)) {
            self.report.sources.stand(key, source);
        }
        let told = tree.diagnostics.iter().cloned();
        self.report.diagnostics.extend(told);
    }

    fn add(
        &mut self,
        key: &OutputKey,
        of: Option<(Rank, &SourceKey)>,
        actions: Vec<Action>,
        because: Vec<String>,
    ) {
        let output = OutputReport::new(key, of, actions, because);
        self.report.outputs.push(output);
    }

    /// The report, to be added to; [`Report::count`] counts what is in it in the end.
    pub fn report(self) -> Report {
        self.report
    }
}
