//! What an upload would cost: the requests of its run, and their price.

use crate::bucket::draft::Proposal;
use crate::bucket::publication::Publication;
use crate::bucket::relook;
use crate::bucket::state::{Dirty, segments_written};
use crate::bucket::variants;
use quillfront_site::key::SourceKey;
use quillfront_site::report::RequestCounts;
use quillfront_site::source::Sources;
use serde::Serialize;
use std::collections::BTreeSet;

/// PUT, COPY, POST and LIST, in dollars each (Amazon S3 pricing, S3 Standard, us-east-1).
const DOLLARS_PER_WRITE: f64 = 5.0 / 1_000_000.0;
/// GET and all others but DELETE, which is free.
const DOLLARS_PER_READ: f64 = 0.4 / 1_000_000.0;
/// An invalidated path beyond the 1,000 of a month that are free (Amazon CloudFront pricing).
const DOLLARS_PER_PATH: f64 = 0.005;
/// Objects in one answer of a listing, at most (Amazon S3 API, "ListObjectsV2").
const LISTED_AT_ONCE: usize = 1_000;
/// Writes of a run beside objects and segments: the note of what is tried, the lease with the intent,
/// the commit, the end of the outbox, the report.
const OWN_WRITES: u64 = 5;

/// What it would cost, in US dollars, at the prices of us-east-1 without any that are free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Dollars {
    /// Of the requests to S3.
    pub requests: f64,
    /// Of the invalidated paths, where the 1,000 of the month that are free are used up.
    pub invalidations: f64,
}

impl Dollars {
    /// Of requests, and of so many invalidated paths where any invalidation is made.
    pub(super) fn of(requests: &RequestCounts, paths: usize) -> Self {
        let writes = requests.put + requests.list;
        let reads = requests.get + requests.head;
        Self {
            requests: writes as f64 * DOLLARS_PER_WRITE + reads as f64 * DOLLARS_PER_READ,
            invalidations: match requests.invalidation {
                0 => 0.0,
                _ => paths as f64 * DOLLARS_PER_PATH,
            },
        }
    }
}

/// Adds the requests of what a run does after it has come so far as a preview.
pub(super) fn add_rest(requests: &mut RequestCounts, publication: &Publication<'_>) {
    let draft = &publication.draft;
    let Proposal { root, state, .. } = &publication.proposal;
    let touched = publication.intent();
    let changed: BTreeSet<SourceKey> = draft.changes.map.keys().cloned().collect();
    let mut dirty = Dirty {
        sources: draft.looked_at.clone(),
        outputs: touched.iter().map(|key| key.as_str().into()).collect(),
        ..Dirty::default()
    };
    if let Ok(tree) = &draft.outcome {
        dirty.note(&state.graph, &tree.graph);
        dirty.note_records(&state.records, tree.records.as_ref());
    }
    let segments = segments_written(&root.segments, &dirty, &changed);
    // It looks at the root once more, for what came meanwhile, and before the commit at the sources.
    requests.get += 1;
    let version = |sources: &Sources, key: &SourceKey| {
        let source = sources.get(key.as_str());
        source.map(|source| source.version.clone())
    };
    let is_other = |key: &&SourceKey| version(&state.sources, key) != version(&draft.sources, key);
    match draft.looked_at.iter().filter(is_other).count() {
        few if few <= relook::FEW => requests.head += few as u64,
        _ => requests.list += draft.sources.len().div_ceil(LISTED_AT_ONCE) as u64,
    }
    requests.list += variants::starts(&variants::of_publication(publication)).len() as u64;
    requests.put += publication.puts.len() as u64 + segments + OWN_WRITES;
}
