//! Style sheets, from sources to CSS; and what would hang or crash the compiler.

use super::*;
use crate::effective::{self, SourceObservation};
use proptest::prelude::*;

pub(super) fn sources(files: &[(&str, &str)]) -> Sources {
    let mut sources = Sources::default();
    for (key, text) in files {
        let observed = SourceObservation::Text {
            version: "1".into(),
            size: text.len() as u64,
            bytes: Some(text.as_bytes().to_vec()),
        };
        effective::observe(&mut sources, &SourceKey::from(*key), observed);
    }
    sources
}

pub(super) fn compiled(files: &[(&str, &str)]) -> Result<String, Diagnostic> {
    sheet(&sources(files), &SourceKey::from(files[0].0))
}

fn refused(text: &str) -> Diagnostic {
    let scss = compiled(&[("sass/a.scss", text)]);
    scss.expect_err("this has to be refused")
}

#[test]
fn imports_are_found_among_the_sources_and_nowhere_else() {
    let css = compiled(&[
        (
            "sass/a.scss",
            "@use \"parts/colours\"; @import \"b\"; a { color: colours.$ink; }",
        ),
        ("sass/parts/_colours.scss", "$ink: #112233;"),
        ("sass/_b.sass", "b\n  c: d\n"),
    ]);
    assert_eq!(css.unwrap(), "b{c:d}a{color:#123}");
    for outside in [
        "/etc/passwd",
        "../../etc/passwd",
        "../static/x",
        "../content/x",
    ] {
        let text = format!("@import \"{outside}\";");
        let files = [
            ("sass/a.scss", text.as_str()),
            ("content/x.scss", "a { b: c }"),
        ];
        let problem = compiled(&files).unwrap_err();
        assert!(problem.message.contains("find"), "{outside}: {problem}");
        assert_eq!((problem.line, problem.column), (Some(1), Some(9)));
    }
}

#[test]
fn mistakes_have_their_place_in_the_text_that_the_author_wrote() {
    let text = "@mixin m { color: red; }\n@mixin n { width: 1px + 1s; }\na { @include n; }\n";
    let problem = refused(text);
    assert_eq!(
        (problem.line, problem.column),
        (Some(2), Some(19)),
        "{problem}"
    );
    let problem = compiled(&[
        ("sass/a.sass", "@import \"b\"\n"),
        (
            "sass/b.sass",
            "=m\n  color: red\n\n@mixin n\n  width: 1px + 1s\na\n  +n\n",
        ),
    ]);
    let problem = problem.unwrap_err();
    assert_eq!(problem.file, "sass/b.sass");
    assert_eq!(
        (problem.line, problem.column),
        (Some(5), Some(10)),
        "{problem}"
    );
}

#[test]
fn loops_and_calls_without_an_end_are_refused() {
    for text in [
        "@while true { a { b: c } }",
        "@for $i from 1 through 100000000 { a { b: $i } }",
        "@mixin m { @include m; } a { @include m; }",
        "@mixin m { @include n { @include m; } } @mixin n { @content; } a { @include m; }",
        "@mixin m($n) { .a & { x: y; @include m($n + 1); } } b { @include m(1); }",
        "@function f($x) { @return f($x + 1); } a { b: f(1); }",
        "@function f($x) { @return g($x); } @function g($x) { @return f($x); } a { b: f(1) }",
    ] {
        let problem = refused(text);
        let told = problem.message.as_str();
        assert!(
            told.contains("end?") || told.contains("forever?"),
            "{text}: {told}"
        );
    }
    let problem = compiled(&[("sass/a.sass", "=m\n  +m\na\n  +m\n")]).unwrap_err();
    assert!(problem.message.contains("forever?"), "{problem}");
}

#[test]
fn calls_that_end_are_counted_while_they_run() {
    let calls = |depth: usize| {
        format!(
            "@function f($n) {{ @if $n > 1 {{ @return f($n - 1); }} @return 1; }}\n\
             @mixin m($n) {{ @if $n > 1 {{ @include m($n - 1); }} @else {{ b: f($n); }} }}\n\
             a {{ @for $i from 1 through 300 {{ c: f(150); d: f(1) + f(150); }} @include m({depth}); }}"
        )
    };
    assert!(compiled(&[("sass/a.scss", &calls(190))]).is_ok());
    let told = refused(&calls(201)).message;
    assert!(told.contains("more than 200 deep"), "{told}");
}

#[test]
fn values_that_grow_without_end_are_refused() {
    for (text, told) in [
        (
            "$l: a b c d; @for $i from 1 through 40 { $l: join($l, $l); } a { b: length($l) }",
            "$l holds",
        ),
        (
            "$m: (a: 1); @for $i from 1 through 60 { $m: (a: $m, b: $m) } a { b: inspect($m) }",
            "$m holds",
        ),
        (
            "$l: \"aaaaaaaa\"; @for $i from 1 through 40 { $l: $l + $l; } a { b: str-length($l) }",
            "$l holds",
        ),
        (
            "@mixin m { $s: 'abcdefgh'; @for $i from 1 through 40 { $s: '#{$s}#{$s}' } b: $s } a { @include m; }",
            "$s holds",
        ),
        (
            "@function f($x, $n) { @if $n > 0 { @return f(join($x, $x), $n - 1) } @return $x } a { b: length(f(a b, 60)) }",
            "$x holds",
        ),
        (
            "@mixin m($x, $n) { @if $n > 0 { @include m($x + $x, $n - 1) } } a { @include m('abcd', 60) }",
            "$x holds",
        ),
        (
            "$s: 'abcdefgh'; @for $i from 1 through 16 { $s: $s + $s } @for $i from 1 through 99999 { a { b: $s; c: $s } }",
            "used too often",
        ),
        (
            &("$s: 'abcdefgh'; @for $i from 1 through 16 { $s: $s + $s } ".to_owned()
                + &"a{b:$s}".repeat(9_000)),
            "used too often",
        ),
    ] {
        let problem = refused(text);
        assert!(problem.message.contains(told), "{}: {problem}", &text[..60]);
        let _ = sheet(
            &sources(&[("sass/a.scss", text)]),
            &SourceKey::from("sass/a.scss"),
        );
    }
    let problem = compiled(&[(
        "sass/a.sass",
        "$l: a b\n@for $i from 1 through 60\n  $l: join($l, $l)\na\n  b: length($l)",
    )]);
    assert!(problem.unwrap_err().message.contains("$l holds"));
    let many: String = (0..2_000)
        .map(|n| format!("'icon-{n}': '\\f{n}',"))
        .collect();
    let icons = format!(
        "$icons: ({many}); @each $name, $icon in $icons {{ .#{{$name}}:before {{ content: $icon }} }}\n\
         $made: (); @each $name, $icon in $icons {{ $made: map-merge($made, ($name: $icon)); }}\n\
         a {{ b: length($made) }}"
    );
    assert!(
        compiled(&[("sass/a.scss", &icons)])
            .unwrap()
            .ends_with("a{b:2000}")
    );
}

#[test]
fn selectors_that_multiply_are_refused() {
    let nested = |levels: usize| {
        let open = "a, b, c { ".repeat(levels);
        format!("{open} d: e {}", "} ".repeat(levels))
    };
    assert!(compiled(&[("sass/a.scss", &nested(6))]).is_ok());
    let recursing =
        "@mixin m($n) { @if $n > 0 { .a, .b { c: d; @include m($n - 1) } } } e { @include m(60) }";
    let extending = (0..40).map(|n| format!(".b{n} {{ @extend .a{n} }} .c{n} {{ @extend .a{n} }}"));
    let extending: String = (0..40).map(|n| format!(".a{n}")).collect::<String>()
        + " { b: c }"
        + &extending.collect::<String>();
    let often = ".a { b: c } @for $i from 1 through 2000 { .b#{$i} { @extend .a; } }";
    let parents = ".a, .b, .c { & & & & & & & { d: e } }";
    for (text, told) in [
        (nested(40).as_str(), "rules inside rules"),
        (recursing, "rules inside rules"),
        (parents, "rules inside rules"),
        (&extending, "@extend of"),
        (often, "runs of @extend"),
    ] {
        let problem = refused(text);
        assert!(problem.message.contains(told), "{}: {problem}", &text[..40]);
    }
    let fine = ".a { b: c } .d.a:hover { e: f } .g { @extend .a; } .h { @extend .a !optional; }";
    assert_eq!(
        compiled(&[("sass/a.scss", fine)]).unwrap(),
        ".a,.h,.g{b:c}.d.a:hover,.d.h:hover,.d.g:hover{e:f}"
    );
}

#[test]
fn imports_in_a_circle_or_without_measure_are_refused() {
    let circle = [
        ("sass/a.scss", "@import \"b\";"),
        ("sass/b.scss", "@import \"a\";"),
    ];
    assert!(compiled(&circle).is_err());
    let modules = [
        ("sass/a.scss", "@use \"b\";"),
        ("sass/b.scss", "@use \"a\";"),
    ];
    assert!(compiled(&modules).is_err());
    // Each file imports the next one ten times.
    let names: Vec<(String, String)> = (0..9)
        .map(|n| {
            (
                format!("sass/f{n}.scss"),
                format!("@import \"f{}\";\n", n + 1).repeat(10),
            )
        })
        .chain([("sass/f9.scss".to_owned(), "a { b: c }".to_owned())])
        .collect();
    let files: Vec<(&str, &str)> = names
        .iter()
        .map(|(n, t)| (n.as_str(), t.as_str()))
        .collect();
    let problem = compiled(&files).unwrap_err();
    assert!(problem.message.contains("imports more than"), "{problem}");
}

#[test]
fn what_is_nested_deep_is_refused_and_what_is_allowed_fits_the_stack() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("a{", "}"),
        ("#{", "}"),
        ("f(", ")"),
    ] {
        let text = |n: usize| format!("a {{ b: {}1{}; }}", open.repeat(n), close.repeat(n));
        assert!(refused(&text(50_000)).message.contains("nested"), "{open}");
        // Whatever it means, it comes to an end.
        let _ = compiled(&[("sass/a.scss", &text(90))]);
    }
    for part in ["1+", "not ", "-", "a and ", "1,", "+ "] {
        let text = |n: usize| format!("a {{ b: {}1; }}", part.repeat(n));
        let told = refused(&text(200_000)).message;
        assert!(told.contains("words and operators"), "{part}: {told}");
        let _ = compiled(&[("sass/a.scss", &text(9_000))]);
    }
    let deep: String = (0..5_000)
        .map(|n| format!("{}a\n", " ".repeat(n)))
        .collect();
    let problem = compiled(&[("sass/a.sass", &deep)]).unwrap_err();
    assert!(problem.message.contains("nested"), "{problem}");
}

#[test]
fn a_comment_that_is_open_at_the_end_comes_to_an_end() {
    for text in ["a/*", "a/**", "a\n  b: c /* d *", "/*", "//", "a /* b */"] {
        let _ = compiled(&[("sass/a.sass", text)]);
        let _ = compiled(&[("sass/a.scss", text)]);
    }
}

#[test]
fn calls_are_counted_without_a_trace_in_what_is_made() {
    let text = "/*! @mixin x { } */ @mixin m($a: \"{\", $b: (c: d)) { e: $a; @content; }\n\
                a { @include m { f: url(http://example.org/@mixin{); } }\n\
                @each $i in 1, 2 { .n#{$i} { w: $i; } }\n\
                @function twice($x) { @return $x * 2; } b { w: twice(2px); }";
    assert_eq!(
        compiled(&[("sass/a.scss", text)]).unwrap(),
        "/*! @mixin x { } */a{e:\"{\";f:url(http://example.org/@mixin{)}.n1{w:1}.n2{w:2}b{w:4px}"
    );
    let text = "/* @mixin x\n   y\n=m\n  e: f\na\n  +m\n@each $i in 1, 2\n  .n#{$i}\n    w: $i\n";
    assert_eq!(
        compiled(&[("sass/a.sass", text)]).unwrap(),
        "a{e:f}.n1{w:1}.n2{w:2}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_text_compiles_or_says_why_not(parts in prop::collection::vec(
        prop::sample::select(vec![
            "@mixin m", "@function f($x)", "@include m", "@return", "@while", "@each $i in", "@if",
            "@else", "@use \"b\"", "@import \"b\"", "{", "}", "(", ")", "#{", ";", ":", "a", "$x",
            "&", "%p", "@extend", "\"", "'", "\\", "/*", "*/", "//", "\n", "  ", "url(", "1px",
            "é", "@content", "!default", "=m", "+m", ",", "@media", "@at-root", "f(", "not", "-",
        ]), 0..40), indented in any::<bool>()) {
        let name = if indented { "sass/a.sass" } else { "sass/a.scss" };
        let text = parts.concat();
        if let Err(problem) = compiled(&[(name, &text), ("sass/b.scss", "$x: 1;")]) {
            prop_assert!(problem.is_error() && !problem.message.is_empty());
        }
    }
}
