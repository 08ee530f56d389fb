//! The search index and its library.

use super::{INDEX, PAGE, text, told, tree, tree_of_accepted};
use sha2::{Digest, Sha256};

const SEARCH: &str = "base_url = \"https://example.org\"\nbuild_search_index = true\n";

#[test]
fn a_library_that_the_site_brings_goes_before_ours() {
    let ours = tree(&[("config.toml", SEARCH), PAGE, INDEX]);
    assert!(text(&ours, "elasticlunr.min.js").contains("@license"));
    let own = tree(&[
        ("config.toml", SEARCH),
        PAGE,
        INDEX,
        ("static/elasticlunr.min.js", "own"),
    ]);
    assert_eq!(
        text(&own, "elasticlunr.min.js"),
        "copy of static/elasticlunr.min.js"
    );
    assert!(own.diagnostics.is_empty(), "{:?}", own.diagnostics);
}

#[test]
fn an_index_that_cannot_be_made_stays_what_it_was() {
    let without_home = "+++\nin_search_index = false\n+++\n";
    let hidden_home = tree(&[
        ("config.toml", SEARCH),
        PAGE,
        INDEX,
        ("content/_index.md", without_home),
    ]);
    let chinese = format!("{SEARCH}default_language = \"zh\"\n");
    let unknown = tree(&[("config.toml", &chinese), PAGE, INDEX]);
    for (site, key, told) in [
        (hidden_home, "search_index.en.js", "in_search_index"),
        (unknown, "search_index.zh.js", "word rules"),
    ] {
        assert!(site.stale.contains(key));
        assert!(
            site.diagnostics
                .iter()
                .any(|d| d.message.contains(told) && d.hint.is_some())
        );
    }
}

#[test]
fn templates_have_the_hash_of_what_is_made_beside_them() {
    let config = format!(
        "{SEARCH}[markdown.highlighting]\nlight_theme = \"a\"\ndark_theme = \"b\"\nstyle = \"class\"\n"
    );
    let names = [
        "search_index.en.js",
        "elasticlunr.min.js",
        "giallo-light.css",
        "giallo-dark.css",
    ];
    let calls = names.map(|name| {
        format!(
            "{{{{ get_hash(path=\"{name}\", sha_type=256, base64=false) }}}} \
             {{{{ get_url(path=\"/{name}\", cachebust=true) }}}}\n"
        )
    });
    let files = [
        ("config.toml", config.as_str()),
        PAGE,
        ("templates/index.html", &calls.concat()),
        ("content/a.md", "+++\ntitle = \"Heron\"\n+++\nGrey.\n"),
    ];
    let site = tree(&files);
    assert!(site.diagnostics.is_empty(), "{:?}", site.diagnostics);
    let lines = names.map(|name| {
        let hash = hex::encode(Sha256::digest(text(&site, name)));
        format!("{hash} https://example.org/{name}?h={}\n", &hash[..20])
    });
    assert_eq!(text(&site, "index.html"), lines.concat());
    assert!(text(&site, names[0]).contains("Heron"));
    // It goes before the pages that name its hash.
    assert!(site.indexes.iter().map(|key| key.as_str()).eq([names[0]]));
}

#[test]
fn a_text_cannot_read_an_index_that_is_made_of_it() {
    let site = tree(&[
        ("config.toml", SEARCH),
        PAGE,
        INDEX,
        (
            "content/a.md",
            "+++\n+++\nfirst\n\n{{ get_hash(path=\"search_index.en.js\") }}\n",
        ),
    ]);
    let told = told(&site);
    assert!(
        told.contains("content/a.md:5") && told.contains("generated from the text of all pages"),
        "{told}"
    );
    assert!(site.objects.contains_key("search_index.en.js"));
}

#[test]
fn an_index_that_cannot_be_made_fails_what_asks_for_its_hash() {
    let site = tree_of_accepted(&[
        ("config.toml", SEARCH),
        PAGE,
        (
            "templates/index.html",
            "{{ get_hash(path=\"search_index.en.js\") }}",
        ),
        ("content/_index.md", "+++\nin_search_index = false\n+++\n"),
    ]);
    assert!(site.stale.contains("index.html"));
    assert!(told(&site).contains("`search_index.en.js` could not be generated"));
}

#[test]
fn colours_are_written_where_they_are_asked_for_and_not_brought() {
    let highlighting = |style: &str| {
        format!(
            "base_url = \"https://example.org\"\n[markdown.highlighting]\ntheme = \"nord\"\nstyle = \"{style}\"\n"
        )
    };
    let (class, inline) = (highlighting("class"), highlighting("inline"));
    let made = tree(&[("config.toml", &class), PAGE, INDEX]);
    assert!(text(&made, "giallo.css").contains(".hl-keyword"));
    let own = ("static/giallo.css", "own");
    let brought = tree(&[("config.toml", &class), PAGE, INDEX, own]);
    assert_eq!(text(&brought, "giallo.css"), "copy of static/giallo.css");
    assert!(brought.diagnostics.is_empty(), "{:?}", brought.diagnostics);
    let none = tree(&[("config.toml", &inline), PAGE, INDEX]);
    assert!(!none.objects.contains_key("giallo.css"));
}
