//! A template as HTML: what stands in it, with a mark for each tag.

use crate::digest::Digest;
use crate::html::OPEN_MARK;
use pulldown_cmark::{Options, Parser};
use quillfront_templates::lexer::{Dialect, Piece, Tag, pieces};
use std::borrow::Cow;

/// What ends a mark, as [`OPEN_MARK`] begins it.
const CLOSE_MARK: char = '\u{fdd1}';

/// A text as HTML.
pub(super) struct Marked<'t> {
    /// The text, with blanks trimmed where tags say so, and with each tag as its number between two marks.
    pub(super) html: String,
    tags: Vec<Tag<'t>>,
}

/// A piece of a marked text.
pub(super) enum Part<'m, 't> {
    Text(&'m str),
    Tag(&'m Tag<'t>),
}

impl<'t> Marked<'t> {
    pub(super) fn text(html: &str) -> Self {
        Self {
            html: unmarked(html).into_owned(),
            tags: Vec::new(),
        }
    }

    /// Reads a template. It trims blanks as the engine does (`whitespace_filter` in its lexer).
    pub(super) fn template(text: &'t str) -> Self {
        let mut html = String::with_capacity(text.len());
        let mut tags = Vec::new();
        let mut trims = false;
        let mut pieces = pieces(text, Dialect::Tera2).peekable();
        while let Some(piece) = pieces.next() {
            let next_trims = pieces.peek().is_some_and(|next| trims_before(text, next));
            match piece {
                Piece::Text(range) => {
                    html.push_str(&unmarked(trim(&text[range], trims, next_trims)));
                    trims = false;
                }
                Piece::Raw { range, body } => {
                    let has_dash = |at: usize| text.as_bytes()[at] == b'-';
                    let (opens, closes) = (has_dash(body.start - 3), has_dash(body.end + 2));
                    let inside = trim(&text[body], opens, closes);
                    html.push_str(&unmarked(trim(inside, trims, next_trims)));
                    trims = has_dash(range.end - 3);
                }
                // What the dash of a tag before it trims goes on behind it.
                Piece::Comment(range) => trims |= comment_trims_after(&text[range]),
                Piece::Tag(tag) => {
                    html.push(OPEN_MARK);
                    html.push_str(&tags.len().to_string());
                    html.push(CLOSE_MARK);
                    trims = tag.trims_after;
                    tags.push(tag);
                }
                // The engine refuses the template.
                Piece::Unclosed(_) => {}
            }
        }
        Self { html, tags }
    }

    /// Reads the text as Markdown.
    pub(super) fn into_markdown(self) -> Self {
        let extensions = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_HEADING_ATTRIBUTES;
        let mut html = String::with_capacity(self.html.len());
        let events = Parser::new_ext(&self.html, extensions);
        pulldown_cmark::html::push_html(&mut html, events);
        Self { html, ..self }
    }

    /// Takes a part of the HTML apart into text and tags. None where a mark is broken.
    pub(super) fn parts<'m>(&'m self, part: &'m str) -> Option<Vec<Part<'m, 't>>> {
        let mut parts = Vec::new();
        let mut rest = part;
        while let Some((text, marked)) = rest.split_once(OPEN_MARK) {
            let (number, behind) = marked.split_once(CLOSE_MARK)?;
            let tag = self.tags.get(number.parse::<usize>().ok()?)?;
            if !text.is_empty() {
                parts.push(Part::Text(text));
            }
            parts.push(Part::Tag(tag));
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest));
        }
        Some(parts)
    }

    /// Returns the digest of a part of the HTML with the tags as they are written.
    pub(super) fn digest(&self, part: &str) -> Digest {
        let mut written = String::new();
        for part in self.parts(part).unwrap_or_default() {
            match part {
                Part::Text(text) => written.push_str(text),
                Part::Tag(tag) => {
                    let (open, close) = if tag.prints {
                        ("{{", "}}")
                    } else {
                        ("{%", "%}")
                    };
                    written.extend([open, tag.text, close]);
                }
            }
        }
        Digest::of(&written)
    }
}

/// Takes what looks like a mark out of a text. The text of a page has it still, and is not allowed then.
fn unmarked(text: &str) -> Cow<'_, str> {
    if text.contains([OPEN_MARK, CLOSE_MARK]) {
        Cow::Owned(text.replace([OPEN_MARK, CLOSE_MARK], "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn trim(text: &str, start: bool, end: bool) -> &str {
    let text = if start { text.trim_start() } else { text };
    if end { text.trim_end() } else { text }
}

fn trims_before(text: &str, piece: &Piece<'_>) -> bool {
    match piece {
        Piece::Text(_) | Piece::Unclosed(_) => false,
        _ => text.as_bytes().get(piece.range().start + 2) == Some(&b'-'),
    }
}

/// Returns true for `{# … -#}`, but not for `{#-#}`, which has the one dash at its start.
fn comment_trims_after(comment: &str) -> bool {
    comment.ends_with("-#}") && comment.len() > "{#-#}".len()
}
