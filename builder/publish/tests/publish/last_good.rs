//! Files that only travel, and whose current bytes are not to be used: their last good bytes are where
//! they were published, and move from there.

use crate::meanwhile::{During, Meanwhile};
use crate::world::{ALL, SITE, SOURCE, World, keys, published_blog, shared};
use aws_sdk_s3::primitives::ByteStream;
use quillfront_publish::bucket::run::Work;
use quillfront_publish::bucket::{Builder, Options};
use quillfront_site::report::{Action, Report};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PAGE: &str = "content/post/index.md";
const FILE: &str = "content/post/pic.bin";

fn page(slug: &str) -> String {
    format!("+++\ntitle = \"Post\"\nslug = \"{slug}\"\n+++\nSee [it](pic.bin).\n")
}

/// A run ends, whatever it finds.
async fn run(builder: &Builder, work: Work) -> Vec<Report> {
    let ended = tokio::time::timeout(Duration::from_secs(60), builder.run(work)).await;
    ended.expect("the run ends").unwrap()
}

fn told(reports: &[Report]) -> BTreeSet<&str> {
    let told = reports.iter().flat_map(|report| &report.diagnostics);
    told.map(|told| told.code.as_ref()).collect()
}

async fn bytes(world: &World, key: &str) -> Option<Vec<u8>> {
    world.site().await.remove(key).map(|object| object.0)
}

/// A page with a file beside it, published at `one/`.
async fn published() -> World {
    let world = published_blog().await;
    world.put(PAGE, page("one")).await;
    world.put(FILE, "V1").await;
    run(&world.builder(), keys([PAGE, FILE])).await;
    assert_eq!(bytes(&world, "one/pic.bin").await.unwrap(), b"V1");
    world
}

/// Notes so many deaths with a version of a file, alone.
async fn dies_with(world: &World, file: &str, times: usize) {
    for _ in 0..times {
        let root = world.builder().look().await.unwrap().unwrap().0;
        let etag = world.etag(SOURCE, file).await;
        world.note_death(root, file, &etag).await;
    }
}

async fn set_aside(world: &World, file: &str, text: &str) {
    world.put(file, text).await;
    dies_with(world, file, 2).await;
    let reports = run(&world.builder(), keys([file])).await;
    assert!(told(&reports).contains("set-aside"), "{reports:?}");
}

async fn moves(world: &World, page_key: &str, slug: &str) -> Vec<Report> {
    world.put(page_key, page(slug)).await;
    run(&world.builder(), keys([page_key])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_set_aside_moves_with_its_page() {
    let world = published().await;
    set_aside(&world, FILE, "V2 ends whoever uses it").await;
    let generation = world.builder().look().await.unwrap().unwrap().0.generation;
    let reports = moves(&world, PAGE, "two").await;
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!(bytes(&world, "two/pic.bin").await.unwrap(), b"V1");
    assert_eq!(bytes(&world, "one/pic.bin").await, None);
    let root = world.builder().look().await.unwrap().unwrap().0;
    assert_eq!(root.generation, generation + 1);
    assert!(root.hints.is_empty() && root.set_aside.contains_key(FILE));
    world.assert_incremental_equals_clean("moved").await;
    // Nothing is found to do by whoever comes next.
    let reports = run(&world.builder(), Work::Reconcile).await;
    assert_eq!(reports[0].counts.uploaded, 0, "{reports:?}");
    moves(&world, PAGE, "three").await;
    assert_eq!(bytes(&world, "three/pic.bin").await.unwrap(), b"V1");

    run(&world.builder(), Work::Approve).await;
    let v2 = b"V2 ends whoever uses it";
    assert_eq!(bytes(&world, "three/pic.bin").await.unwrap(), v2);
    world.assert_incremental_equals_clean("approved").await;
}

/// Nobody has changed the page: the object was found with other metadata.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_set_aside_gets_its_metadata_back() {
    let world = published().await;
    set_aside(&world, FILE, "V2 ends whoever uses it").await;
    let put = world.client.put_object().bucket(SITE).key("one/pic.bin");
    let put = put.body(ByteStream::from_static(b"V1"));
    put.content_type("application/wrong").send().await.unwrap();
    // A builder that dies over the page makes the next one look at what is there.
    let mut root = world.builder().look().await.unwrap().unwrap().0;
    root.lease = Some(quillfront_publish::bucket::root::Lease {
        holder: "dead-1".into(),
        deadline_ms: 0,
        intent: vec!["one/pic.bin".into()],
        committed: false,
    });
    world.note_death_of(root, &[PAGE], None).await;
    run(&world.builder(), keys([PAGE])).await;
    world.assert_incremental_equals_clean("metadata").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_waits_until_others_are_tried_moves_as_it_was() {
    let world = Arc::new(published().await);
    world.put(FILE, "V2").await;
    for _ in 0..2 {
        let root = world.builder().look().await.unwrap().unwrap().0;
        world
            .note_death_of(root, &[FILE, "content/none.md"], None)
            .await;
    }
    world.put(PAGE, page("two")).await;
    let (other, seen) = (world.clone(), Arc::new(Mutex::new(None)));
    let found = seen.clone();
    let meanwhile = Meanwhile::default().before("HEAD", "/source/content/post/pic.bin", {
        move || async move {
            let site = other.site().await;
            let of_file = |key: &str| site.get(key).map(|object| object.0.clone());
            *found.lock().unwrap() = Some((of_file("one/pic.bin"), of_file("two/pic.bin")));
        }
    });
    let builder = world.builder_over(ALL, Some(shared(During(Arc::new(meanwhile)))));
    run(&builder, keys([PAGE])).await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!(
        seen,
        Some((None, Some(b"V1".to_vec()))),
        "before it is tried"
    );
    assert_eq!(bytes(&world, "two/pic.bin").await.unwrap(), b"V2");
    world.assert_incremental_equals_clean("tried").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_removal_is_held_moves_with_its_page() {
    let world = published().await;
    let posts: Vec<String> = (0..20).map(|n| format!("content/p{n}.md")).collect();
    for post in &posts {
        world.put(post, "+++\ntitle = \"P\"\n+++\n").await;
    }
    run(&world.builder(), Work::Reconcile).await;
    for post in &posts {
        world.remove(post).await;
    }
    world.remove(FILE).await;
    let reports = run(&world.builder(), Work::Reconcile).await;
    assert!(reports[0].held.is_some());
    let reports = moves(&world, PAGE, "two").await;
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!(bytes(&world, "two/pic.bin").await.unwrap(), b"V1");
    assert_eq!(bytes(&world, "one/pic.bin").await, None);
    run(&world.builder(), Work::Approve).await;
    assert_eq!(bytes(&world, "two/pic.bin").await, None);
    world.assert_incremental_equals_clean("approved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_stays_where_the_last_good_bytes_are_not_found() {
    let world = published().await;
    set_aside(&world, FILE, "V2 ends whoever uses it").await;
    let put = world.client.put_object().bucket(SITE).key("one/pic.bin");
    let put = put.body(ByteStream::from_static(b"by hand"));
    put.send().await.unwrap();
    for slug in ["two", "three"] {
        let reports = moves(&world, PAGE, slug).await;
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(told(&reports).contains("last-version"), "{reports:?}");
        let key = format!("{slug}/pic.bin");
        let of_file = reports[0].outputs.iter().find(|output| output.key == key);
        assert_eq!(of_file.unwrap().actions, [Action::Stale]);
        assert_eq!(bytes(&world, &key).await, None);
        assert_eq!(bytes(&world, "one/pic.bin").await.unwrap(), b"by hand");
    }
    world.put(FILE, "V3").await;
    run(&world.builder(), keys([FILE])).await;
    assert_eq!(bytes(&world, "three/pic.bin").await.unwrap(), b"V3");
    run(&world.builder(), Work::Reconcile).await;
    world
        .assert_incremental_equals_clean("uploaded again")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_that_are_set_aside_and_change_places_are_not_lost() {
    const OTHER_PAGE: &str = "content/other/index.md";
    const OTHER: &str = "content/other/pic.bin";
    let world = published().await;
    world.put(OTHER_PAGE, page("two")).await;
    world.put(OTHER, "W1").await;
    run(&world.builder(), keys([OTHER_PAGE, OTHER])).await;
    set_aside(&world, FILE, "V2 ends whoever uses it").await;
    set_aside(&world, OTHER, "W2 ends whoever uses it").await;
    // Where one is, another is to be: neither has been copied yet.
    world.put(PAGE, page("two")).await;
    world.put(OTHER_PAGE, page("one")).await;
    let reports = run(&world.builder(), keys([PAGE, OTHER_PAGE])).await;
    assert!(told(&reports).contains("last-version"), "{reports:?}");
    let site = world.site().await;
    let all: BTreeSet<&[u8]> = ["one/pic.bin", "two/pic.bin"]
        .map(|key| &site[key].0[..])
        .into();
    assert_eq!(all, BTreeSet::from([&b"V1"[..], b"W1"]));
    // A third place, and there is room.
    moves(&world, PAGE, "three").await;
    assert_eq!(bytes(&world, "three/pic.bin").await.unwrap(), b"V1");
    run(&world.builder(), Work::Approve).await;
    run(&world.builder(), Work::Reconcile).await;
    world.assert_incremental_equals_clean("approved").await;
}

/// Nothing was published of it before.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_draft_that_is_set_aside_is_not_published_with_its_page() {
    let world = published_blog().await;
    let draft = page("one").replace("title", "draft = true\ntitle");
    world.put(PAGE, draft).await;
    world.put(FILE, "V1").await;
    run(&world.builder(), keys([PAGE, FILE])).await;
    set_aside(&world, FILE, "V2 ends whoever uses it").await;
    let reports = moves(&world, PAGE, "one").await;
    assert!(told(&reports).contains("last-version"), "{reports:?}");
    assert!(world.site().await.contains_key("one/index.html"));
    assert_eq!(bytes(&world, "one/pic.bin").await, None);
    world.put(FILE, "V3").await;
    run(&world.builder(), keys([FILE])).await;
    assert_eq!(bytes(&world, "one/pic.bin").await.unwrap(), b"V3");
    world.assert_incremental_equals_clean("mended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_comes_where_one_was_only_when_that_has_moved() {
    const OTHER_PAGE: &str = "content/other/index.md";
    const OTHER: &str = "content/other/pic.bin";
    let world = published().await;
    world.put(OTHER_PAGE, page("three")).await;
    world.put(OTHER, "W1").await;
    run(&world.builder(), keys([OTHER_PAGE, OTHER])).await;
    set_aside(&world, FILE, "V2 ends whoever uses it").await;
    world.put(PAGE, page("two")).await;
    world.put(OTHER_PAGE, page("one")).await;
    let options = Options {
        parallel: 1,
        ..Options::default()
    };
    let builder = world.builder_with(ALL, None, options);
    run(&builder, keys([PAGE, OTHER_PAGE])).await;
    assert_eq!(bytes(&world, "two/pic.bin").await.unwrap(), b"V1");
    assert_eq!(bytes(&world, "one/pic.bin").await.unwrap(), b"W1");
    world.assert_incremental_equals_clean("moved").await;
}
