//! Many readers of one thumbnail at once.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use crate::harness::Server;

const CAT: &str = "photos/cat.jpg";

/// What the system says of this process: a number of threads, or of KiB.
fn of_this_process(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let mut words = line.unwrap().trim_start_matches(':').split_whitespace();
    words.next().unwrap().parse().unwrap()
}

/// They wait without a thread for each, and nobody decodes it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_readers_of_one_cold_key_have_it_made_once() {
    const READERS: usize = 1_000;
    /// Of other tests too, which run beside it. A copy of the original has 5.8 MB for each reader.
    const MORE_THREADS: u64 = 300;
    const MORE_KIB: u64 = 600 * 1_024;
    quillfront_local::net::raise_descriptor_limit();
    let server = Arc::new(Server::start().await);
    let noise = |x: u32, y: u32| Rgb([(x * y % 251) as u8, (x * 7 + y * y) as u8, (x ^ y) as u8]);
    let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(1_600, 1_200, noise));
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).unwrap();
    server.put(CAT, "image/png", png.into_inner()).await;
    let (threads, kib) = (of_this_process("Threads"), of_this_process("VmRSS"));
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move {
                let reply = server.get("/img/w=640,f=webp/photos/cat.jpg").await;
                (reply.status, hash(&reply.body))
            })
        })
        .collect();
    let mut most = (0, 0);
    while readers.iter().any(|reader| !reader.is_finished()) {
        most.0 = most.0.max(of_this_process("Threads"));
        most.1 = most.1.max(of_this_process("VmRSS"));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut bodies = BTreeSet::new();
    for reader in readers {
        let (status, body) = reader.await.unwrap();
        assert_eq!(status, StatusCode::OK);
        bodies.insert(body);
    }
    assert_eq!(bodies.len(), 1);
    assert_eq!(server.behind.thumbnails_made(), 1);
    assert!(
        most.0 <= threads + MORE_THREADS,
        "{threads}, then {}",
        most.0
    );
    assert!(most.1 <= kib + MORE_KIB, "{kib} KiB, then {}", most.1);
}

fn hash(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
