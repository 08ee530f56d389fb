//! Taxonomies and their terms (site model, section 13).

use super::library::{Library, PageId};
use crate::config::{Config, TaxonomyConfig};
use crate::slugs;
use std::collections::{BTreeMap, HashMap};

/// A taxonomy in one language.
#[derive(Debug, Clone)]
pub struct Taxonomy {
    /// As configured.
    pub config: TaxonomyConfig,
    /// Language code.
    pub lang: String,
    /// `/tags/`
    pub path: String,
    /// Full URL.
    pub permalink: String,
    /// By slug, then name.
    pub terms: Vec<Term>,
}

/// A term: all spellings with one slug.
#[derive(Debug, Clone)]
pub struct Term {
    /// The first of its spellings, in the order of their characters.
    pub name: String,
    /// All spellings, in the order of their characters.
    pub spellings: Vec<String>,
    /// Last part of its path.
    pub slug: String,
    /// `/tags/rust/`
    pub path: String,
    /// Full URL.
    pub permalink: String,
    /// Newest first, undated last.
    pub pages: Vec<PageId>,
}

impl Taxonomy {
    /// The term spelled `name`, else the one whose slug is that of `name`.
    pub fn term(&self, name: &str, config: &Config) -> Option<&Term> {
        let exact = |term: &&Term| term.spellings.iter().any(|spelling| spelling == name);
        self.terms.iter().find(exact).or_else(|| {
            let slug = slugs::slugify_taxonomy(name, config.slugify.taxonomies);
            self.terms.iter().find(|term| term.slug == slug)
        })
    }
}

/// The taxonomies of every language, in the order of the configuration.
pub fn build(library: &Library, config: &Config) -> BTreeMap<String, Vec<Taxonomy>> {
    let mut all: BTreeMap<&str, Vec<Gathering<'_>>> = BTreeMap::new();
    for (lang, language) in &config.languages {
        let list = language.taxonomies.iter();
        let list = list.map(|own| Gathering::of(config, lang, own));
        all.insert(lang, list.collect());
    }
    // One walk over the pages: there are many more of them than of anything else.
    for (id, page) in library.pages.iter().enumerate() {
        let Some(list) = all.get_mut(page.place.lang.as_str()) else {
            continue;
        };
        if page.front.taxonomies.is_empty() || !library.is_listed(id) {
            continue;
        }
        for (name, terms) in &page.front.taxonomies {
            let named = list
                .iter_mut()
                .filter(|one| one.taxonomy.config.name == *name);
            named.for_each(|one| one.add(config, id, terms));
        }
    }
    let all = all.into_iter();
    all.map(|(lang, list)| {
        let list = list.into_iter().map(|one| one.taxonomy(library));
        (lang.to_owned(), list.collect())
    })
    .collect()
}

/// A taxonomy whose terms are gathered.
struct Gathering<'l> {
    taxonomy: Taxonomy,
    by_slug: HashMap<String, usize>,
    /// Few names stand on many pages.
    by_name: HashMap<&'l str, usize>,
}

impl<'l> Gathering<'l> {
    fn of(config: &Config, lang: &str, own: &TaxonomyConfig) -> Self {
        let mut parts = Vec::new();
        if lang != config.default_language {
            parts.push(lang);
        }
        parts.extend(
            config
                .taxonomy_root
                .as_deref()
                .map(|root| root.trim_matches('/')),
        );
        parts.push(&own.slug);
        let path = format!("/{}/", parts.join("/"));
        Self {
            taxonomy: Taxonomy {
                config: own.clone(),
                lang: lang.to_owned(),
                permalink: config.make_permalink(&path),
                path,
                terms: Vec::new(),
            },
            by_slug: HashMap::new(),
            by_name: HashMap::new(),
        }
    }

    /// Adds a page to the terms that it names.
    fn add(&mut self, config: &Config, id: PageId, names: &'l [String]) {
        let Taxonomy { path, terms, .. } = &mut self.taxonomy;
        for name in names {
            let place = *self.by_name.entry(name).or_insert_with(|| {
                let slug = slugs::slugify_taxonomy(name, config.slugify.taxonomies);
                let place = *self.by_slug.entry(slug.clone()).or_insert_with(|| {
                    let path = format!("{path}{slug}/");
                    terms.push(Term {
                        name: name.clone(),
                        spellings: Vec::new(),
                        slug,
                        permalink: config.make_permalink(&path),
                        path,
                        pages: Vec::new(),
                    });
                    terms.len() - 1
                });
                terms[place].spellings.push(name.clone());
                place
            });
            let pages = &mut terms[place].pages;
            if pages.last() != Some(&id) {
                pages.push(id);
            }
        }
    }

    /// The taxonomy, in order.
    fn taxonomy(self, library: &Library) -> Taxonomy {
        let mut taxonomy = self.taxonomy;
        taxonomy.terms.sort_by(|a, b| a.slug.cmp(&b.slug));
        for term in &mut taxonomy.terms {
            term.spellings.sort();
            term.name.clone_from(&term.spellings[0]);
            term.pages.sort_by_key(|id| library.by_date[*id]);
        }
        taxonomy
    }
}
