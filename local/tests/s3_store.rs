//! What only the embedded store has: a folder, a Rust interface, events.

#[path = "s3_harness/mod.rs"]
mod harness;

use std::path::{Path, PathBuf};

use aws_lambda_events::event::s3::{S3Event, S3EventRecord};
use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, Delete, MetadataDirective, ObjectIdentifier,
};
use harness::{Server, noise};
use quillfront_local::s3::{Store, StoreError};
use tokio::sync::mpsc::UnboundedReceiver;

const BUCKET: &str = "source";

async fn server(dir: &Path) -> Server {
    let server = Server::start(dir).await;
    server.store.create_bucket(BUCKET).await.expect("a bucket");
    server
}

/// All files below a folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found
}

#[tokio::test]
async fn one_process_at_a_time() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = Store::open(dir.path()).await.expect("open");
    assert!(matches!(
        Store::open(dir.path()).await,
        Err(StoreError::Held(_))
    ));
    drop(first);
    Store::open(dir.path()).await.expect("it is free again");
}

#[tokio::test]
async fn the_rust_interface_reads_what_http_wrote() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = server(dir.path()).await;
    server
        .store
        .create_bucket(BUCKET)
        .await
        .expect("again is no error");
    for size in [0, 5, 2 << 20] {
        let put = server
            .client()
            .put_object()
            .bucket(BUCKET)
            .key("k")
            .body(noise(7, size).into());
        put.content_type("text/x")
            .metadata("a", "b")
            .send()
            .await
            .expect("put");
        let mut object = server
            .store
            .get(BUCKET, "k")
            .await
            .expect("get")
            .expect("it is there");
        assert_eq!(object.meta.content_type.as_deref(), Some("text/x"));
        assert_eq!(object.meta.metadata.get("a").map(String::as_str), Some("b"));
        assert_eq!(object.meta.size, size as u64);
        let bytes = object.contents.read_all().expect("read");
        assert!(bytes == noise(7, size));
    }
    assert!(
        server
            .store
            .get(BUCKET, "missing")
            .await
            .expect("get")
            .is_none()
    );
    assert!(matches!(
        server.store.get("missing", "k").await,
        Err(StoreError::NoSuchBucket(_))
    ));
    assert!(matches!(
        server.store.create_bucket("NO").await,
        Err(StoreError::InvalidBucketName(_))
    ));
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let dir = tempfile::tempdir().expect("a folder");
    let running = server(dir.path()).await;
    let client = running.client();
    let keys = ["a", "a/b", "../x", "big", "trailing/"];
    for key in keys {
        let size = if key == "big" { 3 << 20 } else { 100 };
        let put = client
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .body(noise(key.len() as u64, size).into());
        put.metadata("key", key)
            .cache_control("no-cache")
            .send()
            .await
            .expect("put");
    }
    client
        .put_object()
        .bucket(BUCKET)
        .key("gone")
        .send()
        .await
        .expect("put");
    client
        .delete_object()
        .bucket(BUCKET)
        .key("gone")
        .send()
        .await
        .expect("delete");
    let create = client
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("later")
        .send()
        .await
        .expect("create");
    let id = create.upload_id.expect("an id");
    let part = client
        .upload_part()
        .bucket(BUCKET)
        .key("later")
        .upload_id(&id)
        .part_number(1);
    let etag = part
        .body(b"part".to_vec().into())
        .send()
        .await
        .expect("part")
        .e_tag;
    let before = client
        .list_objects_v2()
        .bucket(BUCKET)
        .send()
        .await
        .expect("list");
    running.stop().await;
    drop(client);

    let running = server(dir.path()).await;
    let client = running.client();
    let after = client
        .list_objects_v2()
        .bucket(BUCKET)
        .send()
        .await
        .expect("list");
    assert_eq!(after.contents(), before.contents());
    for key in keys {
        let get = client
            .get_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .expect("get");
        assert_eq!(
            get.metadata()
                .and_then(|metadata| metadata.get("key"))
                .map(String::as_str),
            Some(key)
        );
        assert_eq!(get.cache_control(), Some("no-cache"));
        let size = if key == "big" { 3 << 20 } else { 100 };
        assert!(
            get.body.collect().await.expect("body").to_vec() == noise(key.len() as u64, size),
            "{key}"
        );
    }
    let parts = CompletedPart::builder()
        .part_number(1)
        .set_e_tag(etag)
        .build();
    let parts = CompletedMultipartUpload::builder().parts(parts).build();
    let complete = client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key("later")
        .upload_id(&id);
    complete
        .multipart_upload(parts)
        .send()
        .await
        .expect("an upload goes on after a restart");
}

#[tokio::test]
async fn what_is_deleted_leaves_no_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = server(dir.path()).await;
    let empty = files(dir.path()).len();
    let client = server.client();
    for round in 0..3_u64 {
        for size in [10, 3 << 20] {
            let key = format!("k{size}");
            let put = client
                .put_object()
                .bucket(BUCKET)
                .key(key)
                .body(noise(round, size).into());
            put.send().await.expect("put");
        }
    }
    let copy = client
        .copy_object()
        .bucket(BUCKET)
        .key("copy")
        .copy_source(format!("{BUCKET}/k3145728"));
    copy.send().await.expect("copy");
    let refused = client
        .put_object()
        .bucket(BUCKET)
        .key("copy")
        .body(noise(1, 2 << 20).into())
        .if_none_match("*");
    refused.send().await.expect_err("something is there");
    for key in ["k10", "k3145728", "copy"] {
        client
            .delete_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .expect("delete");
    }
    assert_eq!(files(dir.path()).len(), empty);
}

#[tokio::test]
async fn what_a_crash_left_is_swept() {
    let dir = tempfile::tempdir().expect("a folder");
    let running = server(dir.path()).await;
    running
        .client()
        .put_object()
        .bucket(BUCKET)
        .key("k")
        .body(noise(1, 2 << 20).into())
        .send()
        .await
        .expect("put");
    running.stop().await;
    let bucket = dir.path().join("buckets").join(BUCKET);
    let before = files(dir.path()).len();
    for (folder, name) in [
        (dir.path().join("tmp"), "half"),
        (bucket.join("blobs"), "0123456789abcdef0123"),
    ] {
        std::fs::write(folder.join(name), b"half").expect("a file");
    }
    let running = server(dir.path()).await;
    assert_eq!(files(dir.path()).len(), before);
    running
        .client()
        .head_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .expect("the real one stays");
    running.stop().await;
}

fn next(events: &mut UnboundedReceiver<String>) -> S3EventRecord {
    let document = events
        .try_recv()
        .expect("an event was sent before the answer");
    let event: S3Event = serde_json::from_str(&document).expect("aws_lambda_events reads it");
    assert_eq!(event.records.len(), 1);
    event.records.into_iter().next().expect("a record")
}

#[tokio::test]
async fn every_change_is_an_event() {
    let dir = tempfile::tempdir().expect("a folder");
    let running = server(dir.path()).await;
    running
        .store
        .create_bucket("other")
        .await
        .expect("a bucket");
    let mut events = running.store.subscribe(BUCKET);
    let client = running.client();
    let put = client
        .put_object()
        .bucket(BUCKET)
        .key("content/a b+ü.md")
        .body(b"abc".to_vec().into());
    put.send().await.expect("put");
    let event = next(&mut events);
    assert_eq!(event.event_version.as_deref(), Some("2.6"));
    assert_eq!(event.event_source.as_deref(), Some("aws:s3"));
    assert_eq!(event.aws_region.as_deref(), Some("us-east-1"));
    assert_eq!(event.event_name.as_deref(), Some("ObjectCreated:Put"));
    assert_eq!(
        event.request_parameters.source_ip_address.as_deref(),
        Some("127.0.0.1")
    );
    assert!(event.response_elements.contains_key("x-amz-request-id"));
    assert!(event.response_elements.contains_key("x-amz-id-2"));
    assert_eq!(event.s3.schema_version.as_deref(), Some("1.0"));
    assert_eq!(event.s3.bucket.name.as_deref(), Some(BUCKET));
    assert_eq!(event.s3.bucket.arn.as_deref(), Some("arn:aws:s3:::source"));
    assert_eq!(
        event.s3.object.key.as_deref(),
        Some("content/a+b%2B%C3%BC.md")
    );
    assert_eq!(event.s3.object.size, Some(3));
    assert_eq!(
        event.s3.object.e_tag.as_deref(),
        Some("900150983cd24fb0d6963f7d28e17f72")
    );
    let mut sequencers = vec![event.s3.object.sequencer.expect("a sequencer")];

    let mut expect = |event: S3EventRecord, name: &str, key: &str| {
        assert_eq!(
            (event.event_name.as_deref(), event.s3.object.key.as_deref()),
            (Some(name), Some(key))
        );
        let removed = name == "ObjectRemoved:Delete";
        assert_eq!(
            event.s3.object.size.is_none() && event.s3.object.e_tag.is_none(),
            removed
        );
        sequencers.push(event.s3.object.sequencer.expect("a sequencer"));
    };
    let copy = client
        .copy_object()
        .bucket(BUCKET)
        .key("k")
        .copy_source("source/content/a%20b%2B%C3%BC.md");
    copy.send().await.expect("copy");
    expect(next(&mut events), "ObjectCreated:Copy", "k");
    let copy = client
        .copy_object()
        .bucket(BUCKET)
        .key("k")
        .copy_source("source/k");
    copy.metadata_directive(MetadataDirective::Replace)
        .send()
        .await
        .expect("new metadata");
    expect(next(&mut events), "ObjectCreated:Copy", "k");
    client
        .delete_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .expect("delete");
    expect(next(&mut events), "ObjectRemoved:Delete", "k");

    let id = client
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("m")
        .send()
        .await
        .expect("create")
        .upload_id;
    let id = id.expect("an id");
    let part = client
        .upload_part()
        .bucket(BUCKET)
        .key("m")
        .upload_id(&id)
        .part_number(1)
        .send()
        .await
        .expect("part");
    let parts = CompletedPart::builder()
        .part_number(1)
        .set_e_tag(part.e_tag)
        .build();
    let complete = client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key("m")
        .upload_id(&id);
    let parts = CompletedMultipartUpload::builder().parts(parts).build();
    complete
        .multipart_upload(parts)
        .send()
        .await
        .expect("complete");
    expect(
        next(&mut events),
        "ObjectCreated:CompleteMultipartUpload",
        "m",
    );

    // Nothing happened, or not here.
    client
        .delete_object()
        .bucket(BUCKET)
        .key("missing")
        .send()
        .await
        .expect("delete");
    client
        .put_object()
        .bucket(BUCKET)
        .key("m")
        .if_none_match("*")
        .send()
        .await
        .expect_err("refused");
    client
        .put_object()
        .bucket("other")
        .key("x")
        .send()
        .await
        .expect("put");
    assert!(events.try_recv().is_err());

    let both = ["m", "missing", "content/a b+ü.md"]
        .map(|key| ObjectIdentifier::builder().key(key).build().expect("a key"));
    let delete = Delete::builder()
        .set_objects(Some(both.to_vec()))
        .build()
        .expect("keys");
    client
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete)
        .send()
        .await
        .expect("delete");
    expect(next(&mut events), "ObjectRemoved:Delete", "m");
    expect(
        next(&mut events),
        "ObjectRemoved:Delete",
        "content/a+b%2B%C3%BC.md",
    );
    assert!(events.try_recv().is_err());
    running.stop().await;

    let running = server(dir.path()).await;
    let mut events = running.store.subscribe(BUCKET);
    running
        .client()
        .put_object()
        .bucket(BUCKET)
        .key("n")
        .send()
        .await
        .expect("put");
    expect(next(&mut events), "ObjectCreated:Put", "n");
    assert!(
        sequencers.is_sorted_by(|a, b| a < b),
        "across restarts too: {sequencers:?}"
    );
}
