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
    config
        .languages
        .iter()
        .map(|(lang, language)| {
            let list = language
                .taxonomies
                .iter()
                .map(|one| build_one(library, config, lang, one));
            (lang.clone(), list.collect())
        })
        .collect()
}

fn build_one(library: &Library, config: &Config, lang: &str, own: &TaxonomyConfig) -> Taxonomy {
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

    let mut terms: Vec<Term> = Vec::new();
    let mut by_slug: HashMap<String, usize> = HashMap::new();
    // Few names stand on many pages.
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for (id, page) in library.pages.iter().enumerate() {
        if page.place.lang != lang || !library.is_listed(id) {
            continue;
        }
        for name in page.front.terms(&own.name) {
            let place = *by_name.entry(name).or_insert_with(|| {
                let slug = slugs::slugify_taxonomy(name, config.slugify.taxonomies);
                let place = *by_slug.entry(slug.clone()).or_insert_with(|| {
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
    terms.sort_by(|a, b| a.slug.cmp(&b.slug));
    for term in &mut terms {
        term.spellings.sort();
        term.name.clone_from(&term.spellings[0]);
        term.pages.sort_by_key(|id| library.by_date[*id]);
    }
    let permalink = config.make_permalink(&path);
    Taxonomy {
        config: own.clone(),
        lang: lang.to_owned(),
        path,
        permalink,
        terms,
    }
}
