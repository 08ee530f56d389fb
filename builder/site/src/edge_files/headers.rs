//! Header rules: what `_headers` adds to the headers of an object, by its path.

use super::{doubted, find, host_of, refused};
use crate::config::Config;
use crate::fingerprint::{Mark, Marker};
use crate::key::{HEADERS, SourceKey};
use crate::quillfront_toml::OwnConfig;
use crate::source::Sources;
use quillfront_edge_files::headers::{Change, Matcher, Rule, parse};
use quillfront_edge_files::{Dialect, Problem};
use quillfront_headers::MAX_BYTES;
use quillfront_headers::names::may_set;
use quillfront_headers::values::is_header_value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most rules: each is tried for each object.
pub const MAX_HEADER_RULES: usize = 1_000;

/// The rules of a file, in order.
#[derive(Debug, Clone, Default)]
pub struct HeaderRules {
    file: Option<SourceKey>,
    rules: Arc<[ForPaths]>,
    mark: Option<Mark>,
}

/// Equal where they say the same.
impl PartialEq for HeaderRules {
    fn eq(&self, other: &Self) -> bool {
        self.file == other.file && self.mark == other.mark
    }
}

/// The rules for the paths that match.
#[derive(Debug, Clone)]
struct ForPaths {
    matcher: Matcher,
    changes: Vec<(u32, Change)>,
}

/// What the rules make of one header of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedHeader {
    /// The line that did it last.
    pub line: u32,
    /// What it is.
    pub setting: Setting,
    /// Whether a line has removed what would be there without the rules.
    pub is_default_removed: bool,
}

/// What a header is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// These values, each of a line of its own.
    Values(Vec<String>),
    /// It is not sent.
    Removed,
}

impl HeaderRules {
    /// Reads the file of a site; none without a `quillfront.toml`.
    pub fn of(config: &Config, own: &OwnConfig, sources: &Sources) -> Self {
        let found = find(config, sources, HEADERS);
        let (Some(dialect), Some((key, text))) = (own.dialect, found) else {
            return Self::default();
        };
        let host = host_of(&config.base_url);
        Self::read(&key, &text, dialect, host.as_deref()).0
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Reads a file. A line that cannot be kept is a problem, and the others stand. `own_host` is the host of
    /// the site.
    pub(super) fn read(
        file: &SourceKey,
        text: &str,
        dialect: Dialect,
        own_host: Option<&str>,
    ) -> (Self, Vec<Problem>) {
        let parsed = parse(text, dialect);
        let mut problems = parsed.problems;
        let mut rules = Vec::new();
        for rule in parsed.rules {
            if rules.len() == MAX_HEADER_RULES {
                let message = format!(
                    "there are more than {MAX_HEADER_RULES} rules; this one and those behind it are left out"
                );
                let hint = "put several paths into one with `*`";
                problems.push(refused(rule.line, message, hint));
                break;
            }
            match for_paths(rule, dialect, own_host, &mut problems) {
                Ok(rule) => rules.push(rule),
                Err(problem) => problems.push(problem),
            }
        }
        let mut marker = Marker::default();
        marker.bytes(text);
        marker.number(u64::from(dialect == Dialect::Cloudflare));
        marker.option(own_host.as_ref(), |marker, host| {
            marker.bytes(host);
        });
        let rules = Self {
            file: Some(file.clone()),
            rules: rules.into(),
            mark: Some(marker.done()),
        };
        (rules, problems)
    }

    /// Returns the file that they are in.
    pub fn file(&self) -> Option<&SourceKey> {
        self.file.as_ref()
    }

    /// Returns what they make of the headers of an object, by lower-case name. Of each header the first rule that
    /// sets it replaces what would be there without the rules, and the others add to it. The path is as viewers
    /// see it, decoded: `/blog/post/`.
    pub fn of_path(&self, path: &str) -> BTreeMap<String, MergedHeader> {
        self.merged(path, |_| true)
    }

    /// Returns what the rules for all paths make of headers: those of answers that no object stands for.
    pub fn of_no_object(&self) -> BTreeMap<String, MergedHeader> {
        self.merged("/", |rule| rule.matcher.matches_all())
    }

    /// True where there are rules for all paths.
    pub fn have_any_for_all_paths(&self) -> bool {
        self.rules.iter().any(|rule| rule.matcher.matches_all())
    }

    /// Returns the first line that is about some paths alone, and about more than what S3 itself sends of an
    /// object.
    pub fn line_for_some_paths(&self) -> Option<u32> {
        let some = self.rules.iter().filter(|rule| !rule.matcher.matches_all());
        let mut changes = some.flat_map(|rule| &rule.changes);
        let own = |change: &Change| {
            let name = name_of(change);
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            !is("cache-control") && !is("content-type")
        };
        changes
            .find(|(_, change)| own(change))
            .map(|(line, _)| *line)
    }

    fn merged(
        &self,
        path: &str,
        is_asked: impl Fn(&ForPaths) -> bool,
    ) -> BTreeMap<String, MergedHeader> {
        let mut merged: BTreeMap<String, MergedHeader> = BTreeMap::new();
        for rule in self.rules.iter().filter(|rule| is_asked(rule)) {
            let Some(captures) = rule.matcher.captures(path) else {
                continue;
            };
            for (line, change) in &rule.changes {
                let name = name_of(change).to_ascii_lowercase();
                let own = merged.entry(name).or_insert_with(|| MergedHeader {
                    line: *line,
                    setting: Setting::Removed,
                    is_default_removed: false,
                });
                own.line = *line;
                match (change, &mut own.setting) {
                    (Change::Set { value, .. }, Setting::Values(values)) => {
                        values.push(captures.fill(value));
                    }
                    (Change::Set { value, .. }, Setting::Removed) => {
                        own.setting = Setting::Values(vec![captures.fill(value)]);
                    }
                    (Change::Remove { .. }, _) => {
                        own.setting = Setting::Removed;
                        own.is_default_removed = true;
                    }
                }
            }
        }
        // What was captured may be no header value.
        merged.retain(|_, own| match &own.setting {
            Setting::Values(values) => values.iter().all(|value| is_header_value(value)),
            Setting::Removed => true,
        });
        merged
    }
}

fn name_of(change: &Change) -> &str {
    match change {
        Change::Set { name, .. } | Change::Remove { name } => name,
    }
}

/// Makes a rule ready, without the lines that cannot be kept.
fn for_paths(
    rule: Rule,
    dialect: Dialect,
    own_host: Option<&str>,
    problems: &mut Vec<Problem>,
) -> Result<ForPaths, Problem> {
    if let Some(url) = &rule.scheme_and_host {
        let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
        if own_host != Some(host) {
            let message = format!(
                "headers for {url} cannot be kept apart: the host that a reader asked for is not part of the cache \
                 key"
            );
            let hint = "write the path alone";
            return Err(refused(rule.line, message, hint));
        }
    }
    let matcher = Matcher::new(&rule, dialect)?;
    let mut changes = Vec::with_capacity(rule.changes.len());
    for (line, change) in rule.changes {
        match check(line, &change) {
            Some(problem) => problems.push(problem),
            None => changes.push((line, change)),
        }
    }
    if matcher.matches_all() && dialect == Dialect::Netlify {
        let is_long_kept = |change: &Change| match change {
            Change::Set { name, value } => {
                name.eq_ignore_ascii_case("cache-control") && value.contains("immutable")
            }
            Change::Remove { .. } => false,
        };
        if let Some((line, _)) = changes.iter().find(|(_, change)| is_long_kept(change)) {
            let message =
                "every page is kept by browsers for ever: no upload reaches who has seen it";
            let hint = "keep what has a fingerprint in its name so, such as /processed_images/*";
            problems.push(doubted(*line, message, hint));
        }
    }
    Ok(ForPaths { matcher, changes })
}

/// Why a line cannot be kept, and the way out.
fn check(line: u32, change: &Change) -> Option<Problem> {
    let name = name_of(change);
    let lower = name.to_ascii_lowercase();
    if lower == "basic-auth" {
        let message =
            "`Basic-Auth` asks readers for a password, and what is cached is shown to all";
        let hint = "keep what is private out of the site";
        return Some(refused(line, message, hint));
    }
    if !may_set(&lower) {
        let why = match lower.as_str() {
            "set-cookie" => "what is cached is shown to all readers, with the cookie",
            "vary" => "the cache key is that of the distribution",
            "location" => "redirects stand in `_redirects`",
            _ if lower.starts_with("x-amz") => "names that begin with x-amz are those of AWS",
            _ => "CloudFront, or HTTP itself, sets it",
        };
        let message = format!("`{name}` cannot be set: {why}");
        return Some(refused(line, message, "take the line out"));
    }
    match change {
        Change::Set { value, .. } if !is_header_value(value) => {
            let message = format!("the value of `{name}` has characters that no header can carry");
            Some(refused(line, message, "write it in ASCII"))
        }
        Change::Set { value, .. } if value.len() > MAX_BYTES => {
            let message = format!("the value of `{name}` has more than {MAX_BYTES} bytes");
            Some(refused(line, message, "write a shorter one"))
        }
        _ => None,
    }
}
