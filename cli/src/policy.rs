//! `quillfront policy`: what the builder or the audit may do, as an IAM policy.

use crate::args::{Policy, PolicyOf};
use crate::exit::{self, UsageError};
use crate::out;
use anyhow::Result;
use quillfront_infra::policy::{Location, audit_policy, builder_policy, harden_policy};
use quillfront_publish::bucket::store::Place;

pub fn run(options: Policy) -> Result<u8> {
    let policy = match options.of {
        PolicyOf::Audit => audit_policy(),
        PolicyOf::Harden => harden_policy(),
        PolicyOf::Builder => {
            let source = bucket("source", options.source.as_deref())?;
            let site = bucket("site", options.site.as_deref())?;
            let state = bucket("state", options.state.as_deref())?;
            builder_policy(&source, &site, &state, options.distribution_arn.as_deref())
        }
    };
    out::line(&serde_json::to_string_pretty(&policy)?)?;
    Ok(exit::GOOD)
}

fn bucket(name: &str, given: Option<&str>) -> Result<Location> {
    let variable = format!("QUILLFRONT_{}", name.to_ascii_uppercase());
    let missing = || {
        UsageError(format!(
            "the builder's policy needs --{name} s3://bucket, or {variable}"
        ))
    };
    let place: Place = given.ok_or_else(missing)?.parse().map_err(UsageError)?;
    let location = Location::new(&place.bucket, &place.prefix);
    Ok(location.map_err(|error| UsageError(error.to_string()))?)
}
