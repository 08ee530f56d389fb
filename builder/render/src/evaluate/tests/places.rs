//! Mistakes are told with the file and the line that an author has to go to.

use super::{CONFIG, INDEX, PAGE, page, tree};

/// Code, file and line of all that is told.
fn told(files: &[(&str, &str)]) -> Vec<(String, String, Option<u32>)> {
    let told = tree(files).diagnostics.into_iter();
    told.map(|one| (one.code, one.file, one.line)).collect()
}

fn at(code: &str, file: &str, line: u32) -> (String, String, Option<u32>) {
    (code.to_owned(), file.to_owned(), Some(line))
}

#[test]
fn what_is_found_late_still_names_the_line_of_the_front_matter() {
    let undefined = page("title = \"A\"\n[taxonomies]\ntag = [\"x\"]");
    let elsewhere = page("title = \"B\"\ntemplate = \"none.html\"");
    let themed = "base_url = \"https://e\"\ntheme = \"gone\"\n";
    let found = told(&[
        ("config.toml", themed),
        INDEX,
        PAGE,
        ("content/a.md", &undefined),
        ("content/b.md", &elsewhere),
        ("content/c.md", &page("title = \"C\"")),
        ("content/d.md", &page("title = \"D\"\npath = \"c\"")),
        ("content/e.md", &page("aliases = [\"c\"]")),
    ]);
    assert_eq!(
        found,
        [
            at("collision", "content/d.md", 3),
            at("collision", "content/e.md", 2),
            at("taxonomy", "content/a.md", 4),
            at("template-missing", "content/b.md", 3),
            at("theme", "config.toml", 2),
        ]
    );
}

#[test]
fn a_template_that_a_section_chose_for_its_pages_is_told_of_the_section() {
    let found = told(&[
        CONFIG,
        INDEX,
        PAGE,
        ("templates/section.html", ""),
        (
            "content/a/_index.md",
            &page("title = \"A\"\npage_template = \"none.html\""),
        ),
        ("content/a/b.md", &page("")),
    ]);
    assert_eq!(found, [at("template-missing", "content/a/_index.md", 3)]);
}

#[test]
fn a_mistake_in_a_component_is_told_of_the_component_and_one_in_its_call_of_the_page() {
    let wrong = format!("{}\n\n{{{{ <Box knd=\"x\" /> }}}}\n", page(""));
    let right = format!("{}{{{{ <Box /> }}}}\n", page(""));
    let found = told(&[
        CONFIG,
        INDEX,
        PAGE,
        (
            "templates/box.html",
            "{% component Box(kind: string = \"a\") %}\n{{ kind / 2 }}\n{% endcomponent %}",
        ),
        ("content/a.md", &wrong),
        ("content/b.md", &right),
    ]);
    assert_eq!(
        found,
        [
            at("content-template", "content/a.md", 6),
            at("template", "templates/box.html", 2),
        ]
    );
}

#[test]
fn links_behind_a_component_keep_the_lines_that_the_author_wrote() {
    let box_of_ten = (
        "templates/box.html",
        "{% component Box() %}\n1\n\n2\n\n3\n\n4\n\n5\n{% endcomponent %}",
    );
    let head = page("");
    let text = format!("{head}{{{{ <Box /> }}}}\n\n[x](@/none.md)\n");
    let found = told(&[CONFIG, INDEX, PAGE, box_of_ten, ("content/a.md", &text)]);
    assert_eq!(found, [at("internal-link", "content/a.md", 6)]);
    let text = format!("{head}{{{{ <Box /> }}}}\n\n[x](#none)\n");
    let found = told(&[CONFIG, INDEX, PAGE, box_of_ten, ("content/a.md", &text)]);
    assert_eq!(found, [at("internal-link", "content/a.md", 6)]);
}

#[test]
fn a_template_that_cannot_stand_is_told_once_with_its_line() {
    let broken = [
        ("templates/page.html", "x\n{% extends \"base.html\" %}", 2),
        ("templates/page.html", "\n\n{% extends \"none.html\" %}", 3),
        ("templates/page.html", "a\n{% include \"page.html\" %}", 2),
        ("templates/page.html", "a\n {% if x %}\nb\n", 2),
        ("templates/page.html", "a\n\n{{ page.titel }}", 3),
    ];
    for (file, text, line) in broken {
        let found = told(&[
            CONFIG,
            INDEX,
            ("templates/base.html", ""),
            (file, text),
            ("content/a.md", &page("title = \"A\"")),
            ("content/b.md", &page("title = \"B\"")),
        ]);
        assert_eq!(found, [at("template", file, line)], "{text}");
    }
}

#[test]
fn templates_of_a_theme_are_told_of_the_theme() {
    let found = told(&[
        ("config.toml", "base_url = \"https://e\"\ntheme = \"t\""),
        ("themes/t/theme.toml", ""),
        ("themes/t/templates/index.html", "home"),
        (
            "themes/t/templates/page.html",
            "{% include \"parts/x.html\" %}",
        ),
        ("themes/t/templates/parts/x.html", "\n{{ page.extra.no.x }}"),
        ("content/a.md", &page("title = \"A\"")),
    ]);
    assert_eq!(
        found,
        [at("template", "themes/t/templates/parts/x.html", 2)]
    );
}

#[test]
fn anchors_that_are_not_there_are_warnings_where_the_configuration_says_so() {
    let config = "base_url = \"https://e\"\n[link_checker]\ninternal_level = \"warn\"";
    let text = page("") + "\n[x](#none)\n";
    let files = [
        ("config.toml", config),
        INDEX,
        PAGE,
        ("content/a.md", &text),
    ];
    let site = tree(&files);
    assert_eq!(told(&files), [at("internal-link", "content/a.md", 5)]);
    assert!(!site.diagnostics[0].is_error());
    assert!(site.stale.is_empty());
}

#[test]
fn a_misspelt_key_of_a_page_is_doubted_and_a_key_of_its_own_is_not() {
    let text = page("titel = \"A\"\ntags = [\"x\"]\nname = \"n\"\nmy_own = 1\ndate = 2024-01-01");
    let files = [CONFIG, INDEX, PAGE, ("content/a.md", &text)];
    let wanted = [
        at("front-matter", "content/a.md", 2),
        at("front-matter", "content/a.md", 3),
    ];
    assert_eq!(told(&files), wanted);
    let site = tree(&files);
    assert!(site.diagnostics.iter().all(|one| !one.is_error()));
    assert!(site.stale.is_empty());
}
