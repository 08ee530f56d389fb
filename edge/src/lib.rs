//! Request time: what a viewer's request means, and how an object becomes a response.
//!
//! Two functions of Lambda@Edge, and what a cache does around them. The story of a request, one module a
//! step:
//!
//! 1. [`event`]: the JSON of an event, and what may be replied to it.
//! 2. [`origin_request`](mod@origin_request): [`route`] makes the viewer's path the
//!    [`ObjectKey`](route::ObjectKey) to fetch, or a [`Refusal`](route::Refusal); or the path is
//!    redirected to the one that its page has, or to where a rule of the site says.
//! 3. The host fetches that object. This crate does not: it does no I/O and reads no clock.
//! 4. [`origin_response`](mod@origin_response): what the bucket answered becomes the
//!    [`Answer`](respond::Answer) for the viewer ([`respond`]). An object may be a redirect
//!    ([`location`]); for a missing one there may be a rule, or it may be there with a slash behind it,
//!    which the host [looks](origin_response::Step::Look) after. The builder's metadata becomes headers, everything
//!    internal goes, [`security`] adds what every response carries, and the ETag becomes one of bytes and
//!    headers both.
//! 5. What a cache does with an answer: [`conditional`] (304, 412), [`encoding`] (br, gzip) and
//!    [`range`] (206, 416). CloudFront has its own; the server on one machine uses these.
//!
//! [`functions`] is the door for hosts: JSON in, JSON out. The code does not know its host, and writes
//! no log. [`host`] is the door for those that have to fetch the rules as well, as Lambda@Edge does.
//!
//! A [`thumbnail`] is made where it is missing: what its URL means, which function makes and stores it over a
//! host's storage and codecs, and the headers that it has ever after.
//!
//! Before the cache there is [`viewer`]: the functions of CloudFront Functions, as JavaScript and as the
//! function in Rust that they are held to; and what stands for the functions of Lambda@Edge in a
//! distribution without them.
//!
//! # Invariants
//!
//! - A routed key has no `.` or `..` segment, no empty segment, no leading `/`, no control character and
//!   nothing that could be decoded again; refusing happens after decoding, and decoding happens once.
//! - Nothing panics, whatever the bytes. Metadata that makes no sense is left out, and the
//!   object is served without it.
//! - No `location` leads to another host unless the object's own metadata, or a rule, names that host.
//! - An answer depends on the path, the method, the query string where the host says that it is part of
//!   the cache key, the rules and the object. No other part of the request matters, but for the headers by
//!   which the functions know what they did: [the folder](origin_request::FOLDER_HEADER) that was asked
//!   for, and that a path is [shown](origin_request::SHOWN_HEADER) in place of another.
//! - CloudFront takes every reply: one that it would refuse cannot be built.
//! - The functions may run twice for one request, once for each origin: they do the same both times.

pub mod conditional;
pub mod encoding;
mod etag;
pub mod event;
pub mod functions;
pub mod host;
pub mod location;
pub mod origin_request;
pub mod origin_response;
pub mod range;
mod redirects;
pub mod respond;
pub mod route;
pub mod security;
pub mod thumbnail;
pub mod viewer;
