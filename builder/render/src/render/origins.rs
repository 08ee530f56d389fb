//! Lines of a text that templates made, back to the lines that the author wrote.
//!
//! Templating a page's text moves its lines: a call of one line may make ten. What is told of the
//! result has to name a line of the file. Lines that came through as they were are found again by
//! their text; what stands between two of them was made by the call between the same two.

use quillfront_templates::lexer::opens_tag;
use std::collections::HashMap;

/// For each line of the made text, the line that it comes from.
pub struct Origins {
    lines: Vec<Origin>,
}

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// 1-based line of the text as written.
    pub line: u32,
    /// True where the line is as it was written, so that columns hold too.
    pub untouched: bool,
}

impl Origins {
    /// Compares a text with what templates made of it. Takes time with the length of both.
    pub fn new(written: &str, made: &str) -> Self {
        let written: Vec<&str> = written.lines().collect();
        let made: Vec<&str> = made.lines().collect();
        let found = untouched(&written, &made);
        let calls = next_calls(&written);
        let mut lines = Vec::with_capacity(made.len());
        let mut before = 0;
        let mut at = 0;
        while at < made.len() {
            if let Some(index) = found[at] {
                lines.push(origin(index, true));
                before = index + 1;
                at += 1;
                continue;
            }
            let end = (at..made.len())
                .find(|i| found[*i].is_some())
                .unwrap_or(made.len());
            let until = found.get(end).copied().flatten().unwrap_or(written.len());
            let call = calls.get(before).copied().filter(|call| *call < until);
            let index = call.unwrap_or(before);
            let last = written.len().saturating_sub(1);
            lines.extend((at..end).map(|_| origin(index.min(last), false)));
            at = end;
        }
        Self { lines }
    }

    /// Where a 1-based line of the made text comes from.
    pub fn of(&self, line: u32) -> Origin {
        let index = (line as usize).saturating_sub(1);
        let last = self.lines.last().copied();
        let found = self.lines.get(index).copied().or(last);
        found.unwrap_or(origin(0, false))
    }
}

/// For each line the first one from there on that calls a template; the number of lines where
/// none does.
fn next_calls(written: &[&str]) -> Vec<usize> {
    let mut next = written.len();
    let mut calls = vec![next; written.len()];
    for (index, line) in written.iter().enumerate().rev() {
        if opens_tag(line) {
            next = index;
        }
        calls[index] = next;
    }
    calls
}

/// Of each made line the index of the written one that it is. Lines that come several times are
/// matched in order where they come as often in both.
fn untouched(written: &[&str], made: &[&str]) -> Vec<Option<usize>> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, line) in written.iter().enumerate() {
        places.entry(line).or_default().push(index);
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for line in made {
        *counts.entry(line).or_default() += 1;
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut found = Vec::with_capacity(made.len());
    for line in made {
        let often = counts[line];
        let places = places.get(line).filter(|places| places.len() == often);
        found.push(
            places
                .filter(|_| !line.trim().is_empty())
                .and_then(|places| {
                    let nth = seen.entry(line).or_default();
                    *nth += 1;
                    places.get(*nth - 1).copied()
                }),
        );
    }
    found
}

fn origin(index: usize, untouched: bool) -> Origin {
    Origin {
        line: u32::try_from(index + 1).unwrap_or(u32::MAX),
        untouched,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_behind_a_call_that_made_many_keep_their_numbers() {
        let written = "one\n\n{{ <Box /> }}\n\nsame\nsame\n[x](@/no.md)\n";
        let made = "one\n\n<div>\n\na\n\nb\n</div>\n\nsame\nsame\n[x](@/no.md)\n";
        let origins = Origins::new(written, made);
        let line = |n| origins.of(n).line;
        assert_eq!(line(1), 1);
        assert_eq!((line(3), line(5), line(8)), (3, 3, 3), "made by the call");
        assert_eq!((line(10), line(11)), (5, 6));
        assert_eq!(
            origins.of(12),
            Origin {
                line: 7,
                untouched: true
            }
        );
    }

    #[test]
    fn texts_that_have_nothing_in_common_still_give_a_line() {
        for (written, made) in [("", ""), ("", "a\nb"), ("{{ x }}", "a\nb"), ("a\nb", "")] {
            let origins = Origins::new(written, made);
            for line in [0, 1, 2, 3, u32::MAX] {
                assert_eq!(origins.of(line).line, 1, "{written:?} {made:?}");
            }
        }
    }
}
