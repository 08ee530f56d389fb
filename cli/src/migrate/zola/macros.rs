//! Macros of Tera 1, and what they are called as components.

use super::definitions::{Macro, definitions, imports, literal, parameter};
use super::names::Inside;
use super::pieces::tags;
use std::collections::{BTreeMap, BTreeSet};

/// The variables that every page's templates have.
const ALWAYS: [&str; 2] = ["config", "lang"];

/// Every macro of a site.
#[derive(Debug, Default)]
pub struct MacroNames {
    /// Template to the first part of its components' names.
    prefixes: BTreeMap<String, String>,
    /// Template to its macros.
    macros: BTreeMap<String, Vec<Macro>>,
    /// Component and parameter where a call gives something else than a literal of the default's
    /// kind. Tera 2 takes a parameter's type from its default, and refuses others.
    untyped: BTreeSet<(String, String)>,
    /// Component and parameter that a call leaves out.
    left_out: BTreeSet<(String, String)>,
    /// What files call the templates that they import: macros were found by the names that the
    /// importing file gave.
    namespaces: BTreeMap<String, BTreeSet<String>>,
}

impl MacroNames {
    /// Reads the macros of all templates: name of the template to its text.
    pub fn of(templates: &BTreeMap<String, &str>) -> Self {
        let mut names = Self::default();
        for (template, text) in templates {
            let found = definitions(text);
            if !found.is_empty() {
                names.macros.insert(template.clone(), found);
            }
        }
        for (template, text) in templates {
            for (namespace, path) in imports(text) {
                if let Some(file) = names.resolve(&path, template).map(str::to_owned) {
                    names.namespaces.entry(namespace).or_default().insert(file);
                }
            }
        }
        names.name_files();
        for (template, text) in templates {
            names.look_at_calls(template, text);
        }
        names
    }

    /// `macros/ui.html` is `ui`; where two files would be the same, the folders are part of it.
    fn name_files(&mut self) {
        let short = |path: &str| identifier(path.rsplit('/').next().unwrap_or(path));
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for template in self.macros.keys() {
            *count.entry(short(template)).or_default() += 1;
        }
        for template in self.macros.keys() {
            let alone = count.get(&short(template)) == Some(&1);
            let prefix = if alone {
                short(template)
            } else {
                identifier(template)
            };
            self.prefixes.insert(template.clone(), prefix);
        }
    }

    fn look_at_calls(&mut self, template: &str, text: &str) {
        let imports = imports(text);
        for tag in tags(text) {
            let inside = Inside::of(tag.text);
            for at in 1..inside.tokens.len() {
                if inside.word(at) != "::" {
                    continue;
                }
                let called =
                    self.find(inside.word(at - 1), inside.word(at + 1), template, &imports);
                let (Some((component, definition)), Some(arguments)) =
                    (called, inside.arguments(at + 2))
                else {
                    continue;
                };
                let given = |name: &str| {
                    arguments
                        .list
                        .iter()
                        .any(|one| one.name.as_deref() == Some(name))
                };
                let needed = definition
                    .parameters
                    .iter()
                    .filter(|(_, default)| default.is_none());
                let left_out: Vec<_> = needed
                    .filter(|(name, _)| !given(name))
                    .map(|(name, _)| (component.clone(), name.clone()))
                    .collect();
                let mut other = Vec::new();
                for argument in &arguments.list {
                    let value = &inside.text[argument.value.clone()];
                    let parameter = definition
                        .parameters
                        .iter()
                        .find(|(name, _)| Some(name) == argument.name.as_ref());
                    if let Some((name, Some(default))) = parameter
                        && (literal(value).is_none() || literal(value) != literal(default))
                    {
                        other.push((component.clone(), name.clone()));
                    }
                }
                self.untyped.extend(other);
                self.left_out.extend(left_out);
            }
        }
    }

    /// The component that `namespace::name()` in `template` is.
    pub fn component(
        &self,
        namespace: &str,
        name: &str,
        template: &str,
        imports: &[(String, String)],
    ) -> Option<String> {
        Some(self.find(namespace, name, template, imports)?.0)
    }

    fn find(
        &self,
        namespace: &str,
        name: &str,
        template: &str,
        imports: &[(String, String)],
    ) -> Option<(String, &Macro)> {
        let file = if namespace == "self" {
            template
        } else if let Some(import) = imports.iter().find(|(called, _)| called == namespace) {
            self.resolve(&import.1, template)?
        } else {
            let files = self.namespaces.get(namespace)?;
            files.first().filter(|_| files.len() == 1)?
        };
        let definition = self.macros.get(file)?.iter().find(|one| one.name == name)?;
        Some((format!("{}.{name}", self.prefixes[file]), definition))
    }

    /// A theme's template finds the theme's own files under their short names.
    fn resolve(&self, path: &str, from: &str) -> Option<&str> {
        let theme = from
            .split_once("/templates/")
            .map(|(theme, _)| format!("{theme}/templates/{path}"));
        let names = [theme, Some(path.to_owned())];
        let found = names
            .into_iter()
            .flatten()
            .find(|name| self.macros.contains_key(name));
        let found = found.or_else(|| {
            let ending = format!("/templates/{path}");
            self.macros
                .keys()
                .find(|name| name.ends_with(&ending))
                .cloned()
        })?;
        self.macros
            .get_key_value(&found)
            .map(|(name, _)| name.as_str())
    }

    /// The tag that opens the component of a macro, without its delimiters, and what has to follow
    /// it.
    pub fn opening(&self, template: &str, definition: &Macro) -> (String, String) {
        let component = format!("{}.{}", self.prefixes[template], definition.name);
        let mut after = String::new();
        let mut parameters: Vec<String> = definition
            .parameters
            .iter()
            .map(|(name, default)| {
                let new = parameter(name);
                let Some(default) = default else {
                    let may_lack = self.left_out.contains(&(component.clone(), name.clone()));
                    return if may_lack {
                        format!("{new}=none")
                    } else {
                        new.to_owned()
                    };
                };
                let default = default.replace('\\', "\\\\");
                if self.untyped.contains(&(component.clone(), name.clone())) {
                    after.push_str(&format!(
                        "{{% set {new} = {new} if {new} is not none else {default} %}}"
                    ));
                    format!("{new}=none")
                } else {
                    format!("{new}={default}")
                }
            })
            .collect();
        parameters.extend(definition.around.iter().map(|name| {
            let default = if ALWAYS.contains(&name.as_str()) {
                ""
            } else {
                "=none"
            };
            format!("@{name}{default}")
        }));
        (
            format!(" component {component}({}) ", parameters.join(", ")),
            after,
        )
    }

    /// The macro of that name in a template.
    pub fn get(&self, template: &str, name: &str) -> Option<&Macro> {
        let all = self.macros.get(template)?;
        all.iter().find(|one| one.name == name)
    }

    /// The variables of a macro that may be `none` in the component.
    pub fn optional(&self, template: &str, definition: &Macro) -> BTreeSet<String> {
        let prefix = self.prefixes.get(template).map_or("", String::as_str);
        let component = format!("{prefix}.{}", definition.name);
        let is_left_out = |name: &&String| {
            self.left_out
                .contains(&(component.clone(), (*name).clone()))
        };
        let parameters = definition
            .parameters
            .iter()
            .map(|(name, _)| name)
            .filter(is_left_out);
        let around = definition
            .around
            .iter()
            .filter(|name| !ALWAYS.contains(&name.as_str()));
        parameters
            .map(|name| parameter(name).to_owned())
            .chain(around.cloned())
            .collect()
    }

    /// The name of the component of a macro in `template`.
    pub fn closing(&self, template: &str, name: &str) -> String {
        let prefix = self.prefixes.get(template).map_or("", String::as_str);
        format!(" endcomponent {prefix}.{name} ")
    }
}

/// A template's path as a name.
fn identifier(path: &str) -> String {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = stem.chars().map(allowed).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        format!("m{name}")
    } else {
        name
    }
}
