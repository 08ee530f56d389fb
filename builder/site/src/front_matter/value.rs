//! What authors put under `extra`: any value, in the order of the file.

use serde::{Deserialize, Serialize};

/// A free value. Dates are text, as templates print them; a table keeps the order of the file,
/// whatever order the libraries' own tables have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// YAML's `null` or `~`; TOML has none.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// Text, and dates.
    Text(String),
    /// A list.
    Array(Vec<Value>),
    /// Names and their values; no name occurs twice.
    Table(Vec<(String, Value)>),
}

impl Value {
    /// A table without entries: what `extra` is when it is not given.
    pub fn empty_table() -> Value {
        Value::Table(Vec::new())
    }
}

impl Default for Value {
    fn default() -> Self {
        Value::empty_table()
    }
}
