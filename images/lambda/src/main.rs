//! Thumbnails by URL as a Lambda function (`provided.al2023`) behind a function URL that streams its answers.
//!
//! CloudFront asks the bucket for a finished thumbnail first, and this function where there is none. What is made,
//! and when it is refused, is decided in
//! [`quillfront_edge::thumbnail::make`](mod@quillfront_edge::thumbnail::make), as for `serve`.
//!
//! The story of an event: [`url_request`] reads it, [`service`] finds the rules of the site and makes the picture, with
//! what [`bucket`] gets from S3, and [`answer`] is sent as a stream, so that it may have more than 6 MB.

mod answer;
mod bucket;
mod place;
mod service;
mod url_request;

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};

use bucket::Bucket;
use place::Place;
use service::Service;
use url_request::UrlRequest;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let place = Place::of_environment().map_err(|error| error.to_string())?;
    let service = Arc::new(Service::new(Bucket::of_environment(place).await));
    lambda_runtime::run(service_fn(move |event: LambdaEvent<UrlRequest>| {
        let service = service.clone();
        async move {
            let deadline_ms = event.context.deadline;
            Ok::<_, Error>(service.answer(event.payload, deadline_ms).await)
        }
    }))
    .await
}
