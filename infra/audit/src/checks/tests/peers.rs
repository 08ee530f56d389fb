//! Every identifier of the other checkers is covered by a check.

use super::CHECKS;
use std::collections::BTreeSet;

/// Security Hub, all controls of CloudFront (the numbers that are missing are retired) and those of
/// S3 that apply to buckets behind a site.
const SECURITY_HUB: [&str; 24] = [
    "CloudFront.1",
    "CloudFront.3",
    "CloudFront.4",
    "CloudFront.5",
    "CloudFront.6",
    "CloudFront.7",
    "CloudFront.8",
    "CloudFront.9",
    "CloudFront.10",
    "CloudFront.12",
    "CloudFront.13",
    "CloudFront.14",
    "CloudFront.15",
    "CloudFront.16",
    "CloudFront.17",
    "S3.2",
    "S3.3",
    "S3.5",
    "S3.6",
    "S3.8",
    "S3.9",
    "S3.12",
    "S3.14",
    "S3.17",
];

/// prowler 5.46, after `cloudfront_distributions_`.
const PROWLER: [&str; 14] = [
    "custom_ssl_certificate",
    "default_root_object",
    "field_level_encryption_enabled",
    "geo_restrictions_enabled",
    "https_enabled",
    "https_sni_enabled",
    "logging_enabled",
    "multiple_origin_failover_configured",
    "origin_traffic_encrypted",
    "pqc_tls_enabled",
    "s3_origin_access_control",
    "s3_origin_non_existent_bucket",
    "using_deprecated_ssl_protocols",
    "using_waf",
];

/// checkov 3.3: those of distributions, for Terraform and CloudFormation, and that of response
/// headers policies (CKV_AWS_259).
const CHECKOV: [&str; 15] = [
    "CKV_AWS_34",
    "CKV_AWS_68",
    "CKV_AWS_86",
    "CKV_AWS_174",
    "CKV_AWS_216",
    "CKV_AWS_259",
    "CKV_AWS_305",
    "CKV_AWS_310",
    "CKV_AWS_374",
    "CKV2_AWS_32",
    "CKV2_AWS_42",
    "CKV2_AWS_46",
    "CKV2_AWS_47",
    "CKV2_AWS_54",
    "CKV2_AWS_72",
];

#[test]
fn all_identifiers_of_peers_are_covered_and_no_other_is_named() {
    let prowler = PROWLER.map(|name| format!("cloudfront_distributions_{name}"));
    let mut wanted: BTreeSet<String> = prowler.into_iter().collect();
    wanted.extend(SECURITY_HUB.iter().chain(&CHECKOV).map(|&id| id.to_owned()));
    let covered: BTreeSet<String> = CHECKS
        .iter()
        .flat_map(|check| check.same_as)
        .map(|&id| id.to_owned())
        .collect();
    assert_eq!(covered, wanted);
}
