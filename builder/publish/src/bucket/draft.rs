//! The site as it will be after a change: evaluated, without what has to be approved first.

use super::hold;
use super::observe::{self, Changes};
use super::parts::OtherParts;
use super::root::{Held, Root};
use super::run::Work;
use super::state::{Dirty, Published, State};
use super::{BuildError, Builder, Step};
use crate::fetch::{self, Budget};
use jiff::Timestamp;
use quillfront_render::effective::{Change, Observed};
use quillfront_render::evaluate::{Evaluation, Tree, Unready};
use quillfront_render::remote::{Answer, Request};
use quillfront_render::render::world::{Inputs, Listing, Settings};
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::Object;
use quillfront_site::plan::PICTURES;
use quillfront_site::quillfront_toml::AllowedHosts;
use quillfront_site::source::Sources;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The time of a run.
#[derive(Clone, Copy)]
pub(super) struct Time {
    /// What templates see at least.
    pub(super) now: Timestamp,
    /// What is due up to here is published; `now` moves on to the last such moment.
    pub(super) up_to: Timestamp,
}

/// The site as it will be after a change.
pub(super) struct Draft {
    pub(super) sources: Arc<Sources>,
    pub(super) changes: Changes,
    pub(super) outcome: Result<Tree, Unready>,
    pub(super) held: Option<Held>,
    /// Published pages that it deletes, or would if they were not held.
    pub(super) deletes: usize,
    /// Sources whose record may be another.
    pub(super) looked_at: BTreeSet<SourceKey>,
    /// True where nothing was gone by.
    pub(super) full: bool,
    /// True where only the own pages of the changed sources were made, to be put first.
    pub(super) part: bool,
    /// Files that renders read in another version than the sources say, and than this run has seen. It
    /// is no draft then: traces go by the versions of the sources, so that what was made of another
    /// one would never be found to be wrong.
    pub(super) misread: BTreeSet<SourceKey>,
}

impl Draft {
    /// The sources whose current bytes are not to be used: they are set aside, held, or left for a
    /// later part.
    pub(super) fn withheld(&self, root: &Root, others: &OtherParts) -> BTreeSet<SourceKey> {
        let held = self.held.iter().flat_map(|held| &held.keys);
        let aside = held.chain(root.set_aside.keys());
        let aside = aside.map(|key| SourceKey::from(key.as_str()));
        aside.chain(others.left.iter().cloned()).collect()
    }

    /// True where it says nothing that the state and the root do not say.
    pub(super) fn is_of(&self, state: &State, root: &Root) -> bool {
        let same_tree = self.outcome.as_ref().map_or(true, |tree| {
            let mut dirty = Dirty::default();
            dirty.note(&state.graph, &tree.graph);
            let same_graph = dirty.sources.is_empty() && dirty.outputs.is_empty();
            same_graph && state.answers == tree.answers
        });
        same_tree && self.held == root.held
    }
}

/// What came of an evaluation.
struct Evaluated {
    sources: Arc<Sources>,
    outcome: Result<Tree, Unready>,
    /// True where nothing was gone by.
    full: bool,
    /// True where only a part was made.
    part: bool,
    /// Files that were read in another version than the sources say.
    misread: Misread,
}

/// Files that were read, and in which version; none where nothing was there.
type Misread = BTreeSet<(SourceKey, Option<String>)>;

/// Those that the run has not seen so. What is held is known to be another than the sources say.
fn unseen(misread: Misread, seen: &[(SourceKey, Observed)]) -> BTreeSet<SourceKey> {
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

/// More changed pages than this, and there is none that somebody waits for.
const FEW_PAGES: usize = 16;

/// True where another configuration is used: it has a hand in everything.
fn is_configured_otherwise(before: &Sources, after: &Sources) -> bool {
    let mut differing = before.differing(after);
    differing.any(|key| key.role().is_configuration())
}

impl Builder {
    /// Evaluates the change, without what has to be approved first.
    #[allow(clippy::too_many_arguments)]
    pub(super) async fn draft(
        &self,
        work: &Work,
        state: &mut State,
        root: &Root,
        sources: Sources,
        changes: Changes,
        seen: &[(SourceKey, Observed)],
        time: Time,
        others: &OtherParts,
    ) -> Result<Draft, BuildError> {
        // What was held and was looked at again is no longer held, or is held anew below.
        let still_held: BTreeSet<String> = root
            .held
            .iter()
            .flat_map(|held| held.keys.iter().cloned())
            .filter(|key| !seen.iter().any(|(looked, _)| looked.as_str() == key))
            .collect();
        let keep = |reason: Option<String>, more: BTreeSet<String>| {
            let keys: BTreeSet<String> = still_held.iter().cloned().chain(more).collect();
            let reason = reason.or_else(|| root.held.as_ref().map(|held| held.reason.clone()));
            (!keys.is_empty()).then(|| Held {
                reason: reason.unwrap_or_default(),
                keys,
            })
        };
        let looked_at: BTreeSet<SourceKey> = seen.iter().map(|(key, _)| key.clone()).collect();
        let waits = matches!(work, Work::Keys(_)) && seen.len() <= FEW_PAGES;
        let first = waits.then(|| changes.map.keys().cloned().collect());
        let without = sources.clone();
        let evaluated = Box::pin(self.evaluate(state, root, others, sources, time, first)).await?;
        // What may have to be approved is looked at as a whole.
        let evaluated = match hold::reason(state, evaluated.outcome.as_ref(), others) {
            Some(_) if evaluated.part => {
                Box::pin(self.evaluate(state, root, others, without, time, None)).await?
            }
            _ => evaluated,
        };
        let Evaluated {
            sources,
            outcome,
            full,
            part,
            misread,
        } = evaluated;
        let deletes = hold::deleted(state, outcome.as_ref());
        let reason = hold::reason(state, outcome.as_ref(), others);
        let Some(reason) = reason.filter(|_| *work != Work::Approve) else {
            return Ok(Draft {
                sources,
                changes,
                outcome,
                held: keep(None, BTreeSet::new()),
                deletes,
                looked_at,
                full,
                part,
                misread: unseen(misread, seen),
            });
        };
        // First without the removals alone, then without the configuration, then without any of
        // it.
        let removed: BTreeSet<String> = changes.of(Change::Removed).into_iter().collect();
        let all: BTreeSet<String> = changes.map.keys().map(ToString::to_string).collect();
        let keys = changes.map.keys();
        let configuration = keys.filter(|key| key.role().is_configuration());
        let configuration = configuration.map(ToString::to_string).collect();
        for withheld in [removed, configuration, all] {
            let mut sources = (*state.sources).clone();
            let rest: Vec<_> = seen
                .iter()
                .filter(|(key, _)| !withheld.contains(key.as_str()))
                .cloned()
                .collect();
            let changes = Changes::apply(&mut sources, rest);
            let Evaluated {
                sources,
                outcome,
                full,
                part,
                misread: read,
            } = Box::pin(self.evaluate(state, root, others, sources, time, None)).await?;
            if hold::reason(state, outcome.as_ref(), others).is_none() {
                let held = keep(Some(reason), withheld);
                return Ok(Draft {
                    sources,
                    changes,
                    outcome,
                    held,
                    deletes,
                    looked_at,
                    full,
                    part,
                    misread: unseen(read, seen),
                });
            }
        }
        // The published tree itself would not pass (a clock that moved, say): nothing is withheld.
        Ok(Draft {
            sources,
            changes,
            outcome,
            held: None,
            deletes,
            looked_at,
            full,
            part,
            misread: unseen(misread, seen),
        })
    }

    /// Renders what would come out otherwise, reading what templates name on the way.
    async fn evaluate(
        &self,
        state: &mut State,
        root: &Root,
        others: &OtherParts,
        mut sources: Sources,
        time: Time,
        first: Option<BTreeSet<SourceKey>>,
    ) -> Result<Evaluated, BuildError> {
        let same_site = root.engine == env!("CARGO_PKG_VERSION")
            && root.settings == self.settings_name()
            && !is_configured_otherwise(&state.sources, &sources);
        let full = !same_site || state.graph.outputs.is_empty();
        if full {
            state.hold_all(&self.state, &mut sources).await?;
        }
        let sources = Arc::new(sources);
        let evaluated = |outcome| Evaluated {
            sources: sources.clone(),
            outcome,
            full,
            part: false,
            misread: Misread::new(),
        };
        let is_there = |(key, output): &(&OutputKey, &Published)| {
            // Another engine may say something else of them.
            let same_engine = root.engine == env!("CARGO_PKG_VERSION");
            same_engine && key.as_str().starts_with(PICTURES) && output.fingerprint.is_some()
        };
        let published = state.outputs.iter().filter(is_there);
        let published = published.map(|(key, _)| key.clone()).collect();
        let settings = Settings {
            mode: self.options.mode,
            base_url: self.options.base_url.clone(),
            drafts: self.options.drafts,
            now: time.now,
            minify: false,
            listing: Listing::All,
        };
        let cut_off = |error: tokio::task::JoinError| BuildError::Rendering(error.to_string());
        let given = sources.clone();
        let started =
            tokio::task::spawn_blocking(move || Evaluation::up_to(given, settings, time.up_to));
        let mut evaluation = match started.await.map_err(cut_off)? {
            Ok(evaluation) => evaluation,
            Err(unready) => return Ok(evaluated(Err(unready))),
        };
        let graph = if full {
            Arc::default()
        } else {
            state.graph_of_published()
        };
        evaluation.go_by(graph, state.sources.clone());
        if !full {
            evaluation.records_elsewhere();
        }
        evaluation.tell_why();
        (self.progress)(Step::Rendering(evaluation.plan().len()));
        evaluation.remember(state.album.clone(), published);
        let stored = state.answers.iter();
        let stored = stored.map(|(request, text)| (request.clone(), Ok(text.clone())));
        evaluation.supply_answers(stored.collect());
        let allowed = evaluation.allowed_hosts();
        let mut budget = Budget::new();
        let mut misread = Misread::new();
        let is_held = |key: &SourceKey| {
            let held = root.held.as_ref();
            held.is_some_and(|held| held.keys.contains(key.as_str()))
        };
        let is_unused = |key: &SourceKey| {
            let source = sources.get(key.as_str());
            root.set_aside.contains_key(key.as_str())
                || others.left.contains(key)
                || source.is_some_and(|source| source.is_unreadable())
        };
        let mut first = first.filter(|_| !full);
        if let Some(first) = &first {
            evaluation.only(first.clone());
        }
        loop {
            let needs;
            (evaluation, needs) = tokio::task::spawn_blocking(move || {
                let needs = evaluation.step(|_, object| object);
                (evaluation, needs)
            })
            .await
            .map_err(cut_off)?;
            if needs.is_empty() {
                if first.take().is_none() {
                    break;
                }
                if evaluation.left() > self.options.many_outputs {
                    let news = |(key, object): (&OutputKey, &Object)| {
                        let there = state.outputs.get(key.as_str());
                        let fingerprint = Some(object.fingerprint());
                        there.is_none_or(|there| there.fingerprint != fingerprint)
                    };
                    // Where they are there already, this is what comes after them.
                    if evaluation.made().any(news) {
                        return Ok(Evaluated {
                            part: true,
                            misread,
                            ..evaluated(Ok(evaluation.finish_part()))
                        });
                    }
                }
                evaluation.all();
                continue;
            }
            let parallel = self.options.parallel;
            let (unused, files) = needs.files.into_iter().partition(is_unused);
            let unused: BTreeSet<SourceKey> = unused;
            let (mut read, versions) = observe::inputs(&self.source, files, parallel).await?;
            misread.extend(read.keys().filter_map(|key| {
                let known = sources.get(key.as_str());
                let known = known.map(|source| source.version.as_str());
                let found = versions.get(key);
                // A file whose removal is held is read from where it is published.
                let is_held = found.is_none() && is_held(key);
                (found.map(String::as_str) != known && !is_held)
                    .then(|| (key.clone(), found.cloned()))
            }));
            read.extend(unused.into_iter().map(|key| (key, None)));
            self.read_published(state, &mut read).await?;
            evaluation.supply_versions(read, &versions);
            if !needs.texts.is_empty() {
                state.texts.read(&self.state, &needs.texts).await?;
                evaluation.supply_texts(state.texts_of(needs.texts)?);
            }
            if needs.records {
                state.records.read(&self.state).await?;
                evaluation.supply_records(state.records.held());
            }
            if !needs.requests.is_empty() {
                let answers;
                (answers, budget) = self.fetch(needs.requests, &allowed, budget).await?;
                evaluation.supply_answers(answers);
            }
        }
        Ok(Evaluated {
            misread,
            ..evaluated(Ok(evaluation.finish()))
        })
    }

    /// Fetches answers; gives the budget back.
    pub(super) async fn fetch(
        &self,
        requests: BTreeSet<Request>,
        allowed: &AllowedHosts,
        mut budget: Budget,
    ) -> Result<(BTreeMap<Request, Answer>, Budget), BuildError> {
        let (web, allowed) = (self.web.clone(), allowed.clone());
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
        &self,
        state: &State,
        read: &mut Inputs,
    ) -> Result<(), BuildError> {
        for (source, bytes) in read.iter_mut().filter(|(_, bytes)| bytes.is_none()) {
            let published = state.outputs.iter().find(|(key, output)| {
                output.source == *source && !key.as_str().starts_with(PICTURES)
            });
            let listed = state.sources.exists(source.as_str());
            if let (Some((key, _)), true) = (published, listed) {
                let got = self.site.get(key.as_str(), observe::MAX_INPUT_BYTES);
                let got = match got.await {
                    Err(error) if error.is_damaged() => None,
                    got => got?,
                };
                *bytes = got.and_then(|got| got.bytes).map(Into::into);
            }
        }
        Ok(())
    }
}
