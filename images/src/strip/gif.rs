//! GIF (89a): blocks. XMP is in an application extension.

use super::metadata::Metadata;
use super::{Leaks, Pieces, cut_off, is_telling};
use crate::ImageError;

/// What follows XMP, so that a reader of blocks finds their end from anywhere in it.
const TRAILER: usize = 257;

pub(super) fn examine(bytes: &[u8], leaks: &mut Leaks) -> Result<Pieces, ImageError> {
    let damaged = |at: usize| cut_off("a block of the GIF", at);
    let header = bytes.get(10).ok_or_else(|| damaged(0))?;
    let mut at = 13 + palette(*header);
    let mut pieces = Pieces::default();
    pieces.keep(0..at.min(bytes.len()));
    loop {
        // Browsers show pictures that were cut off behind a block.
        let Some(kind) = bytes.get(at) else { break };
        let (data, stays) = match kind {
            0x3b => {
                at += 1;
                pieces.keep(at - 1..at);
                break;
            }
            0x2c => {
                let flags = *bytes.get(at + 9).ok_or_else(|| damaged(at))?;
                (at + 11 + palette(flags), None)
            }
            0x21 => (at + 2, bytes.get(at + 1)),
            _ => return Err(damaged(at)),
        };
        let end = blocks(bytes, data).ok_or_else(|| damaged(at))?;
        if stays.is_none_or(|label| stays_extension(*label, &bytes[data..end], leaks)) {
            pieces.keep(at..end);
        }
        at = end;
    }
    let behind = &bytes[at.min(bytes.len())..];
    leaks.appended |= behind.iter().any(|byte| *byte != 0);
    if !leaks.appended {
        pieces.keep(at.min(bytes.len())..bytes.len());
    }
    Ok(pieces)
}

/// Bytes of the palette that flags tell of.
fn palette(flags: u8) -> usize {
    match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    }
}

/// Where the blocks of data end that begin at `at`.
fn blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

/// True where an extension may stay; `blocks` are its blocks of data.
fn stays_extension(label: u8, blocks: &[u8], leaks: &mut Leaks) -> bool {
    match label {
        // A comment.
        0xfe if is_telling(blocks) => {
            leaks.unread = true;
            false
        }
        0xff => {
            if let Some(packet) = blocks.strip_prefix(b"\x0bXMP DataXMP") {
                let packet = &packet[..packet.len().saturating_sub(TRAILER + 1)];
                let metadata = Metadata {
                    xmp: Some(packet),
                    ..Metadata::default()
                };
                // There is no place for its credit.
                return metadata.judge(0, leaks).keeps_xmp;
            }
            let is_origin = blocks.starts_with(b"\x0bC2PA_GIF");
            leaks.unread |= is_origin;
            !is_origin
        }
        _ => true,
    }
}
