//! PNG (third edition, section 5): chunks. Text chunks may have metadata of other formats in them.

use super::metadata::Metadata;
use super::{Leaks, Pieces, cut_off, is_telling};
use crate::ImageError;
use std::ops::Range;

struct Chunk<'a> {
    name: [u8; 4],
    data: &'a [u8],
    /// With length and check sum.
    range: Range<usize>,
}

pub(super) fn examine(bytes: &[u8], leaks: &mut Leaks) -> Result<Pieces, ImageError> {
    let chunks = chunks(bytes)?;
    let exif = chunks.iter().position(|chunk| &chunk.name == b"eXIf");
    let xmp = chunks.iter().position(|chunk| xmp_of(chunk).is_some());
    let metadata = Metadata {
        exif: exif.map(|number| without_prefix(chunks[number].data)),
        xmp: xmp.and_then(|number| xmp_of(&chunks[number])),
        photoshop: None,
    };
    let mut verdict = metadata.judge(usize::MAX, leaks);
    let mut pieces = Pieces::default();
    pieces.keep(0..8);
    for (number, chunk) in chunks.iter().enumerate() {
        let stays = if Some(number) == exif {
            verdict.keeps_exif
        } else if Some(number) == xmp {
            verdict.keeps_xmp
        } else {
            stays(chunk, leaks)
        };
        // EXIF is before the pixels, and there is none where there was XMP alone.
        let is_place = Some(number) == exif || (exif.is_none() && &chunk.name == b"IDAT");
        if is_place && let Some(block) = verdict.new_exif.take() {
            pieces.make(made(b"eXIf", &block));
        }
        if stays {
            pieces.keep(chunk.range.clone());
        }
    }
    let end = chunks.last().map_or(8, |chunk| chunk.range.end);
    leaks.appended |= bytes[end..].iter().any(|byte| *byte != 0);
    if !leaks.appended {
        pieces.keep(end..bytes.len());
    }
    Ok(pieces)
}

fn chunks(bytes: &[u8]) -> Result<Vec<Chunk<'_>>, ImageError> {
    let mut chunks: Vec<Chunk<'_>> = Vec::new();
    let mut at = 8;
    while chunks.last().is_none_or(|chunk| &chunk.name != b"IEND") {
        let chunk = chunk(bytes, at).ok_or_else(|| cut_off("a chunk of the PNG", at))?;
        at = chunk.range.end;
        chunks.push(chunk);
    }
    Ok(chunks)
}

fn chunk(bytes: &[u8], at: usize) -> Option<Chunk<'_>> {
    let (length, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
    let (name, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_be_bytes(*length) as usize;
    rest.get(..length.checked_add(4)?)?;
    Some(Chunk {
        name: *name,
        data: &rest[..length],
        range: at..at + length + 12,
    })
}

/// A chunk with its check sum.
fn made(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend_from_slice(name);
    chunk.extend_from_slice(data);
    let sum = crc32(&chunk[4..]);
    chunk.extend(sum.to_be_bytes());
    chunk
}

/// Of ISO 3309.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 * (sum & 1))
        })
    })
}

/// Some programs write the beginning that EXIF has in a JPEG.
fn without_prefix(block: &[u8]) -> &[u8] {
    block.strip_prefix(b"Exif\0\0").unwrap_or(block)
}

/// XMP that is not compressed.
fn xmp_of<'a>(chunk: &Chunk<'a>) -> Option<&'a [u8]> {
    if &chunk.name != b"iTXt" {
        return None;
    }
    chunk.data.strip_prefix(b"XML:com.adobe.xmp\0\0\0\0\0")
}

/// True where a chunk other than the first ones of EXIF and XMP may stay.
fn stays(chunk: &Chunk<'_>, leaks: &mut Leaks) -> bool {
    let is_unread = match &chunk.name {
        // Further ones, an older name of EXIF, and statements of origin (C2PA), which tell of the maker and no
        // longer hold for a file that was changed.
        b"eXIf" | b"zxIf" | b"caBX" => true,
        b"tEXt" | b"zTXt" | b"iTXt" => is_telling_text(chunk),
        _ => false,
    };
    leaks.unread |= is_unread;
    !is_unread
}

/// ImageMagick writes the metadata of a JPEG as texts; others their own.
fn is_telling_text(chunk: &Chunk<'_>) -> bool {
    let end = chunk.data.iter().position(|byte| *byte == 0);
    let (keyword, text) = chunk.data.split_at(end.unwrap_or(chunk.data.len()));
    let keyword = String::from_utf8_lossy(keyword).to_ascii_lowercase();
    let is_profile = keyword.starts_with("raw profile type")
        && !keyword.ends_with(" icc")
        && !keyword.ends_with(" icm");
    let is_foreign = ["exif", "xmp", "iptc", "8bim"]
        .iter()
        .any(|name| keyword.contains(name));
    is_profile || is_foreign || is_telling(keyword.as_bytes()) || is_telling(text)
}
