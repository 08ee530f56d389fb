//! What an upload would change, told before it is made.

use crate::crash::DiesAt;
use crate::world::{SITE, SOURCE, STATE, Tree, World, keys, published_blog, shared, until_done};
use quillfront_publish::bucket::preview::{Preview, PreviewError};
use quillfront_publish::bucket::store::StandIn;
use quillfront_publish::bucket::{Builder, Options, Step};
use quillfront_site::report::Action;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;
use tokio::runtime::Handle;

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
    let given = text.map(|text| StandIn::of(text.into()));
    let files = [(key.to_owned(), given)].into();
    let preview = world.builder().preview(files, 100).await.unwrap();
    assert!(
        before == buckets(world).await,
        "a preview has written something"
    );
    preview
}

/// What is then done is what was foreseen.
pub async fn assert_foreseen(world: &World, key: &str, text: Option<&str>) -> Preview {
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
    assert_eq!(preview.requests.list, report.requests.list, "{key}");
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
async fn what_reaches_many_pages_is_told_as_a_whole_and_not_only_what_goes_first() {
    let world = published_blog().await;
    let text = EDITED.replace("\"A\"", "\"Another\"");
    let preview = |many_outputs| {
        let options = Options {
            many_outputs,
            ..Options::default()
        };
        let builder = world.builder_with([SOURCE, SITE, STATE], None, options);
        let given = StandIn::of(text.clone().into());
        builder.preview([("content/blog/a.md".to_owned(), Some(given))].into(), 100)
    };
    let (all, own_first) = (preview(200).await.unwrap(), preview(1).await.unwrap());
    assert!(all.counts.uploaded > 5, "{:?}", all.counts);
    assert_eq!(own_first.outputs, all.outputs);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_change_nothing() {
    let world = published_blog().await;
    let preview = planned(&world, "static/site.css", Some("body { color: black }")).await;
    assert!(preview.outputs.is_empty(), "{preview:?}");
    assert_eq!(preview.published, ["static/site.css"]);
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
    assert!(preview.published.is_empty());
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
    let files = files.map(|(key, text)| (key.to_owned(), Some(StandIn::of(text.into()))));
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

/// A builder that lets `meanwhile` happen, to its end, each time before it renders: it has read the
/// root then, and compares later.
fn disturbed(world: &World, meanwhile: impl Fn() + Send + Sync + 'static) -> Builder {
    world.builder().with_progress(Arc::new(move |step| {
        if let Step::Rendering(_) = step {
            meanwhile();
        }
    }))
}

/// Uploads and publishes a file, from a callback.
fn publish_now(world: &Arc<World>, key: &str, text: &str) {
    let publish = async {
        world.put(key, text).await;
        until_done(world, &world.builder(), &keys([key])).await;
    };
    tokio::task::block_in_place(|| Handle::current().block_on(publish));
}

const EDITED: &str =
    "+++\ntitle = \"A\"\ndate = 2026-01-01\n[taxonomies]\ntags = [\"x\"]\n+++\nNew.\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_published_meanwhile_is_told_to_be_and_not_to_differ() {
    let world = Arc::new(published_blog().await);
    let (key, theirs, once) = ("content/blog/a.md", world.clone(), Once::new());
    let builder = disturbed(&world, move || {
        once.call_once(|| publish_now(&theirs, key, EDITED));
    });
    let files = [(key.to_owned(), Some(StandIn::of(EDITED.into())))].into();
    let preview = builder.preview(files, 100).await.unwrap();
    assert!(preview.outputs.is_empty(), "{preview:?}");
    assert_eq!(preview.published, [key]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_never_rests_is_told_to_be_published() {
    let world = Arc::new(published_blog().await);
    let (theirs, edits) = (world.clone(), Arc::new(AtomicUsize::new(0)));
    let count = edits.clone();
    let builder = disturbed(&world, move || {
        let edit = count.fetch_add(1, Ordering::SeqCst);
        publish_now(
            &theirs,
            "static/site.css",
            &format!("a {{ order: {edit} }}"),
        );
    });
    let files = [(
        "content/blog/a.md".to_owned(),
        Some(StandIn::of(EDITED.into())),
    )]
    .into();
    let preview = builder.preview(files, 100).await;
    assert!(matches!(preview, Err(PreviewError::Moving)), "{preview:?}");
    assert_eq!(edits.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_foreseen_while_another_is_putting_but_when_its_time_is_over() {
    let world = published_blog().await;
    let key = "content/blog/a.md";
    world.put(key, EDITED).await;
    let plan = || {
        let files = [(key.to_owned(), Some(StandIn::of(EDITED.into())))].into();
        world.builder().preview(files, 100)
    };
    // Dies at every request in turn, until one holds the lease.
    let mut requests = 1;
    while world
        .builder()
        .look()
        .await
        .unwrap()
        .unwrap()
        .0
        .lease
        .is_none()
    {
        let dying = Some(shared(DiesAt::new(requests, false)));
        let builder = world.builder_over([SOURCE, SITE, STATE], dying);
        assert!(builder.run(keys([key])).await.is_err());
        requests += 1;
    }
    let preview = plan().await;
    assert!(matches!(preview, Err(PreviewError::Moving)), "{preview:?}");
    world.host.advance(Duration::from_secs(600));
    let preview = plan().await.unwrap();
    assert_eq!(preview.sources.changed, [key]);
    assert!(preview.published.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_is_published_meanwhile_is_done() {
    let world = Arc::new(published_blog().await);
    let (key, theirs, once) = ("content/blog/a.md", world.clone(), Once::new());
    let builder = disturbed(&world, move || {
        once.call_once(|| {
            let publish = async {
                theirs.remove(key).await;
                until_done(&theirs, &theirs.builder(), &keys([key])).await;
            };
            tokio::task::block_in_place(|| Handle::current().block_on(publish));
        });
    });
    let preview = builder.preview([(key.to_owned(), None)].into(), 100).await;
    let preview = preview.unwrap();
    assert_eq!(
        (preview.outputs.len(), preview.published),
        (0, vec![key.to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn old_mistakes_elsewhere_are_not_caused_and_a_search_index_is_not_compared() {
    let world = published_blog().await;
    let config = world.tree(SOURCE).await["config.toml"].clone();
    let searched = format!(
        "build_search_index = true\n{}",
        String::from_utf8(config.0).unwrap()
    );
    let broken = "+++\ntitle = \"Broken\"\n+++\n[x](@/none.md)\n";
    world.put("config.toml", searched).await;
    world.put("content/blog/broken.md", broken).await;
    let changed = keys(["config.toml", "content/blog/broken.md"]);
    until_done(&world, &world.builder(), &changed).await;

    let preview = planned(&world, "content/blog/a.md", Some(EDITED)).await;
    assert!(
        preview
            .diagnostics
            .iter()
            .any(|found| found.file.ends_with("broken.md"))
    );
    assert_eq!(preview.caused, []);
    let index = preview
        .outputs
        .iter()
        .find(|one| one.key == "search_index.en.js");
    assert!(index.unwrap().difference.is_none());
    // The same mistake, in a file that is uploaded, and a new one elsewhere.
    let preview = planned(
        &world,
        "content/blog/broken.md",
        Some(&format!("{broken}\nMore.")),
    )
    .await;
    assert_eq!(preview.caused.len(), 1, "{:?}", preview.caused);
    let failing = planned(
        &world,
        "templates/page.html",
        Some("{{ page.nothing.there }}"),
    )
    .await;
    assert!(
        failing
            .caused
            .iter()
            .any(|found| found.file == "templates/page.html")
    );
    assert!(
        !failing
            .caused
            .iter()
            .any(|found| found.file.ends_with("broken.md"))
    );
}
