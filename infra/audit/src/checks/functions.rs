//! Runtimes of functions, by a dated table (Lambda guide, "Lambda runtimes"). AWS moves projected dates, mostly
//! later: look at the guide before a release.

use super::{Check, Mended};
use crate::finding::Severity;
use jiff::ToSpan;
use jiff::civil::{Date, date};

/// When AWS stops mending each runtime.
const ENDS: [(&str, Date); 16] = [
    ("nodejs14.x", date(2023, 12, 4)),
    ("nodejs16.x", date(2024, 6, 12)),
    ("nodejs18.x", date(2025, 9, 1)),
    ("nodejs20.x", date(2026, 4, 30)),
    ("nodejs22.x", date(2027, 4, 30)),
    ("nodejs24.x", date(2028, 4, 30)),
    ("python3.7", date(2023, 12, 4)),
    ("python3.8", date(2024, 10, 14)),
    ("python3.9", date(2025, 12, 15)),
    ("python3.10", date(2026, 10, 31)),
    ("python3.11", date(2027, 6, 30)),
    ("python3.12", date(2028, 10, 31)),
    ("python3.13", date(2029, 6, 30)),
    ("python3.14", date(2029, 6, 30)),
    ("provided.al2", date(2026, 7, 31)),
    ("provided.al2023", date(2029, 6, 30)),
];

/// How long before its end a runtime is told of.
const NOTICE_DAYS: i32 = 90;

pub(super) const RUNTIME: Check = Check {
    id: "runtime",
    severity: Severity::High,
    title: "Functions run on a runtime that AWS still mends",
    why: "Holes that are found later stay open, and in the end the function cannot be changed any more.",
    mend: "Move the function to the newest runtime of its language.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let Some(config) = out.config(observed) else {
            return;
        };
        for behaviour in config.behaviours() {
            for (arn, _) in behaviour.functions() {
                if !observed.functions.contains_key(&arn) {
                    out.entry::<()>(&format!("function {arn}"), None);
                }
            }
        }
        for (arn, seen) in &observed.functions {
            let place = format!("function {arn}");
            let Some(function) = out.known(&place, seen) else {
                continue;
            };
            let runtime = function.runtime.as_str();
            if runtime == "cloudfront-js-1.0" {
                out.flag_as(Severity::Low, place, "`cloudfront-js-1.0` is the first version: 2.0 has `const`, promises and key-value stores");
                continue;
            }
            if runtime == "cloudfront-js-2.0" {
                continue;
            }
            let Some((_, end)) = ENDS.iter().find(|(name, _)| *name == runtime) else {
                let evidence = format!("`{runtime}` is not in the table of dates");
                out.flag_as(Severity::Info, place, evidence);
                continue;
            };
            let notice = end.saturating_sub(NOTICE_DAYS.days());
            if observed.today >= *end {
                out.flag(place, format!("`{runtime}` ended on {end}"));
            } else if observed.today >= notice {
                out.flag_as(
                    Severity::Medium,
                    place,
                    format!("`{runtime}` ends on {end}"),
                );
            }
        }
    },
};
