//! What an output is made from, which outputs a source has a hand in, and what the last build did.
//!
//! Asked of the state alone: nothing is rendered that is as the graph has it, and nothing is written.

mod drawing;
mod missing;

pub use drawing::MAX_ARROWS;
pub(super) use drawing::draw;

use super::BuildError;
use super::context::Context;
use super::evaluate::settings;
use super::root::{HeldChange, Root};
use super::state::State;
use super::status::{last_report, look};
use super::supply::Supplier;
use percent_encoding::percent_decode_str;
use quillfront_render::evaluate::{self, Evaluation, MAX_ROUNDS, PreparedSite, Previous, Unready};
use quillfront_render::graph::OutputTrace;
use quillfront_render::render::output::{Site, Sums, merged};
use quillfront_render::render::readings::{Part, Parts, Statement};
use quillfront_render::render::world::Needs;
use quillfront_site::fingerprint::Mark;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::plan::PlannedOutput;
use quillfront_site::report::{Action, Report};
use quillfront_site::source::Sources;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An output or a source, explained (interface.md, `explain`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Its key.
    pub subject: String,
    /// Why it is not published, or not as it is in the source bucket; empty where it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What it is made from: of an output all that it reads, of a content file what its text asks
    /// for.
    pub reads: Vec<Reading>,
    /// Of an output: the sources that it is made from, and the parts of them that it reads.
    pub sources: Vec<SourceRead>,
    /// Of a source: the outputs that read it.
    pub read_by: Vec<String>,
    /// What the last build did.
    pub last: Last,
}

/// A question and what the answer was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// In words.
    pub question: String,
    /// Of the answer, as far as it is read: 16 hexadecimal digits.
    pub fingerprint: String,
    /// The question, with the parts that are read one by one; in JSON it is the words alone.
    #[serde(skip)]
    pub told: Statement,
}

/// A source that is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceRead {
    /// Its key.
    pub source: String,
    /// The parts of it that are read.
    pub parts: Vec<String>,
}

/// What the last build did to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Last {
    /// Of an output: `uploaded`, `unchanged`, `deleted`, `stale`, `unreferenced` or `none`; of a source: `added`,
    /// `changed`, `removed` or `none`.
    pub action: String,
    /// Why.
    pub because: Vec<String>,
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Nothing was published yet.
    #[error("nothing has been published yet")]
    Nothing,
    /// The site has no such thing.
    #[error(
        "the site has no `{0}`; give an address such as /blog/, or a file such as \
         content/blog/_index.md"
    )]
    Unknown(String),
    /// Storage or state failed.
    #[error(transparent)]
    Failed(#[from] BuildError),
}

/// What a subject turned out to be.
enum Subject {
    Output(OutputKey),
    Source(SourceKey),
}

/// Explains an output or a source.
pub(super) async fn explain(context: &Context, subject: &str) -> Result<Explanation, ExplainError> {
    let mut published = understand(context).await?;
    let report = last_report(context).await?;
    match published.find(subject, report.as_ref())? {
        Subject::Output(key) => {
            let reads = match published.plan.get(key.as_str()).cloned() {
                Some(planned) => reads_of(context, &mut published, &key, &planned).await?,
                None => Vec::new(),
            };
            let sources = published.sources_of(&key, &mut Sums::default());
            Ok(Explanation {
                subject: key.to_string(),
                missing: published.why_output_is_missing(&key, report.as_ref()),
                reads,
                sources: told(sources),
                read_by: Vec::new(),
                last: last_of_output(&key, report.as_ref()),
            })
        }
        Subject::Source(key) => {
            let reads = text_reads_of(context, &mut published, &key).await?;
            Ok(Explanation {
                subject: key.to_string(),
                missing: published.why_source_is_missing(&key, report.as_ref()),
                reads,
                sources: Vec::new(),
                read_by: published
                    .read_by(&key)
                    .into_keys()
                    .map(|key| key.to_string())
                    .collect(),
                last: last_of_source(&key, report.as_ref()),
            })
        }
    }
}

/// The published site, ready to be asked.
async fn understand(context: &Context) -> Result<PublishedSite, ExplainError> {
    let (root, mut state) = look(context).await?.ok_or(ExplainError::Nothing)?;
    let evaluation = begin(context, &root, &mut state)?;
    let Some(evaluation) = evaluation else {
        return Err(ExplainError::Nothing);
    };
    let plan = evaluation.plan().clone();
    let held = root.held;
    let mut evaluation = Some(evaluation);
    let site = settle(context, &mut state, &mut evaluation, Needs::default()).await?;
    Ok(PublishedSite {
        site,
        plan,
        state,
        held,
        evaluation,
    })
}

/// None where there is no configuration.
fn begin(
    context: &Context,
    root: &Root,
    state: &mut State,
) -> Result<Option<Evaluation>, BuildError> {
    let settings = settings(context, root.time());
    let site = match PreparedSite::new(state.sources.clone(), settings) {
        Ok(site) => site,
        Err(Unready::NoConfig | Unready::BrokenConfig(_)) => return Ok(None),
    };
    let stored = state.answers.iter();
    let stored = stored.map(|(request, text)| (request.clone(), Ok(text.clone())));
    let previous = Previous {
        graph: state.graph_of_published(),
        sources: state.sources.clone(),
        has_records: true,
        is_unfinished: false,
    };
    Ok(Some(site.evaluate(evaluate::Options {
        previous: Some(previous),
        answers: stored.collect(),
        ..evaluate::Options::default()
    })))
}

/// Settles the bodies, reading what that takes, and what `needs` says.
async fn settle(
    context: &Context,
    state: &mut State,
    evaluation: &mut Option<Evaluation>,
    needs: Needs,
) -> Result<Site, BuildError> {
    let lost = || BuildError::Rendering("nothing is left to ask".to_owned());
    evaluation.as_mut().ok_or_else(lost)?.want(needs);
    for _ in 0..MAX_ROUNDS {
        let mut given = evaluation.take().ok_or_else(lost)?;
        let settled = tokio::task::spawn_blocking(move || {
            let settled = given.settle();
            (given, settled)
        });
        let (given, settled) = settled
            .await
            .map_err(|error| BuildError::Rendering(error.to_string()))?;
        let given = evaluation.insert(given);
        match settled {
            Ok(site) => return Ok(site),
            Err(asked) => {
                let sources = state.sources.clone();
                let mut supplier = Supplier::of_published(context, &sources);
                given.supply(supplier.supply(state, asked).await?);
            }
        }
    }
    Err(BuildError::Rendering(format!(
        "more than {MAX_ROUNDS} files are read one after another"
    )))
}

async fn reads_of(
    context: &Context,
    published: &mut PublishedSite,
    key: &OutputKey,
    planned: &PlannedOutput,
) -> Result<Vec<Reading>, BuildError> {
    loop {
        let trace = published.trace(key);
        match published.site.reads(key, planned, trace.as_deref()) {
            Ok(reads) => return Ok(readings(reads)),
            Err(needs) => read(context, published, needs).await?,
        }
    }
}

async fn text_reads_of(
    context: &Context,
    published: &mut PublishedSite,
    key: &SourceKey,
) -> Result<Vec<Reading>, BuildError> {
    loop {
        match published.site.text_reads(key) {
            Ok(reads) => return Ok(readings(reads)),
            Err(needs) => read(context, published, needs).await?,
        }
    }
}

async fn read(
    context: &Context,
    published: &mut PublishedSite,
    needs: Needs,
) -> Result<(), BuildError> {
    let PublishedSite {
        site,
        state,
        evaluation,
        ..
    } = published;
    *site = settle(context, state, evaluation, needs).await?;
    Ok(())
}

/// The site as it is published.
struct PublishedSite {
    site: Site,
    plan: quillfront_site::plan::Plan,
    state: State,
    /// The change that waits to be approved.
    held: Option<HeldChange>,
    evaluation: Option<Evaluation>,
}

impl PublishedSite {
    fn trace(&self, key: &OutputKey) -> Option<Arc<OutputTrace>> {
        self.state.graph.outputs.get(key.as_str()).cloned()
    }

    fn sources(&self) -> &Sources {
        &self.site.world.sources
    }

    /// What a subject names.
    fn find(&self, subject: &str, report: Option<&Report>) -> Result<Subject, ExplainError> {
        let reported = |key: &str| {
            let mut outputs = report.iter().flat_map(|report| &report.outputs);
            outputs.any(|output| output.key == key)
        };
        let is_output = |key: &str| {
            self.plan.contains_key(key) || self.state.outputs.contains_key(key) || reported(key)
        };
        let base = &self.site.world.config.base_url;
        let is_address = subject.starts_with('/') || subject.contains("://");
        let plain = subject.trim_start_matches("./");
        let removed = report.iter().flat_map(|report| &report.sources.removed);
        let mut removed = removed.map(String::as_str);
        if !is_address && (self.sources().get(plain).is_some() || removed.any(|key| key == plain)) {
            return Ok(Subject::Source(SourceKey::from(plain)));
        }
        let candidates = keys_of(if is_address { subject } else { plain }, base);
        let found = candidates.iter().find(|key| is_output(key)).cloned();
        if found.is_none()
            && let Some(source) = candidates.iter().find_map(|key| self.meant(key))
        {
            return Ok(Subject::Source(source));
        }
        let unknown = || ExplainError::Unknown(subject.to_owned());
        Ok(Subject::Output(found.ok_or_else(unknown)?.into()))
    }

    /// The sources that an output is made from.
    fn sources_of(&self, key: &OutputKey, sums: &mut Sums) -> Parts {
        let Some(planned) = self.plan.get(key.as_str()) else {
            return Parts::new();
        };
        let trace = self.trace(key);
        merged(&self.site.sources(key, planned, trace.as_deref(), sums))
    }

    /// The outputs that read a source, and what of it.
    fn read_by(&self, source: &SourceKey) -> BTreeMap<OutputKey, BTreeSet<Part>> {
        let whole = || BTreeSet::from([Part::File]);
        if source.role().is_configuration() {
            return self.plan.keys().map(|key| (key.clone(), whole())).collect();
        }
        let mut matter = self.site.texts_with(source);
        matter.insert(source.clone());
        let mut sums = Sums::of(Arc::new(matter));
        let of = |key: &OutputKey, planned: &PlannedOutput, sums: &mut Sums| {
            let trace = self.trace(key);
            let groups = self.site.sources(key, planned, trace.as_deref(), sums);
            let parts = groups.iter().filter_map(|group| group.get(source.as_str()));
            parts.flatten().cloned().collect::<BTreeSet<Part>>()
        };
        let all = self.plan.iter();
        let all = all.map(|(key, planned)| (key.clone(), of(key, planned, &mut sums)));
        all.filter(|(_, parts)| !parts.is_empty()).collect()
    }
}

/// The keys that an address may lead to, the likelier first.
fn keys_of(address: &str, base_url: &str) -> Vec<String> {
    let base = base_url.trim_end_matches('/');
    let path = match address.strip_prefix(base) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => match address.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("", |start| &rest[start..]),
            None => address,
        },
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let plain = path.trim_start_matches('/');
    let decoded = percent_decode_str(plain).decode_utf8_lossy();
    let of = |plain: &str| {
        if plain.is_empty() || plain.ends_with('/') {
            vec![format!("{plain}index.html")]
        } else {
            vec![plain.to_owned(), format!("{plain}/index.html")]
        }
    };
    let mut keys = of(&decoded);
    keys.extend(of(plain).into_iter().filter(|_| decoded != plain));
    keys
}

fn readings(reads: Vec<(Statement, Mark)>) -> Vec<Reading> {
    let reading = |(told, mark): (Statement, Mark)| Reading {
        question: told.to_string(),
        fingerprint: mark.to_string(),
        told,
    };
    reads.into_iter().map(reading).collect()
}

fn told(sources: Parts) -> Vec<SourceRead> {
    let read = |(source, parts): (SourceKey, BTreeSet<Part>)| SourceRead {
        source: source.to_string(),
        parts: parts_told(&parts),
    };
    sources.into_iter().map(read).collect()
}

/// Parts in words. That a source is there goes without saying where more of it is read.
fn parts_told(parts: &BTreeSet<Part>) -> Vec<String> {
    let says_more = |part: &&Part| **part != Part::There || parts.len() == 1;
    parts
        .iter()
        .filter(says_more)
        .map(Part::to_string)
        .collect()
}

fn last_of_output(key: &OutputKey, report: Option<&Report>) -> Last {
    let mut outputs = report.iter().flat_map(|report| &report.outputs);
    let Some(output) = outputs.find(|output| output.key == key.as_str()) else {
        return Last {
            action: "none".to_owned(),
            because: vec!["nothing that it reads had changed".to_owned()],
        };
    };
    let action = match output.actions.last() {
        Some(Action::Rendered) => "rendered",
        Some(Action::Uploaded) => "uploaded",
        Some(Action::Deleted) => "deleted",
        Some(Action::Unchanged) => "unchanged",
        Some(Action::Stale) => "stale",
        Some(Action::Unreferenced) => "unreferenced",
        None => "none",
    };
    Last {
        action: action.to_owned(),
        because: output.because.clone(),
    }
}

fn last_of_source(key: &SourceKey, report: Option<&Report>) -> Last {
    let in_list = |list: &[String]| list.iter().any(|one| one == key.as_str());
    let found = report.and_then(|report| {
        let sources = &report.sources;
        let lists = [
            (&sources.added, "added", "it was not there before"),
            (
                &sources.changed,
                "changed",
                "its bytes were others than before",
            ),
            (&sources.removed, "removed", "it was gone"),
        ];
        let found = lists.into_iter().find(|(list, ..)| in_list(list));
        found.map(|(_, action, because)| (action, because))
    });
    let (action, because) = found.unwrap_or(("none", "it had not changed"));
    Last {
        action: action.to_owned(),
        because: vec![because.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_the_keys_that_answer_it() {
        let base = "https://example.org/site/";
        assert_eq!(
            keys_of("https://example.org/site/blog/", base),
            ["blog/index.html"]
        );
        assert_eq!(keys_of("https://example.org/site", base), ["index.html"]);
        assert_eq!(
            keys_of("http://127.0.0.1:8080/a%20b/?q#f", base),
            ["a b/index.html", "a%20b/index.html"]
        );
        assert_eq!(keys_of("/blog/a", base), ["blog/a", "blog/a/index.html"]);
        assert_eq!(keys_of("sitemap.xml", base)[0], "sitemap.xml");
    }
}
