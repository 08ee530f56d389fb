//! What templates say of macros: definitions, imports, literals.

use super::names::Inside;
use super::pieces::tags;
use super::tag::inside_quotes;
use super::variables::variables;
use quillfront_templates::lexer::Kind;
use std::collections::BTreeSet;

/// What a parameter `body` is called: components keep that name for what is between their tags.
pub const BODY: &str = "body_text";

/// A macro's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Macro {
    /// Its name.
    pub name: String,
    /// Parameters and their defaults, as written.
    pub parameters: Vec<(String, Option<String>)>,
    /// Variables of the page that it uses: Tera 1 let it see them, a component has to name them.
    pub around: BTreeSet<String>,
}

/// The templates that a file imports: what it calls them, and their names.
pub fn imports(text: &str) -> Vec<(String, String)> {
    let tags = tags(text).filter(|tag| !tag.prints);
    tags.filter_map(|tag| {
        let inside = Inside::of(tag.text);
        let path = (inside.word(0) == "import")
            .then(|| inside.text_at(1))
            .flatten()?;
        Some((inside.word(3).to_owned(), path.to_owned()))
    })
    .collect()
}

/// The macro that the inside of a tag defines.
pub fn definition(inside: &str) -> Option<Macro> {
    let tag = Inside::of(inside);
    if tag.word(0) != "macro" || !tag.is_name(1) {
        return None;
    }
    let arguments = tag.arguments(2)?;
    let parameters = arguments.list.into_iter().map(|one| {
        let value = inside[one.value].to_owned();
        match one.name {
            Some(name) => (name, Some(value)),
            None => (value, None),
        }
    });
    Some(Macro {
        name: tag.word(1).to_owned(),
        parameters: parameters.collect(),
        around: BTreeSet::new(),
    })
}

/// The macros that a template defines, with what they use of the page.
pub fn definitions(text: &str) -> Vec<Macro> {
    let mut found: Vec<Macro> = Vec::new();
    let mut open: Option<(Macro, usize)> = None;
    for tag in tags(text) {
        let inside = tag.text;
        if tag.prints {
            continue;
        }
        if let Some(one) = definition(inside) {
            open = Some((one, tag.range.end));
        } else if tag.word() == "endmacro"
            && let Some((mut one, start)) = open.take()
        {
            one.around = variables(&text[start..tag.range.start]).names;
            one.around.retain(|name| {
                one.parameters
                    .iter()
                    .all(|(parameter, _)| parameter != name)
            });
            found.push(one);
        }
    }
    found
}

/// What a macro's parameter is called in the component.
pub fn parameter(name: &str) -> &str {
    if name == "body" { BODY } else { name }
}

/// The kind of a literal; none for anything else.
pub fn literal(value: &str) -> Option<&'static str> {
    if inside_quotes(value).is_some() {
        return Some("string");
    }
    if matches!(value, "true" | "false" | "True" | "False") {
        return Some("bool");
    }
    if value.starts_with('[') && value.ends_with(']') {
        return Some("array");
    }
    let inside = Inside::of(value);
    let number = match inside.tokens.as_slice() {
        [one] => one.kind == Kind::Number,
        [sign, one] => {
            inside.text.starts_with('-') && sign.kind == Kind::Sign && one.kind == Kind::Number
        }
        _ => false,
    };
    let whole = number.then(|| !value.contains('.'))?;
    Some(if whole { "integer" } else { "float" })
}
