//! Changes to a text by byte ranges: what no change names stays byte for byte.

use std::ops::Range;

/// Replacements, collected in any order and applied together.
#[derive(Debug, Default)]
pub struct Edits {
    list: Vec<(Range<usize>, String)>,
}

impl Edits {
    /// Puts `text` in the place of `range`.
    pub fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.list.push((range, text.into()));
    }

    /// Puts `text` before the byte at `at`.
    pub fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    /// Takes `range` out.
    pub fn remove(&mut self, range: Range<usize>) {
        self.replace(range, "");
    }

    /// The changed text. Of two replacements that overlap, the one that begins later is dropped.
    pub fn apply(mut self, text: &str) -> String {
        self.list.sort_by_key(|(range, _)| range.start);
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (range, new) in self.list {
            if range.start < at {
                continue;
            }
            out.push_str(&text[at..range.start]);
            out.push_str(&new);
            at = range.end;
        }
        out.push_str(&text[at..]);
        out
    }
}

/// Where the lines of a text begin, to find the line of many places in it.
pub struct Lines {
    newlines: Vec<usize>,
}

impl Lines {
    /// Looks through a text once.
    pub fn of(text: &str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            newlines: newlines.map(|(at, _)| at).collect(),
        }
    }

    /// The 1-based line that the byte at `offset` is on.
    pub fn line(&self, offset: usize) -> u32 {
        let before = self.newlines.partition_point(|newline| *newline < offset);
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }
}

/// The 1-based line that the byte at `offset` is on, for a place or two in a text.
pub fn line_of(text: &str, offset: usize) -> u32 {
    Lines::of(text).line(offset)
}

/// `range` with the rest of its line, where nothing but blanks stands beside it.
pub fn whole_line(text: &str, range: Range<usize>) -> Range<usize> {
    let before = &text[..range.start];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let after = &text[range.end..];
    let end = after
        .find('\n')
        .map_or(text.len(), |newline| range.end + newline + 1);
    let alone =
        text[start..range.start].trim().is_empty() && text[range.end..end].trim().is_empty();
    if alone { start..end } else { range }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_applied_in_the_order_of_the_text() {
        let mut edits = Edits::default();
        edits.replace(4..7, "TWO");
        edits.insert(0, ">");
        edits.remove(7..8);
        assert_eq!(edits.apply("one two three"), ">one TWOthree");
    }

    #[test]
    fn a_line_goes_whole_only_where_it_holds_nothing_else() {
        let text = "a\n  xx  \nb xx\n";
        assert_eq!(whole_line(text, 4..6), 2..9);
        assert_eq!(whole_line(text, 11..13), 11..13);
        assert_eq!((line_of(text, 4), line_of(text, 99)), (2, 4));
    }
}
