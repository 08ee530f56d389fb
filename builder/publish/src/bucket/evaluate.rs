//! An evaluation over S3: what it goes by comes from the state, what it asks for from the buckets.

use super::BuildError;
use super::context::{Context, Step};
use super::draft::Proposal;
use super::state::{PublishedObject, State};
use super::supply::{Misread, Supplier};
use jiff::Timestamp;
use quillfront_render::ENGINE;
use quillfront_render::evaluate::{self, Candidates, Previous, Progress, Selection, Tree, Unready};
use quillfront_render::render::world::{Listing, Settings};
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::Object;
use quillfront_site::plan::PICTURES;
use quillfront_site::source::Sources;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::{JoinError, spawn_blocking};

/// What came of an evaluation.
pub(super) struct EvaluationResult {
    pub(super) sources: Arc<Sources>,
    pub(super) outcome: Result<Tree, Unready>,
    /// True where nothing was gone by.
    pub(super) full: bool,
    /// True where only a part was made.
    pub(super) part: bool,
    /// Files that were read in another version than the sources say.
    pub(super) misread: Misread,
}

/// What a site is made with that is in no source.
pub(super) fn settings(context: &Context, now: Timestamp) -> Settings {
    let options = &context.options;
    Settings {
        mode: options.mode,
        base_url: options.base_url.clone(),
        drafts: options.drafts,
        now,
        minify: false,
        listing: Listing::All,
        all_accepted: options.all_accepted,
    }
}

/// Renders what would come out otherwise with these sources, reading what templates name on the way.
/// Where `first` has sources, and their change reaches many outputs, only their own are made.
pub(super) async fn evaluate(
    context: &Context,
    proposal: &mut Proposal<'_>,
    mut sources: Sources,
    first: Option<BTreeSet<SourceKey>>,
) -> Result<EvaluationResult, BuildError> {
    let full = is_full(context, proposal, &sources);
    if full {
        let state = &mut proposal.state;
        state.hold_all(&context.state, &mut sources).await?;
    }
    let sources = Arc::new(sources);
    let evaluated = |outcome| EvaluationResult {
        sources: sources.clone(),
        outcome,
        full,
        part: false,
        misread: Misread::new(),
    };
    let cut_off = |error: JoinError| BuildError::Rendering(error.to_string());
    let (given, time) = (sources.clone(), proposal.time);
    let settings = settings(context, time.now);
    let candidates = Candidates::between(&proposal.state.sources, &sources);
    let options = options(proposal, full, first.filter(|_| !full));
    let started = spawn_blocking(move || {
        Selection::begin(given, settings, time.up_to, candidates, |_| options)
    });
    let mut selection = match started.await.map_err(cut_off)? {
        Ok(selection) => selection,
        Err(unready) => {
            let mut waiting = (*sources).clone();
            let candidates = Candidates::between(&proposal.state.sources, &sources);
            candidates.put_back(&mut waiting);
            return Ok(EvaluationResult {
                sources: Arc::new(waiting),
                ..evaluated(Err(unready))
            });
        }
    };
    (context.progress)(Step::Rendering(selection.plan().len()));

    let mut supplier = Supplier::new(context, &sources, selection.allowed_hosts());
    let unused = proposal.root.set_aside.keys();
    let unused = unused.map(|key| SourceKey::from(key.as_str()));
    supplier.unused = unused.chain(proposal.others.left.iter().cloned()).collect();
    let held = proposal.root.held_keys();
    supplier.held = held.map(|key| key.as_str().into()).collect();

    loop {
        let progress;
        (selection, progress) = spawn_blocking(move || {
            let progress = selection.step(|_, object| object);
            (selection, progress)
        })
        .await
        .map_err(cut_off)?;
        match progress {
            Progress::Asks(asked) => {
                selection.supply(supplier.supply(&mut proposal.state, asked).await?);
                continue;
            }
            Progress::Again => continue,
            Progress::Ready if !selection.has_only_first() => break,
            Progress::Ready => {}
        }
        // Where they are there already, this is what comes after them.
        let evaluation = selection.evaluation();
        let many = evaluation.left() > proposal.many_outputs;
        if many && evaluation.made().any(|made| is_news(&proposal.state, made)) {
            let tree = selection.finish_part();
            return Ok(EvaluationResult {
                part: true,
                misread: supplier.misread,
                sources: tree.sources.clone(),
                ..evaluated(Ok(tree))
            });
        }
        selection.go_on();
    }
    let tree = selection.finish();
    Ok(EvaluationResult {
        misread: supplier.misread,
        sources: tree.sources.clone(),
        ..evaluated(Ok(tree))
    })
}

/// Whether everything is made, since there is nothing to go by, or what there is is of another site.
fn is_full(context: &Context, proposal: &Proposal<'_>, sources: &Sources) -> bool {
    let Proposal { root, state, .. } = proposal;
    let same_site = root.engine == ENGINE
        && root.settings == context.options.mark()
        && !state.sources.is_configured_otherwise(sources);
    !same_site || state.graph.outputs.is_empty()
}

/// What an evaluation goes by.
fn options(
    proposal: &Proposal<'_>,
    full: bool,
    first: Option<BTreeSet<SourceKey>>,
) -> evaluate::Options {
    let Proposal { root, state, .. } = proposal;
    // Another engine may say something else of them.
    let same_engine = root.engine == ENGINE;
    let is_there = |(key, output): &(&OutputKey, &PublishedObject)| {
        same_engine && key.as_str().starts_with(PICTURES) && output.fingerprint.is_some()
    };
    if !same_engine {
        state.album.forget_metadata();
    }
    let pictures = state.outputs.iter().filter(is_there);
    let stored = state.answers.iter();
    let stored = stored.map(|(request, text)| (request.clone(), Ok(text.clone())));
    evaluate::Options {
        previous: Some(Previous {
            graph: if full {
                Arc::default()
            } else {
                state.graph_of_published()
            },
            sources: state.sources.clone(),
            has_records: !full,
            is_unfinished: root.unfinished,
        }),
        answers: stored.collect(),
        album: Some(state.album.clone()),
        pictures: pictures.map(|(key, _)| key.clone()).collect(),
        first,
        tells_why: true,
        tells_headers: false,
    }
}

/// Whether an output is not published as it was made.
fn is_news(state: &State, (key, object): (&OutputKey, &Object)) -> bool {
    let there = state.outputs.get(key.as_str());
    let fingerprint = Some(object.fingerprint());
    there.is_none_or(|there| there.fingerprint != fingerprint)
}
