//! Work that is done once, however many wait for it.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Semaphore, watch};

use crate::locks::IgnorePoison;

/// Works that are under way or wait for their turn. A page with a hundred new pictures is read at once.
pub(super) const MOST: usize = 256;

/// Works by name. Each goes on to its end on a thread of its own, even if nobody waits any more.
pub(super) struct Flights<T> {
    under_way: Mutex<HashMap<String, FlightReceiver<T>>>,
    /// One for each processor: more at once would only take memory.
    turns: Arc<Semaphore>,
    most: usize,
}

type FlightReceiver<T> = watch::Receiver<Option<T>>;

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotFlown {
    /// Too many works are under way.
    Full,
    /// The work panicked, or the server stops.
    GivenUp,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::new(processors, MOST)
    }
}

impl<T> Flights<T> {
    fn new(turns: usize, most: usize) -> Self {
        Self {
            under_way: Mutex::default(),
            turns: Arc::new(Semaphore::new(turns)),
            most,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, FlightReceiver<T>>> {
        self.under_way.lock().unpoisoned()
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Returns the result of the work of this name. It is begun where it is not under way; it may block.
    pub async fn join(
        self: &Arc<Self>,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotFlown> {
        let mut waiting = self.begun(name, work).ok_or(NotFlown::Full)?;
        let done = waiting.wait_for(Option::is_some).await;
        let done = done.map_err(|_| NotFlown::GivenUp)?;
        done.clone().ok_or(NotFlown::GivenUp)
    }

    fn begun(
        self: &Arc<Self>,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<FlightReceiver<T>> {
        let mut under_way = self.lock();
        if let Some(waiting) = under_way.get(name) {
            return Some(waiting.clone());
        }
        if under_way.len() >= self.most {
            return None;
        }
        let (sender, waiting) = watch::channel(None);
        under_way.insert(name.to_owned(), waiting.clone());
        let landing = FlightGuard {
            flights: self.clone(),
            name: name.to_owned(),
        };
        let turns = self.turns.clone();
        tokio::spawn(async move {
            let Ok(turn) = turns.acquire_owned().await else {
                return;
            };
            let done = tokio::task::spawn_blocking(work).await;
            drop(turn);
            // Whoever comes from now on finds what was made, or begins anew.
            drop(landing);
            if let Ok(done) = done {
                let _ = sender.send(Some(done));
            }
        });
        Some(waiting)
    }
}

/// Takes a work off the list at its end, however it ends.
struct FlightGuard<T> {
    flights: Arc<Flights<T>>,
    name: String,
}

impl<T> Drop for FlightGuard<T> {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    #[tokio::test(flavor = "multi_thread")]
    async fn many_wait_for_one_work_and_nobody_who_goes_takes_it_along() {
        let flights = Arc::new(Flights::new(1, 2));
        let works = Arc::new(AtomicUsize::new(0));
        let (go, gone) = mpsc::channel::<()>();
        let gone = Arc::new(Mutex::new(gone));
        let ask = || {
            let (flights, works, gone) = (flights.clone(), works.clone(), gone.clone());
            tokio::spawn(async move {
                let work = move || {
                    gone.lock().unwrap().recv().unwrap();
                    works.fetch_add(1, Ordering::SeqCst);
                    7
                };
                flights.join("a", work).await
            })
        };
        let first = ask();
        while flights.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (0..64).map(|_| ask()).collect();
        first.abort();
        // Another one has its place, but not yet its turn; a third has none.
        let second = {
            let flights = flights.clone();
            tokio::spawn(async move { flights.join("b", || 8).await })
        };
        while flights.lock().len() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(flights.join("c", || 9).await, Err(NotFlown::Full));
        // All of them have joined by now, or never will.
        while Arc::strong_count(&works) > 2 + others.iter().filter(|one| !one.is_finished()).count()
        {
            tokio::task::yield_now().await;
        }
        go.send(()).unwrap();
        drop(go);
        for one in others {
            assert_eq!(one.await.unwrap(), Ok(7));
        }
        assert_eq!(second.await.unwrap(), Ok(8));
        assert_eq!(works.load(Ordering::SeqCst), 1);
        assert!(flights.lock().is_empty());
        assert_eq!(flights.join("c", || 9).await, Ok(9));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_work_that_panics_leaves_its_place() {
        let flights = Arc::new(Flights::<u8>::new(1, 1));
        let panics = || -> u8 { std::panic::resume_unwind(Box::new("no message")) };
        assert_eq!(flights.join("a", panics).await, Err(NotFlown::GivenUp));
        assert_eq!(flights.join("a", || 1).await, Ok(1));
    }
}
