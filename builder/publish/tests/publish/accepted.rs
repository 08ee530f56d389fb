//! What cannot be made is announced nowhere over S3 either, and everybody is told of it (invariant 1).

use crate::world::{Tree, World, blog, keys, published_blog, until_done};
use quillfront_publish::bucket::run::Work;
use quillfront_site::report::{Kind, Report};

fn post(title: &str, body: &str) -> String {
    format!(
        "+++\ntitle = \"{title}\"\ndate = 2026-02-01\n[taxonomies]\ntags = [\"x\"]\n+++\n{body}\n"
    )
}

/// Puts files and publishes each by an event of its own.
async fn edited(world: &World, files: &[(&str, String)]) -> Vec<Report> {
    let mut reports = Vec::new();
    for (key, text) in files {
        world.put(key, text.clone()).await;
        reports.extend(until_done(world, &world.builder(), &keys([*key])).await);
    }
    reports
}

/// The outputs in which a text is.
fn naming(site: &Tree, text: &str) -> Vec<String> {
    let named = site
        .iter()
        .filter(|(_, object)| String::from_utf8_lossy(&object.0).contains(text));
    named.map(|(key, _)| key.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_post_that_fails_is_told_and_announced_nowhere() {
    let world = published_blog().await;
    let before = world.site().await;
    let file = "content/blog/new.md";
    let reports = edited(&world, &[(file, post("Heron", "[x](@/blog/none.md)"))]).await;
    let sources = &reports[0].sources;
    assert_eq!(
        (&*sources.added, &*sources.waiting),
        (&[file.to_owned()][..], &[file.to_owned()][..])
    );
    assert!(sources.kept.is_empty());
    let because = &sources.because[file];
    assert_eq!(because.len(), 1, "{because:?}");
    assert!(
        because[0].starts_with("content/blog/new.md:7: there is no page"),
        "{because:?}"
    );
    let told = reports[0].diagnostics.iter().filter(|one| one.file == file);
    assert_eq!(told.count(), 1, "{:?}", reports[0].diagnostics);
    assert_eq!(world.site().await, before);
    // It goes on being told, and nothing is committed for it again.
    let generation = |world: &World| {
        let builder = world.builder();
        async move { builder.look().await.unwrap().unwrap().0.generation }
    };
    let first = generation(&world).await;
    let reports = until_done(&world, &world.builder(), &Work::Reconcile).await;
    assert_eq!(reports[0].kind, Kind::None, "{reports:?}");
    assert_eq!(generation(&world).await, first);
    let reports = edited(&world, &[("content/blog/b.md", post("Bee", "Text."))]).await;
    assert_eq!(reports[0].sources.waiting, [file]);
    assert_eq!(reports[0].sources.changed, ["content/blog/b.md"]);
    world.assert_incremental_equals_clean("waiting").await;
    // What it waits for comes.
    let reports = edited(&world, &[("content/blog/none.md", post("None", "Text."))]).await;
    assert!(reports[0].sources.waiting.is_empty());
    assert!(naming(&world.site().await, "Heron").len() > 3);
    world.assert_incremental_equals_clean("admitted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_post_that_fails_is_kept_as_of_a_date() {
    let world = published_blog().await;
    let file = "content/blog/a.md";
    let before = world.site().await;
    world.host.advance(std::time::Duration::from_secs(3600));
    let reports = edited(&world, &[(file, post("Heron", "{{ nothing() }}"))]).await;
    let sources = &reports[0].sources;
    assert_eq!(sources.kept, [file]);
    assert_eq!(sources.since[file], "2026-01-02T03:04:05Z");
    assert!(sources.waiting.is_empty());
    assert_eq!(world.site().await, before);
    // Broken by itself it is kept just so.
    let reports = edited(&world, &[(file, "+++\ntitle =\n+++\n".to_owned())]).await;
    assert_eq!(reports[0].sources.kept, [file]);
    assert_eq!(reports[0].sources.since[file], "2026-01-02T03:04:05Z");
    // Lists around it move on, and so does its page.
    edited(&world, &[("content/blog/b.md", post("Bee", "Text."))]).await;
    let site = world.site().await;
    let page = String::from_utf8_lossy(&site["blog/a/index.html"].0);
    assert!(
        page.contains("Text of A.") && page.contains("Bee"),
        "{page}"
    );
    world.assert_incremental_equals_clean("kept").await;
    edited(&world, &[(file, post("Heron", "Mended."))]).await;
    assert!(!naming(&world.site().await, "Mended.").is_empty());
    world.assert_incremental_equals_clean("mended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_empties_no_feed() {
    let world = published_blog().await;
    let file = "content/blog/a.md";
    edited(
        &world,
        &[(file, post("Heron", "Grey bird, [b](@/blog/b.md)."))],
    )
    .await;
    world.remove("content/blog/b.md").await;
    let reports = until_done(&world, &world.builder(), &keys(["content/blog/b.md"])).await;
    let told = reports[0]
        .diagnostics
        .iter()
        .filter(|one| one.code == "internal-link");
    assert_eq!(told.count(), 1, "{:?}", reports[0].diagnostics);
    assert!(reports[0].sources.waiting.is_empty() && reports[0].sources.kept.is_empty());
    let site = world.site().await;
    for key in ["blog/a/index.html", "atom.xml"] {
        let text = String::from_utf8_lossy(&site[key].0);
        assert!(
            text.contains("Grey bird") && text.contains("https://example.org/blog/b/"),
            "{key}: {text}"
        );
    }
    world
        .assert_incremental_equals_clean("link to nothing")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_came_before_the_configuration_has_to_be_accepted_too() {
    let world = World::new().await;
    let file = "content/blog/new.md";
    edited(&world, &[(file, post("Heron", "[x](@/blog/none.md)"))]).await;
    for (key, text) in blog() {
        edited(&world, &[(key, text)]).await;
    }
    let reports = edited(&world, &[("static/site.css", "body {}".to_owned())]).await;
    assert_eq!(reports[0].sources.waiting, [file]);
    assert!(naming(&world.site().await, "Heron").is_empty());
    world.assert_incremental_equals_clean("configured").await;
}
