//! What the template of an output sees.

use super::Job;
use crate::graph::Neighbours;
use crate::render::readers::Reader;
use crate::render::values::{self, Detail, PagerList, View};
use crate::render::{feeds, sitemap};
use quillfront_site::library::PageId;
use quillfront_site::library::taxonomies::Taxonomy;
use quillfront_site::pagination::{self, Pagination};
use quillfront_site::plan::{FeedOf, Recipe, SITEMAP_LIMIT};
use quillfront_site::sitemap::sitemap_entries;
use quillfront_templates::reads::{Shape, WHOLE};
use std::collections::BTreeMap;
use tera::value::Key;
use tera::{Context, Value};

/// What `zola_version` says in templates: the version whose behaviour this is.
const ZOLA_VERSION: &str = "0.23.0";

/// The variables of a template: only those that are read.
pub(super) struct Variables<'a> {
    reader: Option<&'a Reader>,
    /// True where those that are not read are there by name.
    named: bool,
    pub(super) all: BTreeMap<&'static str, (Value, &'a Shape)>,
}

impl<'a> Variables<'a> {
    fn with(mut self, name: &'static str, value: impl FnOnce(&'a Shape) -> Value) -> Self {
        let shape = match self.reader {
            Some(reader) => reader.variable(name),
            None => Some(&WHOLE),
        };
        match shape {
            Some(shape) => {
                self.all.insert(name, (value(shape), shape));
            }
            // Its name is told where another one is misspelt.
            None if self.named => {
                self.all.insert(name, (Value::none(), &WHOLE));
            }
            None => {}
        }
        self
    }

    fn set(self, name: &'static str, value: impl Into<Value>) -> Self {
        self.with(name, |_| value.into())
    }

    /// For the engine.
    pub(super) fn context(self) -> Context {
        let mut context = Context::new();
        for (name, (value, _)) in self.all {
            context.insert_value(name, value);
        }
        context
    }
}

impl Job<'_> {
    /// What the template sees. None where there is nothing to publish.
    pub(super) fn variables<'v>(
        &'v self,
        view: View<'v>,
        reader: Option<&'v Reader>,
    ) -> Option<Variables<'v>> {
        let library = &self.world.library;
        let config = &self.world.config;
        let own = Variables {
            reader,
            named: matches!(view.detail, Detail::Read),
            all: BTreeMap::new(),
        };
        Some(match &self.planned.recipe {
            Recipe::Page(id) => self
                .page_like(own, library.pages[*id].path())
                .with("page", |shape| {
                    values::page_value(view, *id, shape, Neighbours::Shown)
                }),
            Recipe::Section { section, pager } => {
                let cut = Pagination::of_section(&library.sections[*section]);
                let pages = &library.section_links[*section].pages;
                let path = &library.sections[*section].path;
                self.list(own, view, path, pages, pager.zip(cut))?
                    .with("section", |shape| values::section(view, *section, shape))
            }
            Recipe::Taxonomy(of) => {
                let taxonomy = library.taxonomy(&of.lang, of.taxonomy)?;
                self.page_like(own, &taxonomy.path)
                    .with("terms", |shape| match view.detail {
                        Detail::Full => self.all_terms(taxonomy),
                        _ => values::terms(view, taxonomy, shape),
                    })
                    .with("taxonomy", |_| values::taxonomy_kind(taxonomy))
            }
            Recipe::Term(of) => {
                let (taxonomy, term) = library.term(&of.lang, of.term)?;
                let cut = Pagination::of_term(taxonomy);
                self.list(own, view, &term.path, &term.pages, of.pager.zip(cut))?
                    .with("term", |shape| values::term(view, term, true, shape))
                    .with("taxonomy", |_| values::taxonomy_kind(taxonomy))
            }
            Recipe::Feed(feed) => self.feed(own, view, &feed.lang, &feed.of)?,
            Recipe::SitemapIndex(parts) => own.with("sitemaps", |_| {
                let url = |number| config.make_permalink(&format!("/sitemap{number}.xml"));
                let urls = (1..=*parts).map(|n| Value::from(url(n).trim_end_matches('/')));
                Value::from(urls.collect::<Vec<_>>())
            }),
            Recipe::Sitemap(part) => own.with("entries", |shape| {
                let entries = sitemap_entries(config, library);
                let mut parts = entries.chunks(SITEMAP_LIMIT);
                let chosen = parts.nth(part - 1).unwrap_or_default();
                if let Detail::Sources(readings) = view.detail {
                    chosen
                        .iter()
                        .for_each(|entry| sitemap::note(entry, library, readings));
                }
                let values = chosen
                    .iter()
                    .map(|entry| sitemap::value(entry, library, shape));
                Value::from(values.collect::<Vec<_>>())
            }),
            Recipe::Robots => {
                own.with("config", |_| self.contents.config(&config.default_language))
            }
            Recipe::NotFound => self.of_site(own).set("zola_version", ZOLA_VERSION),
            // A page that sends its reader on, for hosts without redirects; those with take the metadata.
            Recipe::Redirect(target) => own.set("url", target.as_str()),
            Recipe::SearchIndex(_)
            | Recipe::SearchLibrary
            | Recipe::Rules
            | Recipe::HighlightSheet(_)
            | Recipe::Copy(_)
            | Recipe::Style(_)
            | Recipe::Picture(_) => return None,
        })
    }

    fn of_site<'v>(&'v self, own: Variables<'v>) -> Variables<'v> {
        own.with("config", |_| self.contents.config(self.lang()))
            .set("lang", self.lang())
    }

    /// What every page-like template sees.
    fn page_like<'v>(&'v self, own: Variables<'v>, path: &str) -> Variables<'v> {
        self.of_site(own)
            .set("current_path", path)
            .with("current_url", |_| {
                Value::from(self.world.config.make_permalink(path))
            })
            .set("zola_version", ZOLA_VERSION)
    }

    /// What a list of pages sees that may be cut into parts. None where there is no such part.
    fn list<'v>(
        &'v self,
        own: Variables<'v>,
        view: View<'v>,
        path: &'v str,
        pages: &[PageId],
        cut: Option<(usize, Pagination)>,
    ) -> Option<Variables<'v>> {
        let Some((number, pagination)) = cut else {
            return Some(self.page_like(own, path));
        };
        let list = PagerList {
            path,
            pagination: &pagination,
            pages: pages.len(),
        };
        let current = pagination::part(pages, path, &pagination, number)?;
        Some(
            self.page_like(own, &current.path)
                .with("paginator", |shape| {
                    values::paginator(view, &list, &current, shape)
                }),
        )
    }

    /// All terms of a taxonomy, as they are made once for all.
    fn all_terms(&self, taxonomy: &Taxonomy) -> Value {
        let value = self.contents.taxonomy_value(self.world, taxonomy);
        let items = value
            .as_map()
            .and_then(|map| map.get(&Key::from("items")))
            .cloned();
        items.unwrap_or_else(Value::none)
    }

    fn feed<'v>(
        &'v self,
        own: Variables<'v>,
        view: View<'v>,
        lang: &'v str,
        of: &'v FeedOf,
    ) -> Option<Variables<'v>> {
        let library = &self.world.library;
        let feed = feeds::feed(self.world, lang, of)?;
        let mut variables = self
            .of_site(own)
            .with("pages", |shape| {
                values::pages(view, &feed.pages, shape, Neighbours::LeftOut)
            })
            .with("feed_url", |_| {
                let path = format!("/{}", self.key);
                Value::from(self.world.config.make_permalink(&path))
            });
        if let Some(date) = feed.last_updated {
            variables = variables.set("last_updated", date);
        }
        Some(match of {
            FeedOf::Site => variables,
            FeedOf::Section(id) => {
                variables.with("section", |shape| values::section(view, *id, shape))
            }
            FeedOf::Term(id) => {
                let (taxonomy, term) = library.term(lang, *id)?;
                variables
                    .with("taxonomy", |_| values::taxonomy_kind(taxonomy))
                    .with("term", |shape| values::term(view, term, false, shape))
            }
        })
    }
}
