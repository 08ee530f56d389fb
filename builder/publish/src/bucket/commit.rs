//! The commit, and taking over from a builder that died.

use super::BuildError;
use super::context::{Context, Step};
use super::draft::Draft;
use super::outbox::empty_outbox;
use super::publication::{Done, Publication};
use super::root::{Loaded, Outbox, Root, Unreferenced};
use super::session::Session;
use super::state::{Dirty, Encoded, Published, State};
use crate::invalidate;
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::plan::{PICTURES, Rank};
use quillfront_site::report::{Action, Invalidations, OutputReport, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a commit did besides what was planned.
pub(super) struct Committed {
    root: Root,
    invalidations: Invalidations,
    /// Keys that nothing refers to from now on.
    unreferenced: BTreeSet<String>,
    /// Keys that nothing has referred to for long enough.
    expired: BTreeSet<String>,
}

impl Committed {
    /// Adds it to the report.
    pub(super) fn tell(&self, report: &mut Report) {
        report.commit.clone_from(&self.root.commit);
        report.generation = self.root.generation;
        report.now.clone_from(&self.root.now);
        report.invalidations = self.invalidations.clone();
        for output in &mut report.outputs {
            let deleted = output.actions == [Action::Deleted];
            if deleted && self.unreferenced.contains(&output.key) {
                output.actions = vec![Action::Unreferenced];
                report.counts.deleted -= 1;
            }
        }
        let expired = self.expired.iter().map(|key| OutputReport {
            key: key.clone(),
            rank: None,
            source: String::new(),
            actions: vec![Action::Deleted],
            because: vec!["nothing refers to it, and no cached page can either".to_owned()],
        });
        report.outputs.extend(expired);
        report.counts.deleted += self.expired.len() as u64;
    }
}

/// Commits what was drafted and put.
#[allow(clippy::too_many_arguments)]
pub(super) async fn commit(
    context: &Context,
    session: Session<'_>,
    mut state: State,
    draft: &Draft,
    strange: BTreeSet<OutputKey>,
    publication: &Publication,
    done: Done,
    next: &Root,
    settled: &BTreeMap<String, u64>,
) -> Result<Committed, BuildError> {
    let moved: Vec<String> = done.moved.values().map(ToString::to_string).collect();
    let again: BTreeSet<String> = moved
        .iter()
        .cloned()
        .chain(done.again.iter().map(ToString::to_string))
        .collect();
    // What somebody else has left is new to caches, also where it stays.
    let mut changed: BTreeSet<OutputKey> = done.put.keys().cloned().collect();
    changed.extend(strange);
    let mut touched = changed.clone();
    touched.extend(publication.deletions.keys().cloned());
    let outputs = Arc::make_mut(&mut state.outputs);
    outputs.extend(done.put);
    for key in publication.deletions.keys() {
        outputs.remove(key.as_str());
    }
    let mut sources = (*draft.sources).clone();
    for key in &moved {
        sources.forget_version(key);
    }
    let mut dirty = Dirty {
        sources: draft.looked_at.clone(),
        outputs: touched,
        ..Dirty::default()
    };
    dirty
        .sources
        .extend(moved.iter().map(|key| SourceKey::from(key.as_str())));
    // Also where it is put again as it was, it is a change then.
    for put in &publication.puts {
        let hopeless = done.hopeless.get(&put.key);
        if hopeless.is_some_and(|hopeless| hopeless.is_damaged) {
            sources.note_unreadable(put.source.as_str());
            dirty.sources.insert(put.source.clone());
        }
    }
    state.sources = Arc::new(sources);
    if let Ok(tree) = &draft.outcome {
        state.answers.clone_from(&tree.answers);
        let mut graph = tree.graph.clone();
        // What is there is not what its trace says.
        for key in done.hopeless.keys().chain(publication.lost.keys()) {
            graph.outputs.remove(key);
        }
        dirty.note(&state.graph, &graph);
        state.graph = Arc::new(graph);
        state.take_records(tree.records.as_ref(), &mut dirty);
    }
    conclude(
        context,
        session,
        state,
        &dirty,
        changed,
        &publication.deletions,
        |root| {
            root.engine = env!("CARGO_PKG_VERSION").to_owned();
            root.now.clone_from(&next.now);
            root.next_due.clone_from(&next.next_due);
            root.settings.clone_from(&next.settings);
            root.unfinished = false;
            root.settle_hints(settled);
            if !again.is_empty() {
                root.add_hints(again.iter().map(String::as_str));
            }
            root.held.clone_from(&draft.held);
            root.tried = next.tried;
            root.end_parts();
        },
    )
    .await
}

/// Writes what is dirty of the state, commits it with `change` and the outbox, then does what
/// the outbox says. `changed` are the outputs of which caches are to be told, besides those
/// that are deleted.
#[allow(clippy::too_many_arguments)]
pub(super) async fn conclude(
    context: &Context,
    mut session: Session<'_>,
    mut state: State,
    dirty: &Dirty,
    changed: BTreeSet<OutputKey>,
    deletions: &BTreeMap<OutputKey, Published>,
    change: impl Fn(&mut Root),
) -> Result<Committed, BuildError> {
    let before = session.root().cloned().ok_or(BuildError::LostRace)?;
    state.read_for_writing(&context.state, dirty).await?;
    let encoded = state.encode(&before.segments, dirty)?;
    let known = before.segments.all();
    session.keep().await?;
    encoded
        .write(&context.state, &known, &context.host.new_id())
        .await?;
    let used = encoded.segments.all();
    let dropped = known.into_iter().filter(|name| !used.contains(name));
    let dropped: Vec<String> = dropped.cloned().collect();

    let now_ms = context.now_ms();
    let mut gone = before.expired(now_ms);
    gone.retain(|key, _| !state.outputs.contains_key(key.as_str()));
    let expired: BTreeSet<String> = gone.keys().cloned().collect();
    // Cached pages still show the pictures of before.
    let mut unreferenced = BTreeMap::new();
    for (key, published) in deletions {
        let (key, etag) = (key.to_string(), published.etag.to_string());
        if key.starts_with(PICTURES) {
            let since_ms = now_ms;
            unreferenced.insert(key, Unreferenced { etag, since_ms });
        } else {
            gone.insert(key, etag);
        }
    }
    let owed = before.outbox.map(|outbox| outbox.invalidations);
    let touched = changed.iter().map(OutputKey::as_str);
    let touched = touched.chain(gone.keys().map(String::as_str)).collect();
    let published = state.outputs.keys().map(OutputKey::as_str);
    let mut invalidations = invalidate::choose(&touched, published, &owed.unwrap_or_default());

    let commit = context.host.new_id();
    let outbox = Outbox {
        deletions: gone,
        invalidations: invalidations.paths.clone(),
        reference: commit.clone(),
        sent: 0,
    };
    session
        .update(|root| {
            // It is written already: the answer was lost, and somebody left a hint since.
            if root.commit == commit {
                return;
            }
            root.commit.clone_from(&commit);
            root.generation += 1;
            root.segments = encoded.segments.clone();
            root.outbox = Some(outbox.clone());
            root.unreferenced.retain(|key, _| {
                !expired.contains(key) && !state.outputs.contains_key(key.as_str())
            });
            root.unreferenced.extend(unreferenced.clone());
            root.unretire();
            root.retired.insert(root.generation, dropped.clone());
            root.retired.retain(|_, list| !list.is_empty());
            if let Some(lease) = &mut root.lease {
                lease.committed = true;
            }
            change(root);
        })
        .await?;
    let Encoded {
        segments, texts, ..
    } = encoded;
    state.written(&segments, texts);
    context.warm.keep(&segments, &state);
    match empty_outbox(context, &mut session, outbox).await {
        // The commit stands; what CloudFront did not take is tried again with what comes next.
        Err(BuildError::Invalidation(why)) => invalidations.owed = Some(why),
        other => other?,
    }
    Ok(Committed {
        root: session.into_root()?,
        invalidations,
        unreferenced: unreferenced.into_keys().collect(),
        expired,
    })
}

/// Takes over from a builder that did not come to its end: does what its commit left to do,
/// or adopts what is under the keys that it meant to touch before it could commit. Also removes
/// what nothing has referred to for long enough.
pub(super) async fn recover(
    context: &Context,
    loaded: Loaded,
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
    let (mut adopted, mut found) = (false, BTreeSet::new());
    let unsure: &[String] = if committed { &[] } else { &intent };
    // Nothing can be under a key that cannot be asked for.
    let unsure = unsure.iter().filter(|key| context.site.may_have(key));
    let unsure: Vec<&String> = unsure.collect();
    for chunk in unsure.chunks(context.options.parallel) {
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
            adopted |= adopt(&mut state, key, head.map(|head| head.etag));
            // A put of other metadata over the same bytes leaves no trace in the ETag.
            let outputs = Arc::make_mut(&mut state.outputs);
            if let (true, Some(output)) = (there, outputs.get_mut(key)) {
                output.fingerprint = None;
                adopted = true;
                found.insert(key);
            }
        }
    }

    let mut outbox = before.outbox.clone().unwrap_or_default();
    let mut gone = before.expired(context.now_ms());
    gone.retain(|key, _| !state.outputs.contains_key(key.as_str()));
    // Some of what was found is new to readers, and the build that follows may have no reason or
    // no way to put it again (a page that cannot be rendered any more).
    let keys: BTreeSet<&str> = gone.keys().map(String::as_str).chain(found).collect();
    if !keys.is_empty() {
        let published = state.outputs.keys().map(OutputKey::as_str);
        let choice = invalidate::choose(&keys, published, &outbox.invalidations);
        outbox.invalidations = choice.paths;
        outbox.reference = context.host.new_id();
        outbox.sent = 0;
    }
    let expired: BTreeSet<String> = gone.keys().cloned().collect();
    outbox.deletions.extend(gone);
    if adopted || !expired.is_empty() {
        let dirty = Dirty {
            outputs: intent
                .iter()
                .map(|key| OutputKey::from(key.as_str()))
                .collect(),
            ..Dirty::default()
        };
        state.read_for_writing(&context.state, &dirty).await?;
        let encoded = state.encode(&before.segments, &dirty)?;
        session.keep().await?;
        let known = before.segments.all();
        encoded
            .write(&context.state, &known, &context.host.new_id())
            .await?;
        let used = encoded.segments.all();
        let dropped = known.into_iter().filter(|name| !used.contains(name));
        let dropped: Vec<String> = dropped.cloned().collect();
        session
            .update(|root| {
                root.segments = encoded.segments.clone();
                root.outbox = Some(outbox.clone());
                root.unreferenced.retain(|key, _| {
                    !expired.contains(key) && !state.outputs.contains_key(key.as_str())
                });
                root.unretire();
                let retired = root.retired.entry(root.generation).or_default();
                retired.extend(dropped.clone());
                // The hints of the builder that died are there; the build that follows
                // makes the adopted keys right.
            })
            .await?;
        context.warm.keep(&encoded.segments, &state);
    }
    empty_outbox(context, &mut session, outbox).await
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
            let published = Published {
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
