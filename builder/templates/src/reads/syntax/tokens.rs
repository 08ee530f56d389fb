//! The tokens of a whole template, as the parser takes them.

use crate::lexer::{self, Dialect, Kind, Piece, pieces};

/// A token of a tag, or what is outside of them. Comments are left out.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    /// `{{`.
    Open,
    /// `}}`.
    Close,
    /// `{%`.
    TagOpen,
    /// `%}`.
    TagClose,
    /// A name or a keyword.
    Name(&'a str),
    Text(String),
    Integer(i64),
    Float,
    Bool,
    /// An operator or a bracket.
    Sign(&'a str),
    /// Text outside of tags that is more than white space, or a raw block.
    Content,
}

/// All tokens of a text; None where the engine would refuse one of them.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut out = Vec::new();
    for piece in pieces(text, Dialect::Tera2) {
        match piece {
            Piece::Text(range) if text[range.clone()].trim().is_empty() => {}
            Piece::Text(_) | Piece::Raw { .. } => out.push(Token::Content),
            Piece::Comment(_) => {}
            Piece::Tag(tag) => {
                let (open, close) = if tag.prints {
                    (Token::Open, Token::Close)
                } else {
                    (Token::TagOpen, Token::TagClose)
                };
                out.push(open);
                for token in tag.tokens() {
                    out.push(Token::of(token)?);
                }
                out.push(close);
            }
            Piece::Unclosed(_) => return None,
        }
    }
    Some(out)
}

impl<'a> Token<'a> {
    fn of(token: lexer::Token<'a>) -> Option<Self> {
        Some(match token.kind {
            Kind::Name => match token.text {
                "true" | "True" | "false" | "False" => Self::Bool,
                name => Self::Name(name),
            },
            Kind::Text => Self::Text(token.string()?.into_owned()),
            Kind::Number if token.text.contains('.') => Self::Float,
            Kind::Number => Self::Integer(token.text.parse().ok()?),
            Kind::Sign => Self::Sign(token.text),
            Kind::Unknown => return None,
        })
    }
}
