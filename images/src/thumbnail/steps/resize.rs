//! Cuts out and resizes, as the picture is stored.
//!
//! Pixels are mixed as they are, not in linear light, which is what sharp does; colours count by how opaque
//! they are, so that what is transparent has no colour to lend. A picture is made smaller by Lanczos, and
//! larger by a bicubic filter, which rings less.

use crate::encode::Pixels;
use crate::thumbnail::ThumbnailError;
use crate::thumbnail::geometry::{Area, View};
use quillfront_resize::{Cut, FilterType, ResizeAlg};

/// Bytes of an original that are looked at in one go: what the resizer copies of them is no more.
const BAND_BYTES: usize = 16 << 20;
/// How far Lanczos looks, in pixels of the smaller picture.
const REACH: f64 = 3.0;

pub(super) fn resize(pixels: Pixels, view: &View) -> Result<Pixels, ThumbnailError> {
    resize_by(pixels, view, BAND_BYTES)
}

fn resize_by(pixels: Pixels, view: &View, at_once: usize) -> Result<Pixels, ThumbnailError> {
    let (width, height) = view.stored_size();
    let whole = (view.cut.width, view.cut.height)
        == (f64::from(pixels.width), f64::from(pixels.height))
        && (width, height) == (pixels.width, pixels.height);
    if whole {
        return Ok(pixels);
    }
    let size = width as usize * height as usize * pixels.channels;
    let mut bytes = vec![0; size];
    in_bands(&pixels, view, at_once, &mut bytes)?;
    Ok(Pixels {
        width,
        height,
        channels: pixels.channels,
        bytes,
    })
}

/// Resizes some rows at a time, each time from those rows of the original that they need.
fn in_bands(
    pixels: &Pixels,
    view: &View,
    at_once: usize,
    into: &mut [u8],
) -> Result<(), ThumbnailError> {
    let (width, height) = view.stored_size();
    let Area { left, top, .. } = view.cut;
    let kept = view.kept;
    let scale = view.cut.height / f64::from(height);
    let is_smaller = scale > 1.0;
    let filter = if is_smaller {
        FilterType::Lanczos3
    } else {
        FilterType::CatmullRom
    };
    let algorithm = ResizeAlg::Convolution(filter);
    let reach = (REACH * scale.max(1.0)).ceil() + 1.0;
    let row_bytes = pixels.width as usize * pixels.channels;
    let rows = (at_once as f64 / row_bytes as f64 - 2.0 * reach) / scale;
    let rows = (rows as u32).clamp(1, height);

    let source = pixels.source();
    let band_bytes = width as usize * rows as usize * pixels.channels;
    for (index, band) in (0_u32..).zip(into.chunks_mut(band_bytes)) {
        let first = f64::from(index * rows);
        let count = rows.min(height - index * rows);
        let from = top + first * scale;
        let to = top + (first + f64::from(count)) * scale;
        let above = ((from - reach).max(0.0) as u32).clamp(kept.top, kept.top + kept.height - 1);
        let below = ((to + reach).ceil() as u32).clamp(above + 1, kept.top + kept.height);
        let start = (left - f64::from(kept.left)).max(0.0);
        let from = (from - f64::from(above)).max(0.0);
        let cut = Cut {
            within: (kept.left, above, kept.width, below - above),
            area: (
                start,
                from,
                view.cut.width.min(f64::from(kept.width) - start),
                (f64::from(count) * scale).min(f64::from(below - above) - from),
            ),
        };
        quillfront_resize::resize(source, cut, (width, count), band, algorithm)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
