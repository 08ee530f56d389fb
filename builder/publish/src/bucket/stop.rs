//! Committing a part of a publication: what time was left for, or the own pages of what changed, which
//! go first. No new put begins, what was put is committed, and the rest stays as hints.

use super::BuildError;
use super::commit::{NextState, conclude};
use super::context::Context;
use super::publication::Publication;
use super::rules::RulesChange;
use super::session::Session;
use super::state::Dirty;
use super::upload::Upload;
use super::variants;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::report::{Action, Kind, OutputReport, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why only a part is committed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    TimeRanOut,
    OwnPagesFirst,
}

impl Cause {
    fn told(self) -> &'static str {
        match self {
            Self::TimeRanOut => "put before the time ran out",
            Self::OwnPagesFirst => "the own page of what changed goes first",
        }
    }
}

/// Commits what was put so far, where the rest is for the next run. The sources stay as they
/// were known before and their keys stay hints, so that the next run finds what is left, and
/// need not put again what was put.
pub(super) async fn stop(
    context: &Context,
    session: Session<'_>,
    publication: Publication<'_>,
    upload: Upload,
    rules: RulesChange,
    cause: Cause,
) -> Result<Report, BuildError> {
    let mut report = report(&upload, cause);
    let moved: BTreeSet<&str> = upload.moved.values().map(SourceKey::as_str).collect();
    let next = next_state(publication, &upload, rules);
    let conclusion = conclude(context, session, next, |root| {
        root.unfinished = true;
        if !moved.is_empty() {
            root.add_hints(moved.iter().copied());
        }
    });
    conclusion.await?.tell(&mut report);
    Ok(report)
}

fn report(upload: &Upload, cause: Cause) -> Report {
    let outputs = upload.put.iter().map(|(key, put)| {
        let because = vec![cause.told().to_owned()];
        let of = Some((put.rank, &put.source));
        OutputReport::new(key, of, vec![Action::Uploaded], because)
    });
    let is_late = cause == Cause::TimeRanOut;
    let mut report = Report {
        version: 1,
        kind: Kind::Incremental,
        partial: true,
        deferred: is_late,
        stopped: is_late,
        outputs: outputs.collect(),
        ..Report::default()
    };
    report.counts.uploaded = upload.put.len() as u64;
    report
}

/// The state with what was put so far.
fn next_state(publication: Publication<'_>, upload: &Upload, rules: RulesChange) -> NextState {
    let draft = &publication.draft;
    let mut state = publication.proposal.state;
    let images = variants::settings([&state.sources, &draft.sources]);
    let mut changed: BTreeSet<OutputKey> = upload.put.keys().cloned().collect();
    changed.extend(publication.proposal.strange);
    Arc::make_mut(&mut state.outputs).extend(upload.put.clone());
    // The sources that the state knows are not those that these were made from: whatever comes
    // next makes them again, and sees.
    let mut graph = (*state.graph).clone();
    graph.outputs.retain(|key, _| !changed.contains(key));
    state.graph = Arc::new(graph);
    NextState {
        state,
        dirty: Dirty {
            outputs: changed.clone(),
            ..Dirty::default()
        },
        changed,
        replaced: upload.replaced.clone(),
        deletions: BTreeMap::new(),
        rules,
        images,
    }
}
