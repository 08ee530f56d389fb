//! The connections that are open, and which of them makes room for another.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, oneshot};

use crate::locks::IgnorePoison;

/// The connections of one server.
pub(super) struct Slots {
    limit: usize,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Default)]
struct State {
    open: usize,
    /// Those of them that were told to go.
    leaving: usize,
    /// Counts up with each wait, so that the order of the keys is the order of time.
    clock: u64,
    /// Those that have no request under way, and what tells them to go.
    waiting: BTreeMap<u64, oneshot::Sender<()>>,
}

/// One connection's place. It is free again when this is dropped.
pub(super) struct Slot {
    slots: Arc<Slots>,
    place: Mutex<Place>,
}

enum Place {
    /// Since this count of the clock.
    Waiting(u64),
    Busy(oneshot::Sender<()>),
    /// Told to go.
    Leaving,
}

/// Resolves when the connection is to make room.
pub(super) struct Notice(oneshot::Receiver<()>);

/// A request under way. Its connection waits again when this is dropped.
pub(super) struct Turn(Arc<Slot>);

impl Slots {
    pub fn new(limit: usize) -> Arc<Slots> {
        Arc::new(Slots {
            limit,
            state: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// A place for a new connection, once there is one. Where all are taken, the connection that
    /// has waited longest is told to go; where all have a request under way, one of them ends.
    pub async fn enter(self: &Arc<Slots>) -> (Arc<Slot>, Notice) {
        loop {
            {
                let mut state = self.lock();
                if state.open < self.limit {
                    state.open += 1;
                    let (sender, receiver) = oneshot::channel();
                    let slot = Slot {
                        slots: self.clone(),
                        place: Mutex::new(Place::Waiting(state.wait(sender))),
                    };
                    return (Arc::new(slot), Notice(receiver));
                }
                // One place is wanted, so one at a time is told.
                if state.leaving == 0
                    && let Some((_, longest)) = state.waiting.pop_first()
                {
                    state.leaving += 1;
                    // An error says that it has just gone by itself.
                    let _ = longest.send(());
                }
            }
            self.freed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unpoisoned()
    }
}

impl State {
    fn wait(&mut self, sender: oneshot::Sender<()>) -> u64 {
        self.clock += 1;
        self.waiting.insert(self.clock, sender);
        self.clock
    }
}

impl Slot {
    /// A request begins.
    pub fn begin(self: &Arc<Slot>) -> Turn {
        let mut place = self.place();
        if let Place::Waiting(since) = *place {
            *place = match self.slots.lock().waiting.remove(&since) {
                Some(sender) => Place::Busy(sender),
                None => Place::Leaving,
            };
        }
        drop(place);
        Turn(self.clone())
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unpoisoned()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut place = self.0.place();
        *place = match std::mem::replace(&mut *place, Place::Leaving) {
            Place::Busy(sender) => {
                let mut state = self.0.slots.lock();
                // The last one of a full server: others may be waiting for it to make room.
                self.0.slots.freed.notify_one();
                Place::Waiting(state.wait(sender))
            }
            other => other,
        };
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let place = std::mem::replace(&mut *self.place(), Place::Leaving);
        let mut state = self.slots.lock();
        let told = match place {
            Place::Waiting(since) => state.waiting.remove(&since).is_none(),
            Place::Busy(_) => false,
            Place::Leaving => true,
        };
        state.leaving -= usize::from(told);
        state.open -= 1;
        drop(state);
        self.slots.freed.notify_one();
    }
}

impl Notice {
    pub async fn given(self) {
        if self.0.await.is_err() {
            // The place is gone, and the connection with it.
            pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn soon<T>(future: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(Duration::from_millis(100), future)
            .await
            .ok()
    }

    #[tokio::test]
    async fn who_waits_longest_makes_room_and_who_is_busy_does_not() {
        let slots = Slots::new(2);
        let (busy, busy_notice) = slots.enter().await;
        let turn = busy.begin();
        let (idle, idle_notice) = slots.enter().await;
        let newcomer = tokio::spawn({
            let slots = slots.clone();
            async move { slots.enter().await }
        });
        soon(idle_notice.given()).await.expect("told to go");
        assert!(!newcomer.is_finished(), "the place is not free yet");
        drop(idle);
        let (third, _notice) = soon(newcomer).await.expect("a place").expect("no panic");
        assert!(
            soon(busy_notice.given()).await.is_none(),
            "not the busy one"
        );

        let _third_turn = third.begin();
        assert!(soon(slots.enter()).await.is_none(), "all are busy");
        let newcomer = slots.enter();
        tokio::pin!(newcomer);
        assert!(soon(&mut newcomer).await.is_none());
        drop((turn, busy));
        assert!(soon(newcomer).await.is_some());
    }
}
