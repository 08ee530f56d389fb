//! Links between pages and sections: who links to whom, and whether a link finds its place in a page.

use super::{Bodies, Contents, Written};
use crate::diagnostic::Diagnostic;
use crate::key::SourceKey;
use crate::markdown::InternalLink;
use crate::render::world::World;
use crate::site::facts::{BodyText, Place};
use crate::site::library::{Library, PageId, SectionId};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A page or section that links to another, or to a place in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Linking {
    /// A page.
    Page(PageId),
    /// A section.
    Section(SectionId),
}

impl Linking {
    /// Its place among all pages, then all sections.
    pub(super) fn index(self, library: &Library) -> usize {
        match self {
            Self::Page(id) => id,
            Self::Section(id) => library.pages.len() + id,
        }
    }

    /// What is at a place.
    pub(super) fn at(index: usize, library: &Library) -> Self {
        match index.checked_sub(library.pages.len()) {
            None => Self::Page(index),
            Some(id) => Self::Section(id),
        }
    }
}

/// The page or section of a file.
pub(super) fn linking(library: &Library, key: &SourceKey) -> Option<Linking> {
    file_of(library, key.as_str().strip_prefix("content/")?)
}

impl Contents {
    /// What links to a page or section: pages, then sections, each once.
    pub fn linking_to(&self, world: &World, place: &Place) -> Vec<Linking> {
        let all = self.backlinks.get_or_init(|| backlinks(world, self));
        let wanted = place.relative();
        let hash = hash_of(wanted);
        let first = all.partition_point(|(other, _)| *other < hash);
        let alike = all[first..].iter().take_while(|(other, _)| *other == hash);
        let links = |from: &Linking| {
            let (body, own) = self.of(&world.library, *from);
            let mut links = body.iter().flat_map(|written| &written.facts.links);
            links.any(|link| target(link, own) == wanted)
        };
        alike.map(|(_, from)| *from).filter(links).collect()
    }
}

/// Who links, by the hash of what to, then in order. Few are ever asked for, so there is no text in it.
/// On one thread: others wait for it, and one that took part in the work could come to wait for itself.
fn backlinks(world: &World, contents: &Contents) -> Vec<(u64, Linking)> {
    let library = &world.library;
    let count = library.pages.len() + library.sections.len();
    let mut found = Vec::new();
    for from in (0..count).map(|index| Linking::at(index, library)) {
        let (body, own) = contents.of(library, from);
        let links = body.iter().flat_map(|written| &written.facts.links);
        found.extend(links.map(|link| (hash_of(target(link, own)), from)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// What a link leads to, relative to `content/`: one without a path leads to a place in its own page.
fn target<'a>(link: &'a InternalLink, own: &'a Place) -> &'a str {
    match link.path.as_str() {
        "" => own.relative(),
        path => path,
    }
}

/// A page or section by its path relative to `content/`.
fn file_of(library: &Library, relative: &str) -> Option<Linking> {
    let page = library.page_by_file(relative);
    let section = library.section_by_file.get(relative);
    page.map(Linking::Page)
        .or_else(|| section.map(|id| Linking::Section(*id)))
}

/// Each link to a place in a page, with what is known of the two bodies.
fn links_to_places<'a>(
    world: &'a World,
    bodies: &'a Bodies,
) -> impl Iterator<
    Item = (
        &'a Place,
        &'a BodyText,
        &'a InternalLink,
        &'a Written,
        &'a Written,
    ),
> {
    let library = &*world.library;
    let pages = library.pages.iter().map(|page| (&page.place, &page.body));
    let sections = library.sections.iter();
    let sections = sections.map(|section| (&section.place, &section.body));
    let all = pages.chain(sections).zip(&bodies.settled);
    all.flat_map(move |((place, text), own)| {
        let own = own.as_ref().and_then(|own| own.as_deref().ok());
        let links = own.into_iter().flat_map(|own| &own.facts.links);
        let to_places = links.filter(|link| link.anchor.is_some());
        to_places.filter_map(move |link| {
            let there = file_of(library, target(link, place))?;
            let there = bodies.written(library, there)?;
            Some((place, text, link, own?, there))
        })
    })
}

/// The pages that must be rendered to say whether links find their places in them.
pub(super) fn anchors_wanted(world: &World, bodies: &Bodies) -> BTreeSet<SourceKey> {
    let links = links_to_places(world, bodies);
    let unknown = links.filter(|(_, _, _, own, there)| own.body.is_some() && there.body.is_none());
    let library = &world.library;
    let files = unknown.filter_map(|(place, _, link, ..)| file_of(library, target(link, place)));
    // A body that was rendered only to be shown was looked at when its facts were made; it costs
    // little to look again.
    let key = |of: Linking| match of {
        Linking::Page(id) => library.pages[id].place.key.clone(),
        Linking::Section(id) => library.sections[id].place.key.clone(),
    };
    files.map(key).collect()
}

/// Links to a place in a page that is not there fail the page that has the link. Returns those that
/// are only doubted.
pub(super) fn check_anchors(world: &World, bodies: &mut Bodies) -> Vec<Diagnostic> {
    let mut broken: BTreeMap<SourceKey, Vec<Diagnostic>> = BTreeMap::new();
    for (place, text, link, _, there) in links_to_places(world, bodies) {
        let (Some(anchor), Some(there)) = (&link.anchor, &there.body) else {
            continue;
        };
        let target = target(link, place);
        if there.anchors.binary_search(anchor).is_ok() || world.config.skips_anchor(target, anchor)
        {
            continue;
        }
        let message = format!("content/{target} has no heading or element `#{anchor}`");
        let problem = Diagnostic::error("internal-link", place.key.as_str(), message)
            .at(link.line + text.first_line - 1, None)
            .hint("the ids of headings are their text in lower case with dashes");
        broken.entry(place.key.clone()).or_default().push(problem);
    }
    if world.config.link_checker.internal_level_is_warn() {
        return broken.into_values().flatten().collect();
    }
    for (key, problems) in broken {
        if let Some(of) = linking(&world.library, &key) {
            bodies.settled[of.index(&world.library)] = Some(Err(problems));
        }
    }
    Vec::new()
}
