//! What a template can read of its context and of what functions answer: the narrowing of the
//! dependency graph.
//!
//! The engine's values are plain and its syntax tree is private, so what a template reads cannot be
//! seen while it renders. It is worked out from the text instead. The analysis narrows only what it
//! can prove; whatever it does not know means that all is read.

mod eval;
mod filters;
mod intern;
mod look;
mod printed;
mod scope;
mod syntax;
#[cfg(test)]
mod tests;
mod tree;
mod value;
mod walk;

pub use intern::{AssignedId, Interner, ShapeId};
use std::collections::{BTreeMap, BTreeSet};
use syntax::{Component, Template};
use walk::Walk;

/// How much of a value is read.
///
/// Whatever the shape, it is read whether the value is there, of what kind it is, and whether it is
/// empty. Only maps and lists can be read in part; a shape of parts reads the whole of any other
/// value: of a text all of it. A shape with [`Parts::items`] reads the whole of a map, in its order
/// ([`Shape::of_map`]): a loop goes over either. A text's mark of safety is part of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// All of it, however deep.
    Whole,
    /// Only these parts.
    Parts(Parts),
}

/// [`Shape::Whole`].
pub static WHOLE: Shape = Shape::Whole;

impl Shape {
    /// What is read of a field of a map; None where it is not read.
    pub fn field(&self, name: &str) -> Option<&Shape> {
        match self.of_map() {
            Self::Whole => Some(&WHOLE),
            Self::Parts(parts) => parts.fields.get(name),
        }
    }

    /// The shape where the value is a map: what reads the values of a list reads all of a map.
    pub fn of_map(&self) -> &Shape {
        match self {
            Self::Parts(parts) if parts.items.is_none() => self,
            _ => &WHOLE,
        }
    }

    /// True where it is read how many values a list has.
    pub fn reads_length(&self) -> bool {
        match self {
            Self::Whole => true,
            Self::Parts(parts) => {
                let all = |items: &Items| items.first.is_none();
                parts.length || parts.items.as_deref().is_some_and(all)
            }
        }
    }

    /// Reads also what another shape reads.
    pub fn merge(&mut self, other: Shape) {
        match (&mut *self, other) {
            (Self::Parts(own), Self::Parts(other)) => own.merge(other),
            (_, Self::Whole) => *self = Self::Whole,
            (Self::Whole, _) => {}
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
    /// Stands for all of these in memos.
    pub id: AssignedId,
}

impl Parts {
    /// Reads also what another reads.
    pub fn merge(&mut self, other: Parts) {
        for (name, shape) in other.fields {
            match self.fields.get_mut(&name) {
                Some(own) => own.merge(shape),
                None => drop(self.fields.insert(name, shape)),
            }
        }
        match (&mut self.items, other.items) {
            (Some(own), Some(items)) => {
                own.first = tree::at_least(own.first, items.first);
                own.shape.merge(items.shape);
            }
            (own @ None, items) => *own = items,
            (Some(_), None) => {}
        }
        self.length |= other.length;
        self.id = AssignedId::default();
    }
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
    pub templates: Option<BTreeSet<String>>,
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

    /// What is read of the answer of a function that was called with these arguments: what all
    /// calls read that may be this one. A call may be this one unless it writes out an argument that
    /// differs; where none may be, all is read.
    pub fn answer(&self, function: &str, arguments: &dyn Fn(&str) -> Option<String>) -> Shape {
        let differs = |(name, literal): (&String, &String)| {
            arguments(name).is_some_and(|given| given != *literal)
        };
        let calls = self.calls.iter().flatten();
        let calls = calls.filter(|call| call.function == function);
        let shapes = calls.filter(|call| !call.literals.iter().any(differs));
        let merged = shapes
            .map(|call| call.shape.clone())
            .reduce(|mut one, other| {
                one.merge(other);
                one
            });
        merged.unwrap_or(Shape::Whole)
    }
}

/// The templates of a site, ready to be asked what they read.
///
/// What a template reads is found by running it over what its values may be, with bounds: a template
/// of more steps, deeper nesting or more parts than a template for people has reads everything.
pub struct Set {
    /// Full name to template; None for one that is not understood.
    templates: BTreeMap<String, Option<Template>>,
    prefixes: Vec<String>,
    /// Component to the template that it is taken from; None where there are two.
    components: BTreeMap<String, Option<String>>,
    /// The names of all implicit parameters.
    implicit: BTreeSet<String>,
}

impl Set {
    /// All templates by full name with their texts, and the prefixes that a name is tried with
    /// where there is no template of the name itself, in order.
    ///
    /// The texts are those that the engine has: where it has another text in the place of a broken
    /// template, that one.
    pub fn new(texts: &BTreeMap<String, String>, prefixes: &[String]) -> Self {
        let parse = |(name, text): (&String, &String)| (name.clone(), syntax::parse(text));
        let mut set = Self {
            templates: texts.iter().map(parse).collect(),
            prefixes: prefixes.to_vec(),
            components: BTreeMap::new(),
            implicit: BTreeSet::new(),
        };
        let mut best: BTreeMap<String, (usize, Option<&str>)> = BTreeMap::new();
        for (name, template) in &set.templates {
            let rank = set.rank(name);
            for component in template
                .iter()
                .flat_map(|template| template.components.keys())
            {
                let found = (rank, Some(name.as_str()));
                let entry = best.entry(component.clone()).or_insert(found);
                if rank < entry.0 {
                    *entry = found;
                } else if rank == entry.0 && entry.1 != Some(name.as_str()) {
                    entry.1 = None;
                }
            }
        }
        let templates = set.templates.values().flatten();
        let components = templates.flat_map(|template| template.components.values());
        let parameters = components.flat_map(|component| &component.parameters);
        let implicit = parameters.filter(|(_, parameter)| parameter.implicit);
        let implicit = implicit.map(|(name, _)| name.clone()).collect();
        let components = best.into_iter();
        let components = components.map(|(name, (_, from))| (name, from.map(str::to_owned)));
        set.components = components.collect();
        set.implicit = implicit;
        set
    }

    /// What a template reads, by the name that it is asked for with.
    pub fn reads(&self, entry: &str) -> Reads {
        let mut walk = Walk::new(self);
        match walk.entry(entry) {
            Ok(()) => walk.reads(),
            Err(walk::Unknown) => Reads::everything(),
        }
    }

    /// The lower, the sooner a template's components are taken.
    fn rank(&self, name: &str) -> usize {
        let found = self
            .prefixes
            .iter()
            .position(|prefix| name.starts_with(prefix.as_str()));
        found.map_or(0, |index| index + 1)
    }

    /// A template and its full name; None where there is none or it is not understood.
    fn find(&self, name: &str) -> Option<(&str, &Template)> {
        let prefixed = self.prefixes.iter().map(|prefix| format!("{prefix}{name}"));
        let mut names = std::iter::once(name.to_owned()).chain(prefixed);
        let (name, template) =
            names.find_map(|name| self.templates.get_key_value(name.as_str()))?;
        Some((name, template.as_ref()?))
    }

    /// A component, its name and that of its template. None where it is not known: any template that
    /// is not understood may define it.
    fn component(&self, name: &str) -> Option<(&str, &str, &Component)> {
        if self.templates.values().any(Option::is_none) {
            return None;
        }
        let (name, from) = self.components.get_key_value(name)?;
        let from = from.as_deref()?;
        let template = self.templates.get(from)?.as_ref()?;
        Some((name, from, template.components.get(name)?))
    }
}
