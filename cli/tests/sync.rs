//! `serve` puts what changed in the site's folder while it was not running.
#![cfg(unix)]

use serde_json::Value;
use std::fs::{self, File, FileTimes};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A `serve` that ends with the test.
struct Serve {
    child: Child,
    lines: Receiver<Value>,
}

impl Serve {
    fn start(root: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_quillfront"))
            .args(["serve", "--http", "127.0.0.1:0", "--s3", "127.0.0.1:0"])
            .args(["-u", "https://example.org", "--json"])
            .current_dir(root)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (send, received) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ending = send.send(serde_json::from_str(&line).unwrap());
            }
        });
        let serve = Self {
            child,
            lines: received,
        };
        assert!(serve.line()["site_bucket"].is_string());
        serve
    }

    fn line(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("a line in time")
    }

    /// Waits for builds until all of these sources have been seen as `what`.
    fn wait_for(&self, what: &str, mut sources: Vec<&str>) {
        while !sources.is_empty() {
            let line = self.line();
            let seen = line["sources"][what]
                .as_array()
                .cloned()
                .unwrap_or_default();
            sources.retain(|source| !seen.contains(&Value::from(*source)));
        }
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}

#[test]
fn files_that_changed_places_meanwhile_are_put() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path();
    let files = [
        ("config.toml", "base_url = \"https://example.org\"\n"),
        ("content/_index.md", "+++\n+++\n"),
        ("static/one.txt", "one"),
        ("static/two.txt", "two"),
        ("templates/index.html", "home"),
    ];
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let times = FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let file = File::options().write(true).open(path).unwrap();
        file.set_times(times).unwrap();
    }
    let serve = Serve::start(root);
    serve.wait_for("added", files.map(|(name, _)| name).to_vec());
    drop(serve);
    let path = |name: &str| root.join("static").join(name);
    for (from, to) in [
        ("one.txt", "aside"),
        ("two.txt", "one.txt"),
        ("aside", "two.txt"),
    ] {
        fs::rename(path(from), path(to)).unwrap();
    }
    let serve = Serve::start(root);
    serve.wait_for("changed", vec!["static/one.txt", "static/two.txt"]);
}
