//! Which site a command speaks to: the one in the environment, else the running `serve`.

use crate::exit::UsageError;
use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use quillfront_publish::aws;
use quillfront_publish::bucket::store::Place;
use quillfront_publish::bucket::{Builder, Options, Places};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What `serve` prints when it is ready and leaves in its data folder (interface.md).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ready {
    /// The site's address.
    pub site: String,
    /// The S3 endpoint.
    pub s3: String,
    /// The endpoint of the CloudFront API.
    pub cloudfront: String,
    /// Of S3.
    pub access_key: String,
    /// Of S3.
    pub secret_key: String,
    /// Of S3.
    pub region: String,
    /// Bucket to upload to.
    pub source: String,
    /// Bucket that is served.
    pub site_bucket: String,
    /// Bucket of the state.
    pub state: String,
    /// What stands for the CloudFront distribution.
    pub distribution: String,
    /// The base URL of the pages.
    pub base_url: String,
    /// Whether drafts are published.
    pub drafts: bool,
}

/// Where `serve` leaves [`Ready`] while it runs.
pub const READY_FILE: &str = "serve.json";

impl Ready {
    /// A builder that speaks to this `serve`, and makes what it makes.
    pub fn builder(&self, options: Options) -> Builder {
        let options = Options {
            mode: "serve",
            base_url: Some(self.base_url.clone()),
            drafts: self.drafts,
            ..options
        };
        let (config, places) = self.clients(&options);
        let s3 = aws::s3(&with_endpoint(&config, &self.s3), true);
        let cloudfront = with_endpoint(&config, &self.cloudfront);
        let cloudfront = aws_sdk_cloudfront::Client::new(&cloudfront);
        Builder::new(s3, Some(cloudfront), places, options)
    }

    /// An S3 client.
    pub fn s3_client(&self, options: &Options) -> aws_sdk_s3::Client {
        let (config, _) = self.clients(options);
        aws::s3(&with_endpoint(&config, &self.s3), true)
    }

    fn clients(&self, options: &Options) -> (aws_config::SdkConfig, Places) {
        let credentials = Credentials::new(
            &self.access_key,
            &self.secret_key,
            None,
            None,
            "quillfront serve",
        );
        let config = aws::fixed(options.request_timeout, credentials, &self.region);
        let place = |bucket: &str| Place {
            bucket: bucket.to_owned(),
            prefix: String::new(),
        };
        let places = Places {
            source: place(&self.source),
            site: place(&self.site_bucket),
            state: place(&self.state),
            distribution: Some(self.distribution.clone()),
        };
        (config, places)
    }
}

fn with_endpoint(config: &aws_config::SdkConfig, url: &str) -> aws_config::SdkConfig {
    config.to_builder().endpoint_url(url).build()
}

/// A builder for the site in the environment; none where the environment names none.
///
/// # Errors
/// A variable that cannot be understood, or some are missing.
pub async fn from_environment(options: Options) -> Result<Option<(Builder, Place)>> {
    let names = ["QUILLFRONT_SOURCE", "QUILLFRONT_SITE", "QUILLFRONT_STATE"];
    let values = names.map(|name| std::env::var(name).ok());
    if values.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut places = Vec::new();
    for (name, value) in names.iter().zip(values) {
        let value =
            value.ok_or_else(|| UsageError(format!("{name} is not set (s3://bucket[/prefix])")))?;
        let place: Place = value
            .parse()
            .map_err(|error| UsageError(format!("{name}: {error}")))?;
        places.push(place);
    }
    let [source, site, state] =
        <[Place; 3]>::try_from(places).unwrap_or_else(|_| unreachable!("three names"));
    let distribution = std::env::var("QUILLFRONT_DISTRIBUTION")
        .ok()
        .filter(|id| !id.is_empty());
    let places = Places {
        source: source.clone(),
        site,
        state,
        distribution,
    };
    places.check().map_err(UsageError)?;
    let config = aws::loader(options.request_timeout).load().await;
    let path_style = aws::ENDPOINT_VARIABLES
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    let s3 = aws::s3(&config, path_style);
    let cloudfront = aws_sdk_cloudfront::Client::new(&config);
    Ok(Some((
        Builder::new(s3, Some(cloudfront), places, options),
        source,
    )))
}

/// A builder for the site in the environment, else for the running `serve`.
///
/// # Errors
/// There is neither.
pub async fn connect(root: &Path, data: Option<&Path>, options: Options) -> Result<Builder> {
    if data.is_none()
        && let Some((builder, _)) = from_environment(options.clone()).await?
    {
        return Ok(builder);
    }
    let file = data_folder(root, data).join(READY_FILE);
    if !file.is_file() {
        let message = format!(
            "no `quillfront serve` is running: there is no {}",
            file.display()
        );
        let hint = "start it, give its --data folder, or set QUILLFRONT_SOURCE, _SITE and _STATE";
        return Err(UsageError(format!("{message}; {hint}")).into());
    }
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let ready: Ready = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    Ok(ready.builder(options))
}

/// The data folder of `serve`.
pub fn data_folder(root: &Path, data: Option<&Path>) -> PathBuf {
    data.map_or_else(|| root.join(".quillfront"), Path::to_owned)
}
