//! How long things are: pure functions from the rest of a text to a length in bytes.

use super::language::{Language, Quote};

/// How far the end of something short is looked for: a regular expression, a key, a variable. What
/// is looked for and not found is looked for again, so this keeps the whole linear.
pub const MAX_SHORT_BYTES: usize = 256;

pub fn line_len(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

pub fn word_len(text: &str, language: &Language) -> usize {
    let letter = |c: char, first: bool| match c {
        '_' => true,
        '$' => language.dollar_words,
        '-' => language.dashed_words && !first,
        c if c.is_ascii() => c.is_ascii_alphabetic() || (!first && c.is_ascii_digit()),
        c => c.is_alphanumeric(),
    };
    text.char_indices()
        .find(|&(at, c)| !letter(c, at == 0))
        .map_or(text.len(), |(at, _)| at)
}

/// `$name`, `${…}`, `$1`, `$?`; 0 if it is none of them.
pub fn variable_len(bytes: &[u8]) -> usize {
    let name = &bytes[1..];
    match name.first() {
        Some(b'{') => {
            let inside = name
                .iter()
                .take(MAX_SHORT_BYTES)
                .take_while(|b| !matches!(b, b'}' | b'\n' | b'"'))
                .count();
            if name.get(inside) == Some(&b'}') {
                1 + inside + 1
            } else {
                0
            }
        }
        Some(b) if b.is_ascii_digit() || b"?#@*!$".contains(b) => 2,
        _ => {
            let len = name
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
                .count();
            if len == 0 { 0 } else { 1 + len }
        }
    }
}

/// Where a string is closed: the offset of its closing quote.
pub fn closing(body: &str, quote: Quote) -> Option<usize> {
    let bytes = body.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote.escapes => at += 2,
            b'\n' if !quote.multiline => return None,
            _ if bytes[at..].starts_with(quote.close.as_bytes()) => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// The length of a comment that may hold comments; to the end if it is not closed.
pub fn nested_end(text: &str, open: &str, close: &str) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(open.as_bytes()) {
            depth += 1;
            at += open.len();
        } else if bytes[at..].starts_with(close.as_bytes()) {
            depth -= 1;
            at += close.len();
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of `#[…]`, brackets inside counted; to the end if it is not closed.
pub fn bracket_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' if depth <= 1 => return at + 1,
            b']' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// The end of `##"…"##`, from the first `#` or quote; None if it is no raw string.
pub fn raw_string_end(text: &str) -> Option<usize> {
    let hashes = text.bytes().take_while(|b| *b == b'#').count();
    let body = text[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close).map_or(body.len(), |at| at + close.len());
    Some(hashes + 1 + end)
}

pub fn is_macro(after: &str) -> bool {
    after
        .strip_prefix('!')
        .is_some_and(|next| next.starts_with(['(', '[', '{', ' ']))
}

/// The length of a regular expression and its flags, if one begins here and ends on its line.
pub fn regexp_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut in_class = false;
    let mut at = 1;
    while at < bytes.len().min(MAX_SHORT_BYTES) {
        match bytes[at] {
            b'\n' => return None,
            b'\\' => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class && at > 1 => {
                let flags = bytes[at + 1..]
                    .iter()
                    .take_while(|b| b.is_ascii_lowercase())
                    .count();
                return Some(at + 1 + flags);
            }
            _ => {}
        }
        at += 1;
    }
    None
}
