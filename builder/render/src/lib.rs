//! From a site and its templates to bytes, purely: no clock, no environment, no file, no network.
//!
//! 1. [`effective`]: which bytes of each source a build uses;
//! 2. [`render`]: templates, [Markdown](quillfront_markdown) and the [`search`] index to bytes, with
//!    [`sass`] before and [pictures](quillfront_images) after;
//! 3. [`graph`]: what each output reads, and which outputs a change reaches;
//! 4. [`security`]: the headers of each object, from what its page runs and loads;
//! 5. [`evaluate`]: drives them all for the caller, who supplies what a render asks for
//!    ([`remote`] data, files, texts that are kept elsewhere).

pub mod effective;
pub mod evaluate;
pub mod graph;
pub mod locks;
mod panics;
pub mod remote;
pub mod render;
pub mod sass;
pub mod search;
pub mod security;

/// The engine: the version, and a number that is raised whenever the same sources make other bytes, those that are
/// left of pictures included. What a
/// build of another engine noted is not gone by.
pub const ENGINE: &str = concat!(env!("CARGO_PKG_VERSION"), " (5)");
