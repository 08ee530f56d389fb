//! The info string of a fence: `rust,linenos,hl_lines=1-3 7,name=main.rs` (site model, section 11).

use std::ops::RangeInclusive;

/// How many ranges of lines are looked at; each line is compared with each range.
const MAX_RANGES: usize = 100;

/// What an info string says.
#[derive(Debug, Default, PartialEq)]
pub struct Fence<'a> {
    /// The first word; empty without one.
    pub language: &'a str,
    /// Lines are numbered.
    pub linenos: bool,
    /// The number of the first line.
    pub linenostart: u32,
    /// Lines to stand out, counted from 1 in the source.
    pub hl_lines: Lines,
    /// Lines to leave out, counted from 1 in the source.
    pub hide_lines: Lines,
    /// The rest, for `data-` attributes: `name=main.rs`, `copy`.
    pub data: Vec<(&'a str, &'a str)>,
}

/// A set of 1-based lines.
#[derive(Debug, Default, PartialEq)]
pub struct Lines(Vec<RangeInclusive<u32>>);

impl Lines {
    /// `1-3 7`; what is no number is passed over.
    fn parse(text: &str) -> Self {
        let range = |word: &str| {
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
        };
        Self(
            text.split_ascii_whitespace()
                .filter_map(range)
                .take(MAX_RANGES)
                .collect(),
        )
    }

    /// True if the line is one of them.
    pub fn contains(&self, line: u32) -> bool {
        self.0.iter().any(|range| range.contains(&line))
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Options are separated by commas. Behind the language a space will do too: `rust linenos`.
pub fn parse(info: &str) -> Fence<'_> {
    let mut items = info.split(',');
    let mut head = items.next().unwrap_or_default().split_ascii_whitespace();
    let language = head.next().unwrap_or_default();
    let mut fence = Fence {
        language,
        linenostart: 1,
        ..Fence::default()
    };
    for item in head
        .chain(items.map(str::trim))
        .filter(|item| !item.is_empty())
    {
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        let value = value.trim();
        match key.trim_end() {
            "linenos" => fence.linenos = value != "false",
            "linenostart" => {
                fence.linenos = true;
                fence.linenostart = value.parse().unwrap_or(1);
            }
            "hl_lines" => fence.hl_lines = Lines::parse(value),
            "hide_lines" => fence.hide_lines = Lines::parse(value),
            key => fence.data.push((key, value)),
        }
    }
    fence
}
