//! Puts a picture on a larger canvas.

use super::channels::widened;
use crate::encode::Pixels;
use crate::thumbnail::geometry::View;
use crate::thumbnail::transform::Colour;

pub(super) fn pad(pixels: Pixels, view: &View, background: Colour) -> Pixels {
    if view.canvas == (pixels.width, pixels.height) {
        return pixels;
    }
    let [red, green, blue, alpha] = background.0;
    let needed = match alpha {
        255 if red == green && green == blue => 1,
        255 => 3,
        _ => 4,
    };
    let channels = pixels.channels.max(needed);
    let pixels = widened(pixels, channels);
    let (width, height) = view.canvas;
    let all = width as usize * height as usize;
    let mut bytes = background.0[..channels].repeat(all);
    let row = pixels.width as usize * channels;
    let canvas_row = width as usize * channels;
    let (left, top) = (view.place.0 as usize, view.place.1 as usize);
    let rows = bytes.chunks_exact_mut(canvas_row).skip(top);
    for (into, from) in rows.zip(pixels.bytes.chunks_exact(row)) {
        into[left * channels..][..row].copy_from_slice(from);
    }
    Pixels {
        width,
        height,
        channels,
        bytes,
    }
}
