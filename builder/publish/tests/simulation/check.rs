//! What must hold at every moment, checked at each write and each invalidation.

mod edge;
mod root;
use edge::Edge;
pub use root::KEY as ROOT;
use root::is_of;

use crate::s3::{Change, Object, S3};
use crate::wire::{Request, Response};
use crate::world::{SITE, SOURCE, STATE, is_thumbnail};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The site's own address.
const BASE: &str = "https://example.org/";
/// Pictures that the builder makes; they are never an author's mistake.
pub const MADE: &str = "processed_images/";

/// Who wrote, and what is known of it.
pub struct Writer<'a> {
    pub name: &'a str,
    /// What its clock says, in milliseconds of Unix time.
    pub wall_ms: i64,
    pub knows: &'a Knowledge,
    /// The ETag on which the write had a condition.
    pub if_match: Option<&'a str>,
    /// True where the write had a condition.
    pub conditional: bool,
    /// A write of its run that was given up and may still be done.
    pub late: Option<String>,
}

/// What a run has seen.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// Source keys that it has found there, and when.
    pub sources: BTreeMap<String, u64>,
    /// Keys of the site at which it looked when the lease was not its machine's, and the ETags that
    /// it found.
    pub looked_without_lease: BTreeMap<String, String>,
    /// The segments of the root on which it plans.
    pub planned_on: Option<Value>,
    /// True where its last write of the root was refused: it reads the root only to see who wrote.
    pub was_refused: bool,
}

impl Knowledge {
    /// Takes in an answer; `now` is [`Watch::now`], `segments` are those of the root.
    pub fn hears(
        &mut self,
        request: &Request,
        response: &Response,
        now: u64,
        is_holder: bool,
        segments: &Value,
    ) {
        let is_read = !request.is_write() && response.status == 200;
        match request.target() {
            (STATE, ROOT) if is_read => {
                let follows_a_refusal = std::mem::take(&mut self.was_refused);
                if !follows_a_refusal {
                    self.planned_on = Some(segments.clone());
                }
            }
            (STATE, ROOT) if request.is_write() => self.was_refused = response.status != 200,
            (SOURCE, key) if is_read => {
                self.sources.insert(key.to_owned(), now);
            }
            (SITE, key) if request.method == "HEAD" => {
                let etag = response.header("etag").filter(|_| is_read && !is_holder);
                let etag = etag.map(|etag| etag.trim_matches('"').to_owned());
                match etag {
                    Some(etag) => self.looked_without_lease.insert(key.to_owned(), etag),
                    None => self.looked_without_lease.remove(key),
                };
            }
            _ => {}
        }
    }
}

#[derive(Default)]
pub struct Watch {
    /// Counts writes; times below are in it.
    writes: u64,
    /// Keys whose object changed since they were last invalidated.
    pub uncovered: BTreeSet<String>,
    /// Keys that somebody changed whose lease was another's by then.
    pub strays: BTreeSet<String>,
    /// What edges may have answered by rules of before.
    pub edge: Edge,
    /// What each page referred to in each of its versions that a cache may still have.
    cached: BTreeMap<String, Vec<BTreeSet<String>>>,
    /// Since when a source is there without a break.
    source_since: BTreeMap<String, u64>,
    /// When a key of the site was last put.
    put_at: BTreeMap<String, u64>,
    /// The root as it was written last.
    pub root: Value,
    /// Machines that have taken back what they noted.
    left: BTreeSet<String>,
    /// The long lists that it names.
    lists: BTreeSet<String>,
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

    /// A builder only removes thumbnails, as they were listed, and has caches forget them afterwards. Who has lost
    /// the lease since finds none that its successor did not remove, but such as were made anew.
    fn thumbnail_written(&mut self, change: &Change, writer: &Writer<'_>) {
        if change.after.is_some() || !writer.conditional {
            let what = format!("{} wrote {}, a thumbnail", writer.name, change.key);
            self.violation(what);
        }
        if change.before.is_some() && self.is_holder(writer.name) {
            self.uncovered.insert(change.key.clone());
        }
    }

    fn site_written(&mut self, s3: &S3, change: &Change, writer: &Writer<'_>) {
        if is_thumbnail(&change.key) {
            return self.thumbnail_written(change, writer);
        }
        let holder = self.root["lease"]["holder"].as_str().unwrap_or("");
        let is_holder = self.is_holder(writer.name);
        let changed = change.before != change.after;
        if changed && !writer.conditional && !is_holder {
            self.violation(format!(
                "{} overwrote {} without a condition and without the lease, which is {holder:?}'s",
                writer.name, change.key
            ));
        }
        if changed {
            self.uncovered.insert(change.key.clone());
            let (before, after) = (change.before.as_ref(), change.after.as_ref());
            self.edge.written(&change.key, before, after, s3.now_ms());
        }
        // Its name says what it is: a cache that still has it has the right one. It goes after the
        // pages that showed it were invalidated.
        if change.after.is_none() && change.key.starts_with(MADE) {
            self.uncovered.remove(&change.key);
        }
        // Somebody whose lease was taken over before its time, by a clock that was wrong, or who
        // woke up late: its successor has looked already, and only a reconcile finds this.
        let is_stray = changed && !is_holder;
        let looked = writer.knows.looked_without_lease.get(&change.key);
        if is_stray && looked.is_some_and(|etag| writer.if_match == Some(etag.as_str())) {
            self.violation(format!(
                "{} changed {} as it found it when the lease was no longer its own",
                writer.name, change.key
            ));
        }
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
                let seen = writer.knows.sources.get(origin);
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

    /// This machine has said that it ends.
    pub fn has_left(&mut self, name: &str) {
        self.left.insert(name.to_owned());
        self.nobody_who_left_tries();
    }

    /// No note of an attempt is left, or comes later, of a machine that has taken it back.
    fn nobody_who_left_tries(&mut self) {
        let attempts = self.root["attempts"].as_object().into_iter().flatten();
        let mut attempts = attempts.map(|(id, _)| id.clone());
        let of_left = attempts.find(|id| self.left.iter().any(|name| is_of(id, name)));
        if let Some(id) = of_left {
            self.violation(format!("{id} has ended with a word, and its note is there"));
        }
    }

    /// This machine has ended its work in good order: whatever it noted of it is taken back, since it would
    /// count as a death.
    pub fn has_ended(&mut self, name: &str) {
        let attempts = self.root["attempts"].as_object().into_iter().flatten();
        let mut attempts = attempts.map(|(id, _)| id.clone());
        if let Some(id) = attempts.find(|id| is_of(id, name)) {
            self.violation(format!(
                "{id} has ended in good order, and its note is there"
            ));
        }
    }

    /// True while the lease is of this machine.
    pub fn is_holder(&self, name: &str) -> bool {
        is_of(self.root["lease"]["holder"].as_str().unwrap_or(""), name)
    }

    /// Somebody who is no builder wrote into the site bucket.
    pub fn put_by_hand(&mut self, key: &str) {
        self.writes += 1;
        self.put_at.insert(key.to_owned(), self.writes);
        self.uncovered.insert(key.to_owned());
        self.strays.insert(key.to_owned());
    }

    fn is_set_aside(&self, source: &str) -> bool {
        self.root["set_aside"].get(source).is_some()
    }

    /// What a new invalidation covers is no longer in any cache as it was.
    pub fn invalidated(&mut self, s3: &S3, paths: &[String]) {
        self.edge.invalidated(paths, s3.now_ms());
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
