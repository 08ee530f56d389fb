//! A report as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), which code hosts
//! show beside the code.

use crate::checks::CHECKS;
use crate::finding::{Finding, Report, Severity};
use serde_json::{Value, json};

/// Reports as a SARIF log, one run for each.
pub fn sarif(reports: &[Report], version: &str) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": reports.iter().map(|report| run(report, version)).collect::<Vec<_>>(),
    })
}

/// All checks are the rules of a run, so that a finding names its own by index; waived findings are
/// suppressed, and what could not be looked at is a notification.
fn run(report: &Report, version: &str) -> Value {
    let rules: Vec<Value> = CHECKS
        .iter()
        .map(|check| {
            json!({
                "id": check.id,
                "shortDescription": { "text": check.title },
                "fullDescription": { "text": check.why },
                "help": { "text": check.mend },
                "defaultConfiguration": { "level": level(check.severity) },
                "properties": { "tags": check.same_as, "security-severity": score(check.severity) },
            })
        })
        .collect();
    let notifications: Vec<Value> = report
        .unknown
        .iter()
        .map(|blind| {
            json!({
                "level": if blind.outside { "note" } else { "error" },
                "message": { "text": format!("{}: {}", blind.place, blind.reason) },
                "associatedRule": { "id": blind.id },
            })
        })
        .collect();
    json!({
        "tool": { "driver": {
            "name": "quillfront audit",
            "semanticVersion": version,
            "rules": rules,
        }},
        "invocations": [{
            "executionSuccessful": report.unknown.iter().all(|blind| blind.outside),
            "toolExecutionNotifications": notifications,
        }],
        "results": report.findings.iter().map(|f| result(report, f)).collect::<Vec<_>>(),
    })
}

fn result(report: &Report, finding: &Finding) -> Value {
    let mut result = json!({
        "ruleId": finding.id,
        "ruleIndex": CHECKS.iter().position(|check| check.id == finding.id),
        "level": level(finding.severity),
        "message": { "text": format!("{}: {}", finding.place, finding.evidence) },
        "locations": [{
            "logicalLocations": [{
                "name": finding.place,
                "fullyQualifiedName": format!("{}/{}", report.target, finding.place),
                "kind": "resource",
            }],
        }],
        "partialFingerprints": {
            "place/v1": format!("{}|{}|{}", report.target, finding.id, finding.place),
        },
    });
    if let Some(reason) = &finding.waived {
        result["suppressions"] = json!([{ "kind": "external", "justification": reason }]);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The number by which code hosts sort findings of security.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}
