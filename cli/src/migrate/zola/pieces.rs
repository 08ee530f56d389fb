//! The pieces of a template that is taken over.

use quillfront_templates::lexer::{self, Dialect, Piece, Pieces, Tag};

/// Longer tags are not taken apart: work on a tag grows with the square of its length.
pub const MAX_TAG_BYTES: usize = 8 * 1024;

/// All pieces of a template.
pub fn pieces(text: &str) -> Pieces<'_> {
    lexer::pieces(text, Dialect::Tera1)
}

/// The tags of a template but those that are too long, which nobody changes.
pub fn tags(text: &str) -> impl Iterator<Item = Tag<'_>> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Tag(tag) if !is_too_long(&tag) => Some(tag),
        _ => None,
    })
}

/// True of a tag that stays as it is.
pub fn is_too_long(tag: &Tag<'_>) -> bool {
    tag.range.len() > MAX_TAG_BYTES
}
