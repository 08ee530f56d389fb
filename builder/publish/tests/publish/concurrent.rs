//! Several builders at once: one writer, no hint missed.

use crate::world::{keys, published_blog, until_done};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn builders_that_start_together_leave_the_tree_of_a_clean_build() {
    let world = published_blog().await;
    let world = &world;
    let builders = (0..8).map(|n| async move {
        let key = format!("content/blog/n{n}.md");
        let text = format!("+++\ntitle = \"N{n}\"\ndate = 2026-05-0{}\n+++\nx\n", n + 1);
        world.put(&key, text).await;
        until_done(world, &world.builder(), &keys([key.as_str()])).await;
    });
    futures::future::join_all(builders).await;
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    assert_eq!(root.lease, None);
    assert!(root.hints.is_empty(), "{:?}", root.hints);
    let tree = world.site().await;
    for n in 0..8 {
        assert!(tree.contains_key(&format!("blog/n{n}/index.html")), "n{n}");
    }
    world.assert_incremental_equals_clean("eight at once").await;
}
