//! The end of an evaluation: the tree, and what the next build may go by.

use super::failures::Failures;
use super::why::MAX_REASONS;
use super::{Evaluation, MAX_ROUNDS, Tree, places};
use crate::graph::{BodyFacts, Graph};
use crate::remote::Request;
use crate::render::content::Contents;
use crate::render::originals;
use crate::render::output::Site;
use crate::render::world::World;
use itertools::{EitherOrBoth, Itertools};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::links::ExternalLinks;
use quillfront_site::plan::{self, PlannedOutput, Recipe};
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl<Kept: Send> Evaluation<Kept> {
    /// The tree as far as it was rendered; everything else that is planned is taken to stay as it
    /// is.
    pub fn finish_part(self) -> Tree<Kept> {
        self.finished(|_| BTreeSet::new())
    }

    /// The tree. What is still lacking its inputs has failed.
    pub fn finish(self) -> Tree<Kept> {
        self.finished(Self::unfinished)
    }

    fn finished(mut self, unfinished: impl FnOnce(&Self) -> BTreeSet<OutputKey>) -> Tree<Kept> {
        self.fail_with_pictures();
        let because = self.because();
        let records = self.records_after();
        let unfinished = unfinished(&self);
        let graph = self.graph_after();
        let mut objects = BTreeMap::new();
        let mut stale = BTreeSet::new();
        // The first mistakes of each.
        let mut why_stale: Vec<(OutputKey, Diagnostic)> = Vec::new();
        let mut nothing = BTreeSet::new();
        let mut failures = Failures::beside(&self.diagnostics);
        for (key, source) in self.world.sources.waiting() {
            // Behind what is told of the file alone.
            let problems = source.problems.iter().skip(1).cloned().collect();
            failures.add(&OutputKey::from(key.as_str()), problems);
        }
        // Pictures that an evaluation of other content has made: their names stand for their bytes.
        let mut withdrawn = std::mem::take(&mut self.withdrawn);
        for (key, kept) in std::mem::take(&mut self.earlier) {
            let is_picture = |planned: &PlannedOutput| matches!(planned.recipe, Recipe::Picture(_));
            if self.plan.get(&key).is_some_and(is_picture) {
                self.done.insert(key, Ok(Some(kept)));
            } else {
                withdrawn.insert(key);
            }
        }
        let headers = self.headers(&unfinished);
        let mut blocked = self.blocked_told(&unfinished);
        let (rules, problems) = self.rules();
        blocked.extend(problems);
        let done = std::mem::take(&mut self.done);
        let looked_at = done
            .into_iter()
            .merge_join_by(unfinished, |(a, _), b| a.cmp(b));
        for one in looked_at {
            match one {
                EitherOrBoth::Both((key, made), _) | EitherOrBoth::Left((key, made)) => {
                    match made {
                        Ok(Some(object)) => {
                            objects.insert(key, object);
                        }
                        Ok(None) => {
                            nothing.insert(key);
                        }
                        Err(problems) => {
                            let first = problems.iter().take(MAX_REASONS).cloned();
                            why_stale.extend(first.map(|problem| (key.clone(), problem)));
                            failures.add(&key, problems);
                            stale.insert(key);
                        }
                    }
                }
                EitherOrBoth::Right(key) => {
                    let file = self.plan[&key].source.as_str();
                    let message =
                        format!("more than {MAX_ROUNDS} files or URLs are read one after another");
                    let problem = Diagnostic::error("rounds", file, message);
                    why_stale.push((key.clone(), problem.clone()));
                    failures.add(&key, vec![problem]);
                    stale.insert(key);
                }
            }
        }
        withdrawn.retain(|key| !objects.contains_key(key));
        let external_links = match &self.contents {
            Some(contents) if self.world.settings.mode == "check" => {
                ExternalLinks::collect(&self.world.config, contents.external_links(&self.world))
            }
            _ => ExternalLinks::default(),
        };
        let warnings = self
            .contents
            .iter()
            .flat_map(|contents| contents.warnings(&self.world));
        let mut diagnostics: Vec<Diagnostic> = self
            .diagnostics
            .into_iter()
            .chain(failures.told())
            .chain(warnings)
            .chain(blocked)
            .chain(originals::told(&self.world))
            .collect();
        places::find(&mut diagnostics, &self.world);
        let why_stale = in_brief(why_stale, &self.world);
        diagnostics.sort();
        diagnostics.dedup();
        // What failed may have had no chance to ask again.
        let unsure = !stale.is_empty() || !self.world.traced;
        let asked = LazyCell::new(|| graph.requests());
        let is_wanted = |request: &Request| unsure || asked.contains(request);
        let answers = self.world.answers.texts(is_wanted);
        drop(asked);
        let (now, next_due) = (self.world.settings.now, self.world.library.next_due());
        let world = self.world;
        let sources = world.sources.clone();
        let site = self.contents.map(|contents| Site { world, contents });
        Tree {
            rules,
            now,
            next_due,
            answers,
            records,
            indexes: self.awaited_indexes,
            withdrawn,
            objects,
            nothing,
            headers,
            graph,
            because,
            stale,
            why_stale,
            sources,
            plan: self.plan,
            diagnostics,
            external_links,
            site,
        }
    }

    /// The outputs that something is lacking for.
    fn unfinished(&self) -> BTreeSet<OutputKey> {
        let Some(waiting) = &self.waiting else {
            return self.plan.keys().cloned().collect();
        };
        let pictures = plan::pictures(&self.plan).map(|(key, _)| key);
        let all = waiting.iter().chain(pictures);
        all.cloned().collect()
    }

    /// What an evaluation of other content may go by: what was known before, and what was noted of all that
    /// was made since.
    pub(super) fn graph_between(&mut self) -> Graph {
        let mut graph = (*self.graph).clone();
        graph.outputs.extend(std::mem::take(&mut self.traces));
        if let Some(contents) = &self.contents {
            // That a link finds its place is looked up where either end was rendered: what failed or is
            // doubted has to be rendered again.
            let failed = contents.failed(&self.world.library);
            let failed = failed.map(|(key, _)| key.as_str());
            for file in failed.chain(contents.doubted()) {
                graph.bodies.remove(file);
            }
            let facts = contents.facts_that_stand(&self.world);
            let facts = facts.map(|(key, facts)| (key.clone(), facts.clone()));
            graph.bodies.extend(facts);
        }
        graph
    }

    /// What the next build may go by: what was known of all that would come out as it is, and what
    /// was noted of the rest.
    fn graph_after(&mut self) -> Graph {
        let (Some(contents), true) = (&self.contents, self.world.traced) else {
            return Graph::default();
        };
        let made = std::mem::take(&mut self.traces);
        let (world, graph, reach) = (&self.world, &self.graph, &self.reach);
        let others: Option<Vec<&OutputKey>> = self.waiting.as_ref().map(|waiting| {
            let others = waiting.iter().chain(&self.gone).chain(self.done.keys());
            others.collect()
        });
        let bodies = || match reach {
            // There are the same ones as before.
            Some(_) => bodies_after(world, contents, graph),
            None => {
                let facts = contents.facts_that_stand(world);
                facts
                    .map(|(key, facts)| (key.clone(), facts.clone()))
                    .collect()
            }
        };
        let outputs = || match others {
            None => made,
            Some(others) => {
                let mut outputs = graph.outputs.clone();
                for key in others {
                    outputs.remove(key);
                }
                outputs.extend(made);
                outputs
            }
        };
        let (bodies, outputs) = rayon::join(bodies, outputs);
        Graph {
            pages: match reach {
                Some(_) => graph.pages,
                None => Some(self.pages),
            },
            bodies,
            outputs,
        }
    }
}

/// Why outputs could not be made, in brief, with the places that are told in full.
fn in_brief(why: Vec<(OutputKey, Diagnostic)>, world: &World) -> BTreeMap<OutputKey, Vec<String>> {
    let (keys, mut problems): (Vec<OutputKey>, Vec<Diagnostic>) = why.into_iter().unzip();
    places::find(&mut problems, world);
    let mut brief: BTreeMap<OutputKey, Vec<String>> = BTreeMap::new();
    for (key, problem) in keys.into_iter().zip(&problems) {
        brief.entry(key).or_default().push(problem.in_brief());
    }
    brief
}

/// What is known of bodies after a build that had the same ones as the graph.
fn bodies_after(
    world: &World,
    contents: &Contents,
    graph: &Graph,
) -> BTreeMap<SourceKey, Arc<BodyFacts>> {
    let mut bodies = graph.bodies.clone();
    for (of, key) in contents.differing(&world.library, graph) {
        match contents.facts_of(of) {
            Some(facts) => {
                bodies.insert(key.clone(), facts.clone());
            }
            None => {
                bodies.remove(key);
            }
        }
    }
    // A doubt is told again by the next build.
    for file in contents.doubted() {
        bodies.remove(file);
    }
    bodies
}
