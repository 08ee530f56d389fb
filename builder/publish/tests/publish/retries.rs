//! The production client's retries: what is tried again, and what is for the protocol to look at.

use crate::wire::{Attempt, Tap, Wire};
use crate::world::{SITE, SOURCE, STATE, World, keys, published_blog, shared};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents, SharedInterceptor};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use quillfront_publish::bucket::Options;
use quillfront_publish::bucket::lists::INLINE;
use quillfront_publish::bucket::root::{LoadedRoot, Root};
use quillfront_publish::bucket::run::Work;
use quillfront_publish::bucket::store::{Attributes, Bucket, Condition, Place, WriteOutcome};
use quillfront_publish::bucket::unanswered::UnansweredWrites;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::runtime::Handle;

fn bucket(world: &World, wire: &Arc<Wire>) -> Bucket {
    bucket_over(world, SITE, shared(Tap(wire.clone())))
}

fn bucket_over(world: &World, name: &str, interceptor: SharedInterceptor) -> Bucket {
    let place = Place {
        bucket: name.into(),
        prefix: String::new(),
    };
    let client = world.client_with(interceptor);
    let unanswered = Arc::new(UnansweredWrites::new(Options::default().request_timeout));
    Bucket::new(client, place, Arc::default(), unanswered)
}

fn puts(wire: &Wire) -> usize {
    wire.seen()
        .iter()
        .filter(|attempt| attempt.method == "PUT")
        .count()
}

fn is_put(attempt: &Attempt) -> bool {
    attempt.method == "PUT"
}

#[tokio::test(flavor = "multi_thread")]
async fn the_third_attempt_succeeds() {
    let world = World::new().await;
    let answers = [(503, "SlowDown"), (500, "InternalError")];
    let wire = Arc::new(Wire::new(&world.host, is_put, answers));
    let bucket = bucket(&world, &wire);
    let attributes = Attributes::default();
    let written = bucket
        .put("a", b"text", &attributes, &Condition::Always)
        .await;
    assert!(matches!(written, Ok(WriteOutcome::Done(_))));
    assert_eq!(puts(&wire), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_does_not_hold_is_not_tried_again() {
    let world = World::new().await;
    let conflict = (409, "ConditionalRequestConflict");
    let wire = Arc::new(Wire::new(&world.host, is_put, [conflict]));
    let bucket = bucket(&world, &wire);
    let attributes = Attributes::default();
    for (number, condition) in [Condition::Absent, Condition::Absent].iter().enumerate() {
        // First 409, as told; then 412, since the object is there.
        let written = bucket.put("a", b"text", &attributes, condition).await;
        assert_eq!(written.unwrap(), WriteOutcome::Refused);
        assert_eq!(puts(&wire), number + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_that_meets_its_own_write_is_no_surprise() {
    let world = published_blog().await;
    world.put("static/new.css", "a {}").await;
    // Done, but never acknowledged: the retry inside the client meets its own write.
    let wire = Wire::new(&world.host, is_put, [(503, "SlowDown"); 2]);
    let wire = Arc::new(wire);
    let builder = world.builder_over([SOURCE, SITE, STATE], Some(shared(Tap(wire.clone()))));
    let reports = builder.run(keys(["static/new.css"])).await.unwrap();
    assert_eq!(reports[0].counts.uploaded, 1);
    assert!(world.site().await.contains_key("new.css"));
    let again = world.builder().run(Work::Reconcile).await.unwrap();
    assert_eq!(again[0].counts.uploaded, 0);
}

/// Does something once the first root is written, of which nobody hears.
struct AnswerLost {
    then: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// True while the request that is under way writes the root.
    writes_root: AtomicBool,
}

impl fmt::Debug for AnswerLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerLost")
    }
}

impl Intercept for AnswerLost {
    fn name(&self) -> &'static str {
        "AnswerLost"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let writes_root = request.method() == "PUT" && request.uri().contains("root.json");
        self.writes_root.store(writes_root, Ordering::SeqCst);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !self.writes_root.load(Ordering::SeqCst) {
            return Ok(());
        }
        if let Some(then) = self.then.lock().unwrap().take() {
            then();
            let error = "<Error><Code>SlowDown</Code></Error>";
            *context.response_mut() = HttpResponse::new(StatusCode::try_from(503)?, error.into());
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_of_a_root_that_another_was_written_on_unheard_stay() {
    let world = Arc::new(World::new().await);
    let plain = shared(Tap(Arc::new(Wire::new(&world.host, |_| false, []))));
    let other = bucket_over(&world, STATE, plain);
    let theirs = other.clone();
    let then = move || {
        let write_on_it = async {
            let mut loaded = LoadedRoot::read(&theirs).await.unwrap();
            let root = loaded.root.clone().unwrap();
            assert!(
                loaded
                    .write(&theirs, root, "theirs".to_owned())
                    .await
                    .unwrap()
            );
        };
        tokio::task::block_in_place(|| Handle::current().block_on(write_on_it));
    };
    let lost = AnswerLost {
        then: Mutex::new(Some(Box::new(then))),
        writes_root: AtomicBool::default(),
    };
    let own = bucket_over(&world, STATE, shared(lost));
    let mut root = Root::new("2026-01-02T00:00:00Z".to_owned());
    let hints: Vec<String> = (0..=INLINE).map(|n| format!("content/{n}.md")).collect();
    root.add_hints(hints.iter().map(String::as_str));
    let mut loaded = LoadedRoot::read(&own).await.unwrap();
    let is_own = loaded.write(&own, root.clone(), "own".to_owned()).await;
    assert!(!is_own.unwrap(), "the last one is another's");
    let read = LoadedRoot::read(&other).await.unwrap().root.unwrap();
    assert_eq!((read.id.as_str(), read.hints), ("theirs", root.hints));
}
