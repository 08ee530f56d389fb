//! Events for several builder functions at once, as a queue on AWS hands them out.
//!
//! What waits goes to the next builder that is free, at once and without gathering: a builder that finds another at
//! work leaves its keys with that one. Events whose builder failed come again. No lease is ended here, since it may
//! be that of a builder at work: one that died has its lease until it is over, and another takes it over then.
//! Since keys may be left with one that has died, the last events whose keys were left come again, until some builder
//! has come through: it does all that was left.

use super::{EventFailure, RETRY_AFTER, SOURCE, Serving, until};
use crate::out;
use crate::show;
use anyhow::Result;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use quillfront_infra::facts::BATCH_SIZE;
use quillfront_local::gather::Gatherer;
use quillfront_publish::bucket::store::Place;
use quillfront_publish::handler::Answer;
use serde_json::{Value, json};
use std::collections::VecDeque;
use tokio::time::{Interval, sleep};

/// What is to be handled next.
enum Task {
    /// Sources that have changed.
    Batch(Value),
    /// An event whose keys were left for whoever comes next.
    Left(Value),
    /// Both buckets are to be looked at.
    Reconcile,
}

impl Task {
    fn event(&self) -> Value {
        match self {
            Self::Batch(event) | Self::Left(event) => event.clone(),
            Self::Reconcile => json!({ "reconcile": true }),
        }
    }
}

impl Serving {
    /// Hands batches of events to as many builders as there may be, until the source of events has ended.
    pub(super) async fn hand_out(
        &self,
        gatherer: &mut Gatherer,
        schedule: &mut Interval,
    ) -> Result<()> {
        let most = usize::try_from(self.builders)?;
        let batch_size = usize::try_from(BATCH_SIZE)?;
        let mut ready = VecDeque::new();
        let mut under_way = FuturesUnordered::new();
        let mut later = FuturesUnordered::new();
        let again = |task| async {
            sleep(RETRY_AFTER).await;
            task
        };
        // From when a reconcile is planned until it has come through.
        let mut is_reconciling = false;
        // An event whose keys were left waits to come again. One is enough: the keys of all are in the root.
        let mut is_left = false;
        while !out::is_closed() {
            while under_way.len() < most
                && let Some(task) = ready.pop_front()
            {
                is_left &= !matches!(task, Task::Left(_));
                under_way.push(self.work(task));
            }
            let is_free = under_way.len() < most;
            let due = self.next_due().await;
            tokio::select! {
                Some((task, outcome)) = under_way.next() => {
                    let is_reconcile = matches!(task, Task::Reconcile);
                    match outcome {
                        Ok(answer) => {
                            is_reconciling &= !is_reconcile;
                            if self.tell_all(&answer).await? && !is_left {
                                is_left = true;
                                later.push(again(Task::Left(task.event())));
                            }
                        }
                        Err(EventFailure::Event(error)) => {
                            is_reconciling &= !is_reconcile;
                            show::warning(&error);
                        }
                        Err(EventFailure::Work(error)) => {
                            show::warning(&format!("{error}; trying again"));
                            later.push(again(task));
                        }
                    }
                }
                Some(task) = later.next() => ready.push_back(task),
                batch = gatherer.next_waiting(batch_size), if is_free => match batch {
                    Some(event) => ready.push_back(Task::Batch(event)),
                    None => return Ok(()),
                },
                () = until(due), if !is_reconciling => {
                    is_reconciling = true;
                    ready.push_back(Task::Reconcile);
                }
                _ = schedule.tick(), if !is_reconciling => {
                    is_reconciling = true;
                    ready.push_back(Task::Reconcile);
                }
            }
        }
        Ok(())
    }

    /// Has a builder do a task.
    async fn work(&self, task: Task) -> (Task, Result<Answer, EventFailure>) {
        let source = Place {
            bucket: SOURCE.to_owned(),
            prefix: String::new(),
        };
        let outcome = self.run(&source, &task.event()).await;
        (task, outcome)
    }

    /// Tells what came of an event. True where keys were left for whoever looks next.
    async fn tell_all(&self, answer: &Answer) -> Result<bool> {
        for report in &answer.reports {
            self.tell(report).await?;
        }
        Ok(answer.reports.last().is_some_and(|report| report.deferred))
    }
}
