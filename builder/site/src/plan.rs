//! What is to be published: output key to what makes it. Plain data; nothing is rendered yet.
//!
//! Several sources may want one key. Who gets it is decided by rank and source key, never by
//! order of arrival (invariant 1); each loser is a diagnostic.

use crate::config::Config;
use crate::config::markdown::Highlight;
use crate::diagnostic::Diagnostic;
use crate::edge_files::{self, EdgeFiles};
use crate::facts::{Page, Section};
use crate::index_vec::Id;
use crate::key::{OutputKey, Role, SourceKey};
use crate::library::taxonomies::{TaxonomyId, TermId};
use crate::library::{Library, PageId, SectionId};
use crate::pagination::{self, Pagination, numbered_path, part_path};
use crate::quillfront_toml::{self, OwnConfig, StaticFiles};
use crate::sitemap::{most_entries, sitemap_entries};
use crate::source::Sources;
use crate::style_sheets::style_sheets;
use quillfront_edge_files::Dialect;
use quillfront_headers::RULES_KEY;
use quillfront_images as images;
use quillfront_markdown::Shade;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Bound;

mod taxonomies;
mod thumbnails;
mod wanted;

use wanted::Claims;

/// Who comes first where several want one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rank {
    /// A page.
    Page,
    /// A section and its pagers.
    Section,
    /// Lists of terms, terms, feeds, sitemap, robots.txt, 404.html.
    List,
    /// Redirects.
    Alias,
    /// Static files and files beside pages.
    Static,
}

/// What a feed is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedOf {
    /// All pages of a language.
    Site,
    /// A section.
    Section(SectionId),
    /// A term of the language.
    Term(TermId),
}

/// How an output is made. There are many of pages, so what others need more is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipe {
    /// A page.
    Page(PageId),
    /// A section; `pager` counts from 1 where it is cut into parts.
    Section {
        /// Which.
        section: SectionId,
        /// Which part.
        pager: Option<usize>,
    },
    /// The list of a taxonomy's terms.
    Taxonomy(Box<OfTaxonomy>),
    /// The pages of a term.
    Term(Box<OfTerm>),
    /// A feed.
    Feed(Box<Feed>),
    /// Part `n` of the sitemap, counted from 1: `sitemap.xml` where it is the only one.
    Sitemap(usize),
    /// `sitemap.xml` of a large site: the list of so many parts.
    SitemapIndex(usize),
    /// `robots.txt`.
    Robots,
    /// `404.html`.
    NotFound,
    /// The search index of a language.
    SearchIndex(String),
    /// The library that searches an index in the browser.
    SearchLibrary,
    /// The colours of highlighted code.
    HighlightSheet(Shade),
    /// What the edge is told of the site, which no URL reaches.
    Rules,
    /// A redirect to a URL.
    Redirect(String),
    /// A source as it is.
    Copy(SourceKey),
    /// A style sheet, compiled from a Sass file.
    Style(SourceKey),
    /// A picture that a template asked for while it was rendered.
    Picture(Box<ProcessedPicture>),
}

/// The list of a taxonomy's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfTaxonomy {
    /// Language.
    pub lang: String,
    /// Which of the language's taxonomies.
    pub taxonomy: TaxonomyId,
}

/// The pages of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfTerm {
    /// Language.
    pub lang: String,
    /// Which of the language's terms.
    pub term: TermId,
    /// Which part.
    pub pager: Option<usize>,
}

/// A feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Language.
    pub lang: String,
    /// Of what.
    pub of: FeedOf,
    /// The template, which is also the file's name.
    pub template: String,
}

/// A picture that is made of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessedPicture {
    /// The original.
    pub source: SourceKey,
    /// What to make of it.
    pub job: images::Job,
}

impl Recipe {
    /// The source that the output is, or is made of, as a file.
    pub fn file(&self) -> Option<&SourceKey> {
        match self {
            Self::Copy(source) | Self::Style(source) => Some(source),
            Self::Picture(picture) => Some(&picture.source),
            _ => None,
        }
    }
}

/// One output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedOutput {
    /// Its rank.
    pub rank: Rank,
    /// The source that it stands for (of a list: the configuration or the section).
    pub source: SourceKey,
    /// What makes it.
    pub recipe: Recipe,
}

/// Every output of the site.
pub type Plan = BTreeMap<OutputKey, PlannedOutput>;

/// The style sheets from Sass among the outputs, and the source of each.
pub fn style_sheets_of(plan: &Plan) -> impl Iterator<Item = (OutputKey, SourceKey)> {
    plan.iter()
        .filter_map(|(key, planned)| match &planned.recipe {
            Recipe::Style(source) => Some((key.clone(), source.clone())),
            _ => None,
        })
}

/// The pictures among the outputs.
pub fn pictures(plan: &Plan) -> impl Iterator<Item = (&OutputKey, &ProcessedPicture)> {
    let from = plan.range::<str, _>((Bound::Included(PICTURES), Bound::Unbounded));
    let below = from.take_while(|(key, _)| key.as_str().starts_with(PICTURES));
    below.filter_map(|(key, planned)| match &planned.recipe {
        Recipe::Picture(picture) => Some((key, &**picture)),
        _ => None,
    })
}

/// URLs in one sitemap file; more are split (site model, section 13).
pub const SITEMAP_LIMIT: usize = 30_000;

/// Where the pictures that templates ask for lie (site model, section 13).
pub const PICTURES: &str = "processed_images/";

/// Pages that one thread plans in a row.
const PAGES_IN_A_ROW: usize = 512;

/// Plans the whole site.
pub fn plan(
    config: &Config,
    own: &OwnConfig,
    library: &Library,
    sources: &Sources,
    edge_files: &EdgeFiles,
) -> (Plan, Vec<Diagnostic>) {
    let config_key = config_key(sources);
    let nothing = || Claims {
        library: Some(library),
        ..Claims::nothing(own.publishing.static_files, &config_key)
    };
    // There are many more pages than anything else.
    let of_pages: Vec<Claims<'_>> = (0..library.pages.len().div_ceil(PAGES_IN_A_ROW))
        .into_par_iter()
        .map(|part| {
            let mut wanted = nothing();
            wanted.wants.reserve(PAGES_IN_A_ROW);
            let ids = part * PAGES_IN_A_ROW..(part + 1) * PAGES_IN_A_ROW;
            for id in ids.take_while(|id| *id < library.pages.len()) {
                want_page(&mut wanted, library, PageId::at(id));
            }
            wanted
        })
        .collect();
    let mut wanted = nothing();
    let wants = of_pages.iter().map(|part| part.wants.len());
    wanted.wants.reserve(wants.sum());
    for part in of_pages {
        wanted.wants.extend(part.wants);
        wanted.problems.extend(part.problems);
    }
    for id in library.sections.ids() {
        want_section(&mut wanted, config, library, id);
    }
    for (lang, taxonomies) in &library.taxonomies {
        for (id, taxonomy) in taxonomies.named() {
            taxonomies::want(&mut wanted, config, lang, id, taxonomy);
        }
    }
    want_site_files(&mut wanted, config, library);
    want_search(&mut wanted, config, sources);
    want_static(&mut wanted, config, sources, own.dialect);
    if own.has_rules() || edge_files.has_rules() {
        let source = SourceKey::from(quillfront_toml::KEY);
        wanted.want(RULES_KEY, Rank::List, &source, Recipe::Rules);
    }
    let (plan, mut problems) = wanted.granted();
    problems.extend(missing_targets(edge_files, &plan));
    problems.extend(thumbnails::in_their_place(&plan, &own.images.settings));
    (plan, problems)
}

/// What is told of rules that show a path where nothing is published.
fn missing_targets(edge_files: &EdgeFiles, plan: &Plan) -> Vec<Diagnostic> {
    let missing = edge_files.shown.iter().filter_map(|shown| {
        let key = shown.path.trim_start_matches('/');
        let key = if key.is_empty() || key.ends_with('/') {
            format!("{key}index.html")
        } else {
            key.to_owned()
        };
        if plan.contains_key(&*key) {
            return None;
        }
        let hint = if plan.contains_key(&*format!("{key}/index.html")) {
            format!("write {}/, with a slash at its end", shown.path)
        } else {
            "readers get a 404 until it is published".to_owned()
        };
        let message = format!("the rule shows {}, which is not published", shown.path);
        let told = Diagnostic::warning(edge_files::REDIRECTS_CODE, shown.file.as_str(), message);
        Some(told.at(shown.line, None).hint(hint))
    });
    missing.take(edge_files::MAX_TOLD).collect()
}

/// Adds a picture that a render came upon.
///
/// # Errors
/// Something else is made under its key.
pub fn add_picture(
    plan: &mut Plan,
    key: &OutputKey,
    source: &SourceKey,
    job: images::Job,
) -> Result<(), Diagnostic> {
    let recipe = Recipe::Picture(Box::new(ProcessedPicture {
        source: source.clone(),
        job,
    }));
    if plan.get(key).is_some_and(|there| there.recipe == recipe) {
        return Ok(());
    }
    let mut wanted = Claims::nothing(StaticFiles::Yield, source);
    wanted.want(key.as_str(), Rank::Static, source, recipe);
    for (key, planned) in std::mem::take(&mut wanted.wants) {
        let owner = match plan.remove(&key) {
            Some(there) => wanted.owner(&key, there, planned),
            None => planned,
        };
        plan.insert(key, owner);
    }
    wanted.problems.pop().map_or(Ok(()), Err)
}

/// Where a site's configuration may be; the first that was ever good is used.
pub const CONFIGS: [&str; 2] = ["zola.toml", "config.toml"];

/// The configuration's source key.
pub fn config_key(sources: &Sources) -> SourceKey {
    let used = CONFIGS.into_iter().find(|key| sources.exists(key));
    SourceKey::from(used.unwrap_or("config.toml"))
}

/// The path that visitors see: `/blog/post/` of `blog/post/index.html`.
pub fn path_of(key: &OutputKey) -> String {
    let key = key.as_str();
    let folder = key
        .strip_suffix("index.html")
        .filter(|rest| rest.is_empty() || rest.ends_with('/'));
    format!("/{}", folder.unwrap_or(key))
}

fn want_page(wanted: &mut Claims<'_>, library: &Library, id: PageId) {
    let Page {
        place,
        front,
        permalink,
        ..
    } = &*library.pages[id];
    let path = library.pages[id].path();
    if !library.is_rendered(id) {
        return;
    }
    let source = &place.key;
    wanted.want_at_path(path, Rank::Page, source, Recipe::Page(id));
    want_aliases(wanted, &front.aliases, source, permalink);
    let folder = source.folder().len() + 1;
    for asset in library.page_assets(id) {
        let below = &asset.as_str()[folder..];
        let key = format!("{}{below}", path.trim_start_matches('/'));
        wanted.want(&key, Rank::Static, asset, Recipe::Copy(asset.clone()));
    }
}

fn want_aliases(wanted: &mut Claims<'_>, aliases: &[String], source: &SourceKey, permalink: &str) {
    for alias in aliases {
        let alias = alias.trim();
        let path = alias.trim_matches('/');
        // With a slash at the end it is a folder, whatever its name.
        let key = if path.ends_with(".html") && !alias.ends_with('/') {
            path.to_owned()
        } else if path.is_empty() {
            "index.html".to_owned()
        } else {
            format!("{path}/index.html")
        };
        wanted.want(
            &key,
            Rank::Alias,
            source,
            Recipe::Redirect(permalink.to_owned()),
        );
    }
}

fn want_section(wanted: &mut Claims<'_>, config: &Config, library: &Library, id: SectionId) {
    let section = &library.sections[id];
    let Section {
        place,
        front,
        path,
        permalink,
        ..
    } = section;
    let source = &place.key;
    want_aliases(wanted, &front.aliases, source, permalink);
    if front.generate_feeds {
        want_feeds(
            wanted,
            config,
            source,
            &place.lang,
            path,
            FeedOf::Section(id),
        );
    }
    if !front.render {
        return;
    }
    if let Some(target) = &front.redirect_to {
        let target = if target.contains("://") {
            target.clone()
        } else {
            config.make_permalink(&format!("/{}", target.trim_start_matches('/')))
        };
        wanted.want_at_path(path, Rank::Section, source, Recipe::Redirect(target));
        return;
    }
    let folder = source.folder().len() + 1;
    for asset in library.section_assets(id) {
        let key = format!(
            "{}{}",
            path.trim_start_matches('/'),
            &asset.as_str()[folder..]
        );
        wanted.want(&key, Rank::Static, asset, Recipe::Copy(asset.clone()));
    }
    let Some(pagination) = Pagination::of_section(section) else {
        let recipe = Recipe::Section {
            section: id,
            pager: None,
        };
        wanted.want_at_path(path, Rank::Section, source, recipe);
        return;
    };
    for index in 1..=pagination::count(library.section_links[id].pages.len(), &pagination) {
        let recipe = Recipe::Section {
            section: id,
            pager: Some(index),
        };
        let at = part_path(path, &pagination, index);
        wanted.want_at_path(&at, Rank::Section, source, recipe);
    }
    let first = numbered_path(path, &pagination, 1);
    wanted.want_at_path(
        &first,
        Rank::Alias,
        source,
        Recipe::Redirect(permalink.clone()),
    );
}

fn want_feeds(
    wanted: &mut Claims<'_>,
    config: &Config,
    source: &SourceKey,
    lang: &str,
    path: &str,
    of: FeedOf,
) {
    for name in &config.languages[lang].feed_filenames {
        let recipe = Recipe::Feed(Box::new(Feed {
            lang: lang.to_owned(),
            of: of.clone(),
            template: name.clone(),
        }));
        wanted.want(
            &format!("{}{name}", path.trim_start_matches('/')),
            Rank::List,
            source,
            recipe,
        );
    }
}

fn want_site_files(wanted: &mut Claims<'_>, config: &Config, library: &Library) {
    let source = wanted.config_key.clone();
    for (lang, language) in &config.languages {
        if language.generate_feeds {
            let path = if *lang == config.default_language {
                "/".into()
            } else {
                format!("/{lang}/")
            };
            want_feeds(wanted, config, &source, lang, &path, FeedOf::Site);
        }
    }
    if config.generate_sitemap {
        let parts = sitemap_parts(config, library);
        let recipe = match parts {
            0 | 1 => Recipe::Sitemap(1),
            parts => Recipe::SitemapIndex(parts),
        };
        wanted.want("sitemap.xml", Rank::List, &source, recipe);
        if parts > 1 {
            for part in 1..=parts {
                let recipe = Recipe::Sitemap(part);
                wanted.want(&format!("sitemap{part}.xml"), Rank::List, &source, recipe);
            }
        }
    }
    if config.generate_robots_txt {
        wanted.want("robots.txt", Rank::List, &source, Recipe::Robots);
    }
    wanted.want("404.html", Rank::List, &source, Recipe::NotFound);
}

fn want_search(wanted: &mut Claims<'_>, config: &Config, sources: &Sources) {
    let source = wanted.config_key.clone();
    let mut needs_library = false;
    for (lang, language) in &config.languages {
        if language.build_search_index {
            let format = language.search.index_format;
            needs_library |= format.needs_library();
            let recipe = Recipe::SearchIndex(lang.clone());
            let key = format.file_name(lang);
            wanted.want(&key, Rank::List, &source, recipe);
        }
    }
    // A site or a theme that brings the library has its own version of it.
    let own = format!("static/{SEARCH_LIBRARY}");
    let themed = config
        .theme
        .as_ref()
        .is_some_and(|theme| sources.exists(&format!("themes/{theme}/{own}")));
    if needs_library && !themed && !sources.exists(&own) {
        let recipe = Recipe::SearchLibrary;
        wanted.want(SEARCH_LIBRARY, Rank::List, &source, recipe);
    }
}

/// The key of what [`Recipe::SearchLibrary`] makes.
const SEARCH_LIBRARY: &str = "elasticlunr.min.js";

fn sitemap_parts(config: &Config, library: &Library) -> usize {
    if most_entries(config, library) <= SITEMAP_LIMIT {
        return 1;
    }
    let entries = sitemap_entries(config, library).len();
    entries.div_ceil(SITEMAP_LIMIT)
}

fn want_static(
    wanted: &mut Claims<'_>,
    config: &Config,
    sources: &Sources,
    dialect: Option<Dialect>,
) {
    let (sheets, mut problems) = style_sheets(config, sources);
    wanted.problems.append(&mut problems);
    let recipes = sheets
        .into_iter()
        .map(|(css, key)| (css, Recipe::Style(key)));
    let mut files: BTreeMap<String, Recipe> = recipes.collect();
    let themed = config
        .theme
        .as_ref()
        .map(|theme| format!("themes/{theme}/static/"));
    for (name, shade) in config
        .markdown
        .highlight
        .iter()
        .flat_map(Highlight::style_sheets)
    {
        let recipe = Recipe::HighlightSheet(shade);
        files.entry(name.to_owned()).or_insert(recipe);
    }
    // The site's own files come last and so replace the theme's, and what is made.
    for prefix in themed.iter().map(String::as_str).chain(["static/"]) {
        for (key, _) in sources.under(prefix) {
            let inner = &key.as_str()[prefix.len()..];
            // What other programs put there while they build, to be made anew here.
            let made = inner.starts_with(PICTURES);
            let is_file = match key.role() {
                Role::Static => true,
                Role::EdgeFile => dialect.is_none(),
                _ => false,
            };
            if is_file && !made && !config.ignored_static.is_match(inner) {
                files.insert(inner.to_owned(), Recipe::Copy(key.clone()));
            }
        }
    }
    let config_key = wanted.config_key.clone();
    for (inner, recipe) in files {
        match &recipe {
            Recipe::Copy(source) | Recipe::Style(source) => {
                let source = source.clone();
                wanted.want(&inner, Rank::Static, &source, recipe);
            }
            _ => wanted.want(&inner, Rank::List, &config_key, recipe),
        }
    }
}
