//! Waiting until the builder has taken up what was uploaded.

use anyhow::{Result, anyhow};
use jiff::Timestamp;
use quillfront_publish::bucket::Builder;
use quillfront_publish::bucket::root::{Lease, Root};
use quillfront_publish::bucket::state::{PublishedObject, State};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::OutputKey;
use quillfront_site::report::{Report, SourceChanges};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two looks at the root.
const PAUSE: Duration = Duration::from_millis(300);
/// A builder reports after it has committed. It is waited for so long.
const REPORT_PATIENCE: Duration = Duration::from_secs(15);
/// Files that are named where the builder does not come.
const MAX_NAMED: usize = 5;

/// The objects of a site, by key.
pub type Outputs = Arc<BTreeMap<OutputKey, PublishedObject>>;

/// What the source bucket has by now.
pub struct Sources {
    /// Keys and ETags.
    pub there: BTreeMap<String, String>,
    /// What was deleted.
    pub gone: BTreeSet<String>,
}

/// What the builder made of it.
pub struct Built {
    /// What is published.
    pub outputs: Outputs,
    /// Why a part of it waits for `quillfront approve`.
    pub held: Option<String>,
    /// What is wrong with the site.
    pub diagnostics: Vec<Diagnostic>,
    /// The sources whose current bytes are not published.
    pub standing: SourceChanges,
    /// Where the site is, as its configuration says.
    pub address: Option<String>,
}

/// Waits until the builder has seen these sources.
///
/// # Errors
/// Storage failed, or the time is over.
pub async fn until_built(builder: &Builder, sources: &Sources, deadline: Instant) -> Result<Built> {
    let mut seen = String::new();
    let mut missing = sources.there.keys().cloned().collect();
    loop {
        if let Some(root) = builder.root().await?
            && is_at_rest(&root, sources)
            && root.id != seen
        {
            seen.clone_from(&root.id);
            // The root may be another by now, which is looked at in the next round.
            if let Some((root, state)) = builder.look().await? {
                missing = lacking(&root, &state, sources);
                if missing.is_empty() {
                    let report = report_of(builder, &root).await?;
                    return Ok(built(root, &state, report));
                }
            }
        }
        if Instant::now() >= deadline {
            return Err(late(&missing));
        }
        sleep(PAUSE).await;
    }
}

fn late(missing: &[String]) -> anyhow::Error {
    let named: Vec<&str> = missing.iter().take(MAX_NAMED).map(String::as_str).collect();
    let more = match missing.len().checked_sub(MAX_NAMED) {
        Some(more) if more > 0 => format!(" and {more} more"),
        _ => String::new(),
    };
    let what = match named.join(", ") {
        none if none.is_empty() => "the change".to_owned(),
        named => format!("{named}{more}"),
    };
    anyhow!(
        "the builder has not taken up {what} in time: `quillfront status` tells what it does, and its log why it does \
         not; --timeout waits longer"
    )
}

/// Whether no builder is at work at these sources.
fn is_at_rest(root: &Root, sources: &Sources) -> bool {
    let is_ours = |key: &String| sources.there.contains_key(key) || sources.gone.contains(key);
    let works = |lease: &Lease| lease.deadline_ms > Timestamp::now().as_millisecond();
    !root.unfinished && !root.hints.keys().any(is_ours) && !root.lease.as_ref().is_some_and(works)
}

/// The sources of which the state knows other bytes. Those that are held are not waited for.
fn lacking(root: &Root, state: &State, sources: &Sources) -> Vec<String> {
    let held = root.held.iter().flat_map(|held| &held.keys);
    let held: BTreeSet<&String> = held.collect();
    let is_old = |key: &str, etag: &str| {
        let known = state.sources.get(key);
        known.is_none_or(|known| known.version != etag)
    };
    let there = sources.there.iter();
    let there = there
        .filter(|(key, etag)| is_old(key, etag))
        .map(|(key, _)| key);
    let gone = sources.gone.iter();
    let gone = gone.filter(|key| state.sources.get(key).is_some());
    let all = there.chain(gone).filter(|key| !held.contains(key));
    all.cloned().collect()
}

/// The report of the last commit, if it comes.
async fn report_of(builder: &Builder, root: &Root) -> Result<Option<Report>> {
    let deadline = Instant::now() + REPORT_PATIENCE;
    loop {
        let report = builder.last_report().await?;
        let report = report.filter(|report| report.commit == root.commit);
        if report.is_some() || Instant::now() >= deadline {
            return Ok(report);
        }
        sleep(PAUSE).await;
    }
}

fn built(root: Root, state: &State, report: Option<Report>) -> Built {
    let mut standing = SourceChanges::default();
    let mut diagnostics = Vec::new();
    for (key, source) in state.sources.iter() {
        standing.stand(key, source);
        diagnostics.extend(source.problems.iter().cloned());
    }
    let report = report.unwrap_or_default();
    diagnostics.extend(report.diagnostics);
    diagnostics.sort();
    diagnostics.dedup();
    Built {
        outputs: state.outputs.clone(),
        held: root.held.map(|held| held.reason),
        diagnostics,
        standing,
        address: Some(report.site).filter(|address| !address.is_empty()),
    }
}
