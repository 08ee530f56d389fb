//! The search index of a language: which pages and sections are in it, and what it is made from (site
//! model, section 15).

use super::{Job, Outcome};
use crate::dates::Date;
use crate::diagnostic::Diagnostic;
use crate::fingerprint::Marker;
use crate::key::SourceKey;
use crate::object::Object;
use crate::render::content::Rendered;
use crate::render::world;
use crate::search;
use crate::site::facts::Section;
use crate::site::library::{PageId, SectionId};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Title, description and permalink.
type Told<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

impl Job<'_> {
    /// What is found: the sections of a language and their pages, but for those that stay out of
    /// the index and those without an output (site model, section 15).
    pub(super) fn searched(
        &self,
        lang: &str,
    ) -> Result<(Vec<SectionId>, BTreeSet<PageId>), Vec<Diagnostic>> {
        let library = &self.world.library;
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
        Ok((sections, pages))
    }

    pub(super) fn search_index(&self, lang: &str) -> Outcome {
        let library = &self.world.library;
        let settings = &self.world.config.languages[lang].search;
        let (sections, pages) = self.searched(lang)?;
        for id in &pages {
            self.need_body(&library.pages[*id].place.key, &self.contents.pages[*id]);
        }
        for id in &sections {
            let body = &self.contents.sections[*id];
            self.need_body(&library.sections[*id].place.key, body);
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

    fn need_body(&self, key: &SourceKey, body: &Rendered) {
        if body.as_ref().is_ok_and(|written| written.body.is_none()) {
            world::need_body(key.clone());
        }
    }

    /// The mark of all that the search index is made from.
    pub(super) fn mark_search(&self, marker: &mut Marker, lang: &str) {
        let library = &self.world.library;
        let add = |marker: &mut Marker, (title, description, permalink): Told<'_>| {
            marker.bytes(permalink);
            marker.option(title, |marker, text| {
                marker.bytes(text);
            });
            marker.option(description, |marker, text| {
                marker.bytes(text);
            });
        };
        let (sections, pages) = match self.searched(lang) {
            Ok(searched) => searched,
            // It fails, and is tried again each time.
            Err(_) => return,
        };
        for id in sections {
            let Section {
                front, permalink, ..
            } = &library.sections[id];
            let told = (
                front.title.as_deref(),
                front.description.as_deref(),
                &**permalink,
            );
            add(marker, told);
            let body = self.contents.section_body(id);
            marker.option(body, |marker, body| {
                marker.mark(body.facts.html);
            });
        }
        for id in pages {
            let page = &library.pages[id];
            let front = &page.front;
            let told = (
                front.title.as_deref(),
                front.description.as_deref(),
                &*page.permalink,
            );
            add(marker, told);
            let date = page.date.as_ref().map(Date::to_template_string);
            marker.option(date, |marker, date| {
                marker.bytes(date);
            });
            let body = self.contents.page_body(id);
            marker.option(body, |marker, body| {
                marker.mark(body.facts.html);
            });
        }
    }
}

/// An index that leaves out the home page would leave out the pages of the root too.
fn search_without_home(file: &str, lang: &str) -> Diagnostic {
    let message = format!(
        "the search index of `{lang}` is on, but its home page has `in_search_index = false`"
    );
    let hint = "remove `in_search_index` here, or turn `build_search_index` off in config.toml";
    Diagnostic::error("search", file, message).hint(hint)
}

/// Of a body that failed, nothing: it has its own diagnostic, and lists go on without it.
fn html_of(document: &Rendered) -> &str {
    document
        .as_ref()
        .ok()
        .and_then(|written| written.body.as_ref()?.html.as_str())
        .unwrap_or_default()
}
