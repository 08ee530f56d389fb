//! The difference between two texts, line by line, for people.

use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

/// Longer lines are cut, behind tags if there are any: a page or a script may well be one line.
const LONG_LINE_BYTES: usize = 300;
/// Texts with more lines are not compared; it would take too long.
const MAX_LINES: usize = 10_000;
/// Lines around a change that are told with it.
const CONTEXT: usize = 2;

/// How a text differs from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In the manner of `diff -u`: lines that start with a space, `-`, `+` or `@@`.
    pub lines: Vec<String>,
    /// Lines that were left out behind these.
    pub more: usize,
}

/// The difference, of at most `most` lines.
pub fn between(before: &str, after: &str, most: usize) -> Difference {
    let (old, new) = (lines_of(before), lines_of(after));
    if old.len() > MAX_LINES || new.len() > MAX_LINES {
        let told = format!(
            "@@ too long to compare: {} and {} lines",
            old.len(),
            new.len()
        );
        return Difference {
            lines: vec![told],
            more: 0,
        };
    }
    let mut lines = Vec::new();
    let mut more = 0;
    let mut tell = |line: String| {
        if lines.len() < most {
            lines.push(line)
        } else {
            more += 1
        }
    };
    let changes = capture_diff_slices(Algorithm::Myers, &old, &new);
    for group in group_diff_ops(changes, CONTEXT) {
        if let Some(first) = group.first() {
            let (old, new) = (first.old_range().start + 1, first.new_range().start + 1);
            tell(format!("@@ line {old}, now {new}"));
        }
        for change in group {
            let (was, is) = (&old[change.old_range()], &new[change.new_range()]);
            if let DiffOp::Equal { .. } = change {
                was.iter().for_each(|line| tell(format!(" {line}")));
                continue;
            }
            was.iter().for_each(|line| tell(format!("-{line}")));
            is.iter().for_each(|line| tell(format!("+{line}")));
        }
    }
    Difference { lines, more }
}

/// The lines of a text, long ones cut: behind tags, else behind what ends a value or a statement, else
/// anywhere.
fn lines_of(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    for line in text.lines() {
        for part in cut(line, &['>']) {
            for part in cut(part, &[',', ';', '{', '}']) {
                all.extend(pieces(part));
            }
        }
    }
    all
}

/// A line behind each of some characters; as it is where it is short.
fn cut<'a>(line: &'a str, behind: &'a [char]) -> impl Iterator<Item = &'a str> {
    let is_long = line.len() > LONG_LINE_BYTES;
    line.split_inclusive(move |c| is_long && behind.contains(&c))
        .chain(line.is_empty().then_some(line))
}

/// A line in pieces that are not long.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let end = line.floor_char_boundary(LONG_LINE_BYTES);
        let (piece, left) = line.split_at(end);
        rest = (!left.is_empty()).then_some(left);
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_changed_and_a_little_around_it() {
        let before = "1\n2\n3\n4\n5\n6\n7\n";
        let found = between(before, "1\n2\n3\nfour\n5\n6\n7\n", 100);
        let expected = ["@@ line 2, now 2", " 2", " 3", "-4", "+four", " 5", " 6"];
        assert_eq!(
            (found.lines, found.more),
            (expected.map(str::to_owned).to_vec(), 0)
        );
        assert_eq!(between(before, before, 100), Difference::default());
    }

    #[test]
    fn a_page_of_one_line_is_compared_tag_by_tag() {
        let page = |title: &str| format!("<title>{title}</title>{}", "<p>text</p>".repeat(50));
        let found = between(&page("A"), &page("B"), 100);
        let changed: Vec<&String> = found
            .lines
            .iter()
            .filter(|line| !line.starts_with(' '))
            .collect();
        assert_eq!(changed, ["@@ line 1, now 1", "-A</title>", "+B</title>"]);
    }

    #[test]
    fn a_script_of_one_line_is_compared_value_by_value() {
        let script = |word: &str| format!("{{{}\"{word}\":1,\"z\":2}}", "\"a\":{},".repeat(80));
        let found = between(&script("x"), &script("y"), 100);
        let changed = found.lines.iter().filter(|line| !line.starts_with(' '));
        let changed: Vec<&String> = changed.skip(1).collect();
        assert_eq!(changed, ["-\"x\":1,", "+\"y\":1,"]);
        let data = format!("{}é", "x".repeat(LONG_LINE_BYTES - 1));
        let lines: Vec<usize> = lines_of(&data).into_iter().map(str::len).collect();
        assert_eq!(lines, [LONG_LINE_BYTES - 1, 2]);
        assert_eq!(lines_of("a\n\nb"), ["a", "", "b"]);
    }

    #[test]
    fn what_is_long_is_cut() {
        let long: String = (0..500).map(|number| format!("{number}\n")).collect();
        let found = between("", &long, 200);
        assert_eq!((found.lines.len(), found.more), (200, 301));
        let found = between("", &"x\n".repeat(MAX_LINES + 1), 200);
        assert!(found.lines[0].contains("too long"), "{found:?}");
    }
}
