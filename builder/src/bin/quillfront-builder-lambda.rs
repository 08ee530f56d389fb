//! The builder as a Lambda function (`provided.al2023`): the same handler as everywhere.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use quillfront_builder::publish::{Builder, Options, Places};
use quillfront_builder::{aws, handler};
use serde_json::Value;

fn place(name: &str) -> Result<quillfront_builder::publish::store::Place, Error> {
    let text =
        std::env::var(name).map_err(|_| format!("{name} is not set (s3://bucket[/prefix])"))?;
    Ok(text.parse()?)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let options = Options::default();
    let config = aws::loader(options.request_timeout).load().await;
    let places = Places {
        source: place("QUILLFRONT_SOURCE")?,
        site: place("QUILLFRONT_SITE")?,
        state: place("QUILLFRONT_STATE")?,
        distribution: std::env::var("QUILLFRONT_DISTRIBUTION")
            .ok()
            .filter(|id| !id.is_empty()),
    };
    places.check()?;
    let source = places.source.clone();
    let path_style = aws::ENDPOINT_VARIABLES
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    let s3 = aws::s3(&config, path_style);
    let cloudfront = aws_sdk_cloudfront::Client::new(&config);
    let builder = Builder::new(s3, Some(cloudfront), places, options);
    let (builder, source) = (&builder, &source);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let reports = handler::handle(builder, source, &event.payload).await?;
        Ok::<_, Error>(serde_json::to_value(reports)?)
    }))
    .await
}
