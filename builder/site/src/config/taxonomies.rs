//! `taxonomies` (site model, section 3).

use crate::front_matter::table::{Table, Unknown};
use crate::front_matter::tree::{Data, Node};
use crate::slugs::{self, SlugMode};

/// A taxonomy as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxonomyConfig {
    /// The name that pages use; never empty.
    pub name: String,
    /// The part of the URL, by `slugify.taxonomies`.
    pub slug: String,
    /// Pages per pager; never 0; none means no pagination.
    pub paginate_by: Option<usize>,
    /// The path of pagers below a term's; `page` by default.
    pub paginate_path: String,
    /// Whether `paginate_path` was configured: templates see nothing otherwise.
    pub paginate_path_given: bool,
    /// Whether lists and terms become files; true by default.
    pub render: bool,
    /// Whether each term has feeds.
    pub feed: bool,
}

/// Taxonomies of one language: every page of it may have terms of each.
pub const MAX_TAXONOMIES: usize = 100;

/// Takes the taxonomies of one language out of its table.
pub(super) fn take(table: &mut Table<'_, '_>, mode: SlugMode) -> Option<Vec<TaxonomyConfig>> {
    let entry = table.take("taxonomies")?;
    let Data::Array(items) = entry.node.data else {
        table.problem_with_hint(
            entry.node.place,
            format!(
                "`taxonomies` is a list of tables, not {}",
                entry.node.noun()
            ),
            "write it as [{ name = \"tags\" }]",
        );
        return None;
    };
    let mut taxonomies: Vec<TaxonomyConfig> = Vec::with_capacity(items.len());
    for item in items {
        let place = item.place;
        if taxonomies.len() == MAX_TAXONOMIES {
            let message = format!("a language may have at most {MAX_TAXONOMIES} taxonomies");
            table.problem_with_hint(
                place,
                message,
                "turn some of them into terms of one taxonomy",
            );
            break;
        }
        let Some(taxonomy) = taxonomy(table, item, mode) else {
            continue;
        };
        if let Some(other) = taxonomies.iter().find(|other| other.slug == taxonomy.slug) {
            let message = format!(
                "the taxonomies `{}` and `{}` would have the same address, `{}`",
                other.name, taxonomy.name, taxonomy.slug
            );
            table.problem(place, message);
        } else {
            taxonomies.push(taxonomy);
        }
    }
    Some(taxonomies)
}

/// Keys of a taxonomy that are not known are tolerated (site model, section 3), and told.
fn taxonomy(table: &mut Table<'_, '_>, node: Node, mode: SlugMode) -> Option<TaxonomyConfig> {
    let mut table = table.nested("taxonomies", node);
    let place = table.place();
    let name = table.text("name").filter(|name| !name.trim().is_empty());
    let paginate_by = table.count("paginate_by").filter(|count| *count > 0);
    let paginate_path = table.text("paginate_path");
    let render = table.flag("render").unwrap_or(true);
    let feed = table.flag("feed").unwrap_or(false);
    let Some(name) = name else {
        table.problem_with_hint(
            place,
            "a taxonomy has no name".to_owned(),
            "write { name = \"tags\" }",
        );
        return None;
    };
    let slug = slugs::slugify_taxonomy(&name, mode);
    if slug.is_empty() {
        table.problem(
            place,
            format!("the taxonomy's name {name:?} has no characters that a URL can contain"),
        );
        return None;
    }
    table.finish(Unknown::Warned);
    let paginate_path_given = paginate_path.is_some();
    let paginate_path = paginate_path.unwrap_or_else(|| "page".to_owned());
    Some(TaxonomyConfig {
        name,
        slug,
        paginate_by,
        paginate_path,
        paginate_path_given,
        render,
        feed,
    })
}
