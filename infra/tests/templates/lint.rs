//! What AWS or a reader would only notice later, and neither cfn-lint nor checkov says.

use crate::model::{alternatives, elements, names, of_type, resolved, resources, template};
use quillfront_infra::facts::MOST_BEHAVIOURS;
use serde_json::Value;
use std::collections::BTreeSet;

/// Returns what is wrong with a template, a sentence each.
pub fn findings(template: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let associated = edge_functions(template, &mut found);
    for id in associated {
        edge_function(template, &id, &mut found);
    }
    wildcards(template, &mut found);
    buckets(template, &mut found);
    failover(template, &mut found);
    permissions(template, &mut found);
    behaviours(template, &mut found);
    listing(template, &mut found);
    found
}

#[test]
fn the_templates_are_clean() {
    for name in names() {
        assert_eq!(findings(&template(name)), Vec::<String>::new(), "{name}");
    }
}

/// Every behaviour of every distribution, the default one first.
fn all_behaviours(template: &Value) -> Vec<(&str, &Value)> {
    let distributions = of_type(template, "AWS::CloudFront::Distribution");
    distributions
        .flat_map(|(id, distribution)| {
            let config = &distribution["Properties"]["DistributionConfig"];
            let other = elements(&config["CacheBehaviors"]);
            std::iter::once(&config["DefaultCacheBehavior"])
                .chain(other)
                .map(move |behaviour| (id, behaviour))
        })
        .collect()
}

/// The functions that are associated, which are those for Lambda@Edge, and those that call themselves so.
fn edge_functions(template: &Value, found: &mut Vec<String>) -> BTreeSet<String> {
    let mut functions = BTreeSet::new();
    for (id, behaviour) in all_behaviours(template) {
        for association in elements(&behaviour["LambdaFunctionAssociations"]) {
            let reference = association["LambdaFunctionARN"]["Ref"]
                .as_str()
                .unwrap_or_default();
            match reference.split_once('.') {
                Some((function, "Version")) => {
                    functions.insert(function.to_owned());
                }
                // What another stack made is a version by the word of its output.
                _ if template["Parameters"][reference].is_object() => {}
                _ => found.push(format!("{id} has a Lambda@Edge function without a version")),
            }
        }
    }
    let trusted = of_type(template, "AWS::Serverless::Function").filter(|(_, function)| {
        let role = function["Properties"]["Role"]["Fn::GetAtt"][0].as_str();
        let role = role.map_or(&Value::Null, |role| &template["Resources"][role]);
        role.to_string().contains("edgelambda.amazonaws.com")
    });
    functions.extend(trusted.map(|(id, _)| id.to_owned()));
    functions
}

/// Lambda@Edge has x86_64, 50 MB, 30 s, and no environment variables, layers, VPC, or dead-letter queue (Amazon
/// CloudFront Developer Guide, "Restrictions on Lambda@Edge").
fn edge_function(template: &Value, id: &str, found: &mut Vec<String>) {
    let function = &template["Resources"][id];
    let properties = &function["Properties"];
    for refused in [
        "Environment",
        "Layers",
        "VpcConfig",
        "DeadLetterQueue",
        "KmsKeyArn",
        "Tracing",
    ] {
        if !properties[refused].is_null() {
            found.push(format!("{id} is for Lambda@Edge, which takes no {refused}"));
        }
    }
    let architectures = elements(&properties["Architectures"]);
    if architectures
        .iter()
        .any(|architecture| *architecture != "x86_64")
    {
        found.push(format!(
            "{id} is for Lambda@Edge, which runs on x86_64 only"
        ));
    }
    let runtime = properties["Runtime"].as_str().unwrap_or_default();
    if !(runtime.starts_with("nodejs") || runtime.starts_with("python")) {
        found.push(format!(
            "{id} is for Lambda@Edge, which does not run {runtime:?}"
        ));
    }
    if properties["AutoPublishAlias"].is_null() {
        found.push(format!("{id} is for Lambda@Edge and publishes no version"));
    }
    if function["DeletionPolicy"] != "Retain" {
        found.push(format!(
            "{id} cannot be deleted while it has replicas: retain it"
        ));
    }
}

/// All statements of a template, with the resource that has them.
fn statements(template: &Value) -> Vec<(&str, &Value)> {
    fn collect<'a>(id: &'a str, value: &'a Value, into: &mut Vec<(&'a str, &'a Value)>) {
        match value {
            Value::Object(map) => {
                if let Some(statements) = map.get("Statement").filter(|list| list.is_array()) {
                    into.extend(elements(statements).into_iter().map(|one| (id, one)));
                }
                map.values().for_each(|value| collect(id, value, into));
            }
            Value::Array(list) => list.iter().for_each(|value| collect(id, value, into)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    for (id, resource) in resources(template) {
        collect(id, &resource["Properties"], &mut all);
    }
    all
}

/// Nothing is allowed on everything, to everybody, or with every action.
fn wildcards(template: &Value, found: &mut Vec<String>) {
    for (id, resource) in resources(template) {
        let managed = elements(&resource["Properties"]["ManagedPolicyArns"]).len();
        if managed > 0 {
            found.push(format!(
                "{id} has a policy of AWS, which names no resources"
            ));
        }
    }
    for (id, statement) in statements(template) {
        if statement["Effect"] != "Allow" {
            continue;
        }
        for action in elements(&statement["Action"]) {
            if action.as_str().is_none_or(|action| action.contains('*')) {
                found.push(format!("{id} allows the actions {action}"));
            }
        }
        for target in elements(&statement["Resource"]) {
            let target = resolved(target);
            let text = target.as_str().unwrap_or_default();
            if text == "*" || text.starts_with("arn:aws:s3:::*") {
                found.push(format!("{id} allows something on all resources"));
            }
        }
        let principal = resolved(&statement["Principal"]);
        if principal == "*" || principal["AWS"] == "*" {
            found.push(format!("{id} allows something to everybody"));
        }
        let is_service = !principal["Service"].is_null();
        if is_service && statement["Action"] != "sts:AssumeRole" {
            let condition = statement["Condition"].to_string();
            if !condition.contains("aws:SourceArn") && !condition.contains("aws:SourceAccount") {
                found.push(format!("{id} trusts a service on behalf of any account"));
            }
        }
    }
}

/// A bucket is private, encrypted, versioned, cleaned up, and reached over TLS only.
fn buckets(template: &Value, found: &mut Vec<String>) {
    for (id, bucket) in of_type(template, "AWS::S3::Bucket") {
        let properties = &bucket["Properties"];
        let block = &properties["PublicAccessBlockConfiguration"];
        for setting in [
            "BlockPublicAcls",
            "BlockPublicPolicy",
            "IgnorePublicAcls",
            "RestrictPublicBuckets",
        ] {
            if block[setting] != true {
                found.push(format!("{id} is without {setting}"));
            }
        }
        for setting in ["BucketEncryption", "LifecycleConfiguration"] {
            if properties[setting].is_null() {
                found.push(format!("{id} is without {setting}"));
            }
        }
        if properties["VersioningConfiguration"]["Status"] != "Enabled" {
            found.push(format!("{id} keeps no versions"));
        }
        if properties["OwnershipControls"]["Rules"][0]["ObjectOwnership"] != "BucketOwnerEnforced" {
            found.push(format!("{id} lets others own objects"));
        }
        let policy = of_type(template, "AWS::S3::BucketPolicy")
            .find(|(_, policy)| policy["Properties"]["Bucket"]["Ref"] == id);
        let Some((_, policy)) = policy else {
            found.push(format!("{id} has no bucket policy"));
            continue;
        };
        let denies = elements(&policy["Properties"]["PolicyDocument"]["Statement"])
            .iter()
            .any(|statement| {
                statement["Effect"] == "Deny"
                    && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
            });
        if !denies {
            found.push(format!("{id} can be reached without TLS"));
        }
    }
}

/// A group fails over where there is nothing, or S3 fails; never where access is denied.
fn failover(template: &Value, found: &mut Vec<String>) {
    for (id, distribution) in of_type(template, "AWS::CloudFront::Distribution") {
        let config = &distribution["Properties"]["DistributionConfig"];
        for group in elements(&config["OriginGroups"]["Items"]) {
            for status in elements(&group["FailoverCriteria"]["StatusCodes"]["Items"]) {
                if matches!(status.as_u64(), Some(400 | 401 | 403) | None) {
                    found.push(format!(
                        "{id} fails over on {status}, which hides a broken policy"
                    ));
                }
            }
        }
    }
}

/// CloudFront needs both permissions on a function behind a URL (Amazon CloudFront Developer Guide, "Restrict access
/// to an AWS Lambda function URL origin"), and the URL has to be closed to all others.
fn permissions(template: &Value, found: &mut Vec<String>) {
    for (id, function) in of_type(template, "AWS::Serverless::Function") {
        let url = &function["Properties"]["FunctionUrlConfig"];
        if url.is_null() {
            continue;
        }
        if url["AuthType"] != "AWS_IAM" {
            found.push(format!("the URL of {id} is open to everybody"));
        }
        for action in ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"] {
            let is_given = of_type(template, "AWS::Lambda::Permission").any(|(_, permission)| {
                let properties = &permission["Properties"];
                properties["FunctionName"]["Ref"] == id
                    && properties["Action"] == action
                    && properties["Principal"] == "cloudfront.amazonaws.com"
                    && !properties["SourceArn"].is_null()
            });
            if !is_given {
                found.push(format!("CloudFront lacks {action} on {id}"));
            }
        }
    }
}

/// The free plan takes five behaviours, and no forwarded values or origin access identities.
fn behaviours(template: &Value, found: &mut Vec<String>) {
    let all = all_behaviours(template);
    if all.len() > MOST_BEHAVIOURS {
        found.push(format!(
            "there are {} behaviours, and a plan takes {MOST_BEHAVIOURS}",
            all.len()
        ));
    }
    for (id, behaviour) in all {
        if !behaviour["ForwardedValues"].is_null() {
            found.push(format!("{id} has forwarded values, which no plan takes"));
        }
        if alternatives(&behaviour["ResponseHeadersPolicyId"]).is_empty() {
            found.push(format!(
                "{id} has a behaviour without a response headers policy"
            ));
        }
        if !matches!(
            behaviour["ViewerProtocolPolicy"].as_str(),
            Some("redirect-to-https" | "https-only")
        ) {
            found.push(format!("{id} answers over plain HTTP"));
        }
    }
}

/// S3 says 403 of a missing object to whom may not list the bucket.
fn listing(template: &Value, found: &mut Vec<String>) {
    for (id, distribution) in of_type(template, "AWS::CloudFront::Distribution") {
        let config = &distribution["Properties"]["DistributionConfig"];
        if config["DefaultRootObject"].is_null() {
            found.push(format!("{id} shows the list of its bucket at /"));
        }
        for origin in elements(&config["Origins"]) {
            let Some(bucket) = origin["DomainName"]["Fn::GetAtt"][0].as_str() else {
                continue;
            };
            let may_list = of_type(template, "AWS::S3::BucketPolicy")
                .filter(|(_, policy)| policy["Properties"]["Bucket"]["Ref"] == bucket)
                .flat_map(|(_, policy)| {
                    elements(&policy["Properties"]["PolicyDocument"]["Statement"])
                })
                .any(|statement| {
                    statement["Action"] == "s3:ListBucket"
                        && statement["Principal"]["Service"] == "cloudfront.amazonaws.com"
                });
            let is_bucket = template["Resources"][bucket]["Type"] == "AWS::S3::Bucket";
            if is_bucket && !may_list {
                found.push(format!(
                    "{id} may not list {bucket}, so a missing page is a 403"
                ));
            }
        }
    }
}
