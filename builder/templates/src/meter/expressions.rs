//! What is measured inside one tag: the values that lists and maps are made of, what a comprehension
//! goes through and makes, what `~` joins, and what the engine goes through by itself: what is compared,
//! searched with `in`, indexed and cut.
//!
//! The engine's own parser decides what a text means; here only the tokens are looked at, one after the
//! other, which is enough to find where an operand begins and ends. A text that the engine refuses
//! may be taken apart wrongly, and is refused all the same.

use crate::lexer::{Dialect, Kind, Tag, Token, Tokens, tokens};

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
enum Bracket {
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

impl Bracket {
    fn is_list(self) -> bool {
        matches!(self, Self::List | Self::Map | Self::Source)
    }
}

struct Frame {
    kind: Bracket,
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
    fn new(kind: Bracket, nested: bool, at: usize) -> Self {
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

/// What to measure in a tag.
pub(super) fn measures(tag: &Tag<'_>, place: Place, calls: &Calls) -> Measures {
    let mut scan = Scan {
        inner: tag.text,
        tokens: tag.tokens(),
        at: 0,
        after_operand: false,
        after_dot: false,
        names_follow: false,
        place,
        frames: vec![Frame::new(Bracket::Plain, false, 0)],
        found: Measures::default(),
        calls,
    };
    let mut source = None;
    while let Some(token) = scan.tokens.next() {
        let is_outside = scan.frames.len() == 1 && !scan.after_dot;
        if place == Place::Loop && source.is_none() && is_outside && token.is("in") {
            scan.at = token.end();
            scan.operator();
            source = Some(scan.at);
        } else {
            scan.token(token);
        }
    }
    let end = tag.text.trim_ascii_end().len();
    scan.end_operand(end);
    if let Some(start) = source {
        scan.wrap(start, end, calls.each);
    }
    scan.found
}

struct Scan<'a> {
    inner: &'a str,
    /// What comes behind the token at hand.
    tokens: Tokens<'a>,
    /// Where the token at hand begins; once it is dealt with, where it ends.
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

impl<'a> Scan<'a> {
    fn wrap(&mut self, start: usize, end: usize, call: &'static str) {
        let part = &self.inner[start..end];
        let start = end - part.trim_ascii_start().len();
        if start < end {
            self.found.wraps.push(Wrap { start, end, call });
        }
    }

    fn top(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::new(Bracket::Plain, false, self.at));
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
            Bracket::Plain => is_whole_value && chain == entry,
            Bracket::Group | Bracket::Source => false,
            Bracket::List | Bracket::Map | Bracket::Component | Bracket::Argument => true,
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

    /// At an operator that compares.
    fn compare(&mut self, operator: Token<'_>) {
        let at = self.at;
        let top = self.top();
        let (start, joins, arithmetic) = (top.compared, top.joins, top.arithmetic);
        // What was joined is compared here.
        top.joins = 0;
        self.end_operand(at);
        if !arithmetic && (joins > 0 || !self.literal_follows()) {
            self.measure(start, at, Use::Compared);
        }
        self.at = operator.end();
        self.close_operator();
        self.top().literal = false;
    }

    /// Whether a literal, and nothing that makes more of it, comes next: comparing with it is quick.
    fn literal_follows(&self) -> bool {
        let mut ahead = self.tokens.clone();
        let is_literal = ahead.next().is_some_and(|token| is_literal(token.text));
        let goes_on = ["~", "|", "[", "?[", ".", "?.", "("];
        is_literal
            && !ahead
                .next()
                .is_some_and(|token| goes_on.contains(&token.text))
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

    fn token(&mut self, token: Token<'a>) {
        let is_field = std::mem::take(&mut self.after_dot);
        let end = token.end();
        self.at = token.start;
        match token.kind {
            Kind::Name => self.word(token, is_field),
            Kind::Text | Kind::Number => {
                self.begin_primary();
                self.at = end;
                self.operand(true);
            }
            Kind::Sign | Kind::Unknown => self.sign(token),
        }
    }

    fn sign(&mut self, token: Token<'a>) {
        let end = token.end();
        match token.text {
            "..." => {
                self.at = end;
                self.operator();
                let top = self.top();
                if matches!(top.kind, Bracket::List | Bracket::Map) {
                    top.spread = Some(end);
                }
                top.literal = false;
            }
            "." | "?." => self.after_dot = true,
            "(" if self.after_operand => self.open(Bracket::Plain, end),
            "(" => {
                self.begin_primary();
                self.open(Bracket::Group, end);
            }
            "[" | "?[" if self.after_operand => self.index(end),
            "[" | "?[" => {
                self.begin_primary();
                self.open(Bracket::List, end);
            }
            "{" if self.top().kind == Bracket::Component => self.open(Bracket::Argument, end),
            "{" => {
                self.begin_primary();
                self.open(Bracket::Map, end);
            }
            ")" | "]" | "}" => self.close(end),
            "," => {
                self.end_operand(token.start);
                self.end_entry();
                self.at = end;
                self.operator();
                self.top().begin(end);
            }
            ":" => {
                self.end_operand(token.start);
                self.at = end;
                self.operator();
                self.top().is_slice = true;
                if self.top().kind == Bracket::Map {
                    self.top().begin(end);
                }
            }
            "~" => self.join(end),
            "|" => {
                self.after_operand = false;
                self.names_follow = true;
                self.top().literal = false;
            }
            ">" if self.top().kind == Bracket::Component => self.close(end),
            "<" if !self.after_operand && self.name_follows() => {
                self.open(Bracket::Component, end);
                self.names_follow = true;
            }
            "-" if !self.after_operand => {}
            "*" | "**" | "/" | "//" | "%" | "+" | "-" => {
                self.after_operand = false;
                let top = self.top();
                top.literal = false;
                top.arithmetic = true;
                if matches!(token.text, "+" | "-") {
                    (top.chain, top.joins) = (end, 0);
                }
            }
            "==" | "!=" | "<=" | ">=" | "<" | ">" => self.compare(token),
            sign => {
                self.end_operand(token.start);
                self.at = end;
                self.operator();
                if sign == "=" && self.frames.len() == 1 {
                    self.top().begin(end);
                }
                self.top().literal = false;
            }
        }
    }

    fn name_follows(&self) -> bool {
        let next = self.tokens.peek();
        next.is_some_and(|token| token.kind == Kind::Name)
    }

    fn word(&mut self, token: Token<'a>, is_field: bool) {
        let (start, end) = (token.start, token.end());
        self.at = end;
        if is_field {
            return self.operand(false);
        }
        match token.text {
            "for" if self.after_operand && self.top().kind == Bracket::List => {
                let entry = self.top().entry;
                let call = self.calls.element;
                self.wrap(entry, start, call);
                let top = self.top();
                top.kind = Bracket::Source;
                top.spread = None;
                self.operator();
            }
            "in" if self.top().kind == Bracket::Source && self.top().spread.is_none() => {
                self.operator();
                self.top().spread = Some(end);
            }
            "if" if self.top().kind == Bracket::Source => {
                self.end_source(start);
                self.operator();
            }
            word @ ("in" | "and" | "or" | "not" | "if" | "else" | "elif") => {
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
            "set" | "set_global" | "filter" if self.is_first(start) => self.operator(),
            word if is_constant(word) => self.operand(true),
            _ => {
                if !self.names_follow && !self.after_operand {
                    self.top().primary = start;
                }
                self.operand(false);
            }
        }
    }

    /// Whether a token that begins here is the first of the tag.
    fn is_first(&self, start: usize) -> bool {
        self.inner[..start].trim_ascii().is_empty()
    }

    /// At the bracket of an index or a slice.
    fn index(&mut self, end: usize) {
        let start = self.top().primary;
        let base = self.inner[start..self.at].trim_ascii_end();
        let base = (start, start + base.len());
        self.open(Bracket::Plain, end);
        self.top().base = Some(base);
    }

    /// Behind an opening bracket.
    fn open(&mut self, kind: Bracket, end: usize) {
        self.at = end;
        let top = self.top();
        let nested = top.nested || top.kind.is_list();
        self.frames.push(Frame::new(kind, nested, end));
        self.after_operand = false;
        self.names_follow = false;
    }

    /// At a closing bracket.
    fn close(&mut self, end: usize) {
        self.end_operand(self.at);
        self.end_entry();
        let closed = self.frames.pop();
        let literal = closed.as_ref().is_none_or(|frame| {
            frame.literal
                && matches!(
                    frame.kind,
                    Bracket::List | Bracket::Map | Bracket::Plain | Bracket::Group
                )
        });
        if let Some(Frame {
            base: Some((from, to)),
            is_slice,
            ..
        }) = closed
        {
            let how = if is_slice {
                Use::Searched
            } else {
                Use::Indexed
            };
            self.measure(from, to, how);
        }
        self.at = end;
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
            (Bracket::List | Bracket::Map, Some(start)) => self.wrap(start, at, self.calls.spread),
            (Bracket::List | Bracket::Map, None) if !nested && !literal => {
                self.wrap(entry, at, self.calls.entry);
            }
            (Bracket::Source, _) => self.end_source(at),
            (Bracket::Argument, _) if joins > 0 => self.wrap(entry, at, self.calls.joined),
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

    fn join(&mut self, end: usize) {
        let at = self.at;
        let top = self.top();
        top.joins += 1;
        top.literal = false;
        let (chain, joins) = (top.chain, top.joins);
        if is_measured_after(joins) {
            self.wrap(chain, at, self.calls.joined);
        }
        self.at = end;
        self.after_operand = false;
    }
}

fn is_constant(word: &str) -> bool {
    matches!(
        word,
        "true" | "false" | "none" | "True" | "False" | "None" | "null"
    )
}

/// A name and fields, and nothing else: what can be looked at twice. The engine's own words are none.
pub(super) fn plain_path(expression: &str) -> Option<String> {
    let mut path = String::new();
    let mut expects_name = true;
    for token in tokens(expression, Dialect::Tera2) {
        match token.kind {
            Kind::Name if expects_name => path.push_str(token.text),
            Kind::Sign if !expects_name && matches!(token.text, "." | "?.") => path.push_str("?."),
            _ => return None,
        }
        expects_name = !expects_name;
    }
    let first = path.split("?.").next().unwrap_or_default();
    (!expects_name && !is_constant(first) && first != "not").then_some(path)
}

/// One literal, which nothing need be asked of.
pub(super) fn is_literal(expression: &str) -> bool {
    let mut tokens = tokens(expression, Dialect::Tera2);
    let is_one = |token: Token<'_>| match token.kind {
        Kind::Text | Kind::Number => true,
        Kind::Name => is_constant(token.text),
        Kind::Sign | Kind::Unknown => false,
    };
    tokens.next().is_some_and(is_one) && tokens.next().is_none()
}
