//! What a value of a template may be, as far as it matters to what is read.

use super::tree::Place;
use std::collections::{BTreeMap, BTreeSet};

/// Any of these: values from outside, maps and lists that the template made of others, and, where it
/// is open, anything else that follows from what is read already.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Value {
    /// Values from outside.
    pub places: BTreeSet<Place>,
    /// Fields of maps that were made.
    pub fields: BTreeMap<String, Value>,
    /// Fields of any other name.
    pub others: Option<Box<Value>>,
    /// Values of lists that were made.
    pub items: Option<Box<Value>>,
    /// It may be something that is none of these, with anything in it.
    pub open: bool,
    /// It may be undefined.
    pub undefined: bool,
    /// It is neither a map nor a list.
    pub atom: bool,
}

impl Value {
    /// Something that follows from what is read already.
    pub fn known() -> Self {
        Self {
            open: true,
            ..Self::default()
        }
    }

    /// A text, a number or the like that follows from what is read already.
    pub fn atom() -> Self {
        Self {
            atom: true,
            ..Self::default()
        }
    }

    /// What a name stands for that there is not.
    pub fn undefined() -> Self {
        Self {
            undefined: true,
            ..Self::atom()
        }
    }

    /// A value from outside that may not be there.
    pub fn place(place: Place) -> Self {
        Self {
            places: BTreeSet::from([place]),
            undefined: true,
            ..Self::default()
        }
    }

    /// A list of such values.
    pub fn list(items: Self) -> Self {
        Self {
            items: Some(Box::new(items)),
            ..Self::default()
        }
    }

    /// As it is where it is known to be there.
    pub fn defined(self) -> Self {
        Self {
            undefined: false,
            ..self
        }
    }

    /// True for a map or a list that was made.
    pub fn is_made(&self) -> bool {
        !self.fields.is_empty() || self.others.is_some() || self.items.is_some()
    }

    /// Either of the two.
    pub fn or(mut self, other: Self) -> Self {
        self.places.extend(other.places);
        for (name, value) in other.fields {
            let value = match self.fields.remove(&name) {
                Some(before) => before.or(value),
                None => value,
            };
            self.fields.insert(name, value);
        }
        self.others = either(self.others, other.others);
        self.items = either(self.items, other.items);
        self.open |= other.open;
        self.undefined |= other.undefined;
        self.atom &= other.atom;
        self
    }

    /// How large it is.
    pub fn size(&self) -> usize {
        let inner = self.fields.values().map(Self::size).sum::<usize>();
        let rest = [&self.others, &self.items].into_iter().flatten();
        1 + self.places.len() + inner + rest.map(|value| value.size()).sum::<usize>()
    }
}

fn either(one: Option<Box<Value>>, other: Option<Box<Value>>) -> Option<Box<Value>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Box::new(one.or(*other))),
        (one, other) => one.or(other),
    }
}
