//! Taxonomies and their terms (site model, section 13).

use crate::config::{Config, TaxonomyConfig};
use crate::facts::Page;
use crate::index_vec::{Id, IndexVec, ids};
use crate::library::{Library, PageId};
use crate::slugs;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

ids! {
    /// Where a taxonomy is among those of its language.
    TaxonomyId;
    /// Where a term is in [`Taxonomy::terms`].
    TermPosition;
}

/// Names a term among those of a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermId {
    /// Its taxonomy.
    pub taxonomy: TaxonomyId,
    /// Where it is in that.
    pub position: TermPosition,
}

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
    pub terms: IndexVec<TermPosition, Term>,
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

/// The pages that name each term of a taxonomy, by how they spell it.
type Spelled<'l> = HashMap<&'l str, Vec<PageId>>;
/// That, of every taxonomy of every language, in the order of the configuration.
type Gathered<'l> = Vec<Vec<Spelled<'l>>>;

/// Pages that one thread looks through in a row.
const PAGES_IN_A_ROW: usize = 1024;

/// The taxonomies of every language, in the order of the configuration.
pub fn build(
    library: &Library,
    config: &Config,
) -> BTreeMap<String, IndexVec<TaxonomyId, Taxonomy>> {
    // There are many more pages than of anything else.
    let parts = library.pages.par_chunks(PAGES_IN_A_ROW).enumerate();
    let parts: Vec<Gathered<'_>> = parts
        .map(|(part, pages)| {
            let mut gathered = nothing(config);
            for (id, page) in (part * PAGES_IN_A_ROW..).map(PageId::at).zip(pages) {
                if !page.front.taxonomies.is_empty() && library.is_listed(id) {
                    add(&mut gathered, config, id, page);
                }
            }
            gathered
        })
        .collect();
    let mut all = nothing(config);
    for part in parts {
        for (spelled, more) in all.iter_mut().flatten().zip(part.into_iter().flatten()) {
            for (name, pages) in more {
                spelled.entry(name).or_default().extend(pages);
            }
        }
    }
    let languages = config.languages.iter().zip(all);
    let built = languages.map(|((lang, language), gathered)| {
        let each = language.taxonomies.iter().zip(gathered);
        let each = each.map(|(own, spelled)| taxonomy(library, config, lang, own, spelled));
        (lang.clone(), each.collect())
    });
    built.collect()
}

fn nothing<'l>(config: &Config) -> Gathered<'l> {
    let languages = config.languages.values();
    let taxonomies = languages.map(|language| vec![Spelled::new(); language.taxonomies.len()]);
    taxonomies.collect()
}

/// Adds a page to the terms that it names.
fn add<'l>(gathered: &mut Gathered<'l>, config: &Config, id: PageId, page: &'l Page) {
    let languages = config.languages.iter().zip(gathered);
    for ((lang, language), gathered) in languages {
        if *lang != page.place.lang {
            continue;
        }
        for (name, terms) in &page.front.taxonomies {
            let named = language.taxonomies.iter().zip(&mut *gathered);
            for (_, spelled) in named.filter(|(own, _)| own.name == *name) {
                for term in terms {
                    spelled.entry(term).or_default().push(id);
                }
            }
        }
    }
}

/// A taxonomy with all its terms.
fn taxonomy(
    library: &Library,
    config: &Config,
    lang: &str,
    own: &TaxonomyConfig,
    spelled: Spelled<'_>,
) -> Taxonomy {
    let root = config.taxonomy_root.as_deref();
    let mut parts: Vec<&str> = Vec::new();
    parts.extend((lang != config.default_language).then_some(lang));
    parts.extend(root.map(|root| root.trim_matches('/')));
    parts.push(&own.slug);
    let path = format!("/{}/", parts.join("/"));
    let mut by_slug: BTreeMap<String, (Vec<String>, Vec<PageId>)> = BTreeMap::new();
    for (name, more) in spelled {
        let slug = slugs::slugify_taxonomy(name, config.slugify.taxonomies);
        let (spellings, pages) = by_slug.entry(slug).or_default();
        spellings.push(name.to_owned());
        pages.extend(more);
    }
    let term = |(slug, (mut spellings, mut pages)): (String, (Vec<String>, Vec<PageId>))| {
        spellings.sort();
        // A page may spell a term in two ways.
        pages.sort_unstable_by_key(|id| library.by_date[*id]);
        pages.dedup();
        let path = format!("{path}{slug}/");
        Term {
            name: spellings[0].clone(),
            spellings,
            slug,
            permalink: config.make_permalink(&path),
            path,
            pages,
        }
    };
    Taxonomy {
        config: own.clone(),
        lang: lang.to_owned(),
        permalink: config.make_permalink(&path),
        terms: by_slug.into_par_iter().map(term).collect::<Vec<_>>().into(),
        path,
    }
}
