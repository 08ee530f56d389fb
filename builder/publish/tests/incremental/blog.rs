//! How exact it is: how many outputs an edit of a small bench blog renders, and how many come out
//! otherwise. The blog is laid out for a hard case: every page has a sidebar with the ten newest posts
//! and a tag cloud; posts link to one another; there are pagers, two taxonomies, neighbours, a feed and
//! a sitemap.

use crate::driver::{Outcome, Seen, Site};
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub const POSTS: usize = 60;

const BASE: &str = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{% block title %}{{ config.title }}{% endblock %}</title>
<link rel="stylesheet" href="{{ get_url(path='site.css') }}"></head>
<body><header><a href="{{ config.base_url }}">{{ config.title }}</a></header>
<main>{% block main %}{% endblock %}</main>
<aside>{% include "sidebar.html" %}</aside></body></html>
"#;
const SIDEBAR: &str = r#"{% set blog = get_section(path="blog/_index.md") %}<h2>Newest</h2><ul>
{% for p in blog.pages[:10] %}<li><a href="{{ p.permalink }}">{{ p.title }}</a> {{ p.date }}</li>
{% endfor %}</ul><h2>Tags</h2><p>{% set tags = get_taxonomy(kind="tags") %}
{% for t in tags.items %}<a href="{{ t.permalink }}">{{ t.name }} ({{ t.page_count }})</a> {% endfor %}</p>
"#;
const PAGE: &str = r#"{% extends "base.html" %}{% block title %}{{ page.title }}{% endblock %}
{% block main %}<article><h1>{{ page.title }}</h1><time>{{ page.date }}</time>
<p>{% for t in page.taxonomies.tags %}<a href="{{ get_taxonomy_url(kind='tags', term=t) }}">{{ t }}</a> {% endfor %}</p>
{{ page.content | safe }}</article>
<nav>{% if page.lower %}<a href="{{ page.lower.permalink }}">{{ page.lower.title }}</a>{% endif %}
{% if page.higher %}<a href="{{ page.higher.permalink }}">{{ page.higher.title }}</a>{% endif %}</nav>{% endblock %}
"#;
const LIST: &str = r#"{% extends "base.html" %}{% block main %}<h1>{{ section.title }}</h1>
{% for p in paginator.pages %}<h2><a href="{{ p.permalink }}">{{ p.title }}</a></h2><time>{{ p.date }}</time>{{ p.summary | safe }}
{% endfor %}<nav>{% if paginator.previous %}<a href="{{ paginator.previous }}">newer</a>{% endif %}
{{ paginator.current_index }} / {{ paginator.number_pagers }}{% if paginator.next %}<a href="{{ paginator.next }}">older</a>{% endif %}</nav>{% endblock %}
"#;
const TERMS: &str = r#"{% extends "base.html" %}{% block main %}<h1>{{ taxonomy.name }}</h1><ul>
{% for t in terms %}<li><a href="{{ t.permalink }}">{{ t.name }}</a> {{ t.page_count }}</li>{% endfor %}</ul>{% endblock %}
"#;
const TERM: &str = r#"{% extends "base.html" %}{% block main %}<h1>{{ term.name }}</h1><ul>
{% for p in term.pages %}<li><a href="{{ p.permalink }}">{{ p.title }}</a> {{ p.date }}</li>{% endfor %}</ul>{% endblock %}
"#;
const INDEX: &str =
    r#"{% extends "base.html" %}{% block main %}{{ section.content | safe }}{% endblock %}"#;

pub fn key(post: usize) -> String {
    format!("content/blog/{}/post-{post:06}.md", 2006 + post % 20)
}

pub fn output(post: usize) -> String {
    key(post)["content/".len()..].replace(".md", "/index.html")
}

pub fn date(post: usize) -> String {
    format!(
        "{}-{:02}-{:02}",
        2006 + post % 20,
        1 + post % 12,
        1 + (post * 7) % 28
    )
}

/// The posts, the newest first.
fn newest() -> Vec<usize> {
    let mut all: Vec<usize> = (0..POSTS).collect();
    all.sort_by_key(|post| std::cmp::Reverse((date(*post), *post)));
    all
}

pub fn post(post: usize) -> String {
    let tags = ["rust", "aws", "s3", "lambda", "edge", "cache", "http"];
    let (one, other) = (tags[post % 7], tags[(post + 2) % 7]);
    let kind = ["engineering", "notes", "life"][post % 3];
    let mut text = format!(
        "+++\ntitle = \"Post {post}: a title\"\ndate = {}\n[taxonomies]\ntags = [\"{one}\", \"{other}\"]\ncategories = [\"{kind}\"]\n+++\n\
         The summary of {post}.\n\n<!-- more -->\n\n## Part\n\nThe body of {post}.\n",
        date(post)
    );
    if post > 0 {
        let _ = writeln!(
            text,
            "\nSee [an earlier post](@/{}).",
            &key(post / 2)["content/".len()..]
        );
    }
    if post == 7 {
        text += "\n{% set d = load_data(path=\"data/n.toml\") %}{{ d.n }}\n";
    }
    text
}

fn blog(search: bool) -> Site {
    blog_with(&format!("build_search_index = {search}\n"))
}

/// The blog with more in its configuration.
pub fn blog_with(more: &str) -> Site {
    let config = format!(
        "base_url = \"https://blog.example.org\"\ntitle = \"Bench blog\"\ngenerate_feeds = true\nfeed_limit = 20\n\
         taxonomies = [{{name = \"tags\"}}, {{name = \"categories\"}}]\n{more}"
    );
    let mut files: BTreeMap<String, String> = BTreeMap::from([("config.toml".to_owned(), config)]);
    let fixed = [
        ("data/n.toml", "n = 1\n"),
        ("static/site.css", "body{max-width:60rem}"),
        ("templates/base.html", BASE),
        ("templates/sidebar.html", SIDEBAR),
        ("templates/page.html", PAGE),
        ("templates/section.html", LIST),
        ("templates/taxonomy_list.html", TERMS),
        ("templates/taxonomy_single.html", TERM),
        ("templates/index.html", INDEX),
        (
            "content/_index.md",
            "+++\ntitle = \"Home\"\n+++\nWelcome.\n",
        ),
        (
            "content/blog/_index.md",
            "+++\ntitle = \"Blog\"\nsort_by = \"date\"\npaginate_by = 20\n+++\n",
        ),
    ];
    files.extend(fixed.map(|(key, text)| (key.to_owned(), text.to_owned())));
    for year in 2006..2026 {
        let text = "+++\ntransparent = true\nrender = false\nsort_by = \"date\"\n+++\n";
        files.insert(format!("content/blog/{year}/_index.md"), text.to_owned());
    }
    files.extend((0..POSTS).map(|number| (key(number), post(number))));
    Site::of(
        files
            .into_iter()
            .map(|(key, text)| (key, text.into_bytes())),
    )
    .unwrap()
}

/// Replaces a text in a file.
pub fn edit(site: &mut Site, key: &str, from: &str, to: &str) -> Outcome {
    let text = String::from_utf8(site.files[key].clone()).unwrap();
    assert!(text.contains(from), "{key} has no {from}");
    put(site, key, &text.replace(from, to))
}

pub fn put(site: &mut Site, key: &str, text: &str) -> Outcome {
    let seen = Seen::from([(key.to_owned(), Some(text.as_bytes().to_vec()))]);
    let outcome = site.build(seen).unwrap();
    assert!(
        outcome.told.is_empty() && outcome.stale.is_empty(),
        "{outcome:#?}"
    );
    outcome
}

/// At most so many are rendered and put, and of those that are put these.
#[track_caller]
pub fn at_most(outcome: &Outcome, rendered: usize, put: usize, among: &[String]) {
    assert!(
        outcome.rendered.len() <= rendered,
        "rendered {:#?}",
        outcome.rendered
    );
    assert!(outcome.put.len() <= put, "put {:#?}", outcome.put);
    for key in among {
        assert!(
            outcome.put.contains(key),
            "{key} is not in {:#?}",
            outcome.put
        );
    }
}

/// A post that is neither among the newest nor in the feed.
pub fn old() -> usize {
    newest()[50]
}

#[test]
fn the_body_of_an_old_post() {
    let mut site = blog(false);
    for (from, to) in [("The body", "The text"), ("The text", "The body")] {
        let outcome = edit(&mut site, &key(old()), from, to);
        at_most(&outcome, 1, 1, &[output(old())]);
    }
    // It is linked to by others.
    let linked = newest()
        .into_iter()
        .skip(20)
        .find(|post| (1..POSTS / 2).contains(post))
        .unwrap();
    let outcome = edit(&mut site, &key(linked), "The body", "The text");
    at_most(&outcome, 1, 1, &[output(linked)]);
    let outcome = edit(&mut site, &key(old()), "The summary", "A summary");
    at_most(
        &outcome,
        2,
        2,
        &[output(old()), "blog/page/3/index.html".to_owned()],
    );
}

#[test]
fn the_title_of_an_old_post() {
    let mut site = blog(false);
    let place = newest();
    let outcome = edit(&mut site, &key(old()), "a title", "another");
    // Itself, its neighbours, its pager, two tags, a category.
    let among = [output(old()), output(place[49]), output(place[51])];
    at_most(&outcome, 7, 7, &among);
    let outcome = edit(&mut site, &key(old()), "another", "a title");
    at_most(&outcome, 7, 7, &among);
}

#[test]
fn the_title_of_a_new_post_is_in_every_sidebar() {
    let mut site = blog(false);
    let outcome = edit(&mut site, &key(newest()[3]), "a title", "another");
    let pages = site.text(&output(old())).unwrap();
    assert!(pages.contains("another"));
    assert!(outcome.put.len() >= POSTS + 12, "{outcome:#?}");
}

#[test]
fn the_same_bytes() {
    let mut site = blog(false);
    let text = post(old());
    let outcome = put(&mut site, &key(old()), &text);
    at_most(&outcome, 0, 0, &[]);
}

#[test]
fn a_style_sheet_and_a_data_file() {
    let mut site = blog(false);
    let outcome = put(&mut site, "static/site.css", "body{max-width:50rem}");
    at_most(&outcome, 0, 1, &["site.css".to_owned()]);
    let outcome = put(&mut site, "data/n.toml", "n = 2\n");
    at_most(&outcome, 3, 2, &[output(7)]);
    let outcome = put(&mut site, "data/n.toml", "n = 2 # the same\n");
    at_most(&outcome, 3, 0, &[]);
}

#[test]
fn a_new_post_and_a_tag_are_everywhere() {
    let mut site = blog(false);
    let all = |site: &Site| site.len() - 3;
    let new = post(3).replace(&date(3), "2026-01-01");
    let outcome = put(&mut site, "content/blog/2006/new.md", &new);
    assert!(
        outcome.put.len() >= all(&site) - 5,
        "{} of {}",
        outcome.put.len(),
        site.len()
    );
    let outcome = edit(&mut site, &key(old()), "tags = [", "tags = [\"more\", ");
    assert!(
        outcome.put.len() >= all(&site) - 5,
        "{} of {}",
        outcome.put.len(),
        site.len()
    );
}
