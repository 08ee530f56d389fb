//! Lists of pages: of terms, taxonomies and pagers, and as far into each as a shape reads.

use super::fields::{Fields, array, marked};
use super::{Detail, View, page, page_mark};
use crate::graph::{Neighbours, list_mark, value_mark};
use crate::render::configuration;
use crate::render::content::Projection;
use crate::render::readings::Part;
use quillfront_site::fingerprint::Mark;
use quillfront_site::library::PageId;
use quillfront_site::library::taxonomies::{Taxonomy, Term};
use quillfront_site::pagination::{self, Pager, Pagination, base_path, part_path};
use quillfront_templates::reads::{Shape, WHOLE};
use tera::Value;

/// A list of which only what a shape reads is made: it is as long where that is read.
pub(super) fn listed<'a>(
    shape: &'a Shape,
    len: usize,
    make: impl Fn(usize, &'a Shape) -> Value,
) -> Value {
    let Shape::Parts(parts) = shape else {
        return array((0..len).map(|index| make(index, &WHOLE)).collect());
    };
    let (first, each) = match &parts.items {
        Some(items) => (items.first.unwrap_or(len).min(len), &items.shape),
        None => (0, &WHOLE),
    };
    // One that is not empty stays so.
    let shown = if parts.length {
        len
    } else {
        first.max(len.min(1))
    };
    let one = |index| {
        if index < first {
            make(index, each)
        } else {
            Value::none()
        }
    };
    array((0..shown).map(one).collect())
}

/// Pages as lists see them, with their neighbours, or as feeds do, without.
pub fn pages(view: View<'_>, ids: &[PageId], shape: &Shape, neighbours: Neighbours) -> Value {
    match view.detail {
        Detail::Full => array(
            ids.iter()
                .map(|id| page(view, *id, shape, neighbours))
                .collect(),
        ),
        Detail::Read => listed(shape, ids.len(), |index, shape| {
            page(view, ids[index], shape, neighbours)
        }),
        Detail::Marks(_) => marked(list_mark(shape, ids.len(), |index, shape| {
            page_mark(view, ids[index], shape, neighbours)
        })),
        Detail::Bodies(_) | Detail::Sources(_) => {
            if shape.reads_length() {
                view.note_pages(ids, &Part::There);
            }
            // The same walk; what it makes of it is not used.
            list_mark(shape, ids.len(), |index, shape| {
                page(view, ids[index], shape, neighbours);
                Mark::of(&[])
            });
            Value::none()
        }
    }
}

/// `taxonomy`: how it is configured.
pub fn taxonomy_kind(taxonomy: &Taxonomy) -> Value {
    configuration::taxonomy_value(&taxonomy.config)
}

/// A term, with its pages or without.
pub fn term(view: View<'_>, term: &Term, with_pages: bool, shape: &Shape) -> Value {
    view.note_pages(&term.pages, &Part::Field("taxonomies".into()));
    let fields = Fields::of(view.detail, shape)
        .set("name", term.name.as_str())
        .set("slug", term.slug.as_str())
        .set("path", term.path.as_str())
        .set("permalink", term.permalink.as_str())
        .set("page_count", term.pages.len());
    if with_pages {
        fields
            .with("pages", |shape| {
                pages(view, &term.pages, shape, Neighbours::Shown)
            })
            .build()
    } else {
        fields.build()
    }
}

/// All terms of a taxonomy.
pub fn terms(view: View<'_>, taxonomy: &Taxonomy, shape: &Shape) -> Value {
    let terms: &[Term] = &taxonomy.terms;
    match view.detail {
        Detail::Full => array(
            terms
                .iter()
                .map(|one| term(view, one, true, shape))
                .collect(),
        ),
        Detail::Read => listed(shape, terms.len(), |index, shape| {
            term(view, &terms[index], true, shape)
        }),
        Detail::Marks(_) | Detail::Bodies(_) | Detail::Sources(_) => {
            marked(list_mark(shape, terms.len(), |index, shape| {
                value_mark(&term(view, &terms[index], true, shape), shape)
            }))
        }
    }
}

/// What `get_taxonomy` answers.
pub fn taxonomy(view: View<'_>, taxonomy: &Taxonomy, shape: &Shape) -> Value {
    let make = || taxonomy_value(view, taxonomy, shape);
    let Taxonomy { lang, config, .. } = taxonomy;
    match view.detail {
        Detail::Read => {
            let of = Projection::Taxonomy(lang.clone(), config.name.clone());
            view.contents.projected(shape, of, make)
        }
        Detail::Full | Detail::Marks(_) | Detail::Bodies(_) | Detail::Sources(_) => make(),
    }
}

pub(super) fn taxonomy_value(view: View<'_>, taxonomy: &Taxonomy, shape: &Shape) -> Value {
    Fields::of(view.detail, shape)
        .with("kind", |_| taxonomy_kind(taxonomy))
        .set("lang", taxonomy.lang.as_str())
        .set("permalink", taxonomy.permalink.as_str())
        .with("items", |shape| terms(view, taxonomy, shape))
        .build()
}

/// What the pagers of one list have in common.
pub struct PagerList<'a> {
    /// The list's own path.
    pub path: &'a str,
    /// How it is cut.
    pub pagination: &'a Pagination,
    /// How many pages it has.
    pub pages: usize,
}

/// `paginator` for one part.
pub fn paginator(view: View<'_>, list: &PagerList<'_>, pager: &Pager, shape: &Shape) -> Value {
    let config = &view.world.config;
    let count = pagination::count(list.pages, list.pagination);
    let at = |index: usize| {
        if (1..=count).contains(&index) {
            let path = part_path(list.path, list.pagination, index);
            Value::from(config.make_permalink(&path))
        } else {
            Value::none()
        }
    };
    let base = || config.make_permalink(&base_path(list.path, list.pagination));
    Fields::of(view.detail, shape)
        .set("paginate_by", list.pagination.paginate_by)
        .with("first", |_| at(1))
        .with("last", |_| at(count))
        .with("previous", |_| at(pager.index - 1))
        .with("next", |_| at(pager.index + 1))
        .set("number_pagers", count)
        .with("base_url", |_| Value::from(base()))
        .with("pages", |shape| {
            pages(view, &pager.pages, shape, Neighbours::Shown)
        })
        .set("current_index", pager.index)
        .set("total_pages", list.pages)
        .build()
}
