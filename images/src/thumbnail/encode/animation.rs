//! An animation as WebP.
//!
//! Each frame is encoded by itself, and only where it differs from the one before it. So delays stay as they
//! are, and two frames are held at a time, not all of them.

use super::riff::{self, FramePlacement};
use super::webp::{empty, simple};
use super::{exif_of, failed, quality};
use crate::encode::Pixels;
use crate::thumbnail::ThumbnailError;
use crate::thumbnail::steps::{is_transparent, widened, without_needless_alpha};
use crate::thumbnail::transform::Transform;

/// Encodes frames of one size, with their delays in milliseconds. 0 loops are for ever.
pub(crate) fn animation(
    frames: impl Iterator<Item = Result<(Pixels, u32), ThumbnailError>>,
    loops: u16,
    wanted: &Transform,
    copyright: Option<&str>,
) -> Result<Vec<u8>, ThumbnailError> {
    let quality = quality::webp(wanted.quality);
    let mut encoded: Vec<(FramePlacement, Vec<u8>)> = Vec::new();
    let mut previous: Option<Pixels> = None;
    let mut has_alpha = false;
    for frame in frames {
        let (pixels, delay) = frame?;
        let pixels = widened(pixels, 4);
        has_alpha |= is_transparent(&pixels);
        let placed = match &previous {
            None => Some(FramePlacement {
                left: 0,
                top: 0,
                width: pixels.width,
                height: pixels.height,
                delay,
            }),
            Some(previous) => changed(previous, &pixels, delay),
        };
        match (placed, encoded.last_mut()) {
            (Some(placed), _) => {
                let part = without_needless_alpha(part(&pixels, &placed));
                let part = simple(&widened(part, 3), quality, wanted.is_fast)?;
                let picture = riff::picture(&part).ok_or_else(empty)?.to_vec();
                encoded.push((placed, picture));
            }
            (None, Some((last, _))) => last.delay = last.delay.saturating_add(delay),
            (None, None) => {}
        }
        previous = Some(pixels);
    }
    let Some(last) = previous else {
        return Err(failed("an animation without frames"));
    };
    let size = (last.width, last.height);
    let frames: Result<Vec<_>, _> = encoded
        .iter()
        .map(|(placed, picture)| riff::frame(picture, placed))
        .collect();
    let exif = exif_of(wanted, copyright);
    riff::animation(&frames?, size, has_alpha, loops, exif.as_deref())
}

/// Returns the smallest part that has all pixels that differ; none where none does. It begins at even numbers,
/// since a WebP knows no others.
fn changed(before: &Pixels, after: &Pixels, delay: u32) -> Option<FramePlacement> {
    let row = after.width as usize * after.channels;
    let differs = |(one, other): (&[u8], &[u8])| one != other;
    let rows = || {
        let before = before.bytes.chunks_exact(row);
        before.zip(after.bytes.chunks_exact(row))
    };
    let top = rows().position(differs)?;
    let bottom = rows().rposition(differs)? + 1;
    let (mut left, mut right) = (after.width as usize, 0);
    for (before, after_row) in rows().take(bottom).skip(top) {
        let pixels = || {
            let before = before.chunks_exact(after.channels);
            before.zip(after_row.chunks_exact(after.channels))
        };
        if let Some(first) = pixels().position(differs) {
            left = left.min(first);
        }
        if let Some(last) = pixels().rposition(differs) {
            right = right.max(last + 1);
        }
    }
    let (left, top) = (left as u32 / 2 * 2, top as u32 / 2 * 2);
    Some(FramePlacement {
        left,
        top,
        width: right as u32 - left,
        height: bottom as u32 - top,
        delay,
    })
}

fn part(pixels: &Pixels, placed: &FramePlacement) -> Pixels {
    let row = pixels.width as usize * pixels.channels;
    let (start, length) = (
        placed.left as usize * pixels.channels,
        placed.width as usize * pixels.channels,
    );
    let rows = pixels.bytes.chunks_exact(row);
    let rows = rows.skip(placed.top as usize).take(placed.height as usize);
    Pixels {
        width: placed.width,
        height: placed.height,
        channels: pixels.channels,
        bytes: rows
            .flat_map(|row| &row[start..][..length])
            .copied()
            .collect(),
    }
}
