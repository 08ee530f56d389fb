//! Content files that make no page, and what is told of them.

use super::{CONFIG, INDEX, PAGE, page, text, told, tree};

#[test]
fn a_file_in_an_undeclared_language_takes_no_place_and_its_declaration_is_shown() {
    let files = [
        CONFIG,
        PAGE,
        ("templates/index.html", "{{ section.title }}"),
        ("content/_index.md", &page("title = \"Home\"")),
        ("content/_index.de.md", &page("title = \"Heim\"")),
        ("content/a.md", &page("")),
        ("content/a.de.md", &page("")),
        ("content/notes.txt.md", &page("")),
    ];
    let site = tree(&files);
    assert_eq!(text(&site, "index.html"), "Home");
    let lines = "[languages.de]\ntitle = \"…\"";
    let found: Vec<(&str, bool, bool)> = site
        .diagnostics
        .iter()
        .filter(|found| found.code == "language")
        .map(|found| {
            let hint = found.hint.as_deref().unwrap_or_default();
            (found.file.as_str(), found.is_error(), hint.ends_with(lines))
        })
        .collect();
    // A page takes nobody's place.
    let expected = [
        ("content/_index.de.md", true, true),
        ("content/a.de.md", false, true),
    ];
    assert_eq!(found, expected, "{}", told(&site));
    assert!(site.objects.contains_key("a-de/index.html"));
    let declared = format!("{}{lines}\n", CONFIG.1);
    let mut files = files;
    files[0].1 = &declared;
    let site = tree(&files);
    assert_eq!(text(&site, "de/index.html"), "Heim");
    let undeclared = site
        .diagnostics
        .iter()
        .filter(|found| found.code == "language");
    // Of more languages than one, every dot begins one.
    assert_eq!(undeclared.count(), 1, "{}", told(&site));
}

#[test]
fn a_page_whose_slug_is_empty_replaces_nothing() {
    let files = [
        CONFIG,
        PAGE,
        INDEX,
        ("templates/section.html", "section"),
        ("content/_index.md", &page("")),
        ("content/s/_index.md", &page("")),
        ("content/---.md", &page("")),
        ("content/s/….md", &page("")),
        ("content/s/own.md", &page("slug = \"---\"")),
        ("content/s/2024-01-02-.md", &page("")),
        ("content/s/+++.md", &page("slug = \"plus\"")),
        ("content/s/!!!.md", &page("path = \"marks\"")),
    ];
    let site = tree(&files);
    assert_eq!(text(&site, "index.html"), "home");
    assert_eq!(text(&site, "s/index.html"), "section");
    for there in ["s/plus/index.html", "marks/index.html"] {
        assert!(site.objects.contains_key(there), "{there}");
    }
    let told = told(&site);
    for file in ["content/---.md", "content/s/….md", "content/s/own.md"] {
        assert!(
            told.contains(&format!("error[slug] {file}")),
            "{file}: {told}"
        );
    }
    assert!(!told.contains("collision"), "{told}");
    // What is left as it is written may be a slash.
    let off = format!("{}slugify.paths = \"off\"\n", CONFIG.1);
    let site = tree(&[
        ("config.toml", &off),
        PAGE,
        INDEX,
        ("content/_index.md", &page("")),
        ("content/a.md", &page("slug = \"/\"")),
    ]);
    assert_eq!(text(&site, "index.html"), "home");
}

#[test]
fn drafts_are_told_as_such_to_links_and_functions() {
    let get = "{% set p = get_page(path=\"d.md\") %}{{ p.title }}";
    let section = "{% set p = get_section(path=\"s/_index.md\") %}{{ p.title }}";
    let site = tree(&[
        CONFIG,
        PAGE,
        INDEX,
        ("templates/get.html", get),
        ("templates/section-of.html", section),
        ("content/d.md", &page("draft = true")),
        ("content/s/_index.md", &page("draft = true")),
        ("content/s/below.md", &page("")),
        (
            "content/a.md",
            "+++\n+++\n[x](@/d.md)\n\n[y](@/s/below.md)\n\n[z](@/s/_index.md)\n",
        ),
        ("content/b.md", &page("template = \"get.html\"")),
        ("content/c.md", &page("template = \"section-of.html\"")),
    ]);
    let told = told(&site);
    for part in [
        "content/a.md:3:1: there is no page for the link `@/d.md` yet: it is a draft",
        "`@/s/below.md` yet: it is below content/s/_index.md, which is a draft",
        "`@/s/_index.md` yet: it is a draft",
        "content/d.md is a draft",
        "content/s/_index.md is a draft",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn hints_speak_the_format_of_the_file() {
    let site = tree(&[
        CONFIG,
        PAGE,
        INDEX,
        (
            "content/y.md",
            "---\ntitle: A\ntags: [x]\nauthor: me\n---\n",
        ),
        ("content/t.md", "+++\ntitle = \"A\"\ntags = [\"x\"]\n+++\n"),
        ("content/n.md", "title: A\n\nText.\n"),
        ("content/o.md", "title = \"A\"\n"),
        ("content/p.md", "# A\n"),
    ]);
    let hint = |file: &str, part: &str| {
        let mut all = site.diagnostics.iter().filter(|found| found.file == file);
        let hints: Vec<&str> = all
            .by_ref()
            .filter_map(|found| found.hint.as_deref())
            .collect();
        assert!(
            hints.iter().any(|hint| hint.contains(part)),
            "{file}: {hints:?}"
        );
        hints.join("\n")
    };
    let yaml = hint("content/y.md", "below a line `taxonomies:`");
    assert!(hint("content/y.md", "below a line `extra:`") == yaml && !yaml.contains('['));
    hint("content/t.md", "below a line [taxonomies]");
    assert!(!hint("content/n.md", "title: \"…\"").contains("+++"));
    assert!(!hint("content/o.md", "title = \"…\"").contains("---"));
    assert!(hint("content/p.md", "title = \"…\"").contains("title: \"…\""));
}

#[test]
fn posts_at_wrong_keys_are_told() {
    let site = tree(&[
        CONFIG,
        PAGE,
        INDEX,
        ("content/_index.md", &page("")),
        ("content/b.markdown", &page("")),
        ("post.md", &page("")),
    ]);
    let told = told(&site);
    for part in [
        "warning[misplaced] content/b.markdown",
        "warning[misplaced] post.md",
        "upload it as content/post.md",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
