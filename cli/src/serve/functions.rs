//! The functions of `serve --functions`: packaged programs in place of what this process does itself.

use crate::args::{self, Global};
use crate::connect::Ready;
use crate::exit::UsageError;
use anyhow::Result;
use quillfront_local::functions::{BOOTSTRAP, Function, MAX_EVENT_BYTES, Options};
use quillfront_site::report::Report;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The folders of the functions.
const BUILDER: &str = "builder";
const THUMBNAIL: &str = "thumbnail";

/// The longest that Lambda gives (AWS Lambda Developer Guide, "Lambda quotas").
const BUILDER_LIMIT: Duration = Duration::from_secs(15 * 60);
/// What CloudFront waits for an origin at most (CloudFront Developer Guide, "Response timeout").
const THUMBNAIL_LIMIT: Duration = Duration::from_secs(60);
/// Thumbnails that are made at once.
const THUMBNAILS: u32 = 16;

/// The functions that are there.
#[derive(Default)]
pub struct Functions {
    /// What builds.
    pub builder: Option<Function>,
    /// What makes thumbnails.
    pub thumbnail: Option<Function>,
}

/// Refuses a folder without functions, and options that no function takes.
///
/// # Errors
/// A usage error that says what to do.
pub fn check(folder: &Path, global: &Global, options: &args::Serve) -> Result<()> {
    let has = |name: &str| folder.join(name).join(BOOTSTRAP).is_file();
    if !has(BUILDER) && !has(THUMBNAIL) {
        return Err(UsageError(format!(
            "{folder} has no functions: there is neither {BUILDER}/{BOOTSTRAP} nor {THUMBNAIL}/{BOOTSTRAP}; \
             `quillfront package all -o {folder}` makes both",
            folder = folder.display()
        ))
        .into());
    }
    let asked = [
        (options.builders > 1, "--builders"),
        (options.lease_seconds.is_some(), "--lease-seconds"),
    ];
    let asked = asked
        .iter()
        .find(|(is_asked, _)| *is_asked && !has(BUILDER));
    if let Some((_, flag)) = asked {
        return Err(UsageError(format!(
            "{flag} is for a builder function, and {folder} has no {BUILDER}/{BOOTSTRAP}",
            folder = folder.display()
        ))
        .into());
    }
    let given = [
        (global.now.is_some(), "--now"),
        (global.config.is_some(), "--config"),
        (options.drafts, "--drafts"),
    ];
    let given = given.iter().find(|(is_given, _)| *is_given && has(BUILDER));
    if let Some((_, flag)) = given {
        return Err(UsageError(format!(
            "the builder function knows no {flag}: leave it out, or --functions"
        ))
        .into());
    }
    Ok(())
}

impl Functions {
    /// Returns the functions of a folder, with the buckets of this server. Their working folders are below its
    /// data folder.
    ///
    /// # Errors
    /// A program that is no file.
    pub fn open(folder: &Path, data: &Path, ready: &Ready, options: &args::Serve) -> Result<Self> {
        let scratch = data.join("functions");
        let lease = options.lease_seconds.map(|seconds| seconds.to_string());
        let lease = lease.map(|seconds| ("QUILLFRONT_LEASE_SECONDS".to_owned(), seconds));
        let mut variables = variables(ready);
        variables.extend(lease);
        let open = |name: &str, memory_mb, time_limit, concurrency| {
            let folder = folder.join(name);
            if !folder.join(BOOTSTRAP).exists() {
                return Ok(None);
            }
            Function::new(Options {
                name: name.to_owned(),
                folder,
                scratch: scratch.clone(),
                region: ready.region.clone(),
                variables: variables.clone(),
                memory_mb,
                time_limit,
                concurrency,
            })
            .map(Some)
        };
        Ok(Self {
            builder: open(BUILDER, 2_048, BUILDER_LIMIT, options.builders)?,
            thumbnail: open(THUMBNAIL, 2_048, THUMBNAIL_LIMIT, THUMBNAILS)?,
        })
    }

    /// Ends all of their processes.
    pub async fn shutdown(&self) {
        for function in [&self.builder, &self.thumbnail].into_iter().flatten() {
            function.shutdown().await;
        }
    }
}

/// What the functions are told of this server.
fn variables(ready: &Ready) -> BTreeMap<String, String> {
    let place = |bucket: &str| format!("s3://{bucket}");
    let variables = [
        ("AWS_ACCESS_KEY_ID", ready.access_key.clone()),
        ("AWS_SECRET_ACCESS_KEY", ready.secret_key.clone()),
        ("AWS_ENDPOINT_URL_S3", ready.s3.clone()),
        ("AWS_ENDPOINT_URL_CLOUDFRONT", ready.cloudfront.clone()),
        ("QUILLFRONT_SOURCE", place(&ready.source)),
        ("QUILLFRONT_SITE", place(&ready.site_bucket)),
        ("QUILLFRONT_STATE", place(&ready.state)),
        ("QUILLFRONT_DISTRIBUTION", ready.distribution.clone()),
        ("QUILLFRONT_BASE_URL", ready.base_url.clone()),
    ];
    let owned = |(name, value): (&str, String)| (name.to_owned(), value);
    variables.into_iter().map(owned).collect()
}

/// Has the builder function handle an event, in parts where it is too large for one.
///
/// # Errors
/// What went wrong; it may be tried again.
pub async fn build(function: &Function, event: &Value) -> Result<Vec<Report>, String> {
    let mut reports = Vec::new();
    let mut parts = vec![event.clone()];
    while let Some(part) = parts.pop() {
        let bytes = part.to_string();
        if bytes.len() > MAX_EVENT_BYTES
            && let Some((first, second)) = halves(&part)
        {
            parts.extend([second, first]);
            continue;
        }
        let reply = function.invoke(bytes.into()).await;
        let reply = reply.map_err(|error| error.to_string())?;
        let answer = reply.buffered().await.map_err(|error| error.to_string())?;
        let told: Vec<Report> = serde_json::from_slice(&answer)
            .map_err(|error| format!("the builder function answers with no reports: {error}"))?;
        reports.extend(told);
    }
    Ok(reports)
}

/// An event of several records as two.
fn halves(event: &Value) -> Option<(Value, Value)> {
    let records = event.get("Records")?.as_array()?;
    let (first, second) = records.split_at_checked(records.len() / 2)?;
    let of = |records: &[Value]| json!({ "Records": records });
    (!first.is_empty()).then(|| (of(first), of(second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_parted_until_it_is_one_record() {
        let event = json!({"Records": [1, 2, 3]});
        let expected = (json!({"Records": [1]}), json!({"Records": [2, 3]}));
        assert_eq!(halves(&event), Some(expected));
        assert_eq!(halves(&json!({"Records": [1]})), None);
        assert_eq!(halves(&json!({"reconcile": true})), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_without_functions_says_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUILDER)).unwrap();
        let text = format!("neither {BUILDER}/{BOOTSTRAP} nor {THUMBNAIL}/{BOOTSTRAP}");
        let error = parsed(folder.path(), &[]).unwrap_err();
        assert!(error.to_string().contains(&text), "{error}");
        std::fs::write(folder.path().join(BUILDER).join(BOOTSTRAP), "").unwrap();
        assert!(parsed(folder.path(), &[]).is_ok());
        assert!(parsed(folder.path(), &["--builders", "3", "--lease-seconds", "4"]).is_ok());
        let error = parsed(folder.path(), &["--drafts"]).unwrap_err();
        assert!(error.to_string().contains("--drafts"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_for_builders_is_refused_without_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(THUMBNAIL)).unwrap();
        std::fs::write(folder.path().join(THUMBNAIL).join(BOOTSTRAP), "").unwrap();
        for more in [["--builders", "2"], ["--lease-seconds", "4"]] {
            let error = parsed(folder.path(), &more).unwrap_err();
            assert!(error.to_string().contains(more[0]), "{error}");
        }
    }

    fn parsed(folder: &Path, more: &[&str]) -> Result<()> {
        use clap::Parser;
        let folder_text = folder.to_str().unwrap();
        let line = ["quillfront", "serve", "--functions", folder_text];
        let parsed = args::Args::try_parse_from([&line[..], more].concat()).unwrap();
        let args::Command::Serve(options) = parsed.command else {
            panic!("another command");
        };
        check(folder, &parsed.global, &options)
    }
}
