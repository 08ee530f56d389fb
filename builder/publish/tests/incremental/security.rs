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
