//! The search index and its library.

use super::{INDEX, PAGE, text, tree};

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
