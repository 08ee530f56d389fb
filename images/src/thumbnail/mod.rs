//! Thumbnails: pictures whose URLs say what they are.

mod error;
pub(crate) mod original;

pub use error::ThumbnailError;
pub use quillfront_image_urls::{Limits, transform};
