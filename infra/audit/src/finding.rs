//! Findings as plain data, what a whole audit says, and the exit code that follows.

use crate::observed::Reason;
use serde::{Deserialize, Serialize};

/// How much a finding matters, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// A layer of defence, or speed, is missing.
    Low,
    /// It weakens the site.
    Medium,
    /// It can be used, or breaks the site in a likely case.
    High,
    /// Anyone can take something over now.
    Critical,
}

impl Severity {
    /// As it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check's identifier.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What should be.
    pub title: &'static str,
    /// The behaviour, origin, bucket, page … that it is about.
    #[serde(rename = "where")]
    pub place: String,
    /// What was seen.
    pub evidence: String,
    /// Why it matters.
    pub why: &'static str,
    /// How to mend it.
    pub mend: &'static str,
    /// Whether `harden` mends it.
    pub fixable: bool,
    /// The identifiers of other checkers for the same.
    pub same_as: &'static [&'static str],
    /// Why it does not count; none where it does.
    pub waived: Option<String>,
}

/// A check that could not look somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blind {
    /// The check's identifier.
    pub id: &'static str,
    /// Where it wanted to look.
    #[serde(rename = "where")]
    pub place: String,
    /// Why it could not, in words.
    pub reason: String,
    /// Whether nobody asked, since there are no credentials.
    pub outside: bool,
}

impl Blind {
    pub(crate) fn new(id: &'static str, place: String, reason: &Reason) -> Self {
        Self {
            id,
            place,
            reason: reason.to_string(),
            outside: *reason == Reason::Outside,
        }
    }
}

/// What an audit says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What was audited.
    pub target: String,
    /// The lowest score of the headers of the pages (Mozilla's HTTP Observatory), 0 to 145; none
    /// where no page was seen.
    pub score: Option<u32>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub unknown: Vec<Blind>,
}

/// From when on a report is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// The least severity that counts (`--fail-on`).
    pub fail_on: Severity,
    /// The least score of the headers (`--min-score`).
    pub min_score: Option<u32>,
}

impl Default for Threshold {
    fn default() -> Self {
        Self {
            fail_on: Severity::High,
            min_score: None,
        }
    }
}

/// The exit code of `audit`: 3 where something could not be looked at that should have been, else 1
/// where a finding that is not waived reaches the threshold or the score does not, else 0. What
/// cannot be seen without credentials is not held against an audit from outside, unless it saw
/// nothing at all.
pub fn exit_code(report: &Report, threshold: Threshold) -> u8 {
    let saw_nothing = report.score.is_none() && report.findings.is_empty();
    let is_blind = |blind: &Blind| !blind.outside || saw_nothing;
    if report.unknown.iter().any(is_blind) {
        return 3;
    }
    let counts = |f: &Finding| f.waived.is_none() && f.severity >= threshold.fail_on;
    let is_low = match (threshold.min_score, report.score) {
        (Some(wanted), Some(score)) => score < wanted,
        (Some(_), None) => return 3,
        (None, _) => false,
    };
    u8::from(is_low || report.findings.iter().any(counts))
}
