//! The conformance suite over the command. It needs Python 3.11, as the suite does.

use std::path::{Path, PathBuf};
use std::process::Command;

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance")
}

fn known_to_fail() -> Vec<String> {
    let list = std::fs::read_to_string(suite().join("known-to-fail.txt")).expect("the list");
    let names = list.lines().map(str::trim);
    names
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Runs some cases; true where all passed, and what was said.
fn run(cases: &[String]) -> (bool, String) {
    let quillfront = env!("CARGO_BIN_EXE_quillfront");
    let done = Command::new("python3")
        .arg(suite().join("run.py"))
        .arg("--builder")
        .arg(format!(
            "'{quillfront}' --root {{site}} build -o {{out}} -f"
        ))
        .args(cases)
        .output()
        .expect("python3 (3.11 or later) runs the conformance suite");
    let said = [done.stdout, done.stderr].concat();
    (
        done.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn every_case_comes_out_as_the_reference_has_it() {
    let known = known_to_fail();
    let cases = std::fs::read_dir(suite().join("cases")).expect("the cases");
    let cases: Vec<String> = cases
        .map(|case| {
            case.expect("a case")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| !known.contains(name))
        .collect();
    assert!(cases.len() > 80, "the cases are there");
    let (passed, said) = run(&cases);
    assert!(passed, "{said}");
}

#[test]
fn the_list_of_cases_that_fail_is_true() {
    for name in known_to_fail() {
        let (passed, said) = run(&[name]);
        assert!(!passed && said.contains("0 passed, 1 failed"), "{said}");
    }
}
