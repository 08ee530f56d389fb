//! An original, decoded.

use crate::encode::Pixels;
use image::metadata::Orientation;

/// A decoded original. Its colours are those of sRGB.
pub(crate) struct Original {
    /// The format of the file.
    pub format: OriginalFormat,
    /// Its frames, as they are stored: not upright. At least one.
    pub frames: Vec<Frame>,
    /// How every frame is to be turned. Applied after resizing, when there are fewer pixels to turn.
    pub orientation: Orientation,
    /// How often an animation is played; 0 is for ever.
    pub loops: u16,
    /// The copyright notice, where there is one.
    pub copyright: Option<String>,
}

/// A picture of an original; a still one has exactly one.
pub(crate) struct Frame {
    /// The whole canvas, composed of what was there before.
    pub pixels: Pixels,
    /// How long it is shown, in milliseconds. 0 for a still picture.
    pub delay: u32,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OriginalFormat {
    Jpeg,
    Png,
    Gif,
    Webp,
    Avif,
    Bmp,
    Ico,
}
