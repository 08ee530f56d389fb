use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::DateTime;
use tokio::task::JoinSet;

use crate::harness::{Bench, code, refusal};

#[tokio::test]
async fn if_none_match_writes_only_where_nothing_is() {
    let bench = Bench::new().await;
    let put = || {
        bench
            .client
            .put_object()
            .bucket(&bench.bucket)
            .key("k")
            .if_none_match("*")
    };
    put()
        .body(b"first".to_vec().into())
        .send()
        .await
        .expect("nothing is there");
    assert_eq!(refusal(put().send().await), code(412, "PreconditionFailed"));
    assert_eq!(bench.get("k").await, b"first");
    bench
        .client
        .delete_object()
        .bucket(&bench.bucket)
        .key("k")
        .send()
        .await
        .expect("delete");
    put().send().await.expect("nothing is there again");
    bench.finish().await;
}

#[tokio::test]
async fn if_match_writes_only_over_what_was_seen() {
    let bench = Bench::new().await;
    let put = |etag: &str| {
        bench
            .client
            .put_object()
            .bucket(&bench.bucket)
            .key("k")
            .if_match(etag)
    };
    assert_eq!(refusal(put("\"abc\"").send().await), code(404, "NoSuchKey"));
    let etag = bench.put("k", "one").await;
    assert_eq!(
        refusal(put("\"abc\"").send().await),
        code(412, "PreconditionFailed")
    );
    let next = put(&etag)
        .body(b"two".to_vec().into())
        .send()
        .await
        .expect("the one that was seen");
    assert_eq!(
        refusal(put(&etag).send().await),
        code(412, "PreconditionFailed")
    );
    put(next.e_tag().expect("an ETag").trim_matches('"'))
        .send()
        .await
        .expect("without quotes");
    bench.finish().await;
}

#[tokio::test]
async fn of_64_that_create_one_wins() {
    let bench = Bench::new().await;
    for round in 0..5 {
        let key = format!("round-{round}");
        let mut tasks = JoinSet::new();
        for n in 0..64 {
            let put = bench
                .client
                .put_object()
                .bucket(&bench.bucket)
                .key(&key)
                .if_none_match("*");
            let put = put.body(format!("{n}").into_bytes().into());
            tasks.spawn(async move { put.send().await.map(|_| n) });
        }
        let mut winners = Vec::new();
        while let Some(done) = tasks.join_next().await {
            match done.expect("no panic") {
                Ok(n) => winners.push(n),
                // AWS may also say that two met (409); then nobody won.
                lost => assert!(matches!(refusal(lost).0, 412 | 409)),
            }
        }
        assert_eq!(winners.len(), 1);
        assert_eq!(bench.get(&key).await, winners[0].to_string().as_bytes());
    }
    bench.finish().await;
}

#[tokio::test]
async fn a_counter_kept_by_compare_and_swap_loses_nothing() {
    const TASKS: u32 = 8;
    const EACH: u32 = 10;
    let bench = Bench::new().await;
    bench.put("counter", "0").await;
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (client, bucket) = (bench.client.clone(), bench.bucket.clone());
        tasks.spawn(async move {
            let mut done = 0;
            while done < EACH {
                let get = client
                    .get_object()
                    .bucket(&bucket)
                    .key("counter")
                    .send()
                    .await
                    .expect("get");
                let etag = get.e_tag().expect("an ETag").to_owned();
                let text = get.body.collect().await.expect("body").to_vec();
                let count: u32 = String::from_utf8_lossy(&text).parse().expect("a number");
                let put = client
                    .put_object()
                    .bucket(&bucket)
                    .key("counter")
                    .if_match(etag);
                match put
                    .body((count + 1).to_string().into_bytes().into())
                    .send()
                    .await
                {
                    Ok(_) => done += 1,
                    lost => assert!(matches!(refusal(lost).0, 412 | 409)),
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    assert_eq!(
        bench.get("counter").await,
        (TASKS * EACH).to_string().as_bytes()
    );
    bench.finish().await;
}

#[tokio::test]
async fn reads_have_their_conditions() {
    let bench = Bench::new().await;
    let etag = bench.put("k", "v").await;
    let get = || bench.client.get_object().bucket(&bench.bucket).key("k");
    let head = || bench.client.head_object().bucket(&bench.bucket).key("k");
    let hour = Duration::from_secs(3600);
    let (past, future) = (
        DateTime::from(SystemTime::now() - hour),
        DateTime::from(SystemTime::now() + hour),
    );

    get().if_match(&etag).send().await.expect("it matches");
    assert_eq!(
        refusal(get().if_match("\"x\"").send().await),
        code(412, "PreconditionFailed")
    );
    get()
        .if_none_match("\"x\"")
        .send()
        .await
        .expect("it is another");
    assert_eq!(refusal(get().if_none_match(&etag).send().await).0, 304);
    assert_eq!(refusal(head().if_none_match(&etag).send().await).0, 304);
    assert_eq!(refusal(head().if_match("\"x\"").send().await).0, 412);

    get()
        .if_modified_since(past)
        .send()
        .await
        .expect("it was modified since");
    assert_eq!(refusal(get().if_modified_since(future).send().await).0, 304);
    get()
        .if_unmodified_since(future)
        .send()
        .await
        .expect("it was not modified since");
    assert_eq!(
        refusal(get().if_unmodified_since(past).send().await),
        code(412, "PreconditionFailed")
    );

    // An ETag outweighs a time.
    get()
        .if_match(&etag)
        .if_unmodified_since(past)
        .send()
        .await
        .expect("the ETag decides");
    assert_eq!(
        refusal(
            get()
                .if_none_match(&etag)
                .if_modified_since(past)
                .send()
                .await
        )
        .0,
        304
    );
    // A missing object is missing before it is anything else.
    let missing = bench
        .client
        .get_object()
        .bucket(&bench.bucket)
        .key("missing")
        .if_match(&etag);
    assert_eq!(refusal(missing.send().await), code(404, "NoSuchKey"));
    bench.finish().await;
}

#[tokio::test]
async fn deletes_have_their_conditions() {
    let bench = Bench::new().await;
    let delete = |etag: &str| {
        bench
            .client
            .delete_object()
            .bucket(&bench.bucket)
            .key("k")
            .if_match(etag)
    };
    let etag = bench.put("k", "v").await;
    assert_eq!(
        refusal(delete("\"x\"").send().await),
        code(412, "PreconditionFailed")
    );
    assert_eq!(bench.get("k").await, b"v");
    delete(&etag).send().await.expect("the one that was seen");
    delete(&etag)
        .send()
        .await
        .expect("what is gone was not changed");
    bench.put("k", "v").await;
    delete("*").send().await.expect("something is there");
    assert_eq!(refusal(delete("*").send().await).0, 412);
    bench.finish().await;
}

#[tokio::test]
async fn a_delete_and_a_write_on_condition_do_not_both_win() {
    let bench = Bench::new().await;
    for _ in 0..20 {
        let etag = bench.put("k", "seen").await;
        let put = bench
            .client
            .put_object()
            .bucket(&bench.bucket)
            .key("k")
            .if_match(&etag);
        let delete = bench
            .client
            .delete_object()
            .bucket(&bench.bucket)
            .key("k")
            .if_match(&etag);
        let (put, delete) = tokio::join!(put.body(b"new".to_vec().into()).send(), delete.send());
        match (put, delete) {
            (Ok(_), delete) => assert!(matches!(refusal(delete).0, 412 | 409)),
            (put, Ok(_)) => assert!(matches!(refusal(put).0, 404 | 409)),
            (put, delete) => panic!("one of them wins: {put:?} {delete:?}"),
        }
    }
    bench.finish().await;
}
