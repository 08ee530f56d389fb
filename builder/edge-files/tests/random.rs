//! What holds of every text: reading it ends, nothing panics, lines have the right numbers, and matching agrees with
//! a search that tries everything.

use proptest::prelude::*;
use quillfront_edge_files::headers::{self, Change};
use quillfront_edge_files::{Dialect, Problem, redirects};

const WORDS: [&str; 40] = [
    "/",
    "/a",
    "/a/b",
    "/é",
    "/*",
    "/a/*",
    "/:x",
    "/:x/:x",
    "/*/*",
    "/:id/:id_2",
    "/..",
    "/%2e",
    "/a?b#c",
    "a",
    "*",
    ":x",
    "https://h/",
    "https://H/*",
    "http://h:80",
    "https://",
    "https:/",
    "//h",
    "://",
    "301",
    "302!",
    "200",
    "404",
    "0x12D",
    "999",
    "x=y",
    "=",
    "Country=de",
    "Sign=k",
    "X-A: 1",
    "X-A:",
    ": 1",
    "! X-A",
    "!",
    "#",
    "# b",
];
const SPACES: [&str; 12] = [
    " ", "  ", "\t", "\n", "\n", "\n", "\r\n", "\u{a0}", "\u{2028}", "\u{feff}", "\r", "",
];

/// Words of the formats between spaces of all kinds.
fn any_file() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[/a-z:*#%.\\\\ \u{0}-\u{1f}\u{80}-\u{ff}]{0,12}",
    ];
    let pieces = prop::collection::vec((word, prop::sample::select(&SPACES[..])), 0..40);
    pieces.prop_map(|pieces| {
        pieces
            .into_iter()
            .map(|(word, space)| word + space)
            .collect()
    })
}

fn any_dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(&[Dialect::Netlify, Dialect::Cloudflare][..])
}

/// Lines are in the file and in order, and a problem says something that a terminal can show.
fn check(text: &str, rules: &[u32], problems: &[Problem]) {
    let count = u32::try_from(text.split('\n').count()).expect("few lines");
    let lines: Vec<u32> = problems.iter().map(|problem| problem.line).collect();
    assert!(
        lines
            .iter()
            .chain(rules)
            .all(|line| (1..=count).contains(line))
    );
    assert!(lines.is_sorted());
    for problem in problems {
        for said in [&problem.message, &problem.hint] {
            let is_phrase = !said.ends_with('.') && !said.starts_with(char::is_uppercase);
            assert!(is_phrase && !said.contains(char::is_control), "{said:?}");
        }
        let stands = rules.contains(&problem.line);
        assert!(
            !(problem.is_error && stands),
            "{problem:?} of a line that counts"
        );
    }
}

/// Whether `parts` matches all of `path`, and what it captures: each variable tries the longest text first.
fn search(pattern: &[char], path: &[char]) -> Option<Vec<String>> {
    let Some(first) = pattern.first() else {
        return path.is_empty().then(Vec::new);
    };
    let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let is_placeholder = *first == ':' && pattern.get(1).is_some_and(char::is_ascii_alphabetic);
    if *first != '*' && !is_placeholder {
        return match path.split_first() {
            Some((c, rest)) if c == first => search(&pattern[1..], rest),
            _ => None,
        };
    }
    let length = if is_placeholder {
        1 + pattern[1..].iter().take_while(|c| is_name(c)).count()
    } else {
        1
    };
    let stop = path.iter().position(|c| *c == '/' && is_placeholder);
    let longest = stop.unwrap_or(path.len());
    (usize::from(is_placeholder)..=longest)
        .rev()
        .find_map(|end| {
            let mut rest = search(&pattern[length..], &path[end..])?;
            rest.insert(0, path[..end].iter().collect());
            Some(rest)
        })
}

fn variables(pattern: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, c) in pattern.char_indices() {
        let behind = &pattern[at + c.len_utf8()..];
        let name: String = behind
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        match c {
            '*' => names.push("splat".to_owned()),
            ':' if name.starts_with(|c: char| c.is_ascii_alphabetic()) => names.push(name),
            _ => {}
        }
    }
    names
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_redirects_file_can_be_read(text in any_file(), dialect in any_dialect()) {
        let parsed = redirects::parse(&text, dialect);
        let lines: Vec<u32> = parsed.rules.iter().map(|rule| rule.line).collect();
        prop_assert!(lines.is_sorted_by(|one, other| one < other));
        check(&text, &lines, &parsed.problems);
        for rule in &parsed.rules {
            prop_assert!(rule.from.starts_with('/'), "{rule:?}");
            prop_assert!((100..600).contains(&rule.status), "{rule:?}");
            let needs_target = !matches!(rule.status, 404 | 410);
            prop_assert!(rule.to.is_some() || !needs_target, "{rule:?}");
            if dialect == Dialect::Cloudflare {
                prop_assert!(redirects::Matcher::new(rule).is_ok(), "{rule:?}");
            }
        }
    }

    #[test]
    fn every_headers_file_can_be_read(text in any_file(), dialect in any_dialect(), path in "/[a-z/é]{0,6}") {
        let parsed = headers::parse(&text, dialect);
        let mut lines = Vec::new();
        for rule in &parsed.rules {
            lines.push(rule.line);
            lines.extend(rule.changes.iter().map(|(line, _)| *line));
            prop_assert!(!rule.changes.is_empty() && rule.path.starts_with('/'), "{rule:?}");
            prop_assert!(rule.changes.iter().all(|(line, _)| *line > rule.line), "{rule:?}");
            let matcher = headers::Matcher::new(rule, dialect).expect("a rule that stands");
            if let Some(captures) = matcher.captures(&path) {
                for (_, change) in &rule.changes {
                    if let Change::Set { value, .. } = change {
                        captures.fill(value);
                    }
                }
            }
        }
        check(&text, &lines, &parsed.problems);
    }

    #[test]
    fn the_lines_around_a_rule_move_it_and_nothing_else(
        above in prop::collection::vec(prop::sample::select(&["", "#", " # /a /b", "\t", "\u{feff}"][..]), 0..20),
        dialect in any_dialect(),
    ) {
        let rule = |text: &str| redirects::parse(text, dialect).rules.remove(0);
        let mut wanted = rule("/a/* /b/:splat 302");
        wanted.line = u32::try_from(above.len()).expect("few lines") + 1;
        let text = above.iter().map(|line| format!("{line}\r\n")).collect::<String>();
        prop_assert_eq!(rule(&(text + "\t/a/*  /b/:splat\u{a0}302 # x\n")), wanted);
    }

    #[test]
    fn matching_agrees_with_a_search(
        pattern in "/(a|b|/|é|-|:x|:y|:z|\\*){0,8}",
        path in "/(a|b|/|é|-){0,10}",
    ) {
        let names = variables(&pattern);
        let rule = headers::Rule { line: 1, scheme_and_host: None, path: pattern.clone(), changes: Vec::new() };
        let Ok(matcher) = headers::Matcher::new(&rule, Dialect::Cloudflare) else {
            let mut distinct = names.clone();
            distinct.sort();
            distinct.dedup();
            prop_assert!(distinct.len() < names.len(), "{pattern} is refused");
            return Ok(());
        };
        let characters = |text: &str| text.chars().collect::<Vec<_>>();
        let wanted = search(&characters(&pattern), &characters(&path));
        let found = matcher.captures(&path).map(|captures| {
            let values = names.iter().map(|name| captures.value(name).expect("a value").replace("%C3%A9", "é"));
            values.collect::<Vec<_>>()
        });
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn any_pattern_can_be_compared_with_any_path(pattern in any::<String>(), path in any::<String>(), dialect in any_dialect()) {
        let rule = headers::Rule { line: 1, scheme_and_host: None, path: pattern, changes: Vec::new() };
        if let Ok(matcher) = headers::Matcher::new(&rule, dialect) {
            matcher.captures(&path);
        }
    }
}
