use aws_sdk_s3::types::MetadataDirective;

use crate::harness::{Bench, code, noise, refusal};

/// `x-amz-copy-source` as clients write it.
fn source(bench: &Bench, key: &str) -> String {
    let encoded: String = key
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                (byte as char).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("{}/{encoded}", bench.bucket)
}

#[tokio::test]
async fn a_copy_has_the_bytes_and_the_headers() {
    let bench = Bench::new().await;
    for size in [0, 1000, 1 << 20, (1 << 20) + 1, 5 << 20] {
        let bytes = noise(size as u64, size);
        let put = bench
            .client
            .put_object()
            .bucket(&bench.bucket)
            .key("from a+b%c/ü")
            .body(bytes.clone().into());
        let etag = put
            .content_type("text/x")
            .metadata("m", "v")
            .send()
            .await
            .expect("put")
            .e_tag;
        let copy = bench.client.copy_object().bucket(&bench.bucket).key("to");
        let copy = copy
            .copy_source(source(&bench, "from a+b%c/ü"))
            .send()
            .await
            .expect("copy");
        assert_eq!(
            copy.copy_object_result().and_then(|result| result.e_tag()),
            etag.as_deref()
        );
        bench
            .client
            .delete_object()
            .bucket(&bench.bucket)
            .key("from a+b%c/ü")
            .send()
            .await
            .expect("delete");
        let get = bench
            .client
            .get_object()
            .bucket(&bench.bucket)
            .key("to")
            .send()
            .await
            .expect("get");
        assert_eq!(
            (get.e_tag(), get.content_type()),
            (etag.as_deref(), Some("text/x"))
        );
        assert_eq!(
            get.metadata()
                .and_then(|metadata| metadata.get("m"))
                .map(String::as_str),
            Some("v")
        );
        assert!(
            get.body.collect().await.expect("body").to_vec() == bytes,
            "{size}"
        );
    }
    bench.finish().await;
}

#[tokio::test]
async fn a_copy_can_have_headers_of_its_own() {
    let bench = Bench::new().await;
    for size in [10, 2 << 20] {
        let bytes = noise(3, size);
        let put = bench
            .client
            .put_object()
            .bucket(&bench.bucket)
            .key("k")
            .body(bytes.clone().into());
        put.content_type("text/x")
            .metadata("old", "1")
            .send()
            .await
            .expect("put");
        let copy = || {
            bench
                .client
                .copy_object()
                .bucket(&bench.bucket)
                .key("k")
                .copy_source(source(&bench, "k"))
        };
        assert_eq!(
            refusal(copy().send().await),
            code(400, "InvalidRequest"),
            "a copy onto itself"
        );
        let replace = copy()
            .metadata_directive(MetadataDirective::Replace)
            .content_type("text/y")
            .metadata("new", "2");
        replace.send().await.expect("copy");
        let get = bench
            .client
            .get_object()
            .bucket(&bench.bucket)
            .key("k")
            .send()
            .await
            .expect("get");
        assert_eq!(get.content_type(), Some("text/y"));
        let metadata = get.metadata().expect("metadata");
        assert_eq!(
            (metadata.get("old"), metadata.get("new").map(String::as_str)),
            (None, Some("2"))
        );
        assert!(get.body.collect().await.expect("body").to_vec() == bytes);
    }
    bench.finish().await;
}

#[tokio::test]
async fn the_source_of_a_copy_has_conditions() {
    let bench = Bench::new().await;
    let etag = bench.put("k", "v").await;
    let copy = || {
        bench
            .client
            .copy_object()
            .bucket(&bench.bucket)
            .key("to")
            .copy_source(source(&bench, "k"))
    };
    copy()
        .copy_source_if_match(&etag)
        .send()
        .await
        .expect("it matches");
    let failed = code(412, "PreconditionFailed");
    assert_eq!(
        refusal(copy().copy_source_if_match("\"x\"").send().await),
        failed
    );
    assert_eq!(
        refusal(copy().copy_source_if_none_match(&etag).send().await),
        failed
    );
    let missing = bench
        .client
        .copy_object()
        .bucket(&bench.bucket)
        .key("to")
        .copy_source(source(&bench, "missing"));
    assert_eq!(refusal(missing.send().await), code(404, "NoSuchKey"));
    bench.finish().await;
}

#[tokio::test]
async fn the_target_of_a_copy_has_conditions() {
    let bench = Bench::new().await;
    bench.put("k", "v").await;
    let copy = || {
        bench
            .client
            .copy_object()
            .bucket(&bench.bucket)
            .key("to")
            .copy_source(source(&bench, "k"))
    };
    assert_eq!(
        refusal(copy().if_match("\"x\"").send().await),
        code(404, "NoSuchKey")
    );
    copy()
        .if_none_match("*")
        .send()
        .await
        .expect("nothing is there");
    assert_eq!(
        refusal(copy().if_none_match("*").send().await),
        code(412, "PreconditionFailed")
    );
    let etag = bench.put("to", "other").await;
    assert_eq!(
        refusal(copy().if_match("\"x\"").send().await),
        code(412, "PreconditionFailed")
    );
    copy()
        .if_match(&etag)
        .send()
        .await
        .expect("the one that was seen");
    assert_eq!(bench.get("to").await, b"v");
    bench.finish().await;
}
