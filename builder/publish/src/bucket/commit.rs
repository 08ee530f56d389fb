//! The commit: what it says of the state, of the root, and of what is left to do.

use super::BuildError;
use super::context::Context;
use super::outbox::empty_outbox;
use super::publication::Publication;
use super::root::{FORMAT, Outbox, Root, UnreferencedObject};
use super::rules::{self, CacheChanges, RulesChange};
use super::session::Session;
use super::state::{Dirty, Encoded, PublishedObject, State};
use super::upload::Upload;
use super::variants;
use quillfront_image_urls::Settings;
use quillfront_render::ENGINE;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::plan::PICTURES;
use quillfront_site::report::{Action, Invalidations, OutputReport, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was published, and what came of it.
pub(super) struct Commit<'a> {
    publication: Publication<'a>,
    upload: Upload,
    conclusion: Conclusion,
}

impl Commit<'_> {
    pub(super) fn report(&self) -> Report {
        let mut report = self.publication.report(&self.upload);
        self.conclusion.tell(&mut report);
        let held = self.publication.draft.held.as_ref();
        report.held = held.map(|held| held.reason.clone());
        report
    }
}

/// Commits what was put of a publication.
pub(super) async fn commit<'a>(
    context: &Context,
    session: Session<'_>,
    mut publication: Publication<'a>,
    upload: Upload,
    rules: RulesChange,
) -> Result<Commit<'a>, BuildError> {
    publication.without_lost(&upload);
    let tried = publication.tried();
    let next = NextState::of(&mut publication, &upload, rules);
    let moved = upload.moved.values().chain(&upload.again);
    let again: BTreeSet<&str> = moved.map(SourceKey::as_str).collect();
    let settled = session.settles.clone();
    let conclusion = conclude(context, session, next, |root| {
        root.engine = ENGINE.to_owned();
        publication.basis.note(root);
        root.unfinished = false;
        root.settle_hints(&settled);
        if !again.is_empty() {
            root.add_hints(again.iter().copied());
        }
        root.held.clone_from(&publication.draft.held);
        root.tried = tried;
        root.end_parts();
    });
    let conclusion = conclusion.await?;
    Ok(Commit {
        publication,
        upload,
        conclusion,
    })
}

/// The state that a commit leads to.
pub(super) struct NextState {
    pub(super) state: State,
    /// What of it is to be written anew.
    pub(super) dirty: Dirty,
    /// Outputs of which caches are to be told, besides those that are deleted.
    pub(super) changed: BTreeSet<OutputKey>,
    /// Those of them that were put where other bytes were.
    pub(super) replaced: BTreeSet<OutputKey>,
    pub(super) deletions: BTreeMap<OutputKey, PublishedObject>,
    pub(super) rules: RulesChange,
    /// What the site says of its thumbnails, and what it said before.
    pub(super) images: Vec<Settings>,
}

impl NextState {
    /// The state once a publication was put; it is taken from there.
    fn of(publication: &mut Publication<'_>, upload: &Upload, rules: RulesChange) -> Self {
        let mut state = std::mem::take(&mut publication.proposal.state);
        let strange = std::mem::take(&mut publication.proposal.strange);
        let deletions = publication.deletions.clone();
        // What somebody else has left is new to caches, also where it stays.
        let mut changed: BTreeSet<OutputKey> = upload.put.keys().cloned().collect();
        changed.extend(strange);
        let outputs = Arc::make_mut(&mut state.outputs);
        outputs.extend(upload.put.clone());
        for key in deletions.keys() {
            outputs.remove(key.as_str());
        }
        let draft = &publication.draft;
        let images = variants::settings([&state.sources, &draft.sources]);
        let mut dirty = Dirty {
            sources: draft.looked_at.clone(),
            outputs: changed.iter().chain(deletions.keys()).cloned().collect(),
            ..Dirty::default()
        };
        let mut sources = (*draft.sources).clone();
        for key in upload.moved.values() {
            sources.forget_version(key.as_str());
            dirty.sources.insert(key.clone());
        }
        // Also where it is put again as it was, it is a change then.
        for put in &publication.puts {
            let hopeless = upload.hopeless.get(&put.key);
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
            for key in upload.hopeless.keys().chain(publication.lost.keys()) {
                graph.outputs.remove(key);
            }
            dirty.note(&state.graph, &graph);
            state.graph = Arc::new(graph);
            state.take_records(tree.records.as_ref(), &mut dirty);
        }
        Self {
            state,
            dirty,
            changed,
            replaced: upload.replaced.clone(),
            deletions,
            rules,
            images,
        }
    }
}

/// What a commit did besides what was planned.
pub(super) struct Conclusion {
    root: Root,
    invalidations: Invalidations,
    /// Keys that nothing refers to from now on.
    unreferenced: BTreeSet<String>,
    /// Keys that nothing has referred to for long enough.
    expired: BTreeSet<String>,
}

impl Conclusion {
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

/// Writes what is dirty of the state, commits it with `change` and the outbox, then does what
/// the outbox says.
pub(super) async fn conclude(
    context: &Context,
    mut session: Session<'_>,
    next: NextState,
    change: impl Fn(&mut Root),
) -> Result<Conclusion, BuildError> {
    let NextState {
        mut state,
        dirty,
        changed,
        replaced,
        deletions,
        rules,
        images,
    } = next;
    let before = session.root().cloned().ok_or(BuildError::LostRace)?;
    let written = write_segments(context, &mut session, &mut state, &dirty, &before);
    let (encoded, dropped) = written.await?;

    let now_ms = context.now_ms();
    let mut gone = before.expired(now_ms);
    gone.retain(|key, _| !state.outputs.contains_key(key.as_str()));
    let expired: BTreeSet<String> = gone.keys().cloned().collect();
    // Cached pages still show the pictures of before.
    let mut unreferenced = BTreeMap::new();
    for (key, published) in &deletions {
        let (key, etag) = (key.to_string(), published.etag.to_string());
        if key.starts_with(PICTURES) {
            let since_ms = now_ms;
            unreferenced.insert(key, UnreferencedObject { etag, since_ms });
        } else {
            gone.insert(key, etag);
        }
    }
    let due = before.due_paths(now_ms);
    let owed = before.outbox.map(|outbox| outbox.invalidations);
    let owed = owed.into_iter().flatten().chain(due);
    let touched = changed.iter().map(OutputKey::as_str);
    let touched = touched.chain(gone.keys().map(String::as_str)).collect();
    let published = state.outputs.keys().map(OutputKey::as_str);
    let owed = owed.collect();
    let originals = replaced.iter().map(OutputKey::as_str);
    let originals = originals.chain(gone.keys().map(String::as_str));
    let variants = variants::folders(originals, &images);
    let forgotten = CacheChanges {
        touched: &touched,
        variants: &variants,
        owed,
    };
    let mut invalidations = rules::invalidations(context, &rules, forgotten, published);

    let later_ms = context.now_ms() + context.options.rules_delay.as_millis() as i64;

    let commit = context.host.new_id();
    let outbox = Outbox {
        deletions: gone,
        variants,
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
            root.format = FORMAT;
            root.segments = encoded.segments.clone();
            root.outbox = Some(outbox.clone());
            root.unreferenced.retain(|key, _| {
                !expired.contains(key) && !state.outputs.contains_key(key.as_str())
            });
            root.unreferenced.extend(unreferenced.clone());
            root.unretire();
            root.later.retain(|later| later.at_ms > now_ms);
            rules::invalidate_later(root, later_ms, invalidations.later.clone());
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
    match empty_outbox(context, &mut session, outbox, &state.outputs).await {
        // The commit stands; what CloudFront did not take is tried again with what comes next.
        Err(BuildError::Invalidation(why)) => invalidations.owed = Some(why),
        other => other?,
    }
    Ok(Conclusion {
        root: session.into_root()?,
        invalidations,
        unreferenced: unreferenced.into_keys().collect(),
        expired,
    })
}

/// Writes what is dirty of a state. Also returns the segments of before that it no longer needs.
pub(super) async fn write_segments(
    context: &Context,
    session: &mut Session<'_>,
    state: &mut State,
    dirty: &Dirty,
    before: &Root,
) -> Result<(Encoded, Vec<String>), BuildError> {
    let dirty = &Dirty {
        all: dirty.all || before.format != FORMAT,
        ..dirty.clone()
    };
    state.read_for_writing(&context.state, dirty).await?;
    let encoded = state.encode(&before.segments, dirty)?;
    let known = before.segments.all();
    session.keep().await?;
    let id = context.host.new_id();
    encoded.write(&context.state, &known, &id).await?;
    let used = encoded.segments.all();
    let dropped = known.into_iter().filter(|name| !used.contains(name));
    let dropped = dropped.cloned().collect();
    Ok((encoded, dropped))
}
