//! Templates in pieces: texts, comments, raw blocks and tags; and what is in a tag.
//!
//! Strings are one token, so nothing in them is mistaken for code. What cannot be told apart (an
//! unclosed tag) is text, which nobody changes.

use std::ops::Range;

/// Longer tags are not taken apart: work on a tag grows with the square of its length.
pub const MAX_TAG_BYTES: usize = 8 * 1024;

/// A piece of a template, by bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// What is printed as it stands.
    Text(Range<usize>),
    /// `{# … #}`, `{% raw %} … {% endraw %}` with its tags, and tags that are too long.
    Untouched(Range<usize>),
    /// `{{ … }}` or `{% … %}`.
    Tag(Tag),
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// With its delimiters.
    pub range: Range<usize>,
    /// Between them, without the dashes that trim.
    pub inner: Range<usize>,
    /// `{{ … }}`.
    pub prints: bool,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword.
    Name,
    /// A string with its quotes.
    Text,
    /// A number.
    Number,
    /// Anything else that is not blank.
    Sign,
}

/// A token of a tag, by bytes of the tag's inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub range: Range<usize>,
}

/// Longer signs come first.
const LONG_SIGNS: [&str; 10] = ["...", "::", "==", "!=", "<=", ">=", "//", "**", "?.", "?["];

/// Takes a template apart, in time that is linear in its length. The pieces follow each other
/// without gaps. What begins and never ends makes the rest a text: no engine reads on from there.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut at, mut plain) = (0, 0);
    while let Some(found) = text[at..].find('{') {
        let start = at + found;
        let piece = match text.as_bytes().get(start + 1) {
            Some(b'#') => text[start + 2..]
                .find("#}")
                .map(|end| Piece::Untouched(start..start + 2 + end + 2)),
            Some(b'{') => tag(text, start, true).map(Piece::Tag),
            Some(b'%') => tag(text, start, false).and_then(|tag| raw_or_tag(text, tag)),
            _ => {
                at = start + 1;
                continue;
            }
        };
        let piece = piece.map(|piece| match piece {
            Piece::Tag(tag) if tag.range.len() > MAX_TAG_BYTES => Piece::Untouched(tag.range),
            piece => piece,
        });
        let Some(piece) = piece else { break };
        if plain < start {
            pieces.push(Piece::Text(plain..start));
        }
        at = match &piece {
            Piece::Tag(tag) => tag.range.end,
            Piece::Text(range) | Piece::Untouched(range) => range.end,
        };
        plain = at;
        pieces.push(piece);
    }
    if plain < text.len() {
        pieces.push(Piece::Text(plain..text.len()));
    }
    pieces
}

/// The tag that begins at `start`, if it is closed.
fn tag(text: &str, start: usize, prints: bool) -> Option<Tag> {
    let bytes = text.as_bytes();
    let close = if prints { b"}}" } else { b"%}" };
    let mut at = start + 2;
    let inner_start = at + usize::from(bytes.get(at) == Some(&b'-'));
    let mut open_braces = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => {
                at += 1 + bytes[at + 1..].iter().position(|byte| *byte == quote)?;
            }
            b'{' => open_braces += 1,
            b'}' if open_braces > 0 => open_braces -= 1,
            _ if bytes[at..].starts_with(close) => {
                let trims = at > inner_start && bytes[at - 1] == b'-';
                return Some(Tag {
                    range: start..at + 2,
                    inner: inner_start..at - usize::from(trims),
                    prints,
                });
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The whole raw block, where `opening` opens one; none where it is not closed.
fn raw_or_tag(text: &str, opening: Tag) -> Option<Piece> {
    if text[opening.inner.clone()].trim() != "raw" {
        return Some(Piece::Tag(opening));
    }
    let mut at = opening.range.end;
    loop {
        at += text[at..].find("{%")? + 2;
        if let Some(length) = end_of_raw(&text[at..]) {
            return Some(Piece::Untouched(opening.range.start..at + length));
        }
    }
}

/// The length of ` endraw %}` at the beginning of `text`, if that is there.
fn end_of_raw(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('-').unwrap_or(text).trim_start();
    let rest = rest.strip_prefix("endraw")?.trim_start();
    let rest = rest.strip_prefix('-').unwrap_or(rest).strip_prefix("%}")?;
    Some(text.len() - rest.len())
}

/// The tokens of a tag's inside.
pub fn tokens(inner: &str) -> Vec<Token> {
    let bytes = inner.as_bytes();
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kind = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            quote @ (b'"' | b'\'' | b'`') => {
                let rest = &bytes[at + 1..];
                let length = rest.iter().position(|byte| *byte == quote);
                at += length.map_or(rest.len() + 1, |length| length + 2);
                Kind::Text
            }
            byte if byte.is_ascii_digit() => {
                // `list.0.1` is two steps, not a step of 0.1.
                let steps = tokens
                    .last()
                    .is_some_and(|token| &inner[token.range.clone()] == ".");
                let part = |byte: &u8| byte.is_ascii_digit() || (*byte == b'.' && !steps);
                at += bytes[at..].iter().take_while(|byte| part(byte)).count();
                Kind::Number
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                let part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                at += bytes[at..].iter().take_while(|byte| part(byte)).count();
                Kind::Name
            }
            _ => {
                let long = LONG_SIGNS
                    .iter()
                    .find(|sign| inner[at..].starts_with(**sign));
                let one = inner[at..].chars().next().map_or(1, char::len_utf8);
                at += long.map_or(one, |sign| sign.len());
                Kind::Sign
            }
        };
        tokens.push(Token {
            kind,
            range: start..at,
        });
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(inner: &str) -> Vec<&str> {
        let tokens = tokens(inner);
        tokens
            .into_iter()
            .map(|token| &inner[token.range])
            .collect()
    }

    #[test]
    fn tags_comments_and_raw_blocks_are_told_apart() {
        let text = "a{{- b(\"}}\") -}}{# {{ c }} #}{% raw %}{{ d }}{% endraw %}{% e %}f";
        let pieces = pieces(text);
        let Piece::Tag(first) = &pieces[1] else {
            panic!("{pieces:?}")
        };
        assert_eq!(&text[first.inner.clone()], " b(\"}}\") ");
        assert_eq!(pieces[2], Piece::Untouched(16..29));
        assert!(
            matches!(&pieces[3], Piece::Untouched(range) if text[range.clone()].ends_with("{% endraw %}"))
        );
        assert!(matches!(&pieces[4], Piece::Tag(tag) if !tag.prints));
        assert!(matches!(&pieces[5], Piece::Text(_)));
    }

    #[test]
    fn what_is_not_closed_is_text() {
        for text in ["{{ a", "{% b \" %}", "{# c", "{", "{% raw %}{{"] {
            assert!(!matches!(pieces(text)[0], Piece::Untouched(_)), "{text}");
        }
    }

    #[test]
    fn steps_into_lists_are_not_fractions() {
        assert_eq!(words("a.0.1 + 1.5"), ["a", ".", "0", ".", "1", "+", "1.5"]);
        assert_eq!(
            words("x is not in [\"a b\"]"),
            ["x", "is", "not", "in", "[", "\"a b\"", "]"]
        );
    }
}
