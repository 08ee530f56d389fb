//! The headers of an event: `{"accept": [{"key": "Accept", "value": "*/*"}]}`.

use super::Text;
use super::object::{Order, object};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use std::fmt;

object! {
    /// One line of a header.
    pub struct Line {
        /// The name as it goes over the wire. CloudFront makes one of the lower-case name where there is
        /// none.
        key: Option<Text<'a>> = "key",
        /// The value.
        value: Text<'a> = "value",
    }
}

impl<'a> Line<'a> {
    /// Returns a line of a name and a value.
    pub fn new(key: impl Into<Text<'a>>, value: impl Into<Text<'a>>) -> Self {
        Self {
            key: Some(key.into()),
            value: value.into(),
            order: Order::default(),
        }
    }
}

/// Headers, by lower-case name, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers<'a>(Vec<Entry<'a>>);

/// So many headers are added to those of an object.
const ADDED: usize = 12;

/// A line, or the place of a name without lines.
#[derive(Clone, Debug, PartialEq)]
struct Entry<'a> {
    name: Text<'a>,
    line: Option<Line<'a>>,
    /// Whether the array of the name begins here.
    begins: bool,
}

impl<'a> Headers<'a> {
    /// Returns all lines, each with the lower-case name of its header.
    pub fn lines(&self) -> impl Iterator<Item = (&Text<'a>, &Line<'a>)> {
        let entries = self.0.iter();
        entries.filter_map(|entry| Some((&entry.name, entry.line.as_ref()?)))
    }

    /// Returns the names of all headers, each once for each array.
    pub fn names(&self) -> impl Iterator<Item = &Text<'a>> {
        let begins = self.0.iter().filter(|entry| entry.begins);
        begins.map(|entry| &entry.name)
    }

    /// Returns the lines of one header.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &Line<'a>> {
        let of_name = self.0.iter().filter(move |entry| *entry.name == *name);
        of_name.filter_map(|entry| entry.line.as_ref())
    }

    /// Returns whether a header is there.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|entry| *entry.name == *name)
    }

    /// Returns how many bytes they have over the wire: with the colon, a space and the end of a line.
    pub fn bytes(&self) -> usize {
        let value = |entry: &Entry<'a>| entry.line.as_ref().map_or(0, |line| line.value.len());
        let entries = self.0.iter();
        entries
            .map(|entry| entry.name.len() + value(entry) + 4)
            .sum()
    }

    /// Adds a line, to the others of its header if there are any.
    pub fn push(&mut self, name: impl Into<Text<'a>>, line: Line<'a>) {
        let name = name.into();
        let last = self.0.iter().rposition(|entry| *entry.name == *name);
        let at = last.map_or(self.0.len(), |last| last + 1);
        let begins = last.is_none();
        let line = Some(line);
        self.0.insert(at, Entry { name, line, begins });
    }

    /// Removes a header.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|entry| *entry.name != *name);
    }

    /// Returns the value of the first line of a header.
    pub fn get(&self, name: &str) -> Option<&str> {
        let line = self.get_all(name).next()?;
        Some(&line.value)
    }

    /// Sets a header to one line, in the place of those that it has, or at the end.
    pub fn set(&mut self, name: impl Into<Text<'a>>, value: impl Into<Text<'a>>) {
        let name = name.into();
        let line = Line::new(name.clone(), value);
        match self.0.iter().position(|entry| entry.name == name) {
            None => self.0.push(Entry {
                name,
                line: Some(line),
                begins: true,
            }),
            Some(first) => {
                let mut at = 0;
                self.0.retain(|entry| {
                    at += 1;
                    at <= first + 1 || entry.name != name
                });
                self.0[first].line = Some(line);
            }
        }
    }

    /// Returns those headers whose names are wanted.
    pub fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let mut kept = Vec::with_capacity(self.0.len() + ADDED);
        let wanted = self.0.iter().filter(|entry| wanted(&entry.name));
        kept.extend(wanted.cloned());
        Self(kept)
    }

    /// Returns whether two have the same values for a header.
    pub(super) fn agree(&self, other: &Self, name: &str) -> bool {
        let other = other.get_all(name).map(|line| &line.value);
        self.get_all(name).map(|line| &line.value).eq(other)
    }
}

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut rest = self.0.as_slice();
        while let Some(first) = rest.first() {
            let more = rest.iter().skip(1).take_while(|entry| !entry.begins);
            let (lines, others) = rest.split_at(1 + more.count());
            map.serialize_entry(&first.name, &Lines(lines))?;
            rest = others;
        }
        map.end()
    }
}

/// The lines of one name.
struct Lines<'e, 'a>(&'e [Entry<'a>]);

impl Serialize for Lines<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lines = self.0.iter().filter_map(|entry| entry.line.as_ref());
        let mut seq = serializer.serialize_seq(None)?;
        for line in lines {
            seq.serialize_element(line)?;
        }
        seq.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names).map(Headers)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Vec<Entry<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key()? {
            if entries.is_empty() {
                // Most requests have fewer, and what is larger takes an allocator longer.
                entries.reserve(11);
            }
            map.next_value_seed(OfName(name, &mut entries))?;
        }
        Ok(entries)
    }
}

/// Reads the lines of one name.
struct OfName<'e, 'de>(Text<'de>, &'e mut Vec<Entry<'de>>);

impl<'de> DeserializeSeed<'de> for OfName<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for OfName<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of lines")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self(name, entries) = self;
        let first = seq.next_element()?;
        let is_empty = first.is_none();
        entries.push(Entry {
            name: name.clone(),
            line: first,
            begins: true,
        });
        while let Some(line) = if is_empty { None } else { seq.next_element()? } {
            entries.push(Entry {
                name: name.clone(),
                line: Some(line),
                begins: false,
            });
        }
        Ok(())
    }
}
