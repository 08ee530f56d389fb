//! Calls of what does not exist. The engine tells of each with a copy of its surroundings, for which it
//! goes through the whole text: a square of what is written. Where there are many, they are told here.

use super::tags::{self, is_of_name, places};
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
        for (kind, name, at) in of_tag(tag.inner) {
            all += 1;
            calls
                .entry((kind, name))
                .or_insert((tag.start + 2 + at, 0))
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
    let all = tags::all(text).filter(|tag| tag.word() == "component");
    let names = all.map(|tag| {
        let inner = tag.inner.trim_start_matches('-').trim_ascii_start();
        name(inner["component".len()..].trim_ascii_start())
    });
    names.collect()
}

fn name(text: &str) -> &str {
    let end = text.find(|c| !is_of_name(c) && c != '.');
    &text[..end.unwrap_or(text.len())]
}

fn of_tag(inner: &str) -> Vec<(Kind, &str, usize)> {
    let mut calls = Vec::new();
    // The last character that is no blank.
    let mut before = b' ';
    for at in places(inner) {
        let rest = &inner[at..];
        let byte = rest.as_bytes()[0];
        if is_of_name(byte as char) {
            let name = name(rest);
            let is_called = rest[name.len()..].starts_with('(');
            match before {
                b'|' => calls.push((Kind::Filter, name, at)),
                b'<' => calls.push((Kind::Component, name, at)),
                b'.' => {}
                _ if is_called && !behind_is(&inner[..at]) => {
                    calls.push((Kind::Function, name, at));
                }
                _ => {}
            }
            before = b'a';
        } else if byte == b'<' {
            // Behind a value it is a comparison.
            before = if matches!(before, b'a' | b')' | b']' | b'"') {
                b'a'
            } else {
                b'<'
            };
        } else if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    calls
}

/// True behind `is` and `is not`, where a test stands.
fn behind_is(before: &str) -> bool {
    let before = before.trim_ascii_end();
    let before = before
        .strip_suffix("not")
        .unwrap_or(before)
        .trim_ascii_end();
    before
        .strip_suffix("is")
        .is_some_and(|rest| !rest.ends_with(is_of_name))
}
