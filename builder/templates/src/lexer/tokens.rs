//! The tokens of a tag.

use super::Dialect;
use std::borrow::Cow;
use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword, also `true` and `false`.
    Name,
    /// A string, with its quotes.
    Text,
    /// A number without a sign. It is a fraction where it has a point.
    Number,
    /// An operator or a bracket.
    Sign,
    /// A character that no token begins with, or a string that never ends. The engine refuses it.
    Unknown,
}

/// A token of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// It, as written.
    pub text: &'a str,
    /// Where it begins, in bytes of the tag's inside.
    pub start: usize,
}

impl<'a> Token<'a> {
    /// Returns where it ends, in bytes of the tag's inside.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Returns its bytes of the tag's inside.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end()
    }

    /// Returns true where it is this operator, bracket, name or keyword.
    pub fn is(&self, word: &str) -> bool {
        self.text == word
    }

    /// Returns what is between the quotes of a string, as written.
    pub fn quoted(&self) -> Option<&'a str> {
        (self.kind == Kind::Text).then(|| &self.text[1..self.text.len() - 1])
    }

    /// Returns what a string of Tera 2 stands for. None for any other token, and where there is an
    /// escape that the engine refuses.
    pub fn string(&self) -> Option<Cow<'a, str>> {
        let quoted = self.quoted()?;
        if !quoted.contains('\\') {
            return Some(Cow::Borrowed(quoted));
        }
        let mut out = String::with_capacity(quoted.len());
        let mut chars = quoted.chars();
        while let Some(c) = chars.next() {
            out.push(match c {
                '\\' => match chars.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    c @ ('"' | '\'' | '/' | '\\') => c,
                    _ => return None,
                },
                c => c,
            });
        }
        Some(Cow::Owned(out))
    }
}

/// Returns the tokens of a tag's inside, which blanks may stand between.
pub fn tokens(inside: &str, dialect: Dialect) -> Tokens<'_> {
    Tokens {
        inside,
        dialect,
        at: 0,
        is_step: false,
    }
}

/// The tokens of a tag; [`tokens`] makes them. A copy looks ahead.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    inside: &'a str,
    dialect: Dialect,
    at: usize,
    /// Behind a dot.
    is_step: bool,
}

impl<'a> Tokens<'a> {
    /// Returns the next token without a step to it.
    pub fn peek(&self) -> Option<Token<'a>> {
        self.clone().next()
    }

    /// Returns `first`, the last token, with the names that dots join to it, and steps over them.
    pub fn dotted(&mut self, first: Token<'a>) -> &'a str {
        let mut end = first.end();
        loop {
            let mut ahead = self.clone();
            let dot = ahead.next().filter(|dot| dot.is(".") && dot.start == end);
            let name = ahead.next().filter(|name| name.kind == Kind::Name);
            match name.filter(|name| dot.is_some() && name.start == end + 1) {
                Some(name) => end = name.end(),
                None => return &self.inside[first.start..end],
            }
            *self = ahead;
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = self.inside[self.at..].trim_ascii_start();
        let start = self.inside.len() - rest.len();
        let (kind, length) = self.token(rest)?;
        self.at = start + length;
        let text = &rest[..length];
        self.is_step = text == ".";
        Some(Token { kind, text, start })
    }
}

impl Tokens<'_> {
    /// Returns the kind of the token that `rest` begins with, and its bytes.
    fn token(&self, rest: &str) -> Option<(Kind, usize)> {
        let first = rest.chars().next()?;
        let bytes = rest.as_bytes();
        Some(match first {
            '"' | '\'' | '`' => match string_length(bytes, self.dialect) {
                Some(length) => (Kind::Text, length),
                None => (Kind::Unknown, rest.len()),
            },
            '0'..='9' => (Kind::Number, self.number_length(bytes)),
            'a'..='z' | 'A'..='Z' | '_' => {
                let part = |byte: &&u8| is_of_name(**byte);
                (Kind::Name, bytes.iter().take_while(part).count())
            }
            _ => match self.sign(rest) {
                Some(sign) => (Kind::Sign, sign.len()),
                None => (Kind::Unknown, first.len_utf8()),
            },
        })
    }

    fn number_length(&self, bytes: &[u8]) -> usize {
        let mut has_point = self.is_step && self.dialect == Dialect::Tera1;
        let part = |byte: &&u8| match byte {
            b'.' => !std::mem::replace(&mut has_point, true),
            byte => byte.is_ascii_digit(),
        };
        bytes.iter().take_while(part).count()
    }

    fn sign(&self, rest: &str) -> Option<&'static str> {
        let own = match self.dialect {
            Dialect::Tera1 => "::",
            Dialect::Tera2 => "</",
        };
        let mut signs = std::iter::once(&own).chain(SIGNS);
        signs.find(|sign| rest.starts_with(**sign)).copied()
    }
}

/// The signs of both dialects, longer ones first.
const SIGNS: &[&str] = &[
    "...", "//", "**", "==", "!=", ">=", "<=", "?.", "?[", "+", "-", "*", "/", "%", "!", ".", ",",
    ":", "~", "|", "=", ">", "<", "(", ")", "[", "]", "{", "}", "@",
];

/// Returns true for what names are made of.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Returns the bytes of the string that begins here, with its quotes; none where it never ends.
fn string_length(bytes: &[u8], dialect: Dialect) -> Option<usize> {
    let quote = bytes[0];
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            byte if byte == quote => return Some(at + 1),
            b'\\' if dialect == Dialect::Tera2 => at += 2,
            _ => at += 1,
        }
    }
}

/// Returns the bytes up to the first `close` that is not in a string.
pub(super) fn length_until(inside: &str, close: &str, dialect: Dialect) -> Option<usize> {
    let bytes = inside.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' | b'`' => at += string_length(&bytes[at..], dialect)?,
            _ if bytes[at..].starts_with(close.as_bytes()) => return Some(at),
            _ => at += 1,
        }
    }
    None
}
