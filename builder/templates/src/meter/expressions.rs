//! What is measured inside one tag: the values that lists and maps are made of, what a comprehension
//! goes through and makes, what `~` joins, and what the engine goes through by itself: what is compared,
//! searched with `in`, indexed and cut.
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
    /// Paths to look at before the tag, with what is done with them. A path that does not exist is the
    /// engine's to report, so that these are not wrapped.
    pub(super) looked_at: Vec<(Use, String)>,
}

/// What the engine does with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Searches it with `in`, or cuts a part out of it.
    Searched,
    /// Takes one value of it.
    Indexed,
    /// Compares it with another one.
    Compared,
}

/// Where the tag is metered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A loop: its source is measured as such.
    Loop,
    /// `{{ … }}` or `{% set … %}`: what it makes as a whole is measured elsewhere.
    Value,
    /// `{% elif … %}`, which nothing can stand before.
    Elif,
    /// Any other tag.
    Other,
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
    /// What `~` made.
    pub(super) joined: &'static str,
    /// What is searched or cut, where it is no path.
    pub(super) searched: &'static str,
    /// What is indexed, where it is no path.
    pub(super) indexed: &'static str,
    /// What is compared, where it is no path.
    pub(super) compared: &'static str,
}

impl Calls {
    fn of(&self, how: Use) -> &'static str {
        match how {
            Use::Searched => self.searched,
            Use::Indexed => self.indexed,
            Use::Compared => self.compared,
        }
    }
}

/// Whether what a chain of `~` made so far is measured after so many. Each measure nests the chain in a
/// call, and the engine takes few of those, so that they come less often in a longer chain.
fn is_measured_after(joins: usize) -> bool {
    let every = (joins / 4).max(8).next_power_of_two();
    joins.is_multiple_of(every)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// The tag itself, an argument list, an index.
    Plain,
    /// Round brackets around an expression.
    Group,
    List,
    Map,
    /// A comprehension from `for` on.
    Source,
    /// `<Name …>`.
    Component,
    /// `{…}` in one.
    Argument,
}

impl Kind {
    fn is_list(self) -> bool {
        matches!(self, Self::List | Self::Map | Self::Source)
    }
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
    /// Where the operand of a comparison begins.
    compared: usize,
    /// Where the operand of `and`, `or` or `not` begins, which `is` takes as a whole.
    tested: usize,
    /// That operand is a number, if it is anything.
    arithmetic: bool,
    /// Where the value at hand begins, with its fields, indices and arguments.
    primary: usize,
    /// Where what is searched with `in` begins.
    searched: Option<usize>,
    /// What the brackets index or cut.
    base: Option<(usize, usize)>,
    /// They cut it.
    is_slice: bool,
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
            compared: at,
            tested: at,
            arithmetic: false,
            primary: at,
            searched: None,
            base: None,
            is_slice: false,
        }
    }

    fn begin(&mut self, at: usize) {
        *self = Self::new(self.kind, self.nested, at);
    }
}

/// What to measure in `inner`, the inside of a tag.
pub(super) fn measures(inner: &str, place: Place, calls: &Calls) -> Measures {
    let mut scan = Scan {
        inner,
        at: 0,
        after_operand: false,
        after_dot: false,
        names_follow: false,
        place,
        frames: vec![Frame::new(Kind::Plain, false, 0)],
        found: Measures::default(),
        calls,
    };
    let mut source = None;
    while let Some(&byte) = inner.as_bytes().get(scan.at) {
        if place == Place::Loop && source.is_none() && scan.frames.len() == 1 && scan.at_word("in")
        {
            scan.at += 2;
            scan.operator();
            source = Some(scan.at);
        } else {
            scan.token(byte);
        }
    }
    scan.end_operand(inner.trim_ascii_end().len());
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
    place: Place,
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

    /// Behind an operator that binds less than all of these: their operands begin anew.
    fn operator(&mut self) {
        let at = self.at;
        self.top().tested = at;
        self.close_operator();
    }

    /// Behind `in` or an operator that compares.
    fn close_operator(&mut self) {
        let at = self.at;
        self.after_operand = false;
        let top = self.top();
        (top.chain, top.joins) = (at, 0);
        (top.compared, top.arithmetic) = (at, false);
    }

    /// Measures what ends at `end`: what is searched, and what `~` made where nothing else measures that.
    fn end_operand(&mut self, end: usize) {
        let is_whole_value = self.place == Place::Value && self.frames.len() == 1;
        let top = self.top();
        let (chain, joins, entry, kind) = (top.chain, top.joins, top.entry, top.kind);
        let searched = top.searched.take();
        top.joins = 0;
        let is_measured = match kind {
            Kind::Plain => is_whole_value && chain == entry,
            Kind::Group | Kind::Source => false,
            Kind::List | Kind::Map | Kind::Component | Kind::Argument => true,
        };
        if joins > 0 && !is_measured && !is_measured_after(joins) {
            self.wrap(chain, end, self.calls.joined);
        }
        if let Some(start) = searched {
            self.measure(start, end, Use::Searched);
        }
    }

    /// Measures an operand: a path before the tag, anything else in its place.
    fn measure(&mut self, start: usize, end: usize, how: Use) {
        let part = self.inner[start..end].trim_ascii();
        if part.is_empty() || is_literal(part) {
            return;
        }
        let top = self.top();
        let in_list = top.nested || top.kind.is_list();
        let path = plain_path(part).filter(|_| !in_list && self.place != Place::Elif);
        match path {
            Some(path) => self.found.looked_at.push((how, path)),
            None => self.wrap(start, end, self.calls.of(how)),
        }
    }

    /// At an operator that compares, with so many bytes.
    fn compare(&mut self, bytes: usize) {
        let at = self.at;
        let top = self.top();
        let (start, joins, arithmetic) = (top.compared, top.joins, top.arithmetic);
        // What was joined is compared here.
        top.joins = 0;
        self.end_operand(at);
        if !arithmetic && (joins > 0 || !self.literal_follows(at + bytes)) {
            self.measure(start, at, Use::Compared);
        }
        self.at += bytes;
        self.close_operator();
        self.top().literal = false;
    }

    /// Whether a literal, and nothing that makes more of it, is at `at`: comparing with it is quick.
    fn literal_follows(&self, at: usize) -> bool {
        let rest = self.inner[at..].trim_ascii_start();
        let end = match rest.bytes().next() {
            Some(quote @ (b'"' | b'\'' | b'`')) => {
                rest[1..].find(quote as char).map(|length| length + 2)
            }
            _ => rest.find(|c| !is_of_name(c) && c != '.'),
        };
        let (literal, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let rest = rest.trim_ascii_start();
        is_literal(literal) && !rest.starts_with(['~', '|', '[', '?', '('])
    }

    fn operand(&mut self, literal: bool) {
        self.after_operand = true;
        self.names_follow = false;
        self.top().literal &= literal;
    }

    /// Where a value begins, unless it goes on.
    fn begin_primary(&mut self) {
        if !self.after_operand && !self.names_follow {
            let at = self.at;
            self.top().primary = at;
        }
    }

    fn token(&mut self, byte: u8) {
        let dotted = std::mem::take(&mut self.after_dot);
        let rest = &self.inner.as_bytes()[self.at..];
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                self.after_dot = dotted;
                self.at += 1;
            }
            b'"' | b'\'' | b'`' => {
                self.begin_primary();
                self.string(byte);
            }
            b'0'..=b'9' => {
                self.begin_primary();
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
            b'(' if self.after_operand => self.open(Kind::Plain),
            b'(' => {
                self.begin_primary();
                self.open(Kind::Group);
            }
            b'[' if self.after_operand => self.index(),
            b'[' => {
                self.begin_primary();
                self.open(Kind::List);
            }
            b'{' if self.top().kind == Kind::Component => self.open(Kind::Argument),
            b'{' => {
                self.begin_primary();
                self.open(Kind::Map);
            }
            b')' | b']' | b'}' => self.close(),
            b',' => {
                self.end_operand(self.at);
                self.end_entry();
                self.at += 1;
                self.operator();
                let at = self.at;
                self.top().begin(at);
            }
            b':' => {
                self.end_operand(self.at);
                self.at += 1;
                self.operator();
                self.top().is_slice = true;
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
            b'*' | b'/' | b'%' | b'+' | b'-' => {
                self.at += 1;
                self.after_operand = false;
                let at = self.at;
                let top = self.top();
                top.literal = false;
                top.arithmetic = true;
                if matches!(byte, b'+' | b'-') {
                    (top.chain, top.joins) = (at, 0);
                }
            }
            b'=' | b'!' | b'<' | b'>' if rest.get(1) == Some(&b'=') => self.compare(2),
            b'<' | b'>' => self.compare(1),
            _ => {
                self.end_operand(self.at);
                self.at += 1;
                while !self.inner.is_char_boundary(self.at) {
                    self.at += 1;
                }
                self.operator();
                let at = self.at;
                if byte == b'=' && self.frames.len() == 1 {
                    self.top().begin(at);
                }
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
                self.end_operand(start);
                if word == "in" {
                    self.close_operator();
                    self.top().searched = Some(end);
                } else {
                    self.operator();
                }
                self.top().literal = false;
            }
            "is" => {
                self.end_operand(start);
                self.close_operator();
                let top = self.top();
                (top.chain, top.compared) = (top.tested, top.tested);
                top.literal = false;
                // A test, and true or false.
                top.arithmetic = true;
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
        if !self.names_follow && !self.after_operand {
            self.top().primary = start;
        }
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
        self.operand(false);
    }

    /// At the bracket of an index or a slice.
    fn index(&mut self) {
        let start = self.top().primary;
        let base = self.inner[start..self.at].trim_ascii_end();
        let base = base.strip_suffix('?').unwrap_or(base);
        let base = (start, start + base.len());
        self.open(Kind::Plain);
        self.top().base = Some(base);
    }

    fn open(&mut self, kind: Kind) {
        self.at += 1;
        let at = self.at;
        let top = self.top();
        let nested = top.nested || top.kind.is_list();
        self.frames.push(Frame::new(kind, nested, at));
        self.after_operand = false;
        self.names_follow = false;
    }

    fn close(&mut self) {
        self.end_operand(self.at);
        self.end_entry();
        let closed = self.frames.pop();
        let literal = closed.as_ref().is_none_or(|frame| {
            frame.literal
                && matches!(
                    frame.kind,
                    Kind::List | Kind::Map | Kind::Plain | Kind::Group
                )
        });
        if let Some(Frame {
            base: Some((start, end)),
            is_slice,
            ..
        }) = closed
        {
            let how = if is_slice {
                Use::Searched
            } else {
                Use::Indexed
            };
            self.measure(start, end, how);
        }
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
        if is_measured_after(joins) {
            self.wrap(chain, at, self.calls.joined);
        }
        self.at += 1;
        self.after_operand = false;
    }
}

/// A name and fields, and nothing else: what can be looked at twice. The engine's own words are none.
pub(super) fn plain_path(expression: &str) -> Option<String> {
    let expression = expression.trim_ascii().replace("?.", ".");
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
