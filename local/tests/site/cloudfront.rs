//! The control plane, through the real client.

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudfront::operation::create_invalidation::{
    CreateInvalidationError, CreateInvalidationOutput,
};
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use bytes::Bytes;
use http::Method;

use crate::harness::{DISTRIBUTION, Reply, Server, open};

async fn create(
    client: &Client,
    distribution: &str,
    reference: &str,
    paths: &[&str],
) -> Result<CreateInvalidationOutput, SdkError<CreateInvalidationError>> {
    let paths = Paths::builder()
        .quantity(paths.len() as i32)
        .set_items(Some(paths.iter().map(ToString::to_string).collect()))
        .build()
        .unwrap();
    let batch = InvalidationBatch::builder()
        .paths(paths)
        .caller_reference(reference);
    client
        .create_invalidation()
        .distribution_id(distribution)
        .invalidation_batch(batch.build().unwrap())
        .send()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn invalidations_are_created_read_and_listed() {
    let server = Server::start().await;
    let client = server.cloudfront();
    let paths = ["/", "/blog/a%20b/", "/img/*", "/a&b<c>'\"", "/*"];
    let output = create(&client, DISTRIBUTION, "commit-1", &paths)
        .await
        .unwrap();
    let created = output.invalidation().unwrap();
    let expected = format!(
        "/2020-05-31/distribution/{DISTRIBUTION}/invalidation/{}",
        created.id()
    );
    assert_eq!(output.location(), Some(expected.as_str()));
    assert_eq!(created.status(), "Completed");
    assert_eq!(created.id().len(), 14);
    let batch = created.invalidation_batch().unwrap();
    assert_eq!(batch.caller_reference(), "commit-1");
    assert_eq!(batch.paths().unwrap().items(), paths);
    assert_eq!(batch.paths().unwrap().quantity(), 5);

    let read = client
        .get_invalidation()
        .distribution_id(DISTRIBUTION)
        .id(created.id());
    assert_eq!(read.send().await.unwrap().invalidation(), Some(created));

    let second = create(&client, DISTRIBUTION, "commit-2", &["/x"])
        .await
        .unwrap();
    let list = client
        .list_invalidations()
        .distribution_id(DISTRIBUTION)
        .send()
        .await
        .unwrap();
    let list = list.invalidation_list().unwrap();
    let ids: Vec<_> = list.items().iter().map(|item| item.id()).collect();
    assert_eq!(ids, [second.invalidation().unwrap().id(), created.id()]);
    assert_eq!((list.quantity(), list.is_truncated()), (2, false));

    let read = client
        .get_invalidation()
        .distribution_id(DISTRIBUTION)
        .id("I0")
        .send()
        .await;
    assert!(
        read.unwrap_err()
            .into_service_error()
            .is_no_such_invalidation()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_sent_twice_is_done_once() {
    let server = Server::start().await;
    let client = server.cloudfront();
    let first = create(&client, DISTRIBUTION, "r", &["/a", "/b"])
        .await
        .unwrap();
    let again = create(&client, DISTRIBUTION, "r", &["/a", "/b"])
        .await
        .unwrap();
    assert_eq!(first.invalidation(), again.invalidation());
    let error = create(&client, DISTRIBUTION, "r", &["/a"])
        .await
        .unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    assert_eq!(error.code(), Some("InvalidationBatchAlreadyExists"));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_batches_are_refused() {
    let server = Server::start().await;
    let client = server.cloudfront();
    let error = create(&client, "ANOTHER", "r", &["/"]).await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 404);
    assert!(error.into_service_error().is_no_such_distribution());
    for path in ["", "a", "*", "/a*b", "/**", "/with space", "/ü"] {
        let error = create(&client, DISTRIBUTION, "r", &["/ok", path])
            .await
            .unwrap_err();
        assert!(error.into_service_error().is_invalid_argument(), "{path:?}");
    }
    let error = create(&client, DISTRIBUTION, "r", &[]).await.unwrap_err();
    assert!(error.into_service_error().is_invalid_argument());
    let error = create(&client, DISTRIBUTION, "", &["/"]).await.unwrap_err();
    assert!(error.into_service_error().is_invalid_argument());
    let error = create(&client, DISTRIBUTION, "r", &vec!["/a"; 3_001])
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("BatchTooLarge"));
    create(&client, DISTRIBUTION, "r", &vec!["/a"; 3_000])
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_are_none_are_refused() {
    let server = Server::start().await;
    let path = format!("/2020-05-31/distribution/{DISTRIBUTION}/invalidation");
    let deep = "<a>".repeat(200_000);
    let two = "<InvalidationBatch><Paths><Quantity>2</Quantity><Items><Path>/</Path></Items>\
               </Paths><CallerReference>r</CallerReference></InvalidationBatch>";
    let entity = "<!DOCTYPE a [<!ENTITY e \"/\">]><InvalidationBatch><Paths><Quantity>1</Quantity>\
                  <Items><Path>&e;</Path></Items></Paths><CallerReference>r</CallerReference>\
                  </InvalidationBatch>";
    let large = "x".repeat(4 * 1024 * 1024 + 1);
    for (body, status, code) in [
        ("", 400, "MissingBody"),
        ("hello", 400, "MalformedXML"),
        ("<InvalidationBatch>", 400, "MalformedXML"),
        ("<InvalidationBatch/>", 400, "MalformedXML"),
        (&deep, 400, "MalformedXML"),
        (two, 400, "InconsistentQuantities"),
        (entity, 400, "MalformedXML"),
        (&large, 413, "BatchTooLarge"),
    ] {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let response = open(server.control, Method::POST, &path, &[], body).await;
        let reply = Reply::read(response).await;
        assert_eq!(reply.status, status, "{code}: {}", reply.text());
        assert!(
            reply.text().contains(&format!("<Code>{code}</Code>")),
            "{}",
            reply.text()
        );
    }
}
