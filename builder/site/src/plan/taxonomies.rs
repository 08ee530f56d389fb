//! Lists of terms, and the pages of each term. A mistake in the name of a term is told where a page
//! has it.

use super::{Claims, FeedOf, OfTaxonomy, OfTerm, PlannedOutput, Rank, Recipe, want_feeds};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::facts::Page;
use crate::library::Library;
use crate::library::taxonomies::{Taxonomy, TaxonomyId, Term, TermId};
use crate::pagination::Pagination;
use crate::pagination::{self, numbered_path, part_path};

pub(super) fn want(
    wanted: &mut Claims<'_>,
    config: &Config,
    lang: &str,
    id: TaxonomyId,
    taxonomy: &Taxonomy,
) {
    if taxonomy.terms.is_empty() || !taxonomy.config.render {
        return;
    }
    let source = wanted.config_key.clone();
    let recipe = Recipe::Taxonomy(Box::new(OfTaxonomy {
        lang: lang.to_owned(),
        taxonomy: id,
    }));
    wanted.want_at_path(&taxonomy.path, Rank::List, &source, recipe);
    for (position, term) in taxonomy.terms.named() {
        let term_id = TermId {
            taxonomy: id,
            position,
        };
        let Term {
            path,
            permalink,
            pages,
            ..
        } = term;
        let recipe = |pager| {
            Recipe::Term(Box::new(OfTerm {
                lang: lang.to_owned(),
                term: term_id,
                pager,
            }))
        };
        // Nothing can lie below a path that has an empty part.
        if term.slug.is_empty() {
            wanted.want_at_path(path, Rank::List, &source, recipe(None));
            continue;
        }
        match Pagination::of_term(taxonomy) {
            None => wanted.want_at_path(path, Rank::List, &source, recipe(None)),
            Some(pagination) => {
                for index in 1..=pagination::count(pages.len(), &pagination) {
                    let at = part_path(path, &pagination, index);
                    wanted.want_at_path(&at, Rank::List, &source, recipe(Some(index)));
                }
                let first = numbered_path(path, &pagination, 1);
                let redirect = Recipe::Redirect(permalink.clone());
                wanted.want_at_path(&first, Rank::Alias, &source, redirect);
            }
        }
        if taxonomy.config.feed {
            let feed = FeedOf::Term(term_id);
            want_feeds(wanted, config, &source, lang, path, feed);
        }
    }
}

impl Claims<'_> {
    /// Returns what makes an output, for people: its source, or the term that a page has.
    pub(super) fn maker(&self, planned: &PlannedOutput) -> String {
        match self
            .library
            .and_then(|library| term_of(library, &planned.recipe))
        {
            Some((kind, term, page)) => {
                format!("the term `{}` of `{kind}` ({})", term.name, page.place.key)
            }
            None => planned.source.to_string(),
        }
    }

    /// Returns the problem of the output of a term, at a page that has the term; None of others.
    pub(super) fn problem_of_term(&self, recipe: &Recipe, message: &str) -> Option<Diagnostic> {
        let (kind, term, page) = term_of(self.library?, recipe)?;
        let message = format!(
            "the term `{}` of `{kind}` has no page: {message}",
            term.name
        );
        let problem = Diagnostic::error("path", page.place.key.as_str(), message);
        let problem = problem.about(&["taxonomies", kind]);
        Some(problem.hint("spell it with letters or digits, or remove it"))
    }
}

/// The taxonomy and the term that an output is of, and the first of the pages that have it.
fn term_of<'l>(library: &'l Library, recipe: &Recipe) -> Option<(&'l str, &'l Term, &'l Page)> {
    let (lang, id) = match recipe {
        Recipe::Term(of) => (&of.lang, of.term),
        Recipe::Feed(feed) => match feed.of {
            FeedOf::Term(id) => (&feed.lang, id),
            _ => return None,
        },
        _ => return None,
    };
    let (taxonomy, term) = library.term(lang, id)?;
    // In the order of their keys.
    let page = *term.pages.iter().min()?;
    Some((&taxonomy.config.name, term, &library.pages[page]))
}
