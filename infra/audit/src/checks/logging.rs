//! Logs, of every kind that CloudFront has.

use super::{Check, Mended};
use crate::finding::Severity;

pub(super) const LOGGING: Check = Check {
    id: "logging",
    severity: Severity::Medium,
    title: "Requests are logged",
    why: "Without logs nobody can tell later who asked for what.",
    mend: "Deliver standard logs (v2) to a bucket.",
    mended: Mended::No,
    same_as: &[
        "CloudFront.5",
        "cloudfront_distributions_logging_enabled",
        "CKV_AWS_86",
    ],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        let is_old = config.0.is_true("Logging/Enabled");
        let behaviours = config.behaviours();
        let is_live = behaviours
            .iter()
            .any(|b| b.text("RealtimeLogConfigArn").is_some());
        if is_old || is_live {
            return;
        }
        // Standard logging v2 is not in the configuration: only its deliveries show it.
        if out
            .known("distribution", &observed.log_deliveries)
            .is_some_and(Vec::is_empty)
        {
            out.flag(
                "distribution",
                "no kind of logging is on, standard logging v2 included",
            );
        }
    },
};

pub(super) const RETENTION: Check = Check {
    id: "edge-log-retention",
    severity: Severity::Low,
    title: "Logs of functions at the edge are deleted after a time",
    why: "Each region where a reader is makes its own log group, which is kept and paid for for ever.",
    mend: "Set a retention in each region's log group.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(groups) = out.known("log groups", &observed.edge_log_groups) else {
            return;
        };
        for group in groups.iter().filter(|group| group.retention_days.is_none()) {
            out.flag(format!("log group {}", group.name), "it has no retention");
        }
    },
};
