use aws_sdk_s3::types::EncodingType;

use crate::harness::{Bench, code, refusal};

async fn bench_with(keys: &[&str]) -> Bench {
    let bench = Bench::new().await;
    for key in keys {
        bench.put(key, *key).await;
    }
    bench
}

#[tokio::test]
async fn entries_say_what_there_is() {
    let bench = bench_with(&["b", "a"]).await;
    let listed = bench
        .client
        .list_objects_v2()
        .bucket(&bench.bucket)
        .fetch_owner(true)
        .send()
        .await
        .expect("list");
    assert_eq!(
        (listed.name(), listed.key_count(), listed.is_truncated()),
        (Some(bench.bucket.as_str()), Some(2), Some(false))
    );
    let first = &listed.contents()[0];
    assert_eq!((first.key(), first.size()), (Some("a"), Some(1)));
    assert_eq!(first.e_tag(), Some("\"0cc175b9c0f1b6a831c399e269772661\""));
    assert_eq!(
        first.storage_class().map(|class| class.as_str()),
        Some("STANDARD")
    );
    assert!(first.last_modified().is_some() && first.owner().is_some());
    bench.finish().await;
}

#[tokio::test]
async fn pages_with_a_delimiter() {
    let bench = bench_with(&["a", "b/", "b/1", "b/2", "b/c/3", "d/1", "e", "f/1", "g"]).await;
    let (mut token, mut lines, mut pages) = (None, Vec::new(), 0);
    loop {
        let list = bench
            .client
            .list_objects_v2()
            .bucket(&bench.bucket)
            .delimiter("/")
            .max_keys(2);
        let page = list
            .set_continuation_token(token)
            .send()
            .await
            .expect("a page");
        let mut page_lines: Vec<String> = page
            .contents()
            .iter()
            .filter_map(|object| object.key.clone())
            .collect();
        page_lines.extend(
            page.common_prefixes()
                .iter()
                .filter_map(|prefix| prefix.prefix.clone()),
        );
        page_lines.sort();
        assert_eq!(page.key_count(), Some(page_lines.len() as i32));
        lines.extend(page_lines);
        pages += 1;
        token = page.next_continuation_token;
        assert_eq!(page.is_truncated, Some(token.is_some()));
        if token.is_none() {
            break;
        }
    }
    assert_eq!(lines, ["a", "b/", "d/", "e", "f/", "g"]);
    assert_eq!(pages, 3);
    let inside = bench
        .client
        .list_objects_v2()
        .bucket(&bench.bucket)
        .prefix("b/")
        .delimiter("/")
        .send()
        .await;
    let inside = inside.expect("a listing");
    let keys: Vec<_> = inside
        .contents()
        .iter()
        .filter_map(|object| object.key())
        .collect();
    assert_eq!(keys, ["b/", "b/1", "b/2"]);
    assert_eq!(inside.common_prefixes()[0].prefix(), Some("b/c/"));
    bench.finish().await;
}

#[tokio::test]
async fn start_after_and_prefix() {
    let bench = bench_with(&["a", "b", "ba", "bb", "c"]).await;
    let list = || bench.client.list_objects_v2().bucket(&bench.bucket);
    let keys = |page: aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output| -> Vec<String> {
        page.contents()
            .iter()
            .filter_map(|object| object.key.clone())
            .collect()
    };
    assert_eq!(
        keys(list().start_after("b").send().await.expect("list")),
        ["ba", "bb", "c"]
    );
    assert_eq!(
        keys(
            list()
                .prefix("b")
                .start_after("b")
                .send()
                .await
                .expect("list")
        ),
        ["ba", "bb"]
    );
    assert_eq!(
        keys(list().prefix("x").send().await.expect("list")),
        [""; 0]
    );
    assert_eq!(
        keys(list().max_keys(0).send().await.expect("list")),
        [""; 0]
    );
    assert_eq!(
        refusal(list().max_keys(-1).send().await),
        code(400, "InvalidArgument")
    );
    assert_eq!(
        refusal(list().continuation_token("nonsense").send().await),
        code(400, "InvalidArgument")
    );
    bench.finish().await;
}

#[tokio::test]
async fn more_than_a_page() {
    let bench = Bench::new().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..1234 {
        let put = bench
            .client
            .put_object()
            .bucket(&bench.bucket)
            .key(format!("n/{n:04}"));
        tasks.spawn(async move { put.send().await.expect("put") });
        if tasks.len() == 32 {
            tasks.join_next().await;
        }
    }
    while tasks.join_next().await.is_some() {}
    let first = bench
        .client
        .list_objects_v2()
        .bucket(&bench.bucket)
        .max_keys(5000)
        .send()
        .await
        .expect("list");
    assert_eq!(
        (first.key_count(), first.is_truncated()),
        (Some(1000), Some(true))
    );
    let expected: Vec<String> = (0..1234).map(|n| format!("n/{n:04}")).collect();
    assert_eq!(bench.keys().await, expected);
    bench.finish().await;
}

#[tokio::test]
async fn names_can_be_url_encoded() {
    let bench = bench_with(&["a b/ü+", "a b/x/y"]).await;
    let list = bench
        .client
        .list_objects_v2()
        .bucket(&bench.bucket)
        .encoding_type(EncodingType::Url);
    let page = list
        .prefix("a b/")
        .delimiter("/")
        .send()
        .await
        .expect("list");
    assert_eq!(page.contents()[0].key(), Some("a+b/%C3%BC%2B"));
    assert_eq!(page.common_prefixes()[0].prefix(), Some("a+b/x/"));
    assert_eq!(page.prefix(), Some("a+b/"));
    assert_eq!(page.encoding_type(), Some(&EncodingType::Url));
    bench.finish().await;
}

#[tokio::test]
async fn the_first_version_of_the_listing() {
    let bench = bench_with(&["a", "b/1", "b/2", "c", "d"]).await;
    let (mut marker, mut lines) = (None, Vec::new());
    loop {
        let list = bench
            .client
            .list_objects()
            .bucket(&bench.bucket)
            .delimiter("/")
            .max_keys(1);
        let page = list.set_marker(marker).send().await.expect("a page");
        lines.extend(
            page.contents()
                .iter()
                .filter_map(|object| object.key.clone()),
        );
        lines.extend(
            page.common_prefixes()
                .iter()
                .filter_map(|prefix| prefix.prefix.clone()),
        );
        if page.is_truncated != Some(true) {
            break;
        }
        marker = page.next_marker;
        assert!(marker.is_some());
    }
    assert_eq!(lines, ["a", "b/", "c", "d"]);
    bench.finish().await;
}
