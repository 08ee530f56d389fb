//! A ZIP archive of a few files that is the same bytes each time (PKWARE, "APPNOTE.TXT", sections 4.3.7,
//! 4.3.12 and 4.3.16): the order is that of the list, all times are one, and rights are those of files or of programs.

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::Write;

/// The first day that an archive knows, 1 January 1980, as MS-DOS writes it: its time, and its date.
const TIME: [u16; 2] = [0, 0x21];
/// A plain file that everybody may read, as Unix writes it. Lambda runs functions as a user of its own.
const MODE: u32 = 0o100_644;
/// A file that everybody may run.
const PROGRAM_MODE: u32 = 0o100_755;
/// Version 2.0 of the format, made under Unix.
const VERSION: u16 = 20;
const MADE_BY: u16 = 3 << 8 | VERSION;
const DEFLATED: u16 = 8;

/// A file of an archive.
pub struct Entry<'a> {
    name: &'a str,
    bytes: &'a [u8],
    mode: u32,
}

impl<'a> Entry<'a> {
    /// Returns the file of a plain name.
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            name,
            bytes,
            mode: MODE,
        }
    }

    /// Returns the file of a program.
    pub fn program(name: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            mode: PROGRAM_MODE,
            ..Self::new(name, bytes)
        }
    }
}

/// Returns the archive.
///
/// # Errors
/// It would have more than 4 GB.
pub fn write(entries: &[Entry<'_>]) -> Result<Vec<u8>> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let at = size(archive.len())?;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(entry.bytes)?;
        let packed = encoder.finish()?;
        // What both headers have in common.
        let mut common = Vec::new();
        for number in [VERSION, 0, DEFLATED, TIME[0], TIME[1]] {
            common.extend(number.to_le_bytes());
        }
        for number in [
            crc32fast::hash(entry.bytes),
            size(packed.len())?,
            size(entry.bytes.len())?,
        ] {
            common.extend(number.to_le_bytes());
        }
        let name_bytes =
            u16::try_from(entry.name.len()).context("the name of a file is too long")?;
        common.extend(name_bytes.to_le_bytes());
        // Nothing extra.
        common.extend(0_u16.to_le_bytes());

        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend(entry.name.as_bytes());
        archive.extend(packed);

        directory.extend(b"PK\x01\x02");
        directory.extend(MADE_BY.to_le_bytes());
        directory.extend(&common);
        // No comment, the first disk, no kind.
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(at.to_le_bytes());
        directory.extend(entry.name.as_bytes());
    }
    let at = size(archive.len())?;
    let count = u16::try_from(entries.len()).context("there are too many files")?;
    let directory_bytes = size(directory.len())?;
    archive.extend(directory);
    archive.extend(b"PK\x05\x06");
    // One disk.
    archive.extend([0; 4]);
    archive.extend(count.to_le_bytes());
    archive.extend(count.to_le_bytes());
    archive.extend(directory_bytes.to_le_bytes());
    archive.extend(at.to_le_bytes());
    // No comment.
    archive.extend([0; 2]);
    Ok(archive)
}

fn size(bytes: usize) -> Result<u32> {
    u32::try_from(bytes).context("the archive is too large")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_be_run() {
        let mode = |entry| {
            let archive = write(&[entry]).unwrap();
            let at = archive
                .windows(4)
                .position(|window| window == b"PK\x01\x02")
                .unwrap();
            u16::from_le_bytes([archive[at + 40], archive[at + 41]])
        };
        assert_eq!(mode(Entry::new("a", b"")), 0o100_644);
        assert_eq!(mode(Entry::program("a", b"")), 0o100_755);
    }

    #[test]
    fn an_archive_has_the_files_in_their_order() {
        let entries = [
            Entry::new("b.mjs", b"bbbb"),
            Entry::new("a.node", &[7; 5_000]),
        ];
        let archive = write(&entries).unwrap();
        assert_eq!(write(&entries).unwrap(), archive);
        assert!(archive.len() < 400, "{}", archive.len());
        let at = |part: &[u8]| {
            archive
                .windows(part.len())
                .position(|window| window == part)
                .unwrap()
        };
        assert!(at(b"b.mjs") < at(b"a.node"));
        assert_eq!(at(b"PK\x03\x04"), 0);
        assert_eq!(at(b"PK\x05\x06"), archive.len() - 22);
        // The directory begins where the end of it says.
        let begin = &archive[archive.len() - 6..archive.len() - 2];
        let begin = u32::from_le_bytes(begin.try_into().unwrap());
        assert_eq!(at(b"PK\x01\x02"), begin as usize);
    }
}
