//! `config.toml`, parsed once into a validated form (site model, section 3).
//!
//! Each part owns its keys, its defaults and its checks: [`languages`] with [`taxonomies`] and
//! [`search`], [`markdown`], [`globs`]. `read` brings them together, [`Config::merge_theme`] puts a
//! theme's values below the site's, and [`Config::template_value`] is what templates see of it all.

pub mod globs;
pub mod languages;
pub mod markdown;
mod read;
pub use read::is_language_code;
pub mod search;
pub mod taxonomies;
mod theme;

pub use globs::Globs;
pub use languages::LanguageConfig;
pub use markdown::{Highlight, MarkdownConfig};
pub use search::{IndexFormat, Search};
pub use taxonomies::TaxonomyConfig;

use crate::diagnostic::Diagnostic;
use crate::front_matter::Value;
use crate::key::SourceKey;
use crate::slugs::SlugMode;
use std::collections::BTreeMap;

/// The stable code of every diagnostic about the configuration.
const CODE: &str = "config";

/// A site's configuration (site model, sections 3 and 22). What can differ between languages is in
/// [`Config::languages`] alone, for the default language too.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The root of every permalink; never empty, as written.
    pub base_url: String,
    /// Who writes, where a page does not say.
    pub author: Option<String>,
    /// The folder below `themes/`.
    pub theme: Option<String>,
    /// The language of files that name none; always a key of `languages`.
    pub default_language: String,
    /// Every language by its code, the default one included.
    pub languages: BTreeMap<String, LanguageConfig>,
    /// Entries per feed; none means all.
    pub feed_limit: Option<usize>,
    /// The part of the path that all taxonomies share.
    pub taxonomy_root: Option<String>,
    /// Whether the site's own Sass is compiled; a theme's always is.
    pub compile_sass: bool,
    /// Whether HTML is made smaller.
    pub minify_html: bool,
    /// Content that is not looked at.
    pub ignored_content: Globs,
    /// Static files that are not published, relative to `static/`.
    pub ignored_static: Globs,
    /// Where a build into a folder goes.
    pub output_dir: String,
    /// Whether such a build leaves names that begin with a dot alone.
    pub preserve_dotfiles_in_output: bool,
    /// Whether such a build links static files instead of copying them.
    pub hard_link_static: bool,
    /// Whether there is a `sitemap.xml`; true by default.
    pub generate_sitemap: bool,
    /// Whether there is a `robots.txt`; true by default.
    pub generate_robots_txt: bool,
    /// Which pagers the sitemap leaves out.
    pub exclude_paginated_pages_in_sitemap: ExcludedPagers,
    /// Content whose braces are not templates, relative to `content/`.
    pub skip_content_templating: Globs,
    /// How names become parts of URLs.
    pub slugify: Slugify,
    /// How links are checked.
    pub link_checker: LinkChecker,
    /// How Markdown is rendered.
    pub markdown: MarkdownConfig,
    /// Whatever templates want; a table.
    pub extra: Value,
    /// What the author should know although the configuration is usable.
    pub warnings: Vec<Diagnostic>,
}

/// Which pagers `sitemap.xml` leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExcludedPagers {
    /// None: all are listed.
    None,
    /// All.
    All,
}

/// How names become parts of URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slugify {
    /// Pages; `on` by default.
    pub paths: SlugMode,
    /// Taxonomies and terms; `on` by default.
    pub taxonomies: SlugMode,
    /// Headings; `on` by default.
    pub anchors: SlugMode,
    /// Whether the date at the head of a file's name stays in the slug.
    pub paths_keep_dates: bool,
}

/// How links are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkChecker {
    /// External links that are not tried.
    pub skip_prefixes: Vec<String>,
    /// Links whose anchor is not looked for.
    pub skip_anchor_prefixes: Vec<String>,
    /// Content whose external links are not tried.
    pub ignored_files: Globs,
    /// What a broken link within the site is.
    pub internal_level: Level,
    /// What a broken link to elsewhere is.
    pub external_level: Level,
}

/// What a broken link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A mistake.
    Error,
    /// Worth a look.
    Warn,
}

impl LinkChecker {
    /// True where a broken internal link does not stop its page.
    pub fn internal_level_is_warn(&self) -> bool {
        self.internal_level == Level::Warn
    }
}

impl Config {
    /// Parses and validates `config.toml`.
    ///
    /// # Errors
    /// Everything that is wrong with it, and what is merely doubtful beside it.
    pub fn parse(file: &str, text: &str) -> Result<Config, Vec<Diagnostic>> {
        read::config(file, text)
    }

    /// Puts `[extra]` of `theme.toml` below the site's: tables are merged at every depth, and
    /// where both have a value the site's wins (site model, section 3).
    ///
    /// # Errors
    /// Syntax errors, and names that are a table on one side only. Nothing is merged then.
    pub fn merge_theme(&mut self, file: &str, text: &str) -> Result<(), Vec<Diagnostic>> {
        theme::merge(self, file, text)
    }

    /// What a language sets; the default language's where `code` is none of the site's.
    pub fn language(&self, code: &str) -> &LanguageConfig {
        self.languages
            .get(code)
            .unwrap_or_else(|| &self.languages[&self.default_language])
    }

    /// The full address of a path of the site (site model, section 6): it ends with `/` unless the
    /// path is a feed, has a `#`, or is empty.
    pub fn make_permalink(&self, path: &str) -> String {
        let complete =
            path.is_empty() || path.ends_with('/') || path.contains('#') || self.is_feed_path(path);
        self.url_of(path, if complete { "" } else { "/" })
    }

    /// True for a file that the site passes over: patterns of `content/` are for the whole key, those of
    /// static files for what is below `static/`.
    pub fn ignores(&self, key: &SourceKey) -> bool {
        let key = key.as_str();
        if key.starts_with("content/") {
            return self.ignored_content.is_match(key);
        }
        let of_theme = || {
            let (_, inner) = key.strip_prefix("themes/")?.split_once("/static/")?;
            Some(inner)
        };
        let inner = key.strip_prefix("static/").or_else(of_theme);
        inner.is_some_and(|inner| self.ignored_static.is_match(inner))
    }

    /// The full address of a file: nothing is put behind it.
    pub fn make_file_url(&self, path: &str) -> String {
        self.url_of(path, "")
    }

    fn url_of(&self, path: &str, end: &str) -> String {
        let base = self.base_url.strip_suffix('/').unwrap_or(&self.base_url);
        [base, "/", path.strip_prefix('/').unwrap_or(path), end].concat()
    }

    /// What `[markdown]` and its neighbours mean for rendering.
    pub fn markdown_options(&self) -> quillfront_markdown::Options {
        self.markdown.options.clone()
    }

    /// True for content, relative to `content/`, whose braces are not templates.
    pub fn skips_content_templating(&self, relative: &str) -> bool {
        self.skip_content_templating.is_match(relative)
    }

    /// True where an anchor is not looked for: `link_checker.skip_anchor_prefixes` has the
    /// beginning of the link to `target`, which is relative to `content/`.
    pub fn skips_anchor(&self, target: &str, anchor: &str) -> bool {
        let link = format!("@/{target}#{anchor}");
        self.link_checker
            .skip_anchor_prefixes
            .iter()
            .any(|prefix| link.starts_with(prefix))
    }

    fn is_feed_path(&self, path: &str) -> bool {
        let mut names = self
            .languages
            .values()
            .flat_map(|language| &language.feed_filenames);
        names.any(|name| path.ends_with(name.as_str()))
    }
}

#[cfg(test)]
mod tests;
