//! Suspects are tried in parts, and what is published stays published: a part is judged as what it is
//! a part of, and a page is not taken down while others are tried.

use crate::meanwhile::{During, Meanwhile};
use crate::world::{ALL, World, keys, published_blog, shared};
use jiff::Timestamp;
use quillfront_publish::bucket::root::Root;
use quillfront_publish::bucket::run::Work;
use quillfront_site::report::Report;
use std::sync::Arc;
use std::time::Duration;

async fn root(world: &World) -> Root {
    world.builder().look().await.unwrap().unwrap().0
}

/// Two attempts have died with these.
async fn suspects(world: &World, keys: &[&str]) {
    for _ in 0..2 {
        world.note_death_of(root(world).await, keys, None).await;
    }
}

fn deleted(reports: &[Report]) -> u64 {
    reports.iter().map(|report| report.counts.deleted).sum()
}

/// A blog with 40 more pages, and their keys.
async fn forty_pages() -> (World, Vec<String>) {
    let world = published_blog().await;
    let names: Vec<String> = (0..40).map(|n| format!("content/many/{n:02}.md")).collect();
    world.put("content/many/_index.md", "+++\n+++\n").await;
    for name in &names {
        world.put(name, "+++\ntitle = \"P\"\n+++\n").await;
    }
    world.builder().run(Work::Reconcile).await.unwrap();
    (world, names)
}

async fn pages(world: &World) -> usize {
    let site = world.site().await.into_keys();
    site.filter(|key| key.starts_with("many/") && key != "many/index.html")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_are_removed_are_held_although_they_are_tried_one_by_one() {
    let (world, names) = forty_pages().await;
    let gone: Vec<&str> = names[..16].iter().map(String::as_str).collect();
    for key in &gone {
        world.remove(key).await;
    }
    suspects(&world, &gone).await;
    let builder = world.builder();
    let reports = builder.run(keys(gone.clone())).await.unwrap();
    assert!(reports.len() >= gone.len(), "one by one");
    assert_eq!((deleted(&reports), pages(&world).await), (0, 40));
    let now = root(&world).await;
    assert!(now.suspects.is_empty() && now.tried.is_none(), "{now:?}");
    let held = now.held.unwrap();
    assert_eq!(held.keys.len(), 16);
    assert_eq!(held.reason, "it would delete 16 of 43 pages");
    world.assert_incremental_equals_clean("held").await;
    builder.run(Work::Approve).await.unwrap();
    assert_eq!(pages(&world).await, 24);
    world.assert_incremental_equals_clean("approved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_other_builders_try_are_judged_together_too() {
    let (world, names) = forty_pages().await;
    let gone: Vec<&str> = names[..20].iter().map(String::as_str).collect();
    for key in &gone {
        world.remove(key).await;
    }
    suspects(&world, &gone).await;
    // Halves, and one by one; each builder has the time for one part.
    for _ in 0..40 {
        let builder = world.builder();
        let work = keys(gone.clone());
        let ended = tokio::time::timeout(Duration::from_millis(400), builder.run(work)).await;
        drop(builder);
        assert_eq!(pages(&world).await, 40);
        if let Ok(reports) = ended {
            reports.unwrap();
            break;
        }
        world.host.advance(Duration::from_secs(600));
    }
    let reports = world.builder().run(Work::Reconcile).await.unwrap();
    assert!(reports[0].held.is_some());
    assert_eq!(pages(&world).await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_that_are_tried_one_by_one_take_no_more_down_than_all_at_once_may() {
    let (world, names) = forty_pages().await;
    let drafts: Vec<&str> = names[..16].iter().map(String::as_str).collect();
    for key in &drafts {
        world
            .put(key, "+++\ntitle = \"P\"\ndraft = true\n+++\n")
            .await;
    }
    suspects(&world, &drafts).await;
    let reports = world.builder().run(keys(drafts)).await.unwrap();
    assert!(reports.iter().any(|report| report.held.is_some()));
    // 30% of 43.
    assert_eq!(pages(&world).await, 40 - 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn few_that_are_removed_go_although_they_are_suspects() {
    let (world, names) = forty_pages().await;
    let gone: Vec<&str> = names[..9].iter().map(String::as_str).collect();
    for key in &gone {
        world.remove(key).await;
    }
    suspects(&world, &gone).await;
    world.builder().run(keys(gone)).await.unwrap();
    let now = root(&world).await;
    assert!(now.held.is_none() && now.tried.is_none(), "{now:?}");
    assert_eq!(pages(&world).await, 31);
    world.assert_incremental_equals_clean("few").await;
}

/// The clock stands at 2026-01-02T03:04:05Z: B is of today, and published.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_today_stays_while_another_becomes_due() {
    let world = published_blog().await;
    let hold = "[publishing]\nfuture = \"hold\"\n";
    world.put("quillfront.toml", hold).await;
    let soon = "+++\ntitle = \"Soon\"\ndate = 2026-01-02T04:00:00\n+++\n";
    world.put("content/blog/soon.md", soon).await;
    let reports = world.builder().run(Work::Reconcile).await.unwrap();
    assert!(reports[0].diagnostics.iter().all(|told| !told.is_error()));
    assert!(world.site().await.contains_key("blog/b/index.html"));
    suspects(&world, &["content/blog/b.md", "content/none.md"]).await;
    world.host.advance(Duration::from_secs(60 * 60));
    let reports = world.builder().run(Work::Due).await.unwrap();
    assert_eq!(deleted(&reports), 0, "{reports:?}");
    let told = reports.iter().flat_map(|report| &report.diagnostics);
    assert!(told.into_iter().all(|told| told.code != "set-aside"));
    let site = world.site().await;
    assert!(site.contains_key("blog/b/index.html") && site.contains_key("blog/soon/index.html"));
    assert!(root(&world).await.suspects.is_empty());
    world.assert_incremental_equals_clean("due").await;
}

/// The last one that became due is exactly as old as the time that templates see.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_page_that_was_due_stays_while_the_next_becomes_due() {
    let world = published_blog().await;
    let hold = "[publishing]\nfuture = \"hold\"\n";
    world.put("quillfront.toml", hold).await;
    for (name, hour) in [("first", 4), ("second", 5)] {
        let text = format!("+++\ntitle = \"{name}\"\ndate = 2026-01-02T0{hour}:00:00\n+++\n");
        world.put(&format!("content/blog/{name}.md"), text).await;
    }
    world.builder().run(Work::Reconcile).await.unwrap();
    world.host.advance(Duration::from_secs(60 * 60));
    world.builder().run(Work::Due).await.unwrap();
    assert!(world.site().await.contains_key("blog/first/index.html"));
    suspects(&world, &["content/blog/first.md", "content/none.md"]).await;
    world.host.advance(Duration::from_secs(60 * 60));
    let reports = world.builder().run(Work::Due).await.unwrap();
    assert_eq!(deleted(&reports), 0, "{reports:?}");
    let site = world.site().await;
    assert!(
        ["first", "second"]
            .iter()
            .all(|name| site.contains_key(&format!("blog/{name}/index.html")))
    );
    world.assert_incremental_equals_clean("due").await;
}

/// A run that had no time has put a file, and not taken it in.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_already_is_not_deleted_while_others_are_tried() {
    const FILE: &str = "static/new.txt";
    let world = Arc::new(published_blog().await);
    world.put(FILE, "new").await;
    world
        .put(
            "content/blog/new.md",
            "+++\ntitle = \"New\"\ndate = 2026-01-01\n+++\n",
        )
        .await;
    let host = world.host.clone();
    let late = Meanwhile::default().before("PUT", "/site/new.txt", move || async move {
        host.advance(Duration::from_secs(60));
    });
    let builder = world.builder_over(ALL, Some(shared(During(Arc::new(late)))));
    let soon = world.host.now_ms() + 30_000;
    builder.stop_before(Some(Timestamp::from_millisecond(soon).unwrap()));
    let reports = builder
        .run(keys([FILE, "content/blog/new.md"]))
        .await
        .unwrap();
    assert!(reports[0].stopped, "{reports:?}");
    assert!(world.site().await.contains_key("new.txt"));
    suspects(&world, &[FILE, "content/none.md"]).await;
    let reports = world.builder().run(keys([])).await.unwrap();
    assert_eq!(deleted(&reports), 0, "{reports:?}");
    world.assert_incremental_equals_clean("put already").await;
}

/// What is tried last has waited for longer than a run goes on with the same file.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_until_all_suspects_are_tried() {
    let world = published_blog().await;
    let names: Vec<String> = (0..32).map(|n| format!("content/many/{n:02}.md")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.put("content/many/_index.md", "+++\n+++\n").await;
    for name in &names {
        world.put(name, "+++\ntitle = \"P\"\n+++\n").await;
    }
    suspects(&world, &names).await;
    let told = names.iter().copied().chain(["content/many/_index.md"]);
    let reports = world.builder().run(keys(told)).await.unwrap();
    // What is no suspect, half of them, and the rest one by one.
    assert_eq!(reports.len(), 18, "{reports:?}");
    let told = reports.iter().flat_map(|report| &report.diagnostics);
    assert!(told.into_iter().all(|told| told.code != "again-and-again"));
    assert_eq!(pages(&world).await, 32);
    let now = root(&world).await;
    assert!(now.suspects.is_empty() && now.hints.is_empty(), "{now:?}");
}
