//! The order of pages in lists.

use super::{Library, PageId};
use crate::dates::Date;
use crate::diagnostic::Diagnostic;
use crate::facts::Page;
use crate::front_matter::SortBy;
use crate::index_vec::IndexVec;
use std::cmp::Ordering;

pub(super) fn sort_sections(library: &mut Library, problems: &mut Vec<Diagnostic>) {
    let mut listed = IndexVec::from(vec![false; library.pages.len()]);
    let mut left_out = Vec::new();
    for id in library.sections.ids() {
        let pages = std::mem::take(&mut library.section_links[id].pages);
        let sort_by = library.sections[id].front.sort_by;
        let (sorted, unsortable) = sort(library, pages, sort_by);
        if sort_by != SortBy::None && !library.sections[id].front.transparent {
            for (position, page) in sorted.iter().enumerate() {
                let links = &mut library.page_links[*page];
                links.lower = position.checked_sub(1).map(|before| sorted[before]);
                links.higher = sorted.get(position + 1).copied();
            }
        }
        let of_it = |page: &PageId| library.page_links[*page].parent == Some(id);
        let own = unsortable.into_iter().filter(of_it);
        left_out.extend(own.map(|page| (page, sort_by)));
        for page in &sorted {
            listed[*page] = true;
        }
        library.section_links[id].pages = sorted;
    }
    // A page that one of its sections cannot sort may still be in the list of another.
    left_out.retain(|(page, _)| !listed[*page]);
    for (page, sort_by) in left_out {
        library.page_links[page].sortable = false;
        let file = library.pages[page].place.key.as_str();
        let message = format!(
            "its section sorts by {}, which this page lacks",
            sort_by.name()
        );
        problems.push(
            Diagnostic::warning("unsorted", file, message)
                .hint("it is not published; give it what the section sorts by"),
        );
    }
}

/// Sorts pages; those without the sort key come second (site model, section 6).
pub(super) fn sort(
    library: &Library,
    list: Vec<PageId>,
    sort_by: SortBy,
) -> (Vec<PageId>, Vec<PageId>) {
    let pages = &library.pages;
    let has_key = |id: &PageId| match sort_by {
        SortBy::Date => pages[*id].date.is_some(),
        SortBy::UpdateDate => pages[*id].date.is_some() || pages[*id].front.updated.is_some(),
        SortBy::Title | SortBy::TitleBytes => pages[*id].front.title.is_some(),
        SortBy::Weight => pages[*id].front.weight.is_some(),
        SortBy::Slug | SortBy::Permalink | SortBy::None => true,
    };
    let (mut sortable, unsortable): (Vec<_>, Vec<_>) = list.into_iter().partition(has_key);
    let title = |page: &Page| page.front.title.clone().unwrap_or_default();
    if sort_by == SortBy::Date {
        sortable.sort_by_key(|id| library.by_date[*id]);
        return (sortable, unsortable);
    }
    sortable.sort_by(|a, b| {
        let (a, b) = (&pages[*a], &pages[*b]);
        match sort_by {
            SortBy::Date => Ordering::Equal,
            SortBy::UpdateDate => {
                // The later one: an update may be dated before the page.
                let updated = |page: &Page| {
                    let dates = page.front.updated.iter().chain(&page.date);
                    dates.map(Date::sort_key).max()
                };
                updated(b).cmp(&updated(a)).then_with(|| by_permalink(a, b))
            }
            SortBy::Title => natural(&title(a), &title(b)).then_with(|| by_permalink(a, b)),
            SortBy::TitleBytes => title(a).cmp(&title(b)).then_with(|| by_permalink(a, b)),
            SortBy::Weight => a
                .front
                .weight
                .cmp(&b.front.weight)
                .then_with(|| by_permalink(a, b)),
            SortBy::Slug => natural(&a.slug, &b.slug).then_with(|| by_permalink(a, b)),
            SortBy::Permalink => by_permalink(a, b),
            // Unordered in Zola; here by file.
            SortBy::None => a.place.key.cmp(&b.place.key),
        }
    });
    (sortable, unsortable)
}

/// The place of each page among all, by date.
pub(super) fn by_date(pages: &IndexVec<PageId, Box<Page>>) -> IndexVec<PageId, usize> {
    let dates = pages.named();
    let dates = dates.map(|(id, page)| (id, page.date.as_ref().map(Date::sort_key)));
    let mut order: Vec<_> = dates.collect();
    order.sort_by(|(a, one), (b, other)| {
        let newer = other.cmp(one);
        newer.then_with(|| by_permalink(&pages[*a], &pages[*b]))
    });
    let mut places = IndexVec::from(vec![0; pages.len()]);
    for (place, (page, _)) in order.into_iter().enumerate() {
        places[page] = place;
    }
    places
}

pub(super) fn by_permalink(a: &Page, b: &Page) -> Ordering {
    a.permalink.cmp(&b.permalink)
}

pub(super) fn natural(a: &str, b: &str) -> Ordering {
    lexical_sort::natural_lexical_cmp(a, b)
}
