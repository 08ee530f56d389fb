//! What filters, tests and functions read.

use super::scope::Scope;
use super::syntax::{Arguments, Expr};
use super::value::Value;
use super::walk::{Known, Walk};
use std::collections::BTreeMap;

/// Functions that look at the variable `lang` where they are not told a language.
const OF_A_LANGUAGE: &[&str] = &[
    "get_page",
    "get_section",
    "get_taxonomy",
    "get_taxonomy_term",
    "get_taxonomy_url",
    "get_url",
    "text_direction",
    "trans",
];

/// Functions that look at no variable. Those of neither list are taken to look at the language and
/// to have answers that may be undefined.
const OF_THEIR_ARGUMENTS: &[&str] = &[
    "get_hash",
    "get_image_metadata",
    "get_random",
    "load_data",
    "now",
    "range",
    "resize_image",
    "throw",
];

/// Tests that look at no more than the kind of a value, where it is a map or a list.
const OF_THE_KIND: &[&str] = &[
    "array",
    "bool",
    "defined",
    "even",
    "float",
    "integer",
    "iterable",
    "map",
    "none",
    "number",
    "odd",
    "string",
    "undefined",
];

impl Walk<'_> {
    pub(super) fn function(
        &mut self,
        scope: &Scope<'_>,
        name: &str,
        literals: BTreeMap<String, String>,
    ) -> Known<Value> {
        let of_a_file = |path: &String| !path.starts_with("@/");
        let plain = name == "get_url" && literals.get("path").is_some_and(of_a_file);
        if !plain && !literals.contains_key("lang") && !OF_THEIR_ARGUMENTS.contains(&name) {
            self.state(scope, "lang", None)?;
        }
        let answer = self.answer(name, literals);
        let defined = OF_A_LANGUAGE.contains(&name) || OF_THEIR_ARGUMENTS.contains(&name);
        Ok(if defined { answer.defined() } else { answer })
    }

    pub(super) fn test(
        &mut self,
        scope: &mut Scope<'_>,
        of: &Value,
        name: &str,
        arguments: &Arguments,
    ) -> Known<Value> {
        if OF_THE_KIND.contains(&name) {
            self.touch(of);
        } else {
            self.whole(of);
        }
        for argument in arguments.values() {
            let value = self.eval(scope, argument)?;
            self.whole(&value);
        }
        Ok(Value::atom())
    }

    pub(super) fn filter(
        &mut self,
        scope: &mut Scope<'_>,
        of: Value,
        name: &str,
        arguments: &Arguments,
    ) -> Known<Value> {
        // The one argument that may come out again.
        let passed = match name {
            "default" => "value",
            "get" => "default",
            _ => "",
        };
        let mut fallback = None;
        for (argument, expr) in arguments {
            let value = self.eval(scope, expr)?;
            if argument == passed {
                fallback = Some(value);
            } else {
                self.whole(&value);
            }
        }
        let literal = |name: &str| match arguments.get(name) {
            Some(Expr::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        self.touch(&of);
        match name {
            "default" => {
                let fallback = fallback.unwrap_or_else(Value::undefined);
                self.either(of.defined(), fallback)
            }
            "get" => {
                let found = match literal("key") {
                    Some(key) => self.field(&of, key),
                    None => self.items(&of, None),
                };
                self.touch(&found);
                match fallback {
                    Some(fallback) => self.either(found, fallback),
                    None => Ok(found),
                }
            }
            "length" => {
                self.length(&of);
                Ok(Value::atom())
            }
            "first" => self.one_of(&of, Some(1)),
            "last" => self.one_of(&of, None),
            "nth" => {
                let first = match arguments.get("n") {
                    Some(Expr::Integer(n)) => usize::try_from(*n).ok(),
                    _ => None,
                };
                self.one_of(&of, first.and_then(|n| n.checked_add(1)))
            }
            "reverse" => {
                let items = self.items(&of, None);
                self.bounded(Value::list(items))
            }
            "shuffle" => {
                if !arguments.contains_key("seed") {
                    self.state(scope, "current_path", None)?;
                }
                let items = self.items(&of, None);
                self.bounded(Value::list(items))
            }
            "unique" => {
                let items = self.items(&of, None);
                self.whole(&items);
                self.bounded(Value::list(items))
            }
            "sort" => {
                let items = self.items(&of, None);
                self.path(&items, literal("attribute"));
                self.bounded(Value::list(items))
            }
            "group_by" => {
                let items = self.items(&of, None);
                self.path(&items, literal("attribute"));
                let group = Value::list(items);
                self.bounded(Value {
                    others: Some(Box::new(group)),
                    open: of.open,
                    ..Value::default()
                })
            }
            _ => {
                self.whole(&of);
                match name {
                    "markdown" => {
                        self.state(scope, "lang", None)?;
                        self.state(scope, "page", Some("permalink"))?;
                        self.state(scope, "section", Some("permalink"))?;
                    }
                    "num_format" if !arguments.contains_key("locale") => {
                        self.state(scope, "config", Some("default_language"))?;
                    }
                    _ => {}
                }
                Ok(Value::known())
            }
        }
    }

    /// One of the first values of a list, or none.
    fn one_of(&mut self, of: &Value, first: Option<usize>) -> Known<Value> {
        let found = self.items(of, first);
        Ok(Value {
            atom: false,
            ..found
        })
    }

    /// What is at a path such as `extra.weight` in each of the values is read; all of them where
    /// the path is not known.
    fn path(&mut self, items: &Value, path: Option<&str>) {
        let mut value = items.clone();
        // A number is the place of a value in a list.
        let plain = path.filter(|path| path.split('.').all(|part| part.parse::<usize>().is_err()));
        for part in plain.into_iter().flat_map(|path| path.split('.')) {
            self.touch(&value);
            value = self.field(&value, part);
        }
        self.whole(&value);
    }
}
