//! Publishing over a real S3 (the embedded one): incremental equals clean, concurrent builders,
//! builders that die at any request or
//! stop in time, what CloudFront is told.

mod accepted;
#[path = "../alone/mod.rs"]
mod alone;
mod concurrent;
mod copies;
mod crash;
mod damage;
mod deaths;
mod doors;
mod edits;
mod explain;
mod grace;
mod growth;
mod hints;
mod invalidations;
mod last_good;
mod meanwhile;
mod odd_keys;
mod originals;
mod preview;
mod redirects;
mod relook;
mod retries;
mod rounds;
mod scheduled;
mod search;
mod security;
mod stop;
mod stories;
mod suspects;
mod sweep;
mod takeover;
mod variants;
mod wire;
mod world;
