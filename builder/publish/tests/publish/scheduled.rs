//! Posts that wait for their time, and answers from the network.

use crate::world::{Tree, World, assert_same, blog, keys, published_blog, until_done};
use quillfront_publish::bucket::run::Work;
use quillfront_site::report::{Kind, Report};
use std::time::Duration;

const HOLD: &str = "[publishing]\nfuture = \"hold\"\ntimezone = \"Europe/Berlin\"\n";

fn post(title: &str, date: &str) -> String {
    format!(
        "+++\ntitle = \"{title}\"\ndate = {date}\n[taxonomies]\ntags = [\"later\"]\n+++\nText of {title}.\n"
    )
}

/// Every key of the tree whose bytes have `part`.
fn having(tree: &Tree, part: &str) -> Vec<String> {
    let has = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(part);
    let found = tree
        .iter()
        .filter(|(key, (bytes, ..))| key.contains(part) || has(bytes));
    found.map(|(key, _)| key.clone()).collect()
}

async fn now_of(world: &World) -> String {
    world.builder().look().await.unwrap().unwrap().0.now
}

async fn due_of(world: &World) -> Option<(String, Vec<String>)> {
    let next = world.builder().next_due().await.unwrap();
    next.map(|next| (next.at.to_string(), next.sources))
}

fn told(reports: &[Report], code: &str) -> Vec<String> {
    let all = reports.iter().flat_map(|report| &report.diagnostics);
    let found = all.filter(|diagnostic| diagnostic.code == code);
    found.map(ToString::to_string).collect()
}

/// The clock stands at 2026-01-02T03:04:05Z when a story begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_held_post_is_nowhere_until_a_reconcile_after_its_time() {
    let world = published_blog().await;
    let builder = world.builder();
    world.put("quillfront.toml", HOLD).await;
    until_done(&world, &builder, &keys(["quillfront.toml"])).await;
    // C is dated the next day, A and B are not.
    let before = world.site().await;
    assert!(!before.contains_key("blog/c/index.html") && !before.contains_key("blog/c/note.txt"));
    assert_eq!(
        due_of(&world).await,
        Some((
            "2026-01-02T23:00:00Z".into(),
            vec!["content/blog/c/index.md".into()]
        ))
    );
    world.assert_incremental_equals_clean("hold").await;

    // In half an hour, on the clocks of Berlin.
    world
        .put("content/blog/soon.md", post("Soon", "2026-01-02T04:34:05"))
        .await;
    let reports = until_done(&world, &builder, &keys(["content/blog/soon.md"])).await;
    let told = told(&reports, "scheduled");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[1].contains("content/blog/soon.md: held until 2026-01-02T04:34:05+01:00"),
        "{told:?}"
    );
    assert!(
        reports
            .iter()
            .all(|report| !report.diagnostics.iter().any(|d| d.is_error()))
    );
    assert_same(&world.site().await, &before, "held");
    let next = Some((
        "2026-01-02T03:34:05Z".to_owned(),
        vec!["content/blog/soon.md".to_owned()],
    ));
    assert_eq!(due_of(&world).await, next);
    assert_eq!(now_of(&world).await, "2026-01-02T00:00:00Z");

    // Too early by a second.
    world.host.advance(Duration::from_secs(30 * 60 - 1));
    let reports = until_done(&world, &builder, &Work::Reconcile).await;
    assert_eq!((reports.len(), reports[0].kind), (1, Kind::None));
    assert_eq!(due_of(&world).await, next);

    world.host.advance(Duration::from_secs(1));
    until_done(&world, &builder, &Work::Reconcile).await;
    let published = world.site().await;
    for key in [
        "blog/soon/index.html",
        "blog/index.html",
        "tags/later/index.html",
        "atom.xml",
        "sitemap.xml",
    ] {
        assert!(having(&published, "oon").contains(&key.to_owned()), "{key}");
    }
    assert_eq!(now_of(&world).await, "2026-01-02T03:34:05Z");
    world
        .assert_incremental_equals_clean("published in time")
        .await;

    // `now` stays there for the day, and for whoever comes later the same day.
    world.host.advance(Duration::from_secs(3600));
    let reports = until_done(&world, &builder, &Work::Reconcile).await;
    assert_eq!(reports[0].kind, Kind::None);
    assert_same(&world.site().await, &published, "an hour later");
    // The day after, C appears too, and nothing is waited for any more.
    world.host.advance(Duration::from_secs(24 * 3600));
    until_done(&world, &builder, &Work::Reconcile).await;
    assert!(world.site().await.contains_key("blog/c/note.txt"));
    assert_eq!(due_of(&world).await, None);
    assert_eq!(now_of(&world).await, "2026-01-03T00:00:00Z");
    world.assert_incremental_equals_clean("the next day").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_whose_time_has_come_is_published_when_it_is_uploaded() {
    let world = published_blog().await;
    let builder = world.builder();
    world
        .put("quillfront.toml", "[publishing]\nfuture = \"hold\"\n")
        .await;
    until_done(&world, &builder, &keys(["quillfront.toml"])).await;
    // A minute ago, and so after the beginning of the day, which is what `now` is.
    world
        .put(
            "content/blog/fresh.md",
            post("Fresh", "2026-01-02T03:03:00Z"),
        )
        .await;
    // In one run: in two, a post whose date is changed would be gone in between.
    let reports = until_done(&world, &builder, &keys(["content/blog/fresh.md"])).await;
    assert_eq!(reports.len(), 1);
    assert!(world.site().await.contains_key("blog/fresh/index.html"));
    assert_eq!(now_of(&world).await, "2026-01-02T03:03:00Z");
    world.assert_incremental_equals_clean("fresh").await;
    // It is taken back: nothing else disappears with it.
    world.remove("content/blog/fresh.md").await;
    until_done(&world, &builder, &keys(["content/blog/fresh.md"])).await;
    until_done(&world, &builder, &Work::Reconcile).await;
    assert!(having(&world.site().await, "Fresh").is_empty());
    world.assert_incremental_equals_clean("taken back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_held_post_fails_its_page_until_the_post_is_there() {
    let world = published_blog().await;
    let builder = world.builder();
    let page_of = async |world: &World| {
        let site = world.site().await;
        String::from_utf8(site["blog/a/index.html"].0.clone()).unwrap()
    };
    assert!(page_of(&world).await.contains("Text of A."));
    world.put("quillfront.toml", HOLD).await;
    world
        .put("content/blog/next.md", post("Next", "2026-01-02T05:00:00"))
        .await;
    let link = post("A", "2026-01-01") + "[Next](@/blog/next.md)\n";
    world.put("content/blog/a.md", link).await;
    let work = keys([
        "quillfront.toml",
        "content/blog/next.md",
        "content/blog/a.md",
    ]);
    let reports = until_done(&world, &builder, &work).await;
    let problems = told(&reports, "internal-link");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].contains("held until 2026-01-02T05:00:00+01:00"),
        "{problems:?}"
    );
    // The earlier version stays, beside what is new around it.
    let page = page_of(&world).await;
    assert!(
        page.contains("Text of A.") && !page.contains("Next"),
        "{page}"
    );
    world.assert_incremental_equals_clean("link").await;
    world.host.advance(Duration::from_secs(3600));
    until_done(&world, &builder, &Work::Reconcile).await;
    assert!(having(&world.site().await, "blog/next/\">Next").contains(&"blog/a/index.html".into()));
    world
        .assert_incremental_equals_clean("link that leads somewhere")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_quillfront_toml_keeps_the_last_good_one_and_one_that_was_never_good_is_none() {
    let world = published_blog().await;
    let builder = world.builder();
    let before = world.site().await;
    world
        .put("content/blog/later.md", post("Later", "2030-01-01"))
        .await;
    world
        .put("quillfront.toml", "[publishing]\nfutur = \"hold\"\n")
        .await;
    let work = keys(["quillfront.toml", "content/blog/later.md"]);
    // Without it the post is published, as Zola does, and nothing is held.
    let reports = until_done(&world, &builder, &work).await;
    assert_eq!(reports.last().unwrap().held, None);
    let problems = told(&reports, "quillfront-toml");
    assert!(
        problems[0].contains("quillfront.toml:2:")
            && problems[0].contains("unknown key `publishing.futur`"),
        "{problems:?}"
    );
    assert!(world.site().await.contains_key("blog/later/index.html"));
    world.assert_incremental_equals_clean("never good").await;
    world.put("quillfront.toml", HOLD).await;
    let reports = until_done(&world, &builder, &keys(["quillfront.toml"])).await;
    assert_eq!(reports.last().unwrap().held, None);
    assert!(having(&world.site().await, "Later").is_empty());
    let held = world.site().await;
    // Broken: the last good one holds on.
    world
        .put("quillfront.toml", "[publishing]\nfuture = \"hold")
        .await;
    let reports = until_done(&world, &builder, &keys(["quillfront.toml"])).await;
    assert_eq!(reports[0].diagnostics[0].line, Some(2));
    assert_same(&world.site().await, &held, "broken");
    world.assert_incremental_equals_clean("broken").await;
    // Gone: Zola's behaviour.
    world.remove("quillfront.toml").await;
    world.remove("content/blog/later.md").await;
    until_done(&world, &builder, &work).await;
    assert_same(&world.site().await, &before, "without the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_begins_with_a_broken_quillfront_toml_is_published_with_the_defaults() {
    let world = World::new().await;
    for (key, text) in blog() {
        world.put(key, text).await;
    }
    world
        .put("quillfront.toml", "[publishing]\nfuture = \"holt\"\n")
        .await;
    let reports = until_done(&world, &world.builder(), &Work::Reconcile).await;
    assert!(world.site().await.contains_key("blog/b/index.html"));
    world.assert_incremental_equals_clean("the defaults").await;
    let problems = told(&reports, "quillfront-toml");
    assert!(
        problems[0].starts_with("error[quillfront-toml] quillfront.toml:2:"),
        "{problems:?}"
    );
    world.put("quillfront.toml", HOLD).await;
    until_done(&world, &world.builder(), &keys(["quillfront.toml"])).await;
    let tree = world.site().await;
    assert!(tree.contains_key("blog/b/index.html") && !tree.contains_key("blog/c/index.html"));
    world.assert_incremental_equals_clean("mended").await;
}

const URL: &str = "https://api.example.org/n";

async fn blog_with_answer() -> World {
    let world = published_blog().await;
    world
        .put(
            "quillfront.toml",
            "[data]\nallowed_hosts = [\"api.example.org\"]\n",
        )
        .await;
    let template = format!(
        "{{% set data = load_data(url=\"{URL}\", format=\"json\") %}}{{{{ page.title }}}} n={{{{ data.n }}}}"
    );
    world.put("templates/page.html", template).await;
    world
}

fn page(tree: &Tree) -> String {
    String::from_utf8(tree["blog/a/index.html"].0.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_fetched_once_kept_and_refreshed_by_reconcile() {
    let world = blog_with_answer().await;
    let builder = world.builder();
    world.web.set(URL, "{\"n\": 1}");
    let work = keys(["quillfront.toml", "templates/page.html"]);
    let reports = until_done(&world, &builder, &work).await;
    assert_eq!(told(&reports, "template"), [""; 0]);
    assert_eq!(page(&world.site().await), "A n=1");
    assert_eq!(world.web.asked(), [URL]);
    world.assert_incremental_equals_clean("answered").await;
    world.web.asked();

    // Later builds, also of a builder that remembers nothing, use the stored answer.
    world.web.set(URL, "{\"n\": 2}");
    world
        .put("content/blog/b.md", post("B2", "2026-01-02"))
        .await;
    until_done(&world, &world.builder(), &keys(["content/blog/b.md"])).await;
    assert_eq!(world.web.asked(), [""; 0]);
    assert_eq!(page(&world.site().await), "A n=1");

    let reports = until_done(&world, &builder, &Work::Reconcile).await;
    assert_eq!(world.web.asked(), [URL]);
    assert!(reports[0].counts.uploaded > 0);
    assert_eq!(page(&world.site().await), "A n=2");
    world.assert_incremental_equals_clean("refreshed").await;
    world.web.asked();
    // The same answer again is no build.
    let reports = until_done(&world, &builder, &Work::Reconcile).await;
    assert_eq!((reports[0].kind, world.web.asked().len()), (Kind::None, 1));

    // A failure keeps the last good answer and is told.
    world.web.break_down(URL);
    let reports = until_done(&world, &builder, &Work::Reconcile).await;
    let warnings = told(&reports, "load-data");
    assert!(
        warnings[0].starts_with("warning") && warnings[0].contains("nobody answers"),
        "{warnings:?}"
    );
    world
        .put("content/blog/b.md", post("B3", "2026-01-02"))
        .await;
    until_done(&world, &world.builder(), &keys(["content/blog/b.md"])).await;
    assert_eq!(page(&world.site().await), "A n=2");

    // What nobody asks for any more is forgotten.
    world.put("templates/page.html", "{{ page.title }}").await;
    until_done(&world, &builder, &keys(["templates/page.html"])).await;
    world.web.asked();
    until_done(&world, &builder, &Work::Reconcile).await;
    assert_eq!(world.web.asked(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_answer_that_fails_is_a_mistake_of_its_pages() {
    let world = blog_with_answer().await;
    let builder = world.builder();
    let before = world.site().await;
    let work = keys(["quillfront.toml", "templates/page.html"]);
    let reports = until_done(&world, &builder, &work).await;
    assert_eq!(reports[0].counts.stale, 3);
    let problems = told(&reports, "template");
    assert!(
        problems[0].contains("https://api.example.org/n: nobody answers"),
        "{problems:?}"
    );
    assert_eq!(world.web.asked(), [URL], "once for all pages");
    assert_eq!(
        world.site().await["blog/a/index.html"],
        before["blog/a/index.html"]
    );
    world.web.set(URL, "{\"n\": 1}");
    until_done(&world, &builder, &Work::Reconcile).await;
    // A host that is allowed no longer.
    world.remove("quillfront.toml").await;
    let reports = until_done(&world, &builder, &keys(["quillfront.toml"])).await;
    let problems = told(&reports, "template");
    assert!(
        problems[0].contains("its host is not allowed"),
        "{problems:?}"
    );
}
