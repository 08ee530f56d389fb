//! What comes out of an audit: JSON, SARIF, exit codes.

use quillfront_audit::audit;
use quillfront_audit::checks::CHECKS;
use quillfront_audit::finding::{Report, Severity, Threshold, exit_code};
use quillfront_audit::observed::{Observed, Page, Reason, Seen, document};
use quillfront_audit::sarif::sarif;
use quillfront_audit::waivers;
use serde_json::{Value, json};

/// A distribution of which only the configuration is known, and that takes plain HTTP.
fn observed() -> Observed {
    let mut observed = Observed::outside("E1", "2026-12-01".parse().unwrap());
    observed.distribution = document(
        "<Distribution><DistributionConfig><DefaultCacheBehavior>\
         <ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy><Compress>true</Compress>\
         </DefaultCacheBehavior></DistributionConfig></Distribution>",
    );
    observed
}

/// A page without any header of security.
fn bare_page() -> Page {
    Page {
        url: "https://example.org/".to_owned(),
        status: 200,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        ..Page::default()
    }
}

#[test]
fn a_finding_is_the_json_of_the_interface() {
    let report = serde_json::to_value(audit(&observed(), &[])).unwrap();
    assert_eq!(report["target"], "E1");
    assert_eq!(report["score"], Value::Null);
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|f| f["id"] == "viewer-https").unwrap();
    let keys: Vec<&str> = finding
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = "id severity title where evidence why mend fixable same_as waived";
    assert_eq!(keys, expected.split(' ').collect::<Vec<_>>());
    assert_eq!(finding["where"], "behaviour *");
    assert_eq!(finding["severity"], "high");
    assert_eq!(finding["fixable"], true);
    assert_eq!(
        finding["same_as"],
        json!([
            "CloudFront.3",
            "cloudfront_distributions_https_enabled",
            "CKV_AWS_34"
        ])
    );
}

#[test]
fn the_worst_comes_first() {
    let report = audit(&observed(), &[]);
    let severities: Vec<Severity> = report.findings.iter().map(|f| f.severity).collect();
    assert!(
        severities.len() > 3 && severities.is_sorted_by(|a, b| a >= b),
        "{severities:?}"
    );
}

#[test]
fn the_exit_code_follows_severity_score_and_sight() {
    let code =
        |report: &Report, fail_on, min_score| exit_code(report, Threshold { fail_on, min_score });
    let report = audit(&observed(), &[]);
    assert_eq!(code(&report, Severity::High, None), 1);
    assert_eq!(code(&report, Severity::Critical, None), 0);
    assert_eq!(
        code(&report, Severity::Critical, Some(50)),
        3,
        "no page gave a score"
    );

    let waiver =
        "[[waiver]]\nid = \"viewer-https\"\nreason = \"old clients\"\nexpires = 2027-01-01\n";
    let waived = audit(&observed(), &waivers::parse(waiver).unwrap());
    assert_eq!(code(&waived, Severity::High, None), 0);
    assert_eq!(
        waived.findings.len(),
        report.findings.len(),
        "it is still listed"
    );

    let mut denied = observed();
    denied.tags = Seen::Unknown(Reason::Denied("cloudfront:ListTagsForResource".to_owned()));
    let denied = audit(&denied, &[]);
    assert_eq!(code(&denied, Severity::High, None), 3);
    assert!(
        denied.findings.iter().any(|f| f.id == "viewer-https"),
        "it goes on with the rest"
    );

    let mut outside = Observed::outside("example.org", "2026-12-01".parse().unwrap());
    assert_eq!(
        code(&audit(&outside, &[]), Severity::High, None),
        3,
        "nothing was seen"
    );
    outside.pages = Seen::Known(vec![bare_page()]);
    let outside = audit(&outside, &[]);
    assert_eq!(outside.score, Some(30));
    assert_eq!(code(&outside, Severity::Critical, None), 0);
    assert_eq!(code(&outside, Severity::Critical, Some(31)), 1);
    assert_eq!(code(&outside, Severity::High, None), 1);
}

#[test]
fn sarif_has_a_rule_for_each_check_and_a_result_for_each_finding() {
    let report = audit(&observed(), &[]);
    let log = sarif(std::slice::from_ref(&report), "0.1.0");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), CHECKS.len());
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report.findings.len());
    for (result, finding) in results.iter().zip(&report.findings) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["ruleId"], finding.id);
        assert_eq!(result["suppressions"].is_array(), finding.waived.is_some());
        let level = result["level"].as_str().unwrap();
        assert!(["error", "warning", "note"].contains(&level));
    }
    let notes = &run["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(notes.as_array().unwrap().len(), report.unknown.len());
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn hostile_configurations_end_no_audit() {
    for text in [
        "<DistributionConfig/>",
        "<Other/>",
        "<DistributionConfig><Origins><Items><Origin/><Origin><DomainName>.s3.amazonaws.com</DomainName></Origin></Items></Origins><DefaultCacheBehavior/></DistributionConfig>",
        "<DistributionConfig><OriginGroups><Items><OriginGroup/></Items></OriginGroups><ViewerCertificate/></DistributionConfig>",
    ] {
        let mut observed = observed();
        observed.distribution = document(text);
        let report = audit(&observed, &[]);
        assert!(!sarif(&[report], "0.1.0").is_null());
    }
    let mut unreadable = observed();
    unreadable.distribution = document("<a><b>");
    let report = audit(&unreadable, &[]);
    assert_eq!(exit_code(&report, Threshold::default()), 3);
}
