//! `build --state` over real folders, with the random scripts. Each build is compared with one of the
//! same state without its traces, which makes everything again: the output, what is told, with its
//! lines, and what could not be made, so that nothing of it is lost where a build fails. A build from
//! nothing is compared as well, wherever nothing fails.

use crate::driver::Seen;
use crate::edits::{Before, Edit, apply, edit, put};
use crate::random::cases;
use crate::small_site::{picture, small_site};
use proptest::prelude::*;
use quillfront_publish::bucket::root::Segments;
use quillfront_publish::bucket::state::{Dirty, State, Texts};
use quillfront_publish::folder::{self, Folders, Incremental};
use quillfront_render::evaluate::Unready;
use quillfront_render::graph::Graph;
use quillfront_render::render::world::{Listing, Settings};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A site's folder, and what is built from it.
struct Disk {
    home: TempDir,
    files: BTreeMap<String, Vec<u8>>,
}

/// An output, and what remembers how it was made.
#[derive(Clone, Copy)]
enum Output {
    /// Goes by the build before.
    Remembering,
    /// Goes by the build before, but for its traces.
    Forgetting,
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

/// Nothing answers here, and nothing is asked.
fn without_network(bytes: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bytes.to_vec();
    };
    let mut text = text.to_owned();
    for path in ["n", "t"] {
        let url = format!("url='https://api.example.org/{path}', format='json'");
        text = text.replace(&url, "path='data/no.json'");
    }
    text.into_bytes()
}

impl Disk {
    fn new() -> Self {
        Self {
            home: TempDir::new().unwrap(),
            files: BTreeMap::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn take(&mut self, seen: Seen) {
        for (key, bytes) in seen {
            let path = self.path("site").join(&key);
            match bytes {
                Some(bytes) => {
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(&path, without_network(&bytes)).unwrap();
                    self.files.insert(key, bytes);
                }
                None => {
                    if self.files.remove(&key).is_some() {
                        fs::remove_file(&path).unwrap();
                    }
                }
            }
        }
    }

    fn build(&self, output: Output) -> Result<Incremental, Unready> {
        let (out, state) = match output {
            Output::Remembering => ("out", "state"),
            Output::Forgetting => ("out-again", "state-again"),
        };
        let (root, out, state) = (self.path("site"), self.path(out), self.path(state));
        if let Output::Forgetting = output {
            forget_traces(&state);
        }
        let folders = Folders {
            root: &root,
            config: None,
            out: &out,
            keep_dotfiles: false,
            state: &state,
        };
        folder::build_from(
            folders,
            settings(),
            folder::Tells {
                why: false,
                headers: false,
            },
            |_| {},
        )
        .unwrap()
    }

    fn compare(&self) -> Result<(), String> {
        let built = self.build(Output::Remembering);
        let again = self.build(Output::Forgetting);
        differ(
            "files",
            &files(&self.path("out")),
            &files(&self.path("out-again")),
        )?;
        let (built, again) = match (built, again) {
            (Ok(built), Ok(again)) => (built.tree, again.tree),
            (Err(one), Err(other)) => return differ("why there is nothing", &one, &other),
            (one, other) => return differ("readiness", &one.err(), &other.err()),
        };
        differ("what is told", &built.diagnostics, &again.diagnostics)?;
        differ("what is stale", &built.stale, &again.stale)?;
        if built.stale.is_empty() {
            let clean = self.path("clean");
            let tree = folder::build(
                &self.path("site"),
                None,
                settings(),
                &clean,
                false,
                folder::Tells::default(),
            );
            let tree = tree.unwrap().unwrap().tree;
            let clean = files(&clean);
            differ("files, from nothing", &files(&self.path("out")), &clean)?;
            differ(
                "what is told, from nothing",
                &built.diagnostics,
                &tree.diagnostics,
            )?;
        }
        Ok(())
    }
}

fn differ<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, should: &T) -> Result<(), String> {
    if is == should {
        Ok(())
    } else {
        Err(format!("{what}:\n  is:     {is:#?}\n  should: {should:#?}"))
    }
}

/// Every file below a folder.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let bytes = fs::read(path).unwrap();
            found.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    found
}

/// Takes from a state what bodies and outputs were made from.
fn forget_traces(folder: &Path) {
    let path = folder.join("build.json");
    let Ok(root) = fs::read(&path) else { return };
    let mut root: serde_json::Value = serde_json::from_slice(&root).unwrap();
    let segments: Segments = serde_json::from_value(root["segments"].clone()).unwrap();
    let segments_folder = folder.join("segments");
    let packed: BTreeMap<String, Vec<u8>> = fs::read_dir(&segments_folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    let mut state = State::decode(&segments, &packed).unwrap();
    state.graph = Arc::new(Graph::default());
    state.texts = Texts::with_sources();
    let dirty = Dirty {
        all: true,
        all_records: true,
        ..Dirty::default()
    };
    let encoded = state.encode(&Segments::default(), &dirty).unwrap();
    for (name, bytes) in &encoded.bytes {
        fs::write(segments_folder.join(name), bytes).unwrap();
    }
    root["segments"] = serde_json::to_value(&encoded.segments).unwrap();
    root.as_object_mut().unwrap().remove("sum");
    fs::write(&path, serde_json::to_vec(&root).unwrap()).unwrap();
}

fn holds(first: &[Edit], script: &[Vec<Edit>]) -> Result<(), String> {
    let mut disk = Disk::new();
    let mut before = Before::new();
    let small = small_site().into_iter();
    let mut seen: Seen = small.map(|(key, bytes)| (key, Some(bytes))).collect();
    seen.extend(apply(&disk.files, &mut before, first, |_| {}));
    disk.take(seen);
    disk.compare()
        .map_err(|found| format!("at first: {found}"))?;
    for (number, batch) in script.iter().enumerate() {
        let seen = apply(&disk.files, &mut before, batch, |_| {});
        disk.take(seen);
        disk.compare()
            .map_err(|found| format!("after step {}: {found}", number + 1))?;
    }
    Ok(())
}

impl Disk {
    /// The small site, built.
    fn of_small_site() -> Self {
        let mut disk = Self::new();
        let small = small_site().into_iter();
        disk.take(small.map(|(key, bytes)| (key, Some(bytes))).collect());
        disk.compare().unwrap();
        disk
    }

    /// Writes a file, builds, and compares.
    fn edit(&mut self, key: &str, bytes: impl Into<Vec<u8>>) {
        self.take(Seen::from([(key.to_owned(), Some(bytes.into()))]));
        self.compare()
            .unwrap_or_else(|found| panic!("{key}: {found}"));
    }

    /// Removes one, the same.
    fn remove(&mut self, key: &str) {
        self.take(Seen::from([(key.to_owned(), None)]));
        self.compare()
            .unwrap_or_else(|found| panic!("{key}: {found}"));
    }

    fn output(&self, name: &str) -> String {
        fs::read_to_string(self.path("out").join(name)).unwrap()
    }

    fn text(&self, key: &str) -> String {
        String::from_utf8(self.files[key].clone()).unwrap()
    }
}

/// The first mark of such a file was taken before it was read, and stayed.
#[test]
fn files_outside_of_the_source_folders_and_style_sheets_are_looked_at_each_time() {
    let mut disk = Disk::of_small_site();
    let page = "{{ get_hash(path='main.css', sha_type=256) }}\n\
                {{ get_url(path='main.css', cachebust=true) }}\n\
                {{ get_hash(path='outside/o.txt', sha_type=256) }}\n\
                {% set d = load_data(path='outside/o.toml') %}{{ d.n }}\n\
                {% set i = resize_image(path='outside/o.png', width=2, height=2) %}{{ i.url }}\n\
                {{ page.content | safe }}";
    disk.edit("templates/page.html", page);
    // In a text as well.
    let text = "+++\ntitle = \"Top\"\n+++\n{{ get_hash(path='outside/o.txt', sha_type=256) }} \
                {{ get_hash(path='main.css', sha_type=256) }}\n";
    disk.edit("content/top.md", text);
    let mut seen = vec![disk.output("top/index.html")];
    for n in 1..4 {
        disk.edit("sass/main.scss", format!("a {{ b: c{n} }}\n"));
        seen.push(disk.output("top/index.html"));
        disk.edit("outside/o.txt", format!("outside {n}"));
        seen.push(disk.output("top/index.html"));
        disk.edit("outside/o.toml", format!("n = 1{n}\n"));
        seen.push(disk.output("top/index.html"));
        disk.edit("outside/o.png", picture(8 + n));
        seen.push(disk.output("top/index.html"));
    }
    let different: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert_eq!(different.len(), seen.len(), "each edit is seen");
}

/// Words were counted in the way of one language, stored, and lost to the other.
#[test]
fn words_are_counted_whatever_the_configuration_was_before() {
    let mut disk = Disk::of_small_site();
    disk.edit(
        "templates/page.html",
        "{{ page.word_count }} {{ page.reading_time }}",
    );
    disk.edit("templates/section.html", "{{ section.word_count }}");
    let config = disk.text("config.toml");
    let count = |disk: &mut Disk, n: u32| {
        // A build that goes by the one before.
        disk.edit("content/top.md", format!("+++\ntitle = \"{n}\"\n+++\n"));
        disk.output("blog/b/index.html")
    };
    let words = count(&mut disk, 1);
    assert!(!words.starts_with('0'), "{words}");
    let title = "title = \"The title\"\n";
    disk.edit(
        "config.toml",
        config.replace(title, &format!("{title}default_language = \"ja\"\n")),
    );
    let letters = count(&mut disk, 2);
    assert!(!letters.starts_with('0') && letters != words, "{letters}");
    disk.edit("config.toml", config.clone());
    assert_eq!(count(&mut disk, 3), words);
    // A language that goes, and comes back.
    disk.edit(
        "content/blog/b.fr.md",
        "+++\ntitle = \"B\"\n+++\nUn deux trois.\n",
    );
    disk.edit("config.toml", config.replace("[languages.fr]\n", ""));
    count(&mut disk, 4);
    disk.edit("config.toml", config);
    count(&mut disk, 5);
    assert_eq!(disk.output("fr/blog/b/index.html"), "3 1");
    // A page that a section beside it kept out.
    disk.edit("content/blog/c/_index.md", "+++\ntitle = \"C\"\n+++\n");
    count(&mut disk, 6);
    disk.remove("content/blog/c/_index.md");
    count(&mut disk, 7);
    assert_eq!(disk.output("blog/c/index.html"), "1 1");
}

#[test]
fn problems_keep_their_lines_and_columns_from_build_to_build() {
    let mut disk = Disk::of_small_site();
    disk.edit(
        "content/blog/a.md",
        "+++\ntitle = \"A\"\ntemplate = \"none.html\"\ndate = 2025-01-01\n+++\n",
    );
    disk.edit(
        "content/blog/b.md",
        "+++\ntitle = \"B\"\ndate = 2025-01-02\n[taxonomies]\nnope = [\"x\"]\n+++\n",
    );
    disk.edit(
        "content/blog/twice.md",
        "+++\ntitle = \"T\"\ndate = 2025-01-03\npath = \"top\"\n+++\n",
    );
    disk.edit(
        "content/blog/alias.md",
        "+++\ntitle = \"T\"\ndate = 2025-01-04\naliases = [\"top\"]\n+++\n",
    );
    for n in 0..2 {
        disk.edit("static/site.css", format!("body {{ top: {n} }}"));
        let told = disk.build(Output::Remembering).unwrap().tree.diagnostics;
        let places: BTreeMap<(&str, &str), Option<u32>> = told
            .iter()
            .map(|one| ((one.code.as_str(), one.file.as_str()), one.line))
            .collect();
        for (code, file, line) in [
            ("template-missing", "content/blog/a.md", 3),
            ("taxonomy", "content/blog/b.md", 5),
            ("collision", "content/blog/alias.md", 4),
        ] {
            assert_eq!(places.get(&(code, file)), Some(&Some(line)), "{told:#?}");
        }
        assert!(
            told.iter()
                .all(|one| one.line.is_none() == one.column.is_none())
        );
    }
}

#[test]
fn a_state_with_a_flipped_bit_is_made_anew() {
    let mut disk = Disk::of_small_site();
    let mut tried = 0;
    for kind in ["sources", "site_texts", "outputs", "pictures"] {
        for part in 1..8 {
            let root = fs::read(disk.path("state/build.json")).unwrap();
            let root: serde_json::Value = serde_json::from_slice(&root).unwrap();
            let Some(name) = root["segments"][kind][0].as_str() else {
                continue;
            };
            let path = disk.path("state/segments").join(name);
            let mut bytes = fs::read(&path).unwrap();
            let at = bytes.len() * part / 8;
            bytes[at] ^= 1 << part;
            fs::write(&path, bytes).unwrap();
            let built = disk.build(Output::Remembering).unwrap();
            assert!(built.full, "{kind} at {at}");
            tried += 1;
        }
    }
    assert!(tried >= 21, "{tried}");
    disk.edit("static/site.css", "body { top: 0 }");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases() / 2,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    })]

    /// `PROPTEST_CASES` sets how many are tried: half as many as in memory.
    #[test]
    fn after_any_edits_of_any_folder(
        first in prop::collection::vec(put(), 0..24),
        script in prop::collection::vec(prop::collection::vec(edit(), 1..4), 1..6),
    ) {
        let outcome = holds(&first, &script);
        prop_assert!(outcome.is_ok(), "{}", outcome.err().unwrap());
    }
}

#[test]
fn a_state_without_its_traces_builds_all_again_and_writes_nothing() {
    let mut disk = Disk::new();
    let small = small_site().into_iter();
    disk.take(small.map(|(key, bytes)| (key, Some(bytes))).collect());
    for output in [Output::Remembering, Output::Forgetting] {
        assert!(disk.build(output).unwrap().full, "the first one");
    }
    let made = |output| {
        let built = disk.build(output).unwrap();
        assert!(!built.full);
        let objects = built.tree.objects;
        let written = objects.values().filter(|made| made.is_some()).count();
        (objects.len(), written)
    };
    // What is only copied is looked at each time.
    let (copied, written) = made(Output::Remembering);
    assert!(copied < 9 && written == 0, "{copied} {written}");
    let (rendered, written) = made(Output::Forgetting);
    assert!(
        rendered > copied + 9 && written == 0,
        "{rendered} {written}"
    );
}
