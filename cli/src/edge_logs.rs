//! The logs of the functions at the edge. Each replica logs in the region that is next to its readers, into a group that
//! arises there with the first line and is kept for ever (Amazon CloudFront Developer Guide, "Edge function logs").

use crate::show;
use crate::stack::Stack;
use anyhow::{Context, Result};
use futures::stream::{StreamExt, iter};
use jiff::Timestamp;
use quillfront_aws::service::{CLOUDFRONT, LOGS};
use quillfront_aws::{Aws, Request, encode_path};
use quillfront_infra::facts::EDGE_REGIONS;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Regions that are asked at once.
const PARALLEL: usize = 8;
/// How long logs are kept where no stack says it, in days.
const LOG_DAYS: u64 = 30;
/// Lines of one group that are read.
const MAX_LINES: usize = 100;
/// What the runtime writes of a line of `console.error`, and Lambda itself of a function that it ended.
const PATTERNS: [&str; 3] = ["ERROR", "\"Task timed out\"", "\"Runtime exited\""];

/// A group of logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogGroup {
    /// Where it is.
    pub region: String,
    /// `/aws/lambda/us-east-1.blog-edge`
    pub name: String,
    /// How long its lines are kept; none for ever.
    pub retention_days: Option<u64>,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LogLine {
    /// When, RFC 3339.
    pub at: String,
    /// Where.
    pub region: String,
    /// What the function said.
    pub message: String,
}

/// What was found, and where nobody could look.
#[derive(Debug)]
pub struct Found<T> {
    /// In the order of the regions.
    pub found: Vec<T>,
    /// Regions, and why.
    pub failed: Vec<(String, String)>,
}

/// The name of the group of a function, in every region.
fn group_of(function: &str) -> String {
    format!("/aws/lambda/us-east-1.{function}")
}

/// Looks for the groups of a function in all regions.
///
/// # Errors
/// No region tells.
pub async fn groups(aws: &Aws, function: &str) -> Result<Found<LogGroup>> {
    let name = group_of(function);
    let looked = EDGE_REGIONS.into_iter().map(|region| {
        let input = json!({"logGroupNamePrefix": name, "limit": 50});
        let name = name.clone();
        async move {
            let request = Request::json(&LOGS, "DescribeLogGroups", &input).in_region(region);
            let answer = aws
                .send(&request.allowed_by("logs:DescribeLogGroups"))
                .await;
            let groups = answer.map(|answer| groups_in(region, &name, &answer.text()));
            (region, groups)
        }
    });
    let looked: Vec<_> = iter(looked).buffered(PARALLEL).collect().await;
    let mut all = Found {
        found: Vec::new(),
        failed: Vec::new(),
    };
    let mut last = None;
    for (region, groups) in looked {
        match groups {
            Ok(groups) => all.found.extend(groups?),
            Err(error) => {
                all.failed.push((region.to_owned(), error.to_string()));
                last = Some(error);
            }
        }
    }
    match last {
        Some(error) if all.failed.len() == EDGE_REGIONS.len() => Err(error.into()),
        _ => Ok(all),
    }
}

fn groups_in(region: &str, name: &str, answer: &str) -> Result<Vec<LogGroup>> {
    let answer: Value = read(answer)?;
    let groups = answer["logGroups"].as_array().into_iter().flatten();
    let groups = groups.filter(|group| group["logGroupName"] == name);
    Ok(groups
        .map(|group| LogGroup {
            region: region.to_owned(),
            name: name.to_owned(),
            retention_days: group["retentionInDays"].as_u64(),
        })
        .collect())
}

/// The functions at the edge that a stack has made, or that a distribution calls.
///
/// # Errors
/// AWS refuses to tell of the distribution.
pub async fn functions(
    aws: &Aws,
    stack: Option<&Stack>,
    distribution: Option<&str>,
) -> Result<BTreeSet<String>> {
    let mut functions: BTreeSet<String> = stack.iter().map(|stack| stack.edge_function()).collect();
    if let Some(id) = distribution {
        let path = encode_path(&format!("/2020-05-31/distribution/{id}/config"));
        let request = Request::get(&CLOUDFRONT, path);
        let request = request.allowed_by("cloudfront:GetDistributionConfig");
        functions.extend(functions_in(&aws.send(&request).await?.text()));
    }
    Ok(functions)
}

/// The names in the ARNs of versions: `arn:aws:lambda:us-east-1:111122223333:function:blog-edge:3`.
fn functions_in(config: &str) -> BTreeSet<String> {
    const BEGIN: &str = "<LambdaFunctionARN>";
    let arns = config.split(BEGIN).skip(1);
    let arns = arns.filter_map(|rest| rest.split('<').next());
    let names = arns.filter_map(|arn| arn.split(':').nth(6));
    names.map(str::to_owned).collect()
}

/// How long the logs of a stack are kept, in days.
pub fn days_of(stack: Option<&Stack>) -> u64 {
    let days = stack.and_then(|stack| stack.parameters.get("LogDays"));
    days.and_then(|days| days.parse().ok()).unwrap_or(LOG_DAYS)
}

/// Has those groups whose lines are kept for ever keep them for so many days, and returns how many those were. That it
/// cannot be done is told, and is no failure of whoever only passes by.
pub async fn retain_all(aws: &Aws, groups: &mut [LogGroup], days: u64) -> usize {
    let mut set = 0;
    for group in groups
        .iter_mut()
        .filter(|group| group.retention_days.is_none())
    {
        let input = json!({"logGroupName": group.name, "retentionInDays": days});
        let request = Request::json(&LOGS, "PutRetentionPolicy", &input).in_region(&group.region);
        match aws
            .send(&request.allowed_by("logs:PutRetentionPolicy"))
            .await
        {
            Ok(_) => {
                group.retention_days = Some(days);
                set += 1;
            }
            Err(error) => show::warning(&format!(
                "{} in {} is kept for ever: {error}",
                group.name, group.region
            )),
        }
    }
    if set > 0 {
        show::note(&format!(
            "{set} logs at the edge are kept for {days} days now"
        ));
    }
    set
}

/// Deletes groups, with their lines.
///
/// # Errors
/// AWS refuses.
pub async fn delete(aws: &Aws, groups: &[LogGroup]) -> Result<()> {
    for group in groups {
        let input = json!({"logGroupName": group.name});
        let request = Request::json(&LOGS, "DeleteLogGroup", &input).in_region(&group.region);
        match aws.send(&request.allowed_by("logs:DeleteLogGroup")).await {
            Ok(_) => {}
            Err(error) if error.code() == Some("ResourceNotFoundException") => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The errors in groups since a time, the newest first.
///
/// # Errors
/// AWS refuses to tell.
pub async fn errors(aws: &Aws, groups: &[LogGroup], since: Timestamp) -> Result<Vec<LogLine>> {
    let mut lines = Vec::new();
    for group in groups {
        for pattern in PATTERNS {
            lines.extend(matching(aws, group, pattern, since).await?);
        }
    }
    lines.sort();
    lines.dedup();
    lines.reverse();
    Ok(lines)
}

/// The lines of a group that a pattern matches, as far as anybody reads them.
async fn matching(
    aws: &Aws,
    group: &LogGroup,
    pattern: &str,
    since: Timestamp,
) -> Result<Vec<LogLine>> {
    let mut lines = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut input = json!({
            "logGroupName": group.name, "startTime": since.as_millisecond(),
            "filterPattern": pattern, "limit": MAX_LINES,
        });
        if token.is_string() {
            input["nextToken"] = token;
        }
        let request = Request::json(&LOGS, "FilterLogEvents", &input).in_region(&group.region);
        let answer = aws
            .send(&request.allowed_by("logs:FilterLogEvents"))
            .await?;
        let mut answer: Value = read(&answer.text())?;
        lines.extend(lines_in(&group.region, &answer));
        // A page without lines may have a next one.
        token = answer["nextToken"].take();
        if !token.is_string() || lines.len() >= MAX_LINES {
            return Ok(lines);
        }
    }
}

fn lines_in(region: &str, answer: &Value) -> Vec<LogLine> {
    let events = answer["events"].as_array().into_iter().flatten();
    events
        .map(|event| {
            let at = event["timestamp"].as_i64().unwrap_or_default();
            let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
            LogLine {
                at: at.to_string(),
                region: region.to_owned(),
                message: message(event["message"].as_str().unwrap_or_default()),
            }
        })
        .collect()
}

/// What our function says is in JSON, behind a time, an ID and a level; what Lambda says is a sentence.
fn message(line: &str) -> String {
    let line = line.trim();
    let told = line.find('{').and_then(|at| {
        let told: Value = serde_json::from_str(&line[at..]).ok()?;
        told["message"].as_str().map(str::to_owned)
    });
    told.unwrap_or_else(|| line.replace('\t', " "))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).context("CloudWatch answers in an unknown form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_that_of_the_function_and_not_one_that_begins_so() {
        let answer = r#"{"logGroups": [
            {"logGroupName": "/aws/lambda/us-east-1.blog-edge", "retentionInDays": 30},
            {"logGroupName": "/aws/lambda/us-east-1.blog-edge2"}]}"#;
        let groups = groups_in("eu-west-1", &group_of("blog-edge"), answer).unwrap();
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].retention_days, Some(30));
        assert!(groups_in("eu-west-1", "a", "<html>").is_err());
    }

    #[test]
    fn a_distribution_names_its_functions() {
        let config = "<Items><LambdaFunctionAssociation><LambdaFunctionARN>arn:aws:lambda:us-east-1:111122223333:\
            function:blog-edge:3</LambdaFunctionARN><EventType>origin-request</EventType></LambdaFunctionAssociation>\
            <LambdaFunctionAssociation><LambdaFunctionARN>arn:aws:lambda:us-east-1:111122223333:function:blog-edge:3\
            </LambdaFunctionARN></LambdaFunctionAssociation></Items>";
        let functions = functions_in(config);
        assert_eq!(functions.into_iter().collect::<Vec<_>>(), ["blog-edge"]);
        assert!(functions_in("<a/>").is_empty());
    }

    #[test]
    fn a_line_says_what_the_function_said() {
        let answer = json!({"events": [
            {"timestamp": 1_767_225_600_000_i64,
             "message": "2026-01-01T00:00:00Z\t8f\tERROR\t{\"level\":\"error\",\"from\":\"quillfront\",\"message\":\"no\"}\n"},
            {"timestamp": 1, "message": "2026 8f Task timed out after 5.00 seconds\n\n"},
        ]});
        let lines = lines_in("eu-west-1", &answer);
        assert_eq!(
            (&*lines[0].at, &*lines[0].message),
            ("2026-01-01T00:00:00Z", "no")
        );
        assert_eq!(
            lines[1].message,
            "2026 8f Task timed out after 5.00 seconds"
        );
    }
}
