//! Single keys of front matter, and what their values become.

use super::front::Context;
use super::value::table_text;
use quillfront_site::front_matter::Value;
use std::collections::BTreeSet;

/// A menu entry that a page asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct MenuEntry {
    /// `main`, `footer` …
    pub menu: String,
    /// What it is called.
    pub name: String,
    /// Where it leads.
    pub url: String,
    /// Its place.
    pub weight: i64,
}

/// The first of each key.
pub fn unique(entries: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut seen = BTreeSet::new();
    entries
        .into_iter()
        .filter(|(key, _)| seen.insert(key.clone()))
        .collect()
}

/// YAML reads a title such as `2024` as a number.
pub fn as_expected(key: &str, value: Value) -> Value {
    match (key, value) {
        ("title" | "description", Value::Integer(number)) => Value::Text(number.to_string()),
        ("title" | "description", Value::Float(number)) => Value::Text(number.to_string()),
        ("title" | "description", Value::Bool(flag)) => Value::Text(flag.to_string()),
        ("weight", Value::Float(number)) => Value::Integer(number as i64),
        (_, value) => value,
    }
}

fn texts(value: Value) -> Vec<String> {
    match value {
        Value::Text(text) => vec![text],
        Value::Integer(number) => vec![number.to_string()],
        Value::Float(number) => vec![number.to_string()],
        Value::Array(items) => items.into_iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn list(texts: impl IntoIterator<Item = String>) -> Value {
    Value::Array(texts.into_iter().map(Value::Text).collect())
}

pub fn terms(value: Value) -> Value {
    list(
        texts(value)
            .into_iter()
            .filter(|term| !term.trim().is_empty()),
    )
}

/// An alias without a leading `/` is beside the page.
pub fn aliases(value: Value, url: &str) -> Value {
    let folder = url
        .trim_end_matches('/')
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    list(texts(value).into_iter().map(|alias| {
        match alias.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None => format!("{folder}/{alias}")
                .trim_start_matches('/')
                .to_owned(),
        }
    }))
}

/// Names, or tables with a name.
pub fn authors(value: Value) -> Value {
    fn names(value: Value) -> Vec<String> {
        match value {
            Value::Table(entries) => table_text(&entries, "name")
                .map(str::to_owned)
                .into_iter()
                .collect(),
            Value::Array(items) => items.into_iter().flat_map(names).collect(),
            other => texts(other),
        }
    }
    list(names(value))
}

pub fn build(
    value: &Value,
    context: &Context<'_>,
    head: &mut Vec<(String, Value)>,
    extra: &mut Vec<(String, Value)>,
) {
    let Value::Table(entries) = value else { return };
    let never = |key: &str| {
        let given = entries
            .iter()
            .find(|(one, _)| one.to_lowercase() == key)
            .map(|(_, value)| value);
        matches!(given, Some(Value::Bool(false)))
            || matches!(given, Some(Value::Text(text)) if text == "never")
    };
    if never("render") {
        head.push(("render".to_owned(), Value::Bool(false)));
    }
    if never("list") && !context.is_section {
        head.push(("hidden".to_owned(), Value::Bool(true)));
    }
    extra.push(("build".to_owned(), value.clone()));
}

/// `menu: main`, `menu: [main, footer]`, or `menu: {main: {name: …, weight: …}}`.
pub fn menu_entries(value: &Value, title: &str, url: &str) -> Vec<MenuEntry> {
    let entry = |menu: &str, name: Option<&str>, weight: i64| MenuEntry {
        menu: menu.to_owned(),
        name: name.unwrap_or(title).to_owned(),
        url: format!("/{}", url.trim_start_matches('/')),
        weight,
    };
    match value {
        Value::Table(menus) => menus
            .iter()
            .map(|(menu, settings)| match settings {
                Value::Table(settings) => {
                    let weight = settings.iter().find_map(|(key, value)| match value {
                        Value::Integer(weight) if key == "weight" => Some(*weight),
                        _ => None,
                    });
                    entry(menu, table_text(settings, "name"), weight.unwrap_or(0))
                }
                _ => entry(menu, None, 0),
            })
            .collect(),
        other => texts(other.clone())
            .iter()
            .map(|menu| entry(menu, None, 0))
            .collect(),
    }
}
