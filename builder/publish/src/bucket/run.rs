//! One run: see the module page for its steps.

use super::BuildError;
use super::attempts::{Attempts, end_attempt};
use super::commit::commit;
use super::context::{Context, Step};
use super::draft::draft;
use super::end::{End, defer, leave, settle};
use super::measure::Meter;
use super::named;
use super::observe::{CarryOver, Observation, observe};
use super::publication::Publication;
use super::root::{LoadedRoot, Outbox, Root};
use super::rounds::{self, Rounds};
use super::rules::RulesChange;
use super::session::{lease, lease_left};
use super::stop::{Cause, stop};
use super::store::{Attributes, Condition};
use super::sweep::sweep;
use super::takeover::recover;
use super::time::Time;
use super::upload::upload;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::SourceKey;
use quillfront_site::report::{Kind, Report};
use std::collections::BTreeSet;
use std::time::Duration;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Look at these source keys.
    Keys(BTreeSet<SourceKey>),
    /// Look at both buckets: lost events, objects that should not be as they are.
    Reconcile,
    /// Let the held change through.
    Approve,
    /// Publish what has become due.
    Due,
}

/// Plans that were made in vain because somebody else committed first.
const MAX_PLANS: usize = 8;
/// Where the last report is.
pub const REPORT_KEY: &str = "report.json";

/// Does the work, then what others have left as hints meanwhile. One report for each build.
pub(super) async fn run(
    context: &Context,
    attempts: &Attempts,
    work: Work,
) -> Result<Vec<Report>, BuildError> {
    let mut reports = vec![build(context, attempts, &work).await?];
    // Once: what is still due after that cannot be published now.
    let mut moved = work == Work::Due;
    let mut rounds = Rounds::default();
    loop {
        if context.is_late() {
            return Ok(reports);
        }
        let root = context.root().await?;
        let Some(root) = root.filter(|root| root.lease.is_none()) else {
            return Ok(reports);
        };
        let is_due = root
            .next_due
            .as_ref()
            .is_some_and(|next| next.at <= context.clock());
        let work = match (root.hints.is_empty(), is_due && !moved) {
            _ if reports.last().is_some_and(|report| report.deferred) => return Ok(reports),
            (false, _) => Work::Keys(BTreeSet::new()),
            // Uploaded when its time had come already.
            (true, true) => Work::Due,
            (true, false) => {
                if !invalidate_what_waited(context, attempts, &root).await? {
                    return Ok(reports);
                }
                continue;
            }
        };
        let too_many = rounds.begin(&root);
        if !too_many.is_empty() {
            let told = too_many.into_iter().map(rounds::told).collect();
            tell_last(context, &mut reports, told).await?;
            return Ok(reports);
        }
        moved |= work == Work::Due;
        reports.push(build(context, attempts, &work).await?);
    }
}

/// Waits until paths may be invalidated that have to wait, or has them invalidated if they have waited. False
/// where there are none, or the process ends before: whatever runs next does it.
async fn invalidate_what_waited(
    context: &Context,
    attempts: &Attempts,
    root: &Root,
) -> Result<bool, BuildError> {
    let Some(at_ms) = root.next_later_ms() else {
        return Ok(false);
    };
    let left_ms = at_ms - context.now_ms();
    if left_ms <= 0 {
        build(context, attempts, &Work::Keys(BTreeSet::new())).await?;
        return Ok(true);
    }
    if context.deadline.is_over(at_ms) {
        return Ok(false);
    }
    (context.progress)(Step::Waiting(
        "the edges read the new redirect rules; then their paths are invalidated",
    ));
    let left = Duration::from_millis(left_ms.unsigned_abs());
    // No more is due to anybody but by a clock that is wrong.
    let left = left.min(context.options.rules_delay);
    context.host.sleep(left).await;
    Ok(true)
}

/// Ends a run that leaves work: adds to its last report.
async fn tell_last(
    context: &Context,
    reports: &mut [Report],
    told: Vec<Diagnostic>,
) -> Result<(), BuildError> {
    let Some(last) = reports.last_mut() else {
        return Ok(());
    };
    last.diagnostics.extend(told);
    last.deferred = true;
    match last.kind {
        Kind::None => Ok(()),
        _ => write_report(context, last).await,
    }
}

async fn build(context: &Context, attempts: &Attempts, work: &Work) -> Result<Report, BuildError> {
    let outcome = build_noted(context, attempts, work).await;
    end_attempt(context, attempts, &outcome).await;
    outcome
}

/// Makes attempts until one has an end, and writes its report.
async fn build_noted(
    context: &Context,
    attempts: &Attempts,
    work: &Work,
) -> Result<Report, BuildError> {
    let meter = Meter::start(context);
    let mut carried = CarryOver::default();
    for _ in 0..MAX_PLANS {
        match attempt(context, attempts, work, &mut carried).await {
            Ok(report) => return finish(context, work, meter, report).await,
            Err(End::Report(report)) => {
                return finish(context, work, meter, *report).await;
            }
            Err(End::Outdated) => {}
            Err(End::Failure(error)) => return Err(error),
        }
    }
    Err(BuildError::LostRace)
}

/// Plans and publishes once. `carried` is what earlier attempts of the build have left.
async fn attempt(
    context: &Context,
    attempts: &Attempts,
    work: &Work,
    carried: &mut CarryOver,
) -> Result<Report, End> {
    let opening = open(context, attempts, work).await?;
    let Observation {
        claim,
        mut proposal,
        is_new,
        warnings,
        mut clock,
    } = observe(context, attempts, opening, work, carried).await?;
    if !is_new && proposal.changes.map.is_empty() && proposal.is_all_known() {
        return settle(context, claim, work, warnings).await;
    }

    let draft = draft(context, &mut proposal).await?;
    if !draft.misread.is_empty() {
        carried.more.extend(draft.misread);
        return Err(End::Outdated);
    }
    clock.lap("render");
    let is_new = is_new || !draft.changes.map.is_empty();

    let mut publication = Publication::of(context, proposal, draft);
    publication.leave_for_later(&claim.trial.left);
    // What was found under a key whose page cannot be rendered stays unknown: that alone is
    // nothing to commit.
    if !is_new && publication.is_nothing() {
        return settle(context, claim, work, warnings).await;
    }

    let unseen = named::unseen(context, work, &publication, &carried.more).await;
    let unseen = unseen.map_err(BuildError::from)?;
    if !unseen.is_empty() {
        carried.more.extend(unseen);
        return Err(End::Outdated);
    }

    let mut session = lease(context, claim, &publication).await?;
    let rules = RulesChange::of(context, &publication).await?;
    let upload = upload(context, &mut session, &publication).await?;
    clock.lap("put");
    let rules = rules.once_put(&upload, &publication);
    if upload.is_cut_short(&publication) {
        let report = stop(
            context,
            session,
            publication,
            upload,
            rules,
            Cause::TimeRanOut,
        );
        return Ok(report.await?);
    }
    if publication.draft.part {
        let cause = Cause::OwnPagesFirst;
        let report = stop(context, session, publication, upload, rules, cause).await?;
        let ms = clock.laps;
        return Ok(Report { ms, ..report });
    }

    let commit = commit(context, session, publication, upload, rules).await?;
    clock.lap("commit");
    let mut report = commit.report();
    report.diagnostics.extend(warnings);
    report.ms = clock.laps;
    Ok(report)
}

/// The root that an attempt begins with.
pub(super) struct Opening {
    pub(super) loaded: LoadedRoot,
    pub(super) root: Root,
    pub(super) today: Time,
}

/// Reads the root. Nobody has the lease, and no deletions are owed; else the attempt ends here.
async fn open(context: &Context, attempts: &Attempts, work: &Work) -> Result<Opening, End> {
    let loaded = LoadedRoot::read(&context.state).await?;
    let today = context.today();
    let new = || Root::new(today.now.to_string());
    let root = loaded.root.clone().unwrap_or_else(new);
    if context.is_late() {
        return Err(leave(context, attempts, work, loaded, &root).await?.into());
    }
    let lease = root.lease.as_ref();
    if let Some(left) = lease.and_then(|lease| lease_left(context, lease)) {
        return Err(defer(context, attempts, work, loaded, left).await?.into());
    }
    if lease.is_some() || root.outbox.as_ref().is_some_and(Outbox::removes) {
        recover(context, loaded, &root).await?;
        return Err(End::Outdated);
    }
    Ok(Opening {
        loaded,
        root,
        today,
    })
}

/// Ends a build that has a report: adds what it cost, and writes it.
async fn finish(
    context: &Context,
    work: &Work,
    meter: Meter,
    mut report: Report,
) -> Result<Report, BuildError> {
    // Its requests are in the report, and the report is there whatever becomes of it.
    let swept = if *work == Work::Reconcile && !report.deferred {
        sweep(context).await
    } else {
        Ok(())
    };
    meter.fill(context, &mut report);
    if report.kind != Kind::None {
        write_report(context, &report).await?;
    }
    swept?;
    match report.invalidations.owed {
        Some(why) => Err(BuildError::Invalidation(why)),
        None => Ok(report),
    }
}

async fn write_report(context: &Context, report: &Report) -> Result<(), BuildError> {
    let bytes =
        serde_json::to_vec(report).map_err(|error| BuildError::Rendering(error.to_string()))?;
    let attributes = Attributes {
        content_type: "application/json".into(),
        cache_control: "no-store".into(),
        ..Attributes::default()
    };
    let state = &context.state;
    let written = state.put(REPORT_KEY, &bytes, &attributes, &Condition::Always);
    written.await?;
    Ok(())
}
