//! The record at the end of a file: `bytes, JSON, CRC-32C of the JSON, length of the JSON, magic`
//! (numbers are u32, little endian). An older form, with another magic, has no CRC-32C.
//!
//! At the end, because ETag and checksums are known only when the last byte has come.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use s3s::crypto::{Checksum as _, Crc32c};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::blocks::Blocks;
use super::error::{At, StoreError};
use super::object::ObjectMeta;

const MAGIC: &[u8; 8] = b"QFS3rec2";
const MAGIC_WITHOUT_SUM: &[u8; 8] = b"QFS3rec1";
/// Length and magic.
const TAIL_BYTES: usize = 12;
const SUM_BYTES: usize = 4;

/// What one read fetches: enough for all but the longest records.
const GUESS_BYTES: u64 = 2048;

/// No record is longer (metadata 2 KiB, a key 1 KiB, headers as the server bounds them, sums of
/// blocks 2.7 MiB).
const LONGEST_BYTES: u64 = 4 * 1024 * 1024;

/// What the store knows of an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub key: String,
    /// The file in `blobs/` that holds the bytes; without it they lie before the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// The multipart upload that made it: a completion that is asked for twice succeeds twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// The sums of the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Blocks>,
    #[serde(flatten)]
    pub meta: ObjectMeta,
}

/// Writes a record at the file's cursor, which stands at the end of the bytes.
pub(super) fn append(mut file: &File, record: &impl Serialize) -> io::Result<()> {
    let mut tail = serde_json::to_vec(record)?;
    let length = u32::try_from(tail.len()).map_err(io::Error::other)?;
    let sum = Crc32c::checksum(&tail);
    tail.extend_from_slice(sum.as_ref());
    tail.extend_from_slice(&length.to_le_bytes());
    tail.extend_from_slice(MAGIC);
    file.write_all(&tail)
}

/// Reads the record at the end of `file`, and the length of the bytes before it.
/// `path` is for the error.
pub(super) fn read<T: DeserializeOwned>(
    mut file: &File,
    path: &Path,
) -> Result<(T, u64), StoreError> {
    let damaged = || StoreError::Damaged(path.to_owned());
    let length = file.metadata().at(path)?.len();
    let mut tail = Vec::new();
    let mut wanted = GUESS_BYTES.min(length);
    loop {
        tail.resize(wanted as usize, 0);
        file.seek(SeekFrom::Start(length - wanted)).at(path)?;
        file.read_exact(&mut tail).at(path)?;
        let tail_start = tail.len().checked_sub(TAIL_BYTES).ok_or_else(damaged)?;
        let (json_length, magic) = tail[tail_start..].split_at(4);
        let sum_bytes = match magic {
            magic if magic == MAGIC => SUM_BYTES,
            magic if magic == MAGIC_WITHOUT_SUM => 0,
            _ => return Err(damaged()),
        };
        let json_length = u32::from_le_bytes(json_length.try_into().map_err(|_| damaged())?);
        let whole = u64::from(json_length) + (TAIL_BYTES + sum_bytes) as u64;
        if whole > length || whole > LONGEST_BYTES {
            return Err(damaged());
        }
        if whole <= wanted {
            let json_end = tail_start - sum_bytes;
            let json = &tail[json_end - json_length as usize..json_end];
            let sum = &tail[json_end..tail_start];
            if !sum.is_empty() && sum != Crc32c::checksum(json).as_ref() as &[u8] {
                return Err(damaged());
            }
            let record = serde_json::from_slice(json).map_err(|_| damaged())?;
            return Ok((record, length - whole));
        }
        wanted = whole;
    }
}
