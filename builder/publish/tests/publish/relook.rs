//! What changes between the look at the sources and the lease is not lost, though its own event
//! finds nothing to do.

use crate::meanwhile::{During, Meanwhile};
use crate::world::{
    SITE, SOURCE, STATE, World, blog, come_through, grey, keys, published_blog, shared,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use futures::future::LocalBoxFuture;
use quillfront_publish::bucket::run::Work;
use quillfront_site::report::{Kind, Report};
use std::future::Future;
use std::sync::Arc;

const ROOT: &str = "/state/root.json";
const NEW: &str = "content/blog/new.md";

fn post(title: &str) -> String {
    format!("+++\ntitle = \"{title}\"\ndate = 2026-02-01\n+++\nText.\n")
}

/// Takes a change back, and handles the event of that. There is nothing to do for it.
fn taken_back(
    world: &Arc<World>,
    key: &'static str,
    before: Option<Vec<u8>>,
) -> impl FnOnce() -> LocalBoxFuture<'static, ()> + Send + use<> {
    let world = world.clone();
    move || {
        Box::pin(async move {
            match before {
                Some(bytes) => world.put(key, bytes).await,
                None => world.remove(key).await,
            }
            let reports = world.builder().run(keys([key])).await.unwrap();
            assert_eq!((reports.len(), reports[0].kind), (1, Kind::None));
            assert_eq!(reports[0].requests.put, 0);
        })
    }
}

/// A run that is overtaken just before it takes the lease.
async fn overtaken<F: Future<Output = ()>>(
    world: &World,
    work: Work,
    by: impl FnOnce() -> F + Send + 'static,
) -> Vec<Report> {
    let meanwhile = Arc::new(Meanwhile::default().before("PUT", ROOT, by));
    let during = Some(shared(During(meanwhile.clone())));
    let builder = world.builder_over([SOURCE, SITE, STATE], during);
    come_through(&builder).await;
    let reports = builder.run(work).await.unwrap();
    assert!(meanwhile.is_over());
    reports
}

async fn assert_at_rest(world: &World, story: &str) {
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    assert!(root.lease.is_none() && root.hints.is_empty(), "{story}");
    world.assert_incremental_equals_clean(story).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_removed_while_another_run_plans_its_page_has_none() {
    let world = Arc::new(published_blog().await);
    let before = world.site().await;
    for work in [keys([NEW]), Work::Reconcile] {
        world.put(NEW, post("New")).await;
        let by = taken_back(&world, NEW, None);
        let reports = overtaken(&world, work.clone(), by).await;
        assert_eq!(reports.len(), 2, "{work:?}");
        assert_eq!(reports[0].sources.added, [NEW]);
        assert_eq!(reports[1].sources.removed, [NEW]);
        crate::world::assert_same(&world.site().await, &before, "removed again");
        assert_at_rest(&world, "removed again").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_is_reverted_while_another_run_plans_it_is_reverted() {
    let world = Arc::new(published_blog().await);
    let before = world.site().await;
    let (key, old) = ("content/blog/a.md", blog().swap_remove(3).1);
    world.put(key, post("Another")).await;
    let by = taken_back(&world, key, Some(old.into()));
    let reports = overtaken(&world, keys([key]), by).await;
    assert_eq!(reports.len(), 2);
    crate::world::assert_same(&world.site().await, &before, "reverted");
    assert_at_rest(&world, "reverted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_the_bucket_is_listed_once() {
    let world = Arc::new(published_blog().await);
    let names: Vec<String> = (0..60)
        .map(|n| format!("content/blog/n{n:02}.md"))
        .collect();
    for name in &names {
        world.put(name, post("Many")).await;
    }
    let by = taken_back(&world, "content/blog/n07.md", None);
    let reports = overtaken(&world, keys(names.iter().map(String::as_str)), by).await;
    assert_eq!(reports.len(), 2);
    let made = &reports[0].requests;
    assert_eq!((made.head, made.list), (0, 1));
    let made = &reports[1].requests;
    assert_eq!((made.head, made.list), (1, 0));
    let tree = world.site().await;
    assert!(tree.contains_key("blog/n08/index.html"));
    assert!(!tree.contains_key("blog/n07/index.html"));
    assert_at_rest(&world, "one of many").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_another_by_the_time_it_is_read_is_seen_as_it_is() {
    const PICTURE: &str = "content/blog/cat.png";
    let world = Arc::new(published_blog().await);
    let page = |words: &str| {
        let hash = "{{ get_hash(path=\"blog/cat.png\") }}";
        format!("+++\ndate = 2026-01-05\n+++\n{words}: {hash}\n")
    };
    world.put(PICTURE, grey(10)).await;
    world.put("content/blog/hash.md", page("First")).await;
    let work = keys([PICTURE, "content/blog/hash.md"]);
    world.builder().run(work).await.unwrap();

    world.put("content/blog/hash.md", page("Second")).await;
    let other = world.clone();
    let replaced = move || async move { other.put(PICTURE, grey(200)).await };
    let meanwhile = Meanwhile::default()
        .before("GET", "/source/content/blog/cat.png", replaced)
        .before("PUT", ROOT, taken_back(&world, PICTURE, Some(grey(10))));
    let meanwhile = Arc::new(meanwhile);
    let during = Some(shared(During(meanwhile.clone())));
    let builder = world.builder_over([SOURCE, SITE, STATE], during);
    builder.run(keys(["content/blog/hash.md"])).await.unwrap();
    assert!(meanwhile.is_over());
    assert_at_rest(&world, "the picture of before").await;
}

/// HEAD of sources fails.
#[derive(Debug)]
struct Blind;

impl Intercept for Blind {
    fn name(&self) -> &'static str {
        "Blind"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        if request.method() == "HEAD" && request.uri().contains("/source/") {
            Err("it is not to be seen".into())
        } else {
            Ok(())
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_again_stays_a_hint() {
    let world = published_blog().await;
    world.put(NEW, post("New")).await;
    let builder = world.builder_over([SOURCE, SITE, STATE], Some(shared(Blind)));
    let reports = builder.run(keys([NEW])).await.unwrap();
    assert!(reports[0].counts.uploaded > 0);
    // Its hint was followed, and there was nothing more.
    assert_eq!((reports.len(), reports[1].kind), (2, Kind::None));
    assert_at_rest(&world, "blind").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_looked_at_once_more_by_one_request() {
    let world = published_blog().await;
    let builder = world.builder();
    // A run that says nothing of the site makes it warm.
    for words in ["One.", "Two."] {
        let text = post("A").replace("Text.", words);
        world.put("content/blog/a.md", text).await;
        let reports = builder.run(keys(["content/blog/a.md"])).await.unwrap();
        assert_eq!(reports.len(), 1);
        let made = &reports[0].requests;
        if words == "Two." {
            // The root, the source, the style sheet whose hash is shown; the source once more.
            assert_eq!((made.get, made.head, made.list), (3, 1, 0));
        }
    }
}
