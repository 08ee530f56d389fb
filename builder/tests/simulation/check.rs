//! What must hold at every moment, checked at each write and each invalidation.

use crate::s3::{Bucket, Change, Object, S3};
use crate::world::{SITE, SOURCE, STATE};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The site's own address.
const BASE: &str = "https://example.org/";
/// Pictures that the builder makes; they are never an author's mistake.
pub const MADE: &str = "processed_images/";

/// What so many roots before the last one named stays.
const KEPT_GENERATIONS: u64 = 3;

/// Who wrote, and what is known of it.
pub struct Writer<'a> {
    pub name: &'a str,
    /// What its clock says, in milliseconds of Unix time.
    pub wall_ms: i64,
    /// Source keys that its run has found there, and when.
    pub seen: &'a BTreeMap<String, u64>,
    /// True where the write had a condition.
    pub conditional: bool,
}

#[derive(Default)]
pub struct Watch {
    /// Counts writes; times below are in it.
    writes: u64,
    /// Keys whose object changed since they were last invalidated.
    pub uncovered: BTreeSet<String>,
    /// Keys that somebody changed whose lease was another's by then.
    pub strays: BTreeSet<String>,
    /// What each page referred to in each of its versions that a cache may still have.
    cached: BTreeMap<String, Vec<BTreeSet<String>>>,
    /// Since when a source is there without a break.
    source_since: BTreeMap<String, u64>,
    /// When a key of the site was last put.
    put_at: BTreeMap<String, u64>,
    /// The root as it was written last.
    pub root: Value,
    pub violations: Vec<String>,
}

impl Watch {
    pub fn now(&self) -> u64 {
        self.writes
    }

    pub fn source_changed(&mut self, key: &str, there: bool) {
        self.writes += 1;
        if there {
            self.source_since
                .entry(key.to_owned())
                .or_insert(self.writes);
        } else {
            self.source_since.remove(key);
        }
    }

    pub fn written(&mut self, s3: &S3, change: &Change, writer: &Writer<'_>) {
        self.writes += 1;
        match change.bucket.as_str() {
            SITE => self.site_written(s3, change, writer),
            STATE => self.state_written(s3, change, writer),
            SOURCE => self.violation(format!("{} wrote into the source bucket", writer.name)),
            other => panic!("no bucket {other}"),
        }
    }

    fn violation(&mut self, message: String) {
        self.violations.push(message);
    }

    fn site_written(&mut self, s3: &S3, change: &Change, writer: &Writer<'_>) {
        let holder = self.root["lease"]["holder"].as_str().unwrap_or("");
        let is_holder = is_of(holder, writer.name);
        let changed = change.before != change.after;
        if changed && !writer.conditional && !is_holder {
            self.violation(format!(
                "{} overwrote {} without a condition and without the lease, which is {holder:?}'s",
                writer.name, change.key
            ));
        }
        if changed {
            self.uncovered.insert(change.key.clone());
        }
        // Its name says what it is: a cache that still has it has the right one. It goes after the
        // pages that showed it were invalidated.
        if change.after.is_none() && change.key.starts_with(MADE) {
            self.uncovered.remove(&change.key);
        }
        // Somebody whose lease was taken over before its time, by a clock that was wrong, or who
        // woke up late: its successor has looked already, and only a reconcile finds this.
        let is_stray = changed && !is_holder;
        if is_stray {
            self.strays.insert(change.key.clone());
        } else if changed {
            self.strays.remove(&change.key);
        }
        match &change.after {
            Some(_) if is_stray => {
                self.put_at.insert(change.key.clone(), self.writes);
                self.cached.remove(&change.key);
            }
            Some(object) => {
                self.put_at.insert(change.key.clone(), self.writes);
                if change.key.ends_with(".html") {
                    let references = references(object);
                    for asset in &references {
                        if !s3.bucket(SITE).contains_key(asset) && self.should_be(asset, writer) {
                            self.violation(format!(
                                "{} put {}, which refers to {asset}, which is not there",
                                writer.name, change.key
                            ));
                        }
                    }
                    let versions = self.cached.entry(change.key.clone()).or_default();
                    versions.push(references);
                }
            }
            None => {
                if !self.was_rightly_removed(&change.key) {
                    let refers = |versions: &&Vec<BTreeSet<String>>| {
                        versions.iter().any(|version| version.contains(&change.key))
                    };
                    let page = self.cached.iter().find(|(_, versions)| refers(versions));
                    if let Some((page, _)) = page {
                        self.violation(format!(
                            "{} deleted {} while readers may have {page}, which refers to it",
                            writer.name, change.key
                        ));
                    }
                }
                // A cache may have the page until it is told, but no longer than that.
                if let Some(versions) = self.cached.get_mut(&change.key) {
                    versions.push(BTreeSet::new());
                }
            }
        }
    }

    /// True where a missing asset is not its author's fault: the builder made it, or has seen the
    /// file from which it comes.
    fn should_be(&self, asset: &str, writer: &Writer<'_>) -> bool {
        asset.starts_with(MADE)
            || origins(asset).iter().any(|origin| {
                // What is set aside counts as removed where it was never committed.
                if self.is_set_aside(origin) {
                    return false;
                }
                let since = self.source_since.get(origin);
                let seen = writer.seen.get(origin);
                since.zip(seen).is_some_and(|(since, seen)| seen >= since)
            })
    }

    /// True where the author removed what an object was made from after it was last put.
    fn was_rightly_removed(&self, key: &str) -> bool {
        let put = self.put_at.get(key).copied().unwrap_or_default();
        let stayed = |origin: &String| {
            let since = self.source_since.get(origin);
            since.is_some_and(|since| *since <= put) && !self.is_set_aside(origin)
        };
        !key.starts_with(MADE) && !origins(key).iter().any(stayed)
    }

    fn is_set_aside(&self, source: &str) -> bool {
        self.root["set_aside"].get(source).is_some()
    }

    fn state_written(&mut self, s3: &S3, change: &Change, writer: &Writer<'_>) {
        if change.key != "root.json" {
            let named = segments(&self.root).contains(&change.key) || self.is_kept(&change.key);
            if change.after.is_none() && named {
                self.violation(format!(
                    "{} deleted {}, which the root or one of the last roots names",
                    writer.name, change.key
                ));
            }
            return;
        }
        let Some(object) = &change.after else {
            self.violation(format!("{} deleted the root", writer.name));
            return;
        };
        let root: Value = serde_json::from_slice(&object.bytes).unwrap();
        for name in segments(&root) {
            if !s3.bucket(STATE).contains_key(&name) {
                self.violation(format!(
                    "{} wrote a root that names {name}, which is not there",
                    writer.name
                ));
            }
        }
        let before = std::mem::replace(&mut self.root, root);
        self.check_succession(&before, writer);
    }

    /// True for a segment that one of the last roots named.
    fn is_kept(&self, key: &str) -> bool {
        let generation = self.root["generation"].as_u64().unwrap_or_default();
        let retired = self.root["retired"].as_object().into_iter().flatten();
        let mut kept = retired.filter(|(dropped, _)| {
            let dropped: u64 = dropped.parse().unwrap_or_default();
            dropped + KEPT_GENERATIONS > generation
        });
        let is_key = |name: &Value| {
            let name = name.as_str();
            name.is_some_and(|name| key.strip_prefix("segments/") == Some(name))
        };
        kept.any(|(_, list)| list.as_array().is_some_and(|list| list.iter().any(is_key)))
    }

    /// Only who holds the lease, or takes a free one, changes more than the hints.
    fn check_succession(&mut self, before: &Value, writer: &Writer<'_>) {
        let stripped = |root: &Value, names: &[&str]| {
            let mut root = root.clone();
            if let Some(object) = root.as_object_mut() {
                object.retain(|name, _| !names.contains(&name.as_str()));
            }
            root
        };
        // Attempts are noted, and their deaths counted, by whoever comes.
        let hints = [
            "id",
            "hints",
            "newest_hint",
            "attempts",
            "suspects",
            "set_aside",
        ];
        let holder = before["lease"]["holder"].as_str().unwrap_or("").to_owned();
        let lost: Vec<String> = before["hints"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| self.root["hints"].get(key.as_str()).is_none())
            .map(|(key, _)| key.clone())
            .collect();
        let is_free = holder.is_empty();
        let is_own = is_of(&holder, writer.name);
        if is_own {
            return;
        }
        if stripped(before, &hints) == stripped(&self.root, &hints) {
            if !lost.is_empty() && !is_free {
                self.violation(format!(
                    "{} settled hints {lost:?} that are {holder}'s",
                    writer.name
                ));
            }
            return;
        }
        // The first root of all may be a note of what is tried, and says nothing else.
        let is_empty = self.root["generation"] == 0 && segments(&self.root).is_empty();
        let is_at_rest = self.root["lease"].is_null() && self.root["outbox"].is_null();
        if before.is_null() && is_empty && is_at_rest {
            return;
        }
        let deadline = before["lease"]["deadline_ms"].as_i64().unwrap_or_default();
        let takes_over = is_free || deadline < writer.wall_ms;
        let next = self.root["lease"]["holder"].as_str().unwrap_or("");
        let keeps_tree = before.is_null() || {
            let names = [&hints[..], &["lease"]].concat();
            stripped(before, &names) == stripped(&self.root, &names)
        };
        if !takes_over || !is_of(next, writer.name) || !keeps_tree {
            self.violation(format!(
                "{} wrote a root that was not its to write: the lease was {holder:?}'s until {deadline}",
                writer.name
            ));
        }
    }

    /// What a new invalidation covers is no longer in any cache as it was.
    pub fn invalidated(&mut self, s3: &S3, paths: &[String]) {
        let site = s3.bucket(SITE);
        let tags = |key: &str| -> Vec<String> {
            let tags = site
                .get(key)
                .and_then(|object| object.metadata.get("cache-tag"));
            let tags = tags.map(|tags| tags.split(',').map(|tag| format!("#{}", tag.trim())));
            tags.into_iter().flatten().collect()
        };
        let covers = |key: &String| {
            let names = names(key);
            let by_path = names.iter().all(|name| {
                paths.iter().any(|path| match path.strip_suffix('*') {
                    Some(prefix) => name.starts_with(prefix),
                    None => path == name,
                })
            });
            by_path || tags(key).iter().any(|tag| paths.contains(tag))
        };
        self.uncovered.retain(|key| !covers(key));
        for (key, versions) in &mut self.cached {
            if covers(key) {
                versions.drain(..versions.len().saturating_sub(1));
            }
        }
    }
}

/// Everything but what a URL's path may have as it is.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'*')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b']');

/// The paths under which caches may have a key: a page has three.
fn names(key: &str) -> Vec<String> {
    let path = format!("/{}", utf8_percent_encode(key, PATH));
    let folder = path.strip_suffix("index.html").map(str::to_owned);
    let folder = folder.filter(|folder| folder.ends_with('/'));
    let bare = folder.iter().filter_map(|folder| folder.strip_suffix('/'));
    let bare: Vec<String> = bare
        .filter(|bare| !bare.is_empty())
        .map(str::to_owned)
        .collect();
    bare.into_iter().chain(folder).chain([path]).collect()
}

/// True where a lease of this name is of this machine.
fn is_of(holder: &str, machine: &str) -> bool {
    let rest = holder.strip_prefix(machine);
    rest.is_some_and(|rest| rest.starts_with('-'))
}

/// Every object of the state that a root names.
pub fn segments(root: &Value) -> BTreeSet<String> {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::String(name) if !name.is_empty() => {
                found.insert(format!("segments/{name}"));
            }
            Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
            Value::Object(map) => map.values().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(&root["segments"], &mut found);
    found
}

/// Every segment that is there and that neither a root nor one of the last roots names.
pub fn adrift(root: &Value, state: &Bucket) -> BTreeSet<String> {
    let mut named = segments(root);
    let retired = root["retired"].as_object().into_iter().flatten();
    let retired = retired.flat_map(|(_, list)| list.as_array().into_iter().flatten());
    named.extend(retired.filter_map(|name| Some(format!("segments/{}", name.as_str()?))));
    let there = state.keys().filter(|key| key.starts_with("segments/"));
    there.filter(|key| !named.contains(*key)).cloned().collect()
}

/// The sources that a published file may come from as it is.
fn origins(key: &str) -> Vec<String> {
    let mut origins = vec![format!("static/{key}"), format!("content/{key}")];
    if let Some(stem) = key.strip_suffix(".css") {
        origins.push(format!("sass/{stem}.scss"));
    }
    origins
}

/// Keys of the site that a page cannot do without: its style sheets, scripts and pictures.
fn references(page: &Object) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(&page.bytes);
    let mut found = BTreeSet::new();
    for tag in text.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or("");
        let attribute = |name: &str| {
            let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
            rest.split('"').next()
        };
        let wanted = match tag.split(' ').next() {
            Some("link") if attribute("rel") == Some("stylesheet") => attribute("href"),
            Some("script" | "img") => attribute("src"),
            _ => None,
        };
        let Some(url) = wanted.and_then(|url| url.split('?').next()) else {
            continue;
        };
        let path = url.strip_prefix(BASE).or_else(|| url.strip_prefix('/'));
        if let Some(path) = path {
            let path = percent_decode_str(path).decode_utf8_lossy();
            found.insert(path.into_owned());
        }
    }
    found
}
