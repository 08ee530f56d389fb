//! What templates see of the configuration (site model, section 3, last paragraph).

use super::markdown::DATA_ATTR_POSITIONS;
use super::{Config, ExcludedPagers, Highlight, LanguageConfig, TaxonomyConfig};
use crate::front_matter::ANCHOR_LINKS;
use tera::Value;
use tera::value::Map;

impl Config {
    /// The `config` of templates in a language. `mode` is `build`, `serve` or `check`.
    pub fn template_value(&self, lang: &str, mode: &str) -> Value {
        let language = self.language(lang);
        let others = self.languages.iter().filter(|(code, _)| *code != lang);
        let others = others.map(|(code, other)| (code.clone().into(), language_value(other)));
        let excluded = match self.exclude_paginated_pages_in_sitemap {
            ExcludedPagers::None => "none",
            ExcludedPagers::All => "all",
        };
        object([
            ("base_url", self.base_url.as_str().into()),
            ("mode", mode.into()),
            ("title", language.title.clone().into()),
            ("description", language.description.clone().into()),
            ("languages", others.collect::<Map>().into()),
            ("default_language", self.default_language.as_str().into()),
            ("generate_feed", language.generate_feeds.into()),
            ("generate_feeds", language.generate_feeds.into()),
            ("feed_filenames", language.feed_filenames.clone().into()),
            ("taxonomies", taxonomies_value(language)),
            ("author", self.author.clone().into()),
            ("build_search_index", language.build_search_index.into()),
            ("extra", self.extra.to_template()),
            ("markdown", self.markdown_value()),
            (
                "search",
                object([("index_format", language.search.index_format.name().into())]),
            ),
            ("generate_sitemap", self.generate_sitemap.into()),
            ("generate_robots_txt", self.generate_robots_txt.into()),
            ("exclude_paginated_pages_in_sitemap", excluded.into()),
        ])
    }

    fn markdown_value(&self) -> Value {
        let options = &self.markdown.options;
        let anchors = word_for(&ANCHOR_LINKS, options.insert_anchor_links);
        object([
            ("render_emoji", options.render_emoji.into()),
            ("smart_punctuation", options.smart_punctuation.into()),
            ("definition_list", options.definition_list.into()),
            ("bottom_footnotes", options.bottom_footnotes.into()),
            ("lazy_async_image", options.lazy_async_image.into()),
            ("github_alerts", options.github_alerts.into()),
            ("insert_anchor_links", anchors.into()),
            (
                "external_links_target_blank",
                options.external_links_target_blank.into(),
            ),
            (
                "external_links_no_follow",
                options.external_links_no_follow.into(),
            ),
            (
                "external_links_no_referrer",
                options.external_links_no_referrer.into(),
            ),
            (
                "external_links_external",
                options.external_links_external.into(),
            ),
            (
                "external_links_class",
                options.external_links_class.clone().into(),
            ),
            ("highlighting", self.highlighting_value()),
        ])
    }

    fn highlighting_value(&self) -> Value {
        let (Some(html), Some(highlight)) = (
            &self.markdown.options.highlighting,
            &self.markdown.highlight,
        ) else {
            return Value::none();
        };
        let Highlight {
            theme,
            light_theme,
            dark_theme,
            style,
            extra_grammars,
            extra_themes,
        } = highlight;
        let position = word_for(&DATA_ATTR_POSITIONS, html.data_attr_position);
        object([
            ("theme", theme.clone().into()),
            ("light_theme", light_theme.clone().into()),
            ("dark_theme", dark_theme.clone().into()),
            ("style", (*style).into()),
            (
                "error_on_missing_language",
                html.error_on_missing_language.into(),
            ),
            ("data_attr_position", position.into()),
            ("extra_grammars", extra_grammars.clone().into()),
            ("extra_themes", extra_themes.clone().into()),
        ])
    }
}

impl TaxonomyConfig {
    /// The `taxonomy` of templates (site model, section 7).
    pub fn template_value(&self) -> Value {
        let paginate_path = self
            .paginate_path_given
            .then_some(self.paginate_path.as_str());
        object([
            ("name", self.name.as_str().into()),
            ("slug", self.slug.as_str().into()),
            ("paginate_by", self.paginate_by.into()),
            ("paginate_path", paginate_path.into()),
            ("render", self.render.into()),
            ("feed", self.feed.into()),
        ])
    }
}

fn language_value(language: &LanguageConfig) -> Value {
    let search = &language.search;
    let translations = language
        .translations
        .iter()
        .map(|(key, text)| (key.clone().into(), Value::from(text.as_str())));
    object([
        ("title", language.title.clone().into()),
        ("description", language.description.clone().into()),
        ("generate_feeds", language.generate_feeds.into()),
        ("feed_filenames", language.feed_filenames.clone().into()),
        ("taxonomies", taxonomies_value(language)),
        ("build_search_index", language.build_search_index.into()),
        (
            "search",
            object([
                ("include_title", search.include_title.into()),
                ("include_description", search.include_description.into()),
                ("include_date", search.include_date.into()),
                ("include_path", search.include_path.into()),
                ("include_content", search.include_content.into()),
                (
                    "truncate_content_length",
                    search.truncate_content_length.into(),
                ),
                ("index_format", search.index_format.name().into()),
            ]),
        ),
        ("translations", translations.collect::<Map>().into()),
    ])
}

fn taxonomies_value(language: &LanguageConfig) -> Value {
    language
        .taxonomies
        .iter()
        .map(TaxonomyConfig::template_value)
        .collect::<Vec<_>>()
        .into()
}

fn word_for<T: PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words
        .iter()
        .find(|(_, other)| *other == value)
        .map_or("", |(word, _)| word)
}

fn object<const N: usize>(entries: [(&'static str, Value); N]) -> Value {
    entries
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect::<Map>()
        .into()
}
