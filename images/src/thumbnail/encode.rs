//! Pixels to the bytes of a file: which format, and then one file for each.
//!
//! What is written says nothing of its colours, and so they are those of sRGB. It has no metadata but the
//! copyright, where that is asked for.

mod animation;
mod avif;
mod exif;
mod jpeg;
mod png;
mod quality;
mod riff;
mod webp;

pub(crate) use animation::animation;
#[cfg(test)]
pub(crate) use exif::with_copyright as exif_with_copyright;

use super::ThumbnailError;
use super::original::OriginalFormat;
use super::steps::{flatten, is_transparent};
use super::transform::{Colour, Format, Metadata, Transform};
use crate::encode::Pixels;

/// A format that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Jpeg,
    Png,
    Webp,
    Avif,
}

impl Encoding {
    /// Returns the media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
        }
    }

    /// Returns what the name of a file ends with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Avif => "avif",
        }
    }
}

/// The format that is written, and why it is another than was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub encoding: Encoding,
    pub remark: Option<&'static str>,
}

/// Pixels of an AVIF. Its encoder takes about a second for a million.
const AVIF_PIXELS: u64 = 4_000_000;
/// Pixels of a WebP: its encoder holds 9 bytes for each, beside those that it is given.
const WEBP_PIXELS: u64 = 40_000_000;
/// Pixels of a WebP without loss, whose encoder is slow, and holds some 25 bytes for each.
const LOSSLESS_WEBP_PIXELS: u64 = 16_000_000;
/// Pixels of a side of a WebP (RFC 9649, section 2.5).
const WEBP_SIDE: u32 = 16_383;
/// Pixels of a side of a JPEG (ITU-T T.81, section B.2.2).
const JPEG_SIDE: u32 = 65_535;

/// Chooses the format for a picture of this width and height, from what is known without its pixels, but for
/// whether anything in it is transparent.
pub(crate) fn choose(
    wanted: &Transform,
    original: OriginalFormat,
    size: (u32, u32),
    is_transparent: bool,
) -> Choice {
    let plain = if is_transparent {
        Encoding::Png
    } else {
        Encoding::Jpeg
    };
    let first = match (wanted.format, original) {
        (Some(Format::Avif), _) | (None | Some(Format::Json), OriginalFormat::Avif) => {
            Encoding::Avif
        }
        (Some(Format::Webp), _) | (None | Some(Format::Json), OriginalFormat::Webp) => {
            Encoding::Webp
        }
        (Some(Format::Jpeg), _)
        | (None | Some(Format::Json | Format::Fallback), OriginalFormat::Jpeg) => Encoding::Jpeg,
        (Some(Format::Png), _) | (Some(Format::Fallback), OriginalFormat::Png) => Encoding::Png,
        (Some(Format::Fallback), _) => plain,
        (None | Some(Format::Json), _) => Encoding::Png,
    };
    let pixels = u64::from(size.0) * u64::from(size.1);
    let side = size.0.max(size.1);
    let mut choice = Choice {
        encoding: first,
        remark: None,
    };
    let mut instead = |encoding, remark| {
        choice.encoding = encoding;
        choice.remark = choice.remark.or(Some(remark));
        choice.encoding
    };
    let mut encoding = first;
    if encoding == Encoding::Avif && pixels > AVIF_PIXELS {
        encoding = instead(Encoding::Webp, "avif: over 4 megapixels");
    }
    if encoding == Encoding::Webp {
        let lossless = quality::webp(wanted.quality).is_none();
        if side > WEBP_SIDE {
            encoding = instead(plain, "webp: a side over 16,383 pixels");
        } else if lossless && pixels > LOSSLESS_WEBP_PIXELS {
            encoding = instead(Encoding::Png, "lossless webp: over 16 megapixels");
        } else if pixels > WEBP_PIXELS {
            encoding = instead(plain, "webp: over 40 megapixels");
        }
    }
    if encoding == Encoding::Jpeg && side > JPEG_SIDE {
        instead(Encoding::Png, "jpeg: a side over 65,535 pixels");
    }
    choice
}

/// Encodes a still picture.
pub(crate) fn still(
    pixels: Pixels,
    encoding: Encoding,
    wanted: &Transform,
    copyright: Option<&str>,
) -> Result<Vec<u8>, ThumbnailError> {
    let exif = exif_of(wanted, copyright);
    let exif = exif.as_deref();
    let quick = wanted.is_fast;
    match encoding {
        Encoding::Jpeg => {
            let opaque = flatten(pixels, Colour::WHITE);
            jpeg::jpeg(&opaque, quality::jpeg(wanted.quality), quick, exif)
        }
        Encoding::Png => png::png(&pixels, quick, exif),
        Encoding::Webp => webp::webp(pixels, quality::webp(wanted.quality), quick, exif),
        Encoding::Avif => avif::avif(pixels, quality::avif(wanted.quality), exif),
    }
}

/// Returns the format for these pixels, and the file.
pub(crate) fn still_of(
    pixels: Pixels,
    original: OriginalFormat,
    wanted: &Transform,
    copyright: Option<&str>,
) -> Result<(Choice, Vec<u8>), ThumbnailError> {
    let size = (pixels.width, pixels.height);
    let choice = choose(wanted, original, size, is_transparent(&pixels));
    let bytes = still(pixels, choice.encoding, wanted, copyright)?;
    Ok((choice, bytes))
}

/// EXIF data with what is kept of the metadata.
fn exif_of(wanted: &Transform, copyright: Option<&str>) -> Option<Vec<u8>> {
    match wanted.metadata {
        Metadata::None => None,
        Metadata::Copyright => copyright.map(exif::with_copyright),
    }
}

/// The error of an encoder.
fn failed(error: impl std::fmt::Display) -> ThumbnailError {
    ThumbnailError::Encoding(error.to_string())
}

#[cfg(test)]
mod tests;
