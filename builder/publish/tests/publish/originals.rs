//! Photographs that tell where and with what they were taken: what is published of them, and what is told.

use crate::crash::DiesAt;
use crate::meanwhile::{During, Meanwhile};
use crate::world::{ALL, SITE, World, grey, keys, shared, until_done};
use quillfront_publish::bucket::run::Work;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::report::Report;
use std::sync::Arc;
use std::time::Duration;

const OWN: &str = "quillfront.toml";
const STRIP: &str = "[images]\nstrip_originals = true\n";
const KEEP: &str = "[images]\nstrip_originals = false\n";
const UNSAID: &str = "[images]\n";
/// Made by `images/tests/leaks/make.py`: whatever it tells has `SECRET` in it, or is a position.
const CAMERA: &[u8] = include_bytes!("../../../../images/tests/leaks/camera.jpg");
const OTHER: &[u8] = include_bytes!("../../../../images/tests/leaks/camera-big-endian.jpg");

const CAT: &str = "static/cat.jpg";
const TRIP: &str = "content/trip/me.jpg";
const THEME: &str = "themes/t/static/of-theme.jpg";
const PLAIN: &str = "static/plain.png";
const PHOTOGRAPHS: [&str; 3] = [CAT, TRIP, THEME];

fn left_of(bytes: &[u8]) -> Vec<u8> {
    quillfront_images::strip(bytes).unwrap().unwrap()
}

/// A site with three photographs that tell, and a picture that does not.
async fn site(own: Option<&str>) -> (World, Report) {
    let world = World::new().await;
    for (key, text) in [
        (
            "config.toml",
            "base_url = \"https://example.org\"\ntheme = \"t\"\n",
        ),
        ("themes/t/theme.toml", "name = \"t\"\n"),
        (
            "themes/t/templates/index.html",
            "{{ get_hash(path='cat.jpg', sha_type=256, base64=false) }}",
        ),
        ("themes/t/templates/page.html", "{{ page.content | safe }}"),
        (
            "content/trip/index.md",
            "+++\ntitle = \"Trip\"\n+++\nText.\n",
        ),
    ] {
        world.put(key, text).await;
    }
    for key in PHOTOGRAPHS {
        world.put(key, CAMERA).await;
    }
    world.put(PLAIN, grey(3)).await;
    if let Some(own) = own {
        world.put(OWN, own).await;
    }
    let mut reports = world.builder().run(Work::Reconcile).await.unwrap();
    assert_eq!(reports.len(), 1);
    (world, reports.remove(0))
}

async fn edit(world: &World, key: &str, bytes: impl Into<Vec<u8>>) -> Report {
    world.put(key, bytes).await;
    let mut reports = until_done(world, &world.builder(), &keys([key])).await;
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

async fn published(world: &World, key: &str) -> Vec<u8> {
    world.site().await[key].0.clone()
}

fn leaks(told: &[Diagnostic]) -> Vec<&str> {
    let of_leaks = told.iter().filter(|one| one.code == "picture-leaks");
    of_leaks.map(|one| one.file.as_str()).collect()
}

/// Bytes that a run read of the site, without its state.
fn bytes_read(report: &Report) -> u64 {
    report.bytes.read - report.bytes.state_in
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_of_a_photograph_is_what_is_left_of_it() {
    let (world, report) = site(Some(STRIP)).await;
    assert_eq!(report.diagnostics, []);
    let left = left_of(CAMERA);
    assert!(!String::from_utf8_lossy(&left).contains("SECRET"));
    assert_eq!(quillfront_images::leaks(&left), None);
    let tree = world.site().await;
    for key in ["cat.jpg", "trip/me.jpg", "of-theme.jpg"] {
        let (bytes, content_type, ..) = &tree[key];
        assert_eq!(
            (bytes, content_type.as_str()),
            (&left, "image/jpeg"),
            "{key}"
        );
    }
    assert_eq!(tree["plain.png"].0, grey(3));
    // How it is turned and its colours are as they were.
    let probe = quillfront_images::probe;
    assert_eq!(probe(&left), probe(CAMERA));
    assert!(left.windows(11).any(|part| part == b"ICC_PROFILE"));
    // Hashes are of what is published.
    use sha2::Digest;
    let hash = hex::encode(sha2::Sha256::digest(&left));
    assert_eq!(String::from_utf8_lossy(&tree["index.html"].0).trim(), hash);
    world.assert_incremental_equals_clean("stripped").await;

    // Nothing of it is read again for an edit elsewhere, nor put again.
    let page = "+++\ntitle = \"Trip\"\n+++\nMore.\n";
    let report = edit(&world, "content/trip/index.md", page).await;
    assert!(bytes_read(&report) < 500, "{:?}", report.bytes);
    assert_eq!(report.counts.uploaded, 1);
    let report = edit(&world, CAT, OTHER).await;
    assert_eq!(published(&world, "cat.jpg").await, left_of(OTHER));
    assert_eq!(leaks(&report.diagnostics), [""; 0]);
    world.assert_incremental_equals_clean("another").await;
    let reports = until_done(&world, &world.builder(), &Work::Reconcile).await;
    assert_eq!(
        reports[0].counts.uploaded, 0,
        "a reconcile finds all as it should be"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_is_told_in_each_build() {
    let (world, report) = site(Some(UNSAID)).await;
    assert_eq!(leaks(&report.diagnostics), [TRIP, CAT, THEME]);
    let told = &report.diagnostics[0];
    assert!(!told.is_error() && told.message.contains("the place where it was taken"));
    assert!(told.message.contains("serial number"), "{}", told.message);
    assert!(
        told.hint
            .as_ref()
            .unwrap()
            .contains("strip_originals = true")
    );
    assert_eq!(published(&world, "cat.jpg").await, CAMERA);
    // It is remembered, and not read again.
    let page = "+++\ntitle = \"Trip\"\n+++\nMore.\n";
    let report = edit(&world, "content/trip/index.md", page).await;
    assert_eq!(leaks(&report.diagnostics), [TRIP, CAT, THEME]);
    assert!(bytes_read(&report) < 500, "{:?}", report.bytes);
    let report = edit(&world, CAT, grey(9)).await;
    assert_eq!(leaks(&report.diagnostics), [TRIP, THEME]);
    world.assert_incremental_equals_clean("told").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_of_zola_is_as_it_was() {
    let (world, report) = site(None).await;
    assert_eq!(leaks(&report.diagnostics), [""; 0]);
    assert_eq!(published(&world, "cat.jpg").await, CAMERA);
    let (_, state) = world.builder().look().await.unwrap().unwrap();
    assert!(
        state.album.pages_of(&state.sources).is_empty(),
        "no picture was read"
    );
    world.assert_incremental_equals_clean("as it is").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_answer_publishes_what_differs_and_drops_its_thumbnails() {
    let (world, _) = site(Some(KEEP)).await;
    for original in ["cat.jpg", "plain.png"] {
        let key = format!("img/{original}/width=640");
        let put = world.client.put_object().bucket(SITE).key(key);
        put.body(b"thumbnail".to_vec().into()).send().await.unwrap();
    }
    // Three photographs and the page with a hash of one of them.
    for (own, bytes, variants) in [(STRIP, left_of(CAMERA), 1), (KEEP, CAMERA.to_vec(), 0)] {
        let report = edit(&world, OWN, own).await;
        assert_eq!(report.counts.uploaded, 4, "{own}");
        assert_eq!(report.counts.variants, variants, "{own}");
        assert_eq!(report.diagnostics, [], "{own}");
        for key in ["cat.jpg", "trip/me.jpg", "of-theme.jpg"] {
            assert_eq!(published(&world, key).await, bytes, "{own}");
        }
        let tree = world.site().await;
        assert!(tree.contains_key("img/plain.png/width=640"));
        assert!(!tree.contains_key("img/cat.jpg/width=640"));
    }
    // What is told is no change of the site.
    let report = edit(&world, OWN, UNSAID).await;
    assert_eq!(report.counts.uploaded, 0);
    assert_eq!(leaks(&report.diagnostics), [TRIP, CAT, THEME]);
    let thumbnail = world.client.delete_object().bucket(SITE);
    let thumbnail = thumbnail.key("img/plain.png/width=640");
    thumbnail.send().await.unwrap();
    world.assert_incremental_equals_clean("toggled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_damaged_photograph_the_last_good_version_stays() {
    let (world, _) = site(Some(STRIP)).await;
    let damaged = &CAMERA[..700];
    assert!(quillfront_images::strip(damaged).is_err());
    let report = edit(&world, CAT, damaged).await;
    assert_eq!(leaks(&report.diagnostics), [CAT]);
    let told = report
        .diagnostics
        .iter()
        .find(|one| one.file == CAT)
        .unwrap();
    assert!(told.is_error() && told.message.contains("cannot be removed"));
    assert_eq!(published(&world, "cat.jpg").await, left_of(CAMERA));
    // One that never was good is not there.
    edit(&world, "static/new.jpg", damaged).await;
    assert!(!world.site().await.contains_key("new.jpg"));
    // Who keeps what pictures tell publishes them as they are.
    let report = edit(&world, OWN, KEEP).await;
    assert_eq!(leaks(&report.diagnostics), [""; 0]);
    assert_eq!(published(&world, "cat.jpg").await, damaged);
    assert_eq!(published(&world, "new.jpg").await, damaged);
    world.assert_incremental_equals_clean("kept").await;
}

/// A picture that is another when it is read or copied is published as what is left of that one, or not at all.
async fn replaced_meanwhile(first: &'static [u8], method: &'static str, path: &'static str) {
    let (world, _) = site(Some(STRIP)).await;
    let world = Arc::new(world);
    let key = "static/new.jpg";
    world.put(key, first).await;
    let author = world.clone();
    let replaced = move || async move { author.put(key, OTHER).await };
    let meanwhile = Meanwhile::default();
    let meanwhile = match method {
        // Once to be looked at, and once to be put.
        "GET" => meanwhile.before(method, path, || async {}),
        _ => meanwhile,
    };
    let meanwhile = Arc::new(meanwhile.before(method, path, replaced));
    let builder = world.builder_over(ALL, Some(shared(During(meanwhile.clone()))));
    builder.run(keys([key])).await.unwrap();
    assert!(meanwhile.is_over());
    assert_eq!(published(&world, "new.jpg").await, left_of(OTHER));
    until_done(&world, &world.builder(), &keys([key])).await;
    assert_eq!(published(&world, "new.jpg").await, left_of(OTHER));
    world.assert_incremental_equals_clean("replaced").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_that_is_another_while_it_is_put_is_stripped_as_well() {
    replaced_meanwhile(CAMERA, "GET", "/source/static/new.jpg").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photograph_in_the_place_of_a_harmless_picture_is_not_copied() {
    let harmless: &[u8] = include_bytes!("../../../../images/tests/leaks/plain.jpg");
    replaced_meanwhile(harmless, "PUT", "/site/new.jpg").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_fits_into_memory_at_once_is_put_in_parts() {
    let (world, _) = site(Some(STRIP)).await;
    // Behind the end of the picture: it is taken out.
    let mut large = CAMERA.to_vec();
    large.resize(24 * 1024 * 1024, b'x');
    let names = ["static/1.jpg", "static/2.jpg", "static/3.jpg"];
    for name in names {
        world.put(name, large.clone()).await;
    }
    let reports = until_done(&world, &world.builder(), &keys(names)).await;
    assert_eq!(reports[0].counts.uploaded, 3);
    for key in ["1.jpg", "2.jpg", "3.jpg"] {
        assert_eq!(published(&world, key).await, left_of(CAMERA));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_request_a_builder_dies_at_nothing_is_left_as_it_was() {
    let mut limit = 0;
    loop {
        let (world, _) = site(Some(KEEP)).await;
        world.put(OWN, STRIP).await;
        let after = limit % 2 == 0;
        let builder = world.builder_over(ALL, Some(shared(DiesAt::new(limit, after))));
        let survived = builder.run(keys([OWN])).await.is_ok();
        let story = format!("died at request {limit}, after it: {after}");
        world.host.advance(Duration::from_secs(600));
        until_done(&world, &world.builder(), &keys([OWN])).await;
        for key in ["cat.jpg", "trip/me.jpg", "of-theme.jpg"] {
            assert_eq!(published(&world, key).await, left_of(CAMERA), "{story}");
        }
        let (root, _) = world.builder().look().await.unwrap().unwrap();
        assert_eq!((root.lease, root.outbox), (None, None), "{story}");
        world.assert_incremental_equals_clean(&story).await;
        if survived {
            break;
        }
        limit += 1;
    }
    assert!(limit > 12, "only {limit} requests were made");
}
