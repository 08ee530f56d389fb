//! Templates and texts that would never end, or take all memory. Each fails what needs it, with the
//! file, the line and the limit, and nothing else.

use super::*;

/// What is told of a site with this template for its pages, all else as it should be.
fn told_of_template(template: &str, others: &[(&str, &str)]) -> String {
    let page = ("content/a.md", "+++\ntitle = \"a\"\n+++\n");
    let mut files = vec![CONFIG, INDEX, page, ("templates/page.html", template)];
    files.extend(others);
    let tree = tree(&files);
    assert_eq!(text(&tree, "index.html"), "home");
    assert!(!tree.objects.contains_key("a/index.html"));
    told(&tree)
}

#[test]
fn templates_that_take_too_much_are_told() {
    for (template, limit) in [
        (
            "{% set x = [1] %}\n{% for i in range(end=100000) %}{% set_global x = [x] %}{% endfor %}ok",
            "nested more than 200 deep",
        ),
        (
            "{% set x = {} %}\n{% for i in range(end=100000) %}{% for y in [{'a': x}] %}{% set_global x = y %}{% endfor %}{% endfor %}",
            "nested more than 200 deep",
        ),
        (
            "{% set x = [1, 2, 3, 4] %}\n{% for i in range(end=60) %}{% set_global x = [...x, ...x] %}{% endfor %}",
            "more than 1000000 values",
        ),
        (
            "{% set x = 'aaaaaaaaaaaaaaaa' %}\n{% for i in range(end=60) %}{% set_global x = x ~ x %}{% endfor %}",
            "more than 8388608 bytes",
        ),
        (
            "{% set x %}aaaaaaaaaaaaaaaa{% endset %}\n{% for i in range(end=60) %}{% set_global x %}{{ x }}{{ x }}{% endset %}{% endfor %}",
            "more than 8388608 bytes",
        ),
        (
            "{% set x = 'aaaaaaaa' %}{% for i in range(end=18) %}{% set_global x = x ~ x %}{% endfor %}\n{{ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x }}",
            "more than 8388608 bytes",
        ),
        (
            "{% set x = [1] %}\n{% for i in range(end=60) %}{% set_global x = [x, x] %}{% endfor %}",
            "more than 10000000 steps",
        ),
        (
            "\n{% for i in range(end=100000) %}{% for j in range(end=100000) %}{% for k in range(end=100000) %}{% endfor %}{% endfor %}{% endfor %}",
            "more than 10000000 steps",
        ),
        (
            "\n{% set x = [[j for j in range(end=100000)] | length for i in range(end=100000)] %}",
            "more than 10000000 steps",
        ),
        (
            "\n{% for i in range(end=10000) %}{{ 'x' | regex_replace(pattern='a' ~ i, rep='c') }}{% endfor %}",
            "more than 10000000 steps",
        ),
        (
            "\n{{ 'x' | regex_replace(pattern='\\\\w{500}', rep='c') }}",
            "more than 2097152 bytes once it is compiled",
        ),
        (
            "{% set x = 'aaaaaaaa' %}{% for i in range(end=18) %}{% set_global x = x ~ x %}{% endfor %}\n{% for i in range(end=100) %}{{ x }}{% endfor %}",
            "longer than 134217728 bytes",
        ),
    ] {
        let told = told_of_template(template, &[]);
        let shown = &template[..template.len().min(80)];
        assert!(
            told.contains(limit) && told.contains("templates/page.html"),
            "{shown}: {told}"
        );
        // What an output becomes has no line.
        assert!(
            told.contains("page.html:2") || limit.contains("longer"),
            "{shown}: {told}"
        );
    }
}

#[test]
fn what_super_and_includes_make_is_kept_within_bounds() {
    let loops = "{% for i in range(end=100000) %}{{ x }}{% endfor %}";
    let long = "{% set x = 'aaaaaaaa' %}{% for i in range(end=18) %}{% set_global x = x ~ x %}{% endfor %}";
    let base = format!("{{% block b %}}{long}{loops}{{% endblock %}}");
    let told = told_of_template(
        "{% extends 'base.html' %}{% block b %}{% set y = super() %}{% endblock %}",
        &[("templates/base.html", &base)],
    );
    assert!(told.contains("hold more than 268435456 bytes"), "{told}");
    let page = format!("{long}{{% set y %}}{{% include 'part.html' %}}{{% endset %}}");
    let told = told_of_template(&page, &[("templates/part.html", loops)]);
    assert!(told.contains("hold more than 268435456 bytes"), "{told}");
    assert!(told.contains("templates/part.html:1"), "{told}");
}

#[test]
fn a_text_that_takes_too_much_is_told_of_the_page() {
    for (body, limit) in [
        (
            "{% set x = {'a': 1} %}\n{% for i in range(end=49000) %}{% set_global x = {'a': x} %}{% endfor %}",
            "nested more than 200 deep",
        ),
        (
            "{% set x = 'a b ' %}{% for i in range(end=17) %}{% set_global x = x ~ x %}{% endfor %}\n\
             {% for i in range(end=90000) %}{{ x | wordcount }}{% endfor %}",
            "more than 10000000 steps",
        ),
    ] {
        let text = format!("+++\n+++\n{body}");
        let tree = tree(&[CONFIG, INDEX, PAGE, ("content/a.md", &text)]);
        let told = told(&tree);
        assert!(
            told.contains(limit) && told.contains("content/a.md:4"),
            "{told}"
        );
    }
}

/// What functions are asked for is remembered until the render ends.
#[test]
fn long_names_are_not_remembered_without_end() {
    let text = format!(
        "+++\n[extra]\nbig = \"{}\"\n+++\n{{% for i in range(end=49000) %}}\
         {{% set x = load_data(path=page.extra.big ~ i, required=false) %}}{{% endfor %}}",
        "a".repeat(250_000)
    );
    let told = told(&tree(&[CONFIG, INDEX, PAGE, ("content/a.md", &text)]));
    assert!(told.contains("more than 67108864 bytes"), "{told}");
    assert!(told.contains("content/a.md:5"), "{told}");
}

/// What real templates do is far from any limit, and comes out as it did.
#[test]
fn lists_that_templates_gather_are_no_trouble() {
    let template = "{% set names = [] %}{% set by_year = {} %}\
        {% for n in range(end=2000) %}{% set_global names = [...names, {'n': n, 'page': page}] %}{% endfor %}\
        {% for n in range(end=200) %}{% set y = 'y' ~ n %}{% set_global by_year = {...by_year, 'last': [n, names[n]]} %}{% endfor %}\
        {{ names | length }} {{ names[1999].n }} {{ by_year.last[0] }}";
    let page = ("content/a.md", "+++\ntitle = \"a\"\n+++\nText.\n");
    let made = tree(&[CONFIG, INDEX, page, ("templates/page.html", template)]);
    let told = told(&made);
    assert_eq!(text(&made, "a/index.html"), "2000 1999 199", "{told}");
}

/// A section with many pages is as dear as one with few, where the list is not gone through: templates
/// ask for the sections above each page, take one of a list, and put lists into variables.
#[test]
fn long_lists_cost_nothing_where_they_are_only_named() {
    let template = "{% set all = section.pages %}\
        {% for page in all %}{% for n in range(end=20) %}{% set above = get_section(path='_index.md') %}\
        {% set other = section.pages[loop.index] %}{% if n == 19 and page.title == '9' %}{{ above.title }}{{ other.title }}{% endif %}\
        {% endfor %}{% endfor %}";
    let pages: Vec<(String, String)> = (0..1_000)
        .map(|n| {
            (
                format!("content/{n}.md"),
                format!("+++\ntitle = \"{n}\"\nweight = {n}\n+++\n"),
            )
        })
        .collect();
    let mut files = vec![CONFIG, PAGE, ("templates/index.html", template)];
    files.push((
        "content/_index.md",
        "+++\ntitle = \"Home\"\nsort_by = \"weight\"\n+++\n",
    ));
    files.extend(
        pages
            .iter()
            .map(|(key, text)| (key.as_str(), text.as_str())),
    );
    let made = tree(&files);
    let told = told(&made);
    assert_eq!(text(&made, "index.html").trim(), "Home20", "{told}");
}
