//! Links between pages and sections: who links to whom, and whether a link finds its place in a page.

use super::settle::IN_A_ROW;
use super::{Bodies, Contents, RenderedBody};
use crate::render::world::World;
use quillfront_markdown::InternalLink;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::facts::{BodyText, Place};
use quillfront_site::index_vec::{Id, ids};
use quillfront_site::key::SourceKey;
use quillfront_site::library::{Library, PageId, SectionId};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A page or section that links to another, or to a place in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Linking {
    /// A page.
    Page(PageId),
    /// A section.
    Section(SectionId),
}

ids! {
    /// Where a page or section is among all pages, then all sections.
    BodyId;
}

impl Linking {
    /// Returns its place among all pages, then all sections.
    pub(super) fn body(self, library: &Library) -> BodyId {
        match self {
            Self::Page(id) => BodyId::at(id.position()),
            Self::Section(id) => BodyId::at(library.pages.len() + id.position()),
        }
    }
}

impl BodyId {
    /// Returns the page or section at this place.
    pub(super) fn linking(self, library: &Library) -> Linking {
        match self.position().checked_sub(library.pages.len()) {
            None => Linking::Page(PageId::at(self.position())),
            Some(section) => Linking::Section(SectionId::at(section)),
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
        let library = &world.library;
        let all = self.backlinks.get_or_init(|| backlinks(world, self));
        let wanted = place.relative();
        let hash = hash_of(wanted);
        let first = all.partition_point(|one| one >> 32 < hash);
        let alike = all[first..].iter().take_while(|one| *one >> 32 == hash);
        let from =
            alike.map(|one| BodyId::at((one & u64::from(u32::MAX)) as usize).linking(library));
        let links = |from: &Linking| {
            let (body, own) = self.of(library, *from);
            let mut links = body.iter().flat_map(|written| &written.facts.links);
            links.any(|link| target(link, own) == wanted)
        };
        from.filter(links).collect()
    }
}

/// Who links: above, half of a hash of what to; below, who, counted as in [`BodyId`]. In order.
/// Few are ever asked for, so there is no text in it. On one thread: others wait for it, and one that
/// took part in the work could come to wait for itself.
fn backlinks(world: &World, contents: &Contents) -> Vec<u64> {
    let library = &world.library;
    let count = library.pages.len() + library.sections.len();
    let mut found = Vec::new();
    for index in 0..count {
        let (body, own) = contents.of(library, BodyId::at(index).linking(library));
        let links = body.iter().flat_map(|written| &written.facts.links);
        found.extend(links.map(|link| hash_of(target(link, own)) << 32 | index as u64));
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn hash_of(text: &str) -> u64 {
    u64::from(crc32fast::hash(text.as_bytes()))
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
    let section = library.section_by_file(relative);
    page.map(Linking::Page)
        .or_else(|| section.map(Linking::Section))
}

/// A link to a place in a page, where one of the two bodies was rendered.
pub(super) struct LinkToPlace<'a> {
    link: &'a InternalLink,
    anchor: &'a str,
    from: &'a Place,
    text: &'a BodyText,
    to: Linking,
    /// What is known of the body that has the link.
    own: &'a RenderedBody,
    /// What is known of the one that has, or lacks, the place.
    there: &'a RenderedBody,
}

impl<'a> LinkToPlace<'a> {
    /// All of them, in the order of pages, then sections.
    pub(super) fn all(world: &'a World, bodies: &'a Bodies) -> Vec<Self> {
        let library = &*world.library;
        let page = |id: PageId| (&library.pages[id].place, &library.pages[id].body);
        let section = |id: SectionId| (&library.sections[id].place, &library.sections[id].body);
        let settled = bodies.settled.par_iter().enumerate();
        let all = settled
            .with_min_len(IN_A_ROW)
            .flat_map_iter(|(index, own)| {
                let own = own.as_ref().and_then(|own| own.as_ref().ok());
                let (from, text) = match BodyId::at(index).linking(library) {
                    Linking::Page(id) => page(id),
                    Linking::Section(id) => section(id),
                };
                own.into_iter().flat_map(move |own| {
                    own.facts.links.iter().filter_map(move |link| {
                        let anchor = link.anchor.as_deref()?;
                        let to = file_of(library, target(link, from))?;
                        let there = bodies.written(library, to)?;
                        let is_open = own.body.is_some() || there.body.is_some();
                        is_open.then_some(Self {
                            link,
                            anchor,
                            from,
                            text,
                            to,
                            own,
                            there,
                        })
                    })
                })
            });
        all.collect()
    }
}

/// The pages that must be rendered to say whether links find their places in them.
pub(super) fn anchors_wanted(world: &World, links: &[LinkToPlace<'_>]) -> BTreeSet<SourceKey> {
    let unknown = links.iter();
    let unknown = unknown.filter(|link| link.own.body.is_some() && link.there.body.is_none());
    let library = &world.library;
    // A body that was rendered only to be shown was looked at when its facts were made; it costs
    // little to look again.
    let key = |link: &LinkToPlace<'_>| match link.to {
        Linking::Page(id) => library.pages[id].place.key.clone(),
        Linking::Section(id) => library.sections[id].place.key.clone(),
    };
    unknown.map(key).collect()
}

/// What is wrong with the links of files to places in pages, by the file.
#[derive(Default)]
pub(super) struct Anchors {
    /// Links that do not find their places.
    pub broken: BTreeMap<SourceKey, Vec<Diagnostic>>,
    /// Links to places that are spelled with other cases. Zola takes them for one; browsers do not.
    pub misspelled: BTreeMap<SourceKey, Vec<Diagnostic>>,
}

/// Looks for the place of each link.
pub(super) fn anchors(world: &World, links: &[LinkToPlace<'_>]) -> Anchors {
    let mut found = Anchors::default();
    // Of pages that were looked through already: each place in lower case, and as it is.
    let mut in_lower_case: BTreeMap<Linking, BTreeMap<String, &str>> = BTreeMap::new();
    for LinkToPlace {
        link,
        anchor,
        from,
        text,
        to,
        there,
        ..
    } in links
    {
        let Some(there) = &there.body else {
            continue;
        };
        let target = target(link, from);
        let is_there = |own: &String| own.as_str().cmp(anchor);
        if there.anchors.binary_search_by(is_there).is_ok()
            || world.config.skips_anchor(target, anchor)
        {
            continue;
        }
        let lower = in_lower_case.entry(*to).or_insert_with(|| {
            let all = there.anchors.iter();
            all.map(|own| (own.to_lowercase(), own.as_str())).collect()
        });
        let (message, hint, list) = match lower.get(&anchor.to_lowercase()) {
            Some(own) => (
                format!("content/{target} has `#{own}`, not `#{anchor}`"),
                "write it in the same case, or browsers will not find it",
                &mut found.misspelled,
            ),
            None => (
                format!("content/{target} has no heading or element `#{anchor}`"),
                "the ids of headings are their text in lower case with dashes",
                &mut found.broken,
            ),
        };
        let problem = Diagnostic::error("internal-link", from.key.as_str(), message)
            .at(text.line_of_file(link.line), None)
            .hint(hint);
        list.entry(from.key.clone()).or_default().push(problem);
    }
    found
}

/// Links to a place in a page that is not there fail the page that has the link. Returns those that
/// are only doubted.
pub(super) fn fail_broken(world: &World, anchors: Anchors, bodies: &mut Bodies) -> Vec<Diagnostic> {
    let Anchors { broken, misspelled } = anchors;
    let misspelled = misspelled.into_values().flatten();
    if world.config.link_checker.internal_level_is_warn() {
        return broken.into_values().flatten().chain(misspelled).collect();
    }
    // What was accepted before was broken from elsewhere.
    let (trusted, broken): (BTreeMap<_, _>, BTreeMap<_, _>) = broken
        .into_iter()
        .partition(|(key, _)| world.trust.is_trusted(key.as_str()));
    let misspelled = misspelled.chain(trusted.into_values().flatten());
    for (key, problems) in broken {
        if let Some(of) = linking(&world.library, &key) {
            bodies.settled[of.body(&world.library)] = Some(Err(problems));
        }
    }
    misspelled.collect()
}
