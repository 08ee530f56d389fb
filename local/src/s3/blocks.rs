//! A checksum for each block of an object's bytes, so that what is read is checked, however
//! little of the object it is.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use s3s::crypto::{Checksum as _, Crc32c};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::checksum::{ChecksumKind, Hasher, ObjectChecksum};
use super::notices::Notices;

/// The bytes of a block; larger for objects that would have too many.
const BLOCK_BYTES: u64 = 256 * 1024;

/// The most blocks of an object: their sums stand in its record.
const BLOCKS: u64 = 512 * 1024;

/// The length of a sum.
const SUM_BYTES: usize = 4;

/// The CRC-32C of each block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Blocks {
    block_bytes: u64,
    #[serde(serialize_with = "encode", deserialize_with = "decode")]
    sums: Vec<u8>,
}

/// Sums being worked out.
pub(super) struct BlockHasher {
    block_bytes: u64,
    hasher: Crc32c,
    /// Bytes of the block at hand.
    filled: u64,
    sums: Vec<u8>,
}

impl BlockHasher {
    /// For an object of this size; where the size is not known yet, of what a PUT may have.
    pub fn new(size: Option<u64>) -> BlockHasher {
        let mut block_bytes = BLOCK_BYTES;
        while size.is_some_and(|size| size.div_ceil(block_bytes) > BLOCKS) {
            block_bytes *= 2;
        }
        BlockHasher {
            block_bytes,
            hasher: Crc32c::new(),
            filled: 0,
            sums: Vec::new(),
        }
    }

    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(self.block_bytes - self.filled).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.hasher.update(now);
            self.filled += now.len() as u64;
            if self.filled == self.block_bytes {
                self.end_block();
            }
            bytes = later;
        }
    }

    pub fn finish(mut self) -> Blocks {
        if self.filled > 0 {
            self.end_block();
        }
        Blocks {
            block_bytes: self.block_bytes,
            sums: self.sums,
        }
    }

    fn end_block(&mut self) {
        let hasher = std::mem::replace(&mut self.hasher, Crc32c::new());
        self.sums.extend_from_slice(hasher.finalize().as_ref());
        self.filled = 0;
    }
}

impl Blocks {
    fn is_right(&self, number: u64, block: &[u8]) -> bool {
        let Ok(start) = usize::try_from(number) else {
            return false;
        };
        let start = start.saturating_mul(SUM_BYTES);
        let sum = self.sums.get(start..start.saturating_add(SUM_BYTES));
        sum == Some(Crc32c::checksum(block).as_ref())
    }
}

/// The bytes of an opened object. What is read is compared with its checksums, and fails where
/// the disk has something else.
#[derive(Debug)]
pub struct Contents {
    file: File,
    path: PathBuf,
    size: u64,
    sums: Sums,
    teller: Teller,
}

/// Who is told of damage.
#[derive(Debug)]
pub(super) struct Teller {
    /// Bucket and key.
    pub object: String,
    pub notices: Arc<Notices>,
}

impl Teller {
    /// Tells that an object is damaged, and what to do.
    pub fn tell(&self, path: &Path, why: &dyn std::fmt::Display) {
        self.notices.tell(&format!(
            "s3://{} is damaged on the disk ({}: {why}); put it again",
            self.object,
            path.display()
        ));
    }
}

#[derive(Debug)]
enum Sums {
    Blocks(Blocks),
    /// An object from before there were blocks: its checksum, until it was compared.
    Whole(Option<ObjectChecksum>),
}

impl Contents {
    pub(super) fn new(
        file: File,
        path: PathBuf,
        size: u64,
        blocks: Option<Blocks>,
        checksum: Option<&ObjectChecksum>,
        teller: Teller,
    ) -> Contents {
        let sums = match blocks {
            Some(blocks) => Sums::Blocks(blocks),
            None => Sums::Whole(
                checksum
                    .filter(|checksum| checksum.kind == ChecksumKind::FullObject)
                    .cloned(),
            ),
        };
        Contents {
            file,
            path,
            size,
            sums,
            teller,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes from `start` on: at least one and not beyond `end`, but no more than are held in
    /// memory at a time. None where `start` is the end.
    ///
    /// # Errors
    /// The file cannot be read, or is not what was written.
    pub fn piece(&mut self, start: u64, end: u64) -> io::Result<Bytes> {
        let end = end.min(self.size);
        if start >= end {
            return Ok(Bytes::new());
        }
        let read = match self.read_piece(start, end) {
            // The file is shorter than it was.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(damaged()),
            read => read,
        };
        if let Err(error) = &read {
            match error.kind() {
                io::ErrorKind::InvalidData => self.teller.tell(&self.path, error),
                _ => self.teller.notices.tell(&format!(
                    "s3://{} cannot be read: {}: {error}",
                    self.teller.object,
                    self.path.display()
                )),
            }
        }
        read
    }

    /// All bytes, in memory. For objects whose size was looked at.
    ///
    /// # Errors
    /// As [`Contents::piece`].
    pub fn read_all(&mut self) -> io::Result<Bytes> {
        let first = self.piece(0, self.size)?;
        if first.len() as u64 == self.size {
            return Ok(first);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.size).map_err(io::Error::other)?);
        bytes.extend_from_slice(&first);
        while (bytes.len() as u64) < self.size {
            bytes.extend_from_slice(&self.piece(bytes.len() as u64, self.size)?);
        }
        Ok(bytes.into())
    }

    /// Hands all bytes of a range on, piece by piece.
    pub(super) fn for_each(
        &mut self,
        range: std::ops::Range<u64>,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut start = range.start;
        while start < range.end {
            let piece = self.piece(start, range.end)?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            take(&piece)?;
            start += piece.len() as u64;
        }
        Ok(())
    }

    fn read_piece(&mut self, start: u64, end: u64) -> io::Result<Bytes> {
        let block_bytes = match &mut self.sums {
            Sums::Blocks(blocks) => blocks.block_bytes.max(1),
            Sums::Whole(checksum) => {
                if let Some(checksum) = checksum.take() {
                    self.check_whole(&checksum)?;
                }
                BLOCK_BYTES
            }
        };
        let number = start / block_bytes;
        let first = number * block_bytes;
        let block = self.read_at(first, block_bytes.min(self.size - first))?;
        if let Sums::Blocks(blocks) = &self.sums
            && !blocks.is_right(number, &block)
        {
            return Err(damaged());
        }
        let from = usize::try_from(start - first).map_err(io::Error::other)?;
        let to = usize::try_from(end.min(first + block.len() as u64) - first)
            .map_err(io::Error::other)?;
        Ok(block.slice(from..to))
    }

    fn check_whole(&mut self, checksum: &ObjectChecksum) -> io::Result<()> {
        let mut hasher = Hasher::new(checksum.algorithm);
        let mut start = 0;
        while start < self.size {
            let bytes = self.read_at(start, BLOCK_BYTES.min(self.size - start))?;
            hasher.update(&bytes);
            start += bytes.len() as u64;
        }
        if hasher.finish() == checksum.value {
            Ok(())
        } else {
            Err(damaged())
        }
    }

    fn read_at(&mut self, start: u64, length: u64) -> io::Result<Bytes> {
        self.file.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the bytes are not those that were written",
    )
}

fn encode<S: Serializer>(sums: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&super::checksum::base64(sums))
}

fn decode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    base64_simd::STANDARD
        .decode_to_vec(text)
        .map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_how_the_bytes_came() {
        let bytes: Vec<u8> = (0..700_000_u32).map(|number| (number / 3) as u8).collect();
        let mut whole = BlockHasher::new(Some(bytes.len() as u64));
        whole.update(&bytes);
        let mut pieces = BlockHasher::new(None);
        bytes.chunks(1_001).for_each(|piece| pieces.update(piece));
        let blocks = whole.finish();
        assert_eq!(blocks, pieces.finish());
        assert_eq!(blocks.sums.len(), 3 * SUM_BYTES);
        let last = &bytes[2 * BLOCK_BYTES as usize..];
        assert!(blocks.is_right(2, last) && !blocks.is_right(1, last) && !blocks.is_right(3, last));
    }

    #[test]
    fn the_largest_object_has_a_bounded_record() {
        let summing = BlockHasher::new(Some(super::super::limits::OBJECT_BYTES));
        assert_eq!(summing.block_bytes, 16 * 1024 * 1024);
    }
}
