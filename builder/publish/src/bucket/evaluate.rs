//! An evaluation over S3: what it goes by comes from the state, what it asks for from the buckets.

use super::parts::OtherParts;
use super::root::Root;
use super::state::{Published, State};
use super::supply::{Misread, Supplier};
use super::{BuildError, Builder, Step};
use jiff::Timestamp;
use quillfront_render::evaluate::{self, Prepared, Previous, Tree, Unready};
use quillfront_render::render::world::{Listing, Settings};
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::Object;
use quillfront_site::plan::PICTURES;
use quillfront_site::source::Sources;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The time of a run.
#[derive(Clone, Copy)]
pub(super) struct Time {
    /// What templates see at least.
    pub(super) now: Timestamp,
    /// What is due up to here is published; `now` moves on to the last such moment.
    pub(super) up_to: Timestamp,
}

/// What came of an evaluation.
pub(super) struct Evaluated {
    pub(super) sources: Arc<Sources>,
    pub(super) outcome: Result<Tree, Unready>,
    /// True where nothing was gone by.
    pub(super) full: bool,
    /// True where only a part was made.
    pub(super) part: bool,
    /// Files that were read in another version than the sources say.
    pub(super) misread: Misread,
}

impl Builder {
    /// Renders what would come out otherwise, reading what templates name on the way.
    pub(super) async fn evaluate(
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
            && !state.sources.is_configured_otherwise(&sources);
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
            tokio::task::spawn_blocking(move || Prepared::up_to(given, settings, time.up_to));
        let site = match started.await.map_err(cut_off)? {
            Ok(site) => site,
            Err(unready) => return Ok(evaluated(Err(unready))),
        };
        (self.progress)(Step::Rendering(site.plan().len()));
        let stored = state.answers.iter();
        let stored = stored.map(|(request, text)| (request.clone(), Ok(text.clone())));
        let mut waits_for_first = first.is_some() && !full;
        let options = evaluate::Options {
            previous: Some(Previous {
                graph: if full {
                    Arc::default()
                } else {
                    state.graph_of_published()
                },
                sources: state.sources.clone(),
                has_records: !full,
            }),
            answers: stored.collect(),
            album: Some(state.album.clone()),
            pictures: published,
            first: first.filter(|_| !full),
            tells_why: true,
        };
        let mut supplier = Supplier::new(self, &sources, site.allowed_hosts());
        let unused = root
            .set_aside
            .keys()
            .map(|key| SourceKey::from(key.as_str()));
        supplier.unused = unused.chain(others.left.iter().cloned()).collect();
        if let Some(held) = &root.held {
            supplier.held = held.keys.iter().map(|key| key.as_str().into()).collect();
        }
        let mut evaluation = site.evaluate(options);
        loop {
            let asked;
            (evaluation, asked) = tokio::task::spawn_blocking(move || {
                let asked = evaluation.step(|_, object| object);
                (evaluation, asked)
            })
            .await
            .map_err(cut_off)?;
            if !asked.is_empty() {
                evaluation.supply(supplier.supply(state, asked).await?);
                continue;
            }
            if !std::mem::take(&mut waits_for_first) {
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
                        misread: supplier.misread,
                        ..evaluated(Ok(evaluation.finish_part()))
                    });
                }
            }
            evaluation.all();
        }
        Ok(Evaluated {
            misread: supplier.misread,
            ..evaluated(Ok(evaluation.finish()))
        })
    }
}
