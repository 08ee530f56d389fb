//! What nesting, and the functions of `sass:selector`, make of selectors.
//!
//! The functions are called through [`FUNCTIONS`] and [`MODULE`], which have the same names: they
//! count first what would be made of the arguments.

use super::count::{
    Answer, MAX_VALUE_BYTES, fail, note_comparisons, note_emitted, note_used, size,
};
use grass_compiler::Visitor;
use grass_compiler::sass_ast::ArgumentResult;
use grass_compiler::sass_value::{ListSeparator, Value};
use std::cell::Cell;

/// Selectors that nesting makes of others.
pub(super) const MAX_SELECTORS: usize = 1_000;
/// The same for a whole file.
pub(super) const MAX_SELECTORS_IN_FILE: usize = 1_000_000;
/// Selectors that extending or unifying makes of one another.
pub(super) const MAX_MADE: usize = 10_000;

/// The global functions.
pub(super) const FUNCTIONS: &str = include_str!("functions.scss");
/// The module in place of `sass:selector`.
pub(super) const MODULE: &str = include_str!("selector.scss");

pub(super) fn too_many_selectors() -> String {
    format!(
        "rules inside rules produce more than {MAX_SELECTORS} selectors; list fewer, or nest less"
    )
}

fn too_long_selectors() -> String {
    format!(
        "rules inside rules produce selectors of more than {MAX_VALUE_BYTES} bytes; write fewer `&`"
    )
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
    let around = arguments.get_positional(2).map(|around| around.node);
    let (around, bytes) = match around {
        Some(Value::List(list, ..)) => (list.len(), list.iter().map(|one| size(one, 0)).max()),
        _ => (1, None),
    };
    let value = arguments
        .get_positional(3)
        .map_or(Value::Null, |value| value.node);
    let (more, again) = in_selector(&value);
    let parents = (parents + again).max(1);
    let power = u32::try_from(parents).unwrap_or(u32::MAX);
    let count = around.saturating_pow(power).saturating_mul(list + more);
    if count > MAX_SELECTORS {
        return fail(too_many_selectors(), span);
    }
    // Each level that writes `&` twice doubles the length.
    let bytes = bytes.unwrap_or(0).saturating_mul(parents);
    if bytes.saturating_mul(count) > MAX_VALUE_BYTES {
        return fail(too_long_selectors(), span);
    }
    note_emitted(count).map_err(|message| (message, span))?;
    Ok(value)
}

/// How many parts of a selector are inside one another.
pub(super) fn descendants(selector: &str) -> usize {
    let is_combinator = |part: &&str| matches!(*part, ">" | "+" | "~");
    let parts = selector.split_whitespace();
    parts.filter(|part| !is_combinator(part)).count()
}

/// How many selectors are woven of two that have so many parts inside one another: where they have
/// some in common, what is between those may come in either order.
pub(super) fn woven(one: usize, other: usize) -> usize {
    let orders = u32::try_from(one.min(other).saturating_sub(1)).unwrap_or(u32::MAX);
    2_usize.saturating_pow(orders)
}

/// A list of selectors as an argument.
#[derive(Debug, Default)]
struct List {
    count: usize,
    /// Of the longest: its bytes, its parts inside one another, its `&`, and what begins a part of a
    /// compound selector.
    bytes: usize,
    descendants: usize,
    parents: usize,
    parts: usize,
}

impl List {
    fn of(value: &Value) -> Self {
        let mut list = Self::default();
        list.add(value);
        list
    }

    fn add(&mut self, value: &Value) {
        match value {
            Value::String(text, _) => text.split(',').for_each(|text| self.add_one(text)),
            Value::List(list, ListSeparator::Space | ListSeparator::Undecided, _) => {
                let mut text = String::new();
                for value in list {
                    match value {
                        Value::String(part, _) => {
                            text.push_str(part);
                            text.push(' ');
                        }
                        other => self.add(other),
                    }
                }
                text.split(',').for_each(|text| self.add_one(text));
            }
            Value::List(list, ..) => list.iter().for_each(|value| self.add(value)),
            Value::ArgList(list) => list.elems.iter().for_each(|value| self.add(value)),
            _ => {}
        }
    }

    fn add_one(&mut self, selector: &str) {
        let count = |wanted: &[char]| selector.matches(wanted).count();
        self.count += 1;
        self.bytes = self.bytes.max(selector.len() + 1);
        // Combinators need no spaces around them.
        let combinators = count(&['>', '+', '~']);
        self.descendants = self.descendants.max(descendants(selector) + combinators);
        self.parents = self.parents.max(count(&['&']));
        self.parts = self.parts.max(1 + count(&['.', '#', '%', ':', '[']));
    }
}

/// How many selectors a function makes of its arguments, how many bytes the longest has, and how
/// many comparisons it takes.
fn made(function: &str, lists: &[List]) -> (usize, usize, usize) {
    let product = lists.iter().map(|list| list.count.max(1));
    let product = product.fold(1, usize::saturating_mul);
    let bytes = lists.iter().map(|list| list.bytes);
    let bytes = bytes.fold(0, usize::saturating_add);
    let longest = lists
        .iter()
        .map(|list| list.parts.saturating_mul(list.descendants));
    let longest = longest.max().unwrap_or(1).max(1);
    match (function, lists) {
        ("nest", _) => lists.iter().fold((1, 1, 0), |(count, bytes, _), list| {
            let parents = list.parents.max(1);
            let power = u32::try_from(parents).unwrap_or(u32::MAX);
            let count = list
                .count
                .max(1)
                .saturating_mul(usize::saturating_pow(count, power));
            (
                count,
                bytes.saturating_mul(parents).saturating_add(list.bytes),
                0,
            )
        }),
        ("unify", [one, other]) => {
            let woven = woven(one.descendants, other.descendants);
            (product.saturating_mul(woven), bytes, 0)
        }
        ("extend" | "replace", [selector, target, source]) => {
            // Each part that is a target stays, or becomes one of the sources.
            let power = u32::try_from(selector.parts.min(target.count * target.parts));
            let paths = (1 + source.count).saturating_pow(power.unwrap_or(u32::MAX));
            let woven = woven(selector.descendants, source.descendants);
            let count = selector.count.saturating_mul(paths).saturating_mul(woven);
            let copies = target.count.saturating_mul(target.parts);
            let copies = copies.saturating_mul(source.count);
            (count, bytes.saturating_mul(selector.parts), copies)
        }
        ("is-superselector", _) => (
            0,
            0,
            product.saturating_mul(longest).saturating_mul(longest),
        ),
        _ => (product, bytes, 0),
    }
}

thread_local! {
    static HAS_REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Begins to count, on the thread that compiles.
pub(super) fn start() {
    HAS_REFUSED.set(false);
}

/// True where a function of selectors would have made too much.
pub(crate) fn has_refused_lists() -> bool {
    HAS_REFUSED.get()
}

/// Counts what a function of selectors would make of its arguments: its name, as the author may have
/// written it, and they.
pub(crate) fn lists(arguments: ArgumentResult, _: &mut Visitor) -> Answer {
    count_lists(arguments).inspect_err(|_| HAS_REFUSED.set(true))
}

fn count_lists(mut arguments: ArgumentResult) -> Answer {
    let span = arguments.span();
    let name = match arguments.get_positional(0).map(|name| name.node) {
        Some(Value::String(name, _)) => name,
        _ => return Ok(Value::Null),
    };
    let values = (1..).map_while(|index| arguments.get_positional(index));
    let lists: Vec<List> = values.map(|value| List::of(&value.node)).collect();
    let function = name.trim_start_matches("selector-");
    let (count, bytes, compared) = made(function, &lists);
    let most = match function {
        "nest" | "append" => MAX_SELECTORS,
        _ => MAX_MADE,
    };
    if count > most {
        let message = format!("{name}() could make more than {most} selectors; list fewer");
        return fail(message, span);
    }
    let bytes = bytes.saturating_mul(count);
    if bytes > MAX_VALUE_BYTES || compared > MAX_VALUE_BYTES {
        let message = format!(
            "{name}() could make selectors of more than {MAX_VALUE_BYTES} bytes, or compare as many \
             of them; list fewer"
        );
        return fail(message, span);
    }
    note_emitted(count).map_err(|message| (message, span))?;
    note_comparisons(compared).map_err(|message| (message, span))?;
    note_used(bytes).map_err(|message| (message, span))?;
    Ok(Value::Null)
}
