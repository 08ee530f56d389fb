//! One tree for TOML and YAML, in which every value knows its place.

use super::Value;
use crate::diagnostic::Diagnostic;
use toml::value::Datetime;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub data: Data,
}

/// The kinds of values that the two formats share.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// YAML only.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// TOML only: YAML's dates arrive as text.
    Date(Datetime),
    /// A list.
    Array(Vec<Node>),
    /// Entries in the order of the file.
    Table(Vec<Entry>),
}

/// A name in a table, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The name.
    pub key: String,
    /// Where the name stands.
    pub place: Place,
    /// Its value.
    pub node: Node,
}

/// Where something stands within a [`Source`]. TOML's parser counts bytes, YAML's lines: they are
/// brought together only when a problem is reported, since counting columns in a long line for
/// each value would take time by the square of its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Bytes from the start of the text.
    Byte(usize),
    /// 1-based line and column, in characters, within the text.
    Line(u32, u32),
}

/// The text that a tree was read from, and how its problems are reported.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The source key, for diagnostics.
    pub file: &'a str,
    /// The text that was parsed.
    pub text: &'a str,
    /// The 1-based line of the file that `text` starts on.
    pub first_line: u32,
    /// The diagnostics' code.
    pub code: &'static str,
}

impl Source<'_> {
    /// An error at a place, or at the text's first line.
    pub fn error(&self, place: Option<Place>, message: impl Into<String>) -> Diagnostic {
        let (line, column) = match place {
            None => (1, None),
            Some(Place::Line(line, column)) => (line, Some(column)),
            Some(Place::Byte(offset)) => self.line_and_column(offset),
        };
        let line = self.first_line.saturating_add(line.saturating_sub(1));
        Diagnostic::error(self.code, self.file, message).at(line, column)
    }

    fn line_and_column(&self, offset: usize) -> (u32, Option<u32>) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        (
            u32::try_from(line).unwrap_or(u32::MAX),
            u32::try_from(column).ok(),
        )
    }
}

impl Node {
    /// The noun for this kind of value, with its article.
    pub fn noun(&self) -> &'static str {
        match self.data {
            Data::Null => "nothing",
            Data::Bool(_) => "true or false",
            Data::Integer(_) => "a whole number",
            Data::Float(_) => "a number with a fraction",
            Data::Text(_) => "text",
            Data::Date(_) => "a date",
            Data::Array(_) => "a list",
            Data::Table(_) => "a table",
        }
    }

    /// The value without its places.
    pub fn into_value(self) -> Value {
        match self.data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(value),
            Data::Integer(value) => Value::Integer(value),
            Data::Float(value) => Value::Float(value),
            Data::Text(value) => Value::Text(value),
            Data::Date(value) => Value::Text(value.to_string()),
            Data::Array(items) => Value::Array(items.into_iter().map(Node::into_value).collect()),
            Data::Table(entries) => Value::Table(
                entries
                    .into_iter()
                    .map(|entry| (entry.key, entry.node.into_value()))
                    .collect(),
            ),
        }
    }
}
