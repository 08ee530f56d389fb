//! S3 on one machine: the protocol over files.
//!
//! The story of a write, in order:
//!
//! 1. [`server`]: a request arrives and gets an id; [`hosts`] says which bucket it names, [`admit`]
//!    refuses what no signature covers, then the signature is checked (crate `s3s`).
//!    [`cors`] and [`refusal`] complete the answer.
//! 2. [`service`]: the operation is unpacked and its limits are checked.
//! 3. [`ingest`]: the bytes go to a temporary file while they are hashed; length, MD5 and
//!    checksums (headers or trailers) are compared with what the client promised.
//! 4. [`bucket`]: the record is written behind the bytes and synced; then, under the lock of
//!    that key, the condition is checked, the file renamed into place, the folder synced and
//!    the index updated. The rename is the commit point.
//! 5. [`events`]: the change is announced in S3's own JSON. Only then does the client hear
//!    that it is done.
//!
//! # On disk
//!
//! ```text
//! lock                                  held while a process has the store open
//! epoch                                 how often the store was opened (part of sequencers)
//! tmp/                                  unfinished writes; emptied at open
//! set-aside/                            what is damaged or was never ours
//! buckets/<bucket>/bucket.json          when it was made
//! buckets/<bucket>/cors.json            its CORS configuration, if it has one
//! buckets/<bucket>/objects/<sha256>     one file an object, named by the hash of its key
//! buckets/<bucket>/blobs/<id>           the bytes of large objects
//! buckets/<bucket>/uploads/<id>/        one folder a multipart upload
//! buckets/<bucket>/lost/<sha256>        a note of an object that was damaged, until it is put again
//! ```
//!
//! An object file is `bytes, record (JSON), length of the record, magic`: bytes and metadata
//! are one file, so one rename makes both visible, and nothing needs to be known before the
//! last byte has come. Bytes of more than [`limits::INLINE_BYTES`] live in a blob, a file of
//! their own that is never changed, and the object file only names it: a server-side copy of
//! a video is then a hard link, whatever its size. A blob that no record names (a crash came
//! between the two renames) is removed at open, unless an object is lost, whose bytes it may be.
//!
//! Keys never become paths: a file's name is the SHA-256 of the key, so any key of up to 1,024
//! bytes works (`..`, `/`, `a` beside `a/b`) and none escapes. The order that listings need is
//! kept in memory, in an index that is rebuilt from the records at open.
//!
//! Only the owner of the folder can read it. What is found damaged in it at open, and what is none
//! of the store's, is moved to `set-aside/` and told; the rest is served ([`open`]). Damage is only
//! what the bytes themselves say: a file that may not be read, or a disk that does not answer, keeps
//! the store from opening. An object that was set aside is [`lost`]: it is not there, and to ask for
//! it is an error, 410 `ObjectDamaged`, until it is put again or deleted, so that nobody takes it for
//! removed. [`blocks`] checks bytes whenever they are read.
//!
//! # Invariants
//!
//! - *Acknowledged is durable*: a response or an event is sent only after the file and its
//!   folder are synced.
//! - *All or nothing*: an object's bytes and metadata change together. Whoever has opened an
//!   object keeps reading the version that was opened.
//! - *Conditions are exact*: check and write happen under one lock per key, which readers take
//!   too, so that nobody sees a version that is not yet durable. There is never a reason to
//!   answer 409 `ConditionalRequestConflict`.
//! - *No write passes through memory as a whole*: bodies, copies and parts move in pieces.

mod admit;
mod blocks;
mod bucket;
mod checksum;
mod conditions;
mod copy;
mod cors;
mod direct;
mod disk;
mod error;
mod events;
mod hosts;
mod index;
mod ingest;
pub mod limits;
mod lost;
mod multipart;
mod notices;
mod object;
mod open;
mod record;
mod refusal;
mod server;
mod service;
mod store;
mod version_2;

pub use blocks::Contents;
pub use checksum::{Algorithm, ChecksumKind, ObjectChecksum};
pub use direct::NewObject;
pub use error::StoreError;
pub use object::{Object, ObjectMeta};
pub use server::{Credentials, REGION, serve};
pub use store::Store;
