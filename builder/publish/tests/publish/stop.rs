//! A builder whose time runs out ends cleanly, and the next one goes on.

use crate::meanwhile::{During, Meanwhile};
use crate::wire::{Tap, Wire};
use crate::world::{
    ALL, World, assert_same, come_through, file_of_blog, keys, published_blog, shared, until_done,
};
use jiff::Timestamp;
use quillfront_publish::bucket::run::Work;
use quillfront_publish::bucket::{Builder, Host, Options};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// A builder that puts one object at a time, each of which takes twenty seconds.
fn slow(world: &World) -> (Arc<Wire>, Builder) {
    let mut wire = Wire::new(&world.host, |_| false, []);
    wire.put_takes = Duration::from_secs(20);
    let wire = Arc::new(wire);
    let options = Options {
        parallel: 1,
        ..Options::default()
    };
    let tap = Some(shared(Tap(wire.clone())));
    (wire, world.builder_with(ALL, tap, options))
}

fn in_seconds(world: &World, seconds: u64) -> Timestamp {
    world.host.now() + Duration::from_secs(seconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_put_begins_when_time_runs_out_and_the_next_run_goes_on() {
    let world = published_blog().await;
    let base = "<p>Another</p>{% block main %}{% endblock %}";
    world.put("templates/base.html", base).await;
    world.remove("content/blog/b.md").await;
    let changed = ["templates/base.html", "content/blog/b.md"];
    let mut told = keys(changed);
    let mut put = BTreeSet::new();
    for round in 0.. {
        let (wire, builder) = slow(&world);
        let stop = in_seconds(&world, 50);
        builder.stop_before(Some(stop));
        let reports = builder.run(told).await.unwrap();
        let puts = wire
            .seen()
            .into_iter()
            .filter(|attempt| attempt.method == "PUT" && attempt.uri.starts_with("/site/"));
        let puts: Vec<_> = puts.collect();
        assert!(puts.iter().all(|put| put.at_ms < stop.as_millisecond()));
        for attempt in &puts {
            assert!(put.insert(attempt.uri.clone()), "{} twice", attempt.uri);
        }
        let (root, _) = world.builder().look().await.unwrap().unwrap();
        assert_eq!(root.lease, None);
        // What was put is forgotten by CloudFront in time, or is still owed.
        let mut forgotten: BTreeSet<String> = wire
            .invalidations()
            .into_iter()
            .flat_map(|(_, paths)| paths)
            .collect();
        forgotten.extend(
            root.outbox
                .iter()
                .flat_map(|outbox| outbox.invalidations.clone()),
        );
        for attempt in &puts {
            let path = attempt
                .uri
                .strip_prefix("/site")
                .unwrap()
                .split('?')
                .next()
                .unwrap();
            assert!(
                forgotten.contains(path) || forgotten.contains("/*"),
                "{path}"
            );
        }
        let last = reports.last().unwrap();
        if !last.stopped {
            assert!(round > 1, "it was done at once");
            break;
        }
        assert!(last.deferred && last.counts.uploaded as usize == puts.len());
        assert!(!puts.is_empty(), "each round gets on");
        let pending = |key: &&str| root.hints.contains_key(*key);
        assert!(changed.iter().all(pending), "{:?}", root.hints);
        // Another event, about nothing.
        told = keys(["content/never.md"]);
    }
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    assert!(root.hints.is_empty());
    assert!(!world.site().await.contains_key("blog/b/index.html"));
    world.assert_incremental_equals_clean("in rounds").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_before_the_end_is_right_even_if_the_edit_is_taken_back() {
    let world = published_blog().await;
    let before = world.site().await;
    let base = "templates/base.html";
    world
        .put(base, "<p>Another</p>{% block main %}{% endblock %}")
        .await;
    let (_, builder) = slow(&world);
    builder.stop_before(Some(in_seconds(&world, 50)));
    let reports = builder.run(keys([base])).await.unwrap();
    assert!(reports[0].stopped && reports[0].counts.uploaded > 0);
    world.put(base, file_of_blog(base)).await;
    until_done(&world, &world.builder(), &keys(["content/never.md"])).await;
    assert_same(&world.site().await, &before, "taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_too_late_is_left_as_hints() {
    let world = published_blog().await;
    world.put("static/new.css", "a {}").await;
    let builder = world.builder();
    builder.stop_before(Some(world.host.now()));
    let reports = builder.run(keys(["static/new.css"])).await.unwrap();
    assert!(reports.len() == 1 && reports[0].stopped);
    assert!(builder.run(Work::Reconcile).await.unwrap()[0].stopped);
    assert!(!world.site().await.contains_key("new.css"));
    // The next invocation has time again.
    builder.end_before(in_seconds(&world, 900));
    until_done(&world, &builder, &keys(["content/never.md"])).await;
    assert!(world.site().await.contains_key("new.css"));

    // Before anything was ever published too.
    let world = World::new().await;
    let builder = world.builder();
    builder.stop_before(Some(world.host.now()));
    assert!(builder.run(keys(["config.toml"])).await.unwrap()[0].stopped);
    assert_eq!(builder.hints().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_time_is_used_nearly_to_its_end() {
    let world = published_blog().await;
    for (seconds, puts) in [(100, 4), (900, 100)] {
        let base = format!("<p>{seconds}</p>{{% block main %}}{{% endblock %}}");
        world.put("templates/base.html", base).await;
        let (_, builder) = slow(&world);
        builder.end_before(in_seconds(&world, seconds));
        let reports = builder.run(keys(["templates/base.html"])).await.unwrap();
        // Three quarters of a hundred seconds; all but two timeouts of nine hundred.
        let uploaded = reports[0].counts.uploaded;
        assert!(
            uploaded <= puts && uploaded >= puts.min(8),
            "{seconds}: {uploaded}"
        );
        until_done(&world, &world.builder(), &keys(["templates/base.html"])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_to_be_deleted_when_time_ran_out_is_deleted_before_anything_is_planned() {
    let world = Arc::new(published_blog().await);
    let (gone, new) = ("content/blog/b.md", "content/blog/new.md");
    world.remove(gone).await;
    let host = world.host.clone();
    let time_passes = move || async move { host.advance(Duration::from_secs(40)) };
    let meanwhile = Meanwhile::default()
        .before("PUT", "/state/root.json", || async {})
        .before("PUT", "/state/root.json", time_passes);
    let meanwhile = Arc::new(meanwhile);
    let builder = world.builder_over(ALL, Some(shared(During(meanwhile.clone()))));
    come_through(&builder).await;
    builder.stop_before(Some(in_seconds(&world, 30)));
    builder.run(keys([gone])).await.unwrap();
    assert!(meanwhile.is_over());
    let tree = world.site().await;
    assert!(tree.contains_key("blog/b/index.html"), "it is still owed");
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    let owed = root.outbox.expect("what is owed").deletions;
    assert!(owed.contains_key("blog/b/index.html"), "{owed:?}");

    let text = "+++\ntitle = \"N\"\ndate = 2026-02-01\n+++\nT\n";
    world.put(new, text).await;
    until_done(&world, &world.builder(), &keys([new])).await;
    world.assert_incremental_equals_clean("owed").await;
}
