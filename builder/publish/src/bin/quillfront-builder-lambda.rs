//! The builder as a Lambda function (`provided.al2023`): the same handler as everywhere.
#![recursion_limit = "256"] // the future of a run is deep

use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use quillfront_publish::bucket::{Builder, Options, Places};
use quillfront_publish::topic::{TOPIC_VARIABLE, Topic};
use quillfront_publish::{aws, handler, notice};
use quillfront_site::report::Report;
use serde_json::Value;

fn place(name: &str) -> Result<quillfront_publish::bucket::store::Place, Error> {
    let text =
        std::env::var(name).map_err(|_| format!("{name} is not set (s3://bucket[/prefix])"))?;
    Ok(text.parse()?)
}

/// An answer has at most 6 MB (Lambda guide, "Quotas"); the whole report is in the state bucket.
fn shorten(report: &mut Report) {
    const MOST: usize = 1_000;
    report.outputs.truncate(MOST);
    report.diagnostics.truncate(MOST);
    let sources = &mut report.sources;
    for list in [
        &mut sources.added,
        &mut sources.changed,
        &mut sources.removed,
    ] {
        list.truncate(MOST);
    }
}

/// Tells the topic, if there is one. What cannot be sent is in the log; the site is published all the same.
async fn announce(topic: Option<&Topic>, reports: &[Report]) {
    let Some(topic) = topic else { return };
    for notice in reports.iter().filter_map(notice::of) {
        if let Err(error) = topic.send(&notice).await {
            eprintln!("the topic was not told: {error}");
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let options = Options {
        base_url: std::env::var("QUILLFRONT_BASE_URL")
            .ok()
            .filter(|url| !url.is_empty()),
        ..Options::default()
    };
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
    let topic = match std::env::var(TOPIC_VARIABLE) {
        Ok(arn) if !arn.is_empty() => Some(Topic::connect(&arn).await?),
        _ => None,
    };
    let (builder, source, topic) = (&builder, &source, topic.as_ref());
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let ends = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        builder.end_before(Timestamp::from_millisecond(ends).unwrap_or(Timestamp::MAX));
        let mut answer = handler::handle(builder, source, &event.payload).await?;
        // What is not in the answer goes to the log.
        if let Some(error) = &answer.error {
            eprintln!("{error}");
        }
        for failure in answer.failures.iter().flatten() {
            eprintln!(
                "message {} will be retried: {}",
                failure.message, failure.why
            );
        }
        for strange in &answer.strange {
            eprintln!("{strange}");
        }
        announce(topic, &answer.reports).await;
        answer.reports.iter_mut().for_each(shorten);
        Ok::<_, Error>(answer.to_json()?)
    }))
    .await
}
