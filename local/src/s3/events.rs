//! S3 event notifications (S3 User Guide, "Event message structure").

use std::collections::HashMap;
use std::sync::Mutex;

use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::object::now;
use super::server::REGION;
use crate::locks::IgnorePoison;

/// The version of the record that S3 sends now. It has what 2.1 had; 2.2 to 2.6 added fields
/// to events that a bucket without replication, lifecycle and versions does not have.
const EVENT_VERSION: &str = "2.6";

/// Who caused a change.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub access_key: String,
    pub address: String,
    pub request_id: String,
    pub host_id: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventKind {
    Put,
    Copy,
    CompleteMultipartUpload,
    Delete,
}

/// A change of one object.
pub(super) struct Change<'a> {
    pub happening: EventKind,
    pub bucket: &'a str,
    pub key: &'a str,
    /// Size and ETag of what is there now; nothing after a removal.
    pub object: Option<(u64, &'a str)>,
    pub caller: &'a Caller,
}

/// The subscribers of all buckets.
pub(super) struct Events {
    epoch: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sequence: u64,
    subscribers: HashMap<String, Vec<UnboundedSender<String>>>,
}

impl Events {
    pub fn new(epoch: u32) -> Events {
        Events {
            epoch,
            state: Mutex::default(),
        }
    }

    pub fn subscribe(&self, bucket: &str) -> UnboundedReceiver<String> {
        let (sender, receiver) = unbounded_channel();
        let mut state = self.state.lock().unpoisoned();
        state
            .subscribers
            .entry(bucket.to_owned())
            .or_default()
            .push(sender);
        receiver
    }

    /// Announces a change that is durable. Sequencers are drawn and events handed over under
    /// one lock, so each subscriber sees them grow.
    pub fn announce(&self, change: &Change<'_>) {
        let mut state = self.state.lock().unpoisoned();
        state.sequence += 1;
        let sequencer = format!("{:08X}{:012X}", self.epoch, state.sequence);
        let Some(subscribers) = state.subscribers.get_mut(change.bucket) else {
            return;
        };
        let document = document(change, &sequencer);
        subscribers.retain(|subscriber| subscriber.send(document.clone()).is_ok());
    }
}

fn document(change: &Change<'_>, sequencer: &str) -> String {
    let owner = Identity {
        principal_id: "QUILLFRONT",
    };
    let record = Record {
        event_version: EVENT_VERSION,
        event_source: "aws:s3",
        aws_region: REGION,
        event_time: format!("{:.3}", now()),
        event_name: match change.happening {
            EventKind::Put => "ObjectCreated:Put",
            EventKind::Copy => "ObjectCreated:Copy",
            EventKind::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
            EventKind::Delete => "ObjectRemoved:Delete",
        },
        user_identity: Identity {
            principal_id: &change.caller.access_key,
        },
        request_parameters: RequestParameters {
            source_ip_address: &change.caller.address,
        },
        response_elements: ResponseElements {
            request_id: &change.caller.request_id,
            host_id: &change.caller.host_id,
        },
        s3: Entity {
            s3_schema_version: "1.0",
            configuration_id: "quillfront",
            bucket: Bucket {
                name: change.bucket,
                owner_identity: owner,
                arn: format!("arn:aws:s3:::{}", change.bucket),
            },
            object: Object {
                key: form_encode(change.key),
                size: change.object.map(|(size, _)| size),
                e_tag: change.object.map(|(_, etag)| etag),
                sequencer,
            },
        },
    };
    serde_json::to_string(&Document { records: [record] }).expect("strings and numbers are JSON")
}

/// Form encoding as S3 applies it to keys in events and, where asked to, in listings: a space
/// is `+`, `/` stays.
pub(super) fn form_encode(text: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                encoded.push(byte as char)
            }
            b' ' => encoded.push('+'),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "Records")]
    records: [Record<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'a str,
    event_source: &'a str,
    aws_region: &'a str,
    event_time: String,
    event_name: &'a str,
    user_identity: Identity<'a>,
    request_parameters: RequestParameters<'a>,
    response_elements: ResponseElements<'a>,
    s3: Entity<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    principal_id: &'a str,
}

#[derive(Serialize)]
struct RequestParameters<'a> {
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: &'a str,
}

#[derive(Serialize)]
struct ResponseElements<'a> {
    #[serde(rename = "x-amz-request-id")]
    request_id: &'a str,
    #[serde(rename = "x-amz-id-2")]
    host_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entity<'a> {
    s3_schema_version: &'a str,
    configuration_id: &'a str,
    bucket: Bucket<'a>,
    object: Object<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bucket<'a> {
    name: &'a str,
    owner_identity: Identity<'a>,
    arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e_tag: Option<&'a str>,
    sequencer: &'a str,
}
