//! The root: who may write what in it, and what must be there for it (invariant 4).

use super::{Watch, Writer};
use crate::s3::{Bucket, Change, S3};
use crate::wire::Request;
use crate::world::{SITE, STATE};
use quillfront_publish::bucket::Options;
use quillfront_publish::bucket::attempts::Attempt;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub const KEY: &str = "root.json";
/// What so many roots before the last one named stays.
const KEPT_GENERATIONS: u64 = 3;
/// What changes where somebody leaves hints, notes an attempt, counts the death of one, or says what was compared.
const OF_HINTS: [&str; 8] = [
    "id",
    "hints",
    "newest_hint",
    "attempts",
    "suspects",
    "tried",
    "set_aside",
    "compared_ms",
];

impl Watch {
    pub(super) fn state_written(&mut self, s3: &S3, change: &Change, writer: &Writer<'_>) {
        if change.key != KEY {
            let is_named = segments(&self.root).contains(&change.key)
                || self.lists.contains(&change.key)
                || self.is_kept(&change.key);
            if change.after.is_none() && is_named {
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
        self.lists = lists(&root);
        for name in segments(&root).iter().chain(&self.lists.clone()) {
            if !s3.bucket(STATE).contains_key(name) {
                self.violation(format!(
                    "{} wrote a root that names {name}, which is not there",
                    writer.name
                ));
            }
        }
        let before = std::mem::replace(&mut self.root, unpacked(root, s3));
        self.check_succession(&before, writer);
        self.nobody_who_left_tries();
    }

    /// Every segment and list that is there and that neither the root nor one of the last roots names.
    pub fn adrift(&self, state: &Bucket) -> BTreeSet<String> {
        let mut named = segments(&self.root);
        let retired = self.root["retired"].as_object().into_iter().flatten();
        let retired = retired.flat_map(|(_, list)| list.as_array().into_iter().flatten());
        named.extend(retired.filter_map(|name| Some(format!("segments/{}", name.as_str()?))));
        let is_ours = |key: &&String| key.starts_with("segments/") || key.starts_with("lists/");
        let there = state.keys().filter(is_ours);
        let is_named = |key: &&String| named.contains(*key) || self.lists.contains(*key);
        there.filter(|key| !is_named(key)).cloned().collect()
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
        let (holder, next) = (holder(before).to_owned(), holder(&self.root).to_owned());
        if is_of(&holder, writer.name) && (next == holder || next.is_empty()) {
            return self.check_own(before, writer, &next);
        }
        let is_free = holder.is_empty();
        if without(before, &OF_HINTS) == without(&self.root, &OF_HINTS) {
            if !is_free {
                self.check_hints(before, writer, &holder);
            }
            return;
        }
        // The first root of all may be a note of what is tried, or hints of somebody who had no time,
        // and says nothing else.
        let is_empty = self.root["generation"] == 0 && segments(&self.root).is_empty();
        let is_at_rest = next.is_empty() && self.root["outbox"].is_null();
        if before.is_null() && is_empty && is_at_rest {
            return;
        }
        let deadline_ms = deadline_ms(before);
        let takes_over = is_free || deadline_ms + request_timeout_ms() <= writer.wall_ms;
        let of_lease = [&OF_HINTS[..], &["lease"]].concat();
        let keeps_tree =
            before.is_null() || without(before, &of_lease) == without(&self.root, &of_lease);
        if !takes_over || !is_of(&next, writer.name) || !keeps_tree {
            self.violation(format!(
                "{} wrote a root that was not its to write: the lease was {holder:?}'s until {deadline_ms}",
                writer.name
            ));
        }
        let planned_on = writer.knows.planned_on.as_ref();
        if is_free && planned_on.is_some_and(|planned_on| *planned_on != before["segments"]) {
            self.violation(format!(
                "{} took the lease with a plan that it made on other segments",
                writer.name
            ));
        }
    }

    /// Of the holder of the lease, who keeps it or lets it go.
    fn check_own(&mut self, before: &Value, writer: &Writer<'_>, next: &str) {
        if next.is_empty() {
            if let Some(late) = &writer.late {
                self.violation(format!(
                    "{} let its lease go while {late} may still be done",
                    writer.name
                ));
            }
        } else if before["commit"] != self.root["commit"] && self.root["lease"]["committed"] != true
        {
            self.violation(format!(
                "{} committed, and its lease does not say so",
                writer.name
            ));
        }
    }

    /// Under the lease of another one leaves hints or says what one tries, and does nothing else.
    fn check_hints(&mut self, before: &Value, writer: &Writer<'_>, holder: &str) {
        let is_lost = |key: &&String| self.root["hints"].get(key.as_str()).is_none();
        let hints = before["hints"].as_object().into_iter().flatten();
        let lost: Vec<String> = hints.map(|(key, _)| key).filter(is_lost).cloned().collect();
        if !lost.is_empty() {
            self.violation(format!(
                "{} settled hints {lost:?} that are {holder}'s",
                writer.name
            ));
        }
        if without(before, &["id"]) == without(&self.root, &["id"]) {
            self.violation(format!(
                "{} wrote the root as it was, under the lease of {holder}",
                writer.name
            ));
        }
    }

    /// A write into the site bucket begins: only under a lease that lasts longer than it can. A
    /// machine whose clock is wrong may have lost its lease and not know it (`may_be_wrong`).
    pub fn begins(&mut self, request: &Request, name: &str, wall_ms: i64, may_be_wrong: bool) {
        if request.target().0 != SITE || !request.is_write() {
            return;
        }
        let holder = holder(&self.root);
        if !is_of(holder, name) {
            if !may_be_wrong {
                let what = request.described();
                self.violation(format!("{name} begins {what}, the lease is {holder:?}'s"));
            }
            return;
        }
        let left_ms = deadline_ms(&self.root) - wall_ms;
        if left_ms < request_timeout_ms() {
            let what = request.described();
            self.violation(format!(
                "{name} begins {what}, which may last longer than the {left_ms} ms of its lease"
            ));
        }
    }
}

fn request_timeout_ms() -> i64 {
    Options::default().request_timeout.as_millis() as i64
}

/// The name of the lease; empty where there is none.
fn holder(root: &Value) -> &str {
    root["lease"]["holder"].as_str().unwrap_or("")
}

fn deadline_ms(root: &Value) -> i64 {
    root["lease"]["deadline_ms"].as_i64().unwrap_or_default()
}

/// The root without some of its fields.
fn without(root: &Value, names: &[&str]) -> Value {
    let mut root = root.clone();
    if let Some(object) = root.as_object_mut() {
        object.retain(|name, _| !names.contains(&name.as_str()));
    }
    root
}

/// True where a lease of this name is of this machine.
pub fn is_of(holder: &str, machine: &str) -> bool {
    let rest = holder.strip_prefix(machine);
    rest.is_some_and(|rest| rest.starts_with('-'))
}

/// Every segment that a root names.
fn segments(root: &Value) -> BTreeSet<String> {
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

/// Every list that a root names.
fn lists(root: &Value) -> BTreeSet<String> {
    let named = root["lists"].as_object().into_iter().flatten();
    named
        .filter_map(|(_, name)| name.as_str().map(str::to_owned))
        .collect()
}

/// The root as it is meant: without its fingerprint, and with the hints and attempts in their place, which are
/// objects of their own where they are many.
fn unpacked(mut root: Value, s3: &S3) -> Value {
    let many = |what: &str| {
        let object = s3.bucket(STATE).get(root["lists"][what].as_str()?)?;
        Some(zstd::decode_all(&object.bytes[..]).unwrap())
    };
    let (hints, attempts) = (many("hints"), many("attempts"));
    if let Some(bytes) = hints {
        let hints: BTreeMap<String, u64> = postcard::from_bytes(&bytes).unwrap();
        root["hints"] = json!(hints);
    }
    if let Some(bytes) = attempts {
        let attempts: BTreeMap<String, Attempt> = postcard::from_bytes(&bytes).unwrap();
        root["attempts"] = json!(attempts);
    }
    without(&root, &["lists", "sum"])
}
