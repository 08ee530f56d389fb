//! Thumbnails by their URL, as a reader gets them.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use tokio::net::TcpStream;

use quillfront_image_urls::{Keys, Settings, sign};

use crate::harness::{IMAGE_KEY, Reply, Server};

const RULES: &str = "_quillfront/rules.json";
const CAT: &str = "photos/cat.jpg";
const CHROME: (&str, &str) = ("accept", "image/avif,image/webp,*/*;q=0.8");
const LIKE_A_PAGE: &str = "public, max-age=0, must-revalidate, s-maxage=86400";
const MINUTE: &str = "public, max-age=60";

/// Real headers, which the tests of the edge have too.
const ACCEPTS: &str = include_str!("../../../edge/tests/accept.txt");

/// A picture whose left upper corner has this colour.
fn picture(colour: [u8; 3], format: ImageFormat) -> Vec<u8> {
    let shade = |x: u32, y: u32| {
        let less = ((x + y) / 4) as u8;
        Rgb(colour.map(|part| part.saturating_sub(less)))
    };
    let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(200, 150, shade));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

const RED: [u8; 3] = [250, 60, 60];
const BLUE: [u8; 3] = [60, 60, 250];

fn jpeg(colour: [u8; 3]) -> Vec<u8> {
    picture(colour, ImageFormat::Jpeg)
}

/// Size, and whether it is red rather than blue.
fn seen(reply: &Reply) -> (u32, u32, bool) {
    let picture = image::load_from_memory(&reply.body).unwrap().to_rgb8();
    let Rgb([red, _, blue]) = *picture.get_pixel(0, 0);
    (picture.width(), picture.height(), red > blue)
}

async fn with_cat() -> Server {
    let server = Server::start().await;
    server.put(CAT, "image/jpeg", jpeg(RED)).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn each_url_has_its_status() {
    let server = with_cat().await;
    let cut = &jpeg(RED)[..1_000];
    server.put("cut.jpg", "image/jpeg", cut).await;
    server.put("a.txt", "text/plain", "Words.").await;
    server.put("a.pdf", "application/pdf", "%PDF-1.7\n").await;
    server.put("empty.jpg", "image/jpeg", "").await;
    server
        .put("page/index.html", "text/html", "<p>Words.")
        .await;
    server
        .put("img/logo.png", "image/png", picture(RED, ImageFormat::Png))
        .await;
    server.put(RULES, "application/json", "{}").await;
    for (path, status, cache, said) in [
        ("/img/width=64/photos/cat.jpg", 200, LIKE_A_PAGE, ""),
        (
            "/img/w=64,f=auto/photos/cat.jpg?v=1&w=9",
            200,
            LIKE_A_PAGE,
            "",
        ),
        ("/img/w=64/img/logo.png", 200, LIKE_A_PAGE, ""),
        ("/img/logo.png", 200, LIKE_A_PAGE, ""),
        (
            "/img/width=0/photos/cat.jpg",
            400,
            MINUTE,
            "400 Bad Request: ",
        ),
        ("/img/gravity=face/photos/cat.jpg", 400, MINUTE, "gravity"),
        (
            "/img/w=64",
            400,
            MINUTE,
            "the path of the picture is missing",
        ),
        ("/img/blur=9/photos/cat.jpg", 403, MINUTE, "blur"),
        (
            "/img/w=64/cut.jpg",
            422,
            MINUTE,
            "422 Unprocessable Entity: the original is damaged",
        ),
        (
            "/img/w=64/a.txt",
            415,
            MINUTE,
            "415 Unsupported Media Type: the original is not a picture",
        ),
        ("/img/w=64/a.pdf", 415, MINUTE, "PDF"),
        ("/img/w=64/empty.jpg", 415, MINUTE, "not a picture"),
        ("/img/w=64/page/index.html", 415, MINUTE, "not a picture"),
        (
            "/img/w=64/photos/dog.jpg",
            404,
            "public, max-age=10",
            "there is no such picture",
        ),
        (
            "/img/w=64/_quillfront/rules.json",
            404,
            "public, max-age=10",
            "",
        ),
        // The canonical form is for caches and buckets, even where it is there.
        (
            "/img/photos/cat.jpg/width=64",
            404,
            "public, max-age=10",
            "",
        ),
        (
            "/img/photos/cat.jpg/width%3D64",
            404,
            "public, max-age=10",
            "",
        ),
        (
            "/img/w=32/img/photos/cat.jpg/width=64",
            404,
            "public, max-age=10",
            "",
        ),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let reply = server.send(method.clone(), path, &[]).await;
            assert_eq!(reply.status.as_u16(), status, "{path}");
            assert_eq!(reply.header("cache-control"), cache, "{path}");
            assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(reply.header("x-frame-options"), "SAMEORIGIN", "{path}");
            assert!(
                !reply
                    .headers
                    .keys()
                    .any(|name| name.as_str().starts_with("x-amz"))
            );
            if status != 200 {
                assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
            }
            if status != 200 && method == Method::GET {
                assert!(reply.text().contains(said), "{path}: {}", reply.text());
                assert!(reply.body.len() < 500);
            }
        }
    }
    let reply = server
        .send(Method::POST, "/img/w=64/photos/cat.jpg", &[])
        .await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    let keys = server.keys("img/").await;
    assert_eq!(
        keys,
        [
            "img/img/logo.png/width=64",
            "img/logo.png",
            "img/photos/cat.jpg/width=64",
        ]
    );
}

/// All headers but the date, sorted.
fn headers(reply: &Reply) -> Vec<(String, String)> {
    let headers = reply.headers.iter().filter(|(name, _)| *name != "date");
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    headers
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headers_are_the_same_now_and_later() {
    let server = with_cat().await;
    let rules = r#"{"headers":{"strict-transport-security":"max-age=1","content-security-policy":"default-src 'self'"}}"#;
    let of_policy = rules.replacen('{', r#"{"edge":"policy","#, 1);
    for rules in [rules, &of_policy] {
        server.put(RULES, "application/json", rules).await;
        for key in server.keys("img/").await {
            server.delete(&key).await;
        }
        let path = "/img/width=64,format=auto/photos/cat.jpg";
        let first = server.get_with(path, &[CHROME]).await;
        let second = server.get_with(path, &[CHROME]).await;
        assert_eq!(headers(&first), headers(&second));
        assert_eq!(first.body, second.body);
        for (name, value) in [
            ("content-type", "image/avif"),
            ("vary", "Accept"),
            ("cache-control", LIKE_A_PAGE),
            ("content-disposition", "inline; filename=\"cat.avif\""),
            (
                "content-security-policy",
                "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox",
            ),
            ("strict-transport-security", "max-age=1"),
            ("accept-ranges", "bytes"),
        ] {
            assert_eq!(first.header(name), value, "{name}");
        }
        assert!(!first.headers.contains_key("last-modified"));
        let etag = first.header("etag").to_owned();
        assert_eq!(etag.len(), 34);

        let head = server.send(Method::HEAD, path, &[CHROME]).await;
        assert_eq!(headers(&head), headers(&second));
        assert!(head.body.is_empty());

        let held = [CHROME, ("if-none-match", etag.as_str())];
        let not_modified = server.get_with(path, &held).await;
        assert_eq!(not_modified.status, StatusCode::NOT_MODIFIED);
        for name in ["vary", "etag", "cache-control", "content-security-policy"] {
            assert_eq!(not_modified.header(name), first.header(name), "{name}");
        }
        let part = server
            .get_with(path, &[CHROME, ("range", "bytes=4-7")])
            .await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
        assert_eq!(&part.body[..], b"ftyp");
        assert_eq!(part.header("vary"), "Accept");

        // As a document of its own it stays what it is.
        let document = server
            .get_with(path, &[CHROME, ("sec-fetch-dest", "document")])
            .await;
        assert_eq!(document.body, first.body);
        // Another reader, another picture.
        let old = server.get(path).await;
        assert_eq!(old.header("content-type"), "image/jpeg");
        assert_eq!(old.header("vary"), "Accept");
        assert_ne!(old.header("etag"), etag);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_and_ranges_hold_for_a_picture_that_is_made_for_them() {
    let server = with_cat().await;
    let part = server
        .get_with("/img/w=64,f=webp/photos/cat.jpg", &[("range", "bytes=0-3")])
        .await;
    assert_eq!((part.status.as_u16(), &part.body[..]), (206, &b"RIFF"[..]));
    let head = server
        .send(Method::HEAD, "/img/w=96,f=webp/photos/cat.jpg", &[])
        .await;
    let whole = server.get("/img/w=96,f=webp/photos/cat.jpg").await;
    assert_eq!(headers(&head), headers(&whole));
    assert_eq!(server.behind.thumbnails_made(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_kept_for_a_year_and_invented_ones_make_one_picture() {
    let server = with_cat().await;
    let version = quillfront_image_urls::Version::of(&jpeg(RED));
    let right = server
        .get(&format!("/img/w=64,v={version}/photos/cat.jpg"))
        .await;
    assert_eq!(
        right.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let wrong = server
        .get("/img/w=64,v=0123456789abcdef/photos/cat.jpg")
        .await;
    assert_eq!(wrong.header("cache-control"), MINUTE);
    assert_eq!(wrong.header("vary"), "Accept");
    assert_eq!(wrong.body, right.body);
    // The current picture is stored, under the key that has no version, and not made again.
    for number in 0..20 {
        let path = format!("/img/w=64,v={number:016x}/photos/cat.jpg");
        assert_eq!(server.get(&path).await.body, right.body);
    }
    let stored = [
        "img/photos/cat.jpg/width=64".to_owned(),
        format!("img/photos/cat.jpg/width=64,v={version}"),
    ];
    assert_eq!(server.keys("img/").await, stored);
    assert_eq!(server.behind.thumbnails_made(), 2);

    // The original is another one: so is the picture, at once.
    server.put(CAT, "image/jpeg", jpeg(BLUE)).await;
    let old = server
        .get(&format!("/img/w=64,v={version}/photos/cat.jpg"))
        .await;
    assert_eq!(old.header("cache-control"), MINUTE);
    assert!(!seen(&old).2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_original_has_another_picture_and_a_deleted_one_has_none() {
    let server = with_cat().await;
    let path = "/img/w=64/photos/cat.jpg";
    assert_eq!(seen(&server.get(path).await), (64, 48, true));
    for colour in [BLUE, RED, BLUE] {
        // Nobody has dropped what was made of the one before.
        server.put(CAT, "image/jpeg", jpeg(colour)).await;
        assert_eq!(seen(&server.get(path).await), (64, 48, colour == RED));
    }
    assert_eq!(server.keys("img/").await, ["img/photos/cat.jpg/width=64"]);
    server.delete(CAT).await;
    assert_eq!(server.get(path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_that_is_replaced_under_readers_leaves_nothing_of_the_one_before() {
    let server = Arc::new(with_cat().await);
    let path = "/img/w=64/photos/cat.jpg";
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (server, done) = (server.clone(), done.clone());
            tokio::spawn(async move {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let reply = server.get(path).await;
                    assert!(matches!(reply.status.as_u16(), 200 | 503));
                }
            })
        })
        .collect();
    for turn in 0..20 {
        let colour = if turn % 2 == 0 { BLUE } else { RED };
        server.put(CAT, "image/jpeg", jpeg(colour)).await;
        // Who comes after the original sees it.
        let reply = server.get(path).await;
        assert_eq!(seen(&reply).2, colour == RED, "{turn}");
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(seen(&server.get(path).await).2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_many_wait_for_is_made_once() {
    let server = Arc::new(with_cat().await);
    let ask = |server: Arc<Server>| {
        tokio::spawn(async move { server.get("/img/w=64,f=webp/photos/cat.jpg").await })
    };
    // One of them goes away at once, and takes nobody along.
    let mut impatient = TcpStream::connect(server.site).await.unwrap();
    let request = b"GET /img/w=64,f=webp/photos/cat.jpg HTTP/1.1\r\nhost: localhost\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut impatient, request)
        .await
        .unwrap();
    drop(impatient);
    let all: Vec<_> = (0..64).map(|_| ask(server.clone())).collect();
    let mut bodies = BTreeSet::new();
    for one in all {
        let reply = one.await.unwrap();
        assert_eq!(reply.status, StatusCode::OK);
        bodies.insert(reply.body);
    }
    assert_eq!(bodies.len(), 1);
    assert_eq!(server.behind.thumbnails_made(), 1);
    assert_eq!(server.keys("img/").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_all_kinds_store_three_keys() {
    let server = with_cat().await;
    for accept in ACCEPTS.lines() {
        let reply = server
            .get_with("/img/w=32,f=auto/photos/cat.jpg", &[("accept", accept)])
            .await;
        assert_eq!(reply.status, StatusCode::OK, "{accept}");
        assert_eq!(reply.header("vary"), "Accept");
    }
    assert_eq!(server.keys("img/").await.len(), 3);
    assert_eq!(server.behind.thumbnails_made(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_spellings_of_a_path_store_one_key_or_none() {
    let server = with_cat().await;
    server.put("secret.jpg", "image/jpeg", jpeg(BLUE)).await;
    server.put(RULES, "application/json", "{}").await;
    let one_key = "img/photos/cat.jpg/width=64";
    for path in [
        "/img/w=64/photos/cat.jpg",
        "/img/width=64/photos/cat.jpg",
        "/img/w%3D64/photos/cat.jpg",
        "/img/w%3d64/photos/cat.jpg",
        "/%69mg/w=64/photos/cat.jpg",
        "/img/w=64/%70hotos/c%61t%2Ejpg",
        "/img/w=64/%70hotos/c%61t%2ejpg",
        "/img/w=33/photos/cat.jpg",
        "/img/w=064/photos/cat.jpg",
        "/img/w=32,dpr=2/photos/cat.jpg",
        "/img/w=64,fit=scale-down/photos/cat.jpg",
        "/img/w=64/photos/cat.jpg?",
        "/img/w=64/photos/cat.jpg?x=/../y",
        "/img/w=64/photos/cat.jpg?w=9",
        "/img/w=64/photos/cat.jpg/",
        "/img/w=64/photos//cat.jpg",
        "/img//w=64/photos/cat.jpg",
        "/img/w=64//photos/cat.jpg",
        "//img/w=64/photos/cat.jpg",
        "/img/w=64/./photos/cat.jpg",
        "/img/w=64/photos/../photos/cat.jpg",
        "/img/w=64/photos/%2e/cat.jpg",
        "/img/w=64/photos/%2E%2e/photos/cat.jpg",
        "/img/w=64/%2e%2e/%2e%2e/photos/cat.jpg",
        "/img/w=64/../w=64/photos/cat.jpg",
        "/img/w=64/photos%2Fcat.jpg",
        "/img/w=64/photos%2fcat.jpg",
        "/img%2Fw=64/photos/cat.jpg",
        "/img/w=64/photos%5Ccat.jpg",
        "/img/w=64/photos/cat.jpg%00",
        "/img/w=64/photos/cat.jpg%00.png",
        "/img/w=64/photos/cat.jpg%0a",
        "/img/w=64/photos/cat%252ejpg",
        "/img/w=64/photos/%2570hotos/cat.jpg",
        "/img/w=64/photos/cat%2",
        "/img/w=64/photos/cat.jpg%ff",
        "/img/w=64/PHOTOS/cat.jpg",
        "/IMG/w=64/photos/cat.jpg",
        "/img/w=64/photos/cat.jpg ",
        "/img/w=64/photos/cat.jpg.",
        "/img/w=64/photos/cat.jpg;x",
        "/img/w=64/photos/cat.jpg%3Fx",
        "/img/w=64/photos/cat.jpg%23x",
        "/img/w=64/_quillfront/rules.json",
        "/img/w=64/%5Fquillfront/rules.json",
        "/img/w=64/photos/../../secret.jpg",
    ] {
        // Some of them no client would send.
        let status = raw(&server, path).await;
        assert!((200..500).contains(&status), "{path}: {status}");
        let keys = server.keys("img/").await;
        assert!(keys.iter().all(|key| key == one_key), "{path}: {keys:?}");
        assert_eq!(status == 200, !keys.is_empty(), "{path}");
        for key in keys {
            server.delete(&key).await;
        }
        let all = server.keys("").await;
        assert_eq!(all, [RULES, CAT, "secret.jpg"], "{path}");
    }
}

/// The status of an answer to a path that is sent as it is written.
async fn raw(server: &Server, path: &str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = TcpStream::connect(server.site).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    answer.get(9..12).unwrap_or_default().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_a_limit_is_answered_at_once() {
    let server = Server::start().await;
    // A header of 20,000 × 20,000 pixels, and then a lot of nothing.
    let mut png = picture(RED, ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
    let sum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    png.resize(20_000_000, 0);
    server.put("huge.png", "image/png", png).await;
    server
        .put("long.jpg", "image/jpeg", vec![0; 3_000_000])
        .await;
    let rules = r#"{"images":{"limits":{"bytes":25000000}}}"#;
    server.put(RULES, "application/json", rules).await;
    // The file is in the cache of the system.
    server.get("/img/w=64/huge.png").await;
    let start = Instant::now();
    let reply = server.get("/img/w=64/huge.png").await;
    let took = start.elapsed();
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(
        reply.text().contains("20000 × 20000 pixels"),
        "{}",
        reply.text()
    );
    assert!(took < Duration::from_millis(500), "{took:?}");
    let rules = r#"{"images":{"limits":{"bytes":2000000}}}"#;
    server.put(RULES, "application/json", rules).await;
    let reply = server.get("/img/w=64/long.jpg").await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(reply.text().contains("3000000 bytes"), "{}", reply.text());
    assert_eq!(server.behind.thumbnails_made(), 0);
    assert!(server.keys("img/").await.is_empty());
}

/// The CRC-32 of a part of a PNG (PNG, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn another_prefix_and_a_preset_are_those_of_the_site() {
    let server = with_cat().await;
    let rules = r#"{"edge":"policy","images":{"prefix":"/pictures/by-url",
        "presets":{"card":"w=50,h=50,fit=cover,blur=3,onerror=redirect"}}}"#;
    server.put(RULES, "application/json", rules).await;
    server.put("a.txt", "text/plain", "Words.").await;
    let card = server
        .get("/pictures/by-url/preset=card/photos/cat.jpg")
        .await;
    assert_eq!(seen(&card), (50, 50, true));
    let moved = server.get("/pictures/by-url/preset=card/a.txt").await;
    assert_eq!(
        (moved.status.as_u16(), moved.header("location")),
        (302, "/a.txt")
    );
    // No page: nothing has a slash put behind it.
    let missing = server.get("/pictures/by-url/w=64/photos/cat").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(
        server.get("/img/w=64/photos/cat.jpg").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawing_is_shown_without_what_it_could_run() {
    let server = Server::start().await;
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><script>alert(1)</script><rect/></svg>";
    server.put("a.svg", "image/svg+xml", svg).await;
    let reply = server.get("/img/w=64/a.svg").await;
    assert_eq!(reply.header("content-type"), "image/svg+xml");
    assert!(!reply.text().contains("alert"), "{}", reply.text());
    assert_eq!(
        reply.header("content-security-policy"),
        quillfront_images::svg::SVG_POLICY
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_url_shows_what_is_not_free() {
    let server = with_cat().await;
    let now = jiff::Timestamp::now().as_second().unsigned_abs();
    let keys = Keys::read(IMAGE_KEY).unwrap();
    let signed = |options: &str, expires: u64| {
        let message = sign::message(options, CAT, expires, &Settings::default());
        let signature = keys.sign(&message).unwrap();
        format!("/img/{options},e={expires},s={signature}/{CAT}")
    };
    let shown = server.get(&signed("w=50,flip=h", now + 600)).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert_eq!(seen(&shown).0, 50);
    // From the bucket it is as when it was made, and no less checked.
    let again = server.get(&signed("flip=h,width=50", now + 900)).await;
    assert_eq!((again.status, again.body), (StatusCode::OK, shown.body));
    assert_eq!(server.behind.thumbnails_made(), 1);
    let canonical = format!("/img/{CAT}/width=50,flip=h");
    for (path, status) in [
        (format!("/img/w=50,flip=h/{CAT}"), 403),
        (signed("w=50,flip=h", now - 1), 403),
        (
            signed("w=50,flip=h", now + 600).replace("w=50", "w=51"),
            403,
        ),
        // Another behaviour takes it, and nothing is there, though it is in the bucket.
        (canonical.replace("/img", "/%69mg"), 404),
        (canonical.replace("/img", "/%69mg").replace('=', "%3D"), 404),
        (canonical, 404),
    ] {
        let header = [("x-quillfront-signed", "1")];
        assert_eq!(
            server.get_with(&path, &header).await.status.as_u16(),
            status,
            "{path}"
        );
    }
    assert_eq!(server.behind.thumbnails_made(), 1);
}
