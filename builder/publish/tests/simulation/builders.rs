//! Builders with the production client, over virtual time and any HTTP client.

use crate::clock::{Machine, SdkTime};
use crate::random::Random;
use crate::world::{SITE, SOURCE, STATE};
use aws_sdk_s3::config::retry::RetryPartition;
use aws_sdk_s3::config::{SharedAsyncSleep, SharedHttpClient};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::http::HttpClient;
use quillfront_publish::aws;
use quillfront_publish::bucket::store::Place;
use quillfront_publish::bucket::{Builder, Options, Places};
use quillfront_publish::fetch::Fetch;
use quillfront_render::remote::Request as WebRequest;
use quillfront_site::quillfront_toml::AllowedHosts;
use std::sync::Arc;
use std::time::Duration;

/// There is no network beyond AWS.
struct NoWeb;

impl Fetch for NoWeb {
    fn fetch(&self, _: &WebRequest, _: &AllowedHosts, _: Duration) -> Result<String, String> {
        Err("nobody answers".into())
    }
}

/// How the builders of a world work: their sites are small and their lives short.
pub fn options(random: &mut Random) -> Options {
    Options {
        // In every other world own pages go first.
        many_outputs: *random.pick(&[3, 200]),
        // Nothing has to be old to be swept, or a minute or an hour.
        sweep_after: Duration::from_secs(*random.pick(&[0, 60, 3_600])),
        parallel: *random.pick(&[1, 2, 5, 16]),
        ..Options::default()
    }
}

/// A builder with the production client, over any HTTP client.
pub fn builder(
    machine: &Arc<Machine>,
    http: impl HttpClient + 'static,
    seed: u64,
    options: Options,
) -> Builder {
    let options = Options {
        holder: machine.name.clone(),
        ..options
    };
    let credentials = aws_credential_types::Credentials::new("key", "secret", None, None, "test");
    let config = aws::fixed(options.request_timeout, credentials, "us-east-1");
    let retries = config.retry_config().unwrap().clone();
    let time = SdkTime(machine.clone());
    let config = config
        .to_builder()
        .endpoint_url("http://aws.test")
        .http_client(SharedHttpClient::new(http))
        .sleep_impl(SharedAsyncSleep::new(time.clone()))
        .time_source(SharedTimeSource::new(time))
        // Without jitter, which no seed decides; the order of requests is varied enough.
        .retry_config(retries.with_use_static_exponential_base(true))
        .build();
    // Each instance has its own budget of retries, as processes have.
    let partition = RetryPartition::new(format!("{seed}-{}", machine.name));
    let s3 = aws::s3(&config, true);
    let s3 = s3.config().to_builder().retry_partition(partition.clone());
    let cloudfront = aws_sdk_cloudfront::config::Builder::from(&config).retry_partition(partition);
    let places = Places {
        source: place(SOURCE),
        site: place(SITE),
        state: place(STATE),
        distribution: Some("TEST".into()),
    };
    Builder::new(
        aws_sdk_s3::Client::from_conf(s3.build()),
        Some(aws_sdk_cloudfront::Client::from_conf(cloudfront.build())),
        places,
        options,
    )
    .with_host(machine.clone())
    .with_web(Arc::new(NoWeb))
}

pub fn place(bucket: &str) -> Place {
    Place {
        bucket: bucket.to_owned(),
        prefix: String::new(),
    }
}
