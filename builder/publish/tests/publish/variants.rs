//! Stored thumbnails go with the bytes that they were made of: in the build that replaces or deletes these, or, where
//! whoever stored one died before looking at the original once more, by a reconcile.

use crate::crash::{DiesAt, ways_to_die};
use crate::preview::assert_foreseen;
use crate::wire::{Attempt, Tap, Wire};
use crate::world::{ALL, SITE, World, come_through, grey, keys, shared, until_done};
use quillfront_headers::Field;
use quillfront_publish::bucket::BuildError;
use quillfront_publish::bucket::run::Work;
use quillfront_site::report::{Kind, Report};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const CAT: &str = "static/cat.jpg";

/// Stores a thumbnail as the service at the edge does that was made of bytes with this ETag.
async fn store_of(world: &World, key: &str, etag: Option<&str>) {
    let put = world.client.put_object().bucket(SITE).key(key);
    let put = put.set_metadata(
        etag.map(|etag| [(Field::Original.name().to_owned(), etag.to_owned())].into()),
    );
    let body = format!("thumbnail of {etag:?}").into_bytes();
    put.body(body.into()).send().await.unwrap();
}

/// Stores one of what is published now: below `folder`, which ends in a slash.
async fn store(world: &World, prefix: &str, original: &str, options: &str) -> String {
    let key = format!("{prefix}/{original}/{options}");
    let etag = world.etag(SITE, original).await;
    store_of(world, &key, Some(&etag)).await;
    key
}

async fn thumbnails(world: &World) -> BTreeSet<String> {
    let tree = world.site().await.into_keys();
    let is_one = |key: &String| {
        key.rsplit('/')
            .next()
            .is_some_and(|last| last.contains('='))
    };
    tree.filter(is_one).collect()
}

async fn forget(world: &World, keys: impl IntoIterator<Item = String>) {
    for key in keys {
        let delete = world.client.delete_object().bucket(SITE).key(key);
        delete.send().await.unwrap();
    }
}

/// A site of one page with some pictures.
async fn with_pictures(more: &[&str]) -> World {
    let world = World::new().await;
    for (key, text) in [
        ("config.toml", "base_url = \"https://example.org\"\n"),
        ("static/site.css", "a { color: red }"),
        ("templates/index.html", "<title>Pictures</title>"),
        ("templates/page.html", "{{ page.content | safe }}"),
        ("content/trip/index.md", "+++\ntitle = \"Trip\"\n+++\n"),
    ] {
        world.put(key, text).await;
    }
    world.builder().run(Work::Reconcile).await.unwrap();
    for key in more {
        world.put(key, grey(10)).await;
    }
    let reports = until_done(&world, &world.builder(), &keys(more.iter().copied())).await;
    let told = &reports[0];
    assert_eq!(told.counts.uploaded as usize, more.len());
    // Nobody can have thumbnails of what is new: what is listed are the sources, where they are many.
    let lists = u64::from(more.len() > 50);
    assert_eq!((told.requests.list, told.counts.variants), (lists, 0));
    world
}

async fn change(world: &World, key: &str, level: u8) -> Report {
    world.put(key, grey(level)).await;
    let mut reports = until_done(world, &world.builder(), &keys([key])).await;
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

/// Thumbnails that a build has removed, and listings that it took.
fn dropped(report: &Report) -> (u64, u64) {
    (report.counts.variants, report.requests.list)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_original_drops_its_thumbnails_and_no_others() {
    let neighbours = ["cat.jpg.png", "cat.jpg/deep.png", "trip/photo.png"];
    let sources = [
        "static/cat.jpg.png",
        "static/cat.jpg/deep.png",
        "content/trip/photo.png",
    ];
    let world = with_pictures(&[&[CAT][..], &sources].concat()).await;
    // An output that lies where thumbnails are stored stays, and is told.
    const IN_PLACE: &str = "static/img/cat.jpg/x=1.txt";
    world.put(IN_PLACE, "text").await;
    let reports = until_done(&world, &world.builder(), &keys([IN_PLACE])).await;
    let told = &reports[0].diagnostics;
    assert!(
        told.iter()
            .any(|one| one.code == "thumbnail-address" && one.file == IN_PLACE),
        "{told:?}"
    );
    let mut stay = BTreeSet::from(["img/cat.jpg/x=1.txt".to_owned()]);
    for original in neighbours {
        stay.insert(store(&world, "img", original, "width=640").await);
    }
    for options in [
        "width=640",
        "width=640,format=webp",
        "blur=3",
        "width=32,v=0123456789abcdef",
    ] {
        store(&world, "img", "cat.jpg", options).await;
    }
    assert_eq!(thumbnails(&world).await.len(), 8);

    let report = change(&world, CAT, 20).await;
    assert_eq!(dropped(&report), (4, 1));
    assert_eq!(report.requests.delete, 4);
    assert_eq!(thumbnails(&world).await, stay);
    let paths = report.invalidations.paths.clone();
    assert_eq!(paths, ["/cat.jpg", "/img/cat.jpg/*"]);
    let because = &report.invalidations.because;
    assert!(
        because.contains("thumbnails of changed pictures"),
        "{because}"
    );

    // What is beside it goes with its own original, and what is no picture asks for nothing.
    let report = change(&world, "content/trip/photo.png", 20).await;
    assert_eq!(dropped(&report), (1, 1));
    let report = change(&world, "static/cat.jpg/deep.png", 20).await;
    assert_eq!(dropped(&report), (1, 1));
    assert!(
        report
            .invalidations
            .paths
            .contains(&"/img/cat.jpg/deep.png/*".to_owned())
    );
    world.put("static/site.css", "a {}").await;
    let reports = until_done(&world, &world.builder(), &keys(["static/site.css"])).await;
    assert_eq!(dropped(&reports[0]), (0, 0));
    // The same bytes once more are no change.
    let report = change(&world, CAT, 20).await;
    assert_eq!(dropped(&report), (0, 0));
    forget(&world, ["img/cat.jpg.png/width=640".to_owned()]).await;
    world.assert_incremental_equals_clean("changed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_that_is_gone_leaves_no_thumbnail() {
    let world = with_pictures(&[CAT, "static/dog.jpg", "content/trip/photo.png"]).await;
    for original in ["cat.jpg", "dog.jpg", "trip/photo.png"] {
        store(&world, "img", original, "width=640").await;
    }
    world.remove("static/dog.jpg").await;
    let reports = until_done(&world, &world.builder(), &keys(["static/dog.jpg"])).await;
    assert_eq!(dropped(&reports[0]), (1, 1));
    assert!(
        reports[0]
            .invalidations
            .paths
            .contains(&"/img/dog.jpg/*".to_owned())
    );

    // Renamed: the same bytes under another name are another picture.
    world.put("static/tom.jpg", grey(10)).await;
    world.remove(CAT).await;
    let reports = until_done(&world, &world.builder(), &keys([CAT, "static/tom.jpg"])).await;
    assert_eq!(dropped(&reports[0]), (1, 1));

    // A page that becomes a draft takes its files with it.
    let draft = "+++\ntitle = \"Trip\"\ndraft = true\n+++\n";
    world.put("content/trip/index.md", draft).await;
    let reports = until_done(&world, &world.builder(), &keys(["content/trip/index.md"])).await;
    assert_eq!(
        (reports[0].counts.variants, reports[0].requests.list),
        (1, 1)
    );
    assert!(thumbnails(&world).await.is_empty());
    world.assert_incremental_equals_clean("gone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thumbnails_of_a_picture_of_a_template_go_when_it_does() {
    let world = with_pictures(&["static/pic.png"]).await;
    let page = "+++\ndate = 2026-01-05\n+++\n\
        {% set p = resize_image(path=\"pic.png\", width=4, height=4) %}![]({{ p.url }})\n";
    world.put("content/pic.md", page).await;
    until_done(&world, &world.builder(), &keys(["content/pic.md"])).await;
    let tree = world.site().await;
    let mut made = tree
        .keys()
        .filter(|key| key.starts_with("processed_images/"));
    let stored = store(&world, "img", made.next().unwrap(), "width=32").await;
    world.put("static/pic.png", grey(200)).await;
    let builder = world.builder();
    until_done(&world, &builder, &keys(["static/pic.png"])).await;
    // Cached pages may show it for a day.
    assert!(thumbnails(&world).await.contains(&stored));
    until_done(&world, &builder, &Work::Reconcile).await;
    assert!(thumbnails(&world).await.contains(&stored));
    world.host.advance(Duration::from_secs(25 * 3_600));
    until_done(&world, &builder, &Work::Reconcile).await;
    assert!(thumbnails(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_changed_pictures_take_one_listing() {
    let sources: Vec<String> = (0..120).map(|n| format!("static/photos/{n}.png")).collect();
    let list: Vec<&str> = sources.iter().map(String::as_str).collect();
    let world = with_pictures(&list).await;
    for n in 0..120 {
        store(&world, "img", &format!("photos/{n}.png"), "width=640").await;
    }
    let stays = "img/photos/120.png/width=640";
    store_of(&world, stays, Some("another")).await;
    for key in &sources {
        world.put(key, grey(30)).await;
    }
    let reports = until_done(&world, &world.builder(), &keys(list)).await;
    let report = &reports[0];
    // One more is of the sources: whether they are still what they were.
    assert_eq!(dropped(report), (120, 2));
    assert_eq!(thumbnails(&world).await, BTreeSet::from([stays.to_owned()]));
    let paths = &report.invalidations.paths;
    assert!(paths.contains(&"/img/photos/*".to_owned()), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_foresees_the_listing_and_what_caches_forget() {
    let world = with_pictures(&[CAT]).await;
    // How many there are to be removed it does not know.
    let preview = assert_foreseen(&world, CAT, Some("other")).await;
    assert_eq!(preview.requests.list, 1);
    assert_eq!(preview.invalidations.paths, ["/cat.jpg", "/img/cat.jpg/*"]);
    let preview = assert_foreseen(&world, "static/new.jpg", Some("new")).await;
    assert_eq!(preview.requests.list, 0);
    let preview = assert_foreseen(&world, CAT, None).await;
    assert_eq!(preview.requests.list, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_request_a_builder_dies_at_no_thumbnail_of_old_bytes_is_left() {
    let mut limit = 0;
    loop {
        let mut survived = true;
        for after in ways_to_die(limit) {
            let world = with_pictures(&[CAT, "static/dog.jpg"]).await;
            for original in ["cat.jpg", "dog.jpg"] {
                store(&world, "img", original, "width=640").await;
                store(&world, "img", original, "format=webp").await;
            }
            world.put(CAT, grey(90)).await;
            world.remove("static/dog.jpg").await;
            let edited = [CAT, "static/dog.jpg"];
            let dying = DiesAt::new(limit, after);
            let builder = world.builder_over(ALL, Some(shared(dying)));
            survived &= builder.run(keys(edited)).await.is_ok();
            let story = format!("died at request {limit}, after it: {after}");
            world.host.advance(Duration::from_secs(600));
            // Another event altogether, then the same once more.
            until_done(&world, &world.builder(), &keys(["content/never.md"])).await;
            until_done(&world, &world.builder(), &keys(edited)).await;
            assert_eq!(thumbnails(&world).await, BTreeSet::new(), "{story}");
            let (root, _) = world.builder().look().await.unwrap().unwrap();
            assert_eq!((root.lease, root.outbox), (None, None), "{story}");
        }
        if survived {
            break;
        }
        limit += 1;
    }
    assert!(limit > 12, "only {limit} requests were made");
}

/// Of a site with a picture, a thumbnail of every kind; which of them a reconcile leaves.
async fn of_all_kinds(world: &World) -> BTreeSet<String> {
    let etag = world.etag(SITE, "cat.jpg").await;
    let quoted = format!("\"{etag}\"");
    let with_version = format!("{etag} 0123456789abcdef");
    for (key, made_of) in [
        ("img/gone.jpg/width=640", Some(etag.as_str())),
        ("img/old.jpg/width=640", Some("another")),
        ("img/unsaid.jpg/width=640", None),
        ("img/junk.jpg/nobody=makes", Some(&etag)),
        ("former/prefix/cat.jpg/width=640,format=avif", Some(&etag)),
        ("img/stranger.jpg", None),
        ("img/cat.jpg/width=640", Some(&etag)),
        ("img/cat.jpg/format=webp", Some(&quoted)),
        ("img/cat.jpg/width=641,blur=3", Some(&etag)),
        ("img/cat.jpg/width=320", Some(&with_version)),
    ] {
        store_of(world, key, made_of).await;
    }
    let stay = ["width=640", "format=webp", "width=641,blur=3", "width=320"];
    stay.map(|options| format!("img/cat.jpg/{options}")).into()
}

const WITH_KINDS: [&str; 5] = [
    CAT,
    "static/old.jpg",
    "static/unsaid.jpg",
    "static/junk.jpg",
    "static/img/logo.png",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_reconcile_removes_what_is_of_other_bytes_or_of_none() {
    let world = with_pictures(&WITH_KINDS).await;
    let stay = of_all_kinds(&world).await;
    let wire = Arc::new(Wire::new(&world.host, |_| false, []));
    let builder = world.builder_over(ALL, Some(shared(Tap(wire.clone()))));
    let reports = until_done(&world, &builder, &Work::Reconcile).await;
    assert_eq!(reports[0].counts.variants, 5);
    assert_eq!(thumbnails(&world).await, stay);
    let tree = world.site().await;
    assert!(!tree.contains_key("img/stranger.jpg") && tree.contains_key("img/logo.png"));
    let sent = wire.invalidations();
    let told: BTreeSet<&String> = sent.iter().flat_map(|sent| &sent.1).collect();
    for folder in [
        "former/prefix/cat.jpg",
        "img/gone.jpg",
        "img/junk.jpg",
        "img/old.jpg",
        "img/unsaid.jpg",
    ] {
        assert!(told.contains(&format!("/{folder}/*")), "{told:?}");
    }

    let reports = until_done(&world, &builder, &Work::Reconcile).await;
    assert_eq!(
        (reports[0].kind, reports[0].counts.variants),
        (Kind::None, 0)
    );
    forget(&world, stay).await;
    world.assert_incremental_equals_clean("compared").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_thumbnails_is_wrong_and_nothing_else_is_done() {
    let world = with_pictures(&[CAT]).await;
    let (before, _) = world.builder().look().await.unwrap().unwrap();
    store_of(&world, "img/cat.jpg/width=640", Some("another")).await;
    let reports = until_done(&world, &world.builder(), &Work::Reconcile).await;
    assert_eq!(
        (reports[0].kind, reports[0].counts.variants),
        (Kind::None, 1)
    );
    let (after, _) = world.builder().look().await.unwrap().unwrap();
    assert_eq!(
        (after.commit, after.generation),
        (before.commit, before.generation)
    );
    assert_eq!((after.lease, after.outbox), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconcile_that_dies_anywhere_is_taken_up_by_the_next() {
    let mut limit = 0;
    loop {
        let world = with_pictures(&WITH_KINDS).await;
        let stay = of_all_kinds(&world).await;
        let builder = world.builder_over(ALL, Some(shared(DiesAt::new(limit, limit % 2 == 0))));
        let survived = builder.run(Work::Reconcile).await.is_ok();
        world.host.advance(Duration::from_secs(600));
        until_done(&world, &world.builder(), &Work::Reconcile).await;
        assert_eq!(thumbnails(&world).await, stay, "died at request {limit}");
        let (root, _) = world.builder().look().await.unwrap().unwrap();
        assert_eq!((root.lease, root.outbox), (None, None), "{limit}");
        if survived {
            break;
        }
        limit += 1;
    }
    assert!(limit > 20, "only {limit} requests were made");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cloudfront_does_not_take_of_a_reconcile_is_told_again() {
    let world = with_pictures(&[CAT]).await;
    store_of(&world, "img/cat.jpg/width=640", Some("another")).await;
    let refusal = (403, "AccessDenied");
    let wire = Wire::new(&world.host, Attempt::is_invalidation, [refusal; 2]);
    let wire = Arc::new(wire);
    let builder = world.builder_over(ALL, Some(shared(Tap(wire.clone()))));
    let failed = builder.run(Work::Reconcile).await;
    assert!(
        matches!(failed, Err(BuildError::Invalidation(_))),
        "{failed:?}"
    );
    assert!(thumbnails(&world).await.is_empty());
    until_done(&world, &builder, &keys([])).await;
    let sent = wire.invalidations();
    assert_eq!(sent.last().unwrap().1, ["/img/cat.jpg/*"]);
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    assert_eq!(root.outbox, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_prefix_leaves_nothing_under_the_former_one() {
    let world = with_pictures(&[CAT, "static/dog.jpg"]).await;
    for original in ["cat.jpg", "dog.jpg"] {
        store(&world, "img", original, "width=640").await;
    }
    // A picture that changes with the prefix drops both.
    const OWN: &str = "quillfront.toml";
    world.put(OWN, "[images]\nprefix = \"/a/pictures\"\n").await;
    world.put(CAT, grey(50)).await;
    let builder = world.builder();
    come_through(&builder).await;
    until_done(&world, &builder, &keys([OWN, CAT])).await;
    let left = BTreeSet::from(["img/dog.jpg/width=640".to_owned()]);
    assert_eq!(thumbnails(&world).await, left);
    let stays = store(&world, "a/pictures", "dog.jpg", "width=640").await;
    store(&world, "a/pictures", "cat.jpg", "width=640").await;
    let report = change(&world, CAT, 60).await;
    assert_eq!(dropped(&report), (1, 1));
    let reports = until_done(&world, &builder, &Work::Reconcile).await;
    assert_eq!(reports[0].counts.variants, 1);
    assert_eq!(thumbnails(&world).await, BTreeSet::from([stays]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_before_the_state_was_lost_is_left_for_the_next_reconcile() {
    let world = with_pictures(&[CAT]).await;
    store(&world, "img", "cat.jpg", "width=640").await;
    store_of(&world, "img/cat.jpg/width=320", Some("another")).await;
    let delete = world
        .client
        .delete_object()
        .bucket("state")
        .key("root.json");
    delete.send().await.unwrap();
    let builder = world.builder();
    until_done(&world, &builder, &Work::Reconcile).await;
    until_done(&world, &builder, &Work::Reconcile).await;
    assert!(!thumbnails(&world).await.contains("img/cat.jpg/width=320"));
}
