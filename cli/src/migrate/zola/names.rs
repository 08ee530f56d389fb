//! The tokens of one tag, with the text that they are of.

use quillfront_templates::lexer::{Dialect, Kind, Token, tokens};
use std::ops::Range;

/// A tag's inside and its tokens.
pub struct Inside<'a> {
    /// Between the delimiters.
    pub text: &'a str,
    /// In order.
    pub tokens: Vec<Token<'a>>,
}

/// An argument of a call: `name=value`, or a value alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The name, if it has one.
    pub name: Option<String>,
    /// The bytes of the value.
    pub value: Range<usize>,
}

/// What stands in parentheses after a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// In order.
    pub list: Vec<Argument>,
    /// The index of the closing parenthesis among the tokens.
    pub close: usize,
}

impl<'a> Inside<'a> {
    /// Reads a tag's inside.
    pub fn of(text: &'a str) -> Self {
        Self {
            text,
            tokens: tokens(text, Dialect::Tera1).collect(),
        }
    }

    /// The text of a token; empty where there is none.
    pub fn word(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.text)
    }

    /// True where the token is a name.
    pub fn is_name(&self, index: usize) -> bool {
        self.tokens
            .get(index)
            .is_some_and(|token| token.kind == Kind::Name)
    }

    /// A string's text without its quotes. Tera 1 knows no escapes.
    pub fn text_at(&self, index: usize) -> Option<&'a str> {
        self.tokens.get(index)?.quoted()
    }

    /// True where the token is the name of a variable, not of a field, an argument or a function.
    pub fn is_variable(&self, index: usize) -> bool {
        if !self.is_name(index) || KEYWORDS.contains(&self.word(index)) {
            return false;
        }
        let back = |steps| index.checked_sub(steps).map_or("", |at| self.word(at));
        let is_named_so = match back(1) {
            "." | "?." | "|" | "is" | "::" | "<" | "</" | "filter" => false,
            "not" => back(2) != "is",
            _ => true,
        };
        let after = self.word(index + 1);
        let is_argument = after == "=" && self.is_argument_name(index);
        is_named_so && !is_argument && !matches!(after, "(" | "::")
    }

    fn is_argument_name(&self, index: usize) -> bool {
        matches!(
            index.checked_sub(1).map(|before| self.word(before)),
            Some("(" | ",")
        )
    }

    /// The arguments of a call, whose opening parenthesis is at `open`. None where there is no
    /// parenthesis, or it is not closed.
    pub fn arguments(&self, open: usize) -> Option<Arguments> {
        if self.word(open) != "(" {
            return None;
        }
        let mut list = Vec::new();
        let (mut depth, mut start, mut at) = (0_usize, open + 1, open + 1);
        loop {
            let word = self.word(at);
            match word {
                "" => return None,
                "(" | "[" | "{" | "?[" => depth += 1,
                ")" | "]" | "}" if depth > 0 => depth -= 1,
                ")" | "," if depth == 0 => {
                    if start < at {
                        list.push(self.argument(start, at));
                    }
                    start = at + 1;
                    if word == ")" {
                        return Some(Arguments { list, close: at });
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn argument(&self, start: usize, end: usize) -> Argument {
        let named = self.is_name(start) && self.word(start + 1) == "=" && start + 2 < end;
        let first = if named { start + 2 } else { start };
        Argument {
            name: named.then(|| self.word(start).to_owned()),
            value: self.tokens[first].start..self.tokens[end - 1].end(),
        }
    }

    /// The index of the first token of what the filter whose `|` is at `pipe` works on, and
    /// whether Tera 2 would take less than that: there a filter binds more tightly than
    /// arithmetic and `~`, in Tera 1 less.
    pub fn operand(&self, pipe: usize) -> (usize, bool) {
        let (mut depth, mut at, mut loose, mut filtered) = (0_usize, pipe, false, false);
        while at > 0 {
            let word = self.word(at - 1);
            match word {
                ")" | "]" | "}" => depth += 1,
                "(" | "[" | "{" | "?[" if depth > 0 => depth -= 1,
                "(" | "[" | "{" | "?[" => break,
                _ if depth > 0 => {}
                "," | "=" | ":" | "==" | "!=" | "<" | ">" | "<=" | ">=" => break,
                "and" | "or" | "not" | "in" | "if" | "elif" | "else" if self.is_name(at - 1) => {
                    break;
                }
                // A sign before a number is part of it.
                "+" | "*" | "/" | "%" | "~" => loose |= !filtered,
                "-" => loose |= !filtered && self.ends_a_value(at.wrapping_sub(2)),
                // The filter before has seen to it.
                "|" => filtered = true,
                _ => {}
            }
            at -= 1;
        }
        (at, loose)
    }

    fn ends_a_value(&self, index: usize) -> bool {
        let keyword = KEYWORDS.contains(&self.word(index));
        let token = self.tokens.get(index);
        token.is_some_and(|token| !matches!(token.kind, Kind::Sign | Kind::Unknown) && !keyword)
            || matches!(self.word(index), ")" | "]")
    }

    /// From the first byte of a token to the last of another.
    pub fn bytes(&self, from: usize, to: usize) -> Range<usize> {
        self.tokens[from].start..self.tokens[to].end()
    }
}

/// Words that are no variables.
pub const KEYWORDS: [&str; 35] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "elif",
    "else",
    "for",
    "set",
    "set_global",
    "true",
    "false",
    "True",
    "False",
    "filter",
    "as",
    "super",
    "include",
    "block",
    "endblock",
    "extends",
    "import",
    "macro",
    "endmacro",
    "endif",
    "endfor",
    "endfilter",
    "endset",
    "break",
    "continue",
    "ignore",
    "missing",
    "raw",
    "endraw",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_split_at_their_own_commas() {
        let inside = Inside::of("f(a=g(x=1, y=[2, 3]), \"b, c\", d=1 + 2)");
        let arguments = inside.arguments(1).unwrap();
        let shown: Vec<_> = arguments
            .list
            .iter()
            .map(|one| (one.name.as_deref(), &inside.text[one.value.clone()]))
            .collect();
        assert_eq!(
            shown,
            [
                (Some("a"), "g(x=1, y=[2, 3])"),
                (None, "\"b, c\""),
                (Some("d"), "1 + 2")
            ]
        );
        assert_eq!(inside.word(arguments.close + 1), "");
        assert!(Inside::of("f(a").arguments(1).is_none());
    }

    #[test]
    fn the_operand_of_a_filter_begins_after_the_last_weaker_sign() {
        let operand = |text: &str| {
            let inside = Inside::of(text);
            let pipe = inside
                .tokens
                .iter()
                .position(|token| token.is("|"))
                .unwrap();
            let (start, loose) = inside.operand(pipe);
            (text[inside.tokens[start].start..].to_owned(), loose)
        };
        assert_eq!(
            operand("if a == b.c[\"d\"] | e"),
            ("b.c[\"d\"] | e".into(), false)
        );
        assert_eq!(operand("set x = a ~ b | e"), ("a ~ b | e".into(), true));
        assert_eq!(operand("x and -1 | abs"), ("-1 | abs".into(), false));
        assert_eq!(operand("f(a=b + c) | e"), ("f(a=b + c) | e".into(), false));
    }

    #[test]
    fn variables_are_told_from_fields_and_arguments() {
        let text = "a.b is defined and f(c=d) | e(g=h)";
        let inside = Inside::of(text);
        let found: Vec<_> = (0..inside.tokens.len())
            .filter(|index| inside.is_variable(*index))
            .map(|index| inside.word(index))
            .collect();
        assert_eq!(found, ["a", "d", "h"]);
    }
}
