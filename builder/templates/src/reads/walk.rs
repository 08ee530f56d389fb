//! Runs a template over what values may be, all branches at once.

use super::scope::{Context, Loop, Scope, Set as SetVariables, Variables};
use super::syntax::{For, Node, Template};
use super::tree::{Place, Tree};
use super::value::Value;
use super::{Call, Reads, Set};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// It is not known what is read.
pub(super) struct Unknown;

pub(super) type Known<T = ()> = Result<T, Unknown>;

/// Steps for one template: about one for each tag and each operator that is looked at, as often as
/// it is.
const MAX_STEPS: usize = 300_000;
/// Tags and expressions in one another, over templates and components.
const MAX_DEPTH: usize = 300;
/// Nodes of the tree of what is read.
const MAX_NODES: usize = 20_000;
/// Parts of a value that are told apart; what is larger is read whole.
const MAX_SIZE: usize = 96;
/// Rounds of a loop until what it carries on no longer changes.
const MAX_ROUNDS: usize = 60;

/// A component that has been run, with all that it may look up: its arguments, and what stands for
/// each implicit argument of any component.
type Done<'s> = (&'s str, BTreeMap<String, Value>, Vec<BTreeSet<Value>>);

pub(super) struct Walk<'s> {
    pub(super) set: &'s Set,
    pub(super) tree: Tree,
    /// The whole context is read.
    pub(super) dumped: bool,
    variables: BTreeMap<String, Place>,
    calls: BTreeMap<(String, BTreeMap<String, String>), Place>,
    pub(super) templates: BTreeSet<&'s str>,
    pub(super) done: BTreeSet<Done<'s>>,
    pub(super) components: usize,
    pub(super) comprehensions: usize,
    depth: usize,
    steps: usize,
}

impl<'s> Walk<'s> {
    pub fn new(set: &'s Set) -> Self {
        Self {
            set,
            tree: Tree::default(),
            dumped: false,
            variables: BTreeMap::new(),
            calls: BTreeMap::new(),
            templates: BTreeSet::new(),
            done: BTreeSet::new(),
            components: 0,
            comprehensions: 0,
            depth: 0,
            steps: 0,
        }
    }

    /// Runs the template of a name.
    pub fn entry(&mut self, name: &str) -> Known {
        let lineage = self.lineage(name)?;
        let scope = &mut Scope {
            variables: Variables::default(),
            context: Rc::new(Context::Page),
            parent: None,
            included: false,
            lineage: Rc::clone(&lineage),
            block: None,
            weak: 0,
        };
        // Of a template that extends another only the blocks are used.
        let base = lineage.last().ok_or(Unknown)?;
        self.nodes(scope, &base.nodes)
    }

    pub fn reads(&self) -> Reads {
        let shapes = self.variables.iter().filter_map(|(name, place)| {
            let shape = self.tree.shape(*place)?;
            Some((name.clone(), shape))
        });
        let calls = self.calls.iter().filter_map(|(call, place)| {
            let (function, literals) = call.clone();
            Some(Call {
                function,
                literals,
                shape: self.tree.shape(*place)?,
            })
        });
        Reads {
            context: (!self.dumped).then(|| shapes.collect()),
            calls: Some(calls.collect()),
            templates: Some(
                self.templates
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect(),
            ),
        }
    }

    /// The template of a name and those that it extends, the nearest first.
    pub(super) fn lineage(&mut self, name: &str) -> Known<Rc<Vec<&'s Template>>> {
        let mut lineage = Vec::new();
        let mut name = name;
        loop {
            let (found, template) = self.set.find(name).ok_or(Unknown)?;
            self.templates.insert(found);
            lineage.push(template);
            match &template.parent {
                Some(parent) if lineage.len() <= MAX_DEPTH => name = parent,
                Some(_) => return Err(Unknown),
                None => return Ok(Rc::new(lineage)),
            }
        }
    }

    /// Counts a step.
    pub(super) fn step(&mut self, count: usize) -> Known {
        self.steps += count;
        if self.steps > MAX_STEPS || self.tree.len() > MAX_NODES {
            return Err(Unknown);
        }
        Ok(())
    }

    /// Goes one deeper.
    pub(super) fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> Known<T>) -> Known<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Unknown);
        }
        let out = run(self);
        self.depth -= 1;
        out
    }

    pub(super) fn nodes(&mut self, scope: &mut Scope<'_>, nodes: &[Node]) -> Known {
        self.deeper(|walk| nodes.iter().try_for_each(|node| walk.node(scope, node)))
    }

    fn node(&mut self, scope: &mut Scope<'_>, node: &Node) -> Known {
        self.step(1)?;
        match node {
            Node::Print(expr) => {
                if self.is_super(expr) {
                    return self.parent_block(scope);
                }
                let value = self.eval(scope, expr)?;
                self.whole(&value);
                Ok(())
            }
            Node::Set {
                name,
                value,
                global,
            } => {
                let value = self.eval(scope, value)?;
                self.assign(scope, name, value, *global)
            }
            Node::Capture {
                name,
                filters,
                body,
                global,
            } => {
                self.nodes(scope, body)?;
                let mut value = Value::atom();
                for (filter, arguments) in filters {
                    value = self.filter(scope, value, filter, arguments)?;
                }
                match name {
                    Some(name) => self.assign(scope, name, value, *global),
                    None => {
                        self.whole(&value);
                        Ok(())
                    }
                }
            }
            Node::Include(name) => self.include(scope, name),
            Node::Block(name) => self.block(scope, name, 0),
            Node::For(each) => self.for_loop(scope, each),
            Node::If(branches, otherwise) => self.branches(scope, branches, otherwise),
            Node::Jump => Ok(()),
        }
    }

    fn branches(
        &mut self,
        scope: &mut Scope<'_>,
        branches: &[(super::syntax::Expr, Vec<Node>)],
        otherwise: &[Node],
    ) -> Known {
        let mut after: Option<Variables> = None;
        for (condition, body) in branches {
            let value = self.eval(scope, condition)?;
            self.touch(&value);
            let before = scope.variables.clone();
            self.nodes(scope, body)?;
            let done = std::mem::replace(&mut scope.variables, before);
            after = Some(match after {
                Some(after) => self.join(after, done)?,
                None => done,
            });
        }
        self.nodes(scope, otherwise)?;
        if let Some(after) = after {
            let done = std::mem::take(&mut scope.variables);
            scope.variables = self.join(after, done)?;
        }
        Ok(())
    }

    fn for_loop(&mut self, scope: &mut Scope<'_>, each: &For) -> Known {
        let target = self.eval(scope, &each.target)?;
        let (key, value) = self.turn(&target, each.key.is_some());
        let jumps = usize::from(each.jumps);
        for _ in 0..MAX_ROUNDS {
            let before = scope.variables.clone();
            scope.variables.loops.push(Loop {
                set: SetVariables::new(),
                value: (each.value.clone(), value.clone()),
                key: each.key.clone().map(|name| (name, key.clone())),
                comprehension: false,
            });
            scope.weak += jumps;
            self.nodes(scope, &each.body)?;
            scope.weak -= jumps;
            scope.variables.loops.pop();
            let after = std::mem::take(&mut scope.variables);
            scope.variables = self.join(before.clone(), after)?;
            if scope.variables == before {
                let before = scope.variables.clone();
                self.nodes(scope, &each.otherwise)?;
                let after = std::mem::take(&mut scope.variables);
                scope.variables = self.join(before, after)?;
                return Ok(());
            }
        }
        Err(Unknown)
    }

    /// The key and the value that a loop over `target` has in a turn.
    pub(super) fn turn(&mut self, target: &Value, with_key: bool) -> (Value, Value) {
        if with_key {
            self.whole_places(target);
        }
        self.touch(target);
        (Value::atom(), self.items(target, None))
    }

    fn include(&mut self, scope: &mut Scope<'_>, name: &str) -> Known {
        let lineage = self.lineage(name)?;
        // Of a template that extends another the engine includes what it has itself.
        let template = *lineage.first().ok_or(Unknown)?;
        let inner = &mut Scope {
            variables: Variables::default(),
            context: Rc::clone(&scope.context),
            parent: Some(scope),
            included: true,
            lineage,
            block: None,
            weak: 0,
        };
        self.nodes(inner, &template.nodes)
    }

    /// Renders one of the definitions of a block, the nearest of which is 0.
    fn block(&mut self, scope: &mut Scope<'_>, name: &str, level: usize) -> Known {
        let lineage = Rc::clone(&scope.lineage);
        let mut all = lineage.iter().filter_map(|one| one.blocks.get(name));
        // Beyond the last one rendering fails.
        let Some(nodes) = all.nth(level) else {
            return Ok(());
        };
        let outer = scope.block.replace((name.to_owned(), level));
        self.nodes(scope, nodes)?;
        scope.block = outer;
        Ok(())
    }

    /// `super()`.
    pub(super) fn parent_block(&mut self, scope: &mut Scope<'_>) -> Known {
        match scope.block.clone() {
            Some((name, level)) => self.block(scope, &name, level + 1),
            None => Ok(()),
        }
    }

    fn assign(&mut self, scope: &mut Scope<'_>, name: &str, value: Value, global: bool) -> Known {
        let weak = scope.weak > 0;
        let variables = &mut scope.variables;
        let set = match variables.loops.last_mut() {
            Some(innermost) if !global => &mut innermost.set,
            _ => &mut variables.set,
        };
        let new = match set.remove(name) {
            Some((before, sure)) if weak => (self.either(before, value)?, sure),
            _ => (value, !weak),
        };
        set.insert(name.to_owned(), new);
        Ok(())
    }

    fn join(&mut self, one: Variables, other: Variables) -> Known<Variables> {
        let loops = one.loops.into_iter().zip(other.loops);
        let loops = loops.map(|(one, other)| {
            Ok(Loop {
                set: self.join_set(one.set, other.set)?,
                ..one
            })
        });
        Ok(Variables {
            loops: loops.collect::<Known<Vec<Loop>>>()?,
            set: self.join_set(one.set, other.set)?,
        })
    }

    fn join_set(&mut self, one: SetVariables, mut other: SetVariables) -> Known<SetVariables> {
        let mut out = SetVariables::new();
        for (name, (value, sure)) in one {
            let joined = match other.remove(&name) {
                Some((also, also_sure)) if also == value => (value, sure && also_sure),
                Some((also, also_sure)) => (self.either(value, also)?, sure && also_sure),
                None => (value, false),
            };
            out.insert(name, joined);
        }
        out.extend(
            other
                .into_iter()
                .map(|(name, (value, _))| (name, (value, false))),
        );
        self.step(out.len())?;
        Ok(out)
    }

    /// The value of a variable of the page's context.
    pub(super) fn variable(&mut self, name: &str) -> Value {
        let place = match self.variables.get(name) {
            Some(place) => *place,
            None => {
                let place = self.tree.root();
                self.variables.insert(name.to_owned(), place);
                place
            }
        };
        Value::place(place)
    }

    /// The answer of a function.
    pub(super) fn answer(&mut self, function: &str, literals: BTreeMap<String, String>) -> Value {
        let tree = &mut self.tree;
        let key = (function.to_owned(), literals);
        let place = *self.calls.entry(key).or_insert_with(|| tree.root());
        // The call may fail, which is seen even where the answer is not.
        tree.touch(place);
        Value::place(place)
    }

    /// Either of two values. Too large a value is read whole.
    pub(super) fn either(&mut self, one: Value, other: Value) -> Known<Value> {
        let value = one.or(other);
        self.bounded(value)
    }

    pub(super) fn bounded(&mut self, value: Value) -> Known<Value> {
        let size = value.size();
        self.step(size)?;
        if size <= MAX_SIZE {
            return Ok(value);
        }
        self.whole(&value);
        Ok(Value {
            undefined: value.undefined,
            ..Value::known()
        })
    }
}
