//! `[markdown]` (site model, sections 3 and 22).

use super::Level;
use crate::front_matter::ANCHOR_LINKS;
use crate::front_matter::table::{Table, Unknown};
use crate::slugs::SlugMode;
use quillfront_markdown::{AnchorLinks, DataAttrPosition, Highlighting, Options, Shade};

/// How Markdown is rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkdownConfig {
    /// What reaches the HTML.
    pub options: Options,
    /// What else `[markdown.highlighting]` says; none where code is not coloured.
    pub highlight: Option<Highlight>,
}

/// The part of `[markdown.highlighting]` that is a style sheet's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Highlight {
    /// The only theme.
    pub theme: Option<String>,
    /// The theme for light pages; together with `dark_theme`.
    pub light_theme: Option<String>,
    /// The theme for dark pages; together with `light_theme`.
    pub dark_theme: Option<String>,
    /// `inline` or `class`, as templates see it: the HTML always has classes.
    pub style: &'static str,
    /// Grammars of the site's own, relative to the configuration.
    pub extra_grammars: Vec<String>,
    /// Themes of the site's own, relative to the configuration.
    pub extra_themes: Vec<String>,
}

impl Highlight {
    /// Returns the style sheets that are asked for: the name of each file, and its shade. Sites that
    /// were written for Zola link to them by these names.
    pub fn style_sheets(&self) -> Vec<(&'static str, Shade)> {
        match &self.theme {
            _ if self.style != "class" => Vec::new(),
            Some(theme) => vec![("giallo.css", Shade::of_theme(theme))],
            None => vec![
                ("giallo-light.css", Shade::Light),
                ("giallo-dark.css", Shade::Dark),
            ],
        }
    }
}

/// The words for [`DataAttrPosition`].
pub const DATA_ATTR_POSITIONS: [(&str, DataAttrPosition); 4] = [
    ("code", DataAttrPosition::Code),
    ("pre", DataAttrPosition::Pre),
    ("both", DataAttrPosition::Both),
    ("none", DataAttrPosition::None),
];

/// Takes `[markdown]` out of the root; `anchors` and `internal_level` are set elsewhere but bear
/// on rendering.
pub(super) fn take(
    root: &mut Table<'_, '_>,
    anchors: SlugMode,
    internal_level: Level,
) -> MarkdownConfig {
    let mut table = root.table("markdown");
    let (highlighting, highlight) = highlighting(&mut table).unzip();
    let external_links_class = external_links_class(&mut table);
    let insert_anchor_links = table
        .choice("insert_anchor_links", &ANCHOR_LINKS)
        .unwrap_or(AnchorLinks::None);
    let external_links_external = table.flag("external_links_external").unwrap_or(true);
    let mut on = |name| table.flag(name).unwrap_or(false);
    let options = Options {
        render_emoji: on("render_emoji"),
        smart_punctuation: on("smart_punctuation"),
        definition_list: on("definition_list"),
        bottom_footnotes: on("bottom_footnotes"),
        lazy_async_image: on("lazy_async_image"),
        github_alerts: on("github_alerts"),
        external_links_target_blank: on("external_links_target_blank"),
        external_links_no_follow: on("external_links_no_follow"),
        external_links_no_referrer: on("external_links_no_referrer"),
        external_links_external,
        external_links_class,
        highlighting,
        insert_anchor_links,
        slugify_anchors: anchors == SlugMode::On,
        broken_links_warn: internal_level == Level::Warn,
    };
    table.finish(Unknown::Warned);
    MarkdownConfig { options, highlight }
}

/// The class is written into an attribute as it is.
fn external_links_class(table: &mut Table<'_, '_>) -> Option<String> {
    let entry = table.take("external_links_class")?;
    let place = entry.node.place;
    match entry.node.data {
        crate::front_matter::tree::Data::Text(class) if !class.contains(['"', '\'']) => Some(class),
        _ => {
            let message = "`markdown.external_links_class` must be text without quotation marks";
            table.problem(place, message);
            None
        }
    }
}

fn highlighting(markdown: &mut Table<'_, '_>) -> Option<(Highlighting, Highlight)> {
    let entry = markdown.take("highlighting")?;
    let mut table = markdown.nested("highlighting", entry.node);
    let place = table.place();
    let mut texts = |name| {
        let texts = table.texts(name).unwrap_or_default();
        texts.into_iter().map(|(text, _)| text).collect()
    };
    let (extra_grammars, extra_themes) = (texts("extra_grammars"), texts("extra_themes"));
    let highlight = Highlight {
        theme: table.text("theme"),
        light_theme: table.text("light_theme"),
        dark_theme: table.text("dark_theme"),
        style: table
            .choice("style", &[("inline", "inline"), ("class", "class")])
            .unwrap_or("inline"),
        extra_grammars,
        extra_themes,
    };
    let html = Highlighting {
        error_on_missing_language: table.flag("error_on_missing_language").unwrap_or(false),
        data_attr_position: table
            .choice("data_attr_position", &DATA_ATTR_POSITIONS)
            .unwrap_or_default(),
    };
    let themes = (
        &highlight.theme,
        &highlight.light_theme,
        &highlight.dark_theme,
    );
    if !matches!(themes, (Some(_), None, None) | (None, Some(_), Some(_))) {
        let message = "`markdown.highlighting` does not name a theme".to_owned();
        table.problem_with_hint(
            place,
            message,
            "set `theme`, or `light_theme` and `dark_theme`",
        );
    }
    table.finish(Unknown::Refused);
    Some((html, highlight))
}
