//! What a feed carries (site model, sections 7 and 13).

use super::world::World;
use quillfront_site::dates::Date;
use quillfront_site::library::PageId;
use quillfront_site::plan::FeedOf;

/// What a feed is made of.
pub struct Feed {
    /// Its pages, newest first, as many as the configuration allows.
    pub pages: Vec<PageId>,
    /// When any page that could be in it last changed; none where there is no page.
    pub last_updated: Option<String>,
}

/// The pages of a feed, which may be none; None where there is nothing that it could be of.
pub fn feed(world: &World, lang: &str, of: &FeedOf) -> Option<Feed> {
    let library = &world.library;
    let listed = |id: &PageId| {
        let page = &library.pages[*id];
        page.date.is_some() && page.front.include_in_feeds && library.is_listed(*id)
    };
    let mut ids: Vec<PageId> = match of {
        FeedOf::Site => library
            .pages
            .ids()
            .filter(|id| library.pages[*id].place.lang == lang)
            .collect(),
        FeedOf::Section(id) => library.section_links[*id].pages.clone(),
        FeedOf::Term(id) => library.term(lang, *id)?.1.pages.clone(),
    };
    ids.retain(listed);
    let place = |id: &PageId| library.by_date[*id];
    let newest = ids.iter().min_by_key(|id| place(id));
    let newest = newest.and_then(|id| library.pages[*id].date.as_ref());
    // Of equal ones the date of the newest page, else the last one in order.
    let updated = ids.iter().filter_map(|id| {
        let updated = library.pages[*id].front.updated.as_ref()?;
        Some((updated, place(id)))
    });
    let updated = updated.chain(newest.map(|date| (date, usize::MAX)));
    let last_updated = updated.max_by_key(|(date, place)| (date.sort_key(), *place));
    let last_updated = last_updated.map(|(date, _)| date);
    let limit = world.config.feed_limit.unwrap_or(usize::MAX);
    if limit < ids.len() {
        // The newest ones alone are put in order.
        ids.select_nth_unstable_by_key(limit, place);
        ids.truncate(limit);
    }
    ids.sort_unstable_by_key(place);
    Some(Feed {
        last_updated: last_updated.map(Date::to_template_string),
        pages: ids,
    })
}
