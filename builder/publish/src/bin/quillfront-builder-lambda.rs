//! The builder as a Lambda function (`provided.al2023`): the same handler as everywhere.
#![recursion_limit = "256"] // the future of a run is deep

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use quillfront_publish::bucket::{Builder, LEASE_SECONDS, Options, Places};
use quillfront_publish::handler::{self, HandleError};
use quillfront_publish::topic::{TOPIC_VARIABLE, Topic};
use quillfront_publish::{aws, notice};
use quillfront_site::report::Report;
use serde_json::Value;
use std::time::Duration;

fn place(name: &str) -> Result<quillfront_publish::bucket::store::Place, Error> {
    let text =
        std::env::var(name).map_err(|_| format!("{name} is not set (s3://bucket[/prefix])"))?;
    Ok(text.parse()?)
}

/// How the builder works: what variables say, else the defaults.
fn options() -> Result<Options, Error> {
    const NAME: &str = "QUILLFRONT_LEASE_SECONDS";
    let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    let options = Options {
        base_url: variable("QUILLFRONT_BASE_URL"),
        ..Options::default()
    };
    let Some(text) = variable(NAME) else {
        return Ok(options);
    };
    let seconds = text.parse().ok();
    let seconds = seconds.filter(|seconds| LEASE_SECONDS.contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        let (least, most) = (LEASE_SECONDS.start(), LEASE_SECONDS.end());
        format!("{NAME} is {text:?}; it is a number of seconds from {least} to {most}")
    })?;
    Ok(options.with_lease(Duration::from_secs(seconds)))
}

/// What Lambda is told of an event that was not handled. Of a boxed error it would have the name of the box.
fn told(error: HandleError) -> Diagnostic {
    let error_type = match error {
        HandleError::Event(_) => "EventError",
        HandleError::Build(_) => "BuildError",
    };
    Diagnostic {
        error_type: error_type.to_owned(),
        error_message: error.to_string(),
    }
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
    let options = options()?;
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
        let handled = handler::handle(builder, source, &event.payload).await;
        let mut answer = handled.map_err(told)?;
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
        answer.to_json().map_err(|error| Diagnostic {
            error_type: "AnswerError".to_owned(),
            error_message: error.to_string(),
        })
    }))
    .await
}
