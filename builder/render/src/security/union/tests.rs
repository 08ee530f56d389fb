//! The union allows what each page's own policy allows, and nothing that none does.

use super::*;
use proptest::prelude::*;
use quillfront_policy::{Digest, Source};
use quillfront_site::quillfront_toml::OwnConfig;
use std::collections::BTreeSet;

fn security(text: &str) -> Security {
    let text = format!("[security]\nedge = \"policy\"\n{text}");
    let own = OwnConfig::parse("quillfront.toml", &text).expect("a good file");
    own.security.expect("a section")
}

type Headers = BTreeMap<String, String>;

fn of(text: &str, pages: &[(&str, Facts)]) -> (Headers, Option<Diagnostic>) {
    let pages: Vec<(OutputKey, Facts)> = pages
        .iter()
        .map(|(key, facts)| (OutputKey::from(*key), facts.clone()))
        .collect();
    let sources = HeaderSources {
        security: Some(&security(text)),
        rules: None,
    };
    let (headers, mut problems) =
        site_headers(sources, pages.iter().map(|(key, facts)| (key, facts)));
    assert!(problems.len() < 2, "{problems:?}");
    (headers, problems.pop())
}

fn policy(text: &str, pages: &[(&str, Facts)]) -> String {
    of(text, pages).0["content-security-policy"].clone()
}

fn scripts(texts: &[&str]) -> Facts {
    let mut scripts: Vec<Digest> = texts.iter().map(|text| Digest::of(text)).collect();
    scripts.sort();
    Facts {
        scripts,
        ..Facts::default()
    }
}

/// The sources of a policy by directive.
fn read(policy: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let directives = policy.split("; ").filter_map(|directive| {
        let mut words = directive.split(' ');
        Some((words.next()?, words.collect()))
    });
    directives.collect()
}

#[test]
fn pages_share_what_each_is_allowed() {
    let text = "[[security.paths]]\npath = \"/talks/\"\ntrusted_types = false\nframe_ancestors = \
                [\"https://a.example\"]\ncsp.frame-src = [\"https://v.example\"]";
    let pages = [
        ("index.html", scripts(&["a()", "b()"])),
        ("talks/index.html", scripts(&["b()"])),
    ];
    let mut hashes = [Digest::of("a()").to_string(), Digest::of("b()").to_string()];
    hashes.sort();
    assert_eq!(
        policy(text, &pages),
        format!(
            "default-src 'none'; script-src {}; style-src 'self'; img-src 'self'; font-src 'self'; connect-src \
             'self'; media-src 'self'; frame-src 'self' https://v.example; manifest-src 'self'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'self' https://a.example",
            hashes.join(" ")
        )
    );
    let alone = policy(text, &pages[..1]);
    assert!(alone.ends_with(
        "frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
    ));
}

#[test]
fn the_other_headers_are_those_of_the_section() {
    let headers = of(
        "coop = \"unsafe-none\"\nreporting = \"https://r.example/\"",
        &[],
    )
    .0;
    let header = |name: &str| headers.get(name).map(String::as_str);
    assert_eq!(header("cross-origin-opener-policy"), Some("unsafe-none"));
    assert_eq!(header("cross-origin-resource-policy"), Some("cross-origin"));
    assert_eq!(
        header("reporting-endpoints"),
        Some("csp=\"https://r.example/\"")
    );
    assert!(
        header("content-security-policy")
            .unwrap()
            .ends_with("; report-to csp")
    );
    let headers = of("mode = \"report-only\"\ncorp = \"same-origin\"", &[]).0;
    assert!(!headers.contains_key("content-security-policy"));
    assert!(headers.contains_key("content-security-policy-report-only"));
    assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
    let headers = of(
        "frame_ancestors = [\"'none'\"]",
        &[("a.html", Facts::default())],
    )
    .0;
    assert_eq!(headers["x-frame-options"], "DENY");
}

#[test]
fn what_has_no_room_is_left_out_and_told() {
    let texts: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let pages = [
        ("a/index.html", scripts(&texts[..5])),
        ("b/index.html", scripts(&texts)),
        ("c/index.html", scripts(&texts[..5])),
    ];
    let (headers, problem) = of("", &pages);
    let policy = &headers["content-security-policy"];
    assert!(policy.len() <= MAX_SITE_POLICY_BYTES && policy.len() > MAX_SITE_POLICY_BYTES - 54);
    for text in &texts[..5] {
        assert!(
            policy.contains(&Digest::of(text).to_string()),
            "the most used stay"
        );
    }
    let problem = problem.expect("it is told");
    assert_eq!(problem.severity, Severity::Error);
    assert!(
        problem.message.contains("CloudFront takes 1783"),
        "{}",
        problem.message
    );
    assert!(problem.hint.unwrap().contains("/b/ (40), /a/ (5), /c/ (5)"));
    let relaxed = of("preset = \"relaxed\"", &pages).1;
    assert_eq!(relaxed.expect("it is told").severity, Severity::Warning);
    // The last one that fits is told to nobody.
    let fitting = (0..40)
        .rev()
        .find(|count| of("", &[("a.html", scripts(&texts[..*count]))]).1.is_none());
    assert!(fitting.is_some_and(|count| count > 20), "{fitting:?}");
}

#[test]
fn hosts_that_have_no_room_are_left_out_too() {
    let hosts: Vec<String> = (0..40)
        .map(|n| format!("\"https://{}{n}.example\"", "a".repeat(100)))
        .collect();
    let text = format!(
        "csp.img-src = [{0}]\nframe_ancestors = [{0}]",
        hosts.join(", ")
    );
    let (headers, problem) = of(&text, &[("index.html", Facts::default())]);
    assert!(headers["content-security-policy"].len() <= MAX_SITE_POLICY_BYTES);
    assert!(problem.is_some());
}

#[test]
fn a_hash_does_not_take_inline_styles_from_others() {
    let text = "preset = \"relaxed\"\n[[security.paths]]\npath = \"/a/\"\ncsp.style-src = [\"'unsafe-inline'\"]";
    let styled = Facts {
        styles: vec![Digest::of("p{}")],
        style_attributes: vec![Digest::of("color:red")],
        ..Facts::default()
    };
    let both = policy(
        text,
        &[
            ("a/index.html", Facts::default()),
            ("b/index.html", styled.clone()),
        ],
    );
    let both = read(&both);
    assert!(
        both["style-src"].contains(INLINE) && !both["style-src"].iter().any(|one| is_hash(one))
    );
    assert_eq!(both["style-src-attr"], BTreeSet::from([INLINE]));
    // Where its own hash takes it from the page itself, nobody gets it.
    let own = policy(text, &[("a/index.html", styled)]);
    assert!(!own.contains("unsafe-inline"));
}

const PATHS: [&str; 4] = ["index.html", "a/index.html", "a/b.html", "404.html"];

fn facts() -> impl Strategy<Value = Facts> {
    let digests = || {
        prop::collection::btree_set(0..6_u8, 0..3).prop_map(|set| {
            let mut all: Vec<Digest> = set.iter().map(|one| Digest::of(&one.to_string())).collect();
            all.sort();
            all
        })
    };
    let urls = prop::collection::vec(0..3_u8, 0..3);
    (digests(), digests(), digests(), urls, any::<bool>()).prop_map(
        |(scripts, styles, style_attributes, urls, has_base)| {
            let script = |one: u8| Source {
                directive: quillfront_policy::Directive::Script,
                url: format!("https://s{one}.example/a.js"),
            };
            let base = has_base.then(|| Source {
                directive: quillfront_policy::Directive::Base,
                url: "/".to_owned(),
            });
            Facts {
                scripts,
                integrity: Vec::new(),
                styles,
                style_attributes,
                sources: urls.into_iter().map(script).chain(base).collect(),
                findings: Vec::new(),
            }
        },
    )
}

fn section() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "",
        "preset = \"relaxed\"",
        "scripts = \"self\"",
        "trusted_types = false",
        "preset = \"relaxed\"\ncsp.style-src = [\"'unsafe-inline'\"]",
        "preset = \"relaxed\"\ncsp.style-src-attr = [\"'unsafe-inline'\"]",
        "csp.worker-src = [\"blob:\"]",
        "csp.script-src-attr = [\"'unsafe-hashes'\", \"'sha256-abc'\"]",
        "csp.script-src = [\"'unsafe-hashes'\", \"https://x.example/\"]",
        "csp.object-src = [\"'self'\"]",
        "frame_ancestors = [\"'none'\"]",
        "frame_ancestors = [\"https://f.example\"]",
    ]);
    let path = prop::sample::select(vec!["/", "/a/*", "/404.html", "*.html"]);
    (line.clone(), prop::collection::vec((path, line), 0..3)).prop_map(|(line, paths)| {
        let paths = paths.into_iter().filter(|(path, _)| path.starts_with('/'));
        let paths =
            paths.map(|(path, line)| format!("\n[[security.paths]]\npath = \"{path}\"\n{line}"));
        format!("{line}{}", paths.collect::<String>())
    })
}

/// What browsers go by for a directive: its own list or that of the one it falls back to, without what says
/// nothing there.
fn effective<'p>(policy: &BTreeMap<&'p str, BTreeSet<&'p str>>, name: &str) -> BTreeSet<&'p str> {
    let chain: &[&str] = match name {
        "script-src-attr" => &["script-src-attr", "script-src"],
        "style-src-attr" => &["style-src-attr", "style-src"],
        "worker-src" => &["worker-src", "script-src"],
        other => return policy.get(other).cloned().unwrap_or_default(),
    };
    let list = chain.iter().find_map(|name| policy.get(name));
    list.cloned().unwrap_or_default()
}

/// True where a list lets something through: a script, a style or an attribute of this hash, or an address
/// that only this source allows.
fn allows(list: &BTreeSet<&str>, name: &str, source: &str) -> bool {
    let has_hash = list.iter().any(|one| is_hash(one));
    let inline = list.contains(INLINE) && !has_hash;
    let is_attribute = name.ends_with("-attr");
    match source {
        _ if is_hash(source) => {
            inline || list.contains(source) && (!is_attribute || list.contains(BY_HASH))
        }
        INLINE => inline,
        BY_HASH => true,
        _ if is_attribute => true,
        _ => list.contains(source),
    }
}

proptest! {
    #[test]
    fn the_union_allows_what_pages_allow_and_nothing_else(
        text in section(),
        pages in prop::collection::vec((prop::sample::select(PATHS.to_vec()), facts()), 1..5),
    ) {
        let pages: BTreeMap<&str, Facts> = pages.into_iter().collect();
        let pages: Vec<(&str, Facts)> = pages.into_iter().collect();
        let security = security(&text);
        let (headers, problem) = of(&text, &pages);
        prop_assert!(problem.is_none(), "it fits");
        let union = &headers["content-security-policy"];
        let of_site = read(union);
        let mut of_pages = Vec::new();
        for (key, facts) in &pages {
            let rules = security.of(&path_of(&OutputKey::from(*key)));
            let (policy, _) = Policy::of_page(&rules, facts);
            of_pages.push(policy.to_string());
        }
        let of_pages: Vec<_> = of_pages.iter().map(|policy| read(policy)).collect();
        let names = Directive::ALL.map(|(name, _)| name);
        for name in names.into_iter().chain(["frame-ancestors"]) {
            let site = effective(&of_site, name);
            for page in &of_pages {
                let own = effective(page, name);
                let sources = own.iter().filter(|source| **source != NONE && allows(&own, name, source));
                // A hash or an address of a script is none of a worker.
                let sources = sources.filter(|source| name != "worker-src" || !source.starts_with('\'') || **source == OWN);
                for source in sources {
                    prop_assert!(allows(&site, name, source), "{name} {source} of {page:?} is not in {union}");
                }
            }
            let sources = of_site.get(name).into_iter().flatten();
            for source in sources.filter(|source| **source != NONE) {
                let somewhere = of_pages.iter().any(|page| effective(page, name).contains(source));
                prop_assert!(somewhere, "{name} {source} of {union} is in no page: {of_pages:?}");
            }
        }
        let demands = of_pages.iter().all(|page| page.contains_key("require-trusted-types-for"));
        prop_assert_eq!(of_site.contains_key("require-trusted-types-for"), demands);
    }
}
