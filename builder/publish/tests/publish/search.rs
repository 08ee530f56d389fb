//! The records of the search index: segments of their own, read only when an index is made, and no
//! loss where they are lost.

use crate::wire::{Tap, Wire};
use crate::world::{SITE, SOURCE, STATE, Tree, World, blog, keys, shared};
use aws_sdk_s3::primitives::ByteStream;
use quillfront_publish::bucket::Options;
use quillfront_publish::bucket::run::Work;
use quillfront_site::report::Report;
use sha2::{Digest, Sha256};
use std::sync::Arc;

const INDEX: &str = "search_index.en.js";
const ON: &str = "build_search_index = true\n";

fn config(more: &str) -> String {
    let blog = blog();
    let (_, text) = blog.iter().find(|(key, _)| *key == "config.toml").unwrap();
    format!("{text}{more}")
}

async fn published(more: &str) -> World {
    let world = World::new().await;
    for (key, text) in blog() {
        world.put(key, text).await;
    }
    world.put("config.toml", config(more)).await;
    world.builder().run(Work::Reconcile).await.unwrap();
    world
}

fn post(title: &str, text: &str) -> String {
    format!(
        "+++\ntitle = \"{title}\"\ndate = 2026-01-01\n[taxonomies]\ntags = [\"x\"]\n+++\n{text}\n"
    )
}

/// Uploads a file and publishes it with a builder that has just started. Returns the report, and what
/// was read of the state beside the root.
async fn upload(world: &World, key: &str, text: &str) -> (Report, Vec<String>) {
    world.put(key, text).await;
    let wire = Arc::new(Wire::new(&world.host, |_| false, []));
    let builder = world.builder_over([SOURCE, SITE, STATE], Some(shared(Tap(wire.clone()))));
    let report = builder.run(keys([key])).await.unwrap().remove(0);
    assert!(report.diagnostics.is_empty(), "{:?}", report.diagnostics);
    let seen = wire.seen().into_iter().filter(|one| one.method == "GET");
    let names = seen.filter_map(|one| {
        let name = one.uri.strip_prefix("/state/segments/")?;
        Some(name.split('?').next()?.to_owned())
    });
    (report, names.collect())
}

/// The segments of records that the root names.
async fn segments(world: &World) -> Vec<String> {
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    root.segments.records
}

async fn read_all(world: &World) -> usize {
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    root.segments.all_but_texts().count()
}

fn put_of(report: &Report) -> Vec<&str> {
    let put = report.outputs.iter();
    put.map(|output| output.key.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_read_for_an_index_alone() {
    let world = published("").await;
    assert!(segments(&world).await.is_empty());
    let (_, read_without) = upload(&world, "content/blog/a.md", &post("A", "Other.")).await;

    world.put("config.toml", config(ON)).await;
    world.builder().run(keys(["config.toml"])).await.unwrap();
    let before = segments(&world).await;
    assert_eq!(before.len(), 1);
    let base = read_all(&world).await;
    assert_eq!(read_without.len(), base + 1, "and the text");

    // The index does not show it.
    let (report, read) = upload(&world, "static/site.css", "body { color: red }").await;
    assert!(!put_of(&report).contains(&INDEX) && !read.contains(&before[0]));
    assert_eq!(segments(&world).await, before);

    let (report, read) = upload(&world, "content/blog/a.md", &post("A", "Once more.")).await;
    assert!(put_of(&report).contains(&INDEX) && read.contains(&before[0]));
    let after = segments(&world).await;
    assert!(after.len() == 1 && after != before);
    world.assert_incremental_equals_clean("a body").await;

    // A title is in no record.
    upload(&world, "content/blog/a.md", &post("Another", "Once more.")).await;
    assert_eq!(segments(&world).await, after);
    world.assert_incremental_equals_clean("a title").await;

    world.put("config.toml", config("")).await;
    world.builder().run(keys(["config.toml"])).await.unwrap();
    assert!(segments(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_of_the_records_is_made_again() {
    let world = published(ON).await;
    for (round, damage) in [None, Some(&b"not a segment"[..])].into_iter().enumerate() {
        let before = segments(&world).await;
        let name = format!("segments/{}", before[0]);
        match damage {
            None => {
                let gone = world.client.delete_object().bucket(STATE).key(&name);
                gone.send().await.unwrap();
            }
            Some(bytes) => {
                let body = ByteStream::from_static(bytes);
                let put = world.client.put_object().bucket(STATE).key(&name);
                put.body(body).send().await.unwrap();
            }
        }
        // The records come out as they were, under the name that they had.
        let (report, _) = upload(
            &world,
            "content/blog/a.md",
            &post(&format!("Title {round}"), "Text of A."),
        )
        .await;
        assert!(put_of(&report).contains(&INDEX));
        world.assert_incremental_equals_clean("lost").await;
        assert_eq!(segments(&world).await, before);
        let there = world.tree(STATE).await;
        assert!(there[&name].0 != b"not a segment");
        // They are used again.
        let (_, state) = world.builder().look().await.unwrap().unwrap();
        let mut records = state.records.clone();
        let packed = [(before[0].clone(), there[&name].0.clone())].into();
        records.take_in(&packed);
        assert_eq!(records.held().len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_builder_that_stays_reads_them_once() {
    let world = published(ON).await;
    let wire = Arc::new(Wire::new(&world.host, |_| false, []));
    let builder = world.builder_over([SOURCE, SITE, STATE], Some(shared(Tap(wire.clone()))));
    let reads = || {
        let seen = wire.seen().into_iter();
        let reads =
            seen.filter(|one| one.method == "GET" && one.uri.starts_with("/state/segments/"));
        reads.count()
    };
    for (round, text) in ["One.", "Two.", "Three."].into_iter().enumerate() {
        world.put("content/blog/a.md", post("A", text)).await;
        let before = reads();
        builder.run(keys(["content/blog/a.md"])).await.unwrap();
        assert_eq!(reads() == before, round > 0, "round {round}");
        world.assert_incremental_equals_clean(text).await;
    }
}

/// Pages that name the hash of the index: it is made for them, goes before them, and is not put where
/// only they are others.
#[tokio::test(flavor = "multi_thread")]
async fn the_hash_of_an_index_in_pages_is_that_of_what_is_published() {
    let world = published(ON).await;
    let template = |more: &str| {
        format!(
            "{more}{{{{ get_hash(path=\"{INDEX}\", sha_type=256, base64=false) }}}} {{{{ page.title }}}}"
        )
    };
    let hash_of = |tree: &Tree| hex::encode(Sha256::digest(&tree[INDEX].0));
    let page = "blog/a/index.html";

    // The index is as it was: it is made again for its hash alone.
    let (report, _) = upload(&world, "templates/page.html", &template("")).await;
    assert!(put_of(&report).contains(&page) && !put_of(&report).contains(&INDEX));
    let before = world.site().await;
    assert!(String::from_utf8_lossy(&before[page].0).contains(&hash_of(&before)));
    world.assert_incremental_equals_clean("a template").await;

    // A body is another, and so is the hash in all pages.
    world.put("content/blog/a.md", post("A", "Other.")).await;
    let wire = Arc::new(Wire::new(&world.host, |_| false, []));
    let builder = world.builder_over([SOURCE, SITE, STATE], Some(shared(Tap(wire.clone()))));
    builder.run(keys(["content/blog/a.md"])).await.unwrap();
    let after = world.site().await;
    assert_ne!(hash_of(&before), hash_of(&after));
    for name in ["a", "b", "c"] {
        let text = String::from_utf8_lossy(&after[&format!("blog/{name}/index.html")].0);
        assert!(text.contains(&hash_of(&after)), "{name}: {text}");
    }
    world.assert_incremental_equals_clean("a body").await;
    let puts: Vec<String> = wire
        .seen()
        .into_iter()
        .filter(|one| one.method == "PUT")
        .map(|one| one.uri)
        .collect();
    let place = |name: &str| {
        let found = puts
            .iter()
            .position(|uri| uri.starts_with(&format!("/site/{name}")));
        found.unwrap_or_else(|| panic!("{name} was not put: {puts:?}"))
    };
    assert!(place(INDEX) < place(page), "{puts:?}");

    // Nothing that the index shows.
    let (report, _) = upload(&world, "static/site.css", "body { color: blue }").await;
    assert!(!put_of(&report).contains(&page), "{report:?}");
}

/// Where the author's own page goes first, the index whose hash it names goes with it.
#[tokio::test(flavor = "multi_thread")]
async fn an_index_goes_with_the_page_that_goes_first() {
    let world = published(ON).await;
    let template = format!("{{{{ get_hash(path=\"{INDEX}\") }}}} {{{{ page.content | safe }}}}");
    upload(&world, "templates/page.html", &template).await;
    world.put("content/blog/a.md", post("A", "Other.")).await;
    let options = Options {
        many_outputs: 1,
        ..Options::default()
    };
    let builder = world.builder_with([SOURCE, SITE, STATE], None, options);
    let reports = builder.run(keys(["content/blog/a.md"])).await.unwrap();
    assert!(reports.len() > 1, "{reports:?}");
    let first = put_of(&reports[0]);
    assert!(
        first.contains(&"blog/a/index.html") && first.contains(&INDEX),
        "{first:?}"
    );
    assert!(!first.contains(&"blog/b/index.html"), "{first:?}");
    world.assert_incremental_equals_clean("in two parts").await;
}
