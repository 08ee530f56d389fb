//! What an environment and the server of its process share: the event that waits, and the one under way.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::reply::Reply;
use super::{Failure, InvokeError};
use crate::locks::IgnorePoison;

/// Where the answer of an invocation goes to. Whoever is first gives it: the function, or who sees it die.
#[derive(Clone)]
pub(super) struct Answer(Arc<Mutex<Option<Sender>>>);

type Sender = oneshot::Sender<Result<Reply, InvokeError>>;

impl Answer {
    /// Returns one, and what waits for it.
    pub fn new() -> (Self, oneshot::Receiver<Result<Reply, InvokeError>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), receiver)
    }

    /// Gives it. Where there is one already, or nobody waits any more, nothing happens.
    pub fn give(&self, answer: Result<Reply, InvokeError>) {
        let sender = self.0.lock().unpoisoned().take();
        if let Some(sender) = sender {
            // Who has asked may have gone.
            let _ = sender.send(answer);
        }
    }
}

/// An event on its way to a process.
pub(super) struct Invocation {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub id: String,
    pub event: Bytes,
    pub answer: Answer,
    /// Told when the process has the event.
    pub taken: oneshot::Sender<()>,
    /// Dropped when the process has given its answer.
    pub under_way: oneshot::Sender<()>,
}

/// An event that a process is at work on. It ends with this value.
pub(super) struct Current {
    pub id: String,
    pub answer: Answer,
    _under_way: oneshot::Sender<()>,
}

/// What an environment and the server of its process share.
pub(super) struct Desk {
    pub arn: String,
    pub time_limit: Duration,
    waiting: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    current: Mutex<Option<Current>>,
    init_error: Mutex<Option<Failure>>,
}

impl Desk {
    /// Returns one, and where events are put.
    pub fn new(arn: String, time_limit: Duration) -> (Arc<Self>, mpsc::Sender<Invocation>) {
        let (sender, waiting) = mpsc::channel(1);
        let desk = Self {
            arn,
            time_limit,
            waiting: tokio::sync::Mutex::new(waiting),
            current: Mutex::default(),
            init_error: Mutex::default(),
        };
        (Arc::new(desk), sender)
    }

    /// Waits for an event, and makes it the current one. None where no more come. One that is under way still is
    /// given up: the process asks for the next.
    pub async fn next(&self) -> Option<(String, Bytes)> {
        let invocation = self.waiting.lock().await.recv().await?;
        let Invocation {
            id,
            event,
            answer,
            taken,
            under_way,
        } = invocation;
        let current = Current {
            id: id.clone(),
            answer,
            _under_way: under_way,
        };
        *self.current.lock().unpoisoned() = Some(current);
        // The environment may have been given up meanwhile.
        let _ = taken.send(());
        Some((id, event))
    }

    /// Takes the event that is under way, if it has this id.
    pub fn take(&self, id: &str) -> Option<Current> {
        self.current
            .lock()
            .unpoisoned()
            .take_if(|current| current.id == id)
    }

    /// Takes the event that is under way.
    pub fn abandon(&self) -> Option<Current> {
        self.current.lock().unpoisoned().take()
    }

    /// Notes why the process could not start.
    pub fn failed_at_start(&self, failure: Failure) {
        *self.init_error.lock().unpoisoned() = Some(failure);
    }

    /// Returns why the process could not start, if it has said so.
    pub fn init_error(&self) -> Option<Failure> {
        self.init_error.lock().unpoisoned().clone()
    }
}
