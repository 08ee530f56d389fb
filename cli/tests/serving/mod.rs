//! A `serve` that ends with its test, and the command as a person runs it.

// No test uses all of it.
#![allow(dead_code)]

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// A `serve` that ends with the test.
pub struct Serve {
    /// The process.
    pub child: Child,
    lines: BufReader<ChildStdout>,
    /// The first line.
    pub ready: Value,
}

impl Serve {
    /// Starts one of `https://example.org`; the first line is read.
    pub fn start(root: &Path, more: &[&str]) -> Self {
        let usual = ["--http", "127.0.0.1:0", "-u", "https://example.org"];
        Self::start_with(root, &[&usual, more].concat())
    }

    /// Starts one with these arguments.
    pub fn start_with(root: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_quillfront"))
            .args(["serve", "--s3", "127.0.0.1:0", "--json"])
            .args(arguments)
            .current_dir(root)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let ready = Value::Null;
        let mut serve = Self {
            child,
            lines,
            ready,
        };
        serve.ready = serve.line();
        assert!(serve.ready["site_bucket"].is_string());
        serve
    }

    /// The next line of its reports.
    pub fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the command in a folder.
pub fn quillfront(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quillfront"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

/// What it said to people.
pub fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Writes files of a site.
pub fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}
