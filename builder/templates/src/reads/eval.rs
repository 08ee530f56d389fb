//! What the value of an expression may be.

use super::scope::{Context, Loop, Scope, Set, Variables};
use super::syntax::{ComponentCall, Comprehension, Entry, Expr, Parameter, Slice};
use super::value::Value;
use super::walk::{Known, Unknown, Walk};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// As deep as the engine lets components call one another.
const MAX_COMPONENTS: usize = 20;

impl<'s> Walk<'s> {
    pub(super) fn eval(&mut self, scope: &mut Scope<'_>, expr: &Expr) -> Known<Value> {
        self.step(1)?;
        self.deeper(|walk| walk.eval_inner(scope, expr))
    }

    fn eval_inner(&mut self, scope: &mut Scope<'_>, expr: &Expr) -> Known<Value> {
        match expr {
            Expr::Text(_) | Expr::Integer(_) | Expr::Atom => Ok(Value::atom()),
            Expr::Variable(name) if name == "__tera_context" => Ok(self.dump(scope)),
            Expr::Variable(name) => self.look_up(scope, name),
            Expr::Field(of, name) => {
                let of = self.eval(scope, of)?;
                self.touch(&of);
                Ok(self.field(&of, name))
            }
            Expr::Index(of, by) => self.index(scope, of, by),
            Expr::Slice(slice) => self.slice(scope, slice),
            Expr::Filter(of, name, arguments) => {
                let of = self.eval(scope, of)?;
                self.filter(scope, of, name, arguments)
            }
            Expr::Test(of, name, arguments) => {
                let of = self.eval(scope, of)?;
                self.test(scope, &of, name, arguments)
            }
            Expr::Call(name, arguments) => self.call(scope, name, arguments),
            Expr::Component(call) => self.component(scope, call),
            Expr::Map(entries) => {
                let map = self.map(scope, entries)?;
                self.bounded(map)
            }
            Expr::List(values) => self.list(scope, values),
            Expr::Comprehension(comprehension) => self.comprehension(scope, comprehension),
            Expr::Ternary(all) => {
                let [condition, yes, no] = all.as_ref();
                let condition = self.eval(scope, condition)?;
                self.touch(&condition);
                let (yes, no) = (self.eval(scope, yes)?, self.eval(scope, no)?);
                self.either(yes, no)
            }
            Expr::And(both) => {
                let [left, right] = self.both(scope, both)?;
                self.touch(&left);
                // All of what is not true is known by now.
                let undefined = left.undefined || right.undefined;
                Ok(Value { undefined, ..right })
            }
            Expr::Or(both) => {
                let [left, right] = self.both(scope, both)?;
                self.touch(&left);
                self.either(left.defined(), right)
            }
            Expr::Not(of) => {
                let of = self.eval(scope, of)?;
                self.touch(&of);
                Ok(Value::atom())
            }
            Expr::Arithmetic(both) => {
                for value in self.both(scope, both)? {
                    self.touch(&value);
                }
                Ok(Value::atom())
            }
            Expr::Compare(both) => {
                let [left, right] = self.both(scope, both)?;
                // Of a map or a list that is compared to something else only the kind matters.
                if left.atom || right.atom {
                    self.touch(&left);
                    self.touch(&right);
                } else {
                    self.whole(&left);
                    self.whole(&right);
                }
                Ok(Value::atom())
            }
            Expr::Other(both) => {
                for value in self.both(scope, both)? {
                    self.whole(&value);
                }
                Ok(Value::atom())
            }
        }
    }

    fn both(&mut self, scope: &mut Scope<'_>, both: &[Expr; 2]) -> Known<[Value; 2]> {
        let [left, right] = both;
        Ok([self.eval(scope, left)?, self.eval(scope, right)?])
    }

    fn index(&mut self, scope: &mut Scope<'_>, of: &Expr, by: &Expr) -> Known<Value> {
        let of = self.eval(scope, of)?;
        let at = self.eval(scope, by)?;
        self.whole(&at);
        self.touch(&of);
        let found = match by {
            Expr::Text(name) => self.field(&of, name),
            Expr::Integer(number) => {
                let first = usize::try_from(*number).ok();
                self.items(&of, first.and_then(|number| number.checked_add(1)))
            }
            _ => self.items(&of, None),
        };
        Ok(Value {
            undefined: true,
            ..found
        })
    }

    fn slice(&mut self, scope: &mut Scope<'_>, slice: &Slice) -> Known<Value> {
        let of = self.eval(scope, &slice.of)?;
        self.touch(&of);
        let bounds = [&slice.start, &slice.end, &slice.step];
        for bound in bounds.into_iter().flatten() {
            let bound = self.eval(scope, bound)?;
            self.whole(&bound);
        }
        let is = |bound: &Option<Expr>, number: i64| match bound {
            None => true,
            Some(Expr::Integer(found)) => *found == number,
            Some(_) => false,
        };
        let forwards =
            is(&slice.step, 1) || matches!(&slice.step, Some(Expr::Integer(number)) if *number > 0);
        let from = match &slice.start {
            None => true,
            Some(Expr::Integer(number)) => *number >= 0,
            Some(_) => false,
        };
        let end = match &slice.end {
            Some(Expr::Integer(number)) => usize::try_from(*number).ok(),
            _ => None,
        };
        let first = end.filter(|_| forwards && from);
        if let (true, true, Some(first), false) =
            (is(&slice.start, 0), is(&slice.step, 1), first, of.is_made())
        {
            // The rest of the value is that of a text, which is read by now.
            return Ok(Value {
                places: of.places.iter().map(|place| place.up_to(first)).collect(),
                open: of.open,
                undefined: of.undefined,
                ..Value::default()
            });
        }
        let items = self.items(&of, first);
        Ok(Value {
            undefined: of.undefined,
            ..Value::list(items)
        })
    }

    /// A map, and which of its fields there are for certain.
    fn map(&mut self, scope: &mut Scope<'_>, entries: &[Entry]) -> Known<Value> {
        let mut map = Value::default();
        for entry in entries {
            let part = match entry {
                Entry::Pair(name, value) => {
                    let value = self.eval(scope, value)?;
                    match name {
                        Some(name) => Value {
                            fields: BTreeMap::from([(name.clone(), value)]),
                            ..Value::default()
                        },
                        None => Value {
                            others: Some(Box::new(value)),
                            ..Value::default()
                        },
                    }
                }
                Entry::Spread(of) => {
                    let of = self.eval(scope, of)?;
                    self.touch(&of);
                    of.defined()
                }
            };
            map = map.or(part);
            self.step(map.size())?;
        }
        Ok(map)
    }

    fn list(&mut self, scope: &mut Scope<'_>, values: &[(Expr, bool)]) -> Known<Value> {
        let mut items: Option<Value> = None;
        for (expr, spread) in values {
            let mut value = self.eval(scope, expr)?;
            if *spread {
                self.touch(&value);
                value = self.items(&value, None);
            }
            items = Some(match items {
                Some(items) => self.either(items, value)?,
                None => value,
            });
        }
        match items {
            Some(items) => self.bounded(Value::list(items)),
            None => Ok(Value::default()),
        }
    }

    fn comprehension(&mut self, scope: &mut Scope<'_>, each: &Comprehension) -> Known<Value> {
        let target = self.eval(scope, &each.target)?;
        let (key, value) = self.turn(&target, each.key.is_some());
        scope.variables.loops.push(Loop {
            set: Set::new(),
            value: (each.value.clone(), value),
            key: each.key.clone().map(|name| (name, key)),
            comprehension: true,
        });
        self.comprehensions += 1;
        if let Some(condition) = &each.condition {
            let condition = self.eval(scope, condition)?;
            self.touch(&condition);
        }
        let items = self.eval(scope, &each.each)?;
        self.comprehensions -= 1;
        scope.variables.loops.pop();
        self.bounded(Value::list(items))
    }

    pub(super) fn is_super(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Call(name, _) if name == "super")
    }

    fn call(
        &mut self,
        scope: &mut Scope<'_>,
        name: &str,
        arguments: &BTreeMap<String, Expr>,
    ) -> Known<Value> {
        let mut literals = BTreeMap::new();
        for (name, argument) in arguments {
            let value = self.eval(scope, argument)?;
            self.whole(&value);
            if let Expr::Text(text) = argument {
                literals.insert(name.clone(), text.clone());
            }
        }
        if name == "super" {
            // The block may run or not, and in a list any number of times.
            if self.comprehensions > 0 {
                return Err(Unknown);
            }
            scope.weak += 1;
            self.parent_block(scope)?;
            scope.weak -= 1;
            return Ok(Value::atom());
        }
        self.function(scope, name, literals)
    }

    fn component(&mut self, scope: &mut Scope<'_>, call: &ComponentCall) -> Known<Value> {
        let (name, template, component) = self.set.component(&call.name).ok_or(Unknown)?;
        self.templates.insert(template);
        if let Some(body) = &call.body {
            self.nodes(scope, body)?;
        }
        let given = self.map(scope, &call.entries)?;
        // What a map from outside holds decides which arguments there are.
        self.whole_places(&given);
        let certain: BTreeSet<&str> = call
            .entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Pair(name, _) => name.as_deref(),
                Entry::Spread(_) => None,
            })
            .collect();
        let mut context = BTreeMap::new();
        for (name, parameter) in &component.parameters {
            let is_certain = certain.contains(name.as_str());
            let value = self.argument(scope, &given, name, is_certain, parameter)?;
            context.insert(name.clone(), value);
        }
        if let Some(rest) = &component.rest {
            let mut value = given;
            value
                .fields
                .retain(|name, _| !component.parameters.contains_key(name));
            context.insert(rest.clone(), value.defined());
        }
        if call.body.is_some() {
            context.insert("body".to_owned(), Value::atom());
        }
        // With the same arguments it reads the same again.
        let implicit = self.implicit_values(scope)?;
        if !self.done.insert((name, context.clone(), implicit)) {
            return Ok(Value::atom());
        }
        if self.components == MAX_COMPONENTS {
            return Err(Unknown);
        }
        let inner = &mut Scope {
            variables: Variables::default(),
            context: Rc::new(Context::Arguments(context)),
            parent: Some(scope),
            included: false,
            lineage: Rc::new(Vec::new()),
            block: None,
            weak: 0,
        };
        let comprehensions = std::mem::take(&mut self.comprehensions);
        self.components += 1;
        self.nodes(inner, &component.nodes)?;
        self.components -= 1;
        self.comprehensions = comprehensions;
        Ok(Value::atom())
    }

    fn argument(
        &mut self,
        scope: &Scope<'_>,
        given: &Value,
        name: &str,
        is_certain: bool,
        parameter: &Parameter,
    ) -> Known<Value> {
        let mut value = match given.fields.get(name) {
            Some(value) if is_certain => value.clone(),
            // It may also be the one that the component has by itself.
            Some(value) => value.clone().or(Value::known()),
            None => Value::known(),
        };
        // Maps that are spread may have it too.
        if !given.places.is_empty() || given.open {
            value = value.or(Value::known());
        }
        if let Some(others) = given.others.as_deref() {
            value = self.either(value, others.clone())?;
        }
        if parameter.implicit && !is_certain {
            let found = self.look_up_implicit(scope, name)?;
            value = self.either(value, found)?;
        }
        if parameter.typed {
            self.touch(&value);
        }
        Ok(value)
    }
}
