//! What is refused before anything of a request is believed. The answers are S3's; where they can
//! only be seen over plain HTTP, another endpoint is left alone.

use std::time::Duration;

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};

use crate::harness::{Bench, code, exchange, exchange_at, head_of_answer, refusal};

/// Headers that S3 obeys: each would let the holder of a presigned address do more than it says.
const OBEYED: [&str; 8] = [
    "x-amz-acl: private",
    "x-amz-checksum-crc32: AAAAAA==",
    "x-amz-copy-source: {bucket}/secret",
    "x-amz-content-sha256: UNSIGNED-PAYLOAD",
    "x-amz-meta-note: not signed",
    "x-amz-storage-class: STANDARD",
    "x-amz-website-redirect-location: https://example.org/",
    "x-amz-not-known-yet: 1",
];

async fn presigned_put(bench: &Bench, key: &str) -> PresignedRequest {
    let minute = PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let put = bench
        .plain_client()
        .put_object()
        .bucket(&bench.bucket)
        .key(key);
    put.presigned(minute).await.expect("a URL")
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

/// An embedded server, or any that is spoken to without TLS.
async fn plain_bench() -> Option<Bench> {
    let bench = Bench::new().await;
    if bench.endpoint.starts_with("https:") {
        bench.finish().await;
        return None;
    }
    Some(bench)
}

#[tokio::test]
async fn headers_that_are_not_signed_are_not_obeyed() {
    let Some(bench) = plain_bench().await else {
        return;
    };
    bench.put("secret", "hidden").await;
    let url = presigned_put(&bench, "mine").await;
    for header in OBEYED {
        let header = header.replace("{bucket}", &bench.bucket);
        let request = format!("PUT\n{header}\r\n");
        let (status, _, body) = exchange(&request, url.uri(), b"").await;
        let body = text(&body);
        assert_eq!(status, 403, "{header}: {body}");
        assert!(
            body.contains("<Code>AccessDenied</Code>"),
            "{header}: {body}"
        );
        let name = header.split(':').next().expect("a name");
        assert!(
            body.contains(&format!("<HeadersNotSigned>{name}</HeadersNotSigned>")),
            "{body}"
        );
    }
    assert_eq!(bench.keys().await, ["secret"], "nothing was written");

    let minute = PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let put = bench.plain_client().put_object().bucket(&bench.bucket);
    let signed = put.key("mine").metadata("note", "signed").presigned(minute);
    let signed = signed.await.expect("a URL");
    let headers: String = signed
        .headers()
        .filter(|(name, _)| name.starts_with("x-amz-"))
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let (status, _, body) = exchange(&format!("PUT\n{headers}"), signed.uri(), b"v").await;
    assert_eq!(status, 200, "{}", text(&body));
    assert_eq!(bench.get("mine").await, b"v");
    bench.finish().await;
}

/// Adds a header when the request is signed already.
#[derive(Debug)]
struct Added(&'static str, String);

impl Intercept for Added {
    fn name(&self) -> &'static str {
        "Added"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context
            .request_mut()
            .headers_mut()
            .insert(self.0, self.1.clone());
        Ok(())
    }
}

#[tokio::test]
async fn headers_that_were_added_on_the_way_are_not_obeyed() {
    let bench = Bench::new().await;
    bench.put("secret", "hidden").await;
    let put = bench.client.put_object().bucket(&bench.bucket).key("mine");
    let source = format!("{}/secret", bench.bucket);
    let put = put
        .customize()
        .interceptor(Added("x-amz-copy-source", source));
    assert_eq!(refusal(put.send().await), code(403, "AccessDenied"));
    assert_eq!(bench.keys().await, ["secret"]);
    bench.finish().await;
}

#[tokio::test]
async fn a_presigned_address_holds_a_week_at_most() {
    let Some(bench) = plain_bench().await else {
        return;
    };
    let url = presigned_put(&bench, "k").await;
    for (expires, status, code) in [
        ("604801", 400, "AuthorizationQueryParametersError"),
        ("-1", 400, "AuthorizationQueryParametersError"),
        ("soon", 400, "AuthorizationQueryParametersError"),
        // Allowed, but not what was signed.
        ("604800", 403, "SignatureDoesNotMatch"),
    ] {
        let changed = format!("X-Amz-Expires={expires}");
        let url = url.uri().replace("X-Amz-Expires=60", &changed);
        let (got, _, body) = exchange("PUT", &url, b"").await;
        let body = text(&body);
        assert_eq!(got, status, "{expires}: {body}");
        assert!(
            body.contains(&format!("<Code>{code}</Code>")),
            "{expires}: {body}"
        );
    }
    bench.finish().await;
}

#[tokio::test]
async fn one_way_to_sign_is_enough() {
    let Some(bench) = plain_bench().await else {
        return;
    };
    let url = presigned_put(&bench, "k").await;
    for header in [
        "authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
        "authorization: AWS a:b",
    ] {
        let (status, _, body) = exchange(&format!("PUT\n{header}\r\n"), url.uri(), b"").await;
        assert_eq!(status, 400, "{}", text(&body));
        assert!(text(&body).contains("<Code>InvalidArgument</Code>"));
    }
    let url = format!("{}/{}/k", bench.endpoint, bench.bucket);
    for (header, code) in [
        ("Bearer abc", "InvalidArgument"),
        (
            "AWS4-HMAC-SHA256 Credential=a",
            "AuthorizationHeaderMalformed",
        ),
    ] {
        let (status, _, body) =
            exchange(&format!("PUT\nauthorization: {header}\r\n"), &url, b"").await;
        assert_eq!(status, 400, "{header}");
        assert!(
            text(&body).contains(&format!("<Code>{code}</Code>")),
            "{}",
            text(&body)
        );
    }
    assert!(bench.keys().await.is_empty());
    bench.finish().await;
}

/// s3cmd signs for the region `US` at first; with this answer it asks again.
#[tokio::test]
async fn a_region_that_is_none_is_told_the_right_one() {
    let Some(bench) = plain_bench().await else {
        return;
    };
    let url = presigned_put(&bench, "k").await;
    let url = url.uri().replace("%2Fus-east-1%2F", "%2FUS%2F");
    let (status, _, body) = exchange("PUT", &url, b"").await;
    let body = text(&body);
    assert_eq!(status, 400, "{body}");
    assert!(body.contains("<Region>us-east-1</Region>"), "{body}");
    bench.finish().await;
}

#[tokio::test]
async fn a_bucket_in_front_of_the_host_is_the_bucket() {
    let bench = Bench::new().await;
    if bench.store().is_none() {
        return bench.finish().await;
    }
    bench.put("dir/k", "v").await;
    let address = bench.endpoint.trim_start_matches("http://").to_owned();
    let minute = || PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let client = bench.virtual_host_client();
    let get = client.get_object().bucket(&bench.bucket).key("dir/k");
    let get = get.presigned(minute()).await.expect("a URL");
    assert!(
        get.uri()
            .contains(&format!("//{}.localhost:", bench.bucket)),
        "{}",
        get.uri()
    );
    let (status, _, body) = exchange_at(&address, "GET", get.uri(), b"").await;
    assert_eq!((status, body.as_slice()), (200, &b"v"[..]));
    let put = client.put_object().bucket(&bench.bucket).key("new");
    let put = put.presigned(minute()).await.expect("a URL");
    assert_eq!(exchange_at(&address, "PUT", put.uri(), b"w").await.0, 200);
    assert_eq!(bench.get("new").await, b"w");

    // Below another domain it cannot be told from a path: never an answer about something else.
    let elsewhere = format!("http://{}.s3.example.org/", bench.bucket);
    let (status, _, body) = exchange_at(&address, "GET", &elsewhere, b"").await;
    assert_eq!(status, 400, "{}", text(&body));
    assert!(text(&body).contains("path-style"), "{}", text(&body));
    bench.finish().await;
}

/// Each dot of a host was looked up with all that stands before it: 120 KB of dots took seconds of
/// a processor, without a key.
#[tokio::test]
async fn a_host_that_is_too_long_is_none() {
    let bench = Bench::new().await;
    if bench.store().is_none() {
        return bench.finish().await;
    }
    let address = bench.endpoint.trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().expect("a port");
    let longest = format!("{}a:{port}", "a.".repeat(127));
    for (host, status) in [
        (longest.as_str(), 403),
        (
            &format!("a{longest}"),
            if port.len() < 5 { 403 } else { 400 },
        ),
        (&format!("{}a", "a.".repeat(60_000)), 400),
        (&".".repeat(120_000), 400),
    ] {
        let url = format!("http://{host}/{}/k", bench.bucket);
        let (got, _, body) = exchange_at(&address, "GET", &url, b"").await;
        assert_eq!(got, status, "{} bytes: {}", host.len(), text(&body));
    }
    bench.finish().await;
}

#[tokio::test]
async fn who_is_not_known_is_refused_before_the_body() {
    let bench = Bench::new().await;
    if bench.store().is_none() {
        return bench.finish().await;
    }
    let url = format!("{}/{}/k", bench.endpoint, bench.bucket);
    for headers in ["expect: 100-continue\r\n", ""] {
        let (status, head) = head_of_answer("PUT", headers, &url, 1_000_000).await;
        assert_eq!(status, 403, "{head}");
        assert!(head.contains("connection: close"), "{head}");
    }
    let form = "content-type: multipart/form-data; boundary=x\r\n";
    let url = format!("{}/{}", bench.endpoint, bench.bucket);
    let (status, head) = head_of_answer("POST", form, &url, 1_000_000).await;
    assert_eq!(status, 501, "{head}");
    bench.finish().await;
}

#[tokio::test]
async fn an_error_says_what_about_what_and_under_which_id() {
    let Some(bench) = plain_bench().await else {
        return;
    };
    let minute = PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let stranger = bench.client_with(None, Some("wrong"));
    let get = stranger.get_object().bucket(&bench.bucket).key("a&b");
    let get = get.presigned(minute).await.expect("a URL");
    let (status, head, body) = exchange("GET", get.uri(), b"").await;
    let body = text(&body);
    assert_eq!(status, 403);
    assert!(
        body.contains("<Code>SignatureDoesNotMatch</Code>"),
        "{body}"
    );
    assert!(
        body.contains("<Message>The request signature we calculated"),
        "{body}"
    );
    assert!(
        body.contains(&format!("<Resource>/{}/a", bench.bucket)),
        "{body}"
    );
    let id = head
        .split("x-amz-request-id: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next())
        .expect("an id");
    assert!(
        body.to_lowercase()
            .contains(&format!("<requestid>{id}</requestid>")),
        "{body}"
    );
    bench.finish().await;
}

#[tokio::test]
async fn a_request_with_two_hosts_is_none() {
    let Some(bench) = plain_bench().await else {
        return;
    };
    let url = presigned_put(&bench, "k").await;
    let (status, _, _) = exchange("PUT\nhost: elsewhere\r\n", url.uri(), b"v").await;
    assert_eq!(status, 400);
    assert!(bench.keys().await.is_empty());
    bench.finish().await;
}

#[tokio::test]
async fn what_would_open_an_object_to_others_is_refused() {
    use aws_sdk_s3::types::{BucketCannedAcl, ObjectCannedAcl};
    let bench = Bench::new().await;
    let unsupported = code(400, "AccessControlListNotSupported");
    let put = || bench.client.put_object().bucket(&bench.bucket).key("k");
    let public = put().acl(ObjectCannedAcl::PublicRead).send().await;
    assert_eq!(refusal(public), unsupported);
    let granted = put().grant_read("uri=http://acs.amazonaws.com/groups/global/AllUsers");
    assert_eq!(refusal(granted.send().await), unsupported);
    let owned = put()
        .acl(ObjectCannedAcl::BucketOwnerFullControl)
        .send()
        .await;
    owned.expect("what holds anyway");
    if bench.store().is_some() {
        let create = bench.client.create_bucket().bucket("public-bucket");
        let create = create.acl(BucketCannedAcl::PublicRead).send().await;
        assert_eq!(refusal(create), unsupported);
        let acl = bench.client.get_object_acl().bucket(&bench.bucket).key("k");
        let acl = acl.send().await.expect("the ACL");
        assert_eq!(acl.grants().len(), 1);
    }
    bench.finish().await;
}
