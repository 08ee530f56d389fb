use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;

use crate::harness::{Bench, code, exchange, head_of_answer, noise, refusal};

#[tokio::test]
async fn a_wrong_secret_opens_nothing() {
    let bench = Bench::new().await;
    bench.put("k", "v").await;
    let client = bench.client_with(None, Some("wrong"));
    let expected = code(403, "SignatureDoesNotMatch");
    assert_eq!(
        refusal(
            client
                .get_object()
                .bucket(&bench.bucket)
                .key("k")
                .send()
                .await
        ),
        expected
    );
    assert_eq!(
        refusal(
            client
                .put_object()
                .bucket(&bench.bucket)
                .key("k")
                .send()
                .await
        ),
        expected
    );
    assert_eq!(refusal(client.list_buckets().send().await), expected);
    let client = bench.client_with(Some("AKIAUNKNOWN"), None);
    assert_eq!(
        refusal(client.list_buckets().send().await),
        code(403, "InvalidAccessKeyId")
    );
    assert_eq!(bench.get("k").await, b"v");
    bench.finish().await;
}

#[tokio::test]
async fn nobody_gets_nothing() {
    let bench = Bench::new().await;
    if bench.endpoint.starts_with("https:") {
        return bench.finish().await;
    }
    bench.put("k", "v").await;
    let url = format!("{}/{}/k", bench.endpoint, bench.bucket);
    for method in ["GET", "PUT", "DELETE"] {
        let (status, _, body) = exchange(method, &url, b"").await;
        assert_eq!(status, 403, "{method}");
        assert!(
            String::from_utf8_lossy(&body).contains("<Code>AccessDenied</Code>"),
            "{method}"
        );
    }
    assert_eq!(bench.get("k").await, b"v");
    bench.finish().await;
}

#[tokio::test]
async fn a_presigned_url_is_enough() {
    let bench = Bench::new().await;
    if bench.endpoint.starts_with("https:") {
        return bench.finish().await;
    }
    let expires = || PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let (bytes, key) = (noise(1, 300_000), "dir/a b+ü.bin");
    let put = bench
        .plain_client()
        .put_object()
        .bucket(&bench.bucket)
        .key(key)
        .presigned(expires())
        .await
        .expect("a URL");
    let (status, _, answer) = exchange("PUT", put.uri(), &bytes).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    let get = bench
        .client
        .get_object()
        .bucket(&bench.bucket)
        .key(key)
        .presigned(expires())
        .await
        .expect("a URL");
    let (status, head, body) = exchange("GET", get.uri(), b"").await;
    assert_eq!(status, 200);
    assert!(body == bytes);
    assert!(head.contains("x-amz-request-id: "), "{head}");

    let (status, _, _) = exchange("PUT", get.uri(), b"").await;
    assert_eq!(status, 403, "a URL to read is not one to write");
    let other = get.uri().replace("dir/", "dir2/");
    assert_eq!(
        exchange("GET", &other, b"").await.0,
        403,
        "nor one of another key"
    );
    assert!(bench.get(key).await == bytes);
    bench.finish().await;
}

#[tokio::test]
async fn a_not_modified_answer_has_its_headers_and_no_body() {
    let bench = Bench::new().await;
    if bench.endpoint.starts_with("https:") {
        return bench.finish().await;
    }
    let etag = bench.put("k", "v").await;
    let expires = PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let get = bench
        .client
        .get_object()
        .bucket(&bench.bucket)
        .key("k")
        .presigned(expires)
        .await
        .expect("a URL");
    let request = format!("GET\nif-none-match: {etag}\r\n");
    let (status, head, body) = exchange(&request, get.uri(), b"").await;
    assert_eq!((status, body.as_slice()), (304, &b""[..]));
    assert!(
        head.contains(&format!("etag: {etag}")) && head.contains("last-modified: "),
        "{head}"
    );
    bench.finish().await;
}

/// botocore, and so the AWS CLI, misreads the next answer on a connection that stays open.
#[tokio::test]
async fn a_final_answer_in_place_of_100_continue_ends_the_connection() {
    let bench = Bench::new().await;
    // How another server handles this is its own affair.
    if bench.store().is_none() {
        return bench.finish().await;
    }
    let expires = || PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let put = || {
        bench
            .plain_client()
            .put_object()
            .bucket(&bench.bucket)
            .key("k")
    };
    let waiting = "expect: 100-continue\r\nconnection: keep-alive\r\n";

    let empty = put().presigned(expires()).await.expect("a URL");
    let (status, head) = head_of_answer("PUT", waiting, empty.uri(), 0).await;
    assert_eq!(status, 200);
    assert!(head.contains("connection: close"), "an empty body: {head}");

    let refused = empty.uri().replace("/k?", "/other?");
    let (status, head) = head_of_answer("PUT", waiting, &refused, 1000).await;
    assert_eq!(status, 403);
    assert!(
        head.contains("connection: close"),
        "a refusal before the body: {head}"
    );

    let (status, _) = head_of_answer("PUT", waiting, empty.uri(), 1000).await;
    assert_eq!(status, 100, "a body that is wanted is asked for");
    bench.finish().await;
}
