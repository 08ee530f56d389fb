//! Data that means harm: it must come back, soon, as a value or as an error.

use super::parse;
use proptest::prelude::*;

const FORMATS: [&str; 7] = ["toml", "json", "yaml", "csv", "bibtex", "xml", "plain"];

/// A value takes some hundred bytes, however short it is written.
#[test]
fn data_of_very_many_values_is_an_error() {
    let many = super::MAX_VALUES + 1;
    for (format, text) in [
        ("json", format!("[{}1]", "1,".repeat(many))),
        ("json", "[".repeat(many)),
        ("csv", ",".repeat(many)),
        ("csv", "\n".repeat(many)),
        ("toml", format!("a = [{}]", "1,".repeat(many))),
        ("xml", format!("<a>{}</a>", "<b/>".repeat(many))),
    ] {
        let told = parse(&text, format).unwrap_err();
        assert!(
            told.contains("more than 2000000 values"),
            "{format}: {told}"
        );
    }
}

/// Each of these was, somewhere, a way to overflow a stack or to fill the memory.
#[test]
fn deep_data_is_an_error() {
    let deep = 10_000;
    let wrapped = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(deep), close.repeat(deep))
    };
    let steps: String = (0..deep)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .collect();
    let dotted = vec!["a"; deep].join(".");
    for (format, text) in [
        ("json", wrapped("[", "1", "]")),
        ("json", wrapped("{\"a\":", "1", "}")),
        ("json", "[".repeat(1_000_000)),
        ("toml", format!("a = {}", wrapped("[", "1", "]"))),
        ("toml", format!("a = {}", wrapped("{a = ", "1", "}"))),
        ("toml", format!("{dotted} = 1")),
        ("toml", format!("[{dotted}]")),
        ("toml", format!("[[{dotted}]]")),
        ("yaml", wrapped("[", "1", "]")),
        ("yaml", wrapped("{a: ", "1", "}")),
        ("yaml", "- ".repeat(deep)),
        ("yaml", "? ".repeat(deep)),
        ("yaml", steps),
        ("yaml", "[".repeat(1_000_000)),
        ("xml", wrapped("<a>", "1", "</a>")),
        ("xml", "<a>".repeat(300_000)),
        ("bibtex", format!("@book{{a, b = {}", "{".repeat(1_000_000))),
        ("bibtex", "@a{".repeat(300_000)),
    ] {
        let problem = parse(&text, format).expect_err(&text[..20]);
        assert!(
            !problem.is_empty() && problem.len() < 2_000,
            "{format}: {}",
            problem.len()
        );
    }
}

#[test]
fn data_does_not_grow() {
    let mut laughs = String::from("a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        laughs += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    let merges = (0..2_000).map(|n| format!("m{n}: &m{n}\n  <<: *m{}\n  k{n}: 1\n", n.max(1) - 1));
    for text in [laughs, "a: &a [*a]".to_owned(), merges.collect()] {
        assert!(parse(&text, "yaml").is_err(), "{}", &text[..10]);
    }
    let entities = "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>";
    assert!(parse(entities, "xml").is_err());
}

#[test]
fn wide_data_takes_time_with_its_length() {
    let many =
        |count: usize, item: &dyn Fn(usize) -> String| -> String { (0..count).map(item).collect() };
    let attributes = many(100_000, &|n| format!(" a{n}=''"));
    let problem = parse(&format!("<!-- ' --><a{attributes}/>"), "xml").unwrap_err();
    assert!(problem.contains("attributes"), "{problem}");
    let elements = many(50_000, &|n| format!("<a{n}/>"));
    assert!(parse(&format!("<r>{elements}</r>"), "xml").is_ok());
    let line = "x".repeat(1_000_000);
    for format in FORMATS {
        let parsed = parse(&line, format);
        assert_eq!(
            parsed.is_ok(),
            matches!(format, "csv" | "plain" | "bibtex" | "yaml"),
            "{format}"
        );
    }
    assert!(parse(&format!("[\"{line}\"]"), "json").is_ok());
    assert!(parse(&format!("a = \"{line}\""), "toml").is_ok());
    assert!(parse(&many(100_000, &|n| format!("c{n},")), "csv").is_ok());
    assert!(
        parse(
            &many(20_000, &|n| format!(
                "@book{{k{n}, a = {{b}} # c, d = 1}}\n"
            )),
            "bibtex"
        )
        .is_ok()
    );
}

/// Pieces that mean something in some format.
fn dataish() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "b",
        "1",
        "-1",
        "1e999",
        "0x1",
        "=",
        ": ",
        ",",
        "\n",
        " ",
        "  ",
        "- ",
        "? ",
        "[",
        "]",
        "{",
        "}",
        "[[",
        "]]",
        "\"",
        "'",
        "\"\"\"",
        "&a ",
        "*a",
        "<<: ",
        "!!str ",
        "!",
        "|\n",
        ">\n",
        "#",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "<a>",
        "</a>",
        "<a b='",
        "/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?x",
        "?>",
        "&lt;",
        "&#0;",
        "&#x10ffff;",
        "@book{",
        "@string(",
        "@comment",
        "@preamble{",
        "é",
        "日",
        "\u{0}",
        "\u{feff}",
        "\r",
        "\t",
        "true",
        "null",
        "~",
        ".",
        "\\",
        "\\u",
        "1979-05-27",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_data_is_a_value_or_an_error(text in dataish()) {
        for format in FORMATS {
            let shown = parse(&text, format).map(|value| value.to_string());
            let again = parse(&text, format).map(|value| value.to_string());
            prop_assert_eq!(shown, again);
        }
    }

    #[test]
    fn any_text_is_a_value_or_an_error(text in any::<String>()) {
        for format in FORMATS {
            drop(parse(&text, format));
        }
    }
}
