//! What an original says of itself, before any of its pixels is decoded.

use super::original::OriginalFormat;
use super::read::File;
use super::{Limits, ThumbnailError};
use crate::guarded;
use image::metadata::Orientation;

/// The header of an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The format of the file.
    pub format: OriginalFormat,
    /// Pixels of a row, as stored. At least 1.
    pub width: u32,
    /// Rows, as stored. At least 1.
    pub height: u32,
    /// How it is to be turned.
    pub orientation: Orientation,
    /// Whether it moves.
    pub frames: Frames,
    /// True where its pixels can be transparent. Whether one is, only decoding tells.
    pub has_alpha: bool,
}

/// Whether an original moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frames {
    /// It is one picture.
    Still,
    /// It is an animation of so many frames. They are counted, whatever the file says of their number.
    Animation(u32),
}

impl Header {
    /// Returns width and height as they are shown.
    pub fn upright_size(&self) -> (u32, u32) {
        match self.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (self.height, self.width),
            _ => (self.width, self.height),
        }
    }

    /// Pixels of a frame.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Returns an error where all frames together are over a limit.
    pub fn check_animation(&self, limits: &Limits) -> Result<(), ThumbnailError> {
        let Frames::Animation(count) = self.frames else {
            return Ok(());
        };
        let pixels = self.pixels() * u64::from(count);
        if count > limits.frames {
            let most = limits.frames;
            return Err(ThumbnailError::TooLarge(format!(
                "an animation of more than {most} frames; it may have {most}"
            )));
        }
        if pixels > limits.animation_pixels {
            return Err(ThumbnailError::TooLarge(format!(
                "an animation of {pixels} pixels in {count} frames; it may have {}",
                limits.animation_pixels
            )));
        }
        Ok(())
    }
}

/// Reads the header only, and checks every limit that it shows. Decodes nothing.
pub(crate) fn header(bytes: &[u8], limits: &Limits) -> Result<Header, ThumbnailError> {
    guarded(|| Ok(open(bytes, limits)?.header()))
}

/// The parts of a file that is within the limits.
pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<File<'a>, ThumbnailError> {
    if bytes.len() as u64 > limits.bytes {
        return Err(ThumbnailError::TooLarge(format!(
            "{} bytes; it may have {}",
            bytes.len(),
            limits.bytes
        )));
    }
    File::open(bytes, limits)
}

/// Returns an error where a picture has no pixels, or too many.
pub(super) fn check_size(width: u32, height: u32, limits: &Limits) -> Result<(), ThumbnailError> {
    if width == 0 || height == 0 {
        return Err(ThumbnailError::Damaged("it has no size".into()));
    }
    if u64::from(width) * u64::from(height) > limits.pixels {
        return Err(ThumbnailError::TooLarge(format!(
            "{width} × {height} pixels; it may have {}",
            limits.pixels
        )));
    }
    Ok(())
}
