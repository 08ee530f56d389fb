//! Which paths a pattern matches, and what it captures.

use quillfront_edge_files::headers::{self, Change};
use quillfront_edge_files::redirects::{self, fill_target};
use quillfront_edge_files::{Captures, Dialect, limits};

fn rule(path: &str) -> headers::Rule {
    let change = Change::Remove {
        name: "X".to_owned(),
    };
    headers::Rule {
        line: 7,
        scheme_and_host: None,
        path: path.to_owned(),
        changes: vec![(8, change)],
    }
}

fn captures(pattern: &str, path: &str, dialect: Dialect) -> Option<Captures> {
    let matcher = headers::Matcher::new(&rule(pattern), dialect).expect("a pattern");
    matcher.captures(path)
}

fn netlify(pattern: &str, path: &str) -> bool {
    captures(pattern, path, Dialect::Netlify).is_some()
}

/// What the pattern fills `value` with, in Cloudflare's dialect.
fn cloudflare(pattern: &str, path: &str, value: &str) -> Option<String> {
    captures(pattern, path, Dialect::Cloudflare).map(|captures| captures.fill(value))
}

#[test]
fn netlify_ignores_case_and_a_slash_at_the_end() {
    assert!(netlify("/Blog/É", "/bLOG/é"));
    assert!(netlify("/blog", "/blog/"));
    assert!(netlify("/blog/", "/blog"));
    assert!(netlify("//blog//", "/blog"));
    assert!(netlify("/", "/"));
    assert!(!netlify("/blog", "/blog/a"));
    assert!(!netlify("/blog", "/blogs"));
    assert!(!netlify("/ı", "/i"));
    assert!(netlify("/ΣΑΣ", "/σας"));
}

#[test]
fn netlify_takes_a_wildcard_for_anything_anywhere() {
    assert!(netlify("/*", "/") && netlify("/*", "/a/b.css"));
    assert!(netlify("/a/*", "/a") && netlify("/a/*", "/a/b/c") && netlify("/a/*", "/ab"));
    assert!(netlify("/a/*/c", "/a/c") && netlify("/a/*/c", "/a/b/b/c/"));
    assert!(netlify("/*.JS", "/a/b.js") && !netlify("/*.js", "/a/b.jsx"));
    assert!(netlify("/a*b/c", "/axxb/c") && !netlify("/a*b/c", "/axx/c"));
    assert!(netlify("/*.min.*", "/x.min.js") && !netlify("/*.min.*", "/x-min.js"));
}

#[test]
fn netlify_takes_a_placeholder_for_one_part_of_the_path() {
    assert!(netlify("/:year/post", "/2026/post/"));
    assert!(!netlify("/:year/post", "/20/26/post"));
    assert!(!netlify("/:year", "/"));
    assert!(netlify("/a/:x", "/a/b/") && !netlify("/a/:x", "/a/"));
    assert!(netlify("/*/:x/b", "/1/2/3/b"));
}

#[test]
fn netlify_fills_nothing() {
    let captures = captures("/:x/*", "/a/b", Dialect::Netlify).expect("a match");
    assert_eq!(captures.fill("/:x/:splat"), "/:x/:splat");
}

#[test]
fn cloudflare_is_anchored_and_has_case() {
    assert_eq!(cloudflare("/a", "/a", ""), Some(String::new()));
    for path in ["/A", "/a/", "/ab", "/", "a"] {
        assert_eq!(cloudflare("/a", path, ""), None, "{path}");
    }
}

#[test]
fn cloudflare_captures() {
    let filled = |pattern, path, value| cloudflare(pattern, path, value).expect("a match");
    assert_eq!(filled("/*", "/a/b", ":splat"), "a/b");
    assert_eq!(filled("/a/*", "/a/", "[:splat]"), "[]");
    assert_eq!(cloudflare("/a/*", "/a", ""), None);
    assert_eq!(filled("/:y/:m/x", "/2026/11/x", ":m.:y"), "11.2026");
    assert_eq!(cloudflare("/:y/x", "/20/26/x", ""), None);
    assert_eq!(
        filled("/*/c/:x.html", "/a/c/c/b.c.html", ":splat|:x"),
        "a/c|b.c"
    );
    // The first takes as much as it can.
    assert_eq!(filled("/:a-:b", "/x-y-z", ":a|:b"), "x-y|z");
    assert_eq!(filled("/:a:b", "/xyz", ":a|:b"), "xy|z");
    assert_eq!(filled("*/:a", "/é/ü", ":splat|:a"), "/%C3%A9|%C3%BC");
    assert_eq!(filled("/p:a", "/pa b%", ":a"), "a%20b%25");
}

#[test]
fn paths_are_compared_decoded() {
    for pattern in ["/%c3%a9%20/*", "/%C3%A9 /*", "/é%20/*"] {
        assert_eq!(cloudflare(pattern, "/é /x", ":splat").as_deref(), Some("x"));
        assert!(netlify(pattern, "/É /x"));
    }
    assert_eq!(cloudflare("/%2A", "/*", ""), Some(String::new()));
    assert_eq!(cloudflare("/a%2Fb", "/a/b", ""), None);
    assert_eq!(cloudflare("/%zz%", "/%zz%", ""), Some(String::new()));
    assert_eq!(cloudflare("/%ff", "/%ff", ""), Some(String::new()));
}

#[test]
fn values_are_filled_in_one_pass() {
    let captures = captures("/:id/:id_2/*", "/a/:id/$&:x", Dialect::Cloudflare).expect("a match");
    assert_eq!(captures.value("id_2"), Some(":id"));
    assert_eq!(
        captures.fill(":id :id_2 :id_3 :splat: :1 ::id https://h"),
        "a :id :id_3 $&:x: :1 :a https://h"
    );
}

#[test]
fn a_target_leaves_the_host_only_where_it_names_another() {
    let captures = captures("/*", "//evil.example\\x//y", Dialect::Cloudflare).expect("a match");
    let filled = |to| fill_target(to, &captures);
    assert_eq!(filled("/:splat"), "/evil.example/x/y");
    assert_eq!(filled(":splat"), "/evil.example/x/y");
    assert_eq!(
        filled("/a//b?:splat#:splat"),
        "/a/b?/evil.example\\x//y#/evil.example\\x//y"
    );
    assert_eq!(filled("https://h/:splat"), "https://h//evil.example\\x//y");
    assert_eq!(filled("//h/:splat"), "//h//evil.example\\x//y");
    assert_eq!(filled("///h"), "/h");
}

#[test]
fn a_pattern_may_match_all() {
    let all = |pattern: &str, dialect| {
        let matcher = headers::Matcher::new(&rule(pattern), dialect);
        matcher.expect("a pattern").matches_all()
    };
    assert!(all("/*", Dialect::Cloudflare) && all("/*", Dialect::Netlify));
    assert!(all("/*/*", Dialect::Netlify) && all("/**", Dialect::Netlify));
    for pattern in ["/", "/a/*", "/*a", "/:x"] {
        assert!(!all(pattern, Dialect::Cloudflare) && !all(pattern, Dialect::Netlify));
    }
}

#[test]
fn a_pattern_has_bounds() {
    let refused = |pattern: &str, dialect, part: &str| {
        let problem = headers::Matcher::new(&rule(pattern), dialect).expect_err("a problem");
        assert!(problem.is_error && problem.line == 7);
        assert!(problem.message.contains(part), "{problem:?}");
    };
    for dialect in [Dialect::Netlify, Dialect::Cloudflare] {
        let names = |count: usize| (0..count).map(|number| format!("/:x{number}"));
        let fits: String = names(limits::MAX_VARIABLES).collect();
        assert!(headers::Matcher::new(&rule(&fits), dialect).is_ok());
        let many: String = names(limits::MAX_VARIABLES + 1).collect();
        refused(&many, dialect, "more than 64");
        let long = "/".to_owned() + &"a".repeat(limits::MAX_PATTERN_BYTES);
        assert!(headers::Matcher::new(&rule(&long), dialect).is_ok());
        refused(&(long + "/*"), dialect, "2048 bytes");
    }
    refused("/*/*", Dialect::Cloudflare, "more than one wildcard");
    refused("/:splat/*", Dialect::Cloudflare, "more than one wildcard");
    refused("/:x/:x", Dialect::Cloudflare, "`:x` twice");
    let parsed = redirects::parse("/* /:splat", Dialect::Cloudflare);
    assert!(redirects::Matcher::new(&parsed.rules[0]).is_ok());
}

/// Each would take a regular expression longer than anyone waits.
#[test]
fn hostile_patterns_take_no_time() {
    let path = "/".to_owned() + &"a".repeat(8_191);
    let slashes = "/a".repeat(4_096);
    let stars = "/".to_owned() + &"*a".repeat(60) + "*b";
    assert!(!netlify("/*a*a*a*a*b", &path));
    assert!(!netlify(&stars, &path) && !netlify(&stars, &slashes));
    assert!(netlify(&stars, &(path.clone() + "b")));
    let long = format!("/*{}b*", "a".repeat(2_000));
    assert!(!netlify(&long, &path));
    let parts = "/*".to_owned() + &"/:x".repeat(60) + "/b*";
    assert!(!netlify(&parts, &slashes));
    let dashes = path.replace('a', "-");
    let names: String = (0..60).map(|number| format!(":x{number}-")).collect();
    assert_eq!(cloudflare(&format!("/{names}b"), &dashes, ""), None);
    let found = captures(&format!("/{names}*"), &dashes, Dialect::Cloudflare).expect("a match");
    assert_eq!(found.value("x0").map(str::len), Some(8_191 - 119));
}
