//! AVIF, by rav1e, in one thread.

use super::failed;
use crate::encode::Pixels;
use crate::thumbnail::ThumbnailError;
use crate::thumbnail::steps::widened;
use ravif::{Encoder, Img, RGB8, RGBA8};

/// 1 is small, 10 is quick. A million pixels take a core 1.1 seconds at 10, 2.0 at 9, and 3.9 at 8, for files that
/// are 4% and 6% smaller. So there is nothing quicker to be had.
const SPEED: u8 = 10;

/// Encodes a still picture.
pub(super) fn avif(
    pixels: Pixels,
    quality: f32,
    exif: Option<&[u8]>,
) -> Result<Vec<u8>, ThumbnailError> {
    let pixels = widened(pixels, 3);
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    let mut encoder = Encoder::new()
        .with_quality(quality)
        .with_alpha_quality(quality)
        .with_speed(SPEED)
        .with_num_threads(Some(1));
    if let Some(exif) = exif {
        encoder = encoder.with_exif(exif);
    }
    let encoded = if pixels.channels == 4 {
        let (list, _) = pixels.bytes.as_chunks::<4>();
        let list: Vec<RGBA8> = list
            .iter()
            .map(|p| RGBA8::new(p[0], p[1], p[2], p[3]))
            .collect();
        encoder.encode_rgba(Img::new(&list, width, height))
    } else {
        let (list, _) = pixels.bytes.as_chunks::<3>();
        let list: Vec<RGB8> = list.iter().map(|p| RGB8::new(p[0], p[1], p[2])).collect();
        encoder.encode_rgb(Img::new(&list, width, height))
    };
    Ok(encoded.map_err(failed)?.avif_file)
}
