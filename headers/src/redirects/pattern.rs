//! Paths with placeholders: reading them, and what a path is under them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;

/// The most tokens and texts between them of one pattern: what it costs to try one is at most this times the
/// length of a path.
pub const MAX_TOKENS: usize = 64;

/// What a captured text may have as it is, wherever in an address it is put.
const CAPTURED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The name of what the splat captured.
const SPLAT: &str = "splat";

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token<'a> {
    /// This text, decoded.
    Text(Cow<'a, str>),
    /// One character or more, none of them a slash: `:name`.
    Name(&'a str),
    /// Any text, or none: `*`.
    Splat,
}

/// A path with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern<'a> {
    tokens: Vec<Token<'a>>,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is no path of a site.
    #[error("it does not begin with a slash")]
    NotAbsolute,
    /// Nobody would know which of them is `:splat`.
    #[error("it has more than one `*`")]
    TwoSplats,
    /// Nobody would know which of them is meant.
    #[error("it has a placeholder twice")]
    NameTwice,
    /// Trying it would take long.
    #[error("it has more than {MAX_TOKENS} parts")]
    TooManyTokens,
    /// Escapes in it are no text.
    #[error("its escapes are not UTF-8")]
    NotUtf8,
}

/// Returns the length in bytes of the name at the start of a text: a letter, then letters, digits and `_`.
fn name_len(text: &str) -> usize {
    let mut bytes = text.bytes();
    if !bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
    {
        return 0;
    }
    1 + bytes
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count()
}

impl<'a> Pattern<'a> {
    /// Reads a pattern: a percent-encoded path in which `*` is the splat and `:name` a placeholder.
    ///
    /// # Errors
    /// It is none.
    pub fn read(text: &'a str) -> Result<Self, PatternError> {
        if !text.starts_with('/') {
            return Err(PatternError::NotAbsolute);
        }
        let mut tokens: Vec<Token<'a>> = Vec::new();
        let (mut begin, mut at) = (0, 0);
        let decoded = |text: &'a str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded.map_err(|_| PatternError::NotUtf8)
        };
        while let Some(found) = text[at..].find([':', '*']) {
            let place = at + found;
            let (token, len) = if text.as_bytes()[place] == b'*' {
                (Token::Splat, 1)
            } else {
                match name_len(&text[place + 1..]) {
                    0 => {
                        at = place + 1;
                        continue;
                    }
                    len => (Token::Name(&text[place + 1..][..len]), len + 1),
                }
            };
            match &token {
                Token::Splat if tokens.contains(&token) => return Err(PatternError::TwoSplats),
                Token::Name(_) if tokens.contains(&token) => return Err(PatternError::NameTwice),
                _ => {}
            }
            if begin < place {
                tokens.push(Token::Text(decoded(&text[begin..place])?));
            }
            tokens.push(token);
            at = place + len;
            begin = at;
        }
        if begin < text.len() {
            tokens.push(Token::Text(decoded(&text[begin..])?));
        }
        if tokens.len() > MAX_TOKENS {
            return Err(PatternError::TooManyTokens);
        }
        Ok(Self { tokens })
    }

    /// Returns its parts.
    pub fn tokens(&self) -> &[Token<'a>] {
        &self.tokens
    }

    /// Returns the text before its first placeholder: every path that it matches begins with it.
    pub fn prefix(&self) -> &str {
        match self.tokens.first() {
            Some(Token::Text(text)) => text,
            _ => "",
        }
    }

    /// Returns the path, where it has no placeholder.
    pub fn as_path(&self) -> Option<&str> {
        match &self.tokens[..] {
            [Token::Text(path)] => Some(path),
            _ => None,
        }
    }

    /// Returns whether each placeholder is a whole segment, and the splat the last: many such patterns are
    /// looked up at once.
    pub fn is_of_whole_segments(&self) -> bool {
        self.segments().is_some()
    }

    /// Returns the segments, where each placeholder is a whole one and the splat the last.
    pub(super) fn segments(&self) -> Option<Vec<Segment<'_>>> {
        let mut segments = vec![Segment::Text("")];
        for (place, token) in self.tokens.iter().enumerate() {
            let is_first = place == 0;
            match token {
                Token::Text(text) => {
                    let mut parts = text.split('/');
                    let first = parts.next().unwrap_or_default();
                    // Behind a placeholder a segment has to begin.
                    if !first.is_empty() && !is_first {
                        return None;
                    }
                    segments.extend(parts.map(Segment::Text));
                }
                Token::Name(_) | Token::Splat => {
                    let last = segments.last_mut()?;
                    if *last != Segment::Text("") || is_first {
                        return None;
                    }
                    *last = match token {
                        Token::Splat => Segment::Splat,
                        _ => Segment::Name,
                    };
                    if *token == Token::Splat && place + 1 < self.tokens.len() {
                        return None;
                    }
                }
            }
        }
        // The empty one before the first slash.
        segments.remove(0);
        Some(segments)
    }

    /// Returns what a decoded path is under the pattern; none where it does not match. Each placeholder
    /// takes as much as it can, the first ones first. With `ignores_slash` a slash at the end of either
    /// does not matter, and the splat has one where the path has it.
    ///
    /// It looks at each place of the path once for each token, however the two are made.
    pub fn captures(&self, path: &str, ignores_slash: bool) -> Option<Captures> {
        if let Some(own) = self.as_path() {
            let is_same = same_slash(own, ignores_slash) == same_slash(path, ignores_slash);
            return is_same.then(Captures::default);
        }
        // Both get a slash at the end.
        let slash = Token::Text("/".into());
        let has_end = match self.tokens.last() {
            Some(Token::Text(text)) => text.ends_with('/'),
            Some(Token::Splat) => true,
            _ => false,
        };
        let tokens: Vec<&Token<'_>> = self.tokens.iter().chain([&slash]).collect();
        let tokens = &tokens[..self.tokens.len() + usize::from(ignores_slash && !has_end)];
        let mut whole = Cow::from(path);
        if ignores_slash && !path.ends_with('/') {
            whole = format!("{path}/").into();
        }
        let ends = match_ends(tokens, &whole)?;
        let mut captures = Captures::default();
        let mut begin = 0;
        for (token, end) in tokens.iter().zip(ends) {
            let name = match token {
                Token::Text(_) => None,
                Token::Name(name) => Some(*name),
                Token::Splat => Some(SPLAT),
            };
            if let Some(name) = name {
                let value = &whole[begin..end.min(path.len()).max(begin)];
                captures.0.push((name.to_owned(), value.to_owned()));
            }
            begin = end;
        }
        Some(captures)
    }
}

/// Returns where each token ends in a path that all of them match.
fn match_ends(tokens: &[&Token<'_>], path: &str) -> Option<Vec<usize>> {
    if let Some(Token::Text(prefix)) = tokens.first()
        && !path.starts_with(&**prefix)
    {
        return None;
    }
    let bytes = path.as_bytes();
    let width = path.len() + 1;
    // For each token whether it and those behind it match the path from a place on to its end.
    let mut can = vec![false; (tokens.len() + 1) * width];
    can[tokens.len() * width + path.len()] = true;
    for (place, token) in tokens.iter().enumerate().rev() {
        let (own, next) = can.split_at_mut((place + 1) * width);
        let own = &mut own[place * width..];
        // Whether the token can end here or further on.
        let mut can_end = false;
        // No token ends within a character.
        let places = (0..width).rev();
        for at in places.filter(|at| path.is_char_boundary(*at)) {
            own[at] = match token {
                Token::Text(text) => {
                    bytes[at..].starts_with(text.as_bytes()) && next[at + text.len()]
                }
                Token::Name(_) => {
                    can_end &= bytes.get(at) != Some(&b'/');
                    let matches = can_end;
                    can_end |= next[at];
                    matches
                }
                Token::Splat => {
                    can_end |= next[at];
                    can_end
                }
            };
        }
    }
    if !can[0] {
        return None;
    }
    let mut ends = Vec::with_capacity(tokens.len());
    let mut at = 0;
    for (place, token) in tokens.iter().enumerate() {
        let next = &can[(place + 1) * width..][..width];
        at = match token {
            Token::Text(text) => at + text.len(),
            Token::Name(_) => {
                let rest = &path[at..];
                let end = at + rest.find('/').unwrap_or(rest.len());
                (at + 1..=end).rev().find(|end| next[*end])?
            }
            Token::Splat => (at..width).rev().find(|end| next[*end])?,
        };
        ends.push(at);
    }
    Some(ends)
}

/// A segment of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// This text.
    Text(&'a str),
    /// Any one.
    Name,
    /// All that follow.
    Splat,
}

/// Returns a path without a slash at its end, where that does not matter. The root is the empty text then.
pub(super) fn same_slash(path: &str, ignores_slash: bool) -> &str {
    if ignores_slash {
        path.strip_suffix('/').unwrap_or(path)
    } else {
        path
    }
}

/// What the placeholders of a pattern stand for, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures(Vec<(String, String)>);

impl Captures {
    /// Returns what a placeholder stands for.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Replaces each `:name` of an address by its value, percent-encoded, in one pass; a name without a value
/// stays as it is.
pub fn fill<'v>(address: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut filled = String::with_capacity(address.len());
    let mut rest = address;
    while let Some((before, after)) = rest.split_once(':') {
        filled.push_str(before);
        let (name, behind) = after.split_at(name_len(after));
        match value(name).filter(|_| !name.is_empty()) {
            Some(value) => filled.extend(utf8_percent_encode(value, CAPTURED)),
            None => {
                filled.push(':');
                filled.push_str(name);
            }
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}
