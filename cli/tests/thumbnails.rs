//! Thumbnails by URL on a site that `serve` publishes: of what readers may have, and of nothing else.

mod serving;

use serving::{Serve, write};
use std::path::Path;

const SITE: [(&str, &str); 6] = [
    ("config.toml", "base_url = \"https://example.org\"\n"),
    ("quillfront.toml", "[publishing]\nfuture = \"hold\"\n"),
    ("content/_index.md", "+++\ntitle = \"Home\"\n+++\n"),
    (
        "content/shown/index.md",
        "+++\ntitle = \"A\"\ndate = 2020-01-01\n+++\n",
    ),
    (
        "content/draft/index.md",
        "+++\ntitle = \"A\"\ndraft = true\n+++\n",
    ),
    (
        "content/held/index.md",
        "+++\ntitle = \"A\"\ndate = 2999-01-01\n+++\n",
    ),
];

const PHOTO: &[u8] = include_bytes!("../../images/tests/leaks/plain.jpg");

fn put_photo(root: &Path, name: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, PHOTO).unwrap();
}

/// The status and the media type of the thumbnail of an original.
fn thumbnail(site: &str, original: &str) -> (u16, String) {
    let url = format!("{site}/img/width=32,format=webp/{original}");
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .new_agent();
    let answer = agent.get(&url).call().unwrap();
    let content_type = answer.headers().get("content-type");
    let content_type = content_type.map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), content_type.unwrap_or_default())
}

#[test]
fn drafts_and_posts_that_are_held_have_no_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &SITE);
    for name in [
        "content/shown/cat.jpg",
        "content/draft/cat.jpg",
        "content/held/cat.jpg",
        "static/photos/my cat.jpg",
        "templates/cat.jpg",
    ] {
        put_photo(root, name);
    }
    let mut serve = Serve::start(root, &["--no-watch"]);
    let report = serve.line();
    assert_eq!(report["version"], 1, "{report}");
    let site = serve.ready["site"].as_str().unwrap();
    let shown = (200, "image/webp".to_owned());
    assert_eq!(thumbnail(site, "shown/cat.jpg"), shown);
    assert_eq!(thumbnail(site, "photos/my%20cat.jpg"), shown);
    for original in [
        "draft/cat.jpg",
        "held/cat.jpg",
        "content/draft/cat.jpg",
        "content/shown/cat.jpg",
        "static/photos/my%20cat.jpg",
        "templates/cat.jpg",
        "config.toml",
    ] {
        let (status, _) = thumbnail(site, original);
        assert_eq!(status, 404, "{original}");
    }
}

/// What a command prints, to both streams, and its exit code.
fn said(root: &Path, key: Option<&str>, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_quillfront"));
    command.arg("--root").arg(root);
    command
        .args(["--now", "2026-12-01T00:00:00Z"])
        .args(arguments);
    match key {
        Some(key) => command.env("QUILLFRONT_IMAGE_KEY", key),
        None => command.env_remove("QUILLFRONT_IMAGE_KEY"),
    };
    let output = command.output().unwrap();
    let both = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8(both).unwrap().trim().to_owned(),
    )
}

#[test]
fn urls_are_signed_as_the_manual_says() {
    const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const MANUAL: &str = include_str!("../../content/docs/thumbnails/index.md");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &SITE);
    let preset = "[images.presets]\ncard = \"width=300,blur=3\"\n";
    std::fs::write(root.join("quillfront.toml"), preset).unwrap();
    let sign =
        |url: &str, expires: &str| said(root, Some(KEY), &["sign", url, "--expires", expires]);

    let (code, url) = sign(
        "/img/w=640,blur=20,f=auto/photos/cat.jpg",
        "2027-01-01T00:00:00Z",
    );
    assert_eq!(code, Some(0), "{url}");
    assert!(MANUAL.contains(&url) && MANUAL.contains(KEY), "{url}");
    // Which is what the edge takes, by either of two keys.
    let two = format!("{},{KEY}", "n".repeat(32));
    let canonical = |key: &str, url: &str| {
        said(
            root,
            Some(key),
            &["thumb", "--canonical", url, "--accept", "image/avif"],
        )
    };
    let path = "/img/photos/cat.jpg/width=640,format=avif,blur=20";
    assert_eq!(canonical(&two, &url), (Some(0), path.to_owned()));
    let (code, why) = canonical(&"n".repeat(32), &url);
    assert!(
        code == Some(1) && why.contains("signature is wrong"),
        "{why}"
    );

    // A whole address, a duration, a preset, and a URL that is signed already.
    let (code, url) = sign(
        "https://example.org/img/preset=card,dpr=1.5/a b.jpg?x#y",
        "31d",
    );
    assert_eq!(code, Some(0), "{url}");
    let start = "https://example.org/img/preset=card,dpr=1.5,e=1798761600,s=";
    assert!(
        url.starts_with(start) && url.ends_with("/a%20b.jpg?x#y"),
        "{url}"
    );
    assert_eq!(sign(&url, "31d"), (Some(0), url.clone()));
    let (_, json) = said(
        root,
        Some(KEY),
        &["sign", &url, "--expires", "31d", "--json"],
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"url": url, "expires": "2027-01-01T00:00:00Z"})
    );

    for (url, expires, code, told) in [
        ("/img/w=1/a.jpg", "2026-12-01T00:00:00Z", 2, "is past"),
        ("/img/w=1/a.jpg", "-1d", 2, "is past"),
        ("/img/w=1/a.jpg", "soon", 2, "such as 30d, not `soon`"),
        ("/img/w=x/a.jpg", "1d", 1, "width must be a whole number"),
        ("/img/preset=nope/a.jpg", "1d", 1, "this site has card"),
        ("/photos/a.jpg", "1d", 1, "an ordinary file"),
        ("/img/a.jpg/w=1", "1d", 1, "there is no such picture"),
        ("/img/w=1/", "1d", 1, "is a folder"),
    ] {
        let expires = format!("--expires={expires}");
        let (got, said) = said(root, Some(KEY), &["sign", url, &expires]);
        assert!(
            got == Some(code) && said.contains(told),
            "{url}: {got:?} {said}"
        );
    }
    for key in [None, Some("short")] {
        let (code, said) = said(root, key, &["sign", "/img/w=1/a.jpg", "--expires", "1d"]);
        assert_eq!(code, Some(2));
        assert!(
            said.contains("openssl rand -hex 32") && !said.contains("short,"),
            "{said}"
        );
    }
}
