//! The code of a function without what only people need: comments, spaces, and long names.
//!
//! It is made for the code of this folder alone, not for any JavaScript: statements end with semicolons, there are no
//! templates, and a name that is declared somewhere is either ours wherever it stands or one of [`OUTSIDE`].

use std::collections::{BTreeMap, BTreeSet};

/// Names that are declared in the code and belong to CloudFront, to the language or to the options of URLs as well.
const OUTSIDE: &[&str] = &[
    "FACTS", "cf", "crypto", "format", "handler", "headers", "host", "location", "preset",
    "request", "value",
];

/// Names of fields of our own objects, beside those that are declared too.
const FIELDS: [&str; 13] = [
    "answer",
    "expires",
    "given",
    "isAuto",
    "isCanonical",
    "isPreset",
    "name",
    "options",
    "original",
    "refusal",
    "status",
    "wanted",
    "why",
];

/// A piece of code.
#[derive(Clone, Copy, PartialEq)]
enum Token<'a> {
    /// A name, a keyword or a number.
    Word(&'a str),
    /// A string or a pattern, as it is.
    Text(&'a str),
    /// A character of punctuation.
    Mark(char),
}

/// Returns the same program, shorter. `FACTS` is `F` in it.
pub(super) fn minified(code: &str) -> String {
    let tokens = tokens(code);
    let names = Names::of(&tokens);
    let mut short = String::new();
    let mut last_is_word = false;
    // For each bracket that is open, whether the statement in it declares something.
    let mut declares = vec![false];
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1);
        match token {
            Token::Word(word) => {
                if last_is_word {
                    short.push(' ');
                }
                if matches!(*word, "const" | "let") {
                    declares.pop();
                    declares.push(true);
                }
                short.push_str(names.short(&tokens, at, word));
            }
            Token::Text(text) => short.push_str(text),
            // A comma or a semicolon before a closing bracket says nothing.
            Token::Mark(';') if next == Some(&Token::Mark('}')) => {}
            Token::Mark(',') if matches!(next, Some(Token::Mark('}' | ']' | ')'))) => {}
            Token::Mark(';') => {
                let goes_on = declares.pop() == Some(true) && next == Some(&Token::Word("const"));
                declares.push(goes_on);
                short.push(if goes_on { ',' } else { ';' });
                at += usize::from(goes_on);
            }
            Token::Mark('(') if is_single_parameter(&tokens[at..]) => {
                if last_is_word {
                    short.push(' ');
                }
                if let Some(Token::Word(word)) = next {
                    short.push_str(names.short(&tokens, at + 1, word));
                }
                at += 2;
            }
            Token::Mark(mark) => {
                match mark {
                    '(' | '[' | '{' => declares.push(false),
                    ')' | ']' | '}' => declares.truncate(declares.len().max(2) - 1),
                    _ => {}
                }
                short.push(*mark);
            }
        }
        last_is_word = matches!(token, Token::Word(_));
        at += 1;
    }
    short
}

/// Whether it is `(one) =>`.
fn is_single_parameter(from: &[Token<'_>]) -> bool {
    matches!(
        from,
        [
            Token::Mark('('),
            Token::Word(_),
            Token::Mark(')'),
            Token::Mark('='),
            Token::Mark('>'),
            ..
        ]
    )
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        let length = if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]).trim_start();
            continue;
        } else if is_of_word(first) {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            tokens.push(Token::Word(&rest[..end]));
            end
        } else if matches!(first, '\'' | '"') || first == '/' && begins_pattern(tokens.last()) {
            let end = end_of(rest, first);
            tokens.push(Token::Text(&rest[..end]));
            end
        } else {
            tokens.push(Token::Mark(first));
            first.len_utf8()
        };
        rest = rest[length..].trim_start();
    }
    tokens
}

/// Whether a slash is the beginning of a pattern, behind this token.
fn begins_pattern(last: Option<&Token<'_>>) -> bool {
    match last {
        None | Some(Token::Word("return")) => true,
        Some(Token::Mark(mark)) => !matches!(mark, ')' | ']'),
        Some(Token::Word(_) | Token::Text(_)) => false,
    }
}

/// Where a string or a pattern ends that begins with its delimiter.
fn end_of(text: &str, delimiter: char) -> usize {
    let (mut is_escaped, mut is_in_class) = (false, false);
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' if delimiter == '/' => is_in_class = true,
            ']' => is_in_class = false,
            _ if c == delimiter && !is_in_class => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The short names of what is ours.
struct Names<'a> {
    /// Of what is known everywhere: upper-case letters.
    everywhere: BTreeMap<&'a str, String>,
    /// Of what a function has for itself, by where it begins: lower-case letters.
    inside: BTreeMap<usize, BTreeMap<&'a str, String>>,
}

impl<'a> Names<'a> {
    fn of(tokens: &[Token<'a>]) -> Self {
        let functions = functions(tokens);
        let all: Vec<(usize, &str)> = declared(tokens)
            .into_iter()
            .filter(|(_, word)| !OUTSIDE.contains(word))
            .collect();
        let function_of = |at: usize| {
            functions
                .iter()
                .rev()
                .find(|(start, end)| (*start..*end).contains(&at))
        };
        let global = all.iter().filter(|(at, _)| function_of(*at).is_none());
        let mut global: BTreeSet<&str> = global.map(|(_, word)| *word).collect();
        global.extend(FIELDS);
        let everywhere = assigned(tokens, &global, 'A'..='Z', &["F"]);
        let mut inside = BTreeMap::new();
        for (start, end) in &functions {
            let own = all
                .iter()
                .filter(|(at, word)| (*start..*end).contains(at) && !global.contains(word));
            let own: BTreeSet<&str> = own.map(|(_, word)| *word).collect();
            inside.insert(
                *start,
                assigned(&tokens[*start..*end], &own, 'a'..='z', &[]),
            );
        }
        Self { everywhere, inside }
    }

    /// The short name of the word at a place.
    fn short<'s>(&'s self, tokens: &[Token<'a>], at: usize, word: &'s str) -> &'s str {
        if tokens[..at].ends_with(&[Token::Word("FACTS"), Token::Mark('.')]) {
            return word;
        }
        let own = self.inside.range(..=at).next_back();
        let own = own.and_then(|(_, names)| names.get(word));
        match own.or_else(|| self.everywhere.get(word)) {
            Some(short) => short,
            None if word == "FACTS" => "F",
            None if word == "const" => "let",
            None => word,
        }
    }
}

/// The functions that stand by themselves: from their brackets of parameters to where the next one begins.
fn functions(tokens: &[Token<'_>]) -> Vec<(usize, usize)> {
    let mut depth = 0;
    let mut functions = Vec::new();
    let mut start = None;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Word("function") if depth == 0 => start = Some(at + 2),
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(mark @ (')' | ']' | '}')) => {
                depth -= 1;
                if depth == 0 && *mark == '}' {
                    functions.extend(start.take().map(|start| (start, at + 1)));
                }
            }
            _ => {}
        }
    }
    functions
}

/// All words that are declared, and where.
fn declared<'a>(tokens: &[Token<'a>]) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
        match token {
            Token::Word(word)
                if matches!(before(1), Some(Token::Word("const" | "let" | "function"))) =>
            {
                found.push((at, *word));
            }
            Token::Mark('(') if is_before_parameters(&tokens[at..], before(1), before(2)) => {
                let inside = tokens.iter().enumerate().skip(at + 1);
                let inside = inside.take_while(|(_, token)| **token != Token::Mark(')'));
                found.extend(inside.filter_map(|(at, token)| match token {
                    Token::Word(word) => Some((at, *word)),
                    _ => None,
                }));
            }
            _ => {}
        }
    }
    found
}

/// Short names of words, the most used ones first: one letter, or two.
fn assigned<'a>(
    tokens: &[Token<'a>],
    words: &BTreeSet<&str>,
    letters: std::ops::RangeInclusive<char>,
    taken: &[&str],
) -> BTreeMap<&'a str, String> {
    let mut counts: BTreeMap<&'a str, usize> = BTreeMap::new();
    for token in tokens {
        if let Token::Word(word) = token
            && words.contains(word)
        {
            *counts.entry(word).or_default() += 1;
        }
    }
    let mut by_use: Vec<(&str, usize)> = counts.into_iter().collect();
    by_use.sort_by_key(|(word, count)| (std::cmp::Reverse(*count), *word));
    let one = letters.clone().map(String::from);
    let two = letters.flat_map(|first| ('0'..='9').map(move |second| format!("{first}{second}")));
    let names = one
        .chain(two)
        .filter(|name| !taken.contains(&name.as_str()));
    by_use
        .into_iter()
        .map(|(word, _)| word)
        .zip(names)
        .collect()
}

/// Whether a bracket opens parameters: behind `function NAME`, or before `) =>`.
fn is_before_parameters(
    from: &[Token<'_>],
    before: Option<&Token<'_>>,
    earlier: Option<&Token<'_>>,
) -> bool {
    if matches!(before, Some(Token::Word("catch"))) {
        return true;
    }
    if matches!(
        (earlier, before),
        (Some(Token::Word("function")), Some(Token::Word(_)))
    ) {
        return true;
    }
    let close = from.iter().position(|token| *token == Token::Mark(')'));
    let Some(close) = close else {
        return false;
    };
    let are_names = from[1..close]
        .iter()
        .all(|token| matches!(token, Token::Word(_) | Token::Mark(',')));
    are_names && from[close + 1..].starts_with(&[Token::Mark('='), Token::Mark('>')])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_people_need_goes() {
        let code = "// A comment.\nconst first = 'a // b', second = /[/'](\\/)/;\n\n\
                    function both(one, other) {\n    // Why.\n    return one.name / other + first.length;\n}\n\
                    const list = [1, 2,].map((value) => value + FACTS.first);\n";
        assert_eq!(
            minified(code),
            "let A='a // b',second=/[/'](\\/)/;function B(a,b){return a.D/b+A.length}let C=[1,2].map(value=>value+F.first);"
        );
    }
}
