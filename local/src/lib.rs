//! S3, its events and a CDN on one machine: the development server and a single-node deployment.
//!
//! [`s3`] is a real S3 over files; what changes in a bucket comes out of it as the events that
//! Amazon S3 sends. [`gather`] turns them into batches, as a queue in front of a Lambda does.
//! [`site`] is the CDN in front of the site bucket, and the part of the CloudFront API that the
//! builder uses. The builder itself is not here: it is handed the batches, and speaks S3 like
//! everybody else. [`functions`] runs packaged functions as Lambda does.

pub mod functions;
pub mod gather;
mod locks;
pub mod net;
pub mod s3;
pub mod site;
mod terminal;
