//! Virtual time: it passes when the scheduler says so, and no wait costs real time. Each machine
//! has a wall clock of its own, which may be wrong and may jump; timers do not follow the jumps.

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use futures::future::BoxFuture;
use jiff::Timestamp;
use quillfront_publish::bucket::Host;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

/// 2026-01-02T20:04:05Z: a night falls into many runs.
const START_MS: i64 = 1_767_384_245_000;

#[derive(Debug, Default)]
pub struct Clock {
    elapsed_ms: AtomicI64,
    timers: Mutex<BTreeMap<(i64, u64), Waker>>,
    numbers: AtomicU64,
}

impl Clock {
    /// Milliseconds since the beginning.
    pub fn elapsed_ms(&self) -> i64 {
        self.elapsed_ms.load(Ordering::SeqCst)
    }

    /// The true time, in milliseconds of Unix time.
    pub fn true_ms(&self) -> i64 {
        START_MS + self.elapsed_ms()
    }

    pub fn advance_to(&self, elapsed_ms: i64) {
        self.elapsed_ms.fetch_max(elapsed_ms, Ordering::SeqCst);
        let now = self.elapsed_ms();
        let mut timers = self.timers.lock().unwrap();
        while let Some(first) = timers.first_entry().filter(|first| first.key().0 <= now) {
            first.remove().wake();
        }
    }

    /// When the next timer is due.
    pub fn next_timer(&self) -> Option<i64> {
        let timers = self.timers.lock().unwrap();
        timers.keys().next().map(|(at, _)| *at)
    }

    fn timer(self: &Arc<Self>, duration: Duration) -> Timer {
        Timer {
            clock: self.clone(),
            at: self.elapsed_ms() + (duration.as_millis() as i64).max(1),
            number: self.numbers.fetch_add(1, Ordering::SeqCst),
        }
    }
}

struct Timer {
    clock: Arc<Clock>,
    at: i64,
    number: u64,
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut timers = self.clock.timers.lock().unwrap();
        if self.clock.elapsed_ms() >= self.at {
            return Poll::Ready(());
        }
        timers.insert((self.at, self.number), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let mut timers = self.clock.timers.lock().unwrap();
        timers.remove(&(self.at, self.number));
    }
}

/// Time and names of one machine: for the builder, and for the SDK under it.
#[derive(Debug)]
pub struct Machine {
    pub name: String,
    clock: Arc<Clock>,
    /// How wrong its wall clock is.
    pub skew_ms: AtomicI64,
    names: AtomicU64,
    /// True where no time passes for it: what it would wait for is over at once.
    stands_still: bool,
}

impl Machine {
    /// A machine for which no time passes.
    pub fn standing_still(name: &str, clock: Arc<Clock>) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            clock,
            skew_ms: AtomicI64::new(0),
            names: AtomicU64::new(0),
            stands_still: true,
        })
    }

    pub fn new(name: String, clock: Arc<Clock>, skew_ms: i64) -> Arc<Self> {
        Arc::new(Self {
            name,
            clock,
            skew_ms: AtomicI64::new(skew_ms),
            names: AtomicU64::new(0),
            stands_still: false,
        })
    }

    /// Sets the clock on.
    pub fn jump(&self, by_ms: i64) {
        self.skew_ms.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// What its wall clock says, in milliseconds of Unix time.
    pub fn wall_ms(&self) -> i64 {
        self.clock.true_ms() + self.skew_ms.load(Ordering::SeqCst)
    }
}

impl Host for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.wall_ms()).unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if self.stands_still {
            return Box::pin(std::future::ready(()));
        }
        Box::pin(self.clock.timer(duration))
    }

    fn new_id(&self) -> String {
        let number = self.names.fetch_add(1, Ordering::SeqCst);
        format!("{}.{number}", self.name)
    }
}

/// The same for the SDK: its backoff, its timeouts, the dates that it signs.
#[derive(Debug, Clone)]
pub struct SdkTime(pub Arc<Machine>);

impl AsyncSleep for SdkTime {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.0.clock.timer(duration))
    }
}

impl TimeSource for SdkTime {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.0.wall_ms() as u64)
    }
}
