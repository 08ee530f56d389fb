//! Takes a script apart.

use super::{Kind, Script, Token};

/// How deep brackets are nested.
const MAX_NESTING: usize = 256;

impl<'a> Script<'a> {
    /// Takes a script apart as far as that is certain, in time that is linear in its length.
    pub(crate) fn lex(text: &'a str) -> Self {
        let mut lexer = Lexer {
            text,
            at: 0,
            tokens: Vec::new(),
            brackets: Vec::new(),
            closed: None,
        };
        while lexer.step().is_some() {}
        Self::new(text, lexer.tokens)
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    brackets: Vec<Bracket>,
    /// What the last token closed, if it closed something.
    closed: Option<Bracket>,
}

/// A bracket that is open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    /// `(`, behind `if`, `while`, `for` or `with`.
    Condition,
    /// `(`, behind a word that may be a keyword or not.
    Unsure,
    /// Any other `(`.
    Round,
    Square,
    Curly,
    /// `${`.
    Substitution,
}

/// What a slash does.
enum Slash {
    Divides,
    BeginsRegExp,
}

/// The signs of more than one character, longer ones first.
const SIGNS: [&str; 33] = [
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=",
    "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
    "<<", ">>", "**",
];

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Reads a token. None at the end, and where it is not certain what follows.
    fn step(&mut self) -> Option<()> {
        self.blanks()?;
        let first = self.rest().chars().next()?;
        let next = self.rest()[first.len_utf8()..].chars().next();
        match first {
            '"' | '\'' => self.string(first),
            '`' => self.template(),
            '/' => match self.slash()? {
                Slash::BeginsRegExp => self.reg_exp(),
                Slash::Divides => self.sign(),
            },
            '0'..='9' => self.number(),
            '.' if next.is_some_and(|c| c.is_ascii_digit()) => self.number(),
            '#' if next.is_some_and(is_of_word) && self.at > 0 => self.word(),
            c if is_of_word(c) => self.word(),
            // A name with an escape in it, or what no script has.
            '\\' | '#' => None,
            c if c.is_ascii_punctuation() => self.sign(),
            _ => None,
        }
    }

    fn push(&mut self, kind: Kind, length: usize) -> Option<()> {
        let range = self.at..self.at + length;
        // A name goes on with an escape.
        if kind != Kind::Sign && self.text[range.end..].starts_with('\\') {
            return None;
        }
        self.at = range.end;
        self.tokens.push(Token { kind, range });
        self.closed = None;
        Some(())
    }

    /// Steps over white space and comments. None at what is a comment in some scripts only.
    fn blanks(&mut self) -> Option<()> {
        let mut begins_line = self.at == 0;
        loop {
            let rest = self.rest();
            let first = rest.chars().next()?;
            if is_blank(first) {
                begins_line |= is_line_end(first);
                self.at += first.len_utf8();
            } else if rest.starts_with("//") {
                // Up to the end of the line.
                self.at += rest.find(is_line_end)?;
            } else if let Some(inside) = rest.strip_prefix("/*") {
                let comment = &inside[..inside.find("*/")?];
                begins_line |= comment.contains(is_line_end);
                self.at += "/**/".len() + comment.len();
            } else if rest.starts_with("<!--") || (begins_line && rest.starts_with("-->")) {
                return None;
            } else {
                return Some(());
            }
        }
    }

    fn string(&mut self, quote: char) -> Option<()> {
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => return self.push(Kind::Text, at + 1),
                '\\' => {
                    chars.next();
                }
                '\n' | '\r' => return None,
                _ => {}
            }
        }
        None
    }

    /// Reads the part of a template literal that begins with a backtick or a brace.
    fn template(&mut self) -> Option<()> {
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '`' => return self.push(Kind::Template, at + 1),
                '\\' => {
                    chars.next();
                }
                '$' if chars.peek().is_some_and(|(_, c)| *c == '{') => {
                    self.push(Kind::Template, at + 2)?;
                    return self.open(Bracket::Substitution);
                }
                _ => {}
            }
        }
        None
    }

    fn reg_exp(&mut self) -> Option<()> {
        let rest = self.rest();
        let mut in_class = false;
        let mut chars = rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '/' if !in_class => {
                    let flags = rest[at + 1..].chars().take_while(|c| is_of_word(*c));
                    let length = at + 1 + flags.map(char::len_utf8).sum::<usize>();
                    return self.push(Kind::RegExp, length);
                }
                '[' => in_class = true,
                ']' => in_class = false,
                '\\' => {
                    chars.next().filter(|(_, c)| !is_line_end(*c))?;
                }
                c if is_line_end(c) => return None,
                _ => {}
            }
        }
        None
    }

    fn number(&mut self) -> Option<()> {
        let rest = self.rest().as_bytes();
        let is_decimal = !matches!(rest.get(1), Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B'));
        let is_octal = rest[0] == b'0' && rest.get(1).is_some_and(u8::is_ascii_digit);
        let (mut length, mut has_point) = (0, !is_decimal || is_octal);
        while let Some(byte) = rest.get(length) {
            let is_exponent_sign = is_decimal
                && matches!(byte, b'+' | b'-')
                && length > 0
                && matches!(rest[length - 1], b'e' | b'E');
            let is_point = *byte == b'.' && !std::mem::replace(&mut has_point, true);
            let is_part = byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'$')
                || !byte.is_ascii()
                || is_exponent_sign
                || is_point;
            if !is_part {
                break;
            }
            length += 1;
        }
        let text = &rest[..length];
        // A letter or blank outside of ASCII beside a number.
        if !text.is_ascii() {
            return None;
        }
        self.push(Kind::Number, length)
    }

    fn word(&mut self) -> Option<()> {
        let rest = self.rest();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let more = rest[first..].chars().take_while(|c| is_of_word(*c));
        let length = first + more.map(char::len_utf8).sum::<usize>();
        self.push(Kind::Word, length)
    }

    fn sign(&mut self) -> Option<()> {
        let rest = self.rest();
        let long = SIGNS.iter().find(|sign| rest.starts_with(**sign));
        let mut sign = long.copied().unwrap_or(&rest[..1]);
        // `a?.5:b`.
        if sign == "?." && rest[2..].starts_with(|c: char| c.is_ascii_digit()) {
            sign = "?";
        }
        match sign {
            "(" => {
                let bracket = self.round();
                self.push(Kind::Sign, 1)?;
                self.open(bracket)
            }
            "[" => {
                self.push(Kind::Sign, 1)?;
                self.open(Bracket::Square)
            }
            "{" => {
                self.push(Kind::Sign, 1)?;
                self.open(Bracket::Curly)
            }
            ")" | "]" => self.shut(sign),
            "}" if self.brackets.last() == Some(&Bracket::Substitution) => {
                self.brackets.pop();
                self.template()
            }
            "}" => self.shut(sign),
            _ => {
                let length = sign.len();
                self.push(Kind::Sign, length)
            }
        }
    }

    fn open(&mut self, bracket: Bracket) -> Option<()> {
        self.brackets.push(bracket);
        (self.brackets.len() <= MAX_NESTING).then_some(())
    }

    fn shut(&mut self, sign: &str) -> Option<()> {
        let bracket = self.brackets.pop()?;
        let fits = match bracket {
            Bracket::Condition | Bracket::Unsure | Bracket::Round => sign == ")",
            Bracket::Square => sign == "]",
            Bracket::Curly => sign == "}",
            Bracket::Substitution => false,
        };
        if !fits {
            return None;
        }
        self.push(Kind::Sign, 1)?;
        self.closed = Some(bracket);
        Some(())
    }

    /// Returns what kind of `(` stands here.
    fn round(&self) -> Bracket {
        match self.last_word() {
            Some("if" | "while" | "for" | "with") => Bracket::Condition,
            Some("await") => Bracket::Unsure,
            _ => Bracket::Round,
        }
    }

    /// Returns the last token if it is a word, and no name of a member.
    fn last_word(&self) -> Option<&str> {
        let (last, before) = self.tokens.split_last()?;
        let behind_dot = before
            .last()
            .is_some_and(|token| matches!(&self.text[token.range.clone()], "." | "?."));
        (last.kind == Kind::Word && !behind_dot).then(|| &self.text[last.range.clone()])
    }

    /// Returns what the slash does that stands here; none where that is not certain.
    fn slash(&self) -> Option<Slash> {
        let Some(last) = self.tokens.last() else {
            return Some(Slash::BeginsRegExp);
        };
        let text = &self.text[last.range.clone()];
        match last.kind {
            Kind::Number | Kind::Text | Kind::RegExp => Some(Slash::Divides),
            Kind::Template if text.ends_with('`') => Some(Slash::Divides),
            Kind::Template => Some(Slash::BeginsRegExp),
            Kind::Word => match self.last_word().unwrap_or_default() {
                "return" | "typeof" | "case" | "do" | "else" | "in" | "instanceof" | "new"
                | "void" | "delete" | "throw" => Some(Slash::BeginsRegExp),
                word if UNSURE.contains(&word) => None,
                _ => Some(Slash::Divides),
            },
            Kind::Sign => match (text, self.closed) {
                (")", Some(Bracket::Round)) => Some(Slash::Divides),
                (")", Some(Bracket::Condition)) => Some(Slash::BeginsRegExp),
                ("]", _) => Some(Slash::Divides),
                (")" | "}" | "++" | "--", _) => None,
                _ => Some(Slash::BeginsRegExp),
            },
        }
    }
}

/// Keywords and words that may be one, behind which it depends on more what a slash does, or none is expected.
const UNSURE: [&str; 30] = [
    "accessor", "async", "await", "break", "catch", "class", "const", "continue", "debugger",
    "default", "enum", "export", "extends", "finally", "for", "from", "function", "get", "if",
    "import", "let", "of", "set", "static", "switch", "try", "using", "var", "while", "yield",
];

/// Returns true for what a word is made of. Outside of ASCII that is all but blanks.
fn is_of_word(c: char) -> bool {
    match c {
        '_' | '$' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        c => !is_blank(c) && !c.is_control(),
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\u{feff}') || is_line_end(c) || is_space_separator(c)
}

/// Returns true for the category Zs.
fn is_space_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}
