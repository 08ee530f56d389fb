//! Colours times alpha, and back: for steps that mix pixels, so that what is transparent lends no colour.

use crate::encode::Pixels;
use crate::thumbnail::ThumbnailError;
use fast_image_resize::images::TypedImage;
use fast_image_resize::pixels::U8x4;
use fast_image_resize::{ImageError, MulDiv};

/// Calls a step with colours that are multiplied by alpha, where there is alpha.
pub(super) fn multiplied(
    mut pixels: Pixels,
    step: impl FnOnce(&mut Pixels),
) -> Result<Pixels, ThumbnailError> {
    let has_alpha = pixels.channels == 4;
    let failed = |error: String| ThumbnailError::Encoding(error);
    let each = |pixels: &mut Pixels,
                all: fn(&mut TypedImage<'_, U8x4>) -> Result<(), ImageError>| {
        let mut image =
            TypedImage::<U8x4>::from_buffer(pixels.width, pixels.height, &mut pixels.bytes)
                .map_err(|error| failed(error.to_string()))?;
        all(&mut image).map_err(|error| failed(error.to_string()))
    };
    if has_alpha {
        each(&mut pixels, |image| {
            MulDiv::new().multiply_alpha_inplace_typed(image)
        })?;
    }
    step(&mut pixels);
    if has_alpha {
        each(&mut pixels, |image| {
            MulDiv::new().divide_alpha_inplace_typed(image)
        })?;
    }
    Ok(pixels)
}
