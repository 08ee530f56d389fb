//! Taking over from a builder that died, or seems to have: what it may have touched is looked at, all
//! of it, and what it still does has no effect.

use crate::crash::{DiesAt, DiesBeforeCommit};
use crate::meanwhile::{During, Meanwhile};
use crate::world::{
    ALL, assert_same, come_through, file_of_blog, keys, published_blog, shared, until_done,
};
use quillfront_publish::bucket::{Host, Options};
use std::sync::Arc;
use std::time::Duration;

fn one_at_a_time() -> Options {
    Options {
        parallel: 1,
        ..Options::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_every_page_that_is_taken_back_after_a_crash_leaves_no_page_behind() {
    let base = "templates/base.html";
    let mut died = 0;
    for limit in [16, 20, 24, 28] {
        let world = published_blog().await;
        let before = world.site().await;
        world
            .put(base, "<p>X</p>{% block main %}{% endblock %}")
            .await;
        let dies = Some(shared(DiesAt::new(limit, true)));
        let dying = world.builder_with(ALL, dies, one_at_a_time());
        died += usize::from(dying.run(keys([base])).await.is_err());
        world.put(base, file_of_blog(base)).await;
        world.host.advance(Duration::from_secs(600));
        let next = world.builder_with(ALL, None, one_at_a_time());
        until_done(&world, &next, &keys(["content/never.md", base])).await;
        let story = format!("died at request {limit}");
        assert_same(&world.site().await, &before, &story);
    }
    assert!(died > 1, "only {died} of them died");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_late_does_not_delete_what_its_successor_has_published() {
    let world = Arc::new(published_blog().await);
    let key = "content/blog/b.md";
    world.remove(key).await;
    let other = world.clone();
    let taken_over = move || async move {
        other.host.advance(Duration::from_secs(600));
        let next = other.builder();
        until_done(&other, &next, &keys(["content/never.md"])).await;
        let again = file_of_blog(key).replace("Text", "Another text");
        other.put(key, again).await;
        until_done(&other, &next, &keys([key])).await;
    };
    let page = "/site/blog/b/index.html";
    let meanwhile = Arc::new(Meanwhile::default().before("DELETE", page, taken_over));
    let during = Some(shared(During(meanwhile.clone())));
    let late = world.builder_with(ALL, during, one_at_a_time());
    let ended = late.run(keys([key])).await;
    assert!(meanwhile.is_over() && ended.is_err());
    world.assert_incremental_equals_clean("late").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_the_lease_to_a_wrong_clock_does_not_put_over_its_successor() {
    let world = Arc::new(published_blog().await);
    let key = "content/blog/a.md";
    let post = |title: &str| format!("+++\ntitle = \"{title}\"\ndate = 2026-01-01\n+++\nText.\n");
    world.put(key, post("Second")).await;
    let (other, third) = (world.clone(), post("Third"));
    let taken_over = move || async move {
        other.put(key, third).await;
        let fast = other.host.ahead(Duration::from_secs(600));
        let next = other.builder().with_host(fast);
        until_done(&other, &next, &keys([key])).await;
    };
    let page = "/site/blog/a/index.html";
    let meanwhile = Arc::new(Meanwhile::default().before("PUT", page, taken_over));
    let during = Some(shared(During(meanwhile.clone())));
    let first = world.builder_with(ALL, during, one_at_a_time());
    let ended = first.run(keys([key])).await;
    assert!(meanwhile.is_over() && ended.is_err());
    world.assert_incremental_equals_clean("successor").await;
}

/// The takeover has no time for more than to look at what the dead builder put.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_from_before_a_takeover_is_made_again_with_what_was_found() {
    let world = Arc::new(published_blog().await);
    let (key, new) = ("content/blog/a.md", "content/blog/new.md");
    let post = |title: &str| format!("+++\ntitle = \"{title}\"\ndate = 2026-02-01\n+++\nText.\n");
    world.put(key, post("Another")).await;
    let (other, text) = (world.clone(), post("New"));
    let taken_over = move || async move {
        other.put(new, text).await;
        let dying = other.builder_over(ALL, Some(shared(DiesBeforeCommit::default())));
        assert!(dying.run(keys([new])).await.is_err());
        assert!(other.site().await.contains_key("blog/new/index.html"));
        other.remove(new).await;
        other.host.advance(Duration::from_secs(600));
        let commit = other.builder().look().await.unwrap().unwrap().0.commit;
        let host = other.host.clone();
        let slowly = move || async move { host.advance(Duration::from_secs(40)) };
        let looks = Meanwhile::default().before("HEAD", "/site/blog/new/", slowly);
        let looks = Arc::new(looks);
        let next = other.builder_over(ALL, Some(shared(During(looks.clone()))));
        next.stop_before(Some(other.host.now() + Duration::from_secs(30)));
        let reports = next.run(keys([])).await.unwrap();
        assert!(looks.is_over() && reports[0].stopped);
        let (root, _) = other.builder().look().await.unwrap().unwrap();
        assert!(root.lease.is_none() && root.commit == commit);
    };
    let meanwhile = Meanwhile::default().before("PUT", "/state/root.json", taken_over);
    let meanwhile = Arc::new(meanwhile);
    let builder = world.builder_over(ALL, Some(shared(During(meanwhile.clone()))));
    come_through(&builder).await;
    until_done(&world, &builder, &keys([key])).await;
    assert!(meanwhile.is_over());
    world.assert_incremental_equals_clean("a takeover").await;
}
