//! What the meter asks of a tag.

use crate::lexer::{Dialect, Kind, Tag, Token};
use std::borrow::Cow;

/// The tags of a text that the engine renders.
pub(super) fn all(text: &str) -> impl Iterator<Item = Tag<'_>> {
    crate::lexer::tags(text, Dialect::Tera2)
}

/// Of each tag the bytes of its body, up to what ends it; 0 where it has none.
pub(super) fn bodies(all: &[Tag<'_>]) -> Vec<usize> {
    let mut sizes = vec![0; all.len()];
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (index, tag) in all.iter().enumerate() {
        let word = tag.word();
        match word.strip_prefix("end") {
            Some(ended) => {
                if let Some((start, _)) = open.pop_if(|(_, name)| *name == ended) {
                    sizes[start] = tag.range.start - all[start].range.end;
                }
            }
            None if matches!(word, "for" | "block" | "component") => open.push((index, word)),
            None => {}
        }
    }
    sizes
}

/// The 1-based line of an offset.
pub(super) fn line_of(text: &str, offset: usize) -> u32 {
    text[..offset].matches('\n').count() as u32 + 1
}

/// The lines of one offset after the other, in one way through the text.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// How far it has come, and the 1-based line there.
    at: (usize, u32),
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, at: (0, 1) }
    }

    /// The 1-based line of an offset that is not before the last one.
    pub(super) fn line(&mut self, offset: usize) -> u32 {
        let (at, line) = self.at;
        self.at = (offset, line + line_of(&self.text[at..], offset - at) - 1);
        self.at.1
    }
}

/// What `{{ … }}` prints; none for a component, whose text is metered where it is written.
pub(super) fn printed<'a>(tag: &Tag<'a>) -> Option<&'a str> {
    let first = tag.tokens().next().filter(|_| tag.prints)?;
    (!first.is("<")).then_some(tag.text.trim_ascii_start())
}

/// The variable that a tag sets, and its value, which a block has none of.
pub(super) fn variable<'a>(tag: &Tag<'a>) -> Option<(&'a str, Option<&'a str>)> {
    if !matches!(tag.word(), "set" | "set_global") {
        return None;
    }
    let mut tokens = tag.tokens().skip(1);
    let name = tokens.next().filter(|token| token.kind == Kind::Name)?;
    let sign = tokens.next().filter(|token| token.is("="));
    Some((name.text, sign.map(|sign| &tag.text[sign.end()..])))
}

/// The template that `{% word "template" %}` names.
pub(super) fn template<'a>(tag: &Tag<'a>, word: &str) -> Option<Cow<'a, str>> {
    let mut tokens = tag.tokens();
    let first = tokens.next().filter(|_| !tag.prints)?;
    let second = tokens.next().filter(|_| first.is(word))?;
    second.string()
}

/// The component that a tag defines.
pub(super) fn component<'a>(tag: &Tag<'a>) -> Option<&'a str> {
    let mut tokens = tag.tokens();
    let name = tokens.nth(1).filter(|_| tag.word() == "component")?;
    Some(tokens.dotted(name))
}

/// Whether a tag begins with this sign or word.
pub(super) fn first_is(tag: &Tag<'_>, text: &str) -> bool {
    tag.tokens().next().is_some_and(|token| token.is(text))
}

/// What a tag does with the text between it and another one.
pub(super) enum Body {
    /// That text is kept before it is written, as a filter or a component gets it.
    Begins,
    /// It is kept up to here.
    Ends,
}

/// Whether text begins to be kept at a tag, or ends to.
pub(super) fn kept(tag: &Tag<'_>) -> Option<Body> {
    match tag.word() {
        "filter" | "component" => Some(Body::Begins),
        "set" | "set_global" => match variable(tag) {
            Some((_, None)) => Some(Body::Begins),
            _ => None,
        },
        "endfilter" | "endcomponent" | "endset" => Some(Body::Ends),
        _ if tag.prints => None,
        // The call of a component.
        _ => match tag.tokens().next()?.text {
            "</" => Some(Body::Ends),
            "<" if !tag.text.trim_ascii_end().ends_with("/>") => Some(Body::Begins),
            _ => None,
        },
    }
}

/// How often the keyword `for` is in a tag.
pub(super) fn loops(tag: &Tag<'_>) -> usize {
    let mut is_field = false;
    let is_keyword = |token: &Token<'_>| {
        let found = token.is("for") && !is_field;
        is_field = token.is(".") || token.is("?.");
        found
    };
    tag.tokens().filter(is_keyword).count()
}

/// How often `~` is in a tag.
pub(super) fn joins(tag: &Tag<'_>) -> usize {
    tag.tokens().filter(|token| token.is("~")).count()
}

/// The parameters that the tag of a component names.
pub(super) fn parameters<'a>(tag: &Tag<'a>) -> Vec<&'a str> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut is_wanted = false;
    for token in tag.tokens() {
        match token.text {
            "(" | "[" | "{" | "?[" => {
                depth += 1;
                is_wanted |= depth == 1;
            }
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "," => is_wanted = depth == 1,
            name if is_wanted && token.kind == Kind::Name => {
                is_wanted = false;
                names.push(name);
            }
            _ => {}
        }
        // Behind the bracket that ends them there are none.
        if depth == 0 && token.is(")") {
            break;
        }
    }
    names
}
