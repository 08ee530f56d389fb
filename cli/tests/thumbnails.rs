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
