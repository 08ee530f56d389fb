//! What is wrong with a line, and a list of it that cannot grow without end.

use crate::limits::MAX_PROBLEMS;

/// What is wrong with a line. Where it is an error, the rule or the header of that line does not stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: u32,
    /// Whether the line does not count. A warning leaves it as it is.
    pub is_error: bool,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: String,
}

impl Problem {
    pub(crate) fn error(line: u32, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            line,
            is_error: true,
            message: message.into(),
            hint: hint.into(),
        }
    }

    pub(crate) fn warning(line: u32, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            is_error: false,
            ..Self::error(line, message, hint)
        }
    }
}

/// The problems of a file, of which only the first [`MAX_PROBLEMS`] are kept.
#[derive(Default)]
pub(crate) struct Problems {
    kept: Vec<Problem>,
    left_out: usize,
    first_left_out: Option<(u32, bool)>,
}

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        if self.kept.len() < MAX_PROBLEMS {
            self.kept.push(problem);
            return;
        }
        self.left_out += 1;
        let (line, is_error) = self.first_left_out.get_or_insert((problem.line, false));
        *line = (*line).min(problem.line);
        *is_error |= problem.is_error;
    }

    /// The problems by line, with one more where some were left out.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        self.kept.sort_by_key(|problem| problem.line);
        if let Some((line, is_error)) = self.first_left_out {
            self.kept.push(Problem {
                line,
                is_error,
                message: format!(
                    "the file has {} problems, and only the first {MAX_PROBLEMS} are listed",
                    self.left_out + MAX_PROBLEMS
                ),
                hint: "correct the lines above, then look again".to_owned(),
            });
        }
        self.kept
    }
}
