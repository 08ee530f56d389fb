//! What is told of outputs that could not be made.

use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::OutputKey;
use std::collections::{BTreeMap, BTreeSet};

/// Failures by what went wrong: one mistake in a template that all pages use is told once.
pub(super) struct Failures {
    by_problem: BTreeMap<SameProblem, Failure>,
    /// What is told already.
    told: BTreeSet<SameProblem>,
}

/// What makes two problems one: code, file, line, message.
type SameProblem = (String, String, Option<u32>, String);

fn same(problem: &Diagnostic) -> SameProblem {
    // Of a template that many name and none has, the first page stands for all.
    let (file, line) = match problem.code.as_str() {
        "template-missing" => ("", None),
        _ => (problem.file.as_str(), problem.line),
    };
    (
        problem.code.clone(),
        file.to_owned(),
        line,
        problem.message.clone(),
    )
}

struct Failure {
    problem: Diagnostic,
    /// The first output that it fails.
    output: OutputKey,
    /// How many it fails.
    count: usize,
}

impl Failures {
    /// None yet, beside what is told by itself: a template that cannot stand is not told by each output
    /// that needs it.
    pub(super) fn beside(told: &[Diagnostic]) -> Self {
        Self {
            by_problem: BTreeMap::new(),
            told: told.iter().map(same).collect(),
        }
    }

    /// Notes what failed an output.
    pub(super) fn add(&mut self, key: &OutputKey, problems: Vec<Diagnostic>) {
        for problem in problems {
            let same = same(&problem);
            if self.told.contains(&same) {
                continue;
            }
            let failure = self.by_problem.entry(same).or_insert_with(|| Failure {
                problem,
                output: key.clone(),
                count: 0,
            });
            failure.count += 1;
        }
    }

    /// Each mistake once, with the output that it fails, or how many.
    pub(super) fn told(self) -> impl Iterator<Item = Diagnostic> {
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
