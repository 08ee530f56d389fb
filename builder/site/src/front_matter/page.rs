//! The front matter of a page.

use super::split::Split;
use super::table::Table;
use super::value::Value;
use crate::dates::Date;
use crate::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A page's front matter, validated (site model, sections 4 and 22).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageFrontMatter {
    /// The title, if any.
    pub title: Option<String>,
    /// A sentence for lists and search engines.
    pub description: Option<String>,
    /// When it was written.
    pub date: Option<Date>,
    /// When it last changed.
    pub updated: Option<Date>,
    /// Not published unless asked for.
    pub draft: bool,
    /// Whether it becomes a file; true by default.
    pub render: bool,
    /// Replaces the slug that the file name gives; never empty.
    pub slug: Option<String>,
    /// Replaces the whole path; never empty.
    pub path: Option<String>,
    /// Taxonomies by name, each with its terms in the order of the file; no term is empty.
    pub taxonomies: Vec<(SmolStr, Vec<SmolStr>)>,
    /// The sort key of sections sorted by weight.
    pub weight: Option<i64>,
    /// The authors, first one first.
    pub authors: Vec<String>,
    /// Paths that redirect here.
    pub aliases: Vec<String>,
    /// The template, if not the section's or `page.html`.
    pub template: Option<String>,
    /// Whether search finds it; true by default.
    pub in_search_index: bool,
    /// Left out of lists, though rendered.
    pub hidden: bool,
    /// Whether feeds carry it; true by default.
    pub include_in_feeds: bool,
    /// Whatever the author's templates want.
    pub extra: Value,
    /// Keys that look misspelt; warnings.
    pub doubts: Vec<Diagnostic>,
}

impl PageFrontMatter {
    /// The terms of a taxonomy.
    pub fn terms(&self, taxonomy: &str) -> &[SmolStr] {
        let found = self.taxonomies.iter().find(|(name, _)| name == taxonomy);
        found.map_or(&[], |(_, terms)| terms)
    }
}

/// Reads a page's front matter. Keys that are not known are tolerated (site model, section 4);
/// those that look like a known one are doubted.
///
/// # Errors
/// Everything that is wrong with it, with lines of the whole file.
pub fn parse_page(file: &str, split: &Split<'_>) -> Result<PageFrontMatter, Vec<Diagnostic>> {
    let (node, source) = super::parse(file, split)?;
    let mut problems = Vec::new();
    let mut table = Table::root(node, &source, &mut problems);
    let mut page = PageFrontMatter {
        title: table.text("title"),
        description: table.text("description"),
        date: table.date("date"),
        updated: table.date("updated"),
        draft: table.flag("draft").unwrap_or(false),
        render: table.flag("render").unwrap_or(true),
        slug: not_empty(&mut table, "slug"),
        path: not_empty(&mut table, "path"),
        taxonomies: taxonomies(&mut table),
        weight: table.integer("weight"),
        authors: plain_texts(&mut table, "authors"),
        aliases: plain_texts(&mut table, "aliases"),
        template: table.text("template"),
        in_search_index: table.flag("in_search_index").unwrap_or(true),
        hidden: table.flag("hidden").unwrap_or(false),
        include_in_feeds: table.flag("include_in_feeds").unwrap_or(true),
        extra: table.free_table("extra"),
        doubts: Vec::new(),
    };
    table.doubt_misspelt(
        split.kind,
        &[("tags", "taxonomies"), ("categories", "taxonomies")],
    );
    if problems.iter().any(Diagnostic::is_error) {
        return Err(problems);
    }
    page.doubts = problems;
    Ok(page)
}

/// A list of texts whose places are of no further use.
pub(super) fn plain_texts(table: &mut Table<'_, '_>, name: &'static str) -> Vec<String> {
    table
        .texts(name)
        .unwrap_or_default()
        .into_iter()
        .map(|(text, _)| text)
        .collect()
}

fn not_empty(table: &mut Table<'_, '_>, name: &'static str) -> Option<String> {
    let entry = table.take(name)?;
    let place = entry.node.place;
    match entry.node.data {
        super::tree::Data::Text(text) if text.trim().is_empty() => {
            let message = format!("`{name}` is empty");
            table.problem_with_hint(place, message, "remove the line, or give it a value");
            None
        }
        super::tree::Data::Text(text) => Some(text),
        _ => {
            let message = format!("`{name}` must be text, not {}", entry.node.noun());
            table.problem_with_hint(place, message, "put it in quotes");
            None
        }
    }
}

fn taxonomies(table: &mut Table<'_, '_>) -> Vec<(SmolStr, Vec<SmolStr>)> {
    let mut taxonomies = Vec::new();
    let mut nested = table.table("taxonomies");
    for entry in nested.take_all() {
        let name = entry.key.clone();
        let mut terms = Vec::new();
        for (term, place) in nested.texts_of(entry).unwrap_or_default() {
            if term.trim().is_empty() {
                nested.problem(place, format!("a term of the taxonomy `{name}` is empty"));
            } else {
                terms.push(term.into());
            }
        }
        taxonomies.push((name.into(), terms));
    }
    taxonomies.sort();
    taxonomies
}
