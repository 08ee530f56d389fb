//! One output of the plan, from its recipe to the object that is published.

use super::content::{self, Contents};
use super::generated;
use super::minify;
use super::noindex;
use super::provenance;
use super::readers::Reader;
use super::scope::{self, Scope, within};
use super::templates::{about, source_of};
use super::values::{BodyLookup, Detail, View};
use super::world::{Pictures, World};
use super::{RenderError, guarded};
use crate::graph::{OutputTrace, Question};
use crate::search;
use quillfront_policy::Facts;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::{Body, Object};
use quillfront_site::plan::{PlannedOutput, Recipe};
use quillfront_templates::meter::{self, BoundedWriter};
use std::collections::BTreeSet;
use std::sync::Arc;
use tera::Context;

mod copies;
mod recipe_template;
mod search_index;
mod told;
mod unchanged;
mod variables;
use copies::{copied, copy};
pub use recipe_template::why_hopeless;
pub use search_index::{all_searched, search_mark};
pub use told::{Site, Sums, merged};
use unchanged::Input;
pub use unchanged::{BodyEdits, LastReaders, holds, is_spared};

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

struct Job<'a> {
    world: &'a World,
    contents: &'a Contents,
    key: &'a OutputKey,
    planned: &'a PlannedOutput,
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
