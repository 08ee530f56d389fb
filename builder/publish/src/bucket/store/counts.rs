//! Requests and bytes, counted.

use quillfront_site::report::RequestCounts;
use std::ops::{Add, Sub};
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
    /// Stored thumbnails that were removed.
    pub variants: AtomicU64,
    /// Bytes read.
    pub bytes_in: AtomicU64,
    /// Bytes written; copies on the server are not.
    pub bytes_out: AtomicU64,
}

impl Counts {
    /// Returns what was counted so far.
    pub fn snapshot(&self) -> CountsSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CountsSnapshot {
            requests: RequestCounts {
                get: read(&self.get),
                head: read(&self.head),
                put: read(&self.put),
                delete: read(&self.delete),
                list: read(&self.list),
                invalidation: read(&self.invalidation),
            },
            variants: read(&self.variants),
            bytes_in: read(&self.bytes_in),
            bytes_out: read(&self.bytes_out),
        }
    }
}

/// What [`Counts`] had at one time, or counted between two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CountsSnapshot {
    /// Requests.
    pub requests: RequestCounts,
    /// Stored thumbnails that were removed.
    pub variants: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written; copies on the server are not.
    pub bytes_out: u64,
}

impl CountsSnapshot {
    /// Joins each number with that of another.
    fn join(self, other: Self, join: fn(u64, u64) -> u64) -> Self {
        let (one, two) = (self.requests, other.requests);
        Self {
            requests: RequestCounts {
                get: join(one.get, two.get),
                head: join(one.head, two.head),
                put: join(one.put, two.put),
                delete: join(one.delete, two.delete),
                list: join(one.list, two.list),
                invalidation: join(one.invalidation, two.invalidation),
            },
            variants: join(self.variants, other.variants),
            bytes_in: join(self.bytes_in, other.bytes_in),
            bytes_out: join(self.bytes_out, other.bytes_out),
        }
    }
}

impl Add for CountsSnapshot {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.join(other, |one, other| one + other)
    }
}

impl Sub for CountsSnapshot {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        self.join(earlier, |now, then| now - then)
    }
}

pub(in crate::bucket) fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}
