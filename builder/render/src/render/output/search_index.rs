//! The search index of a language: which pages and sections are in it, and what it is made from (site
//! model, section 15).

use super::{Job, Outcome};
use crate::render::content::{BodyResult, Contents};
use crate::render::scope;
use crate::render::world::World;
use crate::search::{self, Entry, Maker, Record, Records};
use quillfront_site::config::search::Search;
use quillfront_site::dates::Date;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::facts::Section;
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::key::SourceKey;
use quillfront_site::library::{PageId, SectionId};
use quillfront_site::object::Object;
use quillfront_site::plan::{Plan, Recipe};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A page or section that is in an index.
struct IndexEntry<'a> {
    key: &'a SourceKey,
    permalink: &'a str,
    path: &'a str,
    title: Option<&'a str>,
    description: Option<&'a str>,
    /// Sections have none.
    date: Option<&'a Date>,
    body: &'a BodyResult,
}

/// What is found: the sections of a language and their pages, but for those that stay out of
/// the index and those without an output (site model, section 15).
pub(super) fn searched(
    world: &World,
    lang: &str,
) -> Result<(Vec<SectionId>, BTreeSet<PageId>), Vec<Diagnostic>> {
    let library = &world.library;
    let mut pages = BTreeSet::new();
    let mut sections = Vec::new();
    for (id, section) in library.sections.named() {
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
    Ok((sections, pages))
}

/// The sources that are in any index of the site.
pub fn all_searched<'w>(world: &'w World, plan: &Plan) -> BTreeSet<&'w SourceKey> {
    let library = &world.library;
    let mut keys = BTreeSet::new();
    for planned in plan.values() {
        let Recipe::SearchIndex(lang) = &planned.recipe else {
            continue;
        };
        if let Ok((sections, pages)) = searched(world, lang) {
            keys.extend(sections.iter().map(|id| &library.sections[*id].place.key));
            keys.extend(pages.iter().map(|id| &library.pages[*id].place.key));
        }
    }
    keys
}

fn found<'a>(
    world: &'a World,
    contents: &'a Contents,
    lang: &str,
) -> Result<Vec<IndexEntry<'a>>, Vec<Diagnostic>> {
    let library = &world.library;
    let (sections, pages) = searched(world, lang)?;
    let sections = sections.into_iter().map(|id| {
        let section = &library.sections[id];
        IndexEntry {
            key: &section.place.key,
            permalink: &section.permalink,
            path: &section.path,
            title: section.front.title.as_deref(),
            description: section.front.description.as_deref(),
            date: None,
            body: &contents.sections[id],
        }
    });
    let pages = pages.into_iter().map(|id| {
        let page = &library.pages[id];
        IndexEntry {
            key: &page.place.key,
            permalink: &page.permalink,
            path: page.path(),
            title: page.front.title.as_deref(),
            description: page.front.description.as_deref(),
            date: page.date.as_ref(),
            body: &contents.pages[id],
        }
    });
    Ok(sections.chain(pages).collect())
}

/// What a record can be had from.
enum AtHand<'a> {
    /// It was made by an earlier build.
    Record(Arc<Record>),
    /// The HTML, and the mark that the record will have.
    Body(&'a str, Option<Mark>),
    /// There is no body.
    Failed,
    /// The body was not rendered in this build.
    Nothing,
}

impl<'a> IndexEntry<'a> {
    fn at_hand(&self, known: &Records, settings: &Search, lang: &str, traced: bool) -> AtHand<'a> {
        let Ok(written) = self.body else {
            return AtHand::Failed;
        };
        let mark = || search::record_mark(written.facts.html, settings, lang);
        let mark = traced.then(mark);
        match (known.get(self.key), &written.body) {
            (Some(known), _) if traced && known.mark == mark => AtHand::Record(known.clone()),
            (_, Some(body)) => AtHand::Body(body.html.as_str().unwrap_or_default(), mark),
            (_, None) => AtHand::Nothing,
        }
    }
}

impl Job<'_> {
    pub(super) fn search_index(&self, lang: &str) -> Outcome {
        if let Some(made) = self.world.indexes.get(self.key) {
            let made = made.clone()?;
            return Ok(Some(Object::rendered(self.key.as_str(), made)));
        }
        let settings = &self.world.config.languages[lang].search;
        let found = found(self.world, self.contents, lang)?;
        let failed = |unknown: search::UnknownLanguage| {
            let file = self.planned.source.as_str();
            let problem = Diagnostic::error("search", file, unknown.to_string());
            let hint = "set `index_format` to \"fuse_json\" or \"fuse_javascript\" in [search]";
            vec![problem.hint(hint)]
        };
        search::check(settings, lang).map_err(failed)?;
        let Some(records) = self.records(&found, settings, lang) else {
            return Ok(None);
        };
        let entries = found.iter().zip(records).map(|(found, body)| Entry {
            permalink: found.permalink,
            path: found.path,
            title: found.title.unwrap_or_default(),
            description: found.description.unwrap_or_default(),
            date: Entry::date_of(found.date),
            body,
        });
        let bytes = search::index(entries.collect(), settings, lang).map_err(failed)?;
        Ok(Some(Object::rendered(self.key.as_str(), bytes)))
    }

    /// The record of each body: as an earlier build made it where the body is the same, else from
    /// the body. A body that failed has none, and fails the index, which would lose the text. None of
    /// all where something has to be read or rendered before.
    fn records<'a>(
        &self,
        found: &[IndexEntry<'a>],
        settings: &Search,
        lang: &str,
    ) -> Option<Vec<Option<Arc<Record>>>> {
        if !settings.include_content {
            return Some(found.iter().map(|_| None).collect());
        }
        let Some(known) = &self.world.records else {
            scope::need_records();
            return None;
        };
        let traced = self.world.traced;
        let at_hand = |found: &IndexEntry<'a>| found.at_hand(known, settings, lang, traced);
        let all: Vec<AtHand<'a>> = found.iter().map(at_hand).collect();
        let failed = found.iter().zip(&all);
        let failed = failed.filter(|(_, one)| matches!(one, AtHand::Failed));
        failed.for_each(|(found, _)| scope::show_failed(found.key.clone()));
        let lacking = found.iter().zip(&all);
        let lacking = lacking.filter(|(_, one)| matches!(one, AtHand::Nothing));
        let lacking: Vec<_> = lacking.map(|(found, _)| found.key.clone()).collect();
        if !lacking.is_empty() {
            lacking.into_iter().for_each(scope::need_body);
            return None;
        }
        let maker = || Maker::new(settings, lang);
        let record = |maker: &mut Maker<'_>, one: AtHand<'a>| match one {
            AtHand::Record(record) => Some(record),
            AtHand::Body(html, mark) => Some(Arc::new(maker.record(html, mark))),
            AtHand::Failed | AtHand::Nothing => None,
        };
        let all = all.into_par_iter().with_min_len(16);
        let records: Vec<Option<Arc<Record>>> = all.map_init(maker, record).collect();
        if traced {
            let keys = found.iter().map(|found| found.key.clone());
            let kept = keys.zip(&records);
            scope::keep_records(kept.filter_map(|(key, record)| Some((key, record.clone()?))));
        }
        Some(records)
    }
}

/// The mark of all that the search index of a language is made from.
pub fn search_mark(world: &World, contents: &Contents, lang: &str) -> Mark {
    let settings = &world.config.languages[lang].search;
    let mut marker = Marker::default();
    // Where it fails, it is tried again each time.
    for found in found(world, contents, lang).into_iter().flatten() {
        marker.bytes(found.permalink);
        for (read, text) in [
            (settings.include_title, found.title),
            (settings.include_description, found.description),
        ] {
            if read {
                marker.bytes(text.unwrap_or_default());
            }
        }
        if settings.include_date {
            marker.bytes(Entry::date_of(found.date));
        }
        if settings.include_content {
            let body = found.body.as_ref().ok();
            marker.option(body, |marker, body| {
                marker.mark(body.facts.html);
            });
        }
    }
    marker.done()
}

/// An index that leaves out the home page would leave out the pages of the root too.
fn search_without_home(file: &str, lang: &str) -> Diagnostic {
    let message = format!(
        "the search index of `{lang}` is on, but its home page has `in_search_index = false`"
    );
    let hint = "remove `in_search_index` here, or turn `build_search_index` off in config.toml";
    Diagnostic::error("search", file, message).hint(hint)
}
