//! How pages and sections belong together: sections and their pages in order, neighbours,
//! ancestors, translations (site model, sections 1, 2 and 6).
//!
//! Pages and sections are named by where they are in the library. Everything here is in an order that depends on
//! the sources alone.

pub mod absence;
pub mod collisions;
mod order;
mod read;
pub mod schedule;
pub mod taxonomies;

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::facts::{self, Page, Place, Section};
use crate::index_vec::{Id, IndexVec, ids};
use crate::key::SourceKey;
use crate::library::absence::DraftFile;
use crate::library::collisions::Loser;
use crate::library::schedule::{HeldPage, Schedule};
use crate::library::taxonomies::{Taxonomy, TaxonomyId, Term, TermId};
use crate::source::Sources;
use order::{by_date, sort_sections};
use read::read_content;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

ids! {
    /// Where a page is in [`Library::pages`].
    PageId;
    /// Where a section is in [`Library::sections`].
    SectionId;
}

/// Pages and sections, and how they belong together.
#[derive(Debug, Default)]
pub struct Library {
    /// In the order of their source keys.
    pub pages: IndexVec<PageId, Box<Page>>,
    /// In the order of their source keys.
    pub sections: IndexVec<SectionId, Section>,
    /// Those of [`sections`](Self::sections) that no file makes.
    pub default_sections: BTreeSet<SectionId>,
    /// By path relative to `content/`.
    section_by_file: HashMap<String, SectionId>,
    /// What each page is to others.
    pub page_links: IndexVec<PageId, PageLinks>,
    /// Where each page stands among all by date: newest first, undated last; equal dates by
    /// permalink. (Zola 0.23.0, as the cases hold it; from 0.23.4 on Zola has these the other way
    /// round.)
    pub by_date: IndexVec<PageId, usize>,
    /// What each section is to others.
    pub section_links: IndexVec<SectionId, SectionLinks>,
    /// By language, in the order of the configuration.
    pub taxonomies: BTreeMap<String, IndexVec<TaxonomyId, Taxonomy>>,
    /// Files beside a page or section, by folder (`content/blog/post`).
    pub assets: BTreeMap<String, Vec<SourceKey>>,
    /// Pages whose time has not come, by path relative to `content/`; they are nowhere else.
    pub held: BTreeMap<String, HeldPage>,
    /// Pages and sections that are left out as drafts, by path relative to `content/`.
    pub drafts: BTreeMap<String, DraftFile>,
    /// Pages and sections whose address is another's, by path relative to `content/`.
    pub losers: BTreeMap<String, Loser>,
}

/// What a page is to others.
#[derive(Debug, Clone, Default)]
pub struct PageLinks {
    /// The section of its own folder.
    pub parent: Option<SectionId>,
    /// Sections above, root first, transparent ones left out. The pages of a folder share them.
    pub ancestors: Arc<[SectionId]>,
    /// Previous page of the sorted list (the newer one, for dates).
    pub lower: Option<PageId>,
    /// Next page of the sorted list.
    pub higher: Option<PageId>,
    /// The same page in every language it exists in, itself included, by language. Empty on a
    /// site with one language.
    pub translations: Vec<PageId>,
    /// False for pages that their section cannot sort: they are not rendered.
    pub sortable: bool,
}

/// What a section is to others.
#[derive(Debug, Clone, Default)]
pub struct SectionLinks {
    /// Sections above, root first, transparent ones left out.
    pub ancestors: Vec<SectionId>,
    /// Sections directly below, by weight, then path.
    pub subsections: Vec<SectionId>,
    /// The section before it among those directly below the same one.
    pub lower: Option<SectionId>,
    /// The section after it.
    pub higher: Option<SectionId>,
    /// Pages in order, those of transparent sections below included.
    pub pages: Vec<PageId>,
    /// The same section in every language, itself included, by language.
    pub translations: Vec<SectionId>,
}

/// Builds the library of the effective sources. What cannot take part is left out, with a
/// diagnostic.
pub fn build(
    sources: &Sources,
    config: &Config,
    drafts: bool,
    schedule: Schedule<'_>,
) -> (Library, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    let mut library = Library::default();
    read_content(
        &mut library,
        sources,
        config,
        drafts,
        schedule,
        &mut problems,
    );
    for lang in config.languages.keys() {
        let index = facts::default_section(lang, config);
        if !library.section_by_file.contains_key(index.place.relative()) {
            let relative = index.place.relative().to_owned();
            let id = library.sections.push(index);
            library.section_by_file.insert(relative, id);
            library.default_sections.insert(id);
        }
    }
    link_sections(&mut library);
    let ((page_links, lists), by_date) =
        rayon::join(|| link_pages(&library), || by_date(&library.pages));
    library.page_links = page_links;
    library.by_date = by_date;
    for (links, pages) in library.section_links.iter_mut().zip(lists) {
        links.pages = pages;
    }
    sort_sections(&mut library, &mut problems);
    if config.languages.len() > 1 {
        link_translations(&mut library);
    }
    library.taxonomies = taxonomies::build(&library, config);
    (library, problems)
}

/// The sections above `folders` in a language, root first.
fn above<'a>(
    by_folder: &'a HashMap<(String, String), SectionId>,
    folders: &'a [String],
    lang: &'a str,
) -> impl Iterator<Item = SectionId> + 'a {
    (0..=folders.len()).filter_map(move |n| {
        by_folder
            .get(&(folders[..n].join("/"), lang.to_owned()))
            .copied()
    })
}

fn by_folder(library: &Library) -> HashMap<(String, String), SectionId> {
    let of = |section: &Section| {
        (
            section.place.folders.join("/"),
            section.place.lang.to_string(),
        )
    };
    let sections = library.sections.named();
    sections.map(|(id, section)| (of(section), id)).collect()
}

fn link_sections(library: &mut Library) {
    let by_folder = by_folder(library);
    library.section_links = vec![SectionLinks::default(); library.sections.len()].into();
    for id in library.sections.ids() {
        let place = &library.sections[id].place;
        let Some((_, upper)) = place.folders.split_last() else {
            continue;
        };
        let ancestors: Vec<SectionId> = above(&by_folder, upper, &place.lang)
            .filter(|ancestor| !library.sections[*ancestor].front.transparent)
            .collect();
        // Only the section of the folder directly above lists it; those further up, when that
        // folder is no section, are its ancestors but do not know it.
        if let Some(parent) = by_folder
            .get(&(upper.join("/"), place.lang.to_string()))
            .copied()
        {
            library.section_links[parent].subsections.push(id);
        }
        library.section_links[id].ancestors = ancestors;
    }
    for id in library.sections.ids() {
        let mut list = std::mem::take(&mut library.section_links[id].subsections);
        list.sort_by(|a, b| {
            let (a, b) = (&library.sections[*a], &library.sections[*b]);
            a.front
                .weight
                .cmp(&b.front.weight)
                .then_with(|| a.path.cmp(&b.path))
        });
        for (position, section) in list.iter().enumerate() {
            let links = &mut library.section_links[*section];
            links.lower = position.checked_sub(1).map(|before| list[before]);
            links.higher = list.get(position + 1).copied();
        }
        library.section_links[id].subsections = list;
    }
}

/// The pages of each section.
type Lists = IndexVec<SectionId, Vec<PageId>>;

/// What each page is to others, and the pages of each section, not sorted yet.
fn link_pages(library: &Library) -> (IndexVec<PageId, PageLinks>, Lists) {
    let by_folder = by_folder(library);
    let sections = &library.sections;
    let mut page_links = IndexVec::default();
    page_links.reserve(library.pages.len());
    let mut lists = Lists::from(vec![Vec::new(); sections.len()]);
    // Pages of one folder come one after the other.
    let mut last: Option<(&Place, Above)> = None;
    for (id, page) in library.pages.named() {
        let place = &page.place;
        let same = last
            .take()
            .filter(|(last, _)| last.folders == place.folders && last.lang == place.lang);
        let (_, above) =
            last.insert(same.unwrap_or_else(|| (place, Above::of(place, &by_folder, sections))));
        page_links.push(PageLinks {
            sortable: true,
            parent: above.parent,
            ancestors: above.ancestors.clone(),
            ..PageLinks::default()
        });
        if page.front.render && !page.front.hidden {
            for section in &above.lists {
                lists[*section].push(id);
            }
        }
    }
    (page_links, lists)
}

/// What is above the pages of a folder.
struct Above {
    parent: Option<SectionId>,
    ancestors: Arc<[SectionId]>,
    /// The sections whose lists they are in: their own and, through transparent ones, those above.
    lists: Vec<SectionId>,
}

impl Above {
    fn of(
        place: &Place,
        by_folder: &HashMap<(String, String), SectionId>,
        sections: &IndexVec<SectionId, Section>,
    ) -> Self {
        let at = |depth: usize| {
            let folder = (place.folders[..depth].join("/"), place.lang.to_string());
            by_folder.get(&folder).copied()
        };
        let Some(parent) = at(place.folders.len()) else {
            return Self {
                parent: None,
                ancestors: Arc::default(),
                lists: Vec::new(),
            };
        };
        let is_seen = |id: &SectionId| !sections[*id].front.transparent;
        let mut lists = Vec::new();
        for section in (0..=place.folders.len()).rev().map_while(at) {
            lists.push(section);
            if is_seen(&section) {
                break;
            }
        }
        Self {
            parent: Some(parent),
            ancestors: above(by_folder, &place.folders, &place.lang)
                .filter(is_seen)
                .collect(),
            lists,
        }
    }
}

fn link_translations(library: &mut Library) {
    // Folders and stem without the language, and whether it is a bundle.
    type CanonicalName = (Arc<[String]>, SmolStr, bool);
    let mut pages: BTreeMap<CanonicalName, Vec<PageId>> = BTreeMap::new();
    for (id, page) in library.pages.named() {
        let place = &page.place;
        let name = (place.folders.clone(), place.stem.clone(), place.bundle);
        pages.entry(name).or_default().push(id);
    }
    for mut group in pages.into_values() {
        group.sort_by(|a, b| {
            library.pages[*a]
                .place
                .lang
                .cmp(&library.pages[*b].place.lang)
        });
        for id in &group {
            library.page_links[*id].translations.clone_from(&group);
        }
    }
    let mut sections: BTreeMap<Arc<[String]>, Vec<SectionId>> = BTreeMap::new();
    for (id, section) in library.sections.named() {
        sections
            .entry(section.place.folders.clone())
            .or_default()
            .push(id);
    }
    for mut group in sections.into_values() {
        group.sort_by(|a, b| {
            library.sections[*a]
                .place
                .lang
                .cmp(&library.sections[*b].place.lang)
        });
        for id in &group {
            library.section_links[*id].translations.clone_from(&group);
        }
    }
}

impl Library {
    /// True where lists may show the page: those of terms, feeds and sections.
    pub fn is_listed(&self, id: PageId) -> bool {
        self.is_rendered(id) && !self.pages[id].front.hidden
    }

    /// True where the page has an output of its own.
    pub fn is_rendered(&self, id: PageId) -> bool {
        self.pages[id].front.render && self.page_links[id].sortable
    }

    /// Files that are published beside a page: all below a bundle's folder.
    pub fn page_assets(&self, id: PageId) -> Vec<&SourceKey> {
        let place = &self.pages[id].place;
        if !place.bundle {
            return Vec::new();
        }
        let folder = place.key.folder();
        let below = format!("{folder}/");
        let mut found: Vec<&SourceKey> = self
            .assets
            .range(folder.to_owned()..)
            .take_while(|(name, _)| name.starts_with(folder))
            .filter(|(name, _)| *name == folder || name.starts_with(&below))
            .flat_map(|(_, keys)| keys)
            .collect();
        found.sort_by_key(|key| key.as_str().to_lowercase());
        found
    }

    /// Files that are published beside a section: those in its folder. One that no file makes has
    /// none.
    pub fn section_assets(&self, id: SectionId) -> Vec<&SourceKey> {
        if self.default_sections.contains(&id) {
            return Vec::new();
        }
        let folder = self.sections[id].place.key.folder();
        self.assets.get(folder).into_iter().flatten().collect()
    }

    /// The template that pages below a section get from it or from the nearest one above.
    pub fn inherited_page_template(&self, id: PageId) -> Option<&str> {
        let links = &self.page_links[id];
        let nearest = links
            .parent
            .into_iter()
            .chain(links.ancestors.iter().rev().copied());
        nearest
            .filter_map(|id| self.sections[id].front.page_template.as_deref())
            .next()
    }

    /// The page of a file, by its path relative to `content/`.
    pub fn page_by_file(&self, relative: &str) -> Option<PageId> {
        self.pages
            .binary_search_by(|page| page.place.relative().cmp(relative))
            .ok()
            .map(PageId::at)
    }

    /// The section of a file, by its path relative to `content/`.
    pub fn section_by_file(&self, relative: &str) -> Option<SectionId> {
        self.section_by_file.get(relative).copied()
    }

    /// A taxonomy of a language.
    pub fn taxonomy(&self, lang: &str, id: TaxonomyId) -> Option<&Taxonomy> {
        self.taxonomies.get(lang)?.get(id)
    }

    /// A term of a taxonomy of a language, with the taxonomy.
    pub fn term(&self, lang: &str, id: TermId) -> Option<(&Taxonomy, &Term)> {
        let taxonomy = self.taxonomy(lang, id.taxonomy)?;
        Some((taxonomy, taxonomy.terms.get(id.position)?))
    }

    /// The page or section behind `@/path`.
    pub fn permalink_of(&self, relative: &str) -> Option<&str> {
        let page = self
            .page_by_file(relative)
            .map(|id| self.pages[id].permalink.as_str());
        page.or_else(|| {
            let section = self.section_by_file(relative)?;
            Some(self.sections[section].permalink.as_str())
        })
    }

    /// Where the file behind `@/path`, which lies beside a page or section, is published, below
    /// the base URL. Where several languages publish it, `lang` goes first. None where nothing that
    /// owns it is rendered.
    pub fn asset_path(&self, relative: &str, lang: &str, config: &Config) -> Option<String> {
        let (own_folder, name) = relative.rsplit_once('/').unwrap_or(("", relative));
        let key = format!("content/{relative}");
        let beside = match own_folder {
            "" => self.assets.get("content")?,
            folder => self.assets.get(&format!("content/{folder}"))?,
        };
        beside.iter().find(|asset| asset.as_str() == key)?;
        let default = config.default_language.as_str();
        let all = config.languages.keys().map(String::as_str);
        let langs: Vec<&str> = [lang, default].into_iter().chain(all).collect();
        let mut folder = own_folder;
        loop {
            let below = relative[folder.len()..].trim_start_matches('/');
            let above = &relative[..relative.len() - below.len()];
            for lang in &langs {
                let plain = (*lang == default).then(|| "index.md".to_owned());
                for index in plain.into_iter().chain([format!("index.{lang}.md")]) {
                    let page = self.page_by_file(&format!("{above}{index}"));
                    if let Some(page) = page.filter(|id| self.is_rendered(*id)) {
                        return Some(format!("{}{below}", self.pages[page].path()));
                    }
                    let section = self.section_by_file(&format!("{above}_{index}"));
                    let publishes = |id: &SectionId| {
                        let front = &self.sections[*id].front;
                        let made = !self.default_sections.contains(id);
                        made && front.render && front.redirect_to.is_none()
                    };
                    if below == name
                        && let Some(section) = section.filter(publishes)
                    {
                        return Some(format!("{}{name}", self.sections[section].path));
                    }
                }
            }
            if folder.is_empty() {
                return None;
            }
            folder = folder.rsplit_once('/').map_or("", |(upper, _)| upper);
        }
    }
}
