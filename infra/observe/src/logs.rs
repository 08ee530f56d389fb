//! CloudWatch Logs: deliveries of standard logging v2, and log groups of functions at the edge (CloudWatch Logs API
//! reference).

use crate::ask::{self, AT_ONCE, seen};
use crate::lambda::Arn;
use futures::StreamExt;
use quillfront_audit::observed::{LogGroup, Reason, Seen};
use quillfront_audit::view::Config;
use quillfront_aws::service::{GLOBAL_REGION, LOGS};
use quillfront_aws::{Aws, Request};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Where the deliveries of a distribution go. They are all in us-east-1.
pub(crate) async fn deliveries(aws: &Aws, arn: Option<&str>) -> Seen<Vec<String>> {
    let Some(arn) = arn else {
        return Seen::Unknown(Reason::Failed("the distribution has no ARN".to_owned()));
    };
    seen(delivered(aws, arn).await)
}

async fn delivered(aws: &Aws, arn: &str) -> Result<Vec<String>, Reason> {
    let sources = list(aws, "DescribeDeliverySources", "deliverySources").await?;
    let is_ours = |source: &&Value| {
        let arns = source["resourceArns"].as_array().into_iter().flatten();
        arns.into_iter().any(|found| found == arn)
    };
    let names: BTreeSet<&str> = sources
        .iter()
        .filter(is_ours)
        .filter_map(|source| source["name"].as_str())
        .collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let deliveries = list(aws, "DescribeDeliveries", "deliveries").await?;
    let to: BTreeSet<&str> = deliveries
        .iter()
        .filter(|d| {
            d["deliverySourceName"]
                .as_str()
                .is_some_and(|name| names.contains(name))
        })
        .filter_map(|delivery| delivery["deliveryDestinationArn"].as_str())
        .collect();
    if to.is_empty() {
        return Ok(Vec::new());
    }
    let destinations = list(aws, "DescribeDeliveryDestinations", "deliveryDestinations").await?;
    let resource = |arn: &&str| {
        let it = destinations
            .iter()
            .find(|destination| destination["arn"] == **arn);
        let resource = it.and_then(|it| {
            it["deliveryDestinationConfiguration"]["destinationResourceArn"].as_str()
        });
        resource.unwrap_or(arn).to_owned()
    };
    Ok(to.iter().map(resource).collect())
}

async fn list(aws: &Aws, operation: &'static str, items: &str) -> Result<Vec<Value>, Reason> {
    let permission = match operation {
        "DescribeDeliverySources" => "logs:DescribeDeliverySources",
        "DescribeDeliveries" => "logs:DescribeDeliveries",
        _ => "logs:DescribeDeliveryDestinations",
    };
    ask::pages(aws, items, |token| {
        let mut input = json!({});
        if let Some(token) = token {
            input["nextToken"] = json!(token);
        }
        let request = Request::json(&LOGS, operation, &input);
        request.in_region(GLOBAL_REGION).allowed_by(permission)
    })
    .await
}

/// The regions in which functions at the edge run, and log (CloudFront guide, "How CloudFront works with regional edge
/// caches").
pub const EDGE_REGIONS: [&str; 13] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "sa-east-1",
];

/// The log groups of the functions of Lambda@Edge that behaviours name.
pub(crate) async fn edge_groups(aws: &Aws, config: Config<'_>) -> Seen<Vec<LogGroup>> {
    let behaviours = config.behaviours();
    let arns: BTreeSet<String> = behaviours
        .iter()
        .flat_map(|b| b.functions())
        .map(|(arn, _)| arn)
        .collect();
    let names: BTreeSet<&str> = arns
        .iter()
        .filter_map(|arn| Arn::parse(arn))
        .filter(|arn| arn.is_lambda())
        .map(|arn| arn.name)
        .collect();
    let wanted: Vec<(&str, String)> = names
        .iter()
        .flat_map(|name| {
            EDGE_REGIONS.map(|region| (region, format!("/aws/lambda/us-east-1.{name}")))
        })
        .collect();
    let ask = |(region, name): (&'static str, String)| groups(aws, region, name);
    let answers: Vec<Result<Vec<LogGroup>, Reason>> = futures::stream::iter(wanted)
        .map(ask)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut all = Vec::new();
    for answer in answers {
        match answer {
            Ok(groups) => all.extend(groups),
            Err(reason) => return Seen::Unknown(reason),
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Seen::Known(all)
}

async fn groups(aws: &Aws, region: &'static str, name: String) -> Result<Vec<LogGroup>, Reason> {
    let input = json!({ "logGroupNamePrefix": name });
    let request = Request::json(&LOGS, "DescribeLogGroups", &input).in_region(region);
    let answer = ask::json(aws, request.allowed_by("logs:DescribeLogGroups")).await?;
    let groups = answer["logGroups"].as_array().into_iter().flatten();
    // The prefix also finds functions whose names begin alike.
    let is_it = |group: &&Value| group["logGroupName"] == name.as_str();
    let group = |group: &Value| LogGroup {
        name: format!("{region} {name}"),
        retention_days: group["retentionInDays"]
            .as_u64()
            .and_then(|days| days.try_into().ok()),
    };
    Ok(groups.filter(is_it).map(group).collect())
}
