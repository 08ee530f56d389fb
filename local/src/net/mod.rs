//! Connections over HTTP/1.1: how many there may be, and what a slow client may cost.
//!
//! [`serve`] is the loop that S3 and the web server share. [`slots`] counts connections: where
//! all are taken, the one that has waited longest without a request makes room, so that clients
//! who connect and say nothing keep nobody out. [`stall`] gives up a client that takes nothing,
//! [`pace`] one that stops in the middle of a body. [`descriptors`] divides what the system lets
//! this process open, so that one server cannot use up what the other needs.

mod descriptors;
mod pace;
mod serve;
mod slots;
mod stall;

pub use descriptors::raise_limit as raise_descriptor_limit;
pub(crate) use descriptors::share;
pub(crate) use pace::PacedBody;
pub(crate) use serve::{Endless, Limits, serve};
