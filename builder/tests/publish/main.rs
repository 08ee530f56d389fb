//! Publishing over a real S3 (the embedded one): incremental equals clean, concurrent builders,
//! builders that die at any request.

mod concurrent;
mod crash;
mod edits;
mod explain;
mod preview;
mod scheduled;
mod stories;
mod world;
