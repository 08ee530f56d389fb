//! From bytes of a text to lines and columns.

use super::Problem;

/// Where the lines of a text begin.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Self {
        let after_newlines = text
            .bytes()
            .enumerate()
            .filter(|&(_, b)| b == b'\n')
            .map(|(i, _)| i + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(after_newlines).collect(),
        }
    }

    /// The 1-based line of a byte.
    pub fn line(&self, offset: usize) -> u32 {
        let line = self.starts.partition_point(|&start| start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// A problem at a byte.
    pub fn problem(
        &self,
        offset: usize,
        code: &'static str,
        message: String,
        hint: Option<&str>,
    ) -> Problem {
        let line = self.line(offset);
        let before = self
            .text
            .get(self.starts[line as usize - 1]..offset)
            .unwrap_or_default();
        let column = u32::try_from(before.chars().count() + 1).ok();
        Problem {
            line,
            column,
            code,
            message,
            hint: hint.map(str::to_owned),
            lacks: None,
        }
    }
}
