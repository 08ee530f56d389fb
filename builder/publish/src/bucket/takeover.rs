//! Taking over from a builder that died.

use super::BuildError;
use super::commit::write_segments;
use super::context::{Context, Step};
use super::outbox::empty_outbox;
use super::root::{FORMAT, LoadedRoot, Root};
use super::rules::{self, CacheChanges, RulesChange};
use super::session::Session;
use super::state::{Dirty, PublishedObject, State};
use super::variants;
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_headers::RULES_KEY;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::plan::Rank;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Takes over from a builder that did not come to its end: does what its commit left to do,
/// or adopts what is under the keys that it meant to touch before it could commit. Also removes
/// what nothing has referred to for long enough.
pub(super) async fn recover(
    context: &Context,
    loaded: LoadedRoot,
    base: &Root,
) -> Result<(), BuildError> {
    (context.progress)(Step::Waiting(
        "taking over from a builder that did not finish",
    ));
    let lease = base.lease.as_ref();
    let committed = lease.is_some_and(|lease| lease.committed);
    let intent = lease.map(|lease| lease.intent.clone()).unwrap_or_default();
    let begun = Session::begin(context, loaded, base, intent.clone(), |root| {
        if let Some(lease) = &mut root.lease {
            lease.committed = committed;
        }
    });
    let Some(mut session) = begun.await? else {
        return Ok(());
    };
    // Another may have done some of it since, without a commit.
    let before = session.root().cloned().ok_or(BuildError::LostRace)?;
    let mut state = context.state_under(&before).await?;
    let unsure: &[String] = if committed { &[] } else { &intent };
    let adoption = adopt_all(context, &mut session, &mut state, unsure).await?;

    let mut outbox = before.outbox.clone().unwrap_or_default();
    let mut gone = before.expired(context.now_ms());
    gone.retain(|key, _| !state.outputs.contains_key(key.as_str()));
    // Some of what was found is new to readers, and the build that follows may have no reason or
    // no way to put it again (a page that cannot be rendered any more).
    let gone_keys = gone.keys().map(String::as_str);
    let originals = gone_keys.clone().chain(adoption.news.iter().copied());
    let images = variants::settings([&state.sources]);
    let variants = variants::folders(originals, &images);
    let keys: BTreeSet<&str> = gone_keys.chain(adoption.found).collect();
    let now_ms = context.now_ms();
    // Rules that are still to be removed are still there.
    let removes_rules = outbox.deletions.contains_key(RULES_KEY);
    let due = if removes_rules {
        Vec::new()
    } else {
        before.due_paths(now_ms)
    };
    let mut later = Vec::new();
    if !keys.is_empty() || !due.is_empty() || !variants.is_empty() {
        let rules = RulesChange::found(context, &keys).await?;
        let mut owed = std::mem::take(&mut outbox.invalidations);
        owed.extend(due.iter().cloned());
        let published = state.outputs.keys().map(OutputKey::as_str);
        let forgotten = CacheChanges {
            touched: &keys,
            variants: &variants,
            owed,
        };
        let choice = rules::invalidations(context, &rules, forgotten, published);
        outbox.invalidations = choice.paths;
        outbox.reference = context.host.new_id();
        outbox.sent = 0;
        later = choice.later;
    }
    let later_ms = now_ms + context.options.rules_delay.as_millis() as i64;
    let expired: BTreeSet<String> = gone.keys().cloned().collect();
    outbox.deletions.extend(gone);
    outbox.variants.extend(variants);
    let outputs = state.outputs.clone();
    if adoption.is_news || !expired.is_empty() || !due.is_empty() {
        let change = |root: &mut Root| {
            root.outbox = Some(outbox.clone());
            root.later
                .retain(|later| later.at_ms > now_ms || removes_rules);
            rules::invalidate_later(root, later_ms, later.clone());
        };
        write_adopted(context, &mut session, state, &expired, change).await?;
    }
    empty_outbox(context, &mut session, outbox, &outputs).await
}

/// What was found under the keys of an intent.
#[derive(Default)]
struct Adoption<'a> {
    /// Whether it is not what the state said.
    is_news: bool,
    /// The keys where it is not.
    news: BTreeSet<&'a str>,
    /// The keys under which there is something.
    found: BTreeSet<&'a str>,
}

/// Notes in the state what is under the keys of an intent.
async fn adopt_all<'a>(
    context: &Context,
    session: &mut Session<'_>,
    state: &mut State,
    intent: &'a [String],
) -> Result<Adoption<'a>, BuildError> {
    let mut adoption = Adoption::default();
    // Nothing can be under a key that cannot be asked for.
    let keys = intent.iter().filter(|key| context.site.may_have(key));
    let keys: Vec<&String> = keys.collect();
    for chunk in keys.chunks(context.options.parallel) {
        session.keep().await?;
        let heads = chunk.iter().map(|key| async move {
            Ok::<_, BuildError>((key.as_str(), context.site.head(key).await?))
        });
        let heads: Vec<_> = iter(heads)
            .buffer_unordered(context.options.parallel)
            .try_collect()
            .await?;
        for (key, head) in heads {
            let there = head.is_some();
            if adopt(state, key, head.map(|head| head.etag)) {
                adoption.is_news = true;
                adoption.news.insert(key);
            }
            // A put of other metadata over the same bytes leaves no trace in the ETag.
            let outputs = Arc::make_mut(&mut state.outputs);
            if let (true, Some(output)) = (there, outputs.get_mut(key)) {
                output.fingerprint = None;
                adoption.is_news = true;
                adoption.found.insert(key);
            }
        }
    }
    Ok(adoption)
}

/// Writes the state with what was adopted, and names it in the root, with what is left to be done. The
/// hints of the builder that died are there: the build that follows makes the adopted keys right.
async fn write_adopted(
    context: &Context,
    session: &mut Session<'_>,
    mut state: State,
    expired: &BTreeSet<String>,
    change: impl Fn(&mut Root),
) -> Result<(), BuildError> {
    let before = session.root().cloned().ok_or(BuildError::LostRace)?;
    let intent = before.lease.iter().flat_map(|lease| &lease.intent);
    let dirty = Dirty {
        outputs: intent.map(|key| OutputKey::from(key.as_str())).collect(),
        ..Dirty::default()
    };
    let written = write_segments(context, session, &mut state, &dirty, &before);
    let (encoded, dropped) = written.await?;
    session
        .update(|root| {
            root.format = FORMAT;
            root.segments = encoded.segments.clone();
            change(root);
            root.unreferenced.retain(|key, _| {
                !expired.contains(key) && !state.outputs.contains_key(key.as_str())
            });
            root.unretire();
            let retired = root.retired.entry(root.generation).or_default();
            retired.extend(dropped.clone());
        })
        .await?;
    context.warm.keep(&encoded.segments, &state);
    Ok(())
}

/// Notes what is under a key, as found. True where it is not what the state said.
pub(super) fn adopt(state: &mut State, key: &str, etag: Option<String>) -> bool {
    match (state.outputs.get(key), etag) {
        (Some(known), Some(etag)) if known.etag == etag => false,
        (None, None) => false,
        (_, None) => Arc::make_mut(&mut state.outputs).remove(key).is_some(),
        (known, Some(etag)) => {
            let source = known.map_or_else(|| SourceKey::from(""), |known| known.source.clone());
            let rank = known.map_or(Rank::Static, |known| known.rank);
            let published = PublishedObject {
                fingerprint: None,
                etag: etag.into(),
                source,
                rank,
            };
            Arc::make_mut(&mut state.outputs).insert(OutputKey::from(key), published);
            true
        }
    }
}
