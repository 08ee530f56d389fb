//! Random texts and data.

use super::render;
use crate::html::{self, Element, Visitor};
use crate::javascript::{Kind, Script};
use crate::{Allows, Digest, Shapes, inspect};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Pieces of HTML at which one can go wrong.
const HTML: &[&str] = &[
    "<script>",
    "</script>",
    "<script src=a.js>",
    "<script type=module>",
    "<!--",
    "-->",
    "<svg>",
    "</svg>",
    "<math>",
    "<foreignObject>",
    "</foreignObject>",
    "<style>",
    "</style>",
    "<title>",
    "</title>",
    "<textarea>",
    "</textarea>",
    "<![CDATA[",
    "]]>",
    "<p>",
    "</p>",
    "<iframe srcdoc=\"",
    "\"",
    "'",
    ">",
    "<",
    "</",
    "&lt;",
    "&quot;",
    "&#x27;",
    "<noscript>",
    "</noscript>",
    "<plaintext>",
    "<a onclick=a() href=\"javascript:a()\">",
    "<b style='",
    "=",
    " ",
    "alert(1)",
    "\0",
    "\r\n",
    "{{",
    "}}",
    "{% if a %}",
    "{% endif %}",
    "{#",
    "#}",
    "\u{fdd0}",
    "\u{fdd1}",
    "0",
    "é",
    "<annotation-xml encoding=text/html>",
    "<mi>",
    "<desc>",
    "<br>",
    "<table>",
    "<select>",
    "<template>",
];

fn html_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(HTML).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Pieces of JavaScript at which one can go wrong.
const CODE: &[&str] = &[
    "\"",
    "'",
    "`",
    "${",
    "}",
    "{",
    "(",
    ")",
    "[",
    "]",
    "/",
    "\\",
    "\n",
    "\u{2028}",
    "\u{2029}",
    "\r",
    "//",
    "/*",
    "*/",
    "<!--",
    "-->",
    "<script",
    "</script>",
    "</",
    "alert(1)",
    "a",
    "1",
    ",",
    ":",
    ";",
    "=",
    "+",
    "-",
    ".",
    "if",
    "return",
    " ",
    "é",
    "🙂",
    "\\u0041",
    "\\n",
    "true",
    "null",
    "1e5",
    "&quot;",
    "#",
    "\0",
    "\t",
    "]]>",
    "$",
];

fn code() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(CODE).prop_map(str::to_owned),
        1 => "\\PC{0,4}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => code().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(code(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Templates with a script each, whose holes are `a` and `b`.
const TEMPLATES: &[&str] = &[
    "let x = '@a', y = \"@b\";",
    "let x = `@a ${ y } @b`;",
    "let x = `${ '@a' + `@b` }`;",
    "f(@a, [@b], { x: @a, 'y': [1, @b] });",
    "// it's\nlet x = @a / 2, y = /[/'\"`]/.test('@b');",
    "let x = @a, y = '@b'; /* @c */",
    "{% if c %}let x = '{% else %}let y = \"{% endif %}@a{% if c %}'{% else %}\"{% endif %}; f(@b)",
    "let x = [{% for i in list %}'@a'{% if not loop.last %}, {% endif %}{% endfor %}]; f(@b)",
    "@a; let x = '@b'",
    "let x = y@a; let z = '@b'",
    "let x = '\\@a'; let z = '@b'",
    "let x = 1 /@a/ 2; let z = '@b'",
];

/// How a template prints a value.
const PRINTS: &[&str] = &[
    "{{ @ }}",
    "{{ @ | safe }}",
    "{{ @ | json_encode }}",
    "{{ @ | json_encode | safe }}",
    "{{ @ | json_encode(pretty=true) | safe }}",
];

fn template() -> impl Strategy<Value = String> {
    let print = || prop::sample::select(PRINTS);
    let script = prop::sample::select(TEMPLATES);
    (script, print(), print()).prop_map(|(script, a, b)| {
        script
            .replace("@a", &a.replace('@', "a"))
            .replace("@b", &b.replace('@', "b"))
            .replace("@c", "{{ c }}")
    })
}

/// Notes what is asked, and allows what shapes allow.
struct Asked<'s> {
    shapes: &'s Shapes,
    scripts: Vec<String>,
}

impl Allows for Asked<'_> {
    fn script(&mut self, text: &str, digest: &Digest) -> bool {
        assert_eq!(*digest, Digest::of(text));
        let allowed = self.shapes.allows(text);
        if allowed {
            self.scripts.push(text.to_owned());
        }
        allowed
    }

    fn integrity(&mut self, hash: &str) -> bool {
        self.shapes.names_integrity(hash)
    }
}

/// The inline scripts of a page.
#[derive(Default)]
struct Scripts(Vec<String>);

impl Visitor for Scripts {
    fn start(&mut self, _: &Element) {}

    fn content(&mut self, element: &Element, text: &str) {
        if element.name == "script" {
            self.0.push(text.to_owned());
        }
    }
}

fn scripts(page: &str) -> Vec<String> {
    let mut scripts = Scripts::default();
    html::read(page, true, &mut scripts);
    scripts.0
}

/// The tokens of a script without those that are data: what a script does. Strings are shortened to their
/// quotes; JSON values that data may be come out as `…`.
fn skeleton(script: &str) -> Option<Vec<String>> {
    let lexed = Script::lex(script);
    let end = lexed.tokens.last().map_or(0, |token| token.range.end);
    // All of it has to be certain.
    if !script[end..].trim().is_empty() {
        return None;
    }
    let tokens = lexed.tokens.iter().map(|token| {
        let text = &script[token.range.clone()];
        match token.kind {
            Kind::Text => text[..1].to_owned(),
            Kind::Template => format!("{}{}", &text[..1], &text[text.len() - 1..]),
            _ => text.to_owned(),
        }
    });
    Some(tokens.collect())
}

proptest! {
    /// No text makes anything panic, and all lists are sorted and short.
    #[test]
    fn any_text_is_looked_at(page in html_text(), template in html_text()) {
        let mut shapes = Shapes::in_template(&template);
        shapes.add(&Shapes::in_text(&template));
        let facts = inspect(&page, &mut shapes);
        prop_assert!(facts.scripts.is_sorted() && facts.findings.is_sorted() && facts.sources.is_sorted());
        prop_assert!(facts.findings.len() <= crate::MAX_FINDINGS + 8);
        prop_assert!(facts.findings.iter().all(|finding| !finding.what.contains('\n')));
        let bytes = postcard::to_stdvec(&facts).expect("bytes");
        prop_assert_eq!(postcard::from_bytes::<crate::Facts>(&bytes).expect("facts"), facts);
    }

    #[test]
    fn any_script_is_compared(script in code(), shape in code(), value in code()) {
        let template = format!("<script>{shape}{{{{ a }}}}{script}</script>");
        let shapes = Shapes::in_template(&template);
        shapes.allows(&format!("{shape}{value}{script}"));
    }

    /// What comes in through a title makes no script that is allowed, but those of the template.
    #[test]
    fn text_from_elsewhere_is_never_allowed(title in html_text(), script in code()) {
        let template = "<title>{{ a | safe }}</title><h1>{{ a | safe }}</h1><script>own('{{ b | safe }}')</script>";
        let Some(page) = render(template, &json!({"a": title, "b": script})) else {
            return Ok(());
        };
        let shapes = Shapes::in_template(template);
        let mut asked = Asked { shapes: &shapes, scripts: Vec::new() };
        let facts = inspect(&page, &mut asked);
        for script in &asked.scripts {
            let own = script.strip_prefix("own('").and_then(|rest| rest.strip_suffix("')"));
            prop_assert!(own.is_some_and(|own| !own.replace("\\'", "").contains('\'')), "{script:?}");
            prop_assert!(facts.scripts.contains(&Digest::of(script)));
        }
    }

    /// A script without holes is allowed wherever it stands.
    #[test]
    fn scripts_that_stand_in_a_template_are_allowed(before in html_text(), script in code()) {
        let template = format!("{before}<script>{script}</script>");
        let Some(page) = render(&template, &json!({"a": true})) else {
            return Ok(());
        };
        let known = !template.contains("{{") && !template.contains("{%") && !template.contains("{#");
        if known && !template.contains(['\u{fdd0}', '\u{fdd1}']) {
            let facts = inspect(&page, &mut Shapes::in_template(&template));
            let blocked = facts.findings.iter().filter(|finding| finding.kind == crate::FindingKind::InlineScript);
            prop_assert_eq!(blocked.count(), 0, "{}", template);
        }
    }

    /// Where a script is allowed, data has no part in what it does: with other data it has the same tokens.
    #[test]
    fn data_changes_no_token_of_an_allowed_script(script in template(), a in data(), b in data(), c in any::<bool>()) {
        let template = format!("<script>{script}</script>");
        let list = [1, 2];
        let Some(page) = render(&template, &json!({"a": a, "b": b, "c": c, "list": list})) else {
            return Ok(());
        };
        let shapes = Shapes::in_template(&template);
        let mut asked = Asked { shapes: &shapes, scripts: Vec::new() };
        inspect(&page, &mut asked);
        for allowed in asked.scripts {
            let Some(tokens) = skeleton(&allowed) else { continue };
            // Of a value in code only a string is compared, as others have other tokens.
            let is_value = |value: &Value| value.is_array() || value.is_object() || value.is_number() || value.is_boolean();
            if is_value(&a) || is_value(&b) {
                continue;
            }
            let plain = |value: &Value| if value == "" { "" } else { "x" };
            let same = render(&template, &json!({"a": plain(&a), "b": plain(&b), "c": c, "list": list})).expect("a page");
            let same = scripts(&same).pop().unwrap_or_default();
            prop_assert_eq!(Some(tokens), skeleton(&same), "{} and {}", allowed, same);
        }
    }
}

/// The property above is about something: many random scripts are allowed, and many are not.
#[test]
fn random_data_is_allowed_often_and_refused_often() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut allowed, mut refused) = (0, 0);
    for _ in 0..1000 {
        let case = (template(), data(), data())
            .new_tree(&mut runner)
            .expect("a case");
        let (script, a, b) = case.current();
        let template = format!("<script>{script}</script>");
        let data = json!({"a": a, "b": b, "c": true, "list": [1, 2]});
        let Some(page) = render(&template, &data) else {
            continue;
        };
        let facts = inspect(&page, &mut Shapes::in_template(&template));
        if facts.scripts.is_empty() {
            refused += 1;
        } else {
            allowed += 1;
        }
    }
    assert!(allowed > 100 && refused > 100, "{allowed} and {refused}");
}
