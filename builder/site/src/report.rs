//! What a build did, for people and programs (interface.md, "Report, version 1").

use crate::diagnostic::Diagnostic;
use crate::key::{OutputKey, SourceKey};
use crate::plan::Rank;
use crate::source::{Effective, Source};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Always 1.
    pub version: u32,
    /// The commit that the build made, or that it found.
    pub commit: String,
    /// How many commits there were.
    pub generation: u64,
    /// The day that templates saw.
    pub now: String,
    /// When it ended, by the clock, RFC 3339; empty where that is not known.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub at: String,
    /// Where the site is, as its configuration says; empty where nothing was rendered.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub site: String,
    /// How much was looked at.
    pub kind: Kind,
    /// Source keys.
    pub sources: SourceChanges,
    /// Outputs that were looked at.
    pub outputs: Vec<OutputReport>,
    /// How many of each.
    pub counts: OutputCounts,
    /// S3 and CloudFront requests.
    pub requests: RequestCounts,
    /// Bytes read and written.
    pub bytes: ByteCounts,
    /// What CloudFront was told to forget.
    pub invalidations: Invalidations,
    /// Milliseconds by phase; `total` is always there.
    pub ms: BTreeMap<String, u64>,
    /// What to tell the author.
    pub diagnostics: Vec<Diagnostic>,
    /// A change that waits for `quillfront approve`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub held: Option<String>,
    /// True where work is left: another builder was at work and was left the changes, time ran out, or a file came back
    /// too often. Whoever asked looks again.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub deferred: bool,
    /// True where only a part of what is to be published was: the report of the rest follows, and with it
    /// what to tell the author.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub partial: bool,
    /// True where time ran out: the next event or reconcile goes on.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub stopped: bool,
}

/// How much of the site a build looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Everything.
    Full,
    /// What the changes reach.
    Incremental,
    /// Nothing had changed.
    #[default]
    None,
}

impl Report {
    /// Counts the outputs by what was done to them.
    pub fn count(&mut self) {
        let having = |action: Action| {
            let outputs = self.outputs.iter();
            let having = outputs.filter(|output| output.actions.contains(&action));
            having.count() as u64
        };
        self.counts = OutputCounts {
            rendered: having(Action::Rendered),
            uploaded: having(Action::Uploaded),
            deleted: having(Action::Deleted),
            stale: having(Action::Stale),
            variants: self.counts.variants,
        };
    }
}

/// Changed source keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceChanges {
    /// New ones.
    pub added: Vec<String>,
    /// With other bytes.
    pub changed: Vec<String>,
    /// Gone.
    pub removed: Vec<String>,
    /// Of which nothing is published, since they have mistakes; also those that did not change.
    #[serde(default)]
    pub waiting: Vec<String>,
    /// Of which an earlier version is published, since they have mistakes; also those that did not change.
    #[serde(default)]
    pub kept: Vec<String>,
    /// When the versions of those were taken into use, RFC 3339, where that is known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub since: BTreeMap<String, String>,
    /// What is wrong with both, in brief.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub because: BTreeMap<String, Vec<String>>,
}

impl SourceChanges {
    /// Adds a source whose current bytes are not what is published, if it is one.
    pub fn stand(&mut self, key: &SourceKey, source: &Source) {
        if source.problems.is_empty() {
            return;
        }
        let key = key.to_string();
        // That it waits is what is said here.
        let told = source
            .problems
            .iter()
            .skip(usize::from(source.is_waiting()));
        let told = told.map(Diagnostic::in_brief).collect();
        self.because.insert(key.clone(), told);
        if source.effective == Effective::Absent {
            self.waiting.push(key);
            return;
        }
        if let Some(since) = source.since {
            self.since.insert(key.clone(), since.to_string());
        }
        self.kept.push(key);
    }
}

/// What was done to an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Made anew.
    Rendered,
    /// Put into the site bucket.
    Uploaded,
    /// Removed from it.
    Deleted,
    /// Made anew, and the same as before.
    Unchanged,
    /// Could not be made; what was published stays.
    Stale,
    /// Nothing refers to it any more; it goes when no cached page can show it.
    Unreferenced,
}

/// An output that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputReport {
    /// Its key.
    pub key: String,
    /// What it is: `page`, `section`, `list`, `alias` or `static`; absent where nobody knows any more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rank: Option<Rank>,
    /// The source that it stands for; empty where nobody knows any more.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub source: String,
    /// What was done.
    pub actions: Vec<Action>,
    /// Why.
    pub because: Vec<String>,
}

impl OutputReport {
    /// Of an output that stands for a source, where that is known.
    pub fn new(
        key: &OutputKey,
        of: Option<(Rank, &SourceKey)>,
        actions: Vec<Action>,
        because: Vec<String>,
    ) -> Self {
        Self {
            key: key.to_string(),
            rank: of.map(|(rank, _)| rank),
            source: of.map_or_else(String::new, |(_, source)| source.to_string()),
            actions,
            because,
        }
    }
}

/// Outputs by action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputCounts {
    /// Made anew.
    pub rendered: u64,
    /// Put into the site bucket.
    pub uploaded: u64,
    /// Removed from it.
    pub deleted: u64,
    /// Could not be made.
    pub stale: u64,
    /// Not outputs: stored thumbnails that were removed, since their originals are others or gone.
    #[serde(default)]
    pub variants: u64,
}

/// Requests by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCounts {
    /// S3 GET.
    pub get: u64,
    /// S3 HEAD.
    pub head: u64,
    /// S3 PUT and COPY.
    pub put: u64,
    /// S3 DELETE.
    pub delete: u64,
    /// S3 LIST.
    pub list: u64,
    /// CloudFront CreateInvalidation.
    pub invalidation: u64,
}

/// Bytes over the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByteCounts {
    /// Read.
    #[serde(rename = "in")]
    pub read: u64,
    /// Written.
    pub out: u64,
    /// Read of the state.
    pub state_in: u64,
    /// Written of the state.
    pub state_out: u64,
}

/// What CloudFront was told to forget.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalidations {
    /// Paths, as viewers send them.
    pub paths: Vec<String>,
    /// Paths that follow once no edge goes by the redirect rules of before any more.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub later: Vec<String>,
    /// Cache tags.
    pub tags: Vec<String>,
    /// `none`, `paths`, or `wildcard` where at least one is among them.
    pub mode: String,
    /// Why these.
    #[serde(default)]
    pub because: String,
    /// What CloudFront said, where it did not take all of them; the rest is sent again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owed: Option<String>,
}
