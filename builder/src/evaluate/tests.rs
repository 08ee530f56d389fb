//! Small sites, from their files to their tree.

mod places;

use super::{Evaluation, Tree};
use crate::diagnostic::Severity;
use crate::key::SourceKey;
use crate::object::Body;
use crate::render::world::Settings;
use crate::source::{Observed, Sources};
use std::sync::Arc;

const CONFIG: (&str, &str) = ("config.toml", "base_url = \"https://example.org\"\n");
const LIST: (&str, &str) = (
    "templates/section.html",
    "{% for p in section.pages %}{{ p.title }}[{% if p.lower %}{{ p.lower.title }}{% endif %}] {% endfor %}\
     | {{ section.subsections | join(sep=\",\") }} | {{ section.ancestors | join(sep=\",\") }}",
);
const PAGE: (&str, &str) = ("templates/page.html", "{{ page.content | safe }}");
const INDEX: (&str, &str) = ("templates/index.html", "home");

pub(super) fn tree(files: &[(&str, &str)]) -> Tree {
    let mut evaluation = evaluation(files);
    assert!(evaluation.step(|_, object| object).is_empty());
    evaluation.finish()
}

fn evaluation(files: &[(&str, &str)]) -> Evaluation {
    let mut sources = Sources::default();
    for (key, text) in files {
        let key = SourceKey::from(*key);
        let (version, size) = ("1".to_owned(), text.len() as u64);
        let observed = if key.is_text() {
            Observed::Text {
                version,
                size,
                bytes: Some(text.as_bytes().to_vec()),
            }
        } else {
            Observed::Opaque { version, size }
        };
        sources.observe(&key, observed);
    }
    let settings = Settings {
        mode: "build",
        base_url: None,
        drafts: false,
        minify: false,
        now: jiff::Timestamp::UNIX_EPOCH,
        listing_is_complete: true,
    };
    Evaluation::new(Arc::new(sources), settings).unwrap()
}

/// What the author is told, as text.
fn told(tree: &Tree) -> String {
    let told: Vec<String> = tree.diagnostics.iter().map(ToString::to_string).collect();
    told.join("\n")
}

pub(super) fn text(tree: &Tree, key: &str) -> String {
    let object = tree.objects.get(key);
    let object = object.unwrap_or_else(|| panic!("no {key}: {:?}", tree.diagnostics));
    match &object.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Body::Copy { source, .. } => format!("copy of {source}"),
    }
}

fn page(front: &str) -> String {
    format!("+++\n{front}\n+++\n")
}

#[test]
fn a_body_begins_after_the_front_matter_whatever_stands_before_or_ends_it() {
    let bom = "\u{feff}+++\r\ntitle = \"a\"\r\n+++\r\nbody\r\n";
    let site = tree(&[
        CONFIG,
        PAGE,
        ("content/a.md", bom),
        ("content/b.md", "+++\n+++"),
    ]);
    assert_eq!(text(&site, "a/index.html").trim(), "<p>body</p>");
    assert_eq!(text(&site, "b/index.html").trim(), "");
}

#[test]
fn a_section_lists_the_sections_right_below_it_but_any_above_is_an_ancestor() {
    let far = page("title = \"far\"");
    let site = tree(&[
        CONFIG,
        LIST,
        INDEX,
        ("content/a/_index.md", &page("")),
        ("content/a/b/_index.md", &page("weight = 2")),
        ("content/a/c/_index.md", &page("weight = 1")),
        ("content/a/none/d/_index.md", &far),
    ]);
    assert_eq!(
        text(&site, "a/index.html").trim(),
        "| a/c/_index.md,a/b/_index.md | _index.md"
    );
    assert_eq!(
        text(&site, "a/none/d/index.html").trim(),
        "|  | _index.md,a/_index.md"
    );
}

#[test]
fn pages_of_a_list_know_their_neighbours_and_transparent_sections_give_theirs_away() {
    let by_weight = page("sort_by = \"weight\"");
    let site = tree(&[
        CONFIG,
        LIST,
        PAGE,
        ("content/a/_index.md", &by_weight),
        ("content/a/one.md", &page("title = \"one\"\nweight = 1")),
        ("content/a/t/_index.md", &page("transparent = true")),
        ("content/a/t/two.md", &page("title = \"two\"\nweight = 2")),
    ]);
    assert!(text(&site, "a/index.html").starts_with("one[] two[one] |"));
}

#[test]
fn a_hidden_page_is_rendered_and_in_no_list() {
    let config = "base_url = \"https://example.org\"\ngenerate_feeds = true\ntaxonomies = [{ name = \"tags\" }]";
    let hidden =
        page("title = \"secret\"\nhidden = true\ndate = 2024-01-01\ntaxonomies.tags = [\"x\"]");
    let site = tree(&[
        ("config.toml", config),
        LIST,
        PAGE,
        ("content/a/_index.md", &page("")),
        ("content/a/h.md", &hidden),
    ]);
    assert!(site.objects.contains_key("a/h/index.html"));
    assert!(text(&site, "a/index.html").starts_with('|'));
    for key in ["atom.xml", "tags/index.html", "tags/x/index.html"] {
        assert!(!site.objects.contains_key(key), "{key}");
    }
}

#[test]
fn spellings_with_one_slug_are_one_term_called_by_the_first_of_them() {
    let config = "base_url = \"https://example.org\"\ntaxonomies = [{ name = \"Big Tags\" }]";
    let list = "{% set t = get_taxonomy(kind=\"big-tags\") %}{% set items = t.items %}\
                {% for one in items %}{{ one.name }} {{ one.page_count }};{% endfor %}";
    let site = tree(&[
        ("config.toml", config),
        PAGE,
        ("templates/index.html", list),
        ("templates/taxonomy_list.html", ""),
        ("templates/taxonomy_single.html", ""),
        (
            "content/a.md",
            &page("taxonomies.\"Big Tags\" = [\"bees\", \"Bees\"]"),
        ),
        (
            "content/b.md",
            &page("taxonomies.\"Big Tags\" = [\"bees\"]"),
        ),
    ]);
    assert_eq!(text(&site, "index.html"), "Bees 2;");
}

#[test]
fn two_makers_of_one_path_are_told_with_the_path_and_the_page_wins() {
    let site = tree(&[
        CONFIG,
        PAGE,
        ("content/first.md", &page("path = \"kites/red\"")),
        (
            "content/second.md",
            &page("slug = \"s\"\naliases = [\"kites/red\"]"),
        ),
    ]);
    let told = site
        .diagnostics
        .iter()
        .find(|problem| problem.code == "collision")
        .unwrap();
    assert_eq!(told.file, "content/second.md");
    assert_eq!(
        told.message,
        "`/kites/red/` is already made by content/first.md"
    );
    assert_eq!(
        site.plan["kites/red/index.html"].source.as_str(),
        "content/first.md"
    );
}

#[test]
fn a_static_file_replaces_a_page_unless_it_is_told_to_yield() {
    let files = [
        ("config.toml", "base_url = \"https://example.org\""),
        ("content/hive.md", "+++\ntitle = \"Hive\"\n+++\n"),
        ("templates/page.html", "the page"),
        ("static/hive/index.html", "the file"),
    ];
    let told = |site: &Tree| -> Vec<(Severity, String)> {
        let collisions = site.diagnostics.iter();
        collisions
            .filter(|problem| problem.code == "collision")
            .map(|problem| (problem.severity, problem.file.clone()))
            .collect()
    };
    let as_in_zola = tree(&files);
    assert_eq!(
        text(&as_in_zola, "hive/index.html"),
        "copy of static/hive/index.html"
    );
    assert_eq!(
        told(&as_in_zola),
        [(Severity::Warning, "content/hive.md".to_owned())]
    );
    let own = ("quillfront.toml", "[publishing]\nstatic_files = \"yield\"");
    let by_rank = tree(&[files[0], files[1], files[2], files[3], own]);
    assert_eq!(text(&by_rank, "hive/index.html"), "the page");
    assert_eq!(
        told(&by_rank),
        [(Severity::Error, "static/hive/index.html".to_owned())]
    );
}

#[test]
fn the_sitemap_has_sections_that_redirect_but_none_that_are_not_rendered() {
    let own = "{% for e in entries %}{{ e.permalink }}{% if e.extra %}!{{ e.extra.rank }}{% endif %} {% endfor %}";
    let site = tree(&[
        CONFIG,
        LIST,
        ("templates/sitemap.xml", own),
        (
            "content/moved/_index.md",
            &page("redirect_to = \"b\"\npaginate_by = 1\nextra.rank = 3"),
        ),
        ("content/off/_index.md", &page("render = false")),
    ]);
    assert_eq!(
        text(&site, "sitemap.xml").trim(),
        "https://example.org/ https://example.org/moved/!3"
    );
}

#[test]
fn links_back_come_from_pages_sections_and_the_page_itself_by_permalink() {
    let back = "{% for b in page.backlinks %}{{ b.permalink }} {% endfor %}";
    let site = tree(&[
        CONFIG,
        INDEX,
        ("templates/page.html", back),
        ("content/_index.md", "+++\n+++\n[b](@/b.md)"),
        ("content/a.md", "+++\n+++\n[b](@/b.md)"),
        ("content/b.md", "+++\n+++\n# Here\n[up](#here)"),
    ]);
    let expected = "https://example.org/ https://example.org/a/ https://example.org/b/";
    assert_eq!(text(&site, "b/index.html").trim(), expected);
}

#[test]
fn translations_count_the_page_itself_and_functions_follow_the_language_of_the_page() {
    let config = "base_url = \"https://example.org\"\n[languages.ar]\n";
    let own = "{{ page.translations | length }} {{ text_direction() }} {{ get_url(path=\"@/b.md\") }} \
               {{ get_page(path=\"c.md\", lang=\"ar\", allow_missing=true) is none }}";
    let site = tree(&[
        ("config.toml", config),
        INDEX,
        ("templates/page.html", own),
        ("content/b.md", &page("")),
        ("content/b.ar.md", &page("")),
        ("content/c.md", &page("")),
    ]);
    assert_eq!(
        text(&site, "ar/b/index.html"),
        "2 rtl https://example.org/ar/b/ true"
    );
    assert_eq!(
        text(&site, "c/index.html"),
        "1 ltr https://example.org/b/ true"
    );
}

#[test]
fn chance_follows_from_the_output_alone() {
    let own = "{{ get_random(end=1000000) }} {{ get_random(end=1000000) }}";
    let files = [
        CONFIG,
        ("templates/page.html", own),
        ("content/a.md", "+++\n+++\n"),
        ("content/b.md", "+++\n+++\n"),
    ];
    let (once, again) = (tree(&files), tree(&files));
    let a = text(&once, "a/index.html");
    assert_eq!(a, text(&again, "a/index.html"));
    assert_ne!(a, text(&once, "b/index.html"));
    let (first, second) = a.split_once(' ').unwrap();
    assert_ne!(first, second);
}

#[test]
fn files_beside_a_page_are_published_but_for_leftovers_and_those_without_extension() {
    let site = tree(&[
        CONFIG,
        PAGE,
        ("content/a/index.md", "+++\n+++\n"),
        ("content/a/b.txt", "x"),
        ("content/a/LICENSE", "x"),
        ("content/a/c.swp", "x"),
    ]);
    let below: Vec<&str> = site
        .objects
        .keys()
        .map(|key| key.as_str())
        .filter(|key| key.starts_with("a/"))
        .collect();
    assert_eq!(below, ["a/b.txt", "a/index.html"]);
}

#[test]
fn a_theme_without_templates_is_an_error() {
    let config = "base_url = \"https://example.org\"\ntheme = \"barren\"\n";
    let site = tree(&[("config.toml", config), ("themes/barren/theme.toml", "")]);
    let told: Vec<&str> = site
        .diagnostics
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(told, ["the theme `barren` has no templates/"]);
}

#[test]
fn a_page_that_would_not_end_fails_alone() {
    let loops = "+++\n+++\n\n{% for a in range(end=9999) %}{% for b in range(end=9999) %}\n{% endfor %}{% endfor %}";
    let site = tree(&[
        CONFIG,
        PAGE,
        INDEX,
        ("content/a.md", loops),
        (
            "content/b.md",
            "+++\n+++\n{% for i in range(end=3) %}{{ i }}{% endfor %}",
        ),
    ]);
    assert_eq!(text(&site, "b/index.html").trim(), "<p>012</p>");
    let problem = site
        .diagnostics
        .iter()
        .find(|found| found.is_error())
        .unwrap();
    assert_eq!(
        (problem.file.as_str(), problem.line),
        ("content/a.md", Some(4))
    );
    assert!(problem.message.contains("100000 steps"), "{problem}");
}

#[test]
fn a_site_that_is_minified_keeps_feeds_and_static_files_as_they_are() {
    let config = "base_url = \"https://example.org\"\nminify_html = true\n";
    let site = tree(&[
        ("config.toml", config),
        ("templates/page.html", "<p>  a   b  </p>\n<!-- c -->"),
        INDEX,
        ("templates/robots.txt", "a   b"),
        ("content/a.md", "+++\n+++\n"),
        ("static/s.html", "<p>  a  </p>"),
    ]);
    assert_eq!(text(&site, "a/index.html"), "<p>a b");
    assert_eq!(text(&site, "robots.txt"), "a   b");
    assert_eq!(text(&site, "s.html"), "copy of static/s.html");
}

const SEARCH: &str = "base_url = \"https://example.org\"\nbuild_search_index = true\n";

#[test]
fn a_library_that_the_site_brings_goes_before_ours() {
    let ours = tree(&[("config.toml", SEARCH), PAGE, INDEX]);
    assert!(text(&ours, "elasticlunr.min.js").contains("@license"));
    let own = tree(&[
        ("config.toml", SEARCH),
        PAGE,
        INDEX,
        ("static/elasticlunr.min.js", "own"),
    ]);
    assert_eq!(
        text(&own, "elasticlunr.min.js"),
        "copy of static/elasticlunr.min.js"
    );
    assert!(own.diagnostics.is_empty(), "{:?}", own.diagnostics);
}

#[test]
fn an_index_that_cannot_be_made_stays_what_it_was() {
    let without_home = "+++\nin_search_index = false\n+++\n";
    let hidden_home = tree(&[
        ("config.toml", SEARCH),
        PAGE,
        INDEX,
        ("content/_index.md", without_home),
    ]);
    let chinese = format!("{SEARCH}default_language = \"zh\"\n");
    let unknown = tree(&[("config.toml", &chinese), PAGE, INDEX]);
    for (site, key, told) in [
        (hidden_home, "search_index.en.js", "in_search_index"),
        (unknown, "search_index.zh.js", "word rules"),
    ] {
        assert!(site.stale.contains(key));
        assert!(
            site.diagnostics
                .iter()
                .any(|d| d.message.contains(told) && d.hint.is_some())
        );
    }
}

#[test]
fn get_env_reads_quillfront_toml_alone() {
    let own = "{{ get_env(name=\"STAGE\") }} {{ get_env(name=\"EMPTY\", default=\"x\") }}| \
               {{ get_env(name=\"PATH\", default=\"none\") }} {{ get_env(name=\"N\", default=3) + 1 }}";
    let env = ("quillfront.toml", "[env]\nSTAGE = \"live\"\nEMPTY = \"\"\n");
    let files = [
        CONFIG,
        env,
        ("templates/page.html", own),
        ("content/a.md", "+++\n+++\n{{ get_env(name='STAGE') }}"),
    ];
    assert_eq!(text(&tree(&files), "a/index.html"), "live | none 4");
    // `PATH` is in the environment of this test; that is not what is read.
    let site = tree(&[
        CONFIG,
        env,
        ("templates/page.html", "one\n{{ get_env(name=\"PATH\") }}"),
        ("content/a.md", "+++\n+++\n"),
    ]);
    let told = told(&site);
    assert!(
        told.contains("templates/page.html:2") && told.contains("[env], or give a `default`"),
        "{told}"
    );
}

#[test]
fn a_held_page_is_nowhere_and_who_asks_for_it_is_told_until_when() {
    let config = "base_url = \"https://example.org\"\ngenerate_feeds = true\ntaxonomies = [{ name = \"tags\" }]";
    let held = page(
        "title = \"later\"\ndate = 2030-01-01\ntaxonomies.tags = [\"x\"]\naliases = [\"old\"]",
    );
    let mut files = vec![
        ("config.toml", config),
        LIST,
        PAGE,
        ("content/a/_index.md", "+++\nsort_by = \"date\"\n+++\n"),
        ("content/a/h/index.md", held.as_str()),
        ("content/a/h/cat.jpg", "x"),
        (
            "content/a/draft.md",
            "+++\ndraft = true\ndate = 2030-01-01\n+++\n",
        ),
        (
            "content/a/2031-05-06-named.md",
            "+++\ntitle = \"named\"\n+++\n",
        ),
        (
            "content/a/now.md",
            "+++\ntitle = \"now\"\ndate = 1970-01-01\n+++\n",
        ),
    ];
    assert!(
        tree(&files).objects.contains_key("a/h/index.html"),
        "without the file: as in Zola"
    );
    files.push(("quillfront.toml", "[publishing]\nfuture = \"hold\""));
    let site = tree(&files);
    let about_it = |key: &&str| {
        key.contains("/h/")
            || key.contains("tags/x")
            || key.contains("old")
            || key.contains("named")
    };
    let found: Vec<&str> = site
        .objects
        .keys()
        .map(|key| key.as_str())
        .filter(about_it)
        .collect();
    assert_eq!(found, [""; 0]);
    assert!(text(&site, "a/index.html").starts_with("now[]"));
    for key in ["atom.xml", "sitemap.xml"] {
        assert!(!text(&site, key).contains("later"), "{key}");
    }
    assert_eq!(
        told(&site)
            .lines()
            .filter(|line| line.contains("held"))
            .collect::<Vec<_>>(),
        [
            "warning[scheduled] content/a/2031-05-06-named.md: held until 2031-05-06T00:00:00+00:00",
            "warning[scheduled] content/a/h/index.md: held until 2030-01-01T00:00:00+00:00",
        ]
    );
    let next = site.next_due.unwrap();
    assert_eq!(
        (next.at.to_string().as_str(), next.sources),
        (
            "2030-01-01T00:00:00Z",
            vec!["content/a/h/index.md".to_owned()]
        )
    );
    assert_eq!(site.now, jiff::Timestamp::UNIX_EPOCH);

    for (body, part) in [
        (
            "[x](@/a/h/index.md)",
            "content/b.md:3:1: there is no page for the link `@/a/h/index.md` yet: it is held until 2030-01-01",
        ),
        (
            "![x](@/a/h/cat.jpg)",
            "`@/a/h/cat.jpg` yet: it is held until 2030-01-01",
        ),
        (
            "{{ get_url(path='@/a/h/index.md') }}",
            "content/a/h/index.md is held until 2030-01-01",
        ),
    ] {
        let linking = format!("+++\n+++\n{body}");
        let mut files = files.clone();
        files.push(("content/b.md", &linking));
        let told = told(&tree(&files));
        assert!(told.contains(part), "{body}: {told}");
    }
    let ask = "{{ get_page(path='a/h/index.md', allow_missing=true) is none }} {{ get_page(path='a/h/index.md') }}";
    files.push(("templates/index.html", ask));
    let told = told(&tree(&files));
    assert!(
        told.contains("content/a/h/index.md is held until 2030-01-01"),
        "{told}"
    );
}

#[test]
fn what_is_due_moves_now_on_to_its_time() {
    let mut sources = Sources::default();
    for (key, text) in [
        CONFIG,
        ("quillfront.toml", "[publishing]\nfuture = \"hold\""),
        ("content/a.md", "+++\ndate = 2026-01-02T09:00:00Z\n+++\n"),
        ("content/b.md", "+++\ndate = 2026-01-02T14:30:00Z\n+++\n"),
        ("content/c.md", "+++\ndate = 2026-01-02T14:30:01Z\n+++\n"),
    ] {
        let observed = Observed::Text {
            version: "1".into(),
            size: text.len() as u64,
            bytes: Some(text.as_bytes().to_vec()),
        };
        sources.observe(&key.into(), observed);
    }
    let sources = Arc::new(sources);
    let made = |now: &str, up_to: &str| {
        let settings = Settings {
            mode: "build",
            base_url: None,
            drafts: false,
            minify: false,
            now: now.parse().unwrap(),
            listing_is_complete: true,
        };
        let mut evaluation =
            Evaluation::up_to(sources.clone(), settings, up_to.parse().unwrap()).unwrap();
        assert!(evaluation.step(|_, object| object).is_empty());
        let tree = evaluation.finish();
        let pages = ["a", "b", "c"].iter().filter(|name| {
            tree.objects
                .contains_key(format!("{name}/index.html").as_str())
        });
        (tree.now.to_string(), pages.copied().collect::<String>())
    };
    let day = "2026-01-02T00:00:00Z";
    assert_eq!(made(day, day), (day.into(), String::new()));
    assert_eq!(
        made(day, "2026-01-02T14:29:59.9Z"),
        ("2026-01-02T09:00:00Z".into(), "a".into())
    );
    assert_eq!(
        made(day, "2026-01-02T14:30:00.5Z"),
        ("2026-01-02T14:30:00Z".into(), "ab".into())
    );
    assert_eq!(
        made("2026-01-03T00:00:00Z", "2026-01-03T01:00:00Z"),
        ("2026-01-03T00:00:00Z".into(), "abc".into())
    );
    // A clean build with that `now` is the same.
    assert_eq!(made("2026-01-02T14:30:00Z", "2026-01-02T14:30:00Z").1, "ab");
}

#[test]
fn a_url_is_asked_for_once_it_is_allowed_and_is_what_its_format_says() {
    let site = |template: &str, own: &str| {
        evaluation(&[
            CONFIG,
            ("quillfront.toml", own),
            ("templates/page.html", template),
            ("content/a.md", "+++\n+++\n"),
        ])
    };
    let allowed = "[data]\nallowed_hosts = [\"api.example.org\"]";
    let template = "{% set d = load_data(url=\"https://api.example.org/d#x\", format=\"json\", method=\"POST\", body=\"b\", \
                    content_type=\"text/plain\", headers=[\"X-Key=a=b\"]) %}{{ d.n }}";
    let mut asking = site(template, allowed);
    let needs = asking.step(|_, object| object);
    let request = needs.requests.first().unwrap().clone();
    assert_eq!(request.url, "https://api.example.org/d");
    assert_eq!(request.body.as_deref(), Some("b"));
    let headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    assert_eq!(
        headers,
        [
            "x-key: a=b",
            "content-type: text/plain",
            "accept: application/json"
        ]
    );
    asking.supply_answers([(request.clone(), Ok("{\"n\": 7}".into()))].into());
    assert!(asking.step(|_, object| object).is_empty());
    let made = asking.finish();
    assert_eq!(text(&made, "a/index.html"), "7");
    assert_eq!(made.answers.keys().collect::<Vec<_>>(), [&request]);

    let outcome = |template: &str, answer: Result<&str, &str>| {
        let mut asking = site(template, allowed);
        let answer = answer.map(Into::into).map_err(str::to_owned);
        let answers = asking
            .step(|_, object| object)
            .requests
            .into_iter()
            .map(|request| (request, answer.clone()));
        asking.supply_answers(answers.collect());
        assert!(asking.step(|_, object| object).is_empty());
        asking.finish()
    };
    let call = |rest: &str| {
        format!("{{% set d = load_data(url=\"https://api.example.org/\"{rest}) %}}{{{{ d }}}}")
    };
    assert_eq!(
        text(&outcome(&call(""), Ok("a <b>")), "a/index.html"),
        "a &lt;b&gt;"
    );
    assert!(told(&outcome(&call(""), Err("gone"))).contains("https://api.example.org/: gone"));
    let optional =
        "{% set d = load_data(url=\"https://api.example.org/\", required=false) %}{{ d is none }}";
    assert_eq!(
        text(&outcome(optional, Err("gone")), "a/index.html"),
        "true"
    );
    assert!(
        told(&outcome(&call(", format=\"json\""), Ok("{"))).contains("https://api.example.org/: ")
    );

    for (template, part) in [
        (
            call("").replace("api.", "evil."),
            "allowed_hosts = [\"evil.example.org\"]",
        ),
        (
            call(", required=false").replace("api.", "evil."),
            "is refused",
        ),
        (
            call("").replace("https", "http"),
            "allowed_hosts = [\"http://api.example.org\"]",
        ),
        (
            call("").replace("api.example.org", "169.254.169.254"),
            "link-local",
        ),
        (call(", path=\"x.json\""), "`url` or `path`, not both"),
        (call(", literal=\"x\""), "`url` or `literal`, not both"),
        (call(", method=\"put\""), "get or post, not put"),
        (call(", body=\"x\""), "method=\"post\""),
        (call(", headers=[\"x\"]"), "name=value"),
        (call(", headers=[\"a b=c\"]"), "no name of a header"),
        (call(", headers=[\"a=b\\r\\nc: d\"]"), "plain ASCII"),
        (call(", headers=[\"Host=internal\"]"), "not yours to set"),
    ] {
        let mut asking = site(&template, allowed);
        let needs = asking.step(|_, object| object);
        assert!(needs.is_empty(), "{template}: {needs:?}");
        let told = told(&asking.finish());
        assert!(told.contains(part), "{template}: {told}");
    }
}

#[test]
fn a_theme_without_its_file_is_an_error() {
    let config = "base_url = \"https://example.org\"\ntheme = \"t\"\n";
    let site = tree(&[
        ("config.toml", config),
        ("themes/t/templates/page.html", ""),
    ]);
    assert!(told(&site).contains("the theme `t` has no theme.toml"));
}

#[test]
fn what_a_source_wants_twice_is_no_collision() {
    let site = tree(&[
        CONFIG,
        PAGE,
        (
            "content/a/index.md",
            &page("aliases = [\"a\", \"x\", \"/x/\"]"),
        ),
        ("content/a/b/index.md", &page("")),
        ("content/a/b/cat.txt", "cat"),
        (
            "content/c/_index.md",
            &page("aliases = [\"c\"]\nredirect_to = \"a\""),
        ),
    ]);
    assert_eq!(told(&site), "");
    assert!(text(&site, "x/index.html").contains("https://example.org/a/"));
    assert!(!text(&site, "a/index.html").contains("https://example.org/a/"));
    assert_eq!(text(&site, "a/b/cat.txt"), "copy of content/a/b/cat.txt");
    assert!(text(&site, "c/index.html").contains("https://example.org/a"));
}

#[test]
fn data_of_no_known_format_is_plain_text_unless_a_format_is_asked_for() {
    let outcome = |call: &str| {
        let template = format!("{{% set d = {call} %}}{{{{ d | safe }}}}");
        tree(&[
            CONFIG,
            ("templates/index.html", &template),
            ("data/a.bib", "@book{x}"),
        ])
    };
    let plain = outcome("load_data(path=\"data/a.bib\")");
    assert_eq!(text(&plain, "index.html"), "@book{x}");
    for (call, part) in [
        ("load_data(path=\"data/a.bib\", format=\"bib\")", "bibtex"),
        ("load_data(path=\"data/a.bib\", format=\"svg\")", "`svg`"),
        ("load_data(path=\"data/a.bib\", literal=\"x\")", "not both"),
        ("get_hash(path=\"data/a.bib\", literal=\"x\")", "not both"),
    ] {
        let told = told(&outcome(call));
        assert!(told.contains(part), "{call}: {told}");
    }
}

#[test]
fn one_round_learns_of_all_files_that_a_template_lacks() {
    let template = "{% for n in range(end=100) %}{{ get_hash(path=`static/` ~ n ~ `.css`) }}{% endfor %}\
                    {% set d = load_data(path=\"static/d.svg\") %}{{ d }}\
                    {{ get_url(path=\"static/u.css\", cachebust=true) }}";
    let mut files = vec![
        CONFIG,
        ("templates/index.html", template),
        ("static/d.svg", "x"),
        ("static/u.css", "x"),
    ];
    let names: Vec<String> = (0..100).map(|n| format!("static/{n}.css")).collect();
    files.extend(names.iter().map(|name| (name.as_str(), "x")));
    let mut evaluation = evaluation(&files);
    let asked = evaluation.step(|_, object| object);
    assert_eq!(asked.files.len(), 102);
    let read = asked
        .files
        .into_iter()
        .map(|key| (key, Some("x".as_bytes().into())));
    evaluation.supply(read.collect());
    assert!(evaluation.step(|_, object| object).is_empty());
    assert!(text(&evaluation.finish(), "index.html").contains("?h="));
}

#[test]
fn a_page_that_any_section_lists_is_rendered() {
    let site = tree(&[
        CONFIG,
        LIST,
        PAGE,
        ("content/a/_index.md", &page("")),
        (
            "content/a/t/_index.md",
            &page("transparent = true\nsort_by = \"date\""),
        ),
        ("content/a/t/two.md", &page("title = \"two\"")),
        ("content/s/_index.md", &page("sort_by = \"date\"")),
        ("content/s/lost.md", &page("")),
    ]);
    assert!(site.objects.contains_key("a/t/two/index.html"));
    assert!(text(&site, "a/index.html").starts_with("two[] |"));
    assert!(!site.objects.contains_key("s/lost/index.html"));
    assert_eq!(told(&site).matches("which this page lacks").count(), 1);
}

#[test]
fn transparent_sections_give_to_the_folder_right_above() {
    let site = tree(&[
        CONFIG,
        LIST,
        PAGE,
        ("content/a/_index.md", &page("")),
        ("content/a/none/t/_index.md", &page("transparent = true")),
        ("content/a/none/t/two.md", &page("title = \"two\"")),
    ]);
    assert!(text(&site, "a/index.html").starts_with('|'));
    assert!(text(&site, "a/none/t/index.html").starts_with("two[] |"));
}

#[test]
fn a_draft_section_hides_its_folder_in_every_language() {
    let config = "base_url = \"https://example.org\"\n[languages.fr]\n";
    let site = tree(&[
        ("config.toml", config),
        PAGE,
        ("content/a/_index.md", &page("draft = true")),
        ("content/a/_index.fr.md", &page("")),
        ("content/a/p.fr.md", &page("")),
        ("content/a/b/_index.fr.md", &page("")),
        ("content/c.fr.md", &page("")),
    ]);
    for (key, there) in [
        ("a/index.html", false),
        ("fr/a/index.html", true),
        ("fr/a/p/index.html", false),
        ("fr/a/b/index.html", false),
        ("fr/c/index.html", true),
    ] {
        assert_eq!(site.plan.contains_key(key), there, "{key}");
    }
}

#[test]
fn a_section_that_no_file_makes_has_no_assets() {
    let cat = ("content/cat.txt", "cat");
    assert!(!tree(&[CONFIG, cat]).objects.contains_key("cat.txt"));
    let site = tree(&[CONFIG, cat, ("content/_index.md", "+++\n+++\n")]);
    assert!(site.objects.contains_key("cat.txt"));
}

#[test]
fn the_sitemap_has_no_pager_of_an_empty_section() {
    let own = "{% for e in entries %}{{ e.permalink }} {% endfor %}";
    let by_one = page("paginate_by = 1");
    let site = tree(&[
        CONFIG,
        ("templates/sitemap.xml", own),
        ("content/a/_index.md", &by_one),
        ("content/b/_index.md", &by_one),
        ("content/b/p.md", &page("")),
    ]);
    assert_eq!(
        text(&site, "sitemap.xml").trim(),
        "https://example.org/ https://example.org/a/ https://example.org/b/ \
         https://example.org/b/p/ https://example.org/b/page/1/"
    );
}

#[test]
fn links_to_files_beside_pages_lead_to_where_they_are_published() {
    let link = |to: &str| format!("+++\n+++\n[x](@/{to})");
    let site = tree(&[
        CONFIG,
        PAGE,
        (
            "templates/index.html",
            "{{ get_url(path=\"@/a/x/cat.txt\") }}",
        ),
        ("content/a/index.md", &page("path = \"elsewhere\"")),
        ("content/a/x/cat.txt", "cat"),
        ("content/s/_index.md", &page("")),
        ("content/s/dog.txt", "dog"),
        ("content/off/index.md", &page("render = false")),
        ("content/off/owl.txt", "owl"),
        ("content/to-page.md", &link("a/x/cat.txt")),
        ("content/to-section.md", &link("s/dog.txt")),
        ("content/to-none.md", &link("off/owl.txt")),
    ]);
    let cat = "https://example.org/elsewhere/x/cat.txt";
    assert_eq!(text(&site, "index.html"), cat);
    assert!(site.objects.contains_key("elsewhere/x/cat.txt"));
    assert!(text(&site, "to-page/index.html").contains(cat));
    let dog = text(&site, "to-section/index.html");
    assert!(dog.contains("https://example.org/s/dog.txt"), "{dog}");
    assert!(told(&site).contains("`@/off/owl.txt`"));
}

#[test]
fn what_a_value_must_be_is_not_what_it_is_said_to_be() {
    let site = tree(&[
        CONFIG,
        ("content/a.md", &page("date = 03:04:05")),
        ("content/b/_index.md", &page("paginate_by = -1")),
    ]);
    let told = told(&site);
    assert!(told.contains("must be a date, not a time"), "{told}");
    assert!(told.contains("not a negative number"), "{told}");
}
