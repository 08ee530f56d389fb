//! The environments of a function: how many work at once, and which are used again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::desk::Answer;
use super::environment::{Environment, Ran};
use super::{BOOTSTRAP, InvokeError, MAX_EVENT_BYTES, Options, Reply};
use crate::locks::IgnorePoison;

/// A function that can be invoked. Clones are the same function.
#[derive(Clone)]
pub struct Function {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    /// One for each invocation that there may be at once.
    places: Arc<Semaphore>,
    /// The one that was used last is at the end, and is used first.
    idle: Mutex<Vec<Environment>>,
    started: AtomicU64,
    closing: watch::Sender<bool>,
}

impl Function {
    /// Returns a function. No process is started before it is needed.
    ///
    /// # Errors
    /// [`InvokeError::Start`]: there is no program.
    pub fn new(options: Options) -> Result<Self, InvokeError> {
        let program = options.folder.join(BOOTSTRAP);
        if !program.is_file() {
            let reason = "there is no such file".to_owned();
            return Err(InvokeError::Start { program, reason });
        }
        let places = usize::try_from(options.concurrency).unwrap_or(Semaphore::MAX_PERMITS);
        Ok(Self {
            shared: Arc::new(Shared {
                options,
                places: Arc::new(Semaphore::new(places)),
                idle: Mutex::default(),
                started: AtomicU64::new(0),
                closing: watch::Sender::new(false),
            }),
        })
    }

    /// Invokes the function with an event, and returns what it answers. A streamed answer comes as it is made; the
    /// function goes on to the end of it even if nobody reads it.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke(&self, event: Bytes) -> Result<Reply, InvokeError> {
        let shared = &self.shared;
        if event.len() > MAX_EVENT_BYTES {
            return Err(InvokeError::EventTooLarge(event.len()));
        }
        if *shared.closing.borrow() {
            return Err(InvokeError::ShutDown);
        }
        let place = shared.places.clone().try_acquire_owned();
        let place = place.map_err(|_| InvokeError::Throttled(shared.options.concurrency))?;
        let (answer, given) = Answer::new();
        let working = tokio::spawn(work(shared.clone(), place, event, answer));
        let reply = given.await.unwrap_or(Err(InvokeError::ShutDown));
        if !matches!(reply, Ok(Reply::Streamed { .. })) {
            // Whoever asks next finds the process idle, and the place free. A panic of it was told.
            let _ = working.await;
        }
        reply
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.shared.options.name
    }

    /// Returns how many processes were started.
    pub fn started(&self) -> u64 {
        self.shared.started.load(Ordering::Relaxed)
    }

    /// Kills all processes, and waits for their end. The function cannot be invoked any more.
    pub async fn shutdown(&self) {
        let shared = &self.shared;
        shared.closing.send_replace(true);
        // Whoever has a place gives it back once its process has ended, or is idle.
        let _all = shared.places.acquire_many(shared.options.concurrency).await;
        let idle = std::mem::take(&mut *shared.idle.lock().unpoisoned());
        for environment in idle {
            environment.end().await;
        }
    }
}

/// An invocation from its beginning to its end.
async fn work(shared: Arc<Shared>, place: OwnedSemaphorePermit, event: Bytes, answer: Answer) {
    let mut closing = shared.closing.subscribe();
    loop {
        let warm = shared.idle.lock().unpoisoned().pop();
        let mut environment = match warm {
            Some(environment) => environment,
            None => {
                shared.started.fetch_add(1, Ordering::Relaxed);
                match Environment::start(&shared.options).await {
                    Ok(environment) => environment,
                    Err(error) => return answer.give(Err(error)),
                }
            }
        };
        match environment.run(&event, &answer, &mut closing).await {
            Ran::Done => {
                shared.idle.lock().unpoisoned().push(environment);
                drop(place);
                return;
            }
            Ran::Ended => return environment.end().await,
            Ran::NotTaken => environment.end().await,
        }
    }
}
