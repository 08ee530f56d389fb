//! S3 as its clients know it, over the AWS SDK. Runs against the embedded server, or against
//! any other endpoint if `QUILLFRONT_S3_ENDPOINT` is set (with `AWS_ACCESS_KEY_ID`,
//! `AWS_SECRET_ACCESS_KEY` and `AWS_REGION`).

#[path = "../s3_harness/mod.rs"]
mod harness;

mod access;
mod admission;
mod buckets;
mod conditions;
mod copies;
mod cors;
mod keys;
mod listing;
mod multipart;
mod objects;
mod times;
