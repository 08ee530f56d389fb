//! What goes wrong, and how often.

use super::SECOND;
use crate::random::Random;

/// How bad the weather is: each in thousandths of a request, but where said otherwise.
#[derive(Debug, Clone, Default)]
pub struct Weather {
    /// 503 or 500; nothing is done.
    pub(super) unavailable: u64,
    /// 409 on a conditional write; nothing is done.
    pub(super) conflict: u64,
    /// The connection breaks, half of the times after the request was done.
    pub(super) reset: u64,
    /// No answer ever comes, half of the times after the request was done.
    pub(super) hung: u64,
    /// It takes a while.
    pub(super) slow: u64,
    /// The builder dies, before or after the request is done.
    pub(super) death: u64,
    /// The builder's time runs out: it is to begin nothing new.
    pub(super) late: u64,
    /// A machine that does not hold the lease stands still for up to ten minutes and then goes on.
    pub(super) pause: u64,
    /// The same of one that holds the lease, which it has lost then.
    pub(super) zombie: u64,
    /// Thousandths of a run: its clock jumps during it.
    pub(super) jump: u64,
    /// A signal ends the builder's process, which has the time for a last word.
    pub(super) signal: u64,
    /// Thousandths of uploads: this version ends whoever renders it.
    pub(super) killers: u64,
    /// CloudFront takes no invalidation now.
    pub(super) throttled: u64,
    /// How wrong a clock may be: two of them differ by less than a request timeout, for which a
    /// takeover waits.
    pub(super) max_skew_ms: i64,
    /// Thousandths of events that are lost, and as many that come twice.
    pub(super) events: u64,
    /// Thousandths of the moments at which it hurts that an author changes something just then.
    pub(super) meddling: u64,
}

impl Weather {
    pub(super) fn of(random: &mut Random) -> Self {
        let level = |random: &mut Random, list: &[u64]| *random.pick(list);
        let wild = random.chance(300);
        Self {
            unavailable: level(random, &[0, 10, 40]),
            conflict: level(random, &[0, 10, 40]),
            reset: level(random, &[0, 10, 30]),
            hung: level(random, &[0, 0, 4]),
            slow: level(random, &[0, 10, 30]),
            death: level(random, &[0, 4, 10, 25]),
            late: level(random, &[0, 3, 10]),
            pause: level(random, &[0, 3, 10]),
            zombie: if wild { level(random, &[4, 10]) } else { 0 },
            jump: if wild { 200 } else { 0 },
            signal: level(random, &[0, 3, 10]),
            killers: level(random, &[0, 0, 30, 100]),
            throttled: level(random, &[0, 0, 100, 400]),
            max_skew_ms: *random.pick(&[0, 22 * SECOND]),
            events: level(random, &[0, 0, 100]),
            meddling: level(random, &[0, 100, 300]),
        }
    }

    /// True where a write may come after others took over: only a reconcile finds it then.
    pub fn has_zombies(&self) -> bool {
        self.zombie > 0 || self.jump > 0
    }
}
