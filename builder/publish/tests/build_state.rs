//! `build --state`: from one folder into another, going by a third one that remembers. After each
//! build the output is compared with that of a clean one.

use quillfront_publish::folder::{self, Folders, Incremental};
use quillfront_render::evaluate::Unready;
use quillfront_render::render::world::{Listing, Settings};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

const CONFIG: &str = "base_url = \"https://example.org\"\ntitle = \"Blog\"\ncompile_sass = true\n\
                      taxonomies = [{ name = \"tags\" }]\ngenerate_feeds = true\n";

fn folders<'a>(root: &'a Path, out: &'a Path, state: &'a Path) -> Folders<'a> {
    Folders {
        root,
        config: None,
        out,
        keep_dotfiles: false,
        state,
    }
}

/// A site's folder, its output and its state.
struct Site {
    home: TempDir,
}

impl Site {
    fn new() -> Self {
        let site = Self {
            home: TempDir::new().unwrap(),
        };
        let post = |title: &str, day: u32| {
            format!(
                "+++\ntitle = \"{title}\"\ndate = 2025-01-0{day}\n[taxonomies]\ntags = [\"t\"]\n+++\n\
                 Text of {title}.\n"
            )
        };
        let base = "<html>{% block main %}{% endblock %}</html>";
        let list = "{% extends 'base.html' %}{% block main %}{% for p in section.pages %}\
                    <a href='{{ p.permalink }}'>{{ p.title }}</a>{% endfor %}{% endblock %}";
        let page = "{% extends 'base.html' %}{% block main %}{{ page.title }}{{ page.content | safe }}\
                    {% set d = load_data(path='data/d.toml') %}{{ d.n }}{% endblock %}";
        for (name, text) in [
            ("config.toml", CONFIG),
            ("content/_index.md", ""),
            ("content/blog/_index.md", "+++\nsort_by = \"date\"\n+++\n"),
            ("content/blog/a.md", &post("A", 1)),
            ("content/blog/b.md", &post("B", 2)),
            ("content/blog/c/index.md", &post("C", 3)),
            ("content/blog/c/notes.txt", "beside C"),
            ("data/d.toml", "n = 1\n"),
            ("sass/site.scss", "body { a { color: red } }"),
            ("static/robots.txt", "User-agent: *\n"),
            ("templates/base.html", base),
            ("templates/index.html", "{{ section.title }}"),
            ("templates/page.html", page),
            ("templates/section.html", list),
        ] {
            site.put(name, text);
        }
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path("site").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn append(&self, name: &str, text: &str) {
        let path = self.path("site").join(name);
        let old = fs::read_to_string(&path).unwrap();
        fs::write(path, old + text).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path("site").join(name)).unwrap();
    }

    fn try_build(&self) -> Result<Incremental, Unready> {
        let (root, out, state) = (self.path("site"), self.path("out"), self.path("state"));
        let folders = folders(&root, &out, &state);
        folder::build_from(
            folders,
            settings(),
            folder::Tells {
                why: true,
                headers: false,
            },
            |_| {},
        )
        .unwrap()
    }

    /// Builds, and compares the output with that of a clean build.
    fn build(&self) -> Built {
        let built = self.try_build().unwrap();
        let clean = self.path("clean");
        if clean.exists() {
            fs::remove_dir_all(&clean).unwrap();
        }
        let tree = folder::build(
            &self.path("site"),
            None,
            settings(),
            &clean,
            false,
            folder::Tells::default(),
        );
        let tree = tree.unwrap().unwrap().tree;
        assert_eq!(files(&self.path("out")), files(&clean));
        assert_eq!(built.tree.diagnostics, tree.diagnostics);
        // The same by the debug switch: no trace has spared what comes out otherwise.
        let (root, out, state) = (self.path("site"), self.path("out"), self.path("state"));
        let folders = folders(&root, &out, &state);
        let differing = folder::differing(folders, settings(), &built).unwrap();
        assert!(differing.is_empty(), "{differing:?}");
        let written = built.tree.objects.iter().filter(|(_, made)| made.is_some());
        Built {
            full: built.full,
            written: written.map(|(key, _)| key.to_string()).collect(),
            removed: built.removed.iter().map(ToString::to_string).collect(),
            state_written: built.state_bytes.1,
        }
    }
}

/// What a build did.
#[derive(Debug, PartialEq)]
struct Built {
    full: bool,
    written: Vec<String>,
    removed: Vec<String>,
    state_written: u64,
}

fn settings() -> Settings {
    Settings {
        mode: "build",
        base_url: None,
        drafts: false,
        minify: false,
        now: "2026-01-02T00:00:00Z".parse().unwrap(),
        listing: Listing::SiteFolders,
        all_accepted: false,
    }
}

/// Every file below a folder, and every folder, with what is in it.
fn files(root: &Path) -> BTreeMap<String, Option<String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if path.is_dir() {
                found.insert(name, None);
                folders.push(path);
            } else {
                let bytes = fs::read(path).unwrap();
                found.insert(name, Some(String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    found
}

#[test]
fn what_a_trace_has_spared_and_comes_out_otherwise_is_found() {
    let site = Site::new();
    site.build();
    let (root, out, state) = (site.path("site"), site.path("out"), site.path("state"));
    let mut built = site.try_build().unwrap();
    let outputs = Arc::make_mut(&mut built.state.outputs);
    let home = outputs["index.html"].fingerprint;
    outputs.get_mut("blog/a/index.html").unwrap().fingerprint = home;
    outputs.remove("atom.xml");
    let differing = folder::differing(folders(&root, &out, &state), settings(), &built).unwrap();
    let differing: Vec<&str> = differing.iter().map(|key| key.as_str()).collect();
    assert_eq!(differing, ["atom.xml", "blog/a/index.html"]);
}

#[test]
fn an_edit_writes_what_it_changes() {
    let site = Site::new();
    assert!(site.build().full);
    let nothing = site.build();
    assert!(!nothing.full && nothing.written.is_empty() && nothing.removed.is_empty());

    site.append("content/blog/a.md", "\nMore.\n");
    // The feed carries it, too.
    assert_eq!(site.build().written, ["atom.xml", "blog/a/index.html"]);
    site.put("static/robots.txt", "User-agent: all\n");
    assert_eq!(site.build().written, ["robots.txt"]);
    site.put("sass/site.scss", "body { a { color: blue } }");
    assert_eq!(site.build().written, ["site.css"]);
    site.put("data/d.toml", "n = 2\n");
    let pages = [
        "blog/a/index.html",
        "blog/b/index.html",
        "blog/c/index.html",
    ];
    assert_eq!(site.build().written, pages);
    site.append("config.toml", "description = \"About\"\n");
    assert!(site.build().full);
}

#[test]
fn what_is_removed_and_renamed_goes_with_the_folders_that_it_leaves_empty() {
    let site = Site::new();
    site.build();
    site.remove("content/blog/c/index.md");
    let built = site.build();
    assert_eq!(built.removed, ["blog/c/index.html", "blog/c/notes.txt"]);
    let a = fs::read_to_string(site.path("site/content/blog/a.md")).unwrap();
    site.remove("content/blog/a.md");
    site.put("content/blog/z.md", &a);
    let built = site.build();
    assert_eq!(built.removed, ["blog/a/index.html"]);
    assert!(built.written.contains(&"blog/z/index.html".to_owned()));
    for name in ["b.md", "z.md"] {
        site.remove(&format!("content/blog/{name}"));
    }
    site.build();
}

#[test]
fn a_file_of_the_output_that_was_changed_or_removed_is_written_again() {
    let site = Site::new();
    site.build();
    fs::write(site.path("out/blog/a/index.html"), "by hand").unwrap();
    fs::remove_file(site.path("out/site.css")).unwrap();
    fs::remove_file(site.path("out/robots.txt")).unwrap();
    let again = ["blog/a/index.html", "robots.txt", "site.css"];
    assert_eq!(site.build().written, again);
    assert!(site.build().written.is_empty());
    // Together with an edit, of the same page and of another.
    fs::write(site.path("out/blog/a/index.html"), "by hand").unwrap();
    fs::write(site.path("out/blog/b/index.html"), "by hand").unwrap();
    site.append("content/blog/a.md", "\nMore.\n");
    let again = ["atom.xml", "blog/a/index.html", "blog/b/index.html"];
    assert_eq!(site.build().written, again);
    assert!(site.build().written.is_empty());
    // A folder with all that lies in it, and one in the place of a file.
    let all = files(&site.path("out")).into_iter();
    let files = all.filter_map(|(name, text)| text.map(|_| name));
    let mut again: Vec<String> = files.filter(|name| name.starts_with("blog/")).collect();
    fs::remove_dir_all(site.path("out/blog")).unwrap();
    assert_eq!(site.build().written, again);
    again.retain(|name| name.starts_with("blog/a/"));
    fs::remove_dir_all(site.path("out/blog/a")).unwrap();
    fs::create_dir_all(site.path("out/blog/a")).unwrap();
    assert_eq!(site.build().written, again);
    assert!(site.build().written.is_empty());
}

#[test]
fn a_file_gives_way_to_a_folder_of_the_same_name_and_comes_back() {
    let site = Site::new();
    site.put("static/blog/d", "a file");
    site.build();
    site.put(
        "content/blog/d.md",
        "+++\ndate = 2025-01-04\n+++\nA page.\n",
    );
    assert_eq!(site.build().removed, ["blog/d"]);
    let idle = site.build();
    assert!(
        idle.written.is_empty() && idle.removed.is_empty(),
        "{idle:?}"
    );
    site.remove("content/blog/d.md");
    let back = site.build();
    assert!(back.written.contains(&"blog/d".to_owned()), "{back:?}");
    assert_eq!(back.removed, ["blog/d/index.html"]);
    // Both at once, the other way round.
    site.remove("static/blog/d");
    site.put(
        "content/blog/d.md",
        "+++\ndate = 2025-01-04\n+++\nA page.\n",
    );
    site.build();
}

#[test]
fn a_file_that_was_only_touched_is_read_once() {
    let site = Site::new();
    let moment = || std::thread::sleep(std::time::Duration::from_millis(40));
    moment();
    site.build();
    let path = site.path("site/content/blog/a.md");
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, text).unwrap();
    moment();
    let touched = site.build();
    assert!(touched.written.is_empty() && !touched.full);
    let after = site.build();
    assert!(
        after.state_written < touched.state_written,
        "{after:?} {touched:?}"
    );
}

#[test]
fn a_broken_page_is_nowhere_until_it_is_mended() {
    let site = Site::new();
    site.build();
    let path = site.path("site/content/blog/a.md");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{good}\n{{{{ nothing(x=1) }}}}\n")).unwrap();
    let built = site.try_build().unwrap();
    let problems = &built.tree.diagnostics;
    assert!(
        problems
            .iter()
            .any(|one| one.file == "content/blog/a.md" && one.is_error())
    );
    assert!(!site.path("out/blog/a").exists());
    let sitemap = || fs::read_to_string(site.path("out/sitemap.xml")).unwrap();
    assert!(!sitemap().contains("/blog/a/"));
    fs::write(&path, good + "\nMended.\n").unwrap();
    site.build();
    assert!(site.path("out/blog/a/index.html").exists() && sitemap().contains("/blog/a/"));
}

#[test]
fn without_a_configuration_nothing_is_touched() {
    let site = Site::new();
    fs::create_dir_all(site.path("out")).unwrap();
    fs::write(site.path("out/mine.txt"), "mine").unwrap();
    site.put("config.toml", "base_url = ");
    assert!(matches!(site.try_build(), Err(Unready::BrokenConfig(_))));
    assert!(site.path("out/mine.txt").exists());
    site.put("config.toml", CONFIG);
    site.build();
    site.remove("config.toml");
    assert!(matches!(site.try_build(), Err(Unready::NoConfig)));
    assert!(site.path("out/blog/a/index.html").exists());
    site.put("config.toml", CONFIG);
    assert!(!site.build().full, "it is the configuration that it was");
}

#[test]
fn a_state_that_is_damaged_or_gone_is_made_anew() {
    let site = Site::new();
    site.build();
    let segments = || fs::read_dir(site.path("state/segments")).unwrap();
    for segment in segments() {
        fs::write(segment.unwrap().path(), "no segment").unwrap();
    }
    assert!(site.build().full);
    for segment in segments() {
        fs::remove_file(segment.unwrap().path()).unwrap();
    }
    assert!(site.build().full);
    fs::write(site.path("state/build.json"), "{}").unwrap();
    assert!(site.build().full);
    assert!(!site.build().full);
    // What it wrote in vain does not pile up.
    let before = segments().count();
    for n in 0..5 {
        site.append("content/blog/a.md", &format!("\n{n}\n"));
        site.build();
    }
    assert_eq!(segments().count(), before);
}

#[test]
fn search_records_that_are_lost_are_made_again() {
    let site = Site::new();
    site.put(
        "config.toml",
        format!("{CONFIG}build_search_index = true\n"),
    );
    site.build();
    let records = || -> Vec<PathBuf> {
        let root = fs::read(site.path("state/build.json")).unwrap();
        let root: serde_json::Value = serde_json::from_slice(&root).unwrap();
        let names = root["segments"]["records"].as_array().unwrap();
        let names = names.iter().map(|name| name.as_str().unwrap());
        let folder = site.path("state/segments");
        names.map(|name| folder.join(name)).collect()
    };
    let pages = ["atom.xml", "blog/a/index.html", "search_index.en.js"];
    let before = records();
    site.append("content/blog/a.md", "\nMore.\n");
    assert_eq!(site.build().written, pages);
    assert!(before.len() == 1 && records() != before && !before[0].exists());

    // A title is in no record: they come out under the name that was lost.
    let lost = records();
    for (number, damage) in [None, Some("no segment")].into_iter().enumerate() {
        match damage {
            None => fs::remove_file(&lost[0]).unwrap(),
            Some(text) => fs::write(&lost[0], text).unwrap(),
        }
        let text = fs::read_to_string(site.path("site/content/blog/a.md")).unwrap();
        let text = text.replace("title = \"", &format!("title = \"{number}"));
        site.put("content/blog/a.md", &text);
        let built = site.build();
        assert!(!built.full && built.written.contains(&pages[2].to_owned()));
        assert_eq!(records(), lost);
        assert_ne!(fs::read(&lost[0]).unwrap(), b"no segment");
    }
    // An output that is gone is made from records as well.
    fs::remove_file(site.path("out/search_index.en.js")).unwrap();
    assert_eq!(site.build().written, ["search_index.en.js"]);
}

#[test]
fn the_hash_of_what_is_made_follows_every_edit() {
    let site = Site::new();
    site.put(
        "config.toml",
        format!("{CONFIG}build_search_index = true\n"),
    );
    let hashes = "{{ get_hash(path='search_index.en.js') }}{{ get_hash(path='site.css') }}";
    site.put("templates/page.html", hashes);
    site.build();
    // The page of another post names the hash as well.
    let other = "blog/b/index.html".to_owned();
    for number in 0..3 {
        site.append("content/blog/a.md", &format!("\n{number}\n"));
        assert!(site.build().written.contains(&other), "{number}");
        site.append("sass/site.scss", &format!("p {{ width: {number}px }}"));
        assert!(site.build().written.contains(&other), "{number}");
    }
    assert!(site.build().written.is_empty());
}

#[test]
fn two_builds_at_once_do_not_share_a_state() {
    let site = Site::new();
    site.build();
    let lock = fs::File::create(site.path("state/lock")).unwrap();
    lock.lock().unwrap();
    let (root, out, state) = (site.path("site"), site.path("out"), site.path("state"));
    let folders = folders(&root, &out, &state);
    let built = folder::build_from(
        folders,
        settings(),
        folder::Tells {
            why: true,
            headers: false,
        },
        |_| {},
    );
    let told = built.err().unwrap().to_string();
    assert!(told.contains("another build is using it"), "{told}");
}

#[test]
fn what_is_left_of_photographs_is_written_once() {
    const CAMERA: &[u8] = include_bytes!("../../../images/tests/leaks/camera.jpg");
    const OTHER: &[u8] = include_bytes!("../../../images/tests/leaks/camera.png");
    let left_of = |bytes: &[u8]| quillfront_images::strip(bytes).unwrap().unwrap();
    let site = Site::new();
    let photographs = ["blog/c/me.jpg", "cat.jpg"];
    site.put("content/blog/c/me.jpg", CAMERA);
    site.put("static/cat.jpg", CAMERA);
    site.put("static/plain.jpg", left_of(OTHER));
    let published = |name: &str| fs::read(site.path("out").join(name)).unwrap();
    // The configurations in turn, and how many files each tells of.
    let own = |text: &str| {
        site.put("quillfront.toml", text);
        let built = site.build();
        let told = site.try_build().unwrap().tree.diagnostics;
        let told = told.iter().filter(|one| one.code == "picture-leaks");
        (built.written, told.count())
    };
    assert_eq!(own("[images]\nstrip_originals = false\n").1, 0);
    assert_eq!(published("cat.jpg"), CAMERA);
    assert_eq!(own("[images]\n"), (Vec::new(), 2));
    let strip = "[images]\nstrip_originals = true\n";
    let (written, told) = own(strip);
    assert_eq!((written, told), (photographs.map(str::to_owned).into(), 0));
    for name in photographs {
        assert_eq!(published(name), left_of(CAMERA));
    }
    assert_eq!(own(strip), (Vec::new(), 0));
    site.append("content/blog/a.md", "\nMore.\n");
    assert_eq!(site.build().written, ["atom.xml", "blog/a/index.html"]);
    site.put("static/cat.jpg", OTHER);
    assert_eq!(site.build().written, ["cat.jpg"]);
    assert_eq!(published("cat.jpg"), left_of(OTHER));
    // A copy in the output that somebody has put back is none of the build.
    fs::write(site.path("out/cat.jpg"), OTHER).unwrap();
    assert_eq!(site.build().written, ["cat.jpg"]);
    // A damaged one is not in the output.
    site.put("static/new.jpg", &CAMERA[..700]);
    let built = site.build();
    assert_eq!(built.written, [""; 0]);
    assert!(!site.path("out/new.jpg").exists());
}
