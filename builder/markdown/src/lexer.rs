//! A lexer for many languages: comments, quotes, numbers and words, told apart by a table.
//!
//! It goes through a text once, keeps what it knows in a few variables, and never goes back, so it
//! takes time with the length of the text, whatever the text: a hundred times less than a grammar.
//! What it does not understand stays plain.

mod language;
mod languages;
mod scan;
mod strings;

pub use languages::LANGUAGES;

use super::scopes::Class;
use super::spans::Spans;
use language::{Keys, Language, Quote};
use scan::{
    MAX_SHORT_BYTES, bracket_end, is_macro, line_len, nested_end, raw_string_end, regexp_len,
    variable_len, word_len,
};
use std::collections::HashMap;

/// A language, ready to use.
pub struct Lexer {
    language: &'static Language,
    words: HashMap<&'static str, Class>,
}

impl Lexer {
    pub fn new(language: &'static Language) -> Self {
        let lists = [
            (language.functions, Class::Function),
            (language.types, Class::Type),
            (language.constants, Class::Constant),
            (language.keywords, Class::Keyword),
        ];
        let words = lists
            .iter()
            .flat_map(|(words, class)| words.split_ascii_whitespace().map(|word| (word, *class)))
            .collect();
        Self { language, words }
    }

    /// True for a language's names, in any case.
    pub fn is_named(&self, name: &str) -> bool {
        self.language
            .names
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    }

    /// The text as HTML.
    pub fn highlighted(&self, text: &str) -> String {
        let mut cursor = Cursor {
            lexer: self,
            language: self.language,
            text,
            at: 0,
            spans: Spans::with_capacity(text.len() * 3),
            value_expected: true,
            line_start: true,
            names_function: false,
            interpolations: Vec::new(),
            unclosed: vec![false; self.language.quotes.len()],
        };
        while cursor.at < text.len() {
            cursor.step();
        }
        cursor.spans.finish()
    }
}

/// A place in a text, and what is remembered from before it.
struct Cursor<'a> {
    lexer: &'a Lexer,
    language: &'static Language,
    text: &'a str,
    at: usize,
    spans: Spans<'a>,
    /// An operator, a bracket or a keyword came last.
    value_expected: bool,
    /// Only white space came before on this line.
    line_start: bool,
    /// The last word says that the next one is a function's name.
    names_function: bool,
    /// Open `${`: the quote they are in, and how many `{` are open inside.
    interpolations: Vec<(Quote, usize)>,
    /// Quotes (by index) that are known not to be closed any more.
    unclosed: Vec<bool>,
}

impl<'a> Cursor<'a> {
    /// Takes one token.
    fn step(&mut self) {
        let rest = self.rest();
        let first = rest.as_bytes()[0];
        if first.is_ascii_whitespace() {
            let space = rest.len() - rest.trim_ascii_start().len();
            if rest[..space].contains('\n') {
                self.line_start = true;
                self.value_expected |= self.language.keys == Keys::Yaml;
            }
            self.take(space, None);
            return;
        }
        let line_start = std::mem::replace(&mut self.line_start, false);
        let taken = self.comment()
            || (line_start && self.start_of_line())
            || self.quote()
            || self.special(first)
            || self.number(first)
            || self.word();
        if !taken {
            self.punctuation(first);
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, bytes: usize, class: Option<Class>) {
        let end = self.at + bytes;
        self.spans.push(&self.text[self.at..end], class);
        self.at = end;
    }

    /// Takes a whole token that is a value or stands like one.
    fn take_value(&mut self, bytes: usize, class: Class) -> bool {
        self.take(bytes, Some(class));
        self.value_expected = false;
        true
    }

    fn comment(&mut self) -> bool {
        let rest = self.rest();
        let comments = self.language.comments;
        if let Some((open, close)) = comments.block.filter(|(open, _)| rest.starts_with(open)) {
            let end = if comments.nested {
                nested_end(rest, open, close)
            } else {
                rest[open.len()..]
                    .find(close)
                    .map_or(rest.len(), |at| open.len() + at + close.len())
            };
            self.take(end, Some(Class::Comment));
            return true;
        }
        let starts = comments.line.iter().any(|open| {
            rest.starts_with(open) && (*open != "#" || self.is_behind(|c| c.is_ascii_whitespace()))
        });
        if starts {
            self.take(line_len(rest), Some(Class::Comment));
        }
        starts
    }

    /// True at the start of the text, or behind such a byte.
    fn is_behind(&self, accept: impl Fn(u8) -> bool) -> bool {
        self.at == 0 || accept(self.text.as_bytes()[self.at - 1])
    }

    /// What is special at the start of a line.
    fn start_of_line(&mut self) -> bool {
        let rest = self.rest();
        if self.language.preprocessor && rest.starts_with('#') {
            let name = rest[1..]
                .bytes()
                .take_while(u8::is_ascii_alphabetic)
                .count();
            self.take(1 + name, Some(Class::Keyword));
            let path = self.rest();
            let line = &path[..line_len(path)];
            if let Some(open) = line.find('<')
                && let Some(length) = line[open..].find('>')
                && line[..open].trim().is_empty()
            {
                self.take(open, None);
                self.take(length + 1, Some(Class::String));
            }
            return true;
        }
        match self.language.keys {
            Keys::Yaml => self.yaml_key(),
            Keys::BeforeEquals if rest.starts_with('[') => {
                let line = &rest[..line_len(rest)];
                let end = line.find('#').unwrap_or(line.len());
                self.take(line[..end].trim_ascii_end().len(), Some(Class::Type));
                true
            }
            _ => false,
        }
    }

    fn yaml_key(&mut self) -> bool {
        let rest = self.rest();
        let near = &rest[..rest.floor_char_boundary(MAX_SHORT_BYTES)];
        let line = &near[..line_len(near)];
        if line == "-" || line.starts_with("- ") {
            self.take(1, None);
            self.line_start = true;
            return true;
        }
        let end = line
            .find(": ")
            .or_else(|| line.ends_with(':').then(|| line.len() - 1));
        let quoted_to = |end: usize| match line.as_bytes()[0] {
            quote @ (b'"' | b'\'') => end > 1 && line.as_bytes()[end - 1] == quote,
            _ => true,
        };
        match end {
            Some(end) if !line.starts_with(['#', '[', '{', '|', '>']) && quoted_to(end) => {
                self.take(end, Some(Class::Key));
                self.value_expected = true;
                true
            }
            _ => false,
        }
    }

    /// Attributes, variables, regular expressions.
    fn special(&mut self, first: u8) -> bool {
        let rest = self.rest();
        match first {
            b'#' if self.language.rust && (rest.starts_with("#[") || rest.starts_with("#![")) => {
                self.take(bracket_end(rest), Some(Class::Attribute));
                true
            }
            b'@' if self.language.attributes => {
                let name = word_len(&rest[1..], self.language);
                name > 0 && self.take_value(1 + name, Class::Attribute)
            }
            b'$' if self.language.variables => {
                let variable = variable_len(rest.as_bytes());
                variable > 0 && self.take_value(variable, Class::Variable)
            }
            b'/' if self.language.regexps && self.value_expected => {
                regexp_len(rest).is_some_and(|len| self.take_value(len, Class::Regexp))
            }
            b'&' | b'*' if self.language.keys == Keys::Yaml && self.value_expected => {
                let name = word_len(&rest[1..], self.language);
                name > 0 && self.take_value(1 + name, Class::Variable)
            }
            _ => false,
        }
    }

    fn number(&mut self, first: u8) -> bool {
        if !first.is_ascii_digit() {
            return false;
        }
        let bytes = self.rest().as_bytes();
        let mut len = 1;
        while let Some(byte) = bytes.get(len) {
            let next_is_digit = bytes.get(len + 1).is_some_and(u8::is_ascii_digit);
            let part_of_number = match byte {
                b'.' => next_is_digit,
                // Dates and times.
                b'-' | b':' if self.language.keys != Keys::None => next_is_digit,
                b'+' | b'-' => {
                    matches!(bytes[len - 1], b'e' | b'E') && bytes[1] != b'x' && next_is_digit
                }
                _ => byte.is_ascii_alphanumeric() || *byte == b'_',
            };
            if !part_of_number {
                break;
            }
            len += 1;
        }
        self.take_value(len, Class::Number)
    }

    fn word(&mut self) -> bool {
        let rest = self.rest();
        let len = word_len(rest, self.language);
        if len == 0 {
            return false;
        }
        let (word, after) = rest.split_at(len);
        if self.language.rust
            && matches!(word, "r" | "br" | "cr")
            && after.starts_with(['"', '#'])
            && let Some(end) = raw_string_end(after)
        {
            return self.take_value(len + end, Class::String);
        }
        if after.starts_with(['"', '\'']) {
            let raw = self.language.raw_prefixes.contains(&word);
            if raw || self.language.prefixes.contains(&word) {
                let quotes = self.language.quotes.iter().enumerate();
                if let Some((index, quote)) =
                    quotes.into_iter().find(|(_, q)| after.starts_with(q.open))
                {
                    let quote = Quote {
                        escapes: quote.escapes && !raw,
                        ..*quote
                    };
                    self.string(quote, Some(index), len + quote.open.len());
                    return true;
                }
            }
        }
        let class = self.class(word, after);
        let bang = self.language.rust && is_macro(after);
        self.take(
            len + usize::from(bang),
            if bang { Some(Class::Function) } else { class },
        );
        self.value_expected = class == Some(Class::Keyword);
        self.names_function = matches!(word, "fn" | "def" | "fun" | "func" | "function");
        true
    }

    fn class(&self, word: &str, after: &str) -> Option<Class> {
        let lowered;
        let word_as_listed = if self.language.ignore_case {
            lowered = word.to_ascii_lowercase();
            lowered.as_str()
        } else {
            word
        };
        let next = after.trim_start_matches([' ', '\t']);
        if self.language.keys == Keys::BeforeEquals && next.starts_with(['=', '.']) {
            return Some(Class::Key);
        }
        if self.language.keys == Keys::BeforeColon && next.starts_with(':') {
            return Some(Class::Key);
        }
        // Behind a dot a keyword is a name: `x.type`, `Some(x).default()`.
        let is_member = self.at > 0 && self.text.as_bytes()[self.at - 1] == b'.';
        let listed = self.lexer.words.get(word_as_listed).copied();
        // A word in the middle of plain text is only a word.
        if self.language.keys == Keys::Yaml && !self.value_expected {
            return None;
        }
        if let Some(class) = listed.filter(|class| !is_member || *class != Class::Keyword) {
            return Some(class);
        }
        if self.language.calls && (self.names_function || after.starts_with('(')) {
            return Some(Class::Function);
        }
        let capital = word.starts_with(|c: char| c.is_ascii_uppercase());
        if !(self.language.capitals && capital) {
            return None;
        }
        let all_capitals = word.len() > 1 && !word.bytes().any(|b| b.is_ascii_lowercase());
        Some(if all_capitals {
            Class::Constant
        } else {
            Class::Type
        })
    }

    /// Anything else. Braces may end an interpolation.
    fn punctuation(&mut self, first: u8) {
        let len = self.rest().chars().next().map_or(1, char::len_utf8);
        self.take(len, None);
        self.value_expected = !matches!(first, b')' | b']' | b'}');
        match (first, self.interpolations.last_mut()) {
            (b'{', Some((_, depth))) => *depth += 1,
            (b'}', Some((quote, 0))) => {
                let quote = *quote;
                self.interpolations.pop();
                self.string_body(quote, Class::String);
            }
            (b'}', Some((_, depth))) => *depth -= 1,
            _ => {}
        }
    }
}
