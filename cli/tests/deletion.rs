//! Pictures that are replaced and taken down, under readers, on a site that `serve` publishes: no thumbnail and no
//! byte of them stays.

mod serving;

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use quillfront_publish::aws;
use serving::{Serve, write};
use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const SITE: [(&str, &str); 5] = [
    ("config.toml", "base_url = \"https://example.org\"\n"),
    ("quillfront.toml", "[images]\nstrip_originals = true\n"),
    ("content/_index.md", "+++\ntitle = \"Home\"\n+++\n"),
    (
        "content/trip/index.md",
        "+++\ntitle = \"Trip\"\n+++\n![](cat.jpg)\n",
    ),
    ("templates/page.html", "{{ page.content | safe }}"),
];
const CAT: &str = "trip/cat.jpg";
/// Of a cat: what readers ask for, and all that they may have stored.
const URLS: [&str; 3] = [
    "/img/width=64/trip/cat.jpg",
    "/img/width=96,format=webp/trip/cat.jpg",
    "/img/width=32,height=32,fit=cover/trip/cat.jpg",
];
/// Made by `images/tests/leaks/make.py`: it has a position, and `SECRET` wherever it tells more.
const CAMERA: &[u8] = include_bytes!("../../images/tests/leaks/camera.jpg");

struct World {
    serve: Serve,
    site: String,
    root: PathBuf,
    _folder: TempDir,
}

impl World {
    fn new(cat: &[u8]) -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("site");
        write(&root, &SITE);
        fs::write(path_of_cat(&root), cat).unwrap();
        let mut serve = Serve::start(&root, &[]);
        let report = serve.line();
        assert_eq!(report["version"], 1, "{report}");
        let site = serve.ready["site"].as_str().unwrap().to_owned();
        Self {
            serve,
            site,
            root,
            _folder: folder,
        }
    }

    /// Replaces the cat, and waits for the build that publishes it.
    fn replace(&mut self, cat: &[u8]) {
        // A file that is read while it is written would be two edits.
        let new = self.root.join("new.tmp");
        fs::write(&new, cat).unwrap();
        fs::rename(new, path_of_cat(&self.root)).unwrap();
        self.until_built();
    }

    fn delete(&mut self) {
        fs::remove_file(path_of_cat(&self.root)).unwrap();
        // Its page leads to it.
        let text = "+++\ntitle = \"Trip\"\n+++\nTaken down.\n";
        write(&self.root, &[("content/trip/index.md", text)]);
        self.until_built();
    }

    /// Reads reports until one that has done something about the cat.
    fn until_built(&mut self) {
        loop {
            let report = self.serve.line();
            let outputs = report["outputs"].as_array().unwrap();
            if outputs.iter().any(|output| output["key"] == CAT) {
                return;
            }
        }
    }

    fn client(&self) -> Client {
        let said = |name: &str| self.serve.ready[name].as_str().unwrap();
        let (key, secret) = (said("access_key"), said("secret_key"));
        let keys = Credentials::new(key, secret, None, None, "test");
        let config = aws::fixed(Duration::from_secs(30), keys, said("region"));
        let config = config.into_builder().endpoint_url(said("s3"));
        aws::s3(&config.build(), true)
    }

    /// All objects of a bucket.
    fn bucket(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let client = self.client();
        let reading = async move {
            let list = client.list_objects_v2().bucket(name).send().await.unwrap();
            let mut tree = BTreeMap::new();
            for key in list.contents().iter().filter_map(|object| object.key()) {
                let got = client.get_object().bucket(name).key(key).send().await;
                let bytes = got.unwrap().body.collect().await.unwrap().to_vec();
                tree.insert(key.to_owned(), bytes);
            }
            tree
        };
        tokio::runtime::Runtime::new().unwrap().block_on(reading)
    }

    fn variants(&self) -> BTreeMap<String, Vec<u8>> {
        let mut tree = self.bucket("site");
        tree.retain(|key, _| key.starts_with("img/"));
        tree
    }
}

fn path_of_cat(root: &Path) -> PathBuf {
    root.join("content").join(CAT)
}

/// Status and body.
fn get(site: &str, path: &str) -> (u16, Vec<u8>) {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .new_agent();
    let mut answer = agent.get(format!("{site}{path}")).call().unwrap();
    let status = answer.status().as_u16();
    (status, answer.body_mut().read_to_vec().unwrap())
}

/// A cat of its own for each number.
fn cat(number: u32) -> Vec<u8> {
    let [red, green] = [(number * 37 % 256) as u8, (number * 11 % 256) as u8];
    let colour = |x: u32, y: u32| Rgb([red, green, ((x + y) / 2) as u8]);
    let picture = DynamicImage::ImageRgb8(RgbImage::from_fn(200, 150, colour));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// What readers get of a cat.
fn thumbnails(site: &str) -> Vec<Vec<u8>> {
    let got = URLS.iter().map(|url| {
        let (status, bytes) = get(site, url);
        assert_eq!(status, 200, "{url}");
        bytes
    });
    got.collect()
}

fn overwrites() -> u32 {
    let is_deep = std::env::var("E2E_DEEP").is_ok_and(|deep| !matches!(&*deep, "" | "0"));
    if is_deep { 100 } else { 20 }
}

#[test]
fn overwrites_under_readers_leave_nothing_of_the_pictures_before() {
    let last = overwrites();
    let expected = thumbnails(&World::new(&cat(last)).site);
    let mut world = World::new(&cat(0));
    let old = thumbnails(&world.site);
    assert!(old.iter().zip(&expected).all(|(old, new)| old != new));
    let (is_over, site) = (AtomicBool::new(false), world.site.clone());
    std::thread::scope(|scope| {
        for reader in 0..4 {
            let (is_over, site) = (&is_over, &site);
            scope.spawn(move || {
                let mut reads = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let (status, _) = get(site, URLS[(reader + reads) % URLS.len()]);
                    assert!(matches!(status, 200 | 503), "{status}");
                    reads += 1;
                }
                assert!(reads > 0);
            });
        }
        for number in 1..=last {
            world.replace(&cat(number));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(thumbnails(&world.site) == expected);
    assert!(get(&world.site, "/trip/cat.jpg") == (200, cat(last)));
    let stored = world.variants();
    assert_eq!(stored.len(), URLS.len(), "{:?}", stored.keys());
    for (key, bytes) in stored {
        assert!(expected.contains(&bytes), "{key} is of a picture before");
    }

    world.delete();
    for url in URLS {
        assert_eq!(get(&world.site, url).0, 404, "{url}");
    }
    assert_eq!(get(&world.site, "/trip/cat.jpg").0, 404);
    assert!(world.variants().is_empty());
}

#[test]
fn a_photograph_with_a_position_that_is_deleted_leaves_nothing() {
    let mut world = World::new(CAMERA);
    let shown = thumbnails(&world.site);
    let (status, published) = get(&world.site, "/trip/cat.jpg");
    assert_eq!(status, 200);
    assert!(published != CAMERA);
    assert_eq!(world.variants().len(), URLS.len());
    // The bytes that have the position, with some of the picture around them for who looks for those.
    let position = gps(CAMERA);
    assert!(has(CAMERA, &position) && has(CAMERA, b"SECRET"));
    let picture = &published[published.len() - 200..][..64];
    let assert_nothing = |world: &World, bucket: &str, parts: &[&[u8]]| {
        for (key, bytes) in world.bucket(bucket) {
            for part in parts {
                assert!(!has(&bytes, part), "{bucket}: {key}");
            }
        }
    };
    // Nor was the position ever published.
    assert_nothing(&world, "site", &[&position, b"SECRET"]);
    assert!(
        world
            .bucket("site")
            .values()
            .any(|bytes| has(bytes, picture))
    );

    world.delete();
    for bucket in ["site", "state"] {
        assert_nothing(&world, bucket, &[&position, b"SECRET", picture]);
        let whole: Vec<&[u8]> = shown.iter().map(Vec::as_slice).collect();
        assert_nothing(&world, bucket, &whole);
    }
    assert!(world.variants().is_empty());
    for path in URLS.iter().chain(&["/trip/cat.jpg"]) {
        assert_eq!(get(&world.site, path).0, 404, "{path}");
    }
}

/// The latitude in the photograph as it is stored: three fractions (Exif 2.32, 4.6.6), of which the first is 52/1.
fn gps(photograph: &[u8]) -> Vec<u8> {
    let degrees = [52_u32, 1].map(u32::to_be_bytes).concat();
    let at = photograph.windows(8).position(|part| part == degrees);
    photograph[at.expect("a latitude")..][..24].to_vec()
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|at| at == part)
}
