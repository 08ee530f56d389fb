//! The front matter of a section.

use super::page::plain_texts;
use super::split::Split;
use super::table::{Table, Unknown};
use super::value::Value;
use crate::diagnostic::Diagnostic;
use quillfront_markdown::AnchorLinks;
use serde::{Deserialize, Serialize};

/// The words for where a heading carries a link to itself (site model, sections 3 and 5).
pub const ANCHOR_LINKS: [(&str, AnchorLinks); 4] = [
    ("none", AnchorLinks::None),
    ("left", AnchorLinks::Left),
    ("right", AnchorLinks::Right),
    ("heading", AnchorLinks::Heading),
];

/// What the pages of a section are ordered by (site model, sections 5 and 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum SortBy {
    /// Not at all.
    #[default]
    None,
    /// `date`, newest first.
    Date,
    /// The later of `updated` and `date`, newest first.
    UpdateDate,
    /// `title`, as people sort.
    Title,
    /// `title`, by its bytes.
    TitleBytes,
    /// `weight`, lightest first.
    Weight,
    /// The slug, as people sort.
    Slug,
    /// The permalink.
    Permalink,
}

impl SortBy {
    /// The words for it.
    const NAMES: [(&'static str, SortBy); 8] = [
        ("none", SortBy::None),
        ("date", SortBy::Date),
        ("update_date", SortBy::UpdateDate),
        ("title", SortBy::Title),
        ("title_bytes", SortBy::TitleBytes),
        ("weight", SortBy::Weight),
        ("slug", SortBy::Slug),
        ("permalink", SortBy::Permalink),
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, sort_by)| *sort_by == self)
            .map_or("none", |(name, _)| name)
    }
}

/// A section's front matter, validated (site model, section 5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SectionFrontMatter {
    /// The title, if any.
    pub title: Option<String>,
    /// A sentence for lists and search engines.
    pub description: Option<String>,
    /// The order of its pages.
    pub sort_by: SortBy,
    /// The sort key among its sister sections; 0 by default.
    pub weight: i64,
    /// Not published, nor anything below it, unless asked for.
    pub draft: bool,
    /// The template, if not `section.html` or `index.html`.
    pub template: Option<String>,
    /// Pages per pager; never 0; none means no pagination.
    pub paginate_by: Option<usize>,
    /// Pagers count from the last page.
    pub paginate_reversed: bool,
    /// The path of pagers below the section's; `page` by default, may be empty.
    pub paginate_path: String,
    /// Overrides the site's setting for its pages.
    pub insert_anchor_links: Option<AnchorLinks>,
    /// Whether it becomes a file; true by default.
    pub render: bool,
    /// Where a reader is sent instead of to the section.
    pub redirect_to: Option<String>,
    /// Whether search finds it and its pages; true by default.
    pub in_search_index: bool,
    /// Hands its pages to its parent.
    pub transparent: bool,
    /// The template of pages below that name none.
    pub page_template: Option<String>,
    /// Paths that redirect here.
    pub aliases: Vec<String>,
    /// Whether it has feeds of its own.
    pub generate_feeds: bool,
    /// Whatever the author's templates want.
    pub extra: Value,
}

/// What an `_index.md` without any key says; a directory without one is treated the same.
impl Default for SectionFrontMatter {
    fn default() -> Self {
        SectionFrontMatter {
            title: None,
            description: None,
            sort_by: SortBy::None,
            weight: 0,
            draft: false,
            template: None,
            paginate_by: None,
            paginate_reversed: false,
            paginate_path: "page".to_owned(),
            insert_anchor_links: None,
            render: true,
            redirect_to: None,
            in_search_index: true,
            transparent: false,
            page_template: None,
            aliases: Vec::new(),
            generate_feeds: false,
            extra: Value::empty_table(),
        }
    }
}

/// Reads a section's front matter. Keys that are not known are errors (site model, section 5).
///
/// # Errors
/// Everything that is wrong with it, with lines of the whole file.
pub fn parse_section(file: &str, split: &Split<'_>) -> Result<SectionFrontMatter, Vec<Diagnostic>> {
    let (node, source) = super::parse(file, split)?;
    let mut problems = Vec::new();
    let mut table = Table::root(node, &source, &mut problems);
    let default = SectionFrontMatter::default();
    let section = SectionFrontMatter {
        title: table.text("title"),
        description: table.text("description"),
        sort_by: table
            .choice("sort_by", &SortBy::NAMES)
            .unwrap_or(default.sort_by),
        weight: table.integer("weight").unwrap_or(default.weight),
        draft: table.flag("draft").unwrap_or(default.draft),
        template: table.text("template"),
        // Pagers of no page are no pagination.
        paginate_by: table.count("paginate_by").filter(|count| *count > 0),
        paginate_reversed: table
            .flag("paginate_reversed")
            .unwrap_or(default.paginate_reversed),
        paginate_path: table.text("paginate_path").unwrap_or(default.paginate_path),
        insert_anchor_links: table.choice("insert_anchor_links", &ANCHOR_LINKS),
        render: table.flag("render").unwrap_or(default.render),
        redirect_to: table.text("redirect_to"),
        in_search_index: table
            .flag("in_search_index")
            .unwrap_or(default.in_search_index),
        transparent: table.flag("transparent").unwrap_or(default.transparent),
        page_template: table.text("page_template"),
        aliases: plain_texts(&mut table, "aliases"),
        generate_feeds: table
            .flag("generate_feeds")
            .unwrap_or(default.generate_feeds),
        extra: table.free_table("extra"),
    };
    table.finish(Unknown::Refused);
    if problems.is_empty() {
        Ok(section)
    } else {
        Err(problems)
    }
}
