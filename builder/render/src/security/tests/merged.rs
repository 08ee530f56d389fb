//! `_headers`, merged into what `[security]` says.

use super::*;
use quillfront_site::config::Config;
use quillfront_site::source::{Effective, Source as SourceFile, Sources, Text};

/// The rules of a file, in the dialect of Cloudflare, which has all there is.
fn header_rules(text: &str) -> HeaderRules {
    let mut sources = Sources::default();
    let file = SourceFile {
        version: "1".into(),
        size: text.len() as u64,
        effective: Effective::Text(Text::new(text.into())),
        problems: Vec::new(),
        head: None,
        since: None,
        lacks: Vec::new(),
    };
    sources.insert(&SourceKey::from("static/_headers"), file);
    let config = Config::parse("config.toml", "base_url = \"https://example.org\"").unwrap();
    let own = OwnConfig::parse("quillfront.toml", "[redirects]\ndialect = \"cloudflare\"").unwrap();
    HeaderRules::of(&config, &own, &sources)
}

fn merged(security: Option<&str>, rules: &str, key: &str) -> (Metadata, SecuredHeaders) {
    let security = security.map(super::security);
    let rules = header_rules(rules);
    let sources = HeaderSources {
        security: security.as_ref(),
        rules: Some(&rules),
    };
    let dressed = dress(
        sources,
        &OutputKey::from(key),
        &planned(Recipe::Robots),
        Some(&Facts::default()),
    );
    let stored = dressed.metadata.clone();
    let metadata = Metadata::read(|field| Some(stored.get(field.name())?.as_str()));
    (metadata, dressed)
}

fn header(metadata: &Metadata, name: &str) -> Option<String> {
    metadata.headers.get(name).cloned().flatten()
}

#[test]
fn the_first_rule_replaces_and_the_others_add() {
    let rules = "/*\n  X-Own: a\n  Referrer-Policy: no-referrer\n/blog/:slug/\n  X-Own: b\n  X-Slug: :slug\n/blog/*\n  ! X-Frame-Options\n";
    let (metadata, dressed) = merged(None, rules, "blog/post/index.html");
    assert_eq!(header(&metadata, "x-own").as_deref(), Some("a, b"));
    assert_eq!(header(&metadata, "x-slug").as_deref(), Some("post"));
    assert_eq!(
        header(&metadata, "referrer-policy").as_deref(),
        Some("no-referrer")
    );
    assert_eq!(metadata.headers.get("x-frame-options"), Some(&None));
    assert_eq!(dressed.violations, []);
    let (metadata, _) = merged(None, rules, "index.html");
    assert_eq!(header(&metadata, "x-own").as_deref(), Some("a"));
    assert!(!metadata.headers.contains_key("x-frame-options"));
}

#[test]
fn what_s3_says_itself_is_set_there() {
    let rules = "/*\n  Cache-Control: max-age=60\n/feed.txt\n  Content-Type: text/x\n  Cache-Control: public\n";
    let (metadata, dressed) = merged(None, rules, "feed.txt");
    assert_eq!(metadata, Metadata::default());
    assert_eq!(dressed.cache_control.as_deref(), Some("max-age=60, public"));
    assert_eq!(dressed.content_type.as_deref(), Some("text/x"));
}

#[test]
fn what_weakens_strict_is_told_with_its_line_and_is_sent() {
    let rules = "/*\n  X-Frame-Options: ALLOWALL\n  Referrer-Policy: unsafe-url\n  Strict-Transport-Security: max-age=0\n  Permissions-Policy: camera=*\n  Cross-Origin-Opener-Policy: unsafe-none\n  ! X-Content-Type-Options\n  X-Own: a\n";
    let (metadata, dressed) = merged(Some("[security]"), rules, "a/index.html");
    assert_eq!(
        header(&metadata, "x-frame-options").as_deref(),
        Some("ALLOWALL")
    );
    let weaker = dressed.violations.iter().map(|one| match &one.what {
        BlockedItem::Weaker { line, .. } if !one.is_error => *line,
        other => panic!("{other:?}"),
    });
    let lines: BTreeMap<u32, ()> = weaker.map(|line| (line, ())).collect();
    assert_eq!(lines.into_keys().collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
    let stricter = "/*\n  X-Frame-Options: DENY\n  Referrer-Policy: no-referrer\n  Strict-Transport-Security: max-age=63072000; includeSubDomains; preload\n";
    let (_, dressed) = merged(Some("[security]"), stricter, "a/index.html");
    assert_eq!(dressed.violations, []);
    let relaxed = "[security]\npreset = \"relaxed\"";
    assert_eq!(
        merged(Some(relaxed), rules, "a/index.html").1.violations,
        []
    );
}

#[test]
fn two_policies_hold_both_and_are_told() {
    let rules = "/*\n  Content-Security-Policy: img-src *\n";
    let (metadata, dressed) = merged(Some("[security]"), rules, "a/index.html");
    let policy = metadata.policy.unwrap();
    assert!(
        policy.starts_with("default-src 'none'; ") && policy.ends_with(", img-src *"),
        "{policy}"
    );
    let what = &dressed.violations[0].what;
    assert_eq!(
        (what, dressed.violations.len()),
        (&BlockedItem::TwoPolicies { line: 2 }, 1)
    );
    // Without another one it is the only one.
    let (metadata, dressed) = merged(None, rules, "a/index.html");
    assert_eq!(
        (metadata.policy.as_deref(), dressed.violations.len()),
        (Some("img-src *"), 0)
    );
    let two =
        "/*\n  Content-Security-Policy: img-src *\n/a/\n  Content-Security-Policy: font-src *\n";
    let (metadata, dressed) = merged(None, two, "a/index.html");
    assert_eq!(metadata.policy.as_deref(), Some("img-src *, font-src *"));
    assert_eq!(
        dressed.violations[0].what,
        BlockedItem::TwoPolicies { line: 4 }
    );
    // In place of that of the page, which is weaker than none other.
    let instead = "/*\n  ! Content-Security-Policy\n/a/\n  Content-Security-Policy: img-src *\n";
    let (metadata, dressed) = merged(Some("[security]"), instead, "a/index.html");
    assert_eq!(metadata.policy.as_deref(), Some("img-src *"));
    assert!(
        matches!(
            dressed.violations[0].what,
            BlockedItem::Weaker { line: 4, .. }
        ),
        "{dressed:?}"
    );
}

#[test]
fn what_does_not_fit_is_left_out_and_told() {
    let rules = format!("/*\n  X-Long: {}\n", "a".repeat(1_890));
    let (metadata, dressed) = merged(Some("[security]"), &rules, "a/index.html");
    assert!(metadata.policy.is_some() && !metadata.headers.contains_key("x-long"));
    assert!(matches!(
        dressed.violations[0].what,
        BlockedItem::Rules { line: 2, .. }
    ));
}

#[test]
fn answers_without_an_object_carry_the_rules_for_all_paths() {
    let rules = header_rules(
        "/*\n  X-Own: a\n  Cache-Control: max-age=60\n  Content-Security-Policy: img-src *\n/a/*\n  X-Other: b\n",
    );
    let security = super::security("[security]");
    let sources = HeaderSources {
        security: Some(&security),
        rules: Some(&rules),
    };
    let made = super::rules(sources, Redirects::default()).headers;
    assert_eq!(made["x-own"], "a");
    assert_eq!(
        made["content-security-policy"],
        format!("{OF_NO_PAGE}, img-src *")
    );
    assert!(made.contains_key("strict-transport-security"));
    assert!(!made.contains_key("cache-control") && !made.contains_key("x-other"));
}

#[test]
fn the_rules_of_the_edge_itself_have_no_path() {
    let rules = header_rules("/*\n  X-Own: a\n");
    let sources = HeaderSources {
        security: None,
        rules: Some(&rules),
    };
    let key = OutputKey::from(quillfront_headers::RULES_KEY);
    let dressed = dress(sources, &key, &planned(Recipe::Rules), None);
    assert_eq!(dressed, SecuredHeaders::default());
}
