//! WebP, with loss and without.

use super::{failed, riff};
use crate::encode::Pixels;
use crate::thumbnail::ThumbnailError;
use crate::thumbnail::steps::widened;
use webp::{Encoder, WebPConfig};

/// Encodes a still picture; without loss where there is no quality.
pub(super) fn webp(
    pixels: Pixels,
    quality: Option<f32>,
    quick: bool,
    exif: Option<&[u8]>,
) -> Result<Vec<u8>, ThumbnailError> {
    let has_alpha = pixels.channels == 4;
    let size = (pixels.width, pixels.height);
    let file = simple(&widened(pixels, 3), quality, quick)?;
    match exif {
        None => Ok(file),
        Some(exif) => riff::with_exif(
            riff::picture(&file).ok_or_else(empty)?,
            size,
            has_alpha,
            exif,
        ),
    }
}

/// Encodes colours, with or without alpha.
pub(super) fn simple(
    pixels: &Pixels,
    quality: Option<f32>,
    quick: bool,
) -> Result<Vec<u8>, ThumbnailError> {
    let (width, height) = (pixels.width, pixels.height);
    let encoder = match pixels.channels {
        4 => Encoder::from_rgba(&pixels.bytes, width, height),
        _ => Encoder::from_rgb(&pixels.bytes, width, height),
    };
    let mut config = WebPConfig::new().map_err(|()| failed("no settings"))?;
    match quality {
        Some(quality) => config.quality = quality,
        None => {
            config.lossless = 1;
            // Not how good it is, but how hard it tries.
            config.quality = 75.0;
        }
    }
    // 0 is quick, 6 is small.
    config.method = if quick { 1 } else { 4 };
    let file = encoder
        .encode_advanced(&config)
        .map_err(|error| failed(format!("{error:?}")))?;
    Ok(file.to_vec())
}

/// The error for a file that the encoder left short.
pub(super) fn empty() -> ThumbnailError {
    failed("the encoder of WebP wrote no picture")
}
