//! `quillfront status --edge-errors`: what the functions at the edge complain of, in any region.

use crate::args;
use crate::edge_logs::{self, LogGroup, LogLine};
use crate::exit::{self, UsageError};
use crate::out::{self, say};
use crate::show::{self, DIM, RED};
use crate::stack::{self, Stack};
use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use quillfront_aws::Aws;
use serde::Serialize;
use std::collections::BTreeSet;

/// Lines that are shown; `--json` has all that were read.
const MAX_SHOWN: usize = 20;

/// What `--json` tells.
#[derive(Serialize)]
struct EdgeErrors {
    functions: BTreeSet<String>,
    groups: Vec<LogGroup>,
    /// The newest first.
    errors: Vec<LogLine>,
    /// Regions that could not be asked, and why.
    failed: Vec<(String, String)>,
}

pub async fn run(options: &args::Status) -> Result<u8> {
    let connection = &options.connection;
    let (aws, stack) = match &connection.stack {
        Some(name) => {
            let (aws, stack) = stack::site_of(name, connection.region.as_deref()).await?;
            (aws, Some(stack))
        }
        None => (Aws::connect(None).await?, None),
    };
    let distribution = distribution(stack.as_ref());
    let functions = edge_logs::functions(&aws, stack.as_ref(), distribution.as_deref()).await?;
    if functions.is_empty() {
        let message =
            "which functions? Name the --stack that made them, or set QUILLFRONT_DISTRIBUTION";
        return Err(UsageError(message.to_owned()).into());
    }
    let mut told = EdgeErrors {
        functions,
        groups: Vec::new(),
        errors: Vec::new(),
        failed: Vec::new(),
    };
    for function in &told.functions {
        let groups = edge_logs::groups(&aws, function).await?;
        told.groups.extend(groups.found);
        told.failed.extend(groups.failed);
    }
    let hours = SignedDuration::from_hours(i64::from(options.hours));
    told.errors = edge_logs::errors(&aws, &told.groups, Timestamp::now() - hours).await?;
    let days = edge_logs::days_of(stack.as_ref());
    edge_logs::retain_all(&aws, &mut told.groups, days).await;
    if options.json {
        out::json(&told)?;
    } else {
        show_errors(&told, options.hours);
    }
    Ok(exit::GOOD)
}

/// The distribution of the stack, else of the environment.
fn distribution(stack: Option<&Stack>) -> Option<String> {
    let of_stack = stack.and_then(|stack| stack.outputs.get("DistributionId").cloned());
    let of_environment = || std::env::var("QUILLFRONT_DISTRIBUTION").ok();
    let of_environment = || of_environment().filter(|id| !id.is_empty());
    of_stack.or_else(of_environment)
}

fn show_errors(told: &EdgeErrors, hours: u16) {
    for (region, why) in &told.failed {
        show::warning(&format!("{region} could not be asked: {why}"));
    }
    for line in told.errors.iter().take(MAX_SHOWN) {
        let LogLine {
            at,
            region,
            message,
        } = line;
        say!(
            "{RED}{at}{RED:#} {region} {DIM}|{DIM:#} {}",
            message.escape_debug()
        );
    }
    let functions: Vec<&str> = told.functions.iter().map(String::as_str).collect();
    show::note(&format!(
        "{}: {} errors in {hours} hours, in {} regions with logs",
        functions.join(", "),
        told.errors.len(),
        told.groups.len()
    ));
}
