//! The records of the search index, in segments of their own: they are read, all of them, only when an
//! index is made, and a change rewrites those that its sources fall into.
//!
//! A segment that is missing or damaged is no error: what it held is made again from the bodies.

use super::super::store::Bucket;
use super::segments::{PARALLEL, SegmentChanges, Writer, get, shards, unpack};
use super::texts::MAX_HELD_BYTES;
use super::{Dirty, StateError};
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_render::search::{Record, Records};
use quillfront_site::key::SourceKey;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of records in a segment before it is packed, about; packed it is a third to a half.
const BYTES_PER_SEGMENT: usize = 768 * 1024;

/// The records as far as they were read.
#[derive(Clone, Default)]
pub struct StoredRecords {
    /// The segments; empty names where there is nothing.
    names: Vec<String>,
    /// Those of all segments.
    held: Option<Arc<Records>>,
    /// Segments that could not be used.
    lost: BTreeSet<String>,
}

impl StoredRecords {
    /// Records that were not read yet.
    pub(super) fn named(names: &[String]) -> Self {
        Self {
            names: names.to_vec(),
            ..Self::default()
        }
    }

    /// The segments to be read; none where that was done.
    pub fn to_read(&self) -> Vec<&String> {
        match self.held {
            Some(_) => Vec::new(),
            None => self.names.iter().filter(|name| !name.is_empty()).collect(),
        }
    }

    /// Reads the records, if it was not done before.
    ///
    /// # Errors
    /// Storage failed. What is not there is no error.
    pub async fn read(&mut self, bucket: &Bucket) -> Result<(), StateError> {
        let names = self.to_read().into_iter().cloned();
        let read = names.map(|name| async move {
            match get(bucket, &name).await {
                Ok(packed) => Ok(Some((name, packed))),
                Err(StateError::Damaged(_)) => Ok(None),
                Err(error) => Err(error),
            }
        });
        let read = iter(read).buffer_unordered(PARALLEL);
        let read: Vec<_> = read.try_collect().await?;
        self.take_in(&read.into_iter().flatten().collect());
        Ok(())
    }

    /// Takes in the segments that were to be read, as many as there are.
    pub fn take_in(&mut self, packed: &BTreeMap<String, Vec<u8>>) {
        if self.held.is_some() {
            return;
        }
        let open = |name: &String| {
            let list = packed.get(name).map(|packed| unpack(name, packed));
            match list {
                Some(Ok(list)) => Ok(list),
                Some(Err(_)) | None => Err(name.clone()),
            }
        };
        let names: Vec<&String> = self.to_read();
        let opened: Vec<Result<Vec<(SourceKey, Record)>, String>> =
            names.into_par_iter().map(open).collect();
        let mut held = Records::new();
        for list in opened {
            match list {
                Ok(list) => {
                    held.extend(list.into_iter().map(|(key, one)| (key, Arc::new(one))));
                }
                Err(name) => {
                    self.lost.insert(name);
                }
            }
        }
        self.held = Some(Arc::new(held));
    }

    /// Those that were read.
    pub fn held(&self) -> Arc<Records> {
        self.held.clone().unwrap_or_default()
    }

    /// Puts the records of a build, if it says anything of them, in the place of those before.
    pub(super) fn replace(&mut self, records: Option<&Arc<Records>>) {
        if let Some(records) = records {
            self.held = Some(records.clone());
        }
    }

    /// The names of the segments, once those that are dirty are packed.
    pub(super) fn encode(
        &self,
        before: &[String],
        dirty: &Dirty,
        writer: &mut Writer,
    ) -> Result<Vec<String>, StateError> {
        let held = match &self.held {
            Some(held) if dirty.all_records || !dirty.records.is_empty() => held,
            _ => return Ok(before.to_vec()),
        };
        let bytes = held.values().map(|record| record.size_bytes() + 1).sum();
        let spread = shards(bytes, BYTES_PER_SEGMENT, before.len());
        let keys: Vec<&str> = dirty.records.iter().map(SourceKey::as_str).collect();
        let changed = SegmentChanges::of(spread, before, &keys, dirty.all_records);
        let records = held.iter();
        let records = records.map(|(key, record)| (key.as_str(), move || (key, &**record)));
        writer.add(records, &changed)
    }

    /// The segments that have to be written though their names are known.
    pub(super) fn lost(&self) -> BTreeSet<String> {
        self.lost.clone()
    }

    /// Takes over what was written; lets go of it where it is more than a builder that stays should
    /// hold.
    pub(super) fn written(&mut self, names: &[String]) {
        self.names = names.to_vec();
        self.lost.clear();
        let held = self.held.iter().flat_map(|held| held.values());
        let bytes: usize = held.map(|record| record.size_bytes()).sum();
        if bytes > MAX_HELD_BYTES {
            self.held = None;
        }
    }
}

impl Dirty {
    /// Notes the records in which a build differs from what is stored, before they are replaced.
    pub fn note_records(&mut self, stored: &StoredRecords, after: Option<&Arc<Records>>) {
        let Some(after) = after else { return };
        match &stored.held {
            Some(before) => self.records.extend(super::differing(before, after)),
            None => self.all_records = true,
        }
    }
}
