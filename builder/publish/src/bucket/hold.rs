//! What is held until `quillfront approve` (invariant 6): a change that would delete more than
//! 30% of the pages and more than ten, or that leaves no configuration.

use super::parts::OtherParts;
use super::state::{PublishedObject, State};
use quillfront_render::evaluate::{Tree, Unready};
use quillfront_site::key::OutputKey;
use quillfront_site::plan::Rank;

/// Deletions up to this many always go through.
const ALWAYS_ALLOWED: usize = 10;
/// Percent of the published pages.
const MAX_PERCENT: usize = 30;

fn pages(state: &State) -> impl Iterator<Item = (&OutputKey, &PublishedObject)> {
    let outputs = state.outputs.iter();
    outputs.filter(|(_, published)| published.rank == Rank::Page)
}

/// How many pages are published.
pub(super) fn published(state: &State) -> usize {
    pages(state).count()
}

fn stays(tree: &Tree, key: &str) -> bool {
    tree.keeps(key) || tree.objects.contains_key(key) || tree.stale.contains(key)
}

/// How many of the published pages a tree deletes.
pub(super) fn deleted(state: &State, outcome: Result<&Tree, &Unready>) -> usize {
    outcome.map_or(0, |tree| {
        let gone = pages(state).filter(|(key, _)| !stays(tree, key.as_str()));
        gone.count()
    })
}

/// Why a change has to be approved, if it has to. It is judged together with the other parts of one
/// that is tried in parts; but a part that deletes nothing need not wait.
pub(super) fn reason(
    state: &State,
    outcome: Result<&Tree, &Unready>,
    others: &OtherParts,
) -> Option<String> {
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
            if deleted(state, outcome) == 0 {
                return None;
            }
            let goes = |(key, published): &(&OutputKey, &PublishedObject)| {
                !stays(tree, key.as_str()) || others.gone.contains(&published.source)
            };
            let before = others.tried.map_or(0, |tried| tried.deleted);
            let deleted = before + pages(state).filter(goes).count();
            let published = published(state);
            let published = others.tried.map_or(published, |tried| tried.pages);
            let too_many = deleted > ALWAYS_ALLOWED && deleted * 100 > published * MAX_PERCENT;
            too_many.then(|| format!("it would delete {deleted} of {published} pages"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_site::key::SourceKey;
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    fn state(pages: usize) -> State {
        let published = |n: usize| {
            let source = SourceKey::from(format!("content/{n}.md"));
            let published = PublishedObject {
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
            rules: Arc::default(),
            site: None,
            records: None,
            objects: BTreeMap::new(),
            nothing: BTreeSet::new(),
            headers: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            because: BTreeMap::new(),
            graph: Default::default(),
            stale,
            why_stale: BTreeMap::new(),
            sources: Arc::default(),
            plan: BTreeMap::new(),
            diagnostics: Vec::new(),
            now: jiff::Timestamp::UNIX_EPOCH,
            next_due: None,
            indexes: BTreeSet::new(),
            answers: BTreeMap::new(),
            external_links: Default::default(),
        }
    }

    fn reason(state: &State, outcome: Result<&Tree, &Unready>) -> Option<String> {
        super::reason(state, outcome, &OtherParts::default())
    }

    #[test]
    fn a_part_is_judged_with_the_others() {
        let mut others = OtherParts::default();
        let held = |kept, published, others: &OtherParts| {
            super::reason(&state(published), Ok(&tree(kept)), others).is_some()
        };
        assert!(!held(39, 40, &others));
        others.gone = (0..12).map(|n| format!("content/{n}.md").into()).collect();
        assert!(held(39, 40, &others), "13 of 40");
        assert!(!held(40, 40, &others), "this part deletes none");
        // Those before it are deleted already, or are held.
        let (pages, deleted) = (40, 10);
        others.tried = Some(super::super::parts::PartialChange { pages, deleted });
        others.gone.clear();
        assert!(!held(28, 30, &others) && held(27, 30, &others));
        assert!(!held(38, 40, &others) && held(37, 40, &others));
        assert_eq!(others.and(30, 2).unwrap().deleted, 12);
        assert_eq!(OtherParts::default().and(30, 2), None);
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
