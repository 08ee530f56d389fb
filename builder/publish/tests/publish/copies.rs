//! Files that are published as they are: copied on the server while their author may write them
//! again, and told apart by bytes and metadata.

use crate::meanwhile::{During, Meanwhile};
use crate::world::{ALL, SITE, come_through, keys, published_blog, shared, until_done};
use aws_sdk_s3::primitives::ByteStream;
use quillfront_publish::bucket::BuildError;
use std::sync::Arc;
use std::time::Duration;

const KEY: &str = "static/plain.txt";

/// Publishes V1 under [`KEY`], which its author replaces by V2 just before it is copied, and by
/// `last` just before the commit. What is published is then what is there, without a reconcile.
async fn replaced_while_it_is_copied(first: Option<&str>, last: Option<&'static str>) {
    let world = Arc::new(published_blog().await);
    if let Some(first) = first {
        world.put(KEY, first).await;
        until_done(&world, &world.builder(), &keys([KEY])).await;
    }
    world.put(KEY, "V1").await;
    let (one, two) = (world.clone(), world.clone());
    let meanwhile = Meanwhile::default()
        .before("PUT", "/site/plain.txt", move || async move {
            one.put(KEY, "V2").await;
        })
        .before("PUT", "/state/root.json", || async {})
        .before("PUT", "/state/root.json", move || async move {
            match last {
                Some(last) => two.put(KEY, last).await,
                None => two.remove(KEY).await,
            }
        });
    let meanwhile = Arc::new(meanwhile);
    let builder = world.builder_over(ALL, Some(shared(During(meanwhile.clone()))));
    come_through(&builder).await;
    builder.run(keys([KEY])).await.unwrap();
    assert!(meanwhile.is_over());
    until_done(&world, &world.builder(), &keys([KEY])).await;
    world.assert_incremental_equals_clean("copied").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_another_while_it_is_copied_and_then_as_it_was_is_copied_again() {
    replaced_while_it_is_copied(Some("V0"), Some("V1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_that_is_another_while_it_is_copied_and_then_goes_is_not_left_behind() {
    replaced_while_it_is_copied(None, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_another_by_then_is_not_copied_when_the_lease_is_nearly_over() {
    let world = Arc::new(published_blog().await);
    world.put(KEY, "V1").await;
    let other = world.clone();
    let slowly = move || async move {
        other.put(KEY, "V2").await;
        other.host.advance(Duration::from_secs(80));
    };
    let meanwhile = Arc::new(Meanwhile::default().before("PUT", "/site/plain.txt", slowly));
    let builder = world.builder_over(ALL, Some(shared(During(meanwhile.clone()))));
    let ended = builder.run(keys([KEY])).await;
    assert!(meanwhile.is_over() && matches!(ended, Err(BuildError::LostRace)));
    assert!(!world.site().await.contains_key("plain.txt"));
    world.host.advance(Duration::from_secs(600));
    until_done(&world, &world.builder(), &keys([KEY])).await;
    world.assert_incremental_equals_clean("in time").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_with_other_metadata_are_not_what_was_meant() {
    let world = published_blog().await;
    let put = world.client.put_object().bucket(SITE).key("plain.txt");
    let put = put.body(ByteStream::from_static(b"V1"));
    put.content_type("application/wrong").send().await.unwrap();
    world.put(KEY, "V1").await;
    until_done(&world, &world.builder(), &keys([KEY])).await;
    world.assert_incremental_equals_clean("metadata").await;
}
