//! What an evaluation asks for, out of the buckets, the state and the network.

use super::BuildError;
use super::context::Context;
use super::observe;
use super::state::State;
use crate::fetch::{self, Budget};
use quillfront_render::effective::SourceObservation;
use quillfront_render::evaluate::{OpenQuestions, Supply};
use quillfront_render::remote::{Answer, Request};
use quillfront_render::render::world::Inputs;
use quillfront_site::key::SourceKey;
use quillfront_site::plan::PICTURES;
use quillfront_site::quillfront_toml::AllowedHosts;
use quillfront_site::source::Sources;
use std::collections::{BTreeMap, BTreeSet};

/// Supplies one evaluation.
pub(super) struct Supplier<'a> {
    context: &'a Context,
    sources: &'a Sources,
    allowed: AllowedHosts,
    /// None where nobody is asked: what is not known is not what the site was made from.
    budget: Option<Budget>,
    /// Sources whose current bytes are not to be used.
    pub(super) unused: BTreeSet<SourceKey>,
    /// Sources whose change is held.
    pub(super) held: BTreeSet<SourceKey>,
    /// Files that were read in another version than the sources say.
    pub(super) misread: Misread,
}

/// Files that were read, and in which version; none where nothing was there.
pub(super) type Misread = BTreeSet<(SourceKey, Option<String>)>;

/// Those that the run has not seen so. What is held is known to be another than the sources say.
pub(super) fn unseen(
    misread: Misread,
    seen: &[(SourceKey, SourceObservation)],
) -> BTreeSet<SourceKey> {
    if misread.is_empty() {
        return BTreeSet::new();
    }
    let seen: BTreeMap<&str, Option<&str>> = seen
        .iter()
        .map(|(key, observed)| (key.as_str(), observed.version()))
        .collect();
    let is_seen = |key: &SourceKey, version: &Option<String>| {
        seen.get(key.as_str()) == Some(&version.as_deref())
    };
    let unseen = misread.into_iter();
    unseen
        .filter(|(key, version)| !is_seen(key, version))
        .map(|(key, _)| key)
        .collect()
}

impl<'a> Supplier<'a> {
    pub(super) fn new(context: &'a Context, sources: &'a Sources, allowed: AllowedHosts) -> Self {
        Self {
            context,
            sources,
            allowed,
            budget: Some(Budget::new()),
            unused: BTreeSet::new(),
            held: BTreeSet::new(),
            misread: Misread::new(),
        }
    }

    /// Of a site that is only looked at: nothing is fetched for it.
    pub(super) fn of_published(context: &'a Context, sources: &'a Sources) -> Self {
        Self {
            budget: None,
            ..Self::new(context, sources, AllowedHosts::default())
        }
    }

    /// Reads and fetches what an evaluation waits for.
    pub(super) async fn supply(
        &mut self,
        state: &mut State,
        asked: OpenQuestions,
    ) -> Result<Supply, BuildError> {
        let storage = &self.context.state;
        let (files, versions) = self.files(state, asked.files).await?;
        let mut texts = BTreeMap::new();
        if !asked.texts.is_empty() {
            state.texts.read(storage, &asked.texts).await?;
            texts = state.texts_of(asked.texts)?;
        }
        let mut records = None;
        if asked.records {
            state.records.read(storage).await?;
            records = Some(state.records.held());
        }
        let answers = match self.budget.take() {
            None => {
                let unknown = |request| (request, Err("no answer is known".to_owned()));
                asked.requests.into_iter().map(unknown).collect()
            }
            Some(budget) if asked.requests.is_empty() => {
                self.budget = Some(budget);
                BTreeMap::new()
            }
            Some(budget) => {
                let fetching = fetch(self.context, asked.requests, &self.allowed, budget);
                let (answers, rest) = fetching.await?;
                self.budget = Some(rest);
                answers
            }
        };
        Ok(Supply {
            files,
            versions,
            answers,
            texts,
            records,
        })
    }

    async fn files(
        &mut self,
        state: &State,
        keys: BTreeSet<SourceKey>,
    ) -> Result<(Inputs, BTreeMap<SourceKey, String>), BuildError> {
        let (context, sources) = (self.context, self.sources);
        let is_unused = |key: &SourceKey| {
            let source = sources.get(key.as_str());
            self.unused.contains(key) || source.is_some_and(|source| source.is_unreadable())
        };
        let (unused, keys): (BTreeSet<_>, BTreeSet<_>) = keys.into_iter().partition(is_unused);
        let parallel = context.options.parallel;
        let (mut read, versions) = observe::inputs(&context.source, keys, parallel).await?;
        for key in read.keys() {
            let known = sources.get(key.as_str());
            let known = known.map(|source| source.version.as_str());
            let found = versions.get(key);
            // A file whose removal is held is read from where it is published.
            let is_held = found.is_none() && self.held.contains(key);
            if found.map(String::as_str) != known && !is_held {
                self.misread.insert((key.clone(), found.cloned()));
            }
        }
        read.extend(unused.into_iter().map(|key| (key, None)));
        read_published(context, state, &mut read).await?;
        Ok((read, versions))
    }
}

/// Fetches answers; gives the budget back.
pub(super) async fn fetch(
    context: &Context,
    requests: BTreeSet<Request>,
    allowed: &AllowedHosts,
    mut budget: Budget,
) -> Result<(BTreeMap<Request, Answer>, Budget), BuildError> {
    let (web, allowed) = (context.web.clone(), allowed.clone());
    tokio::task::spawn_blocking(move || {
        let answers = fetch::gather(&*web, requests, &allowed, &mut budget);
        (answers, budget)
    })
    .await
    .map_err(|error| BuildError::Rendering(error.to_string()))
}

/// Reads from the site bucket what the source bucket no longer has: files whose removal is
/// held, or which the storage has damaged, are still the site's.
pub(super) async fn read_published(
    context: &Context,
    state: &State,
    read: &mut Inputs,
) -> Result<(), BuildError> {
    for (source, bytes) in read.iter_mut().filter(|(_, bytes)| bytes.is_none()) {
        let published = state
            .outputs
            .iter()
            .find(|(key, output)| output.source == *source && !key.as_str().starts_with(PICTURES));
        let listed = state.sources.exists(source.as_str());
        if let (Some((key, _)), true) = (published, listed) {
            let got = context.site.get(key.as_str(), observe::MAX_INPUT_BYTES);
            let got = match got.await {
                Err(error) if error.is_damaged() => None,
                got => got?,
            };
            *bytes = got.and_then(|got| got.bytes).map(Into::into);
        }
    }
    Ok(())
}
