//! Pictures: bytes in, bytes out (site model, section 14). Knows nothing of the rest of the builder.
//!
//! The steps: [`probe`] reads the header (size, format, what the camera wrote); a [`Job`] says what
//! to make and [`Resize::geometry`] how large it comes out; [`Picture::decode`] turns bytes into
//! upright pixels, once for all jobs of a picture; [`Picture::make`] crops, resizes and encodes.
//!
//! Nothing here starts a thread, so the same picture and job give the same bytes whoever asks.

mod animated;
mod canonical;
mod decode;
mod encode;
mod job;
mod probe;
mod strip;
pub mod svg;
pub mod thumbnail;
pub mod xml;

pub use animated::is_animated;
pub use decode::Picture;
pub use job::{Encoding, Filter, Geometry, Resize};
pub use probe::{Format, Probe, probe};
pub use strip::{Leaks, leaks, strip};

use serde::{Deserialize, Serialize};

/// Pixels that a picture may have, before and after: 100 million.
pub const MAX_PIXELS: u64 = 100_000_000;
/// Bytes that its decoded pixels may have: 100 million pixels of four bytes.
pub const MAX_DECODED_BYTES: u64 = 4 * MAX_PIXELS;
/// Pixels that a side of what is made may have: what WebP can hold.
pub const MAX_SIDE: u32 = 16_383;
/// Changes whenever the same job makes other bytes, so that names made from it change as well.
pub const REVISION: u32 = 1;

/// What to make of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Job {
    /// The size.
    pub resize: Resize,
    /// The format.
    pub encoding: Encoding,
    /// How pixels are mixed.
    pub filter: Filter,
}

/// Why a picture cannot be read or made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The bytes are no picture that is known.
    #[error("this is not a JPEG, PNG, GIF, WebP, AVIF or SVG picture")]
    UnknownFormat,
    /// The format can be measured, but not decoded.
    #[error("a picture in the format {0} can be shown and measured, but not resized")]
    NotDecodable(&'static str),
    /// The bytes are damaged.
    #[error("the picture is damaged: {0}")]
    Damaged(String),
    /// It is larger than [`MAX_PIXELS`] or [`MAX_DECODED_BYTES`].
    #[error("the picture has {width} × {height} pixels; at most {MAX_PIXELS} are decoded")]
    TooLarge {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// What is asked for is larger than [`MAX_SIDE`] or [`MAX_PIXELS`].
    #[error(
        "the result would have {width} × {height} pixels; the limits are {MAX_SIDE} a side and \
         {MAX_PIXELS} in all"
    )]
    ResultTooLarge {
        /// Pixels.
        width: u64,
        /// Pixels.
        height: u64,
    },
    /// Its encoder would take too long.
    #[error(
        "a picture of {pixels} pixels is too much for the encoder of {format}, which takes at most \
         {most} with these settings; make it smaller, choose a higher speed or another format"
    )]
    TooDear {
        /// Pixels.
        pixels: u64,
        /// The format.
        format: &'static str,
        /// Pixels.
        most: u64,
    },
    /// The encoder refused.
    #[error("the picture cannot be encoded: {0}")]
    Encoding(String),
}

/// A decoder or encoder crashed.
struct Crash;

impl From<Crash> for ImageError {
    fn from(_: Crash) -> Self {
        Self::Damaged("the decoder gave up".into())
    }
}

/// Runs a decoder or encoder; a crash in it is damage in the picture.
fn guarded<T, E: From<Crash>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Crash.into()))
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
