//! The state under the root: what the sources are and what is published, in compressed segments
//! that are named by their content. A change rewrites the segments that its keys fall into.

use super::root::Segments;
use super::store::{Attributes, Bucket, Condition, StoreError};
use crate::diagnostic::Diagnostic;
use crate::fingerprint::Fingerprint;
use crate::key::{OutputKey, SourceKey};
use crate::plan::Rank;
use crate::render::answers::Request;
use crate::source::{Effective, Source, Sources};
use futures::stream::{StreamExt, TryStreamExt, iter};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The state.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The sources as last seen.
    pub sources: Arc<Sources>,
    /// What is in the site bucket.
    pub outputs: BTreeMap<OutputKey, Published>,
    /// Good answers from the network: sources like files, refreshed by reconcile (invariant 3).
    pub answers: BTreeMap<Request, Arc<str>>,
}

/// A published object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Of bytes and metadata; none where it is not known what is there.
    pub fingerprint: Option<Fingerprint>,
    /// Its ETag.
    pub etag: String,
    /// The source that it stands for.
    pub source: SourceKey,
    /// Its rank.
    pub rank: Rank,
}

/// Records in a segment, about; what a small edit rewrites.
const RECORDS_PER_SEGMENT: usize = 1_000;
/// Bytes of text in a segment, about.
const TEXT_BYTES_PER_SEGMENT: usize = 512 * 1024;
/// A segment is never larger than this, whatever it holds.
const MAX_SEGMENT_BYTES: u64 = 1024 * 1024 * 1024;
/// Segments that are read or written at once.
const PARALLEL: usize = 16;
const ZSTD_LEVEL: i32 = 3;

#[derive(Serialize, Deserialize)]
struct SourceRecord {
    key: SourceKey,
    version: String,
    size: u64,
    kind: RecordKind,
    problems: Vec<Diagnostic>,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
enum RecordKind {
    Text,
    Opaque,
    Absent,
}

/// The state as segments: names and bytes.
pub struct Encoded {
    /// Their names.
    pub segments: Segments,
    /// Their bytes.
    pub bytes: BTreeMap<String, Vec<u8>>,
}

impl State {
    /// Reads the segments.
    ///
    /// # Errors
    /// Storage failed, or a segment is missing or damaged.
    pub async fn read(bucket: &Bucket, segments: &Segments) -> Result<Self, StateError> {
        let records: Vec<SourceRecord> = read_all(bucket, &segments.sources).await?;
        let texts: Vec<(SourceKey, String)> = read_all(bucket, &segments.texts).await?;
        let outputs: Vec<(OutputKey, Published)> = read_all(bucket, &segments.outputs).await?;
        let answers: Vec<(Request, String)> = read_all(bucket, &segments.answers).await?;
        let mut texts: BTreeMap<SourceKey, String> = texts.into_iter().collect();
        let mut sources = Sources::default();
        for record in records {
            let effective = match record.kind {
                RecordKind::Opaque => Effective::Opaque,
                RecordKind::Absent => Effective::Absent,
                RecordKind::Text => match texts.remove(&record.key) {
                    Some(text) => Effective::Text(text.into()),
                    None => return Err(StateError::Damaged(format!("no text of {}", record.key))),
                },
            };
            let SourceRecord {
                key,
                version,
                size,
                problems,
                ..
            } = record;
            sources.insert(
                key,
                Source {
                    version,
                    size,
                    effective,
                    problems,
                },
            );
        }
        Ok(Self {
            sources: Arc::new(sources),
            outputs: outputs.into_iter().collect(),
            answers: answers
                .into_iter()
                .map(|(request, text)| (request, text.into()))
                .collect(),
        })
    }

    /// The state as segments.
    ///
    /// # Errors
    /// A record that cannot be encoded, which would be a bug.
    pub fn encode(&self) -> Result<Encoded, StateError> {
        let mut encoded = Encoded {
            segments: Segments::default(),
            bytes: BTreeMap::new(),
        };
        let records = self.sources.iter().map(|(key, source)| {
            let kind = match source.effective {
                Effective::Text(_) => RecordKind::Text,
                Effective::Opaque => RecordKind::Opaque,
                Effective::Absent => RecordKind::Absent,
            };
            let Source {
                version,
                size,
                problems,
                ..
            } = source.clone();
            let record = SourceRecord {
                key: key.clone(),
                version,
                size,
                kind,
                problems,
            };
            (key.as_str(), record)
        });
        let spread = shards(self.sources.len(), RECORDS_PER_SEGMENT);
        encoded.segments.sources = encoded.add(records, spread)?;

        let texts: Vec<(&str, (&SourceKey, &str))> = self
            .sources
            .iter()
            .filter_map(|(key, source)| match &source.effective {
                Effective::Text(text) => Some((key.as_str(), (key, &**text))),
                Effective::Opaque | Effective::Absent => None,
            })
            .collect();
        let bytes: usize = texts.iter().map(|(_, (_, text))| text.len()).sum();
        encoded.segments.texts = encoded.add(texts, shards(bytes, TEXT_BYTES_PER_SEGMENT))?;

        let outputs = self
            .outputs
            .iter()
            .map(|(key, output)| (key.as_str(), (key, output)));
        let spread = shards(self.outputs.len(), RECORDS_PER_SEGMENT);
        encoded.segments.outputs = encoded.add(outputs, spread)?;

        let answers = self
            .answers
            .iter()
            .map(|(request, text)| (request.url.as_str(), (request, &**text)));
        let bytes: usize = self.answers.values().map(|text| text.len()).sum();
        encoded.segments.answers = encoded.add(answers, shards(bytes, TEXT_BYTES_PER_SEGMENT))?;
        Ok(encoded)
    }
}

/// How many segments `amount` is spread over: a power of two, so that keys rarely move.
fn shards(amount: usize, per_segment: usize) -> usize {
    amount.div_ceil(per_segment).next_power_of_two()
}

impl Encoded {
    /// Adds records to segments by the hash of their keys; returns the segments' names.
    fn add<'a, T: Serialize>(
        &mut self,
        records: impl IntoIterator<Item = (&'a str, T)>,
        shards: usize,
    ) -> Result<Vec<String>, StateError> {
        let mut lists: Vec<Vec<T>> = (0..shards).map(|_| Vec::new()).collect();
        for (key, record) in records {
            let shard = Fingerprint::of(key.as_bytes()).prefix() % shards as u64;
            lists[shard as usize].push(record);
        }
        let mut names = Vec::new();
        for list in lists.iter().filter(|list| !list.is_empty()) {
            let damaged = |error: &dyn std::error::Error| StateError::Damaged(error.to_string());
            let plain = postcard::to_stdvec(list).map_err(|error| damaged(&error))?;
            let packed =
                zstd::encode_all(&plain[..], ZSTD_LEVEL).map_err(|error| damaged(&error))?;
            let name = format!("segments/{}", Fingerprint::of(&packed).hex());
            names.push(name.clone());
            self.bytes.insert(name, packed);
        }
        Ok(names)
    }

    /// Writes the segments that are not in `known`. Returns how many bytes that were.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn write(
        &self,
        bucket: &Bucket,
        known: &BTreeSet<&String>,
    ) -> Result<u64, StateError> {
        let new: Vec<(&String, &Vec<u8>)> = self
            .bytes
            .iter()
            .filter(|(name, _)| !known.contains(name))
            .collect();
        let attributes = Attributes {
            content_type: "application/zstd".into(),
            cache_control: "no-store".into(),
            ..Attributes::default()
        };
        let put = |(name, bytes): (&String, &Vec<u8>)| {
            let (name, bytes, attributes) = (name.clone(), bytes.clone(), attributes.clone());
            async move {
                bucket
                    .put(&name, &bytes, &attributes, &Condition::Always)
                    .await
            }
        };
        let total = new.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        iter(new.into_iter().map(put))
            .buffer_unordered(PARALLEL)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(total)
    }
}

async fn read_all<T: DeserializeOwned>(
    bucket: &Bucket,
    names: &[String],
) -> Result<Vec<T>, StateError> {
    let read = |name: String| async move {
        let missing = || StateError::Damaged(format!("{name} is missing"));
        let got = bucket
            .get(&name, MAX_SEGMENT_BYTES)
            .await?
            .ok_or_else(missing)?;
        let bytes = got.bytes.ok_or_else(missing)?;
        let damaged =
            |error: &dyn std::error::Error| StateError::Damaged(format!("{name}: {error}"));
        let plain = zstd::decode_all(&bytes[..]).map_err(|error| damaged(&error))?;
        postcard::from_bytes::<Vec<T>>(&plain).map_err(|error| damaged(&error))
    };
    let lists: Vec<Vec<T>> = iter(names.iter().cloned().map(read))
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    Ok(lists.into_iter().flatten().collect())
}

/// The state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is there is not what was written.
    #[error("the state is damaged: {0}; move root.json away to build everything anew")]
    Damaged(String),
}
