//! Commands that are stopped by a signal while they publish: they end soon and with a word, so that what
//! they were at is no suspect of having ended them.
#![cfg(unix)]

mod serving;

use aws_credential_types::Credentials;
use quillfront_publish::aws;
use quillfront_publish::bucket::root::Root;
use serde_json::Value;
use serving::{Serve, write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PAGES: usize = 40;
const SLOW: &str = "{% for n in range(end=100000) %}{% endfor %}slow {{ page.content | safe }}";
/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Whoever stops a command waits no longer, on a machine that is busy.
const SOON: Duration = Duration::from_secs(15);

/// The roots that a running `serve` has.
struct Roots {
    runtime: tokio::runtime::Runtime,
    s3: aws_sdk_s3::Client,
}

impl Roots {
    fn of(ready: &Value) -> Self {
        let of = |name: &str| ready[name].as_str().unwrap();
        let (access, secret) = (of("access_key"), of("secret_key"));
        let credentials = Credentials::new(access, secret, None, None, "test");
        let config = aws::fixed(Duration::from_secs(10), credentials, of("region"));
        let config = config.to_builder().endpoint_url(of("s3")).build();
        Self {
            runtime: tokio::runtime::Runtime::new().unwrap(),
            s3: aws::s3(&config, true),
        }
    }

    fn read(&self, key: &str) -> Option<Root> {
        self.runtime.block_on(async {
            let got = self.s3.get_object().bucket("state").key(key).send();
            let bytes = got.await.ok()?.body.collect().await.unwrap();
            Some(serde_json::from_slice(&bytes.into_bytes()).unwrap())
        })
    }

    /// Waits until somebody renders.
    fn until_an_attempt(&self, key: &str) -> Root {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let root = self.read(key).filter(|root| !root.attempts.is_empty());
            if let Some(root) = root {
                return root;
            }
        }
        panic!("nobody renders");
    }
}

fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// The exit code of a command that ends soon.
fn ends(child: &mut Child) -> Option<i32> {
    let since = Instant::now();
    while since.elapsed() < SOON {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it does not end");
}

fn site(root: &Path) {
    write(
        root,
        &[("config.toml", "base_url = \"https://example.org\"\n")],
    );
    for page in 0..PAGES {
        let name = format!("content/p{page}.md");
        write(root, &[(&name, "+++\n+++\nWords.\n")]);
    }
    write(
        root,
        &[("templates/page.html", "{{ page.content | safe }}")],
    );
}

fn uploaded(serve: &mut Serve) -> Value {
    loop {
        let line = serve.line();
        if line["counts"]["uploaded"] != 0 {
            return line;
        }
    }
}

#[test]
fn serve_that_is_stopped_again_and_again_sets_nothing_aside() {
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    let mut serve = Serve::start(folder.path(), &["--no-watch"]);
    uploaded(&mut serve);
    drop(serve);
    write(folder.path(), &[("templates/page.html", SLOW)]);
    for name in ["INT", "TERM", "INT"] {
        let mut serve = Serve::start(folder.path(), &["--no-watch"]);
        let root = Roots::of(&serve.ready).until_an_attempt("root.json");
        assert!(root.suspects.is_empty(), "{:?}", root.suspects);
        assert_eq!(root.attempts.len(), 1);
        signal(&serve.child, name);
        assert_eq!(ends(&mut serve.child), Some(0), "{name}");
    }
    let mut serve = Serve::start(folder.path(), &["--no-watch"]);
    let report = uploaded(&mut serve);
    assert_eq!(report["diagnostics"], Value::Array(Vec::new()));
    let root = Roots::of(&serve.ready).read("root.json").unwrap();
    assert!(root.suspects.is_empty() && root.set_aside.is_empty());
}

#[test]
fn handle_that_is_stopped_takes_its_note_back() {
    const STATE: &str = "handled/state/root.json";
    let folder = tempfile::tempdir().unwrap();
    site(folder.path());
    write(
        folder.path(),
        &[
            ("templates/page.html", SLOW),
            ("event.json", "{\"reconcile\": true}"),
        ],
    );
    let mut serve = Serve::start(folder.path(), &["--no-watch"]);
    uploaded(&mut serve);
    let ready = &serve.ready;
    let of = |name: &str| ready[name].as_str().unwrap();
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_quillfront"))
            .args(["handle", "event.json"])
            .current_dir(folder.path())
            .env("QUILLFRONT_SOURCE", "s3://source")
            .env("QUILLFRONT_SITE", "s3://state/handled/site")
            .env("QUILLFRONT_STATE", "s3://state/handled/state")
            .env("AWS_ENDPOINT_URL", of("s3"))
            .env("AWS_ACCESS_KEY_ID", of("access_key"))
            .env("AWS_SECRET_ACCESS_KEY", of("secret_key"))
            .env("AWS_REGION", of("region"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let roots = Roots::of(ready);
    for (name, code) in [("INT", 130), ("TERM", 143), ("INT", 130)] {
        let mut handle = start();
        roots.until_an_attempt(STATE);
        signal(&handle, name);
        assert_eq!(ends(&mut handle), Some(code));
        let root = roots.read(STATE).unwrap();
        assert!(root.attempts.is_empty() && root.suspects.is_empty());
        assert!(root.hints.contains_key("content/p0.md"));
    }
    let mut handle = start();
    let since = Instant::now();
    while handle.try_wait().unwrap().is_none() {
        assert!(since.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
    let root = roots.read(STATE).unwrap();
    assert!(root.generation > 0 && root.set_aside.is_empty() && root.hints.is_empty());
}
