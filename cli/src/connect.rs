//! Which site a command speaks to: the one in the environment, else the running `serve`.

use crate::args::Connection;
use crate::exit::UsageError;
use crate::stack::{self, Stack};
use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use quillfront_aws::Aws;
use quillfront_publish::aws;
use quillfront_publish::bucket::store::Place;
use quillfront_publish::bucket::{Builder, Options, Places};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A site that is spoken to.
pub struct Site {
    /// What looks at it.
    pub builder: Builder,
    /// For what a builder does not do.
    pub s3: Client,
    /// Where it is.
    pub places: Places,
    /// Where it is read, if that is known.
    pub address: Option<String>,
    /// The stack that it is in.
    pub stack: Option<(Aws, Stack)>,
}

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
        self.site(options).builder
    }

    /// The site of this `serve`.
    pub fn site(&self, options: Options) -> Site {
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
        Site {
            builder: Builder::new(s3.clone(), Some(cloudfront), places.clone(), options),
            s3,
            places,
            address: Some(self.site.clone()),
            stack: None,
        }
    }

    /// An S3 client.
    pub fn s3_client(&self, options: &Options) -> Client {
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

/// The site in the environment; none where the environment names none.
///
/// # Errors
/// A variable that cannot be understood, or some are missing.
pub async fn from_environment(options: Options) -> Result<Option<Site>> {
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
        source,
        site,
        state,
        distribution,
    };
    places.check().map_err(UsageError)?;
    Ok(Some(on_aws(places, None, options).await))
}

/// A site on AWS, or on what the environment names in its place.
pub async fn on_aws(places: Places, region: Option<&str>, options: Options) -> Site {
    let (s3, config) = clients(region, options.request_timeout).await;
    let cloudfront = aws_sdk_cloudfront::Client::new(&config);
    Site {
        builder: Builder::new(s3.clone(), Some(cloudfront), places.clone(), options),
        s3,
        places,
        address: None,
        stack: None,
    }
}

/// An S3 client for a region.
pub async fn s3_on_aws(region: &str) -> Client {
    clients(Some(region), Options::default().request_timeout)
        .await
        .0
}

async fn clients(
    region: Option<&str>,
    request_timeout: Duration,
) -> (Client, aws_config::SdkConfig) {
    let mut loader = aws::loader(request_timeout);
    if let Some(region) = region {
        loader = loader.region(aws_config::Region::new(region.to_owned()));
    }
    let config = loader.load().await;
    let path_style = aws::ENDPOINT_VARIABLES
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    (aws::s3(&config, path_style), config)
}

/// A builder for the site of a stack, in the environment, else for the running `serve`.
///
/// # Errors
/// There is neither.
pub async fn connect(root: &Path, connection: &Connection, options: Options) -> Result<Builder> {
    Ok(site(root, connection, options).await?.builder)
}

/// The site of a stack, in the environment, else that of the running `serve`.
///
/// # Errors
/// There is neither.
pub async fn site(root: &Path, connection: &Connection, options: Options) -> Result<Site> {
    if let Some(name) = &connection.stack {
        let (aws, stack) = stack::site_of(name, connection.region.as_deref()).await?;
        let site = on_aws(stack.places()?, Some(aws.region()), options).await;
        return Ok(Site {
            address: stack.outputs.get("Url").cloned(),
            stack: Some((aws, stack)),
            ..site
        });
    }
    let data = connection.data.as_deref();
    if data.is_none()
        && let Some(site) = from_environment(options.clone()).await?
    {
        return Ok(site);
    }
    let file = data_folder(root, data).join(READY_FILE);
    if !file.is_file() {
        let message = format!(
            "no `quillfront serve` is running: there is no {}",
            file.display()
        );
        let hint = "start it, give its --data folder, name its --stack, or set QUILLFRONT_SOURCE, _SITE and _STATE";
        return Err(UsageError(format!("{message}; {hint}")).into());
    }
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let ready: Ready = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    Ok(ready.site(options))
}

/// The data folder of `serve`.
pub fn data_folder(root: &Path, data: Option<&Path>) -> PathBuf {
    data.map_or_else(|| root.join(".quillfront"), Path::to_owned)
}
