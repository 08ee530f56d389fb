//! CORS as a bucket's configuration, for editors that run in a browser.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::{CorsConfiguration, CorsRule};

use crate::harness::{Bench, code, exchange, refusal};

const ORIGIN: &str = "https://edit.example.org";

fn rule() -> aws_sdk_s3::types::builders::CorsRuleBuilder {
    CorsRule::builder()
        .allowed_origins("https://*.example.org")
        .allowed_methods("PUT")
        .allowed_methods("GET")
        .allowed_headers("*")
        .expose_headers("ETag")
        .max_age_seconds(600)
}

fn configuration(rule: aws_sdk_s3::types::builders::CorsRuleBuilder) -> CorsConfiguration {
    let rule = rule.build().expect("a rule");
    let configuration = CorsConfiguration::builder().cors_rules(rule);
    configuration.build().expect("a configuration")
}

#[tokio::test]
async fn the_rules_are_kept_and_go() {
    let bench = Bench::new().await;
    let get = || bench.client.get_bucket_cors().bucket(&bench.bucket).send();
    let none = code(404, "NoSuchCORSConfiguration");
    assert_eq!(refusal(get().await), none);
    let put = |rule| {
        let put = bench.client.put_bucket_cors().bucket(&bench.bucket);
        put.cors_configuration(configuration(rule)).send()
    };
    put(rule().id("editor")).await.expect("put");
    let rules = get().await.expect("get").cors_rules.expect("rules");
    assert_eq!(rules, [rule().id("editor").build().expect("a rule")]);

    let refused = put(rule().allowed_methods("PATCH")).await;
    assert_eq!(refusal(refused), code(400, "InvalidRequest"));
    let refused = put(rule().allowed_origins("https://*.*.org")).await;
    assert_eq!(refusal(refused), code(400, "InvalidRequest"));
    assert_eq!(
        get().await.expect("get").cors_rules().len(),
        1,
        "the rules stay"
    );

    let delete = || {
        bench
            .client
            .delete_bucket_cors()
            .bucket(&bench.bucket)
            .send()
    };
    delete().await.expect("delete");
    delete().await.expect("again");
    assert_eq!(refusal(get().await), none);
    bench.finish().await;
}

#[tokio::test]
async fn a_browser_is_told_what_a_page_may_do() {
    let bench = Bench::new().await;
    if bench.endpoint.starts_with("https:") {
        return bench.finish().await;
    }
    let url = format!("{}/{}/k", bench.endpoint, bench.bucket);
    let preflight = |origin: &str, method: &str| {
        format!(
            "OPTIONS\norigin: {origin}\r\naccess-control-request-method: {method}\r\n\
             access-control-request-headers: x-amz-date,content-type\r\n"
        )
    };
    let (status, _, body) = exchange(&preflight(ORIGIN, "PUT"), &url, b"").await;
    assert_eq!(status, 403, "no rules yet");
    assert!(String::from_utf8_lossy(&body).contains("<Code>AccessForbidden</Code>"));

    let put = bench.client.put_bucket_cors().bucket(&bench.bucket);
    let put = put.cors_configuration(configuration(rule())).send().await;
    put.expect("put");
    let (status, head, _) = exchange(&preflight(ORIGIN, "PUT"), &url, b"").await;
    assert_eq!(status, 200, "{head}");
    for line in [
        "access-control-allow-origin: https://edit.example.org",
        "access-control-allow-methods: put, get",
        "access-control-allow-headers: x-amz-date, content-type",
        "access-control-max-age: 600",
        "vary: origin",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    for (origin, method) in [(ORIGIN, "DELETE"), ("https://example.net", "PUT")] {
        let (status, head, _) = exchange(&preflight(origin, method), &url, b"").await;
        assert_eq!(status, 403, "{origin} {method}");
        assert!(!head.contains("access-control-allow-origin"), "{head}");
    }
    assert_eq!(exchange("OPTIONS", &url, b"").await.0, 400, "no preflight");

    bench.put("k", "v").await;
    let minute = PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let get = bench.client.get_object().bucket(&bench.bucket).key("k");
    let get = get.presigned(minute).await.expect("a URL");
    let request = format!("GET\norigin: {ORIGIN}\r\n");
    let (status, head, _) = exchange(&request, get.uri(), b"").await;
    assert_eq!(status, 200);
    assert!(
        head.contains("access-control-allow-origin: https://edit.example.org"),
        "{head}"
    );
    assert!(
        head.contains("access-control-expose-headers: etag"),
        "{head}"
    );
    let (status, head, _) = exchange(&request, &url, b"").await;
    assert_eq!(status, 403, "the rules open nothing");
    assert!(
        head.contains("access-control-allow-origin"),
        "but a page may see that: {head}"
    );
    let (_, head, _) = exchange("GET", get.uri(), b"").await;
    assert!(!head.contains("access-control"), "{head}");
    bench.finish().await;
}
