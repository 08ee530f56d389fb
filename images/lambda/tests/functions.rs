//! The thumbnail function as a process, under the Lambda runtime API and over a real S3.

mod world;

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use quillfront_local::functions::Function;
use quillfront_local::s3::Store;
use tokio::net::TcpListener;
use world::{BUCKET, Reply, SECRET, Storage, asked, options, png};

const CAT: &str = "photos/my cat.png";
/// Its canonical thumbnail.
const SMALL: &str = "/img/photos/my%20cat.png/width=64,format=webp";

struct World {
    function: Function,
    store: Store,
    storage: Storage,
}

impl World {
    async fn new() -> Self {
        Self::with_secret(SECRET).await
    }

    /// Whose function has this secret key.
    async fn with_secret(secret: &str) -> Self {
        let storage = Storage::new().await;
        let endpoint = format!("http://{}", storage.address);
        Self {
            function: function(storage.folder.path(), &endpoint, secret),
            store: storage.store.clone(),
            storage,
        }
    }

    async fn put(&self, key: &str, bytes: impl Into<Bytes>) {
        self.storage.put(key, bytes).await;
    }

    async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, false).await
    }

    async fn ask(&self, method: &str, path: &str, is_signed: bool) -> Reply {
        asked(&self.function, method, path, is_signed).await
    }
}

/// A function with this endpoint and secret key.
fn function(folder: &Path, endpoint: &str, secret: &str) -> Function {
    Function::new(options(folder, endpoint, secret)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_made_stored_and_has_its_headers() {
    let world = World::new().await;
    world.put(CAT, png(200, 100)).await;
    let made = world.get(SMALL).await;
    assert_eq!(made.status, 200);
    for (name, value) in [
        ("content-type", "image/webp"),
        ("content-disposition", "inline; filename=\"my cat.webp\""),
        ("x-content-type-options", "nosniff"),
        ("vary", "Accept"),
        (
            "cache-control",
            "public, max-age=0, must-revalidate, s-maxage=86400",
        ),
    ] {
        assert_eq!(made.headers[name], value, "{name}");
    }
    let policy = made.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let key = "img/photos/my cat.png/width=64,format=webp";
    let (etag, size_bytes) = world.store.look(BUCKET, key).unwrap();
    assert_eq!(size_bytes, made.body.len() as u64);
    assert_eq!(made.headers["etag"], format!("\"{etag}\""));

    // Whoever asks it again, as CloudFront does where the bucket fails, gets the same.
    let again = world.get(SMALL).await;
    assert_eq!(again.body, made.body);
    assert_eq!(again.headers, made.headers);
    let head = world.ask("HEAD", SMALL, false).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.headers, made.headers);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_free_needs_what_viewer_request_adds() {
    let world = World::new().await;
    world.put(CAT, png(200, 100)).await;
    let odd = "/img/photos/my%20cat.png/width=77,format=webp";
    assert_eq!(world.get(odd).await.status, 403);
    let signed = world.ask("GET", odd, true).await;
    assert_eq!(signed.status, 200);
    let picture = image::load_from_memory(&signed.body).unwrap();
    assert_eq!((picture.width(), picture.height()), (77, 39));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_has_its_status() {
    let world = World::new().await;
    world.put("cut.png", png(200, 100)[..100].to_vec()).await;
    world.put("a.txt", "Words.").await;
    for (method, path, status) in [
        ("GET", "/img/cut.png/width=64,format=webp", 422),
        ("GET", "/img/a.txt/width=64,format=webp", 415),
        ("GET", "/img/none.png/width=64,format=webp", 404),
        ("GET", "/img/width=64,format=webp/cut.png", 404),
        ("GET", "/cut.png", 404),
        ("GET", "/img/..%2f..%2fcut.png/width=64,format=webp", 400),
        ("GET", "/%00", 400),
        ("POST", "/img/cut.png/width=64,format=webp", 405),
    ] {
        let reply = world.ask(method, path, false).await;
        assert_eq!(reply.status, status, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_of_the_site_are_gone_by() {
    let world = World::new().await;
    world.put(CAT, png(200, 100)).await;
    let rules = r#"{"images": {"widths": [77]}}"#;
    world.put("_quillfront/rules.json", rules).await;
    let odd = "/img/photos/my%20cat.png/width=77,format=webp";
    assert_eq!(world.get(odd).await.status, 200);
    assert_eq!(world.get(SMALL).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_cannot_be_asked_is_no_hang_and_nothing_to_keep() {
    // What the function may not do, a server that is not there, and one that never answers.
    let denied = World::with_secret("another").await;
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = format!("http://{}", silent.local_addr().unwrap());
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let functions = [
        denied.function.clone(),
        function(folders[0].path(), &nobody, SECRET),
        function(folders[1].path(), &mute, SECRET),
    ];
    let begin = Instant::now();
    let replies = functions
        .iter()
        .map(|function| asked(function, "GET", SMALL, false));
    let (first, second, third) = {
        let mut replies = replies;
        let mut next = || replies.next().unwrap();
        tokio::join!(next(), next(), next())
    };
    for reply in [first, second, third] {
        assert_eq!(reply.status, 503);
        assert_eq!(reply.headers["cache-control"], "no-store");
    }
    assert!(
        begin.elapsed() < Duration::from_secs(55),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_without_a_bucket_says_so() {
    let program = env!("CARGO_BIN_EXE_quillfront-thumbnail-lambda");
    let output = std::process::Command::new(program).env_clear().output();
    let output = output.unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("s3://bucket[/prefix]"), "{said}");
}

/// Nagle's algorithm had each answer wait for an acknowledgement that Linux puts off for 40 ms.
#[tokio::test(flavor = "multi_thread")]
async fn no_answer_waits_for_an_acknowledgement() {
    let world = World::new().await;
    let mut took = Vec::new();
    for _ in 0..40 {
        let begin = Instant::now();
        assert_eq!(world.get(SMALL).await.status, 404);
        took.push(begin.elapsed());
    }
    // The first ones are acknowledged at once, and some meet a busy machine.
    took.sort();
    assert!(took[15] < Duration::from_millis(35), "{took:?}");
}
