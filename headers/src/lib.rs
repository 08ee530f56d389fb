//! The metadata of published objects: what the builder tells the edge about an object beside its bytes.
//!
//! Builder and edge know each other only through URLs and this metadata. It is stored in S3 as user
//! metadata and comes back in the headers of `GetObject`, so both sides are bound by what such a header
//! can hold. This crate has the names of the [fields](Field), their [character sets](values) and the
//! number of bytes that they may take, and both ways: [`Metadata::write`] for the builder,
//! [`Metadata::read`] for the edge.
//!
//! ```
//! use quillfront_headers::{Metadata, Redirect, Status};
//!
//! let moved = Metadata {
//!     redirect: Some(Redirect::to("https://example.org/new place/", Status::MovedPermanently)),
//!     ..Metadata::default()
//! };
//! let stored = moved.write().unwrap();
//! assert_eq!(stored["qf-location"], "https://example.org/new%20place/");
//!
//! // S3 answers with `x-amz-meta-qf-location`.
//! let read = Metadata::read(|field| Some(stored.get(field.name())?.as_str()));
//! assert_eq!(read, moved);
//! ```
//!
//! # Invariants
//!
//! - What [`Metadata::write`] returns fits into the user metadata of an object, and
//!   [`Metadata::read`] makes the same of it.
//! - [`Metadata::read`] takes anything: a field that makes no sense is left out, and the others are
//!   read all the same. It does not decide what may be sent to a viewer; the edge does.
//!
//! What is not about one object is in the [`Rules`].
//!
//! The crate knows no S3 client and no HTTP library: it sees names and text.

mod edge;
mod metadata;
pub mod names;
pub mod redirects;
mod rules;
pub mod values;

pub use edge::{Domains, Edge, MAX_SITE_POLICY_BYTES};
pub use metadata::{Metadata, Original, Redirect, Status, WriteError};
pub use rules::{MAX_RULES_BYTES, REVALIDATE_MS, RULES_KEY, Rules};

/// What S3 puts before the names of user metadata to make headers of them.
pub const S3_PREFIX: &str = "x-amz-meta-";
/// Bytes of all names, without [`S3_PREFIX`], and values that S3 stores with an object (S3 User Guide,
/// "Working with object metadata": "the user-defined metadata is limited to 2 KB in size").
pub const S3_MAX_BYTES: usize = 2_048;

/// Bytes of all names and values of one object. What is left up to [`S3_MAX_BYTES`] belongs to whoever
/// copies the objects on, and adds metadata of their own.
pub const MAX_BYTES: usize = 1_900;
/// Bytes of the content security policy.
pub const MAX_POLICY_BYTES: usize = 1_400;
/// Bytes of the address of a redirect.
pub const MAX_LOCATION_BYTES: usize = 1_000;
/// Bytes of what a thumbnail says of its original. ETags of S3 have some 40.
pub const MAX_ORIGINAL_BYTES: usize = 200;

/// The header of S3's answer with the tags of an object, by which CloudFront invalidates it (Amazon CloudFront
/// Developer Guide, "Invalidate files", cache tags).
pub const CACHE_TAG_HEADER: &str = "x-amz-meta-cache-tag";
/// The name of those tags in the user metadata of an object.
pub const CACHE_TAG: &str = CACHE_TAG_HEADER.split_at(S3_PREFIX.len()).1;

/// How what keeps its name while its content changes is cached: browsers ask each time, CloudFront keeps it
/// for [`LIFETIME_SECONDS`] at most should an invalidation fail.
pub const CACHE_REVALIDATE: &str = "public, max-age=0, must-revalidate, s-maxage=86400";
/// The `s-maxage` of [`CACHE_REVALIDATE`].
pub const LIFETIME_SECONDS: i64 = 86_400;

const _: () = assert!(MAX_BYTES <= S3_MAX_BYTES);

/// A piece of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The content security policy.
    Policy,
    /// Other headers: a JSON object from name to value; `null` drops a default header.
    Headers,
    /// The address that the object redirects to.
    Location,
    /// The status of that redirect; 301 where there is none.
    Status,
    /// The [original](crate::Original) that a thumbnail was made of.
    Original,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 5] = [
        Self::Policy,
        Self::Headers,
        Self::Location,
        Self::Status,
        Self::Original,
    ];

    /// Returns its name in the user metadata of an object.
    pub const fn name(self) -> &'static str {
        self.header().split_at(S3_PREFIX.len()).1
    }

    /// Returns its name among the headers of S3's answer.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Policy => "x-amz-meta-qf-csp",
            Self::Headers => "x-amz-meta-qf-h",
            Self::Location => "x-amz-meta-qf-location",
            Self::Status => "x-amz-meta-qf-status",
            Self::Original => "x-amz-meta-qf-original",
        }
    }
}

#[cfg(test)]
mod tests;
