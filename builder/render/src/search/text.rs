//! HTML to the text that a reader sees.

/// The text of `html`: without tags and comments, without what `script`, `style` and `pre` hold,
/// entities decoded. White space within a line becomes one space, lines without text go, and at
/// most `limit` characters stay.
///
/// One pass from left to right; broken HTML costs no more than any other.
pub fn plain_text(html: &str, limit: Option<usize>) -> String {
    let mut raw = String::with_capacity(html.len() / 2);
    let mut pre_depth = 0_usize;
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        push(&mut raw, before, pre_depth);
        let piece = Piece::at_start_of(from);
        rest = &from[piece.len()..];
        match piece {
            Piece::Text => push(&mut raw, "<", pre_depth),
            Piece::Comment(_) => {}
            Piece::Open { name, .. } => {
                if name.eq_ignore_ascii_case("pre") {
                    pre_depth += 1;
                } else if is_one_of(name, &["script", "style"]) {
                    rest = after_end_tag(rest, name);
                } else if parts_words(name) {
                    push(&mut raw, " ", pre_depth);
                }
            }
            Piece::Close { name, .. } => {
                if name.eq_ignore_ascii_case("pre") {
                    pre_depth = pre_depth.saturating_sub(1);
                } else if parts_words(name) {
                    push(&mut raw, " ", pre_depth);
                }
            }
        }
    }
    push(&mut raw, rest, pre_depth);
    tidy(&html_escape::decode_html_entities(&raw), limit)
}

fn push(raw: &mut String, text: &str, pre_depth: usize) {
    if pre_depth == 0 {
        raw.push_str(text);
    }
}

/// What stands at a `<`, with its length in bytes.
enum Piece<'a> {
    /// Only a `<`.
    Text,
    /// A comment, a doctype, or what a browser takes for one.
    Comment(usize),
    Open {
        name: &'a str,
        len: usize,
    },
    Close {
        name: &'a str,
        len: usize,
    },
}

impl<'a> Piece<'a> {
    fn at_start_of(from: &'a str) -> Self {
        let bytes = from.as_bytes();
        match (bytes.get(1), bytes.get(2)) {
            (Some(b'!'), _) if from.starts_with("<!--") => Self::Comment(comment_len(from)),
            (Some(b'!' | b'?'), _) => Self::Comment(through(from, ">")),
            (Some(b'/'), Some(letter)) if letter.is_ascii_alphabetic() => {
                let (name, len) = tag(from, 2);
                Self::Close { name, len }
            }
            (Some(b'/'), Some(_)) => Self::Comment(through(from, ">")),
            (Some(letter), _) if letter.is_ascii_alphabetic() => {
                let (name, len) = tag(from, 1);
                Self::Open { name, len }
            }
            _ => Self::Text,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text => 1,
            Self::Comment(len) | Self::Open { len, .. } | Self::Close { len, .. } => *len,
        }
    }
}

/// Bytes up to and with the first `end`, or all.
fn through(from: &str, end: &str) -> usize {
    from.find(end).map_or(from.len(), |at| at + end.len())
}

/// `<!-->` and `<!--->` are whole comments; any other ends at `-->`.
fn comment_len(from: &str) -> usize {
    for short in ["<!-->", "<!--->"] {
        if from.starts_with(short) {
            return short.len();
        }
    }
    4 + through(&from[4..], "-->")
}

/// The name of the tag that begins at byte `start`, and the length up to its `>`, which a quoted
/// attribute may hold too. A tag that never ends is all that is left.
fn tag(from: &str, start: usize) -> (&str, usize) {
    let name_len = from[start..]
        .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))
        .unwrap_or(from.len() - start);
    let name = &from[start..start + name_len];
    let mut quote = None;
    // A quote opens only behind `=`: anywhere else it is part of a name.
    let mut after_equals = false;
    for (at, byte) in from.bytes().enumerate().skip(start + name_len) {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return (name, at + 1),
            (None, b'"' | b'\'') if after_equals => quote = Some(byte),
            _ => {}
        }
        after_equals = byte == b'=' || (after_equals && byte.is_ascii_whitespace());
    }
    (name, from.len())
}

/// What follows the end tag of an element that holds no markup.
fn after_end_tag<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        let inside = &rest[at + 2..];
        let ends = inside
            .get(..name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name))
            && !inside[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric());
        if ends {
            return &inside[through(inside, ">")..];
        }
        rest = inside;
    }
    ""
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| name.eq_ignore_ascii_case(one))
}

/// Elements that stand by themselves, so that the words before and after them are two.
fn parts_words(name: &str) -> bool {
    const APART: &[&str] = &[
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "button",
        "caption",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "section",
        "summary",
        "table",
        "td",
        "th",
        "tr",
        "ul",
        "video",
    ];
    is_one_of(name, APART)
}

/// Words of a line parted by one space, lines that have words by one line feed.
fn tidy(text: &str, limit: Option<usize>) -> String {
    let mut tidied = String::with_capacity(text.len());
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if !tidied.is_empty() {
            tidied.push('\n');
        }
        tidied.push_str(first);
        for word in words {
            tidied.push(' ');
            tidied.push_str(word);
        }
    }
    if let Some((at, _)) = limit.and_then(|limit| tidied.char_indices().nth(limit)) {
        tidied.truncate(at);
    }
    tidied
}
