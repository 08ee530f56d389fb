//! `serve --functions`: a site that packaged functions build, and whose thumbnails they make.
//!
//! The programs are those that the tests of `publish` and of the thumbnail function have built: `cargo test
//! --workspace --test functions` builds all of them.

mod serving;

use image::{DynamicImage, ImageFormat, RgbImage};
use serving::{Serve, quillfront, said, write};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

const SITE: [(&str, &str); 3] = [
    ("config.toml", "base_url = \"https://example.org\"\n"),
    ("content/_index.md", "+++\ntitle = \"Home\"\n+++\n"),
    ("templates/page.html", "{{ page.content | safe }}"),
];

/// The functions of a folder, as a package has them.
fn functions(folder: &Path, names: &[&str]) -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_quillfront"))
        .parent()
        .unwrap();
    let functions = folder.join("functions");
    for name in names {
        let program = built.join(format!("quillfront-{name}-lambda"));
        assert!(
            program.is_file(),
            "{} is not built: `cargo test --workspace --test functions` builds it",
            program.display()
        );
        std::fs::create_dir_all(functions.join(name)).unwrap();
        std::fs::copy(&program, functions.join(name).join("bootstrap")).unwrap();
    }
    functions
}

/// Pixels that nothing makes smaller.
fn noise(width: u32, height: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    let bytes = (0..width * height * 3).map(|_| next()).collect();
    let picture = RgbImage::from_raw(width, height, bytes).unwrap();
    let mut png = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(picture);
    picture.write_to(&mut png, ImageFormat::Png).unwrap();
    png.into_inner()
}

/// Status, headers and body.
type Answer = (u16, BTreeMap<String, String>, Vec<u8>);

fn get(site: &str, path: &str) -> Answer {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .new_agent();
    let mut answer = agent.get(format!("{site}{path}")).call().unwrap();
    let mut headers = BTreeMap::new();
    for (name, value) in answer.headers() {
        if name != "date" {
            headers.insert(name.to_string(), value.to_str().unwrap().to_owned());
        }
    }
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(200_000_000);
    (status, headers, body.read_to_vec().unwrap())
}

/// A site, and the server that serves it.
struct World {
    serve: Serve,
    site: String,
    root: PathBuf,
    _folder: tempfile::TempDir,
}

impl World {
    fn new(pictures: &[(&str, Vec<u8>)], names: Option<&[&str]>) -> Self {
        Self::with(pictures, names, &[])
    }

    fn with(pictures: &[(&str, Vec<u8>)], names: Option<&[&str]>, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site");
        write(&root, &SITE);
        std::fs::create_dir_all(root.join("static")).unwrap();
        for (name, bytes) in pictures {
            std::fs::write(root.join("static").join(name), bytes).unwrap();
        }
        let functions = names.map(|names| functions(folder.path(), names));
        let mut more = Vec::new();
        if let Some(functions) = &functions {
            more = vec!["--functions", functions.to_str().unwrap()];
        }
        more.extend(options);
        let mut serve = Serve::start(&root, &more);
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

    fn get(&self, path: &str) -> Answer {
        get(&self.site, path)
    }
}

#[test]
fn a_page_appears_that_the_function_has_built() {
    let mut world = World::new(&[], Some(&["builder", "thumbnail"]));
    let text = "+++\ntitle = \"A\"\n+++\nWords.\n";
    write(&world.root, &[("content/a.md", text)]);
    let report = world.serve.line();
    assert_eq!(report["sources"]["added"][0], "content/a.md", "{report}");
    let (status, _, body) = world.get("/a/");
    assert_eq!(status, 200);
    assert_eq!(String::from_utf8_lossy(&body).trim(), "<p>Words.</p>");
    std::fs::remove_file(world.root.join("content/a.md")).unwrap();
    world.serve.line();
    assert_eq!(world.get("/a/").0, 404);
}

#[test]
fn three_builders_publish_what_comes_one_by_one() {
    let builders = ["--builders", "3", "--lease-seconds", "20"];
    let mut world = World::with(&[], Some(&["builder"]), &builders);
    let page = |number| format!("content/{number}.md");
    let answer = |world: &World, number| world.get(&format!("/{number}/")).0;
    for number in 0..24 {
        let text = format!("+++\ntitle = \"{number}\"\n+++\n");
        write(&world.root, &[(page(number).as_str(), &text)]);
    }
    // Whoever was left keys has said so, and a later report is about them.
    while (0..24).any(|number| answer(&world, number) != 200) {
        world.serve.line();
    }
    for number in 0..8 {
        std::fs::remove_file(world.root.join(page(number))).unwrap();
    }
    while (0..8).any(|number| answer(&world, number) != 404) {
        world.serve.line();
    }
    assert!((8..24).all(|number| answer(&world, number) == 200));
}

#[test]
fn large_thumbnails_are_the_same_on_the_first_request_and_the_second_and_without_a_function() {
    // 6.1 MB, which no buffered answer may have, and 40 MB.
    let (middle, large) = (noise(1_600, 1_275), noise(3_840, 3_480));
    let pictures = [("middle.png", middle), ("large.png", large)];
    let by_function = World::new(&pictures, Some(&["thumbnail"]));
    let alone = World::new(&pictures, None);
    for (path, least) in [
        ("/img/width=640,format=webp/middle.png", 100_000),
        ("/img/width=1600,format=png/middle.png", 6_100_000),
        ("/img/width=3840,format=png/large.png", 40_000_000),
    ] {
        let first = by_function.get(path);
        assert_eq!(first.0, 200, "{path}");
        assert!(first.2.len() > least, "{path}: {}", first.2.len());
        let second = by_function.get(path);
        assert_eq!(first.1, second.1, "{path}");
        assert!(first.2 == second.2, "{path}");
        for _ in 0..2 {
            let other = alone.get(path);
            assert_eq!((first.0, &first.1), (other.0, &other.1), "{path}");
            assert!(first.2 == other.2, "{path}");
        }
    }
}

#[test]
fn refusals_are_those_of_a_site_without_a_function() {
    let cut = noise(100, 100)[..1_000].to_vec();
    let pictures = [("a.png", noise(100, 100)), ("cut.png", cut)];
    let by_function = World::new(&pictures, Some(&["thumbnail"]));
    let alone = World::new(&pictures, None);
    for (path, status) in [
        ("/img/width=64,blur=5,format=webp/a.png", 403),
        ("/img/width=64,format=webp/cut.png", 422),
        ("/img/width=64,format=webp/none.png", 404),
        ("/img/a.png/width=64,format=webp", 404),
        ("/img/wdth=64/a.png", 400),
    ] {
        let answer = by_function.get(path);
        assert_eq!(answer.0, status, "{path}");
        assert_eq!(answer, alone.get(path), "{path}");
    }
}

#[test]
fn twenty_readers_of_one_cold_key_get_the_same() {
    let world = World::new(&[("a.png", noise(800, 600))], Some(&["thumbnail"]));
    let path = "/img/width=640,format=webp/a.png";
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..20).map(|_| scope.spawn(|| world.get(path))).collect();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .collect()
    });
    for answer in &answers {
        assert_eq!(answer.0, 200);
        assert!(answer == &answers[0]);
    }
}

#[test]
fn a_folder_without_functions_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &SITE);
    let refused = quillfront(folder.path(), &["serve", "--functions", "nowhere"]);
    assert_eq!(refused.status.code(), Some(2));
    let told = said(&refused);
    assert!(told.contains("thumbnail/bootstrap"), "{told}");
}
