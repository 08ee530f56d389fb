//! What other checkers flag without reason.

use super::bad::{bucket, swap};
use super::{flagged, good};
use crate::finding::Severity;
use crate::observed::{Bucket, Existence, Reason, Seen};

const CUSTOM: &str = "<DomainName>abc.lambda-url.eu-west-1.on.aws</DomainName>";

#[test]
fn s3_origins_are_not_said_to_be_unencrypted() {
    let mut observed = good();
    swap(&mut observed, "redirect-to-https", "allow-all");
    assert!(!flagged(&observed).contains("origin-https"));
}

#[test]
fn a_load_balancer_is_no_missing_bucket() {
    let mut observed = good();
    let name = "lb-1.eu-west-1.elb.amazonaws.com";
    swap(
        &mut observed,
        CUSTOM,
        &format!("<DomainName>{name}</DomainName>"),
    );
    observed
        .origin_names
        .insert(name.to_owned(), Seen::Known(true));
    let found = flagged(&observed);
    for id in [
        "dangling-origin",
        "origin-access",
        "website-origin",
        "function-url-open",
    ] {
        assert!(!found.contains(id), "{id}");
    }
}

#[test]
fn a_bucket_of_another_region_is_not_missing() {
    let mut observed = good();
    swap(
        &mut observed,
        "site.s3.eu-west-1.amazonaws.com",
        "site.s3.ap-southeast-2.amazonaws.com",
    );
    assert!(!flagged(&observed).contains("dangling-origin"));
}

#[test]
fn a_bucket_that_nobody_may_look_at_is_not_missing() {
    let mut observed = good();
    bucket(&mut observed).existence = Seen::Unknown(Reason::Denied("s3:ListBucket".to_owned()));
    let (findings, unknown) = super::run(&observed);
    assert!(!findings.iter().any(|f| f.id == "dangling-origin"));
    let blind = unknown
        .iter()
        .find(|blind| blind.id == "dangling-origin")
        .unwrap();
    assert!(
        blind.reason.contains("`s3:ListBucket`") && !blind.outside,
        "{blind:?}"
    );
    bucket(&mut observed).existence = Seen::Known(Existence::Others);
    let (findings, _) = super::run(&observed);
    let finding = findings.iter().find(|f| f.id == "dangling-origin").unwrap();
    assert_eq!(finding.severity, Severity::Medium);
}

#[test]
fn each_kind_of_logging_is_logging() {
    let mut observed = good();
    assert!(
        !flagged(&observed).contains("logging"),
        "standard logging v2"
    );
    observed.log_deliveries = Seen::Known(Vec::new());
    swap(
        &mut observed,
        "<Logging><Enabled>false",
        "<Logging><Enabled>true",
    );
    assert!(!flagged(&observed).contains("logging"), "standard logging");
    swap(
        &mut observed,
        "<Logging><Enabled>true",
        "<Logging><Enabled>false",
    );
    swap(
        &mut observed,
        "<CachePolicyId>own",
        "<RealtimeLogConfigArn>arn</RealtimeLogConfigArn><CachePolicyId>own",
    );
    assert!(!flagged(&observed).contains("logging"), "real-time logs");
}

#[test]
fn the_default_certificates_fixed_tls_version_is_no_finding_of_its_own() {
    let mut observed = good();
    swap(
        &mut observed,
        "<CloudFrontDefaultCertificate>false",
        "<CloudFrontDefaultCertificate>true",
    );
    swap(&mut observed, "TLSv1.3_2025", "TLSv1");
    let found = flagged(&observed);
    assert!(found.contains("certificate"));
    for id in ["tls-policy", "post-quantum", "sni"] {
        assert!(!found.contains(id), "{id}");
    }
}

#[test]
fn key_groups_are_not_asked_of_a_public_site() {
    let (findings, _) = super::run(&good());
    let finding = findings.iter().find(|f| f.id == "key-groups").unwrap();
    assert!(finding.waived.as_deref().unwrap().contains("public site"));
}

#[test]
fn the_minimum_of_a_managed_cache_policy_is_no_finding() {
    // `CachingOptimized`, which the good configuration has, keeps everything for a second.
    assert!(!flagged(&good()).contains("min-ttl"));
}

#[test]
fn a_bucket_of_logs_need_not_log_itself() {
    let mut observed = good();
    let logs = Bucket {
        is_log_bucket: true,
        logs_to: Seen::Known(None),
        is_versioned: Seen::Known(false),
        ..bucket(&mut observed).clone()
    };
    observed.buckets.insert("logs".to_owned(), logs);
    let found = flagged(&observed);
    assert!(!found.contains("bucket-logging") && !found.contains("bucket-versioning"));
}

#[test]
fn no_origin_group_is_no_pass() {
    // prowler's check of failover holds for all of no groups.
    let mut observed = good();
    swap(&mut observed, "OriginGroups>", "Nothing>");
    assert!(flagged(&observed).contains("failover"));
}
