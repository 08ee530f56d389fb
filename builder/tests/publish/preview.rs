//! What an upload would change, told before it is made.

use crate::world::{SITE, SOURCE, STATE, Tree, World, keys, published_blog, until_done};
use quillfront_builder::publish::preview::{Preview, PreviewError};
use quillfront_builder::publish::store::Given;
use quillfront_builder::report::Action;

async fn buckets(world: &World) -> [Tree; 3] {
    [
        world.tree(SOURCE).await,
        world.tree(SITE).await,
        world.tree(STATE).await,
    ]
}

/// The preview of one upload, or of a removal, which is checked to have changed nothing.
async fn planned(world: &World, key: &str, text: Option<&str>) -> Preview {
    let before = buckets(world).await;
    let given = text.map(|text| Given::of(text.into()));
    let files = [(key.to_owned(), given)].into();
    let preview = world.builder().preview(files, 100).await.unwrap();
    assert!(
        before == buckets(world).await,
        "a preview has written something"
    );
    preview
}

/// What is then done is what was foreseen.
async fn assert_foreseen(world: &World, key: &str, text: Option<&str>) -> Preview {
    let preview = planned(world, key, text).await;
    match text {
        Some(text) => world.put(key, text).await,
        None => world.remove(key).await,
    }
    let report = until_done(world, &world.builder(), &keys([key]))
        .await
        .remove(0);
    let told: Vec<_> = preview
        .outputs
        .iter()
        .map(|one| (&one.key, &one.actions, &one.because))
        .collect();
    let done: Vec<_> = report
        .outputs
        .iter()
        .map(|one| (&one.key, &one.actions, &one.because))
        .collect();
    assert_eq!(told, done, "{key}");
    assert_eq!(preview.counts, report.counts, "{key}");
    assert_eq!(preview.sources, report.sources, "{key}");
    assert_eq!(preview.invalidations, report.invalidations, "{key}");
    // A report does not count its own put.
    assert_eq!(preview.requests.put, report.requests.put + 1, "{key}");
    assert_eq!(
        preview.requests.invalidation, report.requests.invalidation,
        "{key}"
    );
    let lists = (preview.requests.list, report.requests.list);
    assert_eq!(lists, (0, 0), "{key}");
    preview
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_foreseen_is_what_happens() {
    let world = published_blog().await;
    let post = |title: &str, body: &str| {
        format!(
            "+++\ntitle = \"{title}\"\ndate = 2026-01-01\n[taxonomies]\ntags = [\"x\"]\n+++\n{body}\n"
        )
    };
    let preview = assert_foreseen(&world, "content/blog/a.md", Some(&post("A", "Words."))).await;
    let own = preview
        .outputs
        .iter()
        .find(|one| one.key == "blog/a/index.html")
        .unwrap();
    let lines = &own.difference.as_ref().unwrap().lines;
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with('-') && line.contains("Text of A.")),
        "{lines:?}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with('+') && line.contains("Words.")),
        "{lines:?}"
    );
    assert!(preview.dollars.requests > 0.0 && preview.dollars.requests < 0.001);

    assert_foreseen(&world, "content/blog/a.md", Some(&post("A2", "Words."))).await;
    let new = assert_foreseen(&world, "content/blog/new.md", Some(&post("New", "Fresh."))).await;
    assert_eq!(new.sources.added, ["content/blog/new.md"]);
    let css = assert_foreseen(&world, "static/site.css", Some("body {}")).await;
    let file = css
        .outputs
        .iter()
        .find(|one| one.key == "site.css")
        .unwrap();
    let lines = &file.difference.as_ref().unwrap().lines;
    assert_eq!(lines[1..], ["-body { color: black }", "+body {}"]);
    let gone = assert_foreseen(&world, "content/blog/new.md", None).await;
    assert_eq!(gone.counts.deleted, 1);
    assert_foreseen(&world, "templates/page.html", Some("{{ page.title }}")).await;
    world.assert_incremental_equals_clean("foreseen").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_change_nothing() {
    let world = published_blog().await;
    let preview = planned(&world, "static/site.css", Some("body { color: black }")).await;
    assert!(preview.outputs.is_empty(), "{preview:?}");
    assert_eq!(preview.requests.put, 0);
    assert_eq!(preview.dollars.invalidations, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_before_they_are_made() {
    let world = published_blog().await;
    let preview = planned(&world, "content/blog/a.md", Some("+++\ntitle = \n+++\n")).await;
    let problem = &preview.diagnostics[0];
    assert_eq!(
        (problem.file.as_str(), problem.line),
        ("content/blog/a.md", Some(2))
    );
    let failing = planned(
        &world,
        "templates/page.html",
        Some("{{ page.nothing.there }}"),
    )
    .await;
    assert_eq!(failing.counts.stale, 3);
    assert!(
        failing
            .outputs
            .iter()
            .all(|one| one.actions == [Action::Stale]),
        "{failing:?}"
    );
    let gone = planned(&world, "config.toml", None).await;
    assert!(gone.held.unwrap().contains("without a configuration"));

    let files = [("content/never.md".to_owned(), None)].into();
    let nowhere = world.builder().preview(files, 1).await;
    assert!(
        matches!(nowhere, Err(PreviewError::Nowhere(_))),
        "{nowhere:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_waits_for_nobody_and_of_a_new_site_is_all_of_it() {
    let world = World::new().await;
    let files = crate::world::blog().into_iter();
    let files = files.map(|(key, text)| (key.to_owned(), Some(Given::of(text.into()))));
    let preview = world.builder().preview(files.collect(), 3).await.unwrap();
    assert!(preview.diagnostics.is_empty(), "{:?}", preview.diagnostics);
    let told = preview
        .outputs
        .iter()
        .filter(|one| one.difference.is_some());
    assert_eq!(told.count(), 3);
    assert!(world.tree(STATE).await.is_empty() && world.site().await.is_empty());
    assert!(preview.counts.uploaded > 10);
}
