//! Colours times alpha, and back: for steps that mix pixels, so that what is transparent lends no colour.

use crate::encode::Pixels;
use crate::thumbnail::ThumbnailError;
use quillfront_resize::{divide_alpha, multiply_alpha};

/// Calls a step with colours that are multiplied by alpha, where there is alpha.
pub(super) fn multiplied(
    mut pixels: Pixels,
    step: impl FnOnce(&mut Pixels),
) -> Result<Pixels, ThumbnailError> {
    if pixels.channels != 4 {
        step(&mut pixels);
        return Ok(pixels);
    }
    let (width, height) = (pixels.width, pixels.height);
    multiply_alpha(width, height, &mut pixels.bytes)?;
    step(&mut pixels);
    divide_alpha(pixels.width, pixels.height, &mut pixels.bytes)?;
    Ok(pixels)
}
