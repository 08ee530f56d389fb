//! Bounds for `grass`, which has none of its own: a deep nest or a function that calls itself for
//! ever would overflow the stack, which ends the process, and a loop need not end.
//!
//! Before a file is compiled its nesting and the length of its statements are checked, and a call
//! of [`STEP`] is put at the start of every body that can run again: functions, mixins, loops. That
//! call counts, and looks how deep the calls are and how far the stack has grown. Lines and columns are mapped back.
//!
//! What is not bounded: memory of values that double in a loop, and the product of nested lists of
//! selectors.

use grass_compiler::Visitor;
use grass_compiler::codemap::Span;
use grass_compiler::sass_ast::ArgumentResult;
use grass_compiler::sass_value::Value;
use std::cell::{Cell, RefCell};

/// The stack of a compilation; only what is used of it is memory.
pub(super) const STACK_BYTES: usize = 256 * 1024 * 1024;
/// What calls may use of it; the rest is for one deep expression.
const CALLS_BYTES: usize = 128 * 1024 * 1024;
/// Runs of bodies of functions, mixins and loops in one compilation.
const MAX_STEPS: usize = 1_000_000;
/// Bodies that run inside one another. Each level of a mixin that calls itself inside a rule copies
/// a selector that grows.
const MAX_DEPTH: usize = 200;
/// Brackets within brackets, and levels of indentation.
const MAX_NESTING: usize = 100;
/// Words and operators in one statement.
const MAX_WORDS: usize = 10_000;

/// The function that counts.
pub(super) const STEP: &str = "-quillfront-step";
/// The statement that calls it.
const CALL: &str = "$-quillfront-step:-quillfront-step()";

thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
    static STACK_START: Cell<usize> = const { Cell::new(0) };
    /// How far the stack had grown at the bodies that still run.
    static RUNNING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Where the stack is now.
#[inline(never)]
fn stack_now() -> usize {
    let here = 0u8;
    std::ptr::from_ref(&here).addr()
}

/// Begins to count, on the thread that compiles.
pub(super) fn start() {
    STEPS.set(0);
    STACK_START.set(stack_now());
    RUNNING.take();
}

/// How many bodies run inside one another, the stack having grown by `grown` at the last. One that
/// had grown it as far or farther has ended.
fn depth(grown: usize) -> usize {
    RUNNING.with_borrow_mut(|running| {
        while running.last().is_some_and(|at| *at >= grown) {
            running.pop();
        }
        running.push(grown);
        running.len()
    })
}

/// Counts one run of a body.
pub(super) fn step(
    arguments: ArgumentResult,
    _: &mut Visitor,
) -> Result<Value, Box<grass_compiler::Error>> {
    let fail =
        |message: String, span: Span| Err(Box::<grass_compiler::Error>::from((message, span)));
    STEPS.set(STEPS.get() + 1);
    if STEPS.get() > MAX_STEPS {
        let message =
            format!("more than {MAX_STEPS} runs of functions, mixins and loops: does a loop end?");
        return fail(message, arguments.span());
    }
    let grown = STACK_START.get().abs_diff(stack_now());
    if grown > CALLS_BYTES || depth(grown) > MAX_DEPTH {
        let message = format!(
            "functions or mixins call each other more than {MAX_DEPTH} deep: \
             does one call itself for ever? A loop has no such limit"
        );
        return fail(message, arguments.span());
    }
    Ok(Value::Null)
}

/// The three spellings of a style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Scss,
    Indented,
    Css,
}

/// A text with [`CALL`] in it.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) text: String,
    /// 0-based line and column, in `text`, of what was put in, and its width in characters; the
    /// width of a whole line is 0.
    inserted: Vec<(usize, usize, usize)>,
}

impl Guarded {
    /// The 0-based place in the author's text of one in `text`.
    pub(super) fn original(&self, line: usize, column: usize) -> (usize, usize) {
        let (mut lines, mut columns) = (0, 0);
        for (at, from, width) in &self.inserted {
            if *width == 0 && *at < line {
                lines += 1;
            }
            if *width > 0 && *at == line && *from < column {
                columns += (*width).min(column - from);
            }
        }
        (line - lines, column - columns)
    }
}

/// A 1-based line and what is wrong there.
type Refusal = (u32, String);

/// Checks the bounds of a text and puts the calls in.
pub(super) fn guard(text: &str, syntax: Syntax) -> Result<Guarded, Refusal> {
    match syntax {
        Syntax::Indented => indented(text),
        Syntax::Scss => Braces::new(text).run(true),
        Syntax::Css => Braces::new(text).run(false),
    }
}

fn too_deep(line: usize) -> Refusal {
    let message = format!("this is nested more than {MAX_NESTING} deep");
    (line as u32 + 1, message)
}

fn too_long(line: usize) -> Refusal {
    let message = format!("one statement has more than {MAX_WORDS} words and operators");
    (line as u32 + 1, message)
}

/// True for rules whose bodies can run again.
fn repeats(name: &str) -> bool {
    matches!(name, "function" | "mixin" | "while" | "for" | "each")
}

fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' | b'!' | b'~'
    )
}

/// The syntax with braces, byte by byte.
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
                self.open.push(byte);
                self.words = 0;
                self.skip(1);
                if body {
                    self.pending = None;
                    if insert {
                        self.insert();
                    }
                }
                return;
            }
            (b')' | b']' | b'}', _) => {
                let ends_statement = byte == b'}' && self.open.last() == Some(&b'{');
                self.open.pop();
                if ends_statement {
                    self.words = 0;
                }
            }
            (b';', _) => {
                self.words = 0;
                if self.pending == Some(self.open.len()) {
                    self.pending = None;
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

    fn insert(&mut self) {
        self.guarded.text.push_str(&self.text[self.copied..self.at]);
        self.copied = self.at;
        let line_start = self.guarded.text.rfind('\n').map_or(0, |found| found + 1);
        let column = self.guarded.text[line_start..].chars().count();
        self.guarded
            .inserted
            .push((self.line, column, CALL.len() + 1));
        self.guarded.text.push_str(CALL);
        self.guarded.text.push(';');
    }
}

/// The indented syntax, line by line.
fn indented(text: &str) -> Result<Guarded, Refusal> {
    let mut guarded = Guarded {
        text: String::with_capacity(text.len()),
        inserted: Vec::new(),
    };
    let mut levels: Vec<usize> = Vec::new();
    let (mut header, mut comment) = (None, None);
    let mut out_line = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let code = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - code.len();
        let blank = code.trim().is_empty();
        if !blank && comment.is_some_and(|at| indent <= at) {
            comment = None;
        }
        if !blank && comment.is_none() {
            if header.take().is_some_and(|at| indent > at) {
                guarded.text.push_str(&line[..indent]);
                guarded.text.push_str(CALL);
                guarded.text.push('\n');
                guarded.inserted.push((out_line, 0, 0));
                out_line += 1;
            }
            while levels.last().is_some_and(|level| *level >= indent) {
                levels.pop();
            }
            levels.push(indent);
            check_line(code, levels.len(), number)?;
            if code.starts_with("//") || code.starts_with("/*") {
                comment = Some(indent);
            } else if code.starts_with('=') || code.strip_prefix('@').is_some_and(is_header) {
                header = Some(indent);
            }
        }
        guarded.text.push_str(line);
        out_line += 1;
    }
    // A comment that is still open at the end of the text would keep `grass` looking for ever.
    guarded.text.push_str("\n\n");
    Ok(guarded)
}

fn is_header(rule: &str) -> bool {
    let end = rule.find(|c: char| !c.is_ascii_alphabetic());
    repeats(&rule[..end.unwrap_or(rule.len())])
}

fn check_line(code: &str, levels: usize, number: usize) -> Result<(), Refusal> {
    let (mut depth, mut words) = (levels, 0);
    let mut quote = None;
    for (at, byte) in code.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (_, b'(' | b'[' | b'{') => depth += 1,
            (_, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (None, b' ' | b',') => words += 1,
            (None, _) if is_operator(byte) && at > 0 => words += 1,
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(too_deep(number));
        }
    }
    if words > MAX_WORDS {
        return Err(too_long(number));
    }
    Ok(())
}
