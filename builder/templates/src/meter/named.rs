//! What a template names: other templates, and the components that it defines.

use super::tags::{self, Body};
use crate::lexer::Tag;
use std::borrow::Cow;

/// Another template that one names.
pub struct Named<'a> {
    /// `extends` or `include`.
    pub word: &'static str,
    /// Its name.
    pub name: Cow<'a, str>,
    /// The 1-based line of the tag.
    pub line: u32,
    /// True where what it writes is kept before it is written.
    pub kept: bool,
}

/// What a template extends and includes.
pub fn named_templates(text: &str) -> Vec<Named<'_>> {
    let mut names = Vec::new();
    let mut kept = 0_usize;
    for tag in tags::all(text) {
        match tags::kept(&tag) {
            Some(Body::Begins) => kept += 1,
            Some(Body::Ends) => kept = kept.saturating_sub(1),
            None => {}
        }
        for word in ["extends", "include"] {
            if let Some(name) = tags::template(&tag, word) {
                names.push(Named {
                    word,
                    name,
                    line: tags::line_of(text, tag.range.start),
                    kept: kept > 0,
                });
            }
        }
    }
    names
}

/// The components that a template defines, each with the line of its definition.
pub fn defined_components(text: &str) -> Vec<(&str, u32)> {
    let tags = tags::all(text);
    let found = tags.filter_map(|tag| {
        let name = tags::component(&tag)?;
        Some((name, tags::line_of(text, tag.range.start)))
    });
    found.collect()
}

/// The 1-based line of the first `super()` of a template; None where it has none.
pub fn first_super(text: &str) -> Option<u32> {
    let calls_it = |tag: &Tag<'_>| {
        let behind = tag.tokens().skip(1);
        let mut pairs = tag.tokens().zip(behind);
        pairs.any(|(name, bracket)| name.is("super") && bracket.is("("))
    };
    let tag = tags::all(text).find(calls_it)?;
    Some(tags::line_of(text, tag.range.start))
}
