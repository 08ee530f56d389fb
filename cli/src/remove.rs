//! `quillfront remove`: what a stack has made goes, and what stays is told.
//!
//! `survey → told → asked → export → empty → delete the stack → what the stack retains → survey`

mod buckets;
mod survey;

use crate::args;
use crate::connect;
use crate::edge_logs;
use crate::exit::{self, UsageError};
use crate::interrupt::block_on;
use crate::out::{self, say};
use crate::publish::confirmed;
use crate::show::{self, BOLD, DIM, GREEN, RED, YELLOW};
use crate::stack::{self, Resource, Stack};
use anyhow::{Context, Result, anyhow};
use quillfront_aws::service::{CLOUDFORMATION, LAMBDA};
use quillfront_aws::{Aws, Request, encode_path};
use serde::Serialize;
use std::io::IsTerminal;
use std::time::Duration;
use survey::Survey;
use tokio::time::{Instant, sleep};

/// Between two looks at a stack that goes. A distribution takes minutes.
const PAUSE: Duration = Duration::from_secs(2);

/// What `--json` tells.
#[derive(Default, Serialize)]
struct Removed {
    stack: String,
    /// Objects that were written to the folder of `--export`.
    exported: usize,
    /// Versions that were deleted from buckets.
    emptied: usize,
    /// What is still there, in words.
    remaining: Vec<String>,
    /// The replicas of the functions at the edge are still there: run it again in some hours.
    replicas: bool,
}

pub fn run(options: args::Remove) -> Result<u8> {
    block_on(remove(options))
}

async fn remove(options: args::Remove) -> Result<u8> {
    let aws = Aws::connect(options.region.as_deref()).await?;
    let s3 = connect::s3_on_aws(aws.region()).await;
    let name = options.stack.as_str();
    let survey = Survey::of(&aws, &s3, name).await?;
    if survey.is_empty() {
        let region = aws.region();
        show::note(&format!("nothing of a stack {name} is in {region}"));
        return finish(&options, Removed::default());
    }
    if let Some(stack) = &survey.stack
        && !stack.is_ours()
    {
        let message = format!("the stack {name} was not made of a template of Quillfront");
        return Err(UsageError(message).into());
    }
    let doomed = Doomed {
        source: options.delete_source,
        others: options.empty_buckets || empties(&survey, &options)?,
    };
    show_survey(&survey, &doomed);
    if !options.yes && !agrees(name)? {
        show::note("nothing was removed");
        return Ok(exit::GOOD);
    }
    let mut removed = Removed {
        stack: name.to_owned(),
        ..Removed::default()
    };
    if let Some(folder) = &options.export {
        for bucket in survey.worth_exporting() {
            let folder = folder.join(bucket.role);
            removed.exported += buckets::export(&s3, &bucket.name, &folder).await?;
        }
    }
    for bucket in survey.buckets.iter().filter(|bucket| doomed.has(bucket)) {
        removed.emptied += buckets::empty(&s3, &bucket.name).await?;
    }
    if let Some(stack) = &survey.stack {
        let deadline = Instant::now() + Duration::from_secs(options.timeout);
        delete_stack(&aws, stack, deadline).await?;
    }
    for bucket in survey.buckets.iter().filter(|bucket| doomed.has(bucket)) {
        // What came after the first time: the builder may have written until the end.
        removed.emptied += buckets::empty(&s3, &bucket.name).await?;
        buckets::delete(&s3, &bucket.name).await?;
    }
    removed.replicas = survey.has_function && !delete_function(&aws, &survey.function).await?;
    edge_logs::delete(&aws, &survey.logs).await?;
    let left = Survey::of(&aws, &s3, name).await?;
    removed.remaining = left.told();
    finish(&options, removed)
}

/// The buckets that are emptied and deleted.
struct Doomed {
    source: bool,
    /// Site, state and logs.
    others: bool,
}

impl Doomed {
    fn has(&self, bucket: &survey::Bucket) -> bool {
        match bucket.role {
            "source" => self.source,
            _ => self.others,
        }
    }
}

/// Asks what the options leave open: whether the buckets that the builder can fill again are to go.
fn empties(survey: &Survey, options: &args::Remove) -> Result<bool> {
    let mut buckets = survey.buckets.iter();
    let is_open = buckets.any(|bucket| bucket.role != "source" && bucket.has_objects);
    if !is_open || options.keep_buckets || options.yes || !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    confirmed("Delete the buckets of the site, of the state and of the logs as well?")
}

fn show_survey(survey: &Survey, doomed: &Doomed) {
    if let Some(stack) = &survey.stack {
        say!("{BOLD}{}{BOLD:#} ({})", stack.name, stack.status);
        let mut resources = survey.resources.iter();
        let what = if resources.any(|resource| resource.kind == "AWS::CloudFront::Distribution") {
            ", with the distribution: nobody can read the site any more"
        } else {
            ". Whatever distribution uses them has to be changed first"
        };
        say!(
            "  {RED}-{RED:#} {} resources of the stack{what}",
            survey.resources.len()
        );
    }
    for bucket in &survey.buckets {
        let what = if bucket.has_objects {
            "with all versions of its objects"
        } else {
            "which is empty"
        };
        if doomed.has(bucket) {
            say!("  {RED}-{RED:#} bucket {}, {what}", bucket.name);
        } else if bucket.has_objects || bucket.role == "source" {
            say!("  {GREEN}={GREEN:#} bucket {} stays", bucket.name);
        }
    }
    if survey.has_function {
        say!(
            "  {RED}-{RED:#} function {} {DIM}once CloudFront has removed its replicas, some hours after it was last \
             used{DIM:#}",
            survey.function
        );
    }
    for group in &survey.logs {
        say!("  {RED}-{RED:#} log {} in {}", group.name, group.region);
    }
}

/// Asks the person at the terminal.
fn agrees(name: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        let message = "nobody can be asked here: say --yes to remove it";
        return Err(UsageError(message.to_owned()).into());
    }
    confirmed(&format!("Remove {name}?"))
}

/// Deletes a stack, and waits for it. Buckets that have objects are kept: CloudFormation does not delete those, and is
/// told on a second try to leave them.
async fn delete_stack(aws: &Aws, stack: &Stack, deadline: Instant) -> Result<()> {
    show::note("deleting the stack; a distribution takes some minutes");
    request_deletion(aws, stack, &[]).await?;
    let failed = until_deleted(aws, stack, deadline).await?;
    if failed.is_empty() {
        return Ok(());
    }
    let (kept, others): (Vec<&Resource>, Vec<&Resource>) = failed
        .iter()
        .partition(|resource| resource.kind == "AWS::S3::Bucket");
    if !others.is_empty() || kept.is_empty() {
        return Err(not_deleted(stack, &failed));
    }
    request_deletion(aws, stack, &kept).await?;
    let failed = until_deleted(aws, stack, deadline).await?;
    if failed.is_empty() {
        return Ok(());
    }
    Err(not_deleted(stack, &failed))
}

fn not_deleted(stack: &Stack, failed: &[Resource]) -> anyhow::Error {
    let reasons = failed.iter();
    let reasons: Vec<String> = reasons
        .map(|resource| format!("{}: {}", resource.id, resource.reason))
        .collect();
    anyhow!(
        "the stack {} could not be deleted: {}",
        stack.name,
        reasons.join("; ")
    )
}

async fn request_deletion(aws: &Aws, stack: &Stack, kept: &[&Resource]) -> Result<()> {
    let names: Vec<String> = (1..=kept.len())
        .map(|number| format!("RetainResources.member.{number}"))
        .collect();
    let kept = kept.iter().map(|resource| resource.id.as_str());
    let mut input = vec![("StackName", stack.name.as_str())];
    input.extend(names.iter().map(String::as_str).zip(kept));
    let request = Request::query(&CLOUDFORMATION, "DeleteStack", &input);
    aws.send(&request.allowed_by("cloudformation:DeleteStack"))
        .await?;
    Ok(())
}

/// Waits until a stack is gone, or its deletion has failed; returns what could not be deleted.
async fn until_deleted(aws: &Aws, stack: &Stack, deadline: Instant) -> Result<Vec<Resource>> {
    loop {
        let now = stack::find(aws, &stack.id).await?;
        match now.as_ref().map(|stack| stack.status.as_str()) {
            None | Some("DELETE_COMPLETE") => return Ok(Vec::new()),
            Some("DELETE_FAILED") => {
                let resources = stack::resources(aws, stack).await?.into_iter();
                let failed = resources.filter(|resource| resource.status == "DELETE_FAILED");
                return Ok(failed.collect());
            }
            Some(_) if Instant::now() >= deadline => {
                return Err(anyhow!(
                    "the stack {} is still being deleted; run it again later, or with a longer --timeout",
                    stack.name
                ));
            }
            Some(_) => sleep(PAUSE).await,
        }
    }
}

/// Deletes a function with its versions; false where CloudFront still has replicas of it.
async fn delete_function(aws: &Aws, name: &str) -> Result<bool> {
    let path = encode_path(&format!("/2015-03-31/functions/{name}"));
    let request = Request::new(&LAMBDA, http::Method::DELETE, path).in_region("us-east-1");
    match aws.send(&request.allowed_by("lambda:DeleteFunction")).await {
        Ok(_) => Ok(true),
        Err(error) if error.status() == Some(404) => Ok(true),
        // "Lambda was unable to delete … because it is a replicated function."
        Err(error) if error.to_string().contains("replicated function") => Ok(false),
        Err(error) => Err(error).with_context(|| format!("deleting the function {name}")),
    }
}

fn finish(options: &args::Remove, removed: Removed) -> Result<u8> {
    if removed.replicas {
        show::note(&format!(
            "CloudFront still has replicas of the function; it removes them some hours after they were last used. Then \
             run `quillfront remove --stack {}` once more",
            options.stack
        ));
    }
    match &*removed.remaining {
        [] => say!(
            "{GREEN}removed{GREEN:#} nothing of {} is left",
            options.stack
        ),
        remaining => {
            say!("{YELLOW}left{YELLOW:#}");
            for thing in remaining {
                say!("  {GREEN}={GREEN:#} {thing}");
            }
        }
    }
    if options.json {
        out::json(&removed)?;
    }
    Ok(exit::GOOD)
}
