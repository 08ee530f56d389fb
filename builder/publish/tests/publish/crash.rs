//! A builder that dies at its n-th request, before it is sent or after it was done; the next one
//! makes everything right.

use crate::world::{World, keys, published_blog, shared, until_done};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Lets so many requests through, then none.
#[derive(Debug, Clone)]
pub struct DiesAt {
    requests: Arc<AtomicUsize>,
    limit: usize,
    /// True where the last request is still sent, but its answer is never heard.
    after: bool,
}

impl DiesAt {
    pub fn new(limit: usize, after: bool) -> Self {
        let requests = Arc::default();
        Self {
            requests,
            limit,
            after,
        }
    }
}

/// Before a request is done, and after it: both where `E2E_DEEP` is 1, else one of them at each request, by turns.
pub fn ways_to_die(limit: usize) -> Vec<bool> {
    if std::env::var_os("E2E_DEEP").is_some_and(|deep| deep == "1") {
        vec![false, true]
    } else {
        vec![limit % 2 == 1]
    }
}

impl Intercept for DiesAt {
    fn name(&self) -> &'static str {
        "DiesAt"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        let sent = if self.after {
            number <= self.limit
        } else {
            number < self.limit
        };
        if sent {
            Ok(())
        } else {
            Err("the builder is dead".into())
        }
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let dead = self.requests.load(Ordering::SeqCst) > self.limit;
        if dead {
            Err("the builder is dead".into())
        } else {
            Ok(())
        }
    }
}

/// Dies when it is about to commit, in its first run.
#[derive(Debug, Clone, Default)]
pub struct DiesBeforeCommit(Arc<AtomicUsize>);

impl Intercept for DiesBeforeCommit {
    fn name(&self) -> &'static str {
        "DiesBeforeCommit"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let is_root = request.method() == "PUT" && request.uri().contains("/state/root.json");
        let writes = if is_root {
            self.0.fetch_add(1, Ordering::SeqCst) + 1
        } else {
            self.0.load(Ordering::SeqCst)
        };
        // What is tried is noted, then the lease is taken; the next is the commit.
        if writes > 2 {
            Err("the builder is dead".into())
        } else {
            Ok(())
        }
    }
}

async fn edit(world: &World) -> [&'static str; 4] {
    world
        .put(
            "content/blog/a.md",
            "+++\ntitle = \"A2\"\ndate = 2026-01-01\n+++\nother\n",
        )
        .await;
    world
        .put(
            "content/blog/new.md",
            "+++\ntitle = \"New\"\ndate = 2026-02-01\n+++\nnew\n",
        )
        .await;
    world.put("static/site.css", "body { color: blue }").await;
    world.remove("content/blog/b.md").await;
    [
        "content/blog/a.md",
        "content/blog/new.md",
        "static/site.css",
        "content/blog/b.md",
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_request_a_builder_dies_at_the_next_one_finishes() {
    let mut limit = 0;
    loop {
        let mut survived = true;
        for after in ways_to_die(limit) {
            let world = published_blog().await;
            let edited = edit(&world).await;
            let requests = Arc::new(AtomicUsize::new(0));
            let dying = DiesAt {
                requests,
                limit,
                after,
            };
            let builder =
                world.builder_over(["source", "site", "state"], Some(shared(dying.clone())));
            let died = builder.run(keys(edited)).await.is_err();
            survived &= !died;
            // Any number of pages may be new already, but none may be lost.
            let tree = world.site().await;
            assert!(tree.contains_key("blog/a/index.html") && tree.contains_key("site.css"));

            world.host.advance(Duration::from_secs(600));
            let story = format!("died at request {limit}, after it: {after}");
            until_done(&world, &world.builder(), &keys(edited)).await;
            let (root, _) = world.builder().look().await.unwrap().unwrap();
            assert_eq!((root.lease, root.outbox), (None, None), "{story}");
            assert!(root.hints.is_empty(), "{story}");
            world.assert_incremental_equals_clean(&story).await;
        }
        if survived {
            break;
        }
        limit += 1;
    }
    assert!(limit > 15, "only {limit} requests were made");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hints_of_a_dead_builder_are_taken_up_by_whoever_comes_next() {
    let world = published_blog().await;
    let edited = edit(&world).await;
    // Read the root, look at four sources, read the style sheet, take the lease; then dead.
    let mut limit = 5;
    loop {
        let dying = DiesAt {
            requests: Arc::new(AtomicUsize::new(0)),
            limit,
            after: false,
        };
        let builder = world.builder_over(["source", "site", "state"], Some(shared(dying)));
        assert!(builder.run(keys(edited)).await.is_err());
        let (root, _) = world.builder().look().await.unwrap().unwrap();
        if root.lease.is_some() {
            break;
        }
        limit += 1;
    }
    world.host.advance(Duration::from_secs(600));
    // An event about something else altogether.
    until_done(&world, &world.builder(), &keys(["content/never.md"])).await;
    world.assert_incremental_equals_clean("taken over").await;
    assert!(world.site().await.contains_key("blog/new/index.html"));
}
