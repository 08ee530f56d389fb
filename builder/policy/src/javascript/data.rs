//! Data in a script: what may come from a title or a file without a part in what the script does.

use super::{Kind, Script, Token};
use std::cell::Cell;
use std::ops::Range;

/// How deep lists and objects are nested.
const MAX_NESTING: usize = 32;

/// What data is at a place of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    /// None but the empty text.
    None,
    /// The character or the escape that ends here.
    Character(usize),
    /// The value that ends here.
    Value(usize),
}

/// The most tokens that are looked at in search of values.
const MAX_STEPS: usize = 1 << 17;

impl<'a> Script<'a> {
    pub(super) fn new(text: &'a str, tokens: Vec<Token>) -> Self {
        let mut begins = vec![false; text.len()];
        for inside in tokens.iter().filter_map(|token| token.inside(text)) {
            let mut chars = text[inside.clone()].char_indices();
            while let Some((at, c)) = chars.next() {
                begins[inside.start + at] = true;
                if c == '\\' {
                    chars.next();
                }
            }
        }
        Self {
            text,
            tokens,
            markup: markup(text),
            begins,
            budget: Cell::new(MAX_STEPS),
        }
    }

    /// Returns what data begins at a place.
    pub(crate) fn data(&self, at: usize) -> Data {
        let index = self.tokens.partition_point(|token| token.range.end <= at);
        let Some(token) = self.tokens.get(index) else {
            return Data::None;
        };
        if token.range.start == at {
            return match self.value(index) {
                Some(end) => Data::Value(end),
                None => Data::None,
            };
        }
        match token.inside(self.text) {
            Some(inside) if inside.contains(&at) => match self.character(token, &inside, at) {
                Some(end) => Data::Character(end),
                None => Data::None,
            },
            _ => Data::None,
        }
    }

    /// Returns where the harmless character or escape ends that begins in a string.
    fn character(&self, token: &Token, inside: &Range<usize>, at: usize) -> Option<usize> {
        let text = &self.text[..inside.end];
        if !self.begins[at] {
            return None;
        }
        let rest = &text[at..];
        let first = rest.chars().next()?;
        let end = match first {
            '\\' => at + escape(rest)?,
            '\n' if token.kind == Kind::Template => at + 1,
            '\u{2028}' | '\u{2029}' if token.kind == Kind::Template => at + 3,
            '\t' => at + 1,
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => return None,
            c => at + c.len_utf8(),
        };
        (!self.is_markup(at..end)).then_some(end)
    }

    fn is_markup(&self, range: Range<usize>) -> bool {
        let next = self
            .markup
            .partition_point(|markup| markup.end <= range.start);
        let next = self.markup.get(next);
        next.is_some_and(|markup| markup.start < range.end)
    }

    fn token_text(&self, index: usize) -> Option<&str> {
        let token = self.tokens.get(index)?;
        Some(&self.text[token.range.clone()])
    }

    /// Returns where the JSON value ends that begins with a token, if a value is what has to stand there.
    fn value(&self, index: usize) -> Option<usize> {
        let before = self.token_text(index.checked_sub(1)?)?;
        let wants_value = match self.tokens[index - 1].kind {
            Kind::Sign => !matches!(
                before,
                ")" | "]" | "}" | "{" | ";" | "." | "?." | "++" | "--" | "=>" | "@" | "#"
            ),
            Kind::Word => {
                let further = index.checked_sub(2).and_then(|at| self.token_text(at));
                let is_member = matches!(further, Some("." | "?."));
                !is_member && matches!(before, "return" | "case" | "in" | "of" | "default")
            }
            Kind::Template => before.ends_with("${"),
            _ => false,
        };
        if !wants_value {
            return None;
        }
        let next = self.json(index, 0)?;
        let end = self.tokens[next - 1].range.end;
        let start = self.tokens[index].range.start;
        (!self.is_markup(start..end)).then_some(end)
    }

    /// Returns the token behind the JSON value that begins with a token.
    fn json(&self, index: usize, nesting: usize) -> Option<usize> {
        self.budget.set(self.budget.get().checked_sub(1)?);
        if nesting > MAX_NESTING {
            return None;
        }
        let token = self.tokens.get(index)?;
        match (token.kind, self.token_text(index)?) {
            (Kind::Word, "true" | "false" | "null") => Some(index + 1),
            (Kind::Number, number) => is_number(number).then_some(index + 1),
            (Kind::Text, _) => self.json_string(token).then_some(index + 1),
            (Kind::Sign, "-") => {
                self.adjoins(index + 1)?;
                let number = self.token_text(index + 1)?;
                is_number(number).then_some(index + 2)
            }
            (Kind::Sign, "[") => self.json_list(index, "]", |at| self.json(at, nesting + 1)),
            (Kind::Sign, "{") => self.json_list(index, "}", |at| {
                let key = self.tokens.get(at).filter(|key| key.kind == Kind::Text)?;
                let colon = self.joined(at + 1)?;
                let value = self.joined(at + 2)?;
                (self.json_string(key) && colon == ":" && !value.is_empty()).then_some(())?;
                self.json(at + 2, nesting + 1)
            }),
            _ => None,
        }
    }

    /// Returns the token behind a list of entries with commas between them.
    fn json_list(
        &self,
        open: usize,
        close: &str,
        entry: impl Fn(usize) -> Option<usize>,
    ) -> Option<usize> {
        if self.joined(open + 1)? == close {
            return Some(open + 2);
        }
        let mut at = open + 1;
        loop {
            at = entry(at)?;
            match self.joined(at)? {
                "," => at += 1,
                text if text == close => return Some(at + 1),
                _ => return None,
            }
            self.joined(at)?;
        }
    }

    /// Returns the text of a token if nothing but JSON's white space is before it.
    fn joined(&self, index: usize) -> Option<&str> {
        let before = self.tokens.get(index.checked_sub(1)?)?;
        let token = self.tokens.get(index)?;
        let between = &self.text[before.range.end..token.range.start];
        let is_blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
        between.chars().all(is_blank).then_some(())?;
        self.token_text(index)
    }

    /// Returns nothing unless a token begins where the one before ends.
    fn adjoins(&self, index: usize) -> Option<()> {
        let before = self.tokens.get(index.checked_sub(1)?)?;
        let token = self.tokens.get(index)?;
        (before.range.end == token.range.start).then_some(())
    }

    fn json_string(&self, token: &Token) -> bool {
        if !self.text[token.range.clone()].starts_with('"') {
            return false;
        }
        let Some(inside) = token.inside(self.text) else {
            return false;
        };
        let mut at = inside.start;
        while at < inside.end {
            let rest = &self.text[at..inside.end];
            at += match rest.chars().next() {
                Some('\\') => match escape(rest) {
                    Some(length) if !rest.starts_with("\\'") => length,
                    _ => return false,
                },
                Some(c) if c >= ' ' => c.len_utf8(),
                _ => return false,
            };
        }
        true
    }
}

/// Returns the length of the harmless escape that a text begins with.
fn escape(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    match bytes.get(1)? {
        b'"' | b'\'' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => {
            let digits = bytes.get(2..6)?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(6)
        }
        _ => None,
    }
}

/// Returns true for a number as JSON has it, without a sign.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

/// Returns where something stands that begins or ends something in HTML, in order.
pub(super) fn markup(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        let signs: &[&str] = match byte {
            b'<' => &["</", "<!--", "<script"],
            b'-' => &["-->"],
            b']' => &["]]>"],
            _ => continue,
        };
        let sign = signs.iter().find(|sign| {
            let here = bytes.get(at..at + sign.len());
            here.is_some_and(|here| here.eq_ignore_ascii_case(sign.as_bytes()))
        });
        if let Some(sign) = sign {
            found.push(at..at + sign.len());
        }
    }
    found
}
