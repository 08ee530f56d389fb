//! Thumbnails: pictures whose URLs say what they are.
//!
//! [`make()`] is all there is to it. It goes through [`header`], which reads what an original says of itself, and
//! refuses one that is over a limit; [`geometry`], which decides what is seen of it; [`read`], which decodes it to
//! pixels in sRGB; [`steps`], which turn them into those of the thumbnail; and [`encode`], which writes a file. Or
//! it [describes](describe) the picture.

mod colour;
mod describe;
#[cfg(test)]
mod difference;
mod encode;
mod error;
mod geometry;
pub(crate) mod header;
mod look;
mod make;
pub(crate) mod original;
pub(crate) mod read;
#[cfg(test)]
mod references;
mod steps;

pub use error::ThumbnailError;
pub use look::look;
pub use make::{Thumbnail, make};
pub use quillfront_image_urls::{Limits, transform};
