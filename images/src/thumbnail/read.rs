//! From the bytes of an original to pixels in sRGB.
//!
//! Every format has a file here, with two steps: `open` finds the parts of a file and copies none of them, and
//! `decode` turns them into pixels. What is over a limit is refused between the two.

mod avif;
mod bitmap;
mod canvas;
mod exif;
mod gif;
mod jpeg;
mod png;
mod recognise;
mod rows;
mod webp;

pub(crate) use recognise::is_svg;
pub(super) use rows::Raw;

use super::header::{self, Header};
use super::original::{Frame, Original, OriginalFormat};
use super::{Limits, ThumbnailError};
use crate::encode::Pixels;
use crate::guarded;

/// What is wanted of an animation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameChoice {
    /// Its first frame, as a still picture.
    First,
    /// All frames.
    All,
}

/// Decodes an original. Its limits are checked before.
pub(crate) fn read(
    bytes: &[u8],
    wanted: FrameChoice,
    limits: &Limits,
) -> Result<Original, ThumbnailError> {
    guarded(|| {
        let file = header::open(bytes, limits)?;
        let header = file.header();
        if wanted == FrameChoice::All {
            header.check_animation(limits)?;
        }
        let DecodedFrames { frames, loops } = file.decode(wanted)?;
        Ok(Original {
            format: header.format,
            frames,
            orientation: header.orientation,
            loops,
            copyright: file.exif().and_then(exif::copyright),
        })
    })
}

/// The frames of a file, in sRGB.
struct DecodedFrames {
    frames: Vec<Frame>,
    loops: u16,
}

impl DecodedFrames {
    fn still(pixels: Pixels) -> Self {
        Self {
            frames: vec![Frame { pixels, delay: 0 }],
            loops: 0,
        }
    }
}

/// The parts of a file.
pub(super) enum File<'a> {
    Jpeg(jpeg::Jpeg<'a>),
    Png(png::Png<'a>),
    Gif(gif::Gif<'a>),
    Avif(avif::Avif<'a>),
    Webp(webp::Webp<'a>),
    Bitmap(bitmap::Bitmap<'a>),
}

impl<'a> File<'a> {
    /// Finds the parts of a file that is within the limits.
    pub(super) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, ThumbnailError> {
        Ok(match recognise::format(bytes)? {
            OriginalFormat::Jpeg => Self::Jpeg(jpeg::Jpeg::open(bytes, limits)?),
            OriginalFormat::Png => Self::Png(png::Png::open(bytes, limits)?),
            OriginalFormat::Gif => Self::Gif(gif::Gif::open(bytes, limits)?),
            OriginalFormat::Webp => Self::Webp(webp::Webp::open(bytes, limits)?),
            OriginalFormat::Bmp => Self::Bitmap(bitmap::Bitmap::open_bmp(bytes, limits)?),
            OriginalFormat::Ico => Self::Bitmap(bitmap::Bitmap::open_ico(bytes, limits)?),
            OriginalFormat::Avif => Self::Avif(avif::Avif::open(bytes, limits)?),
        })
    }

    pub(super) fn header(&self) -> Header {
        match self {
            Self::Jpeg(file) => file.header(),
            Self::Png(file) => file.header(),
            Self::Gif(file) => file.header(),
            Self::Webp(file) => file.header(),
            Self::Avif(file) => file.header(),
            Self::Bitmap(file) => file.header(),
        }
    }

    fn exif(&self) -> Option<&[u8]> {
        match self {
            Self::Jpeg(file) => file.exif(),
            Self::Png(file) => file.exif(),
            Self::Webp(file) => file.exif(),
            Self::Avif(file) => file.exif(),
            Self::Gif(_) | Self::Bitmap(_) => None,
        }
    }

    fn decode(&self, wanted: FrameChoice) -> Result<DecodedFrames, ThumbnailError> {
        match self {
            Self::Jpeg(file) => Ok(DecodedFrames::still(file.decode()?)),
            Self::Png(file) => file.decode(wanted),
            Self::Gif(file) => file.decode(wanted),
            Self::Webp(file) => file.decode(wanted),
            Self::Avif(file) => Ok(DecodedFrames::still(file.decode()?)),
            Self::Bitmap(file) => Ok(DecodedFrames::still(file.decode()?)),
        }
    }
}

fn damaged(error: impl std::fmt::Display) -> ThumbnailError {
    ThumbnailError::Damaged(error.to_string())
}

#[cfg(test)]
mod tests;
