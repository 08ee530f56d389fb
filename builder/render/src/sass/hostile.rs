//! Style sheets that make much of little: each is refused, and says why.

use super::tests::compiled;

/// A text of 64 KiB in `$big`.
const BIG: &str = "$big: 'abcdefgh'; @for $i from 1 through 13 { $big: $big + $big } ";
/// The same in the indented syntax.
const BIG_INDENTED: &str = "$big: 'abcdefgh'\n@for $i from 1 through 13\n  $big: $big + $big\n";

fn refused(files: &[(&str, &str)], told: &str) {
    let story = &files[0].1[..files[0].1.len().min(200)];
    let Err(problem) = compiled(files) else {
        panic!("{story}: not {told}");
    };
    assert!(problem.message.contains(told), "{story}: {problem}");
    assert!(problem.file.starts_with("sass/"), "{story}: {problem}");
}

fn refused_alone(text: &str, told: &str) {
    refused(&[("sass/a.scss", text)], told);
}

fn selectors(name: &str, count: usize) -> String {
    let list: Vec<String> = (0..count).map(|n| format!(".{name}{n}")).collect();
    list.join(",")
}

#[test]
fn functions_of_selectors_make_no_more_than_they_may() {
    let [a, b, c] = ["a", "b", "c"].map(|name| selectors(name, 900));
    let set = format!("$a: '{a}'; $b: '{b}'; $c: '{c}'; x {{ y: length(");
    for (global, of_module, arguments) in [
        ("selector-nest", "nest", "$a, $b, $c"),
        (
            "selector-nest",
            "nest",
            "'a', '& & & & & & & & & &', '& & & & & & & & & &', '& & & & & & & & & &', '& & & & & & & & & &', '& & & & & & & & & &', '& & & & & & & & & &'",
        ),
        ("selector-append", "append", "$a, $b, $c"),
        ("selector-extend", "extend", "$a, $a, $b"),
        (
            "selector-replace",
            "replace",
            "$selector: $a, $original: $a, $replacement: $b",
        ),
        ("selector-unify", "unify", "$a, $b"),
    ] {
        let by_module = format!("@use 'sass:selector' as s; {set}s.{of_module}({arguments})) }}");
        let by_prefix = format!("@use 'p' as *; {set}p-{of_module}({arguments})) }}");
        let by_itself =
            format!("@use \"sass:selector\"; {set}selector.{of_module}({arguments})) }}");
        let by_reference = format!(
            "@use 'sass:meta'; @use 'sass:selector'; {set}meta.call(meta.get-function('{of_module}', $module: 'selector'), {arguments})) }}"
        );
        let by_all = format!("@use 'sass:selector' as *; {set}{of_module}({arguments})) }}");
        let by_name = format!("{set}call('sel' + 'ector-{of_module}', {arguments})) }}");
        let by_escape = global.replace("selector", "selecto\\72");
        let forwards = ("sass/_p.scss", "@forward 'sass:selector' as p-*;");
        for text in [
            &format!("{set}{global}({arguments})) }}"),
            &format!("{set}{by_escape}({arguments})) }}"),
            &format!("{set}{}({arguments})) }}", global.replace('-', "_")),
            &by_name,
            &by_module,
            &by_prefix,
            &by_itself,
            &by_reference,
            &by_all,
        ] {
            refused(&[("sass/a.scss", text), forwards], "could make");
        }
        let indented = format!(
            "@use 'sass:selector'\n$a: '{a}'\n$b: '{b}'\n$c: '{c}'\nx\n  y: length(selector.{of_module}({arguments}))\n"
        );
        refused(&[("sass/a.sass", &indented)], "could make");
        let imported = format!("@import 'b'; {set}{global}({arguments})) }}");
        let text = (
            "sass/_b.scss",
            "@function f($x) { @return selector-parse($x) }",
        );
        refused(&[("sass/a.scss", &imported), text], "could make");
    }
    let [a, b] = ["a", "b"].map(|name| selectors(name, 300));
    let often = format!("@for $i from 1 through 9000 {{ $x: is-superselector('{a}', '{b}') }}");
    refused_alone(&often, "comparisons");
}

#[test]
fn mistakes_in_arguments_of_functions_of_selectors_have_their_place() {
    for text in [
        "a { b: c }\n@mixin m { x: selector-append('.a', '> .b') }\nb { @include m }",
        "@use 'sass:selector';\n@mixin m { x: selector.append('.a', '> .b') }\nb { @include m }",
    ] {
        let problem = compiled(&[("sass/a.scss", text)]).unwrap_err();
        assert!(problem.message.contains("Can't append"), "{problem}");
        assert_eq!(
            (problem.file.as_str(), problem.line),
            ("sass/a.scss", Some(2)),
            "{problem}"
        );
    }
}

#[test]
fn functions_of_selectors_are_there_wherever_a_file_is_imported() {
    let text = ".x { @import 'b'; } @media print { @import 'b'; }";
    let part = "a { b: selector-append('.a', '.b') '\\201C'; }";
    let made = "b:.a.b \"“\"}";
    assert_eq!(
        compiled(&[("sass/a.scss", text), ("sass/_b.scss", part)]).unwrap(),
        format!("\u{feff}.x a{{{made}@media print{{a{{{made}}}")
    );
}

#[test]
fn a_name_has_one_spelling() {
    for text in [
        format!("{BIG} $an_x: $big; @for $i from 1 through 9999 {{ a {{ b: $an-x }} }}"),
        format!("{BIG} $an-x: $big; @for $i from 1 through 9999 {{ a {{ b: $an_x }} }}"),
    ] {
        refused_alone(&text, "used too often");
    }
    for text in [
        "@\\77hile true { a { b: c } }",
        "$\\61: 'abcd'; @for $i from 1 through 60 { $\\61: $\\61 + $\\61 }",
        "$a\\62 c: 'abcd'; @for $i from 1 through 60 { $a\\62 c: $a\\62 c + $a\\62 c }",
        "@use 'sass:s\\65lector'; a { b: s\\65lector.nest('a', 'b') }",
        "@function -quill\\66ront-step($a...) { @return null }",
    ] {
        refused_alone(text, "escape");
    }
    for text in [
        "@function -quillfront-step($a...) { @return null }",
        "@function _quillfront_step($a...) { @return null }",
    ] {
        refused_alone(text, "taken");
    }
    refused_alone("@forward 'b' as -quill*;", "private");
    refused(
        &[("sass/a.sass", "/* x\n@\\77hile true\n  a: b\n")],
        "escape",
    );
    let hacks = "@media\\0screen { .a\\:b { width: 1px\\9; c: '\\201C' } }";
    assert!(compiled(&[("sass/a.scss", hacks)]).is_ok());
}

#[test]
fn variables_behind_a_prefix_are_measured() {
    let text = "@use 'b'; @for $i from 1 through 9999 { a { b: b.$p-big } }";
    let behind = ("sass/_b.scss", "@forward 'c' as p-*;");
    refused(
        &[("sass/a.scss", text), behind, ("sass/_c.scss", BIG)],
        "used too often",
    );
    let outside = format!("@use 'b'; {}", "a{b:b.$p-big}".repeat(9_000));
    refused(
        &[("sass/a.scss", &outside), behind, ("sass/_c.scss", BIG)],
        "used too often",
    );
    let early = format!("@use 'c'; {outside}");
    refused(
        &[("sass/a.scss", &early), behind, ("sass/_c.scss", BIG)],
        "used too often",
    );
}

#[test]
fn what_is_made_anew_each_time_is_counted() {
    let literal: String = (0..2_000).map(|n| format!("i{n},")).collect();
    refused_alone(
        &format!("@for $i from 1 through 900000 {{ $x: ({literal}) }}"),
        "used too often",
    );
    refused_alone(
        &format!(
            "{BIG} @function f($x: $big) {{ @return 1 }} @for $i from 1 through 99999 {{ $y: f() }}"
        ),
        "used too often",
    );
    let reads = "@use 'sass:meta'; @use 'c'; @for $i from 1 through 99999 { $x: meta.module-variables('c') }";
    refused(
        &[("sass/a.scss", reads), ("sass/_c.scss", BIG)],
        "used too often",
    );
    let called = "@use 'sass:meta'; @use 'c'; $f: meta.get-function('module-' + 'variables', $module: 'meta'); @for $i from 1 through 99999 { $x: meta.call($f, 'c') }";
    refused(
        &[("sass/a.scss", called), ("sass/_c.scss", BIG)],
        "used too often",
    );
}

#[test]
fn numbers_and_calculations_do_not_grow_without_end() {
    refused_alone(
        "$x: 1px; @for $i from 1 through 60 { $x: $x * $x }",
        "$x holds",
    );
    refused_alone(
        "$x: 1px; @for $i from 1 through 99999 { $x: $x * 1px }",
        "used too often",
    );
    refused_alone(
        "$x: calc(1px + 1vw); @for $i from 1 through 60 { $x: calc($x + $x) }",
        "$x holds",
    );
    let fine = "$x: calc(1px + 1vw); $y: 2px * 3px; a { b: calc(#{$x} * 2); c: $y / 1px }";
    assert!(compiled(&[("sass/a.scss", fine)]).is_ok());
}

#[test]
fn what_is_imported_again_counts_again() {
    let again = format!("{BIG} {}", "@import 'b';".repeat(2_000));
    let uses = "a{b:$big}".repeat(20);
    refused(
        &[("sass/a.scss", &again), ("sass/_b.scss", &uses)],
        "used too often",
    );
    let indented = format!("{BIG_INDENTED}{}", "@import 'b'\n".repeat(2_000));
    let uses = "a\n  b: $big\n".repeat(20);
    refused(
        &[("sass/a.sass", &indented), ("sass/_b.sass", &uses)],
        "used too often",
    );
    let much = ("sass/_b.scss", "a{b:c}".repeat(1_000));
    let css = ("sass/_b.css", much.1.clone());
    for (key, text) in [&much, &css] {
        let many = "@import 'b';".repeat(2_000);
        refused(
            &[("sass/a.scss", &many), (key, text)],
            "selectors and declarations",
        );
    }
    let inside = format!("{} {{ @import 'b' }}", selectors("a", 900));
    refused(
        &[("sass/a.scss", &inside), (much.0, &much.1)],
        "selectors and declarations",
    );
    // A module runs once, however often it is used.
    let names: Vec<String> = (0..60).map(|n| format!("sass/_m{n}.scss")).collect();
    let uses: String = (0..60).map(|n| format!("@use 'm{n}';")).collect();
    let big = BIG.to_owned() + &"a{b:$big}".repeat(100);
    let mut files: Vec<(&str, &str)> = vec![("sass/a.scss", &uses), ("sass/_big.scss", &big)];
    files.extend(names.iter().map(|name| (name.as_str(), "@use 'big';")));
    assert!(compiled(&files).is_ok());
}

#[test]
fn the_indented_syntax_counts_selectors_and_declarations() {
    let many = selectors("a", 900);
    let lines = many.replace(',', ",\n");
    let deep: String = (0..30)
        .map(|n| format!("{}& &\n", "  ".repeat(n + 1)))
        .collect();
    for (text, told) in [
        (
            "@for $i from 1 through 900000\n  a\n    b: c\n    d: e\n".to_owned(),
            "selectors and declarations",
        ),
        (
            format!("{lines}\n  {}\n    b: c\n", lines.replace('\n', "\n  ")),
            "rules inside rules",
        ),
        (
            format!("$s: '{many}'\n#{{$s}}\n  #{{$s}}\n    a: b\n"),
            "rules inside rules",
        ),
        (
            format!("$s: '{many}'\n{many}\n  #{{$s}}\n    a: b\n"),
            "rules inside rules",
        ),
        (
            "=m\n  & & & &\n    a: b\n.a, .b, .c, .d, .e, .f\n  +m\n".to_owned(),
            "rules inside rules",
        ),
        (
            format!(".a\n{deep}{}a: b\n", "  ".repeat(31)),
            "rules inside rules",
        ),
        (
            format!("=m\n  {many}\n    a: b\n  {many}\n    a: b\n{many}\n  +m\n"),
            "selectors and declarations",
        ),
        (
            format!("=m\n{}{many}\n  +m\n", "  a: b\n".repeat(2_000)),
            "selectors and declarations",
        ),
        (
            format!(
                "$m: ({})\n",
                (0..60_000).map(|n| format!("a{n}:1,")).collect::<String>()
            ),
            "comparisons",
        ),
    ] {
        refused(&[("sass/a.sass", &text)], told);
    }
}

#[test]
fn selectors_do_not_grow_in_length_without_end() {
    let deep = "& & { ".repeat(40);
    refused_alone(
        &format!(".a {{ {deep} b: c {} }}", "} ".repeat(40)),
        "selectors of more than",
    );
    let recursing =
        "@mixin m($n) { @if $n > 0 { & & { c: d; @include m($n - 1) } } } e { @include m(60) }";
    refused_alone(recursing, "selectors of more than");
    let (one, other): (String, String) = (0..30)
        .map(|n| (format!(".c{n} .d{n} "), format!(".c{n} .e{n} ")))
        .unzip();
    refused_alone(
        &format!("{one}.t {{ a: b }} {other}.u {{ @extend .t; }}"),
        "@extend of .t",
    );
    let unified = format!("a {{ b: selector-unify('{one}.t', '{other}.u') }}");
    refused_alone(&unified, "could make");
}
