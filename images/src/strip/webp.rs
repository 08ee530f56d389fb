//! WebP (RFC 9649): chunks in RIFF. `VP8X` says which of them there are.

use super::metadata::Metadata;
use super::{Leaks, Pieces, cut_off};
use crate::ImageError;
use std::ops::Range;

/// The bits of `VP8X`.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

struct Chunk<'a> {
    name: [u8; 4],
    data: &'a [u8],
    /// With length and padding.
    range: Range<usize>,
}

pub(super) fn examine(bytes: &[u8], leaks: &mut Leaks) -> Result<Pieces, ImageError> {
    let length = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize;
    let end = length
        .checked_add(8)
        .filter(|end| *end <= bytes.len())
        .ok_or_else(|| cut_off("the WebP", 4))?;
    let chunks = chunks(&bytes[..end])?;
    let first = |name: &[u8; 4]| chunks.iter().position(|chunk| &chunk.name == name);
    let (exif, xmp) = (first(b"EXIF"), first(b"XMP "));
    let metadata = Metadata {
        exif: exif.map(|number| {
            let block = chunks[number].data;
            block.strip_prefix(b"Exif\0\0").unwrap_or(block)
        }),
        xmp: xmp.map(|number| chunks[number].data),
        photoshop: None,
    };
    let mut verdict = metadata.judge(usize::MAX, leaks);
    let has_exif = verdict.new_exif.is_some() || (exif.is_some() && verdict.keeps_exif);
    let has_xmp = xmp.is_some() && verdict.keeps_xmp;
    let mut pieces = Pieces::default();
    for (number, chunk) in chunks.iter().enumerate() {
        let stays = if Some(number) == exif {
            verdict.keeps_exif
        } else if Some(number) == xmp {
            verdict.keeps_xmp
        } else {
            // Further ones, and statements of origin.
            let is_unread = matches!(&chunk.name, b"EXIF" | b"XMP " | b"C2PA");
            leaks.unread |= is_unread;
            !is_unread
        };
        let is_place = Some(number) == exif || (exif.is_none() && Some(number) == xmp);
        if is_place && let Some(block) = verdict.new_exif.take() {
            pieces.make(made(b"EXIF", &block));
        }
        if stays && &chunk.name == b"VP8X" {
            extended(&mut pieces, chunk, has_exif, has_xmp);
        } else if stays {
            pieces.keep(chunk.range.clone());
        }
    }
    leaks.appended |= bytes[end..].iter().any(|byte| *byte != 0);
    let new = u32::try_from(pieces.len() + 4).map_err(|_| cut_off("the WebP", 4))?;
    let mut file = Pieces::default();
    if new as usize == length {
        file.keep(0..12);
    } else {
        file.make([b"RIFF", &new.to_le_bytes(), &b"WEBP"[..]].concat());
    }
    file.append(pieces, 0);
    if !leaks.appended {
        file.keep(end..bytes.len());
    }
    Ok(file)
}

/// Writes which metadata there are.
fn extended(pieces: &mut Pieces, chunk: &Chunk<'_>, has_exif: bool, has_xmp: bool) {
    let old = chunk.data.first().copied().unwrap_or_default();
    let mut new = old & !(HAS_EXIF | HAS_XMP);
    new |= if has_exif { HAS_EXIF } else { 0 };
    new |= if has_xmp { HAS_XMP } else { 0 };
    let range = chunk.range.clone();
    if new == old || chunk.data.is_empty() {
        pieces.keep(range);
        return;
    }
    pieces.keep(range.start..range.start + 8);
    pieces.make(vec![new]);
    pieces.keep(range.start + 9..range.end);
}

fn chunks(bytes: &[u8]) -> Result<Vec<Chunk<'_>>, ImageError> {
    let mut chunks = Vec::new();
    let mut at = 12;
    while at < bytes.len() {
        let chunk = chunk(bytes, at).ok_or_else(|| cut_off("a chunk of the WebP", at))?;
        at = chunk.range.end;
        chunks.push(chunk);
    }
    Ok(chunks)
}

fn chunk(bytes: &[u8], at: usize) -> Option<Chunk<'_>> {
    let (name, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let data = rest.get(..length)?;
    // Some programs leave out the padding of the last one.
    let end = (at + 8).checked_add(length)?;
    Some(Chunk {
        name: *name,
        data,
        range: at..(end + length % 2).min(bytes.len()),
    })
}

fn made(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = name.to_vec();
    chunk.extend((data.len() as u32).to_le_bytes());
    chunk.extend_from_slice(data);
    chunk.extend(std::iter::repeat_n(0, data.len() % 2));
    chunk
}
