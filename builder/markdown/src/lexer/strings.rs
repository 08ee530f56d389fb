//! The lexer's way through strings: escapes, variables, code inside, and quotes that are never closed.

use super::super::scopes::Class;
use super::Cursor;
use super::language::{Keys, Quote};
use super::scan::{closing, variable_len, word_len};

impl Cursor<'_> {
    /// Takes a string, if one begins here.
    pub(super) fn quote(&mut self) -> bool {
        let rest = self.rest();
        if self.language.rust && rest.starts_with('\'') {
            return self.rust_tick();
        }
        // An apostrophe inside a word of plain text is none.
        if self.language.keys == Keys::Yaml && !self.value_expected {
            return false;
        }
        let quotes = self.language.quotes.iter().enumerate();
        let Some((index, quote)) = quotes.into_iter().find(|(_, q)| rest.starts_with(q.open))
        else {
            return false;
        };
        self.string(*quote, Some(index), quote.open.len());
        true
    }

    /// Takes a string whose opening (and prefix) is `open` bytes long.
    pub(super) fn string(&mut self, quote: Quote, index: Option<usize>, open: usize) {
        let body = &self.rest()[open..];
        let mut quote = quote;
        if quote.multiline && index.is_some_and(|index| self.unclosed[index]) {
            quote.multiline = false;
        }
        let class = if self.is_key(open, quote) {
            Class::Key
        } else {
            Class::String
        };
        // A quote that is never closed ends with its line, not with the text.
        if quote.multiline && !quote.interpolated && closing(body, quote).is_none() {
            if let Some(index) = index {
                self.unclosed[index] = true;
            }
            quote.multiline = false;
        }
        self.take(open, Some(class));
        self.string_body(quote, class);
    }

    /// Takes the rest of a string, up to its end or to the code inside it.
    pub(super) fn string_body(&mut self, quote: Quote, class: Class) {
        self.value_expected = false;
        let bytes = self.text.as_bytes();
        let mut end = self.at;
        while end < bytes.len() {
            let rest = &self.text.as_bytes()[end..];
            if rest.starts_with(quote.close.as_bytes()) {
                self.take(end + quote.close.len() - self.at, Some(class));
                return;
            }
            match rest[0] {
                b'\n' if !quote.multiline => break,
                b'\\' if quote.escapes && rest.len() > 1 && rest[1] != b'\n' => {
                    self.take(end - self.at, Some(class));
                    let next = self.rest()[1..].chars().next().map_or(0, char::len_utf8);
                    self.take(1 + next, Some(Class::Escape));
                    end = self.at;
                }
                b'$' if quote.interpolated && rest.get(1) == Some(&b'{') => {
                    self.take(end - self.at, Some(class));
                    self.take(2, None);
                    self.interpolations.push((quote, 0));
                    self.value_expected = true;
                    return;
                }
                b'$' if self.language.variables && quote.escapes => {
                    let variable = variable_len(rest);
                    if variable == 0 {
                        end += 1;
                        continue;
                    }
                    self.take(end - self.at, Some(class));
                    self.take(variable, Some(Class::Variable));
                    end = self.at;
                }
                _ => end += 1,
            }
        }
        self.take(end - self.at, Some(class));
    }

    /// A quoted key of a data format: its closing quote stands before the sign.
    fn is_key(&self, open: usize, quote: Quote) -> bool {
        let sign = match self.language.keys {
            Keys::BeforeColon => ':',
            Keys::BeforeEquals => '=',
            Keys::None | Keys::Yaml => return false,
        };
        let line = Quote {
            multiline: false,
            ..quote
        };
        let body = &self.rest()[open..];
        closing(body, line).is_some_and(|at| {
            body[at + quote.close.len()..]
                .trim_ascii_start()
                .starts_with(sign)
        })
    }

    /// A character (`'a'`, `'\n'`) or a lifetime (`'a`).
    fn rust_tick(&mut self) -> bool {
        let mut inside = self.rest()[1..].chars();
        match (inside.next(), inside.next()) {
            (Some('\\'), _) | (Some(_), Some('\'')) => {
                let quote = Quote {
                    open: "'",
                    close: "'",
                    ..Quote::PLAIN
                };
                self.string(quote, None, 1);
            }
            _ => {
                let name = word_len(&self.rest()[1..], self.language);
                self.take_value(1 + name, Class::Variable);
            }
        }
        true
    }
}
