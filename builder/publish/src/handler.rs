//! The one door for events: what the Lambda runs, `quillfront handle` runs once, and the local
//! server runs for each gathered batch.
//!
//! An event says where to look, not what happened (invariant 2): all that is taken from it is
//! keys of the source bucket.

mod event;

pub use event::{EventError, Strange};

use crate::bucket::run::Work;
use crate::bucket::store::Place;
use crate::bucket::{BuildError, Builder};
use event::EventRequest;
use futures::future::LocalBoxFuture;
use quillfront_site::report::Report;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Why an event was not handled.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// The event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The work.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// What became of an event.
#[derive(Debug, Default)]
pub struct Answer {
    /// One for each build.
    pub reports: Vec<Report>,
    /// For an SQS batch: the messages that are to come again.
    pub failures: Option<Vec<Failure>>,
    /// For an SQS batch: infrastructure that failed, whether or not a message has to come again.
    pub error: Option<BuildError>,
    /// Records that are not understood. They are told of and passed over: they would not be
    /// understood the next time either.
    pub strange: Vec<Strange>,
}

impl Answer {
    /// What a Lambda function answers: `batchItemFailures` to SQS (Lambda guide, "Reporting batch
    /// item failures"), the reports to others.
    ///
    /// # Errors
    /// A report that is no JSON, which would be a bug.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        let Some(failures) = &self.failures else {
            return serde_json::to_value(&self.reports);
        };
        let failure = |failure: &Failure| json!({ "itemIdentifier": failure.message });
        let list: Vec<Value> = failures.iter().map(failure).collect();
        Ok(json!({ "batchItemFailures": list }))
    }
}

/// A message that is to come again, and to end in the dead-letter queue if that does not help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its id.
    pub message: String,
    /// Why.
    pub why: String,
}

/// Handles one event. Author's mistakes are in the reports; an error means: try again. Records that
/// are not understood stop no others. Of an SQS batch only those messages come again whose keys were
/// neither built nor taken over as hints when something failed.
///
/// # Errors
/// An event of which nothing is understood, or infrastructure that failed.
pub async fn handle(
    builder: &Builder,
    source: &Place,
    event: &Value,
) -> Result<Answer, HandleError> {
    let Some(messages) = event::messages(event, source) else {
        let asked = event::asked(event, source)?;
        return Ok(Answer {
            reports: run(builder, &asked).await?,
            strange: asked.strange,
            ..Answer::default()
        });
    };
    let mut all = EventRequest::default();
    for (_, asked) in &messages {
        all.keys.extend(asked.keys.iter().cloned());
        all.reconcile |= asked.reconcile;
        all.strange.extend(asked.strange.iter().cloned());
    }
    let (reports, error) = match run(builder, &all).await {
        Ok(reports) => (reports, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let stopped = reports.iter().any(|report| report.stopped);
    let hints = match error {
        // If even the root cannot be read, nothing is known to be taken over.
        Some(_) => builder.hints().await.unwrap_or_default(),
        None => BTreeSet::new(),
    };
    let why = match &error {
        Some(error) => error.to_string(),
        None => "time ran out".to_owned(),
    };
    let again = messages.into_iter().filter(|(_, asked)| match &error {
        Some(_) => asked.reconcile || !asked.keys.is_subset(&hints),
        None => asked.reconcile && stopped,
    });
    let failures = again.map(|(message, _)| Failure {
        message,
        why: why.clone(),
    });
    Ok(Answer {
        reports,
        failures: Some(failures.collect()),
        error,
        strange: all.strange,
    })
}

async fn run(builder: &Builder, asked: &EventRequest) -> Result<Vec<Report>, BuildError> {
    let mut reports = Vec::new();
    if !asked.keys.is_empty() {
        reports = run_one(builder, Work::Keys(asked.keys.clone())).await?;
    }
    if asked.reconcile {
        reports.extend(run_one(builder, Work::Reconcile).await?);
    }
    Ok(reports)
}

/// On the heap, and of a type that those around it need not look into: the future of a run is large.
fn run_one(builder: &Builder, work: Work) -> LocalBoxFuture<'_, Result<Vec<Report>, BuildError>> {
    Box::pin(builder.run(work))
}
