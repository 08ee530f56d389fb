//! What an upload would change, before it is made.
//!
//! The very steps of a run, up to the difference to what is published, over a source bucket in which
//! some files are taken as if they were uploaded. No lease is taken and nothing is written. Who
//! publishes meanwhile is noticed at the end: the root is read again, and if it says something else,
//! so would the preview.

mod cost;

pub use cost::Dollars;

use super::BuildError;
use super::context::{Context, Step};
use super::difference::{self, Difference};
use super::draft::{Draft, Proposal, draft};
use super::measure::Meter;
use super::observe::{self, Changes, MAX_INPUT_BYTES};
use super::parts::OtherParts;
use super::publication::Publication;
use super::root::Root;
use super::rules::{self, CacheChanges, RulesChange};
use super::run::Work;
use super::session::lease_left;
use super::state::{PublishedObject, State};
use super::status::last_report;
use super::store::{GivenObjects, StandIn};
use super::time::Time;
use super::transfer::{Origin, Put, WAVES};
use super::upload::Upload;
use super::variants;
use crate::invalidate::send::batches;
use futures::stream::{StreamExt, TryStreamExt, iter};
use md5::{Digest, Md5};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::Body;
use quillfront_site::plan::{PICTURES, Recipe};
use quillfront_site::report::{
    Action, Invalidations, OutputCounts, OutputReport, Report, RequestCounts, SourceChanges,
};
use serde::Serialize;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// Lines of one file's difference at most.
pub const MAX_DIFFERENCE_LINES: usize = 200;
/// A larger object is not compared line by line.
const MAX_COMPARED_BYTES: u64 = 4 * 1024 * 1024;
/// Previews that are made in vain because somebody publishes meanwhile.
const MAX_TRIES: usize = 3;
/// What is waited before another one while somebody is putting; as many times as tries were made.
const PAUSE: Duration = Duration::from_millis(500);

/// What an upload would change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preview {
    /// Sources that would be others.
    pub sources: SourceChanges,
    /// Those of the given files that are published as they are given.
    pub published: Vec<String>,
    /// How many outputs would be made, put, deleted.
    pub counts: OutputCounts,
    /// Each of them.
    pub outputs: Vec<Output>,
    /// Requests, about: those of a run that remembers nothing from the one before.
    pub requests: RequestCounts,
    /// What CloudFront would be told to forget.
    pub invalidations: Invalidations,
    /// An estimate.
    pub dollars: Dollars,
    /// What the author would be told.
    pub diagnostics: Vec<Diagnostic>,
    /// Those of them that the upload would cause: about the given files, or not told of the site as it
    /// is published.
    pub caused: Vec<Diagnostic>,
    /// Why the change would wait for `quillfront approve`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

/// An output that would be touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Its key.
    pub key: String,
    /// What would be done.
    pub actions: Vec<Action>,
    /// Why.
    pub because: Vec<String>,
    /// How the text that is published would differ; none for what is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
}

/// There is no telling what would change.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// A file to be removed that the site does not have.
    #[error("{0} is not on disk or on the site; it was already removed, or the name is misspelled")]
    Nowhere(SourceKey),
    /// Others published again and again while it was made.
    #[error("the site was being published while this plan was made; run the plan again")]
    Moving,
    /// Storage or state failed.
    #[error(transparent)]
    Failed(#[from] BuildError),
}

impl StandIn {
    /// Of bytes.
    pub fn of(bytes: Vec<u8>) -> Self {
        Self {
            etag: hex::encode(Md5::digest(&bytes)),
            size: bytes.len() as u64,
            bytes: Some(bytes.into()),
        }
    }

    /// Of a file; none where there is none. What is larger than a template may read is only measured.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn read(path: &Path) -> io::Result<Option<Self>> {
        let mut file = match tokio::fs::File::open(path).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut hash = Md5::new();
        let (mut size, mut held) = (0, Vec::new());
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let count = file.read(&mut buffer).await?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            size += count as u64;
            if size <= MAX_INPUT_BYTES {
                held.extend_from_slice(&buffer[..count]);
            }
        }
        Ok(Some(Self {
            etag: hex::encode(hash.finalize()),
            size,
            bytes: (size <= MAX_INPUT_BYTES).then(|| held.into()),
        }))
    }
}

/// What would change if these files were uploaded, and those without anything removed.
pub(super) async fn preview(
    context: Context,
    files: GivenObjects,
    differences: usize,
) -> Result<Preview, PreviewError> {
    let keys: BTreeSet<SourceKey> = files.keys().map(|key| key.as_str().into()).collect();
    let removed: Vec<SourceKey> = files
        .iter()
        .filter(|(_, given)| given.is_none())
        .map(|(key, _)| key.as_str().into())
        .collect();
    let context = context.with_given(files);
    for tried in 1..=MAX_TRIES {
        let root = context.root().await.map_err(BuildError::from)?;
        let state = match &root {
            None => State::default(),
            Some(root) => context.state_under(root).await.map_err(BuildError::State)?,
        };
        let is_nowhere = |key: &&SourceKey| state.sources.get(key.as_str()).is_none();
        match removed.iter().find(is_nowhere) {
            // Later it may be that its removal was published meanwhile.
            Some(key) if tried == 1 => return Err(PreviewError::Nowhere(key.clone())),
            _ => {}
        }
        let preview = planned(&context, &keys, root.clone(), state, differences).await?;
        let now = context.root().await.map_err(BuildError::from)?;
        let is_putting = now.as_ref().is_some_and(|now| is_putting(&context, now));
        if !is_putting && is_same_site(root.as_ref(), now.as_ref()) {
            return Ok(preview);
        }
        if is_putting && tried < MAX_TRIES {
            (context.progress)(Step::Waiting(
                "the site is being published; waiting for that to finish",
            ));
            context.host.sleep(PAUSE * tried as u32).await;
        }
    }
    Err(PreviewError::Moving)
}

/// True while a builder may be putting what the root does not say yet.
fn is_putting(context: &Context, root: &Root) -> bool {
    let lease = root.lease.as_ref().filter(|lease| !lease.committed);
    lease.is_some_and(|lease| lease_left(context, lease).is_some())
}

/// What would change to the site under a root.
async fn planned(
    context: &Context,
    keys: &BTreeSet<SourceKey>,
    root: Option<Root>,
    state: State,
    differences: usize,
) -> Result<Preview, BuildError> {
    let meter = Meter::start(context);
    let today = context.today();
    let root = root.unwrap_or_else(|| Root::new(today.now.to_string()));
    let work = Work::Keys(keys.clone());
    let mut proposal = propose(context, keys, &work, root, state).await?;
    let draft = draft(context, &mut proposal).await?;
    let publication = Publication::of(context, proposal, draft);
    let draft = &publication.draft;
    let rules = RulesChange::of(context, &publication).await?;
    let report = reported(context, &publication, &rules);
    let mut cost = Report::default();
    meter.fill(context, &mut cost);
    let mut requests = cost.requests;
    if !report.outputs.is_empty() || !draft.changes.map.is_empty() {
        cost::add_rest(&mut requests, &publication);
        let Invalidations { paths, later, .. } = &report.invalidations;
        let batches = (batches(paths).len() + batches(later).len()) as u64;
        requests.invalidation = context.cloudfront.as_ref().map_or(0, |_| batches);
        requests.delete += report.counts.deleted;
    }
    let told = compare_texts(context, &publication, differences).await?;
    let published = published(keys, draft);
    let before = last_report(context).await?.unwrap_or_default();
    let caused = caused(keys, &report.diagnostics, &before.diagnostics);
    Ok(Preview {
        caused,
        ..shown(report, published, told, requests, draft)
    })
}

/// The change that the given files make.
async fn propose<'a>(
    context: &Context,
    keys: &BTreeSet<SourceKey>,
    work: &'a Work,
    root: Root,
    state: State,
) -> Result<Proposal<'a>, BuildError> {
    let seen = observe::look(&context.source, keys, context.options.parallel).await?;
    let mut sources = (*state.sources).clone();
    let changes = Changes::apply(&mut sources, seen.clone());
    Ok(Proposal {
        work,
        time: Time::of_root(&root, context.today()),
        root,
        state,
        strange: BTreeSet::new(),
        seen,
        sources,
        changes,
        others: OtherParts::default(),
        // A run may put own pages first; here all is told at once.
        many_outputs: usize::MAX,
    })
}

/// How published texts would differ.
async fn compare_texts(
    context: &Context,
    publication: &Publication<'_>,
    most: usize,
) -> Result<BTreeMap<OutputKey, Difference>, BuildError> {
    let mut puts: Vec<&Put> = publication.puts.iter().collect();
    puts.retain(|put| {
        is_text(&put.object.content_type) && is_for_people(&publication.draft, &put.key)
    });
    // The changed sources' own pages, other pages, lists, files.
    puts.sort_by_key(|put| ((put.wave + WAVES - 2) % WAVES, &put.key));
    let compared = puts.into_iter().take(most).map(|put| async move {
        let found = difference(context, put).await?;
        Ok::<_, BuildError>(found.map(|found| (put.key.clone(), found)))
    });
    let compared = iter(compared).buffer_unordered(context.options.parallel);
    let found: Vec<_> = compared.try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn difference(context: &Context, put: &Put) -> Result<Option<Difference>, BuildError> {
    let after: Option<Arc<[u8]>> = match &put.object.body {
        Body::Bytes(bytes) => Some(bytes.clone()),
        Body::Copy { source, .. } => {
            let got = match &put.origin {
                Origin::Published(from, _) => context.site.get(from.as_str(), MAX_COMPARED_BYTES),
                _ => context.source.get(source.as_str(), MAX_COMPARED_BYTES),
            };
            let got = got.await?;
            got.and_then(|got| got.bytes).map(Into::into)
        }
        // Its headers alone are others.
        Body::Kept { .. } => return Ok(None),
    };
    let before = match &put.before {
        Some(_) => {
            let got = context
                .site
                .get(put.key.as_str(), MAX_COMPARED_BYTES)
                .await?;
            got.map_or(Some(Vec::new()), |got| got.bytes)
        }
        None => Some(Vec::new()),
    };
    let (Some(before), Some(after)) = (before, after) else {
        return Ok(None);
    };
    let texts = (std::str::from_utf8(&before), std::str::from_utf8(&after));
    let (Ok(before), Ok(after)) = texts else {
        return Ok(None);
    };
    Ok(Some(difference::between(
        before,
        after,
        MAX_DIFFERENCE_LINES,
    )))
}

/// True where two roots say the same of the site; hints and the end of an outbox are nothing to it.
fn is_same_site(one: Option<&Root>, other: Option<&Root>) -> bool {
    let site = |root: &Root| (root.commit.clone(), root.segments.clone(), root.now.clone());
    one.map(site) == other.map(site)
}

/// Those keys under which a run would find nothing to do.
fn published(keys: &BTreeSet<SourceKey>, draft: &Draft) -> Vec<String> {
    let is_held = |key: &SourceKey| {
        let held = draft.held.as_ref();
        held.is_some_and(|held| held.keys.contains(key.as_str()))
    };
    let is_used = |key: &SourceKey| {
        let source = draft.sources.get(key.as_str());
        source.is_none_or(|source| source.problems.is_empty())
    };
    let changed = &draft.changes.map;
    let same = keys.iter().filter(|key| !changed.contains_key(*key));
    let same = same.filter(|key| !is_held(key) && is_used(key));
    same.map(ToString::to_string).collect()
}

/// The diagnostics that are due to the given files: theirs, and those that were not told before. A line
/// may have moved, so the same mistake is known by file, code and message.
fn caused(
    keys: &BTreeSet<SourceKey>,
    now: &[Diagnostic],
    before: &[Diagnostic],
) -> Vec<Diagnostic> {
    fn same(found: &Diagnostic) -> (&str, &str, &str) {
        // How many outputs it fails is another matter.
        let message = found.message.split(" (making ").next();
        (&found.file, &found.code, message.unwrap_or_default())
    }
    let known: BTreeSet<_> = before.iter().map(same).collect();
    let is_caused =
        |found: &&Diagnostic| keys.contains(found.file.as_str()) || !known.contains(&same(found));
    now.iter().filter(is_caused).cloned().collect()
}

/// False for what only programs read: nobody learns anything from the difference of a search index.
fn is_for_people(draft: &Draft, key: &OutputKey) -> bool {
    let planned = draft.outcome.as_ref().ok();
    let planned = planned.and_then(|tree| tree.plan.get(key.as_str()));
    !planned.is_some_and(|planned| {
        matches!(
            planned.recipe,
            Recipe::SearchIndex(_) | Recipe::SearchLibrary
        )
    })
}

fn is_text(content_type: &str) -> bool {
    let kinds = ["text/", "xml", "json", "javascript"];
    kinds.iter().any(|kind| content_type.contains(kind))
}

/// The report of a run in which everything went well.
fn reported(context: &Context, publication: &Publication<'_>, rules: &RulesChange) -> Report {
    let put = publication.puts.iter().map(|put| {
        let published = PublishedObject {
            fingerprint: Some(put.object.fingerprint()),
            etag: SmolStr::default(),
            source: put.source.clone(),
            rank: put.rank,
        };
        (put.key.clone(), published)
    });
    let upload = Upload {
        put: put.collect(),
        ..Upload::default()
    };
    let mut report = publication.report(&upload);
    // Pictures stay for as long as cached pages may show them.
    for output in &mut report.outputs {
        if output.actions == [Action::Deleted] && output.key.starts_with(PICTURES) {
            output.actions = vec![Action::Unreferenced];
            report.counts.deleted -= 1;
        }
    }
    let gone = publication.deletions.keys().map(OutputKey::as_str);
    let gone: BTreeSet<&str> = gone.filter(|key| !key.starts_with(PICTURES)).collect();
    let put = upload.put.keys().map(OutputKey::as_str);
    let touched = put.clone().chain(gone.iter().copied()).collect();
    let before = publication.proposal.state.outputs.keys();
    let stays = before.filter(|key| !publication.deletions.contains_key(*key));
    let there: BTreeSet<&str> = stays.map(OutputKey::as_str).chain(put).collect();
    let there = there.iter().copied();
    let forgotten = CacheChanges {
        touched: &touched,
        variants: &variants::of_publication(publication),
        owed: Vec::new(),
    };
    report.invalidations = rules::invalidations(context, rules, forgotten, there);
    report
}

fn shown(
    report: Report,
    published: Vec<String>,
    mut told: BTreeMap<OutputKey, Difference>,
    requests: RequestCounts,
    draft: &Draft,
) -> Preview {
    let output = |output: OutputReport| Output {
        difference: told.remove(output.key.as_str()),
        key: output.key,
        actions: output.actions,
        because: output.because,
    };
    let Invalidations { paths, later, .. } = &report.invalidations;
    let dollars = Dollars::of(&requests, paths.len() + later.len());
    Preview {
        sources: report.sources,
        published,
        counts: report.counts,
        outputs: report.outputs.into_iter().map(output).collect(),
        requests,
        invalidations: report.invalidations,
        dollars,
        diagnostics: report.diagnostics,
        caused: Vec::new(),
        held: draft.held.as_ref().map(|held| held.reason.clone()),
    }
}
