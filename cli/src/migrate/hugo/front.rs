//! Hugo's front matter, as this site model has it (site model, sections 4 and 5).

use super::keys::{MenuEntry, aliases, as_expected, authors, build, menu_entries, terms, unique};
use super::value::{self, table_text};
use crate::migrate::findings::Findings;
use quillfront_site::dates::Date;
use quillfront_site::front_matter::Value;

/// A content file's head, read.
pub struct Front {
    /// Its keys, in the order of the file, in the case that they are known by.
    pub keys: Vec<(String, Value)>,
    /// Where the body begins.
    pub body_start: usize,
    /// Comments in it, which do not survive.
    pub has_comments: bool,
}

/// Reads the head of a content file. A file without one is all body.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn read(text: &str) -> Result<Front, String> {
    let start = text.len()
        - text
            .trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
            .len();
    let rest = &text[start..];
    if rest.starts_with('{') && !rest.starts_with("{{") {
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
        let first = stream
            .next()
            .ok_or("it is empty")?
            .map_err(|error| error.to_string())?;
        let body_start = start + stream.byte_offset();
        let body_start = body_start + usize::from(text[body_start..].starts_with('\n'));
        return Ok(Front {
            keys: lower(value::of_json(first)),
            body_start,
            has_comments: false,
        });
    }
    let delimiter = ["+++", "---"].into_iter().find(|one| rest.starts_with(one));
    let Some(delimiter) = delimiter else {
        return Ok(Front {
            keys: Vec::new(),
            body_start: 0,
            has_comments: false,
        });
    };
    let split =
        quillfront_site::front_matter::split("", text).map_err(|problem| problem.message)?;
    let parsed = if delimiter == "+++" {
        value::of_toml(split.front)?
    } else {
        value::of_yaml(split.front)?
    };
    Ok(Front {
        keys: lower(parsed),
        body_start: text.len() - split.body.len(),
        has_comments: split
            .front
            .lines()
            .any(|line| line.trim_start().starts_with('#')),
    })
}

/// Hugo's keys are the same in any case.
fn lower(value: Value) -> Vec<(String, Value)> {
    match value {
        Value::Table(entries) => {
            let lower = |(key, value): (String, Value)| (key.to_lowercase(), value);
            entries.into_iter().map(lower).collect()
        }
        _ => Vec::new(),
    }
}

/// What the site says, as far as front matter needs it.
pub struct Context<'a> {
    /// The file.
    pub file: &'a str,
    /// Taxonomies by their plural, such as `tags`.
    pub taxonomies: &'a [String],
    /// True for `_index.md`.
    pub is_section: bool,
    /// Keys to add, unless they are there: `path`, `sort_by` …
    pub add: Vec<(String, Value)>,
    /// Values for `[extra]`.
    pub add_extra: Vec<(String, Value)>,
    /// The address in a menu.
    pub url: String,
}

/// What front matter becomes.
pub struct ConvertedFront {
    /// TOML between its delimiters.
    pub text: String,
    /// Menu entries in it.
    pub menus: Vec<MenuEntry>,
}

/// Keys that mean the same.
const SAME: [&str; 4] = ["title", "description", "draft", "weight"];
/// Keys that are taken for something else, or that name what does not exist here.
const LISTED: [(&str, &str, &str); 7] = [
    (
        "publishdate",
        "a publication date besides the date",
        "Set `date` to it",
    ),
    (
        "expirydate",
        "pages do not expire",
        "Remove the page when it expires",
    ),
    (
        "layout",
        "a Hugo layout",
        "Write a template, and name it with `template`",
    ),
    (
        "type",
        "a Hugo content type",
        "Write a template, and name it with `template`",
    ),
    ("outputs", "other output formats", "Use a template for each"),
    (
        "cascade",
        "values for all pages below",
        "Write them into each page, or read the section in the template",
    ),
    (
        "markup",
        "another markup language",
        "Convert the text to Markdown",
    ),
];

/// Writes front matter.
pub fn write(
    keys: Vec<(String, Value)>,
    context: &Context<'_>,
    findings: &mut Findings,
) -> ConvertedFront {
    let mut head: Vec<(String, Value)> = Vec::new();
    let mut extra: Vec<(String, Value)> = Vec::new();
    let mut taxonomies: Vec<(String, Value)> = Vec::new();
    let mut menus = Vec::new();
    let title = table_text(&keys, "title").unwrap_or_default().to_owned();
    let has_description = keys.iter().any(|(key, _)| key == "description");
    for (key, value) in keys {
        if value == Value::Null {
            continue;
        }
        if let Some((_, reason, action)) = LISTED.iter().find(|(one, _, _)| *one == key) {
            findings.left(
                context.file,
                None,
                format!("`{key}`: {reason}; it is in [extra]"),
                *action,
            );
        }
        match key.as_str() {
            key if SAME.contains(&key) => head.push((key.to_owned(), as_expected(key, value))),
            "date" | "lastmod" => {
                let name = if key == "date" { "date" } else { "updated" };
                let text = match &value {
                    Value::Text(text) => text.clone(),
                    _ => String::new(),
                };
                if context.is_section {
                    extra.push((name.to_owned(), value));
                } else if Date::parse(&text).is_some() {
                    head.push((name.to_owned(), value));
                } else {
                    let reason =
                        format!("`{key}` is {text:?}, which is not a date here; it is in [extra]");
                    findings.left(
                        context.file,
                        None,
                        reason,
                        "Write it as 2026-01-31 or 2026-01-31T12:00:00Z",
                    );
                    extra.push((key, value));
                }
            }
            "slug" | "url" if context.is_section => {
                let reason = format!("a section's `{key}`: its address is its folder's");
                findings.left(context.file, None, reason, "Rename the folder");
            }
            // The path says it.
            "slug" | "url" => {}
            "aliases" => head.push((key, aliases(value, &context.url))),
            "summary" if !has_description => head.push(("description".to_owned(), value)),
            "author" | "authors" if !context.is_section => {
                head.push(("authors".to_owned(), authors(value)))
            }
            "headless" if value == Value::Bool(true) => {
                head.push(("render".to_owned(), Value::Bool(false)))
            }
            "build" | "_build" => build(&value, context, &mut head, &mut extra),
            "menu" | "menus" => menus.extend(menu_entries(&value, &title, &context.url)),
            "params" => match value {
                Value::Table(entries) => extra.extend(entries),
                other => extra.push((key, other)),
            },
            key if context.taxonomies.iter().any(|one| one == key) => {
                if context.is_section {
                    findings.left(
                        context.file,
                        None,
                        format!("a section's `{key}`"),
                        "Sections have no terms",
                    );
                } else {
                    taxonomies.push((key.to_owned(), terms(value)));
                }
            }
            _ => extra.push((key, value)),
        }
    }
    for (key, value) in &context.add {
        if !head.iter().any(|(one, _)| one == key) {
            head.push((key.clone(), value.clone()));
        }
    }
    for (key, value) in &context.add_extra {
        if !extra.iter().any(|(one, _)| one == key) {
            extra.push((key.clone(), value.clone()));
        }
    }
    let tables = [("taxonomies", taxonomies), ("extra", extra)];
    for (key, entries) in tables {
        let entries = unique(entries);
        if !entries.is_empty() {
            head.push((key.to_owned(), Value::Table(entries)));
        }
    }
    ConvertedFront {
        text: format!("+++\n{}+++\n", value::to_toml(&unique(head))),
        menus,
    }
}
