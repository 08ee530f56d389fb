//! The site server over real TCP: objects go in through S3, responses come out as a client
//! sees them.

mod caching;
mod cloudfront;
mod crowd;
mod edge;
mod harness;
mod live;
mod one_policy;
mod pages;
mod thumbnails;
