//! Until when a builder may begin something, and when its process ends.

use jiff::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Both in milliseconds of Unix time.
#[derive(Debug)]
pub(super) struct Deadline {
    /// From then on nothing new is begun.
    stop_before_ms: AtomicI64,
    /// When the process ends.
    ends_ms: AtomicI64,
}

impl Default for Deadline {
    /// There is no hurry.
    fn default() -> Self {
        Self {
            stop_before_ms: AtomicI64::new(i64::MAX),
            ends_ms: AtomicI64::new(i64::MAX),
        }
    }
}

impl Deadline {
    /// Sets from when on nothing new is begun; none where there is no hurry.
    pub(super) fn stop_before(&self, at: Option<Timestamp>) {
        let at = at.map_or(i64::MAX, Timestamp::as_millisecond);
        self.stop_before_ms.store(at, Ordering::Relaxed);
    }

    /// Sets when the process ends: it stops two request timeouts before that, but uses at least three
    /// quarters of the time there is.
    pub(super) fn end_before(&self, at: Timestamp, now_ms: i64, request_timeout: Duration) {
        let left = (at.as_millisecond() - now_ms).max(0);
        self.ends_ms.store(at.as_millisecond(), Ordering::Relaxed);
        let wanted = 2 * request_timeout.as_millis() as i64;
        let stop_before_ms = now_ms + left - wanted.min(left / 4);
        self.stop_before_ms.store(stop_before_ms, Ordering::Relaxed);
    }

    /// Whether nothing new may begin.
    pub(super) fn is_over(&self, now_ms: i64) -> bool {
        now_ms >= self.stop_before_ms.load(Ordering::Relaxed)
    }

    /// When the process ends, as far as that is known.
    pub(super) fn ends_ms(&self) -> i64 {
        self.ends_ms.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_stops_two_timeouts_before_the_end_and_uses_most_of_a_short_time() {
        let timeout = Duration::from_secs(45);
        for (left_ms, stops_after_ms) in [(900_000, 810_000), (60_000, 45_000), (-5, 0)] {
            let deadline = Deadline::default();
            assert!(!deadline.is_over(i64::MAX - 1));
            let end = Timestamp::from_millisecond(1_000_000 + left_ms).unwrap();
            deadline.end_before(end, 1_000_000, timeout);
            assert!(!deadline.is_over(1_000_000 + stops_after_ms - 1));
            assert!(deadline.is_over(1_000_000 + stops_after_ms));
            assert_eq!(deadline.ends_ms(), 1_000_000 + left_ms);
            deadline.stop_before(None);
            assert!(!deadline.is_over(1_000_000 + stops_after_ms));
        }
    }
}
