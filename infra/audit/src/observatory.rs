//! The score of a page's headers, by the arithmetic of Mozilla's HTTP Observatory (version 1.4.8):
//! 100 points, minus what is missing or wrong; extras count from 90 up.

mod cookies;
mod policy;
mod scripts;
#[cfg(test)]
mod tests;
mod transport;

use crate::observed::Page;

/// What one test found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The test's name there (`content-security-policy`).
    pub name: &'static str,
    /// The result's name there (`csp-not-implemented`).
    pub result: &'static str,
    /// The points it adds or takes.
    pub modifier: i32,
}

/// A page's score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// 0 to 145.
    pub total: u32,
    /// `A+` to `F`.
    pub grade: &'static str,
    /// All ten tests.
    pub tests: Vec<Test>,
}

/// From which score on extras count.
const EXTRAS_FROM: i32 = 90;

impl Page {
    /// Whether the Observatory would score it, and it is a page.
    pub fn is_scored(&self) -> bool {
        let is_answer = (200..400).contains(&self.status) || matches!(self.status, 401 | 403);
        is_answer && self.is_html()
    }
}

/// Scores a page.
pub fn score(page: &Page) -> Score {
    let policies = policy::Read::of(page);
    let hsts = transport::hsts(page);
    let tests: Vec<Test> = [
        ("content-security-policy", policies.result),
        ("cookies", cookies::result(page, is_hsts_passed(hsts.0))),
        ("cross-origin-resource-sharing", cors(page)),
        ("redirection", transport::redirection(page)),
        ("referrer-policy", referrer(page)),
        ("strict-transport-security", hsts),
        ("subresource-integrity", scripts::result(page)),
        ("x-content-type-options", nosniff(page)),
        (
            "x-frame-options",
            framing(page, policies.has_frame_ancestors),
        ),
        ("cross-origin-resource-policy", resource_policy(page)),
    ]
    .into_iter()
    .map(|(name, (result, modifier))| Test {
        name,
        result,
        modifier,
    })
    .collect();
    let lost: i32 = tests.iter().map(|test| test.modifier.min(0)).sum();
    let all: i32 = tests.iter().map(|test| test.modifier).sum();
    let total = if 100 + lost >= EXTRAS_FROM {
        100 + all
    } else {
        100 + lost
    };
    let total = u32::try_from(total).unwrap_or(0);
    Score {
        total,
        grade: grade(total),
        tests,
    }
}

/// A result's name and points.
type Result = (&'static str, i32);

fn is_hsts_passed(result: &str) -> bool {
    matches!(
        result,
        "hsts-preloaded" | "hsts-implemented-max-age-at-least-six-months"
    )
}

fn grade(total: u32) -> &'static str {
    match total {
        100.. => "A+",
        90.. => "A",
        85.. => "A-",
        80.. => "B+",
        70.. => "B",
        65.. => "B-",
        60.. => "C+",
        50.. => "C",
        45.. => "C-",
        40.. => "D+",
        30.. => "D",
        25.. => "D-",
        _ => "F",
    }
}

/// A header as the Observatory gets it: doubles as one line with commas.
fn joined(page: &Page, name: &str) -> Option<String> {
    let values: Vec<&str> = page.all(name).collect();
    let joined = values.join(", ");
    (!joined.is_empty()).then_some(joined)
}

fn metas<'a>(page: &'a Page, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
    let is_it = move |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
    page.metas
        .iter()
        .filter(is_it)
        .map(|(_, content)| content.as_str())
}

fn nosniff(page: &Page) -> Result {
    match joined(page, "x-content-type-options") {
        None => ("x-content-type-options-not-implemented", -5),
        Some(value) if value.trim().eq_ignore_ascii_case("nosniff") => {
            ("x-content-type-options-nosniff", 0)
        }
        Some(_) => ("x-content-type-options-header-invalid", -5),
    }
}

fn framing(page: &Page, has_frame_ancestors: bool) -> Result {
    if has_frame_ancestors {
        return ("x-frame-options-implemented-via-csp", 5);
    }
    let value = joined(page, "x-frame-options").map(|value| value.trim().to_ascii_lowercase());
    match value.as_deref() {
        None => ("x-frame-options-not-implemented", -20),
        Some("deny" | "sameorigin") => ("x-frame-options-sameorigin-or-deny", 0),
        Some(value) if value.starts_with("allow-from") => ("x-frame-options-allow-from-origin", 0),
        Some(_) => ("x-frame-options-header-invalid", -20),
    }
}

fn referrer(page: &Page) -> Result {
    const GOOD: [&str; 4] = [
        "no-referrer",
        "same-origin",
        "strict-origin",
        "strict-origin-when-cross-origin",
    ];
    const BAD: [&str; 4] = [
        "origin",
        "origin-when-cross-origin",
        "unsafe-url",
        "no-referrer-when-downgrade",
    ];
    let header = page.all("referrer-policy");
    let values: Vec<&str> = header.chain(metas(page, "referrer-policy")).collect();
    if values.is_empty() {
        return ("referrer-policy-not-implemented", 0);
    }
    let words = values.join(", ").to_ascii_lowercase();
    let mut valid = words
        .split(',')
        .map(str::trim)
        .filter(|word| GOOD.contains(word) || BAD.contains(word));
    match valid.next_back() {
        Some(word) if GOOD.contains(&word) => ("referrer-policy-private", 5),
        Some(_) => ("referrer-policy-unsafe", -5),
        None => ("referrer-policy-header-invalid", -5),
    }
}

fn resource_policy(page: &Page) -> Result {
    let name = "cross-origin-resource-policy";
    let value = joined(page, name).or_else(|| metas(page, name).next_back().map(str::to_owned));
    let value = value.map(|value| value.trim().to_ascii_lowercase());
    match value.as_deref() {
        None | Some("") => ("corp-not-implemented", 0),
        Some("same-site") => ("corp-implemented-with-same-site", 10),
        Some("same-origin") => ("corp-implemented-with-same-origin", 10),
        Some("cross-origin") => ("corp-implemented-with-cross-origin", 0),
        Some(_) => ("corp-header-invalid", -5),
    }
}

fn cors(page: &Page) -> Result {
    let Some((origin, headers)) = &page.cross_origin else {
        return ("cross-origin-resource-sharing-not-implemented", 0);
    };
    let header = |name| crate::observed::values(headers, name).next();
    let is_trusting = header("access-control-allow-credentials")
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
    match header("access-control-allow-origin") {
        None | Some("") => ("cross-origin-resource-sharing-not-implemented", 0),
        Some(value) if value.trim() == "*" => (
            "cross-origin-resource-sharing-implemented-with-public-access",
            0,
        ),
        Some(value) if value == origin && is_trusting => (
            "cross-origin-resource-sharing-implemented-with-universal-access",
            -50,
        ),
        Some(_) => (
            "cross-origin-resource-sharing-implemented-with-restricted-access",
            0,
        ),
    }
}
