//! Filters that Tera 2 writes as something other than a filter: slices, spreads, comprehensions.

use super::names::{Argument, Inside};
use super::tag::{Env, inside_quotes};

/// More rewrites than this in one tag are not to be expected; the rest is left to the first build.
const MAX_REWRITES: usize = 64;

/// One filter in a tag: tokens of its `|`, its name and its end.
struct FilterUse {
    pipe: usize,
    name: String,
    last: usize,
    arguments: Vec<Argument>,
    operand: usize,
    loose: bool,
}

/// Rewrites the filters of a tag's inside, from left to right.
pub fn rewrite(mut inside: String, line: u32, env: &mut Env<'_>) -> String {
    for _ in 0..MAX_REWRITES {
        let Some(next) = rewrite_first(&inside, line, env) else {
            break;
        };
        inside = next;
    }
    inside
}

fn rewrite_first(inside: &str, line: u32, env: &mut Env<'_>) -> Option<String> {
    let tag = Inside::of(inside);
    for pipe in 0..tag.tokens.len() {
        if tag.word(pipe) != "|" || !tag.is_name(pipe + 1) {
            continue;
        }
        let Some(found) = find(&tag, pipe) else {
            continue;
        };
        let Some(new) = replacement(&tag, &found, line, env) else {
            continue;
        };
        let start = tag.tokens[found.operand].start;
        let end = tag.tokens[found.last].end();
        return Some(format!("{}{new}{}", &inside[..start], &inside[end..]));
    }
    None
}

fn find(tag: &Inside<'_>, pipe: usize) -> Option<FilterUse> {
    let (operand, loose) = tag.operand(pipe);
    // A filter of a block (`set x | upper`) works on what is printed.
    if operand == pipe || (operand == 0 && tag.word(0) == "set") {
        return None;
    }
    let arguments = tag.arguments(pipe + 2);
    Some(FilterUse {
        pipe,
        name: tag.word(pipe + 1).to_owned(),
        last: arguments
            .as_ref()
            .map_or(pipe + 1, |arguments| arguments.close),
        arguments: arguments
            .map(|arguments| arguments.list)
            .unwrap_or_default(),
        operand,
        loose,
    })
}

/// What stands in the place of operand and filter; none where they stay.
fn replacement(
    tag: &Inside<'_>,
    found: &FilterUse,
    line: u32,
    env: &mut Env<'_>,
) -> Option<String> {
    let operand = &tag.text[tag.bytes(found.operand, found.pipe - 1)];
    let grouped = if found.loose {
        format!("({operand})")
    } else {
        operand.to_owned()
    };
    let given = |name: &str| {
        let one = found
            .arguments
            .iter()
            .find(|one| one.name.as_deref() == Some(name))?;
        Some(&tag.text[one.value.clone()])
    };
    let new = match found.name.as_str() {
        "slice" => {
            let (start, end) = (given("start").unwrap_or(""), given("end").unwrap_or(""));
            format!("{grouped}[{start}:{end}]")
        }
        "concat" => {
            let with = given("with")?;
            format!("[...{grouped}, {}]", appended(with))
        }
        "addslashes" => format!(
            "{grouped} | replace(from=\"\\\\\", to=\"\\\\\\\\\") | replace(from='\"', to='\\\\\"') | replace(from=\"'\", to=\"\\\\'\")"
        ),
        "filter" | "map" => {
            let Some(attribute) = given("attribute")
                .and_then(inside_quotes)
                .filter(|one| is_path(one))
            else {
                let reason = format!(
                    "the filter `{}` with an attribute that is not written out",
                    found.name
                );
                let action = "Write a list comprehension: [x for x in list if x.name == \"…\"]";
                env.findings.left(env.file, line, reason, action);
                return None;
            };
            comprehension(&found.name, &grouped, attribute, given("value"))
        }
        "default" if env.with_default.contains(operand) => operand.to_owned(),
        "default" if env.optional.contains(operand) => {
            format!(
                "({operand} if {operand} is not none else {})",
                given("value")?
            )
        }
        _ if found.loose => {
            let filter = &tag.text[tag.bytes(found.pipe, found.last)];
            env.findings
                .changed("operands of filters, now in parentheses");
            return Some(format!("{grouped} {filter}"));
        }
        _ => return None,
    };
    env.findings.changed(&format!("filter `{}`", found.name));
    Some(new)
}

/// `concat` took the items of a list, and anything else as one item.
fn appended(with: &str) -> String {
    let literal = inside_quotes(with).is_some() || with.bytes().all(|byte| byte.is_ascii_digit());
    if with.starts_with('[') && with.ends_with(']') {
        format!("...{with}")
    } else if literal {
        with.to_owned()
    } else {
        format!("...({with} if {with} is array else [{with}])")
    }
}

fn comprehension(filter: &str, list: &str, attribute: &str, value: Option<&str>) -> String {
    // A name that no template has, but for one that has been rewritten before.
    let mut name = "item".to_owned();
    while list.contains(&name) || value.is_some_and(|value| value.contains(&name)) {
        name.push('_');
    }
    let path = format!("{name}?.{}", attribute.replace('.', "?."));
    let is_there = format!("{path} is defined and {path} is not none");
    match (filter, value) {
        ("map", _) => format!("[{path} for {name} in {list} if {is_there}]"),
        (_, Some(value)) => format!("[{name} for {name} in {list} if {path} == {value}]"),
        (_, None) => format!("[{name} for {name} in {list} if {is_there}]"),
    }
}

fn is_path(text: &str) -> bool {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    text.split('.').all(is_name)
}
