//! Groups whose order comes out the same every time: Tera's own is that of its hash maps.

use std::collections::HashMap;
use tera::value::Key;
use tera::{Error, Kwargs, Map, State, TeraResult, Value};

/// `{{ pages | group_by(attribute="year") }}`: the items by what they have under a path, the groups
/// in the order of their first items. Items that have none there are left out.
pub(super) fn group_by(items: &[Value], arguments: Kwargs, _: &State) -> TeraResult<Map> {
    if items.is_empty() {
        return Ok(Map::default());
    }
    let mut groups: Vec<(Key<'static>, Vec<Value>)> = Vec::new();
    let mut places: HashMap<Key<'static>, usize> = HashMap::new();
    crate::budget::spend(items.len() as u64)?;
    crate::budget::of_arguments(&arguments)?;
    let attribute = arguments.must_get::<&str>("attribute")?;
    for (index, item) in items.iter().enumerate() {
        let Some(found) = item.get_from_path(attribute) else {
            return Err(Error::message(format!(
                "the value at index {index} (a {}) has nothing at the path `{attribute}`",
                item.name()
            )));
        };
        if found.is_none() {
            continue;
        }
        let key = key_of(found)?;
        match places.get(&key) {
            Some(place) => groups[*place].1.push(item.clone()),
            None => {
                places.insert(key.clone(), groups.len());
                groups.push((key, vec![item.clone()]));
            }
        }
    }
    let groups = groups.into_iter();
    Ok(groups.map(|(key, group)| (key, group.into())).collect())
}

pub(super) fn key_of(value: &Value) -> TeraResult<Key<'static>> {
    if let Some(text) = value.as_str() {
        return Ok(Key::String(text.into()));
    }
    if let Some(flag) = value.as_bool() {
        return Ok(Key::Bool(flag));
    }
    let number = value.as_i128().map(|number| match number {
        0.. => u64::try_from(number).map_or(Key::I128(number), Key::U64),
        _ => i64::try_from(number).map_or(Key::I128(number), Key::I64),
    });
    let number = number.or_else(|| value.as_u128().map(Key::U128));
    number.ok_or_else(|| {
        Error::message(format!(
            "a {} cannot name a group: only a text, a whole number, true or false can",
            value.name()
        ))
    })
}
