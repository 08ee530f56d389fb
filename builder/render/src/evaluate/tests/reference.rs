//! Ways of the reference that real sites use, beside what the conformance cases hold.

use super::{CONFIG, INDEX, LIST, PAGE, page, text, told, tree};

#[test]
fn a_path_that_is_not_defined_is_the_address_of_the_site() {
    let own = "{{ get_url(path=config.extra.nothing) }}|{{ get_url(path=none, trailing_slash=true) }}|\
               {{ get_url(path=\"@/a.md#b#c\") }}|{{ get_url(path=\"@/a.md\", lang=nothing) }}";
    let site = tree(&[
        CONFIG,
        PAGE,
        ("templates/index.html", own),
        ("content/a.md", &page("")),
    ]);
    let home = "https://example.org";
    let right = format!("{home}|{home}/|{home}/a/#b|{home}/a/");
    assert_eq!(text(&site, "index.html"), right, "{}", told(&site));
}

#[test]
fn an_alias_with_a_slash_at_the_end_is_a_folder() {
    let aliases = "aliases = [\"old.html\", \"older.html/\", \"/oldest/\"]";
    let site = tree(&[CONFIG, PAGE, INDEX, ("content/a.md", &page(aliases))]);
    for key in ["old.html", "older.html/index.html", "oldest/index.html"] {
        assert!(site.objects.contains_key(key), "{key}");
    }
    assert!(!site.objects.contains_key("older.html"));
}

#[test]
fn a_page_is_looked_up_in_its_language_or_by_the_name_of_its_file() {
    let config = "base_url = \"https://example.org\"\n[languages.fr]\n";
    let own = "{% set p = get_page(path=\"a.fr.md\") %}{{ p.title }}\
               {% set q = get_page(path=\"a.md\", allow_missing=true) %}{{ q.title or \"none\" }}\
               {% set r = get_page(path=\"b.md\", lang=\"fr\", allow_missing=true) %}{{ r.title or \"none\" }}";
    let site = tree(&[
        ("config.toml", config),
        PAGE,
        ("templates/index.html", own),
        ("content/a.md", &page("title = \"A\"")),
        ("content/a.fr.md", &page("title = \"Fa\"")),
        ("content/b.md", &page("title = \"B\"")),
    ]);
    assert_eq!(text(&site, "index.html"), "FaAnone", "{}", told(&site));
    assert_eq!(text(&site, "fr/index.html"), "FaFanone");
    let strict = "{% set p = get_page(path=\"b.md\") %}{{ p.title }}";
    let site = tree(&[
        ("config.toml", config),
        PAGE,
        ("templates/index.html", strict),
        ("content/b.md", &page("")),
    ]);
    assert!(site.objects.contains_key("index.html"));
    assert!(
        told(&site).contains("content/b.md is not in `fr`"),
        "{}",
        told(&site)
    );
}

#[test]
fn a_mistake_in_the_name_of_a_term_is_told_where_a_page_has_it() {
    let config =
        "base_url = \"https://example.org\"\ntaxonomies = [{ name = \"tags\", feed = true }]\n";
    let tagged = |tags: &str| format!("+++\ntitle = \"x\"\n[taxonomies]\ntags = [{tags}]\n+++\n");
    let site = tree(&[
        ("config.toml", config),
        PAGE,
        INDEX,
        ("templates/taxonomy_list.html", "{{ terms | length }}"),
        ("templates/taxonomy_single.html", "{{ term.name }}"),
        ("content/a.md", &tagged("\"good\", \"???\"")),
        ("content/b.md", &tagged("\"Other Thing\"")),
        ("content/c.md", &page("path = \"tags/other-thing\"")),
    ]);
    let told = told(&site);
    assert_eq!(site.diagnostics.len(), 2, "{told}");
    let lines = [
        "content/a.md:4",
        "`???` of `tags`",
        "content/b.md:4",
        "`Other Thing` of `tags`",
    ];
    assert!(lines.iter().all(|line| told.contains(line)), "{told}");
    assert!(told.contains("content/c.md"), "{told}");
    assert!(site.objects.contains_key("tags/good/index.html"));
    assert_eq!(text(&site, "tags/index.html"), "3");
}

#[test]
fn a_file_that_the_site_passes_over_is_not_read() {
    let config = "base_url = \"https://example.org\"\nignored_content = [\"**/draft-*.md\"]\n";
    let broken = "+++\ntitle = \n+++\n";
    let site = tree(&[
        ("config.toml", config),
        PAGE,
        INDEX,
        ("content/draft-a.md", broken),
    ]);
    assert!(site.diagnostics.is_empty(), "{}", told(&site));
    let site = tree(&[CONFIG, PAGE, INDEX, ("content/draft-a.md", broken)]);
    assert!(told(&site).contains("content/draft-a.md"));
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_text() {
    let own = "\u{feff}{% set d = load_data(path=\"data/a.json\") %}{{ d.n }}\
               {{ load_data(path=\"data/b.txt\") }}{{ load_data(literal=\"\u{feff}c\") }}";
    let site = tree(&[
        CONFIG,
        PAGE,
        ("templates/index.html", own),
        ("data/a.json", "\u{feff}{\"n\": 1}"),
        ("data/b.txt", "\u{feff}b"),
    ]);
    assert_eq!(text(&site, "index.html"), "1bc", "{}", told(&site));
}

#[test]
fn a_place_that_differs_in_case_is_found_and_told() {
    let site = tree(&[
        CONFIG,
        PAGE,
        INDEX,
        (
            "content/a.md",
            "+++\n+++\n[x](#Some-Part)\n\n[y](@/b.md#Top)\n\n## Some part\n",
        ),
        ("content/b.md", "+++\n+++\n## Top\n"),
        ("content/c.md", "+++\n+++\n## Top\n\n[z](#tip)\n"),
    ]);
    let told = told(&site);
    assert!(site.objects.contains_key("a/index.html"), "{told}");
    assert!(!site.plan.contains_key("c/index.html"), "{told}");
    let lines = [
        "content/a.md:3",
        "`#some-part`, not `#Some-Part`",
        "content/c.md:5",
        "`#tip`",
    ];
    assert!(lines.iter().all(|line| told.contains(line)), "{told}");
    assert_eq!(
        site.diagnostics.iter().filter(|one| one.is_error()).count(),
        1
    );
}

#[test]
fn a_section_that_sorts_by_update_takes_the_later_of_two_dates() {
    let site = tree(&[
        CONFIG,
        PAGE,
        INDEX,
        LIST,
        ("content/s/_index.md", &page("sort_by = \"update_date\"")),
        (
            "content/s/a.md",
            &page("title = \"a\"\ndate = 2022-01-01\nupdated = 2019-01-01"),
        ),
        (
            "content/s/b.md",
            &page("title = \"b\"\nupdated = 2021-01-01"),
        ),
    ]);
    assert!(text(&site, "s/index.html").starts_with("a[] b[a]"));
}
