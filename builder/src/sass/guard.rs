//! Bounds for `grass`, which has none of its own: a deep nest or a function that calls itself for
//! ever would overflow the stack, which ends the process, and a loop need not end.
//!
//! Before a file is compiled its nesting and the length of its statements are checked, and a call
//! of [`STEP`] is put at the start of every body that can run again: functions, mixins, loops. That
//! call counts, and looks how deep the calls are and how far the stack has grown. Lines and columns are mapped back.
//!
//! What a variable holds is measured when it is set, and what a body uses of it each time that it
//! runs; so are the selectors around a mixin and a loop, and the selectors that `@extend` could make of
//! one another. What selectors are made of interpolations is not.

mod braces;
mod indented;

use grass_compiler::Visitor;
use grass_compiler::codemap::Span;
use grass_compiler::sass_ast::ArgumentResult;
use grass_compiler::sass_value::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

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

/// Bytes of a value; one of a list counts as [`ITEM_BYTES`], besides what it is.
const MAX_VALUE_BYTES: usize = 1 << 20;
const ITEM_BYTES: usize = 32;
/// Bytes of values that may be used in one compilation.
const MAX_USED_BYTES: usize = 512 << 20;
/// Selectors that nesting makes of others.
const MAX_SELECTORS: usize = 1_000;
/// The same for a whole file.
const MAX_SELECTORS_IN_FILE: usize = 1_000_000;
/// Runs of `@extend` in one compilation.
const MAX_EXTENDS: usize = 1_000;
/// Selectors that `@extend` may make of one.
const MAX_EXTENDED: usize = 10_000;

/// The functions that count.
pub(super) const STEP: &str = "-quillfront-step";
pub(super) const SIZE: &str = "-quillfront-size";
pub(super) const EXTEND: &str = "-quillfront-extend";
/// A statement that calls one begins so.
const CALL: &str = "$-quillfront-step:";

thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
    static STACK_START: Cell<usize> = const { Cell::new(0) };
    /// How far the stack had grown at the bodies that still run.
    static RUNNING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    static VALUES: RefCell<Values> = RefCell::default();
}

/// What is known of the values and selectors of a compilation.
#[derive(Default)]
struct Values {
    /// The largest value that a variable of a name had.
    sizes: BTreeMap<String, usize>,
    used_bytes: usize,
    /// What each body that can run again is given, and how often it names variables.
    bodies: Vec<Rc<Body>>,
    /// How often a variable is named outside of them.
    outside: BTreeMap<String, usize>,
    extends: usize,
    /// Runs of `@extend` by what they extend.
    extended: BTreeMap<String, usize>,
    /// The parts of selectors that have several.
    compound: Vec<Vec<String>>,
}

/// A body that can run again.
#[derive(Default)]
pub(super) struct Body {
    /// The variables that it is given.
    pub(super) given: Vec<String>,
    /// How often it names variables.
    pub(super) names: BTreeMap<String, usize>,
}

impl Values {
    fn note(&mut self, name: &str, bytes: usize) {
        let size = self.sizes.entry(name.to_owned()).or_default();
        let more = bytes.saturating_sub(*size);
        *size = (*size).max(bytes);
        let named = self.outside.get(name).copied().unwrap_or(0);
        self.use_bytes(more.saturating_mul(named));
    }

    fn use_bytes(&mut self, bytes: usize) {
        self.used_bytes = self.used_bytes.saturating_add(bytes);
    }
}

/// Notes a body; its number.
fn note_body(body: Body) -> usize {
    VALUES.with_borrow_mut(|values| {
        values.bodies.push(Rc::new(body));
        values.bodies.len() - 1
    })
}

/// Notes how often variables are named outside of bodies that can run again.
fn note_outside(names: BTreeMap<String, usize>) {
    VALUES.with_borrow_mut(|values| {
        for (name, count) in names {
            *values.outside.entry(name).or_default() += count;
        }
    });
}

/// Notes the selectors of a rule.
fn note_selectors(header: &str) {
    for selector in header.split(',') {
        let mut parts: Vec<String> = Vec::new();
        for c in selector.trim().chars() {
            let begins = matches!(c, '.' | '#' | '%' | ':' | '[') || c.is_whitespace();
            match parts.last_mut() {
                Some(part) if !begins => part.push(c),
                _ if c.is_whitespace() => parts.push(String::new()),
                _ => parts.push(c.to_string()),
            }
        }
        parts.retain(|part| !part.is_empty());
        if parts.len() > 1 {
            VALUES.with_borrow_mut(|values| values.compound.push(parts));
        }
    }
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
    VALUES.take();
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

type Answer = Result<Value, Box<grass_compiler::Error>>;

fn fail(message: String, span: Span) -> Answer {
    Err(Box::<grass_compiler::Error>::from((message, span)))
}

/// The bytes of a value, up to a little more than [`MAX_VALUE_BYTES`].
fn size(value: &Value, so_far: usize) -> usize {
    let add = |size: usize, value: &Value| match size > MAX_VALUE_BYTES {
        true => size,
        false => self::size(value, size),
    };
    match value {
        Value::String(text, _) => so_far + text.len(),
        Value::List(list, ..) => list.iter().fold(so_far + list.len() * ITEM_BYTES, add),
        Value::ArgList(list) => list
            .elems
            .iter()
            .fold(so_far + list.elems.len() * ITEM_BYTES, add),
        Value::Map(map) => map.iter().fold(so_far, |size, (key, value)| {
            add(add(size + 2 * ITEM_BYTES, &key.node), value)
        }),
        _ => so_far + ITEM_BYTES,
    }
}

/// Notes a value that a variable holds; an error where it is too large.
fn note(name: &str, value: &Value, span: Span) -> Answer {
    let bytes = size(value, 0);
    if bytes > MAX_VALUE_BYTES {
        let message = format!(
            "${name} holds more than {MAX_VALUE_BYTES} bytes: is something put into itself again \
             and again?"
        );
        return fail(message, span);
    }
    VALUES.with_borrow_mut(|values| values.note(name, bytes));
    check_used(span)
}

fn check_used(span: Span) -> Answer {
    if VALUES.with_borrow(|values| values.used_bytes) > MAX_USED_BYTES {
        let message = format!(
            "large values are used too often: more than {MAX_USED_BYTES} bytes in all; use smaller \
             ones in loops, functions and mixins"
        );
        return fail(message, span);
    }
    Ok(Value::Null)
}

/// Counts one run of a body: its number, the selectors around it, and what it is given.
pub(super) fn step(mut arguments: ArgumentResult, _: &mut Visitor) -> Answer {
    let span = arguments.span();
    STEPS.set(STEPS.get() + 1);
    if STEPS.get() > MAX_STEPS {
        let message =
            format!("more than {MAX_STEPS} runs of functions, mixins and loops: does a loop end?");
        return fail(message, span);
    }
    let grown = STACK_START.get().abs_diff(stack_now());
    if grown > CALLS_BYTES || depth(grown) > MAX_DEPTH {
        let message = format!(
            "functions or mixins call each other more than {MAX_DEPTH} deep: \
             does one call itself for ever? A loop has no such limit"
        );
        return fail(message, span);
    }
    let number = match arguments.get_positional(0).map(|number| number.node) {
        Some(Value::Dimension(number)) => number.num.0 as usize,
        _ => return Ok(Value::Null),
    };
    let around = arguments.get_positional(1).map(|around| around.node);
    if let Some(Value::List(list, ..)) = &around
        && list.len() > MAX_SELECTORS
    {
        return fail(too_many_selectors(), span);
    }
    let Some(body) = VALUES.with_borrow(|values| values.bodies.get(number).cloned()) else {
        return Ok(Value::Null);
    };
    for (index, name) in body.given.iter().enumerate() {
        if let Some(given) = arguments.get_positional(index + 2) {
            note(name, &given.node, span)?;
        }
    }
    let around = around.map_or(0, |around| size(&around, 0));
    VALUES.with_borrow_mut(|values| {
        let used = body.names.iter().map(|(name, count)| {
            let size = values.sizes.get(name).copied().unwrap_or(0);
            size.saturating_mul(*count)
        });
        let used = used.fold(around, usize::saturating_add);
        values.use_bytes(used);
    });
    check_used(span)
}

/// Measures a variable that was set: its name, and what it holds.
pub(super) fn measure(mut arguments: ArgumentResult, _: &mut Visitor) -> Answer {
    let span = arguments.span();
    let name = arguments.get_positional(0).map(|name| name.node);
    match (name, arguments.get_positional(1)) {
        (Some(Value::String(name, _)), Some(value)) => note(&name, &value.node, span),
        _ => Ok(Value::Null),
    }
}

/// Counts one `@extend` of what it is given.
pub(super) fn extend(mut arguments: ArgumentResult, _: &mut Visitor) -> Answer {
    let span = arguments.span();
    let Some(Value::String(target, _)) = arguments.get_positional(0).map(|target| target.node)
    else {
        return Ok(Value::Null);
    };
    let found = VALUES.with_borrow_mut(|values| {
        values.extends += 1;
        *values.extended.entry(target.clone()).or_default() += 1;
        let runs = |part: &String| 1 + values.extended.get(part).copied().unwrap_or(0);
        let touched = values
            .compound
            .iter()
            .filter(|parts| parts.contains(&target));
        let most = touched
            .map(|parts| parts.iter().map(runs).fold(1, usize::saturating_mul))
            .max();
        (
            values.extends > MAX_EXTENDS,
            most.unwrap_or(1) > MAX_EXTENDED,
        )
    });
    match found {
        (true, _) => fail(
            format!("more than {MAX_EXTENDS} runs of @extend; include a mixin instead"),
            span,
        ),
        (_, true) => fail(
            format!(
                "@extend of {target} could make more than {MAX_EXTENDED} selectors of one that \
                 has several parts which are extended; include a mixin instead"
            ),
            span,
        ),
        _ => Ok(Value::Null),
    }
}

fn too_many_selectors() -> String {
    format!(
        "rules inside rules make more than {MAX_SELECTORS} selectors of one another; \
         write fewer in one list, or nest less"
    )
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
        Syntax::Indented => indented::guard(text),
        Syntax::Scss => braces::guard(text, true),
        Syntax::Css => braces::guard(text, false),
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

/// The name of a variable behind its `$`.
fn name(text: &str) -> &str {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii();
    &text[..text.find(|c| !is_of_name(c)).unwrap_or(text.len())]
}

/// The variables that a header such as `@mixin m($a, $b: 1, $rest...)` or `@each $a, $b in $c`
/// gives to its body.
fn given(header: &str) -> Vec<String> {
    let header = header.trim_start();
    let (part, brackets) = if header.starts_with("@each") || header.starts_with("@for") {
        let end = header.find(" in ").or(header.find(" from "));
        (&header[..end.unwrap_or(header.len())], 0)
    } else {
        (header, 1)
    };
    let mut given = Vec::new();
    let (mut depth, mut wanted) = (0, true);
    for (at, c) in part.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == brackets => wanted = true,
            ':' => wanted = false,
            '$' if wanted && depth == brackets => {
                given.push(name(&part[at + 1..]).to_owned());
                wanted = false;
            }
            _ => {}
        }
    }
    given.retain(|name| !name.is_empty());
    given
}

/// How often a text names each variable.
fn named(text: &str) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for (at, _) in text.match_indices('$') {
        *names.entry(name(&text[at + 1..]).to_owned()).or_default() += 1;
    }
    names
}

/// The statement at the start of a body.
fn step_call(header: &str, body: &str) -> String {
    let given = given(header);
    let arguments: String = given.iter().map(|name| format!(",${name}")).collect();
    // A function has no selectors around it.
    let around = if header.trim_start().starts_with("@function") {
        "null"
    } else {
        "&"
    };
    let number = note_body(Body {
        names: named(body),
        given,
    });
    format!("{CALL}{STEP}({number},{around}{arguments})")
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
    sets.then(|| format!("{CALL}{SIZE}(\"{name}\",{module}${name})"))
}

/// The statement before an `@extend`; none where it is none.
fn extend_call(statement: &str) -> Option<String> {
    let target = statement.trim().strip_prefix("@extend")?.trim();
    let target = target
        .strip_suffix("!optional")
        .unwrap_or(target)
        .trim_end();
    // What is interpolated is counted under one name.
    let plain = !target.contains(['"', '#', '\\', '{'])
        || target.starts_with('#') && !target.contains("#{");
    let target = if plain { target } else { "" };
    Some(format!("{CALL}{EXTEND}(\"{target}\")"))
}
