//! What is behind a JPEG: further pictures, of which an index tells (MPF, CIPA DC-007), films, and anything.
//!
//! Gain maps stay (a second, small JPEG that says how much brighter each place is on screens that can show it),
//! with nothing in them that tells. The rest goes.

use super::segments::{Segment, walk};
use super::{GAIN_MAP, MPF, XMP, examine};
use crate::strip::{Leaks, Pieces, xmp};
use std::ops::Range;

/// Gain maps that a picture has at most.
const MAX_GAIN_MAPS: usize = 2;
/// Bytes of an entry of the index: attributes, length, offset, dependent pictures.
const ENTRY: usize = 16;

pub(super) struct Trailer {
    gain_maps: Vec<GainMap>,
    /// Where the entries are in the segment of the index.
    entries: Option<usize>,
    /// What is behind all that, where it may stay: zeros.
    rest: Range<usize>,
    /// Whether the packet of the picture says that there is a gain map.
    is_told_in_xmp: bool,
}

struct GainMap {
    /// Zeros before it.
    before: Range<usize>,
    start: usize,
    pieces: Pieces,
}

impl Trailer {
    pub fn examine(bytes: &[u8], segments: &[Segment<'_>], end: usize, leaks: &mut Leaks) -> Self {
        let mut found = Leaks::default();
        let (mut gain_maps, rest) = gain_maps(bytes, end, &mut found);
        let mut indices = segments.iter().filter(|segment| segment.is(0xe2, MPF));
        let index = indices.next();
        let entries = index.and_then(|index| entries(index, gain_maps.len() + 1));
        // An index of something else.
        if (index.is_some() && entries.is_none()) || indices.next().is_some() {
            gain_maps.clear();
            found = Leaks::default();
            leaks.appended = true;
        }
        leaks.add(found);
        let rest = if gain_maps.is_empty() {
            end..bytes.len()
        } else {
            rest
        };
        let is_empty = bytes[rest.clone()].iter().all(|byte| *byte == 0);
        leaks.appended |= !is_empty;
        Self {
            entries: entries.filter(|_| !gain_maps.is_empty()),
            rest: if is_empty { rest } else { end..end },
            is_told_in_xmp: segments
                .iter()
                .any(|segment| segment.is(0xe1, XMP) && xmp::is_of_gain_map(segment.data)),
            gain_maps,
        }
    }

    pub fn has_index(&self) -> bool {
        self.entries.is_some()
    }

    /// The length of the gain map that a new packet of the picture has to tell of.
    pub fn needs_xmp(&self) -> Option<usize> {
        match self.gain_maps.as_slice() {
            [gain_map] if self.is_told_in_xmp => Some(gain_map.pieces.len()),
            _ => None,
        }
    }

    /// Writes what stays behind the picture, and into its index (which of the pieces it is, and where the byte
    /// is that its offsets begin at) where it has come to be.
    pub fn write(self, pieces: &mut Pieces, index: Option<(usize, usize)>) {
        let mut places = vec![(0, pieces.len())];
        for gain_map in self.gain_maps {
            pieces.keep(gain_map.before);
            places.push((pieces.len(), gain_map.pieces.len()));
            pieces.append(gain_map.pieces, gain_map.start);
        }
        pieces.keep(self.rest);
        let (Some((number, origin)), Some(entries)) = (index, self.entries) else {
            return;
        };
        if let super::super::Piece::Made(segment) = &mut pieces.0[number] {
            let is_little_endian = segment[2 + 2 + MPF.len()] == b'I';
            for (entry, (start, length)) in places.into_iter().enumerate() {
                let offset = if entry == 0 { 0 } else { start - origin };
                let at = 4 + entries + ENTRY * entry;
                for (at, number) in [(at + 4, length as u32), (at + 8, offset as u32)] {
                    segment[at..at + 4].copy_from_slice(&if is_little_endian {
                        number.to_le_bytes()
                    } else {
                        number.to_be_bytes()
                    });
                }
            }
        }
    }
}

/// The gain maps behind a picture, and the rest behind them.
fn gain_maps(bytes: &[u8], end: usize, leaks: &mut Leaks) -> (Vec<GainMap>, Range<usize>) {
    let mut found = Vec::new();
    let mut at = end;
    while found.len() < MAX_GAIN_MAPS {
        let zeros = bytes[at..].iter().take_while(|byte| **byte == 0).count();
        let start = at + zeros;
        let Some((pieces, length)) = gain_map(&bytes[start..], leaks) else {
            break;
        };
        found.push(GainMap {
            before: at..start,
            start,
            pieces,
        });
        at = start + length;
    }
    (found, at..bytes.len())
}

/// A gain map: what stays of it, and its length in the file. None where it is none, or would no longer be one.
fn gain_map(bytes: &[u8], leaks: &mut Leaks) -> Option<(Pieces, usize)> {
    if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return None;
    }
    let (segments, end) = walk(bytes).ok()?;
    if !is_gain_map(&segments) {
        return None;
    }
    let mut found = Leaks::default();
    let pieces = examine(&bytes[..end], &mut found).ok()?;
    if !is_gain_map(&walk(&pieces.join(bytes)).ok()?.0) {
        return None;
    }
    leaks.add(found);
    Some((pieces, end))
}

fn is_gain_map(segments: &[Segment<'_>]) -> bool {
    segments.iter().any(|segment| {
        segment.is(0xe2, GAIN_MAP) || (segment.is(0xe1, XMP) && xmp::is_of_gain_map(segment.data))
    })
}

/// Where the entries are in an index of so many pictures, of which it says nothing else. None where it is not such
/// a one.
fn entries(index: &Segment<'_>, pictures: usize) -> Option<usize> {
    let tiff = index.data.get(MPF.len()..)?;
    let is_little_endian = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let number = |at: usize, width: usize| {
        let bytes = tiff.get(at..at.checked_add(width)?)?;
        let add = |sum: usize, byte: &u8| (sum << 8) | usize::from(*byte);
        Some(if is_little_endian {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        })
    };
    let directory = number(4, 4)?;
    let mut at = None;
    for entry in 0..number(directory, 2)? {
        let entry = directory.checked_add(2 + 12 * entry)?;
        match number(entry, 2)? {
            // Version and number of pictures.
            0xb000 => {}
            0xb001 if number(entry + 8, 4)? == pictures => {}
            0xb002 if number(entry + 4, 4)? == ENTRY * pictures => at = number(entry + 8, 4),
            _ => return None,
        }
    }
    let at = at?;
    tiff.get(at..at.checked_add(ENTRY * pictures)?)?;
    Some(MPF.len() + at)
}
