//! How far an edit of texts alone can reach.
//!
//! Most edits change what a post says, not its front matter. Then the library and the plan are as they
//! were, and so is every answer that is not made of a text: a trace that asks for none of those holds,
//! without being asked. What is left to be asked grows with the edit, not with the site.

use super::{Graph, TextQuestion};
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::key::SourceKey;
use quillfront_site::library::Library;
use quillfront_site::source::{Effective, Source, Sources};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The content files whose text is another, where nothing else is.
#[derive(Debug)]
pub struct Reach {
    edited: BTreeSet<SourceKey>,
}

impl Reach {
    /// None where more may be another than texts below front matter: `graph` is what was noted of
    /// `before`, with the same configuration and settings, and `pages` is the mark of which pages there
    /// are `now`.
    pub fn of(graph: &Graph, before: &Sources, now: &Sources, pages: Mark) -> Option<Self> {
        // Which pages there are may also depend on the time.
        if graph.pages != Some(pages) {
            return None;
        }
        let mut edited = BTreeSet::new();
        for (key, was, is) in before.beside(now) {
            let (was, is) = (was?, is?);
            if is_same(was, is) {
                continue;
            }
            let (old, new) = (was.head.as_ref()?, is.head.as_ref()?);
            if !(was.effective.is_text() && is.effective.is_text() && old.front == new.front) {
                return None;
            }
            edited.insert(key.clone());
        }
        Some(Self { edited })
    }

    /// True where a body would be made from what it was made from, whatever else was edited.
    pub fn spares_body(&self, key: &str, asked: &[TextQuestion]) -> bool {
        !self.edited.contains(key) && !asked.iter().any(TextQuestion::looks_beyond_pages)
    }
}

/// True where a build uses the same of a source.
fn is_same(was: &Arc<Source>, is: &Arc<Source>) -> bool {
    let same_bytes = || was.effective != Effective::Opaque || was.content() == is.content();
    Arc::ptr_eq(was, is) || (was.effective == is.effective && same_bytes())
}

/// Pages whose keys are gathered at once.
const GATHERED: usize = 256;

/// The mark of which pages and sections a library has.
pub fn pages(library: &Library) -> Mark {
    let mut all = Marker::default();
    for pages in library.pages.chunks(GATHERED) {
        let mut some = Marker::default();
        for page in pages {
            some.bytes(page.place.key.as_str());
        }
        all.mark(some.done());
    }
    all.number(library.pages.len() as u64);
    for section in &library.sections {
        all.bytes(section.place.key.as_str());
    }
    all.done()
}
