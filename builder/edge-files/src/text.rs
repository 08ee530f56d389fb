//! Text as JavaScript sees it: what is space, what is a number, how long a line is.

use crate::limits::{MAX_FILE_BYTES, MAX_WORDS};
use crate::problem::Problem;

/// What `\s` matches and `trim` takes away.
pub(crate) fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}'
                | '\u{2028}'
                | '\u{2029}'
                | '\u{202f}'
                | '\u{205f}'
                | '\u{3000}'
                | '\u{feff}'
    )
}

pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The lines that say something: their numbers from 1, without the space around them. A line that begins with
/// `#` is a comment.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1..)
        .zip(text.split('\n').map(trim))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The words of a line, or why it has too many.
pub(crate) fn words(line: &str, number: u32) -> Result<Vec<&str>, Problem> {
    let words: Vec<&str> = line
        .split(is_space)
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS + 1)
        .collect();
    if words.len() > MAX_WORDS {
        return Err(Problem::error(
            number,
            format!("the line has more than {MAX_WORDS} words"),
            "a redirect is `from to status`; write a line for each",
        ));
    }
    Ok(words)
}

/// Why a file of this size is not read.
pub(crate) fn too_long(text: &str) -> Option<Problem> {
    (text.len() > MAX_FILE_BYTES).then(|| {
        Problem::error(
            1,
            format!(
                "the file has {} bytes, and no more than {MAX_FILE_BYTES} are read; none of its rules counts",
                text.len()
            ),
            "replace rules that are alike by one with `*` or `:name`",
        )
    })
}

/// UTF-16 units, by which JavaScript measures.
pub(crate) fn utf16_length(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.encode_utf16().count()
    }
}

/// `Number.parseInt`: the number that a text begins with, whatever follows it.
pub(crate) fn leading_integer(text: &str) -> Option<f64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let hexadecimal = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X"));
    let (radix, rest) = hexadecimal.map_or((10, rest), |rest| (16, rest));
    let mut value = None;
    for digit in rest.chars().map_while(|c| c.to_digit(radix)) {
        value = Some(value.unwrap_or(0.0) * f64::from(radix) + f64::from(digit));
    }
    value
        .filter(|value: &f64| value.is_finite())
        .map(|value| sign * value)
}

/// `Number`: the number that a text is.
pub(crate) fn number(text: &str) -> Option<f64> {
    for (mark, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        let marked = text
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case(mark));
        if marked {
            let digits = &text[2..];
            let is_plain = digits.chars().all(|c| c.is_digit(radix));
            return u32::from_str_radix(digits, radix)
                .ok()
                .filter(|_| is_plain)
                .map(f64::from);
        }
    }
    text.parse().ok()
}

/// A word as a message quotes it: short, and without what a terminal would obey.
pub(crate) fn quote(word: &str) -> String {
    const LENGTH: usize = 80;
    let mut quoted: String = word.chars().take(LENGTH).flat_map(shown).collect();
    if word.chars().nth(LENGTH).is_some() {
        quoted.push('…');
    }
    format!("`{quoted}`")
}

fn shown(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
    let plain = (!escaped).then_some(c);
    let escape = escaped.then(|| c.escape_unicode());
    plain.into_iter().chain(escape.into_iter().flatten())
}

/// The first character that no address and no header may have.
pub(crate) fn control_character(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_ascii_control() && *c != '\t')
}
