//! Request time: what a viewer's request means, and how an object becomes a response.
//!
//! The story of a request, one module a step:
//!
//! 1. [`route`]: the viewer's path becomes the [`ObjectKey`](route::ObjectKey) to fetch, or a
//!    [`Refusal`](route::Refusal).
//! 2. The host fetches that object. This crate does not: it does no I/O and reads no clock.
//! 3. [`respond`]: what the bucket answered becomes the [`Answer`](respond::Answer) for the
//!    viewer. An object may be a redirect ([`location`]), a missing one may be there with a
//!    slash behind it. The builder's metadata becomes headers, everything internal goes, and
//!    [`security`] adds what every response carries.
//! 4. What a cache does with an answer: [`conditional`] (304, 412), [`encoding`] (br, gzip) and
//!    [`range`] (206, 416). CloudFront has its own; the server on one machine uses these.
//!
//! The code does not know its host: it sees paths, statuses and header maps, which a Lambda@Edge
//! event and a hyper request have alike.
//!
//! # Invariants
//!
//! - A routed key has no `.` or `..` segment, no empty segment, no leading `/` and no control
//!   character; refusing happens after decoding, and decoding happens once.
//! - Nothing panics, whatever the bytes. Metadata that makes no sense is left out, and the
//!   object is served without it.
//! - No `location` leads to another host unless the object's own metadata names that host.
//! - An answer depends on the path, the query string handed in and the object: no other part of
//!   the request reaches [`respond`].

pub mod conditional;
pub mod encoding;
pub mod location;
pub mod range;
pub mod respond;
pub mod route;
pub mod security;
