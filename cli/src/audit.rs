//! `quillfront audit`: what is wrong with distributions, their buckets and the pages that they send.

mod text;

use crate::args::{self, Severity};
use crate::exit::{self, UsageError};
use crate::out::say;
use crate::{out, serve, show};
use anyhow::{Context, Result, anyhow};
use futures::StreamExt;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use quillfront_audit::finding::{self, Report, Threshold};
use quillfront_audit::observed::{Observed, Reason};
use quillfront_audit::sarif::sarif;
use quillfront_audit::waivers::{self, Waiver};
use quillfront_aws::{Aws, Error};
use quillfront_observe::target::Target;
use quillfront_observe::{Found, Reach, cloudfront};
use std::path::Path;
pub use text::Summary;
use text::Tell;

/// So many distributions are read at once.
const AT_ONCE: usize = 4;

pub fn run(options: args::Audit) -> Result<u8> {
    let waivers = read_waivers(options.waivers.as_deref())?;
    let reach = if options.api_only {
        Reach::ApiOnly
    } else {
        Reach::Everything
    };
    let target = options.target.as_deref().map(named).transpose()?;
    let all = serve::runtime()?.block_on(observe(target, reach))?;
    let reports: Vec<Report> = all
        .iter()
        .map(|observed| quillfront_audit::audit(observed, &waivers))
        .collect();
    if options.sarif {
        out::json(&sarif(&reports, env!("CARGO_PKG_VERSION")))?;
    }
    for report in &reports {
        if options.json {
            out::json(report)?;
        } else if !options.sarif {
            say!(
                "{}",
                Tell {
                    report,
                    is_long: options.long
                }
            );
        }
    }
    let threshold = Threshold {
        fail_on: options.fail_on.into(),
        min_score: options.min_score,
    };
    let codes = reports
        .iter()
        .map(|report| finding::exit_code(report, threshold));
    Ok(codes.max().unwrap_or(exit::GOOD))
}

impl From<Severity> for finding::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Critical => Self::Critical,
        }
    }
}

/// A target as it was written.
///
/// # Errors
/// It is none.
pub fn named(text: &str) -> Result<Target> {
    text.parse::<Target>()
        .map_err(|error| UsageError(error.to_string()).into())
}

/// The waivers of a file.
///
/// # Errors
/// It cannot be read, or has a mistake.
pub fn read_waivers(file: Option<&Path>) -> Result<Vec<Waiver>> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mistake = |error| UsageError(format!("{}: {error}", file.display()));
    Ok(waivers::parse(&text).map_err(mistake)?)
}

/// The day of the audit, in UTC.
pub fn today() -> Date {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Reads what was named; nothing: all distributions of the account.
async fn observe(target: Option<Target>, reach: Reach) -> Result<Vec<Observed>> {
    let today = today();
    let aws = match (Aws::connect(None).await, &target) {
        (Ok(aws), _) => aws,
        (Err(Error::Credentials(why)), Some(target @ Target::Site(_)))
            if reach == Reach::Everything =>
        {
            show::note(&format!(
                "there are no credentials ({why}): only what the site sends is judged"
            ));
            return Ok(vec![
                quillfront_observe::observe_outside(target, today).await,
            ]);
        }
        (Err(error), _) => return Err(error.into()),
    };
    let ids = match &target {
        Some(target) => match quillfront_observe::find(&aws, target).await {
            Ok(Found::Distribution(id)) => vec![(target.to_string(), id)],
            Ok(Found::Foreign) => {
                show::note(
                    "no distribution of this account has that name: only what it sends is judged",
                );
                return Ok(vec![
                    quillfront_observe::observe_outside(target, today).await,
                ]);
            }
            Err(reason) => {
                let mut observed = quillfront_observe::observe_outside(target, today).await;
                observed.distribution = quillfront_audit::observed::Seen::Unknown(reason);
                return Ok(vec![observed]);
            }
        },
        None => {
            let all = cloudfront::list(&aws)
                .await
                .map_err(|reason: Reason| anyhow!("{reason}"))?;
            all.into_iter()
                .map(|summary| (summary.id.clone(), summary.id))
                .collect()
        }
    };
    let aws = &aws;
    let read = |(name, id): (String, String)| async move {
        quillfront_observe::observe(aws, &name, &id, today, reach).await
    };
    Ok(futures::stream::iter(ids)
        .map(read)
        .buffered(AT_ONCE)
        .collect()
        .await)
}
