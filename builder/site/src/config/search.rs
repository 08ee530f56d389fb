//! `[search]` (site model, sections 3 and 15).

use crate::front_matter::table::{Table, Unknown};

/// What a search index contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    /// Titles; true by default.
    pub include_title: bool,
    /// Descriptions.
    pub include_description: bool,
    /// Dates.
    pub include_date: bool,
    /// Paths.
    pub include_path: bool,
    /// Bodies; true by default.
    pub include_content: bool,
    /// The longest body, in characters.
    pub truncate_content_length: Option<usize>,
    /// The library it is for.
    pub index_format: IndexFormat,
}

/// The shape of a search index (site model, section 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexFormat {
    /// A script that sets a variable, for elasticlunr.
    ElasticlunrJavascript,
    /// For elasticlunr.
    ElasticlunrJson,
    /// For Fuse.
    FuseJson,
    /// A script that sets a variable, for Fuse.
    FuseJavascript,
}

const INDEX_FORMATS: [(&str, IndexFormat); 4] = [
    ("elasticlunr_javascript", IndexFormat::ElasticlunrJavascript),
    ("elasticlunr_json", IndexFormat::ElasticlunrJson),
    ("fuse_json", IndexFormat::FuseJson),
    ("fuse_javascript", IndexFormat::FuseJavascript),
];

impl IndexFormat {
    /// The word that the configuration uses.
    pub fn name(self) -> &'static str {
        match self {
            IndexFormat::ElasticlunrJavascript => "elasticlunr_javascript",
            IndexFormat::ElasticlunrJson => "elasticlunr_json",
            IndexFormat::FuseJson => "fuse_json",
            IndexFormat::FuseJavascript => "fuse_javascript",
        }
    }

    /// The name of a language's index, at the root of the site.
    pub fn file_name(self, lang: &str) -> String {
        let extension = match self {
            IndexFormat::ElasticlunrJavascript | IndexFormat::FuseJavascript => "js",
            IndexFormat::ElasticlunrJson | IndexFormat::FuseJson => "json",
        };
        format!("search_index.{lang}.{extension}")
    }

    /// True where the index needs elasticlunr's script beside it.
    pub fn needs_library(self) -> bool {
        match self {
            IndexFormat::ElasticlunrJavascript | IndexFormat::ElasticlunrJson => true,
            IndexFormat::FuseJson | IndexFormat::FuseJavascript => false,
        }
    }
}

impl Default for Search {
    fn default() -> Self {
        Search {
            include_title: true,
            include_description: false,
            include_date: false,
            include_path: false,
            include_content: true,
            truncate_content_length: None,
            index_format: IndexFormat::ElasticlunrJavascript,
        }
    }
}

/// What `[search]` of a language says; a shape that it does not name is that of the default language.
pub(super) struct LanguageSearch {
    search: Search,
    index_format: Option<IndexFormat>,
}

impl LanguageSearch {
    pub(super) fn or_as(self, default: Search) -> Search {
        Search {
            index_format: self.index_format.unwrap_or(default.index_format),
            ..self.search
        }
    }
}

/// Takes `[search]` out of a language's table.
pub(super) fn take(table: &mut Table<'_, '_>) -> Option<LanguageSearch> {
    let entry = table.take("search")?;
    let mut table = table.nested("search", entry.node);
    let default = Search::default();
    let search = Search {
        include_title: table.flag("include_title").unwrap_or(default.include_title),
        include_description: table.flag("include_description").unwrap_or(false),
        include_date: table.flag("include_date").unwrap_or(false),
        include_path: table.flag("include_path").unwrap_or(false),
        include_content: table
            .flag("include_content")
            .unwrap_or(default.include_content),
        truncate_content_length: table.count("truncate_content_length"),
        index_format: default.index_format,
    };
    let index_format = table.choice("index_format", &INDEX_FORMATS);
    table.finish(Unknown::Warned);
    Some(LanguageSearch {
        search,
        index_format,
    })
}
