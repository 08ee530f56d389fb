//! The segments of a JPEG.

use crate::ImageError;
use crate::strip::cut_off;
use std::ops::Range;

/// A segment, or a scan (without a marker and data).
pub(super) struct Segment<'a> {
    pub marker: u8,
    /// Without the length.
    pub data: &'a [u8],
    /// With the marker and the length.
    pub range: Range<usize>,
}

impl Segment<'_> {
    pub fn is(&self, marker: u8, name: &[u8]) -> bool {
        self.marker == marker && self.data.starts_with(name)
    }
}

/// Returns the segments behind the first marker, at least one, and where the picture ends: behind its last
/// marker, or where the file ends before.
pub(super) fn walk(bytes: &[u8]) -> Result<(Vec<Segment<'_>>, usize), ImageError> {
    let mut segments = Vec::new();
    let mut at = 2;
    let mut has_scan = false;
    loop {
        // Readers show what there is of a picture.
        if at >= bytes.len() && has_scan {
            return Ok((segments, bytes.len()));
        }
        let start = at;
        let damaged = || cut_off("a segment of the JPEG", start);
        if bytes.get(at) != Some(&0xff) {
            return Err(damaged());
        }
        while bytes.get(at) == Some(&0xff) {
            at += 1;
        }
        let marker = *bytes.get(at).ok_or_else(damaged)?;
        at += 1;
        let data = match marker {
            0x00 | 0xd8 => return Err(damaged()),
            0x01 | 0xd0..=0xd7 => &[],
            0xd9 if has_scan => {
                segments.push(Segment {
                    marker,
                    data: &[],
                    range: start..at,
                });
                return Ok((segments, at));
            }
            0xd9 => return Err(damaged()),
            _ => data(bytes, at).ok_or_else(damaged)?,
        };
        // Those without data have no length either.
        at += match marker {
            0x01 | 0xd0..=0xd7 => 0,
            _ => 2 + data.len(),
        };
        segments.push(Segment {
            marker,
            data,
            range: start..at,
        });
        if marker == 0xda {
            has_scan = true;
            let end = scan_end(bytes, at);
            segments.push(Segment {
                marker: 0,
                data: &[],
                range: at..end,
            });
            at = end;
        }
    }
}

fn data(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let (length, rest) = bytes.get(at..)?.split_first_chunk::<2>()?;
    rest.get(..usize::from(u16::from_be_bytes(*length)).checked_sub(2)?)
}

/// Where the next marker is that is none of a scan.
fn scan_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == 0xff) {
        at += found;
        match bytes.get(at + 1) {
            Some(0x00 | 0xd0..=0xd7) => at += 2,
            Some(0xff) => at += 1,
            Some(_) => return at,
            None => break,
        }
    }
    bytes.len()
}
