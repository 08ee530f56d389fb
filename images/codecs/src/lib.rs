//! The work of the codecs, as [`quillfront_edge::thumbnail::make`](mod@quillfront_edge::thumbnail::make) asks for
//! it.
//!
//! It stands between two crates that do not know each other: the edge has no codecs, so that its add-on stays
//! small, and `quillfront-images` knows no requests. `serve` and the Lambda function share it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use quillfront_edge::thumbnail::{Codec, EncodedPicture, MakeError};
use quillfront_image_urls::{Limits, Transform};
use quillfront_images::thumbnail::{self, ThumbnailError};

/// Originals of more pixels are worked on one at a time: decoded they take hundreds of megabytes.
const LARGE_PIXELS: u64 = 25_000_000;

/// The codecs of a process.
#[derive(Debug, Default)]
pub struct Codecs {
    made: AtomicU64,
    /// Held while a large original is worked on.
    large: Mutex<()>,
}

impl Codecs {
    /// Returns how many thumbnails were begun.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }
}

impl Codec for Codecs {
    fn check(&self, header: &[u8], limits: &Limits) -> Result<(), MakeError> {
        let looked = thumbnail::look(header, limits);
        looked.map(|_| ()).map_err(|error| not_made(&error))
    }

    /// Blocks where another large original is worked on.
    fn make(
        &self,
        original: &[u8],
        transform: &Transform,
        limits: &Limits,
    ) -> Result<EncodedPicture, MakeError> {
        let pixels = thumbnail::look(original, limits).map_err(|error| not_made(&error))?;
        let is_large = pixels.is_some_and(|pixels| pixels > LARGE_PIXELS);
        let alone = || self.large.lock().unwrap_or_else(PoisonError::into_inner);
        let _alone = is_large.then(alone);
        self.made.fetch_add(1, Ordering::Relaxed);
        let made = thumbnail::make(original, transform, limits);
        let made = made.map_err(|error| not_made(&error))?;
        Ok(EncodedPicture {
            bytes: made.bytes.into(),
            content_type: made.content_type,
            extension: made.extension,
            remark: made.remark,
        })
    }
}

fn not_made(error: &ThumbnailError) -> MakeError {
    MakeError {
        status: error.status(),
        reason: error.to_string(),
    }
}
