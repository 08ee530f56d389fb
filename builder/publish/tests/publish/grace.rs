//! Pictures that nothing refers to any more stay as long as a cached page may show them.

use crate::crash::{DiesAt, ways_to_die};
use crate::world::{SITE, SOURCE, STATE, World, grey, keys, published_blog, shared, until_done};
use quillfront_publish::bucket::root::Root;
use quillfront_publish::bucket::run::Work;
use quillfront_site::report::{Action, Kind, Report};
use std::collections::BTreeSet;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);
const PAGE: &str = "content/blog/pic.md";
const PICTURE: &str = "content/blog/cat.png";

async fn root(world: &World) -> Root {
    world.builder().look().await.unwrap().unwrap().0
}

async fn pictures(world: &World) -> BTreeSet<String> {
    let tree = world.site().await;
    let keys = tree.into_keys();
    keys.filter(|key| key.starts_with("processed_images/"))
        .collect()
}

fn actions(reports: &[Report], key: &str) -> Vec<Action> {
    let outputs = reports.iter().flat_map(|report| &report.outputs);
    let of_key = outputs.filter(|output| output.key == key);
    of_key.flat_map(|output| output.actions.clone()).collect()
}

/// A page with one picture; its key.
async fn with_picture() -> (World, String) {
    let world = published_blog().await;
    let body = "+++\ndate = 2026-01-05\n+++\n\
        {% set p = resize_image(path=\"blog/cat.png\", width=4, height=4) %}![]({{ p.url }})\n";
    world.put(PAGE, body).await;
    world.put(PICTURE, grey(10)).await;
    until_done(&world, &world.builder(), &keys([PAGE, PICTURE])).await;
    let picture = pictures(&world).await.pop_first().unwrap();
    (world, picture)
}

/// Another picture in its place.
async fn replace(world: &World) -> Vec<Report> {
    world.put(PICTURE, grey(200)).await;
    until_done(world, &world.builder(), &keys([PICTURE])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_goes_a_day_after_the_last_page_that_showed_it() {
    let (world, first) = with_picture().await;
    let reports = replace(&world).await;
    assert_eq!(actions(&reports, &first), [Action::Unreferenced]);
    assert_eq!(
        (reports[0].counts.deleted, reports[0].requests.delete),
        (0, 0)
    );
    assert!(
        !reports[0]
            .invalidations
            .paths
            .contains(&format!("/{first}"))
    );
    assert_eq!(pictures(&world).await.len(), 2);

    let builder = world.builder();
    let reports = until_done(&world, &builder, &Work::Reconcile).await;
    assert_eq!(reports[0].kind, Kind::None, "it is not strange");
    world.host.advance(23 * HOUR);
    until_done(&world, &builder, &Work::Reconcile).await;
    assert!(pictures(&world).await.contains(&first));
    assert_eq!(root(&world).await.unreferenced.len(), 1);

    world.host.advance(HOUR);
    until_done(&world, &builder, &Work::Reconcile).await;
    assert!(!pictures(&world).await.contains(&first));
    let root = root(&world).await;
    assert!(root.unreferenced.is_empty() && root.outbox.is_none() && root.lease.is_none());
    world.assert_incremental_equals_clean("a day later").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_commit_after_that_takes_it_along() {
    let (world, first) = with_picture().await;
    replace(&world).await;
    world.host.advance(25 * HOUR);
    world.put("static/new.css", "a {}").await;
    let reports = until_done(&world, &world.builder(), &keys(["static/new.css"])).await;
    assert_eq!(actions(&reports, &first), [Action::Deleted]);
    assert_eq!(reports[0].counts.deleted, 1);
    let told = &reports[0].invalidations.paths;
    let expected = [
        format!("/img/{first}/*"),
        "/new.css".to_owned(),
        format!("/{first}"),
    ];
    assert_eq!(told, &expected);
    assert!(!pictures(&world).await.contains(&first));
    assert!(root(&world).await.unreferenced.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_wanted_again_stays() {
    for hours in [1, 25] {
        let (world, first) = with_picture().await;
        replace(&world).await;
        world.host.advance(hours * HOUR);
        world.put(PICTURE, grey(10)).await;
        let builder = world.builder();
        until_done(&world, &builder, &keys([PICTURE])).await;
        assert!(!root(&world).await.unreferenced.contains_key(&first));
        world.host.advance(48 * HOUR);
        until_done(&world, &builder, &Work::Reconcile).await;
        assert_eq!(pictures(&world).await, BTreeSet::from([first]), "{hours}");
        world.assert_incremental_equals_clean("wanted again").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whenever_a_builder_dies_no_page_loses_its_picture() {
    let mut limit = 0;
    loop {
        let mut survived = true;
        for after in ways_to_die(limit) {
            let story = format!("died at request {limit}, after it: {after}");
            let (world, first) = with_picture().await;
            replace(&world).await;
            world.host.advance(25 * HOUR);
            // It is wanted again just when its time is over, and the one in between is dropped.
            world.put(PICTURE, grey(10)).await;
            let dying = shared(DiesAt::new(limit, after));
            let builder = world.builder_over([SOURCE, SITE, STATE], Some(dying));
            survived &= builder.run(keys([PICTURE])).await.is_ok();
            world.host.advance(Duration::from_secs(600));
            until_done(&world, &world.builder(), &keys([PICTURE])).await;
            let dropped = root(&world).await.unreferenced;
            assert!(
                !dropped.contains_key(&first) && dropped.len() == 1,
                "{story}"
            );
            assert_eq!(pictures(&world).await.len(), 2, "{story}");
            world.host.advance(25 * HOUR);
            until_done(&world, &world.builder(), &Work::Reconcile).await;
            assert_eq!(pictures(&world).await, BTreeSet::from([first]), "{story}");
            world.assert_incremental_equals_clean(&story).await;
        }
        if survived {
            break;
        }
        limit += 1;
    }
    assert!(limit > 10, "only {limit} requests were made");
}
