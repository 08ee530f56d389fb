//! Which variables a template, or a macro, takes from around it.

use super::definitions::literal;
use super::names::Inside;
use super::paths::may_be_undefined;
use super::pieces::tags;
use std::collections::{BTreeMap, BTreeSet};

/// The variables of a template.
#[derive(Debug, Default)]
pub struct Variables {
    /// Those that it uses before it sets them.
    pub names: BTreeSet<String>,
    /// Those that it takes undefined.
    pub guarded: BTreeSet<String>,
    /// Variable to its defaults; none for a guard of another kind.
    pub defaults: BTreeMap<String, BTreeSet<Option<String>>>,
}

/// Reads a template.
pub fn variables(text: &str) -> Variables {
    let mut found = Variables::default();
    let mut own: BTreeSet<String> = ["loop", "self", "__tera_context"].map(str::to_owned).into();
    for tag in tags(text) {
        let inside = Inside::of(tag.text);
        let word = if tag.prints { "" } else { inside.word(0) };
        let (mut new, mut from) = (Vec::new(), 0);
        match word {
            "import" | "include" | "block" | "endblock" | "extends" | "macro" | "endmacro" => {
                continue;
            }
            "set" | "set_global" => {
                new.push(inside.word(1).to_owned());
                from = 2;
            }
            "for" => {
                from = (1..5).find(|at| inside.word(*at) == "in").unwrap_or(1);
                new.extend((1..from).map(|at| inside.word(at).to_owned()));
            }
            _ => {}
        }
        for at in (from..inside.tokens.len()).filter(|at| inside.is_variable(*at)) {
            let name = inside.word(at);
            if !own.contains(name) {
                found.note(&inside, at, name);
            }
        }
        own.extend(new);
    }
    found
}

impl Variables {
    fn note(&mut self, inside: &Inside<'_>, at: usize, name: &str) {
        self.names.insert(name.to_owned());
        if !may_be_undefined(inside, at) {
            return;
        }
        self.guarded.insert(name.to_owned());
        let default = (inside.word(at + 1) == "|" && inside.word(at + 2) == "default")
            .then(|| inside.arguments(at + 3))
            .flatten()
            .and_then(|list| {
                list.list
                    .into_iter()
                    .find(|one| one.name.as_deref() == Some("value"))
            })
            .map(|one| inside.text[one.value].to_owned())
            .filter(|value| literal(value).is_some());
        self.defaults
            .entry(name.to_owned())
            .or_default()
            .insert(default);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_before_it_is_used_is_the_templates_own() {
        let text = "{% set a = a | default(value=1) %}{% set b = 1 %}{{ b }}{% for c in d %}{{ c }}{% endfor %}{% if e.f %}{% endif %}";
        let found = variables(text);
        let names: Vec<_> = found.names.iter().map(String::as_str).collect();
        assert_eq!(names, ["a", "d", "e"]);
        assert_eq!(found.defaults["a"], BTreeSet::from([Some("1".to_owned())]));
        assert!(found.guarded.contains("e") && !found.guarded.contains("d"));
    }
}
