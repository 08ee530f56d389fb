//! Where names are looked up.

use super::syntax::Template;
use super::value::Value;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Variables that may have been set, and whether they have been for certain.
pub(super) type Set = BTreeMap<String, (Value, bool)>;

/// An open loop.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loop {
    /// Variables that were set in it.
    pub set: Set,
    pub value: (String, Value),
    pub key: Option<(String, Value)>,
    /// One inside brackets has no `loop`.
    pub comprehension: bool,
}

/// What may change while a template runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Variables {
    pub loops: Vec<Loop>,
    pub set: Set,
}

/// What the engine was given to render with.
#[derive(Debug)]
pub(super) enum Context {
    /// That of the page.
    Page,
    /// The arguments of a component.
    Arguments(BTreeMap<String, Value>),
}

/// A template or a component that runs.
pub(super) struct Scope<'p> {
    pub variables: Variables,
    pub context: Rc<Context>,
    /// Who included or called it.
    pub parent: Option<&'p Scope<'p>>,
    /// It is included, so that it sees the variables of the parent.
    pub included: bool,
    /// The template and those that it extends.
    pub lineage: Rc<Vec<&'p Template>>,
    /// The block that runs, and which of its definitions.
    pub block: Option<(String, usize)>,
    /// What is set may also be left as it was.
    pub weak: usize,
}
