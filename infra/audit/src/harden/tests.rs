//! Plans for distributions that something is wrong with, and what edits do to texts.

use super::edit::{Edit, Spot, Value, apply};
use super::{Call, Choice, Creation, Part, Plan, Resource, Step, When, plan};
use crate::audit;
use crate::checks::CHECKS;
use crate::observed::{
    Bucket, Existence, Function, FunctionUrl, LogGroup, Observed, Seen, document,
};
use std::collections::BTreeMap;

const ARN: &str = "arn:aws:cloudfront::123456789012:distribution/E1";

/// As bad as it can be, with an element that nobody knows in each place.
const WORST: &str = r#"<?xml version="1.0"?>
<!-- kept --><DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/" new:a='1' xmlns:new="x">
  <Origins><Quantity>2</Quantity><Items>
    <Origin><Id>site</Id><DomainName>site.s3.eu-west-1.amazonaws.com</DomainName><S3OriginConfig><OriginAccessIdentity/><Unknown1>a &amp; b</Unknown1></S3OriginConfig><Unknown2/></Origin>
    <Origin><Id>api</Id><DomainName>api.example.org</DomainName><CustomHeaders><Quantity>1</Quantity><Items><OriginCustomHeader><HeaderName>x-key</HeaderName><HeaderValue>secret</HeaderValue></OriginCustomHeader></Items></CustomHeaders><CustomOriginConfig><HTTPPort>80</HTTPPort><OriginProtocolPolicy>match-viewer</OriginProtocolPolicy><OriginSslProtocols><Quantity>2</Quantity><Items><SslProtocol>SSLv3</SslProtocol><SslProtocol>TLSv1.2</SslProtocol></Items></OriginSslProtocols><OriginMtlsConfig><X/></OriginMtlsConfig></CustomOriginConfig></Origin>
  </Items></Origins>
  <OriginGroups><Quantity>1</Quantity><Items><OriginGroup><Id>group</Id><FailoverCriteria><StatusCodes><Quantity>2</Quantity><Items><StatusCode>403</StatusCode><StatusCode>500</StatusCode></Items></StatusCodes></FailoverCriteria><Members><Quantity>2</Quantity><Items><OriginGroupMember><OriginId>site</OriginId></OriginGroupMember><OriginGroupMember><OriginId>api</OriginId></OriginGroupMember></Items></Members></OriginGroup></Items></OriginGroups>
  <DefaultCacheBehavior><TargetOriginId>group</TargetOriginId><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy><AllowedMethods><Quantity>3</Quantity><Items><Method>GET</Method><Method>HEAD</Method><Method>DELETE</Method></Items><CachedMethods><Quantity>2</Quantity></CachedMethods></AllowedMethods><Compress>false</Compress><Unknown3 a="b">x<!-- y --></Unknown3><MinTTL>60</MinTTL></DefaultCacheBehavior>
  <CacheBehaviors><Quantity>1</Quantity><Items><CacheBehavior><PathPattern>/api/*</PathPattern><TargetOriginId>api</TargetOriginId><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy><CachePolicyId>own</CachePolicyId><Compress>true</Compress></CacheBehavior></Items></CacheBehaviors>
  <Comment></Comment><Enabled>true</Enabled>
  <ViewerCertificate><ACMCertificateArn>arn:c</ACMCertificateArn><SSLSupportMethod>vip</SSLSupportMethod><MinimumProtocolVersion>TLSv1</MinimumProtocolVersion></ViewerCertificate>
  <WebACLId/><HttpVersion>http1.1</HttpVersion><IsIPV6Enabled>false</IsIPV6Enabled><NewerThanAnySdk>1</NewerThanAnySdk>
</DistributionConfig>
"#;

fn worst() -> Observed {
    let mut observed = Observed::outside("E1", "2026-12-01".parse().unwrap());
    observed.arn = Some(ARN.to_owned());
    observed.distribution = document(WORST);
    observed.tags = Seen::Known(Vec::new());
    let cache =
        "<CachePolicy><CachePolicyConfig><MinTTL>5</MinTTL></CachePolicyConfig></CachePolicy>";
    observed
        .cache_policies
        .insert("own".to_owned(), document(cache));
    let bucket = Bucket {
        existence: Seen::Known(Existence::Ours),
        policy: Seen::Known(None),
        blocks_public_access: Seen::Known(false),
        encryption: Seen::Known(None),
        is_versioned: Seen::Known(false),
        ownership: Seen::Known("ObjectWriter".to_owned()),
        ..Bucket::default()
    };
    observed.buckets.insert("site".to_owned(), bucket);
    let group = LogGroup {
        name: "eu-west-1 /aws/lambda/us-east-1.edge".to_owned(),
        retention_days: None,
    };
    observed.edge_log_groups = Seen::Known(vec![group]);
    observed
}

fn planned(observed: &Observed, choice: &Choice) -> Plan {
    plan(observed, &audit(observed, &[]), choice)
}

fn ids(changes: &[super::Change]) -> Vec<&'static str> {
    let mut ids: Vec<&str> = changes.iter().map(|change| change.id).collect();
    ids.dedup();
    ids
}

/// The text of the distribution after a plan.
fn after(text: &str, plan: &Plan) -> String {
    let edits: Vec<Edit> = plan
        .changes
        .iter()
        .flat_map(|change| &change.steps)
        .filter_map(|step| match step {
            Step::Rewrite(_, Resource::Distribution(_), edit) => Some(edit.clone()),
            _ => None,
        })
        .collect();
    let created = [
        (Creation::HeadersPolicy, "RHP".to_owned()),
        (Creation::BucketControl, "OAC".to_owned()),
        (Creation::FunctionControl, "OAC2".to_owned()),
    ];
    apply(Some(text), &edits, &created.into()).unwrap()
}

#[test]
fn what_cuts_off_nothing_is_done_and_the_rest_is_held() {
    let plan = planned(&worst(), &Choice::default());
    let done = ids(&plan.changes);
    for id in [
        "viewer-https",
        "origin-https",
        "origin-tls",
        "origin-access",
        "headers-policy",
        "min-ttl",
        "compression",
        "http3",
        "ipv6",
        "tagged",
        "bucket-tls-only",
        "bucket-encryption",
        "bucket-versioning",
        "edge-log-retention",
        "default-root-object",
    ] {
        assert!(done.contains(&id), "{id} of {done:?}");
    }
    let held = ids(&plan.held);
    for id in [
        "tls-policy",
        "sni",
        "post-quantum",
        "methods",
        "bucket-public-block",
        "bucket-ownership",
    ] {
        assert!(
            held.contains(&id) && !done.contains(&id),
            "{id} of {held:?}"
        );
    }
    assert!(plan.held.iter().all(|change| change.cuts_off.is_some()));
    assert!(plan.changes.iter().all(|change| change.cuts_off.is_none()));
    let text = format!("{:?}", plan.changes);
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn what_nobody_knows_survives_every_edit() {
    let all = Choice {
        only: CHECKS.iter().map(|check| check.id.to_owned()).collect(),
        certificate: Some("arn:new".to_owned()),
        web_acl: Some("arn:wall".to_owned()),
        ..Choice::default()
    };
    let plan = planned(&worst(), &all);
    let text = after(WORST, &plan);
    for kept in [
        "<!-- kept -->",
        "new:a='1'",
        "<Unknown1>a &amp; b</Unknown1>",
        "<Unknown2/>",
        "<Unknown3 a=\"b\">x<!-- y --></Unknown3>",
        "<OriginMtlsConfig><X/></OriginMtlsConfig>",
        "<NewerThanAnySdk>1</NewerThanAnySdk>",
        "<HeaderValue>secret</HeaderValue>",
        "<CachedMethods><Quantity>2</Quantity></CachedMethods>",
    ] {
        assert!(text.contains(kept), "{kept} is lost: {text}");
    }
    for made in [
        "<OriginAccessControlId>OAC</OriginAccessControlId>",
        "<ViewerProtocolPolicy>redirect-to-https",
        "<Quantity>2</Quantity><Items><Method>GET</Method><Method>HEAD</Method></Items>",
        "<Quantity>1</Quantity><Items><SslProtocol>TLSv1.2</SslProtocol></Items>",
        "<Quantity>1</Quantity><Items><StatusCode>500</StatusCode></Items>",
        "<MinimumProtocolVersion>TLSv1.3_2025",
        "<WebACLId>arn:wall</WebACLId>",
        "<MinTTL>0</MinTTL>",
        "<DefaultRootObject>index.html</DefaultRootObject>",
    ] {
        assert!(text.contains(made), "{made} is not there: {text}");
    }
    assert!(!text.contains("allow-all"), "{text}");
    // In the order of the API reference.
    let place = |what: &str| text.find(what).unwrap();
    assert!(place("<DefaultRootObject>") < place("<Origins>"));
    assert!(place("<ResponseHeadersPolicyId>") < place("<MinTTL>"));
}

#[test]
fn a_second_time_changes_no_byte_and_plans_nothing() {
    let mut observed = worst();
    let choice = Choice::default();
    let first = planned(&observed, &choice);
    let text = after(WORST, &first);
    assert_eq!(after(&text, &first), text, "the same edits");
    observed.distribution = document(&text);
    observed.tags = Seen::Known(vec![("site".to_owned(), "E1".to_owned())]);
    observed.edge_log_groups = Seen::Known(Vec::new());
    let cache = "<CachePolicyConfig><MinTTL>0</MinTTL></CachePolicyConfig>";
    observed
        .cache_policies
        .insert("own".to_owned(), document(cache));
    let policy = Creation::HeadersPolicy.text().unwrap();
    observed
        .headers_policies
        .insert("RHP".to_owned(), document(&policy));
    let control = Creation::BucketControl.text().unwrap();
    observed
        .access_controls
        .insert("OAC".to_owned(), document(&control));
    let bucket = observed.buckets.get_mut("site").unwrap();
    let edits: Vec<Edit> = first
        .changes
        .iter()
        .flat_map(|change| &change.steps)
        .filter_map(|step| match step {
            Step::Rewrite(_, Resource::Bucket(_, Part::Policy), edit) => Some(edit.clone()),
            _ => None,
        })
        .collect();
    let policy = apply(None, &edits, &BTreeMap::new()).unwrap();
    assert_eq!(
        apply(Some(&policy), &edits, &BTreeMap::new()).unwrap(),
        policy
    );
    bucket.policy = Seen::Known(Some(serde_json::from_str(&policy).unwrap()));
    bucket.encryption = Seen::Known(Some("AES256".to_owned()));
    bucket.is_versioned = Seen::Known(true);
    let second = planned(&observed, &choice).changes;
    assert!(second.is_empty(), "{second:#?}");
}

#[test]
fn a_signature_takes_the_readers_host_away() {
    let mut observed = worst();
    let with = |policy: &str| {
        let setting = format!("<OriginRequestPolicyId>{policy}</OriginRequestPolicyId>");
        document(&WORST.replacen("<MinTTL>60", &format!("{setting}<MinTTL>60"), 1))
    };
    observed.distribution = with("216adef6-5c7f-47e4-b989-5492eafa07d3");
    let done = planned(&observed, &Choice::default());
    let text = after(&observed.distribution.get().unwrap().write(), &done);
    assert!(
        text.contains("b689b0a8-53d0-40ab-baf2-68738e2966ac"),
        "{text}"
    );
    assert!(text.contains("<OriginAccessControlId>OAC"), "{text}");

    observed.distribution = with("own");
    let sends = "<OriginRequestPolicyConfig><HeadersConfig><HeaderBehavior>allViewer</HeaderBehavior></HeadersConfig></OriginRequestPolicyConfig>";
    observed
        .origin_request_policies
        .insert("own".to_owned(), document(sends));
    let done = planned(&observed, &Choice::default());
    assert!(
        ids(&done.held).contains(&"origin-access"),
        "every request would be refused"
    );
    assert!(!ids(&done.changes).contains(&"origin-access"));
}

#[test]
fn failover_on_403_stays_where_buckets_cannot_be_listed() {
    let choice = Choice {
        skip: vec!["origin-access".to_owned()],
        ..Choice::default()
    };
    let plan = planned(&worst(), &choice);
    assert!(ids(&plan.held).contains(&"failover-403"));
    assert!(!ids(&plan.changes).contains(&"failover-403"));
    assert!(ids(&planned(&worst(), &Choice::default()).changes).contains(&"failover-403"));
}

#[test]
fn names_choose_and_leave_out() {
    let only = |ids: &[&str], skip: &[&str]| {
        let list = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let choice = Choice {
            only: list(ids),
            skip: list(skip),
            ..Choice::default()
        };
        ids_of(&planned(&worst(), &choice))
    };
    fn ids_of(plan: &Plan) -> Vec<&'static str> {
        ids(&plan.changes)
    }
    assert_eq!(only(&["tls-policy"], &[]), ["tls-policy"]);
    assert!(!only(&[], &["ipv6"]).contains(&"ipv6"));
    assert!(only(&["ipv6"], &["ipv6"]).is_empty());
    assert!(
        only(&["waf", "certificate"], &[]).is_empty(),
        "nobody said which"
    );
    let given = Choice {
        web_acl: Some("arn:wall".to_owned()),
        ..Choice::default()
    };
    let with_wall = ids_of(&planned(&worst(), &given));
    assert!(
        with_wall.contains(&"waf") && with_wall.contains(&"ipv6"),
        "beside the usual ones"
    );
}

#[test]
fn waived_findings_are_left_alone() {
    let observed = worst();
    let waiver = "[[waiver]]\nid = \"ipv6\"\nreason = \"old network\"\nexpires = 2027-01-01\n";
    let report = audit(&observed, &crate::waivers::parse(waiver).unwrap());
    let plan = plan(&observed, &report, &Choice::default());
    assert!(!ids(&plan.changes).contains(&"ipv6"));
}

#[test]
fn an_identity_is_granted_first_and_revoked_last() {
    let mut observed = worst();
    let identity = "origin-access-identity/cloudfront/E2OLD";
    let text = WORST.replacen(
        "<OriginAccessIdentity/>",
        &format!("<OriginAccessIdentity>{identity}</OriginAccessIdentity>"),
        1,
    );
    observed.distribution = document(&text);
    let choice = Choice {
        only: vec!["oai".to_owned()],
        ..Choice::default()
    };
    let plan = planned(&observed, &choice);
    let steps = &plan.changes[0].steps;
    let whens: Vec<Option<When>> = steps
        .iter()
        .map(|step| match step {
            Step::Create(_) => None,
            Step::Rewrite(when, ..) | Step::Call(when, _) => Some(*when),
        })
        .collect();
    assert_eq!(
        whens,
        [
            None,
            Some(When::Before),
            Some(When::With),
            Some(When::With),
            Some(When::With),
            Some(When::Deployed)
        ]
    );
    let Some(Step::Rewrite(_, _, revoke)) = steps.last() else {
        panic!("a policy is written last");
    };
    let arn = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2OLD";
    let policy = format!(
        r#"{{"Statement":[{{"Sid":"a","Effect":"Allow","Principal":{{"AWS":"{arn}"}},"Action":"s3:GetObject"}},{{"Sid":"b","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::1:root"}},"Action":"s3:*"}}]}}"#
    );
    let left = apply(
        Some(&policy),
        std::slice::from_ref(revoke),
        &BTreeMap::new(),
    )
    .unwrap();
    assert!(left.contains("\"b\"") && !left.contains("E2OLD"), "{left}");
}

#[test]
fn a_function_url_is_closed_after_the_deployment_and_only_by_name() {
    let mut observed = worst();
    let domain = "abc.lambda-url.eu-west-1.on.aws";
    observed.distribution = document(&WORST.replace("api.example.org", domain));
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
    let url = FunctionUrl {
        function_arn: arn.to_owned(),
        auth_type: Seen::Known("NONE".to_owned()),
        policy: Seen::Known(None),
        status_without_cloudfront: Seen::Known(200),
    };
    observed.function_urls.insert(domain.to_owned(), url);
    let function = Function {
        runtime: "provided.al2023".to_owned(),
        timeout_seconds: Some(90),
    };
    observed
        .functions
        .insert(arn.to_owned(), Seen::Known(function));
    let usual = planned(&observed, &Choice::default());
    assert!(ids(&usual.changes).contains(&"function-url-permissions"));
    assert!(ids(&usual.held).contains(&"function-url-oac"));
    let timeout = usual
        .changes
        .iter()
        .find(|change| change.id == "origin-timeout")
        .unwrap();
    assert!(timeout.what.ends_with("→ 60"), "{}", timeout.what);
    let choice = Choice {
        only: vec!["function-url-oac".to_owned()],
        ..Choice::default()
    };
    let plan = planned(&observed, &choice);
    let last = plan.changes[0].steps.last().unwrap();
    assert_eq!(
        *last,
        Step::Call(
            When::Deployed,
            Call::AuthType {
                function_arn: arn.to_owned()
            }
        )
    );
}

#[test]
fn the_table_says_what_harden_does() {
    use crate::checks::Mended;
    // What a check promises beside those of the worst distribution is tried in the other tests.
    let elsewhere = [
        "oai",
        "oac-signing",
        "oac-permission",
        "oac-any-distribution",
        "missing-is-403",
        "host-to-signed-origin",
        "function-url-open",
        "function-url-oac",
        "function-url-permissions",
        "origin-timeout",
        "bucket-public-read",
        "bucket-public-write",
        "certificate",
        "waf",
        "headers-policy-hsts",
        "stored-no-store",
    ];
    let plan = planned(&worst(), &Choice::default());
    let known: Vec<&str> = plan
        .changes
        .iter()
        .chain(&plan.held)
        .map(|change| change.id)
        .collect();
    for check in CHECKS {
        let is_page = check.id.starts_with("sent-")
            || ["header-score", "telling-headers", "tag-header-visible"].contains(&check.id);
        let is_tried = known.contains(&check.id) || elsewhere.contains(&check.id) || is_page;
        assert!(
            check.mended == Mended::No || is_tried,
            "{} promises what nothing does",
            check.id
        );
        assert!(
            check.mended != Mended::No || !known.contains(&check.id),
            "{} does more than it says",
            check.id
        );
    }
}

#[test]
fn an_edit_of_what_is_gone_says_so() {
    let edit = Edit::Set(
        Spot::Origin("gone".to_owned()),
        "X",
        Value::Text("1".to_owned()),
    );
    let error = apply(Some(WORST), &[edit], &BTreeMap::new()).unwrap_err();
    assert!(error.to_string().contains("origin gone"), "{error}");
    let edit = Edit::Set(
        Spot::Root,
        "WebACLId",
        Value::Created(Creation::HeadersPolicy),
    );
    assert!(apply(Some(WORST), &[edit], &BTreeMap::new()).is_err());
    assert!(apply(Some("<a>"), &[Edit::Hsts], &BTreeMap::new()).is_err());
}

#[test]
fn a_policy_of_headers_is_completed_and_keeps_what_it_has() {
    let text = "<ResponseHeadersPolicyConfig><Name>mine</Name><CorsConfig><New/></CorsConfig><SecurityHeadersConfig><FrameOptions><Override>true</Override><FrameOption>DENY</FrameOption></FrameOptions><Newer/></SecurityHeadersConfig><CustomHeadersConfig><Quantity>1</Quantity><Items><ResponseHeadersPolicyCustomHeader><Header>permissions-policy</Header><Value>camera=()</Value><Override>true</Override></ResponseHeadersPolicyCustomHeader></Items></CustomHeadersConfig></ResponseHeadersPolicyConfig>";
    let edits = [
        Edit::CompleteHeaders,
        Edit::TakeOff("x-powered-by".to_owned()),
    ];
    let done = apply(Some(text), &edits, &BTreeMap::new()).unwrap();
    for kept in [
        "<CorsConfig><New/></CorsConfig>",
        "<FrameOption>DENY</FrameOption>",
        "<Newer/>",
        "<Value>camera=()</Value>",
    ] {
        assert!(done.contains(kept), "{kept}: {done}");
    }
    assert!(
        done.contains("<AccessControlMaxAgeSec>31536000</AccessControlMaxAgeSec>"),
        "{done}"
    );
    assert!(
        done.contains("<Quantity>2</Quantity>") && done.contains("<Header>x-powered-by</Header>"),
        "{done}"
    );
    assert!(!done.contains("SAMEORIGIN"));
    assert_eq!(apply(Some(&done), &edits, &BTreeMap::new()).unwrap(), done);
}
