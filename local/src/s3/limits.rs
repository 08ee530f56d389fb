//! The bounds on untrusted input. Where S3 has one, ours is the same
//! (S3 User Guide, "Amazon S3 multipart upload limits", "Working with object metadata",
//! "Object key naming"; API reference of each operation).

/// Longest key, in bytes of UTF-8. Longer: `KeyTooLongError`. The protocol layer enforces it.
pub const KEY_BYTES: usize = 1024;

/// User metadata of an object: names and values together. More: `MetadataTooLarge`.
pub const METADATA_BYTES: usize = 2048;

/// Bytes in one PUT, one part, or one server-side copy. More: `EntityTooLarge`.
pub const PUT_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// Bytes in an object made of parts. More: `EntityTooLarge`.
pub const OBJECT_BYTES: u64 = 5 * 1024 * 1024 * 1024 * 1024;

/// Smallest part, the last one excepted. Smaller: `EntityTooSmall`.
pub const PART_BYTES: u64 = 5 * 1024 * 1024;

/// Highest part number, and so the most parts.
pub const PARTS: u16 = 10_000;

/// Entries in one page of a listing.
pub const PAGE: usize = 1000;

/// Keys in one `DeleteObjects`. More: `MalformedXML`.
pub const DELETE_KEYS: usize = 1000;

/// An XML body. 1,000 keys of 1,024 bytes fit even when every byte is an entity.
pub const XML_BYTES: usize = 8 * 1024 * 1024;

/// Request line and headers together, in bytes.
pub const HEAD_BYTES: usize = 128 * 1024;

/// Objects of at most this many bytes lie in one file with their record (ours, not S3's).
pub const INLINE_BYTES: u64 = 1024 * 1024;

/// How long a presigned address may be valid, in seconds: a week. Longer:
/// `AuthorizationQueryParametersError`.
pub const PRESIGNED_SECONDS: i64 = 7 * 24 * 60 * 60;

/// How far the time of a request may be from the server's, in seconds. Farther:
/// `RequestTimeTooSkewed`. For signatures of version 4 the protocol layer has the same.
pub const SKEW_SECONDS: i64 = 15 * 60;

/// The longest name that a request may have as its `Host`, in bytes: a name of the DNS
/// (RFC 1035, section 2.3.4), with a port. Longer: 400.
pub const HOST_BYTES: usize = 255 + ":65535".len();

/// The texts of a preflight's `Access-Control-Request-Headers`, in bytes. More: 400.
pub const CORS_ASKED_BYTES: usize = 4 * 1024;

/// Rules in a CORS configuration. More: `MalformedXML`.
pub const CORS_RULES: usize = 100;

/// The texts of a CORS configuration together, in bytes.
pub const CORS_BYTES: usize = 64 * 1024;

/// How long a body may be silent: no more than 1 KiB in this time.
pub const BODY_SECONDS: u64 = 30;

/// Connections at once (ours, not S3's); fewer where the system lets the process open few files.
pub const CONNECTIONS: usize = 512;
