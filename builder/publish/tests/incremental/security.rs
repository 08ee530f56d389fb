//! Security headers are a part of what is published (invariant 1): each build is compared with a clean one,
//! metadata included, and an edit of `[security]` renders nothing.

use crate::driver::{Outcome, Site};

const FILES: [(&str, &str); 9] = [
    (
        "config.toml",
        "base_url = \"https://example.org\"\ngenerate_feeds = true\n",
    ),
    ("quillfront.toml", "[security]\n"),
    (
        "templates/index.html",
        "<script>const pages = {{ section.pages | length }};</script>\
         {% for p in section.pages %}{{ p.title | safe }} {{ p.summary | safe }}{% endfor %}",
    ),
    (
        "templates/page.html",
        "<style>h1 { color: red }</style><h1>{{ page.title | safe }}</h1><script>start()</script>\
         {{ page.content | safe }}",
    ),
    (
        "templates/404.html",
        "<img src=\"https://pictures.example/a.png\">",
    ),
    ("content/_index.md", "+++\nsort_by = \"title\"\n+++\n"),
    ("static/old/index.html", "<script>old()</script><p>Old</p>"),
    (
        "static/a.svg",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>",
    ),
    ("static/a.css", "p { color: red }"),
];

fn site() -> Site {
    let files = FILES.iter();
    let files = files.map(|(key, text)| ((*key).to_owned(), text.as_bytes().to_vec()));
    Site::of(files).unwrap()
}

fn put(site: &mut Site, files: &[(&str, &str)]) -> Outcome {
    let bytes = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
    let files = files
        .iter()
        .map(|(key, text)| ((*key).to_owned(), bytes(text)));
    site.build(files.collect()).unwrap()
}

fn post(title: &str, body: &str) -> String {
    format!("+++\ntitle = '{title}'\ndate = 2026-01-01\n+++\n{body}\n")
}

fn policy(site: &Site, key: &str) -> String {
    let metadata = site.metadata(key);
    metadata.get("qf-csp").cloned().unwrap_or_default()
}

/// The hash of a script, as a policy has it.
fn hash(script: &str) -> String {
    quillfront_policy::Digest::of(script).to_string()
}

fn told(outcome: &Outcome) -> Vec<String> {
    outcome.told.iter().map(|one| one.in_brief()).collect()
}

#[test]
fn an_edit_of_the_section_renders_nothing() {
    let mut site = site();
    put(
        &mut site,
        &[
            ("content/a.md", &post("A", "Text.")),
            ("content/b.md", &post("B", "")),
        ],
    );
    let all = [
        "404.html",
        "_quillfront/rules.json",
        "a.css",
        "a.svg",
        "a/index.html",
        "atom.xml",
    ];
    // All objects carry HSTS, and the edge's own answers.
    let outcome = put(
        &mut site,
        &[("quillfront.toml", "[security]\nhsts = false")],
    );
    assert!(!outcome.full);
    let rendered: Vec<&String> = outcome.rendered.iter().collect();
    assert_eq!(rendered, ["_quillfront/rules.json"]);
    for key in all {
        assert!(
            outcome.dressed.contains(key) || outcome.put.contains(key),
            "{key}"
        );
    }
    // One path, one object.
    let text =
        "[security]\nhsts = false\n[[security.paths]]\npath = \"/a/\"\ncsp.img-src = [\"https:\"]";
    let outcome = put(&mut site, &[("quillfront.toml", text)]);
    assert_eq!(outcome.dressed.iter().collect::<Vec<_>>(), ["a/index.html"]);
    assert!(
        outcome.put.is_empty() && outcome.rendered.is_empty(),
        "{:?}",
        outcome.rendered
    );
    assert!(policy(&site, "a/index.html").contains("img-src 'self' https:;"));
    // Without it there is nothing, but what was there before stays as it is.
    let outcome = put(&mut site, &[("quillfront.toml", "")]);
    assert!(outcome.rendered.is_empty(), "{:?}", outcome.rendered);
    assert_eq!(
        outcome.deleted.iter().collect::<Vec<_>>(),
        ["_quillfront/rules.json"]
    );
    assert!(site.metadata("a/index.html").is_empty() && site.metadata("a.css").is_empty());
    let outcome = put(&mut site, &[("quillfront.toml", "[security]")]);
    assert_eq!(
        outcome.rendered.iter().collect::<Vec<_>>(),
        ["_quillfront/rules.json"]
    );
    assert!(policy(&site, "a/index.html").contains(&hash("start()")));
    // What is rendered otherwise is rendered.
    let outcome = put(
        &mut site,
        &[("quillfront.toml", "[security]\n[env]\na = \"b\"")],
    );
    assert!(outcome.full);
}

#[test]
fn scripts_are_allowed_by_where_they_stand() {
    let mut site = site();
    let own = "Before.\n\n<script>own()</script>\n\n<!-- more -->\n\nAfter.";
    put(
        &mut site,
        &[
            ("content/a.md", &post("<script>data()</script>", own)),
            ("content/b.md", &post("B", "`<script>data()</script>`")),
        ],
    );
    let (page, list) = (policy(&site, "a/index.html"), policy(&site, "index.html"));
    for script in ["start()", "own()"] {
        assert!(page.contains(&hash(script)), "{script}: {page}");
    }
    // The list shows the text of the page, and has a script with a number in it.
    for script in ["own()", "const pages = 2;"] {
        assert!(list.contains(&hash(script)), "{script}: {list}");
    }
    for policy in [&page, &list, &policy(&site, "b/index.html")] {
        assert!(!policy.contains(&hash("data()")), "{policy}");
    }
    assert!(policy(&site, "old/index.html").contains(&hash("old()")));
    // The script goes from the text; a title that says the same is not the text.
    let outcome = put(
        &mut site,
        &[(
            "content/a.md",
            &post("<script>own()</script>", "Before.\n\n<!-- more -->\n"),
        )],
    );
    for key in ["a/index.html", "index.html"] {
        assert!(!policy(&site, key).contains(&hash("own()")), "{key}");
    }
    let told = told(&outcome);
    let blocked = told
        .iter()
        .filter(|one| one.contains("begins with `own()`"));
    // In the page and in the list.
    assert_eq!(blocked.count(), 2, "{told:?}");
    // Any text may have it, where the same bytes are shown.
    put(
        &mut site,
        &[("content/b.md", &post("B", "<script>own()</script>"))],
    );
    assert!(policy(&site, "index.html").contains(&hash("own()")));
}

#[test]
fn what_can_never_run_is_kept_from_a_strict_site() {
    let mut site = site();
    let handler = "<p>\n\n<b onclick=\"go()\">x</b>";
    let outcome = put(&mut site, &[("content/a.md", &post("A", handler))]);
    let told = told(&outcome);
    let expected = "content/a.md:7: the content security policy blocks the script in the attribute \
                    `onclick=\"go()\"`";
    assert!(told.contains(&expected.to_owned()), "{told:#?}");
    assert!(site.text("a/index.html").is_none());
    // Where only warnings are wanted, it is there, and blocked.
    let outcome = put(
        &mut site,
        &[("quillfront.toml", "[security]\npreset = \"relaxed\"")],
    );
    assert!(site.text("a/index.html").is_some());
    assert!(!policy(&site, "a/index.html").contains("unsafe"));
    assert!(!outcome.full);
    // It is no page of a strict site any more; what is published stays.
    let outcome = put(&mut site, &[("quillfront.toml", "[security]")]);
    assert!(outcome.stale.contains("a/index.html"));
    assert!(site.text("a/index.html").is_some());
    let mended = post("A", "Text.");
    put(&mut site, &[("content/a.md", &mended)]);
    assert!(policy(&site, "a/index.html").contains("default-src 'none'"));
    // A template that does it to all of them.
    let page = "<body onload=\"go()\">{{ page.title }}";
    let outcome = put(&mut site, &[("templates/page.html", page)]);
    assert!(outcome.stale.contains("a/index.html"));
    let expected = "templates/page.html:1: the content security policy blocks the script in the attribute \
                    `onload=\"go()\"`";
    assert!(
        self::told(&outcome).contains(&expected.to_owned()),
        "{:#?}",
        self::told(&outcome)
    );
}

#[test]
fn what_is_blocked_is_told_by_every_build() {
    let mut site = site();
    let picture = "![a](https://other.example/a.png)";
    let outcome = put(&mut site, &[("content/a.md", &post("A", picture))]);
    let expected = [
        "templates/404.html:1: the content security policy blocks a picture from https://pictures.example \
         (in 404.html)",
        "content/a.md:5: the content security policy blocks a picture from https://other.example (in \
         a/index.html)",
    ];
    for build in [outcome, put(&mut site, &[("content/b.md", &post("B", ""))])] {
        let told = told(&build);
        for one in expected {
            assert!(told.contains(&one.to_owned()), "{told:#?}");
        }
    }
    let more =
        "[security]\ncsp.img-src = [\"https://pictures.example\", \"https://other.example\"]";
    let outcome = put(&mut site, &[("quillfront.toml", more)]);
    assert!(
        !told(&outcome).iter().any(|one| one.contains("a picture")),
        "{:#?}",
        told(&outcome)
    );
}

#[test]
fn a_script_of_another_host_is_allowed_by_the_address_that_a_template_loads() {
    let mut site = site();
    let template = "<script src=\"https://cdn.example/lib/a.js\"></script>\
                    <a href=\"https://linked.example/\">x</a><a href=\"https://linked.example/b.js\">y</a>\
                    {{ page.title | safe }}";
    let title = "<script src=\"https://cdn.example/\"></script><script src=\"https://cdn.example/lib/\"></script>\
                 <script src=\"https://cdn.example/lib/a\"></script><script src=\"https://linked.example/\"></script>\
                 <script src=\"https://linked.example/b.js\"></script>";
    put(
        &mut site,
        &[
            ("quillfront.toml", "[security]\npreset = \"relaxed\""),
            ("templates/page.html", template),
            ("content/a.md", &post(title, "")),
            (
                "content/b.md",
                &post("B", "<script src=\"https://own.example/c.js\"></script>"),
            ),
        ],
    );
    let scripts = |site: &Site, key: &str| {
        let policy = policy(site, key);
        let mut directives = policy.split("; ");
        let scripts = directives.find_map(|one| one.strip_prefix("script-src "));
        scripts.unwrap_or_default().to_owned()
    };
    assert_eq!(
        scripts(&site, "a/index.html"),
        "https://cdn.example/lib/a.js"
    );
    let own = "https://cdn.example/lib/a.js https://own.example/c.js";
    put(
        &mut site,
        &[(
            "templates/page.html",
            &format!("{template}{{{{ page.content | safe }}}}"),
        )],
    );
    assert_eq!(scripts(&site, "b/index.html"), own);
}

const RULES: &str = "_quillfront/rules.json";

/// The one policy of a site.
fn policy_of_all(site: &Site) -> String {
    let rules = site.text(RULES).expect("there are rules");
    let rules: serde_json::Value = serde_json::from_str(&rules).unwrap();
    assert_eq!(rules["edge"], "policy");
    let policy = &rules["headers"]["content-security-policy"];
    policy.as_str().unwrap().to_owned()
}

fn keys(set: &std::collections::BTreeSet<String>) -> Vec<&str> {
    set.iter().map(String::as_str).collect()
}

#[test]
fn one_policy_for_all_follows_the_pages() {
    let mut site = site();
    let posts = [
        ("content/a.md", post("A", "Text.\n<script>a()</script>")),
        ("content/b.md", post("B", "")),
    ];
    put(
        &mut site,
        &posts.each_ref().map(|(key, text)| (*key, text.as_str())),
    );
    // Only headers change.
    let outcome = put(
        &mut site,
        &[("quillfront.toml", "[security]\nedge = \"policy\"")],
    );
    assert!(!outcome.full);
    assert_eq!(keys(&outcome.rendered), [RULES]);
    assert!(outcome.dressed.contains("a/index.html"));
    for key in ["a/index.html", "a.css", "a.svg", "atom.xml", RULES] {
        assert!(site.metadata(key).is_empty(), "{key}");
    }
    let policy = policy_of_all(&site);
    // What differs with the number of pages is data in the script of the home page.
    for script in ["start()", "a()", "old()", "const pages = 2;"] {
        assert!(policy.contains(&hash(script)), "{script}: {policy}");
    }
    // What runs nothing else leaves it as it is.
    let outcome = put(&mut site, &[("content/b.md", &post("B", "Other text."))]);
    assert!(outcome.rendered.contains("b/index.html"));
    assert!(!outcome.rendered.contains(RULES) && !outcome.put.contains(RULES));
    assert_eq!(policy_of_all(&site), policy);
    // A script comes and goes with its page.
    let outcome = put(
        &mut site,
        &[("content/b.md", &post("B", "<script>b()</script>"))],
    );
    assert!(outcome.put.contains(RULES));
    assert!(policy_of_all(&site).contains(&hash("b()")));
    put(&mut site, &[("content/b.md", "")]);
    let policy = policy_of_all(&site);
    assert!(!policy.contains(&hash("b()")) && policy.contains(&hash("const pages = 1;")));
    // And back.
    let outcome = put(&mut site, &[("quillfront.toml", "[security]")]);
    assert_eq!(keys(&outcome.rendered), [RULES]);
    assert!(self::policy(&site, "a/index.html").contains(&hash("a()")));
    let outcome = put(&mut site, &[("quillfront.toml", "")]);
    assert_eq!(keys(&outcome.deleted), [RULES]);
}

#[test]
fn a_page_that_cannot_be_made_has_no_part_in_the_policy() {
    let mut site = site();
    put(
        &mut site,
        &[
            ("quillfront.toml", "[security]\nedge = \"policy\""),
            ("content/a.md", &post("A", "<script>a()</script>")),
        ],
    );
    assert!(policy_of_all(&site).contains(&hash("a()")));
    let broken = "{{ page.extra.nothing.here }}";
    let outcome = put(&mut site, &[("templates/page.html", broken)]);
    assert!(
        outcome.stale.contains("a/index.html"),
        "{:?}",
        outcome.stale
    );
    assert!(!policy_of_all(&site).contains(&hash("a()")));
    put(
        &mut site,
        &[("templates/page.html", "{{ page.content | safe }}")],
    );
    assert!(policy_of_all(&site).contains(&hash("a()")));
}

#[test]
fn one_policy_that_is_too_long_is_told_by_every_build() {
    let mut site = site();
    put(
        &mut site,
        &[("quillfront.toml", "[security]\nedge = \"policy\"")],
    );
    let script = |number: usize| format!("<script>s({number})</script>\n\n");
    let text: String = (0..40).map(script).collect();
    let outcome = put(&mut site, &[("content/long.md", &post("Long", &text))]);
    let is_told = |outcome: &Outcome| {
        told(outcome)
            .iter()
            .any(|one| one.contains("CloudFront takes 1783"))
    };
    assert!(is_told(&outcome), "{:?}", told(&outcome));
    assert!(policy_of_all(&site).len() <= 1_783);
    assert!(is_told(&put(
        &mut site,
        &[("content/b.md", &post("B", ""))]
    )));
    let outcome = put(&mut site, &[("content/long.md", "")]);
    assert!(!is_told(&outcome));
}

#[test]
fn domains_are_told_to_the_edge() {
    let mut site = site();
    let outcome = put(
        &mut site,
        &[("quillfront.toml", "[edge]\ndomains = [\"www.example.org\"]")],
    );
    assert!(!outcome.full);
    assert_eq!(keys(&outcome.rendered), [RULES]);
    let rules = site.text(RULES).unwrap();
    assert!(
        rules
            .contains(r#""domains":{"origin":"https://example.org","others":["www.example.org"]}"#),
        "{rules}"
    );
    let own = "[edge]\ndomains = [\"example.org\"]";
    let outcome = put(&mut site, &[("quillfront.toml", own)]);
    assert!(
        told(&outcome)[0].contains("the domain of `base_url`"),
        "{:?}",
        told(&outcome)
    );
}

#[test]
fn header_rules_for_all_paths_join_the_one_policy() {
    let mut site = site();
    let headers = "/*\n  X-Own: a\n/a/\n  X-Path: b\n  Cache-Control: max-age=60\n";
    let outcome = put(
        &mut site,
        &[
            ("content/a.md", &post("A", "")),
            ("quillfront.toml", "[security]\nedge = \"policy\""),
            ("static/_headers", headers),
        ],
    );
    let rules = site.text(RULES).unwrap();
    assert!(
        rules.contains(r#""x-own":"a""#) && !rules.contains("x-path"),
        "{rules}"
    );
    assert!(site.metadata("a/index.html").is_empty());
    assert!(
        told(&outcome)
            .iter()
            .any(|one| one.contains("headers for some paths")),
        "{:?}",
        told(&outcome)
    );
    // A policy of its own that leaves no room is left out as a whole.
    let long = format!(
        "/*\n  Content-Security-Policy: img-src {}\n",
        "https://a.example ".repeat(90)
    );
    let outcome = put(&mut site, &[("static/_headers", &long)]);
    assert!(
        told(&outcome)
            .iter()
            .any(|one| one.contains("headers for all paths are left out")),
        "{:?}",
        told(&outcome)
    );
    assert!(policy_of_all(&site).len() <= 1_783);
    // It joins where it fits.
    put(
        &mut site,
        &[(
            "static/_headers",
            "/*\n  Content-Security-Policy: img-src *\n",
        )],
    );
    assert!(policy_of_all(&site).ends_with(", img-src *"));
}
