//! `quillfront edge`: events through the functions that run at CloudFront's edge.

use crate::args::{self, Global};
use crate::exit::{self, UsageError};
use crate::image_key::keys;
use crate::out;
use crate::show;
use anyhow::{Context, Result};
use jiff::Timestamp;
use quillfront_edge::functions::{self, Outcome, Query, Site, handle};
use quillfront_edge::origin_response::Look;
use quillfront_edge::viewer;
use quillfront_headers::Rules;
use quillfront_image_urls::Keys;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::path::Path;

/// The longest event that is read. The largest of CloudFront's has a body of 1 MB, in base64.
const MAX_EVENT_BYTES: u64 = 16 * 1024 * 1024;

/// What is read of an object in the file of `build --objects`: that it is there.
#[derive(Deserialize)]
struct Objects(BTreeMap<String, IgnoredAny>);

/// Why an event has no answer.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Lambda(#[from] functions::Error),
    #[error(transparent)]
    Viewer(#[from] viewer::event::EventError),
}

pub fn run(global: &Global, options: args::Edge) -> Result<u8> {
    let objects = match &options.objects {
        Some(path) => read(path, |bytes| serde_json::from_slice(bytes))?,
        None => Objects(BTreeMap::new()),
    };
    let rules = match &options.rules {
        Some(path) => read(path, Rules::read)?,
        None => Rules::default(),
    };
    let site = Site {
        rules: &rules,
        query: Query::default(),
    };
    let keys = keys()?;
    let mut code = exit::GOOD;
    let mut input = std::io::stdin().lock();
    let mut event = String::new();
    loop {
        event.clear();
        let mut bounded = (&mut input).take(MAX_EVENT_BYTES);
        let read = if options.lines {
            bounded.read_line(&mut event)
        } else {
            bounded.read_to_string(&mut event)
        };
        if read.context("standard input")? == 0 && options.lines {
            return Ok(code);
        }
        let now = global
            .now
            .unwrap_or_else(Timestamp::now)
            .as_second()
            .try_into()
            .unwrap_or(0);
        match answer(&event, &site, &objects, &keys, now) {
            Ok(returned) => out::line(&returned)?,
            Err(error @ Error::Lambda(functions::Error::Refused(_))) => {
                show::failure(&error.into());
                code = exit::DIAGNOSTICS;
            }
            Err(error) => return Err(UsageError(format!("standard input: {error}")).into()),
        }
        if !options.lines {
            return Ok(code);
        }
    }
}

/// Returns what the function for an event returns.
fn answer(
    event: &str,
    site: &Site<'_>,
    objects: &Objects,
    keys: &Keys,
    now: u64,
) -> Result<String, Error> {
    /// What tells the two kinds of events apart.
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "Records")]
        records: Option<IgnoredAny>,
        request: Option<IgnoredAny>,
    }
    match serde_json::from_str(event) {
        Ok(Kind {
            records: None,
            request: Some(_),
        }) => Ok(viewer::event::handle(event, site.rules, keys, now)?.to_string()),
        _ => Ok(answered(event, site, objects)?),
    }
}

/// Returns what a function of Lambda@Edge returns.
fn answered(event: &str, site: &Site<'_>, objects: &Objects) -> Result<String, functions::Error> {
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
