//! Requests and bytes, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Requests and bytes, counted as they are made.
#[derive(Debug, Default)]
pub struct Counts {
    /// GET requests.
    pub get: AtomicU64,
    /// HEAD requests.
    pub head: AtomicU64,
    /// PUT requests, copies included.
    pub put: AtomicU64,
    /// DELETE requests.
    pub delete: AtomicU64,
    /// LIST requests.
    pub list: AtomicU64,
    /// CreateInvalidation requests.
    pub invalidation: AtomicU64,
    /// Bytes read.
    pub bytes_in: AtomicU64,
    /// Bytes written; copies on the server are not.
    pub bytes_out: AtomicU64,
}

impl Counts {
    /// How they stand now.
    pub fn snapshot(&self) -> CountsSnapshot {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CountsSnapshot {
            get: of(&self.get),
            head: of(&self.head),
            put: of(&self.put),
            delete: of(&self.delete),
            list: of(&self.list),
            invalidation: of(&self.invalidation),
            bytes_in: of(&self.bytes_in),
            bytes_out: of(&self.bytes_out),
        }
    }
}

/// [`Counts`] at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)] // They are those of `Counts`.
pub struct CountsSnapshot {
    pub get: u64,
    pub head: u64,
    pub put: u64,
    pub delete: u64,
    pub list: u64,
    pub invalidation: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
}

impl std::ops::Sub for CountsSnapshot {
    type Output = Self;

    /// What was counted since an earlier time.
    fn sub(self, before: Self) -> Self {
        Self {
            get: self.get - before.get,
            head: self.head - before.head,
            put: self.put - before.put,
            delete: self.delete - before.delete,
            list: self.list - before.list,
            invalidation: self.invalidation - before.invalidation,
            bytes_in: self.bytes_in - before.bytes_in,
            bytes_out: self.bytes_out - before.bytes_out,
        }
    }
}

pub(super) fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}
