//! Each check finds what it is for: a template with one mistake has exactly its finding.

use crate::lint::findings;
use crate::model::template;
use serde_json::{Value, json};

/// Makes one mistake in the template of a blog, and expects a finding that says so.
fn breaks(mistake: impl FnOnce(&mut Value), expected: &str) {
    let mut blog = template("blog.yaml");
    mistake(&mut blog["Resources"]);
    let found = findings(&blog);
    assert!(
        !found.is_empty(),
        "nothing is found; {expected:?} is expected"
    );
    let others: Vec<&String> = found
        .iter()
        .filter(|found| !found.contains(expected))
        .collect();
    assert!(others.is_empty(), "{others:?} instead of {expected:?}");
}

fn distribution(resources: &mut Value) -> &mut Value {
    &mut resources["Distribution"]["Properties"]["DistributionConfig"]
}

fn statement(resources: &mut Value) -> &mut Value {
    &mut resources["BuilderRole"]["Properties"]["Policies"][2]["PolicyDocument"]["Statement"][0]
}

fn remove(value: &mut Value, key: &str) {
    value.as_object_mut().unwrap().remove(key).unwrap();
}

#[test]
fn an_edge_function_with_environment_variables() {
    breaks(
        |all| all["EdgeFunction"]["Properties"]["Environment"] = json!({"Variables": {"A": "b"}}),
        "takes no Environment",
    );
}

#[test]
fn an_edge_function_with_layers() {
    breaks(
        |all| all["EdgeFunction"]["Properties"]["Layers"] = json!(["arn:x"]),
        "takes no Layers",
    );
}

#[test]
fn an_edge_function_for_arm() {
    breaks(
        |all| all["EdgeFunction"]["Properties"]["Architectures"] = json!(["arm64"]),
        "x86_64 only",
    );
}

#[test]
fn an_edge_function_for_arm_by_parameter() {
    breaks(
        |all| all["EdgeFunction"]["Properties"]["Architectures"] = json!([{"Ref": "Architecture"}]),
        "x86_64 only",
    );
}

#[test]
fn an_edge_function_that_publishes_no_version() {
    breaks(
        |all| remove(&mut all["EdgeFunction"]["Properties"], "AutoPublishAlias"),
        "publishes no version",
    );
}

#[test]
fn an_edge_function_that_is_associated_without_a_version() {
    breaks(
        |all| {
            let associations =
                &mut distribution(all)["DefaultCacheBehavior"]["LambdaFunctionAssociations"];
            associations["Fn::If"][1][0]["LambdaFunctionARN"] =
                json!({"Fn::GetAtt": ["EdgeFunction", "Arn"]});
        },
        "without a version",
    );
}

#[test]
fn an_edge_function_that_is_deleted_with_its_stack() {
    breaks(
        |all| remove(&mut all["EdgeFunction"], "DeletionPolicy"),
        "retain it",
    );
}

#[test]
fn an_edge_function_in_rust() {
    breaks(
        |all| all["EdgeFunction"]["Properties"]["Runtime"] = json!("provided.al2023"),
        "does not run",
    );
}

#[test]
fn every_action_of_a_service() {
    breaks(
        |all| statement(all)["Action"] = json!(["s3:GetObject", "s3:*"]),
        "allows the actions",
    );
}

#[test]
fn every_resource() {
    breaks(
        |all| statement(all)["Resource"] = json!("*"),
        "on all resources",
    );
}

#[test]
fn a_policy_of_aws() {
    breaks(
        |all| {
            all["BuilderRole"]["Properties"]["ManagedPolicyArns"] =
                json!(["arn:aws:iam::aws:policy/X"])
        },
        "a policy of AWS",
    );
}

#[test]
fn a_bucket_for_everybody() {
    breaks(
        |all| {
            let policy = &mut all["SiteBucketPolicy"]["Properties"]["PolicyDocument"];
            policy["Statement"].as_array_mut().unwrap().push(json!({
                "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*",
            }));
        },
        "to everybody",
    );
}

#[test]
fn a_service_on_behalf_of_others() {
    breaks(
        |all| {
            let policy = &mut all["UploadQueuePolicy"]["Properties"]["PolicyDocument"];
            remove(&mut policy["Statement"][0], "Condition");
        },
        "any account",
    );
}

#[test]
fn a_bucket_without_its_policy() {
    breaks(
        |all| remove(all, "StateBucketPolicy"),
        "StateBucket has no bucket policy",
    );
}

#[test]
fn a_bucket_without_tls() {
    breaks(
        |all| {
            let policy = &mut all["SourceBucketPolicy"]["Properties"]["PolicyDocument"];
            policy["Statement"] = json!([]);
        },
        "SourceBucket can be reached without TLS",
    );
}

#[test]
fn a_bucket_that_is_public_or_keeps_nothing() {
    for (setting, said) in [
        ("BucketEncryption", "without BucketEncryption"),
        ("LifecycleConfiguration", "without LifecycleConfiguration"),
        ("VersioningConfiguration", "keeps no versions"),
        ("OwnershipControls", "own objects"),
        ("PublicAccessBlockConfiguration", "SiteBucket is without"),
    ] {
        breaks(
            |all| remove(&mut all["SiteBucket"]["Properties"], setting),
            said,
        );
    }
}

#[test]
fn failover_on_403() {
    breaks(
        |all| {
            let group = &mut distribution(all)["OriginGroups"]["Items"][0];
            group["FailoverCriteria"]["StatusCodes"]["Items"] = json!([403, 404]);
        },
        "fails over on 403",
    );
}

#[test]
fn one_of_the_two_permissions() {
    breaks(
        |all| remove(all, "ThumbnailUrlPermission"),
        "lacks lambda:InvokeFunctionUrl on",
    );
    breaks(
        |all| remove(all, "ThumbnailInvokePermission"),
        "lacks lambda:InvokeFunction on",
    );
}

#[test]
fn a_function_url_for_everybody() {
    breaks(
        |all| {
            all["ThumbnailFunction"]["Properties"]["FunctionUrlConfig"]["AuthType"] = json!("NONE")
        },
        "open to everybody",
    );
}

#[test]
fn more_than_five_behaviours() {
    breaks(
        |all| {
            let behaviours = &mut distribution(all)["CacheBehaviors"];
            let one = behaviours[0].clone();
            *behaviours = json!([one, one, one, one, one]);
        },
        "there are 6 behaviours",
    );
}

#[test]
fn a_behaviour_that_no_plan_takes() {
    breaks(
        |all| {
            distribution(all)["CacheBehaviors"][0]["ForwardedValues"] =
                json!({"QueryString": false})
        },
        "forwarded values",
    );
}

#[test]
fn a_behaviour_without_the_floor() {
    breaks(
        |all| {
            remove(
                &mut distribution(all)["CacheBehaviors"][0],
                "ResponseHeadersPolicyId",
            )
        },
        "without a response headers policy",
    );
}

#[test]
fn plain_http() {
    breaks(
        |all| {
            distribution(all)["DefaultCacheBehavior"]["ViewerProtocolPolicy"] = json!("allow-all")
        },
        "plain HTTP",
    );
}

#[test]
fn a_distribution_that_may_not_list_its_bucket() {
    breaks(
        |all| {
            let policy = &mut all["SiteBucketPolicy"]["Properties"]["PolicyDocument"];
            policy["Statement"].as_array_mut().unwrap().pop().unwrap();
        },
        "may not list SiteBucket",
    );
}

#[test]
fn a_distribution_without_a_root_object() {
    breaks(
        |all| remove(distribution(all), "DefaultRootObject"),
        "the list of its bucket",
    );
}
