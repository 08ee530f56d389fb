//! Texts in which something is looked for over and over: time grows with their length, not with its square.

use quillfront_policy::{MAX_HOLED_SCRIPT_BYTES, Shapes, inspect};
use std::time::{Duration, Instant};

const LENGTH: usize = 1 << 19;

/// A text takes a tenth of this. Where it takes time with the square of its length, even the fastest search
/// takes twice as long.
const LONGEST: Duration = Duration::from_secs(2);

/// Fails if something takes too long, three times in a row: the machine may do other things as well.
#[expect(clippy::disallowed_methods, reason = "it is about time")]
fn in_time(what: &str, run: impl Fn()) {
    let is_fast = |_| {
        let start = Instant::now();
        run();
        start.elapsed() < LONGEST
    };
    assert!((0..3).any(is_fast), "{what} takes long");
}

/// Repeated, they open something over and over, or never end it.
const MARKUP: &str = "url(|@import url(|<|</|<!--|<script>|<script><!--<script>|<svg>|<svg><desc>|</i>|<svg><b></i>|<a b|<a b='|\
    <a srcset='a,|<p style='url(|<style>url(|<style>@import url(|&|&#|<noscript>|<iframe srcdoc='|<a onclick=a |\
    <math><mi>|<![CDATA[|<svg><![CDATA[|\\|{{|{%|{# |<svg><script>a|{{ a }}|<script>{{ a }}{% if a %}</script>|\
    <script>{% for a in b %}|\n|> |[a|<!--\n\n|{% raw %}|<form><a href=x:y><img src=https://a/b>";

#[test]
fn pages() {
    for piece in MARKUP.split('|') {
        let text = piece.repeat(LENGTH / piece.len());
        for around in ["", "<svg>", "<style>"] {
            let page = format!("{around}{text}");
            in_time(&format!("{around}{piece}"), || {
                inspect(&page, &mut Shapes::default());
            });
        }
        in_time(&format!("{piece} as Markdown"), || {
            Shapes::in_markdown(&text[..text.floor_char_boundary(LENGTH / 8)], true);
        });
    }
    let names = (0..LENGTH / 20).map(|n| format!(" onclick{n} style{n}=a"));
    let page = format!("<p{}>", names.collect::<String>());
    in_time("attributes", || {
        inspect(&page, &mut Shapes::default());
    });
}

/// Repeated, they open something over and over, or are data all the way.
const CODE: &str = "\" '\\ ` `${ / ( [ /* a, 1, {\"a\": - </ \u{e9} \\u0041 \n 'a', {{ = [1,";

const SHAPES: [&str; 7] = [
    "x = {{ a }}",
    "\"{{ a }}\"",
    "{% for a in b %}{{ a }}{{ b }}{% endfor %}c",
    "x = [{% for a in b %}{{ a }},{% endfor %}",
    "\"{{ a }}{{ a }}{{ a }}{{ a }}{{ a }}{{ a }}{{ a }}x",
    "{% for a in b %}{% for a in b %}{% for a in b %}{{ a }}{% endfor %}{% endfor %}{% endfor %}x",
    "{% for a in b %}{% if a %}'a',{% else %}'{{ a }}',{% endif %}{% endfor %}x",
];

#[test]
fn scripts() {
    for piece in CODE.split(' ') {
        let script = piece.repeat(MAX_HOLED_SCRIPT_BYTES / 8 / piece.len());
        let as_value = format!("x = [{script}");
        let as_text = format!("\"{script}\"");
        for shape in SHAPES {
            let shapes = Shapes::in_template(&format!("<script>{shape}</script>"));
            for script in [&script, &as_value, &as_text] {
                in_time(&format!("{piece:?} as {shape:?}"), || {
                    shapes.allows(script);
                });
            }
        }
    }
}
