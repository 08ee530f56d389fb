//! What metering does to templates, in the words in which authors read it.

use super::explain::explain;
use proptest::prelude::*;
use quillfront_templates::budget;
use quillfront_templates::meter::*;
use std::collections::BTreeSet;
use tera::{Context, Tera};

fn engine() -> Tera {
    let mut tera = Tera::default();
    register(&mut tera);
    let parts = "{% component Tree(n) %}<{% if n > 0 %}{{ <Tree n={n - 1}/> }}{% endif %}{% endcomponent Tree %}\
                 {% component Ever() %}{{ <Ever/> }}{% endcomponent Ever %}";
    tera.add_raw_template("parts.html", parts).unwrap();
    tera
}

fn render(text: &str) -> Result<String, String> {
    let metered = meter(text).map_err(|(line, message)| format!("{message} on line {line}"))?;
    let mut out = BoundedWriter::new(MAX_TEXT_OUTPUT_BYTES);
    let context = context();
    let rendered =
        budget::of_text(|| engine().render_str_to(&metered.text, &context, false, &mut out));
    rendered.map_err(|error| explain(&error).message)?;
    Ok(String::from_utf8(out.bytes).unwrap())
}

/// What a site gives its templates without any `set`.
fn context() -> Context {
    let mut context = Context::new();
    let list: Vec<u32> = (0..50_000).collect();
    context.insert(
        "big",
        &serde_json::json!({"list": list, "text": "a".repeat(500_000)}),
    );
    context.insert(
        "small",
        &serde_json::json!({"list": [1, 2, 3], "text": "abc", "n": 2}),
    );
    context
}

#[test]
fn a_text_within_bounds_comes_out_as_without_meters() {
    for text in [
        "{% for i in range(end=3) %}\n{{ i }}\n{% endfor %}",
        "a {%- for i in range(end=3) -%}  {{ i }}  {%- endfor -%} b",
        "{% set x = \"a %} {% for\" ~ 'b' %}{{ x }}{% set_global y=x %} {{ y }}",
        "{% set x %}a{% for i in [1, 2] %}{{ i }}{% endfor %}{% endset %}{{ x }}",
        "{% raw %}{% for x in y %}{{ z }}{% endraw %} {#{% for #}{% if true %}b{% endif %}",
        "{%- raw -%} {% for %} {%- endraw -%} {% set x = [1, 2, 3] -%} {{ x | length }}",
        "{% component Own(a) %}[{{ a }}]{% endcomponent Own %}{{ <Own a=\"b\"/> }}",
        "{%-- raw %}{% for x in y %}{{ z }}{% endraw %}{%--raw-%} {# {%- endraw -%} {{- 1 -}}",
        "{%- raw %}{% endraw %}{# {%-- raw %} #}{{-1}}{#- -#}{%- if true -%}b{%- endif -%}",
        "{% component Two(a, b=[\"x,y\"], c: string = \"z\") -%}  {{ a }}{{ b }}{{ c }}{% endcomponent Two %}{{ <Two a=\"b\"/> }}",
        "{{ [x | upper for x in [\"a\", \"[ for\"] if x != \"b\"] | join(sep=\"é\") }}",
        "{% set y %}{% for i in [1, 2] %}{{- i ~ \"a\" if i > 1 else 'b' | upper -}} {{ [i][0] }}{% endfor %}{% endset %}{{ y }}",
        "{% filter upper %}{% for i in [1, 2] %}{{ <Tree n={i}/> }}{{ i }}{% endfor %}{% endfilter %}",
        "{{ <Tree n={3}/> }} {{ [i * 2 for i in range(end=4)] | length }}",
        "{{ range(start=5, end=1, step_by=-2) }} {{ range(start=1, end=6, step_by=2) }}",
        "{% set x = {\"for\": 1} %}{{ x.for }}é日",
        "{% if small.list == [1, 2, 3] and 2 in small.list and not 9 in (small.list) %}y{% elif small.text ~ 1 == \"abc1\" %}n{% endif %}",
        "{% if small.text < \"b\" ~ small.n or small.n + 1 >= 3 * 1 %}y{% endif %}{{ small.text ~ small.n == \"abc2\" }}",
        "{{ small.list[1] }}{{ (small.list)[1:] | length }}{{ small.text[0] }}{{ small?.no?.x == 1 }}{{ small.list[small.n] == 3 }}",
        "{{ \"n\" if small.text ~ \"x\" == \"abcx\" else \"m\" }}{{ 1 not in small.list }}{{ -small.n < 0 }}",
        "{% for i in small.list[1:] %}{{ i == small.n }}{{ i in [1, small.n] }}{% endfor %}{{ [a for a in small.list if a == small.n] }}",
        "{% set t = small.text == \"abc\" %}{{ t }}{% set u = small.text ~ \"d\" %}{{ u is string }}{{ u | length == 4 }}",
        "{{ not small.text ~ \"a\" }}{{ range(end=4)[1:] | length }}{{ 2 in range(end=4) }}{{ (small.text ~ \"x\")[1:] }}",
        "a {{- small.n == small.n -}} b {{- small.text ~ small.n == \"abc2\" }} {{- small.list != [1] if small.n < 3 else 1 }}",
        "{{- small.list == small.list }}{{-1 < small.n }} {{- -small.n < small.n or small.n == 1 -}} {{- not small.list == [small.n] }}",
        "nothing at all",
    ] {
        let plain = engine().render_str(text, &context(), false);
        let plain = plain.map_err(|error| explain(&error).message);
        assert_eq!(render(text), plain, "{text}");
    }
}

/// Each of these would take hours or all memory, or go round for ever.
#[test]
fn a_text_beyond_bounds_is_an_error() {
    let nested = |times: usize, body: &str| {
        let open = "{% for a in r %}".repeat(times);
        format!(
            "{{% set r = range(end=1000) %}}{open}{body}{}",
            "{% endfor %}".repeat(times)
        )
    };
    let long = |rest: &str| {
        let doubled = "{% set a = a ~ a %}".repeat(16);
        format!("{{% set a = \"abcdefgh\" %}}{doubled}{rest}")
    };
    for (text, told) in [
        (nested(3, ""), "steps"),
        (nested(30, "x"), "steps"),
        ("{% for a in range(end=9999) %}{% for b in range(end=9999) %}{% endfor %}{% endfor %}".into(), "steps"),
        ("{% set x = \"ab\" %}{% for i in range(end=60) %}{% set_global x = x ~ x %}{% endfor %}".into(), "bytes"),
        ("{% set_global x = \"ab\" %}{% for i in range(end=60) %}{% set_global x %}{{ x }}{{ x }}{% endset %}{% endfor %}".into(), "bytes"),
        ("{% set x = \"abcd\" %}".to_owned() + &"{% set x = x ~ x %}".repeat(19) + &"{{ x }}".repeat(17), "bytes"),
        ("{%-- raw %} {# {% endraw %}{% for a in range(end=9999) %}{% for b in range(end=9999) %}{% endfor %}{% endfor %}{# #}".into(), "steps"),
        (long("{% component D(a) %}{{ <D a={a ~ a}/> }}{% endcomponent D %}{{ <D a={a}/> }}"), "bytes"),
        (long("{{ [a ~ a for i in range(end=90000)] | length }}"), "bytes"),
        (long("{{ [a | upper for i in range(end=90000)] | length }}"), "bytes"),
        (long("{% set l = [a, a, a, a, a] %}{% set l = [l, l, l, l, l, l, l] %}"), "bytes"),
        (
            long("{% component B() %}{{ body }}{% endcomponent B %}{% <B> %}{% for i in range(end=90000) %}{{ a }}{% endfor %}{% </B> %}"),
            "bytes",
        ),
        (long("{% set x %}{% for i in range(end=90000) %}{{ a }}{% endfor %}{% endset %}"), "bytes"),
        (long("{% filter upper %}{% for i in range(end=90000) %}{{ a | upper }}{% endfor %}{% endfilter %}"), "bytes"),
        (long(&format!("\n{{{{ [{}] }}}}", "a ~ a, ".repeat(101))), "line 2"),
        ("{{ range(end=1000000) }}".into(), "100000"),
        ("{{ range(end=10, step_by=0) }}".into(), "step_by"),
        ("{{ range(start=-170141183460469231731687303715884105728, end=1) }}".into(), ""),
        ("{{ [[a for a in range(end=9)] for b in range(end=9)] }}".into(), "line 1"),
        ("\n{% for i in [1] %}{{ [a for a in range(end=9)] }}{% endfor %}".into(), "line 2"),
        ("{{ <Ever/> }}".into(), "depth"),
        ("{{ <Tree n={25}/> }}".into(), "depth"),
        ("{% component T(n) %}{% if n > 0 %}".to_owned() + &"{{ <T n={n - 1}/> }}".repeat(9) + "{% endif %}{% endcomponent T %}{{ <T n={18}/> }}", "steps"),
        ("{{ ".to_owned() + &"(".repeat(10_000) + "1", "complex"),
        ("{{ ".to_owned() + &"not ".repeat(10_000) + "true }}", ""),
        ("{{ ".to_owned() + &"1 + ".repeat(10_000) + "1 }}", "complex"),
        ("{{ a".to_owned() + &"[a".repeat(10_000), ""),
        ("{% if true %}".repeat(10_000), "branches"),
        ("{% for a in b %}".repeat(10_000), "deep"),
        ("{{ 1".to_owned() + &" | abs".repeat(10_000) + " }}", ""),
        ("{{ {\"a\":".to_owned() + &"{\"a\":".repeat(10_000), ""),
        ("{% if a %}".to_owned() + &"{% elif a %}".repeat(10_000), "branches"),
    ] {
        let problem = render(&text).expect_err(&text[..text.len().min(60)]);
        // Large texts also take steps, which may be the first to run out.
        let is_told = problem.contains(told) || (told == "bytes" && problem.contains("steps"));
        assert!(is_told, "{}: {problem}", &text[..text.len().min(60)]);
    }
}

/// The engine goes through large values by itself, wherever they come from and however they are written.
#[test]
fn large_values_are_paid_for_at_each_use() {
    let mut tried = 0;
    for expression in [
        "big.list == big.list",
        "big.list != big.list",
        "big.text < big.text",
        "(big.list) == big.list",
        "small.n == 2 and big.list == big.list",
        "-1 in big.list",
        "-1 in (big.list)",
        "not -1 in big.list",
        "-1 not in big?.list",
        "-1 in big.list[0:]",
        "big.list[1:]",
        "(big.list)[1:]",
        "big.text[0]",
        "(big.text)[1:]",
        "(big.text if true else \"\")[1:]",
        "big.text ~ i",
        "big.text ~ i == \"b\"",
        "\"b\" == big.text ~ i",
        "(big.text ~ i) | length == 1",
        "not big.text ~ i",
        "small.n == 1 or (big.text ~ i) == \"b\"",
        "{\"a\": big.list == big.list}",
        "[1][0 if big.list == big.list else 0]",
        "big.list == big.list if true else 1",
        "1 if big.text == big.text else 2",
        "range(end=2)[big.list == big.list]",
        "big.list | length == 1 or big == big",
    ] {
        for (open, close) in [
            ("{% if ", " %}{% endif %}"),
            ("{% if false %}{% elif ", " %}{% endif %}"),
            ("{% set y = ", " %}"),
        ] {
            let turn = format!("{open}{expression}{close}");
            let render = |text: &str| {
                budget::of_render(|| {
                    budget::spend(budget::MAX_STEPS - 200_000).unwrap();
                    render(text)
                })
            };
            let once = render(&format!("{{% set i = 1 %}}{turn}"));
            if once.is_err_and(|error| !error.contains("steps")) {
                // The engine takes no such expression.
                continue;
            }
            tried += 1;
            let text = format!("{{% for i in range(end=300) %}}{turn}{{% endfor %}}");
            let told = render(&text).expect_err(&turn);
            assert!(told.contains("steps"), "{turn}: {told}");
        }
    }
    assert!(tried > 60, "{tried}");
}

#[test]
fn long_chains_are_joined() {
    for joins in [7, 8, 9, 64, 100] {
        let chain = format!("{{{{ \"a\"{} }}}}", " ~ small.n".repeat(joins));
        let joined = render(&chain).unwrap();
        assert_eq!(joined, format!("a{}", "2".repeat(joins)));
    }
    let chain = format!("{{{{ \"a\"{} }}}}", " ~ small.n".repeat(250));
    let size_of = |_: &str| 0;
    let role = Role::Template {
        kept: false,
        size_of: &size_of,
    };
    let plain = engine().render_str(&chain, &context(), false);
    let counted = engine().render_str(&metered(&chain, role).text, &context(), false);
    assert_eq!(counted.ok(), plain.ok());
}

/// What the engine makes of these is its business, but it must come back.
#[test]
fn deep_expressions_come_back() {
    for piece in [
        "(",
        "-",
        "not ",
        "1 + ",
        "1 ~ ",
        "a.b",
        "a[",
        "a[0]",
        "[",
        "{\"a\":",
        "f(a=",
        "1 | f(a=",
        "1 if 1 else ",
        "1 and ",
        "1 in ",
        "1 == ",
        "a is defined and ",
        "a is f(b=",
        "<A b={",
        "<A>",
        "[a for a in ",
        "...",
        "a?.",
        "a?[",
        "a:",
        "\"\" ",
        "1 | default(value=",
        "a.b?.c[",
        "1 // ",
        "1 ** ",
    ] {
        for (open, close) in [
            ("{{ ", " }}"),
            ("{% if ", " %}{% endif %}"),
            ("{% set x = ", " %}"),
            ("{% for a in ", " %}{% endfor %}"),
            ("{% ", " %}"),
        ] {
            for times in [100, 10_000] {
                drop(render(&format!("{open}{}1{close}", piece.repeat(times))));
            }
        }
    }
    for tag in [
        "{% if a %}",
        "{% if a %}{% elif b %}{% else %}",
        "{% set x %}",
        "{% filter upper %}",
        "{% for a in [1] %}{% else %}",
        "{% block a %}",
        "{% component A() %}",
        "{% <A> %}",
        "{% raw %}",
        "{% include \"parts.html\" %}",
        "{{ <A> }}",
    ] {
        drop(render(&tag.repeat(10_000)));
    }
}

/// The engine goes through the whole text for each.
#[test]
fn very_many_calls_of_what_does_not_exist_are_told_once() {
    let tera = engine();
    let own = BTreeSet::from(["Own"]);
    let told = |text: &str| many_unknown(text, &tera, &own);
    for (call, what) in [
        ("\n{{ <Xyz/> }}", "component `Xyz`"),
        ("\n{% <Xyz> %}{% </Xyz> %}", "component `Xyz`"),
        ("\n{{ xyz(a=1) }}", "function `xyz`"),
        ("\n{{ 1 | xyz }}", "filter `xyz`"),
        ("\n{% set a = [1 | xyz(b=2)] %}", "filter `xyz`"),
        ("\n{% if <Xyz/> %}{% endif %}", "component `Xyz`"),
        ("\n{% filter xyz(b=2) %}{% endfilter %}", "filter `xyz`"),
        ("\n{{ not xyz (a=1) }}", "function `xyz`"),
    ] {
        let (line, message) = told(&call.repeat(100_000)).expect(call);
        assert!(
            line == 2 && message.contains(what),
            "{call}: {line} {message}"
        );
        assert_eq!(told(&call.repeat(20)), None, "the engine tells of few");
    }
    for call in [
        "{{ <Own/> }}{{ <Tree n={1}/> }}",
        "{% if a < b and c is containing(pat=1) and d is not matching(pat=1) %}{% endif %}",
        "{{ range(end=3) | length }}{{ super() }}",
        "{% filter replace(from=\"a\", to=\"b\") %}{% endfilter %}{% if \"a\" < small.text and (1) %}{% endif %}",
        "{% component Mine(a) %}{% endcomponent Mine %}{{ <Mine a={1}/> }}",
    ] {
        assert_eq!(told(&call.repeat(100)), None, "{call}");
    }
}

#[test]
fn many_branches_are_an_error() {
    let branches =
        |count: usize| format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(count));
    assert!(render(&branches(MAX_BRANCHES - 1)).is_ok());
    assert!(render(&branches(MAX_BRANCHES - 1).repeat(3)).is_ok());
    let nested = format!("{{% if 0 %}}{}", "{% elif 0 %}".repeat(30)).repeat(30);
    for text in [branches(MAX_BRANCHES), nested] {
        assert!(render(&text).unwrap_err().contains("branches"));
        assert!(crate::render::templates::check_syntax("templates/a.html", &text).is_err());
    }
}

#[test]
fn a_mistake_is_where_it_was_written() {
    let text = "a\n{% for i in [1] %}{% set x = i %}é {{ x.y.z }}{% endfor %}";
    let metered = meter(text).unwrap();
    let error = engine()
        .render_str(&metered.text, &Context::new(), false)
        .unwrap_err();
    let error = explain(&error);
    let column = metered.original_column(error.line.unwrap(), error.column.unwrap());
    let plain = engine()
        .render_str(text, &Context::new(), false)
        .unwrap_err();
    assert_eq!(Some(column), explain(&plain).column);
}

/// Pieces that mean something to the engine.
fn templatish() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "-",
        " ",
        "\n",
        "{{ ",
        " }}",
        "{% ",
        " %}",
        "{%- ",
        " -%}",
        "{% raw %}",
        "{% endraw %}",
        "{% for i in [1, 2] %}",
        "{% endfor %}",
        "{{ i }}",
        "{% if 1 %}",
        "{% endif %}",
        "{% set x = 1 %}",
        "{% set y %}",
        "{% endset %}",
        "{{ x }}",
        "\"",
        "'",
        "`",
        "\\",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "for",
        "in",
        "set",
        "raw",
        "1",
        "a",
        "é",
        "日",
        "|",
        "~",
        "=",
        ".",
        ",",
        "a\"%}\"",
        "{% component A() %}",
        "{% endcomponent A %}",
        "{{ <A/> }}",
        "range(end=3)",
        " == ",
        " < ",
        " in ",
        " not ",
        " and ",
        " + ",
        " if ",
        " else ",
        "small.n",
        "small.list",
        "small.text",
        "[1:]",
        "(",
        ")",
        "{% if ",
        "{% elif ",
        "{% endif %}",
        "{{ small.text",
        "{% include \"parts.html\" %}",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

/// An expression that the engine mostly takes.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "2",
        "\"abc\"",
        "'a'",
        "true",
        "small.n",
        "small.list",
        "small.text",
        "small?.text",
        "small.list[1]",
        "small.list[1:]",
        "range(end=3)",
        "[1, small.n]",
        "{\"a\": small.text}",
    ]);
    let leaf = leaf.prop_map(str::to_owned).boxed();
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operator = prop::sample::select(vec![
            "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "~", "and", "or", "in", "not in",
        ]);
        let filter =
            prop::sample::select(vec!["length", "upper", "str", "first", "default(value=1)"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
            (inner.clone(), filter).prop_map(|(a, f)| format!("{a} | {f}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("({a})[1:]")),
            inner.clone().prop_map(|a| format!("not {a}")),
            inner.clone().prop_map(|a| format!("{a} is defined")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("{a} if {b} else {c}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner)
                .prop_map(|(a, b)| format!("[x ~ ({a}) for x in small.list if x == ({b})]")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn meters_change_nothing_but_the_price(text in templatish()) {
        let Ok(metered) = meter(&text) else { return Ok(()) };
        let plain = engine().render_str(&text, &context(), false);
        let counted = engine().render_str(&metered.text, &context(), false);
        match (plain, counted) {
            (Ok(plain), Ok(counted)) => prop_assert_eq!(plain, counted),
            (Err(plain), Err(_)) => drop(plain),
            (plain, counted) => prop_assert!(false, "{plain:?} became {counted:?}"),
        }
    }

    #[test]
    fn expressions_mean_the_same_with_meters(parts in expression()) {
        let text = format!("{{{{ {parts} }}}}{{% if {parts} %}}a{{% elif {parts} %}}b{{% endif %}}");
        let Ok(metered) = meter(&text) else { return Ok(()) };
        let plain = engine().render_str(&text, &context(), false);
        let counted = engine().render_str(&metered.text, &context(), false);
        prop_assert_eq!(plain.ok(), counted.ok());
    }

    #[test]
    fn any_text_is_metered(text in any::<String>()) {
        if let Ok(metered) = meter(&text) {
            prop_assert!(metered.text.len() >= text.len());
        }
    }
}
