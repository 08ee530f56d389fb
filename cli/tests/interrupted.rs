//! Builds that are killed while they write, or that the disk refuses: the build that follows makes what a
//! clean one does, and nothing is left of them. The limit on the size of a file (`ulimit -f`) stands for a
//! full disk: the system refuses the write.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than the limit on files, which is 64 KiB.
const LONG: usize = 400_000;
/// How many pages an edit adds, beside the long one.
const NEW_PAGES: usize = 200;
/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
const NOT_LIMITED: &str = "exec \"$0\" \"$@\"";
const REFUSED: &str = "trap '' XFSZ && ulimit -f 128 && exec \"$0\" \"$@\"";
/// `SIGKILL`.
const KILL: i32 = 9;

struct Site {
    home: TempDir,
}

impl Site {
    fn new() -> Self {
        let site = Self {
            home: TempDir::new().unwrap(),
        };
        for (name, text) in [
            ("config.toml", "base_url = \"https://example.org\"\n"),
            ("content/_index.md", "+++\n+++\n"),
            ("content/old.md", "+++\n+++\nOld.\n"),
            ("static/site.css", "a { color: red }\n"),
            ("templates/index.html", "{{ section.pages | length }}"),
            ("templates/page.html", "{{ page.content | safe }}"),
        ] {
            site.put(name, text);
        }
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path("site").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn page(&self, name: &str, text: &str) {
        self.put(
            &format!("content/{name}.md"),
            &format!("+++\n+++\n{text}\n"),
        );
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path("site").join(name)).unwrap();
    }

    /// Many new pages, one of which is too long for the limit, and one less.
    fn edit(&self) {
        for number in 0..NEW_PAGES {
            self.page(&format!("n{number:03}"), &format!("Number {number}."));
        }
        self.page("n20-long", &"long ".repeat(LONG / 5));
        self.remove("content/old.md");
    }

    /// Takes the edit back, but for one page.
    fn regret(&self) {
        for number in 1..NEW_PAGES {
            self.remove(&format!("content/n{number:03}.md"));
        }
        self.remove("content/n20-long.md");
    }

    fn command(&self, shell: &str, more: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", shell, env!("CARGO_BIN_EXE_quillfront")])
            .arg("--root")
            .arg(self.path("site"))
            .args(["--threads", "1", "build", "-o"])
            .arg(self.path("out"))
            .args(more);
        command
    }

    fn build(&self, shell: &str, more: &[&str]) -> Output {
        self.command(shell, more).output().unwrap()
    }

    fn spawn(&self, more: &[&str]) -> Child {
        let mut command = self.command(NOT_LIMITED, more);
        command.stderr(Stdio::null()).spawn().unwrap()
    }

    fn state(&self) -> String {
        self.path("state").display().to_string()
    }

    /// How many of the new pages are in the output.
    fn new_pages(&self) -> usize {
        let folders = fs::read_dir(self.path("out")).into_iter().flatten();
        let is_new = |name: &str| name.starts_with('n');
        let new = folders
            .flatten()
            .filter(|entry| entry.file_name().to_str().is_some_and(is_new));
        new.filter(|entry| entry.path().join("index.html").exists())
            .count()
    }

    /// Builds to the end, and holds the output against that of a build into a new folder.
    fn assert_clean_after(&self, more: &[&str]) {
        let done = self.build(NOT_LIMITED, more);
        assert!(done.status.success(), "{}", said(&done));
        let clean = TempDir::new().unwrap();
        let done = Command::new(env!("CARGO_BIN_EXE_quillfront"))
            .arg("--root")
            .arg(self.path("site"))
            .args(["build", "-o"])
            .arg(clean.path().join("out"))
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", said(&done));
        assert_eq!(files(&self.path("out")), files(&clean.path().join("out")));
        assert!(!self.path("state/intent").exists());
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file and folder below a folder, with what is in it.
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
                drop(found.insert(name, Some(fs::read_to_string(path).unwrap())))
            }
        }
    }
    found
}

/// Starts a build, and kills it once it has written the first of the new pages.
fn kill(site: &Site, more: &[&str]) {
    let (before, since) = (site.new_pages(), Instant::now());
    let mut build = site.spawn(more);
    while site.new_pages() <= before && since.elapsed() < PATIENCE {
        assert_eq!(build.try_wait().unwrap(), None, "it is at work");
    }
    build.kill().unwrap();
    assert_eq!(build.wait().unwrap().signal(), Some(KILL));
    let (written, all) = (site.new_pages(), NEW_PAGES + 1);
    assert!(written > before && written < all, "{written} of {all}");
    assert!(site.path("out/.quillfront-staging").exists());
}

/// Both ways to be stopped in the midst of writing.
fn stop(site: &Site, more: &[&str]) {
    kill(site, more);
    // One that is refused a write tells which, and takes its own leftovers with it.
    let refused = site.build(REFUSED, more);
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    let told = said(&refused);
    assert!(
        told.contains("n20-long") && told.contains("too large"),
        "{told}"
    );
    assert!(!site.path("out/.quillfront-staging").exists());
    assert!(
        !site.path("out/n20-long/index.html").exists(),
        "half a page"
    );
}

#[test]
fn what_a_stopped_build_wrote_goes_when_its_sources_do() {
    let site = Site::new();
    let state = site.state();
    let with_state = ["--state", &*state];
    assert!(site.build(NOT_LIMITED, &with_state).status.success());
    site.edit();
    stop(&site, &with_state);
    assert!(
        site.path("out/old/index.html").exists(),
        "what is extra goes last"
    );
    site.regret();
    site.assert_clean_after(&with_state);
    // And where they stay, it is taken up.
    site.page("old", "Old again.");
    site.edit();
    stop(&site, &with_state);
    site.assert_clean_after(&with_state);
}

#[test]
fn a_first_build_that_was_stopped_goes_on_without_being_forced() {
    let site = Site::new();
    site.edit();
    let state = site.state();
    let with_state = ["--state", &*state];
    stop(&site, &with_state);
    site.regret();
    site.assert_clean_after(&with_state);
    // It is the same build that goes on, and no other.
    let stranger = site.path("stranger").display().to_string();
    let other = site.build(NOT_LIMITED, &["--state", &stranger]);
    assert_eq!(other.status.code(), Some(2), "{}", said(&other));
}

#[test]
fn a_build_without_state_that_was_stopped_is_replaced() {
    let site = Site::new();
    assert!(site.build(NOT_LIMITED, &[]).status.success());
    site.edit();
    stop(&site, &["-f"]);
    assert!(
        site.path("out/old/index.html").exists(),
        "what is extra goes last"
    );
    site.regret();
    site.assert_clean_after(&["-f"]);
}

#[test]
fn builds_that_are_killed_at_any_write_leave_nothing() {
    let site = Site::new();
    let state = site.state();
    let with_state = ["--state", &*state];
    assert!(site.build(NOT_LIMITED, &with_state).status.success());
    let mut caught = 0;
    for round in 0..12_u64 {
        for number in 0..60 {
            let name = format!("r{}-{number:02}", round % 3);
            site.page(&name, &format!("Round {round}, number {number}."));
            site.put(
                &format!("static/f{}/{number}", round % 2),
                &format!("{round}"),
            );
        }
        let mut build = site.spawn(&with_state);
        // It writes from now on.
        let (staging, since) = (site.path("out/.quillfront-staging"), Instant::now());
        while !staging.exists() && since.elapsed() < PATIENCE {
            if build.try_wait().unwrap().is_some() {
                break;
            }
        }
        std::thread::sleep(Duration::from_micros(700 * round));
        build.kill().unwrap();
        caught += u32::from(!build.wait().unwrap().success());
        for number in 0..60 {
            site.remove(&format!("content/r{}-{number:02}.md", round % 3));
            if number % 3 == 0 {
                site.remove(&format!("static/f{}/{number}", round % 2));
            }
        }
        site.assert_clean_after(&with_state);
    }
    assert!(caught > 3, "only {caught} were still at work");
}
