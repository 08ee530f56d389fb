//! Pictures and style sheets that templates name, from sources to the tree.

use crate::effective::{self, SourceObservation};
use crate::evaluate::{Album, Evaluation, Options, PreparedSite, Supply, Tree};
use crate::render::world::{Listing, Settings};
use image::{ImageFormat, RgbImage};
use quillfront_site::fingerprint::Fingerprint;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::{Body, CACHE_IMMUTABLE, CACHE_REVALIDATE};
use quillfront_site::source::Sources;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::Arc;

const CONFIG: &str = "base_url = \"https://example.org\"\ncompile_sass = true\n";
const INDEX: &str = "{% set i = resize_image(path=\"cat.png\", width=4, height=3) %}{{ i.url }} \
                     {{ i.width }}x{{ i.height }} of {{ i.orig_width }}x{{ i.orig_height }}";

pub(super) type Files = BTreeMap<&'static str, Vec<u8>>;

pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 9]));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

pub(super) fn files(more: &[(&'static str, &[u8])]) -> Files {
    let base: [(&str, &[u8]); 4] = [
        ("config.toml", CONFIG.as_bytes()),
        ("templates/index.html", INDEX.as_bytes()),
        ("templates/page.html", b"{{ page.content | safe }}"),
        ("static/cat.png", &png(40, 30)),
    ];
    let all = base.iter().chain(more);
    all.map(|(key, bytes)| (*key, bytes.to_vec())).collect()
}

/// Evaluates a site; also returns what was read, batch by batch. Pictures claim to have `size`.
fn evaluated(files: &Files, size: Option<u64>) -> (Tree, Vec<BTreeSet<SourceKey>>) {
    evaluated_with(files, size, &Album::default(), &[])
}

/// The same, by a builder that remembers pictures, where some are published. The version of a file
/// is that of its bytes.
fn evaluated_with(
    files: &Files,
    size: Option<u64>,
    album: &Album,
    published: &[String],
) -> (Tree, Vec<BTreeSet<SourceKey>>) {
    let mut sources = Sources::default();
    for (key, bytes) in files {
        let key = SourceKey::from(*key);
        let version = Fingerprint::of(bytes).hex();
        let observed = if key.is_text() {
            SourceObservation::Text {
                version,
                size: bytes.len() as u64,
                bytes: Some(bytes.clone()),
            }
        } else {
            let size = size.unwrap_or(bytes.len() as u64);
            SourceObservation::Opaque { version, size }
        };
        effective::observe(&mut sources, &key, observed);
    }
    let settings = Settings {
        mode: "build",
        minify: false,
        base_url: None,
        drafts: false,
        now: jiff::Timestamp::UNIX_EPOCH,
        listing: Listing::All,
        all_accepted: false,
    };
    let published = published.iter().map(|key| OutputKey::from(key.as_str()));
    let options = Options {
        album: Some(album.clone()),
        pictures: published.collect(),
        ..Options::default()
    };
    let site = PreparedSite::new(Arc::new(sources), settings).unwrap();
    let mut evaluation: Evaluation = site.evaluate(options);
    let mut batches = Vec::new();
    loop {
        let batch = evaluation.step(|_, object| object).files;
        if batch.is_empty() {
            return (evaluation.finish(), batches);
        }
        let read = batch.iter().map(|key| {
            let bytes = files.get(key.as_str());
            (key.clone(), bytes.map(|bytes| bytes.as_slice().into()))
        });
        let versions = batch.iter().filter_map(|key| {
            let bytes = files.get(key.as_str())?;
            Some((key.clone(), Fingerprint::of(bytes).hex()))
        });
        evaluation.supply(Supply {
            files: read.collect(),
            versions: versions.collect(),
            ..Supply::default()
        });
        batches.push(batch);
    }
}

pub(super) fn tree(files: &Files) -> Tree {
    evaluated(files, None).0
}

pub(super) fn text(tree: &Tree, key: &str) -> String {
    let object = tree.objects.get(key);
    let object = object.unwrap_or_else(|| panic!("no {key}: {:?}", tree.diagnostics));
    let Body::Bytes(bytes) = &object.body else {
        panic!("{key} is a copy");
    };
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The pictures that were made.
pub(super) fn made(tree: &Tree) -> Vec<String> {
    let keys = tree.objects.keys().map(ToString::to_string);
    keys.filter(|key| key.starts_with("processed_images/"))
        .collect()
}

#[test]
fn a_picture_is_made_once_for_all_that_refer_to_it_and_its_name_follows_its_bytes() {
    let body = "+++\n+++\n{% set i = resize_image(path=\"cat.png\", width=4, height=3) %}\
                ![]({{ i.url }}) {% set j = resize_image(path=\"@/cat.jpg\", width=2, op=\"fit_width\",\
                format=\"webp\") %}![]({{ j.url }})";
    let mut site = files(&[
        ("content/a.md", body.as_bytes()),
        ("content/cat.jpg", &png(9, 9)),
    ]);
    let first = tree(&site);
    assert!(first.diagnostics.is_empty(), "{:?}", first.diagnostics);
    let names = made(&first);
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().any(|name| name.ends_with(".png")));
    let index = text(&first, "index.html");
    assert!(index.ends_with(" 4x3 of 40x30"), "{index}");
    for name in &names {
        assert!(text(&first, "a/index.html").contains(name));
        assert_eq!(first.objects[name.as_str()].cache_control, CACHE_IMMUTABLE);
    }
    assert_eq!(first.objects["cat.png"].cache_control, CACHE_REVALIDATE);
    // Other bytes, another name: the old one may be kept for a year.
    site.insert("static/cat.png", png(41, 30));
    let second = tree(&site);
    let common = made(&second)
        .iter()
        .filter(|name| names.contains(name))
        .count();
    assert_eq!((made(&second).len(), common), (2, 1));
}

#[test]
fn what_is_published_is_neither_read_nor_made_again() {
    let mut site = files(&[]);
    let album = Album::default();
    let (first, batches) = evaluated_with(&site, None, &album, &[]);
    assert_eq!(batches.len(), 1);
    let published = made(&first);
    let (second, batches) = evaluated_with(&site, None, &album, &published);
    assert_eq!((made(&second).len(), batches.len()), (0, 0));
    assert!(second.plan.contains_key(published[0].as_str()), "it stays");
    assert_eq!(second.objects["index.html"], first.objects["index.html"]);
    site.insert("static/cat.png", png(50, 30));
    let (third, batches) = evaluated_with(&site, None, &album, &published);
    assert_eq!(batches.len(), 1);
    assert_eq!(third.objects, tree(&site).objects);
    assert!(text(&third, "index.html").ends_with(" of 50x30"));
}

#[test]
fn a_list_that_shows_a_picture_which_cannot_be_made_fails_with_it() {
    let body = "+++\ntitle = \"A\"\n+++\n{% set i = resize_image(path=\"@/cut.png\", width=4, height=3) %}\
                ![]({{ i.url }})";
    let cut = &png(40, 30)[..60];
    let list = b"{% for p in section.pages %}{{ p.content | safe }}{% endfor %}";
    let site = files(&[
        ("content/a.md", body.as_bytes()),
        ("content/cut.png", cut),
        ("templates/index.html", list),
    ]);
    let tree = tree(&site);
    let stale: Vec<&str> = tree.stale.iter().map(|key| key.as_str()).collect();
    assert!(
        stale.contains(&"a/index.html") && stale.contains(&"index.html"),
        "{stale:?}"
    );
}

#[test]
fn threads_make_no_difference() {
    let body: String = (1..30)
        .map(|n| format!("{{% set i = resize_image(path=\"cat.png\", width={n}, height=3) %}}"))
        .collect();
    let site = files(&[("content/a.md", format!("+++\n+++\n{body}").as_bytes())]);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| tree(&site).objects)
    };
    let one = on(1);
    assert!(one.len() > 30);
    assert!(one == on(8));
}

#[test]
fn a_picture_that_cannot_be_made_fails_the_pages_that_refer_to_it() {
    let mut site = files(&[("content/a.md", b"+++\n+++\ntext")]);
    let good = png(40, 30);
    site.insert("static/cat.png", good[..good.len() / 2].to_vec());
    let tree = tree(&site);
    assert!(tree.stale.contains("index.html") && !tree.objects.contains_key("index.html"));
    assert!(tree.objects.contains_key("a/index.html") && made(&tree).is_empty());
    let told: Vec<_> = tree
        .diagnostics
        .iter()
        .filter(|one| one.code == "image")
        .collect();
    assert_eq!((told.len(), told[0].file.as_str()), (1, "static/cat.png"));
    assert!(told[0].message.contains("index.html"), "{}", told[0]);
}

#[test]
fn what_is_no_picture_is_told_where_it_is_named() {
    let mut site = files(&[]);
    site.insert("static/cat.png", b"meow".to_vec());
    let diagnostics = tree(&site).diagnostics;
    let told = diagnostics.iter().find(|one| one.is_error()).unwrap();
    assert_eq!(told.file, "templates/index.html");
    let named = ["static/cat.png", "resize_image"];
    assert!(
        named.iter().all(|part| told.message.contains(part)),
        "{told}"
    );
}

#[test]
fn many_large_files_are_read_in_batches() {
    let call =
        |path: &str| format!("{{% set i = resize_image(path=\"{path}\", width=2, height=2) %}}");
    let names = ["static/a.png", "static/b.png", "static/c.png"];
    let index: String = ["a.png", "b.png", "c.png"].map(call).concat();
    let mut site = files(&[("templates/index.html", index.as_bytes())]);
    for name in names {
        site.insert(name, png(5, 5));
    }
    let (tree, batches) = evaluated(&site, Some(100 << 20));
    assert!(tree.diagnostics.is_empty(), "{:?}", tree.diagnostics);
    assert_eq!(made(&tree).len(), 3);
    assert!(batches.iter().all(|batch| batch.len() == 1), "{batches:?}");
}

#[test]
fn templates_find_style_sheets_that_are_made_from_sass() {
    let index = b"{{ get_hash(path=\"site.css\", sha_type=256, base64=false) }} \
                  {{ get_url(path=\"site.css\", cachebust=true) }} {{ get_hash(path=\"own.css\", sha_type=256, base64=false) }}";
    let mut site = files(&[
        ("templates/index.html", index),
        ("sass/site.scss", b"a { b { c: d } }"),
        ("sass/own.scss", b"a { b: c }"),
        ("static/own.css", b"mine"),
    ]);
    site.remove("static/cat.png");
    let tree = tree(&site);
    assert_eq!(text(&tree, "site.css"), "a b{c:d}");
    let hash = |text: &str| {
        use sha2::{Digest, Sha256};
        hex::encode(Sha256::digest(text))
    };
    let css = hash("a b{c:d}");
    // A static file of the same name takes its place; it is asked for like any file.
    let address = format!("https://example.org/site.css?h={}", &css[..20]);
    let expected = format!("{css} {address} {}", hash("mine"));
    assert_eq!(text(&tree, "index.html"), expected);
    let Body::Copy { source, .. } = &tree.objects["own.css"].body else {
        panic!("a static file is copied");
    };
    assert_eq!(source.as_str(), "static/own.css");
}

#[test]
fn a_style_sheet_with_a_mistake_is_stale_and_says_where() {
    let mut site = files(&[("sass/site.scss", b"a {\n  b: $no;\n}\n")]);
    site.insert("templates/index.html", b"home".to_vec());
    let tree = tree(&site);
    assert!(tree.stale.contains("site.css"));
    let told = tree
        .diagnostics
        .iter()
        .find(|one| one.code == "sass")
        .unwrap();
    assert_eq!(
        (told.file.as_str(), told.line, told.column),
        ("sass/site.scss", Some(2), Some(6))
    );
}

#[test]
fn what_another_program_left_in_static_processed_images_is_not_published() {
    let site = files(&[("static/processed_images/old.0123456789abcdef.png", b"old")]);
    assert_eq!(made(&tree(&site)).len(), 1);
}

/// Asks for a picture in so many widths, from the first on.
fn asks(first: usize, count: usize) -> String {
    let end = first + count;
    format!(
        "{{% for i in range(start={first}, end={end}) %}}\
         {{% set p = resize_image(path=\"cat.png\", width=i, height=1, op=\"scale\") %}}{{% endfor %}}"
    )
}

#[test]
fn the_pictures_of_each_page_are_counted_by_themselves_and_each_once() {
    let page = |asks: &str| format!("+++\n+++\n{asks}").into_bytes();
    let same = "{% for i in range(end=1500) %}\
                {% set p = resize_image(path=\"cat.png\", width=1, height=1) %}{% endfor %}";
    let (one, other) = (page(&asks(1, 600)), page(&(asks(601, 600) + same)));
    let site = tree(&files(&[("content/a.md", &one), ("content/b.md", &other)]));
    assert!(site.diagnostics.is_empty(), "{:?}", site.diagnostics);
    let site = tree(&files(&[("content/a.md", &page(&asks(1, 1_001)))]));
    let told = site.diagnostics[0].to_string();
    let expected = "the text of this page asks for more than 1000 resized pictures";
    assert!(told.contains(expected), "{told}");
}
