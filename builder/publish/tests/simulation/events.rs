//! What S3 tells of a write, in the envelopes that it may come in.

use crate::random::Random;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quillfront_publish::bucket::lists::INLINE;
use serde_json::{Value, json};

/// An event about these keys of the source bucket.
pub fn event(random: &mut Random, bucket: &str, keys: &[String]) -> Value {
    if keys.len() == 1 && random.chance(150) {
        return json!({
            "detail-type": "Object Created", "source": "aws.s3",
            "detail": {"bucket": {"name": bucket}, "object": {"key": keys[0]}}
        });
    }
    let mut records: Vec<Value> = keys.iter().map(|key| record(bucket, key)).collect();
    if random.chance(100) {
        records.insert(0, strange(random, bucket));
    }
    match random.below(4) {
        0 => json!({ "Records": records }),
        1 => {
            let messages = records.into_iter().enumerate().map(|(number, record)| {
                let body = json!({ "Records": [record] }).to_string();
                json!({"messageId": number.to_string(), "eventSource": "aws:sqs", "body": body})
            });
            json!({ "Records": messages.collect::<Vec<_>>() })
        }
        2 => {
            let message = json!({ "Records": records }).to_string();
            json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message}}]})
        }
        _ => {
            let message = json!({ "Records": records }).to_string();
            let body = json!({"Type": "Notification", "Message": message}).to_string();
            json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": body}]})
        }
    }
}

/// More keys than stay in the root as hints; there is nothing to do for any of them.
pub fn leftovers() -> Vec<String> {
    (0..=INLINE).map(|n| format!("content/n{n}.md~")).collect()
}

/// A record that nobody understands.
fn strange(random: &mut Random, bucket: &str) -> Value {
    let mut strange = record(bucket, "content/never.md");
    match random.below(3) {
        0 => strange["s3"]["object"]["key"] = json!("content/%zz.md"),
        1 => strange["s3"]["object"]["key"] = json!("content/%ff.md"),
        _ => strange["s3"] = json!(1e30),
    }
    strange
}

/// One record of an S3 event (S3 guide, "Event message structure"); its key is form-encoded.
fn record(bucket: &str, key: &str) -> Value {
    let encoded = key.split('/').map(|part| {
        let part = utf8_percent_encode(part, NON_ALPHANUMERIC).to_string();
        part.replace("%20", "+")
    });
    let key = encoded.collect::<Vec<_>>().join("/");
    json!({
        "eventVersion": "2.6", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-01-02T03:04:05.678Z", "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "A"}, "requestParameters": {"sourceIPAddress": "::1"},
        "responseElements": {"x-amz-request-id": "1"},
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "c",
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "A"},
                "arn": format!("arn:aws:s3:::{bucket}")},
            "object": {"key": key, "size": 1, "eTag": "e", "sequencer": "00"}}
    })
}
