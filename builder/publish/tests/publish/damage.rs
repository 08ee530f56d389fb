//! A state whose objects were changed where they lay.

use crate::world::{STATE, World, keys, published_blog, until_done};
use aws_sdk_s3::primitives::ByteStream;
use quillfront_publish::bucket::run::Work;
use std::time::Duration;

async fn put_state(world: &World, key: &str, bytes: Vec<u8>) {
    let put = world.client.put_object().bucket(STATE).key(key);
    put.body(ByteStream::from(bytes)).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_segment_is_told_and_a_new_state_finds_everything_again() {
    let world = published_blog().await;
    let before = world.site().await;
    let edited =
        "+++\ntitle = \"A again\"\ndate = 2026-01-01\n[taxonomies]\ntags = [\"x\"]\n+++\nText.\n";
    world.put("content/blog/a.md", edited).await;
    let state = world.tree(STATE).await;
    let segments: Vec<_> = state
        .iter()
        .filter(|(key, _)| key.starts_with("segments/"))
        .collect();
    assert!(segments.len() >= 4, "{}", segments.len());
    for (key, (bytes, ..)) in &segments {
        let mut damaged = bytes.clone();
        damaged[bytes.len() / 3] ^= 1;
        put_state(&world, key, damaged).await;
        let told = world.builder().run(keys(["content/blog/a.md"])).await;
        let told = told.expect_err(key).to_string();
        assert!(told.contains("damaged") && told.contains(*key), "{told}");
        assert!(told.contains("move root.json away"), "{told}");
        assert_eq!(world.site().await, before, "{key}");
        put_state(&world, key, bytes.clone()).await;
        // What failed under the lease leaves it.
        world.host.advance(Duration::from_secs(15 * 60));
    }
    let (key, (bytes, ..)) = segments[0];
    put_state(&world, key, bytes[..bytes.len() / 2].to_vec()).await;
    let gone = world.client.delete_object().bucket(STATE).key("root.json");
    gone.send().await.unwrap();
    until_done(&world, &world.builder(), &Work::Reconcile).await;
    let after = world.site().await;
    assert!(after.keys().eq(before.keys()));
    let page = String::from_utf8_lossy(&after["blog/a/index.html"].0).into_owned();
    assert!(page.contains("A again"), "{page}");
    world.assert_incremental_equals_clean("a new state").await;
}
