//! The headers of outputs: on what is made, and on what comes out as it is under another `[security]`.

use super::Evaluation;
use crate::render::content::{Contents, Linking};
use crate::render::provenance::place_of;
use crate::render::templates::source_of;
use crate::render::world::World;
use crate::security::{self, BlockedItem, SecuredHeaders, Violation};
use quillfront_policy::Facts;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::edge_files::HeaderRules;
use quillfront_site::key::OutputKey;
use quillfront_site::object::{
    CACHE_IMMUTABLE, CACHE_REVALIDATE, Object, ObjectHeaders, content_type,
};
use quillfront_site::plan::{Plan, PlannedOutput, Recipe};
use quillfront_site::quillfront_toml::{self, OwnConfig};
use quillfront_site::source::Sources;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What an object that was made is published with, or the violations that it is not published for.
pub(super) fn dress(
    world: &World,
    key: &OutputKey,
    planned: &PlannedOutput,
    page: Option<&Facts>,
    object: Object,
) -> Result<(Object, Vec<Violation>), Vec<Violation>> {
    let dressed = security::dress(world.header_sources(), key, planned, page);
    if dressed.violations.iter().any(|one| one.is_error) {
        return Err(dressed.violations);
    }
    let violations = dressed.violations.clone();
    Ok((worn(object, dressed), violations))
}

/// The violations that an output is not published for, though it would come out as it is.
pub(super) fn refused(
    world: &World,
    key: &OutputKey,
    planned: &PlannedOutput,
    page: Option<&Facts>,
) -> Option<Vec<Violation>> {
    let violations = violations(world, key, planned, page);
    let is_refused = violations.iter().any(|one| one.is_error);
    is_refused.then_some(violations)
}

/// What its policy blocks of an output.
pub(super) fn violations(
    world: &World,
    key: &OutputKey,
    planned: &PlannedOutput,
    page: Option<&Facts>,
) -> Vec<Violation> {
    security::dress(world.header_sources(), key, planned, page).violations
}

/// What a picture that was made is published with.
pub(super) fn dress_picture(world: &World, plan: &Plan, key: &OutputKey, object: Object) -> Object {
    let Some(planned) = plan.get(key) else {
        return object;
    };
    let dressed = security::dress(world.header_sources(), key, planned, None);
    worn(object, dressed)
}

/// The object with its headers.
fn worn(object: Object, dressed: SecuredHeaders) -> Object {
    Object {
        metadata: dressed.metadata,
        content_type: dressed.content_type.unwrap_or(object.content_type),
        cache_control: dressed
            .cache_control
            .map_or(object.cache_control, Cow::Owned),
        body: object.body,
    }
}

/// True where headers are made by another `[security]`, or other rules of `_headers`, than with the sources of
/// an earlier build.
pub(super) fn are_made_otherwise(before: &Sources, world: &World) -> bool {
    let own = OwnConfig::of(before.text(quillfront_toml::KEY)).unwrap_or_default();
    own.security != world.own.security
        || HeaderRules::of(&world.config, &own, before) != world.edge_files.headers
}

impl<Kept: Send> Evaluation<Kept> {
    /// The headers of all that comes out as it is, where they may be others; of all there is, where that was
    /// asked for.
    pub(super) fn headers(
        &self,
        unfinished: &BTreeSet<OutputKey>,
    ) -> BTreeMap<OutputKey, ObjectHeaders> {
        let are_all_told = self.are_headers_otherwise || self.tells_headers;
        // A picture may have been left out of account for a while, and come back as it was then.
        let is_told =
            |planned: &PlannedOutput| are_all_told || matches!(planned.recipe, Recipe::Picture(_));
        let kept = self.kept(unfinished);
        let mut outputs: Vec<_> = kept.filter(|(_, planned, _)| is_told(planned)).collect();
        if self.tells_headers {
            outputs.extend(self.made().filter_map(|(key, _)| {
                let page = self.page_facts.get(key).map(|page| &**page);
                Some((key, self.plan.get(key)?, page))
            }));
        }
        let sources = self.world.header_sources();
        let headers = outputs.into_par_iter().map(|(key, planned, page)| {
            let cache_control = match planned.recipe {
                Recipe::Picture(_) => CACHE_IMMUTABLE,
                _ => CACHE_REVALIDATE,
            };
            let dressed = security::dress(sources, key, planned, page);
            let content_type = || content_type(key.as_str());
            let headers = ObjectHeaders {
                content_type: dressed.content_type.unwrap_or_else(content_type),
                cache_control: dressed
                    .cache_control
                    .map_or(cache_control.into(), Cow::Owned),
                metadata: dressed.metadata,
            };
            (key.clone(), headers)
        });
        headers.collect()
    }

    /// What comes out as it is, with what is known of it as a page.
    fn kept<'a>(
        &'a self,
        unfinished: &'a BTreeSet<OutputKey>,
    ) -> impl Iterator<Item = (&'a OutputKey, &'a PlannedOutput, Option<&'a Facts>)> {
        let is_kept = |key: &OutputKey, planned: &PlannedOutput| match self.done.get(key) {
            None => !unfinished.contains(key),
            // A picture that is there is not made again.
            Some(Ok(None)) => matches!(planned.recipe, Recipe::Picture(_)),
            Some(_) => false,
        };
        let kept = self.plan.iter();
        let kept = kept.filter(move |(key, planned)| is_kept(key, planned));
        kept.map(|(key, planned)| {
            let known = self.graph.outputs.get(key);
            (key, planned, known.and_then(|known| known.page.as_deref()))
        })
    }

    /// What is told of what policies block of pages that are published.
    pub(super) fn blocked_told(&self, unfinished: &BTreeSet<OutputKey>) -> Vec<Diagnostic> {
        let has_rules = !self.world.edge_files.headers.is_empty();
        let is_secured = self.world.own.security.is_some();
        let Some(contents) = self.contents.as_ref().filter(|_| is_secured || has_rules) else {
            return Vec::new();
        };
        let world = &self.world;
        let kept = self.kept(unfinished);
        let kept = kept.filter(|(_, _, page)| page.is_some() || has_rules);
        let kept: Vec<_> = kept.collect();
        let kept = kept
            .into_par_iter()
            .map(|(key, planned, page)| (key, violations(world, key, planned, page)));
        let kept: Vec<(&OutputKey, Vec<Violation>)> = kept
            .filter(|(_, violations)| !violations.is_empty())
            .collect();
        let made = self.violations.iter();
        let made = made.filter(|(key, _)| matches!(self.done.get(*key), Some(Ok(Some(_)))));
        let made = made.map(|(key, violations)| (key, violations.clone()));
        let mut all: Vec<(&OutputKey, Vec<Violation>)> = kept.into_iter().chain(made).collect();
        all.sort_by_key(|(key, _)| *key);
        // One mistake in a template is told once.
        let mut told: BTreeMap<Diagnostic, (&OutputKey, usize)> = BTreeMap::new();
        for (key, violations) in all {
            let planned = &self.plan[key];
            for problem in diagnostics(&self.world, contents, planned, &violations) {
                told.entry(problem).or_insert((key, 0)).1 += 1;
            }
        }
        let told = told.into_iter().map(|(mut problem, (key, count))| {
            let more = match count {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            problem.message.push_str(&format!(" (in {key}{more})"));
            problem
        });
        told.collect()
    }
}

/// Diagnostics of the violations of an output, with the places that they come from.
pub(super) fn diagnostics(
    world: &World,
    contents: &Contents,
    planned: &PlannedOutput,
    violations: &[Violation],
) -> Vec<Diagnostic> {
    let told = violations.iter().map(|violation| {
        let (file, line) = match &violation.what {
            BlockedItem::Found { what, .. } => origin(world, contents, planned, what),
            BlockedItem::Loaded { url, .. } => origin(world, contents, planned, url),
            BlockedItem::Policy { .. } => (planned.source.to_string(), None),
            BlockedItem::Weaker { line, .. }
            | BlockedItem::TwoPolicies { line }
            | BlockedItem::Rules { line, .. } => {
                let file = world.edge_files.headers.file();
                let file = file.map(ToString::to_string).unwrap_or_default();
                (file, Some(*line))
            }
        };
        security::diagnostic(violation, &file, line)
    });
    told.collect()
}

/// The file that something of a page comes from, and its line: the page's own text, a template, or the text of
/// another page that it shows. What is in none of them came in with data.
fn origin(
    world: &World,
    contents: &Contents,
    planned: &PlannedOutput,
    what: &str,
) -> (String, Option<u32>) {
    let in_text = |blocked: &[(String, u32)]| {
        let mut blocked = blocked.iter();
        let found = blocked.find(|(known, _)| known == what);
        found.map(|(_, line)| *line)
    };
    let own = match planned.recipe {
        Recipe::Page(id) => contents.facts_of(Linking::Page(id)),
        Recipe::Section { section, .. } => contents.facts_of(Linking::Section(section)),
        _ => None,
    };
    if let Some(line) = own.and_then(|facts| in_text(&facts.blocked)) {
        return (planned.source.to_string(), Some(line));
    }
    if !matches!(planned.recipe, Recipe::Copy(_)) {
        let theme = world.config.theme.as_deref();
        for (name, text) in world.templates.readers.all_texts() {
            if let Some(line) = place_of(what, text) {
                return (source_of(name, theme), Some(line));
            }
        }
        for (key, facts) in contents.facts(world) {
            if let Some(line) = in_text(&facts.blocked) {
                return (key.to_string(), Some(line));
            }
        }
    }
    (planned.source.to_string(), None)
}

/// What is known of the pages that were made.
pub(super) type Violations = BTreeMap<OutputKey, Vec<Violation>>;
