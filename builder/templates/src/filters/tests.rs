use super::*;
use proptest::prelude::*;
use tera::Context;

fn try_render(template: &str) -> Result<String, tera::Error> {
    let mut tera = Tera::default();
    register(&mut tera);
    let mut context = Context::new();
    context.insert(
        "config",
        &std::collections::BTreeMap::from([("default_language", "de")]),
    );
    context.insert("current_path", "/blog/");
    tera.render_str(template, &context, false)
}

fn render(template: &str) -> String {
    try_render(template).unwrap()
}

#[test]
fn dates_keep_the_offset_they_were_written_with() {
    let cases = [
        (r#"{{ "2024-02-29" | date }}"#, "2024-02-29"),
        (
            r#"{{ "9999-12-31" | date }} {{ "9999-12-31T23:59:59" | date(format="%F %T") }}"#,
            "9999-12-31 9999-12-31 23:59:59",
        ),
        (
            r#"{{ "2024-02-29" | date(format="%d.%m.%y, day %j, week %V, %A %a %B %b %e") }}"#,
            "29.02.24, day 060, week 09, Thursday Thu February Feb 29",
        ),
        (
            r#"{{ "2024-02-29T18:04:05Z" | date(format="%Y-%m-%dT%H:%M:%S%:z %I %p %y %s") }}"#,
            "2024-02-29T18:04:05+00:00 06 PM 24 1709229845",
        ),
        (
            r#"{{ "2024-02-29T23:30:00+02:00" | date(format="%Y-%m-%d %H:%M %z") }}"#,
            "2024-02-29 23:30 +0200",
        ),
        (
            r#"{{ "2024-07-01T12:00:00Z" | date(format="%H:%M %Z", timezone="Europe/Berlin") }}"#,
            "14:00 CEST",
        ),
        (
            r#"{{ "2024-01-01T12:00:00Z" | date(format="%H:%M %z", timezone="America/New_York") }}"#,
            "07:00 -0500",
        ),
        (
            r#"{{ 1700000000 | date(format="%Y-%m-%d %H:%M:%S") }}"#,
            "2023-11-14 22:13:20",
        ),
        (
            r#"{{ "2024-02-29T18:04:05" | date(format="%F %T %% x") }}"#,
            "2024-02-29 18:04:05 % x",
        ),
        (
            r#"{{ "2023-12-31T23:59:59-05:00" | date(format="%Y %H:%M") }}"#,
            "2023 23:59",
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(render(template), expected, "{template}");
    }
}

#[test]
fn dates_speak_a_locale() {
    let french = r#"{{ "2026-08-24" | date(format="EEEE d MMMM y", locale="fr_FR") }}"#;
    assert_eq!(render(french), "lundi 24 août 2026");
    let japanese = r#"{{ "2026-08-24" | date(format="y年M月d日", locale="ja") }}"#;
    assert_eq!(render(japanese), "2026年8月24日");
}

#[test]
fn dates_compare() {
    assert_eq!(
        render(r#"{{ "2024-01-01" is before(other="2024-01-02") }}"#),
        "true"
    );
    assert_eq!(
        render(r#"{{ "2024-01-01" is after(other="2024-01-01") }}"#),
        "false"
    );
    let inclusive = r#"{{ "2024-01-01" is after(other="2024-01-01", inclusive=true) }}"#;
    assert_eq!(render(inclusive), "true");
}

#[test]
fn groups_come_in_the_order_of_their_first_items() {
    let list = "[{'k': 'n', 'v': 1}, {'k': 'b', 'v': 2}, {'k': 'n', 'v': 3}, {'k': none}, {'k': 'z', 'v': 4}, {'k': 'a', 'v': 5}]";
    let template = "{% for k, all in LIST | group_by(attribute='k') %}{{ k }}:{% for x in all %}{{ x.v }}{% endfor %} {% endfor %}";
    let text = render(&template.replace("LIST", list));
    assert_eq!(text, "n:13 b:2 z:4 a:5 ");
    let numbers = "[{'k': 9}, {'k': -1}, {'k': true}, {'k': 9}]";
    assert_eq!(
        render(&format!(
            "{{{{ {numbers} | group_by(attribute='k') | keys | join(sep=',') }}}}"
        )),
        "9,-1,true"
    );
    assert_eq!(render("{{ [] | group_by(attribute='k') | length }}"), "0");
    let error = try_render("{{ [{'k': 1.5}] | group_by(attribute='k') }}").unwrap_err();
    assert!(error.to_string().contains("cannot name a group"), "{error}");
    let error = try_render("{{ [{'a': 1}] | group_by(attribute='k') }}").unwrap_err();
    assert!(
        error.to_string().contains("nothing at the path `k`"),
        "{error}"
    );
}

#[test]
fn mistakes_are_errors() {
    for template in [
        r#"{{ "soon" | date }}"#,
        r#"{{ [1] | date }}"#,
        r#"{{ "2024-01-01" | date(timezone="Mars/Olympus") }}"#,
        r#"{{ "2024-01-01" | date(locale="fr") }}"#,
        r#"{{ "2024-01-01" | date(locale="fr", format="%Y") }}"#,
        r#"{{ "2024-01-01" | date(locale="???", format="y") }}"#,
        r#"{{ 99999999999999999 | date }}"#,
        r#"{{ 1 | num_format(locale="klingon") }}"#,
        r#"{{ "x" | num_format }}"#,
        r#"{{ 1 | format(spec="999999999") }}"#,
        r#"{{ "a" | regex_replace(pattern="(", rep="") }}"#,
    ] {
        assert!(try_render(template).is_err(), "{template}");
    }
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for text in [
        "0000-01-01",
        "-9999-01-01",
        "9999-12-31",
        "9999-12-31T23:59:60Z",
        "2024-01-01T00:00:00+25:59",
    ] {
        let _ = try_render(&format!(
            r#"{{{{ "{text}" | date(timezone="Asia/Tokyo") }}}}"#
        ));
        let _ = try_render(&format!(
            r#"{{{{ "{text}" | date(locale="de", format="d. MMM y") }}}}"#
        ));
    }
    assert_eq!(
        render(r#"{{ "2016-12-31T23:59:60Z" | date }}"#),
        "2016-12-31"
    );
}

#[test]
fn numbers_are_grouped() {
    assert_eq!(render("{{ 1234567 | num_format }}"), "1.234.567");
    assert_eq!(
        render(r#"{{ 1234567 | num_format(locale="en") }}"#),
        "1,234,567"
    );
    assert_eq!(
        render(r#"{{ 1234567 | num_format(locale="fr") }}"#),
        "1\u{202f}234\u{202f}567"
    );
    assert_eq!(
        render(r#"{{ -1234567 | num_format(locale="en-IN") }}"#),
        "-12,34,567"
    );
    assert_eq!(render("{{ 12 | num_format }}"), "12");
}

#[test]
fn borrowed_filters_are_registered() {
    let cases = [
        (
            r#"{{ "crumb & crust?>" | base64_encode }}"#,
            "Y3J1bWIgJiBjcnVzdD8+",
        ),
        (r#"{{ "cnll" | base64_decode }}"#, "rye"),
        (r#"{{ 1536 | filesizeformat }}"#, "1.50 KiB"),
        (
            r#"{{ 123456789 | filesizeformat(binary=false) }}"#,
            "123.46 MB",
        ),
        (r#"{{ 42 | format(spec="05") }}"#, "00042"),
        (
            r#"{{ [1, none, true, 1.5] | json_encode }}"#,
            "[1,null,true,1.5]",
        ),
        (
            r#"{{ "a1b22" | regex_replace(pattern="[0-9]+", rep="") }}"#,
            "ab",
        ),
        (
            r#"{{ "Über die Brücke, 3 km!" | slugify }}"#,
            "uber-die-brucke-3-km",
        ),
        (
            r#"{{ "<p> </p> <b>x</b>" | spaceless }}"#,
            "<p></p><b>x</b>",
        ),
        (
            r#"{{ "<p>bare <b>text</b></p>" | striptags }}"#,
            "bare text",
        ),
        (
            r#"{{ "a b/c?d=é&e+f" | urlencode }}"#,
            "a%20b/c%3Fd%3D%C3%A9%26e%2Bf",
        ),
        (r#"{{ "a b/c" | urlencode_strict }}"#, "a%20b%2Fc"),
        (r#"{{ "bed-12" is matching(pat="^bed-[0-9]+$") }}"#, "true"),
    ];
    for (template, expected) in cases {
        assert_eq!(render(template), expected, "{template}");
    }
}

#[test]
fn shuffling_is_the_same_every_time_and_loses_nothing() {
    let shuffled = r#"{{ [1, 2, 3, 4, 5, 6, 7, 8] | shuffle | join(sep=",") }}"#;
    assert_eq!(render(shuffled), render(shuffled));
    assert_ne!(render(shuffled), "1,2,3,4,5,6,7,8");
    let sorted = r#"{{ [1, 2, 3] | shuffle(seed=7) | sort | join(sep=",") }}"#;
    assert_eq!(render(sorted), "1,2,3");
    assert_eq!(render("{{ [] | shuffle | length }}"), "0");
}

proptest! {
    #[test]
    fn chance_stays_below_its_bound(seed in ".*", bound in 1u64..) {
        prop_assert!(Chance::seeded(&seed).below(bound) < bound);
    }

    #[test]
    fn no_date_panics(text in "[-0-9T:Z+. \\[\\]a-z]{0,30}", format in "[%a-zA-Z0-9:.]{0,12}") {
        let mut tera = Tera::default();
        register(&mut tera);
        let mut context = Context::new();
        context.insert("text", &text);
        context.insert("format", &format);
        let _ = tera.render_str("{{ text | date(format=format) }}", &context, false);
        let _ = tera.render_str("{{ text | date(format=format, locale=`de`) }}", &context, false);
        let day = "{{ `2024-02-29` | date(format=format, locale=`de`) }}";
        let _ = tera.render_str(day, &context, false);
    }
}
