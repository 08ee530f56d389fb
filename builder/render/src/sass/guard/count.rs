//! What is counted while a style sheet is compiled, by the calls that were put in.

use super::selectors::{MAX_SELECTORS, too_many_selectors};
use grass_compiler::Visitor;
use grass_compiler::codemap::Span;
use grass_compiler::sass_ast::ArgumentResult;
use grass_compiler::sass_value::{CalculationArg, SassNumber, Unit, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
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
pub(super) const MAX_VALUE_BYTES: usize = 1 << 20;
const ITEM_BYTES: usize = 32;
/// What a unit of a number with several counts as: numbers that are multiplied compare their units.
const UNIT_BYTES: usize = 1 << 10;
/// What is no larger is not looked at.
const SMALL_BYTES: usize = 2 * ITEM_BYTES;
/// Bytes of values that may be used in one compilation.
const MAX_USED_BYTES: usize = 512 << 20;
/// Comparisons of names, and of the keys of maps that are written out.
const MAX_COMPARISONS: usize = 400_000_000;
/// Selectors and declarations that a compilation makes.
const MAX_EMITTED: usize = 1_000_000;

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
    /// True once a file forwards another one with a prefix, so that its variables have longer names.
    has_prefixes: bool,
    /// True once a file may read the variables of a module by one call.
    has_meta: bool,
    /// Runs of files by their number.
    files: BTreeMap<usize, usize>,
}

/// A body that can run again.
#[derive(Default)]
pub(super) struct Body {
    /// The variables that it is given.
    pub(super) given: Vec<String>,
    pub(super) text: Text,
    /// True for one inside something else, whose variables it sees when that has ended too.
    pub(super) nested: bool,
}

/// What there is in a text.
#[derive(Default)]
pub(super) struct Text {
    /// How often it names variables.
    pub(super) names: BTreeMap<String, usize>,
    pub(super) statements: usize,
    /// Selectors and declarations that it makes inside one selector.
    pub(super) emitted: usize,
    /// Its code without spaces: the values that are written out there are made each time.
    pub(super) bytes: usize,
    /// True where it may read all variables of a module by one call, which needs a module of Sass.
    pub(super) calls: bool,
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
        if more > 0 {
            let named = self.named_outside(name);
            self.use_bytes(more.saturating_mul(named));
        }
    }

    /// How often all files name a variable, with a prefix too.
    fn named_outside(&mut self, name: &str) -> usize {
        if !self.has_prefixes {
            return self.outside.get(name).copied().unwrap_or(0);
        }
        self.compared = self.compared.saturating_add(self.outside.len());
        let named = self
            .outside
            .iter()
            .filter(|(other, _)| other.ends_with(name));
        named
            .map(|(_, count)| *count)
            .fold(0, usize::saturating_add)
    }

    /// From here on a name may have a prefix.
    fn take_prefixes(&mut self) {
        if std::mem::replace(&mut self.has_prefixes, true) {
            return;
        }
        for (name, bytes) in self.largest.clone() {
            let all = self.named_outside(&name);
            let more = all - self.outside.get(&name).copied().unwrap_or(0);
            self.use_bytes(bytes.saturating_mul(more));
        }
    }

    /// The largest of what is known under a name, or under what it is behind a prefix.
    fn largest_of(&self, sizes: &BTreeMap<String, usize>, name: &str) -> usize {
        let of = |name: &str| sizes.get(name).copied().unwrap_or(0);
        if !self.has_prefixes {
            return of(name);
        }
        let names = name.char_indices().map(|(at, _)| of(&name[at..]));
        names.max().unwrap_or(0)
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
        let of = |sizes: &BTreeMap<String, usize>| self.largest_of(sizes, name);
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

    /// Uses what a run of a body names, and what is written out in it.
    fn use_text(&mut self, body: &Body) {
        let names = &body.text.names;
        let given: Vec<_> = self.running.iter().flat_map(|run| &run.given).collect();
        let used = names
            .iter()
            .map(|(name, count)| self.size_of(name, body, &given).saturating_mul(*count));
        let used = used.fold(0, usize::saturating_add);
        let tries = |name: &String| if self.has_prefixes { name.len() } else { 1 };
        let tries: usize = names.keys().map(tries).sum();
        let looked_at = tries.saturating_mul(1 + given.len() + body.given.len());
        self.compared = self.compared.saturating_add(looked_at);
        let read = if body.text.calls && self.has_meta {
            self.largest
                .values()
                .fold(0, |all, bytes| bytes.saturating_add(all))
        } else {
            0
        };
        self.use_bytes(used.saturating_add(body.text.bytes).saturating_add(read));
        self.statements = self.statements.saturating_add(body.text.statements);
    }
}

/// Notes a body; its number.
pub(super) fn note_body(body: Body) -> usize {
    COUNTS.with_borrow_mut(|counts| {
        counts.bodies.push(Rc::new(body));
        counts.bodies.len() - 1
    })
}

/// Notes what there is in a file, which runs once: its number. An error where that is too much.
pub(super) fn note_file(text: Text) -> Result<usize, String> {
    note_emitted(text.emitted)?;
    let is_over = COUNTS.with_borrow_mut(|counts| {
        for (name, count) in &text.names {
            let size = counts.largest_of(&counts.largest, name);
            counts.use_bytes(size.saturating_mul(*count));
            *counts.outside.entry(name.clone()).or_default() += count;
        }
        counts.used_bytes > MAX_USED_BYTES
    });
    if is_over {
        return Err(used_too_often());
    }
    Ok(note_body(Body {
        text,
        nested: true,
        ..Body::default()
    }))
}

/// Notes that a file uses the module that reads others.
pub(super) fn note_meta() {
    COUNTS.with_borrow_mut(|counts| counts.has_meta = true);
}

/// Notes that a file forwards another one with a prefix.
pub(super) fn note_prefix() {
    COUNTS.with_borrow_mut(Counts::take_prefixes);
}

/// Notes selectors and declarations that are made; an error where they are too many.
pub(crate) fn note_emitted(more: usize) -> Result<(), String> {
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

/// Where the stack is now.
#[inline(never)]
fn stack_now() -> usize {
    let here = 0u8;
    std::ptr::from_ref(&here).addr()
}

/// Begins to count, on the thread that compiles.
pub(crate) fn start() {
    super::extend::start();
    super::selectors::start();
    COUNTS.set(Counts {
        stack_start: stack_now(),
        ..Counts::default()
    });
}

pub(super) type Answer = Result<Value, Box<grass_compiler::Error>>;

pub(super) fn fail(message: String, span: Span) -> Answer {
    Err(Box::<grass_compiler::Error>::from((message, span)))
}

/// The bytes of a value, up to a little more than [`MAX_VALUE_BYTES`].
pub(super) fn size(value: &Value, so_far: usize) -> usize {
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
        Value::Dimension(number) => so_far + number_size(number),
        Value::Calculation(calculation) => calculation.args.iter().fold(so_far, calculation_size),
        _ => so_far + ITEM_BYTES,
    }
}

fn number_size(number: &SassNumber) -> usize {
    let units = match &number.unit {
        Unit::Complex(units) => units.numer.len() + units.denom.len(),
        _ => 0,
    };
    ITEM_BYTES + units * UNIT_BYTES
}

fn calculation_size(so_far: usize, argument: &CalculationArg) -> usize {
    let so_far = so_far + ITEM_BYTES;
    match argument {
        _ if so_far > MAX_VALUE_BYTES => so_far,
        CalculationArg::Number(number) => so_far + number_size(number),
        CalculationArg::Calculation(inner) => inner.args.iter().fold(so_far, calculation_size),
        CalculationArg::String(text) | CalculationArg::Interpolation(text) => so_far + text.len(),
        CalculationArg::Operation { lhs, rhs, .. } => {
            calculation_size(calculation_size(so_far, lhs), rhs)
        }
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

fn used_too_often() -> String {
    format!(
        "large values are used too often: more than {MAX_USED_BYTES} bytes in all; use smaller \
         ones in loops, functions and mixins"
    )
}

/// Notes bytes of values that are made or used; an error where they are too many.
pub(super) fn note_used(bytes: usize) -> Result<(), String> {
    let used = COUNTS.with_borrow_mut(|counts| {
        counts.use_bytes(bytes);
        counts.used_bytes
    });
    if used > MAX_USED_BYTES {
        return Err(used_too_often());
    }
    Ok(())
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
    let emitted = body.text.emitted.saturating_mul(selectors);
    note_emitted(emitted).map_err(|message| (message, span))?;
    let around = around.map_or(0, |around| size(&around, 0));
    COUNTS.with_borrow_mut(|counts| {
        counts.use_bytes(around);
        counts.use_text(&body);
    });
    check_counts(span)
}

/// Counts the second run of a file and those after it, at its end: its number, and the selectors
/// around it.
pub(crate) fn file(mut arguments: ArgumentResult, _: &mut Visitor) -> Answer {
    let span = arguments.span();
    let number = match arguments.get_positional(0).map(|number| number.node) {
        Some(Value::Dimension(number)) => number.num.0 as usize,
        _ => return Ok(Value::Null),
    };
    let selectors = match arguments.get_positional(1).map(|around| around.node) {
        Some(Value::List(list, ..)) => list.len().max(1),
        _ => 1,
    };
    let known = COUNTS.with_borrow_mut(|counts| {
        let body = counts.bodies.get(number).cloned()?;
        let runs = counts.files.entry(number).or_default();
        *runs += 1;
        Some((body, *runs > 1))
    });
    let Some((body, is_again)) = known else {
        return Ok(Value::Null);
    };
    let new = if is_again { selectors } else { selectors - 1 };
    let emitted = body.text.emitted.saturating_mul(new);
    note_emitted(emitted).map_err(|message| (message, span))?;
    if is_again {
        COUNTS.with_borrow_mut(|counts| counts.use_text(&body));
    }
    check_counts(span)
}

/// An error where what has run is too much.
fn check_counts(span: Span) -> Answer {
    if COUNTS.with_borrow(|counts| counts.statements) > MAX_STATEMENTS {
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
