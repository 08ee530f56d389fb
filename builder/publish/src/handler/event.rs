//! What an event asks for.
//!
//! Only what is needed is read of it: the names of bucket and key. Whatever else a record has or
//! lacks, it says where to look. A record without these is *strange*: it is told of, and the others are
//! done.

use crate::bucket::store::Place;
use percent_encoding::percent_decode_str;
use quillfront_site::key::{MAX_KEY_BYTES, SourceKey};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// Envelopes (SQS in SNS in …) are opened this deep.
const MAX_DEPTH: usize = 4;
/// So much of a strange record is shown.
const SHOWN_CHARS: usize = 200;

/// An event that is none of those that are understood.
#[derive(Debug, thiserror::Error)]
#[error(
    "this event is not understood: {0}; expected an S3, SQS, SNS or EventBridge event, or \
     {{\"reconcile\": true}}"
)]
pub struct EventError(String);

/// A record that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strange {
    /// Which one.
    pub place: String,
    /// What is wrong with it.
    pub why: String,
    /// How it begins.
    pub begins: String,
}

impl fmt::Display for Strange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, why, begins } = self;
        write!(f, "{place} is skipped because {why}: {begins}")
    }
}

/// What an event asks for; nothing at all in the case of S3's test event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct EventRequest {
    pub(super) keys: BTreeSet<SourceKey>,
    pub(super) reconcile: bool,
    pub(super) strange: Vec<Strange>,
    /// How many records were understood, those that are about other buckets included.
    understood: usize,
}

/// What an event asks for.
///
/// # Errors
/// Nothing of it is understood.
pub(super) fn asked(event: &Value, source: &Place) -> Result<EventRequest, EventError> {
    let mut reader = Reader::of(source, "the event");
    reader.collect(event, MAX_DEPTH);
    match reader.asked {
        EventRequest {
            understood: 0,
            strange,
            ..
        } if !strange.is_empty() => Err(EventError(strange[0].why.clone())),
        asked => Ok(asked),
    }
}

/// What each message of an SQS batch asks for, with their ids; none where this is no batch.
pub(super) fn messages(event: &Value, source: &Place) -> Option<Vec<(String, EventRequest)>> {
    let records = event.get("Records")?.as_array()?;
    let message = |record: &Value| {
        let sqs = record.get("eventSource").and_then(Value::as_str) == Some("aws:sqs");
        let id = record.get("messageId").and_then(Value::as_str);
        let id = id.filter(|_| sqs)?.to_owned();
        let mut reader = Reader::of(source, &format!("message {id}"));
        match record.get("body").and_then(Value::as_str) {
            Some(text) => reader.open(text, MAX_DEPTH),
            None => reader.strange(record, "it has no body"),
        }
        Some((id, reader.asked))
    };
    let messages: Option<Vec<_>> = records.iter().map(message).collect();
    messages.filter(|messages| !messages.is_empty())
}

/// Reads an event from the outside in.
struct Reader<'a> {
    source: &'a Place,
    /// Where it is.
    place: String,
    asked: EventRequest,
}

impl<'a> Reader<'a> {
    fn of(source: &'a Place, place: &str) -> Self {
        Self {
            source,
            place: place.to_owned(),
            asked: EventRequest::default(),
        }
    }

    fn strange(&mut self, record: &Value, why: impl Into<String>) {
        let shown = |c: char| if c.is_control() { ' ' } else { c };
        let text = record.to_string();
        let begins = text.chars().take(SHOWN_CHARS).map(shown).collect();
        self.asked.strange.push(Strange {
            place: self.place.clone(),
            why: why.into(),
            begins,
        });
    }

    /// Reads what an envelope has in it.
    fn open(&mut self, text: &str, depth: usize) {
        match serde_json::from_str(text) {
            Ok(event) => self.collect(&event, depth),
            Err(error) => {
                let text = Value::String(text.to_owned());
                self.strange(&text, format!("a message in it is not JSON: {error}"));
            }
        }
    }

    fn collect(&mut self, event: &Value, depth: usize) {
        let Some(deeper) = depth.checked_sub(1) else {
            return self.strange(event, "its envelopes are nested too deep");
        };
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        let scheduled =
            text("source") == Some("aws.events") && text("detail-type") == Some("Scheduled Event");
        // Amazon S3 sends this once, when notifications are set up.
        if text("Event") == Some("s3:TestEvent") {
            self.asked.understood += 1;
        } else if scheduled || event.get("reconcile").and_then(Value::as_bool) == Some(true) {
            self.asked.understood += 1;
            self.asked.reconcile = true;
        } else if let Some(detail) = event.get("detail") {
            self.event_bridge(event, detail);
        // SNS behind SQS wraps once more, without Records.
        } else if let Some(message) = text("Message") {
            self.open(message, deeper);
        } else if let Some(records) = event.get("Records").and_then(Value::as_array) {
            let whole = self.place.clone();
            for (number, record) in records.iter().enumerate() {
                self.place = format!("record {} of {whole}", number + 1);
                self.record(record, deeper);
            }
            self.place = whole;
        } else {
            self.strange(event, "it has no Records");
        }
    }

    /// A record: another envelope, or what S3 says of one object.
    fn record(&mut self, record: &Value, deeper: usize) {
        let inner = record
            .get("body")
            .or_else(|| record.pointer("/Sns/Message"));
        if let Some(text) = inner.and_then(Value::as_str) {
            return self.open(text, deeper);
        }
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
        let (Some(bucket), Some(key)) = (text("/s3/bucket/name"), text("/s3/object/key")) else {
            return self.strange(record, "it does not name a bucket and key");
        };
        match decoded(key) {
            Ok(key) => self.add(record, bucket, &key),
            Err(why) => self.strange(record, why),
        }
    }

    /// EventBridge does not encode keys.
    fn event_bridge(&mut self, event: &Value, detail: &Value) {
        let text = |pointer: &str| detail.pointer(pointer).and_then(Value::as_str);
        match (text("/bucket/name"), text("/object/key")) {
            (Some(bucket), Some(key)) => self.add(event, bucket, key),
            _ => self.strange(event, "its detail does not name a bucket and object"),
        }
    }

    /// Keys of other buckets and outside the prefix are none of ours.
    fn add(&mut self, record: &Value, bucket: &str, key: &str) {
        if key.len() > MAX_KEY_BYTES {
            let why = format!("its key is longer than {MAX_KEY_BYTES} bytes");
            return self.strange(record, why);
        }
        self.asked.understood += 1;
        if bucket == self.source.bucket
            && let Some(key) = key.strip_prefix(&self.source.prefix)
        {
            self.asked.keys.insert(SourceKey::from(key));
        }
    }
}

/// A key as it is: it is form-encoded in an event (Amazon S3 guide, "Event message structure").
fn decoded(key: &str) -> Result<String, String> {
    let bytes = key.as_bytes();
    let is_hex = |range| {
        let digits: Option<&[u8]> = bytes.get(range);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let mut percents = key.match_indices('%');
    if !percents.all(|(at, _)| is_hex(at + 1..at + 3)) {
        return Err("a `%` in its key is not followed by two hexadecimal digits".to_owned());
    }
    let spaced = key.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    let decoded = decoded.map_err(|_| "its key is not UTF-8".to_owned())?;
    Ok(decoded.into_owned())
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
        let other = "s3://other".parse().unwrap();
        let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "source"});
        let sqs = json!({"Records": [{"body": test.to_string()}]});
        let nothing = EventRequest {
            understood: 1,
            ..EventRequest::default()
        };
        for (event, place) in [
            (s3_event("site/a.md"), &other),
            (test, &source()),
            (sqs, &source()),
        ] {
            assert_eq!(asked(&event, place).unwrap(), nothing, "{event}");
        }
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
        let messages = super::messages(&event, &source()).unwrap();
        let told: Vec<(&str, usize, usize)> = messages
            .iter()
            .map(|(id, asked)| (id.as_str(), asked.keys.len(), asked.strange.len()))
            .collect();
        assert_eq!(told, [("1", 1, 0), ("2", 0, 1), ("3", 0, 1)]);
        assert!(super::messages(&s3_event("site/a.md"), &source()).is_none());
        assert!(super::messages(&json!({"Records": []}), &source()).is_none());
    }

    #[test]
    fn a_record_of_another_shape_is_told_and_the_others_are_done() {
        let record = |key: &str| s3_event(key)["Records"][0].clone();
        let mut odd = record("site/no-identity.md");
        odd.as_object_mut().unwrap().remove("userIdentity");
        let mut huge = record("site/huge.md");
        huge["s3"]["object"]["size"] = json!(1e30);
        let mut timeless = record("site/timeless.md");
        timeless["eventTime"] = json!("yesterday");
        let records = json!([
            record("site/first.md"), odd, huge, timeless,
            record("site/%zz.md"), record("site/a%"), record("site/%FF.md"),
            record(&format!("site/{}", "a".repeat(1024))),
            {}, null, 17, {"s3": {"bucket": {"name": "source"}, "object": {"key": 3}}},
            record("site/last.md"),
        ]);
        let all = [
            "first.md",
            "huge.md",
            "last.md",
            "no-identity.md",
            "timeless.md",
        ];
        let event = json!({ "Records": records });
        let sns = json!({"Records": [{"Sns": {"Message": event.to_string()}}]});
        let behind_sns = json!({"Message": event.to_string()}).to_string();
        for event in [&event, &sns] {
            let asked = asked(event, &source()).unwrap();
            let keys: Vec<&str> = asked.keys.iter().map(SourceKey::as_str).collect();
            assert_eq!(keys, all);
            let places = asked.strange.iter().map(|strange| strange.place.as_str());
            let numbers: Vec<&str> = places.filter_map(|place| place.split(' ').nth(1)).collect();
            assert_eq!(numbers, ["5", "6", "7", "8", "9", "10", "11", "12"]);
        }
        for body in [event.to_string(), behind_sns] {
            let sqs = json!({"Records": [
                {"messageId": "m", "eventSource": "aws:sqs", "body": body},
                {"messageId": "n", "eventSource": "aws:sqs", "body": "not JSON"},
            ]});
            let messages = super::messages(&sqs, &source()).unwrap();
            assert_eq!(messages[0].1.keys.len(), all.len());
            assert_eq!(messages[0].1.strange[0].place, "record 5 of message m");
            let told = messages[1].1.strange[0].to_string();
            assert!(told.starts_with("message n is skipped because"), "{told}");
        }
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
