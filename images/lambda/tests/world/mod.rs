//! A bucket behind a real S3, and the thumbnail function as a process under the Lambda runtime API.

// No test uses all of it.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use quillfront_edge::thumbnail::SIGNED_HEADER;
use quillfront_local::functions::url::{InvokeMode, ResponseBody, UrlRequest, ask};
use quillfront_local::functions::{Function, Options};
use quillfront_local::s3::{self, Credentials, NewObject, Store};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub const BUCKET: &str = "site";
pub const SECRET: &str = "secret";

/// The bucket of a site, behind a real S3.
pub struct Storage {
    pub store: Store,
    /// Where its S3 is.
    pub address: SocketAddr,
    pub folder: TempDir,
}

impl Storage {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("s3")).await.unwrap();
        store.create_bucket(BUCKET).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let credentials = Credentials {
            access_key: "key".to_owned(),
            secret_key: SECRET.to_owned(),
        };
        tokio::spawn(s3::serve(
            store.clone(),
            listener,
            credentials,
            std::future::pending(),
        ));
        Self {
            store,
            address,
            folder,
        }
    }

    /// Puts an object where there is none.
    pub async fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        put(&self.store, key, bytes).await;
    }
}

pub async fn put(store: &Store, key: &str, bytes: impl Into<Bytes>) {
    let object = NewObject {
        bytes: bytes.into(),
        content_type: Some("image/png".to_owned()),
        cache_control: None,
        content_disposition: None,
        metadata: BTreeMap::new(),
    };
    let put = store.put_new(BUCKET, key, object).await.unwrap();
    assert!(put.is_some(), "{key} is there");
}

pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A function with this endpoint and secret key, in a folder of its own.
pub fn options(folder: &Path, endpoint: &str, secret: &str) -> Options {
    let package = folder.join("thumbnail");
    std::fs::create_dir_all(&package).unwrap();
    let program = env!("CARGO_BIN_EXE_quillfront-thumbnail-lambda");
    std::os::unix::fs::symlink(program, package.join("bootstrap")).unwrap();
    let variables = [
        ("QUILLFRONT_SITE", "s3://site"),
        ("AWS_ENDPOINT_URL_S3", endpoint),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", secret),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Options {
        name: "thumbnail".to_owned(),
        folder: package,
        scratch: folder.join("scratch"),
        region: "us-east-1".to_owned(),
        variables: variables.into_iter().map(owned).collect(),
        memory_mb: 2_048,
        time_limit: Duration::from_secs(60),
        concurrency: 2,
    }
}

pub async fn asked(function: &Function, method: &str, path: &str, is_signed: bool) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    if is_signed {
        request = request.header(SIGNED_HEADER, "1");
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    let request = UrlRequest {
        head: &head,
        body: b"",
        from: IpAddr::from([127, 0, 0, 1]),
        now_ms: 0,
    };
    let answer = ask(function, InvokeMode::Streamed, &request).await;
    let (head, body) = answer.map(ResponseBody::collect).into_parts();
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.await.unwrap(),
    }
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    let colour = |x: u32, y: u32| Rgb([x as u8, y as u8, 7]);
    let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, colour));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}
