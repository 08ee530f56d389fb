//! One output of the plan, from its recipe to the object that is published.

use super::content::{self, BodyResult, Contents};
use super::feeds;
use super::generated;
use super::minify;
use super::noindex;
use super::originals;
use super::provenance;
use super::questions;
use super::readers::{Reader, Readers};
use super::scope::{self, Scope, within};
use super::templates::{BUILTIN_PREFIX, about, source_of};
use super::values::{BodyLookup, Detail, View};
use super::world::{Needs, Pictures, World};
use super::{RenderError, guarded};
use crate::graph::{OutputTrace, Question, value_mark};
use crate::search;
use quillfront_policy::Facts;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::library::PageId;
use quillfront_site::library::taxonomies::TaxonomyId;
use quillfront_site::object::{Body, Object, Treatment};
use quillfront_site::pagination::{self, Pagination};
use quillfront_site::plan::{PlannedOutput, Recipe};
use quillfront_site::source::{Effective, Sources};
use quillfront_templates::meter::{self, BoundedWriter};
use quillfront_templates::reads::Shape;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use tera::Context;

mod search_index;
mod told;
mod variables;
pub use search_index::{all_searched, search_mark};
pub use told::{Site, Sums, merged};

/// Of one page so many are told; each costs reading its front matter again to find the line.
const MAX_UNKNOWN_TAXONOMIES: usize = 20;

/// A rendered output.
pub struct RenderedOutput {
    /// None where there is nothing to publish under the key.
    pub object: Option<Object>,
    /// Pictures that it refers to.
    pub pictures: Pictures,
    /// What it runs and loads, if it is an HTML page and that is asked for.
    pub page: Option<Arc<Facts>>,
    /// What it was made from, where that is noted.
    pub trace: Option<OutputTrace>,
    /// Of a search index the records that it was made from, where that is noted.
    pub records: Vec<(SourceKey, Arc<search::Record>)>,
}

/// Renders one output.
///
/// # Errors
/// The author's mistakes, or what has to be read first.
pub fn render(
    world: &Arc<World>,
    contents: &Arc<Contents>,
    key: &OutputKey,
    planned: &PlannedOutput,
) -> Result<RenderedOutput, RenderError> {
    if let Recipe::Copy(source) = &planned.recipe {
        return copied(world, key, source);
    }
    let job = Job {
        world,
        contents,
        key,
        planned,
    };
    let scope = Scope {
        world: world.clone(),
        contents: Some(contents.clone()),
        reader: job.reader(),
    };
    let file = planned.source.as_str();
    let (result, trace) = guarded(file, || {
        Ok(within(scope.clone(), key.as_str(), || job.render()))
    })?;
    if !trace.needs.is_empty() {
        return Err(RenderError::Needs(trace.needs));
    }
    let object = result.map_err(RenderError::Failed)?;
    if !trace.failed.is_empty() {
        return Err(RenderError::Failed(failed_bodies(trace.failed)));
    }
    let minified = world.config.minify_html || world.settings.minify;
    // Feeds and the like keep their shape (site model, section 16).
    let object = match object {
        Some(object) if minified && key.as_str().ends_with("html") => Some(shorter(object)),
        other => other,
    };
    let (page, asked_for_it) = job.page(object.as_ref(), &trace.integrity);
    let mut made = RenderedOutput {
        object,
        pictures: trace.pictures,
        page: page.map(Arc::new),
        trace: None,
        records: trace.records,
    };
    if world.traced {
        let asked = trace.asked.all().chain(asked_for_it);
        let asked: Arc<[Arc<Question>]> = asked.map(Arc::new).collect();
        let mark = scope::look(scope, key.as_str(), || job.mark(&asked));
        made.trace = mark.map_err(RenderError::Needs)?.map(|trace| OutputTrace {
            trace,
            asked,
            pictures: content::shown(made.pictures.clone()),
            page: made.page.clone(),
        });
    }
    Ok(made)
}

/// True where an output would be made from what it was made from before. What has to be read before
/// that can be said is the error.
pub fn holds(
    world: &Arc<World>,
    contents: &Arc<Contents>,
    key: &OutputKey,
    planned: &PlannedOutput,
    known: &OutputTrace,
) -> Result<bool, Needs> {
    let job = Job {
        world,
        contents,
        key,
        planned,
    };
    let scope = Scope {
        world: world.clone(),
        contents: Some(contents.clone()),
        reader: None,
    };
    let mark = scope::look(scope, key.as_str(), || job.mark(&known.asked))?;
    Ok(mark == Some(known.trace))
}

/// Bodies that may be others than a graph has.
#[derive(Debug, Default)]
pub struct BodyEdits<'a> {
    /// Of pages and sections, by file.
    pub files: BTreeSet<&'a SourceKey>,
    /// Those of pages.
    pub pages: BTreeSet<PageId>,
}

/// The readers of few templates that a thread comes upon again and again. All threads ask for the same
/// ones.
#[derive(Default)]
pub struct LastReaders {
    known: Vec<(String, Arc<Reader>)>,
}

impl LastReaders {
    fn of(&mut self, all: &Readers, name: &str) -> &Reader {
        let place = self.known.iter().position(|(known, _)| known == name);
        let place = place.unwrap_or_else(|| {
            self.known.push((name.to_owned(), all.reader(name)));
            self.known.len() - 1
        });
        &self.known[place].1
    }
}

/// True where an output would be made from what it was made from before, because front matter, keys,
/// templates and configuration are as they were, and it reads nothing of these bodies. False says
/// nothing.
pub fn is_spared(
    world: &Arc<World>,
    contents: &Arc<Contents>,
    key: &OutputKey,
    planned: &PlannedOutput,
    known: &OutputTrace,
    edited: &BodyEdits<'_>,
    readers: &mut LastReaders,
) -> bool {
    let mut asked = known.asked.iter();
    if edited.files.contains(&planned.source) || asked.any(|question| question.looks_beyond_pages())
    {
        return false;
    }
    if edited.files.is_empty() {
        return true;
    }
    let job = Job {
        world,
        contents,
        key,
        planned,
    };
    match (&planned.recipe, job.template_name()) {
        (Recipe::SearchIndex(_), _) => false,
        (_, None) => true,
        (_, Some(template)) => {
            let texts = &readers.of(&world.templates.readers, &template).other_texts;
            let mut asked = known.asked.iter();
            let reaches = texts.any
                || asked.any(|question| texts.is_unknown(question))
                || (texts.listed && job.lists(Extent::List, &edited.pages))
                || (texts.in_part && job.lists(Extent::Part, &edited.pages));
            !reaches
        }
    }
}

/// Why an output cannot be made, as far as that can be said without rendering it: its template cannot stand.
pub fn why_hopeless(
    world: &Arc<World>,
    contents: &Arc<Contents>,
    key: &OutputKey,
    planned: &PlannedOutput,
) -> Option<Vec<Diagnostic>> {
    let job = Job {
        world,
        contents,
        key,
        planned,
    };
    job.stands(&job.template_name()?).err()
}

/// What is told of an output that shows texts which cannot be rendered: an empty one in their place would
/// be published for the text.
fn failed_bodies(files: BTreeSet<SourceKey>) -> Vec<Diagnostic> {
    let told = files.into_iter().map(|file| {
        let message = "the text of this file cannot be rendered, so what shows it stays as it was";
        Diagnostic::warning("stale", file.as_str(), message)
    });
    told.collect()
}

fn shorter(mut object: Object) -> Object {
    if let Body::Bytes(bytes) = &object.body
        && let Ok(html) = std::str::from_utf8(bytes)
    {
        object.body = Body::Bytes(minify::page(html).into_bytes().into());
    }
    object
}

/// A page that no list shows and no search engine is to.
fn hidden(mut object: Object) -> Object {
    if let Body::Bytes(bytes) = &object.body
        && let Ok(html) = std::str::from_utf8(bytes)
        && let Some(html) = noindex::hide(html)
    {
        object.body = Body::Bytes(html.into_bytes().into());
    }
    object
}

/// A file as it is, or a picture without what it tells. Where it is a page, and its policy is asked for, its text is read.
fn copied(
    world: &World,
    key: &OutputKey,
    source: &SourceKey,
) -> Result<RenderedOutput, RenderError> {
    let object = copy(&world.sources, key, source);
    let object = object.map(|object| originals::treated(world, source, object));
    let mut made = RenderedOutput {
        object: object.transpose()?,
        pictures: Pictures::new(),
        page: None,
        trace: None,
        records: Vec::new(),
    };
    if made.object.is_none() || world.own.security.is_none() || !provenance::is_page(key.as_str()) {
        return Ok(made);
    }
    let text = match (
        world.sources.text(source.as_str()),
        world.inputs.get(source),
    ) {
        (Some(text), _) => Some(Cow::from(&**text)),
        (None, Some(bytes)) => bytes.as_deref().map(String::from_utf8_lossy),
        (None, None) => {
            let mut needs = Needs::default();
            needs.files.insert(source.clone());
            return Err(RenderError::Needs(needs));
        }
    };
    // Of a file that is too large to be read nothing is known, and nothing allowed.
    let facts = text.map(|text| provenance::of_file(world, &text));
    made.page = facts.map(Arc::new);
    made.trace = mark_of_page(world, source).map(|trace| OutputTrace {
        trace,
        asked: Arc::default(),
        pictures: Vec::new(),
        page: made.page.clone(),
    });
    made.trace = made.trace.filter(|_| world.traced);
    Ok(made)
}

/// The mark of a page that is a file as it is; none where it is not looked at.
fn mark_of_page(world: &World, source: &SourceKey) -> Option<Mark> {
    world.own.security.as_ref()?;
    let mut marker = Marker::default();
    marker.bytes(source.as_str());
    marker.mark(world.sources.mark(source.as_str())?);
    Some(marker.done())
}

fn copy(sources: &Sources, key: &OutputKey, source: &SourceKey) -> Option<Object> {
    let found = sources.get(source.as_str())?;
    let body = match &found.effective {
        Effective::Text(text) => Body::Bytes(Arc::from(text.held()?.as_bytes())),
        Effective::Opaque => Body::Copy {
            source: source.clone(),
            version: found.content().to_owned(),
            size: found.size,
            treatment: Treatment::AsItIs,
        },
        Effective::Absent => return None,
    };
    let mut object = Object::rendered(key.as_str(), Vec::new());
    object.body = body;
    Some(object)
}

struct Job<'a> {
    world: &'a World,
    contents: &'a Contents,
    key: &'a OutputKey,
    planned: &'a PlannedOutput,
}

/// How much of a list of pages is meant.
#[derive(Clone, Copy)]
enum Extent {
    /// The whole list.
    List,
    /// The part of it that a pager shows.
    Part,
}

/// Something that an output is made from.
enum Input<'a> {
    /// The templates.
    Templates(&'a Reader),
    /// A variable of the context, and how much of it.
    Variable(&'static str, &'a Shape),
    /// The answer to a question; the reader knows how much of it.
    Question(&'a Question, &'a Reader),
    /// Where a redirect leads.
    Target(&'a str),
    /// All style sheets.
    Styles,
    /// The records of a search index.
    Search,
    /// That the page is hidden.
    Hidden,
    /// The file that it is.
    File,
    /// What the edge is told of the site.
    Rules,
}

type Outcome = Result<Option<Object>, Vec<Diagnostic>>;

impl<'w> Job<'w> {
    fn render(&self) -> Outcome {
        match &self.planned.recipe {
            Recipe::SearchIndex(lang) => return self.search_index(lang),
            Recipe::SearchLibrary | Recipe::HighlightSheet(_) => {
                let bytes = generated::fixed(&self.planned.recipe);
                return Ok(bytes.map(|bytes| Object::rendered(self.key.as_str(), bytes)));
            }
            Recipe::Rules => {
                let bytes = self.world.rules.write();
                return Ok(Some(Object::rendered(self.key.as_str(), bytes)));
            }
            Recipe::Copy(source) => return Ok(copy(&self.world.sources, self.key, source)),
            Recipe::Style(_) => return self.style(),
            // Made after everything that refers to it, by `evaluate`.
            Recipe::Picture(_) => return Ok(None),
            _ => {}
        }
        self.check()?;
        let Some(template) = self.template_name() else {
            return Ok(None);
        };
        self.need_bodies(&template);
        let reader = self.reader();
        let detail = match reader {
            Some(_) => Detail::Read,
            None => Detail::Full,
        };
        let Some(variables) = self.variables(self.view(detail), reader.as_deref()) else {
            return Ok(None);
        };
        let object = self.template(&template, &variables.context())?;
        let library = &self.world.library;
        Ok(match &self.planned.recipe {
            Recipe::Feed(_) => object.map(without_controls),
            Recipe::Page(id) if library.pages[*id].front.hidden => object.map(hidden),
            _ => object,
        })
    }

    /// What a page runs and loads, and what was asked to know it. It is noted also where nobody asks for a
    /// policy yet, so that a policy needs no render.
    fn page(
        &self,
        object: Option<&Object>,
        integrity: &BTreeSet<String>,
    ) -> (Option<Facts>, BTreeSet<Question>) {
        let is_asked_for = self.world.traced || self.world.own.security.is_some();
        let is_redirect = matches!(self.planned.recipe, Recipe::Redirect(_));
        let name = self.template_name();
        let (Some(object), Some(name), true) = (object, name, is_asked_for && !is_redirect) else {
            return (None, BTreeSet::new());
        };
        let (Body::Bytes(bytes), true) = (&object.body, provenance::is_page(self.key.as_str()))
        else {
            return (None, BTreeSet::new());
        };
        let html = String::from_utf8_lossy(bytes);
        let reader = self.world.templates.readers.reader(&name);
        let (facts, asked) =
            provenance::of_output(self.world, self.contents, &reader, integrity, &html);
        (Some(facts), asked)
    }

    fn view<'v>(&'v self, detail: Detail<'v>) -> View<'v> {
        View {
            world: self.world,
            contents: self.contents,
            detail,
        }
    }

    /// What the template reads, where that matters: where traces are noted, or not every body is at
    /// hand.
    fn reader(&self) -> Option<Arc<Reader>> {
        if !self.world.traced && self.contents.complete {
            return None;
        }
        Some(self.world.templates.readers.reader(&self.template_name()?))
    }

    /// The mark of all that the output is made from, where functions ask these questions; None where
    /// it cannot be made, or has to be made to know.
    fn mark(&self, asked: &[Arc<Question>]) -> Option<Mark> {
        let mut marker = Marker::default();
        self.reads(asked, &mut |read, mark| {
            if let Input::Variable(name, _) = read {
                marker.bytes(name);
            }
            marker.mark(mark);
        })?;
        Some(marker.done())
    }

    /// Tells all that the output is made from, one after the other, each with its mark. None where
    /// it cannot be made, or has to be made to know.
    fn reads(&self, asked: &[Arc<Question>], tell: &mut dyn FnMut(Input<'_>, Mark)) -> Option<()> {
        let memo = &self.contents.memo;
        match &self.planned.recipe {
            Recipe::SearchIndex(lang) => {
                let mark = search_mark(self.world, self.contents, lang);
                tell(Input::Search, mark);
                return Some(());
            }
            Recipe::SearchLibrary | Recipe::HighlightSheet(_) => return Some(()),
            Recipe::Style(_) => {
                let mut marker = Marker::default();
                marker.bytes(self.planned.source.as_str());
                marker.mark(self.world.styles.mark());
                tell(Input::Styles, marker.done());
                return Some(());
            }
            Recipe::Copy(source) if provenance::is_page(self.key.as_str()) => {
                tell(Input::File, mark_of_page(self.world, source)?);
                return Some(());
            }
            Recipe::Rules => {
                let mark = Mark::of(&self.world.rules.write());
                tell(Input::Rules, mark);
                return Some(());
            }
            Recipe::Copy(_) | Recipe::Picture(_) => return None,
            Recipe::Redirect(target) => tell(Input::Target(target), Mark::of(target.as_bytes())),
            _ => {}
        }
        self.check().ok()?;
        let template = self.template_name()?;
        self.stands(&template).ok()?;
        let reader = self.world.templates.readers.reader(&template);
        if self.uses_broken(&reader) {
            return None;
        }
        tell(Input::Templates(&reader), reader.mark);
        // Whether or not the template reads it.
        if let Recipe::Page(id) = self.planned.recipe
            && self.world.library.pages[id].front.hidden
        {
            tell(Input::Hidden, Mark::of(b"hidden"));
        }
        let view = self.view(Detail::Marks(memo));
        let variables = self.variables(view, Some(&reader))?;
        for (name, (value, shape)) in &variables.all {
            let mark = match *name {
                // Large, and the same for all pages of a language.
                "config" => {
                    let name = format!("config {}", self.lang());
                    memo.value(shape, &name, || value_mark(value, shape))
                }
                _ => value_mark(value, shape),
            };
            tell(Input::Variable(name, shape), mark);
        }
        for question in asked {
            let shape = reader.shape_of(question);
            let make = || questions::answer(view, question, &shape);
            let mark = memo.answer(&shape, question, make);
            tell(Input::Question(question, &reader), mark);
        }
        Some(())
    }

    /// Notes the bodies that the template reads and that are not at hand.
    fn need_bodies(&self, template: &str) {
        if self.contents.complete {
            return;
        }
        let shown = BodyLookup::default();
        let reader = self.world.templates.readers.reader(template);
        self.variables(self.view(Detail::Bodies(&shown)), Some(&reader));
        shown.tell();
    }

    fn style(&self) -> Outcome {
        let world = self.world;
        match world.styles.get(self.key.as_str(), &world.sources) {
            Some(Ok(css)) => Ok(Some(Object::rendered(self.key.as_str(), css.clone()))),
            Some(Err(problems)) => Err(problems.clone()),
            None => Ok(None),
        }
    }

    /// What must be right before a template is looked at.
    fn check(&self) -> Result<(), Vec<Diagnostic>> {
        match self.planned.recipe {
            Recipe::Page(id) => {
                rendered(&self.contents.pages[id])?;
                self.check_taxonomies(id)
            }
            Recipe::Section { section, .. } => rendered(&self.contents.sections[section]),
            _ => Ok(()),
        }
    }

    /// Terms of a taxonomy that the language does not have are a mistake of the page.
    fn check_taxonomies(&self, id: PageId) -> Result<(), Vec<Diagnostic>> {
        let page = &self.world.library.pages[id];
        let known = &self.world.config.languages[page.place.lang.as_str()].taxonomies;
        let unknown = page
            .front
            .taxonomies
            .iter()
            .map(|(name, _)| name)
            .filter(|name| !known.iter().any(|taxonomy| taxonomy.name == **name));
        let problems: Vec<Diagnostic> = unknown
            .take(MAX_UNKNOWN_TAXONOMIES)
            .map(|name| {
                let message = format!("the taxonomy `{name}` is not defined in the configuration");
                let hint = format!(
                    "add {{ name = \"{name}\" }} to `taxonomies` in config.toml, or remove it here"
                );
                let file = page.place.key.as_str();
                Diagnostic::error("taxonomy", file, message)
                    .about(&["taxonomies", name])
                    .hint(hint)
            })
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    /// The template that makes it, by the name that it is asked for; None where there is nothing to
    /// make.
    fn template_name(&self) -> Option<Cow<'w, str>> {
        let library = &self.world.library;
        let or_usual = |chosen: Option<&'w str>, usual: &'static str| match chosen {
            Some(name) => Cow::from(name),
            // A site without one of the usual templates gets a plain page.
            None if !self.world.templates.contains(usual) => {
                format!("{BUILTIN_PREFIX}placeholder.html").into()
            }
            None => usual.into(),
        };
        let of_taxonomy = |lang: &str, id: TaxonomyId, kind: &str| {
            let name = &library.taxonomy(lang, id)?.config.name;
            let own = format!("{name}/{kind}.html");
            Some(if self.world.templates.contains(&own) {
                Cow::from(own)
            } else {
                format!("taxonomy_{kind}.html").into()
            })
        };
        Some(match &self.planned.recipe {
            Recipe::Page(id) => {
                let front = &library.pages[*id].front;
                let inherited = library.inherited_page_template(*id);
                or_usual(front.template.as_deref().or(inherited), "page.html")
            }
            Recipe::Section { section, .. } => {
                let section = &library.sections[*section];
                let usual = if section.place.folders.is_empty() {
                    "index.html"
                } else {
                    "section.html"
                };
                or_usual(section.front.template.as_deref(), usual)
            }
            Recipe::Taxonomy(of) => of_taxonomy(&of.lang, of.taxonomy, "list")?,
            Recipe::Term(of) => of_taxonomy(&of.lang, of.term.taxonomy, "single")?,
            Recipe::Feed(feed) => feed.template.as_str().into(),
            Recipe::SitemapIndex(_) => "split_sitemap_index.xml".into(),
            Recipe::Sitemap(_) => "sitemap.xml".into(),
            Recipe::Robots => "robots.txt".into(),
            Recipe::NotFound => "404.html".into(),
            Recipe::Redirect(_) => "internal/alias.html".into(),
            Recipe::SearchIndex(_)
            | Recipe::SearchLibrary
            | Recipe::HighlightSheet(_)
            | Recipe::Rules
            | Recipe::Copy(_)
            | Recipe::Style(_)
            | Recipe::Picture(_) => return None,
        })
    }

    /// Returns whether one of these pages may be in its list, or in its part of the list.
    fn lists(&self, extent: Extent, pages: &BTreeSet<PageId>) -> bool {
        let library = &self.world.library;
        let (path, list, cut, pager) = match &self.planned.recipe {
            Recipe::Section { section: id, pager } => {
                let section = &library.sections[*id];
                let list = &library.section_links[*id].pages;
                (&section.path, list, Pagination::of_section(section), pager)
            }
            Recipe::Term(of) => {
                let Some((taxonomy, term)) = library.term(&of.lang, of.term) else {
                    return true;
                };
                (
                    &term.path,
                    &term.pages,
                    Pagination::of_term(taxonomy),
                    &of.pager,
                )
            }
            Recipe::Feed(feed) => {
                let feed = feeds::feed(self.world, &feed.lang, &feed.of);
                return feed.is_none_or(|feed| feed.pages.iter().any(|id| pages.contains(id)));
            }
            _ => return true,
        };
        match (extent, cut, pager) {
            (Extent::Part, Some(cut), Some(number)) => {
                let part = pagination::part(list, path, &cut, *number);
                part.is_none_or(|part| part.pages.iter().any(|id| pages.contains(id)))
            }
            _ => list.iter().any(|id| pages.contains(id)),
        }
    }

    /// The language that it is in.
    fn lang(&self) -> &'w str {
        let library = &self.world.library;
        match &self.planned.recipe {
            Recipe::Page(id) => &library.pages[*id].place.lang,
            Recipe::Section { section, .. } => &library.sections[*section].place.lang,
            Recipe::Taxonomy(of) => &of.lang,
            Recipe::Term(of) => &of.lang,
            Recipe::Feed(feed) => &feed.lang,
            _ => &self.world.config.default_language,
        }
    }

    /// What is wrong with a template, or that there is none.
    fn stands(&self, name: &str) -> Result<(), Vec<Diagnostic>> {
        let theme = self.world.config.theme.as_deref();
        if let Some(problem) = self.world.templates.why_broken(name, theme) {
            return Err(vec![problem.clone()]);
        }
        if self.world.templates.contains(name) {
            return Ok(());
        }
        let message = format!("there is no template `{name}`");
        let hint = self.world.templates.add_or_mend(name);
        let (file, field) = self.who_names(name);
        Err(vec![
            Diagnostic::error("template-missing", file, message)
                .about(&[field])
                .hint(hint),
        ])
    }

    /// True where one of the templates that a reader is made of cannot stand.
    fn uses_broken(&self, reader: &Reader) -> bool {
        let broken = &self.world.templates.broken;
        match reader.made_of() {
            Some(templates) => templates.iter().any(|name| broken.contains_key(name)),
            // It may not need the broken ones; only a render can tell.
            None => !broken.is_empty(),
        }
    }

    fn template(&self, name: &str, context: &Context) -> Outcome {
        self.stands(name)?;
        let theme = self.world.config.theme.as_deref();
        let templates = &self.world.templates;
        let mut written = BoundedWriter::new(meter::MAX_OUTPUT_BYTES);
        match templates.tera.render_to(name, context, &mut written) {
            Ok(()) => Ok(Some(Object::rendered(self.key.as_str(), written.bytes))),
            Err(error) => {
                let error = templates.explain(&error, name);
                let template = error.template.as_deref().unwrap_or(name);
                if let Some(problem) = self.world.templates.why_broken(template, theme) {
                    return Err(vec![problem.clone()]);
                }
                let file = source_of(template, theme);
                Err(vec![about(file, error)])
            }
        }
    }
}

/// Control characters and non-characters have no place in XML (XML 1.0, section 2.2), however they
/// are escaped; a title with one would cost the whole feed.
fn without_controls(mut object: Object) -> Object {
    let Body::Bytes(bytes) = &object.body else {
        return object;
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return object;
    };
    let is_kept = |c: char| match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => c >= ' ',
    };
    if !text.chars().all(is_kept) {
        let kept: String = text.chars().filter(|c| is_kept(*c)).collect();
        object.body = Body::Bytes(Arc::from(kept.into_bytes()));
    }
    object
}

impl Job<'_> {
    /// The file that names a template, and in which field: the page or section itself, or the section
    /// above it that sets `page_template`.
    fn who_names(&self, template: &str) -> (&str, &'static str) {
        let library = &self.world.library;
        let own = self.planned.source.as_str();
        if let Recipe::Page(id) = self.planned.recipe
            && library.pages[id].front.template.is_none()
        {
            let links = &library.page_links[id];
            let above = links.parent.iter().chain(links.ancestors.iter().rev());
            let mut above = above.map(|section| &library.sections[*section]);
            let named =
                above.find(|section| section.front.page_template.as_deref() == Some(template));
            if let Some(section) = named {
                return (section.place.key.as_str(), "page_template");
            }
        }
        let name = match self.planned.recipe {
            Recipe::Taxonomy(_) | Recipe::Term(_) => "taxonomies",
            _ => "template",
        };
        (own, name)
    }
}

fn rendered(document: &BodyResult) -> Result<(), Vec<Diagnostic>> {
    match document {
        Ok(_) => Ok(()),
        Err(problems) => Err(problems.clone()),
    }
}
