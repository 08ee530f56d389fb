//! Thumbnails: pictures whose URLs say what they are.

pub mod transform;
