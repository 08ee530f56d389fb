//! The engine's filters of lists, which take steps for the values that they go through.

use crate::budget;
use std::collections::HashSet;
use tera::{Error, Kwargs, State, Tera, TeraResult, Value};

/// Registers them.
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("length", super::texts::counted_value(length));
    tera.register_filter(
        "reverse",
        super::texts::counted_value(|value, _, _| value.reverse()),
    );
    tera.register_filter("sort", sort);
    tera.register_filter("unique", unique);
    tera.register_filter(
        "keys",
        super::texts::counted_value(|value, _, _| {
            let map = as_map(value)?;
            Ok::<_, Error>(
                map.keys()
                    .map(|key| Value::from(key.clone()))
                    .collect::<Vec<_>>(),
            )
        }),
    );
    tera.register_filter(
        "values",
        super::texts::counted_value(|value, _, _| {
            Ok::<_, Error>(as_map(value)?.values().cloned().collect::<Vec<_>>())
        }),
    );
    tera.register_filter(
        "pairs",
        super::texts::counted_value(|value, _, _| {
            let pairs = as_map(value)?.iter();
            let pairs =
                pairs.map(|(key, value)| Value::from(vec![key.clone().into(), value.clone()]));
            Ok::<_, Error>(pairs.collect::<Vec<_>>())
        }),
    );
}

fn as_map(value: &Value) -> TeraResult<&tera::Map> {
    // The engine's own error for what is no map.
    <&tera::Map as tera::ArgFromValue>::from_value(value)
}

fn length(value: &Value, _: Kwargs, _: &State) -> TeraResult<usize> {
    let none = || Error::message(format!("Value of type {} has no length", value.name()));
    value.len().ok_or_else(none)
}

/// The steps of comparing values with one another so many times: the longest text counts.
fn spend_comparing<'a>(values: impl Iterator<Item = &'a Value>, times: u64) -> TeraResult<()> {
    let longest = values.filter_map(Value::as_str).map(str::len).max();
    let bytes = longest.unwrap_or(0) / (8 * budget::BYTES_A_STEP);
    budget::spend(times.saturating_mul(1 + bytes as u64))
}

/// Sorts a list, by what its values have under a path where one is given; values that have none of
/// it go last.
fn sort(list: &[Value], arguments: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    budget::of_arguments(&arguments)?;
    let attribute = arguments.get::<&str>("attribute")?;
    let mut keyed = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let key = match attribute {
            None => value,
            Some(path) => value.get_from_path(path).ok_or_else(|| {
                Error::message(format!(
                    "Value at index {index} (a {}) does not have an attribute at path: {path}",
                    value.name()
                ))
            })?,
        };
        keyed.push((key, value));
    }
    let rounds = u64::from(list.len().ilog2()) + 1;
    spend_comparing(
        keyed.iter().map(|(key, _)| *key),
        list.len() as u64 * rounds / 4,
    )?;
    keyed.sort_by(|(a, _), (b, _)| Ord::cmp(*a, *b));
    for pair in keyed.windows(2) {
        let (before, key) = (pair[0].0, pair[1].0);
        if !before.is_none() && !key.is_none() && before.partial_cmp(key).is_none() {
            return Err(Error::message(format!(
                "Cannot sort: `{}` and `{}` are not comparable",
                before.name(),
                key.name()
            )));
        }
    }
    Ok(keyed.into_iter().map(|(_, value)| value.clone()).collect())
}

/// Each value once, where it is first. Texts are looked up, other values compared.
fn unique(list: &[Value], _: Kwargs, _: &State) -> TeraResult<Vec<Value>> {
    let mut texts: HashSet<&str> = HashSet::new();
    let mut others: Vec<&Value> = Vec::new();
    let mut kept = Vec::new();
    for value in list {
        let is_new = match value.as_str() {
            Some(text) => {
                budget::spend_bytes(text.len())?;
                texts.insert(text)
            }
            None => {
                budget::spend(others.len() as u64 / 8)?;
                let is_new = !others.contains(&value);
                if is_new {
                    others.push(value);
                }
                is_new
            }
        };
        if is_new {
            kept.push(value.clone());
        }
    }
    budget::spend(list.len() as u64)?;
    Ok(kept)
}
