//! What is held until `quillfront approve` (invariant 6): a change that would delete more than
//! 30% of the pages and more than ten, or that leaves no configuration.

use super::state::State;
use crate::evaluate::{Tree, Unready};
use crate::plan::Rank;

/// Deletions up to this many always go through.
const ALWAYS_ALLOWED: usize = 10;
/// Percent of the published pages.
const MAX_PERCENT: usize = 30;

/// Why a change has to be approved, if it has to.
pub fn reason(state: &State, outcome: Result<&Tree, &Unready>) -> Option<String> {
    let pages = state
        .outputs
        .iter()
        .filter(|(_, published)| published.rank == Rank::Page);
    let published = pages.clone().count();
    match outcome {
        Err(_) if state.outputs.is_empty() => None,
        Err(Unready::NoConfig) => Some("it leaves the site without a configuration".into()),
        Err(Unready::BrokenConfig(problems)) => {
            let why = problems.first().map(|problem| {
                let line = problem
                    .line
                    .map_or(String::new(), |line| format!(":{line}"));
                format!(": {}{line}: {}", problem.file, problem.message)
            });
            let why = why.unwrap_or_default();
            Some(format!(
                "it leaves the site without a configuration that can be used{why}"
            ))
        }
        Ok(tree) => {
            let stays = |key: &str| {
                tree.keeps(key) || tree.objects.contains_key(key) || tree.stale.contains(key)
            };
            let deleted = pages.filter(|(key, _)| !stays(key.as_str())).count();
            let too_many = deleted > ALWAYS_ALLOWED && deleted * 100 > published * MAX_PERCENT;
            too_many.then(|| format!("it would delete {deleted} of {published} pages"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{OutputKey, SourceKey};
    use crate::publish::state::Published;
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    fn state(pages: usize) -> State {
        let published = |n: usize| {
            let source = SourceKey::from(format!("content/{n}.md"));
            let published = Published {
                fingerprint: None,
                etag: Default::default(),
                source,
                rank: Rank::Page,
            };
            (OutputKey::from(format!("{n}/index.html")), published)
        };
        State {
            outputs: Arc::new((0..pages).map(published).collect()),
            ..State::default()
        }
    }

    fn tree(keep: usize) -> Tree {
        let stale: BTreeSet<OutputKey> = (0..keep)
            .map(|n| OutputKey::from(format!("{n}/index.html")))
            .collect();
        Tree {
            site: None,
            records: None,
            objects: BTreeMap::new(),
            nothing: BTreeSet::new(),
            because: BTreeMap::new(),
            graph: Default::default(),
            stale,
            why_stale: BTreeMap::new(),
            plan: BTreeMap::new(),
            diagnostics: Vec::new(),
            now: jiff::Timestamp::UNIX_EPOCH,
            next_due: None,
            indexes: BTreeSet::new(),
            answers: BTreeMap::new(),
            external_links: Default::default(),
        }
    }

    #[test]
    fn few_pages_go_unasked_many_are_held() {
        assert_eq!(reason(&state(20), Ok(&tree(10))), None);
        assert!(reason(&state(20), Ok(&tree(9))).is_some());
        assert_eq!(reason(&state(100), Ok(&tree(70))), None);
        assert!(reason(&state(100), Ok(&tree(69))).is_some());
        assert_eq!(reason(&state(0), Ok(&tree(0))), None);
    }

    #[test]
    fn a_site_does_not_lose_its_configuration_unasked() {
        assert!(reason(&state(1), Err(&Unready::NoConfig)).is_some());
        assert_eq!(reason(&state(0), Err(&Unready::NoConfig)), None);
    }
}
