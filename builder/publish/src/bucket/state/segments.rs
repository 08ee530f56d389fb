//! Segments: records in compressed objects that are named by their content. Which one a key falls into
//! is decided by the key alone, so a change rewrites few.
//!
//! Two writes of the same segment have different ETags: each ends with the id of its write, in a frame
//! that readers skip. So a removal that is meant for one of them never hits the other (`sweep`).
//!
//! A name is a fingerprint of the packed bytes, and whoever reads a segment compares the two: bytes that
//! were damaged where they lay are never taken for records.

use super::super::root::Segments;
use super::super::store::{Attributes, Bucket, Condition};
use super::{StateError, Texts};
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_site::fingerprint::Fingerprint;
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// Records in a segment, about; what a small edit rewrites.
pub(super) const RECORDS_PER_SEGMENT: usize = 1_000;
/// Bytes of text in a segment, about.
pub(super) const TEXT_BYTES_PER_SEGMENT: usize = 256 * 1024;
/// Segments of one kind at most: their names are in the root.
const MAX_SEGMENTS: usize = 512;
/// A segment is never larger than this, whatever it holds.
const MAX_SEGMENT_BYTES: u64 = 1024 * 1024 * 1024;
/// Segments that are read or written at once.
pub(super) const PARALLEL: usize = 16;
const ZSTD_LEVEL: i32 = 3;
/// Bytes that a segment may say that it holds, to be given the memory at once.
const MAX_BELIEVED_BYTES: u64 = 64 * 1024 * 1024;
/// Where segments lie.
pub const FOLDER: &str = "segments/";

/// The state as segments: names and bytes.
pub struct Encoded {
    /// Their names.
    pub segments: Segments,
    /// The bytes of those that are new, or may be.
    pub bytes: BTreeMap<String, Vec<u8>>,
    /// The texts, under their new names.
    pub texts: Texts,
    /// Segments that are known and have to be written all the same.
    pub(super) lost: BTreeSet<String>,
}

/// Which segment of `spread` a key falls into.
pub(super) fn shard(key: &str, spread: usize) -> usize {
    if spread < 2 {
        return 0;
    }
    crc32fast::hash(key.as_bytes()) as usize % spread
}

/// How many segments `amount` is spread over: a power of two, so that keys rarely move, and as many
/// as before unless that has become far too few or too many. None where there is nothing: what is measured in bytes
/// counts one more each, so that empty ones have their segment.
pub(super) fn shards(amount: usize, per_segment: usize, before: usize) -> usize {
    if amount == 0 {
        return 0;
    }
    let fitting = amount
        .div_ceil(per_segment)
        .next_power_of_two()
        .min(MAX_SEGMENTS);
    let still_fits = fitting <= 2 * before && before <= 4 * fitting;
    if before > 0 && still_fits {
        before
    } else {
        fitting
    }
}

/// Which segments of a kind are made anew, and what the others are called.
pub(super) struct SegmentChanges<'a> {
    pub(super) spread: usize,
    before: &'a [String],
    dirty: BTreeSet<usize>,
}

impl<'a> SegmentChanges<'a> {
    pub(super) fn of(spread: usize, before: &'a [String], dirty: &[&str], all: bool) -> Self {
        let dirty = if all || before.len() != spread {
            (0..spread).collect()
        } else {
            dirty.iter().map(|key| shard(key, spread)).collect()
        };
        Self {
            spread,
            before,
            dirty,
        }
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        self.dirty.contains(&shard(key, self.spread))
    }

    /// The name that a segment keeps.
    pub(super) fn before(&self, index: usize) -> Option<&'a String> {
        if self.dirty.contains(&index) {
            return None;
        }
        self.before.get(index)
    }
}

#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: BTreeMap<String, Vec<u8>>,
}

impl Writer {
    /// Packs the segments that have changed; returns the names of all. One without records has no
    /// name.
    pub(super) fn add<'a, T: Serialize + Send>(
        &mut self,
        records: impl IntoIterator<Item = (&'a str, impl FnOnce() -> T)>,
        changed: &SegmentChanges<'_>,
    ) -> Result<Vec<String>, StateError> {
        self.add_packed(records, changed, |list| postcard::to_stdvec(&list))
    }

    /// The same, where the records of a segment are put together otherwise than one by one.
    pub(super) fn add_packed<'a, T: Send>(
        &mut self,
        records: impl IntoIterator<Item = (&'a str, impl FnOnce() -> T)>,
        changed: &SegmentChanges<'_>,
        pack: impl Fn(Vec<T>) -> postcard::Result<Vec<u8>> + Sync,
    ) -> Result<Vec<String>, StateError> {
        let mut lists: BTreeMap<usize, Vec<T>> = BTreeMap::new();
        let nothing = changed.dirty.is_empty();
        for (key, record) in records {
            if nothing {
                break;
            }
            let index = shard(key, changed.spread);
            if changed.dirty.contains(&index) {
                lists.entry(index).or_default().push(record());
            }
        }
        let packed: BTreeMap<usize, (String, Vec<u8>)> = lists
            .into_par_iter()
            .map(|(index, list)| {
                let damaged =
                    |error: &dyn std::error::Error| StateError::Damaged(error.to_string());
                let plain = pack(list).map_err(|error| damaged(&error))?;
                let packed =
                    zstd::bulk::compress(&plain, ZSTD_LEVEL).map_err(|error| damaged(&error))?;
                Ok::<_, StateError>((index, (Fingerprint::of(&packed).hex(), packed)))
            })
            .collect::<Result<_, _>>()?;
        let mut names = Vec::with_capacity(changed.spread);
        for index in 0..changed.spread {
            let kept = changed.before(index).cloned();
            let made = packed.get(&index).map(|(name, _)| name.clone());
            names.push(made.or(kept).unwrap_or_default());
        }
        self.bytes.extend(packed.into_values());
        Ok(names)
    }
}

impl Encoded {
    /// The segments to be written, where those in `known` are there.
    pub fn news<'a>(
        &'a self,
        known: &'a BTreeSet<&String>,
    ) -> impl Iterator<Item = (&'a String, &'a Vec<u8>)> {
        let is_there = |name: &String| known.contains(name) && !self.lost.contains(name);
        self.bytes.iter().filter(move |(name, _)| !is_there(name))
    }

    /// Writes the segments that are not in `known`; `id` is that of the write, never used before.
    /// Returns how many bytes that were.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn write(
        &self,
        bucket: &Bucket,
        known: &BTreeSet<&String>,
        id: &str,
    ) -> Result<u64, StateError> {
        let new: Vec<(&String, Vec<u8>)> = self
            .news(known)
            .map(|(name, bytes)| (name, stamped(bytes, id)))
            .collect();
        let attributes = Attributes {
            content_type: "application/zstd".into(),
            cache_control: "no-store".into(),
            ..Attributes::default()
        };
        let put = |(name, bytes): (&String, Vec<u8>)| {
            let (key, attributes) = (format!("{FOLDER}{name}"), attributes.clone());
            async move {
                bucket
                    .put(&key, &bytes, &attributes, &Condition::Always)
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

/// A skippable frame (RFC 8878, section 3.1.2) with `id` behind the packed bytes.
fn stamped(packed: &[u8], id: &str) -> Vec<u8> {
    const MAGIC: u32 = 0x184D_2A50;
    let length = u32::try_from(id.len()).unwrap_or(u32::MAX);
    let id = &id.as_bytes()[..length as usize];
    [packed, &MAGIC.to_le_bytes(), &length.to_le_bytes(), id].concat()
}

/// The packed bytes of a segment without the id of their write, if they are those of its name.
fn verified<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a [u8], StateError> {
    let packed = zstd::zstd_safe::find_frame_compressed_size(bytes)
        .ok()
        .and_then(|length| bytes.get(..length));
    match packed {
        Some(packed) if Fingerprint::of(packed).hex() == name => Ok(packed),
        _ => Err(StateError::Damaged(format!(
            "{FOLDER}{name} is not what was written"
        ))),
    }
}

pub(super) async fn get(bucket: &Bucket, name: &str) -> Result<Vec<u8>, StateError> {
    let missing = || StateError::Damaged(format!("{FOLDER}{name} is missing"));
    let got = bucket
        .get(&format!("{FOLDER}{name}"), MAX_SEGMENT_BYTES)
        .await?
        .ok_or_else(missing)?;
    got.bytes.ok_or_else(missing)
}

pub(super) fn unpack<T: DeserializeOwned>(name: &str, packed: &[u8]) -> Result<T, StateError> {
    Unpacker::default().unpack(name, packed)
}

/// Segments by name.
pub trait Packed: Sync {
    /// The bytes of one, which may be put into `room`; none where it is not there.
    fn get<'a>(&'a self, name: &str, room: &'a mut Vec<u8>) -> Option<&'a [u8]>;
}

impl Packed for BTreeMap<String, Vec<u8>> {
    fn get<'a>(&'a self, name: &str, _: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        self.get(name).map(Vec::as_slice)
    }
}

/// Unpacks one segment after another in the same memory.
#[derive(Default)]
pub(super) struct Unpacker {
    zstd: zstd::bulk::Decompressor<'static>,
    room: Vec<u8>,
    plain: Vec<u8>,
}

impl Unpacker {
    pub(super) fn unpack_named<T: DeserializeOwned>(
        &mut self,
        name: &str,
        packed: &dyn Packed,
    ) -> Result<T, StateError> {
        let mut room = std::mem::take(&mut self.room);
        let missing = || StateError::Damaged(format!("{FOLDER}{name} is missing"));
        let bytes = packed.get(name, &mut room).ok_or_else(missing)?;
        let unpacked = self.unpack(name, bytes);
        self.room = room;
        unpacked
    }

    pub(super) fn unpack<T: DeserializeOwned>(
        &mut self,
        name: &str,
        packed: &[u8],
    ) -> Result<T, StateError> {
        let damaged =
            |error: &dyn std::error::Error| StateError::Damaged(format!("{FOLDER}{name}: {error}"));
        let packed = verified(name, packed)?;
        self.decompress(packed).map_err(|error| damaged(&error))?;
        postcard::from_bytes::<T>(&self.plain).map_err(|error| damaged(&error))
    }

    /// At once, where the segment says how much it holds and that can be believed.
    fn decompress(&mut self, packed: &[u8]) -> std::io::Result<()> {
        self.plain.clear();
        match zstd::zstd_safe::get_frame_content_size(packed) {
            Ok(Some(size)) if size <= MAX_BELIEVED_BYTES => {
                self.plain.reserve(size as usize);
                self.zstd.decompress_to_buffer(packed, &mut self.plain)?;
            }
            _ => self.plain = zstd::decode_all(packed)?,
        }
        Ok(())
    }
}

pub(super) fn unpack_all<T: DeserializeOwned + Send>(
    names: &[String],
    packed: &dyn Packed,
) -> Result<Vec<Vec<T>>, StateError> {
    let named: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
    named
        .into_par_iter()
        .map_init(Unpacker::default, |unpacker, name| {
            unpacker.unpack_named(name, packed)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_site::key::SourceKey;

    #[test]
    fn the_same_records_written_twice_are_read_alike_and_are_other_bytes() {
        let records = vec![(SourceKey::from("a.md"), "text".to_owned())];
        let (name, packed) = packed(&records);
        let [one, other] = ["id1", "id2"].map(|id| stamped(&packed, id));
        assert_ne!(one, other);
        for bytes in [packed, one, other] {
            let read: Vec<(SourceKey, String)> = unpack(&name, &bytes).unwrap();
            assert_eq!(read, records);
        }
    }

    fn packed(records: &[(SourceKey, String)]) -> (String, Vec<u8>) {
        let plain = postcard::to_stdvec(records).unwrap();
        let packed = zstd::bulk::compress(&plain, ZSTD_LEVEL).unwrap();
        (Fingerprint::of(&packed).hex(), packed)
    }

    /// Without the comparison of names, most flips in a text come out as another text.
    #[test]
    fn no_flipped_bit_is_believed() {
        let text = "one two three four five six seven eight nine ten";
        let (name, packed) = packed(&[(SourceKey::from("a.md"), text.to_owned())]);
        let stamped = stamped(&packed, "id1");
        for at in 0..packed.len() {
            for bit in 0..8 {
                let mut flipped = stamped.clone();
                flipped[at] ^= 1 << bit;
                let read = unpack::<Vec<(SourceKey, String)>>(&name, &flipped);
                assert!(matches!(read, Err(StateError::Damaged(_))), "{at} {bit}");
            }
        }
        for length in 0..packed.len() {
            let read = unpack::<Vec<(SourceKey, String)>>(&name, &stamped[..length]);
            assert!(read.is_err(), "{length}");
        }
        // Nor is another segment under the name.
        let (other, _) = self::packed(&[(SourceKey::from("b.md"), text.to_owned())]);
        assert!(unpack::<Vec<(SourceKey, String)>>(&other, &packed).is_err());
    }
}
