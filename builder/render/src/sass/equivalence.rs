//! What is compiled with the guard is what the compiler makes of the author's text without it.

use super::*;
use crate::effective::{self, SourceObservation};
use proptest::prelude::*;

fn guarded(text: &str) -> Result<String, Diagnostic> {
    let mut sources = Sources::default();
    let key = SourceKey::from("sass/a.scss");
    let observed = SourceObservation::Text {
        version: "1".into(),
        size: text.len() as u64,
        bytes: Some(text.as_bytes().to_vec()),
    };
    effective::observe(&mut sources, &key, observed);
    sheet(&sources, &key)
}

fn plain(text: &str) -> Result<String, String> {
    let options = Options::default()
        .style(OutputStyle::Compressed)
        .quiet(true);
    grass_compiler::from_string(text.to_owned(), &options).map_err(|error| error.to_string())
}

/// Documentation as SassDoc writes it, with code of its own.
const DOCUMENTED: &str = "
    /// Sizes (a box, a $thing).
    ///
    /// @param {Number} $size [map-get($sizes, base)] - how large ($undefined)
    /// @example scss - each (of $things)
    ///   .a { @include box($other, $more) { color: red; } }
    ///
    /* @include box($nothing) { */
    @mixin box($size: 10px /* ($a */, $colors: (a: \"(\", b: red), // or, $b: (none)
        $rest...) { width: $size; @content($size); }
    // each (of $things)
    @each $name, $value in (a: 1px, b: 2px) { .#{$name}-#{$value} { margin: $value; } }
    /* for ($x) */ @for $i /* ($y) */ from 1 through 2 { .w-#{$i} { width: 1px * $i; } }
    /* @include box($size) */
    @function dbl($x) { @return $x * 2; }
    .a { @include box(dbl(2px)) using ($given) { height: $given; } }
    .url { background: url(http://example.org/a;{.png); --u: http://example.org; color: red; }
    .b { content: \"/* \\\" @mixin ($z) {\"; &:hover, & + & { @extend %p; } } %p { top: 0 }
    .sm\\:w-1\\/2 { width: 1/2; &[data-x=\"#{1/2}\"] { top: 1/3; } }";

#[test]
fn comments_with_code_in_them_change_nothing() {
    let made = guarded(DOCUMENTED).unwrap();
    assert_eq!(made, plain(DOCUMENTED).unwrap());
    assert!(made.contains(".a{width:4px;height:4px}"), "{made}");
}

#[test]
fn icon_fonts_and_loops_over_variables_have_room() {
    let names: String = (0..3_000)
        .map(|n| format!("$fa-var-ticket-simple-{n}: \\f{n};\n"))
        .collect();
    let icons: String = (0..3_000)
        .map(|n| format!("  'ticket-simple-{n}': $fa-var-ticket-simple-{n},\n"))
        .collect();
    let loops = "
        @function shade($color, $by) { $vars: map-get($schemes, $color);
            @each $name, $value in $vars { @if $name == $by { @return $value; } } @return null; }
        $vars: (); @for $i from 0 to 40 { $vars: map-merge($vars, (#{$i}: $i * 2%)); }
        $schemes: (red: $vars, blue: $vars, green: $vars);
        @mixin register($vars, $prefix: '--') {
            @each $name, $value in $vars { #{$prefix}#{$name}: #{$value}; } }
        @each $color, $vars in $schemes { .is-#{$color} {
            @include register($vars);
            @for $i from 0 to 40 { &.is-#{$i}, &:hover .is-#{$i} { --l: #{shade($color, $i)}; } } } }";
    let text = format!(
        "{names}$fa-icons: (\n{icons});\n\
         @each $name, $icon in $fa-icons {{ .fa-#{{$name}}::before {{ content: $icon; }} }}\n{loops}"
    );
    let made = guarded(&text).unwrap();
    assert_eq!(made, plain(&text).unwrap());
    assert!(made.contains(".fa-ticket-simple-2999::before"));
}

#[test]
fn what_an_interpolation_calls_is_called_once() {
    let text = "$n: 0; @function next() { $n: $n + 1 !global; @return '.n#{$n}, .m#{$n}'; }
        #{next()} { a: b; #{next()} { c: d } & & { e: f } }";
    assert_eq!(guarded(text).unwrap(), plain(text).unwrap());
}

#[test]
fn selectors_of_interpolations_and_content_that_runs_often_are_bounded() {
    let many = ".a,".repeat(900) + ".b";
    let long = "$s: 'abcdefgh'; @for $i from 1 through 16 { $s: $s + $s } ";
    let keys: String = (0..60_000).map(|n| format!("a{n}:1,")).collect();
    let chain: String = (1..900)
        .map(|n| format!(".a{n} {{ @extend .a{}; }}", n - 1))
        .collect();
    for (text, told) in [
        (
            format!("$s: '{many}'; #{{$s}} {{ #{{$s}} {{ a: b }} }}"),
            "rules inside rules",
        ),
        (
            "$s: '& & & &'; .a, .b, .c, .d, .e, .f { #{$s} { a: b } }".to_owned(),
            "rules inside rules",
        ),
        (
            "@mixin m { & & & & { a: b } } .a, .b, .c, .d, .e, .f { @include m }".to_owned(),
            "rules inside rules",
        ),
        (
            format!("@mixin m {{ {many} {{ a: b }} {many} {{ a: b }} }} {many} {{ @include m }}"),
            "selectors and declarations",
        ),
        (
            format!(
                "@for $i from 1 through 900000 {{ {} }}",
                "a{b:c}".repeat(100)
            ),
            "selectors and declarations",
        ),
        (
            format!(
                "{long} @mixin m {{ @for $i from 1 through 9000 {{ @content }} }} \
                 @include m {{ a {{ b: $s }} }}"
            ),
            "used too often",
        ),
        (format!("$m: ({keys});"), "comparisons"),
        (format!(".a0 {{ a: b }} {chain}"), "@extend"),
    ] {
        let problem = guarded(&text).expect_err(told);
        assert!(problem.message.contains(told), "{told}: {problem}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_compiles_without_the_guard_compiles_to_the_same(parts in prop::collection::vec(
        prop::sample::select(vec![
            "/* @mixin m($u) { */", "// each (of $u)\n", "/// @param ($u, $v: (a\n",
            "@mixin m($a: 1, $b: ')') { top: $a; @content; }",
            "@function f($x) { @return $x + 1; }", "a { @include m; }",
            "b { @include m(f(2)) { left: 0 } }", "@each $i in 1, 2 { .i-#{$i} { w: f($i) } }",
            "@each $k, $v in (a: 1, b: 2) /* $u */ { .#{$k} { x: $v; &-#{$k} & { y: z } } }",
            "@for $i from 1 /* $u */ through 2 { .f#{$i} { w: 1px * $i } }",
            "$s-a: '.a, .b';", "$s-a: '.c';", "#{$s-a} { c: d; &:hover { e: f } }",
            "c { d: url(//x/{;) e; }", "d { --x: //y; e: '/*'; }", "%p { q: r }",
            "e { @extend %p; }", "f { g: (1 + 2) * 3 - 4; h: a-b-c; }",
            "@media (min-width: 1px) { g { h: i } }", "@if 1 == 1 /* { */ { h { i: j } }",
            "@mixin g($n) { @if $n > 0 { .l#{$n} { m: n; @include g($n - 1); } } }",
            "@include g(3);", "@at-root i { j: k }", "\n", "  ", "& .m, .n & { o: p }",
            "j { k: selector-append('.a', '.b'); @at-root #{selector-nest('l', &)} { m: n } }",
            "@mixin m { & + & { o: p } }", "$a_b: 1px 2px;", "$_: 1; m { n: $_ }", "@function g($_) { @return $_ }", "k { l: $a-b; m: calc(1px + #{$a_b}) }",
            "@function call-me($x: $a-b) { @return $x } l { m: call-me() }",
        ]), 0..14)) {
        let text = parts.concat();
        if let Ok(made) = plain(&text) {
            prop_assert_eq!(guarded(&text).unwrap(), made, "{}", text);
        }
    }
}

#[test]
fn functions_of_selectors_do_what_they_do() {
    let text = "@use 'sass:selector'; @use 'sass:selector' as s; @use 'sass:list'; @use 'sass:meta';
        $list: 'a, b' 'c';
        .a { nest: selector-nest('.x, .y', '&:hover, .z &'); nest: s.nest($list...); nest: selector.nest('a');
            append: selector.append('.a', '-b', ':c'); append: selector-append('a, b', '.c');
            extend: selector-extend('a.disabled', 'a', '.link'); extend: selector.extend('.a .b', '.b', '.c .d');
            replace: s.replace($selector: 'a.d', $original: 'a', $replacement: '.l');
            unify: selector.unify('.a .b', '.c .d'); unify: selector-unify('a', 'b') == null;
            is: is-superselector('a', 'a.b') selector.is-superselector('a.b', 'a');
            parse: selector.parse('a b, c') selector-parse('d'); simple: s.simple-selectors('a.b#c');
            list: list.append((a b), c) append((a b), c, $separator: comma);
            exists: function-exists('selector-nest');
            & { @at-root #{selector-append('.n', &)} { o: p } @at-root #{selector.unify(&, 'b')} { q: r } } }
        @function last($s) { @return selector-nest($s, 'last') } .b { c: last('first') }";
    assert_eq!(guarded(text).unwrap(), plain(text).unwrap());
}
