//! What CloudFront is told to forget (AWS guide, "Invalidating files"; invariant 5: also new
//! URLs, whose 404 may be cached). Here is the choice of paths, a pure function; [`send`] is the
//! wire.
//!
//! # What a choice costs
//!
//! * A path is billed: 1,000 a month are free, then $0.005 each. A page is three: `/a`, whose
//!   redirect or 404 may be cached, `/a/`, and the rewritten `/a/index.html`.
//! * A wildcard is billed as one path, but CloudFront takes one a second where it takes 150 paths,
//!   and 15 at once. So it counts as [`WILDCARD`] paths, and more while there are more than
//!   [`MAX_WILDCARDS`] of them.
//! * What a wildcard drops though it did not change has to be fetched again: a GET ($0.0000004) and
//!   two runs at the edge ($0.0000012), for each cache around the world that is asked for it, some
//!   sixty of them, and a reader waits. So [`UNCHANGED_PER_PATH`] of these count as one path.
//!
//! Up to [`FEW`] paths are sent as they are: nobody pays for those. Of more, each folder is either
//! named as a whole (`/blog/2007/*`) or goes file by file, whichever is cheaper, from the deepest
//! folder to the root. A sidebar that changes on every page is one wildcard, `/*`; forty pages in
//! one folder leave the pictures and style sheets elsewhere where they are.
//!
//! Thumbnails of changed pictures are no keys of the site: [`variants`] has their paths.
//!
//! # Why no cache tags
//!
//! An invalidation by tag (`#tag`) would drop exactly the pages that show a sidebar, and no
//! picture. It needs a distribution with a `CacheTagConfig` and objects that carry the tags; both
//! are for the template of the distribution to bring, and to a distribution without them a tag is a
//! path that matches nothing, which would leave old pages in caches. Wildcards hold everywhere.

pub mod redirects;
pub mod send;
pub mod variants;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use quillfront_site::report::Invalidations;
use std::collections::BTreeSet;

/// Paths that are always sent as they are: ten pages.
pub const FEW: usize = 30;
/// Paths of one commit, at most; where more would be needed, everything is dropped.
pub const MAX_PATHS: usize = 1_000;
/// Wildcards of one commit, at most (CloudFront's quota of those in progress).
pub const MAX_WILDCARDS: usize = 15;
/// What a wildcard counts, in paths.
const WILDCARD: u64 = 10;
/// Objects that are dropped without need and count as one path.
const UNCHANGED_PER_PATH: u64 = 50;
/// Everything.
const ALL: &str = "/*";

/// What a path of an invalidation carries encoded: all but what a URL's path may have as it is.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'*');

/// The cheapest paths that cover every changed key under every name that viewers know it by, and
/// what an earlier invalidation still owes. `published` are the keys of the site, those that
/// changed among them or not.
pub fn choose<'a>(
    changed: &BTreeSet<&'a str>,
    published: impl Iterator<Item = &'a str>,
    owed: &[String],
) -> Invalidations {
    choose_with_variants(changed, published, owed, &BTreeSet::new())
}

/// The same, with the thumbnails of which the keys begin so ([`variants`]).
pub fn choose_with_variants<'a>(
    changed: &BTreeSet<&'a str>,
    published: impl Iterator<Item = &'a str>,
    owed: &[String],
    variants: &BTreeSet<String>,
) -> Invalidations {
    let mut more: BTreeSet<String> = variants::paths(variants).into_iter().collect();
    more.extend(owed.iter().cloned());
    // As many wildcards as are left, but one at least.
    let most = MAX_WILDCARDS.saturating_sub(wildcards(&more)).max(1);
    let (mut paths, mut because) = chosen(changed, published, most);
    if !variants.is_empty() {
        because.push_str(", with the thumbnails of changed pictures");
    }
    if !owed.is_empty() {
        because.push_str(", with what was still owed");
    }
    if !more.is_empty() {
        paths.append(&mut more);
        paths = without_covered(paths);
        if paths.len() > MAX_PATHS || wildcards(&paths) > MAX_WILDCARDS {
            paths = BTreeSet::from([ALL.to_owned()]);
            because.push_str(", which together is too much to name");
        }
    }
    let mode = match (paths.is_empty(), wildcards(&paths)) {
        (true, _) => "none",
        (false, 0) => "paths",
        (false, _) => "wildcard",
    };
    Invalidations {
        paths: paths.into_iter().collect(),
        mode: mode.to_owned(),
        because,
        ..Invalidations::default()
    }
}

fn wildcards(paths: &BTreeSet<String>) -> usize {
    paths.iter().filter(|path| path.ends_with('*')).count()
}

/// Without the paths that a wildcard among them covers.
fn without_covered(paths: BTreeSet<String>) -> BTreeSet<String> {
    let all = paths.clone();
    let wildcards: Vec<&String> = all.iter().filter(|path| path.ends_with('*')).collect();
    let covers = |wildcard: &str, path: &str| {
        wildcard != path && path.starts_with(wildcard.trim_end_matches('*'))
    };
    let covered = |path: &String| wildcards.iter().any(|wildcard| covers(wildcard, path));
    paths.into_iter().filter(|path| !covered(path)).collect()
}

/// The names under which viewers know an object.
fn names(key: &str) -> Vec<String> {
    let path = format!("/{}", utf8_percent_encode(key, PATH));
    let mut names = Vec::new();
    if let Some(folder) = path
        .strip_suffix("index.html")
        .filter(|rest| rest.ends_with('/'))
    {
        let bare = folder.strip_suffix('/').filter(|bare| !bare.is_empty());
        names.extend(bare.map(str::to_owned));
        names.push(folder.to_owned());
    }
    names.push(path);
    names
}

/// How many [`names`] there are.
fn names_count(key: &str) -> u64 {
    match key.strip_suffix("index.html") {
        Some("") => 2,
        Some(folder) if folder.ends_with('/') => 3,
        _ => 1,
    }
}

fn chosen<'a>(
    changed: &BTreeSet<&'a str>,
    published: impl Iterator<Item = &'a str>,
    most: usize,
) -> (BTreeSet<String>, String) {
    let each: u64 = changed.iter().map(|key| names_count(key)).sum();
    if each == 0 {
        return (BTreeSet::new(), "nothing changed".to_owned());
    }
    if each <= FEW as u64 {
        let paths = changed.iter().flat_map(|key| names(key)).collect();
        return (paths, "few enough to name each".to_owned());
    }
    let list: Vec<&str> = changed.iter().copied().collect();
    let mut unchanged: Vec<&str> = published.filter(|key| !changed.contains(key)).collect();
    unchanged.sort_unstable();
    let mut prices = Prices {
        unchanged: &unchanged,
        wildcard: WILDCARD * UNCHANGED_PER_PATH,
    };
    // Dearer wildcards are fewer. At this price there is none or one, that of the root.
    let too_dear = (each + unchanged.len() as u64 + 1) * UNCHANGED_PER_PATH;
    while prices.wildcard <= too_dear * 2 {
        let choice = prices.folder("", &list);
        let paths: BTreeSet<String> = choice.paths().collect();
        let count = choice.wildcards;
        if count <= most && paths.len() <= MAX_PATHS {
            let because = match count {
                0 => format!("{each} paths cost less than what a wildcard would drop besides"),
                _ => told(each, choice.dropped),
            };
            return (paths, because);
        }
        prices.wildcard *= 2;
    }
    (
        BTreeSet::from([ALL.to_owned()]),
        told(each, unchanged.len() as u64),
    )
}

fn told(each: u64, dropped: u64) -> String {
    format!(
        "{each} paths, one by one, would cost more than to fetch {dropped} unchanged objects again"
    )
}

/// What is weighed, in parts of a path: [`UNCHANGED_PER_PATH`] are one.
struct Prices<'a> {
    /// Keys that did not change, in order.
    unchanged: &'a [&'a str],
    wildcard: u64,
}

/// What is sent for a folder.
#[derive(Default)]
struct Choice<'a> {
    cost: u64,
    /// By name.
    keys: Vec<&'a str>,
    /// As a whole: the folder, and whether its own page changed.
    folders: Vec<(&'a str, bool)>,
    wildcards: usize,
    /// Unchanged objects that are dropped.
    dropped: u64,
}

impl<'a> Choice<'a> {
    /// The longer lists take in the shorter ones.
    fn add(&mut self, mut other: Self) {
        if other.keys.len() + other.folders.len() > self.keys.len() + self.folders.len() {
            std::mem::swap(self, &mut other);
        }
        self.cost += other.cost;
        self.keys.extend(other.keys);
        self.folders.extend(other.folders);
        self.wildcards += other.wildcards;
        self.dropped += other.dropped;
    }

    fn paths(&self) -> impl Iterator<Item = String> {
        let whole = self.folders.iter().flat_map(|(folder, own)| {
            let path = format!("/{}", utf8_percent_encode(folder, PATH));
            // `/a/*` does not cover `/a`.
            let bare = path
                .strip_suffix('/')
                .filter(|bare| *own && !bare.is_empty());
            let bare = bare.map(str::to_owned);
            bare.into_iter().chain([format!("{path}*")])
        });
        self.keys.iter().flat_map(|key| names(key)).chain(whole)
    }
}

impl<'a> Prices<'a> {
    /// The cheapest choice for what changed below a folder (empty, or ending in `/`). As deep as
    /// a key has slashes: 1,024 at most.
    fn folder(&self, folder: &'a str, changed: &[&'a str]) -> Choice<'a> {
        let mut each = Choice::default();
        let mut rest = changed;
        while let Some(first) = rest.first().copied() {
            let below = &first[folder.len()..];
            let count = match below.find('/') {
                Some(slash) => {
                    let inner = &first[..=folder.len() + slash];
                    let count = rest.partition_point(|key| key.starts_with(inner));
                    each.add(self.folder(inner, &rest[..count]));
                    count
                }
                None => {
                    each.cost += names_count(first) * UNCHANGED_PER_PATH;
                    each.keys.push(first);
                    1
                }
            };
            rest = &rest[count..];
        }
        let start = self.unchanged.partition_point(|key| *key < folder);
        let dropped = self.unchanged[start..].partition_point(|key| key.starts_with(folder)) as u64;
        let page = format!("{folder}index.html");
        let own = !folder.is_empty() && changed.binary_search(&page.as_str()).is_ok();
        let cost = self.wildcard + dropped + u64::from(own) * UNCHANGED_PER_PATH;
        if cost >= each.cost {
            return each;
        }
        Choice {
            cost,
            keys: Vec::new(),
            folders: vec![(folder, own)],
            wildcards: 1,
            dropped,
        }
    }
}

#[cfg(test)]
mod tests;
