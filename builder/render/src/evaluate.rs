//! From the effective sources to the tree that is to be published: library, plan, render.
//!
//! Pure: files and URLs that templates name while they render are asked for ([`Evaluation::step`])
//! and handed in ([`Evaluation::supply`], [`Evaluation::supply_answers`]) by whoever holds storage.
//! When all is rendered, the [pictures](pictures) that it refers to are made.

use crate::graph::memo::Memo;
use crate::graph::reach::{self, Reach};
use crate::graph::{Graph, OutputTrace, Shown};
use crate::remote::{Answer, Request};
use crate::render::RenderError;
use crate::render::content::{self, Bodies, Contents, Linking};
use crate::render::generated::Generated;
use crate::render::output::{self, Edited, LastReaders, Site};
use crate::render::templates::Templates;
use crate::render::world::{Inputs, Needs, Settings, World};
use crate::sass::Sheets;
use crate::search::{Record, Records};
use itertools::{Either, EitherOrBoth, Itertools};
use jiff::Timestamp;
use quillfront_site::config::Config;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::fingerprint::Mark;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::library;
use quillfront_site::library::schedule::{NextDue, Schedule};
use quillfront_site::links::ExternalLinks;
use quillfront_site::misplaced::misplaced;
use quillfront_site::object::Object;
use quillfront_site::plan::{self, Plan, Planned, Recipe};
use quillfront_site::quillfront_toml::{self, AllowedHosts, OwnConfig};
use quillfront_site::report::{Action, OutputReport};
use quillfront_site::source::Sources;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod album;
mod failures;
mod finish;
mod indexes;
mod pictures;
mod places;
mod records;
pub mod why;
pub use album::Album;
use pictures::{BATCH_BYTES, Darkroom};

/// Rounds of rendering, reading what was lacking, and rendering again. A page that reads one
/// data file after another takes a round for each.
pub const MAX_ROUNDS: usize = 1_000;

/// The tree that the sources make. Of each object there is what its maker kept: the object itself,
/// or, where it was written out at once, less.
#[derive(Debug)]
pub struct Tree<Kept = Object> {
    /// Everything that was made.
    pub objects: BTreeMap<OutputKey, Kept>,
    /// Outputs that came to nothing: there is no object of them, nor any to stay.
    pub nothing: BTreeSet<OutputKey>,
    /// What the next build may go by; empty where nothing was noted.
    pub graph: Graph,
    /// Why outputs were made again, where it was asked for and could be said.
    pub because: BTreeMap<OutputKey, Vec<String>>,
    /// Outputs whose render failed: what was published under these keys stays.
    pub stale: BTreeSet<OutputKey>,
    /// Why, in brief: the first mistakes of each.
    pub why_stale: BTreeMap<OutputKey, Vec<String>>,
    /// The plan that it was made by.
    pub plan: Plan,
    /// Everything to tell the author.
    pub diagnostics: Vec<Diagnostic>,
    /// What leads elsewhere; collected only in the mode `check`.
    pub external_links: ExternalLinks,
    /// The time that it was made with.
    pub now: Timestamp,
    /// What is published next by the passing of time alone.
    pub next_due: Option<NextDue>,
    /// Answers from the network that it was made with.
    pub answers: BTreeMap<Request, Arc<str>>,
    /// The records of the search index that the next build may go by; none where they are as they
    /// were, or nothing was noted.
    pub records: Option<Arc<Records>>,
    /// Search indexes whose bytes other outputs were made from: they go before those.
    pub indexes: BTreeSet<OutputKey>,
    /// The site that it was made of; none where nothing was rendered.
    pub site: Option<Site>,
}

impl<Kept> Tree<Kept> {
    /// True for an output that would come out as it is, and was not made again.
    pub fn keeps(&self, key: &str) -> bool {
        let looked_at = self.objects.contains_key(key) || self.stale.contains(key);
        self.plan.contains_key(key) && !looked_at && !self.nothing.contains(key)
    }

    /// What is reported of the outputs whose render failed.
    pub fn stale_told(&self) -> impl Iterator<Item = OutputReport> {
        self.stale.iter().map(|key| {
            let of = self.plan.get(key);
            let of = of.map(|planned| (planned.rank, &planned.source));
            let because = self.why_stale.get(key).cloned().unwrap_or_default();
            OutputReport::new(key, of, vec![Action::Stale], because)
        })
    }

    /// The same tree, with something else kept of its objects.
    pub fn map<Other>(
        self,
        change: impl FnOnce(BTreeMap<OutputKey, Kept>) -> BTreeMap<OutputKey, Other>,
    ) -> Tree<Other> {
        Tree {
            objects: change(self.objects),
            nothing: self.nothing,
            graph: self.graph,
            because: self.because,
            stale: self.stale,
            why_stale: self.why_stale,
            plan: self.plan,
            diagnostics: self.diagnostics,
            external_links: self.external_links,
            now: self.now,
            next_due: self.next_due,
            answers: self.answers,
            records: self.records,
            indexes: self.indexes,
            site: self.site,
        }
    }
}

/// A site that is being evaluated.
pub struct Evaluation<Kept = Object> {
    world: Arc<World>,
    plan: Plan,
    /// Of which pages and sections there are.
    pages: Mark,
    /// What is known of an earlier build.
    graph: Arc<Graph>,
    /// The sources of that build.
    before: Arc<Sources>,
    /// How far what was edited since can reach, where that can be said beforehand.
    reach: Option<Reach>,
    bodies: Bodies,
    memo: Arc<Memo>,
    contents: Option<Arc<Contents>>,
    /// The sources whose own outputs alone are rendered for now, if it is so.
    only: Option<BTreeSet<SourceKey>>,
    /// Outputs that have not been settled, once all have been looked at. The others are done, or would
    /// come out as they are.
    waiting: Option<Vec<OutputKey>>,
    /// Outputs that something is known of and that are no longer planned.
    gone: Vec<OutputKey>,
    /// Outputs that would not come out as they are, and have to be made.
    changed: BTreeSet<OutputKey>,
    /// What was noted of the outputs that were made.
    traces: BTreeMap<OutputKey, Arc<OutputTrace>>,
    /// Records that search indexes were made from.
    records: Vec<(SourceKey, Arc<Record>)>,
    /// Search indexes whose bytes were asked for.
    awaited_indexes: BTreeSet<OutputKey>,
    done: BTreeMap<OutputKey, Result<Option<Kept>, Vec<Diagnostic>>>,
    diagnostics: Vec<Diagnostic>,
    /// Rounds so far.
    rounds: usize,
    /// What rendering lacks and was not read yet.
    needs: Needs,
    /// Originals of pictures that are to be made, and were not read yet.
    originals: BTreeSet<SourceKey>,
    darkroom: Darkroom,
    album: Option<Album>,
    /// Pictures that cannot be published under their names.
    refused: BTreeMap<OutputKey, Diagnostic>,
    /// True where it is to be told why something is made again.
    tells_why: bool,
}

/// What an evaluation waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Sources to read.
    pub files: BTreeSet<SourceKey>,
    /// Requests to send.
    pub requests: BTreeSet<Request>,
    /// Sources whose text is kept elsewhere.
    pub texts: BTreeSet<SourceKey>,
    /// True for the records of the search index, which are kept elsewhere.
    pub records: bool,
}

impl Asked {
    /// True where it waits for nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why there is nothing to evaluate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unready {
    /// No configuration: a site that is still being uploaded, or none at all.
    NoConfig,
    /// There is one, but it was never good.
    BrokenConfig(Vec<Diagnostic>),
}

impl<Kept: Send> Evaluation<Kept> {
    /// Reads the configuration, the content and the templates, and plans the site.
    ///
    /// # Errors
    /// Without a configuration there is no site.
    pub fn new(sources: Arc<Sources>, settings: Settings) -> Result<Self, Unready> {
        let up_to = settings.now;
        Self::up_to(sources, settings, up_to)
    }

    /// The same, of all that is due up to a moment after `settings.now`, which moves on to the
    /// last time at which something of it was due.
    ///
    /// # Errors
    /// Without a configuration there is no site.
    pub fn up_to(
        sources: Arc<Sources>,
        mut settings: Settings,
        up_to: Timestamp,
    ) -> Result<Self, Unready> {
        let mut diagnostics = Vec::new();
        let config = read_config(&sources, &settings, &mut diagnostics);
        let (config, own) = match (config, OwnConfig::of(sources.text(quillfront_toml::KEY))) {
            (Ok(config), Ok(own)) => (config, own),
            (Err(unready), Ok(_)) | (Err(unready @ Unready::NoConfig), Err(_)) => {
                return Err(unready);
            }
            (Ok(_), Err(problems)) => return Err(Unready::BrokenConfig(problems)),
            (Err(Unready::BrokenConfig(mut problems)), Err(more)) => {
                problems.extend(more);
                return Err(Unready::BrokenConfig(problems));
            }
        };
        // What is wrong with a file that the site passes over is nobody's business.
        let looked_at = sources.iter().filter(|(key, _)| !config.ignores(key));
        diagnostics.extend(looked_at.flat_map(|(_, source)| source.problems.iter().cloned()));
        let schedule = Schedule {
            publishing: &own.publishing,
            up_to,
        };
        let (templates, (library, mut problems)) = rayon::join(
            || Templates::load(&sources, config.theme.as_deref()),
            || library::build(&sources, &config, settings.drafts, schedule),
        );
        settings.now = schedule.moved(settings.now, &library);
        diagnostics.append(&mut problems);
        diagnostics.extend(library.held_told());
        diagnostics.extend(misplaced(&sources));
        let ((plan, mut problems), pages) = rayon::join(
            || plan::plan(&config, &own.publishing, &library, &sources),
            || reach::pages(&library),
        );
        diagnostics.append(&mut problems);
        diagnostics.extend(templates.broken.values().cloned());
        let styles = Sheets::of(plan::style_sheets_of(&plan), &sources);
        let world = World {
            config: Arc::new(config),
            own: Arc::new(own),
            settings: Arc::new(settings),
            library: Arc::new(library),
            templates: Arc::new(templates),
            sources,
            inputs: Arc::new(Inputs::new()),
            answers: Arc::default(),
            measured: Arc::default(),
            styles: Arc::new(styles),
            generated: Arc::new(Generated::of(&plan)),
            indexes: Arc::default(),
            texts: Arc::default(),
            records: Some(Arc::default()),
            traced: false,
        };
        Ok(Self {
            world: Arc::new(world),
            plan,
            pages,
            graph: Arc::default(),
            before: Arc::default(),
            reach: None,
            bodies: Bodies::default(),
            memo: Arc::default(),
            contents: None,
            only: None,
            waiting: None,
            gone: Vec::new(),
            changed: BTreeSet::new(),
            traces: BTreeMap::new(),
            records: Vec::new(),
            awaited_indexes: BTreeSet::new(),
            done: BTreeMap::new(),
            diagnostics,
            rounds: 0,
            needs: Needs::default(),
            originals: BTreeSet::new(),
            darkroom: Darkroom::default(),
            album: None,
            refused: BTreeMap::new(),
            tells_why: false,
        })
    }

    /// Uses, and adds to, what earlier runs of the same builder know of pictures. Those of
    /// `published` are there and as they should be, since their names stand for their bytes.
    pub fn remember(&mut self, album: Album, published: BTreeSet<OutputKey>) {
        let measured = album.measured(&self.world.sources);
        self.darkroom.remember(published, &measured);
        self.album = Some(album);
        self.world = Arc::new(World {
            measured: Arc::new(measured),
            ..(*self.world).clone()
        });
    }

    /// Notes what everything is made from, and goes by what an earlier build of the same
    /// configuration and settings noted of its sources: what would come out the same is not made
    /// again.
    pub fn go_by(&mut self, graph: Arc<Graph>, before: Arc<Sources>) {
        self.reach = Reach::of(&graph, &before, &self.world.sources, self.pages);
        self.graph = graph;
        self.before = before;
        self.world = Arc::new(World {
            traced: true,
            ..(*self.world).clone()
        });
    }

    /// Tells in the end why outputs were made again.
    pub fn tell_why(&mut self) {
        self.tells_why = true;
    }

    /// Renders only the own outputs of these sources, until [`all`](Self::all): what an author waits
    /// for.
    pub fn only(&mut self, sources: BTreeSet<SourceKey>) {
        self.only = Some(sources);
    }

    /// Renders everything from now on.
    pub fn all(&mut self) {
        self.only = None;
    }

    /// What was made so far.
    pub fn made(&self) -> impl Iterator<Item = (&OutputKey, &Kept)> {
        let all = self.done.iter();
        all.filter_map(|(key, made)| Some((key, made.as_ref().ok()?.as_ref()?)))
    }

    /// How many outputs are left to be rendered after those.
    pub fn left(&self) -> usize {
        let is_left = |key: &&OutputKey| !self.done.contains_key(*key);
        self.changed.iter().filter(is_left).count()
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

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where answers may come from.
    pub fn allowed_hosts(&self) -> AllowedHosts {
        self.world.own.allowed_hosts.clone()
    }

    /// Renders what can be rendered, and hands each object to `keep`, on several threads at once.
    /// Returns what has to be read or fetched before the rest can be, no more at once than fits
    /// into memory; nothing when all is done.
    pub fn step(&mut self, keep: impl Fn(&OutputKey, Object) -> Kept + Sync) -> Asked {
        if self.needs.is_empty() && self.originals.is_empty() {
            self.needs = self.render(&keep);
        }
        if self.needs.is_empty() {
            let (done, lacking) = self.darkroom.develop(
                &self.world,
                &self.plan,
                |key| self.done.contains_key(key),
                keep,
            );
            self.done.extend(done);
            self.originals = lacking;
        }
        if self.needs.is_empty() && self.originals.is_empty() {
            self.needs.texts = self.texts_to_place();
        }
        self.asked()
    }

    /// Settles all bodies, so that it can be said what outputs are made from; nothing is rendered that
    /// is as the graph has it. What has to be read before is returned as of [`step`](Self::step).
    pub fn settle(&mut self) -> Result<Site, Asked> {
        if self.needs.is_empty() && self.contents.is_none() {
            match self.settle_bodies() {
                Ok(contents) => self.contents = Some(Arc::new(contents)),
                Err(needs) => self.needs = needs,
            }
        }
        match &self.contents {
            Some(contents) if self.needs.is_empty() => Ok(Site {
                world: self.world.clone(),
                contents: contents.clone(),
            }),
            _ => Err(self.asked()),
        }
    }

    fn settle_bodies(&mut self) -> Result<Contents, Needs> {
        let (graph, reach) = (&self.graph, self.reach.as_ref());
        content::settle(&self.world, graph, reach, &mut self.bodies, &self.memo)
    }

    /// Wants what was lacking to say what outputs are made from.
    pub fn want(&mut self, needs: Needs) {
        self.needs.extend(needs);
    }

    /// What is known of the earlier build.
    pub fn known(&self) -> &Graph {
        &self.graph
    }

    fn asked(&self) -> Asked {
        Asked {
            files: self.batch(),
            requests: self.needs.requests.clone(),
            texts: self.needs.texts.clone(),
            records: self.needs.records,
        }
    }

    /// One round: renders what is not done yet. Returns what it lacked.
    fn render(&mut self, keep: impl Fn(&OutputKey, Object) -> Kept + Sync) -> Needs {
        if self.rounds == MAX_ROUNDS {
            return Needs::default();
        }
        loop {
            let mut needs = self.round(&keep);
            let bodies = std::mem::take(&mut needs.bodies);
            let indexes = std::mem::take(&mut needs.indexes);
            if bodies.is_empty() && indexes.is_empty() {
                return needs;
            }
            // Bodies that are shown are rendered without asking anybody, if their texts are here.
            if !bodies.is_empty() {
                self.bodies.want(&self.world.library, bodies);
                self.contents = None;
            }
        }
    }

    fn round(&mut self, keep: impl Fn(&OutputKey, Object) -> Kept + Sync) -> Needs {
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
        let is_wanted = |key: &OutputKey, planned: &Planned| match &self.only {
            None => true,
            Some(sources) => {
                let asset = matches!(planned.recipe, Recipe::Copy(_) | Recipe::Style(_));
                let page = matches!(planned.recipe, Recipe::Page(_));
                let own = page && sources.contains(&planned.source);
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
            let mut edited = Edited::default();
            for (of, file) in contents.differing(library, &self.graph) {
                edited.files.insert(file);
                if let Linking::Page(id) = of {
                    edited.pages.insert(id);
                }
            }
            edited
        });
        let results: Vec<_> = waiting
            .into_par_iter()
            .map_init(LastReaders::default, |readers, (key, planned, known)| {
                // Nothing has to be noted of most outputs that are kept.
                let kept = |known: &Arc<OutputTrace>| {
                    let shows = !known.pictures.is_empty();
                    shows.then(|| (key.clone(), Round::Kept(known.clone())))
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
                let round = match made {
                    Ok(made) => {
                        let shown = made.object.as_ref().map(pictures::shown);
                        let is_index = matches!(planned.recipe, Recipe::SearchIndex(_));
                        let index = made.object.as_ref().filter(|_| is_index);
                        Round::Made(Box::new(Made {
                            index: index.and_then(indexes::bytes_of),
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
        let mut wanted: BTreeSet<Shown> = BTreeSet::new();
        for (file, facts) in contents.facts(&self.world) {
            self.darkroom.note_body(file, &facts.pictures);
            wanted.extend(facts.pictures.iter().cloned());
        }
        let mut made_indexes = BTreeMap::new();
        for (key, result) in results {
            match result {
                Round::Kept(trace) => {
                    let pictures = trace.pictures.iter().map(|(picture, ..)| picture);
                    self.darkroom.note_output(&key, pictures);
                    wanted.extend(trace.pictures.iter().cloned());
                }
                Round::Made(made) => {
                    let Made {
                        kept,
                        pictures,
                        shown,
                        trace,
                        records,
                        index,
                    } = *made;
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
                Round::Failed(problems) => drop(self.done.insert(key, Err(problems))),
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

    /// What is to be read next: as many of the wanted sources as may be held at once.
    fn batch(&self) -> BTreeSet<SourceKey> {
        let Needs {
            files, pictures, ..
        } = &self.needs;
        let size = |key: &SourceKey| self.world.sources.get(key.as_str()).map_or(0, |s| s.size);
        let mut bytes = 0;
        let fits = |key: &&SourceKey| {
            let first = bytes == 0;
            bytes += size(key);
            first || bytes <= BATCH_BYTES
        };
        let wanted: BTreeSet<&SourceKey> = files
            .iter()
            .chain(pictures)
            .chain(&self.originals)
            .collect();
        wanted.into_iter().take_while(fits).cloned().collect()
    }

    /// Hands in what [`step`](Self::step) asked for; None for files that are not there.
    pub fn supply(&mut self, read: Inputs) {
        self.supply_versions(read, &BTreeMap::new());
    }

    /// The same, of storage that says which version it was that was read.
    pub fn supply_versions(&mut self, read: Inputs, versions: &BTreeMap<SourceKey, String>) {
        let wanted = &self.needs.pictures;
        let measured: Vec<_> = read
            .par_iter()
            .filter(|(key, _)| wanted.contains(key.as_str()))
            .map(|(key, bytes)| (key.clone(), pictures::measure(key, bytes.as_deref())))
            .collect();
        let mut inputs = (*self.world.inputs).clone();
        for (key, bytes) in &read {
            if self.needs.files.remove(key) {
                inputs.insert(key.clone(), bytes.clone());
            }
            if self.originals.remove(key) {
                self.darkroom.take(key.clone(), bytes.clone());
            }
        }
        let mut known = (*self.world.measured).clone();
        for (key, found) in measured {
            self.needs.pictures.remove(&key);
            let bytes = read.get(&key).cloned().flatten();
            if let (Some(album), Some(version)) = (&self.album, versions.get(&key)) {
                album.note(&key, version, &found);
            }
            self.darkroom.take_measured(key.clone(), bytes, &found);
            known.insert(key, found);
        }
        self.world = Arc::new(World {
            inputs: Arc::new(inputs),
            measured: Arc::new(known),
            ..(*self.world).clone()
        });
    }

    /// Hands in texts that are kept elsewhere.
    pub fn supply_texts(&mut self, read: BTreeMap<SourceKey, Arc<str>>) {
        for key in read.keys() {
            self.needs.texts.remove(key);
        }
        let mut texts = (*self.world.texts).clone();
        texts.extend(read);
        self.world = Arc::new(World {
            texts: Arc::new(texts),
            ..(*self.world).clone()
        });
    }

    /// Hands in answers from the network, also before they are asked for.
    pub fn supply_answers(&mut self, answers: BTreeMap<Request, Answer>) {
        for request in answers.keys() {
            self.needs.requests.remove(request);
        }
        self.world = Arc::new(World {
            answers: Arc::new(self.world.answers.with(answers)),
            ..(*self.world).clone()
        });
    }

    /// What refers to a picture that could not be made has failed with it: what was published
    /// stays.
    fn fail_with_pictures(&mut self) {
        let mut failed: BTreeMap<OutputKey, Vec<Diagnostic>> = BTreeMap::new();
        for (picture, _) in plan::pictures(&self.plan) {
            if let Some(Err(problems)) = self.done.get(picture) {
                for output in self.darkroom.referring(picture, &self.plan) {
                    let list = failed.entry(output.clone()).or_default();
                    list.extend(problems.iter().cloned());
                }
            }
        }
        for (picture, problem) in &self.refused {
            self.diagnostics.push(problem.clone());
            for output in self.darkroom.referring(picture, &self.plan) {
                failed
                    .entry(output.clone())
                    .or_default()
                    .push(problem.clone());
            }
        }
        for (output, problems) in failed {
            if matches!(self.done.get(&output), Some(Ok(_))) {
                self.traces.remove(&output);
                self.done.insert(output, Err(problems));
            }
        }
    }
}

/// An output that has not been settled: its key, what makes it, what is known of it.
type Waiting<'a> = (&'a OutputKey, &'a Planned, Option<&'a Arc<OutputTrace>>);

/// What a round did with an output. There is one of each, and most are kept: so it is small.
enum Round<Kept> {
    /// It would come out as it is, and shows pictures.
    Kept(Arc<OutputTrace>),
    /// It cannot be said yet whether it would.
    Unknown(Box<Needs>),
    /// It would not, and has to wait for others.
    Later,
    /// It was made.
    Made(Box<Made<Kept>>),
    /// It could not be made.
    Failed(Vec<Diagnostic>),
    /// It has to be made, and something is lacking.
    Lacking(Box<Needs>),
}

/// An output that was made.
struct Made<Kept> {
    kept: Option<Kept>,
    pictures: Vec<Shown>,
    shown: BTreeSet<OutputKey>,
    trace: Option<Arc<OutputTrace>>,
    records: Vec<(SourceKey, Arc<Record>)>,
    /// The bytes of a search index.
    index: Option<Arc<[u8]>>,
}

fn read_config(
    sources: &Sources,
    settings: &Settings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Config, Unready> {
    let key = plan::config_key(sources);
    let Some(text) = sources.text(key.as_str()) else {
        let broken = plan::CONFIGS.iter().filter_map(|key| sources.get(key));
        let problems: Vec<Diagnostic> = broken.flat_map(|one| one.problems.clone()).collect();
        return Err(if problems.is_empty() {
            Unready::NoConfig
        } else {
            Unready::BrokenConfig(problems)
        });
    };
    let mut config = Config::parse(key.as_str(), text).map_err(Unready::BrokenConfig)?;
    diagnostics.append(&mut config.warnings);
    if let Some(base_url) = &settings.base_url {
        config.base_url.clone_from(base_url);
    }
    if let Some(theme) = config.theme.clone() {
        let file = format!("themes/{theme}/theme.toml");
        if let Some(text) = sources.text(&file)
            && let Err(mut problems) = config.merge_theme(&file, text)
        {
            diagnostics.append(&mut problems);
        }
        let inside = |folder: &str| {
            sources
                .under(&format!("themes/{theme}/{folder}"))
                .next()
                .is_some()
        };
        let mut lacking = Vec::new();
        if !inside("") {
            lacking.push("is missing");
        } else {
            if !inside("templates/") {
                lacking.push("has no templates/");
            }
            if sources.get(&file).is_none() {
                lacking.push("has no theme.toml");
            }
        }
        for lacks in lacking {
            let message = format!("the theme `{theme}` {lacks}");
            diagnostics.push(
                Diagnostic::error("theme", key.as_str(), message)
                    .about(&["theme"])
                    .hint("upload the theme's whole folder, or remove `theme`"),
            );
        }
    }
    Ok(config)
}

#[cfg(test)]
mod feeds;
#[cfg(test)]
mod tests;
