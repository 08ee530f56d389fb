//! The rules of a site whose pages share one policy: made of what all pages run and load, so when all are made.
//!
//! They have a trace like other outputs, the mark of their bytes, so that they are as they were where nothing
//! that matters to them has changed.

use super::Evaluation;
use crate::graph::OutputTrace;
use crate::security;
use quillfront_headers::{Edge, RULES_KEY, Rules};
use quillfront_policy::Facts;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::fingerprint::Mark;
use quillfront_site::key::OutputKey;
use quillfront_site::object::Object;
use quillfront_site::plan::{PlannedOutput, Recipe};
use std::sync::Arc;

/// The rules, and what is told of them.
#[derive(Debug, Default)]
pub(super) struct SiteRules {
    rules: Option<Arc<Rules>>,
    problems: Vec<Diagnostic>,
}

impl<Kept: Send> Evaluation<Kept> {
    /// True where one policy stands for all pages.
    pub(super) fn has_one_policy(&self) -> bool {
        self.world.header_sources().has_one_policy()
    }

    /// True for the rules where they are made of all pages.
    pub(super) fn is_of_all_pages(&self, key: &OutputKey) -> bool {
        key.as_str() == RULES_KEY && self.has_one_policy()
    }

    /// Makes them. All else has been made.
    pub(super) fn make_site_rules(&mut self, keep: impl Fn(&OutputKey, Object) -> Kept) {
        if self.only.is_some() || self.site_rules.rules.is_some() || !self.has_one_policy() {
            return;
        }
        let sources = self.world.header_sources();
        let (headers, problems) = security::site_headers(sources, self.policed());
        let rules = Rules {
            headers,
            edge: Edge::Policy,
            ..(*self.world.rules).clone()
        };
        let bytes = rules.write();
        self.site_rules = SiteRules {
            rules: Some(Arc::new(rules)),
            problems,
        };
        let planned = self.plan.get_key_value(RULES_KEY);
        let Some((key, _)) = planned.filter(|(_, planned)| planned.recipe == Recipe::Rules) else {
            return;
        };
        let key = key.clone();
        let trace = Mark::of(&bytes);
        let earlier = self.earlier.remove(&key);
        let known = self.graph.outputs.get(&key);
        let is_as_it_was = known.is_some_and(|known| known.trace == trace);
        let kept = match earlier {
            None if is_as_it_was => return,
            Some(kept) if is_as_it_was => kept,
            _ => keep(&key, Object::rendered(key.as_str(), bytes)),
        };
        if self.world.traced {
            let trace = OutputTrace {
                trace,
                asked: Arc::default(),
                pictures: Vec::new(),
                page: None,
            };
            self.traces.insert(key.clone(), Arc::new(trace));
        }
        self.done.insert(key, Ok(Some(kept)));
    }

    /// The pages that share the policy, each with what it runs and loads. What cannot be made has no part in it:
    /// a clean build knows nothing of what was published before.
    fn policed(&self) -> impl Iterator<Item = (&OutputKey, &Facts)> + Clone {
        static NOTHING: Facts = Facts {
            scripts: Vec::new(),
            integrity: Vec::new(),
            styles: Vec::new(),
            style_attributes: Vec::new(),
            sources: Vec::new(),
            findings: Vec::new(),
        };
        let is_page = |key: &OutputKey, planned: &PlannedOutput| {
            security::is_page(key) && !matches!(planned.recipe, Recipe::Redirect(_))
        };
        let pages = self.plan.iter();
        let pages = pages.filter(move |(key, planned)| is_page(key, planned));
        let failed = Arc::new(self.failed_with_pictures());
        pages.filter_map(move |(key, _)| {
            if matches!(self.done.get(key), Some(Ok(None) | Err(_))) || failed.contains_key(key) {
                return None;
            }
            let made = self.page_facts.get(key).map(|facts| &**facts);
            let of_before = || self.graph.outputs.get(key)?.page.as_deref();
            Some((key, made.or_else(of_before).unwrap_or(&NOTHING)))
        })
    }

    /// The rules in the end, and what is told of them.
    pub(super) fn rules(&mut self) -> (Arc<Rules>, Vec<Diagnostic>) {
        let SiteRules { rules, problems } = std::mem::take(&mut self.site_rules);
        let rules = rules.unwrap_or_else(|| self.world.rules.clone());
        (rules, problems)
    }
}
