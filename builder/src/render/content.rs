//! The Markdown of every page and section: templated (site model, section 22), then rendered.

use super::explain::explain;
use super::meter::{self, Metered};
use super::origins::Origins;
use super::templates::{about, source_of};
use super::values;
use super::world::{Needs, Pictures, Scope, World, within};
use super::{RenderError, guarded};
use crate::diagnostic::{Diagnostic, Severity};
use crate::key::SourceKey;
use crate::links::Use;
use crate::markdown::{self, AnchorLinks, Document, Environment, Options};
use crate::markdown::{ExternalLink, InternalLink};
use crate::site::facts::{BodyText, Place};
use crate::site::library::{PageId, SectionId};
use crate::site::taxonomies::Taxonomy;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use tera::{Context, Value};

/// A page or section that links to another, or to a place in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Linking {
    /// A page.
    Page(PageId),
    /// A section.
    Section(SectionId),
}

/// A rendered body, or why there is none.
pub type Rendered = Result<Body, Vec<Diagnostic>>;

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
    /// [`Document::internal_links`], until they are checked.
    internal_links: Vec<InternalLink>,
    /// [`Document::external_links`]; kept only in the mode `check`.
    external_links: Vec<ExternalLink>,
    /// [`Document::anchors`], until the links to them are checked.
    anchors: Vec<String>,
    /// [`Document::warnings`].
    pub warnings: Vec<markdown::Problem>,
    /// Pictures that it refers to.
    pub pictures: Pictures,
}

impl From<Document> for Body {
    fn from(document: Document) -> Self {
        Self {
            html: Value::from(document.html.as_str()),
            summary: document
                .summary
                .map_or_else(Value::none, |summary| Value::from(summary.as_str())),
            toc: values::toc(&document.toc),
            internal_links: document.internal_links,
            external_links: document.external_links,
            anchors: document.anchors,
            warnings: document.warnings,
            pictures: Pictures::new(),
        }
    }
}

/// All rendered bodies, and what templates see of pages and sections.
pub struct Contents {
    /// Of each page.
    pub pages: Vec<Rendered>,
    /// Of each section.
    pub sections: Vec<Rendered>,
    /// What links to a page or section, by its path relative to `content/`.
    pub backlinks: BTreeMap<String, BTreeSet<Linking>>,
    pub(super) page_values: Vec<OnceLock<Value>>,
    pub(super) full_page_values: Vec<OnceLock<Value>>,
    pub(super) section_values: Vec<OnceLock<Value>>,
    taxonomy_values: BTreeMap<(String, String), OnceLock<Value>>,
    /// Broken links that stop no page (`link_checker.internal_level = "warn"`).
    doubtful_links: Vec<Diagnostic>,
    configs: BTreeMap<String, Value>,
}

impl Contents {
    /// What `get_taxonomy` answers, made once.
    pub fn taxonomy_value(&self, world: &World, taxonomy: &Taxonomy) -> Value {
        let name = (taxonomy.lang.clone(), taxonomy.config.name.clone());
        let make = || values::taxonomy(world, self, taxonomy);
        self.taxonomy_values
            .get(&name)
            .map_or_else(make, |once| once.get_or_init(make).clone())
    }

    /// The pictures that bodies refer to, by the file of the body.
    pub fn pictures<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (&'a SourceKey, &'a Pictures)> {
        let library = &world.library;
        let pages = self
            .pages
            .iter()
            .zip(library.pages.iter().map(|p| &p.place));
        let sections = self.sections.iter();
        let sections = sections.zip(library.sections.iter().map(|s| &s.place));
        let all = pages.chain(sections);
        all.filter_map(|(body, place)| Some((&place.key, &body.as_ref().ok()?.pictures)))
    }

    /// Every link to elsewhere, page by page, then section by section.
    pub fn external_links(&self, world: &World) -> impl Iterator<Item = (String, Use)> {
        let library = &world.library;
        let pages = self.pages.iter().zip(&library.pages);
        let pages = pages.map(|(document, page)| (document, &page.place, &page.body));
        let sections = self.sections.iter().zip(&library.sections);
        let sections =
            sections.map(|(document, section)| (document, &section.place, &section.body));
        pages.chain(sections).flat_map(|(document, place, body)| {
            let links = document
                .iter()
                .flat_map(|document| &document.external_links);
            links.map(|link| {
                let line = link.line + body.first_line - 1;
                let file = place.key.clone();
                (link.url.clone(), Use { file, line })
            })
        })
    }

    /// What is worth a look though it was published.
    pub fn warnings(&self, world: &World) -> Vec<Diagnostic> {
        let library = &world.library;
        let pages = self.pages.iter().zip(&library.pages);
        let pages = pages.map(|(document, page)| (document, &page.place, &page.body));
        let sections = self.sections.iter().zip(&library.sections);
        let sections =
            sections.map(|(document, section)| (document, &section.place, &section.body));
        let all = pages.chain(sections).filter_map(|(document, place, body)| {
            let warnings = document.as_ref().ok()?.warnings.clone();
            Some(located(place.key.as_str(), body.first_line, warnings))
        });
        all.flatten()
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

/// Renders every body.
///
/// # Errors
/// What has to be read first. Author's mistakes are kept page by page.
pub fn render(world: &Arc<World>) -> Result<Contents, Needs> {
    let library = &world.library;
    let configs = values::configs(world);
    let page = |id: PageId| {
        let page = &library.pages[id];
        let facts = || ("page", values::page_facts(world, id));
        body(
            world,
            &configs,
            &page.place,
            &page.body,
            &page.permalink,
            anchors_of_page(world, id),
            facts,
        )
    };
    let section = |id: SectionId| {
        let section = &library.sections[id];
        let facts = || ("section", values::section_facts(world, id));
        let anchors = section.front.insert_anchor_links;
        body(
            world,
            &configs,
            &section.place,
            &section.body,
            &section.permalink,
            anchors,
            facts,
        )
    };
    let pages: Vec<_> = (0..library.pages.len()).into_par_iter().map(page).collect();
    let sections: Vec<_> = (0..library.sections.len())
        .into_par_iter()
        .map(section)
        .collect();

    let mut needs = Needs::default();
    let mut settle = |list: Vec<Result<Body, RenderError>>| -> Vec<Rendered> {
        let mut settled = Vec::with_capacity(list.len());
        for result in list {
            settled.push(match result {
                Ok(body) => Ok(body),
                Err(RenderError::Failed(problems)) => Err(problems),
                Err(RenderError::Needs(more)) => {
                    needs.extend(more);
                    Err(Vec::new())
                }
            });
        }
        settled
    };
    let (pages, sections) = (settle(pages), settle(sections));
    if !needs.is_empty() {
        return Err(needs);
    }
    let mut contents = Contents {
        page_values: pages.iter().map(|_| OnceLock::new()).collect(),
        full_page_values: pages.iter().map(|_| OnceLock::new()).collect(),
        section_values: sections.iter().map(|_| OnceLock::new()).collect(),
        taxonomy_values: library
            .taxonomies
            .values()
            .flatten()
            .map(|one| ((one.lang.clone(), one.config.name.clone()), OnceLock::new()))
            .collect(),
        configs,
        backlinks: BTreeMap::new(),
        doubtful_links: Vec::new(),
        pages,
        sections,
    };
    contents.backlinks = backlinks(world, &contents);
    check_anchors(world, &mut contents);
    let bodies = contents.pages.iter_mut().chain(&mut contents.sections);
    for body in bodies.flatten() {
        body.internal_links = Vec::new();
        body.anchors = Vec::new();
    }
    Ok(contents)
}

fn anchors_of_page(world: &World, id: PageId) -> Option<AnchorLinks> {
    let parent = world.library.page_links[id].parent?;
    world.library.sections[parent].front.insert_anchor_links
}

/// Renders one body; a crash is a mistake in it.
fn body(
    world: &Arc<World>,
    configs: &BTreeMap<String, Value>,
    place: &Place,
    body: &BodyText,
    permalink: &str,
    anchors: Option<AnchorLinks>,
    facts: impl FnOnce() -> (&'static str, Value),
) -> Result<Body, RenderError> {
    let text = body.as_str();
    let file = place.key.as_str();
    let scope = Scope {
        world: world.clone(),
        contents: None,
    };
    let render = || {
        let templated;
        let text = if is_templated(world, place, text) {
            let mut context = Context::new();
            let (name, value) = facts();
            context.insert_value(name, value);
            context.insert_value("config", configs[&place.lang].clone());
            context.insert("lang", &place.lang);
            let metered = meter::meter(text).map_err(|found| vec![unmetered(file, body, found)])?;
            let mut out = meter::Bounded::default();
            let tera = &world.templates.tera;
            meter::within_budget(|| tera.render_str_to(&metered.text, &context, false, &mut out))
                .map_err(|error| vec![templating_problem(world, file, body, &metered, &error)])?;
            templated = String::from_utf8(out.0).map_err(|_| {
                vec![Diagnostic::error(
                    "content-template",
                    file,
                    "this is not UTF-8",
                )]
            })?;
            templated.as_str()
        } else {
            text
        };
        let mut options = world.config.markdown_options();
        if let Some(anchors) = anchors {
            options.insert_anchor_links = anchors;
        }
        let mut outcome = markdown_of(world, text, permalink, &place.lang, &options);
        if text != body.as_str() {
            name_written_lines(&mut outcome, body.as_str(), text);
        }
        if let Ok(document) = &mut outcome
            && world.settings.mode != "check"
        {
            document.external_links = Vec::new();
        }
        outcome.map_err(|problems| located(file, body.first_line, problems))
    };
    let (result, trace) = guarded(file, || Ok(within(scope, file, render)))?;
    if !trace.needs.is_empty() {
        return Err(RenderError::Needs(trace.needs));
    }
    let document = result.map_err(RenderError::Failed)?;
    Ok(Body {
        pictures: trace.pictures,
        ..Body::from(document)
    })
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
    (text.contains("{{") || text.contains("{%"))
        && !world.config.skips_content_templating(&place.relative)
}

fn unmetered(file: &str, body: &BodyText, (line, message): (u32, &str)) -> Diagnostic {
    Diagnostic::error("content-template", file, message)
        .at(line + body.first_line - 1, None)
        .hint("put it into a component or a template, in smaller parts")
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
    body: &BodyText,
    metered: &Metered<'_>,
    error: &tera::Error,
) -> Diagnostic {
    let mut error = explain(error);
    if error.template.as_deref().is_none_or(|name| name == ONE_OFF)
        && let (Some(line), Some(column)) = (error.line, &mut error.column)
    {
        *column = metered.original_column(line, *column);
    }
    let error = error.at_open_tag(body.as_str());
    if let Some(template) = &error.template
        && template != ONE_OFF
    {
        let file = source_of(template, world.config.theme.as_deref());
        return about(file, error);
    }
    let hint = if error.maybe_literal && body.as_str().contains("{#") {
        Some(HEADING_ID.to_owned())
    } else if error.maybe_literal {
        let hints = error.hint.iter().map(String::as_str).chain([LITERAL]);
        Some(hints.collect::<Vec<_>>().join("; "))
    } else {
        error.hint
    };
    let line = error.line.map(|line| line + body.first_line - 1);
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

fn located(file: &str, first_line: u32, problems: Vec<markdown::Problem>) -> Vec<Diagnostic> {
    let diagnostic = |problem: markdown::Problem| Diagnostic {
        hint: problem.hint,
        ..Diagnostic::error(problem.code, file, problem.message)
            .at(problem.line + first_line - 1, problem.column)
    };
    problems.into_iter().map(diagnostic).collect()
}

struct SiteEnvironment<'a> {
    world: &'a World,
    lang: &'a str,
}

impl Environment for SiteEnvironment<'_> {
    fn internal_link(&self, path: &str) -> Option<String> {
        let library = &self.world.library;
        library.permalink_of(path).map(str::to_owned).or_else(|| {
            let config = &self.world.config;
            let path = library.asset_path(path, self.lang, config)?;
            Some(config.make_file_url(&path))
        })
    }

    fn held_until(&self, path: &str) -> Option<String> {
        let held = self.world.library.held_at(path)?;
        Some(held.shown.clone())
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

fn backlinks(world: &World, contents: &Contents) -> BTreeMap<String, BTreeSet<Linking>> {
    let library = &world.library;
    let pages = contents.pages.iter().zip(&library.pages).enumerate();
    let pages = pages.map(|(id, (document, page))| (Linking::Page(id), document, &page.place));
    let sections = contents.sections.iter().zip(&library.sections).enumerate();
    let sections =
        sections.map(|(id, (document, one))| (Linking::Section(id), document, &one.place));
    let mut found: BTreeMap<String, BTreeSet<Linking>> = BTreeMap::new();
    for (from, document, place) in pages.chain(sections) {
        for link in document
            .iter()
            .flat_map(|document| &document.internal_links)
        {
            // A link without a path leads to a place in the same page.
            let to = if link.path.is_empty() {
                &place.relative
            } else {
                &link.path
            };
            found.entry(to.clone()).or_default().insert(from);
        }
    }
    found
}

/// Links to a place in a page that is not there fail the page that has the link.
fn check_anchors(world: &World, contents: &mut Contents) {
    let library = &world.library;
    let broken = |own: &Place, first_line: u32, document: &Body| -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        for link in &document.internal_links {
            let Some(anchor) = &link.anchor else { continue };
            let target = if link.path.is_empty() {
                &own.relative
            } else {
                &link.path
            };
            let there = library
                .page_by_file
                .get(target)
                .map(|id| &contents.pages[*id]);
            let there = there.or_else(|| {
                library
                    .section_by_file
                    .get(target)
                    .map(|id| &contents.sections[*id])
            });
            let Some(Ok(there)) = there else { continue };
            if there.anchors.binary_search(anchor).is_err()
                && !world.config.skips_anchor(target, anchor)
            {
                let message = format!("content/{target} has no heading or element `#{anchor}`");
                problems.push(
                    Diagnostic::error("internal-link", own.key.as_str(), message)
                        .at(link.line + first_line - 1, None)
                        .hint("the ids of headings are their text in lower case with dashes"),
                );
            }
        }
        problems
    };
    let mut failed_pages = Vec::new();
    for (id, document) in contents.pages.iter().enumerate() {
        let page = &library.pages[id];
        let Ok(document) = document else { continue };
        let problems = broken(&page.place, page.body.first_line, document);
        if !problems.is_empty() {
            failed_pages.push((id, problems));
        }
    }
    let mut failed_sections = Vec::new();
    for (id, document) in contents.sections.iter().enumerate() {
        let section = &library.sections[id];
        let Ok(document) = document else { continue };
        let problems = broken(&section.place, section.body.first_line, document);
        if !problems.is_empty() {
            failed_sections.push((id, problems));
        }
    }
    if world.config.link_checker.internal_level_is_warn() {
        let failed = failed_pages.into_iter().chain(failed_sections);
        contents.doubtful_links = failed.flat_map(|(_, problems)| problems).collect();
        return;
    }
    for (id, problems) in failed_pages {
        contents.pages[id] = Err(problems);
    }
    for (id, problems) in failed_sections {
        contents.sections[id] = Err(problems);
    }
}
