//! The lexer takes templates apart as the engine does, whatever is in them.

mod engine;

use engine::agree;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::Cell;

#[test]
fn templates_are_taken_apart_as_by_the_engine() {
    for text in [
        "",
        "no tags, but { braces } and %} and #} and }}",
        "{{ text }}{{text}}{{- text -}}{{-text-}} {{ -n }} {{--n }} {{ n -1 }}{{- -1 -}}",
        "a {{- 1 }} b {{ 2 -}} c {%- if n -%} d {%- endif -%} e {#- f -#} g {#-#} h {# -#} i",
        "{# {{ no }} {% raw %} #}{#}#}{##}{#- {#- #}{{ text -}}{# a #} b",
        "{% raw %}{{ no }}{% if %}{# #}{% endraw %}{%raw%}{{%endraw%}",
        "{%- raw -%} a {%- endraw -%} b{%-- raw -%} {{ c {%- endraw %}",
        "{% raw %}{%-- endraw %}{% endraw -%} a {%\traw\n%}{%- {% endraw %}",
        "a {% raw -%}  { {  {%- endraw %}{{- n }}{% raw %}{{{%{%{%endraw%} b",
        "{{ \"}}\" ~ '%}' ~ `{{` ~ \"\\\"}}\" ~ '\\\\' ~ \"a\\/b\\n\\t\\r\\'\" }}",
        "{{ {\"a\": {\"b\": {} } } | length }}{{ {} }}",
        "{{ [1, 2.5, 3.] }}{{ 1//2**3 }}{{ n%2 }}{{ n %2}}{{ n>=2 }}{{ n<=2 }}{{ not n!=2 }}",
        "{{ list[0] }}{{ list?[0] }}{{ list[:1] }}{{ list[1:] }}{{ nope?.a?.b is defined }}",
        "{{ [x ~ text for x in list if x > 1] }}{{ [...list, 4] }}{{ {...{\"a\": 1}, \"b\": 2} | length }}",
        "{% component ui.card(a, @n, b: string = \"c\", ...rest) {\"d\": 1} %}{{ a }}{{ body }}\
         {% endcomponent ui.card %}{% <ui.card a=\"b\"> %}c{% </ui.card> %}{{ <ui.card a={n} body=\"\"/> }}",
        "{% set x %}a{% endset %}{{ x | upper | default(value=`b`) }}{% set_global y = 1 %}{{ y }}",
        "{% for i in range(end=3) %}{{ loop.index }}{% else %}{% endfor %}{% filter upper %}a{% endfilter %}",
        "{% extends \"base.html\" %}\n{# only blocks #}\n{% block a %}{{ super() }}é{% endblock a %}\n",
        "é{{ \"日\" }}\u{a0}{{-\u{c}n\r\n-}}\u{a0}日",
    ] {
        assert!(agree(text), "the engine refuses {text:?}");
    }
}

#[test]
fn texts_that_end_early_do_so_for_both() {
    for text in [
        "a {{ b",
        "{% if",
        "{# b #",
        "{{ \"}}",
        "{{ '\\' }}",
        "{% raw %}{% endra %}",
        "{%--- raw %}",
        "{{ a } }",
        "{{ {\"a\": {\"b\": 1}} }}",
        "{{ é }}",
        "{{ \"\\q\" }}",
        "{{ 99999999999999999999 }}",
    ] {
        assert!(!agree(text), "{text}");
    }
}

/// Parts of templates, some of them whole ones.
fn parts() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "n", "text", "list", "1", "2.5", "\"a\"", "'}}'", "`%}`", "\"\\\"\"", "true", "none", "+",
        "-", "*", "/", "%", "~", "|", "upper", "==", "<", ">", "=", "(", ")", "[", "]", "{", "}",
        ",", ":", ".", "?.", "?[", "...", "//", "**", "not", "in", "if", "else", "for", "</", "/>",
        "@", "!", "is", "defined", "é", "\\", " ", "\n", "-",
    ]);
    let tokens = prop::collection::vec(token, 0..5).prop_map(|tokens| tokens.concat());
    let value = prop::sample::select(vec![
        "n",
        "text",
        "list[0]",
        "[1, n]",
        "n + 1",
        "n ~ text",
        "text | upper",
        "'}}' ~ \"%}\"",
        "-n",
        "n - 1",
        "\"\\\"\"",
        "{\"a\": {}}|length",
        "n if n > 1 else text",
        "[x for x in list]",
        "text == \"abc\"",
        "n == n",
        "n in list",
        "text ~ n == text",
    ]);
    let dash = || prop::sample::select(vec!["", "", "-", "--", " "]);
    let print =
        (dash(), value.clone(), dash()).prop_map(|(a, b, c)| format!("{{{{{a} {b} {c}}}}}"));
    let tag = (dash(), value, dash()).prop_map(|(a, b, c)| {
        format!("{{%{a} if {b} {c}%}} a {{%{c}endif{a}%}}{{%{a} set x={b}{c}%}}{{{{{c}x }}}}")
    });
    let raw = (dash(), dash(), dash(), dash(), tokens.clone()).prop_map(|(a, b, c, d, tokens)| {
        format!("{{%{a}raw{b}%}} {{{{ {tokens} {{% {{%{c}endraw{d}%}}")
    });
    let comment =
        (dash(), tokens.clone(), dash()).prop_map(|(a, tokens, c)| format!("{{#{a}{tokens}{c}#}}"));
    let text = prop::sample::select(vec![" ", "\n", "a", " é ", "{", "}", "%}", "\"", " \u{a0}"]);
    let sign = prop::sample::select(vec![
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "-",
        "{% raw %}",
        "{% endraw %}",
        "{%-",
        "-%}",
        "{% for i in list %}",
        "{% endfor %}",
        "{% if n %}",
        "{% endif %}",
    ]);
    prop_oneof![
        6 => text.prop_map(str::to_owned),
        4 => print,
        3 => tag,
        2 => raw,
        2 => comment,
        1 => tokens.clone(),
        1 => tokens.prop_map(|tokens| format!("{{{{{tokens}}}}}")),
        1 => sign.prop_map(str::to_owned),
    ]
}

#[test]
fn random_templates_are_taken_apart_as_by_the_engine() {
    let cases = 1_500;
    let templates = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..Default::default()
    });
    let texts = prop::collection::vec(parts(), 0..8).prop_map(|parts| parts.concat());
    let run = runner.run(&texts, |text| {
        templates.set(templates.get() + u32::from(agree(&text)));
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
    assert!(templates.get() > cases / 5, "{} are none", templates.get());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_is_taken_apart(text in any::<String>()) {
        agree(&text);
    }
}
