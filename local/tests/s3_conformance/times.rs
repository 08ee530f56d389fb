//! How long a signature is good for: a request that somebody has seen is not one for ever.

use std::time::{Duration, SystemTime};

use aws_smithy_async::time::StaticTimeSource;
use jiff::{SignedDuration, Timestamp};
use s3s::crypto::{Checksum, Sha1};

use crate::harness::{Bench, code, exchange, refusal};

/// HMAC with SHA-1 (RFC 2104), in base64.
fn sign(secret: &str, text: &str) -> String {
    const BLOCK_BYTES: usize = 64;
    let mut key = [0; BLOCK_BYTES];
    key[..secret.len()].copy_from_slice(secret.as_bytes());
    let hash = |pad: u8, bytes: &[u8]| {
        let padded: Vec<u8> = key.iter().map(|byte| byte ^ pad).collect();
        Sha1::checksum(&[&padded, bytes].concat())
    };
    let inner = hash(0x36, text.as_bytes());
    base64_simd::STANDARD.encode_to_string(hash(0x5c, inner.as_ref()))
}

fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A PUT that is signed by version 2 in its header; `headers` are signed as well.
async fn put(bench: &Bench, date: &str, amz_date: Option<&str>, body: &[u8]) -> (u16, String) {
    let (access_key, secret_key) = bench.keys_of_owner();
    let path = format!("/{}/k", bench.bucket);
    let (signed_date, signed_headers, sent) = match amz_date {
        Some(amz_date) => (
            "",
            format!("x-amz-date:{amz_date}\n"),
            format!("x-amz-date: {amz_date}\r\n"),
        ),
        None => (date, String::new(), String::new()),
    };
    let text = format!("PUT\n\n\n{signed_date}\n{signed_headers}{path}");
    let signature = sign(secret_key, &text);
    let request =
        format!("PUT\ndate: {date}\r\n{sent}authorization: AWS {access_key}:{signature}\r\n");
    let url = format!("{}{path}", bench.endpoint);
    let (status, _, body) = exchange(&request, &url, body).await;
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// Other servers need not know version 2 any more.
async fn own_bench() -> Option<Bench> {
    let bench = Bench::new().await;
    if bench.store().is_none() {
        bench.finish().await;
        return None;
    }
    Some(bench)
}

#[tokio::test]
async fn a_signature_of_version_2_cannot_be_replayed_later() {
    let Some(bench) = own_bench().await else {
        return;
    };
    let now = Timestamp::now();
    let minutes = |count| http_date(now + SignedDuration::from_mins(count));
    let (status, said) = put(&bench, &minutes(0), None, b"now").await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(bench.get("k").await, b"now");
    let other = put(&bench, &minutes(-300), Some(&minutes(1)), b"signed time").await;
    assert_eq!(other.0, 200, "{}", other.1);
    for (date, amz_date) in [
        ("Tue, 27 Mar 2007 19:36:42 +0000".to_owned(), None),
        (minutes(-16), None),
        (minutes(16), None),
        (minutes(0), Some(minutes(-16))),
    ] {
        let (status, said) = put(&bench, &date, amz_date.as_deref(), b"replayed").await;
        assert_eq!(status, 403, "{date} {amz_date:?}: {said}");
        assert!(said.contains("<Code>RequestTimeTooSkewed</Code>"), "{said}");
    }
    let (status, said) = put(&bench, "today", None, b"replayed").await;
    assert_eq!(status, 403, "{said}");
    assert_eq!(bench.get("k").await, b"signed time");
    bench.finish().await;
}

/// botocore makes such addresses unless it is told otherwise.
#[tokio::test]
async fn an_address_of_version_2_is_good_for_a_week_at_most() {
    let Some(bench) = own_bench().await else {
        return;
    };
    bench.put("k", "v").await;
    let (access_key, secret_key) = bench.keys_of_owner();
    let path = format!("/{}/k", bench.bucket);
    let get = async |expires: i64| {
        let signature = sign(secret_key, &format!("GET\n\n\n{expires}\n{path}"));
        let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
        let url = format!(
            "{}{path}?AWSAccessKeyId={access_key}&Expires={expires}&Signature={signature}",
            bench.endpoint
        );
        let (status, _, body) = exchange("GET", &url, b"").await;
        (status, String::from_utf8_lossy(&body).into_owned())
    };
    let now = Timestamp::now().as_second();
    const WEEK: i64 = 7 * 24 * 60 * 60;
    assert_eq!(get(now + 60).await, (200, "v".to_owned()));
    assert_eq!(get(now + WEEK - 60).await, (200, "v".to_owned()));
    let (status, said) = get(now + WEEK + 60).await;
    assert_eq!(status, 400, "{said}");
    assert!(said.contains("AuthorizationQueryParametersError"), "{said}");
    let (status, said) = get(now - 60).await;
    assert_eq!(status, 403, "{said}");
    bench.finish().await;
}

#[tokio::test]
async fn a_signature_of_version_4_cannot_be_replayed_later() {
    let bench = Bench::new().await;
    bench.put("k", "v").await;
    for (minutes, is_refused) in [(-16, true), (-13, false), (13, false), (16, true)] {
        let now = SystemTime::now();
        let by = Duration::from_secs(60 * i64::unsigned_abs(minutes));
        let time = if minutes < 0 { now - by } else { now + by };
        let config = bench.client.config().to_builder();
        let config = config.time_source(StaticTimeSource::new(time)).build();
        let client = aws_sdk_s3::Client::from_conf(config);
        let get = client.get_object().bucket(&bench.bucket).key("k").send();
        match (get.await, is_refused) {
            (Ok(_), false) => {}
            (got, true) => assert_eq!(refusal(got), code(403, "RequestTimeTooSkewed")),
            (Err(error), false) => panic!("{minutes}: {error:?}"),
        }
    }
    bench.finish().await;
}
