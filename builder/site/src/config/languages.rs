//! What can differ from language to language (site model, section 3: `languages`).

use super::search::{self, Search};
use super::taxonomies::{self, TaxonomyConfig};
use crate::front_matter::table::Table;
use crate::front_matter::tree::Data;
use crate::slugs::SlugMode;
use std::collections::BTreeMap;

/// One language of the site.
#[derive(Debug, Clone, PartialEq)]
pub struct LanguageConfig {
    /// The site's title.
    pub title: Option<String>,
    /// The site's description.
    pub description: Option<String>,
    /// Whether the site as a whole has feeds.
    pub generate_feeds: bool,
    /// Their names, which are their templates' names too; `atom.xml` by default.
    pub feed_filenames: Vec<String>,
    /// In the order of the file; no two have one slug.
    pub taxonomies: Vec<TaxonomyConfig>,
    /// Whether there is a search index.
    pub build_search_index: bool,
    /// What is in it.
    pub search: Search,
    /// Texts for the template function `trans`.
    pub translations: BTreeMap<String, String>,
}

/// The keys of one language that were given.
#[derive(Default)]
pub(super) struct GivenKeys {
    title: Option<String>,
    description: Option<String>,
    generate_feeds: Option<bool>,
    feed_filenames: Option<Vec<String>>,
    taxonomies: Option<Vec<TaxonomyConfig>>,
    build_search_index: Option<bool>,
    pub(super) search: Option<search::LanguageSearch>,
    translations: BTreeMap<String, String>,
}

impl GivenKeys {
    /// Takes a language's keys out of its own table, or the default language's out of the root.
    pub(super) fn take(table: &mut Table<'_, '_>, slugs: SlugMode) -> GivenKeys {
        GivenKeys {
            title: table.text("title"),
            description: table.text("description"),
            generate_feeds: table.flag("generate_feeds"),
            feed_filenames: feed_filenames(table),
            taxonomies: taxonomies::take(table, slugs),
            build_search_index: table.flag("build_search_index"),
            search: search::take(table),
            translations: translations(table),
        }
    }

    /// The default language may be configured at the root or in a table of its own; a key that is
    /// in both is added to `twice`.
    pub(super) fn merge(self, own: GivenKeys, twice: &mut Vec<String>) -> GivenKeys {
        let mut translations = self.translations;
        for (key, text) in own.translations {
            if translations.insert(key.clone(), text).is_some() {
                twice.push(format!("translations.{key}"));
            }
        }
        GivenKeys {
            title: either("title", self.title, own.title, twice),
            description: either("description", self.description, own.description, twice),
            generate_feeds: either(
                "generate_feeds",
                self.generate_feeds,
                own.generate_feeds,
                twice,
            ),
            feed_filenames: either(
                "feed_filenames",
                self.feed_filenames,
                own.feed_filenames,
                twice,
            ),
            taxonomies: either("taxonomies", self.taxonomies, own.taxonomies, twice),
            build_search_index: either(
                "build_search_index",
                self.build_search_index,
                own.build_search_index,
                twice,
            ),
            search: either("search", self.search, own.search, twice),
            translations,
        }
    }

    pub(super) fn into_config(self, search: Search) -> LanguageConfig {
        LanguageConfig {
            title: self.title,
            description: self.description,
            generate_feeds: self.generate_feeds.unwrap_or(false),
            feed_filenames: self
                .feed_filenames
                .unwrap_or_else(|| vec!["atom.xml".to_owned()]),
            taxonomies: self.taxonomies.unwrap_or_default(),
            build_search_index: self.build_search_index.unwrap_or(false),
            search: self.search.map_or(search, |own| own.or_as(search)),
            translations: self.translations,
        }
    }
}

fn either<T>(name: &str, a: Option<T>, b: Option<T>, twice: &mut Vec<String>) -> Option<T> {
    if a.is_some() && b.is_some() {
        twice.push(name.to_owned());
    }
    a.or(b)
}

/// Feeds become files beside the pages: their names must be able to.
fn feed_filenames(table: &mut Table<'_, '_>) -> Option<Vec<String>> {
    let given = table.texts("feed_filenames")?;
    let mut names = Vec::with_capacity(given.len());
    for (name, place) in given {
        let plain = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if plain && !name.contains('\\') && !name.chars().any(char::is_control) {
            names.push(name);
        } else {
            table.problem_with_hint(
                place,
                format!("{name:?} cannot be a feed's file name"),
                "write a name such as \"atom.xml\"",
            );
        }
    }
    Some(names)
}

fn translations(table: &mut Table<'_, '_>) -> BTreeMap<String, String> {
    let mut translations = BTreeMap::new();
    let mut nested = table.table("translations");
    for entry in nested.take_all() {
        match entry.node.data {
            Data::Text(text) => {
                translations.insert(entry.key, text);
            }
            _ => {
                let noun = entry.node.noun();
                let message = format!("the translation of `{}` is {noun}, not text", entry.key);
                nested.problem(entry.node.place, message);
            }
        }
    }
    translations
}
