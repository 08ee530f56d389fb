//! The Markdown of every page and section: templated (site model, section 22), then rendered.

mod links;
pub use links::Linking;

use super::explain::{TemplateError, explain};
use super::lookup;
use super::origins::Origins;
use super::questions;
use super::scope::{self, Scope, Trace, ask, within};
use super::templates::{about, source_of};
use super::values::{self, Detail, View};
use super::world::{Needs, Pictures, World};
use super::{RenderError, guarded};
use crate::graph::memo::{Known, Memo, Once};
use crate::graph::reach::Reach;
use crate::graph::{BodyFacts, Graph, Shown, TextQuestion, value_mark};
use itertools::{EitherOrBoth, Itertools};
use links::{BodyId, LinkToPlace, anchors, anchors_wanted, fail_broken, linking};
use quillfront_markdown::{self as markdown, AnchorLinks, Document, Environment, Options};
use quillfront_markdown::{ExternalLink, InternalLink};
use quillfront_site::diagnostic::{Diagnostic, Severity};
use quillfront_site::facts::{BodyText, Place};
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::index_vec::IndexVec;
use quillfront_site::key::SourceKey;
use quillfront_site::library::taxonomies::Taxonomy;
use quillfront_site::library::{Library, PageId, SectionId};
use quillfront_site::links::Use;
use quillfront_templates::budget;
use quillfront_templates::lexer;
use quillfront_templates::meter::{self, Metered};
use quillfront_templates::reads::{Shape, ShapeId, WHOLE};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use tera::{Context, Value};

/// A body, or why there is none.
pub type Rendered = Result<Written, Vec<Diagnostic>>;

/// A body that was rendered, now or in an earlier build.
#[derive(Debug, Clone)]
pub struct Written {
    /// What is known of it.
    pub facts: Arc<BodyFacts>,
    /// Itself, where it was rendered in this build.
    pub body: Option<Arc<Body>>,
}

/// A rendered body: what templates see of it as the values that they see, since each is in many
/// lists and would otherwise be held twice.
#[derive(Debug)]
pub struct Body {
    /// The HTML.
    pub html: Value,
    /// The HTML before the first `<!-- more -->`, or none.
    pub summary: Value,
    /// The headings.
    pub toc: Value,
    /// [`Document::external_links`]; kept only in the mode `check`.
    external_links: Vec<ExternalLink>,
    /// [`Document::anchors`], until the links to them are checked.
    anchors: Vec<String>,
}

/// The bodies that an evaluation has come to: they stay from round to round.
#[derive(Debug, Default)]
pub struct Bodies {
    /// Pages, then sections; none of those that are not settled yet.
    settled: IndexVec<BodyId, Option<Rendered>>,
    /// Those that are shown, whatever is known of them.
    wanted: BTreeSet<SourceKey>,
}

impl Bodies {
    /// Wants bodies themselves.
    pub fn want(&mut self, library: &Library, keys: BTreeSet<SourceKey>) {
        for key in &keys {
            let place = linking(library, key).map(|of| of.body(library));
            if let Some(body) = place.and_then(|place| self.settled.get_mut(place)) {
                *body = None;
            }
        }
        self.wanted.extend(keys);
    }

    fn written(&self, library: &Library, of: Linking) -> Option<&Written> {
        self.settled[of.body(library)].as_ref()?.as_ref().ok()
    }
}

/// A value of which shapes read parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Projected {
    /// A section.
    Section(SectionId),
    /// A taxonomy, by its language and name.
    Taxonomy(String, String),
}

/// All bodies, and what templates see of pages and sections.
pub struct Contents {
    /// The body of each page.
    pub pages: IndexVec<PageId, Rendered>,
    /// The body of each section.
    pub sections: IndexVec<SectionId, Rendered>,
    /// Who links, by the hash of what to.
    backlinks: OnceLock<Vec<u64>>,
    /// True where every body was rendered in this build.
    pub complete: bool,
    /// Marks that outputs share.
    pub memo: Arc<Memo>,
    pub(super) page_values: Once<PageId, Value>,
    pub(super) full_page_values: Once<PageId, Value>,
    pub(super) section_values: Once<SectionId, Value>,
    /// What shapes read of sections and taxonomies.
    projected: Known<(ShapeId, Projected), Value>,
    taxonomy_values: Known<(String, String), Value>,
    /// Links that are doubted and stop no page.
    doubtful_links: Vec<Diagnostic>,
    configs: BTreeMap<String, Value>,
}

impl Contents {
    /// What is known of the body of a page; None where there is none.
    pub fn page_body(&self, id: PageId) -> Option<&Written> {
        self.pages[id].as_ref().ok()
    }

    /// A body, and where its file lies.
    fn of<'a>(&'a self, library: &'a Library, of: Linking) -> (&'a Rendered, &'a Place) {
        match of {
            Linking::Page(id) => (&self.pages[id], &library.pages[id].place),
            Linking::Section(id) => (&self.sections[id], &library.sections[id].place),
        }
    }

    /// What is known of the body of a section; None where there is none.
    pub fn section_body(&self, id: SectionId) -> Option<&Written> {
        self.sections[id].as_ref().ok()
    }

    /// What a shape reads of a value, made once.
    pub(super) fn projected(
        &self,
        shape: &Shape,
        of: Projected,
        make: impl FnOnce() -> Value,
    ) -> Value {
        match shape.id() {
            Some(id) => self.projected.get_or(&(id, of), make),
            None => make(),
        }
    }

    /// What `get_taxonomy` answers, made once.
    pub fn taxonomy_value(&self, world: &World, taxonomy: &Taxonomy) -> Value {
        let view = View {
            world,
            contents: self,
            detail: Detail::Full,
        };
        let name = (taxonomy.lang.clone(), taxonomy.config.name.clone());
        let make = || values::taxonomy(view, taxonomy, &WHOLE);
        self.taxonomy_values.get_or(&name, make)
    }

    /// Each body that there is, with the place of its file and what of the file it is.
    fn all<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (&'a Written, &'a Place, &'a BodyText)> {
        let library = &world.library;
        let pages = self.pages.iter().zip(&library.pages);
        let pages = pages.map(|(body, page)| (body, &page.place, &page.body));
        let sections = self.sections.iter().zip(&library.sections);
        let sections = sections.map(|(body, section)| (body, &section.place, &section.body));
        let all = pages.chain(sections);
        all.filter_map(|(body, place, text)| Some((body.as_ref().ok()?, place, text)))
    }

    /// What is known of each body, by the file.
    pub fn facts<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (&'a SourceKey, &'a Arc<BodyFacts>)> {
        self.all(world)
            .map(|(written, place, _)| (&place.key, &written.facts))
    }

    /// The same, of those that were rendered in this build.
    pub fn rendered<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (&'a SourceKey, &'a Arc<BodyFacts>)> {
        let rendered = self.all(world).filter(|(body, ..)| body.body.is_some());
        rendered.map(|(written, place, _)| (&place.key, &written.facts))
    }

    /// The files whose body is not, or may not be, as a graph has it.
    pub fn differing<'a>(
        &'a self,
        library: &'a Library,
        graph: &'a Graph,
    ) -> impl Iterator<Item = (Linking, &'a SourceKey)> {
        let pages = self.pages.named();
        let pages = pages.map(|(id, body)| (Linking::Page(id), body));
        let sections = self.sections.named();
        let sections = sections.map(|(id, body)| (Linking::Section(id), body));
        let with_file = pages.chain(sections).map(|(of, body)| match of {
            Linking::Page(id) => (of, &library.pages[id].place.key, body),
            Linking::Section(id) => (of, &library.sections[id].place.key, body),
        });
        let differ = with_file.filter(|(_, key, body)| match body {
            // The facts alone: they are those of the graph.
            Ok(written) if written.body.is_none() => false,
            Ok(written) => graph.bodies.get(key.as_str()) != Some(&written.facts),
            Err(_) => true,
        });
        differ.map(|(of, key, _)| (of, key))
    }

    /// What is known of the body of a page or section; None where there is none.
    pub fn facts_of(&self, of: Linking) -> Option<&Arc<BodyFacts>> {
        let body = match of {
            Linking::Page(id) => self.page_body(id),
            Linking::Section(id) => self.section_body(id),
        };
        body.map(|written| &written.facts)
    }

    /// The files whose links are doubted.
    pub fn doubted(&self) -> impl Iterator<Item = &str> {
        self.doubtful_links.iter().map(|found| found.file.as_str())
    }

    /// The same, of those that a next build may go by: without those whose links are doubted, so that
    /// the doubt is told again.
    pub fn facts_that_stand<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (&'a SourceKey, &'a Arc<BodyFacts>)> {
        let doubted: BTreeSet<&str> = self.doubted().collect();
        self.facts(world)
            .filter(move |(key, _)| !doubted.contains(key.as_str()))
    }

    /// Every link to elsewhere, page by page, then section by section.
    pub fn external_links<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (String, Use)> + 'a {
        self.all(world).flat_map(|(written, place, body)| {
            let links = written.body.iter().flat_map(|body| &body.external_links);
            links.map(|link| {
                let line = body.line_of_file(link.line);
                let file = place.key.clone();
                (link.url.clone(), Use { file, line })
            })
        })
    }

    /// What is worth a look though it was published.
    pub fn warnings(&self, world: &World) -> Vec<Diagnostic> {
        self.all(world)
            .flat_map(|(written, ..)| written.facts.warnings.iter().cloned())
            .chain(self.doubtful_links.iter().cloned())
            .map(|found| Diagnostic {
                severity: Severity::Warning,
                ..found
            })
            .collect()
    }

    /// `config` as templates of a language see it.
    pub fn config(&self, lang: &str) -> Value {
        self.configs.get(lang).cloned().unwrap_or_else(Value::none)
    }
}

/// What a body is rendered with.
struct Job<'a> {
    world: &'a Arc<World>,
    configs: &'a BTreeMap<String, Value>,
    of: Linking,
    place: &'a Place,
    text: &'a BodyText,
    permalink: &'a str,
    anchors: Option<AnchorLinks>,
}

/// Settles every body: renders those that are not as the graph has them, and those that are wanted.
/// With a reach, those beyond it are taken to be as the graph has them.
///
/// # Errors
/// What has to be read first. Author's mistakes are kept page by page.
pub fn settle(
    world: &Arc<World>,
    graph: &Graph,
    reach: Option<&Reach>,
    bodies: &mut Bodies,
    memo: &Arc<Memo>,
) -> Result<Contents, Needs> {
    let library = &world.library;
    let count = library.pages.len() + library.sections.len();
    bodies.settled.resize(count, None);
    let configs = values::configs(world);
    if let Some(reach) = reach {
        spare(library, graph, reach, bodies);
    }
    let doubtful_links = loop {
        let mut needs = Needs::default();
        let open = bodies.settled.named().filter(|(_, body)| body.is_none());
        let results: Vec<_> = open
            .map(|(id, _)| id)
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|id| {
                let job = Job::of(id.linking(library), world, &configs);
                (id, job.settle(graph, bodies))
            })
            .collect();
        for (id, result) in results {
            bodies.settled[id] = match result {
                Ok(written) => Some(Ok(written)),
                Err(RenderError::Failed(problems)) => Some(Err(problems)),
                Err(RenderError::Needs(more)) => {
                    needs.extend(more);
                    None
                }
            };
        }
        if !needs.is_empty() {
            return Err(needs);
        }
        // Whether a link finds its place in a page can be said where either was rendered; the
        // other was as it is when that was said before.
        let links = LinkToPlace::all(world, bodies);
        let more = anchors_wanted(world, &links);
        if more.is_empty() {
            let anchors = anchors(world, &links);
            break fail_broken(world, anchors, bodies);
        }
        bodies.want(library, more);
    };
    let mut pages: Vec<Rendered> = bodies.settled.iter().flatten().cloned().collect();
    let sections: Vec<Rendered> = pages.split_off(library.pages.len());
    let at_hand = |body: &Rendered| body.as_ref().map_or(true, |written| written.body.is_some());
    Ok(Contents {
        complete: pages.iter().chain(&sections).all(at_hand),
        memo: memo.clone(),
        page_values: Once::new(pages.len()),
        full_page_values: Once::new(pages.len()),
        section_values: Once::new(sections.len()),
        projected: Known::default(),
        taxonomy_values: Known::default(),
        configs,
        backlinks: OnceLock::new(),
        doubtful_links,
        pages: pages.into(),
        sections: sections.into(),
    })
}

/// Bodies that one thread takes in a row where little is done with each.
const IN_A_ROW: usize = 1024;

/// Takes the bodies beyond a reach to be as the graph has them.
fn spare(library: &Library, graph: &Graph, reach: &Reach, bodies: &mut Bodies) {
    let Bodies { settled, wanted } = bodies;
    // Pages in the order of their keys, then sections: the graph is walked beside either.
    let (of_pages, of_sections) = settled.split_at_mut(library.pages.len());
    let pages = library.pages.par_chunks(IN_A_ROW);
    pages
        .zip(of_pages.par_chunks_mut(IN_A_ROW))
        .for_each(|(pages, settled)| {
            let [Some(first), Some(last)] = [pages.first(), pages.last()] else {
                return;
            };
            let known = graph
                .bodies
                .range::<SourceKey, _>(&first.place.key..=&last.place.key);
            let keys = pages.iter().map(|page| &page.place.key);
            spare_of(keys.zip(settled), known, wanted, reach);
        });
    let sections = library.sections.iter().map(|section| &section.place.key);
    let known = graph.bodies.iter();
    spare_of(sections.zip(of_sections), known, wanted, reach);
}

fn spare_of<'a>(
    bodies: impl Iterator<Item = (&'a SourceKey, &'a mut Option<Rendered>)>,
    known: impl Iterator<Item = (&'a SourceKey, &'a Arc<BodyFacts>)>,
    wanted: &BTreeSet<SourceKey>,
    reach: &Reach,
) {
    let both = bodies.merge_join_by(known, |(one, _), (other, _)| (*one).cmp(other));
    for ((_, place), (key, facts)) in both.filter_map(EitherOrBoth::both) {
        let is_spared = place.is_none() && !wanted.contains(key);
        if is_spared && reach.spares_body(key.as_str(), &facts.asked) {
            let facts = facts.clone();
            *place = Some(Ok(Written { facts, body: None }));
        }
    }
}

impl<'a> Job<'a> {
    fn of(of: Linking, world: &'a Arc<World>, configs: &'a BTreeMap<String, Value>) -> Self {
        match of {
            Linking::Page(id) => {
                let page = &world.library.pages[id];
                Self {
                    world,
                    configs,
                    of,
                    place: &page.place,
                    text: &page.body,
                    permalink: &page.permalink,
                    anchors: anchors_of_page(world, id),
                }
            }
            Linking::Section(id) => {
                let section = &world.library.sections[id];
                Self {
                    world,
                    configs,
                    of,
                    place: &section.place,
                    text: &section.body,
                    permalink: &section.permalink,
                    anchors: section.front.insert_anchor_links,
                }
            }
        }
    }
}

impl Job<'_> {
    fn settle(&self, graph: &Graph, bodies: &Bodies) -> Result<Written, RenderError> {
        let key = self.place.key.as_str();
        let known = graph.bodies.get(key);
        if let Some(facts) = known.filter(|_| !bodies.wanted.contains(key)) {
            let scope = Scope::of_text(self.world);
            let mark = scope::look(scope, key, || {
                self.mark(facts.templated, &facts.asked, &facts.links)
            });
            if mark.map_err(RenderError::Needs)? == facts.trace {
                return Ok(Written {
                    facts: facts.clone(),
                    body: None,
                });
            }
        }
        self.render()
    }

    /// The mark of all that the body is made from.
    fn mark(&self, templated: bool, asked: &[TextQuestion], links: &[InternalLink]) -> Mark {
        let world = self.world;
        let mut marker = Marker::default();
        marker.option(world.sources.mark(self.place.key.as_str()), |m, mark| {
            m.mark(mark);
        });
        marker.bytes(self.permalink).bytes(&self.place.lang);
        marker.option(self.anchors, |marker, anchors| {
            marker.number(anchors as u64);
        });
        for name in ["anchor-link.html", "summary-cutoff.html"] {
            marker.mark(world.templates.readers.reader(name).mark);
        }
        if templated {
            marker.mark(value_mark(&self.facts().1, &WHOLE));
            marker.mark(world.templates.readers.all());
        }
        for link in links.iter().filter(|link| !link.path.is_empty()) {
            marker.mark(questions::link(world, &link.path, &self.place.lang));
        }
        for question in asked {
            marker.mark(questions::of_text(world, question));
        }
        marker.done()
    }

    /// What the text itself sees of its page or section.
    fn facts(&self) -> (&'static str, Value) {
        match self.of {
            Linking::Page(id) => ("page", values::page_facts(self.world, id)),
            Linking::Section(id) => ("section", values::section_facts(self.world, id)),
        }
    }
}

fn anchors_of_page(world: &World, id: PageId) -> Option<AnchorLinks> {
    let parent = world.library.page_links[id].parent?;
    world.library.sections[parent].front.insert_anchor_links
}

impl Job<'_> {
    /// Renders the body; a crash is a mistake in it.
    fn render(&self) -> Result<Written, RenderError> {
        let Job {
            world, place, text, ..
        } = self;
        let file = place.key.as_str();
        let mut is_templated_now = false;
        // A default section has no file, and so no text.
        let whole = if world.sources.exists(file) {
            let (whole, trace) = within(Scope::of_text(world), file, || world.text(file));
            match whole {
                Some(whole) => whole.clone(),
                None => return Err(RenderError::Needs(trace.needs)),
            }
        } else {
            Arc::from("")
        };
        let written = text.of(&whole);
        let render = || {
            let templated;
            let made = if is_templated(world, place, written) {
                is_templated_now = true;
                templated = self.template(written)?;
                templated.as_str()
            } else {
                written
            };
            let mut options = world.config.markdown_options();
            if let Some(anchors) = self.anchors {
                options.insert_anchor_links = anchors;
            }
            let mut outcome = markdown_of(world, made, self.permalink, &place.lang, &options);
            if made != written {
                name_written_lines(&mut outcome, written, made);
            }
            if let Ok(document) = &mut outcome
                && world.settings.mode != "check"
            {
                document.external_links = Vec::new();
            }
            outcome.map_err(|problems| located(file, text, problems))
        };
        let scope = Scope::of_text(world);
        let (result, trace) = guarded(file, || Ok(within(scope, file, render)))?;
        if !trace.needs.is_empty() {
            return Err(RenderError::Needs(trace.needs));
        }
        let document = result.map_err(RenderError::Failed)?;
        self.written(document, trace, is_templated_now)
            .map_err(RenderError::Needs)
    }

    fn written(&self, document: Document, trace: Trace, templated: bool) -> Result<Written, Needs> {
        let Job {
            world, place, text, ..
        } = self;
        let links = document.internal_links;
        let targets: BTreeSet<&str> = links.iter().map(|link| link.path.as_str()).collect();
        // In another language than the default one `get_url` may lead elsewhere than a link.
        let is_plain = place.lang == world.config.default_language;
        let is_link = |question: &TextQuestion| match question {
            TextQuestion::Link { path, lang } => {
                is_plain && *lang == place.lang && targets.contains(path.as_str())
            }
            _ => false,
        };
        let asked = trace.asked.of_text.into_iter();
        let asked: Vec<TextQuestion> = asked.filter(|question| !is_link(question)).collect();
        let toc = values::toc(&document.toc);
        let mark = |text: &str| {
            if world.traced {
                Mark::of(text.as_bytes())
            } else {
                Mark::of(&[])
            }
        };
        let scope = Scope::of_text(world);
        let facts = BodyFacts {
            trace: if world.traced {
                scope::look(scope, place.key.as_str(), || {
                    self.mark(templated, &asked, &links)
                })?
            } else {
                Mark::of(&[])
            },
            templated,
            html: mark(&document.html),
            summary: document.summary.as_deref().map(mark),
            toc: (!document.toc.is_empty() && world.traced).then(|| value_mark(&toc, &WHOLE)),
            asked,
            links,
            warnings: located(place.key.as_str(), text, document.warnings),
            pictures: shown(trace.pictures),
        };
        Ok(Written {
            facts: Arc::new(facts),
            body: Some(Arc::new(Body {
                html: Value::from(document.html.as_str()),
                summary: document
                    .summary
                    .map_or_else(Value::none, |summary| Value::from(summary.as_str())),
                toc,
                external_links: document.external_links,
                anchors: document.anchors,
            })),
        })
    }

    /// The text after templating.
    fn template(&self, text: &str) -> Result<String, Vec<Diagnostic>> {
        let Job {
            world,
            place,
            text: body,
            ..
        } = self;
        let file = place.key.as_str();
        let mut context = Context::new();
        let (name, value) = self.facts();
        context.insert_value(name, value);
        context.insert_value("config", self.configs[place.lang.as_str()].clone());
        context.insert("lang", &place.lang);
        let metered = meter::meter(text).map_err(|found| vec![unmetered(file, body, found)])?;
        if let Some((line, message)) =
            meter::many_unknown(text, &world.templates.tera, &BTreeSet::new())
        {
            let error = TemplateError::plain(None, message);
            let problem = Diagnostic::error("content-template", file, error.message);
            let problem = problem.at(body.line_of_file(line), None);
            return Err(vec![Diagnostic {
                hint: error.hint,
                ..problem
            }]);
        }
        let mut out = meter::Bounded::new(meter::MAX_TEXT_OUTPUT_BYTES);
        let tera = &world.templates.tera;
        budget::of_text(|| tera.render_str_to(&metered.text, &context, false, &mut out)).map_err(
            |error| {
                vec![templating_problem(
                    world,
                    file,
                    (body, text),
                    &metered,
                    &error,
                )]
            },
        )?;
        String::from_utf8(out.bytes).map_err(|_| {
            vec![Diagnostic::error(
                "content-template",
                file,
                "this is not UTF-8",
            )]
        })
    }
}

/// Pictures as the graph keeps them.
pub fn shown(pictures: Pictures) -> Vec<Shown> {
    let all = pictures.into_iter();
    all.map(|(key, (source, job))| (key, source, job)).collect()
}

/// Renders a text that needs no templating, with the site's links and templates.
///
/// # Errors
/// The mistakes in it, by line of `text`.
pub fn markdown_of(
    world: &World,
    text: &str,
    permalink: &str,
    lang: &str,
    options: &Options,
) -> Result<Document, Vec<markdown::Problem>> {
    let environment = SiteEnvironment { world, lang };
    markdown::render(text, &markdown::Page { permalink }, options, &environment)
}

fn is_templated(world: &World, place: &Place, text: &str) -> bool {
    lexer::opens_tag(text) && !world.config.skips_content_templating(place.relative())
}

fn unmetered(file: &str, body: &BodyText, (line, message): (u32, &str)) -> Diagnostic {
    Diagnostic::error("content-template", file, message)
        .at(body.line_of_file(line), None)
        .hint("move it into a component or a template, in smaller parts")
}

/// Puts the lines of the author's text in the place of those of the text that templates made of it.
fn name_written_lines(
    outcome: &mut Result<Document, Vec<markdown::Problem>>,
    written: &str,
    made: &str,
) {
    let origins = OnceLock::new();
    let origin = |line: u32| origins.get_or_init(|| Origins::new(written, made)).of(line);
    let mend = |problem: &mut markdown::Problem| {
        let origin = origin(problem.line);
        problem.line = origin.line;
        problem.column = problem.column.filter(|_| origin.untouched);
    };
    match outcome {
        Err(problems) => problems.iter_mut().for_each(mend),
        Ok(document) => {
            document.warnings.iter_mut().for_each(mend);
            for link in &mut document.internal_links {
                link.line = origin(link.line).line;
            }
            for link in &mut document.external_links {
                link.line = origin(link.line).line;
            }
        }
    }
}

/// What went wrong where a text was templated: in the text, or in a component that it calls.
fn templating_problem(
    world: &World,
    file: &str,
    (body, text): (&BodyText, &str),
    metered: &Metered<'_>,
    error: &tera::Error,
) -> Diagnostic {
    let mut error = world.templates.explain(error, ONE_OFF);
    if error.template.as_deref().is_none_or(|name| name == ONE_OFF)
        && let (Some(line), Some(column)) = (error.line, &mut error.column)
    {
        *column = metered.original_column(line, *column);
    }
    let error = error.at_open_tag(text);
    if let Some(template) = &error.template
        && template != ONE_OFF
    {
        let file = source_of(template, world.config.theme.as_deref());
        return about(file, error);
    }
    let hint = if error.maybe_literal && text.contains("{#") {
        Some(HEADING_ID.to_owned())
    } else if error.maybe_literal {
        let hints = error.hint.iter().map(String::as_str).chain([LITERAL]);
        Some(hints.collect::<Vec<_>>().join("; "))
    } else {
        error.hint
    };
    let line = error.line.map(|line| body.line_of_file(line));
    Diagnostic {
        hint,
        ..Diagnostic::error("content-template", file, error.message).at(line, error.column)
    }
}

const HEADING_ID: &str = "`{#` opens a comment in a text that has `{{` or `{%`; write the \
                          heading's id on a page without them, or list the page in \
                          skip_content_templating";
const LITERAL: &str = "to show braces as they are, put them between {% raw %} and {% endraw %}, or \
                       list the page in skip_content_templating in config.toml";

/// What the engine calls a text that is no template of the site.
const ONE_OFF: &str = "__tera_one_off";

fn located(file: &str, text: &BodyText, problems: Vec<markdown::Problem>) -> Vec<Diagnostic> {
    let diagnostic = |problem: markdown::Problem| Diagnostic {
        hint: problem.hint,
        ..Diagnostic::error(problem.code, file, problem.message)
            .at(text.line_of_file(problem.line), problem.column)
    };
    problems.into_iter().map(diagnostic).collect()
}

struct SiteEnvironment<'a> {
    world: &'a World,
    lang: &'a str,
}

impl Environment for SiteEnvironment<'_> {
    fn internal_link(&self, path: &str) -> Option<String> {
        ask(self.world, || TextQuestion::Link {
            path: path.to_owned(),
            lang: self.lang.to_owned(),
        });
        lookup::link(self.world, path, self.lang).map(Cow::into_owned)
    }

    fn absence(&self, path: &str) -> Option<markdown::Absent> {
        let absence = self.world.library.absence(path)?;
        Some(markdown::Absent {
            told: absence.told(),
            way_out: absence.way_out(),
        })
    }

    fn anchor_link(&self, id: &str, level: u8) -> Result<String, String> {
        let mut context = Context::new();
        context.insert("id", id);
        context.insert("level", &level);
        context.insert("lang", self.lang);
        self.small_template("anchor-link.html", &context)
    }

    fn summary_cutoff(&self, summary: &str) -> Result<String, String> {
        let mut context = Context::new();
        context.insert("summary", summary);
        context.insert("lang", self.lang);
        self.small_template("summary-cutoff.html", &context)
    }
}

impl SiteEnvironment<'_> {
    fn small_template(&self, name: &str, context: &Context) -> Result<String, String> {
        self.world
            .templates
            .tera
            .render(name, context)
            .map_err(|error| format!("{name}: {}", explain(&error).message))
    }
}
