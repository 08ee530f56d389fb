//! The numbers and names in the templates are those of `quillfront_infra::facts`.

use crate::model::{alternatives, elements, names, of_type, resources, template};
use quillfront_edge::{respond, viewer};
use quillfront_infra::facts::{self, Function};
use quillfront_infra::notification;
use serde_json::{Value, json};

fn properties<'a>(template: &'a Value, id: &str) -> &'a Value {
    &template["Resources"][id]["Properties"]
}

fn distribution(blog: &Value) -> &Value {
    &properties(blog, "Distribution")["DistributionConfig"]
}

#[test]
fn every_parameter_has_a_default_and_says_what_it_is() {
    for name in names() {
        let template = template(name);
        for (id, parameter) in template["Parameters"].as_object().unwrap() {
            assert!(
                !parameter["Default"].is_null(),
                "{name}: {id} has no default"
            );
            assert!(
                parameter["Description"].is_string(),
                "{name}: {id} is not described"
            );
        }
    }
}

#[test]
fn functions_have_their_code_memory_and_time() {
    let functions = [
        ("BuilderFunction", facts::BUILDER),
        ("ThumbnailFunction", facts::THUMBNAIL),
        ("EdgeFunction", facts::EDGE),
    ];
    let mut met = 0;
    for name in names() {
        let template = template(name);
        for (id, resource) in of_type(&template, "AWS::Serverless::Function") {
            let (_, expected) = functions.iter().find(|(known, _)| *known == id).unwrap();
            assert_eq!(function(&resource["Properties"]), *expected, "{name}: {id}");
            met += 1;
        }
    }
    assert_eq!(met, 5);
}

fn function(properties: &Value) -> Function {
    let text = |name: &str| -> &'static str {
        let text = properties[name].as_str().expect("a text");
        Box::leak(text.to_owned().into_boxed_str())
    };
    let number = |name: &str| u32::try_from(properties[name].as_u64().unwrap()).unwrap();
    Function {
        code: text("CodeUri"),
        handler: text("Handler"),
        runtime: text("Runtime"),
        memory_mb: number("MemorySize"),
        timeout_seconds: number("Timeout"),
    }
}

#[test]
fn uploads_go_through_a_queue_to_the_builder() {
    let blog = template("blog.yaml");
    let configured = &properties(&blog, "SourceBucket")["NotificationConfiguration"];
    let events: Vec<&str> = configured["QueueConfigurations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|queue| queue["Event"].as_str().unwrap())
        .collect();
    assert_eq!(events, notification::EVENTS);
    let queue = properties(&blog, "UploadQueue");
    assert_eq!(queue["VisibilityTimeout"], facts::VISIBILITY_SECONDS);
    assert_eq!(
        queue["RedrivePolicy"]["maxReceiveCount"],
        facts::MOST_RECEIVES
    );
    let events = &properties(&blog, "BuilderFunction")["Events"];
    let uploads = &events["Uploads"]["Properties"];
    assert_eq!(uploads["BatchSize"], facts::BATCH_SIZE);
    assert_eq!(uploads["MaximumBatchingWindowInSeconds"], 0);
    assert_eq!(
        uploads["FunctionResponseTypes"],
        json!(["ReportBatchItemFailures"])
    );
    assert_eq!(
        uploads["ScalingConfig"]["MaximumConcurrency"],
        facts::BUILDERS_AT_ONCE
    );
    let reconcile = &events["Reconcile"]["Properties"];
    assert_eq!(reconcile["Schedule"], facts::RECONCILE);
    let input: Value = serde_json::from_str(reconcile["Input"].as_str().unwrap()).unwrap();
    assert_eq!(input, json!({"reconcile": true}));
}

#[test]
fn errors_are_kept_as_long_as_the_edge_says() {
    let said = format!("public, max-age={}", facts::ERROR_SECONDS);
    assert_eq!(respond::ERROR_CACHE_CONTROL, said);
    let blog = template("blog.yaml");
    let errors = distribution(&blog)["CustomErrorResponses"]
        .as_array()
        .unwrap();
    assert!(errors.iter().any(|error| error["ErrorCode"] == 404));
    for error in errors {
        assert_eq!(error["ErrorCachingMinTTL"], facts::ERROR_SECONDS, "{error}");
    }
}

#[test]
fn behaviours_use_the_managed_policy_and_both_functions() {
    let blog = template("blog.yaml");
    let config = distribution(&blog);
    let other = config["CacheBehaviors"].as_array().unwrap();
    assert_eq!(other.len(), 1);
    assert_eq!(other[0]["PathPattern"], facts::IMAGES_PATTERN);
    for behaviour in other.iter().chain([&config["DefaultCacheBehavior"]]) {
        assert_eq!(behaviour["CachePolicyId"], facts::CACHE_POLICY);
        for list in alternatives(&behaviour["LambdaFunctionAssociations"]) {
            let events: Vec<&str> = elements(list)
                .iter()
                .map(|association| association["EventType"].as_str().unwrap())
                .collect();
            assert_eq!(events, facts::EDGE_EVENTS);
        }
    }
}

#[test]
fn pictures_fail_over_to_the_function() {
    let blog = template("blog.yaml");
    let group = &distribution(&blog)["OriginGroups"]["Items"][0];
    assert_eq!(
        group["FailoverCriteria"]["StatusCodes"]["Items"],
        json!(facts::FAILOVER)
    );
    let quantity = &group["FailoverCriteria"]["StatusCodes"]["Quantity"];
    assert_eq!(*quantity, facts::FAILOVER.len());
    let members = &group["Members"]["Items"];
    assert_eq!(
        members,
        &json!([{"OriginId": "site"}, {"OriginId": "thumbnails"}])
    );
    let origins = distribution(&blog)["Origins"].as_array().unwrap();
    let thumbnails = origins
        .iter()
        .find(|origin| origin["Id"] == "thumbnails")
        .unwrap();
    assert_eq!(
        thumbnails["CustomOriginConfig"]["OriginReadTimeout"],
        facts::THUMBNAIL.timeout_seconds
    );
}

#[test]
fn the_paths_of_pictures_are_those_of_a_site_without_settings() {
    let prefix = &quillfront_headers::Rules::default().images.prefix;
    assert_eq!(format!("{prefix}/"), format!("/{}", facts::IMAGES_PREFIX));
    assert_eq!(facts::IMAGES_PATTERN, format!("/{}*", facts::IMAGES_PREFIX));
}

#[test]
fn the_origin_request_policy_has_the_header_of_signed_requests_only() {
    for name in ["blog.yaml", "thumbnails.yaml"] {
        let template = template(name);
        let config = &properties(&template, "ImagesRequestPolicy")["OriginRequestPolicyConfig"];
        let signed = quillfront_edge::thumbnail::make::SIGNED_HEADER;
        assert_eq!(
            config["HeadersConfig"]["Headers"],
            json!([signed]),
            "{name}"
        );
    }
}

#[test]
fn readers_get_nothing_that_is_internal_and_the_floor_yields() {
    let expected: Vec<Value> = viewer::policy::removed()
        .map(|name| json!({"Header": name}))
        .collect();
    for name in ["blog.yaml", "headers.yaml"] {
        let template = template(name);
        let config = &properties(&template, "HeadersPolicy")["ResponseHeadersPolicyConfig"];
        assert_eq!(
            config["RemoveHeadersConfig"]["Items"],
            json!(expected),
            "{name}"
        );
        for (header, set) in config["SecurityHeadersConfig"].as_object().unwrap() {
            assert_eq!(set["Override"], false, "{name}: {header}");
        }
    }
}

#[test]
fn functions_in_front_of_the_cache_have_their_runtime() {
    for name in names() {
        let template = template(name);
        for (id, resource) in of_type(&template, "AWS::CloudFront::Function") {
            let config = &resource["Properties"]["FunctionConfig"];
            assert_eq!(config["Runtime"], facts::VIEWER_RUNTIME, "{name}: {id}");
            assert_eq!(resource["Properties"]["AutoPublish"], true, "{name}: {id}");
        }
    }
}

#[test]
fn functions_are_told_of_their_buckets() {
    let blog = template("blog.yaml");
    let variables = |id: &str| {
        let variables = &properties(&blog, id)["Environment"]["Variables"];
        let names: Vec<String> = variables.as_object().unwrap().keys().cloned().collect();
        names
    };
    let all = [
        "QUILLFRONT_SOURCE",
        "QUILLFRONT_SITE",
        "QUILLFRONT_STATE",
        "QUILLFRONT_DISTRIBUTION",
        "QUILLFRONT_TOPIC",
    ];
    assert_eq!(variables("BuilderFunction"), all);
    assert_eq!(variables("ThumbnailFunction"), ["QUILLFRONT_SITE"]);
}

#[test]
fn what_the_author_wrote_outlives_the_stack() {
    let blog = template("blog.yaml");
    assert_eq!(
        blog["Resources"]["SourceBucket"]["DeletionPolicy"],
        "RetainExceptOnCreate"
    );
    for (name, id) in [
        ("blog.yaml", "EdgeFunction"),
        ("headers.yaml", "EdgeFunction"),
    ] {
        assert_eq!(
            template(name)["Resources"][id]["DeletionPolicy"],
            "Retain",
            "{name}"
        );
    }
}

#[test]
fn every_waiver_has_a_reason() {
    for name in names() {
        let template = template(name);
        for (id, resource) in resources(&template) {
            for waiver in elements(&resource["Metadata"]["checkov"]["skip"]) {
                assert!(
                    waiver["id"].as_str().unwrap().starts_with("CKV"),
                    "{name}: {id}"
                );
                assert!(
                    waiver["comment"].as_str().unwrap().len() > 20,
                    "{name}: {id}"
                );
            }
        }
    }
}
