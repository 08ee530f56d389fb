//! What time it is to a site: the day, and what is due.

use super::root::Root;
use super::run::Work;
use super::state::State;
use jiff::Timestamp;
use quillfront_site::key::SourceKey;
use quillfront_site::library::schedule::due_between;
use std::collections::BTreeSet;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// The time of a run.
#[derive(Clone, Copy)]
pub(super) struct Time {
    /// What templates see at least.
    pub(super) now: Timestamp,
    /// What is due up to here is published; `now` moves on to the last such moment.
    pub(super) up_to: Timestamp,
}

impl Time {
    /// The day of a moment, and all that is due by then.
    pub(super) fn of_day(up_to: Timestamp) -> Self {
        let start = up_to.as_second().div_euclid(SECONDS_PER_DAY) * SECONDS_PER_DAY;
        let now = Timestamp::from_second(start).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { now, up_to }
    }

    /// The time that a root has, which does not move, and all that is due by today.
    pub(super) fn of_root(root: &Root, today: Self) -> Self {
        let now = root.time();
        let up_to = today.up_to.max(now);
        Self { now, up_to }
    }
}

/// How an attempt moves the time of the site.
pub(super) struct Schedule {
    pub(super) time: Time,
    /// Whether that alone is a reason to build.
    pub(super) is_moved: bool,
    /// What has become due, and nothing is published of.
    pub(super) due: Vec<SourceKey>,
}

impl Schedule {
    /// Only a reconcile moves the day, and a run that finds something due moves to the moment of it.
    pub(super) fn of(work: &Work, root: &Root, state: &State, today: Time) -> Self {
        if !matches!(work, Work::Reconcile | Work::Due) {
            return Self {
                time: Time::of_root(root, today),
                is_moved: false,
                due: Vec::new(),
            };
        }
        let next = root.next_due.as_ref();
        let is_due = next.is_some_and(|next| next.at <= today.up_to);
        let due = if is_due {
            unpublished(due_between(&state.sources, root.time(), today.up_to), state)
        } else {
            Vec::new()
        };
        let is_of_today = (today.now..=today.up_to).contains(&root.time());
        Self {
            time: today,
            is_moved: is_due || !is_of_today,
            due,
        }
    }
}

/// Those sources that nothing is published of. What is due exactly now may have been published when
/// it became due, and is not to be taken down while others are tried.
fn unpublished(mut sources: Vec<SourceKey>, state: &State) -> Vec<SourceKey> {
    if !sources.is_empty() {
        let published = state.outputs.values().map(|output| &output.source);
        let published: BTreeSet<&SourceKey> = published.collect();
        sources.retain(|key| !published.contains(key));
    }
    sources
}
