//! `quillfront policy`: what the builder may do, as an IAM policy.

use crate::args::Policy;
use crate::exit::{self, UsageError};
use crate::out;
use anyhow::Result;
use quillfront_infra::policy::{Location, builder_policy};
use quillfront_publish::bucket::store::Place;

pub fn run(options: Policy) -> Result<u8> {
    let parse = |text: &str| -> Result<Location> {
        let place: Place = text.parse().map_err(UsageError)?;
        let location = Location::new(&place.bucket, &place.prefix);
        Ok(location.map_err(|error| UsageError(error.to_string()))?)
    };
    let (source, site, state) = (
        parse(&options.source)?,
        parse(&options.site)?,
        parse(&options.state)?,
    );
    let policy = builder_policy(&source, &site, &state, options.distribution_arn.as_deref());
    out::line(&serde_json::to_string_pretty(&policy)?)?;
    Ok(exit::GOOD)
}
