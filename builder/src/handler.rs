//! The one door for events: what the Lambda runs, `quillfront handle` runs once, and the local
//! server runs for each gathered batch.
//!
//! An event says where to look, not what happened (invariant 2): all that is taken from it is
//! keys of the source bucket.

use crate::key::SourceKey;
use crate::publish::run::Work;
use crate::publish::store::Place;
use crate::publish::{BuildError, Builder};
use crate::report::Report;
use aws_lambda_events::event::s3::S3Event;
use futures::future::LocalBoxFuture;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Envelopes (SQS in SNS in …) are opened this deep.
const MAX_DEPTH: usize = 4;

/// An event that is none of those that are understood.
#[derive(Debug, thiserror::Error)]
#[error(
    "this event is not understood: {0}; S3, SQS, SNS and EventBridge events are, and {{\"reconcile\": true}}"
)]
pub struct EventError(String);

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
    /// True where it will never be understood.
    pub is_event: bool,
}

/// Handles one event. Author's mistakes are in the reports; an error means: try again. Of an SQS
/// batch only those messages come again that are not understood, or whose keys were neither built
/// nor taken over as hints when something failed.
///
/// # Errors
/// An event that is not understood, or infrastructure that failed.
pub async fn handle(
    builder: &Builder,
    source: &Place,
    event: &Value,
) -> Result<Answer, HandleError> {
    let Some(messages) = messages(event) else {
        let reports = run(builder, &asked(event, source)?).await?;
        return Ok(Answer {
            reports,
            ..Answer::default()
        });
    };
    let mut failures = Vec::new();
    let mut understood = Vec::new();
    let mut all = Asked::default();
    for (message, body) in messages {
        match body.and_then(|body| asked(&body, source)) {
            Ok(asked) => {
                all.keys.extend(asked.keys.iter().cloned());
                all.reconcile |= asked.reconcile;
                understood.push((message, asked));
            }
            Err(error) => failures.push(Failure {
                message,
                why: error.to_string(),
                is_event: true,
            }),
        }
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
    let again = understood.into_iter().filter(|(_, asked)| match &error {
        Some(_) => asked.reconcile || !asked.keys.is_subset(&hints),
        None => asked.reconcile && stopped,
    });
    failures.extend(again.map(|(message, _)| Failure {
        message,
        why: why.clone(),
        is_event: false,
    }));
    Ok(Answer {
        reports,
        failures: Some(failures),
        error,
    })
}

async fn run(builder: &Builder, asked: &Asked) -> Result<Vec<Report>, BuildError> {
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

/// What an event asks for; nothing at all in the case of S3's test event.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    keys: BTreeSet<SourceKey>,
    reconcile: bool,
}

fn asked(event: &Value, source: &Place) -> Result<Asked, EventError> {
    let mut asked = Asked::default();
    collect(event, source, MAX_DEPTH, &mut asked)?;
    Ok(asked)
}

/// The messages of an SQS batch with their ids; none where this is no batch.
fn messages(event: &Value) -> Option<Vec<(String, Result<Value, EventError>)>> {
    let records = event.get("Records")?.as_array()?;
    let message = |record: &Value| {
        let sqs = record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs");
        let id = record.get("messageId").and_then(Value::as_str);
        let id = id.filter(|_| sqs)?.to_owned();
        let body = match record.get("body").and_then(Value::as_str) {
            Some(text) => parse(text),
            None => Err(EventError("a message in it has no body".into())),
        };
        Some((id, body))
    };
    let messages: Option<Vec<_>> = records.iter().map(message).collect();
    messages.filter(|messages| !messages.is_empty())
}

fn parse(text: &str) -> Result<Value, EventError> {
    serde_json::from_str(text)
        .map_err(|error| EventError(format!("a message in it is not JSON: {error}")))
}

fn collect(
    event: &Value,
    source: &Place,
    depth: usize,
    asked: &mut Asked,
) -> Result<(), EventError> {
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(EventError("its envelopes are nested too deep".into()));
    };
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    // Amazon S3 sends this once, when notifications are set up.
    if text("Event") == Some("s3:TestEvent") {
        return Ok(());
    }
    let scheduled =
        text("source") == Some("aws.events") && text("detail-type") == Some("Scheduled Event");
    if scheduled || event.get("reconcile").and_then(Value::as_bool) == Some(true) {
        asked.reconcile = true;
        return Ok(());
    }
    if let Some(detail) = event.get("detail") {
        return event_bridge(detail, source, &mut asked.keys);
    }
    // SNS behind SQS wraps once more, without Records.
    if let Some(message) = text("Message") {
        return collect(&parse(message)?, source, deeper, asked);
    }
    let Some(records) = event.get("Records").and_then(Value::as_array) else {
        return Err(EventError("it has no Records".into()));
    };
    for record in records {
        let inner = record
            .get("body")
            .or_else(|| record.pointer("/Sns/Message"));
        match inner.and_then(Value::as_str) {
            Some(text) => collect(&parse(text)?, source, deeper, asked)?,
            None => s3_record(record, source, &mut asked.keys)?,
        }
    }
    Ok(())
}

fn s3_record(
    record: &Value,
    source: &Place,
    keys: &mut BTreeSet<SourceKey>,
) -> Result<(), EventError> {
    let event: S3Event = serde_json::from_value(serde_json::json!({ "Records": [record] }))
        .map_err(|error| EventError(error.to_string()))?;
    for record in event.records {
        let bucket = record.s3.bucket.name.unwrap_or_default();
        // Keys are form-encoded (Amazon S3 guide, "Event message structure").
        let key = record.s3.object.key.unwrap_or_default().replace('+', " ");
        let key = percent_decode_str(&key)
            .decode_utf8()
            .map_err(|_| EventError(format!("the key `{key}` is not UTF-8")))?;
        add(&bucket, &key, source, keys);
    }
    Ok(())
}

/// EventBridge does not encode keys.
fn event_bridge(
    detail: &Value,
    source: &Place,
    keys: &mut BTreeSet<SourceKey>,
) -> Result<(), EventError> {
    let text = |pointer: &str| detail.pointer(pointer).and_then(Value::as_str);
    match (text("/bucket/name"), text("/object/key")) {
        (Some(bucket), Some(key)) => {
            add(bucket, key, source, keys);
            Ok(())
        }
        _ => Err(EventError("its detail names no bucket and object".into())),
    }
}

/// Keys of other buckets and outside the prefix are none of ours.
fn add(bucket: &str, key: &str, source: &Place, keys: &mut BTreeSet<SourceKey>) {
    if bucket == source.bucket
        && let Some(key) = key.strip_prefix(&source.prefix)
    {
        keys.insert(SourceKey::from(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn source() -> Place {
        "s3://source/site".parse().unwrap()
    }

    fn keys(event: &Value) -> Vec<String> {
        let asked = asked(event, &source()).unwrap();
        assert!(!asked.reconcile);
        asked.keys.iter().map(ToString::to_string).collect()
    }

    /// More envelopes than are opened.
    fn deep() -> Value {
        let wrap = |inner: Value, _| json!({"Message": inner.to_string()});
        (0..MAX_DEPTH).fold(s3_event("site/a.md"), wrap)
    }

    fn s3_event(key: &str) -> Value {
        json!({"Records": [{
            "eventVersion": "2.6", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-01-02T03:04:05.678Z", "eventName": "ObjectCreated:Put",
            "userIdentity": {"principalId": "A"}, "requestParameters": {"sourceIPAddress": "::1"},
            "responseElements": {"x-amz-request-id": "1"},
            "s3": {"s3SchemaVersion": "1.0", "configurationId": "c",
                "bucket": {"name": "source", "ownerIdentity": {"principalId": "A"}, "arn": "arn:aws:s3:::source"},
                "object": {"key": key, "size": 1, "eTag": "e", "sequencer": "00"}}
        }]})
    }

    #[test]
    fn keys_are_decoded_and_cut_from_the_prefix() {
        assert_eq!(
            keys(&s3_event("site/content/a+b%2Bc/%C3%BC.md")),
            ["content/a b+c/ü.md"]
        );
    }

    #[test]
    fn envelopes_are_opened() {
        let inner = s3_event("site/a.md").to_string();
        let sqs = json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": inner}]});
        assert_eq!(keys(&sqs), ["a.md"]);
        let sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": inner}}]});
        assert_eq!(keys(&sns), ["a.md"]);
        let both = json!({"Records": [{"body": json!({"Type": "Notification", "Message": inner}).to_string()}]});
        assert_eq!(keys(&both), ["a.md"]);
        let bridge = json!({"detail-type": "Object Created", "detail": {"bucket": {"name": "source"}, "object": {"key": "site/a b.md"}}});
        assert_eq!(keys(&bridge), ["a b.md"]);
    }

    #[test]
    fn what_is_not_ours_or_nothing_is_no_work() {
        let place = "s3://other".parse().unwrap();
        assert_eq!(
            asked(&s3_event("site/a.md"), &place).unwrap(),
            Asked::default()
        );
        let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "source"});
        assert_eq!(asked(&test, &source()).unwrap(), Asked::default());
        let sqs = json!({"Records": [{"body": test.to_string()}]});
        assert_eq!(asked(&sqs, &source()).unwrap(), Asked::default());
    }

    #[test]
    fn a_schedule_asks_for_a_reconcile() {
        let scheduled = json!({
            "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events",
            "account": "1", "time": "2026-01-02T03:04:05Z", "region": "us-east-1",
            "resources": ["arn:aws:events:us-east-1:1:rule/r"], "detail": {}
        });
        for event in [scheduled, json!({"reconcile": true})] {
            let inner = event.to_string();
            let sqs =
                json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": inner}]});
            for event in [event, sqs] {
                let asked = asked(&event, &source()).unwrap();
                assert!(asked.reconcile && asked.keys.is_empty(), "{event}");
            }
        }
        assert!(asked(&json!({"reconcile": false}), &source()).is_err());
    }

    #[test]
    fn a_batch_is_taken_message_by_message() {
        let sqs = |id: &str, body: Value| json!({"messageId": id, "eventSource": "aws:sqs", "body": body});
        let event = json!({"Records": [
            sqs("1", json!(s3_event("site/a.md").to_string())),
            sqs("2", json!("{")),
            sqs("3", json!(3)),
        ]});
        let messages = messages(&event).unwrap();
        let good: Vec<(&str, bool)> = messages
            .iter()
            .map(|(id, body)| (id.as_str(), body.is_ok()))
            .collect();
        assert_eq!(good, [("1", true), ("2", false), ("3", false)]);
        assert!(super::messages(&s3_event("site/a.md")).is_none());
        assert!(super::messages(&json!({"Records": []})).is_none());
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for event in [
            json!({}),
            json!(null),
            json!({"Records": [1]}),
            json!({"Records": [{"body": "x"}]}),
            json!({"source": "aws.events", "detail-type": "Other", "detail": {}}),
            deep(),
        ] {
            assert!(asked(&event, &source()).is_err(), "{event}");
        }
    }
}
