//! Hostile texts: no panic, no overflow of the stack, no long work.

use super::printed::printed;
use super::*;
use proptest::prelude::*;

fn set(texts: &[(&str, String)]) -> BTreeMap<String, String> {
    let texts = texts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.clone()));
    texts.collect()
}

#[track_caller]
fn reads_everything(texts: &[(&str, String)]) {
    let texts = set(texts);
    assert_eq!(
        Set::new(&texts, &[]).reads(texts.keys().next().unwrap()),
        Reads::everything()
    );
}

#[test]
fn what_is_not_understood_reads_everything() {
    for text in [
        "{{ page.title",
        "{% if x %}",
        "{% unknown %}",
        "{{ a b }}",
        "{% include 'nope.html' %}",
        "{% extends 'nope.html' %}",
        "{% extends 'a.html' %}",
        "{% include 'a.html' %}",
        "{{ <Nope /> }}",
        "{% endif %}",
        "{# ",
        "{% raw %}",
        "{{ 'a\\q' }}",
        "{{ 99999999999999999999 }}",
        "{{ é }}",
        "{% block a %}{% endblock b %}",
    ] {
        reads_everything(&[("a.html", text.to_owned())]);
    }
    let texts = set(&[("a.html", "{{ x }}".to_owned())]);
    assert_eq!(Set::new(&texts, &[]).reads("b.html"), Reads::everything());
}

#[test]
fn two_components_of_one_name_are_not_understood() {
    let defined = "{% component C(p) %}{{ p.a }}{% endcomponent %}".to_owned();
    let call = "{{ <C p={page} /> }}".to_owned();
    reads_everything(&[
        ("a.html", call.clone()),
        ("b.html", defined.clone()),
        ("c.html", defined.clone()),
    ]);
    // A template that is not understood may define it too.
    reads_everything(&[
        ("a.html", call),
        ("b.html", defined),
        ("c.html", "{% ".to_owned()),
    ]);
}

#[test]
fn deep_and_long_texts_end() {
    let many = 100_000;
    for text in [
        "{{ ".repeat(many),
        format!("{{{{ {} }}}}", "(".repeat(many)),
        format!("{{{{ a{} }}}}", ".b".repeat(many)),
        format!("{{{{ a{} }}}}", " | upper".repeat(many)),
        format!("{{{{ a{} }}}}", " + 1".repeat(many)),
        format!("{{{{ a{} }}}}", "[0]".repeat(many)),
        format!("{{{{ {}a }}}}", "not ".repeat(many)),
        format!("{{{{ {}a }}}}", "-".repeat(many)),
        format!("{{{{ {}1 }}}}", "{'a':".repeat(many)),
        format!("{{{{ {}1 }}}}", "[".repeat(many)),
        "{% if a %}".repeat(many),
        "{% for a in b %}".repeat(many),
        format!("{{% if a %}}{}", "{% elif b %}x".repeat(many)),
        "{% set a | upper %}".repeat(many),
        "{% <C> %}".repeat(many),
    ] {
        reads_everything(&[("a.html", text)]);
    }
}

#[test]
fn as_deep_as_the_engine_goes_is_understood() {
    for (text, expected) in [
        (
            format!("{{{{ a{} }}}}", ".b".repeat(11)),
            "a{b{b{b{b{b{b{b{b{b{b{b}}}}}}}}}}}",
        ),
        (
            format!("{{{{ a{} }}}}", ".b".repeat(200)),
            "a{b{b{b{b{b{b{b{b{b{b{b{b}}}}}}}}}}}}",
        ),
        (format!("{{{{ a{} }}}}", " + 1".repeat(200)), "a?"),
        (
            format!("{{{{ {}a{} }}}}", "(".repeat(39), ")".repeat(39)),
            "a",
        ),
        (
            format!(
                "{}{{{{ a }}}}{}",
                "{% if b %}".repeat(39),
                "{% endif %}".repeat(39)
            ),
            "a b?",
        ),
    ] {
        let texts = set(&[("a.html", text)]);
        assert_eq!(printed(&Set::new(&texts, &[]).reads("a.html")), expected);
    }
}

/// Each would take more steps than there are atoms.
#[test]
fn work_that_explodes_ends() {
    let chain: Vec<(String, String)> = (0..60)
        .map(|n| {
            (
                format!("t{n:02}"),
                format!("{{% include 't{:02}' %}}", n + 1).repeat(2),
            )
        })
        .chain([("t60".to_owned(), "x".to_owned())])
        .collect();
    let chain: Vec<(&str, String)> = chain.iter().map(|(a, b)| (a.as_str(), b.clone())).collect();
    reads_everything(&chain);
    let loops = (0..30).map(|n| {
        format!(
            "{{% for i in x{n} %}}{{% set_global x{} = x{n}.a %}}",
            n + 1
        )
    });
    let ends = "{% endfor %}".repeat(30);
    let texts = set(&[("a", loops.collect::<String>() + &ends)]);
    Set::new(&texts, &[]).reads("a");
    let grows = "{% set_global m = {'a': m, 'b': m, 'c': [m, m], ...m} %}".repeat(40);
    let texts = set(&[(
        "a",
        format!("{{% set m = page %}}{{% for i in x %}}{grows}{{% endfor %}}{{{{ m.a.b }}}}"),
    )]);
    Set::new(&texts, &[]).reads("a");
    let calls = "{{ <C p={p.a} /> }}{{ <C p={p.b} /> }}{{ <C p={[p, p.c]} /> }}";
    let texts = set(&[(
        "a",
        format!("{{% component C(p, @q) %}}{calls}{{% endcomponent %}}{{{{ <C p={{page}} /> }}}}"),
    )]);
    assert_eq!(Set::new(&texts, &[]).reads("a"), Reads::everything());
}

proptest! {
    #[test]
    fn any_text_is_taken(text in ".{0,200}") {
        let texts = set(&[("a", text)]);
        Set::new(&texts, &[]).reads("a");
    }

    #[test]
    fn any_tags_are_taken(parts in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        let texts = set(&[("a", parts.concat())]);
        Set::new(&texts, &[]).reads("a");
    }

    /// What the engine takes is understood.
    #[test]
    fn what_the_engine_takes_is_understood(parts in proptest::collection::vec(proptest::sample::select(PIECES), 1..14)) {
        let text = parts.concat();
        let mut tera = tera::Tera::default();
        let is_syntax = |error: &tera::Error| matches!(error.kind(), tera::ErrorKind::SyntaxError(_));
        let taken = tera.add_raw_template("a", &text).map_or_else(|error| !is_syntax(&error), |()| true);
        if taken {
            prop_assert!(syntax::parse(&text).is_some(), "{text:?}");
        }
    }
}

const PIECES: &[&str] = &[
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "{{-",
    "-}}",
    "{%-",
    "-%}",
    "{#",
    "#}",
    "{% raw %}",
    "{% endraw %}",
    "raw",
    "if ",
    "elif ",
    "else",
    "endif",
    "for ",
    "in ",
    "endfor",
    "set ",
    "set_global ",
    "endset",
    "block ",
    "endblock",
    "a",
    "b",
    "page",
    ".",
    "?.",
    "?[",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "...",
    ",",
    ":",
    "=",
    "==",
    "|",
    "upper",
    " is ",
    " not ",
    "defined",
    "'x'",
    "\"",
    "`",
    "\\",
    "1",
    "2.5",
    "-",
    "+",
    "~",
    "<",
    ">",
    "</",
    "/",
    "C",
    "component ",
    "endcomponent",
    "include ",
    "extends ",
    "filter ",
    "endfilter",
    "super()",
    "loop",
    "@",
    "é",
    " ",
    "\n",
    "none",
    "{{ a }}",
    "{{ a.b[0] }}",
    "{% if a %}",
    "{% endif %}",
    "{% for a in b %}",
    "{% endfor %}",
    "{{ <C a={b} /> }}",
    "{{ [a for a in b] }}",
    "{{ a if b else c }}",
    "{% set a = b %}",
    "{% set a %}",
    "{% endset %}",
    "{{ a[1:2] }}",
    "{% filter upper %}",
    "{% endfilter %}",
    "{% block a %}",
    "{% endblock %}",
    "{% break %}",
    "{% else %}",
];
