//! What the two dialects have in common, and where they differ.

use super::*;

const BOTH: [Dialect; 2] = [Dialect::Tera1, Dialect::Tera2];

fn words(inside: &str, dialect: Dialect) -> Vec<&str> {
    tokens(inside, dialect).map(|token| token.text).collect()
}

/// Each piece as a letter and its text.
fn shown(text: &str, dialect: Dialect) -> String {
    let pieces = pieces(text, dialect).map(|piece| {
        let letter = match &piece {
            Piece::Text(_) => "t",
            Piece::Comment(_) => "c",
            Piece::Raw { .. } => "r",
            Piece::Tag(tag) if tag.prints => "p",
            Piece::Tag(_) => "b",
            Piece::Unclosed(_) => "u",
        };
        format!("{letter}<{}>", &text[piece.range()])
    });
    pieces.collect()
}

#[test]
fn tags_comments_and_raw_blocks_are_told_apart() {
    for dialect in BOTH {
        assert_eq!(
            shown(
                "a{{- b(\"}}\") -}}{# {{ c }} #}{% raw %}{{ d }}{% endraw %}{% e %}f",
                dialect
            ),
            "t<a>p<{{- b(\"}}\") -}}>c<{# {{ c }} #}>r<{% raw %}{{ d }}{% endraw %}>b<{% e %}>t<f>"
        );
    }
}

#[test]
fn what_never_ends_takes_the_rest() {
    for text in ["{{ a", "{% b \" %}", "{# c", "{% raw %}{{ d }}", "{{ '}}"] {
        for dialect in BOTH {
            assert_eq!(shown(text, dialect), format!("u<{text}>"));
            assert_eq!(
                shown(&format!("a{{{{b}}}}{text}"), dialect),
                format!("t<a>p<{{{{b}}}}>u<{text}>")
            );
        }
    }
    assert_eq!(shown("{ % #} }} {", Dialect::Tera2), "t<{ % #} }} {>");
}

#[test]
fn dashes_trim_and_belong_to_no_expression() {
    let tag = |text: &'static str| {
        let tag = tags(text, Dialect::Tera2).next().unwrap();
        (tag.trims_before, tag.text, tag.trims_after)
    };
    assert_eq!(tag("{{- a -}}"), (true, " a ", true));
    assert_eq!(tag("{{ -a - }}"), (false, " -a - ", false));
    assert_eq!(tag("{{--}}"), (true, "", true));
    assert_eq!(tag("{{-}}"), (true, "", false), "one dash is not two");
    assert_eq!(tag("{{ \"a-\"}}"), (false, " \"a-\"", false));
}

#[test]
fn a_word_begins_a_block_tag_alone() {
    let word = |text: &'static str| tags(text, Dialect::Tera2).next().unwrap().word();
    assert_eq!(word("{%- for_each x %}"), "for_each");
    assert_eq!(word("{%for(x)%}"), "for");
    for text in [
        "{{ for }}",
        "{% <a> %}",
        "{% \"for\" %}",
        "{% 1for %}",
        "{% %}",
    ] {
        assert_eq!(word(text), "", "{text}");
    }
}

#[test]
fn strings_have_escapes_in_tera_2_alone() {
    let text = r#"{{ "a\" }} b {{ "c }}"#;
    assert_eq!(
        shown(text, Dialect::Tera1),
        r#"p<{{ "a\" }}>t< b >u<{{ "c }}>"#
    );
    assert_eq!(shown(text, Dialect::Tera2), format!("p<{text}>"));
    let string = |text: &'static str| tokens(text, Dialect::Tera2).next().unwrap().string();
    assert_eq!(string(r#""a\"\n\/""#).as_deref(), Some("a\"\n/"));
    assert_eq!(string("`a`").as_deref(), Some("a"));
    assert_eq!(string(r#""\q""#), None);
    assert_eq!(string("a"), None);
}

#[test]
fn signs_and_numbers_are_those_of_the_dialect() {
    assert_eq!(
        words("a.0.1 + 1.5", Dialect::Tera1),
        ["a", ".", "0", ".", "1", "+", "1.5"]
    );
    assert_eq!(words("1.5.1", Dialect::Tera2), ["1.5", ".", "1"]);
    assert_eq!(
        words("ui::a()", Dialect::Tera1),
        ["ui", "::", "a", "(", ")"]
    );
    assert_eq!(words("[::2]", Dialect::Tera2), ["[", ":", ":", "2", "]"]);
    assert_eq!(words("</a>", Dialect::Tera2), ["</", "a", ">"]);
    for dialect in BOTH {
        assert_eq!(
            words("x is not in [\"a b\"]?.y", dialect),
            ["x", "is", "not", "in", "[", "\"a b\"", "]", "?.", "y"]
        );
        let unknown: Vec<Kind> = tokens("é\"a", dialect).map(|token| token.kind).collect();
        assert_eq!(unknown, [Kind::Unknown, Kind::Unknown]);
    }
}

#[test]
fn dots_join_names() {
    let mut tokens = tokens("ui.card.0 .x", Dialect::Tera2);
    let first = tokens.next().unwrap();
    assert_eq!(tokens.dotted(first), "ui.card");
    assert_eq!(tokens.peek().map(|token| token.text), Some("."));
}

#[test]
fn time_grows_with_the_length_alone() {
    for part in [
        "{% ",
        "{{ ",
        "{#",
        "{% raw %}",
        "{%raw",
        "\"",
        "{{ \"",
        "{{ \" }} '",
    ] {
        for dialect in BOTH {
            let text = part.repeat(100_000);
            let count = pieces(&text, dialect).count();
            assert!(count <= 200_001, "{part}: {count}");
        }
    }
}
