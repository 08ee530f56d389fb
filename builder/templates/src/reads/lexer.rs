//! A template's text as tokens, cut where Tera cuts it.

/// A token of a tag or of an expression. Text outside of them, comments and raw text are left out.
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
    Sign(&'static str),
    /// Text outside of tags that is more than white space.
    Content,
}

/// Longest first.
const SIGNS: &[&str] = &[
    "...", "//", "**", "==", "!=", ">=", "<=", "</", "?.", "?[", "+", "-", "*", "/", "%", "!", ".",
    ",", ":", "~", "|", "=", ">", "<", "(", ")", "[", "]", "{", "}", "@",
];

/// All tokens of a text; None where it is not a template.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let marker = |pair: &[u8]| pair[0] == b'{' && matches!(pair[1], b'{' | b'%' | b'#');
        let start = rest.as_bytes().windows(2).position(marker);
        let (content, behind) = rest.split_at(start.unwrap_or(rest.len()));
        if content.chars().any(|c| !c.is_whitespace()) {
            out.push(Token::Content);
        }
        if behind.is_empty() {
            break;
        }
        let inside = behind[2..].strip_prefix('-').unwrap_or(&behind[2..]);
        rest = match behind.as_bytes()[1] {
            b'#' => &inside[inside.find("#}")? + 2..],
            b'{' => {
                out.push(Token::Open);
                inner(inside, "}}", Token::Close, &mut out)?
            }
            _ => match single_word(inside, "raw") {
                Some(body) => {
                    out.push(Token::Content);
                    after_raw(body)?
                }
                None => {
                    out.push(Token::TagOpen);
                    inner(inside, "%}", Token::TagClose, &mut out)?
                }
            },
        };
    }
    Some(out)
}

/// What is behind a tag of the one word `name`, if that is what the rest begins with.
fn single_word<'a>(rest: &'a str, name: &str) -> Option<&'a str> {
    let rest = rest.strip_prefix('-').unwrap_or(rest).trim_ascii_start();
    let rest = rest.strip_prefix(name)?.trim_ascii_start();
    rest.strip_prefix('-').unwrap_or(rest).strip_prefix("%}")
}

fn after_raw(mut rest: &str) -> Option<&str> {
    loop {
        rest = &rest[rest.find("{%")? + 2..];
        if let Some(behind) = single_word(rest, "endraw") {
            return Some(behind);
        }
    }
}

/// Reads up to and with `close`; what is behind it. A tag that is not closed ends with the text.
fn inner<'a>(
    mut rest: &'a str,
    close: &str,
    closing: Token<'a>,
    out: &mut Vec<Token<'a>>,
) -> Option<&'a str> {
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
        if rest.is_empty() {
            return Some(rest);
        }
        let trimming = rest.strip_prefix('-').unwrap_or(rest);
        if let Some(behind) = trimming
            .strip_prefix(close)
            .or_else(|| rest.strip_prefix(close))
        {
            out.push(closing);
            return Some(behind);
        }
        let (token, behind) = token(rest)?;
        out.push(token);
        rest = behind;
    }
}

fn token(rest: &str) -> Option<(Token<'_>, &str)> {
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Some((Token::Sign(sign), &rest[sign.len()..]));
    }
    match rest.as_bytes()[0] {
        b'"' | b'\'' | b'`' => text(rest),
        b'0'..=b'9' => number(rest),
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
            let of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let (name, behind) = rest.split_at(rest.find(|c| !of_name(c)).unwrap_or(rest.len()));
            let token = match name {
                "true" | "True" | "false" | "False" => Token::Bool,
                _ => Token::Name(name),
            };
            Some((token, behind))
        }
        _ => None,
    }
}

fn text(rest: &str) -> Option<(Token<'_>, &str)> {
    let quote = rest.chars().next()?;
    let mut out = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((Token::Text(out), &rest[at + 1..])),
            '\\' => out.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('"' | '\'' | '/' | '\\') => c,
                _ => return None,
            }),
            c => out.push(c),
        }
    }
    None
}

fn number(rest: &str) -> Option<(Token<'_>, &str)> {
    let mut is_float = false;
    let len = rest
        .bytes()
        .take_while(|byte| match byte {
            b'.' if !is_float => {
                is_float = true;
                true
            }
            byte => byte.is_ascii_digit(),
        })
        .count();
    let token = if is_float {
        Token::Float
    } else {
        Token::Integer(rest[..len].parse().ok()?)
    };
    Some((token, &rest[len..]))
}
