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
use percent_encoding::percent_decode_str;
use serde_json::Value;
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

/// Handles one event. Author's mistakes are in the reports; an error means: try again.
///
/// # Errors
/// An event that is not understood, or infrastructure that failed.
pub async fn handle(
    builder: &Builder,
    source: &Place,
    event: &Value,
) -> Result<Vec<Report>, HandleError> {
    match work(event, source)? {
        Some(work) => Ok(builder.run(work).await?),
        None => Ok(Vec::new()),
    }
}

/// What an event asks for; none where it asks for nothing (S3's test event).
///
/// # Errors
/// It is not understood.
pub fn work(event: &Value, source: &Place) -> Result<Option<Work>, EventError> {
    if event.get("reconcile").and_then(Value::as_bool) == Some(true) {
        return Ok(Some(Work::Reconcile));
    }
    let mut keys = BTreeSet::new();
    collect(event, source, MAX_DEPTH, &mut keys)?;
    Ok((!keys.is_empty()).then_some(Work::Keys(keys)))
}

fn collect(
    event: &Value,
    source: &Place,
    depth: usize,
    keys: &mut BTreeSet<SourceKey>,
) -> Result<(), EventError> {
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(EventError("its envelopes are nested too deep".into()));
    };
    // Amazon S3 sends this once, when notifications are set up.
    if event.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(());
    }
    if let Some(detail) = event.get("detail") {
        return event_bridge(detail, source, keys);
    }
    let Some(records) = event.get("Records").and_then(Value::as_array) else {
        return Err(EventError("it has no Records".into()));
    };
    for record in records {
        let inner = record
            .get("body")
            .or_else(|| record.pointer("/Sns/Message"));
        match inner.and_then(Value::as_str) {
            Some(text) => {
                let inner: Value = serde_json::from_str(text)
                    .map_err(|error| EventError(format!("a message in it is not JSON: {error}")))?;
                // SNS behind SQS wraps once more, without Records.
                match inner.get("Message").and_then(Value::as_str) {
                    Some(text) => {
                        let inner = serde_json::from_str(text).map_err(|error| {
                            EventError(format!("a message in it is not JSON: {error}"))
                        })?;
                        collect(&inner, source, deeper, keys)?;
                    }
                    None => collect(&inner, source, deeper, keys)?,
                }
            }
            None => s3_record(record, source, keys)?,
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
        match work(event, &source()).unwrap() {
            Some(Work::Keys(keys)) => keys.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
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
        assert_eq!(work(&s3_event("site/a.md"), &place).unwrap(), None);
        assert_eq!(
            work(&json!({"Event": "s3:TestEvent"}), &source()).unwrap(),
            None
        );
        assert_eq!(
            work(&json!({"reconcile": true}), &source()).unwrap(),
            Some(Work::Reconcile)
        );
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for event in [
            json!({}),
            json!(null),
            json!({"Records": [1]}),
            json!({"Records": [{"body": "x"}]}),
        ] {
            assert!(work(&event, &source()).is_err(), "{event}");
        }
    }
}
