//! Signed requests to AWS as they are written: the body that goes out is the body that was given, and the one that
//! comes back is the one that AWS sent.
//!
//! A typed client drops what it does not know: an element of a distribution that is newer than the client is lost
//! when the configuration is read, and CloudFront then removes the setting when it is written back. Commands that
//! change what somebody else has configured therefore work on the raw text. The same few lines reach every service,
//! so that none needs a client of its own.
//!
//! ```no_run
//! use quillfront_aws::{Aws, Error, Request, service::CLOUDFRONT};
//!
//! # async fn show() -> Result<(), Error> {
//! let aws = Aws::connect(None).await?;
//! let request = Request::get(&CLOUDFRONT, "/2020-05-31/distribution/E1EXAMPLE/config");
//! let response = aws.send(&request.allowed_by("cloudfront:GetDistributionConfig")).await?;
//! println!("{:?} {}", response.header("etag"), response.text());
//! # Ok(())
//! # }
//! ```
//!
//! 1. [`Request`] is plain data: a [`Service`](service::Service), a method, a path, a body.
//! 2. [`Aws`] finds the endpoint and the credentials, signs, sends, and tries again what may succeed later.
//! 3. [`Error`] tells a refusal (with AWS's own code) from what could not be sent.

mod error;
mod request;
mod send;
pub mod service;

pub use error::{Error, Refusal};
pub use request::{Request, Response, encode_path};
pub use send::Aws;
