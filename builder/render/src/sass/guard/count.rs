//! What is counted while a style sheet is compiled, by the calls that were put in.

use grass_compiler::Visitor;
use grass_compiler::codemap::Span;
use grass_compiler::sass_ast::ArgumentResult;
use grass_compiler::sass_value::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What calls may use of the stack; the rest is for one deep expression.
const CALLS_BYTES: usize = 128 * 1024 * 1024;
/// Runs of bodies of functions, mixins and loops in one compilation.
const MAX_STEPS: usize = 1_000_000;
/// Statements in the bodies that run.
const MAX_STATEMENTS: usize = 20_000_000;
/// Bodies that run inside one another. Each level of a mixin that calls itself inside a rule copies
/// a selector that grows.
const MAX_DEPTH: usize = 200;

/// Bytes of a value; one of a list counts as [`ITEM_BYTES`], besides what it is.
const MAX_VALUE_BYTES: usize = 1 << 20;
const ITEM_BYTES: usize = 32;
/// What is no larger is not looked at.
const SMALL_BYTES: usize = 2 * ITEM_BYTES;
/// Bytes of values that may be used in one compilation.
const MAX_USED_BYTES: usize = 512 << 20;
/// Comparisons of names, and of the keys of maps that are written out.
const MAX_COMPARISONS: usize = 400_000_000;
/// Selectors that nesting makes of others.
pub(super) const MAX_SELECTORS: usize = 1_000;
/// Selectors and declarations that a compilation makes.
const MAX_EMITTED: usize = 1_000_000;
/// The same for a whole file.
pub(super) const MAX_SELECTORS_IN_FILE: usize = 1_000_000;
/// Runs of `@extend` in one compilation.
const MAX_EXTENDS: usize = 1_000;
/// Comparisons of selectors for it.
const MAX_EXTEND_WORK: usize = 2_000_000;
/// Selectors that `@extend` may make of one.
const MAX_EXTENDED: usize = 10_000;

thread_local! {
    static COUNTS: RefCell<Counts> = RefCell::default();
}

/// What is known of a compilation.
#[derive(Default)]
struct Counts {
    /// Where the stack was at the start.
    stack_start: usize,
    steps: usize,
    statements: usize,
    emitted: usize,
    /// The bodies that run, innermost last.
    running: Vec<Run>,
    /// The largest value that was put into a variable of a name.
    largest: BTreeMap<String, usize>,
    /// The same, for what bodies were given.
    largest_given: BTreeMap<String, usize>,
    used_bytes: usize,
    /// Comparisons of names, to know what is used, and of the keys of maps.
    compared: usize,
    /// What each body that can run again is given, and how often it names variables.
    bodies: Vec<Rc<Body>>,
    /// How often a variable is named in all files.
    outside: BTreeMap<String, usize>,
    extends: usize,
    /// Runs of `@extend` by what they extend.
    extended: BTreeMap<String, usize>,
    /// What the rules extend that have a part of a selector.
    targets: BTreeMap<String, BTreeSet<String>>,
    /// How many selectors have a part.
    rules: BTreeMap<String, usize>,
    extend_work: usize,
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
    pub(super) statements: usize,
    /// Selectors and declarations that it makes inside one selector.
    pub(super) emitted: usize,
    /// True for one inside something else, whose variables it sees when that has ended too.
    pub(super) nested: bool,
}

/// A run of a body.
struct Run {
    /// How far the stack had grown.
    grown: usize,
    /// Bytes of the values that it was given.
    given: Vec<(String, usize)>,
}

impl Counts {
    /// Notes a value that was put into a variable.
    fn note_set(&mut self, name: &str, bytes: usize) {
        if bytes <= SMALL_BYTES {
            return;
        }
        let size = self.largest.entry(name.to_owned()).or_default();
        let more = bytes.saturating_sub(*size);
        *size = (*size).max(bytes);
        let named = self.outside.get(name).copied().unwrap_or(0);
        self.use_bytes(more.saturating_mul(named));
    }

    fn use_bytes(&mut self, bytes: usize) {
        self.used_bytes = self.used_bytes.saturating_add(bytes);
    }

    /// Notes that a body runs, the stack having grown by `grown`. One that had grown it as far or
    /// farther has ended.
    fn run(&mut self, grown: usize) {
        while self.running.last().is_some_and(|run| run.grown >= grown) {
            self.running.pop();
        }
        let given = Vec::new();
        self.running.push(Run { grown, given });
    }

    /// Notes a value that the innermost body was given.
    fn note_given(&mut self, name: &str, bytes: usize) {
        if bytes <= SMALL_BYTES {
            return;
        }
        let size = self.largest_given.entry(name.to_owned()).or_default();
        *size = (*size).max(bytes);
        if let Some(run) = self.running.last_mut() {
            run.given.push((name.to_owned(), bytes));
        }
    }

    /// How large a variable may be that the innermost body names. What it was given is known; of
    /// another the largest that was set counts, and the largest that a body was given that runs.
    fn size_of(&self, name: &str, body: &Body, given: &[&(String, usize)]) -> usize {
        let of = |sizes: &BTreeMap<String, usize>| sizes.get(name).copied().unwrap_or(0);
        if body.given.iter().any(|given| given == name) {
            let own = self.running.last().map(|run| &run.given);
            let own = own.and_then(|own| own.iter().find(|(own, _)| own == name));
            return own.map_or(0, |(_, bytes)| *bytes);
        }
        if body.nested {
            return of(&self.largest).max(of(&self.largest_given));
        }
        let given = given.iter().filter(|(given, _)| given == name);
        given
            .map(|(_, bytes)| *bytes)
            .fold(of(&self.largest), usize::max)
    }

    /// The work of one more `@extend`: each selector with the target, or with what its extenders
    /// extend in turn, is made again, and what it was extended to is compared with one another.
    fn extend_work(&self, target: &str) -> usize {
        let mut seen = BTreeSet::from([target]);
        let mut next = vec![target];
        let mut work = 0_usize;
        while let Some(name) = next.pop() {
            let rules = self.rules.get(name).copied().unwrap_or(0);
            work = work.saturating_add(rules);
            for target in self.targets.get(name).into_iter().flatten() {
                if seen.insert(target) {
                    next.push(target);
                }
            }
        }
        let runs = seen.iter().filter_map(|name| self.extended.get(*name));
        let runs: usize = runs.sum();
        work.saturating_mul(runs.saturating_pow(2))
    }

    /// Uses what a run of a body names.
    fn use_names(&mut self, body: &Body) {
        let given: Vec<_> = self.running.iter().flat_map(|run| &run.given).collect();
        let used = body
            .names
            .iter()
            .map(|(name, count)| self.size_of(name, body, &given).saturating_mul(*count));
        let used = used.fold(0, usize::saturating_add);
        let looked_at = body
            .names
            .len()
            .saturating_mul(1 + given.len() + body.given.len());
        self.compared = self.compared.saturating_add(looked_at);
        self.use_bytes(used);
    }
}

/// Notes a body; its number.
pub(super) fn note_body(body: Body) -> usize {
    COUNTS.with_borrow_mut(|counts| {
        counts.bodies.push(Rc::new(body));
        counts.bodies.len() - 1
    })
}

/// Notes how often variables are named in a file; false where that uses too much.
pub(super) fn note_outside(names: BTreeMap<String, usize>) -> bool {
    COUNTS.with_borrow_mut(|counts| {
        for (name, count) in names {
            let size = counts.largest.get(&name).copied().unwrap_or(0);
            counts.use_bytes(size.saturating_mul(count));
            *counts.outside.entry(name).or_default() += count;
        }
        counts.used_bytes <= MAX_USED_BYTES
    })
}

/// Notes selectors and declarations that are made; an error where they are too many.
pub(super) fn note_emitted(more: usize) -> Result<(), String> {
    let all = COUNTS.with_borrow_mut(|counts| {
        counts.emitted = counts.emitted.saturating_add(more);
        counts.emitted
    });
    if all <= MAX_EMITTED {
        return Ok(());
    }
    Err(format!(
        "a style sheet makes more than {MAX_EMITTED} selectors and declarations: does every loop \
         end?"
    ))
}

/// Notes comparisons; an error where they are too many.
pub(super) fn note_comparisons(more: usize) -> Result<(), String> {
    let all = COUNTS.with_borrow_mut(|counts| {
        counts.compared = counts.compared.saturating_add(more);
        counts.compared
    });
    if all <= MAX_COMPARISONS {
        return Ok(());
    }
    Err(format!(
        "lists in brackets and names of variables need more than {MAX_COMPARISONS} comparisons; \
         write shorter lists, or use fewer variables in code that runs repeatedly"
    ))
}

/// How many selectors and `&` a value may bring into a selector.
fn in_selector(value: &Value) -> (usize, usize) {
    let add = |(commas, parents): (usize, usize), value: &Value| {
        let (more, again) = in_selector(value);
        (commas + more, parents + again)
    };
    match value {
        Value::String(text, _) => (text.matches(',').count(), text.matches('&').count()),
        Value::List(list, ..) => list.iter().fold((list.len(), 0), add),
        Value::ArgList(list) => list.elems.iter().fold((list.elems.len(), 0), add),
        _ => (0, 0),
    }
}

/// Counts what an interpolation brings into the selectors of a rule, and returns it: how many `&`
/// and selectors are written there, the selectors around, and what is interpolated.
pub(crate) fn select(mut arguments: ArgumentResult, _: &mut Visitor) -> Answer {
    let span = arguments.span();
    let mut number = |index| match arguments.get_positional(index).map(|value| value.node) {
        Some(Value::Dimension(number)) => number.num.0 as usize,
        _ => 1,
    };
    let (parents, list) = (number(0), number(1));
    let around = match arguments.get_positional(2).map(|around| around.node) {
        Some(Value::List(list, ..)) => list.len(),
        _ => 1,
    };
    let value = arguments
        .get_positional(3)
        .map_or(Value::Null, |value| value.node);
    let (more, again) = in_selector(&value);
    let parents = u32::try_from((parents + again).max(1)).unwrap_or(u32::MAX);
    let count = around.saturating_pow(parents).saturating_mul(list + more);
    if count > MAX_SELECTORS {
        return fail(too_many_selectors(), span);
    }
    note_emitted(count).map_err(|message| (message, span))?;
    Ok(value)
}

/// Notes the selectors of a rule.
pub(super) fn note_selectors(header: &str) {
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
        COUNTS.with_borrow_mut(|counts| {
            let names: BTreeSet<&String> = parts.iter().collect();
            for name in names {
                *counts.rules.entry(name.clone()).or_default() += 1;
            }
            if parts.len() > 1 {
                counts.compound.push(parts);
            }
        });
    }
}

/// Where the stack is now.
#[inline(never)]
fn stack_now() -> usize {
    let here = 0u8;
    std::ptr::from_ref(&here).addr()
}

/// Begins to count, on the thread that compiles.
pub(crate) fn start() {
    COUNTS.set(Counts {
        stack_start: stack_now(),
        ..Counts::default()
    });
}

type Answer = Result<Value, Box<grass_compiler::Error>>;

fn fail(message: String, span: Span) -> Answer {
    Err(Box::<grass_compiler::Error>::from((message, span)))
}

/// The bytes of a value, up to a little more than [`MAX_VALUE_BYTES`].
fn size(value: &Value, so_far: usize) -> usize {
    let add = |size: usize, value: &Value| {
        if size > MAX_VALUE_BYTES {
            size
        } else {
            self::size(value, size)
        }
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

/// The bytes of a value that a variable holds; an error where it is too large.
fn checked_size(
    name: &str,
    value: &Value,
    span: Span,
) -> Result<usize, Box<grass_compiler::Error>> {
    let bytes = size(value, 0);
    if bytes <= MAX_VALUE_BYTES {
        return Ok(bytes);
    }
    let message = format!(
        "${name} holds more than {MAX_VALUE_BYTES} bytes: is it repeatedly added to itself?"
    );
    Err(Box::<grass_compiler::Error>::from((message, span)))
}

pub(super) fn used_too_often() -> String {
    format!(
        "large values are used too often: more than {MAX_USED_BYTES} bytes in all; use smaller \
         ones in loops, functions and mixins"
    )
}

fn check_used(span: Span) -> Answer {
    if COUNTS.with_borrow(|counts| counts.used_bytes) > MAX_USED_BYTES {
        fail(used_too_often(), span)
    } else {
        Ok(Value::Null)
    }
}

/// Counts one run of a body: its number, the selectors around it, and what it is given.
pub(crate) fn step(mut arguments: ArgumentResult, _: &mut Visitor) -> Answer {
    let span = arguments.span();
    let (steps, grown, depth) = COUNTS.with_borrow_mut(|counts| {
        counts.steps += 1;
        let grown = counts.stack_start.abs_diff(stack_now());
        counts.run(grown);
        (counts.steps, grown, counts.running.len())
    });
    if steps > MAX_STEPS {
        let message = format!(
            "more than {MAX_STEPS} runs of functions, mixins and loops: does every loop end?"
        );
        return fail(message, span);
    }
    if grown > CALLS_BYTES || depth > MAX_DEPTH {
        let message = format!(
            "functions or mixins call each other more than {MAX_DEPTH} deep: does one call itself \
             forever? Loops have no such limit"
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
    let Some(body) = COUNTS.with_borrow(|counts| counts.bodies.get(number).cloned()) else {
        return Ok(Value::Null);
    };
    for (index, name) in body.given.iter().enumerate() {
        if let Some(given) = arguments.get_positional(index + 2) {
            let bytes = checked_size(name, &given.node, span)?;
            COUNTS.with_borrow_mut(|counts| counts.note_given(name, bytes));
        }
    }
    let selectors = match &around {
        Some(Value::List(list, ..)) => list.len().max(1),
        _ => 1,
    };
    note_emitted(body.emitted.saturating_mul(selectors)).map_err(|message| (message, span))?;
    let around = around.map_or(0, |around| size(&around, 0));
    let statements = COUNTS.with_borrow_mut(|counts| {
        counts.use_bytes(around);
        counts.use_names(&body);
        counts.statements = counts.statements.saturating_add(body.statements);
        counts.statements
    });
    if statements > MAX_STATEMENTS {
        let message = format!(
            "functions, mixins and loops run more than {MAX_STATEMENTS} statements: does every \
             loop end?"
        );
        return fail(message, span);
    }
    note_comparisons(0).map_err(|message| (message, span))?;
    check_used(span)
}

/// Measures a variable that was set: its name, and what it holds.
pub(crate) fn measure(mut arguments: ArgumentResult, _: &mut Visitor) -> Answer {
    let span = arguments.span();
    let name = arguments.get_positional(0).map(|name| name.node);
    if let (Some(Value::String(name, _)), Some(value)) = (name, arguments.get_positional(1)) {
        let bytes = checked_size(&name, &value.node, span)?;
        COUNTS.with_borrow_mut(|counts| counts.note_set(&name, bytes));
    }
    check_used(span)
}

/// The parts of the selectors that a value is.
fn simple_names(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(text, _) => {
            let ends = |c: char| matches!(c, '.' | '#' | '%' | ':' | '[') || c.is_whitespace();
            let starts = text.char_indices().filter(|(_, c)| ends(*c));
            let starts: Vec<usize> = std::iter::once(0)
                .chain(starts.map(|(at, _)| at))
                .chain([text.len()])
                .collect();
            let parts = starts.windows(2).map(|pair| text[pair[0]..pair[1]].trim());
            names.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
        }
        Value::List(list, ..) => list.iter().for_each(|value| simple_names(value, names)),
        _ => {}
    }
}

/// Counts one `@extend` of what it is given.
pub(crate) fn extend(mut arguments: ArgumentResult, _: &mut Visitor) -> Answer {
    let span = arguments.span();
    let Some(Value::String(target, _)) = arguments.get_positional(0).map(|target| target.node)
    else {
        return Ok(Value::Null);
    };
    let extender = arguments.get_positional(1).map(|around| around.node);
    let mut names = Vec::new();
    if let Some(extender) = &extender {
        simple_names(extender, &mut names);
    }
    let found = COUNTS.with_borrow_mut(|counts| {
        counts.extends += 1;
        *counts.extended.entry(target.clone()).or_default() += 1;
        for name in names {
            let targets = counts.targets.entry(name).or_default();
            targets.insert(target.clone());
        }
        let work = counts.extend_work(&target);
        counts.extend_work = counts.extend_work.saturating_add(work);
        let runs = |part: &String| 1 + counts.extended.get(part).copied().unwrap_or(0);
        let touched = counts
            .compound
            .iter()
            .filter(|parts| parts.contains(&target));
        let most = touched
            .map(|parts| parts.iter().map(runs).fold(1, usize::saturating_mul))
            .max();
        (
            counts.extends > MAX_EXTENDS || counts.extend_work > MAX_EXTEND_WORK,
            most.unwrap_or(1) > MAX_EXTENDED,
        )
    });
    match found {
        (true, _) => fail(
            format!(
                "more than {MAX_EXTENDS} runs of @extend, or fewer on selectors that many rules \
                 have; include a mixin instead"
            ),
            span,
        ),
        (_, true) => fail(
            format!(
                "@extend of {target} could turn one selector with several extended parts into more \
                 than {MAX_EXTENDED}; include a mixin instead"
            ),
            span,
        ),
        _ => Ok(Value::Null),
    }
}

pub(super) fn too_many_selectors() -> String {
    format!(
        "rules inside rules produce more than {MAX_SELECTORS} selectors; list fewer, or nest less"
    )
}
