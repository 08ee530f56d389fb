//! The templates of the blog that is measured.

use super::printed::printed;
use super::*;

const TEXTS: &[(&str, &str)] = &[
    (
        "base.html",
        r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{% block title %}{{ config.title }}{% endblock %}</title>
<link rel="stylesheet" href="{{ get_url(path='site.css') }}"></head>
<body><header><a href="{{ config.base_url }}">{{ config.title }}</a></header>
<main>{% block main %}{% endblock %}</main>
<aside>{% include "sidebar.html" %}</aside></body></html>
"#,
    ),
    (
        "sidebar.html",
        r#"{% set blog = get_section(path="blog/_index.md") %}<h2>Newest</h2><ul>
{% for p in blog.pages[:10] %}<li><a href="{{ p.permalink }}">{{ p.title }}</a> {{ p.date }}</li>
{% endfor %}</ul><h2>Tags</h2><p>{% set tags = get_taxonomy(kind="tags") %}
{% for t in tags.items %}<a href="{{ t.permalink }}">{{ t.name }} ({{ t.page_count }})</a> {% endfor %}</p>
"#,
    ),
    (
        "page.html",
        r#"{% extends "base.html" %}{% block title %}{{ page.title }}{% endblock %}
{% block main %}<article><h1>{{ page.title }}</h1><time>{{ page.date }}</time>
<p>{% for t in page.taxonomies.tags %}<a href="{{ get_taxonomy_url(kind='tags', term=t) }}">{{ t }}</a> {% endfor %}</p>
{{ page.content | safe }}</article>
<nav>{% if page.lower %}<a href="{{ page.lower.permalink }}">{{ page.lower.title }}</a>{% endif %}
{% if page.higher %}<a href="{{ page.higher.permalink }}">{{ page.higher.title }}</a>{% endif %}</nav>{% endblock %}
"#,
    ),
    (
        "section.html",
        r#"{% extends "base.html" %}{% block main %}<h1>{{ section.title }}</h1>
{% for p in paginator.pages %}<h2><a href="{{ p.permalink }}">{{ p.title }}</a></h2><time>{{ p.date }}</time>{{ p.summary | safe }}
{% endfor %}<nav>{% if paginator.previous %}<a href="{{ paginator.previous }}">newer</a>{% endif %}
{{ paginator.current_index }} / {{ paginator.number_pagers }}{% if paginator.next %}<a href="{{ paginator.next }}">older</a>{% endif %}</nav>{% endblock %}
"#,
    ),
    (
        "taxonomy_list.html",
        r#"{% extends "base.html" %}{% block main %}<h1>{{ taxonomy.name }}</h1><ul>
{% for t in terms %}<li><a href="{{ t.permalink }}">{{ t.name }}</a> {{ t.page_count }}</li>{% endfor %}</ul>{% endblock %}
"#,
    ),
    (
        "taxonomy_single.html",
        r#"{% extends "base.html" %}{% block main %}<h1>{{ term.name }}</h1><ul>
{% for p in term.pages %}<li><a href="{{ p.permalink }}">{{ p.title }}</a> {{ p.date }}</li>{% endfor %}</ul>{% endblock %}
"#,
    ),
    (
        "index.html",
        r#"{% extends "base.html" %}{% block main %}{{ section.content | safe }}{% endblock %}"#,
    ),
];

/// What every page reads of the sidebar and the head.
const COMMON: &str = r#"get_section(path="blog/_index.md"){pages[:10]{date permalink title}} get_taxonomy(kind="tags"){items[]{name page_count permalink}}"#;

#[track_caller]
fn reads(entry: &str, context: &str, calls: &str) {
    let texts = TEXTS
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let texts: BTreeMap<String, String> = texts.collect();
    let found = Set::new(&texts, &[]).reads(entry);
    assert_eq!(
        printed(&found),
        format!("{context} {COMMON}{calls} get_url(path=\"site.css\")")
    );
    let templates: Vec<String> = found.templates.into_iter().flatten().collect();
    let mut expected = ["base.html", "sidebar.html", entry];
    expected.sort_unstable();
    assert_eq!(templates, expected);
}

#[test]
fn pages_read_their_text_and_the_names_of_others() {
    reads(
        "page.html",
        "config{base_url title} lang page{content date higher{permalink title} lower{permalink title} taxonomies{tags[]} title}",
        " get_taxonomy_url(kind=\"tags\")",
    );
    reads(
        "section.html",
        "config{base_url title} lang paginator{current_index next number_pagers pages[]{date permalink summary title} previous} section{title}",
        "",
    );
    reads(
        "taxonomy_single.html",
        "config{base_url title} lang term{name pages[]{date permalink title}}",
        "",
    );
    reads(
        "taxonomy_list.html",
        "config{base_url title} lang taxonomy{name} terms[]{name page_count permalink}",
        "",
    );
    reads(
        "index.html",
        "config{base_url title} lang section{content}",
        "",
    );
}
