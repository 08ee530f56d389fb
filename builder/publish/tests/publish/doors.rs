//! Events as AWS delivers them, and what is answered.

use crate::crash::DiesAt;
use crate::world::{SITE, SOURCE, STATE, World, published_blog, shared};
use quillfront_publish::bucket::Builder;
use quillfront_publish::bucket::store::Place;
use quillfront_publish::handler::{Answer, handle};
use serde_json::{Value, json};

fn s3_event(key: &str) -> Value {
    json!({"Records": [{
        "eventVersion": "2.6", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-01-02T03:04:05.678Z", "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "A"}, "requestParameters": {"sourceIPAddress": "::1"},
        "responseElements": {"x-amz-request-id": "1"},
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "c",
            "bucket": {"name": SOURCE, "ownerIdentity": {"principalId": "A"}, "arn": "arn:aws:s3:::source"},
            "object": {"key": key, "size": 1, "eTag": "e", "sequencer": "00"}}
    }]})
}

fn batch<'a>(bodies: impl IntoIterator<Item = (&'a str, String)>) -> Value {
    let message = |(id, body)| {
        json!({"messageId": id, "eventSource": "aws:sqs", "body": body,
            "eventSourceARN": "arn:aws:sqs:us-east-1:1:q", "awsRegion": "us-east-1"})
    };
    json!({"Records": bodies.into_iter().map(message).collect::<Vec<_>>()})
}

async fn answer(builder: &Builder, event: &Value) -> Answer {
    let source: Place = format!("s3://{SOURCE}").parse().unwrap();
    handle(builder, &source, event).await.unwrap()
}

fn failed(answer: &Answer) -> Vec<String> {
    let json = answer.to_json().unwrap();
    let list = json["batchItemFailures"].as_array().unwrap().iter();
    list.map(|item| item["itemIdentifier"].as_str().unwrap().to_owned())
        .collect()
}

async fn upload(world: &World) {
    world.put("static/one.css", "a {}").await;
    world.put("static/two words.css", "a {}").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_understood_is_told_and_stops_no_other() {
    let world = published_blog().await;
    upload(&world).await;
    let event = batch([
        ("1", s3_event("static/one.css").to_string()),
        ("2", "{".into()),
        ("3", json!({"hello": 1}).to_string()),
        ("4", s3_event("static/two+words.css").to_string()),
        ("5", json!({"Event": "s3:TestEvent"}).to_string()),
    ]);
    let answer = answer(&world.builder(), &event).await;
    // They would never be understood, so they do not come again.
    assert!(failed(&answer).is_empty());
    let told: Vec<&str> = answer
        .strange
        .iter()
        .map(|told| told.place.as_str())
        .collect();
    assert_eq!(told, ["message 2", "message 3"]);
    assert_eq!(answer.reports[0].counts.uploaded, 2);
    let tree = world.site().await;
    assert!(tree.contains_key("one.css") && tree.contains_key("two words.css"));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_again_only_where_their_keys_were_not_taken_over() {
    let mut taken_over = false;
    for limit in 0.. {
        let world = published_blog().await;
        upload(&world).await;
        let event = batch([
            ("1", s3_event("static/one.css").to_string()),
            ("2", s3_event("static/two+words.css").to_string()),
            ("3", json!({"reconcile": true}).to_string()),
        ]);
        let dying = Some(shared(DiesAt::new(limit, false)));
        let builder = world.builder_over([SOURCE, SITE, STATE], dying);
        let got = answer(&builder, &event).await;
        let Some(error) = &got.error else {
            assert!(failed(&got).is_empty());
            break;
        };
        assert!(error.to_string().contains("dead"), "{error}");
        // A dead builder cannot look whether its hints are there.
        assert_eq!(failed(&got), ["1", "2", "3"]);

        // One that only its site bucket denies can.
        let builder = world.builder_over([SOURCE, "no-such-bucket", STATE], None);
        let got = answer(&builder, &event).await;
        if got.error.is_some() && failed(&got) == ["3"] {
            let hints = world.builder().hints().await.unwrap();
            assert!(hints.contains("static/one.css") && hints.contains("static/two words.css"));
            taken_over = true;
        }
    }
    assert!(taken_over);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_behind_a_live_lease_is_taken_over() {
    let world = published_blog().await;
    upload(&world).await;
    // A builder that takes the lease and dies.
    for limit in 3.. {
        let dying = Some(shared(DiesAt::new(limit, false)));
        let builder = world.builder_over([SOURCE, SITE, STATE], dying);
        let event = batch([("0", s3_event("static/one.css").to_string())]);
        assert!(answer(&builder, &event).await.error.is_some());
        if world
            .builder()
            .look()
            .await
            .unwrap()
            .unwrap()
            .0
            .lease
            .is_some()
        {
            break;
        }
    }
    let event = batch([("1", s3_event("static/two+words.css").to_string())]);
    let got = answer(&world.builder(), &event).await;
    assert!(got.reports[0].deferred && failed(&got).is_empty());
    assert!(
        world
            .builder()
            .hints()
            .await
            .unwrap()
            .contains("static/two words.css")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_and_other_envelopes_open_the_same_door() {
    let world = published_blog().await;
    upload(&world).await;
    let bridge = json!({"version": "0", "detail-type": "Object Created", "source": "aws.s3",
        "detail": {"version": "0", "bucket": {"name": SOURCE}, "object": {"key": "static/two words.css"}}});
    let got = answer(&world.builder(), &bridge).await;
    assert!(got.failures.is_none() && got.reports[0].counts.uploaded == 1);
    assert!(got.to_json().unwrap().is_array());
    let scheduled = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
    answer(&world.builder(), &scheduled).await;
    assert!(world.site().await.contains_key("one.css"));

    // A reconcile that time does not allow comes again.
    let event = batch([("1", json!({"reconcile": true}).to_string())]);
    let builder = world.builder();
    builder.stop_before(Some(jiff::Timestamp::UNIX_EPOCH));
    assert_eq!(failed(&answer(&builder, &event).await), ["1"]);
}
