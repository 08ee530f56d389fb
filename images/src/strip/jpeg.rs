//! JPEG (ISO 10918-1, annex B): segments, and scans between them. Metadata are in segments for applications.

mod appended;
mod segments;

use super::metadata::Metadata;
use super::{Leaks, Pieces, is_telling, xmp};
use crate::ImageError;
use appended::Trailer;
use segments::{Segment, walk};

const EXIF: &[u8] = b"Exif\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
const MPF: &[u8] = b"MPF\0";
/// The version of a gain map (ISO 21496-1, annex C).
const GAIN_MAP: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";
/// Bytes of an EXIF block in a segment: behind its length and its name.
const MAX_EXIF: usize = 65_535 - 2 - 6;

pub(super) fn examine(bytes: &[u8], leaks: &mut Leaks) -> Result<Pieces, ImageError> {
    let (segments, end) = walk(bytes)?;
    let appended = Trailer::examine(bytes, &segments, end, leaks);
    let exif = first(&segments, 0xe1, EXIF);
    let xmp = first(&segments, 0xe1, XMP);
    // More than a segment holds goes on in the next one.
    let photoshop: Vec<u8> = segments
        .iter()
        .filter(|segment| segment.is(0xed, PHOTOSHOP))
        .flat_map(|segment| &segment.data[PHOTOSHOP.len()..])
        .copied()
        .collect();
    let metadata = Metadata {
        exif: exif.map(|number| segments[number].data.get(6..).unwrap_or_default()),
        xmp: xmp.map(|number| &segments[number].data[XMP.len()..]),
        photoshop: (!photoshop.is_empty()).then_some(&photoshop),
    };
    let mut verdict = metadata.judge(MAX_EXIF, leaks);
    // EXIF comes behind JFIF.
    let place = exif.unwrap_or_else(|| usize::from(segments[0].is(0xe0, b"JFIF\0")));

    let mut pieces = Pieces::default();
    pieces.keep(0..2);
    let mut index = None;
    for (number, segment) in segments.iter().enumerate() {
        if number == place
            && let Some(block) = verdict.new_exif.take()
        {
            pieces.make(made(0xe1, &[b"Exif\0\0", &block[..]].concat()));
        }
        let stays = if Some(number) == exif {
            verdict.keeps_exif
        } else if Some(number) == xmp {
            if !verdict.keeps_xmp
                && let Some(length) = appended.needs_xmp()
            {
                let packet = xmp::of_gain_map(length);
                pieces.make(made(0xe1, &[XMP, packet.as_bytes()].concat()));
            }
            verdict.keeps_xmp
        } else if segment.is(0xed, PHOTOSHOP) {
            verdict.keeps_photoshop
        } else if segment.is(0xe2, MPF) {
            // Where its second part is depends on all that is before it.
            if appended.has_index() {
                index = Some((pieces.0.len(), pieces.len() + 4 + MPF.len()));
                pieces.make(bytes[segment.range.clone()].to_vec());
            }
            false
        } else {
            stays(segment, &mut pieces, leaks)
        };
        if stays {
            pieces.keep(segment.range.clone());
        }
    }
    appended.write(&mut pieces, index);
    Ok(pieces)
}

fn first(segments: &[Segment<'_>], marker: u8, name: &[u8]) -> Option<usize> {
    segments.iter().position(|segment| segment.is(marker, name))
}

/// A segment; the callers see to it that it is not too long.
fn made(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() + 2) as u16;
    let mut segment = vec![0xff, marker];
    segment.extend(length.to_be_bytes());
    segment.extend_from_slice(data);
    segment
}

/// True where a segment other than those of EXIF, XMP, Photoshop and MPF may stay. Of one that may stay in part,
/// the part is written.
fn stays(segment: &Segment<'_>, pieces: &mut Pieces, leaks: &mut Leaks) -> bool {
    let data = segment.data;
    let stays = match segment.marker {
        0xe0 if segment.is(0xe0, b"JFIF\0") => {
            // Its thumbnail is behind its size.
            if data.len() <= 14 {
                return true;
            }
            leaks.thumbnail = true;
            pieces.make(made(0xe0, &[&data[..12], &[0, 0]].concat()));
            return false;
        }
        // Another thumbnail.
        0xe0 if segment.is(0xe0, b"JFXX\0") => {
            leaks.thumbnail = true;
            return false;
        }
        0xe0 => segment.is(0xe0, b"AVI1"),
        0xe2 => segment.is(0xe2, b"ICC_PROFILE\0") || segment.is(0xe2, GAIN_MAP),
        // The quality, as Photoshop writes it, without its comments.
        0xec => segment.is(0xec, b"Ducky\0") && data.len() <= 15,
        // How the colours are to be understood.
        0xee => segment.is(0xee, b"Adobe") && data.len() <= 14,
        0xe1 | 0xe3..=0xeb | 0xed | 0xef => false,
        0xfe => !is_telling(data),
        _ => true,
    };
    leaks.unread |= !stays;
    stays
}
