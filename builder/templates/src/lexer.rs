//! Takes a template apart where Tera does: into text, comments, raw blocks and tags, and a tag into its
//! tokens.
//!
//! The engine keeps its lexer to itself, so this is a second one, and it has to agree with the first:
//! where the engine sees a tag and the meters do not, a loop costs nothing, and where the analysis of what
//! is read does not, a dependency is lost. `tests/lexer` and the fuzz target `lexer` hold the two against
//! each other. Of a text that the engine refuses nothing is promised but that the pieces make up the
//! whole of it.
//!
//! ```
//! use quillfront_templates::lexer::{Dialect, Piece, pieces};
//!
//! let text = "Hello {{ name | upper -}} !{# greets #}";
//! let Some(Piece::Tag(tag)) = pieces(text, Dialect::Tera2).nth(1) else { panic!() };
//! assert!(tag.prints && tag.trims_after);
//! assert!(tag.tokens().map(|token| token.text).eq(["name", "|", "upper"]));
//! ```

#[cfg(test)]
mod tests;
mod tokens;

use std::ops::Range;
pub use tokens::{Kind, Token, Tokens, tokens};

/// Which Tera a template is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// That of Zola 0.22 and before. Strings have no escapes, `a.0.1` is two steps into lists, and
    /// `ui::card()` calls a macro.
    Tera1,
    /// That of the engine. Strings have escapes, and `{% </card> %}` ends the call of a component.
    Tera2,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text that is written as it stands, but for the blanks that a dash of a neighbour trims.
    Text(Range<usize>),
    /// `{# … #}`.
    Comment(Range<usize>),
    /// `{% raw %} … {% endraw %}`.
    Raw {
        /// The whole block.
        range: Range<usize>,
        /// What is between its two tags.
        body: Range<usize>,
    },
    /// `{{ … }}` or `{% … %}`.
    Tag(Tag<'a>),
    /// The rest of a text from a tag, a comment or a raw block on that never ends. Tera 2 refuses the
    /// text, and nothing of it is a template to Tera 1.
    Unclosed(Range<usize>),
}

impl Piece<'_> {
    /// Returns the bytes that it takes, with its delimiters. Each piece begins where the one before ends.
    pub fn range(&self) -> Range<usize> {
        match self {
            Self::Text(range) | Self::Comment(range) | Self::Unclosed(range) => range.clone(),
            Self::Raw { range, .. } | Self::Tag(Tag { range, .. }) => range.clone(),
        }
    }
}

/// A tag: `{% … %}`, or `{{ … }}`, which prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag<'a> {
    /// Its bytes, with the delimiters.
    pub range: Range<usize>,
    /// The bytes between the delimiters, without the dashes that trim.
    pub inner: Range<usize>,
    /// What stands there.
    pub text: &'a str,
    /// True for `{{ … }}`.
    pub prints: bool,
    /// True where it begins with a dash, which trims the text before it.
    pub trims_before: bool,
    /// True where it ends with a dash, which trims the text behind it.
    pub trims_after: bool,
    dialect: Dialect,
}

impl<'a> Tag<'a> {
    /// Returns the tokens of its inside.
    pub fn tokens(&self) -> Tokens<'a> {
        tokens(self.text, self.dialect)
    }

    /// Returns the word that a `{% … %}` begins with, which says what it does; otherwise nothing.
    pub fn word(&self) -> &'a str {
        let first = self.tokens().next().filter(|_| !self.prints);
        first.map_or("", |token| match token.kind {
            Kind::Name => token.text,
            _ => "",
        })
    }
}

/// Takes a template apart, in time that is linear in its length. The pieces make up the whole text.
pub fn pieces(text: &str, dialect: Dialect) -> Pieces<'_> {
    Pieces {
        text,
        dialect,
        at: 0,
    }
}

/// Returns the tags of a template alone.
pub fn tags(text: &str, dialect: Dialect) -> impl Iterator<Item = Tag<'_>> {
    pieces(text, dialect).filter_map(|piece| match piece {
        Piece::Tag(tag) => Some(tag),
        _ => None,
    })
}

/// Returns true where a text has a sign that opens a tag: only such a text needs an engine to make
/// something else of it. A comment alone does not count, as `{#` also begins the id of a heading.
pub fn opens_tag(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// The pieces of a template; [`pieces`] makes them.
#[derive(Debug, Clone)]
pub struct Pieces<'a> {
    text: &'a str,
    dialect: Dialect,
    at: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let (start, end) = (self.at, self.text.len());
        let piece = match opening(&self.text[start..]) {
            _ if start == end => return None,
            None => Piece::Text(start..end),
            Some(0) => self.marked(start).unwrap_or(Piece::Unclosed(start..end)),
            Some(length) => Piece::Text(start..start + length),
        };
        self.at = piece.range().end;
        Some(piece)
    }
}

impl<'a> Pieces<'a> {
    /// Returns the piece that the sign at `start` opens; none where it does not end.
    fn marked(&self, start: usize) -> Option<Piece<'a>> {
        let bytes = self.text.as_bytes();
        let trims_before = bytes.get(start + 2) == Some(&b'-');
        let inside = start + 2 + usize::from(trims_before);
        let rest = &self.text[inside..];
        let close = match bytes[start + 1] {
            b'#' => {
                let length = rest.find("#}")? + 2;
                return Some(Piece::Comment(start..inside + length));
            }
            b'{' => "}}",
            _ => {
                if let Some(length) = self.raw(rest) {
                    let (body, end) = end_of_raw(&rest[length..])?;
                    let from = inside + length;
                    return Some(Piece::Raw {
                        range: start..from + end,
                        body: from..from + body,
                    });
                }
                "%}"
            }
        };
        let length = tokens::length_until(rest, close, self.dialect)?;
        let trims_after = rest[..length].ends_with('-');
        let inner = inside..inside + length - usize::from(trims_after);
        Some(Piece::Tag(Tag {
            range: start..inside + length + close.len(),
            text: &self.text[inner.clone()],
            inner,
            prints: close == "}}",
            trims_before,
            trims_after,
            dialect: self.dialect,
        }))
    }

    /// Returns the bytes up to behind ` raw %}`, if a text begins with that.
    fn raw(&self, rest: &str) -> Option<usize> {
        // The engine has taken a dash, and takes another one.
        let dash = match self.dialect {
            Dialect::Tera1 => "",
            Dialect::Tera2 => "-",
        };
        end_of_tag(rest.strip_prefix(dash).unwrap_or(rest), "raw").map(|end| rest.len() - end)
    }
}

/// Returns where the first `{{`, `{%` or `{#` is.
fn opening(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let marks = |pair: &[u8]| pair[0] == b'{' && matches!(pair[1], b'{' | b'%' | b'#');
    bytes.windows(2).position(marks)
}

/// Returns the bytes up to the tag that ends a raw block, and up to behind it.
fn end_of_raw(text: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    loop {
        let body = at + text[at..].find("{%")?;
        at = body + 2;
        let inside = text[at..].strip_prefix('-').unwrap_or(&text[at..]);
        if let Some(left) = end_of_tag(inside, "endraw") {
            return Some((body, text.len() - left));
        }
    }
}

/// Returns the bytes that are left behind a tag of the one word `name`, if that is what `inside`, the
/// rest of a text from the inside of a tag on, begins with.
fn end_of_tag(inside: &str, name: &str) -> Option<usize> {
    let rest = inside.trim_ascii_start().strip_prefix(name)?;
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix('-').unwrap_or(rest).strip_prefix("%}")?;
    Some(rest.len())
}
