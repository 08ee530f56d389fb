//! What is measured inside one tag: the values that lists and maps are made of, what a comprehension
//! goes through and makes, long chains of `~`, and what the engine goes through by itself.
//!
//! The engine's own parser decides what a text means; here only brackets, words and signs are told
//! apart, which is enough to find where an operand begins and ends. A text that the engine refuses
//! may be taken apart wrongly, and is refused all the same.

use super::tags::is_of_name;

/// A call that is put around `text[start..end]`.
pub(super) struct Wrap {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) call: &'static str,
}

/// What is to be put into a tag.
#[derive(Default)]
pub(super) struct Measures {
    pub(super) wraps: Vec<Wrap>,
    /// Values that are gone through by the engine: what is indexed, cut, or searched with `in`.
    pub(super) looked_at: Vec<String>,
}

/// The calls, by what they measure.
pub(super) struct Calls {
    /// A value of a list or a map.
    pub(super) entry: &'static str,
    /// What is spread into one.
    pub(super) spread: &'static str,
    /// What a comprehension makes of each value.
    pub(super) element: &'static str,
    /// What a comprehension goes through.
    pub(super) all: &'static str,
    /// What a loop goes through.
    pub(super) each: &'static str,
    /// The beginning of a long chain of `~`, and a component's argument that has one.
    pub(super) joined: &'static str,
}

/// After so many `~` what they made is measured.
const JOINS_AT_ONCE: usize = 8;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// The tag itself, an argument list, round brackets, an index.
    Plain,
    List,
    Map,
    /// A comprehension from `for` on.
    Source,
    /// `<Name …>`.
    Component,
    /// `{…}` in one.
    Argument,
}

struct Frame {
    kind: Kind,
    /// Inside a list or a map.
    nested: bool,
    /// Where the value at hand begins.
    entry: usize,
    /// Where what is spread begins.
    spread: Option<usize>,
    /// Nothing but literals so far.
    literal: bool,
    /// Where the chain of `~` begins.
    chain: usize,
    joins: usize,
}

impl Frame {
    fn new(kind: Kind, nested: bool, at: usize) -> Self {
        Self {
            kind,
            nested,
            entry: at,
            spread: None,
            literal: true,
            chain: at,
            joins: 0,
        }
    }

    fn begin(&mut self, at: usize) {
        *self = Self::new(self.kind, self.nested, at);
    }
}

/// What to measure in `inner`, the inside of a tag; `is_loop` where it is that of a `for`.
pub(super) fn measures(inner: &str, is_loop: bool, calls: &Calls) -> Measures {
    let mut scan = Scan {
        inner,
        at: 0,
        after_operand: false,
        after_dot: false,
        names_follow: false,
        searched: false,
        frames: vec![Frame::new(Kind::Plain, false, 0)],
        found: Measures::default(),
        calls,
    };
    let mut source = None;
    while let Some(&byte) = inner.as_bytes().get(scan.at) {
        if is_loop && source.is_none() && scan.frames.len() == 1 && scan.at_word("in") {
            scan.at += 2;
            scan.operator();
            source = Some(scan.at);
        } else {
            scan.token(byte);
        }
    }
    if let Some(start) = source {
        let end = inner.trim_ascii_end().len();
        scan.wrap(start, end, calls.each);
    }
    scan.found
}

struct Scan<'a> {
    inner: &'a str,
    at: usize,
    /// True behind a value, where `[` is an index and `-` a minus.
    after_operand: bool,
    after_dot: bool,
    /// Behind `|` and `is`: the next word is no value.
    names_follow: bool,
    /// Behind `in`.
    searched: bool,
    frames: Vec<Frame>,
    found: Measures,
    calls: &'a Calls,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        &self.inner[self.at..]
    }

    fn word_end(&self, from: usize) -> usize {
        let bytes = self.inner.as_bytes();
        let word = bytes[from..].iter().take_while(|b| is_of_name(**b as char));
        from + word.count()
    }

    fn at_word(&self, word: &str) -> bool {
        let before = self.inner.as_bytes()[..self.at].last();
        !before.is_some_and(|byte| is_of_name(*byte as char) || *byte == b'.')
            && self.rest().starts_with(word)
            && self.word_end(self.at) == self.at + word.len()
    }

    fn wrap(&mut self, start: usize, end: usize, call: &'static str) {
        let part = &self.inner[start..end];
        let start = end - part.trim_ascii_start().len();
        if start < end {
            self.found.wraps.push(Wrap { start, end, call });
        }
    }

    fn top(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::new(Kind::Plain, false, self.at));
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Behind an operator, where a chain of `~` begins anew.
    fn operator(&mut self) {
        let at = self.at;
        self.after_operand = false;
        let top = self.top();
        (top.chain, top.joins) = (at, 0);
    }

    fn operand(&mut self, literal: bool) {
        self.after_operand = true;
        self.names_follow = false;
        self.searched = false;
        self.top().literal &= literal;
    }

    fn token(&mut self, byte: u8) {
        let dotted = std::mem::take(&mut self.after_dot);
        let rest = &self.inner.as_bytes()[self.at..];
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                self.after_dot = dotted;
                self.at += 1;
            }
            b'"' | b'\'' | b'`' => self.string(byte),
            b'0'..=b'9' => {
                self.at = self.word_end(self.at);
                self.operand(true);
            }
            _ if is_of_name(byte as char) => self.word(dotted),
            _ if rest.starts_with(b"...") => {
                self.at += 3;
                let at = self.at;
                self.operator();
                let top = self.top();
                if matches!(top.kind, Kind::List | Kind::Map) {
                    top.spread = Some(at);
                }
                top.literal = false;
            }
            b'.' => {
                self.at += 1;
                self.after_dot = true;
            }
            b'?' => self.at += 1,
            b'(' => self.open(Kind::Plain),
            b'[' if self.after_operand => self.open(Kind::Plain),
            b'[' => self.open(Kind::List),
            b'{' if self.top().kind == Kind::Component => self.open(Kind::Argument),
            b'{' => self.open(Kind::Map),
            b')' | b']' | b'}' => self.close(),
            b',' => {
                self.end_entry();
                self.at += 1;
                self.operator();
                let at = self.at;
                self.top().begin(at);
            }
            b':' => {
                self.at += 1;
                self.operator();
                let at = self.at;
                if self.top().kind == Kind::Map {
                    self.top().begin(at);
                }
            }
            b'~' => self.join(),
            b'|' => {
                self.at += 1;
                self.after_operand = false;
                self.names_follow = true;
                self.top().literal = false;
            }
            b'/' if rest.starts_with(b"/>") && self.top().kind == Kind::Component => {
                self.at += 1;
                self.close();
            }
            b'>' if self.top().kind == Kind::Component => self.close(),
            b'<' if !self.after_operand && rest.get(1).is_some_and(|b| is_of_name(*b as char)) => {
                self.open(Kind::Component);
                self.names_follow = true;
            }
            b'-' if !self.after_operand => self.at += 1,
            b'*' | b'/' | b'%' => {
                self.at += 1;
                self.after_operand = false;
                self.top().literal = false;
            }
            _ => {
                self.at += 1;
                while !self.inner.is_char_boundary(self.at) {
                    self.at += 1;
                }
                self.operator();
                self.top().literal = false;
            }
        }
    }

    fn string(&mut self, quote: u8) {
        let bytes = self.inner.as_bytes();
        self.at += 1;
        while self.at < bytes.len() && bytes[self.at] != quote {
            self.at += if bytes[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at = (self.at + 1).min(bytes.len());
        while !self.inner.is_char_boundary(self.at) {
            self.at += 1;
        }
        self.operand(true);
    }

    fn word(&mut self, dotted: bool) {
        let start = self.at;
        let end = self.word_end(start);
        let word = &self.inner[start..end];
        self.at = end;
        if dotted {
            return self.operand(false);
        }
        match word {
            "for" if self.after_operand && self.top().kind == Kind::List => {
                let entry = self.top().entry;
                let call = self.calls.element;
                self.wrap(entry, start, call);
                let top = self.top();
                top.kind = Kind::Source;
                top.spread = None;
                self.operator();
            }
            "in" if self.top().kind == Kind::Source && self.top().spread.is_none() => {
                self.operator();
                self.top().spread = Some(end);
            }
            "if" if self.top().kind == Kind::Source => {
                self.end_source(start);
                self.operator();
            }
            "in" | "and" | "or" | "not" | "if" | "else" | "elif" => {
                self.operator();
                self.top().literal = false;
                self.searched = word == "in";
            }
            "is" => {
                self.operator();
                self.top().literal = false;
                self.names_follow = true;
            }
            "set" | "set_global" | "filter" if self.found_nothing_before(start) => self.operator(),
            "true" | "false" | "none" | "True" | "False" | "None" | "null" => self.operand(true),
            _ => self.path(start),
        }
    }

    fn found_nothing_before(&self, at: usize) -> bool {
        let before = self.inner[..at].trim_ascii();
        before.is_empty() || before == "-"
    }

    /// A name and the fields that are taken of it.
    fn path(&mut self, start: usize) {
        let bytes = self.inner.as_bytes();
        loop {
            let dots = match &bytes[self.at..] {
                [b'?', b'.', ..] => 2,
                [b'.', byte, ..] if *byte != b'.' => 1,
                _ => 0,
            };
            let end = self.word_end(self.at + dots);
            if dots == 0 || end == self.at + dots {
                break;
            }
            self.at = end;
        }
        let (path, is_value) = (&self.inner[start..self.at], !self.names_follow);
        let next = self.rest().trim_ascii_start();
        let indexed = next.starts_with('[') || next.starts_with("?[");
        if is_value && (indexed || self.searched) && !next.starts_with('(') {
            let optional = path.replace("?.", ".").replace('.', "?.");
            self.found.looked_at.push(optional);
        }
        self.operand(false);
    }

    fn open(&mut self, kind: Kind) {
        self.at += 1;
        let at = self.at;
        let top = self.top();
        let nested = top.nested || matches!(top.kind, Kind::List | Kind::Map);
        self.frames.push(Frame::new(kind, nested, at));
        self.after_operand = false;
        self.names_follow = false;
        self.searched = false;
    }

    fn close(&mut self) {
        self.end_entry();
        let closed = self.frames.pop();
        let literal = closed.as_ref().is_none_or(|frame| {
            frame.literal && matches!(frame.kind, Kind::List | Kind::Map | Kind::Plain)
        });
        self.at += 1;
        self.operand(literal);
    }

    /// Ends what stands between two commas, or a comma and a bracket.
    fn end_entry(&mut self) {
        let at = self.at;
        let Frame {
            kind,
            nested,
            entry,
            spread,
            literal,
            joins,
            ..
        } = *self.top();
        match (kind, spread) {
            (Kind::List | Kind::Map, Some(start)) => self.wrap(start, at, self.calls.spread),
            (Kind::List | Kind::Map, None) if !nested && !literal => {
                self.wrap(entry, at, self.calls.entry);
            }
            (Kind::Source, _) => self.end_source(at),
            (Kind::Argument, _) if joins > 0 => self.wrap(entry, at, self.calls.joined),
            _ => {}
        }
    }

    /// Ends what a comprehension goes through.
    fn end_source(&mut self, at: usize) {
        let top = self.top();
        top.literal = false;
        if let Some(start) = top.spread.replace(usize::MAX).filter(|start| *start <= at) {
            self.wrap(start, at, self.calls.all);
        }
    }

    fn join(&mut self) {
        let at = self.at;
        let top = self.top();
        top.joins += 1;
        top.literal = false;
        let (chain, joins) = (top.chain, top.joins);
        if joins.is_multiple_of(JOINS_AT_ONCE) {
            self.wrap(chain, at, self.calls.joined);
        }
        self.at += 1;
        self.after_operand = false;
    }
}

/// A name and fields, and nothing else: what can be looked at twice. The engine's own words are none.
pub(super) fn plain_path(expression: &str) -> Option<String> {
    let expression = expression.trim_ascii();
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.chars().all(is_of_name)
    };
    let first = expression.split('.').next().unwrap_or_default();
    let own = matches!(
        first,
        "true" | "false" | "none" | "True" | "False" | "None" | "null" | "not"
    );
    (!own && expression.split('.').all(is_word)).then(|| expression.replace('.', "?."))
}

/// One literal, which nothing need be asked of.
pub(super) fn is_literal(expression: &str) -> bool {
    let text = expression.trim_ascii();
    let bytes = text.as_bytes();
    match bytes {
        [quote @ (b'"' | b'\'' | b'`'), inner @ .., last] => {
            quote == last && !inner.contains(quote) && !inner.contains(&b'\\')
        }
        _ => {
            !text.is_empty()
                && (text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                    || matches!(text, "true" | "false" | "none" | "True" | "False" | "None"))
        }
    }
}
