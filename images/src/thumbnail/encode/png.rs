//! PNG: with a palette where that is smaller.

use super::failed;
use crate::encode::Pixels;
use crate::thumbnail::ThumbnailError;
use png::{BitDepth, ColorType, Compression, Encoder, Filter, Info};
use std::borrow::Cow;
use std::collections::HashMap;

/// Encodes without loss. `quick` spends less on its size.
pub(super) fn png(
    pixels: &Pixels,
    quick: bool,
    exif: Option<&[u8]>,
) -> Result<Vec<u8>, ThumbnailError> {
    let as_it_is = |filter| {
        let kind = match pixels.channels {
            1 => ColorType::Grayscale,
            3 => ColorType::Rgb,
            _ => ColorType::Rgba,
        };
        let mut info = Info::with_size(pixels.width, pixels.height);
        (info.color_type, info.bit_depth) = (kind, BitDepth::Eight);
        file(info, &pixels.bytes, filter, quick, exif)
    };
    let Some(found) = Palette::of(pixels) else {
        return as_it_is(Filter::Adaptive);
    };
    // With so few colours neither the palette nor its lack is always the smaller, but what is encoded is quick.
    let with_palette = found.file(pixels, quick, exif)?;
    let without = as_it_is(Filter::Adaptive)?;
    Ok(if without.len() < with_palette.len() {
        without
    } else {
        with_palette
    })
}

fn file<'a>(
    mut info: Info<'a>,
    bytes: &[u8],
    filter: Filter,
    quick: bool,
    exif: Option<&'a [u8]>,
) -> Result<Vec<u8>, ThumbnailError> {
    info.exif_metadata = exif.map(Cow::Borrowed);
    let mut file = Vec::new();
    let mut encoder = Encoder::with_info(&mut file, info).map_err(failed)?;
    encoder.set_compression(if quick {
        Compression::Fast
    } else {
        Compression::Balanced
    });
    encoder.set_filter(filter);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(bytes).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

/// The colours of a picture that has at most 256 of them.
struct Palette {
    /// Those that let something through come first, so that only they need an alpha.
    colours: Vec<[u8; 4]>,
}

impl Palette {
    /// The colours, in an order that depends on them alone.
    fn of(pixels: &Pixels) -> Option<Self> {
        // A grey picture of 8 bits has nothing to gain but from fewer bits, which the compression gains too.
        if pixels.channels == 1 {
            return None;
        }
        let mut found = HashMap::new();
        let mut last = None;
        for pixel in pixels.bytes.chunks_exact(pixels.channels) {
            let colour = rgba(pixel);
            if last == Some(colour) {
                continue;
            }
            last = Some(colour);
            found.insert(colour, ());
            if found.len() > 256 {
                return None;
            }
        }
        let mut colours: Vec<[u8; 4]> = found.into_keys().collect();
        colours.sort_unstable_by_key(|&[r, g, b, a]| (a == 255, r, g, b, a));
        Some(Self { colours })
    }

    fn file(
        &self,
        pixels: &Pixels,
        quick: bool,
        exif: Option<&[u8]>,
    ) -> Result<Vec<u8>, ThumbnailError> {
        let (depth, bits) = match self.colours.len() {
            0..=2 => (BitDepth::One, 1),
            3..=4 => (BitDepth::Two, 2),
            5..=16 => (BitDepth::Four, 4),
            _ => (BitDepth::Eight, 8),
        };
        let places: HashMap<[u8; 4], u8> = self.colours.iter().copied().zip(0..=255).collect();
        let row = pixels.width as usize * pixels.channels;
        let mut indices = Vec::new();
        for row in pixels.bytes.chunks_exact(row) {
            let all: Vec<&[u8]> = row.chunks_exact(pixels.channels).collect();
            for pixels in all.chunks(8 / bits) {
                let mut byte = 0;
                for (at, pixel) in pixels.iter().enumerate() {
                    byte |= places[&rgba(pixel)] << (8 - bits * (at + 1));
                }
                indices.push(byte);
            }
        }
        let mut info = Info::with_size(pixels.width, pixels.height);
        (info.color_type, info.bit_depth) = (ColorType::Indexed, depth);
        let colours = self.colours.iter().flat_map(|&[r, g, b, _]| [r, g, b]);
        info.palette = Some(colours.collect());
        let alphas = self.colours.iter().map(|colour| colour[3]);
        let alphas: Vec<u8> = alphas.take_while(|alpha| *alpha < 255).collect();
        info.trns = (!alphas.is_empty()).then_some(alphas.into());
        file(info, &indices, Filter::NoFilter, quick, exif)
    }
}

fn rgba(pixel: &[u8]) -> [u8; 4] {
    match *pixel {
        [r, g, b, a] => [r, g, b, a],
        [r, g, b] => [r, g, b, 255],
        _ => [0; 4],
    }
}
