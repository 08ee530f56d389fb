//! Data in the holes of a script.

use super::rendered;
use crate::Shapes;
use serde_json::json;

/// Shapes, and data that is refused there: what it is written as is what the engine writes.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "let a = \"{{ x | safe }}\";",
        &[
            "\"",
            "\"+alert(1)+\"",
            "\\",
            "a\\",
            "\n",
            "\r",
            "\u{2028}",
            "\u{2029}",
            "</script",
            "<!--",
            "<script",
            "<!--<script>",
            "\";alert(1);//",
            "\\x41",
            "\\0",
            "\\\n",
            "\\u{41}",
            "\0",
        ],
    ),
    (
        "let a = '{{ x | safe }}', b = '{{ x | safe }}';",
        &["'", "\\", "', alert(1), '", "'-alert(1)-'", "a\\", "</a>"],
    ),
    (
        "let a = `{{ x | safe }}`;",
        &[
            "`",
            "${alert(1)}",
            "$${alert(1)}",
            "\\",
            "`-alert(1)-`",
            "</a>",
            "<!--",
            "${",
            "{${a}",
        ],
    ),
    (
        "let a = `${ {{ x | safe }} }`;",
        &["alert(1)", "a", "`", "}", "} alert(1) ${"],
    ),
    ("let a = `$\\{{ x | safe }}`;", &["`", "\\"]),
    (
        "let a = {{ x | safe }};",
        &[
            "alert(1)",
            "a",
            "1;alert(1)",
            "1,alert(1)",
            "[alert(1)]",
            "{\"a\":alert(1)}",
            "{a:1}",
            "`a`",
            "'a'",
            "/a/",
            "1+1",
            "[1,]",
            "{\"a\":1,}",
            "[,1]",
            "+1",
            "--1",
            "0x1",
            "01",
            "1.",
            ".5",
            "1n",
            "1_0",
            "NaN",
            "undefined",
            "1/**/",
            "/**/1",
            "1//",
            "\"a\"+\"b\"",
            "\"a\".b",
            "[1][0]",
            "\"\\x41\"",
            "\"\\'\"",
            "-",
            "{\"a\"}",
            "{\"a\":}",
            "{1:1}",
            "[1 2]",
            "(1)",
            "[[1]",
            "1]",
            "\"</script\"",
            "\"<!--\"",
            "- 1",
            "function(){}",
            "()=>1",
            "this",
            "new Date",
            "\"a\n\"",
            "\"a\"\n(alert)(1)",
            "1\nalert(1)",
            "1 <!-- a",
            "{\"a\": /* b */ 1}",
            "{\"__proto__\"\n:\n/**/1}",
        ],
    ),
    (
        "{{ x | safe }}",
        &["alert(1)", "1", "\"use strict\"", "{}", "[1]", "a"],
    ),
    ("a;{{ x | safe }}", &["1", "{}", "[1]", "b"]),
    (
        "let a = b{{ x | safe }};",
        &["1", "\"a\"", "[1]", "()", ".c", "`a`"],
    ),
    ("let a{{ x | safe }} = 1", &["1", "b", "\"a\""]),
    ("let a = 1{{ x | safe }};", &["1", ".5", "e5", "n"]),
    ("let a = -{{ x | safe }};", &["-1"]),
    (
        "let a = b() \n {{ x | safe }}",
        &["[1]", "(1)", "\"a\"", "1"],
    ),
    (
        "f(); // {{ x | safe }}",
        &["a", "\nalert(1)", "\u{2028}alert(1)"],
    ),
    ("f(); /* {{ x | safe }} */", &["a", "*/ alert(1) /*"]),
    ("let a = /{{ x | safe }}/;", &["a", "/", "a/-alert(1)-/"]),
    ("if (a) /{{ x | safe }}/.test(b)", &["a"]),
    // What a slash does is not certain.
    ("let a = {}\n/1/'{{ x | safe }}'", &["a"]),
    ("a++ / 1; '{{ x | safe }}'", &["a"]),
    ("<!-- a\n'{{ x | safe }}'", &["a"]),
    ("a\n--> a\n'{{ x | safe }}'", &["a"]),
    ("let a = 'it\\{{ x | safe }}'", &["n", "'", "a"]),
    ("let a = '{{ x | safe }}", &["a", "'"]),
    ("let a = () => {{ x | safe }}", &["{\"a\": 1}"]),
    ("let a = b.{{ x | safe }}", &["c", "1", "\"c\""]),
    ("class A { {{ x | safe }} }", &["a", "\"a\"", "1"]),
    ("\\u0061('{{ x | safe }}')", &["a"]),
    ("a.return {{ x | safe }}", &["[1]", "1"]),
    ("'a'\\u0061;'{{ x | safe }}'", &["a"]),
    ("#!a\n'{{ x | safe }}'", &["a"]),
    ("import a from {{ x | safe }}", &["\"a\""]),
];

#[test]
fn data_that_is_more_than_data_is_refused() {
    let mut wrong = Vec::new();
    for (script, values) in REFUSED {
        let shapes = Shapes::in_template(&format!("<script>{script}</script>"));
        for value in *values {
            let page = script.replace("{{ x | safe }}", value);
            if shapes.allows(&page) {
                wrong.push((script, value));
            }
        }
        if !shapes.allows(&script.replace("{{ x | safe }}", "")) {
            wrong.push((script, &"nothing, which is harmless"));
        }
    }
    assert_eq!(wrong, []);
}

/// Shapes, and data that is allowed there.
const ALLOWED: &[(&str, &[&str])] = &[
    (
        "let a = \"{{ x }}\";",
        &[
            "a",
            "it's",
            "`${b}`",
            "é 漢字 🙂",
            "a\\nb",
            "\\\"",
            "\\u0041\\/",
            "a < b > c",
            "{{",
            "//",
            "/* */",
            "\t",
        ],
    ),
    (
        "let a = '{{ x }}-{{ x }}';",
        &["a", "\"", "&#x27;&lt;/script&gt;", "-", "a-b"],
    ),
    (
        "let a = `{{ x }}`;",
        &["a", "'\"", "a\nb", "$", "{", "$ {", "\\n", "\u{2028}"],
    ),
    ("let a = `x${`${b}{{ x }}`}`;", &["a", "}", "}}"]),
    ("let a = `${ {{ x }} }`;", &["1", "\"a\"", "[1]"]),
    (
        "let a = {{ x }};",
        &[
            "1",
            "-1",
            "0",
            "0.5",
            "-1.5e-10",
            "1E5",
            "true",
            "false",
            "null",
            "\"a\"",
            "\"'`${a}\"",
            "[]",
            "{}",
            "[1, \"a\", [true], {\"a\": {\"b\": null}}]",
            "{\n  \"a\": [\n    1\n  ]\n}",
            "\"\\u2028\\\\\\\"\"",
            "\"\u{2028}\"",
        ],
    ),
    (
        "f({{ x }}, [{{ x }}], {a: {{ x }}, 'b': {{ x }}})",
        &["1", "\"a\"", "{\"a\":[]}"],
    ),
    ("return {{ x }}", &["1", "[1]"]),
    ("a = b ? {{ x }} : {{ x }}", &["1", "\"?\""]),
    ("a = b / 2 / {{ x }}", &["1"]),
    (
        "a = (b) / 2; c = '{{ x }}'; d = e[0] / f / '{{ x }}'",
        &["1"],
    ),
    ("a = /[/'\"]/.test(b) && /\\/'/.x; c = '{{ x }}'", &["a"]),
    ("while (a) /'/.test(b); c = '{{ x }}'", &["a"]),
    ("a.if(b) / 2; c = '{{ x }}'", &["a"]),
    ("// it's\n/* \" */ a = '{{ x }}' // '", &["a"]),
    (
        "class A { #b = 1; c() { return this.#b ?? '{{ x }}' } }",
        &["a"],
    ),
    ("a = b?.5:1; c = d?.e; f = '{{ x }}'", &["a"]),
];

#[test]
fn data_is_allowed() {
    let mut wrong = Vec::new();
    for (script, values) in ALLOWED {
        let shapes = Shapes::in_template(&format!("<script>{script}</script>"));
        for value in *values {
            let page = script.replace("{{ x }}", value);
            if !shapes.allows(&page) {
                wrong.push((script, value));
            }
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn a_value_in_a_page_is_escaped_text() {
    let template = "<script>let a = '{{ x }}'</script>";
    let allowed = |x: &str| rendered(template, &json!({ "x": x })).scripts.len() == 1;
    assert!(allowed("';alert(1);'") && allowed("</script><script>alert(1)</script>"));
    assert!(!allowed("\\") && !allowed("\n"));
}

#[test]
fn text_that_data_ends_with_does_not_swallow_the_quote() {
    let shapes = Shapes::in_template("<script>f('{{ a }}', '{{ b }}')</script>");
    assert!(shapes.allows("f('a', 'b')"));
    // A backslash at the end of the first value makes code of the second.
    assert!(!shapes.allows("f('\\', ', alert(1))//')"));
}
