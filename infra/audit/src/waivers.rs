//! Waivers: findings that somebody has looked at and lives with, for a reason and for a time.
//!
//! ```toml
//! [[waiver]]
//! id = "waf"
//! where = "distribution"          # optional; `*` stands for any text
//! reason = "static files only"
//! expires = 2027-06-01
//! ```

use crate::checks::CHECKS;
use crate::finding::Finding;
use jiff::civil::Date;
use serde::Deserialize;

/// One waiver.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The check.
    pub id: String,
    /// The places it is about; none: all.
    #[serde(rename = "where", default)]
    pub place: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day on which it stands, as in a file of TOML.
    pub expires: toml::value::Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<toml::Spanned<Waiver>>,
}

/// A file of waivers with a mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct WaiverError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and how to mend it.
    pub what: String,
}

/// Reads a file of waivers.
///
/// # Errors
/// It is no TOML, a check is unknown, a reason is empty, or an expiry is no day.
pub fn parse(text: &str) -> Result<Vec<Waiver>, WaiverError> {
    let line_of = |at: usize| {
        text.as_bytes()[..at.min(text.len())]
            .split(|b| *b == b'\n')
            .count()
    };
    let file: File = toml::from_str(text).map_err(|error| WaiverError {
        line: line_of(error.span().map_or(0, |span| span.start)),
        what: error.message().to_owned(),
    })?;
    let mut waivers = Vec::new();
    for waiver in file.waiver {
        let line = line_of(waiver.span().start);
        let waiver = waiver.into_inner();
        let reject = |what: String| Err(WaiverError { line, what });
        if !CHECKS.iter().any(|check| check.id == waiver.id) {
            return reject(format!(
                "there is no check `{}`; the manual's page “Auditing” lists them",
                waiver.id
            ));
        }
        if waiver.reason.trim().is_empty() {
            return reject("a waiver needs a reason".to_owned());
        }
        if last_day(&waiver).is_none() {
            return reject("`expires` is a day, as `2027-06-01`".to_owned());
        }
        waivers.push(waiver);
    }
    Ok(waivers)
}

/// Marks the findings that a waiver stands for on that day. A waiver that has expired does
/// nothing.
pub fn apply(waivers: &[Waiver], today: Date, findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|f| f.waived.is_none()) {
        let stands = |waiver: &&Waiver| {
            waiver.id == finding.id
                && waiver
                    .place
                    .as_deref()
                    .is_none_or(|place| matches(place, &finding.place))
                && last_day(waiver).is_some_and(|last| today <= last)
        };
        if let Some(waiver) = waivers.iter().find(stands) {
            finding.waived = Some(format!("{} (until {})", waiver.reason, waiver.expires));
        }
    }
}

fn last_day(waiver: &Waiver) -> Option<Date> {
    if waiver.expires.time.is_some() {
        return None;
    }
    let date = waiver.expires.date?;
    let part = |n: u8| i8::try_from(n).ok();
    Date::new(
        i16::try_from(date.year).ok()?,
        part(date.month)?,
        part(date.day)?,
    )
    .ok()
}

/// Whether a text is what a pattern with `*` says.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn finding(id: &'static str, place: &str) -> Finding {
        Finding {
            id,
            severity: Severity::High,
            title: "",
            place: place.to_owned(),
            evidence: String::new(),
            why: "",
            mend: "",
            fixable: false,
            same_as: &[],
            waived: None,
        }
    }

    #[test]
    fn a_waiver_stands_for_its_check_and_place_until_its_last_day() {
        let text = "[[waiver]]\nid = \"viewer-https\"\nwhere = \"behaviour */old/*\"\nreason = \"old clients\"\nexpires = 2027-01-31\n";
        let waivers = parse(text).unwrap();
        let found = || {
            vec![
                finding("viewer-https", "behaviour a/old/b"),
                finding("viewer-https", "behaviour *"),
                finding("waf", "behaviour a/old/b"),
            ]
        };
        let waived = |today: &str| {
            let mut findings = found();
            apply(&waivers, today.parse().unwrap(), &mut findings);
            findings
                .iter()
                .map(|f| f.waived.is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(waived("2027-01-31"), [true, false, false]);
        assert_eq!(waived("2027-02-01"), [false, false, false]);
    }

    #[test]
    fn mistakes_name_their_line() {
        let good = "[[waiver]]\nid = \"waf\"\nreason = \"r\"\nexpires = 2027-01-31\n";
        assert_eq!(parse(good).unwrap().len(), 1);
        assert!(parse("").unwrap().is_empty());
        for (bad, line, what) in [
            (good.replace("waf", "wav"), 1, "no check `wav`"),
            (
                format!("{good}{}", good.replace("\"r\"", "\" \"")),
                5,
                "needs a reason",
            ),
            (good.replace("2027-01-31", "\"soon\""), 4, ""),
            (good.replace("2027-01-31", "10:00:00"), 1, "is a day"),
            (good.replace("reason", "resaon"), 3, "unknown field"),
            (good.replace("[[waiver]]", "[[waiver"), 1, ""),
        ] {
            let error = parse(&bad).unwrap_err();
            assert_eq!(error.line, line, "{bad}: {error}");
            assert!(error.what.contains(what), "{error}");
        }
    }
}
