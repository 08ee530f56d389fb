//! Puts the calls into a text.

use super::expressions::{Calls, Place, Use, is_literal, measures, plain_path};
use super::functions::*;
use super::tags::{self, Body};
use super::{MeteredText, Role};
use crate::budget;
use crate::lexer::Tag;
use std::borrow::Cow;

/// Puts the meters into a text.
pub(super) fn metered<'a>(text: &'a str, role: Role<'_>) -> MeteredText<'a> {
    let all: Vec<Tag<'_>> = tags::all(text).collect();
    let mut writer = Writer {
        text,
        role,
        put: Vec::new(),
        loops: 0,
        kept: usize::from(matches!(role, Role::Template { kept: true, .. })),
        blocks: Vec::new(),
    };
    for (tag, body) in all.iter().zip(tags::bodies(&all)) {
        writer.tag(tag, body);
    }
    writer.done()
}

struct Writer<'a, 'r> {
    text: &'a str,
    role: Role<'r>,
    /// Where, which of several at one place comes first, and what.
    put: Vec<(usize, usize, String)>,
    loops: usize,
    /// Blocks whose text is kept before it is written: those of variables, filters and components.
    kept: usize,
    /// The variables of open `{% set x %}` blocks.
    blocks: Vec<&'a str>,
}

impl<'a> Writer<'a, '_> {
    fn in_text(&self) -> bool {
        matches!(self.role, Role::Text)
    }

    fn tag(&mut self, tag: &Tag<'a>, body: usize) {
        let word = tag.word();
        if has_expressions(tag, word) {
            self.expressions(tag, word);
        }
        self.written(tag);
        match tags::kept(tag) {
            Some(Body::Begins) => self.kept += 1,
            Some(Body::Ends) => self.kept = self.kept.saturating_sub(1),
            None => {}
        }
        let (step, size) = match self.role {
            Role::Text => (format!("{STEP}() }}}}{{{{ "), SIZE),
            Role::Template { .. } => (String::new(), SIZE_IN_TEMPLATE),
        };
        let call = match word {
            "for" => {
                self.loops += 1;
                Some(step + &self.turn(body))
            }
            "component" => {
                self.loops += 1;
                let body = ENTERED_BYTES + body;
                let parameters = tags::parameters(tag).into_iter();
                let sizes = parameters
                    .filter(|_| self.in_text())
                    .map(|name| format!(" }}}}{{{{ {size}(of={name})"));
                Some(step + &self.turn(body) + &sizes.collect::<String>())
            }
            "block" => Some(self.turn(body)),
            "include" => match self.role {
                Role::Template { size_of, .. } => {
                    let name = tags::template(tag, "include");
                    let size = name.map_or(0, |name| size_of(&name));
                    Some(self.turn(ENTERED_BYTES + size))
                }
                Role::Text => Some(self.turn(ENTERED_BYTES)),
            },
            "endfor" | "endcomponent" => {
                self.loops = self.loops.saturating_sub(1);
                None
            }
            "set" | "set_global" => match tags::variable(tag) {
                Some((_, Some(value))) if is_literal(value) => None,
                Some((name, Some(_))) => Some(format!("{size}(of={name})")),
                Some((name, None)) => {
                    self.blocks.push(name);
                    None
                }
                None => None,
            },
            "endset" => self.blocks.pop().map(|name| format!("{size}(of={name})")),
            _ => None,
        };
        if let Some(call) = call {
            // A tag that trims what follows it goes on to do so.
            let end = if tag.trims_after { "-}}" } else { "}}" };
            self.put
                .push((tag.range.end, 0, format!("{{{{ {call} {end}")));
        }
    }

    /// The call that takes the steps of a body of so many bytes.
    fn turn(&self, bytes: usize) -> String {
        let steps = 1 + bytes / budget::BYTES_A_STEP;
        let power = (steps.next_power_of_two().trailing_zeros() as usize).min(MAX_POWER);
        let call = match self.kept {
            0 => TURN,
            _ if self.in_text() => TURN,
            _ => TURN_KEPT,
        };
        format!("{call}{power}()")
    }

    /// What is measured inside a tag.
    fn expressions(&mut self, tag: &Tag<'a>, word: &str) {
        let calls = if self.in_text() {
            &IN_TEXT
        } else {
            &IN_TEMPLATE
        };
        let place = match word {
            "for" => Place::Loop,
            "" | "set" | "set_global" => Place::Value,
            "elif" => Place::Elif,
            _ => Place::Other,
        };
        let found = measures(tag, place, calls);
        let inner = tag.inner.start;
        for wrap in found.wraps {
            self.wrap(inner + wrap.start, inner + wrap.end, wrap.call);
        }
        if !found.looked_at.is_empty() {
            let arguments = found.looked_at.iter().enumerate();
            let arguments: Vec<String> = arguments
                .map(|(n, (how, path))| {
                    let name = match how {
                        Use::Searched => 's',
                        Use::Indexed => 'i',
                        Use::Compared => 'c',
                    };
                    format!("{name}{n}={path}")
                })
                .collect();
            self.before(tag, &format!("{LOOK}({})", arguments.join(", ")));
        }
    }

    /// Puts a call around a part of the text.
    fn wrap(&mut self, start: usize, end: usize, call: &str) {
        // Of two that begin at one place the longer one comes first.
        self.put
            .push((start, 2 + (self.text.len() - end), format!("{call}(of=")));
        self.put.push((end, 2, ")".to_owned()));
    }

    /// Puts a call that writes nothing before a tag.
    fn before(&mut self, tag: &Tag<'_>, call: &str) {
        let dash = if tag.trims_before { "-" } else { "" };
        self.put
            .push((tag.range.start, 1, format!("{{{{{dash} {call} }}}}")));
    }

    /// Measures what `{{ … }}` writes, where that is kept.
    fn written(&mut self, tag: &Tag<'a>) {
        let Some(expression) = tags::printed(tag) else {
            return;
        };
        let (from, to) = (tag.inner.end - expression.len(), tag.inner.end);
        match self.role {
            Role::Text if self.loops > 0 && self.kept > 0 => self.wrap(from, to, KEEP),
            Role::Template { .. } if self.kept > 0 => match plain_path(expression) {
                _ if is_literal(expression) => {}
                // Twice, so that the engine's own words tell what is wrong with it.
                Some(path) => self.before(tag, &format!("{LOOK_KEPT}(of={path})")),
                None => self.wrap(from, to, KEEP_IN_TEMPLATE),
            },
            _ => {}
        }
    }

    fn done(mut self) -> MeteredText<'a> {
        self.put.sort_by_key(|(at, order, _)| (*at, *order));
        let mut text = String::new();
        let mut copied = 0;
        let mut inserted = Vec::with_capacity(self.put.len());
        for (at, _, part) in &self.put {
            text.push_str(&self.text[copied..*at]);
            text.push_str(part);
            inserted.push((*at, part.chars().count()));
            copied = *at;
        }
        text.push_str(&self.text[copied..]);
        MeteredText {
            text: if inserted.is_empty() {
                Cow::Borrowed(self.text)
            } else {
                Cow::Owned(text)
            },
            original: self.text,
            inserted,
        }
    }
}

/// Whether values are worked out in a tag.
fn has_expressions(tag: &Tag<'_>, word: &str) -> bool {
    let ends = word.starts_with("end") || tags::first_is(tag, "</");
    !ends && !matches!(word, "component" | "extends" | "include" | "block" | "else")
}

/// Bytes of source that entering another template or a component counts as.
const ENTERED_BYTES: usize = 7 * budget::BYTES_A_STEP;

const IN_TEXT: Calls = Calls {
    entry: ENTRY,
    spread: SPREAD,
    element: KEEP,
    all: ALL,
    each: EACH,
    joined: JOINED_IN_TEXT,
    searched: SEARCHED,
    indexed: INDEXED,
    compared: COMPARED,
};
const IN_TEMPLATE: Calls = Calls {
    element: ELEMENT,
    joined: JOINED,
    ..IN_TEXT
};
