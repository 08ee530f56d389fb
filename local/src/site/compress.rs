//! Compressed bodies, each made once.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::locks::IgnorePoison;
use bytes::Bytes;
use lru::LruCache;
use quillfront_edge::encoding::Encoding;
use tokio::sync::{OnceCell, Semaphore};

use super::body::blocking;

/// How much memory the kept bodies may take.
const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// How good, and how slow: CloudFront compresses at once, while the visitor waits.
const BROTLI_QUALITY: i32 = 5;

/// The compressed bodies of objects. The key is the ETag of the bytes, so an entry is never
/// stale and a new object never meets an old body.
pub(super) struct CompressedBodies {
    kept: Mutex<BodyCache>,
    /// One for each core: more at once would only take memory.
    permits: Arc<Semaphore>,
}

struct BodyCache {
    bodies: LruCache<Key, Arc<OnceCell<Bytes>>>,
    /// The sum of the finished bodies.
    size_bytes: usize,
}

type Key = (String, Encoding);

impl Default for CompressedBodies {
    fn default() -> CompressedBodies {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let kept = BodyCache {
            bodies: LruCache::unbounded(),
            size_bytes: 0,
        };
        CompressedBodies {
            kept: Mutex::new(kept),
            permits: Arc::new(Semaphore::new(cores)),
        }
    }
}

impl CompressedBodies {
    /// The body with this ETag, which `read` reads, in `encoding`. Who asks while it is being made waits for it.
    ///
    /// # Errors
    /// The body cannot be read.
    pub async fn get(
        &self,
        etag: String,
        encoding: Encoding,
        read: impl FnOnce() -> io::Result<Bytes> + Send + 'static,
    ) -> io::Result<Bytes> {
        let key = (etag, encoding);
        let cell = self
            .lock()
            .bodies
            .get_or_insert(key.clone(), Default::default)
            .clone();
        if let Some(bytes) = cell.get() {
            return Ok(bytes.clone());
        }
        let bytes = cell.get_or_try_init(|| async {
            let permit = self
                .permits
                .clone()
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            let bytes = blocking(move || {
                // Held to the end even if nobody waits any more.
                let _permit = permit;
                compress(&read()?, encoding)
            });
            let bytes = bytes.await?;
            self.lock().add(&key, &cell, bytes.len());
            Ok(bytes)
        });
        bytes.await.cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BodyCache> {
        self.kept.lock().unpoisoned()
    }
}

impl BodyCache {
    /// Counts a body that is finished, and drops the ones that were not asked for longest.
    fn add(&mut self, key: &Key, cell: &Arc<OnceCell<Bytes>>, size_bytes: usize) {
        // It may have been dropped, and begun anew, while it was made.
        if !self
            .bodies
            .peek(key)
            .is_some_and(|kept| Arc::ptr_eq(kept, cell))
        {
            return;
        }
        self.size_bytes += size_bytes;
        while self.size_bytes > KEPT_BYTES {
            let Some((_, dropped)) = self.bodies.pop_lru() else {
                break;
            };
            self.size_bytes -= dropped.get().map_or(0, Bytes::len);
        }
    }
}

fn compress(bytes: &[u8], encoding: Encoding) -> io::Result<Bytes> {
    let half = Vec::with_capacity(bytes.len() / 2);
    Ok(match encoding {
        Encoding::Identity => bytes.to_vec(),
        Encoding::Gzip => {
            let mut gzip = flate2::write::GzEncoder::new(half, flate2::Compression::default());
            gzip.write_all(bytes)?;
            gzip.finish()?
        }
        Encoding::Brotli => {
            let mut compressed = half;
            let parameters = brotli::enc::BrotliEncoderParams {
                quality: BROTLI_QUALITY,
                size_hint: bytes.len(),
                ..Default::default()
            };
            brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &parameters)?;
            compressed
        }
    }
    .into())
}
