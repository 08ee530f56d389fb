//! Hints that come while a run plans are another's to settle, whatever this run has seen.

use crate::meanwhile::{During, Meanwhile};
use crate::world::{
    ALL, World, assert_same, come_through, file_of_blog, keys, published_blog, shared,
};
use quillfront_publish::bucket::run::Work;
use std::future::Future;
use std::sync::Arc;

/// Does the work; `by` happens just before the lease is taken.
async fn overtaken<F: Future<Output = ()>>(
    world: &World,
    work: Work,
    by: impl FnOnce() -> F + Send + 'static,
) {
    let meanwhile = Arc::new(Meanwhile::default().before("PUT", "/state/root.json", by));
    let builder = world.builder_over(ALL, Some(shared(During(meanwhile.clone()))));
    come_through(&builder).await;
    builder.run(work).await.unwrap();
    assert!(meanwhile.is_over());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_a_file_that_a_run_saw_unchanged_is_not_lost() {
    let world = Arc::new(published_blog().await);
    let (new, key) = ("content/blog/new.md", "content/blog/a.md");
    let post = |title: &str| format!("+++\ntitle = \"{title}\"\ndate = 2026-02-01\n+++\nText.\n");
    world.put(new, post("New")).await;
    let (other, edited) = (world.clone(), post("Another"));
    let leaves_a_hint = move || async move {
        other.put(key, edited).await;
        let late = other.builder();
        late.stop_before(Some(jiff::Timestamp::UNIX_EPOCH));
        late.run(keys([key])).await.unwrap();
    };
    overtaken(&world, keys([new, key]), leaves_a_hint).await;
    world.assert_incremental_equals_clean("a hint").await;
    let page = world.site().await["blog/a/index.html"].0.clone();
    let page = String::from_utf8_lossy(&page).into_owned();
    assert!(page.contains("Another"), "the hint was lost: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_removed_and_put_back_while_a_run_plans_stays() {
    let world = Arc::new(published_blog().await);
    let key = "content/blog/b.md";
    let before = world.site().await;
    world.remove(key).await;
    let other = world.clone();
    let back = move || async move {
        other.put(key, file_of_blog(key)).await;
        other.builder().run(keys([key])).await.unwrap();
    };
    overtaken(&world, keys([key]), back).await;
    assert_same(&world.site().await, &before, "put back");
}
