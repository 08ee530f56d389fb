//! What a builder that died has left in the state and no root names is removed by a reconcile, and
//! nothing else ever is.

use crate::crash::{DiesAt, DiesBeforeCommit};
use crate::meanwhile::{During, Meanwhile};
use crate::world::{ALL, STATE, World, blog, keys, published_blog, shared, until_done};
use aws_sdk_s3::config::SharedInterceptor;
use quillfront_publish::bucket::run::Work;
use quillfront_publish::bucket::{Builder, Options};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const KEY: &str = "content/blog/a.md";
const TEXT: &str = "+++\ntitle = \"Lost\"\ndate = 2026-01-01\n+++\nLost words.\n";

/// A builder to which nothing is too young to be swept.
fn sweeping(world: &World, interceptor: Option<SharedInterceptor>) -> Builder {
    let options = Options {
        sweep_after: Duration::ZERO,
        ..Options::default()
    };
    world.builder_with(ALL, interceptor, options)
}

async fn segments(world: &World) -> BTreeSet<String> {
    let keys = world.tree(STATE).await.into_keys();
    keys.filter(|key| key.starts_with("segments/")).collect()
}

/// What the root or one of the last ones names.
async fn named(world: &World) -> BTreeSet<String> {
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    let names = root.segments.all().into_iter();
    let names = names.chain(root.retired.values().flatten());
    names.map(|name| format!("segments/{name}")).collect()
}

async fn adrift(world: &World) -> BTreeSet<String> {
    let named = named(world).await;
    let there = segments(world).await;
    assert!(there.is_superset(&named), "all that is named is there");
    there.difference(&named).cloned().collect()
}

/// A blog in whose state a builder left segments of an edit that was then taken back.
async fn with_adrift() -> (Arc<World>, BTreeSet<String>) {
    let world = Arc::new(published_blog().await);
    world.put(KEY, TEXT).await;
    let dying = Some(shared(DiesBeforeCommit::default()));
    let dying = world.builder_over(ALL, dying);
    assert!(dying.run(keys([KEY])).await.is_err());
    world.put(KEY, blog().swap_remove(3).1).await;
    world.host.advance(Duration::from_secs(600));
    until_done(&world, &world.builder(), &keys([KEY])).await;
    let adrift = adrift(&world).await;
    assert!(adrift.len() > 2, "{adrift:?}");
    (world, adrift)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_root_names_goes_with_a_reconcile_once_it_is_old() {
    let (world, left) = with_adrift().await;
    for key in ["lists/left-behind", "notes.txt"] {
        let put = world.client.put_object().bucket(STATE).key(key);
        put.send().await.unwrap();
    }
    until_done(&world, &world.builder(), &Work::Reconcile).await;
    assert_eq!(adrift(&world).await, left, "it is not an hour old");

    let reports = until_done(&world, &sweeping(&world, None), &Work::Reconcile).await;
    assert_eq!(reports[0].requests.delete, left.len() as u64 + 1);
    assert!(adrift(&world).await.is_empty());
    let tree = world.tree(STATE).await;
    assert!(tree.contains_key("notes.txt") && !tree.contains_key("lists/left-behind"));
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    assert!(!root.retired.is_empty(), "the last roots are kept");
    world.assert_incremental_equals_clean("swept").await;

    // With nothing left, it writes nothing.
    let reports = until_done(&world, &sweeping(&world, None), &Work::Reconcile).await;
    let made = &reports[0].requests;
    assert_eq!((made.put, made.delete, made.list), (0, 0, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_anew_while_it_is_swept_stays() {
    let (world, left) = with_adrift().await;
    let other = world.clone();
    let same_edit = move || async move {
        other.put(KEY, TEXT).await;
        other.builder().run(keys([KEY])).await.unwrap();
    };
    let meanwhile = Meanwhile::default().before("DELETE", "/state/segments/", same_edit);
    let meanwhile = Arc::new(meanwhile);
    let sweeper = sweeping(&world, Some(shared(During(meanwhile.clone()))));
    sweeper.run(Work::Reconcile).await.unwrap();
    assert!(meanwhile.is_over());
    let again: Vec<_> = named(&world).await.intersection(&left).cloned().collect();
    assert!(!again.is_empty(), "the same segments have the same names");
    assert!(adrift(&world).await.is_empty());
    world
        .assert_incremental_equals_clean("the edit again")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wrote_since_it_was_listed_stops_the_sweep() {
    let (world, left) = with_adrift().await;
    let other = world.clone();
    let hinted = move || async move {
        let late = other.builder();
        late.stop_before(Some(jiff::Timestamp::UNIX_EPOCH));
        late.run(keys([KEY])).await.unwrap();
    };
    let meanwhile = Meanwhile::default().before("PUT", "/state/root.json", hinted);
    let meanwhile = Arc::new(meanwhile);
    let sweeper = sweeping(&world, Some(shared(During(meanwhile.clone()))));
    let reports = sweeper.run(Work::Reconcile).await.unwrap();
    assert!(meanwhile.is_over());
    assert_eq!(reports[0].requests.delete, 0);
    assert_eq!(adrift(&world).await, left);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_swept_while_somebody_holds_the_lease() {
    let (world, left) = with_adrift().await;
    let other = world.clone();
    let begins = move || async move {
        other.put(KEY, TEXT).await;
        let dying = Some(shared(DiesBeforeCommit::default()));
        let dying = other.builder_over(ALL, dying);
        assert!(dying.run(keys([KEY])).await.is_err());
        let (root, _) = other.builder().look().await.unwrap().unwrap();
        assert!(root.lease.is_some(), "it died with the lease");
    };
    let root = "/state/root.json";
    let meanwhile = Meanwhile::default().before("GET", root, || async {});
    let meanwhile = Arc::new(meanwhile.before("GET", root, begins));
    let sweeper = sweeping(&world, Some(shared(During(meanwhile.clone()))));
    let reports = sweeper.run(Work::Reconcile).await.unwrap();
    assert!(meanwhile.is_over());
    assert_eq!(reports[0].requests.delete, 0);
    assert!(adrift(&world).await.is_superset(&left));
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_sweep_dies_the_state_is_whole() {
    for limit in 0.. {
        let (world, _) = with_adrift().await;
        let dying = Some(shared(DiesAt::new(limit, true)));
        let died = sweeping(&world, dying).run(Work::Reconcile).await.is_err();
        adrift(&world).await;
        until_done(&world, &sweeping(&world, None), &Work::Reconcile).await;
        assert!(adrift(&world).await.is_empty(), "died at {limit}");
        if !died {
            assert!(limit > 6, "only {limit} requests were made");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_hints_that_came_during_the_reconcile_is_not_swept() {
    let world = Arc::new(published_blog().await);
    let other = world.clone();
    let many_hints = move || async move {
        let late = other.builder();
        late.stop_before(Some(jiff::Timestamp::UNIX_EPOCH));
        let names: Vec<String> = (0..1_001).map(|n| format!("content/n{n}.md")).collect();
        let told = keys(names.iter().map(String::as_str));
        late.run(told).await.unwrap();
    };
    let meanwhile = Meanwhile::default().before("GET", "/source", many_hints);
    let meanwhile = Arc::new(meanwhile);
    let sweeper = sweeping(&world, Some(shared(During(meanwhile.clone()))));
    sweeper.run(Work::Reconcile).await.unwrap();
    assert!(meanwhile.is_over());
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    assert!(root.hints.is_empty(), "they were looked at");
}
