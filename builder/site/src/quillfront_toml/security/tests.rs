use super::super::OwnConfig;
use super::*;

fn parse(text: &str) -> Result<OwnConfig, Vec<String>> {
    let told = |problems: Vec<crate::diagnostic::Diagnostic>| {
        let one = |problem: crate::diagnostic::Diagnostic| {
            format!("{}: {}", problem.line.unwrap_or_default(), problem.message)
        };
        problems.into_iter().map(one).collect()
    };
    OwnConfig::parse("quillfront.toml", text).map_err(told)
}

fn rules(text: &str, path: &str) -> PathSecurity {
    let own = parse(text).expect("a good file");
    own.security.expect("a section").of(path)
}

#[test]
fn without_the_section_there_is_nothing() {
    assert_eq!(parse("").unwrap().security, None);
    let strict = rules("[security]", "/");
    assert_eq!(strict.preset, Preset::Strict);
    assert_eq!(strict.hsts, Some(Hsts::DEFAULT));
    assert!(strict.trusted_types && strict.embedder.is_none());
    let relaxed = rules("[security]\npreset = \"relaxed\"", "/");
    assert!(!relaxed.trusted_types);
    assert_eq!(relaxed.opener, "same-origin-allow-popups");
}

#[test]
fn what_matches_a_path_goes_over_what_is_general() {
    let text = r#"
        [security]
        hsts = false
        csp.img-src = ["https://images.example"]
        [[security.paths]]
        path = "/talks/*"
        preset = "relaxed"
        csp.img-src = ["https://images.example", "data:"]
        [[security.paths]]
        path = "/talks/2026/"
        mode = "report-only"
    "#;
    let general = rules(text, "/blog/");
    assert_eq!(general.preset, Preset::Strict);
    assert_eq!(general.hsts, None);
    assert_eq!(
        general.sources[&Directive::Image],
        ["https://images.example"]
    );
    let talk = rules(text, "/talks/2025/rust/");
    assert_eq!((talk.preset, talk.mode), (Preset::Relaxed, Mode::Enforce));
    assert_eq!(
        talk.sources[&Directive::Image],
        ["https://images.example", "data:"]
    );
    let both = rules(text, "/talks/2026/");
    assert_eq!(
        (both.preset, both.mode),
        (Preset::Relaxed, Mode::ReportOnly)
    );
}

#[test]
fn mistakes_are_told_with_their_lines() {
    for (text, told) in [
        (
            "[security]\npreset = \"strickt\"",
            "2: `security.preset` must be one of \"strict\", \"relaxed\", not \"strickt\"",
        ),
        ("[security]\nhst = 1", "2: unknown key `security.hst`"),
        (
            "[security]\nhsts = { preload = true }",
            "2: `security.hsts.preload` needs `include_subdomains = true` and a `max_age` of at least one year",
        ),
        (
            "[security.csp]\nimg-src = [\"self\"]",
            "2: `security.csp.img-src`: \"self\" needs single quotes",
        ),
        (
            "[security.csp]\nimg-src = [\"a; script-src *\"]",
            "2: `security.csp.img-src`: \"a; script-src *\" is no source of a content security policy",
        ),
        (
            "[security.csp]\nscript-src = [\"'nonce-abc'\"]",
            "2: `security.csp.script-src`: \"'nonce-abc'\" is a nonce, which a cached page cannot have",
        ),
        (
            "[security.csp]\nimages = [\"https:\"]",
            "2: unknown key `security.csp.images`",
        ),
        (
            "[security]\nreporting = \"reports.example\"",
            "2: `security.reporting` must be the address that browsers send reports to",
        ),
        (
            "[[security.paths]]\nmode = \"enforce\"",
            "1: a [[security.paths]] has no `path`",
        ),
        (
            "[[security.paths]]\npath = \"talks\"",
            "1: `security.paths.path`: \"talks\" is no path of a site",
        ),
        (
            "[security.csp]\nscript-src = [\"'unsafe-inline'\"]",
            "1: `security.csp.script-src` has 'unsafe-inline', which `preset = \"strict\"` does not allow",
        ),
        (
            "[security]\npermissions_policy = \"a\\nb\"",
            "2: `security.permissions_policy` is the value of a header: at most 400 printable ASCII characters",
        ),
    ] {
        assert_eq!(parse(text), Err(vec![told.to_owned()]), "{text}");
    }
    let relaxed = "[security]\npreset = \"relaxed\"\ncsp.script-src = [\"'unsafe-inline'\"]";
    assert!(parse(relaxed).is_ok());
}

#[test]
fn one_policy_says_the_same_everywhere() {
    let parse = |text: &str| {
        let text = format!("[security]\nedge = \"policy\"\n{text}");
        OwnConfig::parse("quillfront.toml", &text)
    };
    let own = parse(
        "[[security.paths]]\npath = \"/a/*\"\npreset = \"relaxed\"\ncsp.img-src = [\"https:\"]",
    );
    assert_eq!(own.unwrap().security.unwrap().edge, Edge::Policy);
    for (text, expected) in [
        (
            "[[security.paths]]\npath = \"/a/*\"\nmode = \"report-only\"",
            "`security.paths.mode` (of \"/a/*\")",
        ),
        (
            "[[security.paths]]\npath = \"/a/*\"\nhsts = false",
            "`security.paths.hsts`",
        ),
        (
            "[[security.paths]]\npath = \"/a/*\"\ncoop = \"unsafe-none\"",
            "`security.paths.coop`",
        ),
        (
            "preset = \"relaxed\"\ncsp.script-src = [\"'unsafe-inline'\"]",
            "'unsafe-inline' for scripts",
        ),
        (
            "csp.script-src = [\"'strict-dynamic'\"]",
            "'strict-dynamic' for scripts",
        ),
        (
            "[[security.paths]]\npath = \"/a/*\"\nedge = \"functions\"",
            "edge",
        ),
    ] {
        let problems = parse(text).expect_err(text);
        assert!(
            problems[0].message.contains(expected),
            "{text}: {problems:?}"
        );
    }
}
