//! Templates that are there: all of them are understood, and what those that come with the program read
//! stands in `known.txt`. `QUILLFRONT_BLESS=1 cargo test --workspace --test known` writes it anew.

#![allow(clippy::disallowed_methods)] // the crate is pure, its tests need not be

use quillfront_templates::reads::{Reads, Set};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
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

/// The templates that a site has by itself, by its themes, and built in.
struct Templates {
    texts: BTreeMap<String, String>,
    set: Set,
}

impl Templates {
    fn of(site: &Path) -> Self {
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
        Self { texts, set }
    }

    /// Those that are not understood, or that read everything.
    fn unknown(&self) -> Vec<String> {
        let all = self.texts.keys();
        let unknown = all.filter(|name| self.set.reads(name) == Reads::everything());
        unknown.cloned().collect()
    }

    /// What each reads, a line for each other template that it is made of, each variable and each call.
    fn printed(&self) -> String {
        let mut out = String::new();
        for name in self.texts.keys() {
            out += &format!("{name}\n");
            let Reads {
                context,
                calls,
                templates,
            } = self.set.reads(name);
            match templates {
                Some(all) => {
                    let others = all.iter().filter(|other| *other != name);
                    out.extend(others.map(|other| format!("  with {other}\n")));
                }
                None => out += "  with any template\n",
            }
            match context {
                Some(all) => {
                    let lines = all.iter();
                    out.extend(lines.map(|(name, shape)| format!("  {name}{shape}\n")));
                }
                None => out += "  any variable\n",
            }
            match calls {
                Some(all) => out.extend(all.iter().map(|call| format!("  {call}\n"))),
                None => out += "  any call\n",
            }
        }
        out
    }
}

/// Templates of the conformance cases that the engine refuses.
const REFUSED: &[&str] = &["94-fail-template-syntax/partials/broken.html"];

#[test]
fn templates_of_this_repository_are_understood() {
    let unknown = Templates::of(&root()).unknown();
    assert_eq!(unknown, Vec::<String>::new(), "the theme and this site");
    let mut cases: Vec<PathBuf> = fs::read_dir(root().join("tests/conformance/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    let mut found = Vec::new();
    for case in &cases {
        for name in Templates::of(&case.join("site")).unknown() {
            found.push(format!(
                "{}/{name}",
                case.file_name().unwrap().to_str().unwrap()
            ));
        }
    }
    assert!(cases.len() > 50);
    assert_eq!(found, REFUSED);
}

#[test]
fn the_theme_and_the_built_in_templates_read_what_they_did() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/known.txt");
    let found = Templates::of(&root()).printed();
    if env::var_os("QUILLFRONT_BLESS").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    let (expected, found) = (facts(&expected), facts(&found));
    let gone = expected.difference(&found).map(|fact| ("-", fact));
    let added = found.difference(&expected).map(|fact| ("+", fact));
    let changes: Vec<String> = gone
        .chain(added)
        .map(|(sign, (template, line))| format!("{sign} {template}:{line}\n"))
        .collect();
    assert!(
        changes.is_empty(),
        "templates read something else than known.txt says. If that is right, write it anew with \
         QUILLFRONT_BLESS=1 cargo test --workspace --test known\n{}",
        changes.concat()
    );
}

/// Templates and what they read, line by line.
fn facts(text: &str) -> BTreeSet<(&str, &str)> {
    let mut template = "";
    let mut facts = BTreeSet::new();
    for line in text.lines() {
        if !line.starts_with(' ') {
            template = line;
        }
        facts.insert((template, line));
    }
    facts
}
