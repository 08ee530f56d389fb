//! Paths with `*` and `:name`: which paths they match, and what the variables hold then.
//!
//! There is no backtracking. Whether the rest of a pattern matches from a place on is worked out from the end of
//! both, once for each place, so that the time is bounded by the length of the path times the parts of the
//! pattern, of which there are [`MAX_VARIABLES`] and as many texts between them. The variables then take as much
//! as they can, the first one first, as in a regular expression.

use crate::limits::{MAX_PATTERN_BYTES, MAX_VARIABLES};
use crate::url::{decode_path, encode_path};
use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// Text that is there as it is.
    Text(String),
    /// One or more characters that are not a slash.
    Segment(String),
    /// Any characters, or none.
    Splat,
}

/// A path of a rule, ready to be compared.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    ignores_case: bool,
    /// Whether a slash may follow.
    ignores_slash: bool,
    keeps_captures: bool,
}

/// Why a path is no pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unusable {
    TooLong,
    TooManyVariables,
    /// Two variables with this name.
    SameName(String),
}

impl Unusable {
    /// What is wrong, and the way out.
    pub(crate) fn explain(&self) -> (String, &'static str) {
        match self {
            Self::TooLong => (
                format!(
                    "the path is longer than {MAX_PATTERN_BYTES} bytes, which is too long for a pattern"
                ),
                "shorten the path, or put a `*` in place of its end",
            ),
            Self::TooManyVariables => (
                format!("the path has more than {MAX_VARIABLES} wildcards and placeholders"),
                "put one `*` in place of the end of the path",
            ),
            Self::SameName(name) if name == SPLAT => (
                "the path has more than one wildcard, so it matches nothing: each `*` is `:splat`"
                    .to_owned(),
                "keep one `*`, and write placeholders such as `:name` for the others",
            ),
            Self::SameName(name) => (
                format!("the path has the placeholder `:{name}` twice, so it matches nothing"),
                "give each placeholder a name of its own",
            ),
        }
    }
}

/// The name of what `*` holds.
const SPLAT: &str = "splat";

impl Pattern {
    /// Cloudflare's: anchored, `*` over slashes, `:name` anywhere.
    pub(crate) fn cloudflare(path: &str) -> Result<Self, Unusable> {
        let mut parts = Vec::new();
        let mut text = path;
        while let Some((before, variable, after)) = next_variable(text, true) {
            parts.push(Part::Text(decode_path(before)));
            parts.push(match variable {
                "*" => Part::Splat,
                name => Part::Segment(name.to_owned()),
            });
            text = after;
        }
        parts.push(Part::Text(decode_path(text)));
        let mut names: Vec<&str> = parts.iter().filter_map(Part::name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Unusable::SameName(pair[0].to_owned()));
        }
        Self::checked(Self {
            parts,
            ignores_case: false,
            ignores_slash: false,
            keeps_captures: true,
        })
    }

    /// Netlify's for headers: a part of the path that begins with `:` is a segment, one that is `*` is the rest
    /// with the slash before it, and a `*` elsewhere stands for any text.
    pub(crate) fn netlify(path: &str) -> Result<Self, Unusable> {
        let mut parts = Vec::new();
        let segments = path
            .split('/')
            .map(|part| part.trim_end_matches(crate::text::is_space));
        for segment in segments.filter(|segment| !segment.is_empty()) {
            if segment == "*" {
                parts.push(Part::Splat);
                continue;
            }
            parts.push(Part::Text("/".to_owned()));
            if let Some(name) = segment.strip_prefix(':') {
                parts.push(Part::Segment(name.to_owned()));
                continue;
            }
            for (index, text) in segment.split('*').enumerate() {
                parts.extend((index > 0).then_some(Part::Splat));
                parts.push(Part::Text(fold(&decode_path(text)).into_owned()));
            }
        }
        if parts.is_empty() {
            parts.push(Part::Text("/".to_owned()));
        }
        Self::checked(Self {
            parts,
            ignores_case: true,
            ignores_slash: true,
            keeps_captures: false,
        })
    }

    /// Joins texts, drops empty ones and a splat behind another, and counts.
    fn checked(mut self) -> Result<Self, Unusable> {
        let mut joined: Vec<Part> = Vec::with_capacity(self.parts.len());
        for part in self.parts {
            match (joined.last_mut(), part) {
                (_, Part::Text(text)) if text.is_empty() => {}
                (Some(Part::Text(last)), Part::Text(text)) => last.push_str(&text),
                (Some(Part::Splat), Part::Splat) => {}
                (_, part) => joined.push(part),
            }
        }
        self.parts = joined;
        let variables = self
            .parts
            .iter()
            .filter(|part| part.name().is_some())
            .count();
        let texts = self.parts.iter().map(Part::text_bytes).sum::<usize>();
        if variables > MAX_VARIABLES {
            return Err(Unusable::TooManyVariables);
        }
        if variables > 0 && texts > MAX_PATTERN_BYTES {
            return Err(Unusable::TooLong);
        }
        Ok(self)
    }

    pub(crate) fn matches_all(&self) -> bool {
        match self.parts.as_slice() {
            [Part::Splat] => true,
            [Part::Text(text), Part::Splat] => text == "/",
            _ => false,
        }
    }

    /// What the variables hold where the decoded path matches.
    pub(crate) fn captures(&self, path: &str) -> Option<Captures> {
        let path = if self.ignores_case {
            fold(path)
        } else {
            Cow::Borrowed(path)
        };
        let path = path.as_ref();
        if let Some(Part::Text(text)) = self.parts.first()
            && !path.starts_with(text.as_str())
        {
            return None;
        }
        if let Some(Part::Text(text)) = self.parts.last()
            && !self.ends_with(path, text)
        {
            return None;
        }
        match self.parts.as_slice() {
            [Part::Text(text)] => {
                let rest = &path[text.len()..];
                let is_end = rest.is_empty() || (self.ignores_slash && rest == "/");
                return is_end.then(Captures::default);
            }
            [Part::Splat] => return Some(self.capture([(SPLAT, path)])),
            [Part::Text(text), Part::Splat] => {
                return Some(self.capture([(SPLAT, &path[text.len()..])]));
            }
            _ => {}
        }
        let table = Table::new(self, path);
        table.matches_from(0, 0).then(|| self.walk(&table, path))
    }

    fn ends_with(&self, path: &str, text: &str) -> bool {
        let without = path.strip_suffix('/').filter(|_| self.ignores_slash);
        path.ends_with(text) || without.is_some_and(|path| path.ends_with(text))
    }

    /// Gives each variable as much as the rest of the pattern allows.
    fn walk(&self, table: &Table, path: &str) -> Captures {
        let mut held = Vec::new();
        let mut at = 0;
        for (index, part) in self.parts.iter().enumerate() {
            let end = match part {
                Part::Text(text) => at + text.len(),
                Part::Segment(_) => {
                    let stop = path[at..].find('/').map_or(path.len(), |slash| at + slash);
                    table.last_match(index + 1, at + 1, stop)
                }
                Part::Splat => table.last_match(index + 1, at, path.len()),
            };
            held.extend(part.name().map(|name| (name, &path[at..end])));
            at = end;
        }
        self.capture(held)
    }

    fn capture<'a>(&self, held: impl IntoIterator<Item = (&'a str, &'a str)>) -> Captures {
        if !self.keeps_captures {
            return Captures::default();
        }
        let values = held
            .into_iter()
            .map(|(name, value)| (name.to_owned(), encode_path(value)));
        Captures {
            values: values.collect(),
        }
    }
}

impl Part {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Segment(name) => Some(name),
            Self::Splat => Some(SPLAT),
        }
    }

    fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            _ => 0,
        }
    }
}

/// For each part and each place in a path, whether the parts from there on match the path from there on.
struct Table {
    rows: Vec<Vec<bool>>,
}

impl Table {
    fn new(pattern: &Pattern, path: &str) -> Self {
        let length = path.len();
        let mut last = vec![false; length + 1];
        last[length] = true;
        if pattern.ignores_slash && path.ends_with('/') {
            last[length - 1] = true;
        }
        let mut rows = vec![last];
        for part in pattern.parts.iter().rev() {
            let row = row_before(part, path, rows.last().expect("the row of the end"));
            rows.push(row);
        }
        rows.reverse();
        Self { rows }
    }

    fn matches_from(&self, part: usize, at: usize) -> bool {
        self.rows[part][at]
    }

    /// The last place from `first` to `end` from which the parts match. There is one where this is asked.
    fn last_match(&self, part: usize, first: usize, end: usize) -> usize {
        let row = &self.rows[part];
        (first..=end).rev().find(|at| row[*at]).unwrap_or(end)
    }
}

/// The row of a part, from the row of the part behind it.
fn row_before(part: &Part, path: &str, next: &[bool]) -> Vec<bool> {
    let bytes = path.as_bytes();
    let length = bytes.len();
    let mut row = vec![false; length + 1];
    match part {
        Part::Text(text) => {
            let text = text.as_bytes();
            for end in text.len()..=length {
                let at = end - text.len();
                row[at] = next[end] && &bytes[at..end] == text;
            }
        }
        Part::Segment(_) => {
            // Whether a variable that holds the bytes up to `at` can end at `at` or later.
            let mut can_end = false;
            for at in (0..=length).rev() {
                row[at] = can_end && bytes[at] != b'/' && path.is_char_boundary(at);
                let ends_here = next[at] && path.is_char_boundary(at);
                let goes_on = can_end && bytes[at] != b'/';
                can_end = ends_here || goes_on;
            }
        }
        Part::Splat => {
            let mut can_end = false;
            for at in (0..=length).rev() {
                can_end |= next[at] && path.is_char_boundary(at);
                row[at] = can_end && path.is_char_boundary(at);
            }
        }
    }
    row
}

/// What the variables of a pattern hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    values: Vec<(String, String)>,
}

impl Captures {
    /// Puts values in place of `:name` and `:splat`, in one pass: `:id` does not touch `:id_2`, and what a value
    /// brings is not looked at again. A name that was not captured stays as it is. Values are percent-encoded.
    ///
    /// In Netlify's dialect nothing is captured, since header values there are taken as they are.
    pub fn fill(&self, value: &str) -> String {
        let mut out = String::with_capacity(value.len());
        let mut rest = value;
        while let Some((before, name, after)) = next_variable(rest, false) {
            out.push_str(before);
            match self.value(name) {
                Some(held) => out.push_str(held),
                None => {
                    out.push(':');
                    out.push_str(name);
                }
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// What a variable holds, `splat` for `*`.
    pub fn value(&self, name: &str) -> Option<&str> {
        let named = self.values.iter().find(|(own, _)| own == name);
        named.map(|(_, value)| value.as_str())
    }
}

/// The text before the first variable, its name (or `*`), and the text behind it. A name is a letter with letters,
/// digits and `_`.
fn next_variable(text: &str, with_splat: bool) -> Option<(&str, &str, &str)> {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'*' && with_splat {
            return Some((&text[..at], "*", &text[at + 1..]));
        }
        let starts = *byte == b':' && bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic);
        if starts {
            let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let behind = &bytes[at + 1..];
            let length = behind.iter().take_while(|byte| is_name(byte)).count();
            let end = at + 1 + length;
            return Some((&text[..at], &text[at + 1..end], &text[end..]));
        }
    }
    None
}

/// The names of the placeholders of a text, in order.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, name, after) = next_variable(rest, false)?;
        rest = after;
        Some(name)
    })
}

/// Whether a text has `*` or `:name`.
pub(crate) fn has_variable(text: &str) -> bool {
    next_variable(text, true).is_some()
}

/// Folds case so that texts that differ by it become the same.
fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(fold_character).collect())
}

fn fold_character(c: char) -> char {
    // The Turkish letter is its own in a regular expression.
    if c == 'ı' {
        return c;
    }
    let mut upper = c.to_uppercase();
    let upper = match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => c,
    };
    let mut lower = upper.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => upper,
    }
}
