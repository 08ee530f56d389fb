//! Thumbnails: pictures whose URLs say what they are.
//!
//! [`header`] reads what an original says of itself, and refuses one that is over a limit; [`read`] decodes it
//! to pixels in sRGB.

#![allow(
    dead_code,
    unused_imports,
    reason = "the pipeline that uses it comes next"
)]

mod colour;
#[cfg(test)]
mod difference;
mod error;
pub(crate) mod header;
mod limits;
pub(crate) mod original;
pub(crate) mod read;
#[cfg(test)]
mod references;
pub mod transform;

pub use error::ThumbnailError;
pub use limits::Limits;
