//! What CloudFront is told: all that changed, in batches, again with the same references where it
//! was not heard.

use crate::wire::{Attempt, Tap, Wire};
use crate::world::{SITE, SOURCE, STATE, World, keys, published_blog, shared, until_done};
use aws_sdk_s3::primitives::ByteStream;
use quillfront_publish::bucket::root::{Outbox, Root};
use quillfront_publish::bucket::run::Work;
use quillfront_publish::bucket::{BuildError, Builder};
use quillfront_site::report::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn tapped(world: &World, wire: Wire) -> (Arc<Wire>, Builder) {
    let wire = Arc::new(wire);
    let tap = shared(Tap(wire.clone()));
    (wire, world.builder_over([SOURCE, SITE, STATE], Some(tap)))
}

async fn root(world: &World) -> Root {
    world.builder().look().await.unwrap().unwrap().0
}

/// Leaves something in the outbox.
async fn owe(world: &World, paths: &[String], reference: &str) {
    let mut root = root(world).await;
    root.outbox = Some(Outbox {
        deletions: BTreeMap::new(),
        variants: BTreeSet::new(),
        invalidations: paths.to_vec(),
        reference: reference.into(),
        sent: 0,
    });
    let body = ByteStream::from(serde_json::to_vec(&root).unwrap());
    let put = world.client.put_object().bucket(STATE).key("root.json");
    put.body(body).send().await.unwrap();
}

fn post(title: &str) -> String {
    format!("+++\ntitle = \"{title}\"\ndate = 2026-01-02\n+++\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cloudfront_does_not_take_is_told_with_the_next_commit() {
    let world = published_blog().await;
    let wire = Wire::new(
        &world.host,
        Attempt::is_invalidation,
        [(403, "AccessDenied")],
    );
    let (wire, builder) = tapped(&world, wire);
    world.remove("content/blog/b.md").await;
    let failed = builder.run(keys(["content/blog/b.md"])).await;
    assert!(matches!(failed, Err(BuildError::Invalidation(why)) if why.contains("AccessDenied")));

    // The commit stands, and so does its report.
    assert!(!world.site().await.contains_key("blog/b/index.html"));
    let left = root(&world).await;
    let outbox = left.outbox.unwrap();
    assert_eq!((left.lease, outbox.deletions.len()), (None, 0));
    for path in ["/blog/b", "/blog/b/", "/blog/b/index.html"] {
        assert!(outbox.invalidations.contains(&path.to_owned()), "{path}");
    }
    let report = builder.last_report().await.unwrap().unwrap();
    assert_eq!(report.generation, left.generation);
    assert!(report.invalidations.owed.unwrap().contains("AccessDenied"));

    world.put("content/blog/a.md", post("A2")).await;
    let reports = until_done(&world, &builder, &keys(["content/blog/a.md"])).await;
    assert_eq!(reports[0].invalidations.owed, None);
    let sent = wire.invalidations();
    let last: BTreeSet<&String> = sent.last().unwrap().1.iter().collect();
    assert!(outbox.invalidations.iter().all(|path| last.contains(path)));
    assert!(last.contains(&"/blog/a/".to_owned()));
    assert_eq!(root(&world).await.outbox, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_paced_and_a_later_try_goes_on_where_the_last_one_ended() {
    let world = published_blog().await;
    let busy = (400, "TooManyInvalidationsInProgress");
    let wire = Wire::new(
        &world.host,
        // The first batch is taken at once, the second one after a week.
        |attempt| attempt.is_invalidation() && attempt.body.contains("r-1<"),
        [busy; 7],
    );
    let (wire, builder) = tapped(&world, wire);
    let paths: Vec<String> = (0..400).map(|n| format!("/{n:03}")).collect();
    owe(&world, &paths, "r").await;
    let failed = builder.run(Work::Reconcile).await;
    assert!(matches!(failed, Err(BuildError::Invalidation(why)) if why.starts_with("TooMany")));
    let outbox = root(&world).await.outbox.unwrap();
    assert_eq!((outbox.sent, &outbox.invalidations[..]), (1, &paths[150..]));

    until_done(&world, &builder, &Work::Reconcile).await;
    assert_eq!(root(&world).await.outbox, None);
    let sent = wire.invalidations();
    let references: Vec<&str> = sent
        .iter()
        .map(|(reference, _)| reference.as_str())
        .collect();
    assert_eq!(references[0], "r-0");
    assert!(references[1..9].iter().all(|reference| *reference == "r-1"));
    assert_eq!(references[9..], ["r-2"]);
    assert!(sent[1..9].iter().all(|(_, list)| *list == paths[150..300]));
    assert_eq!(sent[9].1, paths[300..]);
    // A second between batches, and longer and longer while CloudFront is busy.
    let seen = wire.seen();
    let times: Vec<i64> = seen
        .iter()
        .filter(|a| a.is_invalidation())
        .map(|a| a.at_ms)
        .collect();
    assert!(times[1] - times[0] >= 1_000);
    let waits: Vec<i64> = times[1..6]
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .collect();
    for (wait, least) in waits.iter().zip([1_000, 2_000, 4_000, 8_000]) {
        assert!((least..2 * least).contains(wait), "{waits:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_was_used_for_other_paths_is_not_used_again() {
    let world = published_blog().await;
    let (wire, builder) = tapped(&world, Wire::new(&world.host, |_| false, []));
    owe(&world, &["/one".to_owned()], "r").await;
    until_done(&world, &builder, &Work::Reconcile).await;
    owe(&world, &["/two".to_owned()], "r").await;
    until_done(&world, &builder, &Work::Reconcile).await;
    let sent = wire.invalidations();
    assert_eq!((sent[0].0.as_str(), sent[1].0.as_str()), ("r-0", "r-0"));
    assert!(
        sent[2].0.starts_with("r-0-") && sent[2].1 == ["/two"],
        "{sent:?}"
    );
    assert_eq!(sent.len(), 3);
    assert_eq!(root(&world).await.outbox, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_says_what_was_chosen_and_why() {
    let world = published_blog().await;
    let (wire, builder) = tapped(&world, Wire::new(&world.host, |_| false, []));
    world.put("static/new.css", "a {}").await;
    let reports = until_done(&world, &builder, &keys(["static/new.css"])).await;
    let told = &reports[0].invalidations;
    assert_eq!(
        (told.paths.as_slice(), told.mode.as_str()),
        (&["/new.css".to_owned()][..], "paths")
    );
    assert_eq!(told.because, "few enough to name each");
    assert_eq!(
        wire.invalidations(),
        [(format!("{}-0", reports[0].commit), told.paths.clone())]
    );
    assert_eq!(reports[0].requests.invalidation, 1);

    let posts: Vec<String> = (0..5).map(|n| format!("content/blog/p{n}.md")).collect();
    for key in &posts {
        world.put(key, post(key)).await;
    }
    until_done(&world, &builder, &keys(posts.iter().map(String::as_str))).await;
    let base = "<p>Another</p>{% block main %}{% endblock %}";
    world.put("templates/base.html", base).await;
    let reports = until_done(&world, &builder, &keys(["templates/base.html"])).await;
    let told = &reports[0].invalidations;
    assert_eq!(
        (told.paths.as_slice(), told.mode.as_str()),
        (&["/*".to_owned()][..], "wildcard")
    );
    assert!(told.because.contains("one by one"), "{}", told.because);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconcile_tells_of_what_others_have_left_also_where_it_stays() {
    let world = published_blog().await;
    let (wire, builder) = tapped(&world, Wire::new(&world.host, |_| false, []));
    // Its template fails, so that it is stale.
    let page = "{% if page.slug == \"a\" %}{{ throw(message=\"no\") }}{% endif %}{{ page.content | safe }}";
    world.put("templates/page.html", page).await;
    until_done(&world, &builder, &keys(["templates/page.html"])).await;
    let put = world.client.put_object().bucket(SITE);
    let put = put.key("blog/a/index.html");
    put.body(ByteStream::from_static(b"late"))
        .send()
        .await
        .unwrap();

    until_done(&world, &builder, &Work::Reconcile).await;
    let last = wire.invalidations().pop().unwrap().1;
    assert!(last.contains(&"/blog/a/".to_owned()), "{last:?}");
    // It stays until its page can be rendered, and is no reason to commit again.
    assert_eq!(world.site().await["blog/a/index.html"].0, b"late");
    let before = root(&world).await;
    let reports = until_done(&world, &builder, &Work::Reconcile).await;
    assert_eq!(reports[0].kind, Kind::None);
    assert_eq!(root(&world).await, before);

    world.put("content/blog/a.md", post("A again")).await;
    until_done(&world, &builder, &keys(["content/blog/a.md"])).await;
    world.assert_incremental_equals_clean("mended").await;
}
