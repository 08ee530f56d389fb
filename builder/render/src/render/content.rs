//! The Markdown of every page and section: templated (site model, section 22), then rendered.

mod environment;
mod job;
mod links;
mod settle;

pub use environment::markdown_of;
pub use links::Linking;
pub use settle::settle;

use super::values::{self, Detail, View};
use super::world::{Pictures, World};
use crate::graph::memo::{Memo, MemoMap, Once};
use crate::graph::{BodyFacts, Graph, PictureUse};
use links::{BodyId, linking};
use quillfront_markdown::ExternalLink;
use quillfront_policy::Digest;
use quillfront_site::diagnostic::{Diagnostic, Severity};
use quillfront_site::facts::{BodyText, Place};
use quillfront_site::index_vec::IndexVec;
use quillfront_site::key::SourceKey;
use quillfront_site::library::taxonomies::Taxonomy;
use quillfront_site::library::{Library, PageId, SectionId};
use quillfront_site::links::Use;
use quillfront_templates::reads::{Shape, ShapeId, WHOLE};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use tera::Value;

/// A body, or why there is none.
pub type BodyResult = Result<RenderedBody, Vec<Diagnostic>>;

/// A body that was rendered, now or in an earlier build.
#[derive(Debug, Clone)]
pub struct RenderedBody {
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
    settled: IndexVec<BodyId, Option<BodyResult>>,
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

    fn written(&self, library: &Library, of: Linking) -> Option<&RenderedBody> {
        self.settled[of.body(library)].as_ref()?.as_ref().ok()
    }
}

/// A value of which shapes read parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Projection {
    /// A section.
    Section(SectionId),
    /// A taxonomy, by its language and name.
    Taxonomy(String, String),
}

/// All bodies, and what templates see of pages and sections.
pub struct Contents {
    /// The body of each page.
    pub pages: IndexVec<PageId, BodyResult>,
    /// The body of each section.
    pub sections: IndexVec<SectionId, BodyResult>,
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
    projected: MemoMap<(ShapeId, Projection), Value>,
    taxonomy_values: MemoMap<(String, String), Value>,
    /// What texts run.
    scripts: OnceLock<BTreeSet<Digest>>,
    /// Links that are doubted and stop no page.
    doubtful_links: Vec<Diagnostic>,
    configs: BTreeMap<String, Value>,
}

impl Contents {
    /// What is known of the body of a page; None where there is none.
    pub fn page_body(&self, id: PageId) -> Option<&RenderedBody> {
        self.pages[id].as_ref().ok()
    }

    /// A body, and where its file lies.
    fn of<'a>(&'a self, library: &'a Library, of: Linking) -> (&'a BodyResult, &'a Place) {
        match of {
            Linking::Page(id) => (&self.pages[id], &library.pages[id].place),
            Linking::Section(id) => (&self.sections[id], &library.sections[id].place),
        }
    }

    /// What is known of the body of a section; None where there is none.
    pub fn section_body(&self, id: SectionId) -> Option<&RenderedBody> {
        self.sections[id].as_ref().ok()
    }

    /// What a shape reads of a value, made once.
    pub(super) fn projected(
        &self,
        shape: &Shape,
        of: Projection,
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
    ) -> impl Iterator<Item = (&'a RenderedBody, &'a Place, &'a BodyText)> {
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

    /// The content files whose body cannot be rendered, and what is wrong with it.
    pub fn failed<'a>(
        &'a self,
        library: &'a Library,
    ) -> impl Iterator<Item = (&'a SourceKey, &'a Vec<Diagnostic>)> {
        let pages = self.pages.iter().zip(&library.pages);
        let pages = pages.map(|(body, page)| (body, &page.place.key));
        let sections = self.sections.iter().zip(&library.sections);
        let sections = sections.map(|(body, section)| (body, &section.place.key));
        let all = pages.chain(sections);
        all.filter_map(|(body, key)| Some((key, body.as_ref().err()?)))
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

    /// True where a script, or what else runs, stands in the text of a page or section.
    pub fn has_script(&self, digest: &Digest) -> bool {
        let all = self.scripts.get_or_init(|| {
            let bodies = self.pages.iter().chain(&self.sections);
            let facts = bodies.filter_map(|body| Some(&body.as_ref().ok()?.facts));
            facts
                .flat_map(|facts| facts.scripts.iter().cloned())
                .collect()
        });
        all.contains(digest)
    }

    /// `config` as templates of a language see it.
    pub fn config(&self, lang: &str) -> Value {
        self.configs.get(lang).cloned().unwrap_or_else(Value::none)
    }
}

/// Pictures as the graph keeps them.
pub fn shown(pictures: Pictures) -> Vec<PictureUse> {
    let all = pictures.into_iter();
    all.map(|(key, (source, job))| (key, source, job)).collect()
}
