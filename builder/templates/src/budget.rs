//! What one render may cost: the body of a page, or an output with all templates that it is made of.
//!
//! Work and bytes are counted, never time, so that a site builds, or fails, the same everywhere. A
//! step is about what the engine does in a tenth of a microsecond. The counts are kept for the thread,
//! since the engine hands nothing of ours to filters and functions; [`of_render`] begins a new one.
//! Where none runs, nothing is counted: the engine's own tests, and those of single filters.
//!
//! What spends: turns of loops, includes, blocks and components (calls that metering
//! puts into templates), and every filter, test and function by the bytes
//! and values that it goes through.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tera::{Error, Kwargs, Value};

/// Steps that one render may take.
pub const MAX_STEPS: u64 = 10_000_000;
/// Turns of loops, calls of components of its own and values of lists that a page's text may make.
pub const MAX_TEXT_STEPS: u64 = 100_000;
/// Texts that lists, captured blocks and components of one render may hold in all.
pub const MAX_KEPT_BYTES: usize = 256 << 20;
/// The same of a page's own text.
pub const MAX_TEXT_KEPT_BYTES: usize = 64 << 20;
/// The longest text in a variable of a template.
pub const MAX_VARIABLE_BYTES: usize = 8 << 20;
/// The longest text in a variable of a page's text.
pub const MAX_TEXT_VARIABLE_BYTES: usize = 1 << 20;
/// Lists and maps within one another that a template may make.
pub const MAX_DEPTH: usize = 200;
/// Bytes that a filter goes through in one step.
pub const BYTES_A_STEP: usize = 64;

/// Values that are looked at in one step.
const VALUES_A_STEP: u64 = 4;

/// What is left.
#[derive(Clone, Copy)]
struct Left {
    steps: u64,
    kept_bytes: usize,
    /// Of a page's own text, while that is rendered.
    text: Option<(u64, usize)>,
}

impl Left {
    const WHOLE: Self = Self {
        steps: MAX_STEPS,
        kept_bytes: MAX_KEPT_BYTES,
        text: None,
    };
}

thread_local! {
    /// Tells renders apart.
    static RENDER: Cell<u64> = const { Cell::new(0) };
    static LEFT: Cell<Option<Left>> = const { Cell::new(None) };
}

static DEAREST_STEPS: AtomicU64 = AtomicU64::new(0);
static DEAREST_KEPT_BYTES: AtomicUsize = AtomicUsize::new(0);

/// What renders cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Steps, of [`MAX_STEPS`].
    pub steps: u64,
    /// Bytes, of [`MAX_KEPT_BYTES`].
    pub kept_bytes: usize,
}

/// Returns the most steps and the most bytes that one render of this process has cost since the last call.
/// These are for figures: no render depends on them.
pub fn take_dearest() -> Cost {
    Cost {
        steps: DEAREST_STEPS.swap(0, Ordering::Relaxed),
        kept_bytes: DEAREST_KEPT_BYTES.swap(0, Ordering::Relaxed),
    }
}

/// Puts back what was left before.
struct Restore(Option<Left>);

impl Drop for Restore {
    fn drop(&mut self) {
        if let Some(left) = LEFT.get() {
            DEAREST_STEPS.fetch_max(MAX_STEPS - left.steps, Ordering::Relaxed);
            DEAREST_KEPT_BYTES.fetch_max(MAX_KEPT_BYTES - left.kept_bytes, Ordering::Relaxed);
        }
        LEFT.set(self.0);
    }
}

/// Runs a render with a budget of its own.
pub fn of_render<T>(render: impl FnOnce() -> T) -> T {
    let _restore = Restore(LEFT.replace(Some(Left::WHOLE)));
    RENDER.set(RENDER.get() + 1);
    render()
}

/// Runs the render of a page's own text, which has a smaller budget besides that of the render.
pub fn of_text<T>(render: impl FnOnce() -> T) -> T {
    let before = LEFT.get();
    let mut left = before.unwrap_or(Left::WHOLE);
    left.text = Some((MAX_TEXT_STEPS, MAX_TEXT_KEPT_BYTES));
    LEFT.set(Some(left));
    // What the text spent is spent of the whole; a crash leaves what was there before.
    let _restore = Restore(before);
    let result = render();
    if let (Some(before), Some(after)) = (before, LEFT.get()) {
        std::mem::forget(_restore);
        LEFT.set(Some(Left {
            text: before.text,
            ..after
        }));
    }
    result
}

/// Steps that the render at hand has taken; None where nothing is counted.
pub fn spent() -> Option<u64> {
    LEFT.get().map(|left| MAX_STEPS - left.steps)
}

/// The number of the render at hand, on its thread.
pub fn render() -> u64 {
    RENDER.get()
}

fn message<T>(message: String) -> Result<T, Error> {
    Err(Error::message(message))
}

/// Takes steps.
pub fn spend(steps: u64) -> Result<(), Error> {
    let Some(mut left) = LEFT.get() else {
        return Ok(());
    };
    match left.steps.checked_sub(steps) {
        Some(rest) => {
            left.steps = rest;
            LEFT.set(Some(left));
            Ok(())
        }
        None => {
            left.steps = 0;
            LEFT.set(Some(left));
            message(format!(
                "this takes more than {MAX_STEPS} steps: its loops, includes, components and \
                 filters do too much for one page; give them shorter lists and texts, or do less \
                 in each iteration"
            ))
        }
    }
}

/// Takes the steps of going through so many bytes.
pub fn spend_bytes(bytes: usize) -> Result<(), Error> {
    match bytes / BYTES_A_STEP {
        0 => Ok(()),
        steps => spend(steps as u64),
    }
}

/// Takes steps of a page's own text; none elsewhere.
pub fn spend_of_text(steps: u64) -> Result<(), Error> {
    let Some(mut left) = LEFT.get() else {
        return Ok(());
    };
    let Some((own, kept)) = left.text else {
        return Ok(());
    };
    let Some(own) = own.checked_sub(steps) else {
        return message(format!(
            "the loops and lists of this page take more than {MAX_TEXT_STEPS} steps; move the \
             expensive part into a template"
        ));
    };
    left.text = Some((own, kept));
    LEFT.set(Some(left));
    spend(steps)
}

/// Counts bytes that are held until the render ends or something is done with them.
pub fn keep(bytes: usize) -> Result<(), Error> {
    let Some(mut left) = LEFT.get() else {
        return Ok(());
    };
    let Some(rest) = left.kept_bytes.checked_sub(bytes) else {
        return message(format!(
            "the lists, components and captured blocks of this page hold more than \
             {MAX_KEPT_BYTES} bytes of text; print each text where it is built"
        ));
    };
    left.kept_bytes = rest;
    LEFT.set(Some(left));
    Ok(())
}

/// The same for a page's own text.
pub fn keep_of_text(bytes: usize) -> Result<(), Error> {
    let Some(mut left) = LEFT.get() else {
        return Ok(());
    };
    if let Some((own, kept)) = left.text {
        let Some(rest) = kept.checked_sub(bytes) else {
            return message(format!(
                "the lists and loops of this page hold more than {MAX_TEXT_KEPT_BYTES} bytes of \
                 text; move the large part into a template"
            ));
        };
        left.text = Some((own, rest));
        LEFT.set(Some(left));
    }
    Ok(())
}

/// Checks a value that was put into a variable.
pub fn of_variable(value: &Value, most: usize) -> Result<(), Error> {
    let Some(text) = value.as_str() else {
        return Ok(());
    };
    if text.len() > most {
        return message(format!("a variable holds more than {most} bytes of text"));
    }
    spend_bytes(text.len())
}

/// Checks a value that goes into a list or a map: how deep it is, by going through all that is in it.
pub fn of_entry(value: &Value) -> Result<(), Error> {
    if let Some(text) = value.as_str() {
        // It may have been made for this list.
        return spend_bytes(4 * text.len());
    }
    measure(value, MAX_DEPTH - 1)
}

fn measure(value: &Value, depth: usize) -> Result<(), Error> {
    let list = value.as_array();
    let map = value.as_map();
    let count = list.map_or(0, <[Value]>::len) + map.map_or(0, tera::Map::len);
    if list.is_none() && map.is_none() {
        return Ok(());
    }
    if depth == 0 {
        return message(format!(
            "lists and maps are nested more than {MAX_DEPTH} deep; to add to a list or a map, \
             write `[...list, value]` or `{{...map, name: value}}`"
        ));
    }
    spend((count as u64).div_ceil(VALUES_A_STEP))?;
    for item in list.into_iter().flatten() {
        measure(item, depth - 1)?;
    }
    for item in map.into_iter().flat_map(tera::Map::values) {
        measure(item, depth - 1)?;
    }
    Ok(())
}

/// Values that one list or map may have which a template makes of others.
pub const MAX_LIST: usize = 1_000_000;

/// Takes the steps of going through a value: the bytes of a text, the values of a list or a map.
pub fn through(value: &Value) -> Result<(), Error> {
    let count = |count: usize| {
        if count > MAX_LIST {
            return message(format!("a list has more than {MAX_LIST} values"));
        }
        spend(count as u64)
    };
    match (value.as_str(), value.as_array(), value.as_map()) {
        // Its characters are found one by one.
        (Some(text), ..) => spend_bytes(8 * text.len()),
        (_, Some(list), _) => count(list.len()),
        (_, _, Some(map)) => count(2 * map.len()),
        _ => Ok(()),
    }
}

/// Takes the steps of copying a list or a map into another one.
pub fn spread(value: &Value) -> Result<(), Error> {
    match value.as_array() {
        Some(list) if list.len() <= MAX_LIST => spend(list.len() as u64 / VALUES_A_STEP),
        _ => through(value),
    }
}

/// Takes the steps of going through the texts that a function, filter or test is called with, and keeps
/// their bytes: what is asked for is remembered until the render ends.
pub fn of_arguments(arguments: &Kwargs) -> Result<(), Error> {
    arguments
        .iter()
        .try_for_each(|(_, value)| of_argument(value))
}

fn of_argument(value: &Value) -> Result<(), Error> {
    if let Some(text) = value.as_str() {
        spend_bytes(text.len())?;
        keep(text.len())?;
        return keep_of_text(text.len());
    }
    match (value.as_array(), value.as_map()) {
        (Some(list), _) => {
            spend(list.len() as u64 / VALUES_A_STEP)?;
            list.iter().try_for_each(of_argument)
        }
        // Written out, its keys cost as well.
        (_, Some(map)) => {
            spend(map.len() as u64)?;
            map.values().try_for_each(of_argument)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
