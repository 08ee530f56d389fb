//! Boxes of ISO 14496-12, and where items are (section 8.11.3).

use crate::ImageError;
use crate::strip::cut_off;
use std::ops::Range;

pub(super) struct Box {
    pub name: [u8; 4],
    /// Where it begins.
    pub start: usize,
    pub data: Range<usize>,
}

/// The boxes inside of a range. Zeros at its end are none.
pub(super) fn boxes(bytes: &[u8], range: Range<usize>) -> Result<Vec<Box>, ImageError> {
    let mut found = Vec::new();
    let mut at = range.start;
    let bytes = bytes
        .get(..range.end)
        .ok_or_else(|| cut_off("a box", range.start))?;
    while at < bytes.len() && bytes[at..].iter().any(|byte| *byte != 0) {
        let next = one(bytes, at).ok_or_else(|| cut_off("a box", at))?;
        at = next.data.end;
        found.push(next);
    }
    Ok(found)
}

fn one(bytes: &[u8], start: usize) -> Option<Box> {
    let mut reader = Reader(bytes.get(start..)?);
    let size = reader.number(4)?;
    let name = (reader.number(4)? as u32).to_be_bytes();
    let (size, header) = match size {
        // The last box of a file goes on to its end.
        0 => (bytes.len() - start, 8),
        1 => (usize::try_from(reader.number(8)?).ok()?, 16),
        _ => (size as usize, 8),
    };
    let end = start.checked_add(size)?;
    (size >= header && end <= bytes.len()).then_some(Box {
        name,
        start,
        data: start + header..end,
    })
}

/// Reads numbers from the front.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    /// A number of up to eight bytes.
    pub fn number(&mut self, width: usize) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(width)?;
        self.0 = rest;
        let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        Some(number.iter().fold(0, add))
    }
}

/// The items of a box, and the bytes of the file that each has, none where that is not known. None where the box
/// is damaged.
pub(super) fn locations(data: &[u8], file: usize, idat: Range<usize>) -> Option<Vec<Location>> {
    let mut reader = Reader(data);
    let version = reader.number(4)? >> 24;
    let sizes = reader.number(2)? as usize;
    let width = |shift: usize| (sizes >> shift) & 15;
    let (of_offset, of_length, of_base, of_index) = (width(12), width(8), width(4), width(0));
    let has_known_widths = [of_offset, of_length, of_base, of_index]
        .iter()
        .all(|width| *width <= 8);
    if !has_known_widths || version > 2 {
        return None;
    }
    let of_count = if version < 2 { 2 } else { 4 };
    let mut found = Vec::new();
    for _ in 0..reader.number(of_count)? {
        let id = reader.number(of_count)? as u32;
        let method = match version {
            0 => 0,
            _ => reader.number(2)? & 15,
        };
        let is_elsewhere = reader.number(2)? != 0;
        let inside = match method {
            0 if !is_elsewhere => Some(0..file),
            1 if !is_elsewhere => Some(idat.clone()),
            _ => None,
        };
        let base = reader.number(of_base)?;
        let mut ranges = Some(Vec::new());
        for _ in 0..reader.number(2)? {
            if version > 0 {
                reader.number(of_index)?;
            }
            let offset = reader.number(of_offset)?;
            let length = reader.number(of_length)?;
            // Each takes bytes of the box, but where it has none to say where it is.
            if of_offset + of_length == 0 {
                ranges = None;
            }
            let range = part(inside.clone(), base.checked_add(offset)?, length);
            ranges = ranges.zip(range).map(|(mut ranges, range)| {
                ranges.push(range);
                ranges
            });
        }
        found.push((id, ranges));
    }
    Some(found)
}

/// An item, and its bytes.
type Location = (u32, Option<Vec<Range<usize>>>);

/// A part of a range; a length of 0 goes on to its end.
fn part(inside: Option<Range<usize>>, offset: u64, length: u64) -> Option<Range<usize>> {
    let inside = inside?;
    let start = inside.start.checked_add(usize::try_from(offset).ok()?)?;
    let end = match length {
        0 => inside.end,
        _ => start.checked_add(usize::try_from(length).ok()?)?,
    };
    (start <= end && end <= inside.end).then_some(start..end)
}
