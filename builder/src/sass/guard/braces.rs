//! The syntax with braces, byte by byte.

use super::{
    Guarded, MAX_NESTING, MAX_SELECTORS, MAX_SELECTORS_IN_FILE, MAX_WORDS, Refusal, extend_call,
    is_operator, named, note_outside, note_selectors, repeats, size_call, step_call, too_deep,
    too_long,
};
use std::collections::BTreeMap;

/// Checks a text, and puts calls in where that is asked for.
pub(super) fn guard(text: &str, insert: bool) -> Result<Guarded, Refusal> {
    note_outside(named(text));
    Braces::new(text).run(insert)
}

struct Braces<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// What is open: `(`, `[`, `{`, `#` for an interpolation, a quote for a string with one in it.
    open: Vec<u8>,
    /// Words and operators of the statement so far.
    words: usize,
    /// How much is open where the body of a rule that repeats would begin.
    pending: Option<usize>,
    guarded: Guarded,
    /// Up to here `text` is in `guarded.text`.
    copied: usize,
    /// Where the statement at hand begins.
    statement: usize,
    /// Of each open `{` how many selectors are around it.
    selectors: Vec<usize>,
    all_selectors: usize,
    /// Where the bodies end that can run again, by where they begin.
    ends: BTreeMap<usize, usize>,
}

impl<'a> Braces<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 0,
            open: Vec::new(),
            words: 0,
            pending: None,
            guarded: Guarded {
                text: String::with_capacity(text.len()),
                inserted: Vec::new(),
            },
            copied: 0,
            statement: 0,
            selectors: Vec::new(),
            all_selectors: 0,
            ends: bodies(text),
        }
    }

    fn run(mut self, insert: bool) -> Result<Guarded, Refusal> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            let next = bytes.get(self.at + 1).copied();
            match self.open.last() {
                Some(quote @ (b'"' | b'\'')) => self.in_string(*quote, byte, next),
                _ => self.outside(byte, next, insert),
            }
            if self.open.len() > MAX_NESTING {
                return Err(too_deep(self.line));
            }
            if self.words > MAX_WORDS {
                return Err(too_long(self.line));
            }
            if self
                .selectors
                .last()
                .is_some_and(|count| *count > MAX_SELECTORS)
                || self.all_selectors > MAX_SELECTORS_IN_FILE
            {
                return Err((self.line as u32 + 1, super::too_many_selectors()));
            }
        }
        if insert
            && self.open.is_empty()
            && let Some(call) = size_call(without_comments(&self.text[self.statement..]))
        {
            self.insert(self.at, &format!("\n;{call}"));
        }
        self.guarded.text.push_str(&self.text[self.copied..]);
        Ok(self.guarded)
    }

    fn skip(&mut self, count: usize) {
        let bytes = self.text.as_bytes();
        let end = (self.at + count).min(bytes.len());
        self.line += bytes[self.at..end].iter().filter(|b| **b == b'\n').count();
        self.at = end;
    }

    /// Goes behind the next `end`, or to the end of the text.
    fn skip_past(&mut self, from: usize, end: &str) {
        let rest = self.text.as_bytes().get(self.at + from..).unwrap_or(b"");
        let found = rest
            .windows(end.len())
            .position(|part| part == end.as_bytes());
        self.skip(found.map_or(usize::MAX / 2, |found| from + found + end.len()));
    }

    fn in_string(&mut self, quote: u8, byte: u8, next: Option<u8>) {
        match byte {
            b'\\' => self.skip(2),
            b'#' if next == Some(b'{') => {
                self.open.push(b'#');
                self.skip(2);
            }
            _ => {
                if byte == quote || byte == b'\n' {
                    self.open.pop();
                }
                self.skip(1);
            }
        }
    }

    fn outside(&mut self, byte: u8, next: Option<u8>, insert: bool) {
        match (byte, next) {
            (b'/', Some(b'/')) => return self.skip_past(2, "\n"),
            (b'/', Some(b'*')) => return self.skip_past(2, "*/"),
            (b'#', Some(b'{')) => {
                self.open.push(b'#');
                return self.skip(2);
            }
            (b'\\', _) => return self.skip(2),
            (b'@', _) => {
                let name: String = self.text.as_bytes()[self.at + 1..]
                    .iter()
                    .take_while(|b| b.is_ascii_alphabetic())
                    .map(|b| b.to_ascii_lowercase() as char)
                    .collect();
                if repeats(&name) {
                    self.pending = Some(self.open.len());
                }
            }
            (b'"' | b'\'' | b'(' | b'[', _) => {
                if byte == b'(' && self.plain_url() {
                    return self.skip_past(1, ")");
                }
                self.open.push(byte);
                self.words += 1;
            }
            (b'{', _) => {
                let body = self.pending == Some(self.open.len());
                let text = self.text;
                let header = &text[self.statement..self.at];
                self.open_rule(header);
                self.open.push(byte);
                self.words = 0;
                self.skip(1);
                self.statement = self.at;
                if body {
                    self.pending = None;
                    if insert {
                        let end = self.ends.get(&self.at).copied();
                        let body = &text[self.at..end.unwrap_or(text.len())];
                        let call = step_call(header, body);
                        self.insert(self.at, &format!("{call};"));
                    }
                }
                return;
            }
            (b')' | b']' | b'}', _) => {
                let ends_statement = byte == b'}' && self.open.last() == Some(&b'{');
                if ends_statement {
                    self.words = 0;
                    if insert {
                        self.end_statement(";", "");
                    }
                    self.selectors.pop();
                    self.skip(1);
                    self.open.pop();
                    self.statement = self.at;
                    return;
                }
                self.open.pop();
            }
            (b';', _) => {
                self.words = 0;
                if self.pending == Some(self.open.len()) {
                    self.pending = None;
                }
                if matches!(self.open.last(), None | Some(b'{')) {
                    self.skip(1);
                    if insert {
                        self.end_statement("", ";");
                    }
                    self.statement = self.at;
                    return;
                }
            }
            _ if is_operator(byte) => self.words += 1,
            (b' ' | b'\t' | b'\n' | b',', Some(next)) if !next.is_ascii_whitespace() => {
                self.words += 1;
            }
            _ => {}
        }
        self.skip(1);
    }

    /// True at the bracket of `url(…)` without quotes, where `//` begins no comment.
    fn plain_url(&self) -> bool {
        let bytes = self.text.as_bytes();
        let named = self.at >= 3 && bytes[self.at - 3..self.at].eq_ignore_ascii_case(b"url");
        let rest = &bytes[self.at + 1..];
        let end = rest
            .iter()
            .position(|b| matches!(b, b')' | b'(' | b'"' | b'\'' | b'#' | b'$' | b'\n' | b'\\'));
        named && end.is_some_and(|end| rest[end] == b')')
    }

    /// Puts in what measures the statement that ends here.
    fn end_statement(&mut self, before: &str, after: &str) {
        let text = self.text;
        let statement = text[self.statement..self.at].trim_end_matches(';');
        if let Some(call) = size_call(without_comments(statement)) {
            self.insert(self.at, &format!("{before}{call}{after}"));
        } else if let Some(call) = extend_call(without_comments(statement)) {
            self.insert(self.at, &format!("{before}{call}{after}"));
        }
    }

    /// Counts the selectors of a rule that opens.
    fn open_rule(&mut self, header: &str) {
        let around = self.selectors.last().copied().unwrap_or(1);
        let header = without_comments(header);
        let own = if header.starts_with("@mixin") || header.starts_with("@function") {
            1
        } else if header.is_empty() || header.starts_with(['@', '$']) {
            around
        } else {
            note_selectors(header);
            let list = header.split(',').map(|selector| {
                let parents = selector.matches('&').count().max(1);
                around.saturating_pow(u32::try_from(parents).unwrap_or(u32::MAX))
            });
            let count = list.fold(0, usize::saturating_add);
            self.all_selectors = self.all_selectors.saturating_add(count);
            count
        };
        self.selectors.push(own);
    }

    /// Puts something in at an offset, at or before which everything is copied.
    fn insert(&mut self, at: usize, what: &str) {
        self.guarded.text.push_str(&self.text[self.copied..at]);
        self.copied = at;
        let line_start = self.guarded.text.rfind('\n').map_or(0, |found| found + 1);
        let column = self.guarded.text[line_start..].chars().count();
        self.guarded
            .inserted
            .push((self.line, column, what.chars().count()));
        self.guarded.text.push_str(what);
    }
}

/// A statement without the comments that it begins with.
fn without_comments(statement: &str) -> &str {
    let mut rest = statement.trim_start();
    loop {
        let end = match rest.as_bytes() {
            [b'/', b'/', ..] => rest.find('\n').map(|at| at + 1),
            [b'/', b'*', ..] => rest.find("*/").map(|at| at + 2),
            _ => return rest,
        };
        rest = rest[end.unwrap_or(rest.len())..].trim_start();
    }
}

/// Where each `{` ends, by what comes behind it: brackets alone are counted, which is right wherever
/// no comment or string has one, and near enough there.
fn bodies(text: &str) -> BTreeMap<usize, usize> {
    let mut ends = BTreeMap::new();
    let mut open = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open.push(at + 1),
            b'}' => {
                if let Some(start) = open.pop() {
                    ends.insert(start, at);
                }
            }
            _ => {}
        }
    }
    ends
}
