//! From the effective sources to the tree that is to be published: library, plan, render.
//!
//! Pure: files and URLs that templates name while they render are asked for ([`Evaluation::step`])
//! and handed in ([`Evaluation::supply`]) by whoever holds storage. The types state the order:
//! [`PreparedSite`] is a site with its plan, [`Evaluation`] renders it, [`Tree`] is what came of it. When all is rendered, the [pictures](pictures) that it refers to are made.

use crate::graph::memo::Memo;
use crate::graph::reach::Reach;
use crate::graph::{Graph, OutputTrace};
use crate::remote::{Answer, Request};
use crate::render::content::{self, Bodies, Contents};
use crate::render::output::{self, Site};
use crate::render::world::{Needs, Trust, World};
use crate::search::{Record, Records};
use jiff::Timestamp;
use quillfront_headers::Rules;
use quillfront_policy::Facts;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::fingerprint::Mark;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::library::schedule::NextDue;
use quillfront_site::links::ExternalLinks;
use quillfront_site::object::{Object, ObjectHeaders};
use quillfront_site::plan::{self, PICTURES, Plan, PlannedOutput, Recipe};
use quillfront_site::report::{Action, OutputReport};
use quillfront_site::source::Sources;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod account;
mod album;
mod failures;
mod finish;
mod headers;
mod indexes;
mod pictures;
mod places;
mod prepare;
mod records;
mod rounds;
mod select;
mod site_rules;
mod supply;
pub mod why;

pub use account::{Account, Placement};
pub use album::{Album, Page};
pub use prepare::{PreparedSite, Unready};
pub use select::{Candidates, Progress, Selection};
pub use supply::{OpenQuestions, Supply};

use headers::Violations;
use pictures::Darkroom;
use site_rules::SiteRules;

/// Rounds of rendering, reading what was lacking, and rendering again. A page that reads one
/// data file after another takes a round for each.
pub const MAX_ROUNDS: usize = 1_000;

/// The tree that the sources make. Of each object there is what its maker kept: the object itself,
/// or, where it was written out at once, less.
#[derive(Debug)]
pub struct Tree<Kept = Object> {
    /// Everything that was made.
    pub objects: BTreeMap<OutputKey, Kept>,
    /// What the edge is told of the site.
    pub rules: Arc<Rules>,
    /// Objects that were handed to their maker and are no part of the tree: what they were made of, or refer to,
    /// could not be made.
    pub withdrawn: BTreeSet<OutputKey>,
    /// Outputs that came to nothing: there is no object of them, nor any to stay.
    pub nothing: BTreeSet<OutputKey>,
    /// Of outputs that come out as they are: the headers that they should have, where these may be others
    /// than before. Of all outputs, where that was asked for.
    pub headers: BTreeMap<OutputKey, ObjectHeaders>,
    /// What the next build may go by; empty where nothing was noted.
    pub graph: Graph,
    /// Why outputs were made again, where it was asked for and could be said.
    pub because: BTreeMap<OutputKey, Vec<String>>,
    /// Outputs whose render failed: what was published under these keys stays.
    pub stale: BTreeSet<OutputKey>,
    /// Why, in brief: the first mistakes of each.
    pub why_stale: BTreeMap<OutputKey, Vec<String>>,
    /// The sources that it was made of, with what went back.
    pub sources: Arc<Sources>,
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

    /// True for an output of an earlier build that has to go; `is_removed` where its source was removed.
    pub fn deletes(&self, key: &str, is_removed: bool) -> bool {
        if self.objects.contains_key(key) || self.keeps(key) {
            return false;
        }
        // A failed render keeps what was published, but not the page of a source that is gone and whose
        // place another one has taken.
        if self.stale.contains(key) {
            return is_removed;
        }
        // A picture stays where an output that could not be made may refer to it, and one that is still
        // wanted was not made again.
        let is_picture = key.starts_with(PICTURES);
        !(is_picture && (!self.stale.is_empty() || self.plan.contains_key(key)))
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
            rules: self.rules,
            withdrawn: self.withdrawn,
            nothing: self.nothing,
            headers: self.headers,
            graph: self.graph,
            because: self.because,
            stale: self.stale,
            why_stale: self.why_stale,
            sources: self.sources,
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

/// What an evaluation goes by beside the site.
#[derive(Default)]
pub struct Options {
    /// The earlier build; without one, nothing is noted for a later one either.
    pub previous: Option<Previous>,
    /// Answers from the network that are known before they are asked for.
    pub answers: BTreeMap<Request, Answer>,
    /// What earlier runs of the same builder know of pictures; this one adds to it.
    pub album: Option<Album>,
    /// Pictures that are published as they should be, since their names stand for their bytes. They
    /// are only gone by where there is an album.
    pub pictures: BTreeSet<OutputKey>,
    /// The sources whose own outputs alone a [`Selection`] renders until it is told to go on: what an author
    /// waits for.
    pub first: Option<BTreeSet<SourceKey>>,
    /// True where it is to be told in the end why outputs were made again.
    pub tells_why: bool,
    /// True where the headers of all outputs are to be told in the end.
    pub tells_headers: bool,
}

/// An earlier build of the same configuration and settings. What would come out the same is not made again.
#[derive(Debug, Default)]
pub struct Previous {
    /// What it noted; empty where everything is to be made.
    pub graph: Arc<Graph>,
    /// Its sources.
    pub sources: Arc<Sources>,
    /// True where its records of the search index can be asked for.
    pub has_records: bool,
    /// True where a run has put only a part of its tree since: the headers of the rest may be of other sources.
    pub is_unfinished: bool,
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
    /// The content files whose own outputs alone are rendered for now, if it is so.
    only: Option<Candidates>,
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
    /// What an evaluation of other content made, which this one goes by.
    earlier: BTreeMap<OutputKey, Kept>,
    /// Objects that were made and refer to pictures that could not be.
    withdrawn: BTreeSet<OutputKey>,
    /// True where headers are made by another `[security]` or other rules than in the earlier build.
    are_headers_otherwise: bool,
    /// What policies block of the pages that were made.
    violations: Violations,
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
    /// True where the headers of all outputs are to be told.
    tells_headers: bool,
    /// What the pages run and load that were made, where that matters in the end.
    page_facts: BTreeMap<OutputKey, Arc<Facts>>,
    /// The rules that are made of all pages, once they are.
    site_rules: SiteRules,
}

/// Content files, with what is wrong with each.
type FileFailures = Vec<(SourceKey, Vec<Diagnostic>)>;

/// True for what a content file itself is published as.
fn is_own(planned: &PlannedOutput) -> bool {
    matches!(planned.recipe, Recipe::Page(_) | Recipe::Section { .. })
}

impl<Kept: Send> Evaluation<Kept> {
    fn begin(site: PreparedSite, options: Options) -> Self {
        let PreparedSite {
            mut world,
            plan,
            pages,
            diagnostics,
        } = site;
        let Options {
            previous,
            answers,
            album,
            pictures,
            first: _,
            tells_why,
            tells_headers,
        } = options;
        world.traced = previous.is_some();
        world.answers = Arc::new(world.answers.with(answers));
        let mut darkroom = Darkroom::default();
        if let Some(album) = &album {
            let (measured, metadata) = album.known(&world.sources);
            darkroom.remember(pictures, &measured);
            world.measured = Arc::new(measured);
            world.metadata = Arc::new(metadata);
        }
        let mut reach = None;
        let mut are_headers_otherwise = false;
        let (mut graph, mut before) = (Arc::default(), Arc::default());
        if let Some(previous) = previous {
            if previous.has_records {
                world.records = None;
            }
            reach = Reach::of(&previous.graph, &previous.sources, &world.sources, pages);
            are_headers_otherwise =
                previous.is_unfinished || headers::are_made_otherwise(&previous.sources, &world);
            (graph, before) = (previous.graph, previous.sources);
        }
        Self {
            world: Arc::new(world),
            plan,
            pages,
            graph,
            before,
            reach,
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
            earlier: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            are_headers_otherwise,
            violations: Violations::new(),
            diagnostics,
            rounds: 0,
            needs: Needs::default(),
            originals: BTreeSet::new(),
            darkroom,
            album,
            refused: BTreeMap::new(),
            tells_why,
            tells_headers,
            page_facts: BTreeMap::new(),
            site_rules: SiteRules::default(),
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Begins again with other content, taking over what was made and would come out the same.
    fn begin_again(&mut self, site: PreparedSite) {
        let graph = Arc::new(self.graph_between());
        let done = std::mem::take(&mut self.done).into_iter();
        let made = done.filter_map(|(key, made)| Some((key, made.ok()??)));
        let mut earlier = std::mem::take(&mut self.earlier);
        earlier.extend(made);
        let world = &self.world;
        let mut pictures = self.darkroom.published().clone();
        let names = earlier
            .keys()
            .filter(|key| key.as_str().starts_with(PICTURES));
        pictures.extend(names.cloned());
        let options = Options {
            previous: Some(Previous {
                graph,
                sources: self.before.clone(),
                has_records: world.records.is_none(),
                is_unfinished: self.are_headers_otherwise,
            }),
            answers: BTreeMap::new(),
            album: self.album.clone(),
            pictures,
            first: None,
            tells_why: self.tells_why,
            tells_headers: self.tells_headers,
        };
        let mut next = Self::begin(site, options);
        // What was made meanwhile was made of other sources than those of before.
        next.reach = None;
        let mut known = (*next.world).clone();
        known.inputs = world.inputs.clone();
        known.answers = world.answers.clone();
        known.texts = world.texts.clone();
        known.measured = world.measured.clone();
        known.metadata = world.metadata.clone();
        known.records = world.records.clone();
        next.world = Arc::new(known);
        next.earlier = earlier;
        next.page_facts = std::mem::take(&mut self.page_facts);
        *self = next;
    }

    /// Has links of files that are not trusted fail where they find nothing.
    fn trust(&mut self, trust: Trust) {
        self.world = Arc::new(World {
            trust: Arc::new(trust),
            ..(*self.world).clone()
        });
    }

    /// Renders only the own outputs of these content files, until [`all`](Self::all).
    fn only(&mut self, files: Candidates) {
        self.only = Some(files);
    }

    /// The content files whose own outputs or bodies could not be made, with what is wrong.
    fn failed_own(&self) -> FileFailures {
        let mut failed = Vec::new();
        for (key, made) in &self.done {
            let planned = self.plan.get(key).filter(|planned| is_own(planned));
            if let (Some(planned), Err(problems)) = (planned, made) {
                failed.push((planned.source.clone(), problems.clone()));
            }
        }
        for (key, problems) in self.failed_with_pictures() {
            let planned = self.plan.get(&key);
            if let Some(planned) = planned.filter(|planned| is_own(planned)) {
                failed.push((planned.source.clone(), problems));
            }
        }
        let bodies = self.contents.iter();
        let bodies = bodies.flat_map(|contents| contents.failed(&self.world.library));
        failed.extend(bodies.map(|(source, problems)| (source.clone(), problems.clone())));
        failed
    }

    /// The same, as far as it can be said before any output is rendered: by bodies, and by templates that are
    /// not there. What has to be read before is returned as of [`step`](Self::step).
    fn failed_before_rendering(&mut self) -> Result<FileFailures, OpenQuestions> {
        let Site { world, contents } = self.settle()?;
        let own = self.plan.iter().filter(|(_, planned)| {
            let is_tried = |only: &Candidates| only.contains(&planned.source);
            is_own(planned) && self.only.as_ref().is_some_and(is_tried)
        });
        let hopeless = own.filter_map(|(key, planned)| {
            let problems = output::why_hopeless(&world, &contents, key, planned)?;
            Some((planned.source.clone(), problems))
        });
        let mut failed: FileFailures = hopeless.collect();
        failed.extend(self.failed_own());
        // What is told of what goes back stays with it, places included.
        let told = failed.iter().flat_map(|(_, problems)| problems);
        let lacking = places::lacking(told, &world);
        if !lacking.is_empty() {
            self.needs.texts.extend(lacking);
            return Err(self.asked());
        }
        Ok(failed)
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

    /// Renders what can be rendered, and hands each object to `keep`, on several threads at once.
    /// Returns what has to be read or fetched before the rest can be, no more at once than fits
    /// into memory; nothing when all is done.
    pub fn step(&mut self, keep: impl Fn(&OutputKey, Object) -> Kept + Sync) -> OpenQuestions {
        if self.needs.is_empty() && self.originals.is_empty() {
            self.needs = self.render(&keep);
        }
        if self.needs.is_empty() {
            let (world, plan) = (&self.world, &self.plan);
            let (done, lacking) = self.darkroom.develop(
                world,
                plan,
                |key| self.done.contains_key(key),
                |key, object| keep(key, headers::dress_picture(world, plan, key, object)),
            );
            self.done.extend(done);
            self.originals = lacking;
        }
        if self.needs.is_empty() && self.originals.is_empty() {
            self.needs.texts = self.texts_to_place();
        }
        if self.needs.is_empty() && self.originals.is_empty() {
            self.make_site_rules(keep);
        }
        self.asked()
    }

    /// Settles all bodies, so that it can be said what outputs are made from; nothing is rendered that
    /// is as the graph has it. What has to be read before is returned as of [`step`](Self::step).
    pub fn settle(&mut self) -> Result<Site, OpenQuestions> {
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

    /// What refers to a picture that could not be made has failed with it: what was published
    /// stays.
    fn fail_with_pictures(&mut self) {
        self.diagnostics.extend(self.refused.values().cloned());
        for (output, problems) in self.failed_with_pictures() {
            if matches!(self.done.get(&output), Some(Ok(_))) {
                self.traces.remove(&output);
                self.withdrawn.insert(output.clone());
                self.done.insert(output, Err(problems));
            }
        }
    }

    fn failed_with_pictures(&self) -> BTreeMap<OutputKey, Vec<Diagnostic>> {
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
            for output in self.darkroom.referring(picture, &self.plan) {
                let list = failed.entry(output.clone()).or_default();
                list.push(problem.clone());
            }
        }
        failed
    }
}

#[cfg(test)]
mod feeds;
#[cfg(test)]
mod tests;
