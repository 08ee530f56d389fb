//! Templates that are there: all of them are understood.

#![allow(clippy::disallowed_methods)] // the crate is pure, its tests need not be

use quillfront_templates::reads::{Reads, Set};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

/// The templates of a folder by name, each with a prefix.
fn templates(folder: &Path, prefix: &str, out: &mut BTreeMap<String, String>) {
    let mut found = Vec::new();
    files(folder, &mut found);
    for path in found {
        if let Ok(text) = fs::read_to_string(&path) {
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
            out.insert(format!("{prefix}{name}"), text);
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Those of a site that are not understood, or that read everything.
fn unknown(site: &Path) -> Vec<String> {
    let mut texts = BTreeMap::new();
    templates(
        &root().join("builder/render/src/render/builtins"),
        "__zola_builtins/",
        &mut texts,
    );
    let mut prefixes = vec!["__zola_builtins/".to_owned()];
    for theme in fs::read_dir(site.join("themes")).into_iter().flatten() {
        let theme = theme.unwrap();
        let prefix = format!("{}/templates/", theme.file_name().to_str().unwrap());
        templates(&theme.path().join("templates"), &prefix, &mut texts);
        prefixes.insert(0, prefix);
    }
    templates(&site.join("templates"), "", &mut texts);
    let set = Set::new(&texts, &prefixes);
    let all = texts
        .keys()
        .filter(|name| set.reads(name) == Reads::everything());
    all.cloned().collect()
}

/// Templates of the conformance cases that the engine refuses.
const REFUSED: &[&str] = &["94-fail-template-syntax/partials/broken.html"];

#[test]
fn templates_of_this_repository_are_understood() {
    assert_eq!(
        unknown(&root()),
        Vec::<String>::new(),
        "the theme and this site"
    );
    let mut cases: Vec<PathBuf> = fs::read_dir(root().join("tests/conformance/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    let mut found = Vec::new();
    for case in &cases {
        for name in unknown(&case.join("site")) {
            found.push(format!(
                "{}/{name}",
                case.file_name().unwrap().to_str().unwrap()
            ));
        }
    }
    assert!(cases.len() > 50);
    assert_eq!(found, REFUSED);
}
