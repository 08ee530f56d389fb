//! What templates see of the configuration (site model, section 3, last paragraph).

use quillfront_site::config::markdown::DATA_ATTR_POSITIONS;
use quillfront_site::config::{Config, ExcludedPagers, Highlight, LanguageConfig, TaxonomyConfig};
use quillfront_site::front_matter::{self, ANCHOR_LINKS};
use tera::Value;
use tera::value::Map;

/// The `config` of templates in a language. `mode` is `build`, `serve` or `check`.
pub fn config_value(config: &Config, lang: &str, mode: &str) -> Value {
    let language = config.language(lang);
    let others = config.languages.iter().filter(|(code, _)| *code != lang);
    let others = others.map(|(code, other)| (code.clone().into(), language_value(other)));
    let excluded = match config.exclude_paginated_pages_in_sitemap {
        ExcludedPagers::None => "none",
        ExcludedPagers::All => "all",
    };
    object([
        ("base_url", config.base_url.as_str().into()),
        ("mode", mode.into()),
        ("title", language.title.clone().into()),
        ("description", language.description.clone().into()),
        ("languages", others.collect::<Map>().into()),
        ("default_language", config.default_language.as_str().into()),
        ("generate_feed", language.generate_feeds.into()),
        ("generate_feeds", language.generate_feeds.into()),
        ("feed_filenames", language.feed_filenames.clone().into()),
        ("taxonomies", taxonomies_value(language)),
        ("author", config.author.clone().into()),
        ("build_search_index", language.build_search_index.into()),
        ("extra", free_value(&config.extra)),
        ("markdown", markdown_value(config)),
        (
            "search",
            object([("index_format", language.search.index_format.name().into())]),
        ),
        ("generate_sitemap", config.generate_sitemap.into()),
        ("generate_robots_txt", config.generate_robots_txt.into()),
        ("exclude_paginated_pages_in_sitemap", excluded.into()),
    ])
}

fn markdown_value(config: &Config) -> Value {
    let options = &config.markdown.options;
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
        ("highlighting", highlighting_value(config)),
    ])
}

fn highlighting_value(config: &Config) -> Value {
    let (Some(html), Some(highlight)) = (
        &config.markdown.options.highlighting,
        &config.markdown.highlight,
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

/// The `taxonomy` of templates (site model, section 7).
pub fn taxonomy_value(taxonomy: &TaxonomyConfig) -> Value {
    let paginate_path = taxonomy
        .paginate_path_given
        .then_some(taxonomy.paginate_path.as_str());
    object([
        ("name", taxonomy.name.as_str().into()),
        ("slug", taxonomy.slug.as_str().into()),
        ("paginate_by", taxonomy.paginate_by.into()),
        ("paginate_path", paginate_path.into()),
        ("render", taxonomy.render.into()),
        ("feed", taxonomy.feed.into()),
    ])
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
        .map(taxonomy_value)
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

/// A value that an author gave under `extra`, or in a data file.
pub fn free_value(value: &front_matter::Value) -> Value {
    use front_matter::Value as Free;
    match value {
        Free::Null => Value::none(),
        Free::Bool(value) => Value::from(*value),
        Free::Integer(value) => Value::from(*value),
        Free::Float(value) => Value::from(*value),
        Free::Text(value) => Value::from(value.as_str()),
        Free::Array(items) => Value::from(items.iter().map(free_value).collect::<Vec<_>>()),
        Free::Table(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| (key.clone().into(), free_value(value)));
            Value::from(entries.collect::<Map>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(rest: &str) -> Config {
        let text = format!("base_url = \"https://example.org\"\n{rest}");
        Config::parse("config.toml", &text).unwrap()
    }

    fn render(config: &Config, lang: &str, template: &str) -> String {
        let mut context = tera::Context::new();
        context.insert_value("config", config_value(config, lang, "build"));
        tera::Tera::default()
            .render_str(template, &context, false)
            .unwrap()
    }

    #[test]
    fn templates_see_the_configuration_of_their_language() {
        let config = site(
            "title = \"Main\"\nauthor = \"Me\"\ngenerate_feeds = true\n\
         taxonomies = [{ name = \"tags\", feed = true, paginate_by = 4, paginate_path = \"p\", odd = 1 }]\n\
         [markdown]\nexternal_links_class = \"ext\"\n[search]\nindex_format = \"fuse_json\"\n\
         [languages.sv]\ntitle = \"Svensk\"\ntaxonomies = [{ name = \"taggar\", render = false }]\n\
         [extra]\nsince = 2020-02-02\nlist = [{ a = 1 }, { a = 2 }]\n",
        );
        let template = "{{ config.mode }} {{ config.title }} [{{ config.description }}] {{ config.author }} \
        {{ config.languages | keys | join(sep=`,`) }} {{ config.generate_feed }} {{ config.feed_filenames | join }} \
        {% for t in config.taxonomies %}{{ t.name }} {{ t.slug }} {{ t.render }} {{ t.feed }} {{ t.paginate_by }} {{ t.paginate_path }};{% endfor %} \
        {{ config.search.index_format }} {{ config.markdown.external_links_class }} {{ config.markdown.insert_anchor_links }} \
        {{ config.extra.since }} {{ config.extra.list[1].a }} {{ config.absent is defined }}";
        assert_eq!(
            render(&config, "en", template),
            "build Main [] Me sv true atom.xml tags tags true true 4 p; fuse_json ext none 2020-02-02 2 false"
        );
        assert_eq!(
            render(&config, "sv", template),
            "build Svensk [] Me en false atom.xml taggar taggar false false  ; fuse_json ext none \
         2020-02-02 2 false"
        );
    }
}
