//! `serve` after the disk has changed what lies in the data folder: nothing that is published goes
//! for it, and what can be made again is.

mod serving;

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use quillfront_publish::aws;
use serde_json::Value;
use serving::{Serve, quillfront, write};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const SITE: [(&str, &str); 8] = [
    (
        "config.toml",
        "base_url = \"https://example.org\"\ntaxonomies = [{name = \"tags\"}]\nbuild_search_index = true\n",
    ),
    ("content/_index.md", "+++\ntitle = \"Home\"\n+++\n"),
    (
        "content/a.md",
        "+++\ntitle = \"A\"\n[taxonomies]\ntags = [\"x\"]\n+++\nWords.\n",
    ),
    ("static/style.css", "a { color: red }\n"),
    (
        "templates/index.html",
        "{% for page in section.pages %}{{ page.title }} {% endfor %}",
    ),
    ("templates/page.html", "{{ page.content | safe }}"),
    ("templates/taxonomy_list.html", "{{ terms | length }}"),
    ("templates/taxonomy_single.html", "{{ term.name }}"),
];
const VIDEO: &str = "static/video.bin";
const POST: &str = "content/post.md";

struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        write(&folder.path().join("site"), &SITE);
        Self { folder }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    /// A server that has come through its first reconcile, and the reports until then.
    fn serve(&self) -> (Serve, Vec<Value>) {
        let data = self.folder.path().join("data");
        let mut serve = Serve::start(&self.root(), &["--data", data.to_str().unwrap()]);
        let report = serve.line();
        (serve, vec![report])
    }

    /// The file of an object: the one in whose record its key stands.
    fn file(&self, bucket: &str, key: &str) -> PathBuf {
        let named = format!("\"key\":\"{key}\"");
        let folder = self.folder.path().join("data/s3/buckets").join(bucket);
        let files = fs::read_dir(folder.join("objects")).unwrap();
        let mut files = files.map(|entry| entry.unwrap().path());
        let has_key = |path: &PathBuf| {
            let bytes = fs::read(path).unwrap();
            bytes
                .windows(named.len())
                .any(|part| part == named.as_bytes())
        };
        files.find(has_key).unwrap_or_else(|| panic!("no {key}"))
    }

    fn flip_in_record(&self, bucket: &str, key: &str) {
        let path = self.file(bucket, key);
        flip(&path, fs::metadata(&path).unwrap().len() as usize - 100);
    }

    /// What a clean build of the folder makes.
    fn clean(&self) -> BTreeMap<String, Vec<u8>> {
        let out = self.folder.path().join("out");
        let to = out.to_str().unwrap();
        let built = quillfront(&self.root(), &["build", "-f", "-o", to]);
        assert!(built.status.success(), "{}", serving::said(&built));
        let mut tree = BTreeMap::new();
        let mut folders = vec![out.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let key = path.strip_prefix(&out).unwrap().to_str().unwrap();
                    tree.insert(key.to_owned(), fs::read(&path).unwrap());
                }
            }
        }
        tree
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn client(serve: &Serve) -> Client {
    let said = |name: &str| serve.ready[name].as_str().unwrap();
    let (key, secret) = (said("access_key"), said("secret_key"));
    let keys = Credentials::new(key, secret, None, None, "test");
    let config = aws::fixed(Duration::from_secs(30), keys, said("region"));
    aws::s3(
        &config.into_builder().endpoint_url(said("s3")).build(),
        true,
    )
}

async fn put(client: &Client, key: &str, bytes: &[u8]) {
    let put = client.put_object().bucket("source").key(key);
    put.body(bytes.to_vec().into()).send().await.unwrap();
}

async fn tree(client: &Client, bucket: &str) -> BTreeMap<String, Vec<u8>> {
    let listed = client
        .list_objects_v2()
        .bucket(bucket)
        .send()
        .await
        .unwrap();
    let mut tree = BTreeMap::new();
    for key in listed.contents().iter().filter_map(|object| object.key()) {
        let got = client.get_object().bucket(bucket).key(key).send().await;
        let bytes = got.unwrap().body.collect().await.unwrap().to_vec();
        tree.insert(key.to_owned(), bytes);
    }
    tree
}

/// An object of each kind of which there are any in a state.
fn kinds_of(state: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, String> {
    let root: Value = serde_json::from_slice(&state["root.json"]).unwrap();
    let segments = root["segments"].as_object().unwrap().iter();
    let segments = segments.filter_map(|(kind, names)| {
        let name = names.get(0)?.as_str()?;
        Some((kind.clone(), format!("segments/{name}")))
    });
    let others = ["root.json", "report.json"].map(|key| (key.to_owned(), key.to_owned()));
    segments.chain(others).collect()
}

/// The files of which reports say that they cannot be read.
fn unreadable(reports: &[Value]) -> BTreeSet<String> {
    let told = reports
        .iter()
        .flat_map(|report| report["diagnostics"].as_array().unwrap());
    let told = told.filter(|problem| problem["code"] == "unreadable");
    told.map(|problem| problem["file"].as_str().unwrap().to_owned())
        .collect()
}

fn named(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

/// The reports until one that has done something about `key`, it included.
fn until(serve: &mut Serve, key: &str) -> Vec<Value> {
    let mut reports = Vec::new();
    loop {
        reports.push(serve.line());
        let outputs = reports.last().unwrap()["outputs"].as_array().unwrap();
        if outputs.iter().any(|output| output["key"] == key) {
            return reports;
        }
    }
}

/// A bit of a record of some hundred bytes took a video of the site, and a post, at the next start.
#[tokio::test]
async fn what_the_disk_has_lost_stays_published_until_it_is_put_or_deleted() {
    let home = Home::new();
    let (mut serve, _) = home.serve();
    let s3 = client(&serve);
    let video = vec![7; 3 << 20];
    put(&s3, VIDEO, &video).await;
    until(&mut serve, "video.bin");
    put(&s3, POST, b"+++\ntitle = \"Post\"\n+++\nSaid.\n").await;
    until(&mut serve, "post/index.html");
    let before = tree(&s3, "site").await;
    drop(serve);
    for key in [VIDEO, POST, "content/a.md"] {
        home.flip_in_record("source", key);
    }

    for is_first in [true, false] {
        let (mut serve, reports) = home.serve();
        let s3 = client(&serve);
        assert!(tree(&s3, "site").await == before);
        if is_first {
            // The folder has the third.
            assert_eq!(unreadable(&reports), named(&[VIDEO, POST]), "{reports:#?}");
        }
        // It keeps nothing else from being published.
        write(&home.root(), &[("content/new.md", "+++\n+++\nNew.\n")]);
        let reports = until(&mut serve, "new/index.html");
        let last = &reports[reports.len() - 1..];
        assert_eq!(unreadable(last), named(&[VIDEO, POST]), "{reports:#?}");
        fs::remove_file(home.root().join("content/new.md")).unwrap();
        until(&mut serve, "new/index.html");
        assert!(tree(&s3, "site").await == before);
    }

    // Put as it was, and put as another.
    let (mut serve, _) = home.serve();
    let s3 = client(&serve);
    put(&s3, VIDEO, &video).await;
    put(&s3, POST, b"+++\ntitle = \"Post\"\n+++\nSaid again.\n").await;
    let mut reports = until(&mut serve, "post/index.html");
    while !unreadable(&reports[reports.len() - 1..]).is_empty() {
        reports.push(serve.line());
    }
    let after = tree(&s3, "site").await;
    assert!(after.keys().eq(before.keys()));
    assert!(after["video.bin"] == video);
    assert_eq!(after["post/index.html"].trim_ascii(), b"<p>Said again.</p>");
    drop(serve);

    // Deleted, it goes.
    home.flip_in_record("source", POST);
    let (mut serve, reports) = home.serve();
    assert_eq!(unreadable(&reports), named(&[POST]));
    let s3 = client(&serve);
    let delete = s3.delete_object().bucket("source").key(POST);
    delete.send().await.unwrap();
    until(&mut serve, "post/index.html");
    let after = tree(&s3, "site").await;
    assert!(!after.contains_key("post/index.html") && after.contains_key("video.bin"));
}

#[tokio::test]
async fn bytes_that_the_disk_has_changed_are_told_and_kept_from_nobody_else() {
    let home = Home::new();
    let (mut serve, _) = home.serve();
    let s3 = client(&serve);
    put(&s3, "static/small.bin", b"12345678").await;
    until(&mut serve, "small.bin");
    put(&s3, POST, b"+++\ntitle = \"Post\"\n+++\nSaid.\n").await;
    until(&mut serve, "post/index.html");
    drop(serve);
    // The site is made anew, and finds its sources changed.
    home.flip_in_record("site", "small.bin");
    flip(&home.file("source", "static/small.bin"), 3);
    flip(&home.file("source", POST), 20);
    let (mut serve, reports) = home.serve();
    assert_eq!(
        unreadable(&reports),
        named(&["static/small.bin"]),
        "{reports:#?}"
    );
    let s3 = client(&serve);
    write(&home.root(), &[("content/new.md", "+++\n+++\nNew.\n")]);
    let reports = until(&mut serve, "new/index.html");
    assert_eq!(
        unreadable(&reports),
        named(&["static/small.bin"]),
        "{reports:#?}"
    );
    put(&s3, "static/small.bin", b"12345678").await;
    let reports = until(&mut serve, "small.bin");
    assert!(unreadable(&reports[reports.len() - 1..]).is_empty());
    assert_eq!(tree(&s3, "site").await["small.bin"], b"12345678");
}

#[tokio::test]
async fn a_state_that_the_disk_has_changed_is_made_again() {
    let home = Home::new();
    let (serve, _) = home.serve();
    let s3 = client(&serve);
    let clean = home.clean();
    assert!(tree(&s3, "site").await == clean);
    let mut state = tree(&s3, "state").await;
    drop(serve);
    let kinds: Vec<String> = kinds_of(&state).into_keys().collect();
    assert!(kinds.len() >= 7, "{kinds:?}");
    let flips = kinds.iter().map(|kind| (kind.as_str(), "bytes"));
    let others = [
        ("root.json", "record"),
        ("outputs", "record"),
        ("root.json", "file"),
    ];
    for (number, (kind, what)) in flips.chain(others).enumerate() {
        let key = &kinds_of(&state)[kind];
        match what {
            "bytes" => flip(&home.file("state", key), state[key].len() / 3),
            "record" => home.flip_in_record("state", key),
            _ => fs::remove_file(home.file("state", key)).unwrap(),
        }
        // An edit while the server is down shows what the builder goes by.
        let page = format!("+++\ntitle = \"A{number}\"\n+++\nWords.\n");
        write(&home.root(), &[("content/a.md", &page)]);
        let (serve, _) = home.serve();
        let s3 = client(&serve);
        assert!(tree(&s3, "site").await == home.clean(), "{kind}, {what}");
        state = tree(&s3, "state").await;
    }
}

#[tokio::test]
async fn what_the_disk_has_lost_of_the_site_is_put_again() {
    let home = Home::new();
    let (serve, _) = home.serve();
    let s3 = client(&serve);
    let before = tree(&s3, "site").await;
    drop(serve);
    home.flip_in_record("site", "a/index.html");
    home.flip_in_record("site", "style.css");
    fs::remove_file(home.file("site", "index.html")).unwrap();
    let (serve, _) = home.serve();
    assert!(tree(&client(&serve), "site").await == before);
}
