//! What an author does, and what is published then.

use crate::world::{World, blog, grey, keys, published_blog, until_done};
use quillfront_publish::bucket::run::Work;
use quillfront_site::report::Kind;

fn text(tree: &crate::world::Tree, key: &str) -> String {
    String::from_utf8(tree[key].0.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_post_is_everywhere_it_belongs_and_gone_when_it_is_removed() {
    let world = published_blog().await;
    let builder = world.builder();
    let before = world.site().await;
    world
        .put(
            "content/blog/new.md",
            "+++\ntitle = \"New\"\ndate = 2026-02-01\n[taxonomies]\ntags = [\"x\"]\n+++\nFresh.\n",
        )
        .await;
    let reports = until_done(&world, &builder, &keys(["content/blog/new.md"])).await;
    assert_eq!(reports[0].sources.added, ["content/blog/new.md"]);
    let tree = world.site().await;
    for key in [
        "blog/new/index.html",
        "blog/index.html",
        "tags/x/index.html",
        "atom.xml",
    ] {
        assert!(text(&tree, key).contains("New"), "{key}");
    }
    assert!(text(&tree, "sitemap.xml").contains("https://example.org/blog/new/"));
    world.assert_incremental_equals_clean("added").await;

    world.remove("content/blog/new.md").await;
    let reports = until_done(&world, &builder, &keys(["content/blog/new.md"])).await;
    assert_eq!(reports[0].counts.deleted, 1);
    crate::world::assert_same(&world.site().await, &before, "added and removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_again_are_no_build() {
    let world = published_blog().await;
    let builder = world.builder();
    let (key, bytes) = blog().swap_remove(3);
    world.put(key, bytes).await;
    let reports = until_done(&world, &builder, &keys([key])).await;
    assert_eq!((reports.len(), reports[0].kind), (1, Kind::None));
    assert_eq!(reports[0].requests.put, 0);
    // A key that an event names and that never was is nothing either.
    let reports = until_done(
        &world,
        &builder,
        &keys(["content/never.md", "content/blog/"]),
    )
    .await;
    assert_eq!(reports[0].kind, Kind::None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_post_keeps_its_last_good_page_and_the_rest_is_published() {
    let world = published_blog().await;
    let builder = world.builder();
    let good = world.site().await;
    world
        .put("content/blog/a.md", "+++\ntitle = \n+++\nbroken")
        .await;
    world
        .put(
            "content/blog/b.md",
            "+++\ntitle = \"B2\"\ndate = 2026-01-02\n+++\nbetter",
        )
        .await;
    let work = keys(["content/blog/a.md", "content/blog/b.md"]);
    let reports = until_done(&world, &builder, &work).await;
    let problem = &reports[0].diagnostics[0];
    assert_eq!(
        (problem.file.as_str(), problem.line),
        ("content/blog/a.md", Some(2))
    );
    let tree = world.site().await;
    assert!(text(&tree, "blog/a/index.html").contains("Text of A."));
    assert!(text(&tree, "blog/b/index.html").contains("better"));
    world.assert_incremental_equals_clean("broken").await;
    for (key, bytes) in blog() {
        world.put(key, bytes).await;
    }
    until_done(&world, &builder, &work).await;
    crate::world::assert_same(&world.site().await, &good, "mended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_fails_leaves_what_was_published() {
    let world = published_blog().await;
    let builder = world.builder();
    let good = world.site().await;
    // It parses, and fails when it is used.
    world
        .put("templates/page.html", "line\n{{ page.nothing.there }}")
        .await;
    let reports = until_done(&world, &builder, &keys(["templates/page.html"])).await;
    assert_eq!(reports[0].counts.stale, 3);
    let problem = &reports[0].diagnostics[0];
    assert_eq!(
        (problem.file.as_str(), problem.line),
        ("templates/page.html", Some(2))
    );
    crate::world::assert_same(&world.site().await, &good, "failing template");
    // It does not parse: the last one that did is used.
    world.put("templates/page.html", "{% if").await;
    until_done(&world, &builder, &keys(["templates/page.html"])).await;
    crate::world::assert_same(&world.site().await, &good, "broken template");
    // It includes itself.
    world
        .put("templates/page.html", "{% include \"page.html\" %}")
        .await;
    let reports = until_done(&world, &builder, &keys(["templates/page.html"])).await;
    assert!(
        reports[0]
            .diagnostics
            .iter()
            .any(|d| d.message.contains("includes itself"))
    );
    crate::world::assert_same(&world.site().await, &good, "self-including template");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sources_for_one_url_are_decided_by_the_sources_not_by_arrival() {
    let world = published_blog().await;
    let builder = world.builder();
    let page = |title: &str| {
        format!("+++\ntitle = \"{title}\"\ndate = 2026-01-05\npath = \"same\"\n+++\n")
    };
    // The later name arrives first.
    world.put("content/blog/z.md", page("Z")).await;
    until_done(&world, &builder, &keys(["content/blog/z.md"])).await;
    assert!(text(&world.site().await, "same/index.html").contains("<h1>Z"));
    world.put("content/blog/y.md", page("Y")).await;
    let reports = until_done(&world, &builder, &keys(["content/blog/y.md"])).await;
    let collision = reports[0]
        .diagnostics
        .iter()
        .find(|d| d.code == "collision")
        .unwrap();
    assert_eq!(collision.file, "content/blog/z.md");
    assert!(collision.message.contains("content/blog/y.md"));
    assert!(text(&world.site().await, "same/index.html").contains("<h1>Y"));
    world.assert_incremental_equals_clean("collision").await;
    // When the owner goes, the next in rank is published in the same commit.
    world.remove("content/blog/y.md").await;
    let reports = until_done(&world, &builder, &keys(["content/blog/y.md"])).await;
    assert_eq!(reports.len(), 1);
    assert!(text(&world.site().await, "same/index.html").contains("<h1>Z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_everything_waits_for_approval() {
    let world = World::new().await;
    for (key, text) in blog() {
        world.put(key, text).await;
    }
    let mut posts: Vec<String> = (0..15).map(|n| format!("content/blog/p{n}.md")).collect();
    for (n, key) in posts.iter().enumerate() {
        let day = n + 1;
        world
            .put(
                key,
                format!("+++\ntitle = \"P{n}\"\ndate = 2025-01-{day:02}\n+++\n"),
            )
            .await;
    }
    let builder = world.builder();
    builder.run(Work::Reconcile).await.unwrap();
    let full = world.site().await;

    posts.extend(blog().iter().map(|(key, _)| (*key).to_owned()));
    for key in &posts {
        world.remove(key).await;
    }
    let all = keys(posts.iter().map(String::as_str));
    let reports = until_done(&world, &builder, &all).await;
    assert!(reports[0].held.is_some());
    crate::world::assert_same(&world.site().await, &full, "held");
    // Putting one back drops it from what is held; another change goes on meanwhile.
    world.put("config.toml", blog()[0].1.clone()).await;
    world
        .put(
            "content/blog/p1.md",
            "+++\ntitle = \"P1\"\ndate = 2025-01-02\n+++\nback\n",
        )
        .await;
    let reports = until_done(
        &world,
        &builder,
        &keys(["config.toml", "content/blog/p1.md"]),
    )
    .await;
    assert!(reports[0].held.is_some());
    assert!(text(&world.site().await, "blog/p1/index.html").contains("back"));

    builder.run(Work::Approve).await.unwrap();
    let tree = world.site().await;
    assert!(tree.contains_key("blog/p1/index.html"));
    assert!(!tree.contains_key("blog/p2/index.html"));
    let (root, _) = builder.look().await.unwrap().unwrap();
    assert_eq!(root.held, None);
    world.assert_incremental_equals_clean("approved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn putting_back_what_was_removed_ends_the_hold() {
    let world = published_blog().await;
    let builder = world.builder();
    let before = world.site().await;
    world.remove("config.toml").await;
    let reports = until_done(&world, &builder, &keys(["config.toml"])).await;
    assert!(reports[0].held.is_some());
    world.put("config.toml", blog()[0].1.clone()).await;
    let reports = until_done(&world, &builder, &keys(["config.toml"])).await;
    assert_eq!(reports[0].held, None);
    let (root, _) = builder.look().await.unwrap().unwrap();
    assert_eq!(root.held, None);
    crate::world::assert_same(&world.site().await, &before, "put back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_without_configuration_is_waiting() {
    let world = World::new().await;
    let builder = world.builder();
    for (key, text) in blog().into_iter().rev() {
        world.put(key, text).await;
        let reports = until_done(&world, &builder, &keys([key])).await;
        if key == "config.toml" {
            assert!(
                reports[0].diagnostics.is_empty(),
                "{:?}",
                reports[0].diagnostics
            );
        } else {
            assert_eq!(reports[0].diagnostics[0].code, "no-config");
            assert_eq!(reports[0].held, None);
        }
    }
    world
        .assert_incremental_equals_clean("configuration last")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_be_used_deletes_nothing() {
    let world = published_blog().await;
    let builder = world.builder();
    // The site moves to zola.toml, and then has a broken config.toml only.
    world.put("zola.toml", blog()[0].1.clone()).await;
    world.remove("config.toml").await;
    until_done(&world, &builder, &keys(["zola.toml", "config.toml"])).await;
    let before = world.site().await;
    world.put("config.toml", "base_url = ").await;
    until_done(&world, &builder, &keys(["config.toml"])).await;
    world.remove("zola.toml").await;
    let reports = until_done(&world, &builder, &keys(["zola.toml"])).await;
    assert!(reports[0].held.is_some());
    crate::world::assert_same(&world.site().await, &before, "no usable configuration");

    // A site bucket in use, and nothing in the source bucket yet.
    let world = World::new().await;
    let site = world.client.put_object().bucket("site").key("index.html");
    site.send().await.unwrap();
    world.builder().run(Work::Reconcile).await.unwrap();
    assert!(world.site().await.contains_key("index.html"));
}

#[tokio::test(flavor = "multi_thread")]
async fn reconcile_mends_an_object_that_is_missing_and_nothing_else_is_wrong() {
    let world = World::new().await;
    for (key, text) in blog() {
        world.put(key, text).await;
    }
    world.put("static/img/x.png", "picture").await;
    let builder = world.builder();
    builder.run(Work::Reconcile).await.unwrap();
    let before = world.site().await;
    assert!(before.contains_key("img/x.png"));
    let reports = builder.run(Work::Reconcile).await.unwrap();
    assert_eq!(reports[0].kind, Kind::None, "nothing is wrong");
    let missing = world.client.delete_object().bucket("site").key("site.css");
    missing.send().await.unwrap();
    builder.run(Work::Reconcile).await.unwrap();
    crate::world::assert_same(&world.site().await, &before, "mended");
    world.remove("static/img/x.png").await;
    builder.run(Work::Reconcile).await.unwrap();
    assert!(!world.site().await.contains_key("img/x.png"));
}

#[tokio::test(flavor = "multi_thread")]
async fn reconcile_finds_lost_events_and_strange_objects() {
    let world = published_blog().await;
    let builder = world.builder();
    world
        .put(
            "content/blog/lost.md",
            "+++\ntitle = \"Lost\"\ndate = 2026-03-01\n+++\n",
        )
        .await;
    world.remove("content/blog/b.md").await;
    let site = |key: &str| world.client.put_object().bucket("site").key(key.to_owned());
    site("stranger.html").send().await.unwrap();
    site("blog/a/index.html").send().await.unwrap();
    world
        .client
        .delete_object()
        .bucket("site")
        .key("site.css")
        .send()
        .await
        .unwrap();
    builder.run(Work::Reconcile).await.unwrap();
    let tree = world.site().await;
    assert!(tree.contains_key("blog/lost/index.html") && tree.contains_key("site.css"));
    assert!(!tree.contains_key("stranger.html") && !tree.contains_key("blog/b/index.html"));
    world.assert_incremental_equals_clean("reconciled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_replaced_has_another_address() {
    let world = published_blog().await;
    let builder = world.builder();
    let body = "+++\ndate = 2026-01-05\n+++\n{% set p = resize_image(path=\"blog/cat.png\", width=4, height=4) %}\
                ![]({{ p.url }})\n";
    world.put("content/blog/pic.md", body).await;
    world.put("content/blog/cat.png", grey(10)).await;
    let changed = ["content/blog/pic.md", "content/blog/cat.png"];
    until_done(&world, &builder, &keys(changed)).await;
    let pictures = |tree: &crate::world::Tree| -> Vec<String> {
        let keys = tree
            .keys()
            .filter(|key| key.starts_with("processed_images/"));
        keys.cloned().collect()
    };
    let tree = world.site().await;
    let first = pictures(&tree);
    assert_eq!(first.len(), 1);
    assert!(text(&tree, "blog/pic/index.html").contains(&first[0]));
    assert_eq!(tree[&first[0]].1, "image/png");
    assert_eq!(tree[&first[0]].2, "public, max-age=31536000, immutable");
    world.assert_incremental_equals_clean("a picture").await;

    // While a page is stale, what it may refer to stays.
    world.put("content/blog/cat.png", "no picture").await;
    until_done(&world, &builder, &keys([changed[1]])).await;
    let tree = world.site().await;
    assert_eq!(pictures(&tree), first);
    assert!(text(&tree, "blog/pic/index.html").contains(&first[0]));

    world.put("content/blog/cat.png", grey(200)).await;
    until_done(&world, &builder, &keys([changed[1]])).await;
    let tree = world.site().await;
    let second = pictures(&tree);
    assert_eq!(second.len(), 2, "cached pages still show the first one");
    assert!(!text(&tree, "blog/pic/index.html").contains(&first[0]));
    world
        .assert_incremental_equals_clean("another picture")
        .await;
}

/// Of texts that are empty nothing was stored where there were no others, and no builder could go on.
#[tokio::test(flavor = "multi_thread")]
async fn files_without_a_byte_come_first_and_the_rest_follows() {
    let world = World::new().await;
    world.put("quillfront.toml", "").await;
    world.builder().run(Work::Reconcile).await.unwrap();
    world.put("content/_index.md", "").await;
    world.builder().run(Work::Reconcile).await.unwrap();
    for (key, text) in blog() {
        if key != "content/_index.md" && !key.starts_with("content/blog/") {
            world.put(key, text).await;
            until_done(&world, &world.builder(), &keys([key])).await;
        }
    }
    world.assert_incremental_equals_clean("with no text").await;
    let index = "templates/index.html";
    world.put(index, "again {{ section.content | safe }}").await;
    until_done(&world, &world.builder(), &keys([index])).await;
    let tree = world.site().await;
    assert_eq!(text(&tree, "index.html").trim(), "again");
    world.assert_incremental_equals_clean("read again").await;
}

/// Each event may be handed to another builder, and the one of the page may be the faster.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_brings_the_files_along_that_it_names() {
    let world = published_blog().await;
    let builder = world.builder();
    world.put("content/blog/trip/photo.png", grey(30)).await;
    world.put("static/print.css", "p { color: black }").await;
    let page = "+++\ntitle = \"Trip\"\ndate = 2026-02-01\npath = \"elsewhere\"\n+++\n\
        <link rel=\"stylesheet\" href=\"https://example.org/print.css\">\n\
        <img src=\"photo.png\"><img src=\"/never.png\">\n";
    world.put("content/blog/trip/index.md", page).await;
    let work = keys(["content/blog/trip/index.md"]);
    let reports = until_done(&world, &builder, &work).await;
    assert_eq!(
        reports[0].sources.added,
        [
            "content/blog/trip/index.md",
            "content/blog/trip/photo.png",
            "static/print.css"
        ]
    );
    let tree = world.site().await;
    for key in ["elsewhere/index.html", "elsewhere/photo.png", "print.css"] {
        assert!(tree.contains_key(key), "{key}");
    }
    world
        .assert_incremental_equals_clean("with its files")
        .await;

    // What is not there is looked for again, and ends nothing.
    world
        .put("content/blog/trip/index.md", page.replace("Trip", "Tour"))
        .await;
    let reports = until_done(&world, &builder, &work).await;
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].sources.changed, ["content/blog/trip/index.md"]);
}
