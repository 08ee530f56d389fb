//! What is told of the graph: why something was made again, what reads what.

use crate::world::{World, keys, published_blog, until_done};
use quillfront_publish::bucket::explain::{ExplainError, Explanation};
use quillfront_site::report::{Action, Report};
use std::collections::BTreeSet;

fn because<'a>(report: &'a Report, key: &str) -> Vec<&'a str> {
    let mut outputs = report.outputs.iter();
    let output = outputs.find(|output| output.key == key);
    let output = output.unwrap_or_else(|| panic!("{key} was not looked at: {report:?}"));
    output.because.iter().map(String::as_str).collect()
}

async fn edited(world: &World, key: &str, text: &str) -> Report {
    world.put(key, text).await;
    until_done(world, &world.builder(), &keys([key]))
        .await
        .remove(0)
}

async fn explained(world: &World, subject: &str) -> Explanation {
    world.builder().explain(subject).await.unwrap()
}

fn post(title: &str, date: &str, tag: &str, body: &str) -> String {
    format!(
        "+++\ntitle = \"{title}\"\ndate = {date}\n[taxonomies]\ntags = [\"{tag}\"]\n+++\n{body}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_is_made_again_because_of_what_it_reads() {
    let world = published_blog().await;
    let a = "content/blog/a.md";
    let report = edited(&world, a, &post("A", "2026-01-01", "x", "Other words.")).await;
    assert_eq!(
        because(&report, "blog/a/index.html"),
        ["content of content/blog/a.md changed"]
    );
    assert_eq!(
        because(&report, "atom.xml"),
        ["content of content/blog/a.md changed"]
    );

    let report = edited(&world, a, &post("A!", "2026-01-01", "x", "Other words.")).await;
    for key in [
        "blog/a/index.html",
        "blog/b/index.html",
        "tags/y/index.html",
    ] {
        assert_eq!(
            because(&report, key),
            ["title of content/blog/a.md changed"],
            "{key}"
        );
    }

    let report = edited(&world, a, &post("A!", "2026-01-01", "y", "Other words.")).await;
    let moved = ["taxonomies of content/blog/a.md changed"];
    assert_eq!(because(&report, "tags/x/index.html"), moved);
    assert_eq!(because(&report, "tags/index.html"), moved);

    let new = post("New", "2026-02-01", "x", "Fresh.");
    let report = edited(&world, "content/blog/new.md", &new).await;
    assert_eq!(
        because(&report, "blog/new/index.html"),
        ["content/blog/new.md was added"]
    );
    let list = ["the pages of section content/blog/_index.md changed"];
    assert_eq!(because(&report, "blog/b/index.html"), list);
    assert_eq!(because(&report, "blog/index.html"), list);

    world.remove("content/blog/new.md").await;
    let work = keys(["content/blog/new.md"]);
    let report = until_done(&world, &world.builder(), &work).await.remove(0);
    assert_eq!(because(&report, "blog/b/index.html"), list);
    assert_eq!(
        because(&report, "blog/new/index.html"),
        ["content/blog/new.md was removed"]
    );

    let page = "{% extends \"base.html\" %}{% block main %}{{ page.title }}{% endblock %}";
    let report = edited(&world, "templates/page.html", page).await;
    let template = ["template templates/page.html changed"];
    assert_eq!(because(&report, "blog/c/index.html"), template);
    world.assert_incremental_equals_clean("told").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_named_as_far_as_it_is_read() {
    let world = published_blog().await;
    let page = "{% set blog = get_section(path=\"blog/_index.md\") %}\
                {% for p in blog.pages[:2] %}{{ p.title }}{% endfor %}{{ page.content | safe }}\
                {% set d = load_data(path=\"data/x.toml\") %}{{ d.x }}";
    world.put("data/x.toml", "x = 1").await;
    world.put("templates/page.html", page).await;
    let first = keys(["data/x.toml", "templates/page.html"]);
    let reports = until_done(&world, &world.builder(), &first).await;
    assert!(
        reports[0].diagnostics.is_empty(),
        "{:?}",
        reports[0].diagnostics
    );
    // B was the second of three; with a date before A's it is the last.
    let report = edited(
        &world,
        "content/blog/b.md",
        &post("B", "2025-01-02", "y", "Text of B."),
    )
    .await;
    let list = ["the first 2 of section content/blog/_index.md changed"];
    assert_eq!(because(&report, "blog/c/index.html"), list);
    let report = edited(&world, "data/x.toml", "x = 2").await;
    assert_eq!(
        because(&report, "blog/c/index.html"),
        ["data/x.toml changed"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_tells_what_it_reads_and_what_became_of_it() {
    let world = published_blog().await;
    let told = explained(&world, "https://example.org/blog/a/").await;
    assert_eq!(told.subject, "blog/a/index.html");
    let question = |text: &str| told.reads.iter().find(|read| read.question == text);
    let own = question("page content/blog/a.md: content, lower (title), title").unwrap();
    assert_eq!(own.fingerprint.len(), 16);
    for text in [
        "template templates/base.html",
        "config: title",
        "section blog/_index.md (en): pages (title)",
        "file site.css",
    ] {
        assert!(question(text).is_some(), "{text}: {:?}", told.reads);
    }
    let parts = |source: &str| {
        let mut sources = told.sources.iter();
        sources
            .find(|read| read.source == source)
            .map(|read| read.parts.join(", "))
    };
    assert_eq!(parts("content/blog/a.md").unwrap(), "content, lower, title");
    assert_eq!(parts("content/blog/b.md").unwrap(), "title");
    assert_eq!(parts("static/site.css").unwrap(), "the file");
    assert_eq!(told.last.action, "uploaded");

    // What is read of B is another, and so its fingerprint; the rest is as it was.
    edited(
        &world,
        "content/blog/b.md",
        &post("B", "2026-01-02", "y", "Other words."),
    )
    .await;
    let later = explained(&world, "/blog/a").await;
    assert_eq!(later.reads, told.reads);
    assert_eq!(
        (later.last.action.as_str(), later.last.because.join("")),
        ("none", "nothing that it reads had changed".to_owned())
    );
    let b = explained(&world, "blog/b/index.html").await;
    assert_eq!(b.last.action, "uploaded");
    assert_eq!(b.last.because, ["content of content/blog/b.md changed"]);
    let source = explained(&world, "./content/blog/b.md").await;
    assert_eq!(source.last.action, "changed");
    assert!(matches!(
        world.builder().explain("/none/").await,
        Err(ExplainError::Unknown(_))
    ));
    assert!(matches!(
        World::new().await.builder().explain("/").await,
        Err(ExplainError::Nothing)
    ));
}

/// Whatever an edit of a source makes again is told to read it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_again_that_is_not_told_to_read_the_source() {
    let world = published_blog().await;
    world.put("data/x.toml", "x = 1").await;
    let linking = "[b](@/blog/b.md) {% set d = load_data(path=\"data/x.toml\") %}{{ d.x }}";
    let c = post("C", "2026-01-03", "x", linking);
    world.put("content/blog/c/index.md", c).await;
    let sidebar = "{% set all = get_taxonomy(kind=\"tags\") %}{% for t in all.items %}\
                   {{ t.name }} {{ t.page_count }}{% endfor %}{{ config.title }}\
                   {% for p in section.pages %}{{ p.summary }}{{ p.word_count }}{% endfor %}";
    world.put("templates/section.html", sidebar).await;
    let first = [
        "data/x.toml",
        "content/blog/c/index.md",
        "templates/section.html",
    ];
    let reports = until_done(&world, &world.builder(), &keys(first)).await;
    assert!(
        reports[0].diagnostics.is_empty(),
        "{:?}",
        reports[0].diagnostics
    );

    let b = |title: &str, tag: &str, body: &str| post(title, "2026-01-02", tag, body);
    let edits = [
        ("content/blog/b.md", b("B2", "y", "Text of B.")),
        (
            "content/blog/b.md",
            b("B2", "y", "Summary.\n\n<!-- more -->\n\nAll other."),
        ),
        (
            "content/blog/b.md",
            b("B2", "x", "Summary.\n\n<!-- more -->\n\nAll other."),
        ),
        (
            "content/blog/_index.md",
            "+++\ntitle = \"Log\"\nsort_by = \"title\"\n+++\n".into(),
        ),
        (
            "content/_index.md",
            "+++\ntitle = \"Start\"\n+++\nBye.\n".into(),
        ),
        ("data/x.toml", "x = 2".into()),
        ("static/site.css", "body { color: red }".into()),
        (
            "templates/base.html",
            "{{ config.title }}{% block main %}{% endblock %}".into(),
        ),
        ("templates/section.html", format!("{sidebar}.")),
    ];
    let mut seen = 0;
    for (key, text) in edits {
        let before = explained(&world, key).await.read_by;
        let report = edited(&world, key, &text).await;
        let after = explained(&world, key).await.read_by;
        let readers: BTreeSet<String> = before.into_iter().chain(after).collect();
        let is_made = |actions: &[Action]| actions.contains(&Action::Rendered);
        let made = report
            .outputs
            .iter()
            .filter(|output| is_made(&output.actions));
        for output in made {
            seen += 1;
            assert!(
                readers.contains(&output.key),
                "{key} made {} anew",
                output.key
            );
            assert!(!output.because.is_empty(), "{key}: {output:?}");
        }
    }
    assert!(seen > 20, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_is_drawn() {
    let world = published_blog().await;
    let whole = world.builder().draw(None).await.unwrap();
    assert!(whole.starts_with("digraph site {") && whole.ends_with("}\n"));
    let arrow = "\"content/blog/a.md\" -> \"/blog/b/index.html\" [label=\"title\"];";
    assert!(whole.contains(arrow), "{whole}");
    let part = world
        .builder()
        .draw(Some("content/blog/a.md"))
        .await
        .unwrap();
    assert!(part.contains(arrow) && !part.contains("site.css"), "{part}");
}

#[tokio::test(flavor = "multi_thread")]
async fn why_something_is_not_published_is_told_of_files_and_of_addresses() {
    let world = published_blog().await;
    let draft = "+++\ntitle = \"D\"\ndraft = true\n+++\n";
    let page = |body: &str| post("P", "2026-01-01", "x", body);
    for (key, text) in [
        ("content/blog/d.md", draft.to_owned()),
        ("content/blog/new.md", "+++\ntitle =\n+++\n".to_owned()),
        ("content/blog/fails.md", page("[x](@/none.md)")),
        ("content/blog/a.md", "+++\ntitle =\n+++\n".to_owned()),
    ] {
        edited(&world, key, &text).await;
    }
    // The configuration goes, which is held.
    world.remove("config.toml").await;
    let reports = until_done(&world, &world.builder(), &keys(["config.toml"])).await;
    assert!(reports[0].held.is_some());
    for (subject, why) in [
        ("content/blog/d.md", "it is a draft"),
        ("/blog/d/", "it is a draft"),
        ("/blog/d", "it is a draft"),
        ("/blog/new/", "nothing from it is published"),
        (
            "content/blog/fails.md",
            "content/blog/fails.md:7: there is no page",
        ),
        ("/blog/fails/", "nothing from it is published"),
        (
            "content/blog/a.md",
            "its last good version is what is published",
        ),
        ("/blog/a/", "its last good version is what is published"),
        ("config.toml", "a change to it is held: "),
    ] {
        let missing = explained(&world, subject).await.missing;
        assert!(
            missing.iter().any(|told| told.contains(why)),
            "{subject}: {missing:?}"
        );
    }
    for there in ["content/blog/b.md", "/blog/b/", "/", "templates/page.html"] {
        assert_eq!(explained(&world, there).await.missing, [""; 0], "{there}");
    }
    let nowhere = world.builder().explain("/blog/nowhere/").await;
    assert!(
        matches!(nowhere, Err(ExplainError::Unknown(_))),
        "{nowhere:?}"
    );
}
