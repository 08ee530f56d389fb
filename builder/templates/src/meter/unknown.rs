//! Calls of what does not exist. The engine tells of each with a copy of its surroundings, for which it
//! goes through the whole text: a square of what is written. Where there are many, they are told here.

use super::tags;
use crate::lexer::{self, Tag};
use std::collections::{BTreeMap, BTreeSet};
use tera::{Context, Tera};

/// Unknown calls that are left to the engine to tell of.
const MAX_TOLD: usize = 50;

/// What is called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Component,
    Filter,
    Function,
}

/// The first of very many calls of what does not exist: its 1-based line, and what is wrong.
pub fn many_unknown(text: &str, tera: &Tera, own: &BTreeSet<&str>) -> Option<(u32, String)> {
    let mut calls: BTreeMap<(Kind, &str), (usize, usize)> = BTreeMap::new();
    let mut all = 0;
    for tag in tags::all(text) {
        if tag.word() == "component" {
            continue;
        }
        for (kind, name, at) in of_tag(&tag) {
            all += 1;
            calls
                .entry((kind, name))
                .or_insert((tag.inner.start + at, 0))
                .1 += 1;
        }
    }
    if all <= MAX_TOLD {
        return None;
    }
    let own_components = components(text);
    let is_unknown = |(kind, name): (Kind, &str)| {
        let call = match kind {
            Kind::Component if own.contains(name) || own_components.contains(name) => return false,
            Kind::Component => format!("<{name}/>"),
            Kind::Filter => format!("1 | {name}"),
            Kind::Function if name == "super" => return false,
            Kind::Function => format!("{name}()"),
        };
        let asked = format!("{{% if false %}}{{{{ {call} }}}}{{% endif %}}");
        let answer = tera.render_str(&asked, &Context::new(), false);
        answer.is_err_and(|error| error.to_string().contains("Unknown"))
    };
    let mut first: Option<(usize, Kind, &str)> = None;
    let mut unknown = 0;
    for (&(kind, name), &(at, count)) in &calls {
        if is_unknown((kind, name)) {
            unknown += count;
            if first.is_none_or(|(place, ..)| at < place) {
                first = Some((at, kind, name));
            }
        }
    }
    let (at, kind, name) = first.filter(|_| unknown > MAX_TOLD)?;
    let kind = match kind {
        Kind::Component => "component",
        Kind::Filter => "filter",
        Kind::Function => "function",
    };
    let message = format!(
        "Unknown {kind} `{name}`, the first of {unknown} calls to things that do not exist"
    );
    Some((tags::line_of(text, at), message))
}

/// The components that a text defines.
pub fn components(text: &str) -> BTreeSet<&str> {
    tags::all(text)
        .filter_map(|tag| tags::component(&tag))
        .collect()
}

/// Words before which there is no value, and which are not called.
const KEYWORDS: [&str; 16] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "elif",
    "else",
    "for",
    "set",
    "set_global",
    "filter",
    "include",
    "extends",
    "block",
    "component",
];

/// The calls in a tag, with the bytes of its inside before each.
fn of_tag<'a>(tag: &Tag<'a>) -> Vec<(Kind, &'a str, usize)> {
    let mut calls = Vec::new();
    let mut tokens = tag.tokens();
    // What stands before a token, and before that.
    let (mut before, mut earlier) = ("", "");
    // Behind a value, `<` compares.
    let mut is_after_value = false;
    let mut opens_component = false;
    while let Some(token) = tokens.next() {
        let mut text = token.text;
        if token.kind == lexer::Kind::Name {
            text = tokens.dotted(token);
            let is_called = tokens.peek().is_some_and(|next| next.is("("));
            let is_test = before == "is" || (before == "not" && earlier == "is");
            let is_filter = before == "|" || (before == "filter" && tag.word() == "filter");
            match before {
                "." | "?." => {}
                "<" if opens_component => calls.push((Kind::Component, text, token.start)),
                _ if is_filter => calls.push((Kind::Filter, text, token.start)),
                _ if is_called && !is_test && !KEYWORDS.contains(&text) => {
                    calls.push((Kind::Function, text, token.start));
                }
                _ => {}
            }
        }
        opens_component = text == "<" && !is_after_value;
        is_after_value = match token.kind {
            lexer::Kind::Name => !KEYWORDS.contains(&text),
            lexer::Kind::Text | lexer::Kind::Number => true,
            lexer::Kind::Sign => matches!(text, ")" | "]" | "}"),
            lexer::Kind::Unknown => false,
        };
        (before, earlier) = (text, before);
    }
    calls
}
