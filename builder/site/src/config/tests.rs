use super::read::MAX_LANGUAGES;
use super::*;
use crate::front_matter::Value;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Config, Vec<Diagnostic>> {
    Config::parse("config.toml", text)
}

fn site(rest: &str) -> Config {
    parse(&format!("base_url = \"https://example.org\"\n{rest}")).unwrap()
}

fn refused(rest: &str) -> Vec<Diagnostic> {
    parse(&format!("base_url = \"https://example.org\"\n{rest}")).unwrap_err()
}

#[test]
fn defaults_are_those_of_the_site_model() {
    let config = site("");
    assert_eq!(
        (config.default_language.as_str(), config.languages.len()),
        ("en", 1)
    );
    assert_eq!(config.language("en").feed_filenames, ["atom.xml"]);
    assert!(config.generate_sitemap && config.generate_robots_txt && !config.compile_sass);
    assert_eq!(config.output_dir, "public");
    assert_eq!(config.slugify.anchors, SlugMode::On);
    let options = config.markdown_options();
    assert!(options.external_links_external && options.slugify_anchors);
    assert!(!options.smart_punctuation && options.highlighting.is_none());
    assert!(config.warnings.is_empty());
}

#[test]
fn the_address_must_be_given() {
    for text in ["title = \"Nowhere\"", "base_url = \"\"", "base_url = 3", ""] {
        let problems = parse(text).unwrap_err();
        assert!(problems[0].message.contains("base_url"), "{problems:?}");
        assert!(problems[0].line.is_some());
    }
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_one() {
    let problems =
        refused("title = \"x\"\ncompile_saas = true\nsearh = {}\n[languages.fr]\ntitel = \"y\"");
    let told: Vec<_> = problems
        .iter()
        .map(|p| (p.line.unwrap(), p.hint.as_deref().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            (6, "did you mean `languages.fr.title`?"),
            (3, "did you mean `compile_sass`?"),
            (4, "did you mean `search`?"),
        ]
    );
    assert!(problems[1].message.contains("compile_saas"));
}

#[test]
fn unknown_keys_further_down_are_warnings() {
    let config = site("[markdown]\nhighlight_code = true\n[search]\nincude_path = true");
    let warnings: Vec<_> = config
        .warnings
        .iter()
        .map(|warning| warning.line.unwrap())
        .collect();
    assert_eq!(warnings, [5, 3]);
    assert!(config.warnings.iter().all(|warning| !warning.is_error()));
    assert!(!refused("[markdown.highlighting]\ntheme = \"x\"\nthem = \"y\"").is_empty());
}

#[test]
fn languages_have_codes_of_languages() {
    let problems = refused("[languages.not_a_language]\n[languages.fr]\n[languages.zh-Hans]");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains("not_a_language"));
    for code in ["eo", "pt-BR", "zh-Hans-CN", "de-1996", "es-419", "sl-rozaj"] {
        assert_eq!(
            site(&format!("[languages.{code}]")).languages.len(),
            2,
            "{code}"
        );
    }
    for code in [
        "x",
        "e-n",
        "fr-",
        "abcd",
        "en-a",
        "\"\"",
        "\"f r\"",
        "\"fr/../x\"",
    ] {
        refused(&format!("[languages.{code}]"));
    }
    refused("default_language = \"no_language_this\"");
}

#[test]
fn the_default_language_may_have_its_own_table() {
    let config = site(
        "default_language = \"de\"\ngenerate_feeds = true\ntranslations = { a = \"A\" }\n\
         [languages.de]\ntitle = \"Backstube\"\ntranslations = { b = \"B\" }\n[languages.en]\n",
    );
    let german = config.language("de");
    assert_eq!(german.title.as_deref(), Some("Backstube"));
    assert!(german.generate_feeds && !config.language("en").generate_feeds);
    assert_eq!(german.translations.len(), 2);
    let problems = refused(
        "title = \"a\"\ntranslations = { a = \"A\" }\n[languages.en]\ntitle = \"b\"\ntranslations.a = \"B\"",
    );
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn permalinks_end_with_a_slash_unless_they_are_files() {
    for base in ["https://example.org", "https://example.org/"] {
        let config = parse(&format!(
            "base_url = \"{base}\"\n[languages.fr]\nfeed_filenames = [\"news.xml\"]"
        ));
        let config = config.unwrap();
        for (path, expected) in [
            ("", "https://example.org/"),
            ("/", "https://example.org/"),
            ("/a/b", "https://example.org/a/b/"),
            ("a/b/", "https://example.org/a/b/"),
            ("/a#b", "https://example.org/a#b"),
            ("/blog/atom.xml", "https://example.org/blog/atom.xml"),
            ("/fr/news.xml", "https://example.org/fr/news.xml"),
        ] {
            assert_eq!(config.make_permalink(path), expected);
        }
        assert_eq!(
            config.make_file_url("a/cat.jpg"),
            "https://example.org/a/cat.jpg"
        );
    }
}

#[test]
fn patterns_match_across_folders() {
    let config = site(
        "ignored_content = [\"*.{psd,draft.md}\", \"**/private/**\", \"*/notes.md\"]\n\
         skip_content_templating = [\"raw/**\", \"*/plain-*.md\"]",
    );
    for ignored in ["a/b.psd", "x.draft.md", "blog/private/y.md", "notes.md"] {
        let key = format!("content/{ignored}");
        assert!(config.ignored_content.is_match(&key), "{ignored}");
    }
    assert!(!config.ignored_content.is_match("content/blog/index.md"));
    assert!(config.skips_content_templating("raw/a/b.md"));
    assert!(!config.skips_content_templating("blog/raw.md"));
    assert_eq!(refused("ignored_static = [\"[\", \"a{b\"]").len(), 2);
}

#[test]
fn a_theme_fills_in_what_the_site_leaves_out() {
    let mut config = site("[extra]\ncolour = \"green\"\n[extra.menu]\nfirst = \"from the site\"");
    let theme = "name = \"x\"\n[extra]\ncolour = 3\nsize = 1\n[extra.menu]\nfirst = \"theme\"\nlast = \"theme\"";
    config.merge_theme("themes/x/theme.toml", theme).unwrap();
    let text = |text: &str| Value::Text(text.to_owned());
    let menu = [("first", text("from the site")), ("last", text("theme"))];
    let menu = menu.map(|(name, value)| (name.to_owned(), value));
    let extra = [
        ("colour", text("green")),
        ("menu", Value::Table(menu.to_vec())),
        ("size", Value::Integer(1)),
    ];
    let extra = extra.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(config.extra, Value::Table(extra.to_vec()));

    let before = config.clone();
    let problems = config.merge_theme(
        "themes/x/theme.toml",
        "[extra]\nnew = 1\nmenu = 1\ncolour = {}",
    );
    let problems = problems.unwrap_err();
    assert_eq!(
        problems.iter().map(|p| p.line.unwrap()).collect::<Vec<_>>(),
        [3, 4]
    );
    assert!(problems[0].message.contains("extra.menu"));
    assert_eq!(config, before);
}

#[test]
fn wrong_values_are_told_together() {
    let problems = refused(
        "feed_limit = -1\nfeed_filenames = [\"../x\", \"a/b.xml\", \"\"]\ntaxonomies = [{}, { name = \"a\" }, { name = \"A\" }]\n\
         compile_sass = \"yes\"\nexclude_paginated_pages_in_sitemap = \"some\"\n[slugify]\npaths = \"maybe\"\n\
         [markdown]\nexternal_links_class = 'a\"b'\n[markdown.highlighting]\nlight_theme = \"x\"\n[link_checker]\ninternal_level = 1",
    );
    let mut lines: Vec<_> = problems
        .iter()
        .map(|problem| problem.line.unwrap())
        .collect();
    lines.sort();
    assert_eq!(lines, [2, 3, 3, 4, 4, 5, 6, 8, 10, 11, 14], "{problems:#?}");
}

#[test]
fn highlighting_needs_a_theme() {
    let config = site(
        "[markdown.highlighting]\ntheme = \"x\"\nstyle = \"class\"\ndata_attr_position = \"both\"",
    );
    let highlight = config.markdown.highlight.as_ref().unwrap();
    assert_eq!(highlight.style, "class");
    assert!(config.markdown_options().highlighting.is_some());
    site("[markdown.highlighting]\nlight_theme = \"x\"\ndark_theme = \"y\"");
    refused("[markdown.highlighting]");
}

#[test]
fn hostile_text_is_refused_in_time() {
    refused(&format!("x = {}", "[".repeat(100_000)));
    refused(&format!("{} = 1", vec!["a"; 100_000].join(".")));
    refused(&format!("title = \"{}", "x".repeat(900_000)));
    refused(&"y".repeat(2_000_000));
    refused(&format!(
        "ignored_content = [\"{}\"]",
        "{a,".repeat(100_000)
    ));
    refused(&format!("ignored_content = [\"{}\"]", "{a,".repeat(160)));
    let stars = "*aaa".repeat(120);
    let config = site(&format!("ignored_content = [\"{stars}\"]"));
    assert!(
        !config
            .ignored_content
            .is_match(&format!("content/{}", "aab".repeat(5_000)))
    );
    refused(&"=\n".repeat(400_000));
    refused(&"a=1\n".repeat(200_000));
}

proptest! {
    #[test]
    fn no_text_panics(text in "[-a-z_.=\\[\\]{}\"'0-9, \n#]{0,120}") {
        let _ = parse(&text);
        let _ = site("").merge_theme("theme.toml", &text);
    }
}

#[test]
fn unknown_keys_have_a_place_and_a_nearest_name_at_every_depth() {
    for (text, key, hint) in [
        ("titel = 1", "titel", "title"),
        ("[slugify]\npath = \"on\"", "slugify.path", "slugify.paths"),
        (
            "[link_checker]\ninternal_levle = \"warn\"",
            "link_checker.internal_levle",
            "link_checker.internal_level",
        ),
        (
            "[search]\nindex_fromat = \"fuse_json\"",
            "search.index_fromat",
            "search.index_format",
        ),
        (
            "[markdown]\nrender_emoij = true",
            "markdown.render_emoij",
            "markdown.render_emoji",
        ),
        (
            "[markdown.highlighting]\ntheme = \"a\"\nstyel = \"class\"",
            "markdown.highlighting.styel",
            "markdown.highlighting.style",
        ),
        (
            "[languages.fr]\ndescripton = \"x\"",
            "languages.fr.descripton",
            "languages.fr.description",
        ),
        (
            "[languages.fr.search]\ninclude_titel = true",
            "languages.fr.search.include_titel",
            "languages.fr.search.include_title",
        ),
        (
            "taxonomies = [{ name = \"a\", paginateby = 2 }]",
            "taxonomies.paginateby",
            "taxonomies.paginate_by",
        ),
    ] {
        let told = match parse(&format!("base_url = \"https://example.org\"\n{text}")) {
            Ok(config) => config.warnings,
            Err(problems) => problems,
        };
        let told = &told[0];
        assert!(
            told.message.starts_with(&format!("unknown key `{key}`")),
            "{text}: {told}"
        );
        assert_eq!(
            told.hint.as_deref(),
            Some(format!("did you mean `{hint}`?").as_str()),
            "{text}"
        );
        assert_eq!(told.file, "config.toml");
        assert!(told.line.is_some() && told.column.is_some(), "{told}");
    }
}

/// Each has outputs of its own, whose templates see all of them.
#[test]
fn languages_and_taxonomies_have_a_number() {
    let languages = |count: usize| -> String {
        let code = |n: usize| [n / 676, n / 26 % 26, n % 26].map(|n| (b'a' + n as u8) as char);
        let all = (0..count).map(|n| code(n).iter().collect::<String>());
        all.map(|code| format!("[languages.{code}]\n")).collect()
    };
    assert_eq!(
        site(&languages(MAX_LANGUAGES)).languages.len(),
        MAX_LANGUAGES + 1
    );
    let told = refused(&languages(MAX_LANGUAGES + 1));
    assert!(
        told[0].message.contains("at most 300 languages"),
        "{told:?}"
    );
    assert_eq!(
        told[0].line,
        Some(u32::try_from(MAX_LANGUAGES).unwrap() + 2)
    );
    let names: String = (0..101)
        .map(|n| format!("{{ name = \"t{n}\" }}, "))
        .collect();
    let told = refused(&format!("taxonomies = [{names}]"));
    assert!(
        told[0].message.contains("at most 100 taxonomies"),
        "{told:?}"
    );
}
