//! What a template names: other templates, and the components that it defines.

use super::tags::{self, Body, Lines};
use crate::lexer::Tag;
use std::borrow::Cow;

/// Another template that one names.
pub struct TemplateName<'a> {
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
pub fn named_templates(text: &str) -> Vec<TemplateName<'_>> {
    let mut names = Vec::new();
    let mut kept = 0_usize;
    let mut lines = Lines::of(text);
    for tag in tags::all(text) {
        match tags::kept(&tag) {
            Some(Body::Begins) => kept += 1,
            Some(Body::Ends) => kept = kept.saturating_sub(1),
            None => {}
        }
        for word in ["extends", "include"] {
            if let Some(name) = tags::template(&tag, word) {
                names.push(TemplateName {
                    word,
                    name,
                    line: lines.line(tag.range.start),
                    kept: kept > 0,
                });
            }
        }
    }
    names
}

/// The components that a template defines, each with the line of its definition.
pub fn defined_components(text: &str) -> Vec<(&str, u32)> {
    let mut lines = Lines::of(text);
    let found = tags::all(text).filter_map(|tag| {
        let name = tags::component(&tag)?;
        Some((name, lines.line(tag.range.start)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_components_and_super_are_found_with_their_lines() {
        let text = "{% extends 'a\\/b' %}\n{# {% include 'c' %} #}\n{% include \"d\" %}\n\
                    {% set x %}{% include `e` %}{% endset %}super() \"super()\"\n\
                    {% component ui.f(x) %}\n{{ super.x }}{{ super () }}";
        let named = named_templates(text);
        let named: Vec<_> = named
            .iter()
            .map(|named| (named.word, &*named.name, named.line, named.kept))
            .collect();
        assert_eq!(
            named,
            [
                ("extends", "a/b", 1, false),
                ("include", "d", 3, false),
                ("include", "e", 4, true)
            ]
        );
        assert_eq!(defined_components(text), [("ui.f", 5)]);
        assert_eq!(first_super(text), Some(6));
    }

    #[test]
    fn very_many_take_no_longer_each() {
        let count = 100_000;
        let named = "{% include 'a' %}\n".repeat(count as usize);
        assert_eq!(named_templates(&named).last().unwrap().line, count);
        let defined = "{% component A() %}{% endcomponent %}\n".repeat(count as usize);
        assert_eq!(defined_components(&defined).last(), Some(&("A", count)));
    }
}
