//! From the effective sources to the tree that is to be published: library, plan, render.
//!
//! Pure: files that templates name while they render are asked for ([`Evaluation::step`]) and
//! handed in ([`Evaluation::supply`]) by whoever holds storage.

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::key::{OutputKey, SourceKey};
use crate::object::Object;
use crate::plan::{self, Plan};
use crate::render::content::{self, Contents};
use crate::render::templates::Templates;
use crate::render::world::{Inputs, Settings, World};
use crate::render::{RenderError, output};
use crate::site::library;
use crate::source::Sources;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rounds of rendering, reading what was lacking, and rendering again. A page that reads one
/// data file after another takes a round for each.
pub const MAX_ROUNDS: usize = 64;

/// The tree that the sources make.
#[derive(Debug)]
pub struct Tree {
    /// Everything that could be made.
    pub objects: BTreeMap<OutputKey, Object>,
    /// Outputs whose render failed: what was published under these keys stays.
    pub stale: BTreeSet<OutputKey>,
    /// The plan that it was made by.
    pub plan: Plan,
    /// Everything to tell the author.
    pub diagnostics: Vec<Diagnostic>,
}

/// A site that is being evaluated.
pub struct Evaluation {
    world: Arc<World>,
    plan: Plan,
    contents: Option<Arc<Contents>>,
    done: BTreeMap<OutputKey, Result<Option<Object>, Vec<Diagnostic>>>,
    diagnostics: Vec<Diagnostic>,
}

/// Why there is nothing to evaluate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unready {
    /// No configuration: a site that is still being uploaded, or none at all.
    NoConfig,
    /// There is one, but it was never good.
    BrokenConfig(Vec<Diagnostic>),
}

impl Evaluation {
    /// Reads the configuration, the content and the templates, and plans the site.
    ///
    /// # Errors
    /// Without a configuration there is no site.
    pub fn new(sources: Arc<Sources>, settings: Settings) -> Result<Self, Unready> {
        let mut diagnostics: Vec<Diagnostic> = sources
            .iter()
            .flat_map(|(_, source)| source.problems.clone())
            .collect();
        let config = read_config(&sources, &settings, &mut diagnostics)?;
        let templates = Templates::load(&sources, config.theme.as_deref());
        let (library, mut problems) = library::build(&sources, &config, settings.drafts);
        diagnostics.append(&mut problems);
        let (plan, mut problems) = plan::plan(&config, &library, &sources);
        diagnostics.append(&mut problems);
        diagnostics.extend(templates.broken.values().cloned());
        let world = World {
            config: Arc::new(config),
            settings: Arc::new(settings),
            library: Arc::new(library),
            templates: Arc::new(templates),
            sources,
            inputs: Arc::new(Inputs::new()),
        };
        Ok(Self {
            world: Arc::new(world),
            plan,
            contents: None,
            done: BTreeMap::new(),
            diagnostics,
        })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Renders what can be rendered. Returns the sources that have to be read before the rest
    /// can be; none when all is done.
    pub fn step(&mut self) -> BTreeSet<SourceKey> {
        let contents = match &self.contents {
            Some(contents) => contents.clone(),
            None => match content::render(&self.world) {
                Ok(contents) => self.contents.insert(Arc::new(contents)).clone(),
                Err(needs) => return needs,
            },
        };
        let waiting: Vec<_> = self
            .plan
            .iter()
            .filter(|(key, _)| !self.done.contains_key(key.as_str()))
            .collect();
        let results: Vec<_> = waiting
            .into_par_iter()
            .map(|(key, planned)| (key, output::render(&self.world, &contents, key, planned)))
            .collect();
        let mut needs = BTreeSet::new();
        for (key, result) in results {
            match result {
                Ok(object) => drop(self.done.insert(key.clone(), Ok(object))),
                Err(RenderError::Failed(problems)) => {
                    self.done.insert(key.clone(), Err(problems));
                }
                Err(RenderError::Needs(more)) => needs.extend(more),
            }
        }
        needs
    }

    /// Hands in what [`step`](Self::step) asked for; None for files that are not there.
    pub fn supply(&mut self, read: Inputs) {
        let mut inputs = (*self.world.inputs).clone();
        inputs.extend(read);
        self.world = Arc::new(World {
            inputs: Arc::new(inputs),
            ..(*self.world).clone()
        });
    }

    /// The tree. What is still lacking its inputs has failed.
    pub fn finish(mut self) -> Tree {
        let mut objects = BTreeMap::new();
        let mut stale = BTreeSet::new();
        let mut failures = Failures::default();
        for key in self.plan.keys() {
            match self.done.remove(key.as_str()) {
                Some(Ok(Some(object))) => drop(objects.insert(key.clone(), object)),
                Some(Ok(None)) => {}
                Some(Err(problems)) => {
                    failures.add(key, problems);
                    stale.insert(key.clone());
                }
                None => {
                    let file = self.plan[key].source.as_str();
                    let message =
                        format!("more than {MAX_ROUNDS} files are read one after another");
                    failures.add(key, vec![Diagnostic::error("rounds", file, message)]);
                    stale.insert(key.clone());
                }
            }
        }
        let warnings = self
            .contents
            .iter()
            .flat_map(|contents| contents.warnings(&self.world));
        let mut diagnostics: Vec<Diagnostic> = self
            .diagnostics
            .into_iter()
            .chain(failures.told())
            .chain(warnings)
            .collect();
        diagnostics.sort();
        diagnostics.dedup();
        Tree {
            objects,
            stale,
            plan: self.plan,
            diagnostics,
        }
    }
}

/// Failures by what went wrong: one mistake in a template that all pages use is told once.
#[derive(Default)]
struct Failures {
    by_problem: BTreeMap<SameProblem, Failure>,
}

/// What makes two problems one: code, file, line, message.
type SameProblem = (String, String, Option<u32>, String);

struct Failure {
    problem: Diagnostic,
    /// The first output that it fails.
    output: OutputKey,
    /// How many it fails.
    count: usize,
}

impl Failures {
    fn add(&mut self, key: &OutputKey, problems: Vec<Diagnostic>) {
        for problem in problems {
            // Of a template that many name and none has, the first page stands for all.
            let file = if problem.code == "template-missing" {
                ""
            } else {
                problem.file.as_str()
            };
            let same = (
                problem.code.clone(),
                file.to_owned(),
                problem.line,
                problem.message.clone(),
            );
            let failure = self.by_problem.entry(same).or_insert_with(|| Failure {
                problem,
                output: key.clone(),
                count: 0,
            });
            failure.count += 1;
        }
    }

    fn told(self) -> impl Iterator<Item = Diagnostic> {
        self.by_problem.into_values().map(|failure| {
            let Failure {
                mut problem,
                output: key,
                count,
            } = failure;
            let about_output = problem.code.starts_with("template");
            match count {
                1 if about_output => problem.message.push_str(&format!(" (making {key})")),
                2.. => problem
                    .message
                    .push_str(&format!(" (making {key} and {} more)", count - 1)),
                _ => {}
            }
            problem
        })
    }
}

fn read_config(
    sources: &Sources,
    settings: &Settings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Config, Unready> {
    let key = plan::config_key(sources);
    let Some(text) = sources.text(key.as_str()) else {
        let broken = sources
            .get(key.as_str())
            .map(|source| source.problems.clone());
        return Err(broken.map_or(Unready::NoConfig, Unready::BrokenConfig));
    };
    let mut config = Config::parse(key.as_str(), text).map_err(Unready::BrokenConfig)?;
    diagnostics.append(&mut config.warnings);
    if let Some(base_url) = &settings.base_url {
        config.base_url.clone_from(base_url);
    }
    if let Some(theme) = config.theme.clone() {
        let file = format!("themes/{theme}/theme.toml");
        if let Some(text) = sources.text(&file)
            && let Err(mut problems) = config.merge_theme(&file, text)
        {
            diagnostics.append(&mut problems);
        }
        let inside = |folder: &str| {
            sources
                .under(&format!("themes/{theme}/{folder}"))
                .next()
                .is_some()
        };
        if !inside("templates/") {
            let lacks = if inside("") {
                "has no templates/"
            } else {
                "is not there"
            };
            let message = format!("the theme `{theme}` {lacks}");
            diagnostics.push(
                Diagnostic::error("theme", key.as_str(), message)
                    .hint("upload the theme's whole folder, or remove `theme`"),
            );
        }
    }
    Ok(config)
}

#[cfg(test)]
mod feeds;
#[cfg(test)]
mod tests;
