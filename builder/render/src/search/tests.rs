use super::*;
use proptest::prelude::*;
use serde_json::Value;

/// A page by path, title and text.
type Page<'a> = (&'a str, &'a str, &'a str);

/// The index of pages, whose addresses are below `https://example.org`.
fn made(pages: &[Page<'_>], settings: &Search, lang: &str) -> Vec<u8> {
    let permalinks: Vec<String> = pages
        .iter()
        .map(|(path, ..)| format!("https://example.org{path}"))
        .collect();
    let maker = Maker::new(settings, lang);
    let pages = pages.iter().zip(&permalinks);
    let entries = pages.map(|((path, title, text), permalink)| Entry {
        permalink,
        path,
        title,
        description: "",
        date: String::new(),
        body: Some(Arc::new(maker.record(&as_html(text), None))),
    });
    index(entries.collect(), settings, lang).unwrap()
}

fn parsed(pages: &[Page<'_>], settings: &Search, lang: &str) -> Value {
    let bytes = made(pages, settings, lang);
    let json = bytes.strip_prefix(SCRIPT).unwrap_or(&bytes);
    serde_json::from_slice(json).unwrap()
}

#[test]
fn text_is_what_a_reader_sees() {
    for (html, text) in [
        ("<p>a <em>b</em>c</p>", "a bc"),
        ("<h1 id=\"x>y\">Head</h1>\n<p>a\n  b</p>\n", "Head\na\nb"),
        ("a<pre class=hl>x<pre>y</pre>z</pre>b", "ab"),
        ("a<SCRIPT>if (1 < 2) '</p>'</SCRIPT >b", "ab"),
        ("a<style>p{}</styles>x</style>b", "ab"),
        ("a<!-- <b> -->b<!-->c<!doctype html>d<?php e ?>f", "abcdf"),
        (
            "1 < 2 &lt; 3 &amp;lt; &quot;q&quot; &eacute;",
            "1 < 2 < 3 &lt; \"q\" é",
        ),
        ("<td>a</td><td>b</td><p>c</p><p>d</p>e<br>f", "a b c d e f"),
        ("a\u{a0}&nbsp; b", "a b"),
        ("a<script>never ends", "a"),
        ("a<b never ends", "a"),
        ("a</>b</ c>d", "abd"),
        ("<a title='it>s' x\"y>z", "z"),
        ("", ""),
    ] {
        assert_eq!(plain_text(html, None), text, "{html}");
    }
    assert_eq!(plain_text("<p>äöü &amp; more", Some(5)), "äöü &");
    assert_eq!(plain_text("abc", Some(0)), "");
    assert_eq!(plain_text("abc", Some(9)), "abc");
}

#[test]
fn an_undated_record_keeps_its_fields_in_place() {
    let settings = Search {
        include_date: true,
        include_path: true,
        index_format: IndexFormat::ElasticlunrJson,
        ..Search::default()
    };
    let maker = Maker::new(&settings, "en");
    for (date, text) in [
        (None, ""),
        (Date::parse("2024-05-06"), "2024-05-06T00:00:00Z"),
        (Date::parse("2024-05-06T07:08:09"), "2024-05-06T07:08:09Z"),
        (
            Date::parse("2024-05-06T07:08:09+02:00"),
            "2024-05-06T07:08:09+02:00",
        ),
    ] {
        let entry = Entry {
            permalink: "https://example.org/a/",
            path: "/a/",
            title: "Alpha",
            description: "",
            date: Entry::date_of(date.as_ref()),
            body: Some(Arc::new(maker.record("<p>beta</p>", None))),
        };
        let bytes = index(vec![entry], &settings, "en").unwrap();
        let index: Value = serde_json::from_slice(&bytes).unwrap();
        let doc = &index["documentStore"]["docs"]["https://example.org/a/"];
        assert_eq!(doc["date"], text);
        assert_eq!(
            (&doc["path"], &doc["body"]),
            (&"/a/".into(), &"beta".into())
        );
        assert_eq!(
            index["fields"],
            serde_json::json!(["title", "date", "path", "body"])
        );
    }
}

#[test]
fn words_branch_into_a_tree_of_letters() {
    let settings = Search {
        index_format: IndexFormat::ElasticlunrJson,
        ..Search::default()
    };
    let records = [("/b/", "", "cat cat car ca"), ("/a/", "", "cat")];
    let index = parsed(&records, &settings, "en");
    let ca = &index["index"]["body"]["root"]["c"]["a"];
    assert_eq!(
        (&ca["df"], &ca["t"]["df"], &ca["r"]["df"]),
        (&1.into(), &2.into(), &1.into())
    );
    let tf = &ca["t"]["docs"]["https://example.org/b/"]["tf"];
    assert_eq!(tf.as_f64(), Some(2_f64.sqrt()));
    assert_eq!(
        index["documentStore"]["docInfo"]["https://example.org/b/"]["body"],
        4
    );
    assert_eq!(index["documentStore"]["length"], 2);
}

#[test]
fn a_field_has_the_words_of_those_before_it_and_a_path_those_of_its_parts() {
    let settings = Search {
        include_path: true,
        index_format: IndexFormat::ElasticlunrJson,
        ..Search::default()
    };
    let index = parsed(&[("/ab/cd/", "ab", "x")], &settings, "en");
    let of = |field: &str| &index["index"][field]["root"];
    assert_eq!(
        (&of("title")["a"]["b"]["df"], of("title").get("x")),
        (&1.into(), None)
    );
    let twice = &of("body")["a"]["b"]["docs"]["https://example.org/ab/cd/"]["tf"];
    assert_eq!(twice.as_f64(), Some(2_f64.sqrt()));
    let lengths = &index["documentStore"]["docInfo"]["https://example.org/ab/cd/"];
    assert_eq!(
        lengths,
        &serde_json::json!({"title": 1, "path": 2, "body": 1})
    );
}

#[test]
fn a_language_has_its_own_word_rules_or_none() {
    let settings = Search::default();
    for (lang, name, step) in [
        ("en", "English", "stemmer"),
        ("de-AT", "German", "stemmer-de"),
        ("nl", "Dutch", "stemmer-du"),
        ("nb", "Norwegian", "stemmer-no"),
    ] {
        let index = parsed(&[("/", "a", "b")], &settings, lang);
        assert_eq!(index["lang"], name);
        assert!(index["pipeline"].as_array().unwrap().contains(&step.into()));
    }
    for lang in ["zh", "ja", "xx", "du"] {
        assert!(index(Vec::new(), &settings, lang).is_err());
        let fuse = Search {
            index_format: IndexFormat::FuseJson,
            ..settings
        };
        assert_eq!(index(Vec::new(), &fuse, lang).unwrap(), b"[]");
    }
}

#[test]
fn a_body_is_text_in_records_and_html_in_the_index() {
    for index_format in [
        IndexFormat::FuseJavascript,
        IndexFormat::ElasticlunrJavascript,
    ] {
        let settings = Search {
            index_format,
            ..Search::default()
        };
        let bytes = made(&[("/", "<t>", "a <b> & c")], &settings, "en");
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("window.searchIndex = "));
        assert!(text.contains("\"body\":\"a &lt;b&gt; &amp; c\""), "{text}");
        assert!(text.contains("\"title\":\"<t>\""), "{text}");
    }
}

#[test]
fn the_order_of_records_changes_nothing() {
    let texts: Vec<(String, String, String)> = (0..1_100)
        .map(|i| {
            (
                format!("/{i}/"),
                format!("t{}", i % 7),
                format!("word{i} all"),
            )
        })
        .collect();
    let pages = texts.iter();
    let mut pages: Vec<Page<'_>> = pages.map(|(p, t, b)| (&**p, &**t, &**b)).collect();
    let settings = Search::default();
    let sorted = made(&pages, &settings, "en");
    pages.reverse();
    assert!(made(&pages, &settings, "en") == sorted);
    pages.push(("/5/", "again", ""));
    let twice = parsed(&pages, &settings, "en");
    assert_eq!(twice["documentStore"]["length"], 1_100);
}

#[test]
fn a_record_comes_back_from_where_it_is_stored() {
    let settings = Search::default();
    let maker = Maker::new(&settings, "en");
    let record = maker.record("<p>Cats and dogs, cats and cats</p>", None);
    let words: Vec<(&str, u32)> = record.words.iter().collect();
    assert_eq!(words, [("cat", 3), ("dog", 1)]);
    assert_eq!(record.words.total, 4);
    let bytes = postcard::to_stdvec(&record).unwrap();
    assert_eq!(postcard::from_bytes::<Record>(&bytes).unwrap(), record);
    // Lengths that do not fit the letters end the words; they are no crash.
    let mut damaged = 0;
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x15;
        if let Ok(record) = postcard::from_bytes::<Record>(&bytes) {
            damaged += record.words.iter().count();
        }
    }
    assert!(damaged > 0);
}

#[test]
fn a_record_is_of_a_body_and_of_what_the_settings_make_of_it() {
    use quillfront_site::fingerprint::Mark;
    let (html, settings) = (Mark::of(b"html"), Search::default());
    let mark = record_mark(html, &settings, "en");
    assert_eq!(mark, record_mark(html, &settings, "en"));
    assert_ne!(mark, record_mark(Mark::of(b"other"), &settings, "en"));
    assert_ne!(mark, record_mark(html, &settings, "de"));
    let cut = Search {
        truncate_content_length: Some(0),
        ..settings
    };
    assert_ne!(mark, record_mark(html, &cut, "en"));
    let fuse = Search {
        index_format: IndexFormat::FuseJson,
        ..settings
    };
    assert_ne!(mark, record_mark(html, &fuse, "en"));
}

#[test]
fn words_that_nobody_types_are_left_out() {
    let long = "y".repeat(1_000_000);
    let edge = "z".repeat(100);
    let body = format!("{long}ing {edge} plain");
    let index = parsed(&[("/", "", &body)], &Search::default(), "en");
    let root = &index["index"]["body"]["root"];
    assert!(root.get("y").is_none());
    assert!(root.get("z").is_some() && root.get("p").is_some());
    assert_eq!(
        index["documentStore"]["docInfo"]["https://example.org/"]["body"],
        2
    );
}

/// Text that looks like HTML to everyone but a parser.
fn htmlish(most: usize) -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "<", ">", "</", "<p>", "</p>", "<pre>", "</pre>", "<script>", "</script", "<style ",
        "<!--", "-->", "<!", "<?", "=\"", "='", "\"", "'", "&", "&amp;", "&#0;", "&#xD800;",
        "&lt;", "&x", ";", " ", "\n", "\u{a0}", "é", "日", "İ", "a", "B", "-", "yyy", "ing",
    ]);
    prop::collection::vec(pieces, 0..most).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_html_has_tidy_text(html in htmlish(60), limit in 0_usize..40) {
        let text = plain_text(&html, None);
        prop_assert!(!text.contains("  ") && !text.contains("\n\n"));
        prop_assert_eq!(text.trim(), &text);
        let cut = plain_text(&html, Some(limit));
        prop_assert!(text.starts_with(&cut));
        prop_assert_eq!(cut.chars().count(), text.chars().count().min(limit));
    }

    #[test]
    fn any_text_has_an_index(text in htmlish(14), title in any::<String>()) {
        let languages = ["en", "ar", "da", "de", "nl", "es", "fi", "fr", "hu", "it", "ko", "no", "pt", "ro", "ru", "sv", "tr"];
        let records = [("/a/", &*title, &*text)];
        for lang in languages {
            let index = parsed(&records, &Search::default(), lang);
            prop_assert_eq!(&index["documentStore"]["docs"]["https://example.org/a/"]["title"], &title);
        }
    }
}

#[test]
fn hostile_html_takes_time_with_its_length() {
    for piece in [
        "<", "<a ", "<!--", "<!", "</", "<pre>", "<script>", "</script", "<a b='", "&", "&lt",
        "<p>",
    ] {
        let html = piece.repeat(1_000_000 / piece.len());
        assert!(plain_text(&html, None).len() <= html.len());
    }
}
