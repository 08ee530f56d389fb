use super::*;
use proptest::prelude::*;

fn page_of(text: &str) -> Result<PageFrontMatter, Vec<Diagnostic>> {
    let split = split("content/a.md", text).map_err(|problem| vec![problem])?;
    parse_page("content/a.md", &split)
}

fn section_of(text: &str) -> Result<SectionFrontMatter, Vec<Diagnostic>> {
    let split = split("content/_index.md", text).map_err(|problem| vec![problem])?;
    parse_section("content/_index.md", &split)
}

fn lines(problems: &[Diagnostic]) -> Vec<u32> {
    problems.iter().filter_map(|problem| problem.line).collect()
}

#[test]
fn a_file_is_parted_where_its_delimiters_are() {
    let text = "\u{feff}\n\n+++\r\ntitle = \"a\"\r\n+++\r\nBody\n+++\nmore";
    let parts = split("a.md", text).unwrap();
    assert_eq!((parts.front, parts.front_line), ("title = \"a\"\r\n", 4));
    assert_eq!((parts.body, parts.body_line), ("Body\n+++\nmore", 6));

    let parts = split("a.md", "---\ntitle: a\n---\nx\n\n---\ny").unwrap();
    assert_eq!(
        (parts.kind, parts.front, parts.body),
        (Kind::Yaml, "title: a\n", "x\n\n---\ny")
    );

    for text in ["+++\n+++", "+++\n+++\n", "---\n---\n"] {
        let parts = split("a.md", text).unwrap();
        assert_eq!((parts.front, parts.body), ("", ""));
        assert!(parse_page("a.md", &parts).is_ok());
    }
}

#[test]
fn a_file_without_front_matter_is_refused() {
    for (text, line) in [
        ("Just text.", 1),
        ("", 1),
        ("\n\nLate.\n+++\n+++", 3),
        ("\n+++\nx = 1\n", 2),
        ("+++", 1),
    ] {
        let problem = split("post.md", text).unwrap_err();
        assert_eq!(problem.line, Some(line), "{text:?}");
        assert!(problem.to_string().contains("post.md") && problem.hint.is_some());
    }
}

#[test]
fn toml_and_yaml_say_the_same() {
    let toml = page_of(
        "+++\ntitle = \"Beans\"\ndate = 2024-05-12\nupdated = \"2024-06-01T10:00:00Z\"\nweight = 2\n\
         authors = [\"Ines\"]\naliases = [\"old\"]\nunknown = 1\n\
         [taxonomies]\ntags = [\"b\", \"a\"]\n[extra]\nz = 1.5\na = { y = [true, \"x\"], b = 3 }\n+++\n",
    );
    let yaml = page_of(
        "---\ntitle: Beans\ndate: 2024-05-12\nupdated: 2024-06-01T10:00:00Z\nweight: 2\n\
         authors:\n  - Ines\naliases: [old]\nunknown: 1\ndescription:\n\
         taxonomies:\n  tags: [b, a]\nextra:\n  z: 1.5\n  a: {y: [true, x], b: 3}\n---\n",
    );
    let page = toml.unwrap();
    assert_eq!(page, yaml.unwrap());
    assert_eq!(page.terms("tags"), ["b", "a"]);
    assert_eq!(page.date.unwrap().to_template_string(), "2024-05-12");
    assert_eq!(
        shown(&page.extra),
        r#"{"z": 1.5, "a": {"y": [true, "x"], "b": 3}}"#
    );
}

#[test]
fn defaults_are_those_of_the_site_model() {
    let page = page_of("+++\n+++\n").unwrap();
    assert!(page.render && page.in_search_index && page.include_in_feeds);
    assert!(!page.draft && !page.hidden && page.extra == Value::empty_table());
    assert_eq!(
        section_of("---\n---\n").unwrap(),
        SectionFrontMatter::default()
    );
}

#[test]
fn extra_values_of_every_kind_reach_templates() {
    let page = page_of(
        "+++\n[extra]\nday = 2023-11-04\nat = 2024-01-01T10:00:00+02:00\ntime = 07:32:00\n\
         beds = [{ rows = 4 }, { rows = 2 }]\nfloat = 6.0\ninf = inf\n+++\n",
    );
    let extra = page.unwrap().extra;
    assert_eq!(
        shown(&extra),
        "{\"day\": \"2023-11-04\", \"at\": \"2024-01-01T10:00:00+02:00\", \"time\": \"07:32:00\", \
         \"beds\": [{\"rows\": 4}, {\"rows\": 2}], \"float\": 6.0, \"inf\": inf}"
    );
    let page =
        page_of("---\nextra:\n  2024: a\n  true: b\n  none: ~\n  big: 18446744073709551615\n---\n");
    let expected = [
        ("2024", Value::Text("a".into())),
        ("true", Value::Text("b".into())),
        ("none", Value::Null),
        ("big", Value::Float(18_446_744_073_709_551_615.0)),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value));
    assert_eq!(page.unwrap().extra, Value::Table(expected.to_vec()));
}

#[test]
fn quoted_yaml_may_go_on_at_the_beginning_of_a_line() {
    let page = page_of(
        "---\ntitle: \"One\ntwo\"\nextra:\n  t: 'it''s\n\nso'\n  list:\n  - k: \"x\n  y\"\n\
         taxonomies:\n  tags: [\"a\",\n\"b\nc\"]\n---\n",
    );
    let page = page.unwrap();
    assert_eq!(page.title.as_deref(), Some("One two"));
    assert_eq!(page.terms("tags"), ["a", "b c"]);
    let extra = shown(&page.extra);
    assert_eq!(
        extra,
        "{\"t\": \"it's\\nso\", \"list\": [{\"k\": \"x y\"}]}"
    );
    // What is wrong beside it is told as it is.
    let problems = page_of("---\ntitle: \"One\ntwo\"\n  x: [\n---\n").unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn all_mistakes_are_told_at_once_with_lines_of_the_file() {
    let problems = page_of(
        "\n+++\ntitle = 3\ndate = \"the day before\"\nslug = \"\"\ndraft = \"yes\"\n\
         taxonomies.tags = [\"a\", \" \", 4]\npath = \" \"\nextra = 1\n+++\n",
    )
    .unwrap_err();
    assert_eq!(lines(&problems), [3, 4, 6, 5, 8, 7, 7, 9]);
    let problems = page_of("---\ntitle: Beans\ndate: soon\n---\n").unwrap_err();
    assert_eq!((problems[0].line, problems[0].column), (Some(3), Some(7)));
}

#[test]
fn unknown_section_keys_are_refused_with_the_nearest_one() {
    let problems = section_of("+++\ntitle = \"Beds\"\nsort_bye = \"date\"\n+++\n").unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].line, problems[0].column), (Some(3), Some(1)));
    assert!(problems[0].message.contains("sort_bye"));
    assert_eq!(problems[0].hint.as_deref(), Some("did you mean `sort_by`?"));
    let problems = section_of("---\nsort_by: dates\nfrobnicate: 1\n---\n").unwrap_err();
    assert_eq!(lines(&problems), [2, 3]);
    assert!(problems[0].message.contains("\"update_date\"") && problems[1].hint.is_none());
}

#[test]
fn syntax_errors_are_told_with_lines_of_the_file() {
    let problems =
        page_of("\n\n+++\ntitle = \"a\nweight = \nx = 99999999999999999999\n+++\n").unwrap_err();
    assert_eq!(lines(&problems)[..2], [4, 5]);
    let problems =
        page_of("+++\nextra.x = 99999999999999999999\nextra.y = 1e999\n+++\n").unwrap_err();
    assert_eq!(lines(&problems), [2, 3]);
    for text in [
        "---\ntitle: [a\n---\n",
        "---\na: 1\na: 2\n---\n",
        "---\n- a\n---\n",
        "---\na: *b\n---\n",
    ] {
        let problems = page_of(text).unwrap_err();
        assert!(
            problems[0].line.is_some_and(|line| (2..=4).contains(&line)),
            "{problems:?}"
        );
    }
}

#[test]
fn yaml_cannot_grow_without_bounds() {
    let mut laughs =
        String::from("---\nextra:\n  a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..12 {
        let before = level - 1;
        let aliases = vec![format!("*a{before}"); 9].join(", ");
        laughs += &format!("  a{level}: &a{level} [{aliases}]\n");
    }
    assert!(page_of(&(laughs + "---\n")).is_err());
    assert!(page_of(&format!("---\nextra:\n  x: {}\n---\n", "[".repeat(20_000))).is_err());
    let steps: String = (0..20_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth % 200)))
        .collect();
    assert!(page_of(&format!("---\n{steps}---\n")).is_err());
    assert!(page_of("---\nextra: &a\n  x: *a\n---\n").is_err());
    assert!(page_of(&format!("---\nextra: [{}]\n---\n", "a,".repeat(100_000))).is_err());
}

#[test]
fn toml_cannot_grow_without_bounds() {
    let nested = "[".repeat(20_000);
    assert!(page_of(&format!("+++\nx = {nested}\n+++\n")).is_err());
    let dotted = vec!["a"; 50_000].join(".");
    assert!(page_of(&format!("+++\nextra.{dotted} = 1\n+++\n")).is_err());
    assert!(page_of(&format!("+++\n[extra.{dotted}]\n+++\n")).is_err());
    assert!(page_of(&format!("+++\nx = {}\n+++\n", "{a=".repeat(20_000))).is_err());
    assert!(page_of(&format!("+++\ntitle = \"{}\"\n+++\n", "x".repeat(1 << 20))).is_err());
    assert!(page_of(&format!("+++\n{}+++\n", "=\n".repeat(100_000))).is_err());
    let wide: String = (0..9_000)
        .map(|n| format!("k{n} = {{ a = 'x', b = 1 }}\n"))
        .collect();
    assert!(page_of(&format!("+++\n{wide}+++\n")).is_ok());
    let wrong = section_of(&format!("+++\n{wide}+++\n")).unwrap_err();
    assert_eq!(wrong.len(), 50);
}

#[test]
fn one_long_line_is_read_in_time() {
    let items = "1,".repeat(100_000);
    let problems = page_of(&format!("+++\nauthors = [{items}]\n+++\n")).unwrap_err();
    assert_eq!((problems.len(), problems[0].column), (50, Some(12)));
}

proptest! {
    #[test]
    fn no_text_panics(text in "(\\+\\+\\+|---)\n[-\\[\\]{}a-c:=.,&*!|>'\"0-9#~<% \n\u{e9}]{0,80}\n(\\+\\+\\+|---)\n.{0,5}") {
        let _ = page_of(&text);
        let _ = section_of(&text);
    }

    #[test]
    fn nothing_is_lost_when_splitting(text in "[-+a\r\n \u{feff}]{0,60}") {
        if let Ok(parts) = split("a.md", &text) {
            prop_assert!(text.ends_with(parts.body));
            prop_assert!(text.contains(parts.front));
            if !parts.body.is_empty() {
                let before = &text[..text.len() - parts.body.len()];
                prop_assert_eq!(before.matches('\n').count() as u32 + 1, parts.body_line);
            }
        }
    }

    #[test]
    fn titles_survive_both_formats(title in "[^\\p{C}]{0,30}") {
        let quoted = serde_json::to_string(&title).unwrap();
        for text in [format!("+++\ntitle = {quoted}\n+++\n"), format!("---\ntitle: {quoted}\n---\n")] {
            let page = page_of(&text).unwrap();
            prop_assert_eq!(page.title.as_deref(), Some(title.as_str()));
        }
    }
}

/// A value as JSON would have it, where JSON has it.
fn shown(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(value) => format!("{value:?}"),
        Value::Array(items) => format!("[{}]", list(items.iter().map(shown).collect())),
        Value::Table(entries) => {
            let entries = entries
                .iter()
                .map(|(name, value)| format!("{name:?}: {}", shown(value)));
            format!("{{{}}}", list(entries.collect()))
        }
    }
}
