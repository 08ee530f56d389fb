use std::time::Duration;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, Delete, ObjectIdentifier};

use crate::harness::{Bench, code, noise, refusal};

#[tokio::test]
async fn bytes_and_headers_come_back() {
    let bench = Bench::new().await;
    let put = bench
        .client
        .put_object()
        .bucket(&bench.bucket)
        .key("page.html")
        .body(b"<p>hello".to_vec().into())
        .content_type("text/html; charset=utf-8")
        .cache_control("public, max-age=0")
        .content_disposition("inline; filename=\"a.html\"")
        .content_language("de, en")
        .content_encoding("gzip")
        .expires(
            DateTime::from_str("Wed, 21 Oct 2026 07:28:00 GMT", DateTimeFormat::HttpDate)
                .expect("a date"),
        )
        .metadata("qf-csp", "default-src 'none'")
        .metadata("Mixed-Case", "v")
        .send()
        .await
        .expect("put");
    let get = bench
        .client
        .get_object()
        .bucket(&bench.bucket)
        .key("page.html")
        .send()
        .await
        .expect("get");
    let head = bench
        .client
        .head_object()
        .bucket(&bench.bucket)
        .key("page.html")
        .send()
        .await
        .expect("head");
    macro_rules! check {
        ($answer:ident) => {
            assert_eq!($answer.content_type(), Some("text/html; charset=utf-8"));
            assert_eq!($answer.cache_control(), Some("public, max-age=0"));
            assert_eq!(
                $answer.content_disposition(),
                Some("inline; filename=\"a.html\"")
            );
            assert_eq!($answer.content_language(), Some("de, en"));
            assert_eq!(
                $answer.content_encoding(),
                Some("gzip"),
                "aws-chunked is not kept"
            );
            assert_eq!(
                $answer.expires_string(),
                Some("Wed, 21 Oct 2026 07:28:00 GMT")
            );
            assert_eq!($answer.content_length(), Some(8));
            assert_eq!($answer.accept_ranges(), Some("bytes"));
            assert_eq!($answer.e_tag(), put.e_tag());
            let metadata = $answer.metadata().expect("metadata");
            assert_eq!(
                metadata.get("qf-csp").map(String::as_str),
                Some("default-src 'none'")
            );
            assert_eq!(metadata.get("mixed-case").map(String::as_str), Some("v"));
            assert!($answer.last_modified().is_some());
        };
    }
    check!(get);
    check!(head);
    assert_eq!(
        get.body.collect().await.expect("body").to_vec(),
        b"<p>hello"
    );
    bench.finish().await;
}

#[tokio::test]
async fn an_etag_is_the_md5_and_a_missing_type_has_a_default() {
    let bench = Bench::new().await;
    assert_eq!(
        bench.put("empty", "").await,
        "\"d41d8cd98f00b204e9800998ecf8427e\""
    );
    assert_eq!(
        bench.put("abc", "abc").await,
        "\"900150983cd24fb0d6963f7d28e17f72\""
    );
    assert_eq!(bench.get("empty").await, b"");
    bench.finish().await;
}

#[tokio::test]
async fn an_overwrite_replaces_bytes_and_metadata_together() {
    let bench = Bench::new().await;
    let put = |body: Vec<u8>, value: &str| {
        bench
            .client
            .put_object()
            .bucket(&bench.bucket)
            .key("k")
            .body(body.into())
            .metadata("v", value)
    };
    for (size, value) in [(10, "one"), (3 << 20, "two"), (7, "three")] {
        put(noise(size as u64, size), value)
            .send()
            .await
            .expect("put");
        let get = bench
            .client
            .get_object()
            .bucket(&bench.bucket)
            .key("k")
            .send()
            .await
            .expect("get");
        assert_eq!(
            get.metadata()
                .and_then(|metadata| metadata.get("v"))
                .map(String::as_str),
            Some(value)
        );
        assert!(get.body.collect().await.expect("body").to_vec() == noise(size as u64, size));
    }
    bench.finish().await;
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_deleting_again_is_no_error() {
    let bench = Bench::new().await;
    bench.put("k", "v").await;
    for _ in 0..2 {
        bench
            .client
            .delete_object()
            .bucket(&bench.bucket)
            .key("k")
            .send()
            .await
            .expect("delete");
        let get = bench.client.get_object().bucket(&bench.bucket).key("k");
        assert_eq!(refusal(get.send().await), code(404, "NoSuchKey"));
        let head = bench.client.head_object().bucket(&bench.bucket).key("k");
        assert_eq!(refusal(head.send().await).0, 404);
    }
    bench.finish().await;
}

#[tokio::test]
async fn many_keys_are_deleted_at_once() {
    let bench = Bench::new().await;
    for key in ["a", "b/c", "d e", "keep"] {
        bench.put(key, key).await;
    }
    let identifier = |key: &str| {
        ObjectIdentifier::builder()
            .key(key)
            .build()
            .expect("an identifier")
    };
    let delete = |keys: Vec<ObjectIdentifier>, quiet: bool| {
        let delete = Delete::builder()
            .set_objects(Some(keys))
            .quiet(quiet)
            .build()
            .expect("a list");
        bench
            .client
            .delete_objects()
            .bucket(&bench.bucket)
            .delete(delete)
    };
    let keys = ["a", "b/c", "missing"].map(identifier).to_vec();
    let done = delete(keys, false).send().await.expect("delete");
    let deleted: Vec<_> = done
        .deleted()
        .iter()
        .filter_map(|deleted| deleted.key())
        .collect();
    assert_eq!(deleted, ["a", "b/c", "missing"]);
    let done = delete(vec![identifier("d e")], true)
        .send()
        .await
        .expect("delete");
    assert!(done.deleted().is_empty() && done.errors().is_empty());
    assert_eq!(bench.keys().await, ["keep"]);
    let too_many = (0..1001).map(|n| identifier(&n.to_string())).collect();
    assert_eq!(
        refusal(delete(too_many, false).send().await),
        code(400, "MalformedXML")
    );
    bench.finish().await;
}

#[tokio::test]
async fn ranges() {
    let bench = Bench::new().await;
    for (key, size) in [("small", 1000_u64), ("large", 3 << 20)] {
        let bytes = noise(size, size as usize);
        bench.put(key, bytes.clone()).await;
        for (range, span) in [
            ("bytes=0-0".to_owned(), 0..1),
            ("bytes=10-19".to_owned(), 10..20),
            ("bytes=990-".to_owned(), 990..size),
            (format!("bytes=5-{}", size + 1000), 5..size),
            ("bytes=-7".to_owned(), size - 7..size),
            (format!("bytes=-{}", size + 5), 0..size),
        ] {
            let get = bench
                .client
                .get_object()
                .bucket(&bench.bucket)
                .key(key)
                .range(&range)
                .send()
                .await
                .expect("get");
            let expected = format!("bytes {}-{}/{size}", span.start, span.end - 1);
            assert_eq!(
                get.content_range(),
                Some(expected.as_str()),
                "{key} {range}"
            );
            assert_eq!(get.content_length(), Some((span.end - span.start) as i64));
            let body = get.body.collect().await.expect("body").to_vec();
            assert!(
                body == bytes[span.start as usize..span.end as usize],
                "{key} {range}"
            );
        }
        for range in [format!("bytes={size}-"), "bytes=-0".to_owned()] {
            let get = bench
                .client
                .get_object()
                .bucket(&bench.bucket)
                .key(key)
                .range(&range)
                .send()
                .await;
            assert_eq!(refusal(get), code(416, "InvalidRange"), "{key} {range}");
        }
    }
    bench.put("empty", "").await;
    let get = bench
        .client
        .get_object()
        .bucket(&bench.bucket)
        .key("empty")
        .range("bytes=0-")
        .send()
        .await;
    assert_eq!(refusal(get), code(416, "InvalidRange"));
    bench.finish().await;
}

#[tokio::test]
async fn a_presented_checksum_is_verified_kept_and_shown() {
    let bench = Bench::new().await;
    let client = bench.plain_client();
    let put = || {
        client
            .put_object()
            .bucket(&bench.bucket)
            .key("k")
            .body(b"abc".to_vec().into())
    };
    type Case = (ChecksumAlgorithm, &'static str);
    let cases: [Case; 5] = [
        (ChecksumAlgorithm::Crc32, "NSRBwg=="),
        (ChecksumAlgorithm::Crc32C, "Nks/tw=="),
        (ChecksumAlgorithm::Crc64Nvme, "BeXKuz/B+us="),
        (ChecksumAlgorithm::Sha1, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
        (
            ChecksumAlgorithm::Sha256,
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        ),
    ];
    for (algorithm, value) in cases {
        let wrong = value.replacen(
            &value[..1],
            if value.starts_with('A') { "B" } else { "A" },
            1,
        );
        let name = algorithm.as_str().to_owned();
        let with = |value: &str| {
            let (put, value) = (put(), value.to_owned());
            match algorithm {
                ChecksumAlgorithm::Crc32 => put.checksum_crc32(value),
                ChecksumAlgorithm::Crc32C => put.checksum_crc32_c(value),
                ChecksumAlgorithm::Crc64Nvme => put.checksum_crc64_nvme(value),
                ChecksumAlgorithm::Sha1 => put.checksum_sha1(value),
                _ => put.checksum_sha256(value),
            }
        };
        assert_eq!(
            refusal(with(&wrong).send().await),
            code(400, "BadDigest"),
            "{name}"
        );
        with(value)
            .send()
            .await
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let head = bench
            .client
            .head_object()
            .bucket(&bench.bucket)
            .key("k")
            .checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.expect("head");
        let shown = [
            head.checksum_crc32(),
            head.checksum_crc32_c(),
            head.checksum_crc64_nvme(),
            head.checksum_sha1(),
            head.checksum_sha256(),
        ];
        assert_eq!(
            shown.into_iter().flatten().collect::<Vec<_>>(),
            [value],
            "{name}"
        );
    }
    // As trailers, which is how the SDK sends what it computes itself.
    use ChecksumAlgorithm::{Crc32, Crc32C, Crc64Nvme, Sha1, Sha256};
    for algorithm in [Crc32, Crc32C, Crc64Nvme, Sha1, Sha256] {
        let put = bench
            .client
            .put_object()
            .bucket(&bench.bucket)
            .key("t")
            .body(noise(1, 100_000).into());
        put.checksum_algorithm(algorithm).send().await.expect("put");
        assert!(bench.get("t").await == noise(1, 100_000));
    }
    bench.finish().await;
}

#[tokio::test]
async fn a_content_md5_is_verified() {
    let bench = Bench::new().await;
    let put = |md5: &str| {
        let put = bench
            .client
            .put_object()
            .bucket(&bench.bucket)
            .key("k")
            .body(b"abc".to_vec().into());
        put.content_md5(md5)
    };
    put("kAFQmDzST7DWlj99KOF/cg==")
        .send()
        .await
        .expect("the right one");
    assert_eq!(
        refusal(put("AAFQmDzST7DWlj99KOF/cg==").send().await),
        code(400, "BadDigest")
    );
    assert_eq!(
        refusal(put("nonsense").send().await),
        code(400, "InvalidDigest")
    );
    bench.finish().await;
}

#[tokio::test]
async fn metadata_has_a_bound() {
    let bench = Bench::new().await;
    let put = |value: String| {
        bench
            .client
            .put_object()
            .bucket(&bench.bucket)
            .key("k")
            .metadata("name", value)
    };
    put("x".repeat(2044)).send().await.expect("2 KB");
    assert_eq!(
        refusal(put("x".repeat(2045)).send().await),
        code(400, "MetadataTooLarge")
    );
    bench.finish().await;
}

#[tokio::test]
async fn responses_can_be_overridden() {
    let bench = Bench::new().await;
    bench.put("k", "v").await;
    let get = bench.client.get_object().bucket(&bench.bucket).key("k");
    let get = get
        .response_content_type("text/x")
        .response_cache_control("no-store")
        .send()
        .await
        .expect("get");
    assert_eq!(
        (get.content_type(), get.cache_control()),
        (Some("text/x"), Some("no-store"))
    );
    bench.finish().await;
}

#[tokio::test]
async fn an_open_read_keeps_its_version() {
    let bench = Bench::new().await;
    let (old, new) = (noise(1, 8 << 20), noise(2, 8 << 20));
    bench.put("k", old.clone()).await;
    let get = bench
        .client
        .get_object()
        .bucket(&bench.bucket)
        .key("k")
        .send()
        .await
        .expect("get");
    bench.put("k", new.clone()).await;
    bench
        .client
        .delete_object()
        .bucket(&bench.bucket)
        .key("k")
        .send()
        .await
        .expect("delete");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(get.body.collect().await.expect("body").to_vec() == old);
    bench.finish().await;
}
