//! What is read of an account, over real HTTP: each answer in its place, and what may not be read with its permission.

mod fake;

use fake::{ARN, Fake, Fault, ID};
use jiff::civil::{Date, date};
use quillfront_audit::finding::{Severity, Threshold, exit_code};
use quillfront_audit::observed::{Existence, Observed, Plan, Reason, Seen};
use quillfront_observe::{Found, Reach, find, observe};

const TODAY: Date = date(2026, 12, 1);
const URL: &str = "abc.lambda-url.eu-west-1.on.aws";

const CONFIG: &str = r#"<?xml version="1.0"?>
<DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><CallerReference>1</CallerReference><Aliases><Quantity>1</Quantity><Items><CNAME>www.example.org</CNAME></Items></Aliases><DefaultRootObject>index.html</DefaultRootObject><Origins><Quantity>4</Quantity><Items><Origin><Id>site</Id><DomainName>site.s3.eu-west-1.amazonaws.com</DomainName><S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig><OriginAccessControlId>OAC1</OriginAccessControlId></Origin><Origin><Id>gone</Id><DomainName>gone.s3.amazonaws.com</DomainName><S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig></Origin><Origin><Id>theirs</Id><DomainName>theirs.s3.amazonaws.com</DomainName><S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig></Origin><Origin><Id>thumbs</Id><DomainName>abc.lambda-url.eu-west-1.on.aws</DomainName><CustomOriginConfig><OriginProtocolPolicy>https-only</OriginProtocolPolicy></CustomOriginConfig></Origin></Items></Origins><DefaultCacheBehavior><TargetOriginId>site</TargetOriginId><ViewerProtocolPolicy>redirect-to-https</ViewerProtocolPolicy><Compress>true</Compress><LambdaFunctionAssociations><Quantity>1</Quantity><Items><LambdaFunctionAssociation><LambdaFunctionARN>arn:aws:lambda:us-east-1:123456789012:function:edge:7</LambdaFunctionARN><EventType>origin-request</EventType></LambdaFunctionAssociation></Items></LambdaFunctionAssociations><FunctionAssociations><Quantity>1</Quantity><Items><FunctionAssociation><FunctionARN>arn:aws:cloudfront::123456789012:function/routes</FunctionARN><EventType>viewer-request</EventType></FunctionAssociation></Items></FunctionAssociations><CachePolicyId>658327ea-f89d-4fab-a63d-7e88639e58f6</CachePolicyId><OriginRequestPolicyId>ORP</OriginRequestPolicyId><ResponseHeadersPolicyId>RHP</ResponseHeadersPolicyId><NewerThanAnySdk a='1'>x</NewerThanAnySdk></DefaultCacheBehavior><Comment></Comment><Enabled>true</Enabled><WebACLId>arn:aws:wafv2:us-east-1:123456789012:global/webacl/wall/0123-abc</WebACLId></DistributionConfig>"#;

/// An account in which everything that can be read is there.
async fn account() -> Fake {
    let fake = Fake::start().await;
    let root = "/2020-05-31";
    fake.put(&format!("{root}/distribution/{ID}/config"), CONFIG);
    fake.put(
        &format!("{root}/response-headers-policy/RHP/config"),
        "<ResponseHeadersPolicyConfig><Name>h</Name></ResponseHeadersPolicyConfig>",
    );
    fake.put(
        &format!("{root}/origin-request-policy/ORP/config"),
        "<OriginRequestPolicyConfig><Name>r</Name></OriginRequestPolicyConfig>",
    );
    fake.put(&format!("{root}/origin-access-control/OAC1/config"), "<OriginAccessControlConfig><Name>a</Name><SigningBehavior>always</SigningBehavior></OriginAccessControlConfig>");
    fake.call(&format!("GET {root}/tagging"), "<Tags><Items><Tag><Key>site</Key><Value>blog</Value></Tag><Tag><Key>aws:x</Key><Value>y</Value></Tag></Items></Tags>");
    fake.call(&format!("GET {root}/function/routes/describe"), "<FunctionSummary><FunctionConfig><Runtime>cloudfront-js-2.0</Runtime></FunctionConfig></FunctionSummary>");
    fake.call(
        "GET /2015-03-31/functions/edge/configuration",
        r#"{"Runtime":"nodejs24.x","Timeout":5}"#,
    );
    fake.call(
        "GET /2015-03-31/functions/",
        r#"{"Functions":[{"FunctionName":"thumbs"},{"FunctionName":"other"}]}"#,
    );
    fake.call(
        "GET /2021-10-31/functions/other/urls",
        r#"{"FunctionUrlConfigs":[]}"#,
    );
    fake.call("GET /2021-10-31/functions/thumbs/urls", &format!(r#"{{"FunctionUrlConfigs":[{{"FunctionUrl":"https://{URL}/","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:thumbs","AuthType":"NONE"}}]}}"#));
    fake.call(
        "GET /2015-03-31/functions/thumbs/configuration",
        r#"{"Runtime":"provided.al2023","Timeout":60}"#,
    );
    fake.call(
        "GET /2015-03-31/functions/thumbs/policy",
        r#"{"Policy":"{\"Statement\":[]}"}"#,
    );
    fake.call("GET /", "<ListAllMyBucketsResult><Buckets><Bucket><Name>site</Name><BucketRegion>eu-west-1</BucketRegion></Bucket><Bucket><Name>logs</Name></Bucket></Buckets></ListAllMyBucketsResult>");
    fake.put("/theirs", "");
    fake.put("/site?policy", r#"{"Statement":[]}"#);
    fake.put("/site?publicAccessBlock", "<P><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets></P>");
    fake.put("/site?encryption", "<S><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></S>");
    fake.put("/site?versioning", "<V><Status>Enabled</Status></V>");
    fake.put(
        "/site?logging",
        "<L><LoggingEnabled><TargetBucket>logs</TargetBucket></LoggingEnabled></L>",
    );
    fake.put(
        "/site?ownershipControls",
        "<O><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></O>",
    );
    fake.put("/logs?versioning", "<V/>");
    fake.put("/logs?logging", "<L/>");
    fake.put(
        "/logs?location",
        "<LocationConstraint>eu-central-1</LocationConstraint>",
    );
    fake.call("DescribeDeliverySources", &format!(r#"{{"deliverySources":[{{"name":"s","resourceArns":["{ARN}"]}},{{"name":"t","resourceArns":["arn:other"]}}]}}"#));
    fake.call("DescribeDeliveries", r#"{"deliveries":[{"deliverySourceName":"s","deliveryDestinationArn":"arn:d"},{"deliverySourceName":"t","deliveryDestinationArn":"arn:e"}]}"#);
    fake.call("DescribeDeliveryDestinations", r#"{"deliveryDestinations":[{"arn":"arn:d","deliveryDestinationConfiguration":{"destinationResourceArn":"arn:aws:s3:::logs/cdn"}}]}"#);
    fake.call("DescribeLogGroups", r#"{"logGroups":[{"logGroupName":"/aws/lambda/us-east-1.edge"},{"logGroupName":"/aws/lambda/us-east-1.edge-2","retentionInDays":3}]}"#);
    fake.call("GetWebACL", r#"{"WebACL":{"Rules":[{"Statement":{"ManagedRuleGroupStatement":{"Name":"AWSManagedRulesKnownBadInputsRuleSet"}}}]}}"#);
    fake.call("POST /v1/ListSubscriptions", &format!(r#"{{"subscriptionSummaries":[{{"resourceArns":["{ARN}"],"planTier":"PRO","status":"ACTIVE"}}]}}"#));
    fake.call("DescribeBudgets", r#"{"Budgets":[{"BudgetName":"all"}]}"#);
    fake.call("DescribeAlarms", "<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms><member><AlarmName>bill</AlarmName><Namespace>AWS/Billing</Namespace></member><member><AlarmName>cpu</AlarmName><Namespace>AWS/EC2</Namespace></member></MetricAlarms></DescribeAlarmsResult></DescribeAlarmsResponse>");
    fake
}

async fn read(fake: &Fake) -> Observed {
    observe(&fake.aws(), "www.example.org", ID, TODAY, Reach::ApiOnly).await
}

fn denied(permission: &str) -> Reason {
    Reason::Denied(permission.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_read_into_its_place() {
    let fake = account().await;
    let observed = read(&fake).await;
    assert_eq!(observed.arn.as_deref(), Some(ARN));
    let text = observed.distribution.get().unwrap().write();
    assert!(
        text.contains("<NewerThanAnySdk a='1'>x</NewerThanAnySdk>"),
        "{text}"
    );
    assert_eq!(
        observed.tags,
        Seen::Known(vec![("site".to_owned(), "blog".to_owned())])
    );
    assert!(observed.headers_policies["RHP"].get().is_ok());
    assert!(observed.origin_request_policies["ORP"].get().is_ok());
    assert!(observed.access_controls["OAC1"].get().is_ok());
    assert!(
        observed.cache_policies.is_empty(),
        "AWS's own are not asked for"
    );

    let functions: Vec<(&str, Option<u64>)> = observed
        .functions
        .values()
        .map(|seen| seen.get().unwrap())
        .map(|function| (function.runtime.as_str(), function.timeout_seconds))
        .collect();
    assert_eq!(
        functions,
        [
            ("cloudfront-js-2.0", None),
            ("provided.al2023", Some(60)),
            ("nodejs24.x", Some(5))
        ]
    );
    let url = &observed.function_urls[URL];
    assert_eq!(url.auth_type, Seen::Known("NONE".to_owned()));
    assert!(url.policy.get().unwrap().is_some());
    assert_eq!(
        url.status_without_cloudfront,
        Seen::default(),
        "nobody asked"
    );

    let existence = |name: &str| observed.buckets[name].existence.clone();
    assert_eq!(existence("gone"), Seen::Known(Existence::Missing));
    assert_eq!(existence("theirs"), Seen::Known(Existence::Others));
    let site = &observed.buckets["site"];
    assert_eq!(site.existence, Seen::Known(Existence::Ours));
    assert_eq!(
        site.blocks_public_access,
        Seen::Known(false),
        "one of four is off"
    );
    assert_eq!(site.encryption, Seen::Known(Some("AES256".to_owned())));
    assert_eq!(
        (&site.is_versioned, site.is_log_bucket),
        (&Seen::Known(true), false)
    );
    assert_eq!(
        site.ownership,
        Seen::Known("BucketOwnerEnforced".to_owned())
    );
    let logs = &observed.buckets["logs"];
    assert!(logs.is_log_bucket);
    assert_eq!(
        (&logs.policy, &logs.encryption),
        (&Seen::Known(None), &Seen::Known(None))
    );
    assert_eq!(logs.ownership, Seen::Known("ObjectWriter".to_owned()));

    assert_eq!(
        observed.log_deliveries,
        Seen::Known(vec!["arn:aws:s3:::logs/cdn".to_owned()])
    );
    let groups = observed.edge_log_groups.get().unwrap();
    assert_eq!(
        groups.len(),
        quillfront_observe::logs::EDGE_REGIONS.len(),
        "one in each region"
    );
    assert!(groups.iter().all(|group| group.retention_days.is_none()));
    assert_eq!(observed.pricing_plan, Seen::Known(Some(Plan::Pro)));
    assert_eq!(
        observed.spending_bounds,
        Seen::Known(vec!["budget all".to_owned(), "alarm bill".to_owned()])
    );
    assert_eq!(
        observed.web_acl_groups,
        Seen::Known(Some(vec![
            "AWSManagedRulesKnownBadInputsRuleSet".to_owned()
        ]))
    );
    assert!(fake.account().writes.is_empty());
    let report = quillfront_audit::audit(&observed, &[]);
    let blind: Vec<_> = report
        .unknown
        .iter()
        .filter(|blind| !blind.outside)
        .collect();
    assert!(blind.is_empty(), "{blind:?}");
    assert!(
        report
            .findings
            .iter()
            .any(|f| f.id == "dangling-origin" && f.place == "origin gone")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_missing_is_named_and_the_rest_goes_on() {
    type Look = fn(&Observed) -> Option<Reason>;
    let cases: [(&str, &str, Look); 9] = [
        (
            "GET /2020-05-31/tagging",
            "cloudfront:ListTagsForResource",
            |o| o.tags.get().err().cloned(),
        ),
        ("GET /site?policy", "s3:GetBucketPolicy", |o| {
            o.buckets["site"].policy.get().err().cloned()
        }),
        ("GET /site?versioning", "s3:GetBucketVersioning", |o| {
            o.buckets["site"].is_versioned.get().err().cloned()
        }),
        (
            "DescribeDeliverySources",
            "logs:DescribeDeliverySources",
            |o| o.log_deliveries.get().err().cloned(),
        ),
        ("DescribeLogGroups", "logs:DescribeLogGroups", |o| {
            o.edge_log_groups.get().err().cloned()
        }),
        ("GetWebACL", "wafv2:GetWebACL", |o| {
            o.web_acl_groups.get().err().cloned()
        }),
        (
            "POST /v1/ListSubscriptions",
            "pricingplanmanager:ListSubscriptions",
            |o| o.pricing_plan.get().err().cloned(),
        ),
        (
            "GET /2015-03-31/functions/thumbs/policy",
            "lambda:GetPolicy",
            |o| o.function_urls[URL].policy.get().err().cloned(),
        ),
        (
            "GET /2020-05-31/response-headers-policy/RHP",
            "cloudfront:GetResponseHeadersPolicy",
            |o| o.headers_policies["RHP"].get().err().cloned(),
        ),
    ];
    let fake = account().await;
    for (request, permission, look) in cases {
        fake.account().denied = [request.to_owned()].into();
        let observed = read(&fake).await;
        assert_eq!(look(&observed), Some(denied(permission)), "{request}");
        let report = quillfront_audit::audit(&observed, &[]);
        let threshold = Threshold {
            fail_on: Severity::Critical,
            min_score: None,
        };
        assert_eq!(exit_code(&report, threshold), 3, "{request}");
        assert!(
            report
                .unknown
                .iter()
                .any(|blind| blind.reason.contains(permission)),
            "{request}"
        );
        assert!(
            report.findings.iter().any(|f| f.id == "dangling-origin"),
            "{request}: it goes on with the rest"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_question_that_is_refused_is_told_and_nothing_passes() {
    let fake = account().await;
    fake.account().denied = ["GET /2020-05-31/distribution/".to_owned()].into();
    let observed = read(&fake).await;
    assert_eq!(
        observed.distribution.get().unwrap_err(),
        &denied("cloudfront:GetDistribution")
    );
    let report = quillfront_audit::audit(&observed, &[]);
    assert_eq!(exit_code(&report, Threshold::default()), 3);
    assert!(report.findings.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_budget_and_alarm_is_enough() {
    let fake = account().await;
    fake.account().denied = ["DescribeBudgets".to_owned()].into();
    assert_eq!(
        read(&fake).await.spending_bounds,
        Seen::Known(vec!["alarm bill".to_owned()])
    );
    fake.call(
        "DescribeAlarms",
        "<R><DescribeAlarmsResult><MetricAlarms/></DescribeAlarmsResult></R>",
    );
    assert_eq!(
        read(&fake).await.spending_bounds,
        Seen::Unknown(denied("budgets:ViewBudget"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_a_bucket_is_can_be_told_without_the_list_of_buckets() {
    let fake = account().await;
    fake.put("/site", "");
    fake.account().calls.remove("GET /");
    fake.account().denied = ["GET /".to_owned()].into();
    let buckets = quillfront_observe::buckets::Named {
        origins: ["site", "gone"].map(str::to_owned).into(),
        ..Default::default()
    };
    let read = quillfront_observe::buckets::read(&fake.aws(), Some("123456789012"), buckets).await;
    assert_eq!(read["site"].existence, Seen::Known(Existence::Ours));
    assert_eq!(read["gone"].existence, Seen::Known(Existence::Missing));
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_and_failures_are_sat_out() {
    let fake = account().await;
    let calm = read(&fake).await;
    let distribution = format!("GET /2020-05-31/distribution/{ID}");
    fake.account().faults = vec![
        (distribution.clone(), Fault::Busy),
        (distribution, Fault::Lost),
        ("DescribeDeliverySources".to_owned(), Fault::Throttled),
        ("GET /site?policy".to_owned(), Fault::Busy),
        ("GetWebACL".to_owned(), Fault::Lost),
    ];
    let stormy = read(&fake).await;
    assert!(fake.account().faults.is_empty(), "all of them happened");
    assert_eq!(format!("{calm:?}"), format!("{stormy:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_reach_no_other_path() {
    let fake = account().await;
    let hostile = CONFIG
        .replace(">RHP<", ">../distribution/E2<")
        .replace(">OAC1<", ">a b<")
        .replace("site.s3.", "..%2f.s3.")
        .replace("function/routes", "function/../x")
        .replace("abc.lambda-url.eu-west-1.on.aws", "x.lambda-url.../.on.aws");
    fake.put(&format!("/2020-05-31/distribution/{ID}/config"), &hostile);
    let observed = read(&fake).await;
    let log = fake.account().log.join("\n");
    assert!(
        !log.contains("..") && !log.contains('%') && !log.contains("E2\n"),
        "{log}"
    );
    let report = quillfront_audit::audit(&observed, &[]);
    assert_eq!(
        exit_code(&report, Threshold::default()),
        3,
        "what was not read does not pass"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_found_among_the_distributions() {
    let fake = account().await;
    let look = |name: &str| {
        let target = name.parse().unwrap();
        let aws = fake.aws();
        async move { find(&aws, &target).await }
    };
    let ours = Ok(Found::Distribution(ID.to_owned()));
    assert_eq!(look("www.example.org").await, ours);
    assert_eq!(look("https://d1.cloudfront.net/a").await, ours);
    assert_eq!(look("www.example.com").await, Ok(Found::Foreign));
    assert_eq!(look(ARN).await, ours);
    fake.account().denied = ["GET /2020-05-31/distribution".to_owned()].into();
    assert_eq!(
        look("www.example.org").await,
        Err(denied("cloudfront:ListDistributions"))
    );
}
