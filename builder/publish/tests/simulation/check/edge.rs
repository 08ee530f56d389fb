//! Edges that go by rules of before: what they answer by them is cached, and has to be invalidated once they
//! have read the new ones.

use crate::s3::Object;
use quillfront_headers::RULES_KEY;
use serde_json::Value;
use std::collections::BTreeSet;

/// How long an edge may go by rules that it has read.
const REVALIDATE_MS: i64 = 30_000;

/// Rules that were replaced.
struct Replaced {
    /// When, by the true time.
    at_ms: i64,
    /// The paths of the rules that came or went, and were not invalidated since.
    paths: BTreeSet<String>,
}

/// All rules that were replaced.
#[derive(Default)]
pub struct Edge {
    replaced: Vec<Replaced>,
    /// True where the clocks of builders differ by so much that none of them knows when it is time.
    pub has_wrong_clocks: bool,
}

impl Edge {
    /// An object of the site bucket was put or removed.
    pub fn written(
        &mut self,
        key: &str,
        before: Option<&Object>,
        after: Option<&Object>,
        at_ms: i64,
    ) {
        if key != RULES_KEY {
            return;
        }
        let (before, after) = (rules(before), rules(after));
        let differing = before.symmetric_difference(&after);
        let paths: BTreeSet<String> = differing.map(|rule| path_of(rule)).collect();
        if !paths.is_empty() {
            self.replaced.push(Replaced { at_ms, paths });
        }
    }

    /// CloudFront has taken an invalidation.
    pub fn invalidated(&mut self, paths: &[String], at_ms: i64) {
        let wait_ms = if self.has_wrong_clocks {
            0
        } else {
            REVALIDATE_MS
        };
        let told = self.replaced.iter_mut();
        for replaced in told.filter(|replaced| at_ms >= replaced.at_ms + wait_ms) {
            replaced
                .paths
                .retain(|path| !paths.iter().any(|told| covers(told, path)));
        }
        self.replaced.retain(|replaced| !replaced.paths.is_empty());
    }

    /// Paths that caches may know by rules of before.
    pub fn outdated(&self) -> BTreeSet<&String> {
        self.replaced
            .iter()
            .flat_map(|replaced| &replaced.paths)
            .collect()
    }
}

/// The rules of an object, each as its JSON.
fn rules(object: Option<&Object>) -> BTreeSet<String> {
    let Some(object) = object else {
        return BTreeSet::new();
    };
    let rules: Value = serde_json::from_slice(&object.bytes).unwrap_or_default();
    let list = rules["redirects"]["rules"].as_array().into_iter().flatten();
    list.map(ToString::to_string).collect()
}

/// The path of a rule: with a star where its first placeholder is.
fn path_of(rule: &str) -> String {
    let rule: Value = serde_json::from_str(rule).unwrap_or_default();
    let from = rule["from"].as_str().unwrap_or_default();
    match from.find([':', '*']) {
        Some(at) => format!("{}*", &from[..at]),
        None => from.to_owned(),
    }
}

/// Whether an invalidated path covers another one.
fn covers(told: &str, path: &str) -> bool {
    match told.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => told == path,
    }
}
