//! Requests over real HTTP: signatures that an S3 verifies, and answers that have to be tried again.

use aws_credential_types::Credentials;
use http::Method;
use quillfront_aws::service::{CLOUDFRONT, S3};
use quillfront_aws::{Aws, Error, Request, encode_path};
use quillfront_local::s3::{self, Store};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn connection(secret: &str, port: u16) -> Aws {
    let credentials = Credentials::new("key", secret, None, None, "test");
    let endpoint = format!("http://127.0.0.1:{port}/");
    Aws::new(credentials, "eu-west-1", Some(endpoint))
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_verifies_the_signature() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("s3")).await.unwrap();
    store.create_bucket("site").await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let credentials = s3::Credentials {
        access_key: "key".to_owned(),
        secret_key: "secret".to_owned(),
    };
    let never = std::future::pending();
    tokio::spawn(s3::serve(store, listener, credentials, never));

    let aws = connection("secret", port);
    // What is encoded once must not be encoded again: S3 signs paths as they are.
    let key = encode_path("/site/a b/ü+c//../~%41.txt");
    let key = key.as_str();
    let put = Request::new(&S3, Method::PUT, key).with_body("text/plain", "hello");
    let etag = aws.send(&put).await.unwrap();
    let etag = etag.header("etag").unwrap().to_owned();
    let got = aws.send(&Request::get(&S3, key)).await.unwrap();
    assert_eq!(
        (got.text().as_str(), got.header("etag")),
        ("hello", Some(etag.as_str()))
    );
    let list = Request::get(&S3, "/site")
        .with_query("list-type", "2")
        .with_query("prefix", "a b/ü+c");
    let list = aws.send(&list).await.unwrap().text();
    assert!(list.contains("<KeyCount>1</KeyCount>"), "{list}");

    // A condition that does not hold is for the caller, at once.
    let stale = put.with_header("if-match", "\"0123\"");
    let refused = aws.send(&stale).await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.code()),
        (Some(412), Some("PreconditionFailed"))
    );

    let wrong = connection("another", port);
    let refused = wrong.send(&Request::get(&S3, key)).await.unwrap_err();
    assert_eq!(refused.code(), Some("SignatureDoesNotMatch"), "{refused}");
}

/// A server that reads a request and gives the next of its answers, an empty one by closing the connection.
async fn server(answers: &[&str]) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (kept, answers) = (requests.clone(), answers.iter().map(ToString::to_string));
    let answers: Vec<String> = answers.collect();
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let text = request(&mut stream).await;
            kept.lock().unwrap().push(text);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (port, requests)
}

/// Head and body of a request.
async fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut read = [0; 4096];
        let length = stream.read(&mut read).await.unwrap();
        text.push_str(std::str::from_utf8(&read[..length]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let mut lengths = head
            .lines()
            .filter_map(|line| line.strip_prefix("content-length: "));
        let wanted = lengths
            .next_back()
            .map_or(0, |length| length.parse().unwrap());
        if body.len() == wanted {
            return text;
        }
    }
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_succeed_later_is_tried_again() {
    let throttled = answer(
        "400 Bad Request",
        "<E><Code>Throttling</Code><Message>slow</Message></E>",
    );
    let busy = answer("503 Service Unavailable", "");
    let good = answer("200 OK", "<new-element a='1'/>");
    let (port, requests) = server(&[
        &throttled,
        &busy,
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
        &good,
    ])
    .await;
    let aws = connection("secret", port);
    let request = Request::new(
        &CLOUDFRONT,
        Method::PUT,
        "/2020-05-31/distribution/E1/config",
    )
    .with_body("text/xml", "<x/>")
    .with_header("if-match", "E2");
    let response = aws.send(&request).await.unwrap();
    assert_eq!(response.text(), "<new-element a='1'/>");
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 5);
    for text in &*requests {
        let text = text.to_ascii_lowercase();
        assert!(
            text.starts_with("put /2020-05-31/distribution/e1/config http/1.1"),
            "{text}"
        );
        assert!(
            text.contains("if-match: e2") && text.ends_with("<x/>"),
            "{text}"
        );
        // CloudFront is one for all regions.
        assert!(
            text.contains("/us-east-1/cloudfront/aws4_request"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_succeeds_ends() {
    let busy = answer("500 Internal Server Error", "");
    let (port, requests) = server(&[&*busy; 6]).await;
    let request = Request::get(&CLOUDFRONT, "/").allowed_by("cloudfront:ListDistributions");
    let refused = connection("secret", port).send(&request).await.unwrap_err();
    assert_eq!(requests.lock().unwrap().len(), 6);
    assert_eq!(
        refused.to_string(),
        "cloudfront:ListDistributions: Internal Server Error (status 500)"
    );

    // Nobody listens there any more.
    let refused = connection("secret", port).send(&request).await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_cut_off() {
    let long = "x".repeat((16 << 20) + 1);
    let (port, _) = server(&[&answer("200 OK", &long)]).await;
    let request = Request::get(&CLOUDFRONT, "/");
    let refused = connection("secret", port).send(&request).await;
    assert!(matches!(
        refused,
        Err(Error::TooLarge {
            limit: 16_777_216,
            ..
        })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_request_says_which_permission_it_needs() {
    let denied = answer("403 Forbidden", r#"{"Message":"User is not authorized"}"#);
    let (port, _) = server(&[&denied]).await;
    let request = Request::get(&S3, "/site").allowed_by("s3:GetBucketPolicy");
    let refused = connection("secret", port).send(&request).await.unwrap_err();
    assert!(refused.is_denied());
    assert!(
        refused
            .to_string()
            .starts_with("s3:GetBucketPolicy: Forbidden"),
        "{refused}"
    );
}
