//! The field cases over the command. They need bash, GNU grep and Python 3.11.
//!
//! `known-to-fail.txt` names the cases that are wrong, with the reason above each. A case that is listed
//! there and comes out right fails the test as well, so the list stays true.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// What a hostile site may take, in seconds.
const HOSTILE_SECONDS: u32 = 40;
/// The same of a build without optimisation, which takes longer over the same work: the bounds count
/// work, not time. `.ci/deep` holds the release build to the 40 seconds themselves.
const UNOPTIMISED_SECONDS: u32 = 160;
/// A case that takes longer hangs.
const CASE_SECONDS: u32 = 120 + UNOPTIMISED_SECONDS;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/field-cases")
}

/// Returns the names of all cases.
fn cases() -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder()).expect("the folder of the cases");
    entries
        .map(|entry| entry.expect("an entry of the folder"))
        .filter(|entry| entry.path().join("expect.sh").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn known_to_fail() -> BTreeSet<String> {
    let list = std::fs::read_to_string(folder().join("known-to-fail.txt")).expect("the list");
    list.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Runs one case. Returns what it printed if it came out wrong.
fn failure_of(case: &str, known: &BTreeSet<String>) -> Option<String> {
    let folder = folder().join(case);
    // Nobody waits longer than that for what is known to fail.
    let seconds = if cfg!(debug_assertions) && !known.contains(case) {
        UNOPTIMISED_SECONDS
    } else {
        HOSTILE_SECONDS
    };
    let run = Command::new("timeout")
        .arg(CASE_SECONDS.to_string())
        .arg("bash")
        .arg(folder.join("expect.sh"))
        .arg(env!("CARGO_BIN_EXE_quillfront"))
        .env("HOSTILE_SECONDS", seconds.to_string())
        .output()
        .expect("timeout and bash run a case");
    if run.status.success() {
        return None;
    }
    let right = std::fs::read_to_string(folder.join("expected.txt")).unwrap_or_default();
    let printed = [run.stdout, run.stderr].concat();
    Some(format!(
        "{case} ({})\n  right is: {}\n{}",
        run.status,
        right.trim(),
        String::from_utf8_lossy(&printed)
    ))
}

/// Runs cases, as many at once as there are cores. Returns what those that failed printed.
///
/// Hostile sites run one after another: each of them may take 1.5 GB.
fn failures_of(cases: &BTreeSet<String>, known: &BTreeSet<String>) -> BTreeMap<String, String> {
    let (hostile, others): (Vec<_>, Vec<_>) = cases.iter().partition(|case| case.starts_with("x-"));
    let mut lanes: Vec<Vec<&String>> = others.into_iter().map(|case| vec![case]).collect();
    lanes.push(hostile);
    let lanes = Mutex::new(lanes);
    let failures = Mutex::new(BTreeMap::new());
    let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get());
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(lane) = { lanes.lock().unwrap().pop() } {
                    for case in lane {
                        if let Some(printed) = failure_of(case, known) {
                            failures.lock().unwrap().insert(case.clone(), printed);
                        }
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap()
}

#[test]
fn every_case_is_right_but_those_that_are_known_to_fail() {
    let cases = cases();
    assert!(cases.len() > 80, "the cases are there");
    let known = known_to_fail();
    let unknown: Vec<_> = known.difference(&cases).collect();
    assert!(unknown.is_empty(), "listed, but no case: {unknown:?}");

    // `QUILLFRONT_FIELD_CASE=NAME` runs those with NAME in their names.
    let only = std::env::var("QUILLFRONT_FIELD_CASE").unwrap_or_default();
    let chosen = cases
        .into_iter()
        .filter(|case| case.contains(&only))
        .collect();
    let failures = failures_of(&chosen, &known);

    let wrong = failures.iter().filter(|(case, _)| !known.contains(*case));
    let mut wrong: Vec<String> = wrong.map(|(_, printed)| printed.clone()).collect();
    let mended = known
        .iter()
        .filter(|case| chosen.contains(*case) && !failures.contains_key(*case));
    wrong.extend(mended.map(|case| format!("{case} is right: take it off known-to-fail.txt")));
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
