//! Content security policies as the Observatory reads them, which is not quite as browsers do: a
//! directive that is there twice makes the policy invalid, and several policies are merged.

use super::{Result, metas};
use crate::observed::Page;
use std::collections::{BTreeMap, BTreeSet};

type Sources = BTreeMap<String, BTreeSet<String>>;

/// What the policies of a page come to.
pub(super) struct Read {
    pub(super) result: Result,
    pub(super) has_frame_ancestors: bool,
}

const BROAD: [&str; 8] = [
    "ftp:",
    "http:",
    "https:",
    "*",
    "http://*",
    "http://*.*",
    "https://*",
    "https://*.*",
];
const INLINE: [&str; 2] = ["'unsafe-inline'", "data:"];
const INVALID: Result = ("csp-header-invalid", -25);

/// The shortest policy that counts.
const MIN_CHARACTERS: usize = 6;

impl Read {
    pub(super) fn of(page: &Page) -> Self {
        let without = |result| Self {
            result,
            has_frame_ancestors: false,
        };
        let name = "content-security-policy";
        let mut texts: Vec<String> = Vec::new();
        let values: Vec<&str> = page.all(name).collect();
        if !values.is_empty() {
            texts.push(values.join(", "));
        }
        texts.extend(metas(page, name).map(str::to_owned));
        if texts.is_empty() {
            let is_trial = page.header("content-security-policy-report-only").is_some();
            return without(if is_trial {
                ("csp-not-implemented-but-reporting-enabled", -25)
            } else {
                ("csp-not-implemented", -25)
            });
        }
        let Some((sources, is_doubled)) = parse(&texts) else {
            return without(INVALID);
        };
        let mut result = judge(&sources, page.is_https());
        let is_passed = result.1 >= 0 || result.0.ends_with("-in-passive-content-only");
        if is_doubled && is_passed {
            result = ("csp-implemented-but-duplicate-directives", 0);
        }
        Self {
            result,
            has_frame_ancestors: sources.contains_key("frame-ancestors"),
        }
    }
}

/// A source of a policy while policies are merged.
#[derive(Clone)]
struct Source {
    text: String,
    policy: usize,
    is_kept: bool,
}

/// The merged directives, and whether one that reports is there twice; none: invalid.
fn parse(texts: &[String]) -> Option<(Sources, bool)> {
    let clean: Vec<String> = texts
        .iter()
        .map(|text| text.replace(['\r', '\n'], "").trim().to_owned())
        .collect();
    if clean
        .iter()
        .any(|text| text.chars().count() < MIN_CHARACTERS)
    {
        return None;
    }
    let mut merged: BTreeMap<String, Vec<Source>> = BTreeMap::new();
    let mut is_doubled = false;
    for (policy, text) in clean.iter().enumerate() {
        let mut seen = BTreeSet::new();
        for directive in text.split(';') {
            let mut words = directive.split_whitespace().map(str::to_lowercase);
            let Some(name) = words.next() else { continue };
            if !seen.insert(name.clone()) {
                if name != "report-uri" && name != "report-to" {
                    return None;
                }
                is_doubled = true;
            }
            let source = |text| Source {
                text,
                policy,
                is_kept: policy == 0,
            };
            let mut sources: Vec<Source> = words.map(source).collect();
            if sources.is_empty() && name.ends_with("-src") {
                sources.push(source("'none'".to_owned()));
            }
            let earlier = merged
                .get(&name)
                .filter(|_| policy > 0)
                .cloned()
                .unwrap_or_default();
            let mut kept = merge(earlier.into_iter().chain(sources).collect());
            if policy == 0 && clean.len() > 1 {
                kept.iter_mut().for_each(|source| source.is_kept = false);
            }
            merged.insert(name, kept);
        }
    }
    let finished = merged.into_iter().map(|(name, sources)| {
        let mut texts: BTreeSet<String> = sources.into_iter().map(|source| source.text).collect();
        if texts.is_empty() {
            texts.insert("'none'".to_owned());
        }
        (name, texts)
    });
    Some((finished.collect(), is_doubled))
}

/// Leaves out what a shorter source of the same policy covers, and of several policies keeps what
/// is in both.
fn merge(mut sources: Vec<Source>) -> Vec<Source> {
    sources.sort_by(|a, b| a.text.cmp(&b.text));
    for at in 1..sources.len() {
        let (before, after) = sources.split_at_mut(at);
        let (previous, source) = (&before[at - 1], &mut after[0]);
        if source.policy == previous.policy && source.text.starts_with(&previous.text) {
            source.is_kept = false;
        }
        if source.policy != previous.policy && covers(&previous.text, &source.text) {
            source.is_kept = true;
        }
    }
    sources.retain(|source| source.is_kept);
    sources
}

/// Whether a source with a path covers another (CSP Level 3, "path-part matches").
fn covers(a: &str, b: &str) -> bool {
    if a.is_empty() || (a == "/" && b.is_empty()) {
        return true;
    }
    match a.strip_suffix('/') {
        None => a == b,
        Some(start) => b
            .strip_prefix(start)
            .is_some_and(|rest| rest.starts_with('/')),
    }
}

fn judge(sources: &Sources, is_https: bool) -> Result {
    let get = |name: &str| sources.get(name);
    let or_default = |name: &str| {
        let found = get(name).or_else(|| get("default-src")).cloned();
        found.unwrap_or_else(|| BTreeSet::from(["*".to_owned()]))
    };
    let (mut script, mut style) = (or_default("script-src"), or_default("style-src"));
    let object = or_default("object-src");
    for list in [&mut script, &mut style] {
        if has_marks(list) {
            list.remove("'unsafe-inline'");
        }
    }
    let mut is_invalid = false;
    if script.contains("'strict-dynamic'") {
        if has_marks(&script) {
            script.retain(|s| !BROAD.iter().any(|b| s.starts_with(b)) && s != "'self'");
        } else {
            is_invalid = true;
        }
    }
    let is_plain =
        |source: &String| is_https && (source.starts_with("http:") || source.starts_with("ftp:"));
    let is_broad = |source: &String| BROAD.contains(&source.as_str());
    let is_unsafe = |source: &String| is_broad(source) || INLINE.contains(&source.as_str());
    let passive = ["img-src", "media-src"];
    let active = |(name, _): &(&String, &BTreeSet<String>)| {
        !passive.contains(&name.as_str()) && name.as_str() != "script-src"
    };
    let has_plain_active = sources
        .iter()
        .filter(active)
        .flat_map(|(_, list)| list)
        .any(is_plain)
        || script.iter().any(is_plain);
    let has_plain_passive = passive
        .iter()
        .filter_map(|name| get(name).or_else(|| get("default-src")))
        .flatten()
        .any(is_plain);
    let has_eval = script.contains("'unsafe-eval'") || style.contains("'unsafe-eval'");
    if is_invalid {
        INVALID
    } else if script.iter().any(is_unsafe) || object.iter().any(is_broad) {
        ("csp-implemented-with-unsafe-inline", -20)
    } else if has_plain_active {
        ("csp-implemented-with-insecure-scheme", -20)
    } else if has_eval {
        ("csp-implemented-with-unsafe-eval", -10)
    } else if has_plain_passive {
        (
            "csp-implemented-with-insecure-scheme-in-passive-content-only",
            -10,
        )
    } else if style.iter().any(is_unsafe) {
        ("csp-implemented-with-unsafe-inline-in-style-src-only", 0)
    } else if get("default-src").is_some_and(|list| list.len() == 1 && list.contains("'none'")) {
        ("csp-implemented-with-no-unsafe-default-src-none", 10)
    } else {
        ("csp-implemented-with-no-unsafe", 5)
    }
}

fn has_marks(list: &BTreeSet<String>) -> bool {
    let marks = ["'sha256-", "'sha384-", "'sha512-", "'nonce-"];
    list.iter()
        .any(|source| marks.iter().any(|mark| source.starts_with(mark)))
}
