//! What an output is made from, and whether that is as it was: then it need not be made again.

use super::super::content::Contents;
use super::super::feeds;
use super::super::provenance;
use super::super::questions;
use super::super::readers::{Reader, Readers};
use super::super::scope::{self, Scope};
use super::super::values::Detail;
use super::super::world::{Needs, World};
use super::Job;
use super::copies::mark_of_page;
use super::search_index::search_mark;
use crate::graph::{OutputTrace, Question, value_mark};
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::library::PageId;
use quillfront_site::pagination::{self, Pagination};
use quillfront_site::plan::{PlannedOutput, Recipe};
use quillfront_templates::reads::Shape;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Something that an output is made from.
pub(super) enum Input<'a> {
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

/// How much of a list of pages is meant.
#[derive(Clone, Copy)]
enum Extent {
    /// The whole list.
    List,
    /// The part of it that a pager shows.
    Part,
}

impl Job<'_> {
    /// The mark of all that the output is made from, where functions ask these questions; None where
    /// it cannot be made, or has to be made to know.
    pub(super) fn mark(&self, asked: &[Arc<Question>]) -> Option<Mark> {
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
    pub(super) fn reads(
        &self,
        asked: &[Arc<Question>],
        tell: &mut dyn FnMut(Input<'_>, Mark),
    ) -> Option<()> {
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

    /// True where one of the templates that a reader is made of cannot stand.
    fn uses_broken(&self, reader: &Reader) -> bool {
        let broken = &self.world.templates.broken;
        match reader.made_of() {
            Some(templates) => templates.iter().any(|name| broken.contains_key(name)),
            // It may not need the broken ones; only a render can tell.
            None => !broken.is_empty(),
        }
    }
}
