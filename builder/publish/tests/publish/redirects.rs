//! `_redirects` and `_headers` over S3: what is put and invalidated, and when.

use crate::wire::{Attempt, Tap, Wire};
use crate::world::{ALL, SITE, SOURCE, STATE, World, keys, published_blog, shared, until_done};
use quillfront_headers::{RULES_KEY, Rules};
use quillfront_publish::bucket::root::{Later, Outbox};
use quillfront_publish::bucket::{Builder, Options};
use quillfront_publish::invalidate::redirects::RULES_DELAY;
use quillfront_site::report::{Action, Kind, Report};
use std::sync::Arc;
use std::time::Duration;

const REDIRECTS: &str = "static/_redirects";
const HEADERS: &str = "static/_headers";

fn tapped(world: &World) -> (Arc<Wire>, Builder) {
    let wire = Arc::new(Wire::new(&world.host, |_| false, []));
    let tap = shared(Tap(wire.clone()));
    (wire, world.builder_over([SOURCE, SITE, STATE], Some(tap)))
}

/// What an upload comes to.
async fn upload(world: &World, builder: &Builder, files: &[(&'static str, &str)]) -> Report {
    for (key, text) in files {
        world.put(key, *text).await;
    }
    let work = keys(files.iter().map(|(key, _)| *key));
    let reports = until_done(world, builder, &work).await;
    reports.into_iter().next().expect("a report")
}

fn with<'a>(report: &'a Report, action: &Action) -> Vec<&'a str> {
    let outputs = report.outputs.iter();
    let outputs = outputs.filter(|output| output.actions.contains(action));
    outputs.map(|output| output.key.as_str()).collect()
}

async fn rules(world: &World) -> Rules {
    Rules::read(&world.site().await[RULES_KEY].0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_go_into_one_object_and_their_paths_are_invalidated_when_all_edges_know_them() {
    let world = published_blog().await;
    let (wire, builder) = tapped(&world);
    let begin_ms = world.host.now_ms();
    let files = [
        ("quillfront.toml", ""),
        (REDIRECTS, "/old /blog/\n/feed/* /atom.xml 302!\n"),
    ];
    let report = upload(&world, &builder, &files).await;
    assert_eq!(report.kind, Kind::Incremental);
    assert_eq!(with(&report, &Action::Uploaded), [RULES_KEY]);
    assert_eq!(report.diagnostics, []);
    assert_eq!(
        report.invalidations.later,
        ["/feed", "/feed/*", "/old", "/old/", "/old/index.html"]
    );
    let rules = rules(&world).await;
    assert_eq!(rules.redirects.meet("/old/").unwrap().target(), "/blog/");
    assert!(!world.site().await.contains_key("_redirects"));

    let sent = wire.invalidations();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].1, [format!("/{RULES_KEY}")]);
    let mut later = sent[1].1.clone();
    later.sort_unstable();
    assert_eq!(later, report.invalidations.later);
    assert!(world.host.now_ms() - begin_ms >= RULES_DELAY.as_millis() as i64);
    let root = builder.look().await.unwrap().unwrap().0;
    assert_eq!((root.later.len(), root.outbox), (0, None));
    world.assert_incremental_equals_clean("rules").await;

    // Only what is another rule now.
    let files = [(
        REDIRECTS,
        "/old /blog/\n/feed/* /rss.xml 302!\n/new /blog/\n",
    )];
    let report = upload(&world, &builder, &files).await;
    assert_eq!(with(&report, &Action::Rendered), [RULES_KEY]);
    assert_eq!(
        report.invalidations.later,
        ["/feed", "/feed/*", "/new", "/new/", "/new/index.html"]
    );

    // Without them there is no object, and theirs were the last paths.
    world.remove(REDIRECTS).await;
    let reports = until_done(&world, &builder, &keys([REDIRECTS])).await;
    assert_eq!(with(&reports[0], &Action::Deleted), [RULES_KEY]);
    assert!(reports[0].invalidations.later.contains(&"/new".to_owned()));
    world.assert_incremental_equals_clean("removed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_quillfront_toml_is_a_file() {
    let world = published_blog().await;
    let builder = world.builder();
    let files = [(REDIRECTS, "/old /blog/\n"), (HEADERS, "/*\n  X-Own: a\n")];
    let report = upload(&world, &builder, &files).await;
    assert_eq!(with(&report, &Action::Uploaded), ["_headers", "_redirects"]);
    let report = upload(&world, &builder, &[("quillfront.toml", "")]).await;
    assert_eq!(with(&report, &Action::Deleted), ["_headers", "_redirects"]);
    assert!(with(&report, &Action::Uploaded).contains(&RULES_KEY));
    world.assert_incremental_equals_clean("edge files").await;
    world.remove("quillfront.toml").await;
    until_done(&world, &builder, &keys(["quillfront.toml"])).await;
    assert!(world.site().await.contains_key("_redirects"));
    world.assert_incremental_equals_clean("files again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_time_to_wait_leaves_it_to_the_next() {
    let world = published_blog().await;
    let (wire, builder) = tapped(&world);
    world.put("quillfront.toml", "").await;
    world.put(REDIRECTS, "/old /blog/\n").await;
    let now = jiff::Timestamp::from_millisecond(world.host.now_ms() + 20_000).unwrap();
    builder.stop_before(Some(now));
    builder
        .run(keys(["quillfront.toml", REDIRECTS]))
        .await
        .unwrap();
    assert_eq!(wire.invalidations().len(), 1);
    let root = builder.look().await.unwrap().unwrap().0;
    assert_eq!(root.later.len(), 1);
    builder.stop_before(None);

    // Too early, with another commit: it goes on waiting.
    world.host.advance(Duration::from_secs(10));
    let soon = jiff::Timestamp::from_millisecond(world.host.now_ms() + 2_000).unwrap();
    builder.stop_before(Some(soon));
    world.put("static/x.txt", "x").await;
    builder.run(keys(["static/x.txt"])).await.unwrap();
    let root = builder.look().await.unwrap().unwrap().0;
    assert_eq!(root.later.len(), 1);
    builder.stop_before(None);

    // In time, with the next commit.
    world.host.advance(RULES_DELAY);
    world.put("static/y.txt", "y").await;
    builder.run(keys(["static/y.txt"])).await.unwrap();
    let sent = wire.invalidations();
    let last = &sent.last().unwrap().1;
    assert!(
        last.contains(&"/old".to_owned()) && last.contains(&"/y.txt".to_owned()),
        "{sent:?}"
    );
    let root = builder.look().await.unwrap().unwrap().0;
    assert_eq!((root.later.len(), root.outbox), (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_shows_is_invalidated_under_the_paths_of_the_rule() {
    let world = published_blog().await;
    let builder = world.builder();
    let files = [
        ("quillfront.toml", ""),
        (REDIRECTS, "/shown/* /blog/a/ 200!\n/other /x.txt 200!\n"),
        ("static/x.txt", "x"),
    ];
    upload(&world, &builder, &files).await;
    let page = "+++\ntitle = \"A3\"\ndate = 2026-01-01\n+++\n";
    let report = upload(&world, &builder, &[("content/blog/a.md", page)]).await;
    let told = &report.invalidations;
    assert!(told.paths.contains(&"/shown/*".to_owned()), "{told:?}");
    assert!(told.later.is_empty() && !told.paths.iter().any(|path| path.starts_with("/other")));
    world.remove("static/x.txt").await;
    let reports = until_done(&world, &builder, &keys(["static/x.txt"])).await;
    assert!(
        reports[0]
            .invalidations
            .paths
            .contains(&"/other".to_owned())
    );
    let told = &reports[0].diagnostics;
    assert!(
        told.iter()
            .any(|one| one.line == Some(2) && one.message.contains("/x.txt")),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_reads_the_rules_at_once_is_told_at_once() {
    let world = published_blog().await;
    let options = Options {
        rules_delay: Duration::ZERO,
        ..Options::default()
    };
    let builder = world.builder_with(ALL, None, options);
    let begin_ms = world.host.now_ms();
    let files = [("quillfront.toml", ""), (REDIRECTS, "/old /blog/\n")];
    let report = upload(&world, &builder, &files).await;
    assert!(report.invalidations.paths.contains(&"/old".to_owned()));
    assert!(report.invalidations.later.is_empty());
    assert!(world.host.now_ms() - begin_ms < 5_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_put_where_they_are_others_and_nothing_is_rendered() {
    let world = published_blog().await;
    let builder = world.builder();
    upload(&world, &builder, &[("quillfront.toml", "[security]\n")]).await;
    let files = [(
        HEADERS,
        "/blog/a/\n  X-Own: a\n  Cache-Control: max-age=60\n/blog/a/\n  X-Own: b\n",
    )];
    let report = upload(&world, &builder, &files).await;
    assert_eq!(with(&report, &Action::Uploaded), ["blog/a/index.html"]);
    assert_eq!((report.counts.rendered, report.counts.uploaded), (0, 1));
    assert!(
        report
            .invalidations
            .paths
            .iter()
            .all(|path| path.starts_with("/blog/a"))
    );
    let site = world.site().await;
    let (_, _, cache_control, metadata) = &site["blog/a/index.html"];
    assert_eq!(cache_control, "max-age=60");
    assert!(
        metadata["qf-h"].contains("\"x-own\":\"a, b\""),
        "{metadata:?}"
    );
    world.assert_incremental_equals_clean("headers").await;

    // Of all paths, they are also those of answers without an object.
    let files = [(
        HEADERS,
        "/*\n  X-All: a\n  Set-Cookie: a=b\n  Referrer-Policy: unsafe-url\n",
    )];
    let report = upload(&world, &builder, &files).await;
    assert_eq!(with(&report, &Action::Rendered), [RULES_KEY]);
    assert_eq!(rules(&world).await.headers["x-all"], "a");
    let told: Vec<_> = report
        .diagnostics
        .iter()
        .map(|one| (one.file.as_str(), one.line, one.is_error()))
        .collect();
    assert_eq!(
        told,
        [(HEADERS, Some(3), true), (HEADERS, Some(4), false)],
        "{:?}",
        report.diagnostics
    );
    world.assert_incremental_equals_clean("all").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_wait_until_rules_that_go_are_gone() {
    let world = published_blog().await;
    let (wire, builder) = tapped(&world);
    let files = [("quillfront.toml", ""), (REDIRECTS, "/old /blog/\n")];
    upload(&world, &builder, &files).await;
    // Somebody had no time for the deletion, and the paths have waited for long.
    let mut root = builder.look().await.unwrap().unwrap().0;
    let etag = world.etag(SITE, RULES_KEY).await;
    root.outbox = Some(Outbox {
        deletions: [(RULES_KEY.to_owned(), etag)].into(),
        variants: Default::default(),
        invalidations: Vec::new(),
        reference: "r".to_owned(),
        sent: 0,
    });
    root.later = vec![Later {
        at_ms: world.host.now_ms() - 60_000,
        paths: vec!["/waits".to_owned()],
    }];
    let body = aws_sdk_s3::primitives::ByteStream::from(serde_json::to_vec(&root).unwrap());
    let put = world.client.put_object().bucket(STATE).key("root.json");
    put.body(body).send().await.unwrap();

    until_done(&world, &builder, &keys(["content/blog/a.md"])).await;
    let seen = wire.seen();
    let is_deletion =
        |attempt: &&Attempt| attempt.method == "DELETE" && attempt.uri.contains(RULES_KEY);
    let deleted = seen.iter().find(is_deletion).expect("a deletion");
    let told = |attempt: &&Attempt| {
        attempt.is_invalidation() && attempt.invalidation().1.contains(&"/waits".to_owned())
    };
    let told = seen.iter().find(told).expect("an invalidation");
    assert!(told.at_ms - deleted.at_ms >= RULES_DELAY.as_millis() as i64);
    let root = builder.look().await.unwrap().unwrap().0;
    assert_eq!((root.later.len(), root.outbox), (0, None));
}
