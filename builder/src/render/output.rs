//! One output of the plan, from its recipe to the object that is published.

use super::content::{Contents, Rendered};
use super::explain::explain;
use super::feeds;
use super::minify::{self, Minified};
use super::templates::{BUILTIN_PREFIX, about, source_of};
use super::values::{self, PagerList};
use super::world::{Pictures, Scope, World, within};
use super::{RenderError, guarded};
use crate::config::{Config, ExcludedPagers};
use crate::dates::Date;
use crate::diagnostic::{Diagnostic, LineAndColumn};
use crate::key::{OutputKey, SourceKey};
use crate::object::{Body, Object};
use crate::plan::{self, FeedOf, Planned, Recipe, SITEMAP_LIMIT};
use crate::search;
use crate::site::facts::Section;
use crate::site::library::{Library, PageId, SectionId};
use crate::site::pagination::{numbered_path, paginate};
use crate::source::{Effective, Sources};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tera::{Context, Value};

/// Of one page so many are told; each costs reading its front matter again to find the line.
const MAX_UNKNOWN_TAXONOMIES: usize = 20;

/// What `zola_version` says in templates: the version whose behaviour this is.
const ZOLA_VERSION: &str = "0.23.0";

/// Renders one output. None where there is nothing to publish under the key (an empty feed). Also
/// returns the pictures that it refers to.
///
/// # Errors
/// The author's mistakes, or what has to be read first.
pub fn render(
    world: &Arc<World>,
    contents: &Arc<Contents>,
    key: &OutputKey,
    planned: &Planned,
) -> Result<(Option<Object>, Pictures), RenderError> {
    if let Recipe::Copy(source) = &planned.recipe {
        return Ok((copy(&world.sources, key, source), Pictures::new()));
    }
    let scope = Scope {
        world: world.clone(),
        contents: Some(contents.clone()),
    };
    let job = Job {
        world,
        contents,
        key,
        planned,
    };
    let file = planned.source.as_str();
    let (result, trace) = guarded(file, || Ok(within(scope, key.as_str(), || job.render())))?;
    if !trace.needs.is_empty() {
        return Err(RenderError::Needs(trace.needs));
    }
    let object = result.map_err(RenderError::Failed)?;
    let minified = world.config.minify_html || world.settings.minify;
    // Feeds and the like keep their shape (site model, section 16).
    let object = match object {
        Some(object) if minified && key.as_str().ends_with("html") => Some(minify(object, file)?),
        other => other,
    };
    Ok((object, trace.pictures))
}

fn minify(mut object: Object, file: &str) -> Result<Object, RenderError> {
    if let Body::Bytes(bytes) = &object.body {
        match minify::page(bytes) {
            Minified::Page(shorter) => object.body = Body::Bytes(shorter.into()),
            Minified::TooMuch => {}
            Minified::Crashed => {
                let problem = Diagnostic::error("minify", file, "minifying this page crashed");
                let hint = "turn `minify_html` off; please report this, with the page";
                return Err(RenderError::Failed(vec![problem.hint(hint)]));
            }
        }
    }
    Ok(object)
}

fn copy(sources: &Sources, key: &OutputKey, source: &SourceKey) -> Option<Object> {
    let found = sources.get(source.as_str())?;
    let body = match &found.effective {
        Effective::Text(text) => Body::Bytes(Arc::from(text.as_bytes())),
        Effective::Opaque => Body::Copy {
            source: source.clone(),
            version: found.version.clone(),
            size: found.size,
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
    planned: &'a Planned,
}

type Outcome = Result<Option<Object>, Vec<Diagnostic>>;

impl Job<'_> {
    fn render(&self) -> Outcome {
        match &self.planned.recipe {
            Recipe::Page(id) => self.page(*id),
            Recipe::Section { section, pager } => self.section(*section, *pager),
            Recipe::Taxonomy { lang, taxonomy } => self.taxonomy(lang, *taxonomy),
            Recipe::Term {
                lang,
                taxonomy,
                term,
                pager,
            } => self.term(lang, *taxonomy, *term, *pager),
            Recipe::Feed { lang, of, template } => self.feed(lang, of, template),
            Recipe::Sitemap(part) => self.sitemap(*part),
            Recipe::Robots => self.template("robots.txt", &self.site_context(None)),
            Recipe::NotFound => self.template(
                "404.html",
                &self.site_context(Some(&self.world.config.default_language)),
            ),
            Recipe::SearchIndex(lang) => self.search_index(lang),
            Recipe::SearchLibrary => Ok(Some(Object::rendered(
                self.key.as_str(),
                search::LIBRARY.as_bytes(),
            ))),
            Recipe::Redirect(target) => self.redirect(target),
            Recipe::Copy(source) => Ok(copy(&self.world.sources, self.key, source)),
            Recipe::Style(_) => self.style(),
            // Made after everything that refers to it, by `evaluate`.
            Recipe::Picture { .. } => Ok(None),
        }
    }

    fn style(&self) -> Outcome {
        match self.world.styles.get(self.key) {
            Some(Ok(css)) => Ok(Some(Object::rendered(self.key.as_str(), css.clone()))),
            Some(Err(problems)) => Err(problems.clone()),
            None => Ok(None),
        }
    }

    fn page(&self, id: PageId) -> Outcome {
        let page = &self.world.library.pages[id];
        rendered(&self.contents.pages[id])?;
        self.check_taxonomies(id)?;
        let inherited = self.world.library.inherited_page_template(id);
        let chosen = page.front.template.as_deref().or(inherited);
        let mut context = self.context(&page.place.lang, &page.path);
        context.insert_value(
            "page",
            values::full_page(self.world, self.contents, id).clone(),
        );
        self.template_or_placeholder(chosen, "page.html", &context)
    }

    /// Terms of a taxonomy that the language does not have are a mistake of the page.
    fn check_taxonomies(&self, id: PageId) -> Result<(), Vec<Diagnostic>> {
        let page = &self.world.library.pages[id];
        let known = &self.world.config.languages[&page.place.lang].taxonomies;
        let unknown = page
            .front
            .taxonomies
            .keys()
            .filter(|name| !known.iter().any(|taxonomy| taxonomy.name == **name));
        let problems: Vec<Diagnostic> = unknown
            .take(MAX_UNKNOWN_TAXONOMIES)
            .map(|name| {
                let message = format!("the taxonomy `{name}` is not defined in the configuration");
                let hint = format!(
                    "add {{ name = \"{name}\" }} to `taxonomies` in config.toml, or remove it here"
                );
                let file = page.place.key.as_str();
                let place = self.world.sources.place_of(file, &["taxonomies", name]);
                Diagnostic::error("taxonomy", file, message)
                    .at_place(place)
                    .hint(hint)
            })
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    fn section(&self, id: SectionId, pager: Option<usize>) -> Outcome {
        let library = &self.world.library;
        let section = &library.sections[id];
        rendered(&self.contents.sections[id])?;
        let value = values::section(self.world, self.contents, id).clone();
        let name = if section.place.folders.is_empty() {
            "index.html"
        } else {
            "section.html"
        };
        let cut = pager.and_then(|index| Some((index, plan::section_pagination(section)?)));
        let mut context = self.context(&section.place.lang, &section.path);
        if let Some((index, pagination)) = cut {
            let pagers = paginate(&library.section_links[id].pages, &section.path, &pagination);
            let list = PagerList {
                path: &section.path,
                pagination: &pagination,
                pagers: &pagers,
            };
            let Some(current) = pagers.get(index - 1) else {
                return Ok(None);
            };
            context = self.context(&section.place.lang, &current.path);
            let paginator = values::paginator(self.world, self.contents, &list, current);
            context.insert_value("paginator", paginator);
        }
        context.insert_value("section", value);
        self.template_or_placeholder(section.front.template.as_deref(), name, &context)
    }

    fn taxonomy(&self, lang: &str, index: usize) -> Outcome {
        let taxonomy = &self.world.library.taxonomies[lang][index];
        let mut context = self.context(lang, &taxonomy.path);
        let value = self.contents.taxonomy_value(self.world, taxonomy);
        let terms = value
            .as_map()
            .and_then(|map| map.get(&tera::value::Key::from("items")))
            .cloned();
        context.insert_value("terms", terms.unwrap_or_else(Value::none));
        context.insert_value("taxonomy", values::taxonomy_kind(taxonomy));
        self.taxonomy_template(&taxonomy.config.name, "list", &context)
    }

    fn term(&self, lang: &str, index: usize, position: usize, pager: Option<usize>) -> Outcome {
        let taxonomy = &self.world.library.taxonomies[lang][index];
        let term = &taxonomy.terms[position];
        let mut context = self.context(lang, &term.path);
        if let (Some(number), Some(pagination)) = (pager, plan::term_pagination(taxonomy)) {
            let pagers = paginate(&term.pages, &term.path, &pagination);
            let list = PagerList {
                path: &term.path,
                pagination: &pagination,
                pagers: &pagers,
            };
            let Some(current) = pagers.get(number - 1) else {
                return Ok(None);
            };
            context = self.context(lang, &current.path);
            let paginator = values::paginator(self.world, self.contents, &list, current);
            context.insert_value("paginator", paginator);
        }
        context.insert_value("term", values::term(self.world, self.contents, term, true));
        context.insert_value("taxonomy", values::taxonomy_kind(taxonomy));
        self.taxonomy_template(&taxonomy.config.name, "single", &context)
    }

    fn taxonomy_template(&self, name: &str, kind: &str, context: &Context) -> Outcome {
        let own = format!("{name}/{kind}.html");
        if self.world.templates.contains(&own) {
            return self.template(&own, context);
        }
        self.template(&format!("taxonomy_{kind}.html"), context)
    }

    fn feed(&self, lang: &str, of: &FeedOf, template: &str) -> Outcome {
        let url = self.world.config.make_permalink(&format!("/{}", self.key));
        match feeds::context(self.world, self.contents, lang, of, &url) {
            Some(context) => Ok(self.template(template, &context)?.map(without_controls)),
            None => Ok(None),
        }
    }

    /// What is found: the sections of a language and their pages, but for those that stay out of
    /// the index and those without an output (site model, section 15).
    fn search_index(&self, lang: &str) -> Outcome {
        let library = &self.world.library;
        let settings = &self.world.config.languages[lang].search;
        let mut pages = BTreeSet::new();
        let mut sections = Vec::new();
        for (id, section) in library.sections.iter().enumerate() {
            let Section { place, front, .. } = section;
            if place.lang != lang {
                continue;
            }
            if !front.in_search_index {
                if place.folders.is_empty() {
                    return Err(vec![search_without_home(place.key.as_str(), lang)]);
                }
                continue;
            }
            if front.render && front.redirect_to.is_none() {
                sections.push(id);
            }
            let found = library.section_links[id].pages.iter().copied();
            pages.extend(found.filter(|id| library.pages[*id].front.in_search_index));
        }
        let section = |id: SectionId| {
            let section = &library.sections[id];
            let found = search::Found {
                permalink: &section.permalink,
                path: &section.path,
                title: section.front.title.as_deref(),
                description: section.front.description.as_deref(),
                date: None,
                html: html_of(&self.contents.sections[id]),
            };
            search::Record::of(found, settings)
        };
        let page = |id: PageId| {
            let page = &library.pages[id];
            let found = search::Found {
                permalink: &page.permalink,
                path: &page.path,
                title: page.front.title.as_deref(),
                description: page.front.description.as_deref(),
                date: page.date.as_ref(),
                html: html_of(&self.contents.pages[id]),
            };
            search::Record::of(found, settings)
        };
        let mut records: Vec<search::Record> = sections.into_par_iter().map(section).collect();
        records.par_extend(pages.into_par_iter().map(page));
        match search::index(records, settings, lang) {
            Ok(bytes) => Ok(Some(Object::rendered(self.key.as_str(), bytes))),
            Err(unknown) => {
                let file = self.planned.source.as_str();
                let problem = Diagnostic::error("search", file, unknown.to_string());
                let hint = "set `index_format` to \"fuse_json\" or \"fuse_javascript\" in [search]";
                Err(vec![problem.hint(hint)])
            }
        }
    }

    fn sitemap(&self, part: Option<usize>) -> Outcome {
        let config = &self.world.config;
        let entries = sitemap_entries(config, &self.world.library);
        let mut context = Context::new();
        let parts: Vec<&[SitemapEntry]> = entries.chunks(SITEMAP_LIMIT).collect();
        if part.is_none() && parts.len() > 1 {
            let urls: Vec<String> = (1..=parts.len())
                .map(|number| config.make_permalink(&format!("/sitemap{number}.xml")))
                .map(|url| url.trim_end_matches('/').to_owned())
                .collect();
            context.insert("sitemaps", &urls);
            return self.template("split_sitemap_index.xml", &context);
        }
        let chosen = parts
            .get(part.unwrap_or(1) - 1)
            .copied()
            .unwrap_or_default();
        let values: Vec<Value> = chosen
            .iter()
            .map(|entry| entry.value(&self.world.library))
            .collect();
        context.insert_value("entries", Value::from(values));
        self.template("sitemap.xml", &context)
    }

    /// A page that sends its reader on, for hosts without redirects; `qf-location` for those with.
    fn redirect(&self, target: &str) -> Outcome {
        let mut context = Context::new();
        context.insert("url", target);
        let object = self.template("internal/alias.html", &context)?;
        Ok(object.map(|mut object| {
            let location = encode_location(target);
            if location.len() <= MAX_LOCATION_BYTES {
                object.metadata.insert("qf-location".into(), location);
            }
            object
        }))
    }

    /// What every page-like template sees.
    fn context(&self, lang: &str, path: &str) -> Context {
        let mut context = self.site_context(Some(lang));
        context.insert("current_path", path);
        context.insert("current_url", &self.world.config.make_permalink(path));
        context.insert("zola_version", ZOLA_VERSION);
        context
    }

    fn site_context(&self, lang: Option<&str>) -> Context {
        let mut context = Context::new();
        let default = &self.world.config.default_language;
        context.insert_value("config", self.contents.config(lang.unwrap_or(default)));
        if let Some(lang) = lang {
            context.insert("lang", lang);
        }
        context
    }

    /// A template that the author chose, or one of the usual names; a site without that one gets
    /// a plain page.
    fn template_or_placeholder(
        &self,
        chosen: Option<&str>,
        usual: &str,
        context: &Context,
    ) -> Outcome {
        let templates = &self.world.templates;
        let missing = !templates.contains(usual);
        match chosen {
            Some(name) => self.template(name, context),
            None if missing => self.template(&format!("{BUILTIN_PREFIX}placeholder.html"), context),
            None => self.template(usual, context),
        }
    }

    fn template(&self, name: &str, context: &Context) -> Outcome {
        let theme = self.world.config.theme.as_deref();
        if let Some(problem) = self.world.templates.why_broken(name, theme) {
            return Err(vec![problem.clone()]);
        }
        if !self.world.templates.contains(name) {
            let message = format!("there is no template `{name}`");
            let hint = self.world.templates.add_or_mend(name);
            let (file, place) = self.who_names(name);
            return Err(vec![
                Diagnostic::error("template-missing", file, message)
                    .at_place(place)
                    .hint(hint),
            ]);
        }
        match self.world.templates.tera.render(name, context) {
            Ok(text) => Ok(Some(Object::rendered(self.key.as_str(), text.into_bytes()))),
            Err(error) => {
                let error = explain(&error);
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

/// An index that leaves out the home page would leave out the pages of the root too.
fn search_without_home(file: &str, lang: &str) -> Diagnostic {
    let message = format!(
        "the search index of `{lang}` is on, but its home page has `in_search_index = false`"
    );
    let hint = "remove `in_search_index` here, or turn `build_search_index` off in config.toml";
    Diagnostic::error("search", file, message).hint(hint)
}

impl Job<'_> {
    /// The file that names a template, and where: the page or section itself, or the section
    /// above it that sets `page_template`.
    fn who_names(&self, template: &str) -> (&str, Option<LineAndColumn>) {
        let (sources, library) = (&self.world.sources, &self.world.library);
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
                let file = section.place.key.as_str();
                return (file, sources.place_of(file, &["page_template"]));
            }
        }
        let name = match self.planned.recipe {
            Recipe::Taxonomy { .. } | Recipe::Term { .. } => "taxonomies",
            _ => "template",
        };
        (own, sources.place_of(own, &[name]))
    }
}

/// The rest of a metadata budget of 1,900 bytes (interface.md) goes to what comes later.
const MAX_LOCATION_BYTES: usize = 1_000;

/// What a `Location` and S3 metadata may carry: ASCII without spaces.
const LOCATION: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

fn encode_location(url: &str) -> String {
    utf8_percent_encode(url, LOCATION).to_string()
}

/// Of a body that failed, nothing: it has its own diagnostic, and lists go on without it.
fn html_of(document: &Rendered) -> &str {
    document
        .as_ref()
        .ok()
        .and_then(|body| body.html.as_str())
        .unwrap_or_default()
}

fn rendered(document: &Rendered) -> Result<(), Vec<Diagnostic>> {
    match document {
        Ok(_) => Ok(()),
        Err(problems) => Err(problems.clone()),
    }
}

/// One URL of the sitemap.
pub struct SitemapEntry {
    permalink: String,
    updated: Option<String>,
    of: EntryOf,
}

/// What a URL of the sitemap leads to.
#[derive(Clone, Copy)]
enum EntryOf {
    Page(PageId),
    Section(SectionId),
    /// A pager, a taxonomy or a term: nothing with front matter.
    List,
}

impl SitemapEntry {
    fn value(&self, library: &Library) -> Value {
        let extra = match self.of {
            EntryOf::Page(id) => Some(library.pages[id].front.extra.to_template()),
            EntryOf::Section(id) => Some(library.sections[id].front.extra.to_template()),
            EntryOf::List => None,
        };
        let mut map = tera::Map::new();
        map.insert("permalink".into(), Value::from(self.permalink.as_str()));
        let updated = self
            .updated
            .as_deref()
            .map_or_else(Value::none, Value::from);
        map.insert("updated".into(), updated);
        map.insert("extra".into(), extra.unwrap_or_else(Value::none));
        Value::from(map)
    }
}

/// Every URL of the site, by permalink (site model, section 13).
pub fn sitemap_entries(config: &Config, library: &Library) -> Vec<SitemapEntry> {
    let mut found: BTreeMap<String, SitemapEntry> = BTreeMap::new();
    let mut add = |permalink: String, updated: Option<String>, of: EntryOf| {
        found.insert(
            permalink.clone(),
            SitemapEntry {
                permalink,
                updated,
                of,
            },
        );
    };
    let with_pagers = config.exclude_paginated_pages_in_sitemap == ExcludedPagers::None;
    for (id, section) in library.sections.iter().enumerate() {
        if !section.front.render {
            continue;
        }
        add(section.permalink.clone(), None, EntryOf::Section(id));
        // A section that sends its reader on is a URL of the site, but has no pagers.
        if section.front.redirect_to.is_some() {
            continue;
        }
        if let (true, Some(pagination)) = (with_pagers, plan::section_pagination(section)) {
            let pages = &library.section_links[id].pages;
            let count = match pages.is_empty() {
                true => 0,
                false => paginate(pages, &section.path, &pagination).len(),
            };
            for number in 1..=count {
                let path = numbered_path(&section.path, &pagination, number);
                add(config.make_permalink(&path), None, EntryOf::List);
            }
        }
    }
    for (id, page) in library.pages.iter().enumerate() {
        if library.is_rendered(id) {
            let date = page.front.updated.as_ref().or(page.date.as_ref());
            add(
                page.permalink.clone(),
                date.map(Date::to_template_string),
                EntryOf::Page(id),
            );
        }
    }
    for taxonomy in library.taxonomies.values().flatten() {
        if taxonomy.terms.is_empty() || !taxonomy.config.render {
            continue;
        }
        add(taxonomy.permalink.clone(), None, EntryOf::List);
        for term in &taxonomy.terms {
            add(term.permalink.clone(), None, EntryOf::List);
            if let (true, Some(pagination)) = (with_pagers, plan::term_pagination(taxonomy)) {
                for number in 1..=paginate(&term.pages, &term.path, &pagination).len() {
                    let path = numbered_path(&term.path, &pagination, number);
                    add(config.make_permalink(&path), None, EntryOf::List);
                }
            }
        }
    }
    found.into_values().collect()
}
