//! Why outputs were made again: what they read that is another.
//!
//! Told of a bounded number of outputs and sources, so that a change that reaches a whole site is
//! not held up by telling of it; of the others the changed sources are named.

use super::Evaluation;
use crate::effective::Change;
use crate::graph::{BodyFacts, OutputTrace, value_mark};
use crate::render::content::Contents;
use crate::render::output::{Site, Sums, merged};
use crate::render::readings::{Part, Parts};
use crate::render::values;
use crate::render::world::World;
use quillfront_site::key::{OutputKey, Role, SourceKey, is_section_file};
use quillfront_site::library;
use quillfront_site::library::schedule::Schedule;
use quillfront_site::plan::{PlannedOutput, Recipe};
use quillfront_site::source::{Source, Sources};
use quillfront_templates::reads::WHOLE;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tera::Map;

/// Outputs of which it is told in detail.
const MAX_OUTPUTS: usize = 200;
/// Changed sources that are looked at in detail; where there are more, none is.
const MAX_SOURCES: usize = 100;
/// Reasons for one output; of more, the number is told.
pub(super) const MAX_REASONS: usize = 3;
/// Parts of one source in a reason; of more, the number is told.
const MAX_PARTS: usize = 3;
/// Parts of a page that say nothing of its place in a list of a section. Weights are no parts: where
/// nothing differs that templates see, it may be the weight.
const NO_PLACE: [&str; 10] = [
    "content",
    "summary",
    "toc",
    "word_count",
    "reading_time",
    "taxonomies",
    "description",
    "extra",
    "authors",
    "assets",
];

/// What became of a source.
#[derive(Debug, Default)]
struct Difference {
    /// `was added`, `was removed` or `changed`; none where only what its body was made from did.
    itself: Option<&'static str>,
    /// The fields that differ.
    fields: BTreeSet<String>,
}

impl<Kept: Send> Evaluation<Kept> {
    /// The reasons for outputs that were made again.
    pub(super) fn because(&self) -> BTreeMap<OutputKey, Vec<String>> {
        let Some(contents) = &self.contents else {
            return BTreeMap::new();
        };
        // Where there was nothing to go by, everything is made anew, whatever has changed.
        if !self.tells_why || self.graph.outputs.is_empty() {
            return BTreeMap::new();
        }
        let Some(differences) = self.differences(&self.before, contents) else {
            return BTreeMap::new();
        };
        let site = Site {
            world: self.world.clone(),
            contents: contents.clone(),
        };
        let mut sums = Sums::of(Arc::new(differences.keys().cloned().collect()));
        let is_made = |(key, _): &(&OutputKey, &PlannedOutput)| {
            matches!(self.done.get(key.as_str()), Some(Ok(Some(_))))
        };
        let is_first = |planned: &PlannedOutput| differences.contains_key(&planned.source);
        let made: Vec<_> = self.plan.iter().filter(is_made).collect();
        let (first, others): (Vec<_>, Vec<_>) =
            made.into_iter().partition(|(_, planned)| is_first(planned));
        let looked_at = first.into_iter().chain(others).take(MAX_OUTPUTS);
        looked_at
            .filter_map(|(key, planned)| {
                let trace = self.traces.get(key.as_str()).map(|trace| &**trace);
                let parts = merged(&site.sources(key, planned, trace, &mut sums));
                let reader = Reader {
                    planned,
                    trace,
                    parts,
                };
                let reasons = reader.reasons(&differences);
                (!reasons.is_empty()).then(|| (key.clone(), bounded(reasons, MAX_REASONS)))
            })
            .collect()
    }

    /// The sources that differ, and in what; none where they are too many.
    fn differences(
        &self,
        before: &Sources,
        contents: &Contents,
    ) -> Option<BTreeMap<SourceKey, Difference>> {
        let after = &self.world.sources;
        let changed: BTreeSet<&SourceKey> = before.differing(after).collect();
        let bodies: Vec<(&SourceKey, &Arc<BodyFacts>, &Arc<BodyFacts>)> = contents
            .rendered(&self.world)
            .filter_map(|(key, now)| Some((key, now, self.graph.bodies.get(key.as_str())?)))
            // Rendered again it may be only to be shown, and come out the same.
            .filter(|(_, now, known)| {
                (now.html, now.summary, now.toc) != (known.html, known.summary, known.toc)
            })
            .collect();
        if changed.len() > MAX_SOURCES || bodies.len() > MAX_SOURCES {
            return None;
        }
        let old = self.old_world(before, &changed);
        let mut found: BTreeMap<SourceKey, Difference> = BTreeMap::new();
        for key in changed {
            let (was, is) = (before.exists(key.as_str()), after.exists(key.as_str()));
            let itself = Some(match (was, is) {
                (false, _) => "was added",
                (_, false) => "was removed",
                _ => "changed",
            });
            let fields = match (facts_of(&old, key), facts_of(&self.world, key)) {
                (Some(old), Some(new)) => differing(&old, &new),
                _ => BTreeSet::new(),
            };
            found.insert(key.clone(), Difference { itself, fields });
        }
        for (key, now, known) in bodies {
            let parts = [
                ("content", now.html != known.html),
                ("summary", now.summary != known.summary),
                ("toc", now.toc != known.toc),
            ];
            let names = parts.iter().filter(|(_, differs)| *differs);
            let mut names = names.map(|(name, _)| (*name).to_owned()).peekable();
            if names.peek().is_some() {
                let entry = found.entry(key.clone()).or_default();
                entry.fields.extend(names);
            }
        }
        Some(found)
    }

    /// The site as it was, as far as the fields of some sources go: these, the sections, and the
    /// files beside them.
    fn old_world(&self, before: &Sources, changed: &BTreeSet<&SourceKey>) -> World {
        let content = changed.iter().filter(|key| key.role() == Role::Content);
        let folders: BTreeSet<&str> = content.map(|key| key.folder()).collect();
        // There are many keys: what says no soonest goes first.
        let matters = |(key, _): &(&SourceKey, &Arc<Source>)| {
            if key.name().ends_with(".md") {
                (is_section_file(key.name()) || changed.contains(key))
                    && key.role() == Role::Content
            } else {
                folders.contains(key.folder()) && key.role() == Role::Asset
            }
        };
        let kept = before.iter().filter(matters);
        let kept: Sources = kept.map(|(key, one)| (key.clone(), one.clone())).collect();
        let world = &*self.world;
        let schedule = Schedule {
            publishing: &world.own.publishing,
            up_to: world.settings.now,
        };
        let (library, _) = library::build(&kept, &world.config, world.settings.drafts, schedule);
        World {
            library: Arc::new(library),
            sources: Arc::new(kept),
            ..world.clone()
        }
    }
}

/// The fields of a page or section, but for those that its text makes.
fn facts_of(world: &World, key: &SourceKey) -> Option<Map> {
    let relative = key.as_str().strip_prefix("content/")?;
    let library = &world.library;
    let page = library.page_by_file(relative);
    let value = match page {
        Some(id) => values::page_facts(world, id),
        None => values::section_facts(world, library.section_by_file(relative)?),
    };
    value.into_map()
}

fn differing(old: &Map, new: &Map) -> BTreeSet<String> {
    let is_other = |(name, value): &(&tera::value::Key<'_>, &tera::Value)| {
        let old = old.get(*name).map(|old| value_mark(old, &WHOLE));
        old != Some(value_mark(value, &WHOLE))
    };
    let names = new.iter().filter(is_other);
    names
        .filter_map(|(name, _)| name.as_str().map(str::to_owned))
        .collect()
}

/// An output and what it reads.
struct Reader<'a> {
    planned: &'a PlannedOutput,
    trace: Option<&'a OutputTrace>,
    parts: Parts,
}

impl Reader<'_> {
    fn reasons(&self, differences: &BTreeMap<SourceKey, Difference>) -> Vec<String> {
        let mut reasons: Vec<String> = Vec::new();
        let own = differences.get_key_value(&self.planned.source);
        let others = differences
            .iter()
            .filter(|(key, _)| **key != self.planned.source);
        for (key, difference) in own.into_iter().chain(others) {
            let reason = match key.role() {
                Role::Content => self.of_content(key, difference),
                role => self.of_file(key, difference, role),
            };
            if let Some(reason) = reason.filter(|reason| !reasons.contains(reason)) {
                reasons.push(reason);
            }
        }
        reasons
    }

    fn of_file(&self, key: &SourceKey, difference: &Difference, role: Role) -> Option<String> {
        let word = difference.itself.filter(|_| self.parts.contains_key(key))?;
        Some(match role {
            Role::Template => format!("template {key} {word}"),
            _ => format!("{key} {word}"),
        })
    }

    fn of_content(&self, key: &SourceKey, difference: &Difference) -> Option<String> {
        let read = self.parts.get(key);
        let word = difference.itself.filter(|word| *word != "changed");
        if let Some(word) = word {
            let told = || format!("{key} {word}");
            if self.planned.source == *key {
                return Some(told());
            }
            return self
                .list_with(key)
                .or_else(|| (read.is_some() || self.reads_terms()).then(told));
        }
        let is_read = |name: &&String| {
            let mut fields = read.into_iter().flatten().filter_map(Part::field);
            fields.any(|field| field == **name)
        };
        let fields: Vec<String> = difference.fields.iter().filter(is_read).cloned().collect();
        if !fields.is_empty() {
            return Some(format!("{} of {key} changed", listed(fields)));
        }
        if self.planned.source == *key {
            return Some(format!("{key} changed"));
        }
        let says_place = |name: &String| !NO_PLACE.contains(&name.as_str());
        let may_have_moved =
            difference.fields.is_empty() || difference.fields.iter().any(says_place);
        if may_have_moved && let Some(list) = self.list_with(key) {
            return Some(list);
        }
        (difference.fields.contains("taxonomies") && self.reads_terms())
            .then(|| format!("taxonomies of {key} changed"))
    }

    /// The list that a page is in, or may have been, where it is read.
    fn list_with(&self, page: &SourceKey) -> Option<String> {
        let above = |key: &SourceKey| {
            let inside = page.as_str().strip_prefix(key.folder());
            is_section_file(key.name()) && inside.is_some_and(|rest| rest.starts_with('/'))
        };
        let is_list = |part: &&Part| part.field() == Some("pages");
        let lists = self.parts.iter().filter(|(key, _)| above(key));
        let lists = lists.filter_map(|(key, parts)| Some((key, parts.iter().find(is_list)?)));
        let (section, part) = lists.max_by_key(|(key, _)| key.folder().len())?;
        Some(match part {
            Part::First(_, count) => format!("the first {count} of section {section} changed"),
            _ => format!("the pages of section {section} changed"),
        })
    }

    fn reads_terms(&self) -> bool {
        let asked = self.trace.iter().flat_map(|trace| trace.asked.iter());
        let recipe = &self.planned.recipe;
        matches!(recipe, Recipe::Taxonomy(_) | Recipe::Term(_))
            || asked.into_iter().any(|question| question.is_of_terms())
    }
}

/// Why an output was made, as far as that follows from the changed sources alone: `source` is what
/// it stands for, `is_new` where it was not there, `full` where everything was made anew.
pub fn of(
    source: &SourceKey,
    changes: &BTreeMap<SourceKey, Change>,
    is_new: bool,
    full: bool,
) -> Vec<String> {
    let told = |(key, change): (&SourceKey, &Change)| match change {
        Change::Added => format!("{key} was added"),
        Change::Removed => format!("{key} was removed"),
        Change::Changed | Change::None => format!("{key} changed"),
    };
    if let Some(own) = changes.get_key_value(source) {
        return vec![told(own)];
    }
    // Where everything is made anew, that is not for any page that changed with it. No other page makes
    // one appear either.
    let is_page = source.role() == Role::Content && !is_section_file(source.name());
    let matter = changes.iter().filter(|(key, _)| {
        key.role().is_configuration()
            || !full && (!is_new || !is_page || is_section_file(key.name()))
    });
    let reasons: Vec<String> = matter.map(told).collect();
    if reasons.is_empty() {
        let reason = match (is_new, full) {
            (true, _) => "it was not there",
            (false, true) => "everything was rebuilt",
            (false, false) => "it was not what it should be",
        };
        return vec![reason.to_owned()];
    }
    bounded(reasons, MAX_REASONS)
}

/// At most so many, then `and N more`.
fn bounded(mut list: Vec<String>, most: usize) -> Vec<String> {
    if list.len() > most {
        let more = list.len() - most;
        list.truncate(most);
        list.push(format!("and {more} more"));
    }
    list
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: Vec<String>) -> String {
    let more = names.len().checked_sub(MAX_PARTS).filter(|more| *more > 0);
    let mut names: Vec<String> = names.into_iter().take(MAX_PARTS).collect();
    names.extend(more.map(|more| format!("{more} more")));
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(source: &str, changed: &[&str], is_new: bool, full: bool) -> Vec<String> {
        let key = |key: &str| SourceKey::from(key);
        let changes = changed.iter().map(|one| (key(one), Change::Added));
        of(&key(source), &changes.collect(), is_new, full)
    }

    #[test]
    fn a_page_appears_for_itself_or_for_what_can_make_it_appear() {
        let good = "content/blog/good.md";
        let added = |key: &str| vec![format!("{key} was added")];
        let bad = "content/blog/bad.md";
        let section = "content/blog/_index.md";
        assert_eq!(reasons(good, &[bad, good], true, false), added(good));
        assert_eq!(reasons(good, &[bad], true, false), ["it was not there"]);
        assert_eq!(reasons(good, &[bad, section], true, false), added(section));
        assert_eq!(
            reasons(good, &["config.toml"], true, true),
            added("config.toml")
        );
        // A list does appear for a page in it.
        assert_eq!(reasons(section, &[bad], true, false), added(bad));
        assert_eq!(reasons(good, &[bad], false, false), added(bad));
    }
}
