//! The sites of the conformance suite, file by file: changed, removed, put back. Of the changes that a
//! file can have one is made; with `QUILLFRONT_ALL_EDITS` set, all.

use crate::driver::{Outcome, Seen, Site};
use std::collections::BTreeMap;
use std::path::Path;

fn read(folder: &Path, prefix: &str, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let key = match prefix {
            "" => name,
            _ => format!("{prefix}/{name}"),
        };
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &key, into)
        } else {
            drop(into.insert(key, std::fs::read(entry.path()).unwrap()))
        }
    }
}

/// Every other text that a file may come to have.
fn edits(key: &str, bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut all = vec![None];
    let Ok(text) = std::str::from_utf8(bytes) else {
        return all;
    };
    let mut add = |text: String| all.push(Some(text.into_bytes()));
    add(format!("{text}\nMore.\n"));
    if key.ends_with(".md") {
        add(text.replacen("title = \"", "title = \"Other ", 1));
        add(text.replacen("+++\n", "+++\nweight = 7\n", 1));
        add(text.replacen("+++\n", "+++\ndraft = true\n", 1));
        add(text.replacen("+++\n", "+++\ndate = 2031-01-01\n", 1));
        add(text.replacen("+++\n", "+++\npath = \"elsewhere\"\n", 1));
    } else if key.ends_with(".html") || key.ends_with(".xml") {
        add(text.replacen("{{", "x{{", 1));
        add(text.replacen("endblock", "endblok", 1));
    } else {
        add(text.replacen('1', "2", 1));
        add(text.replacen('"', "\"z", 1));
    }
    all.retain(|edit| edit.as_deref() != Some(bytes));
    all
}

fn walk(name: &str, site: &mut Site) -> Vec<String> {
    let mut wrong = Vec::new();
    let files = site.files.clone();
    let all = std::env::var_os("QUILLFRONT_ALL_EDITS").is_some();
    for (number, (key, bytes)) in files.into_iter().enumerate() {
        let one = |bytes: Option<Vec<u8>>| Seen::from([(key.clone(), bytes)]);
        let mut told = |what: String, outcome: Result<Outcome, String>| {
            let found = outcome.err();
            wrong.extend(found.map(|found| format!("{name}: {key}: {what}:\n{found}")));
        };
        let edits = edits(&key, &bytes);
        let chosen = number % edits.len();
        let edits = edits.into_iter().enumerate();
        for (_, edit) in edits.filter(|(index, _)| all || *index == chosen) {
            let what = match &edit {
                Some(text) => format!("becomes {}", String::from_utf8_lossy(text)),
                None => "is removed".to_owned(),
            };
            told(what.clone(), site.build(one(edit)));
            told(
                format!("put back after it {what}"),
                site.build(one(Some(bytes.clone()))),
            );
        }
    }
    match site.build(Seen::new()) {
        Ok(outcome) if outcome.rendered.is_empty() || !outcome.stale.is_empty() => {}
        Ok(outcome) => wrong.push(format!(
            "{name}: rendered for nothing: {:?}",
            outcome.rendered
        )),
        Err(found) => wrong.push(found),
    }
    wrong
}

#[test]
fn the_sites_of_the_conformance_suite() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/cases");
    let only = std::env::var("QUILLFRONT_CASE").ok();
    let mut wrong = Vec::new();
    let mut names: Vec<_> = std::fs::read_dir(cases)
        .unwrap()
        .map(|case| case.unwrap().path())
        .collect();
    names.sort();
    for case in names {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|only| !name.contains(only)) {
            continue;
        }
        let mut files = BTreeMap::new();
        read(&case.join("site"), "", &mut files);
        match Site::of(files) {
            Ok(mut site) => wrong.extend(walk(&name, &mut site)),
            Err(found) => wrong.push(format!("{name}: {found}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n---\n")
    );
}
