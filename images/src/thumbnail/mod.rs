//! Thumbnails: pictures whose URLs say what they are.

mod error;
mod limits;
pub(crate) mod original;
pub mod transform;

pub use error::ThumbnailError;
pub use limits::Limits;
