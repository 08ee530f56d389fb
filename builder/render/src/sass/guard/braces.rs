//! The syntax with braces, byte by byte.

use super::count::{note_comparisons, note_file};
use super::extend::{self, note_selectors};
use super::names::module;
use super::selectors::{MAX_SELECTORS, MAX_SELECTORS_IN_FILE, too_many_selectors};
use super::{
    CALL, Guarded, IMPORT, MAX_NESTING, MAX_WORDS, OWN_SELECTOR_MODULE, Refusal, SELECT,
    SELECTOR_MODULE, extend_call, file_call, is_operator, may_call_selectors, repeats, selectors,
    size_call, step_call, text_with_braces, too_deep, too_long, written,
};
use std::collections::BTreeMap;

/// Checks a text, and puts calls in where that is asked for.
pub(super) fn guard(
    text: &str,
    code: &str,
    insert: bool,
    with_own_files: bool,
) -> Result<Guarded, Refusal> {
    let mut braces = Braces::new(text, code);
    braces.with_own_files = insert && with_own_files;
    if braces.with_own_files && may_call_selectors(text, code) {
        braces.import_at = Some(prelude_end(text, code)).filter(|at| *at < code.len());
    }
    braces.run(insert)
}

/// Where the rules end that have to come before all others.
fn prelude_end(text: &str, code: &str) -> usize {
    let (mut depth, mut end) = (0_usize, 0);
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'@' if depth == 0 => {
                let rest = &code[at..];
                let first = ["@use", "@forward", "@charset"];
                if first.iter().any(|rule| rest.starts_with(rule)) {
                    end = rest.find(';').map_or(code.len(), |found| at + found + 1);
                }
            }
            _ => {}
        }
    }
    let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    end.max(mark)
}

struct Braces<'a> {
    text: &'a str,
    /// `text` without comments and what strings hold, of the same length. What is looked at is
    /// looked at here.
    code: &'a str,
    at: usize,
    line: usize,
    /// What is open: `(`, `[`, `{`, `#` for an interpolation.
    open: Vec<u8>,
    /// Words and operators before each `(` and `[` that is open, and the commas inside it.
    before: Vec<(usize, usize)>,
    /// Comparisons of the keys of maps.
    compared: usize,
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
    with_own_files: bool,
    /// Where the functions of selectors are to be imported.
    import_at: Option<usize>,
}

impl<'a> Braces<'a> {
    fn new(text: &'a str, code: &'a str) -> Self {
        Self {
            text,
            code,
            at: 0,
            line: 0,
            open: Vec::new(),
            before: Vec::new(),
            compared: 0,
            words: 0,
            pending: None,
            guarded: Guarded::with_capacity(text.len()),
            copied: 0,
            statement: 0,
            selectors: Vec::new(),
            all_selectors: 0,
            ends: bodies(code),
            with_own_files: false,
            import_at: None,
        }
    }

    fn run(mut self, insert: bool) -> Result<Guarded, Refusal> {
        let bytes = self.code.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            self.import();
            self.visit(byte, bytes.get(self.at + 1).copied(), insert);
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
                return Err((self.line as u32 + 1, too_many_selectors()));
            }
        }
        note_comparisons(self.compared).map_err(|message| (1, message))?;
        extend::check().map_err(|message| (1, message))?;
        let file = text_with_braces(self.code);
        self.guarded.emitted = file.emitted;
        let number = note_file(file).map_err(|message| (1, message))?;
        if insert && self.open.is_empty() {
            let last = &self.code[self.statement..];
            let ends = if last.trim().is_empty() { "" } else { ";" };
            let size = size_call(last).map(|call| format!("{call};"));
            let calls = size.unwrap_or_default() + &file_call(number);
            self.insert(self.at, &format!("\n{ends}{calls}"));
        }
        self.guarded.text.push_str(&self.text[self.copied..]);
        Ok(self.guarded)
    }

    /// Imports the functions of selectors, where they are to be.
    fn import(&mut self) {
        if let Some(at) = self.import_at.filter(|at| *at <= self.at) {
            self.import_at = None;
            self.insert(at, &format!("{IMPORT};"));
        }
    }

    fn skip(&mut self, count: usize) {
        let bytes = self.code.as_bytes();
        let end = (self.at + count).min(bytes.len());
        self.line += bytes[self.at..end].iter().filter(|b| **b == b'\n').count();
        self.at = end;
    }

    fn visit(&mut self, byte: u8, next: Option<u8>, insert: bool) {
        match (byte, next) {
            (b'#', Some(b'{')) => {
                self.open.push(b'#');
                return self.skip(2);
            }
            (b'@', _) => {
                let name: String = self.code.as_bytes()[self.at + 1..]
                    .iter()
                    .take_while(|b| b.is_ascii_alphabetic())
                    .map(|b| b.to_ascii_lowercase() as char)
                    .collect();
                if repeats(&name) {
                    self.pending = Some(self.open.len());
                }
                if self.with_own_files && self.open.is_empty() {
                    self.import_ours();
                }
            }
            (b'(' | b'[', _) => {
                self.open.push(byte);
                self.words += 1;
                self.before.push((self.words, 0));
            }
            (b'{', _) => return self.open_body(insert),
            (b'}', _) if self.open.last() == Some(&b'{') => {
                if insert {
                    self.end_statement(";", "");
                }
                self.selectors.pop();
                self.skip(1);
                self.open.pop();
                return self.begin_statement();
            }
            (b')' | b']' | b'}', _) => {
                if matches!(self.open.pop(), Some(b'(' | b'['))
                    && let Some((before, _)) = self.before.pop()
                {
                    self.words = before;
                }
            }
            (b';', _) => {
                if self.pending == Some(self.open.len()) {
                    self.pending = None;
                }
                if matches!(self.open.last(), None | Some(b'{')) {
                    self.skip(1);
                    if insert {
                        self.end_statement("", ";");
                    }
                    return self.begin_statement();
                }
            }
            // The entries of a list in brackets are parsed one after another, in no depth.
            (b',', _) if matches!(self.open.last(), Some(b'(' | b'[')) => {
                if let Some((before, entries)) = self.before.last_mut() {
                    self.words = *before;
                    *entries += 1;
                    self.compared = self.compared.saturating_add(*entries);
                }
            }
            (b'-', _) if self.in_name() => {}
            _ if is_operator(byte) => self.words += 1,
            (b' ' | b'\t' | b'\n' | b',', Some(next)) if !next.is_ascii_whitespace() => {
                self.words += 1;
            }
            _ => {}
        }
        self.skip(1);
    }

    /// True at a `-` behind a letter, which is a part of a name.
    fn in_name(&self) -> bool {
        super::in_name(self.code, self.at)
    }

    fn begin_statement(&mut self) {
        self.words = 0;
        self.before.clear();
        self.statement = self.at;
    }

    /// Opens what has a body: a rule, a function, a mixin, a loop.
    fn open_body(&mut self, insert: bool) {
        let repeats = self.pending == Some(self.open.len());
        let code = self.code;
        let header = &code[self.statement..self.at];
        let nested = !self.open.is_empty();
        if insert {
            self.count_selectors(header);
        }
        self.open_rule(header);
        self.open.push(b'{');
        self.skip(1);
        self.begin_statement();
        if repeats {
            self.pending = None;
            if insert {
                let end = self.ends.get(&self.at).copied();
                let body = &code[self.at..end.unwrap_or(code.len())];
                let call = step_call(header, text_with_braces(body), nested);
                self.insert(self.at, &format!("{call};"));
            }
        }
    }

    /// Puts in what counts the selectors of a rule that only show when it is compiled: those of
    /// interpolations, and those of several `&`.
    fn count_selectors(&mut self, header: &str) {
        let start = self.statement;
        let Some((parents, list)) = written(header) else {
            return;
        };
        let holes = holes(header);
        if holes.is_empty() && parents > 1 {
            let call = format!("{CALL}{SELECT}({parents},{list},&,null);");
            self.insert(start, &call);
        }
        for (from, to) in holes {
            self.insert(start + from, &format!("{SELECT}({parents},{list},&,("));
            self.insert(start + to, "))");
        }
    }

    /// Replaces the module of selectors by ours, where a rule imports it.
    fn import_ours(&mut self) {
        let Some((begin, end)) = module(self.text, self.code, self.at) else {
            return;
        };
        if self.text[begin..end] == *SELECTOR_MODULE {
            self.insert(begin, OWN_SELECTOR_MODULE);
            self.copied = end;
            if let Some((_, _, width)) = self.guarded.inserted.last_mut() {
                *width -= SELECTOR_MODULE.len();
            }
        }
    }

    /// Puts in what measures the statement that ends here.
    fn end_statement(&mut self, before: &str, after: &str) {
        let statement = self.code[self.statement..self.at].trim_end_matches(';');
        if let Some(call) = size_call(statement) {
            self.insert(self.at, &format!("{before}{call}{after}"));
        } else if let Some(call) = extend_call(statement) {
            // It may be the one that makes too much.
            self.insert(self.statement, &format!("{call};"));
        }
    }

    /// Counts the selectors of a rule that opens.
    fn open_rule(&mut self, header: &str) {
        let around = self.selectors.last().copied().unwrap_or(1);
        let header = header.trim();
        let own = if header.starts_with("@mixin") || header.starts_with("@function") {
            1
        } else if header.is_empty() || header.starts_with(['@', '$']) {
            around
        } else {
            note_selectors(header);
            let count = selectors(header, around);
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
        // A header may have more than one line.
        let later = self.code.as_bytes().get(at..self.at).unwrap_or(b"");
        let line = self.line - later.iter().filter(|byte| **byte == b'\n').count();
        self.guarded
            .inserted
            .push((line, column, what.chars().count()));
        self.guarded.text.push_str(what);
    }
}

/// From where to where each interpolation of a text goes that may make selectors; those inside others
/// are left out.
pub(super) fn holes(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut holes, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' => {
                if depth == 0 {
                    from = at + 1;
                }
                depth += 1;
            }
            b'}' if depth > 0 => {
                depth -= 1;
                let inner = &text[from..at];
                // A slash between two numbers would become a division.
                let divides = inner.contains('/') && !inner.contains(['$', '(']);
                if depth == 0 && !inner.trim().is_empty() && !divides {
                    holes.push((from, at));
                }
            }
            _ => {}
        }
    }
    holes
}

/// Where each `{` ends, by what comes behind it.
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
