//! What JavaScript is at a place of a script, as far as it is certain.
//!
//! [`Script::lex`] takes a script apart into tokens. JavaScript cannot be taken apart without being parsed: a
//! slash begins a regular expression or divides. Where the tokens around it do not settle that, and at all
//! else that is out of the ordinary, the lexer stops, and nothing is known of the rest ([`Script::data`] finds
//! no data there).

mod data;
mod lexer;

pub(crate) use data::Data;
use std::cell::Cell;
use std::ops::Range;

/// A script that is taken apart.
#[derive(Debug)]
pub(crate) struct Script<'a> {
    pub(crate) text: &'a str,
    /// In order. What is between them is blank or a comment.
    pub(crate) tokens: Vec<Token>,
    /// What could begin or end something in HTML.
    markup: Vec<Range<usize>>,
    /// Of each byte in a string, whether a character begins there that no backslash escapes.
    begins: Vec<bool>,
    /// How many tokens may still be looked at in search of values.
    budget: Cell<usize>,
}

/// A token of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword.
    Word,
    Number,
    /// A string, with its quotes.
    Text,
    /// A part of a template literal: from a backtick or the brace that ends a substitution to a backtick or
    /// behind the `${` that begins one.
    Template,
    RegExp,
    Sign,
}

impl Token {
    /// Returns where its text is, between quotes or the like.
    fn inside(&self, script: &str) -> Option<Range<usize>> {
        let Range { start, end } = self.range;
        match self.kind {
            Kind::Text => Some(start + 1..end - 1),
            Kind::Template if script[start..end].ends_with("${") => Some(start + 1..end - 2),
            Kind::Template => Some(start + 1..end - 1),
            _ => None,
        }
    }
}
