//! Pixels to the bytes of a file. Colour profiles are kept in JPEG, PNG and WebP; an AVIF is
//! converted to sRGB, since its encoder writes none.

use super::{Encoding, ImageError};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use std::borrow::Cow;

/// Eight bits a channel, row by row.
pub(super) struct Pixels {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 1 (grey), 3 (RGB) or 4 (RGB and alpha, not multiplied).
    pub(super) channels: usize,
    pub(super) bytes: Vec<u8>,
}

impl Pixels {
    pub(super) fn source(&self) -> quillfront_resize::Source<'_> {
        quillfront_resize::Source {
            width: self.width,
            height: self.height,
            channels: self.channels,
            bytes: &self.bytes,
        }
    }
}

fn failed(error: impl std::fmt::Display) -> ImageError {
    ImageError::Encoding(error.to_string())
}

pub(super) fn encode(
    pixels: &Pixels,
    profile: Option<&[u8]>,
    encoding: Encoding,
) -> Result<Vec<u8>, ImageError> {
    match encoding {
        Encoding::Jpeg { quality } => jpeg(pixels, profile, quality),
        Encoding::Png => png(pixels, profile),
        Encoding::Webp { quality } => webp(pixels, profile, quality),
        Encoding::Avif { quality, speed } => avif(pixels, profile, quality, speed),
    }
}

fn jpeg(pixels: &Pixels, profile: Option<&[u8]>, quality: u8) -> Result<Vec<u8>, ImageError> {
    use jpeg_encoder::{ColorType, Encoder};
    let (Ok(width), Ok(height)) = (u16::try_from(pixels.width), u16::try_from(pixels.height))
    else {
        return Err(failed("a JPEG has at most 65,535 pixels a side"));
    };
    let (kind, bytes) = match pixels.channels {
        1 => (ColorType::Luma, Cow::Borrowed(&pixels.bytes)),
        3 => (ColorType::Rgb, Cow::Borrowed(&pixels.bytes)),
        _ => (ColorType::Rgb, Cow::Owned(on_white(&pixels.bytes))),
    };
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality);
    encoder.set_progressive(true);
    encoder.set_optimized_huffman_tables(true);
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).map_err(failed)?;
    }
    encoder
        .encode(&bytes, width, height, kind)
        .map_err(failed)?;
    Ok(file)
}

/// RGB of RGBA, over white.
fn on_white(rgba: &[u8]) -> Vec<u8> {
    let mix = |pixel: &[u8], channel: usize| {
        let alpha = u32::from(pixel[3]);
        let sum = u32::from(pixel[channel]) * alpha + 255 * (255 - alpha);
        ((sum + 127) / 255) as u8
    };
    rgba.chunks_exact(4)
        .flat_map(|pixel| [mix(pixel, 0), mix(pixel, 1), mix(pixel, 2)])
        .collect()
}

fn png(pixels: &Pixels, profile: Option<&[u8]>) -> Result<Vec<u8>, ImageError> {
    let mut file = Vec::new();
    let mut encoder =
        PngEncoder::new_with_quality(&mut file, CompressionType::Default, FilterType::Adaptive);
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile.to_vec()).map_err(failed)?;
    }
    let kind = match pixels.channels {
        1 => ExtendedColorType::L8,
        3 => ExtendedColorType::Rgb8,
        _ => ExtendedColorType::Rgba8,
    };
    encoder
        .write_image(&pixels.bytes, pixels.width, pixels.height, kind)
        .map_err(failed)?;
    Ok(file)
}

fn webp(
    pixels: &Pixels,
    profile: Option<&[u8]>,
    quality: Option<u8>,
) -> Result<Vec<u8>, ImageError> {
    let (width, height) = (pixels.width, pixels.height);
    let grey_as_rgb;
    let encoder = match pixels.channels {
        4 => webp::Encoder::from_rgba(&pixels.bytes, width, height),
        3 => webp::Encoder::from_rgb(&pixels.bytes, width, height),
        _ => {
            grey_as_rgb = rgb(pixels);
            webp::Encoder::from_rgb(&grey_as_rgb, width, height)
        }
    };
    let (lossless, quality) = quality.map_or((true, 75.0), |quality| (false, f32::from(quality)));
    let file = encoder
        .encode_simple(lossless, quality)
        .map_err(|error| failed(format!("{error:?}")))?;
    match profile {
        Some(profile) if pixels.channels != 1 => with_profile(&file, profile, pixels),
        _ => Ok(file.to_vec()),
    }
}

/// The extended form of a WebP file, with an ICC profile (WebP container specification, "Extended
/// File Format").
fn with_profile(file: &[u8], profile: &[u8], pixels: &Pixels) -> Result<Vec<u8>, ImageError> {
    const HAS_PROFILE: u8 = 0x20;
    const HAS_ALPHA: u8 = 0x10;
    let chunk = |name: &[u8; 4], data: &[u8]| -> Result<Vec<u8>, ImageError> {
        let size = u32::try_from(data.len()).map_err(failed)?;
        let mut chunk = name.to_vec();
        chunk.extend(size.to_le_bytes());
        chunk.extend(data);
        if data.len() % 2 == 1 {
            chunk.push(0);
        }
        Ok(chunk)
    };
    // After `RIFF`, size and `WEBP`; without the extended header that a picture with alpha has.
    let mut data = file.get(12..).ok_or_else(|| failed("an empty file"))?;
    if data.starts_with(b"VP8X") {
        data = data.get(18..).ok_or_else(|| failed("a short file"))?;
    }
    let alpha = if pixels.channels == 4 { HAS_ALPHA } else { 0 };
    let mut header = vec![HAS_PROFILE | alpha, 0, 0, 0];
    header.extend(&(pixels.width - 1).to_le_bytes()[..3]);
    header.extend(&(pixels.height - 1).to_le_bytes()[..3]);
    let mut body = b"WEBP".to_vec();
    body.extend(chunk(b"VP8X", &header)?);
    body.extend(chunk(b"ICCP", profile)?);
    body.extend(data);
    chunk(b"RIFF", &body)
}

fn rgb(pixels: &Pixels) -> Vec<u8> {
    match pixels.channels {
        1 => pixels.bytes.iter().flat_map(|grey| [*grey; 3]).collect(),
        _ => pixels.bytes.clone(),
    }
}

fn avif(
    pixels: &Pixels,
    profile: Option<&[u8]>,
    quality: u8,
    speed: u8,
) -> Result<Vec<u8>, ImageError> {
    use ravif::{Encoder, Img, RGB8, RGBA8};
    let mut bytes = rgb(pixels);
    let alpha = pixels.channels == 4;
    if let Some(profile) = profile.filter(|_| pixels.channels >= 3) {
        bytes = in_srgb(&bytes, profile, alpha).unwrap_or(bytes);
    }
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    let encoder = Encoder::new()
        .with_quality(f32::from(quality))
        .with_alpha_quality(f32::from(quality))
        .with_speed(speed)
        .with_num_threads(Some(1));
    let encoded = if alpha {
        let list = bytes.chunks_exact(4);
        let list: Vec<RGBA8> = list.map(|p| RGBA8::new(p[0], p[1], p[2], p[3])).collect();
        encoder.encode_rgba(Img::new(&list, width, height))
    } else {
        let list = bytes.chunks_exact(3);
        let list: Vec<RGB8> = list.map(|p| RGB8::new(p[0], p[1], p[2])).collect();
        encoder.encode_rgb(Img::new(&list, width, height))
    };
    Ok(encoded.map_err(failed)?.avif_file)
}

/// The same colours in sRGB; none where the profile cannot be read.
fn in_srgb(bytes: &[u8], profile: &[u8], alpha: bool) -> Option<Vec<u8>> {
    use moxcms::{ColorProfile, Layout, TransformOptions};
    let layout = if alpha { Layout::Rgba } else { Layout::Rgb };
    let from = ColorProfile::new_from_slice(profile).ok()?;
    let to = ColorProfile::new_srgb();
    let transform = from
        .create_transform_8bit(layout, &to, layout, TransformOptions::default())
        .ok()?;
    let mut converted = vec![0; bytes.len()];
    transform.transform(bytes, &mut converted).ok()?;
    Some(converted)
}
