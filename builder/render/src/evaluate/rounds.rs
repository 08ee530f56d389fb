//! One round of rendering: every output that is not settled is looked at, and made where it would not
//! come out as it is.

use super::{Evaluation, headers, indexes, pictures};
use crate::graph::{OutputTrace, PictureUse};
use crate::render::RenderError;
use crate::render::content::{self, Contents, Linking};
use crate::render::output::{self, BodyEdits, LastReaders};
use crate::render::world::{Needs, World};
use crate::search::Record;
use crate::security::Violation;
use itertools::{Either, EitherOrBoth, Itertools};
use quillfront_policy::Facts;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::Object;
use quillfront_site::plan::{self, PlannedOutput, Recipe};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl<Kept: Send> Evaluation<Kept> {
    /// Returns what is lacking.
    pub(super) fn round(&mut self, keep: impl Fn(&OutputKey, Object) -> Kept + Sync) -> Needs {
        self.rounds += 1;
        let contents = match &self.contents {
            Some(contents) => contents.clone(),
            None => match self.settle_bodies() {
                Ok(contents) => self.contents.insert(Arc::new(contents)).clone(),
                Err(needs) => return needs,
            },
        };
        let lacking = self.make_indexes(&contents);
        if !lacking.is_empty() {
            return lacking;
        }
        let is_wanted = |key: &OutputKey, planned: &PlannedOutput| match &self.only {
            None => true,
            Some(files) => {
                let asset = matches!(planned.recipe, Recipe::Copy(_) | Recipe::Style(_));
                let page = matches!(planned.recipe, Recipe::Page(_) | Recipe::Section { .. });
                // A default section has no file that could go back.
                let own = page
                    && files.contains(&planned.source)
                    && self.world.sources.exists(planned.source.as_str());
                asset || own || self.awaited_indexes.contains(key)
            }
        };
        let (mut waiting, gone) = self.waiting();
        let looked_at = |(key, planned, _): &Waiting<'_>| {
            is_wanted(key, planned) || !self.changed.contains(*key)
        };
        let mut left: Vec<OutputKey> = Vec::new();
        waiting.retain(|one| {
            let now = looked_at(one);
            if !now {
                left.push(one.0.clone());
            }
            now
        });
        if waiting.is_empty() && self.waiting.is_some() {
            return Needs::default();
        }
        let library = &self.world.library;
        let edited = self.reach.as_ref().map(|_| {
            let mut edited = BodyEdits::default();
            for (of, file) in contents.differing(library, &self.graph) {
                edited.files.insert(file);
                if let Linking::Page(id) = of {
                    edited.pages.insert(id);
                }
            }
            edited
        });
        let (world, are_headers_otherwise) = (&self.world, self.are_headers_otherwise);
        let earlier: BTreeSet<OutputKey> = self.earlier.keys().cloned().collect();
        let results: Vec<_> = waiting
            .into_par_iter()
            .map_init(LastReaders::default, |readers, (key, planned, known)| {
                // Nothing has to be noted of most outputs that are kept.
                let kept = |known: &Arc<OutputTrace>| {
                    let page = known.page.as_deref();
                    // Where nothing is otherwise, it was not refused before.
                    let refused = are_headers_otherwise
                        .then(|| headers::refused(world, key, planned, page))
                        .flatten();
                    if let Some(why) = refused {
                        let problems = headers::diagnostics(world, &contents, planned, &why);
                        return Some((key.clone(), Round::Failed(problems)));
                    }
                    let matters = !known.pictures.is_empty() || earlier.contains(key);
                    matters.then(|| (key.clone(), Round::Kept(known.clone())))
                };
                if let Some(known) = known.filter(|_| !self.changed.contains(key)) {
                    if let Some(edited) = &edited
                        && output::is_spared(
                            &self.world,
                            &contents,
                            key,
                            planned,
                            known,
                            edited,
                            readers,
                        )
                    {
                        return kept(known);
                    }
                    match output::holds(&self.world, &contents, key, planned, known) {
                        Ok(true) => return kept(known),
                        Ok(false) => {}
                        Err(needs) => {
                            return Some((key.clone(), Round::Unknown(Box::new(needs))));
                        }
                    }
                }
                if !is_wanted(key, planned) {
                    return Some((key.clone(), Round::Later));
                }
                let made = output::render(&self.world, &contents, key, planned);
                let round =
                    match made.and_then(|made| dressed(world, &contents, key, planned, made)) {
                        Ok((made, violations)) => {
                            let shown = made.object.as_ref().map(pictures::shown);
                            let is_index = matches!(planned.recipe, Recipe::SearchIndex(_));
                            let index = made.object.as_ref().filter(|_| is_index);
                            Round::Made(Box::new(NewOutput {
                                index: index.and_then(indexes::bytes_of),
                                violations,
                                page: made.page,
                                kept: made.object.map(|object| keep(key, object)),
                                pictures: content::shown(made.pictures),
                                shown: shown.unwrap_or_default(),
                                trace: made.trace.map(Arc::new),
                                records: made.records,
                            }))
                        }
                        Err(RenderError::Failed(problems)) => Round::Failed(problems),
                        Err(RenderError::Needs(needs)) => Round::Lacking(Box::new(needs)),
                    };
                Some((key.clone(), round))
            })
            .flatten_iter()
            .collect();
        let mut needs = Needs::default();
        let mut wanted: BTreeSet<PictureUse> = BTreeSet::new();
        for (file, facts) in contents.facts(&self.world) {
            self.darkroom.note_body(file, &facts.pictures);
            wanted.extend(facts.pictures.iter().cloned());
        }
        let mut made_indexes = BTreeMap::new();
        let keeps_facts = self.tells_headers || self.has_one_policy();
        for (key, result) in results {
            match result {
                Round::Kept(trace) => {
                    let pictures = trace.pictures.iter().map(|(picture, ..)| picture);
                    self.darkroom.note_output(&key, pictures);
                    wanted.extend(trace.pictures.iter().cloned());
                    if let Some(kept) = self.earlier.remove(&key) {
                        let (planned, page) = (&self.plan[&key], trace.page.as_deref());
                        let violations = headers::violations(&self.world, &key, planned, page);
                        if !violations.is_empty() {
                            self.violations.insert(key.clone(), violations);
                        }
                        self.traces.insert(key.clone(), trace);
                        self.done.insert(key, Ok(Some(kept)));
                    }
                }
                Round::Made(made) => {
                    let NewOutput {
                        violations,
                        page,
                        kept,
                        pictures,
                        shown,
                        trace,
                        records,
                        index,
                    } = *made;
                    self.violations.remove(&key);
                    if !violations.is_empty() {
                        self.violations.insert(key.clone(), violations);
                    }
                    if let Some(page) = page.filter(|_| keeps_facts) {
                        self.page_facts.insert(key.clone(), page);
                    }
                    self.records.extend(records);
                    made_indexes.extend(index.map(|bytes| (key.clone(), bytes)));
                    let own = pictures.iter().map(|(picture, ..)| picture);
                    self.darkroom.note_output(&key, own);
                    self.darkroom.note_output(&key, &shown);
                    wanted.extend(pictures);
                    // Of an output that is not there nothing is kept: it is made again each time.
                    if let (Some(trace), true) = (trace, kept.is_some()) {
                        self.traces.insert(key.clone(), trace);
                    }
                    self.done.insert(key, Ok(kept));
                }
                Round::Failed(problems) => {
                    self.done.insert(key, Err(problems));
                }
                Round::Unknown(more) => {
                    left.push(key);
                    needs.extend(*more);
                }
                Round::Later => {
                    left.push(key.clone());
                    self.changed.insert(key);
                }
                Round::Lacking(more) => {
                    left.push(key.clone());
                    self.changed.insert(key);
                    needs.extend(*more);
                }
            }
        }
        self.await_indexes(needs.indexes.clone(), made_indexes);
        left.sort();
        self.waiting = Some(left);
        self.gone = gone;
        for (key, source, job) in wanted {
            let added = plan::add_picture(&mut self.plan, &key, &source, job);
            if let Err(problem) = added {
                self.refused.insert(key, problem);
            }
        }
        needs
    }

    /// The outputs that have not been settled, and what is known of them; then those that something is
    /// known of and that are no longer planned.
    fn waiting(&self) -> (Vec<Waiting<'_>>, Vec<OutputKey>) {
        let known = &self.graph.outputs;
        if let Some(waiting) = &self.waiting {
            let look_up = |key: &'_ OutputKey| {
                let (key, planned) = self.plan.get_key_value(key)?;
                Some((key, planned, known.get(key)))
            };
            let waiting = waiting.iter().filter_map(look_up).collect();
            return (waiting, self.gone.clone());
        }
        let all = self.plan.iter();
        let all = all.filter(|(_, planned)| !matches!(planned.recipe, Recipe::Picture(_)));
        let all = all.filter(|(key, _)| !self.is_of_all_pages(key));
        let known = known.iter().filter(|(key, _)| !self.is_of_all_pages(key));
        let both = all.merge_join_by(known, |(a, _), (b, _)| a.cmp(b));
        both.partition_map(|pair| match pair {
            // The key that is known already: others have the very same.
            EitherOrBoth::Both((_, planned), (key, known)) => {
                Either::Left((key, planned, Some(known)))
            }
            EitherOrBoth::Left((key, planned)) => Either::Left((key, planned, None)),
            EitherOrBoth::Right((key, _)) => Either::Right(key.clone()),
        })
    }
}

/// An output with its headers, and what its policy blocks.
fn dressed(
    world: &World,
    contents: &Contents,
    key: &OutputKey,
    planned: &PlannedOutput,
    made: output::RenderedOutput,
) -> Result<(output::RenderedOutput, Vec<Violation>), RenderError> {
    let Some(object) = made.object else {
        return Ok((made, Vec::new()));
    };
    let page = made.page.as_deref();
    match headers::dress(world, key, planned, page, object) {
        Ok((object, violations)) => {
            let object = Some(object);
            Ok((output::RenderedOutput { object, ..made }, violations))
        }
        Err(why) => {
            let problems = headers::diagnostics(world, contents, planned, &why);
            Err(RenderError::Failed(problems))
        }
    }
}

/// An output that has not been settled: its key, what makes it, what is known of it.
type Waiting<'a> = (
    &'a OutputKey,
    &'a PlannedOutput,
    Option<&'a Arc<OutputTrace>>,
);

/// What a round did with an output. There is one of each, and most are kept: so it is small.
enum Round<Kept> {
    /// It would come out as it is, and shows pictures.
    Kept(Arc<OutputTrace>),
    /// It cannot be said yet whether it would.
    Unknown(Box<Needs>),
    /// It would not, and has to wait for others.
    Later,
    /// It was made.
    Made(Box<NewOutput<Kept>>),
    /// It could not be made.
    Failed(Vec<Diagnostic>),
    /// It has to be made, and something is lacking.
    Lacking(Box<Needs>),
}

/// An output that was made.
struct NewOutput<Kept> {
    /// What its policy blocks.
    violations: Vec<Violation>,
    /// What it runs and loads.
    page: Option<Arc<Facts>>,
    kept: Option<Kept>,
    pictures: Vec<PictureUse>,
    shown: BTreeSet<OutputKey>,
    trace: Option<Arc<OutputTrace>>,
    records: Vec<(SourceKey, Arc<Record>)>,
    /// The bytes of a search index.
    index: Option<Arc<[u8]>>,
}
