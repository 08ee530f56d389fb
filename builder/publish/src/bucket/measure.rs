//! What a build costs: time by phase, requests and bytes.

use super::context::Context;
use super::store::CountsSnapshot;
use quillfront_site::report::Report;
use std::collections::BTreeMap;

/// Milliseconds by phase.
pub(super) struct Stopwatch<'a> {
    context: &'a Context,
    last: i64,
    pub(super) laps: BTreeMap<String, u64>,
}

impl<'a> Stopwatch<'a> {
    pub(super) fn start(context: &'a Context) -> Self {
        let last = context.now_ms();
        Self {
            context,
            last,
            laps: BTreeMap::new(),
        }
    }

    pub(super) fn lap(&mut self, name: &str) {
        let now = self.context.now_ms();
        self.laps
            .insert(name.to_owned(), (now - self.last).max(0) as u64);
        self.last = now;
    }
}

/// The clock and the counters of requests as they stood when a build began.
pub(super) struct Meter {
    began_ms: i64,
    work: CountsSnapshot,
    state: CountsSnapshot,
}

impl Meter {
    pub(super) fn start(context: &Context) -> Self {
        Self {
            began_ms: context.now_ms(),
            work: context.counts.snapshot(),
            state: context.state_counts.snapshot(),
        }
    }

    /// Fills in when a build ended and what it has cost.
    pub(super) fn fill(&self, context: &Context, report: &mut Report) {
        let now = context.host.now();
        report.at = jiff::Timestamp::from_second(now.as_second())
            .map(|at| at.to_string())
            .unwrap_or_default();
        let total = now.as_millisecond() - self.began_ms;
        report.ms.insert("total".into(), total.max(0) as u64);
        let work = context.counts.snapshot() - self.work;
        let state = context.state_counts.snapshot() - self.state;
        let all = work + state;
        report.requests = all.requests;
        report.counts.variants = work.variants;
        report.bytes.read = all.bytes_in;
        report.bytes.out = all.bytes_out;
        report.bytes.state_in = state.bytes_in;
        report.bytes.state_out = state.bytes_out;
    }
}
