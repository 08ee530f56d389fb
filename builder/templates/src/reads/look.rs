//! What is read of a value by what is done with it, and where names are found.

use super::scope::{Context, Scope};
use super::syntax::is_loop_variable;
use super::value::Value;
use super::walk::{Known, Walk};
use std::collections::BTreeSet;
use std::rc::Rc;

impl Walk<'_> {
    /// Whether it is there, of what kind, and whether it is empty.
    pub(super) fn touch(&mut self, value: &Value) {
        for place in &value.places {
            self.tree.touch(*place);
        }
    }

    /// All of it.
    pub(super) fn whole(&mut self, value: &Value) {
        self.whole_places(value);
        let made = value.fields.values();
        let made = made
            .chain(value.others.as_deref())
            .chain(value.items.as_deref());
        for value in made {
            self.whole(value);
        }
    }

    /// All of it where it comes from outside.
    pub(super) fn whole_places(&mut self, value: &Value) {
        for place in &value.places {
            self.tree.whole(*place);
        }
    }

    /// How many values or fields it has.
    pub(super) fn length(&mut self, value: &Value) {
        for place in &value.places {
            // Where fields were added to a map it depends on which were there.
            if value.is_made() {
                self.tree.whole(*place);
            } else {
                self.tree.length(*place);
            }
        }
    }

    /// A field of it, looked at to no more than where it is.
    pub(super) fn field(&mut self, value: &Value, name: &str) -> Value {
        let mut found: Vec<Value> = Vec::new();
        for place in &value.places {
            found.push(match self.tree.field(*place, name) {
                Some(place) => Value::place(place),
                None => Value::known(),
            });
        }
        if value.open {
            found.push(Value::known());
        }
        found.extend(value.fields.get(name).cloned());
        found.extend(value.others.as_deref().cloned());
        let found = found.into_iter().reduce(Value::or);
        Value {
            undefined: true,
            ..found.unwrap_or_default()
        }
    }

    /// Any value of a list, or of the fields of a map; of a list maybe only of its first ones.
    pub(super) fn items(&mut self, value: &Value, first: Option<usize>) -> Value {
        let mut found: Vec<Value> = Vec::new();
        for place in &value.places {
            found.push(match self.tree.items(*place, first) {
                Some(place) => Value::place(place).defined(),
                None => Value::known(),
            });
        }
        if value.open {
            found.push(Value {
                undefined: true,
                ..Value::known()
            });
        }
        found.extend(value.fields.values().cloned());
        found.extend(value.others.as_deref().cloned());
        found.extend(value.items.as_deref().cloned());
        found.into_iter().reduce(Value::or).unwrap_or_default()
    }

    /// What a name stands for.
    pub(super) fn look_up(&mut self, scope: &Scope<'_>, name: &str) -> Known<Value> {
        self.step(1)?;
        let mut maybe: Option<Value> = None;
        for open in scope.variables.loops.iter().rev() {
            if is_loop_variable(name) && !open.comprehension {
                return self.with(maybe, Value::atom());
            }
            match open.set.get(name) {
                Some((value, true)) => return self.with(maybe, value.clone()),
                Some((value, false)) => maybe = Some(self.with(maybe, value.clone())?),
                None => {}
            }
            let named = [Some(&open.value), open.key.as_ref()];
            let found = named.into_iter().flatten().find(|(own, _)| own == name);
            if let Some((_, value)) = found {
                return self.with(maybe, value.clone());
            }
        }
        match scope.variables.set.get(name) {
            Some((value, true)) => return self.with(maybe, value.clone()),
            Some((value, false)) => maybe = Some(self.with(maybe, value.clone())?),
            None => {}
        }
        let given = self.given(scope, name);
        if let (true, Some(parent)) = (scope.included, scope.parent) {
            let value = self.deeper(|walk| walk.look_up(parent, name))?;
            if !value.undefined {
                return self.with(maybe, value);
            }
            // Where the parent's is undefined, what was given is there behind it.
            if value != given {
                self.touch(&value);
                maybe = Some(self.with(maybe, value.defined())?);
            }
        }
        self.with(maybe, given)
    }

    fn with(&mut self, maybe: Option<Value>, value: Value) -> Known<Value> {
        match maybe {
            Some(maybe) => self.either(maybe, value),
            None => Ok(value),
        }
    }

    /// What the context has by a name.
    fn given(&mut self, scope: &Scope<'_>, name: &str) -> Value {
        match Rc::as_ref(&scope.context) {
            Context::Page => self.variable(name),
            Context::Arguments(all) => all.get(name).cloned().unwrap_or_else(Value::undefined),
        }
    }

    /// What an implicit argument stands for where a component is called.
    pub(super) fn look_up_implicit(&mut self, scope: &Scope<'_>, name: &str) -> Known<Value> {
        let value = self.look_up(scope, name)?;
        if !value.undefined {
            return Ok(value);
        }
        self.touch(&value);
        match scope.parent {
            Some(parent) => {
                let outer = self.deeper(|walk| walk.look_up_implicit(parent, name))?;
                let value = value.defined();
                self.either(value, outer)
            }
            None => Ok(value),
        }
    }

    /// What each implicit argument of any component may stand for here.
    pub(super) fn implicit_values(&mut self, scope: &Scope<'_>) -> Known<Vec<BTreeSet<Value>>> {
        let names = self.set.implicit.iter();
        names.map(|name| self.implicit_value(scope, name)).collect()
    }

    fn implicit_value(&mut self, scope: &Scope<'_>, name: &str) -> Known<BTreeSet<Value>> {
        let mut all = BTreeSet::new();
        let mut scope = Some(scope);
        while let Some(here) = scope {
            let value = self.look_up(here, name)?;
            scope = here.parent.filter(|_| value.undefined);
            all.insert(value);
        }
        Ok(all)
    }

    /// `__tera_context`: all that has a name here.
    pub(super) fn dump(&mut self, scope: &Scope<'_>) -> Value {
        match Rc::as_ref(&scope.context) {
            Context::Page => self.dumped = true,
            Context::Arguments(all) => all.values().for_each(|value| self.whole(value)),
        }
        let loops = scope.variables.loops.iter().map(|open| &open.set);
        for set in loops.chain([&scope.variables.set]) {
            set.values().for_each(|(value, _)| self.whole(value));
        }
        Value::known()
    }

    /// What a filter or a function looks up by itself.
    pub(super) fn state(&mut self, scope: &Scope<'_>, name: &str, field: Option<&str>) -> Known {
        let mut value = self.look_up(scope, name)?;
        if let Some(field) = field {
            self.touch(&value);
            value = self.field(&value, field);
        }
        self.whole(&value);
        Ok(())
    }
}
