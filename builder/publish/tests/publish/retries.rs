//! The production client's retries: what is tried again, and what is for the protocol to look at.

use crate::wire::{Attempt, Tap, Wire};
use crate::world::{SITE, SOURCE, STATE, World, keys, published_blog, shared};
use quillfront_publish::bucket::Options;
use quillfront_publish::bucket::run::Work;
use quillfront_publish::bucket::store::{Attributes, Bucket, Condition, Place, Written};
use quillfront_publish::bucket::unanswered::Unanswered;
use std::sync::Arc;

fn bucket(world: &World, wire: &Arc<Wire>) -> Bucket {
    let place = Place {
        bucket: SITE.into(),
        prefix: String::new(),
    };
    let client = world.client_with(shared(Tap(wire.clone())));
    let unanswered = Arc::new(Unanswered::new(Options::default().request_timeout));
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
    assert!(matches!(written, Ok(Written::Done(_))));
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
        assert_eq!(written.unwrap(), Written::Refused);
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
