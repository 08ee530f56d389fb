use super::*;
use proptest::prelude::*;
use proptest::sample::select;

fn rule(from: &str, to: &str) -> RedirectRule {
    RedirectRule {
        from: from.to_owned(),
        to: to.to_owned(),
        status: 301,
        is_forced: false,
    }
}

fn redirects(list: &[(&str, &str)], ignores_slash: bool) -> Redirects {
    let rules = list.iter().map(|(from, to)| rule(from, to)).collect();
    Redirects::new(rules, ignores_slash)
}

fn target(redirects: &Redirects, path: &str) -> Option<String> {
    redirects.meet(path).map(|met| met.target())
}

#[test]
fn the_first_rule_that_matches_decides() {
    let list = [
        ("/a", "/exact"),
        ("/a/:x", "/name/:x"),
        ("/a/b", "/too-late"),
        ("/a/*", "/splat/:splat"),
        ("/:x/:y", "/two/:y/:x"),
        ("/a/c/d", "/too-late"),
        ("/*", "/rest/:splat"),
        ("/x", "/too-late"),
    ];
    let rules = redirects(&list, false);
    for (path, expected) in [
        ("/a", "/exact"),
        ("/a/", "/splat/"),
        ("/a/b", "/name/b"),
        ("/a/b/", "/splat/b/"),
        ("/a/c/d", "/splat/c/d"),
        ("/b/c", "/two/c/b"),
        ("/x", "/rest/x"),
        ("/", "/rest/"),
    ] {
        assert_eq!(target(&rules, path).as_deref(), Some(expected), "{path}");
    }
}

#[test]
fn a_slash_at_the_end_matters_or_not() {
    let list = [
        ("/a", "/1"),
        ("/b/", "/2"),
        ("/n/:x", "/3/:x"),
        ("/s/*", "/4/:splat"),
    ];
    let exact = redirects(&list, false);
    let loose = redirects(&list, true);
    for (path, in_exact, in_loose) in [
        ("/a", Some("/1"), "/1"),
        ("/a/", None, "/1"),
        ("/b", None, "/2"),
        ("/b/", Some("/2"), "/2"),
        ("/n/x", Some("/3/x"), "/3/x"),
        ("/n/x/", None, "/3/x"),
        ("/s", None, "/4/"),
        ("/s/", Some("/4/"), "/4/"),
        ("/s/x", Some("/4/x"), "/4/x"),
        ("/s/x/", Some("/4/x/"), "/4/x/"),
    ] {
        assert_eq!(target(&exact, path).as_deref(), in_exact, "{path}");
        assert_eq!(target(&loose, path).as_deref(), Some(in_loose), "{path}");
    }
    assert_eq!(
        target(&redirects(&[("/", "/x")], true), "/"),
        Some("/x".into())
    );
    assert_eq!(
        target(&redirects(&[("/*", "/x/:splat")], true), "/"),
        Some("/x/".into())
    );
}

#[test]
fn a_placeholder_may_be_a_part_of_a_segment() {
    let list = [
        ("/:year-:month/*.html", "/:year/:month/:splat/"),
        ("/old*", "/new:splat"),
        ("/:file.php", "/:file/"),
    ];
    let rules = redirects(&list, false);
    for (path, expected) in [
        ("/2020-05/a/b.html", Some("/2020/05/a/b/")),
        ("/a-b-c/x.html", Some("/a-b/c/x/")),
        ("/older/x", Some("/newer/x")),
        ("/old", Some("/new")),
        ("/x.php", Some("/x/")),
        ("/.php", None),
        ("/x/y.php", None),
    ] {
        assert_eq!(target(&rules, path).as_deref(), expected, "{path}");
    }
}

#[test]
fn names_are_replaced_in_one_pass() {
    let values = |name: &str| match name {
        "id" => Some(":id_2"),
        "id_2" => Some("two words&=+"),
        "splat" => Some("a/b"),
        _ => None,
    };
    for (address, expected) in [
        ("/:id/:id_2", "/%3Aid_2/two%20words%26%3D%2B"),
        (
            "https://h:8080/:splat?x=:id_2#:id_3",
            "https://h:8080/a/b?x=two%20words%26%3D%2B#:id_3",
        ),
        ("/:", "/:"),
        ("/::id", "/:%3Aid_2"),
        ("/:idx", "/:idx"),
    ] {
        assert_eq!(fill(address, values), expected, "{address}");
    }
}

#[test]
fn what_is_no_pattern_is_refused_and_never_met() {
    for (text, error) in [
        ("a", PatternError::NotAbsolute),
        ("", PatternError::NotAbsolute),
        ("/*/*", PatternError::TwoSplats),
        ("/:a/:a", PatternError::NameTwice),
        ("/%ff", PatternError::NotUtf8),
    ] {
        assert_eq!(Pattern::read(text), Err(error), "{text}");
    }
    let long: String = (0..MAX_TOKENS)
        .map(|number| format!("/:n{number}"))
        .collect();
    assert_eq!(Pattern::read(&long), Err(PatternError::TooManyTokens));
    assert_eq!(target(&redirects(&[("a", "/x")], false), "a"), None);
}

#[test]
fn literals_are_stored_encoded() {
    let rules = redirects(&[("/a%3Ab/%2A/gr%C3%BC%C3%9Fe", "/x")], false);
    assert!(rules.meet("/a:b/*/grüße").is_some());
    assert!(rules.meet("/a%3Ab/*/grüße").is_none());
}

#[test]
fn no_placeholder_ends_within_a_character() {
    let rules = redirects(&[("/:a:b", "/:a/:b"), ("/:a-:b*", "/:splat/:b/:a")], false);
    for (path, expected) in [
        ("/a\u{fc}", Some("/a/%C3%BC")),
        ("/\u{fc}\u{1f600}x", Some("/%C3%BC%F0%9F%98%80/x")),
        ("/\u{fc}", None),
    ] {
        assert_eq!(target(&rules, path).as_deref(), expected, "{path}");
    }
}

#[test]
fn no_path_takes_long() {
    let path = format!("/{}", "a".repeat(8_000));
    let names: String = (0..30).map(|number| format!(":n{number}a")).collect();
    let rules = redirects(&[(&format!("/{names}*b"), "/x")], false);
    assert!(rules.meet(&path).is_none());
    assert!(rules.meet(&format!("{path}b")).is_some());
}

/// JavaScript's regular expression for a pattern, read from left to right: the definition.
fn by_hand(tokens: &[Token<'_>], path: &str) -> bool {
    let Some((token, rest)) = tokens.split_first() else {
        return path.is_empty();
    };
    let ends = path.char_indices().map(|(at, _)| at).chain([path.len()]);
    match token {
        Token::Text(text) => path
            .strip_prefix(&**text)
            .is_some_and(|path| by_hand(rest, path)),
        Token::Name(_) => {
            let mut ends = ends.filter(|end| *end > 0 && !path[..*end].contains('/'));
            ends.any(|end| by_hand(rest, &path[end..]))
        }
        Token::Splat => {
            let mut ends = ends;
            ends.any(|end| by_hand(rest, &path[end..]))
        }
    }
}

fn patterns() -> impl Strategy<Value = String> {
    let parts = ["/", "/a", "/b", "b", "/:x", ":y", "-", "*", "/:z", "/ü"];
    proptest::collection::vec(select(parts.to_vec()), 1..6)
        .prop_map(|parts| format!("/{}", parts.concat()).replacen("//", "/", 1))
}

fn paths() -> impl Strategy<Value = String> {
    proptest::collection::vec(select(&["/", "a", "b", "-", "/a", "/b", "ü"][..]), 0..7)
        .prop_map(|parts| format!("/{}", parts.concat()).replacen("//", "/", 1))
}

proptest! {
    #[test]
    fn a_pattern_matches_what_its_expression_matches(pattern in patterns(), path in paths()) {
        if let Ok(pattern) = Pattern::read(&pattern) {
            let captures = pattern.captures(&path, false);
            prop_assert_eq!(captures.is_some(), by_hand(pattern.tokens(), &path));
            if let Some(captures) = captures {
                // What was captured, put back, is the path.
                let again: String = pattern.tokens().iter().map(|token| match token {
                    Token::Text(text) => &**text,
                    Token::Name(name) => captures.get(name).unwrap_or_default(),
                    Token::Splat => captures.get("splat").unwrap_or_default(),
                }).collect();
                prop_assert_eq!(again, path);
            }
        }
    }

    #[test]
    fn the_index_finds_what_a_list_finds(
        list in proptest::collection::vec(patterns(), 0..12),
        path in paths(),
        ignores_slash: bool,
    ) {
        let list: Vec<RedirectRule> = list.iter().map(|from| rule(from, "/x")).collect();
        let first = list.iter().position(|rule| {
            let pattern = Pattern::read(&rule.from);
            pattern.is_ok_and(|pattern| pattern.captures(&path, ignores_slash).is_some())
        });
        let rules = Redirects::new(list, ignores_slash);
        let met = rules.meet(&path).map(|met| met.rule as *const _);
        prop_assert_eq!(met, first.map(|place| &rules.rules()[place] as *const _));
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error(text in "\\PC{0,40}", path in "/\\PC{0,20}", address in "\\PC{0,40}") {
        if let Ok(pattern) = Pattern::read(&text) {
            let _ = pattern.captures(&path, true);
        }
        prop_assert_eq!(fill(&address, |_| None), address);
    }
}
