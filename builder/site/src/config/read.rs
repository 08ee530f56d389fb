//! The whole of `config.toml`: the root's keys, and the parts in their order.

use super::languages::GivenKeys;
use super::markdown;
use super::search::Search;
use super::{CODE, Config, ExcludedPagers, Globs, LanguageConfig, Level, LinkChecker, Slugify};
use crate::diagnostic::Diagnostic;
use crate::front_matter::parse_toml;
use crate::front_matter::table::{Table, Unknown};
use crate::front_matter::tree::{Data, Source};
use crate::slugs::SlugMode;
use icu_locale_core::LanguageIdentifier;
use std::collections::BTreeMap;

/// A larger configuration is a mistake, or an attempt to keep the builder busy.
const MAX_BYTES: usize = 1024 * 1024;

const SLUG_MODES: [(&str, SlugMode); 3] = [
    ("on", SlugMode::On),
    ("safe", SlugMode::Safe),
    ("off", SlugMode::Off),
];

const LEVELS: [(&str, Level); 2] = [("error", Level::Error), ("warn", Level::Warn)];

const EXCLUDED_PAGERS: [(&str, ExcludedPagers); 2] =
    [("none", ExcludedPagers::None), ("all", ExcludedPagers::All)];

pub(super) fn config(file: &str, text: &str) -> Result<Config, Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Source {
        file,
        text,
        first_line: 1,
        code: CODE,
    };
    if text.len() > MAX_BYTES {
        let message = format!("the configuration is larger than {} KiB", MAX_BYTES / 1024);
        return Err(vec![source.error(None, message)]);
    }
    let root = parse_toml(&source)?;
    let mut problems = Vec::new();
    let mut table = Table::root(root, &source, &mut problems);

    let slugify = slugify(&mut table);
    let default_language = default_language(&mut table);
    let languages = languages(&mut table, &default_language, slugify.taxonomies);
    let link_checker = link_checker(&mut table);
    let mut config = Config {
        base_url: base_url(&mut table),
        author: table.text("author"),
        theme: table.text("theme"),
        default_language,
        languages,
        feed_limit: table.count("feed_limit"),
        taxonomy_root: table.text("taxonomy_root"),
        compile_sass: table.flag("compile_sass").unwrap_or(false),
        minify_html: table.flag("minify_html").unwrap_or(false),
        ignored_content: Globs::take(&mut table, "ignored_content"),
        ignored_static: Globs::take(&mut table, "ignored_static"),
        output_dir: table
            .text("output_dir")
            .unwrap_or_else(|| "public".to_owned()),
        preserve_dotfiles_in_output: table.flag("preserve_dotfiles_in_output").unwrap_or(false),
        hard_link_static: table.flag("hard_link_static").unwrap_or(false),
        generate_sitemap: table.flag("generate_sitemap").unwrap_or(true),
        generate_robots_txt: table.flag("generate_robots_txt").unwrap_or(true),
        exclude_paginated_pages_in_sitemap: table
            .choice("exclude_paginated_pages_in_sitemap", &EXCLUDED_PAGERS)
            .unwrap_or(ExcludedPagers::None),
        skip_content_templating: Globs::take(&mut table, "skip_content_templating"),
        slugify,
        markdown: markdown::take(&mut table, slugify.anchors, link_checker.internal_level),
        link_checker,
        extra: table.free_table("extra"),
        warnings: Vec::new(),
    };
    table.finish(Unknown::Refused);
    if problems.iter().any(Diagnostic::is_error) {
        return Err(problems);
    }
    config.warnings = problems;
    Ok(config)
}

fn base_url(table: &mut Table<'_, '_>) -> String {
    let place = table.place();
    let hint = "write the site's address at the top: base_url = \"https://example.org\"";
    let Some(entry) = table.take("base_url") else {
        table.problem_with_hint(place, "`base_url` is missing".to_owned(), hint);
        return String::new();
    };
    match entry.node.data {
        Data::Text(url) if !url.trim().is_empty() => url,
        Data::Text(_) => {
            table.problem_with_hint(entry.node.place, "`base_url` is empty".to_owned(), hint);
            String::new()
        }
        _ => {
            let message = format!("`base_url` must be text, not {}", entry.node.noun());
            table.problem_with_hint(entry.node.place, message, hint);
            String::new()
        }
    }
}

fn default_language(table: &mut Table<'_, '_>) -> String {
    let default = || "en".to_owned();
    let Some(entry) = table.take("default_language") else {
        return default();
    };
    match entry.node.data {
        Data::Text(code) if is_language_code(&code) => code,
        Data::Text(code) => {
            let message = format!("`default_language` is {code:?}, which is not a language code");
            table.problem_with_hint(entry.node.place, message, "write it as \"en\" or \"pt-BR\"");
            default()
        }
        _ => {
            let message = format!("`default_language` must be text, not {}", entry.node.noun());
            table.problem(entry.node.place, message);
            default()
        }
    }
}

/// Languages of a site: each has outputs of its own, and templates see all of them.
pub const MAX_LANGUAGES: usize = 300;

/// The root's own language keys are the default language's; `[languages.<default>]` may add to
/// them but not repeat them.
fn languages(
    root: &mut Table<'_, '_>,
    default_language: &str,
    slugs: SlugMode,
) -> BTreeMap<String, LanguageConfig> {
    let mut default = GivenKeys::take(root, slugs);
    let mut others = BTreeMap::new();
    let mut tables = root.table("languages");
    for (count, entry) in tables.take_all().into_iter().enumerate() {
        if count == MAX_LANGUAGES {
            let message = format!("a site may have at most {MAX_LANGUAGES} languages");
            tables.problem_with_hint(entry.place, message, "split it into several sites");
            break;
        }
        if !is_language_code(&entry.key) {
            let message = format!("`languages.{}` is not a language code", entry.key);
            tables.problem_with_hint(entry.place, message, "write it as `fr` or `pt-BR`");
            continue;
        }
        let mut table = tables.nested(&entry.key, entry.node);
        let given = GivenKeys::take(&mut table, slugs);
        table.finish(Unknown::Refused);
        if entry.key != default_language {
            others.insert(entry.key, given);
            continue;
        }
        let mut twice = Vec::new();
        default = default.merge(given, &mut twice);
        for key in twice {
            let message =
                format!("`{key}` is set both at the root and in `languages.{default_language}`");
            let hint = "keep one of the two";
            tables.problem_with_hint(entry.place, message, hint);
        }
    }
    // A language without `search` of its own is searched like the default one.
    let search = default.search.take();
    let search = search.map_or_else(Search::default, |own| own.or_as(Search::default()));
    others.insert(default_language.to_owned(), default);
    let configured = |(code, given): (String, GivenKeys)| (code, given.into_config(search));
    others.into_iter().map(configured).collect()
}

fn slugify(root: &mut Table<'_, '_>) -> Slugify {
    let mut table = root.table("slugify");
    let mut mode = |name| table.choice(name, &SLUG_MODES).unwrap_or(SlugMode::On);
    let (paths, taxonomies, anchors) = (mode("paths"), mode("taxonomies"), mode("anchors"));
    let paths_keep_dates = table.flag("paths_keep_dates").unwrap_or(false);
    table.finish(Unknown::Warned);
    Slugify {
        paths,
        taxonomies,
        anchors,
        paths_keep_dates,
    }
}

fn link_checker(root: &mut Table<'_, '_>) -> LinkChecker {
    let mut table = root.table("link_checker");
    let mut prefixes = |name| {
        let texts = table.texts(name).unwrap_or_default();
        texts.into_iter().map(|(text, _)| text).collect()
    };
    let checker = LinkChecker {
        skip_prefixes: prefixes("skip_prefixes"),
        skip_anchor_prefixes: prefixes("skip_anchor_prefixes"),
        ignored_files: Globs::take(&mut table, "ignored_files"),
        internal_level: table
            .choice("internal_level", &LEVELS)
            .unwrap_or(Level::Error),
        external_level: table
            .choice("external_level", &LEVELS)
            .unwrap_or(Level::Error),
    };
    table.finish(Unknown::Warned);
    checker
}

/// True for a Unicode language identifier: language, script, region, variants.
pub fn is_language_code(code: &str) -> bool {
    LanguageIdentifier::try_from_str(code).is_ok()
}
