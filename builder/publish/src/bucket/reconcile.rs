//! Comparing both buckets with the state (invariant 2): lost events, objects that should not be
//! as they are.

use super::BuildError;
use super::context::Context;
use super::root::Root;
use super::state::State;
use super::store::ListEntry;
use super::supply::fetch;
use super::takeover::adopt;
use super::variants;
use super::variants::compare::{Compared, StoredVariants};
use crate::fetch::Budget;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{OutputKey, Role, SourceKey};
use quillfront_site::quillfront_toml::{self, OwnConfig};
use quillfront_site::source::{Effective, Sources};
use std::collections::{BTreeMap, BTreeSet};

/// What came of asking the network again.
#[derive(Default)]
pub(super) struct RefreshResult {
    /// True where an answer is another.
    pub(super) changed: bool,
    /// What could not be fetched, and stays as it was.
    pub(super) warnings: Vec<Diagnostic>,
}

/// What comparing both buckets with the state has found.
#[derive(Default)]
pub(super) struct Comparison {
    /// Sources that are not as the state has them.
    pub(super) sources: BTreeSet<SourceKey>,
    /// Outputs that are not, and of which the state now says what is there.
    pub(super) strange: BTreeSet<OutputKey>,
    /// What to tell of objects that cannot be removed.
    pub(super) foreign: Vec<Diagnostic>,
    /// What was found of stored thumbnails.
    pub(super) variants: Compared,
}

/// Compares both buckets with the state, and notes in it what the site bucket really has.
pub(super) async fn compare(
    context: &Context,
    state: &mut State,
    root: &Root,
) -> Result<Comparison, BuildError> {
    let sources = compare_sources(context, &state.sources).await?;
    let comparison = compare_site(context, state, root).await?;
    Ok(Comparison {
        sources,
        ..comparison
    })
}

/// Fetches the stored answers anew, and those that did not come before and were not required.
/// Where that fails the last good one stays.
pub(super) async fn refresh_answers(
    context: &Context,
    state: &mut State,
    sources: &Sources,
) -> Result<RefreshResult, BuildError> {
    let mut refreshed = RefreshResult::default();
    let Ok(own) = OwnConfig::of(sources.text(quillfront_toml::KEY)) else {
        return Ok(refreshed);
    };
    let allowed = own.allowed_hosts;
    let may_be = |url: &str| allowed.check(url).is_ok();
    let asked = state.answers.keys().chain(state.graph.requests());
    let asked = asked.filter(|request| may_be(&request.url));
    let asked: BTreeSet<_> = asked.cloned().collect();
    if asked.is_empty() {
        return Ok(refreshed);
    }
    let (answers, _) = fetch(context, asked, &allowed, Budget::new()).await?;
    for (request, answer) in answers {
        match answer {
            Ok(text) if state.answers.get(&request) == Some(&text) => {}
            Ok(text)
                if state
                    .answers
                    .get(&request)
                    .is_none_or(|last| is_like(last, &text)) =>
            {
                state.answers.insert(request, text);
                refreshed.changed = true;
            }
            Ok(_) => {
                let why = "the new answer is not in the format of the last one";
                refreshed.warnings.push(stays(&request.url, why));
            }
            Err(why) if state.answers.contains_key(&request) => {
                refreshed.warnings.push(stays(&request.url, &why));
            }
            Err(_) => {}
        }
    }
    Ok(refreshed)
}

/// Source keys whose version is not the one that the state has, or which could not be read.
async fn compare_sources(
    context: &Context,
    sources: &Sources,
) -> Result<BTreeSet<SourceKey>, BuildError> {
    let listed = context.source.list().await?;
    let mut keys = BTreeSet::new();
    let mut there = BTreeSet::new();
    for ListEntry { key, etag, .. } in listed {
        let key = SourceKey::from(key);
        if key.role() == Role::Ignored {
            continue;
        }
        if sources.get(key.as_str()).is_none_or(|source| {
            // What a key is for may be another than to the version that saw it last.
            let is_unread = key.is_text() && source.effective == Effective::Opaque;
            source.version != etag || source.is_unreadable() || is_unread
        }) {
            keys.insert(key.clone());
        }
        there.insert(key);
    }
    let gone = sources
        .iter()
        .map(|(key, _)| key)
        .filter(|key| !there.contains(key.as_str()));
    keys.extend(gone.cloned());
    Ok(keys)
}

/// Notes in the state what the site bucket really has. Returns the keys where that is not what
/// it said, what to tell of objects that cannot be removed, and what there is of thumbnails.
async fn compare_site(
    context: &Context,
    state: &mut State,
    root: &Root,
) -> Result<Comparison, BuildError> {
    let mut listed = context.site.list().await?;
    let mut told = Vec::new();
    listed.retain(|object| {
        let may_be_removed = context.site.may_have(&object.key);
        if !may_be_removed {
            told.push(foreign(&object.key));
        }
        may_be_removed
    });
    let images = variants::settings([&state.sources]).remove(0);
    let stored = StoredVariants::take(&mut listed, &state.outputs, &images, root.compared_ms);
    let variants = stored.compare(context, root).await?;
    let mut there: BTreeMap<String, String> = listed
        .into_iter()
        .map(|object| (object.key, object.etag))
        .collect();
    // What nothing refers to any more is waiting for its time.
    let waits = |key: &str, etag: &str| {
        let left = root.unreferenced.get(key);
        left.is_some_and(|left| left.etag == etag) && !state.outputs.contains_key(key)
    };
    there.retain(|key, etag| !waits(key, etag));
    let known: BTreeSet<String> = state.outputs.keys().map(ToString::to_string).collect();
    let mut strange = BTreeSet::new();
    for key in there.keys().chain(known.iter()).collect::<BTreeSet<_>>() {
        if adopt(state, key, there.get(key).cloned()) {
            strange.insert(OutputKey::from(key.as_str()));
        }
    }
    Ok(Comparison {
        strange,
        foreign: told,
        variants,
        ..Comparison::default()
    })
}

/// An object of the site bucket that no client of the SDK can remove.
fn foreign(key: &str) -> Diagnostic {
    let shown = key.escape_debug();
    let message = format!(
        "the site bucket has an object named `{shown}`, which is not the site's and cannot be removed"
    );
    Diagnostic::warning("key", key, message).hint("remove it in the console of your storage")
}

fn stays(url: &str, why: &str) -> Diagnostic {
    let message = format!("{url} could not be fetched again: {why}; its last answer stays in use");
    Diagnostic::warning("load-data", quillfront_toml::KEY, message)
}

/// False where an answer was JSON or XML and is no longer: an error page, though it came with 200.
fn is_like(last: &str, new: &str) -> bool {
    let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let is_xml = |text: &str| roxmltree::Document::parse(text).is_ok();
    (!is_json(last) || is_json(new)) && (!is_xml(last) || is_xml(new))
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn an_error_page_does_not_take_the_place_of_data() {
        let page = "<!doctype html><title>Sorry</title><p>Try later";
        assert!(!is_like("{\"a\": 1}", page));
        assert!(!is_like("<feed><entry/></feed>", page));
        assert!(is_like("{\"a\": 1}", "[]"));
        assert!(is_like("a,b\n1,2\n", "a,b\n3,4\n"));
    }
}
