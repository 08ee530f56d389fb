//! What a template can read of its context and of what functions answer: the narrowing of the
//! dependency graph.
//!
//! The engine's values are plain and its syntax tree is private, so what a template reads cannot be
//! seen while it renders. It is worked out from the text instead. The analysis narrows only what it
//! can prove; whatever it does not know means that all is read.

use std::collections::BTreeMap;

/// How much of a value is read.
///
/// Whatever the shape, it is read whether the value is there, of what kind it is, and whether it is
/// empty. Only maps and lists can be read in part; a shape of parts reads the whole of any other
/// value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// All of it, however deep.
    Whole,
    /// Only these parts.
    Parts(Parts),
}

/// [`Shape::Whole`], always in the same place.
pub static WHOLE: Shape = Shape::Whole;

impl Shape {
    /// What is read of a field; None where it is not read.
    pub fn field(&self, name: &str) -> Option<&Shape> {
        match self {
            Self::Whole => Some(&WHOLE),
            Self::Parts(parts) => parts.fields.get(name),
        }
    }
}

/// The parts of a map or a list that are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Parts {
    /// Of a map: these fields.
    pub fields: BTreeMap<String, Shape>,
    /// Of a list: its values.
    pub items: Option<Box<Items>>,
    /// How many values or fields there are.
    pub length: bool,
}

/// The values of a list that are read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Items {
    /// Only so many, from the first on, and whether there are fewer; None: all, and so how many there are.
    pub first: Option<usize>,
    /// What is read of each.
    pub shape: Shape,
}

/// A call of a global function in a template.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call {
    /// The function.
    pub function: String,
    /// Arguments that are written out as texts: name to text. Others are not here.
    pub literals: BTreeMap<String, String>,
    /// What is read of the answer.
    pub shape: Shape,
}

/// What a template reads, with all that it extends, includes and calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reads {
    /// Variables of the context; those that are not here are not read. None: any of them, whole.
    pub context: Option<BTreeMap<String, Shape>>,
    /// Calls of functions. None: any function, and all of its answer.
    pub calls: Option<Vec<Call>>,
    /// The templates that it is made of, by their full names, itself included. None where they are
    /// not known: then it is made of all.
    pub templates: Option<std::collections::BTreeSet<String>>,
}

impl Reads {
    /// Anything may be read.
    pub fn everything() -> Self {
        Self {
            context: None,
            calls: None,
            templates: None,
        }
    }

    /// What is read of a variable of the context; None where it is not read.
    pub fn variable(&self, name: &str) -> Option<&Shape> {
        match &self.context {
            None => Some(&WHOLE),
            Some(variables) => variables.get(name),
        }
    }

    /// What is read of the answer of a function that was called with these arguments.
    pub fn answer(&self, _function: &str, _arguments: &dyn Fn(&str) -> Option<String>) -> Shape {
        Shape::Whole
    }
}

/// The templates of a site.
pub struct Set<'a>(&'a BTreeMap<String, String>);

impl<'a> Set<'a> {
    /// All templates by full name, and what else a name is tried with, in order.
    pub fn new(templates: &'a BTreeMap<String, String>, _prefixes: &[String]) -> Self {
        Self(templates)
    }

    /// What a template reads.
    pub fn reads(&self, _entry: &str) -> Reads {
        let _ = self.0;
        Reads::everything()
    }
}
