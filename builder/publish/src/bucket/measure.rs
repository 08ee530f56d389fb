//! What a build costs: time by phase, requests and bytes.

use super::context::Context;
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

/// Request counters as they stood when a build began.
pub(super) struct Counted {
    work: [u64; 8],
    state: [u64; 8],
}

impl Counted {
    pub(super) fn now(context: &Context) -> Self {
        Self {
            work: context.counts.snapshot(),
            state: context.state_counts.snapshot(),
        }
    }

    pub(super) fn fill(&self, context: &Context, report: &mut Report) {
        let seconds = context.host.now().as_second();
        report.at = jiff::Timestamp::from_second(seconds)
            .map(|at| at.to_string())
            .unwrap_or_default();
        let now = Self::now(context);
        let of = |index: usize| {
            now.work[index] - self.work[index] + now.state[index] - self.state[index]
        };
        report.requests.get = of(0);
        report.requests.head = of(1);
        report.requests.put = of(2);
        report.requests.delete = of(3);
        report.requests.list = of(4);
        report.requests.invalidation = of(5);
        report.bytes.read = of(6);
        report.bytes.out = of(7);
        report.bytes.state_in = now.state[6] - self.state[6];
        report.bytes.state_out = now.state[7] - self.state[7];
    }
}
