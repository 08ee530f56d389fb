//! Telling CloudFront: batches, and what its answers mean.

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::error::{BuildError, DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use quillfront_site::fingerprint::Fingerprint;
use std::time::Duration;

/// Paths in one batch. CloudFront takes that many a second, and up to 3,000 in a request.
pub const PATHS_PER_BATCH: usize = 150;
/// Between batches.
pub const PACE: Duration = Duration::from_secs(1);
/// What CloudFront says where it has enough to do.
const BUSY: [&str; 7] = [
    "TooManyInvalidationsInProgress",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
];

/// CloudFront did not take a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It has enough to do: again, later.
    Busy(String),
    /// Anything else.
    Failed(String),
}

/// What is sent second by second: 150 paths and one wildcard. The list without its first batches
/// makes the rest of the batches, so that a later try goes on with the same ones.
pub fn batches(paths: &[String]) -> Vec<Vec<String>> {
    let (wildcards, plain): (Vec<String>, Vec<String>) =
        paths.iter().cloned().partition(|path| path.ends_with('*'));
    let mut wildcards = wildcards.into_iter();
    let mut plain = plain.chunks(PATHS_PER_BATCH);
    let mut batches = Vec::new();
    loop {
        let mut batch = plain.next().map(<[String]>::to_vec).unwrap_or_default();
        batch.extend(wildcards.next());
        if batch.is_empty() {
            return batches;
        }
        batches.push(batch);
    }
}

/// Sends one batch. The same reference with the same paths is the same invalidation, so that a
/// retry is not billed twice (CloudFront API, CreateInvalidation). Where the reference was used for
/// other paths, another one is derived from it and from the paths.
///
/// # Errors
/// What CloudFront said.
pub async fn send(
    client: &Client,
    distribution: &str,
    paths: &[String],
    reference: &str,
) -> Result<(), Refusal> {
    match send_as(client, distribution, paths, reference).await {
        Err((Some(code), _)) if code == "InvalidationBatchAlreadyExists" => {
            let parts = paths.iter().map(String::as_bytes);
            let hash = Fingerprint::of_parts(parts).hex();
            let reference = format!("{reference}-{}", &hash[..16]);
            send_as(client, distribution, paths, &reference).await
        }
        answer => answer,
    }
    .map_err(|(code, message)| match code {
        Some(code) if BUSY.contains(&code.as_str()) => Refusal::Busy(format!("{code}: {message}")),
        Some(code) => Refusal::Failed(format!("{code}: {message}")),
        None => Refusal::Failed(message),
    })
}

async fn send_as(
    client: &Client,
    distribution: &str,
    paths: &[String],
    reference: &str,
) -> Result<(), (Option<String>, String)> {
    let incomplete = |error: BuildError| (None, error.to_string());
    let list = Paths::builder()
        .quantity(paths.len() as i32)
        .set_items(Some(paths.to_vec()))
        .build()
        .map_err(incomplete)?;
    let batch = InvalidationBatch::builder()
        .paths(list)
        .caller_reference(reference)
        .build()
        .map_err(incomplete)?;
    let request = client
        .create_invalidation()
        .distribution_id(distribution)
        .invalidation_batch(batch);
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = match error.message() {
                Some(message) => message.to_owned(),
                None => DisplayErrorContext(&error).to_string(),
            };
            Err((error.code().map(str::to_owned), message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_a_hundred_and_fifty_paths_and_one_wildcard() {
        let mut paths: Vec<String> = (0..400).map(|n| format!("/{n:03}")).collect();
        paths.extend((0..5).map(|n| format!("/w{n}/*")));
        let all = batches(&paths);
        let shape: Vec<(usize, usize)> = all
            .iter()
            .map(|batch| {
                let wild = batch.iter().filter(|path| path.ends_with('*')).count();
                (batch.len() - wild, wild)
            })
            .collect();
        assert_eq!(shape, [(150, 1), (150, 1), (100, 1), (0, 1), (0, 1)]);
        assert!(batches(&[]).is_empty());
        // What is left after two of them makes the same other three.
        let mut rest: Vec<String> = all[2..].concat();
        rest.sort();
        assert_eq!(batches(&rest), all[2..]);
    }
}
