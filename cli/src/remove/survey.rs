//! What there is of a stack, whether or not the stack itself is still there.

use super::buckets;
use crate::edge_logs::{self, LogGroup};
use crate::show;
use crate::stack::{self, Resource, Stack};
use anyhow::{Context, Result};
use aws_sdk_s3::Client;
use quillfront_aws::service::{LAMBDA, STS};
use quillfront_aws::{Aws, Request, encode_path};

/// What the buckets of a blog are for, as their names say it (infra/templates/blog.yaml).
const ROLES: [&str; 4] = ["source", "site", "state", "logs"];

/// A bucket that the template makes.
#[derive(Debug)]
pub struct Bucket {
    /// One of [`ROLES`].
    pub role: &'static str,
    /// Its name.
    pub name: String,
    /// It is not empty, versions of before included.
    pub has_objects: bool,
}

/// What there is.
#[derive(Debug)]
pub struct Survey {
    /// The stack.
    pub stack: Option<Stack>,
    /// What it says that it has made.
    pub resources: Vec<Resource>,
    /// Its buckets, and those that an earlier stack of this name has left.
    pub buckets: Vec<Bucket>,
    /// The name of the function at the edge.
    pub function: String,
    /// It is there.
    pub has_function: bool,
    /// Its logs, in all regions.
    pub logs: Vec<LogGroup>,
}

impl Survey {
    /// Looks.
    ///
    /// # Errors
    /// AWS refuses to tell.
    pub async fn of(aws: &Aws, s3: &Client, name: &str) -> Result<Self> {
        let stack = stack::find(aws, name).await?;
        let resources = match &stack {
            Some(stack) => stack::resources(aws, stack).await?,
            None => Vec::new(),
        };
        let account = account(aws).await?;
        let mut found = Vec::new();
        for role in ROLES {
            for end in ["-an", ""] {
                let name = format!("{name}-{role}-{account}-{}{end}", aws.region());
                if let Some(has_objects) = buckets::look(s3, &name).await? {
                    found.push(Bucket {
                        role,
                        name,
                        has_objects,
                    });
                }
            }
        }
        let function = format!("{name}-edge");
        let logs = edge_logs::groups(aws, &function).await?;
        for (region, why) in &logs.failed {
            show::warning(&format!(
                "{region} may have logs, and could not be asked: {why}"
            ));
        }
        Ok(Self {
            has_function: has_function(aws, &function).await?,
            stack,
            resources,
            buckets: found,
            function,
            logs: logs.found,
        })
    }

    /// Nothing is there.
    pub fn is_empty(&self) -> bool {
        self.told().is_empty()
    }

    /// The buckets with what an author wrote and with what readers got.
    pub fn worth_exporting(&self) -> impl Iterator<Item = &Bucket> {
        let buckets = self.buckets.iter();
        buckets.filter(|bucket| matches!(bucket.role, "source" | "site"))
    }

    /// What is there, in words.
    pub fn told(&self) -> Vec<String> {
        let stack = self.stack.iter();
        let stack = stack.map(|stack| format!("stack {} ({})", stack.name, stack.status));
        let buckets = self.buckets.iter();
        let buckets = buckets.map(|bucket| format!("bucket {}", bucket.name));
        let function = self
            .has_function
            .then(|| format!("function {}", self.function));
        let logs = self.logs.iter();
        let logs = logs.map(|group| format!("log {} in {}", group.name, group.region));
        stack.chain(buckets).chain(function).chain(logs).collect()
    }
}

/// The number of the account.
async fn account(aws: &Aws) -> Result<String> {
    let answer = aws
        .send(&Request::query(&STS, "GetCallerIdentity", &[]))
        .await?;
    let text = answer.text();
    let account = text.split("<Account>").nth(1);
    let account = account.and_then(|rest| rest.split('<').next());
    account
        .map(str::to_owned)
        .context("STS does not say which account this is")
}

/// Functions at the edge are made in us-east-1.
async fn has_function(aws: &Aws, name: &str) -> Result<bool> {
    let path = encode_path(&format!("/2015-03-31/functions/{name}/configuration"));
    let request = Request::get(&LAMBDA, path).in_region("us-east-1");
    let request = request.allowed_by("lambda:GetFunctionConfiguration");
    match aws.send(&request).await {
        Ok(_) => Ok(true),
        Err(error) if error.status() == Some(404) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
