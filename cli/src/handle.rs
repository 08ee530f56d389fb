//! `quillfront handle`: the production handler, once.

use crate::args::{self, Global};
use crate::connect::{Site, from_environment};
use crate::excerpt::Texts;
use crate::exit::{self, UsageError};
use crate::interrupt::{block_on, unless_interrupted};
use crate::out;
use crate::show;
use anyhow::{Context, Result};
use quillfront_publish::bucket::{Builder, Options};
use quillfront_publish::handler;
use quillfront_site::report::Report;
use std::io::Read;
use std::time::Duration;

/// An SQS batch of 10,000 messages fits; more is no event.
const MAX_EVENT_BYTES: u64 = 64 * 1024 * 1024;

pub fn run(global: &Global, options: args::Handle) -> Result<u8> {
    let mut text = String::new();
    let name = options.event.display().to_string();
    if options.event.as_os_str() == "-" {
        std::io::stdin()
            .take(MAX_EVENT_BYTES)
            .read_to_string(&mut text)
            .context("standard input")?;
    } else {
        let file = std::fs::File::open(&options.event)
            .map_err(|error| UsageError(format!("{name}: {error}")))?;
        file.take(MAX_EVENT_BYTES)
            .read_to_string(&mut text)
            .with_context(|| name.clone())?;
    }
    let event = serde_json::from_str(&text)
        .map_err(|error| UsageError(format!("{name} is not JSON: {error}")))?;
    let lease = Duration::from_secs(options.lease_seconds);
    let defaults = Options::default();
    let build = Options {
        base_url: options.base_url,
        now: global.now,
        lease,
        // There is time to renew a lease, whatever its length.
        request_timeout: defaults.request_timeout.min(lease / 4),
        ..defaults
    };
    block_on(async {
        let Some(Site {
            builder, places, ..
        }) = from_environment(build).await?
        else {
            let message = "QUILLFRONT_SOURCE, QUILLFRONT_SITE and QUILLFRONT_STATE are not set";
            return Err(UsageError(message.into()).into());
        };
        let handled = handler::handle(&builder, &places.source, &event);
        let answer = unless_interrupted(&builder, handled).await?;
        let mut code = exit::GOOD;
        for report in &answer.reports {
            out::json(report)?;
            show::report(report, &texts_of(&builder, report).await, &report.site);
            code = code.max(exit::with(&report.diagnostics));
        }
        let failures = answer.failures.as_deref().unwrap_or_default();
        for failure in failures {
            show::warning(&format!(
                "message {} will be retried: {}",
                failure.message, failure.why
            ));
            code = code.max(exit::INFRASTRUCTURE);
        }
        for strange in &answer.strange {
            show::warning(&strange.to_string());
            code = code.max(exit::USAGE);
        }
        if !failures.is_empty() {
            out::json(&answer.to_json()?)?;
        }
        match answer.error {
            Some(error) => Err(error.into()),
            None => Ok(code),
        }
    })
}

/// The texts of the files whose lines a report names, as they are in the source bucket.
pub async fn texts_of(builder: &Builder, report: &Report) -> Texts {
    let told = show::told(&report.diagnostics);
    let located = told.iter().filter(|problem| problem.line.is_some());
    builder
        .source_texts(located.map(|problem| problem.file.as_str()))
        .await
}
