//! Much at once: the root stays small.

use crate::crash::DiesAt;
use crate::wire::{Tap, Wire};
use crate::world::{SITE, SOURCE, STATE, World, published_blog, shared, until_done};
use quillfront_publish::bucket::lists::INLINE;
use quillfront_publish::bucket::run::Work;
use std::sync::Arc;
use std::time::Duration;

/// The root with some hundred segments, hints and the like would have that.
const SMALL: usize = 60_000;

async fn upload(world: &World, count: usize) {
    for n in 0..count {
        let key = format!("static/a-folder-with-quite-a-long-name/file-{n:05}.css");
        world.put(&key, format!("a {{ order: {n} }}")).await;
    }
}

async fn lists(world: &World) -> Vec<String> {
    let keys = world.tree(STATE).await.into_keys();
    keys.filter(|key| key.starts_with("lists/")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_are_objects_of_their_own_while_they_are_needed() {
    let world = published_blog().await;
    upload(&world, INLINE + 10).await;
    let wire = Arc::new(Wire::new(&world.host, |_| false, []));
    let builder = world.builder_over([SOURCE, SITE, STATE], Some(shared(Tap(wire.clone()))));
    builder.run(Work::Reconcile).await.unwrap();
    let puts = |start: &str| {
        let seen = wire.seen().into_iter();
        let puts = seen.filter(|attempt| attempt.method == "PUT" && attempt.uri.starts_with(start));
        puts.collect::<Vec<_>>()
    };
    let roots = puts("/state/root.json");
    assert!(roots.len() >= 3 && roots.iter().all(|put| put.body.len() < SMALL));
    // What is tried, hints and intent, written once each.
    assert_eq!(puts("/state/lists/").len(), 3);
    assert!(lists(&world).await.is_empty());

    // All of them go again: intent, hints, deletions. That it is tried is noted in a first run only.
    for n in 0..=INLINE {
        let key = format!("static/a-folder-with-quite-a-long-name/file-{n:05}.css");
        world.remove(&key).await;
    }
    builder.run(Work::Reconcile).await.unwrap();
    assert!(
        puts("/state/root.json")
            .iter()
            .all(|put| put.body.len() < SMALL)
    );
    assert_eq!(puts("/state/lists/").len(), 6);
    assert!(lists(&world).await.is_empty());
    world.assert_incremental_equals_clean("gone again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_over_finds_the_long_lists() {
    let world = published_blog().await;
    upload(&world, INLINE + 10).await;
    // It dies when it has put some of them: at one request for each source, and then some.
    let dying = Some(shared(DiesAt::new(INLINE + 400, false)));
    let builder = world.builder_over([SOURCE, SITE, STATE], dying);
    assert!(builder.run(Work::Reconcile).await.is_err());
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    let lease = root.lease.unwrap();
    assert!(lease.intent.len() > INLINE && root.hints.len() > INLINE);
    assert_eq!(lists(&world).await.len(), 2);
    world.host.advance(Duration::from_secs(600));
    let nothing = crate::world::keys(["content/never.md"]);
    until_done(&world, &world.builder(), &nothing).await;
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    assert!(root.lease.is_none() && root.hints.is_empty());
    assert!(lists(&world).await.is_empty());
    let tree = world.site().await;
    let published = tree.keys().filter(|key| key.starts_with("a-folder-with"));
    assert_eq!(published.count(), INLINE + 10);
}
