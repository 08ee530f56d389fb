//! A map of the fields that a shape reads, or their mark: each field is named once, for whatever it is made.

use super::{Detail, View};
use crate::graph::add_value;
use crate::render::readings::{Part, Readings};
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::key::SourceKey;
use quillfront_templates::reads::{Shape, WHOLE};
use std::sync::LazyLock;
use tera::{Map, Value};

/// A map under construction, of the fields that a shape reads; or, for marks, the mark of them.
pub(super) struct Fields<'a> {
    into: Sink,
    shape: &'a Shape,
    noted: Option<(&'a Readings, &'a SourceKey)>,
}

enum Sink {
    Map(Map),
    Mark(Marker),
    Nothing,
}

impl<'a> Fields<'a> {
    pub(super) fn whole() -> Self {
        Self::of(Detail::Full, &WHOLE)
    }

    pub(super) fn of(detail: Detail<'_>, shape: &'a Shape) -> Self {
        let into = match detail {
            Detail::Full | Detail::Read => Sink::Map(Map::default()),
            Detail::Marks(_) | Detail::Bodies(_) => Sink::Mark(Marker::default()),
            Detail::Sources(_) => Sink::Nothing,
        };
        Self {
            into,
            shape,
            noted: None,
        }
    }

    /// Fields that are added to those of a map.
    pub(super) fn added_to(base: Value, shape: &'a Shape) -> Self {
        Self {
            into: Sink::Map(base.into_map().unwrap_or_default()),
            shape,
            noted: None,
        }
    }

    /// The same, of a source of which it is noted what is read.
    pub(super) fn noting(self, view: View<'a>, key: &'a SourceKey) -> Self {
        Self {
            noted: view.noting(key),
            ..self
        }
    }

    /// Fields of a source of which it is noted what is read.
    pub(super) fn of_source(view: View<'a>, key: &'a SourceKey, shape: &'a Shape) -> Self {
        Self::of(view.detail, shape).noting(view, key)
    }

    /// A field that is only made where it is read.
    pub(super) fn with(
        mut self,
        name: &'static str,
        value: impl FnOnce(&'a Shape) -> Value,
    ) -> Self {
        if let Some(shape) = self.shape.field(name) {
            if let Some((readings, key)) = self.noted {
                readings.note(key, Part::of(name, shape));
            }
            let value = value(shape);
            match &mut self.into {
                Sink::Map(map) => {
                    map.insert(name.into(), value);
                }
                Sink::Mark(marker) => {
                    marker.bytes(name);
                    add_value(marker, &value, shape);
                }
                Sink::Nothing => {}
            }
        }
        self
    }

    /// A field whose value costs nothing; its mark is taken without making a value of it.
    pub(super) fn set(mut self, name: &'static str, value: impl Plain) -> Self {
        if let Some(shape) = self.shape.field(name) {
            if let Some((readings, key)) = self.noted {
                readings.note(key, Part::of(name, shape));
            }
            match &mut self.into {
                Sink::Map(map) => {
                    map.insert(name.into(), value.value());
                }
                Sink::Mark(marker) => value.mark(marker.bytes(name)),
                Sink::Nothing => {}
            }
        }
        self
    }

    pub(super) fn option(self, name: &'static str, value: Option<impl Plain>) -> Self {
        self.set(name, value)
    }

    pub(super) fn list(self, name: &'static str, list: impl IntoIterator<Item = Value>) -> Self {
        self.with(name, |_| array(list.into_iter().collect()))
    }

    pub(super) fn texts<'t>(
        self,
        name: &'static str,
        list: impl IntoIterator<Item = &'t str>,
    ) -> Self {
        self.list(name, list.into_iter().map(Value::from))
    }

    pub(super) fn build(self) -> Value {
        match self.into {
            // Maps are kept by the thousand, so without the room that they grew by.
            Sink::Map(mut map) => {
                map.shrink_to_fit();
                Value::from(map)
            }
            Sink::Mark(marker) => marked(marker.done()),
            Sink::Nothing => Value::none(),
        }
    }
}

/// What a field may be without being made for it.
pub(super) trait Plain {
    fn value(self) -> Value;
    fn mark(self, marker: &mut Marker);
}

impl Plain for &str {
    fn value(self) -> Value {
        Value::from(self)
    }

    fn mark(self, marker: &mut Marker) {
        marker.number(1).bytes(self);
    }
}

impl<T: Plain> Plain for Option<T> {
    fn value(self) -> Value {
        self.map_or_else(Value::none, T::value)
    }

    fn mark(self, marker: &mut Marker) {
        marker.option(self, |marker, value| value.mark(marker));
    }
}

macro_rules! plain {
    ($($number:ty),*) => {$(
        impl Plain for $number {
            fn value(self) -> Value {
                Value::from(self)
            }

            fn mark(self, marker: &mut Marker) {
                marker.number(u64::try_from(self).unwrap_or(u64::MAX));
            }
        }
    )*};
}

plain!(bool, u8, u16, usize);

/// A list. The empty one is a single value that all share: every page has many.
pub(super) fn array(list: Vec<Value>) -> Value {
    static EMPTY: LazyLock<Value> = LazyLock::new(|| Value::from(Vec::<Value>::new()));
    if list.is_empty() {
        EMPTY.clone()
    } else {
        Value::from(list)
    }
}

pub(super) fn marked(mark: Mark) -> Value {
    Value::from(mark.number())
}
