//! Ending cleanly when time runs out, as it does in a Lambda function: no new put begins, what was
//! put is committed, what is left stays as hints, and the lease is let go.

use super::BuildError;
use super::commit::{Committed, conclude};
use super::context::Context;
use super::publication::Done;
use super::root::{Loaded, Root};
use super::run::Work;
use super::session::Session;
use super::state::{Dirty, State};
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::report::{Action, Kind, OutputReport, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// It is too late to begin: the keys stay as hints. What looks at both buckets comes again by
/// its schedule.
pub(super) async fn leave(
    context: &Context,
    work: &Work,
    mut loaded: Loaded,
    root: &Root,
) -> Result<Option<Report>, BuildError> {
    if let Work::Keys(keys) = work
        && !keys.is_empty()
    {
        let mut root = root.clone();
        root.add_hints(keys.iter().map(SourceKey::as_str));
        if !loaded
            .write(&context.state, root, context.host.new_id())
            .await?
        {
            return Ok(None);
        }
    }
    Ok(Some(Report {
        deferred: true,
        stopped: true,
        ..root.report()
    }))
}

/// Commits what was put so far, where the rest is for the next run. The sources stay as they
/// were known before and their keys stay hints, so that the next run finds what is left, and
/// need not put again what was put.
pub(super) async fn stop(
    context: &Context,
    session: Session<'_>,
    mut state: State,
    strange: BTreeSet<OutputKey>,
    done: Done,
    because: &str,
) -> Result<Report, BuildError> {
    let mut report = Report {
        version: 1,
        kind: Kind::Incremental,
        partial: true,
        ..Report::default()
    };
    report.outputs = done
        .put
        .iter()
        .map(|(key, put)| {
            let because = vec![because.to_owned()];
            let of = Some((put.rank, &put.source));
            OutputReport::new(key, of, vec![Action::Uploaded], because)
        })
        .collect();
    report.counts.uploaded = done.put.len() as u64;
    let moved: Vec<String> = done.moved.values().map(ToString::to_string).collect();
    let mut changed: BTreeSet<OutputKey> = done.put.keys().cloned().collect();
    changed.extend(strange);
    let dirty = Dirty {
        outputs: changed.clone(),
        ..Dirty::default()
    };
    Arc::make_mut(&mut state.outputs).extend(done.put);
    // The sources that the state knows are not those that these were made from: whatever comes
    // next makes them again, and sees.
    let mut graph = (*state.graph).clone();
    graph.outputs.retain(|key, _| !changed.contains(key));
    state.graph = Arc::new(graph);
    let none = BTreeMap::new();
    let committed = conclude(context, session, state, &dirty, changed, &none, |root| {
        root.unfinished = true;
        if !moved.is_empty() {
            root.add_hints(moved.iter().map(String::as_str));
        }
    });
    let committed: Committed = committed.await?;
    committed.tell(&mut report);
    Ok(report)
}
