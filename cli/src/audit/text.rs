//! A report for people.

use crate::show::{BOLD, CYAN, DIM, GREEN, RED, YELLOW};
use anstyle::Style;
use quillfront_audit::checks::{CHECKS, Mended};
use quillfront_audit::finding::{Blind, Finding, Report, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Places of one check that are told one by one; of more, the number.
const MAX_PLACES: usize = 8;

/// Tells a report: each check once, with all its places.
pub struct Tell<'a> {
    pub report: &'a Report,
    /// Waived findings and places without end too.
    pub is_long: bool,
}

impl fmt::Display for Tell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        writeln!(f, "{BOLD}{}{BOLD:#}", report.target)?;
        let is_told = |finding: &&Finding| self.is_long || finding.waived.is_none();
        let findings: Vec<&Finding> = report.findings.iter().filter(is_told).collect();
        let mut told = BTreeSet::new();
        for finding in &findings {
            if told.insert((finding.id, finding.severity)) {
                let same: Vec<&Finding> = findings
                    .iter()
                    .filter(|other| (other.id, other.severity) == (finding.id, finding.severity))
                    .copied()
                    .collect();
                self.check(f, &same)?;
            }
        }
        blind(f, &report.unknown)?;
        write!(f, "{}", Summary(report))
    }
}

impl Tell<'_> {
    fn check(&self, f: &mut fmt::Formatter<'_>, same: &[&Finding]) -> fmt::Result {
        let Some(first) = same.first() else {
            return Ok(());
        };
        let style = style(first.severity);
        let severity = first.severity.name();
        writeln!(
            f,
            "{style}{severity:<8}{style:#} {CYAN}{}{CYAN:#}",
            first.id
        )?;
        let shown = if self.is_long { same.len() } else { MAX_PLACES };
        for finding in same.iter().take(shown) {
            writeln!(f, "  {}: {}", finding.place, finding.evidence)?;
            if let Some(reason) = &finding.waived {
                writeln!(f, "    {DIM}waived: {reason}{DIM:#}")?;
            }
        }
        if same.len() > shown {
            writeln!(f, "  and {} more", same.len() - shown)?;
        }
        let (why, mend, by) = (first.why, first.mend, mended(first.id));
        writeln!(f, "  {DIM}{why} {mend}{by}{DIM:#}")
    }
}

/// Which command mends the findings of a check.
fn mended(id: &str) -> String {
    let check = CHECKS.iter().find(|check| check.id == id);
    match check.map(|check| check.mended) {
        Some(Mended::Yes) => " `quillfront harden` mends it.".to_owned(),
        Some(Mended::ByName) => {
            let option = match id {
                "certificate" => "--certificate ARN".to_owned(),
                "waf" => "--web-acl ARN".to_owned(),
                id => format!("--only {id}"),
            };
            format!(" `quillfront harden {option}` mends it.")
        }
        Some(Mended::No) | None => String::new(),
    }
}

/// What could not be looked at, by the reason.
fn blind(f: &mut fmt::Formatter<'_>, unknown: &[Blind]) -> fmt::Result {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for blind in unknown.iter().filter(|blind| !blind.outside) {
        reasons.entry(&blind.reason).or_default().insert(blind.id);
    }
    for (reason, checks) in reasons {
        let checks: Vec<&str> = checks.into_iter().collect();
        writeln!(f, "{YELLOW}unknown {YELLOW:#} {reason}")?;
        writeln!(f, "  {DIM}not looked at: {}{DIM:#}", checks.join(", "))?;
    }
    Ok(())
}

/// One line: how many of what, and the score.
pub struct Summary<'a>(pub &'a Report);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let mut counts: BTreeMap<Severity, usize> = BTreeMap::new();
        let (waived, open): (Vec<&Finding>, Vec<&Finding>) = report
            .findings
            .iter()
            .partition(|finding| finding.waived.is_some());
        for finding in &open {
            *counts.entry(finding.severity).or_default() += 1;
        }
        let mut parts: Vec<String> = counts
            .iter()
            .rev()
            .map(|(severity, count)| format!("{count} {}", severity.name()))
            .collect();
        if open.is_empty() {
            parts.push(format!("{GREEN}no findings{GREEN:#}"));
        }
        if !waived.is_empty() {
            parts.push(format!("{} waived", waived.len()));
        }
        if let Some(score) = report.score {
            parts.push(format!("headers score {score}"));
        }
        f.write_str(&parts.join(", "))
    }
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => RED,
        Severity::Medium => YELLOW,
        Severity::Low | Severity::Info => DIM,
    }
}
