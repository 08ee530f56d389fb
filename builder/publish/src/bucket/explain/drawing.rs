//! The graph of sources and outputs, in the language of Graphviz.

use super::{ExplainError, Subject, parts_told, understand};
use crate::bucket::context::Context;
use crate::bucket::status::last_report;
use quillfront_render::render::output::Sums;
use quillfront_render::render::readings::{Part, Parts};
use quillfront_site::key::{OutputKey, SourceKey};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Arrows of a graph that is drawn at most.
pub const MAX_ARROWS: usize = 2_000;

/// The graph around a subject, or of the whole site, in the language of Graphviz.
pub(in crate::bucket) async fn draw(
    context: &Context,
    subject: Option<&str>,
) -> Result<String, ExplainError> {
    let published = understand(context).await?;
    let mut arrows = Arrows::default();
    let Some(subject) = subject else {
        let mut sums = Sums::default();
        for key in published.plan.keys() {
            if !arrows.add_output(key, published.sources_of(key, &mut sums)) {
                break;
            }
        }
        return Ok(arrows.drawn());
    };
    let report = last_report(context).await?;
    match published.find(subject, report.as_ref())? {
        Subject::Output(key) => {
            let sources = published.sources_of(&key, &mut Sums::default());
            arrows.add_output(&key, sources);
        }
        Subject::Source(source) => {
            for (key, parts) in published.read_by(&source) {
                if !arrows.add(&source, &key, &parts) {
                    break;
                }
            }
        }
    }
    Ok(arrows.drawn())
}

/// Arrows from sources to outputs.
#[derive(Default)]
struct Arrows {
    all: BTreeMap<(String, String), String>,
    cut: bool,
}

impl Arrows {
    /// False where there is no room for more.
    fn add_output(&mut self, output: &OutputKey, sources: Parts) -> bool {
        let mut sources = sources.iter();
        sources.all(|(source, parts)| self.add(source, output, parts))
    }

    fn add(&mut self, source: &SourceKey, output: &OutputKey, parts: &BTreeSet<Part>) -> bool {
        if self.all.len() == MAX_ARROWS {
            self.cut = true;
            return false;
        }
        let ends = (source.to_string(), output.to_string());
        self.all.insert(ends, parts_told(parts).join(", "));
        true
    }

    fn drawn(&self) -> String {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let mut dot = String::from("digraph site {\n  rankdir=LR;\n  node [shape=box];\n");
        if self.cut {
            // Writing into a text does not fail.
            let _ = writeln!(dot, "  // the first {MAX_ARROWS} arrows; there are more");
        }
        for ((source, output), parts) in &self.all {
            let (source, output) = (quoted(source), quoted(output));
            let label = quoted(parts);
            let _ = writeln!(dot, "  \"{source}\" -> \"/{output}\" [label=\"{label}\"];");
        }
        dot.push_str("}\n");
        dot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_bounded_and_its_names_are_quoted() {
        let mut arrows = Arrows::default();
        let parts = BTreeSet::from([Part::File]);
        for number in 0..MAX_ARROWS {
            let output = OutputKey::from(format!("{number}"));
            assert!(arrows.add(&SourceKey::from("a\"b"), &output, &parts));
        }
        assert!(!arrows.add(&SourceKey::from("a"), &OutputKey::from("more"), &parts));
        let dot = arrows.drawn();
        assert!(dot.contains("there are more") && dot.contains("\"a\\\"b\" -> \"/7\""));
    }
}
