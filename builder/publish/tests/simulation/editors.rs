//! Authors: a small site, and what they do to it.

pub mod files;

use crate::random::Random;
use crate::s3::Bucket;
use files::{DATA, NOTES, ODD, PAGES, PICTURES, SECTIONS};
use std::collections::BTreeMap;

/// One write into the source bucket; no bytes where the file is removed.
#[derive(Debug, Clone)]
pub struct Edit {
    pub key: String,
    pub bytes: Option<Vec<u8>>,
}

impl Edit {
    pub fn put(key: &str, text: impl Into<Vec<u8>>) -> Self {
        Self {
            key: key.to_owned(),
            bytes: Some(text.into()),
        }
    }

    pub fn remove(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            bytes: None,
        }
    }
}

/// The authors' memory, for those who change their minds.
#[derive(Default)]
pub struct Editors {
    /// What each file was, one version after another; none where it was removed.
    history: BTreeMap<String, Vec<Option<Vec<u8>>>>,
    /// The files of the last edit.
    last: Vec<String>,
}

impl Editors {
    /// The site as it is at first.
    pub fn first(&mut self, random: &mut Random) -> Vec<Edit> {
        let mut edits = vec![
            Edit::put("config.toml", files::config(random, true)),
            Edit::put("content/_index.md", "+++\ntitle = \"Home\"\n+++\nHello.\n"),
            Edit::put(SECTIONS[0], files::section(random)),
            Edit::put(SECTIONS[1], files::section(random)),
            Edit::put("static/site.css", files::style(random)),
            Edit::put("static/app.js", files::script(random)),
            Edit::put("sass/print.scss", files::sass(random)),
            Edit::put(DATA[0], files::data(random)),
            Edit::put(NOTES[0], files::note(random)),
        ];
        // The edge files are read where there is one.
        if random.chance(500) {
            edits.push(Edit::put("quillfront.toml", files::own_config(random)));
            edits.push(Edit::put("static/_redirects", files::redirects(random)));
        }
        let pictures = PICTURES[..3].iter();
        edits.extend(pictures.map(|key| Edit::put(key, files::picture(random))));
        edits.extend(files::templates(random));
        for _ in 0..random.between(5, 12) {
            let key = random.pick(&PAGES);
            edits.push(Edit::put(key, files::page(random)));
        }
        edits
    }

    /// What an author does next: one thing, or several at once.
    pub fn next(&mut self, random: &mut Random, source: &Bucket) -> Vec<Edit> {
        let at_once = if random.chance(250) {
            random.between(2, 4)
        } else {
            1
        };
        let mut edits = Vec::new();
        for _ in 0..at_once {
            edits.extend(self.one(random, source));
        }
        // Somebody also uploads a file as it is there: its metadata may be others.
        if random.chance(200) {
            edits.extend(touched(random, source));
        }
        edits
    }

    fn one(&self, random: &mut Random, source: &Bucket) -> Vec<Edit> {
        let page_key = *random.pick(&PAGES);
        let existing = there(random, source, &PAGES).unwrap_or(page_key);
        match random.below(45) {
            0..=7 => vec![Edit::put(page_key, files::page(random))],
            8..=10 => vec![Edit::remove(existing)],
            11..=12 => moved(source, existing, page_key, true),
            13..=14 => vec![Edit::put(existing, files::broken_page(random))],
            15..=16 => {
                let all = files::templates(random);
                vec![random.pick(&all).clone()]
            }
            17 => {
                let broken = format!("{{% {}", files::BROKEN);
                vec![Edit::put("templates/page.html", broken)]
            }
            18 => {
                let key = *random.pick(&DATA);
                match random.below(4) {
                    0 => vec![Edit::remove(key)],
                    1 => vec![Edit::put(key, format!("n = # {}\n", files::BROKEN))],
                    _ => vec![Edit::put(key, files::data(random))],
                }
            }
            19 => {
                let good = random.chance(700);
                vec![Edit::put("config.toml", files::config(random, good))]
            }
            20 => vec![{
                let key = *random.pick(&SECTIONS);
                Edit::put(key, files::section(random))
            }],
            21 => match random.below(5) {
                0 => vec![Edit::remove("static/site.css")],
                _ => vec![Edit::put("static/site.css", files::style(random))],
            },
            22 => match random.below(4) {
                0 => vec![Edit::remove("sass/print.scss")],
                _ => vec![Edit::put("sass/print.scss", files::sass(random))],
            },
            23..=26 => {
                let list = random.pick(&[&PICTURES, &NOTES]);
                let key = *random.pick(*list);
                let bytes = files::another(random, key).filter(|_| random.chance(750));
                let key = key.to_owned();
                vec![Edit { key, bytes }]
            }
            27..=28 => moved_file(random, source),
            29 => moved_folder(random, source),
            30 | 31 => {
                let key = *random.pick(&ODD);
                match random.below(3) {
                    0 => vec![Edit::remove(key)],
                    _ => vec![Edit::put(key, files::page(random))],
                }
            }
            38 => {
                // Nearly all pages at once.
                let pages = PAGES.iter().filter(|key| source.contains_key(**key));
                let pages: Vec<&&str> = pages.collect();
                let kept = random.below(3);
                pages
                    .into_iter()
                    .skip(kept)
                    .map(|key| Edit::remove(key))
                    .collect()
            }
            39 | 40 => vec![Edit::put("quillfront.toml", files::own_config(random))],
            41 | 42 => match random.below(5) {
                0 => vec![Edit::remove("static/_redirects")],
                _ => vec![Edit::put("static/_redirects", files::redirects(random))],
            },
            43 | 44 => match random.below(5) {
                0 => vec![Edit::remove("static/_headers")],
                _ => vec![Edit::put("static/_headers", files::headers(random))],
            },
            _ => self.revert(random),
        }
    }

    /// Back to what one of the files was before.
    fn revert(&self, random: &mut Random) -> Vec<Edit> {
        let changed = self.history.iter().filter(|(_, list)| list.len() > 1);
        let changed: Vec<_> = changed.collect();
        if changed.is_empty() {
            return Vec::new();
        }
        let (key, list) = *random.pick(&changed);
        let (key, bytes) = (key.clone(), random.pick(list).clone());
        vec![Edit { key, bytes }]
    }

    /// Takes the last edit back: its files are as they were before it. Nothing is taken away that
    /// was there from the beginning.
    pub fn take_back(&self, random: &mut Random) -> Vec<Edit> {
        let back = self.last.iter().filter_map(|key| {
            let [.., before, _] = &self.history[key][..] else {
                return None;
            };
            let (key, bytes) = (key.clone(), before.clone());
            Some(Edit { key, bytes })
        });
        let mut back: Vec<Edit> = back.collect();
        if back.is_empty() {
            let pages = self.last.iter().filter(|key| PAGES.contains(&key.as_str()));
            let pages: Vec<&String> = pages.collect();
            if !pages.is_empty() {
                let page = *random.pick(&pages);
                back.push(Edit::remove(page));
            }
        }
        back
    }

    pub fn remember(&mut self, edits: &[Edit]) {
        for edit in edits {
            let list = self.history.entry(edit.key.clone()).or_default();
            // A file that was not there at first is one that was not there before.
            if list.is_empty() && !self.last.is_empty() {
                list.push(None);
            }
            list.push(edit.bytes.clone());
        }
        self.last = edits.iter().map(|edit| edit.key.clone()).collect();
    }

    /// True where a file was ever this.
    pub fn ever_wrote(&self, key: &str, bytes: &[u8]) -> bool {
        let versions = self.history.get(key).into_iter().flatten().flatten();
        versions.into_iter().any(|version| version == bytes)
    }
}

/// One of the files that are there.
fn there<'a>(random: &mut Random, source: &Bucket, list: &[&'a str]) -> Option<&'a str> {
    let there: Vec<&str> = list
        .iter()
        .copied()
        .filter(|key| source.contains_key(*key))
        .collect();
    (!there.is_empty()).then(|| *random.pick(&there))
}

/// A file under another name, and no longer (or still) under its own.
fn moved(source: &Bucket, from: &str, to: &str, goes: bool) -> Vec<Edit> {
    let bytes = source.get(from).map(|object| object.bytes.to_vec());
    let put = bytes
        .filter(|_| from != to)
        .map(|bytes| Edit::put(to, bytes));
    let removed = goes.then(|| Edit::remove(from));
    put.into_iter().chain(removed).collect()
}

/// A file that is published as it is, moved or copied onto another.
fn moved_file(random: &mut Random, source: &Bucket) -> Vec<Edit> {
    let list = **random.pick(&[&PICTURES, &NOTES]);
    let to = *random.pick(&list);
    match there(random, source, &list) {
        Some(from) if from != to => moved(source, from, to, random.chance(500)),
        _ => Vec::new(),
    }
}

/// A page with what lies beside it.
fn moved_folder(random: &mut Random, source: &Bucket) -> Vec<Edit> {
    let mut folders = ["content/blog/trip/", "content/notes/walk/"];
    if random.chance(500) {
        folders.reverse();
    }
    let [from, to] = folders;
    let inside = source.keys().filter(|key| key.starts_with(from));
    let moves = inside.map(|key| moved(source, key, &key.replace(from, to), true));
    moves.flatten().collect()
}

/// A file, written once more as it is.
fn touched(random: &mut Random, source: &Bucket) -> Option<Edit> {
    let keys: Vec<&String> = source.keys().collect();
    let key = keys.get(random.below(keys.len().max(1)))?;
    Some(Edit::put(key, source[*key].bytes.to_vec()))
}
