//! What a build costs: time by phase, requests and bytes.

use super::Builder;
use super::store::CountsSnapshot;
use quillfront_site::report::Report;
use std::collections::BTreeMap;

/// Milliseconds by phase.
pub(super) struct Stopwatch<'a> {
    builder: &'a Builder,
    last: i64,
    pub(super) laps: BTreeMap<String, u64>,
}

impl<'a> Stopwatch<'a> {
    pub(super) fn start(builder: &'a Builder) -> Self {
        let last = builder.host.now().as_millisecond();
        Self {
            builder,
            last,
            laps: BTreeMap::new(),
        }
    }

    pub(super) fn lap(&mut self, name: &str) {
        let now = self.builder.host.now().as_millisecond();
        self.laps
            .insert(name.to_owned(), (now - self.last).max(0) as u64);
        self.last = now;
    }
}

/// Request counters as they stood when a build began.
pub(super) struct Counted {
    work: CountsSnapshot,
    state: CountsSnapshot,
}

impl Counted {
    pub(super) fn now(builder: &Builder) -> Self {
        Self {
            work: builder.counts.snapshot(),
            state: builder.state_counts.snapshot(),
        }
    }

    pub(super) fn fill(&self, builder: &Builder, report: &mut Report) {
        let seconds = builder.host.now().as_second();
        report.at = jiff::Timestamp::from_second(seconds)
            .map(|at| at.to_string())
            .unwrap_or_default();
        let now = Self::now(builder);
        let (work, state) = (now.work - self.work, now.state - self.state);
        let all = work + state;
        report.requests = all.requests;
        report.bytes.read = all.bytes_in;
        report.bytes.out = all.bytes_out;
        report.bytes.state_in = state.bytes_in;
        report.bytes.state_out = state.bytes_out;
    }
}
