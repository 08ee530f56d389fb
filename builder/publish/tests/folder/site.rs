//! A site's folder, its output and its state.

use quillfront_publish::folder::{self, Built, Folders, Incremental};
use quillfront_render::render::world::{Listing, Settings};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Longer than a tick of any clock that counts parts of a second.
pub const MOMENT: Duration = Duration::from_millis(40);

pub struct Site {
    home: TempDir,
}

impl Site {
    /// Two pages in a section, a style sheet, and files that are copied.
    pub fn new() -> Self {
        let site = Self {
            home: TempDir::new().unwrap(),
        };
        for (name, text) in [
            ("config.toml", "base_url = \"https://example.org\"\n"),
            ("content/_index.md", "+++\n+++\n"),
            ("content/blog/_index.md", "+++\n+++\n"),
            ("content/blog/a.md", "+++\ntitle = \"A\"\n+++\nText of A.\n"),
            ("content/blog/b.md", "+++\ntitle = \"B\"\n+++\nText of B.\n"),
            ("static/data", "some data"),
            ("static/robots.txt", "User-agent: *\n"),
            ("templates/index.html", "home"),
            (
                "templates/page.html",
                "{{ page.title }}{{ page.content | safe }}",
            ),
            (
                "templates/section.html",
                "{% for page in section.pages %}{{ page.title }}{% endfor %}",
            ),
        ] {
            site.put(name, text);
        }
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file of the site.
    pub fn put(&self, name: &str, text: &str) {
        write(&self.path("site").join(name), text);
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path("site").join(name)).unwrap();
    }

    /// Builds everything, in place of what is there.
    pub fn build(&self) -> Built {
        self.build_into("out")
    }

    fn build_into(&self, out: &str) -> Built {
        let built = folder::build(
            &self.path("site"),
            None,
            settings(),
            &self.path(out),
            false,
            folder::Tells::default(),
        );
        built.unwrap().unwrap()
    }

    /// Builds what has changed.
    pub fn build_from_state(&self) -> Incremental {
        let folders = Folders {
            root: &self.path("site"),
            config: None,
            out: &self.path("out"),
            keep_dotfiles: false,
            state: &self.path("state"),
        };
        let built = folder::build_from(
            folders,
            settings(),
            folder::Tells {
                why: true,
                headers: false,
            },
            |_| {},
        );
        built.unwrap().unwrap()
    }

    /// Holds the output against that of a build into a new folder.
    pub fn assert_clean(&self) {
        let clean = self.path("clean");
        if clean.exists() {
            fs::remove_dir_all(&clean).unwrap();
        }
        self.build_into("clean");
        assert_eq!(files(&self.path("out")), files(&clean));
    }
}

/// The files that a build has written.
pub fn written<'a, K: ToString + 'a>(
    objects: impl IntoIterator<Item = (&'a K, &'a Option<u64>)>,
) -> Vec<String> {
    let written = objects.into_iter().filter(|(_, made)| made.is_some());
    written.map(|(key, _)| key.to_string()).collect()
}

pub fn settings() -> Settings {
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

pub fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Every file, folder and link below a folder, with what is in it or where it leads.
pub fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let what = match () {
                () if kind.is_symlink() => {
                    format!("-> {}", fs::read_link(&path).unwrap().display())
                }
                () if kind.is_dir() => {
                    folders.push(path);
                    "a folder".to_owned()
                }
                () => fs::read_to_string(path).unwrap(),
            };
            found.insert(name, what);
        }
    }
    found
}
