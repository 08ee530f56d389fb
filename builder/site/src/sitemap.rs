//! The URLs of the site (site model, section 13).

use crate::config::{Config, ExcludedPagers};
use crate::dates::Date;
use crate::library::{Library, PageId, SectionId};
use crate::pagination::{self, Pagination, numbered_path};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One URL of the sitemap.
pub struct SitemapEntry {
    /// Its address.
    pub permalink: String,
    /// When it was last changed, as templates print it.
    pub updated: Option<String>,
    /// What it leads to.
    pub of: EntryOf,
}

/// What a URL of the sitemap leads to.
#[derive(Clone, Copy)]
pub enum EntryOf {
    /// A page.
    Page(PageId),
    /// A section.
    Section(SectionId),
    /// A pager, a taxonomy or a term: nothing with front matter.
    List,
}

/// Every URL of the site, by permalink (site model, section 13).
pub fn sitemap_entries(config: &Config, library: &Library) -> Vec<SitemapEntry> {
    let mut found: BTreeMap<Cow<'_, str>, (Option<&Date>, EntryOf)> = BTreeMap::new();
    each_url(config, library, |permalink, updated, of| {
        found.insert(permalink, (updated, of));
    });
    let entries = found.into_iter();
    let entry =
        |(permalink, (updated, of)): (Cow<'_, str>, (Option<&Date>, EntryOf))| SitemapEntry {
            permalink: permalink.into_owned(),
            updated: updated.map(Date::to_template_string),
            of,
        };
    entries.map(entry).collect()
}

/// How many URLs there are at most: those that several pages want are counted for each.
pub fn most_entries(config: &Config, library: &Library) -> usize {
    let mut count = 0;
    each_url(config, library, |_, _, _| count += 1);
    count
}

fn each_url<'l>(
    config: &Config,
    library: &'l Library,
    mut add: impl FnMut(Cow<'l, str>, Option<&'l Date>, EntryOf),
) {
    let with_pagers = config.exclude_paginated_pages_in_sitemap == ExcludedPagers::None;
    for (id, section) in library.sections.named() {
        if !section.front.render {
            continue;
        }
        add((&section.permalink).into(), None, EntryOf::Section(id));
        // A section that sends its reader on is a URL of the site, but has no pagers.
        if section.front.redirect_to.is_some() {
            continue;
        }
        if let (true, Some(pagination)) = (with_pagers, Pagination::of_section(section)) {
            let pages = &library.section_links[id].pages;
            let count = if pages.is_empty() {
                0
            } else {
                pagination::count(pages.len(), &pagination)
            };
            for number in 1..=count {
                let path = numbered_path(&section.path, &pagination, number);
                add(config.make_permalink(&path).into(), None, EntryOf::List);
            }
        }
    }
    for (id, page) in library.pages.named() {
        if library.is_listed(id) {
            let date = page.front.updated.as_ref().or(page.date.as_ref());
            add((&page.permalink).into(), date, EntryOf::Page(id));
        }
    }
    for taxonomy in library.taxonomies.values().flatten() {
        if taxonomy.terms.is_empty() || !taxonomy.config.render {
            continue;
        }
        add((&taxonomy.permalink).into(), None, EntryOf::List);
        for term in &taxonomy.terms {
            add((&term.permalink).into(), None, EntryOf::List);
            if let (true, Some(pagination)) = (with_pagers, Pagination::of_term(taxonomy)) {
                for number in 1..=pagination::count(term.pages.len(), &pagination) {
                    let path = numbered_path(&term.path, &pagination, number);
                    add(config.make_permalink(&path).into(), None, EntryOf::List);
                }
            }
        }
    }
}
