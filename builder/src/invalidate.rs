//! What CloudFront is told to forget (AWS guide, "Invalidating files"; invariant 5: also new
//! URLs, whose 404 may be cached).

use crate::publish::root::Outbox;
use crate::report::Invalidations;
use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::collections::BTreeSet;

/// More paths than this become one wildcard, which is billed as one path.
const MAX_PATHS: usize = 30;

/// What a path of an invalidation carries encoded: all but what a URL's path may have as it is.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'*');

/// The paths under which viewers know the objects, or one wildcard. A page is known as `/a/`, as
/// the rewritten `/a/index.html`, and as `/a`, whose redirect or 404 may be cached.
pub fn paths<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for key in keys {
        let path = format!("/{}", utf8_percent_encode(key, PATH));
        if let Some(folder) = path
            .strip_suffix("index.html")
            .filter(|rest| rest.ends_with('/'))
        {
            if let Some(bare) = folder.strip_suffix('/').filter(|bare| !bare.is_empty()) {
                found.insert(bare.to_owned());
            }
            found.insert(folder.to_owned());
        }
        found.insert(path);
    }
    if found.len() > MAX_PATHS {
        return vec!["/*".to_owned()];
    }
    found.into_iter().collect()
}

/// With the paths that an earlier invalidation still owes.
pub fn merged(paths: Vec<String>, owed: Option<&Outbox>) -> Vec<String> {
    let owed = owed
        .into_iter()
        .flat_map(|outbox| outbox.invalidations.clone());
    let all: BTreeSet<String> = paths.into_iter().chain(owed).collect();
    if all.len() > MAX_PATHS || all.contains("/*") {
        return vec!["/*".to_owned()];
    }
    all.into_iter().collect()
}

/// The paths of these keys, for the report.
pub fn described<'a>(keys: impl Iterator<Item = &'a str>) -> Invalidations {
    let paths = paths(keys);
    let mode = match paths.first().map(String::as_str) {
        None => "none",
        Some("/*") => "wildcard",
        Some(_) => "paths",
    };
    Invalidations {
        mode: mode.to_owned(),
        paths,
        tags: Vec::new(),
    }
}

/// Sends one invalidation. The same reference with the same paths is the same invalidation, so
/// that a retry is not billed twice (CloudFront API, CreateInvalidation).
///
/// # Errors
/// What CloudFront said.
pub async fn send(
    client: &Client,
    distribution: &str,
    paths: &[String],
    reference: &str,
) -> Result<(), String> {
    let explain = |error: &dyn std::error::Error| error.to_string();
    let list = Paths::builder()
        .quantity(paths.len() as i32)
        .set_items(Some(paths.to_vec()))
        .build()
        .map_err(|error| explain(&error))?;
    let batch = InvalidationBatch::builder()
        .paths(list)
        .caller_reference(reference)
        .build()
        .map_err(|error| explain(&error))?;
    let request = client
        .create_invalidation()
        .distribution_id(distribution)
        .invalidation_batch(batch);
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(match (error.code(), error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            _ => DisplayErrorContext(&error).to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_forgotten_under_every_name_it_has() {
        let list = paths(["blog/a b/index.html", "index.html", "x.css"].into_iter());
        let expected = [
            "/",
            "/blog/a%20b",
            "/blog/a%20b/",
            "/blog/a%20b/index.html",
            "/index.html",
            "/x.css",
        ];
        assert_eq!(list, expected);
    }

    #[test]
    fn many_paths_become_one_wildcard() {
        let keys: Vec<String> = (0..100).map(|n| format!("{n}.html")).collect();
        assert_eq!(paths(keys.iter().map(String::as_str)), ["/*"]);
        assert_eq!(described([].into_iter()).mode, "none");
    }
}
