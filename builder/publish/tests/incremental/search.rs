//! The search index is made from records: an edit renders no body but its own for it, and an edit that
//! the index does not show does not make it.

use crate::blog::{POSTS, at_most, blog_with, date, edit, key, old, output, post, put};
use crate::driver::{Outcome, Seen, Site};
use std::collections::BTreeSet;

const ELASTICLUNR: &str = "search_index.en.js";
const FUSE: &str = "search_index.en.json";
const AS_FUSE: &str = "[search]\nindex_format = \"fuse_json\"\n";

fn searched(more: &str) -> Site {
    blog_with(&format!("build_search_index = true\n{more}"))
}

/// The blog without an index, for comparison.
fn plain() -> Site {
    blog_with("")
}

/// Only these bodies were rendered.
#[track_caller]
fn bodies(outcome: &Outcome, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|key| (*key).to_owned()).collect();
    assert_eq!(outcome.bodies, expected);
}

#[test]
fn an_edit_is_one_output_more_and_no_other_body() {
    for (more, index) in [("", ELASTICLUNR), (AS_FUSE, FUSE)] {
        let (mut site, mut plain) = (searched(more), plain());
        for (from, to) in [("The body", "The text"), ("The text", "The body")] {
            let outcome = edit(&mut site, &key(old()), from, to);
            at_most(&outcome, 2, 2, &[output(old()), index.to_owned()]);
            bodies(&outcome, &[&key(old())]);
        }
        let mut both = |key: &str, text: &str| {
            let outcome = put(&mut site, key, text);
            let mut without = put(&mut plain, key, text);
            assert_eq!(outcome.bodies, without.bodies, "{key}");
            without.rendered.insert(index.to_owned());
            assert_eq!(outcome.rendered, without.rendered, "{key}");
            outcome
        };
        // A title is in the index, though no record of a body has it.
        both(&key(old()), &post(old()).replace("a title", "another"));
        // What is made of a data file changes a body, and its record.
        let outcome = both("data/n.toml", "n = 2\n");
        bodies(&outcome, &[&key(7)]);
        let new = post(3).replace(&date(3), "2026-01-01");
        both("content/blog/2006/new.md", &new);
    }
}

#[test]
fn without_the_index_no_record_is_read_or_kept() {
    let mut site = plain();
    let outcome = edit(&mut site, &key(old()), "The body", "The text");
    assert!(!outcome.read_records && site.records().is_empty());
    // Nor where nothing that the index shows has changed.
    let mut site = searched("");
    let text = post(old()).replace("\ntags", "\n# a comment\ntags");
    for outcome in [
        put(&mut site, &key(old()), &text),
        put(&mut site, &key(old()), &text),
        put(&mut site, "static/site.css", "body{}"),
        edit(
            &mut site,
            "templates/page.html",
            "<article>",
            "<article id=a>",
        ),
    ] {
        assert!(!outcome.read_records && !outcome.rendered.contains(ELASTICLUNR));
    }
}

#[test]
fn a_body_that_is_not_shown_makes_no_index() {
    let mut site = searched("[search]\ninclude_content = false\n");
    let outcome = edit(&mut site, &key(old()), "The body", "The text");
    at_most(&outcome, 1, 1, &[output(old())]);
    assert!(site.records().is_empty());
    let outcome = edit(&mut site, &key(old()), "a title", "another");
    assert!(outcome.put.contains(ELASTICLUNR));
    let without = edit(&mut plain(), &key(old()), "a title", "another");
    assert_eq!(outcome.bodies, without.bodies);
}

#[test]
fn a_record_that_is_lost_is_made_again() {
    let mut site = searched("");
    let all = site.records();
    let lost = [key(3), key(30), "content/_index.md".to_owned()];
    site.lose_records(|key| lost.iter().any(|lost| lost == key));
    let outcome = edit(&mut site, &key(old()), "The body", "The text");
    at_most(&outcome, 2, 2, &[ELASTICLUNR.to_owned()]);
    let own = key(old());
    let mut expected: Vec<&str> = lost.iter().map(String::as_str).collect();
    expected.push(&own);
    bodies(&outcome, &expected);
    assert_eq!(site.records(), all);
}

#[test]
fn what_leaves_the_index_leaves_its_record() {
    let mut site = searched("");
    // Nobody links to it.
    let leaving = POSTS / 2 + 1;
    let mut plain = plain();
    let is_there = |site: &Site| site.records().contains(&key(leaving));
    for line in ["in_search_index = false", "draft = true"] {
        let text = post(leaving);
        let without = text.replacen("+++\n", &format!("+++\n{line}\n"), 1);
        let outcome = put(&mut site, &key(leaving), &without);
        assert!(outcome.put.contains(ELASTICLUNR) && !is_there(&site));
        let outcome = put(&mut site, &key(leaving), &text);
        assert!(outcome.put.contains(ELASTICLUNR) && is_there(&site));
        put(&mut plain, &key(leaving), &without);
        assert_eq!(outcome.bodies, put(&mut plain, &key(leaving), &text).bodies);
    }
    let moved = [
        (key(leaving), None),
        ("content/blog/2006/moved.md".to_owned(), Some(post(leaving))),
    ];
    let moved = moved.map(|(key, text)| (key, text.map(String::into_bytes)));
    let outcome = site.build(Seen::from(moved.clone())).unwrap();
    assert_eq!(
        outcome.bodies,
        plain.build(Seen::from(moved)).unwrap().bodies
    );
    assert!(!is_there(&site) && site.records().contains("content/blog/2006/moved.md"));
}

#[test]
fn each_language_has_an_index_of_its_own() {
    let mut site = searched("[languages.fr]\nbuild_search_index = true\n");
    let page =
        |text: &str| format!("+++\ntitle = \"Un\"\ntemplate = \"plain.html\"\n+++\n{text}\n");
    let files = [
        ("templates/plain.html", "plain".to_owned()),
        ("content/_index.fr.md", page("Bonjour.")),
        ("content/blog/_index.fr.md", page("")),
        ("content/blog/un.fr.md", page("Des mots.")),
    ];
    let files = files.map(|(key, text)| (key.to_owned(), Some(text.into_bytes())));
    site.build(Seen::from(files)).unwrap();
    let all = site.records();
    assert!(all.contains("content/blog/un.fr.md"));
    let outcome = edit(&mut site, "content/blog/un.fr.md", "mots", "lettres");
    assert!(outcome.rendered.contains("search_index.fr.js"));
    assert!(!outcome.rendered.contains(ELASTICLUNR));
    bodies(&outcome, &["content/blog/un.fr.md"]);
    assert_eq!(site.records(), all, "those of the other language stay");
    let outcome = edit(&mut site, &key(old()), "The body", "The text");
    assert!(!outcome.rendered.contains("search_index.fr.js"));
    bodies(&outcome, &[&key(old())]);
}
