//! Bounds for `grass`, which has none of its own: a deep nest or a function that calls itself for
//! ever would overflow the stack, which ends the process, and a loop need not end.
//!
//! Before a file is compiled its nesting and the length of its statements are checked, and a call
//! of [`STEP`] is put at the start of every body that can run again: functions, mixins, loops. That
//! call counts, and looks how deep the calls are and how far the stack has grown. Lines and columns
//! are mapped back.
//!
//! What a variable holds is measured when it is set or given, and what a body uses of it each time
//! that it runs; so are the selectors and declarations that it makes, those of interpolations too, and
//! the selectors that `@extend` could make of one another. A file that is imported again counts like a
//! body. The functions of `sass:selector` are called through functions of ours ([`own_file`]), which
//! count what they would make.
//!
//! All of that goes by names, so that a name has one spelling: escapes in it are refused.

mod braces;
mod code;
mod count;
mod extend;
mod indented;
mod names;
mod selectors;

use count::{Body, Text, note_body};
pub(super) use count::{file, measure, note_emitted, start, step};
pub(super) use extend::extend;
use names::{canonical, name, named};
pub(super) use selectors::{has_refused_lists, lists, select};
use std::path::Path;

/// The stack of a compilation; only what is used of it is memory.
pub(super) const STACK_BYTES: usize = 256 * 1024 * 1024;
/// Brackets within brackets, and levels of indentation.
const MAX_NESTING: usize = 100;
/// Words and operators in one statement.
const MAX_WORDS: usize = 10_000;

/// The functions that count.
pub(super) const SELECT: &str = "-quillfront-select";
pub(super) const STEP: &str = "-quillfront-step";
pub(super) const SIZE: &str = "-quillfront-size";
pub(super) const EXTEND: &str = "-quillfront-extend";
pub(super) const FILE: &str = "-quillfront-file";
pub(super) const LISTS: &str = "-quillfront-lists";
/// A statement that calls one begins so.
const CALL: &str = "$-quillfront-step:";

/// The folder of the files that are ours, wherever it is looked for.
const OWN_FOLDER: &str = "-quillfront";
/// The statement that has the functions of selectors counted in a file.
const IMPORT: &str = "@import \"-quillfront/functions\"";
/// What the author imports, and what is imported in its place.
const SELECTOR_MODULE: &str = "sass:selector";
const OWN_SELECTOR_MODULE: &str = "-quillfront/selector";

/// A file of ours: its path, which is the same from everywhere, and its text.
pub(super) fn own_file(path: &Path) -> Option<(&'static str, &'static str)> {
    let folder = path.parent()?.file_name()?;
    match path.file_name()?.to_str()? {
        _ if folder != OWN_FOLDER => None,
        "functions.scss" => Some(("-quillfront/functions.scss", selectors::FUNCTIONS)),
        "selector.scss" => Some(("-quillfront/selector.scss", selectors::MODULE)),
        _ => None,
    }
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
    /// Selectors and declarations that it makes inside one selector.
    pub(super) emitted: usize,
}

impl Guarded {
    fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            inserted: Vec::new(),
            emitted: 0,
        }
    }

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

/// Checks the bounds of a text and puts the calls in, those of the functions of selectors where
/// `with_own_files`.
pub(super) fn guard(text: &str, syntax: Syntax, with_own_files: bool) -> Result<Guarded, Refusal> {
    if text.contains("sass:meta") {
        count::note_meta();
    }
    if syntax == Syntax::Indented {
        return indented::guard(text, with_own_files);
    }
    let code = code::code(text);
    if syntax == Syntax::Scss {
        names::check(text, &code, syntax)?;
        if names::has_prefix(&code, syntax) {
            count::note_prefix();
        }
    }
    let insert = syntax == Syntax::Scss;
    braces::guard(text, &code, insert, with_own_files)
}

/// True where a file may call a function of selectors by its global name, spelled out or not.
fn may_call_selectors(text: &str, code: &str) -> bool {
    let parts = [
        "selector-",
        "selector_",
        "superselector",
        "call",
        "et-function",
        "et_function",
    ];
    text.contains('\\') || parts.iter().any(|part| code.contains(part))
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
    matches!(
        name,
        "function" | "mixin" | "while" | "for" | "each" | "include"
    )
}

fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' | b'!' | b'~'
    )
}

/// True where the `-` at an offset is a part of a name: behind a letter, but for one in a unit.
fn in_name(text: &str, at: usize) -> bool {
    let is_of_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | 0x80..);
    let before = &text.as_bytes()[..at];
    if before
        .last()
        .is_none_or(|byte| *byte == b'-' || !is_of_name(byte))
    {
        return false;
    }
    // A look at the last characters is enough, and keeps the whole linear.
    let start = before
        .iter()
        .rev()
        .take(1_000)
        .take_while(|byte| is_of_name(byte));
    !before[at - start.count()].is_ascii_digit()
}

/// The variables that a header such as `@mixin m($a, $b: 1, $rest...)` or `@each $a, $b in $c`
/// gives to its body.
fn given(header: &str) -> Vec<String> {
    let (part, brackets) = if header.starts_with("@each") || header.starts_with("@for") {
        let end = header.find(" in ").or(header.find(" from "));
        (&header[..end.unwrap_or(header.len())], 0)
    } else if header.starts_with("@include") {
        let using = header.rfind(" using").or(header.rfind(")using"));
        (using.map_or("", |using| &header[using..]), 1)
    } else {
        (header, 1)
    };
    let mut given = Vec::new();
    let (mut depth, mut wanted) = (0, true);
    for (at, c) in part.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == brackets => wanted = true,
            ':' => wanted = false,
            '$' if wanted && depth == brackets => {
                let name = name(&part[at + 1..]);
                let rest = part[at + 1 + name.len()..].trim_start();
                if !name.is_empty() && (rest.is_empty() || rest.starts_with([',', ')', ':', '.'])) {
                    given.push(name.to_owned());
                }
                wanted = false;
            }
            _ => {}
        }
    }
    given
}

/// The statement at the start of a body.
fn step_call(header: &str, mut text: Text, nested: bool) -> String {
    let header = header.split_whitespace().collect::<Vec<_>>().join(" ");
    let given = given(&header);
    let arguments: String = given.iter().map(|name| format!(",${name}")).collect();
    let given: Vec<String> = given.iter().map(|name| canonical(name)).collect();
    // A function has no selectors around it.
    let is_function = header.starts_with("@function");
    let around = if is_function { "null" } else { "&" };
    if is_function || header.starts_with("@mixin") {
        // What it is not given is made anew each time.
        for (name, count) in named(&header) {
            let own = given.iter().filter(|given| **given == name).count();
            *text.names.entry(name).or_default() += count.saturating_sub(own);
        }
    }
    let number = note_body(Body {
        text,
        nested,
        given,
    });
    format!("{CALL}{STEP}({number},{around}{arguments})")
}

/// The statement at the end of a file.
fn file_call(number: usize) -> String {
    format!("{CALL}{FILE}({number},&)")
}

/// What there is in a text with so many statements, which makes so many selectors and declarations.
fn text_of(code: &str, statements: usize, emitted: usize) -> Text {
    Text {
        names: named(code),
        statements,
        emitted,
        bytes: code
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .count(),
        calls: ["call(", "module-variables", "module_variables"]
            .iter()
            .any(|call| code.contains(call)),
    }
}

/// What there is in a text with braces.
fn text_with_braces(code: &str) -> Text {
    let statements = code.bytes().filter(|byte| matches!(byte, b';' | b'{'));
    text_of(code, statements.count(), emitted(code))
}

/// How many `&` and selectors the header of a rule has at most; none where it is none.
fn written(header: &str) -> Option<(usize, usize)> {
    let rule = header.trim();
    if rule.is_empty()
        || rule.starts_with(['@', '$']) && !rule.starts_with("@at-root")
        || rule.starts_with("--")
        || rule.ends_with(':')
    {
        return None;
    }
    let parents = rule.split(',').map(|one| one.matches('&').count());
    Some((parents.max().unwrap_or(0), 1 + rule.matches(',').count()))
}

/// How many selectors and declarations a text makes, where one selector is around it.
fn emitted(code: &str) -> usize {
    let bytes = code.as_bytes();
    let (mut all, mut begin) = (0_usize, 0);
    // Of each `{` how many selectors are in it; none for an interpolation.
    let mut open: Vec<Option<usize>> = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        let around = open.iter().rev().find_map(|count| *count).unwrap_or(1);
        let statement = |begin| {
            let text = code[begin..at].trim();
            !text.is_empty() && !text.starts_with(['$', '@'])
        };
        match byte {
            b'{' if at > 0 && bytes[at - 1] == b'#' => open.push(None),
            b'{' => {
                let own = if statement(begin) {
                    selectors(&code[begin..at], around)
                } else {
                    around
                };
                all = all.saturating_add(if statement(begin) { own } else { 0 });
                open.push(Some(own));
                begin = at + 1;
            }
            b'}' if open.pop() == Some(None) => {}
            b'}' | b';' => {
                all = all.saturating_add(usize::from(statement(begin)));
                begin = at + 1;
            }
            _ => {}
        }
    }
    all
}

/// How many selectors a header makes inside so many others.
fn selectors(header: &str, around: usize) -> usize {
    let list = header.split(',').map(|selector| {
        let parents = selector.matches('&').count().max(1);
        around.saturating_pow(u32::try_from(parents).unwrap_or(u32::MAX))
    });
    list.fold(0, usize::saturating_add)
}

/// The statement behind one that sets a variable, of another module too; none where it is none.
fn size_call(statement: &str) -> Option<String> {
    let statement = statement.trim_start();
    let module = match statement.split_once('$') {
        Some(("", _)) => "",
        Some((module, _)) if module.strip_suffix('.').is_some_and(|m| name(m) == m) => module,
        _ => return None,
    };
    let rest = &statement[module.len() + 1..];
    let name = name(rest);
    let sets = !name.is_empty() && rest[name.len()..].trim_start().starts_with(':');
    let known = canonical(name);
    sets.then(|| format!("{CALL}{SIZE}(\"{known}\",{module}${name})"))
}

/// The statement before an `@extend`; none where it is none.
fn extend_call(statement: &str) -> Option<String> {
    let target = statement.trim().strip_prefix("@extend")?.trim();
    let target = target
        .strip_suffix("!optional")
        .unwrap_or(target)
        .trim_end();
    // What is interpolated by a function, which may have effects, is counted under one name.
    let plain = !target.contains(['"', '\'', '\\', '(']);
    let target = if plain { target } else { "" };
    Some(format!("{CALL}{EXTEND}(\"{target}\",&)"))
}
