//! What names lead to: pages, sections, taxonomies and terms in a language, and `@/` links.

use super::world::World;
use crate::graph::NameQuestion;
use quillfront_site::facts::Place;
use quillfront_site::library::taxonomies::{Taxonomy, Term};
use quillfront_site::library::{PageId, SectionId};
use std::borrow::Cow;

/// True where a page or section found for `lang` will do: it is in that language, or its name was
/// written with a language. That of the default language does not stand in for another.
fn will_do(world: &World, place: &Place, named: &NameQuestion) -> bool {
    place.lang == named.lang || place.lang != world.config.default_language
}

/// `blog/post.md` in a language: the file of that language where there is one of its own.
pub fn localized(world: &World, path: &str, lang: &str, exists: impl Fn(&str) -> bool) -> String {
    let path = path.trim_start_matches("@/").trim_start_matches('/');
    if lang != world.config.default_language
        && let Some(stem) = path.strip_suffix(".md")
    {
        let own = format!("{stem}.{lang}.md");
        if exists(&own) {
            return own;
        }
    }
    path.to_owned()
}

/// The page that `get_page` means, and the file that it was looked for as.
pub fn page(world: &World, named: &NameQuestion) -> (Option<PageId>, String) {
    let library = &world.library;
    let file = localized(world, &named.name, &named.lang, |file| {
        library.page_by_file(file).is_some()
    });
    let found = library.page_by_file(&file);
    let found = found.filter(|id| will_do(world, &library.pages[*id].place, named));
    (found, file)
}

/// The section that `get_section` means, and the file that it was looked for as.
pub fn section(world: &World, named: &NameQuestion) -> (Option<SectionId>, String) {
    let library = &world.library;
    let file = localized(world, &named.name, &named.lang, |file| {
        library.section_by_file(file).is_some()
    });
    let found = library.section_by_file(&file);
    let found = found.filter(|id| will_do(world, &library.sections[*id].place, named));
    (found, file)
}

/// The taxonomy called `kind`, else the one whose slug that is.
pub fn taxonomy<'a>(world: &'a World, kind: &str, lang: &str) -> Option<&'a Taxonomy> {
    let all = world.library.taxonomies.get(lang)?;
    let named = all.iter().find(|taxonomy| taxonomy.config.name == kind);
    named.or_else(|| all.iter().find(|taxonomy| taxonomy.config.slug == kind))
}

/// A term of a taxonomy.
pub fn term<'a>(world: &'a World, kind: &str, term: &str, lang: &str) -> Option<&'a Term> {
    taxonomy(world, kind, lang)?.term(term, &world.config)
}

/// Where `@/path` leads from a text in a language: a page, a section, or a file beside one.
pub fn link<'a>(world: &'a World, path: &str, lang: &str) -> Option<Cow<'a, str>> {
    let library = &world.library;
    if let Some(permalink) = library.permalink_of(path) {
        return Some(permalink.into());
    }
    let path = library.asset_path(path, lang, &world.config)?;
    Some(world.config.make_file_url(&path).into())
}
