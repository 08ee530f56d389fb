//! Names of variables and rules, which all counting goes by.

use super::{Refusal, Syntax};
use std::collections::BTreeMap;

/// The name of a variable behind its `$`.
pub(super) fn name(text: &str) -> &str {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii();
    &text[..text.find(|c| !is_of_name(c)).unwrap_or(text.len())]
}

/// The one spelling of a name: Sass takes `_` for `-`.
pub(super) fn canonical(name: &str) -> String {
    name.replace('_', "-")
}

/// How often a text names each variable.
pub(super) fn named(text: &str) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for (at, _) in text.match_indices('$') {
        *names.entry(canonical(name(&text[at + 1..]))).or_default() += 1;
    }
    names
}

/// Refuses what would hide a name from the guard, or take its place: escapes in names of variables,
/// rules, functions and modules, and functions with names of ours.
pub(super) fn check(text: &str, code: &str, syntax: Syntax) -> Result<(), Refusal> {
    for (at, sign) in code.match_indices(['$', '@']) {
        let begin = at + 1;
        let end = begin + name(&code[begin..]).len();
        // `@media\0screen` is a way to speak to old browsers.
        if !code[begin..end].starts_with("media") {
            refuse_escapes(text, begin, end)?;
        }
        let rest = &code[end..];
        let behind = end + rest.len() - rest.trim_start().len();
        match (sign, &code[begin..end]) {
            ("@", "function") => {
                let own = name(&code[behind..]);
                refuse_escapes(text, behind, behind + own.len())?;
                if canonical(own).contains("-quillfront") {
                    return Err((
                        line(text, at),
                        "names with -quillfront are taken".to_owned(),
                    ));
                }
            }
            ("@", "use" | "forward") => {
                let statement = &code[behind..statement_end(code, behind, syntax)];
                let names = statement.find('(').unwrap_or(statement.len());
                refuse_escapes(text, behind, behind + names)?;
                let prefix = prefix(statement);
                if prefix.is_some_and(|prefix| prefix.starts_with(['-', '_'])) {
                    let told = "a prefix that begins with - or _ would make all names private";
                    return Err((line(text, at), told.to_owned()));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Where the statement ends that an offset is in.
fn statement_end(code: &str, from: usize, syntax: Syntax) -> usize {
    let ends: &[char] = match syntax {
        Syntax::Indented => &[';', '\n'],
        Syntax::Scss | Syntax::Css => &[';', '{', '}'],
    };
    let end = code[from..].find(ends).map(|found| from + found);
    end.unwrap_or(code.len())
}

fn refuse_escapes(text: &str, begin: usize, end: usize) -> Result<(), Refusal> {
    match text.as_bytes().get(begin..end) {
        Some(name) if name.contains(&b'\\') => {
            let message = "a name is written with an escape here; write it without".to_owned();
            Err((line(text, begin), message))
        }
        _ => Ok(()),
    }
}

fn line(text: &str, at: usize) -> u32 {
    let before = text.as_bytes()[..at].iter();
    1 + before.filter(|byte| **byte == b'\n').count() as u32
}

/// What `@forward … as prefix-*` puts before names.
fn prefix(statement: &str) -> Option<&str> {
    let (before, _) = statement.split_once('*')?;
    let (_, prefix) = before.rsplit_once([' ', '\t', '\n', '"', '\''])?;
    (!prefix.is_empty()).then_some(prefix)
}

/// True where a file forwards another one with a prefix.
pub(super) fn has_prefix(code: &str, syntax: Syntax) -> bool {
    code.match_indices("@forward").any(|(at, rule)| {
        let begin = at + rule.len();
        prefix(&code[begin..statement_end(code, begin, syntax)]).is_some()
    })
}

/// Where the address of a `@use` or `@forward` is that begins at an offset, without its quotes.
pub(super) fn module(text: &str, code: &str, at: usize) -> Option<(usize, usize)> {
    let rest = code[at..].strip_prefix("@use");
    let rest = rest
        .or_else(|| code[at..].strip_prefix("@forward"))?
        .trim_start();
    let begin = code.len() - rest.len() + 1;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let end = begin + code[begin..].find(quote)?;
    text.get(begin..end).is_some().then_some((begin, end))
}
