//! How an attempt ends before its commit: too late, beside another builder, or with nothing to publish.

use super::BuildError;
use super::attempts::Attempts;
use super::context::{Context, Step};
use super::observe::Claim;
use super::root::{LoadedRoot, Root, RootError};
use super::run::Work;
use super::takeover::recover;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::SourceKey;
use quillfront_site::report::Report;
use std::time::Duration;

/// Why an attempt does not go on to its next step.
pub(super) enum End {
    /// There is nothing to publish, or it is left to another run.
    Report(Box<Report>),
    /// What it has planned on is no longer so. A builder has committed or was taken over from, or an
    /// author wrote a file while it was read: a new attempt is to begin.
    Outdated,
    /// Infrastructure failed.
    Failure(BuildError),
}

impl From<Report> for End {
    fn from(report: Report) -> Self {
        Self::Report(Box::new(report))
    }
}

impl From<BuildError> for End {
    fn from(error: BuildError) -> Self {
        Self::Failure(error)
    }
}

impl From<RootError> for End {
    fn from(error: RootError) -> Self {
        Self::Failure(error.into())
    }
}

/// Ends where it is too late to begin: the keys stay as hints. What looks at both buckets comes again
/// by its schedule. A note of an attempt before this one would count as a death, and is taken back.
pub(super) async fn leave(
    context: &Context,
    attempts: &Attempts,
    work: &Work,
    mut loaded: LoadedRoot,
    root: &Root,
) -> Result<Report, End> {
    let mut left = root.clone();
    let was_noted = left.take_back(attempts.id());
    let keys = match work {
        Work::Keys(keys) => keys.iter().map(SourceKey::as_str).collect(),
        Work::Reconcile | Work::Approve | Work::Due => Vec::new(),
    };
    if was_noted || !keys.is_empty() {
        left.add_hints(keys);
        write(context, &mut loaded, left).await?;
    }
    Ok(Report {
        deferred: true,
        stopped: true,
        ..root.report()
    })
}

/// Ends where another builder is at work: it gets the keys as hints, and a note of an attempt before this
/// one is taken back. What needs both buckets waits.
pub(super) async fn defer(
    context: &Context,
    attempts: &Attempts,
    work: &Work,
    mut loaded: LoadedRoot,
    left: Duration,
) -> Result<Report, End> {
    let Work::Keys(keys) = work else {
        (context.progress)(Step::Waiting("another builder is at work"));
        let pause = left.min(Duration::from_millis(500));
        context.host.sleep(pause).await;
        return Err(End::Outdated);
    };
    let mut root = loaded.root.clone().ok_or(End::Outdated)?;
    root.take_back(attempts.id());
    root.add_hints(keys.iter().map(SourceKey::as_str));
    let (commit, generation) = (root.commit.clone(), root.generation);
    write(context, &mut loaded, root).await?;
    Ok(Report {
        version: 1,
        commit,
        generation,
        deferred: true,
        ..Report::default()
    })
}

/// Ends where there is nothing that a build would notice: what was left to do is done, or the hints are
/// settled.
pub(super) async fn settle(
    context: &Context,
    claim: Claim,
    work: &Work,
    warnings: Vec<Diagnostic>,
) -> Result<Report, End> {
    let Claim {
        mut loaded,
        trial,
        taken,
        compared_ms,
    } = claim;
    let new = || Root::new(context.today().now.to_string());
    let root = loaded.root.clone().unwrap_or_else(new);
    let now_ms = context.now_ms();
    let expired = !root.expired(now_ms).is_empty();
    let has_waited = !root.due_paths(now_ms).is_empty();
    if root.outbox.is_some() || has_waited || (expired && *work == Work::Reconcile) {
        // An invalidation that CloudFront did not take before or that had to wait, or pictures of before.
        recover(context, loaded, &root).await?;
        return Err(End::Outdated);
    }
    (context.progress)(Step::Putting(0, 0));
    let mut settled = root.clone();
    settled.settle_hints(&taken);
    trial.settle(&mut settled);
    settled.compared_ms = compared_ms.unwrap_or(settled.compared_ms);
    settled.end_parts();
    if settled != root {
        write(context, &mut loaded, settled).await?;
    }
    Ok(Report {
        diagnostics: warnings,
        ..root.report()
    })
}

/// Writes the root where nobody has written it since it was read.
async fn write(context: &Context, loaded: &mut LoadedRoot, root: Root) -> Result<(), End> {
    let id = context.host.new_id();
    if loaded.write(&context.state, root, id).await? {
        Ok(())
    } else {
        Err(End::Outdated)
    }
}
