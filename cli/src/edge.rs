//! `quillfront edge`: one event through the functions that run at CloudFront's edge.

use crate::args;
use crate::exit::{self, UsageError};
use crate::out;
use crate::show;
use anyhow::{Context, Result};
use quillfront_edge::functions::{Error, Outcome, Query, Site, handle};
use quillfront_edge::origin_response::Look;
use quillfront_headers::Rules;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// The longest event that is read. The largest of CloudFront's has a body of 1 MB, in base64.
const MAX_EVENT_BYTES: u64 = 16 * 1024 * 1024;

/// What is read of an object in the file of `build --objects`: that it is there.
#[derive(Deserialize)]
struct Objects(BTreeMap<String, IgnoredAny>);

pub fn run(options: args::Edge) -> Result<u8> {
    let objects = match &options.objects {
        Some(path) => read(path, |bytes| serde_json::from_slice(bytes))?,
        None => Objects(BTreeMap::new()),
    };
    let rules = match &options.rules {
        Some(path) => read(path, Rules::read)?,
        None => Rules::default(),
    };
    let mut event = String::new();
    std::io::stdin()
        .take(MAX_EVENT_BYTES)
        .read_to_string(&mut event)
        .context("standard input")?;
    let site = Site {
        rules: &rules,
        query: Query::default(),
    };
    match answer(&event, &site, &objects) {
        Ok(returned) => out::line(&returned).map(|()| exit::GOOD),
        Err(error @ Error::Refused(_)) => {
            show::failure(&error.into());
            Ok(exit::DIAGNOSTICS)
        }
        Err(error) => Err(UsageError(format!("standard input: {error}")).into()),
    }
}

/// Returns what the function returns.
fn answer(event: &str, site: &Site<'_>, objects: &Objects) -> Result<String, Error> {
    let mut look = Look::NotYet;
    loop {
        look = match handle(event, site, look)? {
            Outcome::Done(returned) => return Ok(returned),
            Outcome::Look(key) if objects.0.contains_key(key.as_str()) => Look::There,
            Outcome::Look(_) => Look::Missing,
        };
    }
}

/// Reads a file of JSON.
fn read<T>(path: &Path, parse: impl Fn(&[u8]) -> Result<T, serde_json::Error>) -> Result<T> {
    let usage = |reason: String| UsageError(format!("{}: {reason}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| usage(error.to_string()))?;
    let value = parse(&bytes).map_err(|error| usage(error.to_string()))?;
    Ok(value)
}
