//! A run that finds the same work again and again ends, and leaves it to the next one.

use crate::meanwhile::{During, Meanwhile};
use crate::world::{ALL, keys, published_blog, shared, until_done};
use quillfront_site::report::Report;
use std::sync::Arc;

const KEY: &str = "static/plain.txt";

fn told(reports: &[Report]) -> Vec<&str> {
    let told = reports.iter().flat_map(|report| &report.diagnostics);
    let told = told.filter(|told| told.code == "again-and-again");
    told.map(|told| told.file.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_another_each_time_that_it_is_copied_waits_for_the_next_run() {
    let world = Arc::new(published_blog().await);
    world.put(KEY, "first").await;
    until_done(&world, &world.builder(), &keys([KEY])).await;
    world.put(KEY, "second").await;
    let mut meanwhile = Meanwhile::default();
    for round in 0..40 {
        let other = world.clone();
        let rewrites = move || async move { other.put(KEY, format!("round {round}")).await };
        meanwhile = meanwhile.before("PUT", "/site/plain.txt", rewrites);
    }
    let meanwhile = Arc::new(meanwhile);
    let builder = world.builder_over(ALL, Some(shared(During(meanwhile.clone()))));
    let reports = builder.run(keys([KEY])).await.unwrap();
    assert!(!meanwhile.is_over(), "it never ends");
    assert_eq!((reports.len(), told(&reports)), (17, vec![KEY]));
    let deferred = reports.iter().map(|report| report.deferred);
    assert_eq!(deferred.filter(|is_deferred| *is_deferred).count(), 1);
    assert!(reports[16].deferred, "whoever asked has to ask again");
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    assert!(root.lease.is_none() && root.hints.contains_key(KEY));
    // Another event, about nothing, once it is left alone.
    let reports = until_done(&world, &world.builder(), &keys(["content/never.md"])).await;
    assert!(told(&reports).is_empty(), "{reports:?}");
    world.assert_incremental_equals_clean("left alone").await;
}
