//! What metered text calls.

use super::{MAX_LISTED_BYTES, MAX_OUTPUT_BYTES};
use crate::budget::{self, MAX_TEXT_VARIABLE_BYTES, MAX_VARIABLE_BYTES};
use crate::filters::sizes::fits;
use tera::{Error, Kwargs, State, Tera, Value};

/// Registers what metered text calls, and a `range` that counts.
pub fn register(tera: &mut Tera) {
    tera.register_function(STEP, |_: Kwargs, _: &State| {
        budget::spend_of_text(1).map(|()| "")
    });
    for power in 0..=MAX_POWER {
        let steps = 1 << power;
        tera.register_function(format!("{TURN}{power}"), move |_: Kwargs, _: &State| {
            budget::spend(steps).map(|()| "")
        });
        tera.register_function(
            format!("{TURN_KEPT}{power}"),
            move |_: Kwargs, _: &State| {
                budget::keep(budget::BYTES_A_STEP << power)?;
                budget::spend(steps).map(|()| "")
            },
        );
    }
    tera.register_function(SIZE, |arguments: Kwargs, _: &State| {
        let value = of(&arguments)?;
        budget::of_variable(&value, MAX_TEXT_VARIABLE_BYTES)?;
        spend_lists(&value).map(|()| "")
    });
    tera.register_function(SIZE_IN_TEMPLATE, |arguments: Kwargs, _: &State| {
        budget::of_variable(&of(&arguments)?, MAX_VARIABLE_BYTES).map(|()| "")
    });
    tera.register_function(LOOK, |arguments: Kwargs, _: &State| {
        for (name, value) in arguments.iter() {
            match name.as_str().and_then(|name| name.chars().next()) {
                Some('s') => of_searched(value)?,
                Some('i') => of_indexed(value)?,
                _ => of_compared(value)?,
            }
        }
        Ok::<_, Error>("")
    });
    tera.register_function(LOOK_KEPT, |arguments: Kwargs, _: &State| {
        keep_of(&of(&arguments)?).map(|()| "")
    });
    /// What a value costs that passes through a call.
    type Cost = fn(&Value) -> Result<(), Error>;
    let passing: [(&'static str, Cost); 12] = [
        (SEARCHED, of_searched),
        (INDEXED, of_indexed),
        (COMPARED, of_compared),
        (KEEP, |value| {
            budget::of_entry(value)?;
            keep_all_of_text(value)
        }),
        (KEEP_IN_TEMPLATE, keep_of),
        (ELEMENT, |value| {
            budget::of_entry(value)?;
            keep_of(value)
        }),
        (ENTRY, budget::of_entry),
        (SPREAD, budget::spread),
        (ALL, budget::through),
        (EACH, |value| match value.as_array() {
            // Its turns are counted.
            Some(_) => Ok(()),
            None => budget::through(value),
        }),
        (JOINED, |value| {
            budget::of_variable(value, MAX_VARIABLE_BYTES)
        }),
        (JOINED_IN_TEXT, |value| {
            budget::of_variable(value, MAX_TEXT_VARIABLE_BYTES)
        }),
    ];
    for (name, check) in passing {
        tera.register_function(name, move |arguments: Kwargs, _: &State| {
            let value = of(&arguments)?;
            check(&value).map(|()| value)
        });
    }
    tera.register_function("range", range);
}

/// What a call is given; what has no value stays without one.
fn of(arguments: &Kwargs) -> Result<Value, Error> {
    Ok(arguments
        .get::<Value>("of")?
        .unwrap_or_else(Value::undefined))
}

pub(super) const STEP: &str = "__step";
/// Followed by the power of two of the steps that it takes.
pub(super) const TURN: &str = "__turn";
/// The same where what is written is kept.
pub(super) const TURN_KEPT: &str = "__turn_kept";
pub(super) const MAX_POWER: usize = 20;
pub(super) const SIZE: &str = "__size";
pub(super) const SIZE_IN_TEMPLATE: &str = "__size_in_template";
pub(super) const LOOK: &str = "__look";
pub(super) const LOOK_KEPT: &str = "__look_kept";
// These answer with what they are given.
pub(super) const KEEP: &str = "__keep";
pub(super) const KEEP_IN_TEMPLATE: &str = "__keep_in_template";
pub(super) const ELEMENT: &str = "__element";
pub(super) const ENTRY: &str = "__entry";
pub(super) const SPREAD: &str = "__spread";
pub(super) const ALL: &str = "__all";
pub(super) const EACH: &str = "__each";
pub(super) const JOINED: &str = "__joined";
pub(super) const JOINED_IN_TEXT: &str = "__joined_in_text";
pub(super) const SEARCHED: &str = "__searched";
pub(super) const INDEXED: &str = "__indexed";
pub(super) const COMPARED: &str = "__compared";

/// The texts of a value, and of lists in lists, count as kept; a value of a list is a step.
fn keep_all_of_text(value: &Value) -> Result<(), Error> {
    budget::keep_of_text(value.as_str().map_or(0, str::len))?;
    if let Some(list) = value.as_array() {
        budget::spend_of_text(list.len() as u64)?;
        list.iter().try_for_each(keep_all_of_text)?;
    }
    Ok(())
}

/// Lists in a variable of a page's text: their values are steps, their texts are kept.
fn spend_lists(value: &Value) -> Result<(), Error> {
    match value.as_array() {
        Some(_) => {
            let mut left = MAX_LISTED_BYTES;
            if !fits(value, &mut left) {
                return Err(Error::message(format!(
                    "a list holds more than {MAX_LISTED_BYTES} bytes of text; move the large part \
                     into a template"
                )));
            }
            count_lists(value)
        }
        None => Ok(()),
    }
}

fn count_lists(value: &Value) -> Result<(), Error> {
    if let Some(list) = value.as_array() {
        budget::spend_of_text(list.len() as u64)?;
        list.iter().try_for_each(count_lists)?;
    }
    Ok(())
}

/// What is written into something that is kept.
fn keep_of(value: &Value) -> Result<(), Error> {
    let bytes = match value.as_str() {
        Some(text) => text.len(),
        None if value.as_array().is_some() || value.as_map().is_some() => {
            let mut left = MAX_OUTPUT_BYTES;
            if !fits(value, &mut left) {
                left = 0;
            }
            MAX_OUTPUT_BYTES - left
        }
        None => 8,
    };
    budget::spend_bytes(bytes / 4)?;
    budget::keep(bytes)
}

/// What is searched with `in`, or cut.
fn of_searched(value: &Value) -> Result<(), Error> {
    match value.as_array() {
        // Compared with one after the other.
        Some(list) => budget::spend(list.len() as u64 / 8),
        None if value.is_string() => budget::through(value),
        None => Ok(()),
    }
}

/// What one value is taken of: the engine cuts texts into their characters for it.
fn of_indexed(value: &Value) -> Result<(), Error> {
    if value.is_string() {
        budget::through(value)
    } else {
        Ok(())
    }
}

/// What is compared: at most all of it.
fn of_compared(value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) => budget::spend_bytes(text.len()),
        None if value.as_array().is_some() || value.as_map().is_some() => {
            let mut left = MAX_OUTPUT_BYTES;
            let fits = fits(value, &mut left);
            budget::spend_bytes(if fits {
                MAX_OUTPUT_BYTES - left
            } else {
                MAX_OUTPUT_BYTES
            })
        }
        None => Ok(()),
    }
}

/// The longest list that `range` makes anywhere; Tera's own limit.
const MAX_RANGE: i128 = 100_000;

/// `range(start, end, step_by)`, as the engine's.
fn range(arguments: Kwargs, _: &State) -> Result<Vec<i128>, Error> {
    let start = arguments.get::<i128>("start")?.unwrap_or_default();
    let end = arguments.must_get::<i128>("end")?;
    let step = arguments.get::<i128>("step_by")?.unwrap_or(1);
    if step == 0 {
        return Err(Error::message("`range` was called with a `step_by` of 0"));
    }
    if start > end && step > 0 {
        let message = "`range` was called with a `start` greater than its `end`";
        return Err(Error::message(message));
    }
    let overflow = || Error::message("the numbers given to `range` are too large");
    let span = if step > 0 {
        end.checked_sub(start)
    } else {
        start.checked_sub(end)
    };
    let span = span.ok_or_else(overflow)?.max(0).unsigned_abs();
    let count = i128::try_from(span.div_ceil(step.unsigned_abs())).map_err(|_| overflow())?;
    if count > MAX_RANGE {
        let message = format!("`range` would make {count} values; {MAX_RANGE} are the most");
        return Err(Error::message(message));
    }
    budget::spend_of_text(count as u64)?;
    budget::spend(count as u64)?;
    Ok((0..count).map(|i| start + i * step).collect())
}
