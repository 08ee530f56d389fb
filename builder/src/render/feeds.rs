//! What a feed carries (site model, sections 7 and 13).

use super::content::Contents;
use super::values;
use super::world::World;
use crate::dates::Date;
use crate::plan::FeedOf;
use crate::site::library::{PageId, by_date};
use tera::{Context, Value};

/// The context of a feed's template at `url`; None where the feed would be empty.
pub fn context(
    world: &World,
    contents: &Contents,
    lang: &str,
    of: &FeedOf,
    url: &str,
) -> Option<Context> {
    let library = &world.library;
    let listed = |id: &PageId| {
        let page = &library.pages[*id];
        page.date.is_some() && page.front.include_in_feeds && library.is_listed(*id)
    };
    let mut ids: Vec<PageId> = match of {
        FeedOf::Site => (0..library.pages.len())
            .filter(|id| library.pages[*id].place.lang == lang)
            .collect(),
        FeedOf::Section(id) => library.section_links[*id].pages.clone(),
        FeedOf::Term(taxonomy, term) => library
            .taxonomies
            .get(lang)?
            .get(*taxonomy)?
            .terms
            .get(*term)?
            .pages
            .clone(),
    };
    ids.retain(listed);
    ids.sort_by(|a, b| by_date(&library.pages[*a], &library.pages[*b]));
    if ids.is_empty() {
        return None;
    }
    let newest = library.pages[ids[0]].date.as_ref();
    let updated = ids
        .iter()
        .filter_map(|id| library.pages[*id].front.updated.as_ref());
    let last_updated = updated.chain(newest).max_by_key(|date| date.sort_key());
    ids.truncate(world.config.feed_limit.unwrap_or(usize::MAX));

    let mut context = Context::new();
    context.insert_value(
        "pages",
        Value::from(values::feed_pages(world, contents, &ids)),
    );
    context.insert_value("config", contents.config(lang));
    context.insert("lang", lang);
    context.insert("feed_url", url);
    if let Some(date) = last_updated.map(Date::to_template_string) {
        context.insert("last_updated", &date);
    }
    match of {
        FeedOf::Site => {}
        FeedOf::Section(id) => {
            context.insert_value("section", values::section(world, contents, *id).clone());
        }
        FeedOf::Term(taxonomy, term) => {
            let taxonomy = library.taxonomies.get(lang)?.get(*taxonomy)?;
            context.insert_value("taxonomy", values::taxonomy_kind(taxonomy));
            let term = taxonomy.terms.get(*term)?;
            context.insert_value("term", values::term(world, contents, term, false));
        }
    }
    Some(context)
}
