//! Quoted texts in YAML that go on at the beginning of a line. YAML 1.2 wants them indented, and our
//! parser insists; the parsers of other publishers never did, so files are written that way.

/// Indents the lines on which quoted texts go on, which changes nothing of what they say: the blanks
/// at the beginning of such a line are no part of the text.
pub fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 256);
    let mut scanner = Scanner::default();
    for line in text.split_inclusive('\n') {
        if let Some(quote) = &scanner.quote
            && !line.trim().is_empty()
        {
            out.extend(std::iter::repeat_n(' ', quote.column + 1));
        }
        out.push_str(line);
        scanner.line(line);
    }
    out
}

/// Where a quoted text began.
struct Quote {
    mark: char,
    column: usize,
}

/// What of YAML has to be known to see where quoted texts begin and end.
#[derive(Default)]
struct Scanner {
    quote: Option<Quote>,
    /// Brackets and braces that are open.
    depth: usize,
    /// Lines that are indented more than this belong to a block text.
    block: Option<usize>,
}

/// What a line has come to.
#[derive(Clone, Copy, PartialEq)]
enum At {
    /// A value may begin.
    Start,
    /// A value has begun or ended.
    Value,
}

impl Scanner {
    fn line(&mut self, line: &str) {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        match self.block {
            Some(indent) if blanks > indent || line.trim().is_empty() => return,
            _ => self.block = None,
        }
        let characters: Vec<char> = line.trim_end().chars().collect();
        let mut at = At::Start;
        let mut node = blanks;
        let mut index = 0;
        if self.quote.is_some() {
            match self.end_of_quote(&characters, 0) {
                Some(end) => index = end,
                None => return,
            }
            at = At::Value;
        }
        while index < characters.len() {
            let c = characters[index];
            let gap = characters.get(index + 1).is_none_or(|next| *next == ' ');
            let after_gap = index == 0 || characters[index - 1] == ' ';
            match (at, c) {
                (_, ' ' | '\t') => {}
                (_, '#') if after_gap => return,
                (At::Start, '"' | '\'') => {
                    self.quote = Some(Quote {
                        mark: c,
                        column: index,
                    });
                    at = At::Value;
                    match self.end_of_quote(&characters, index + 1) {
                        Some(end) => index = end - 1,
                        None => return,
                    }
                }
                (At::Start, '[' | '{') => self.depth += 1,
                (At::Start, '-' | '?') if gap => node = index + 1,
                (At::Start, '|' | '>') if self.depth == 0 => {
                    self.block = Some(node);
                    return;
                }
                // An anchor, a tag.
                (At::Start, '&' | '!') => {
                    let rest = characters[index..].iter();
                    index += rest.take_while(|c| **c != ' ').count() - 1;
                }
                (_, ':') if gap => at = At::Start,
                (_, ',') if self.depth > 0 => at = At::Start,
                (_, ']' | '}') if self.depth > 0 => {
                    self.depth -= 1;
                    at = At::Value;
                }
                _ => at = At::Value,
            }
            index += 1;
        }
    }

    /// Where the quoted text ends, if it does on this line: behind its mark.
    fn end_of_quote(&mut self, characters: &[char], from: usize) -> Option<usize> {
        let mark = self.quote.as_ref()?.mark;
        let mut index = from;
        while let Some(c) = characters.get(index) {
            match c {
                '\\' if mark == '"' => index += 1,
                '\'' if mark == '\'' && characters.get(index + 1) == Some(&'\'') => index += 1,
                c if *c == mark => {
                    self.quote = None;
                    return Some(index + 1);
                }
                _ => {}
            }
            index += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn only_lines_on_which_a_quoted_text_goes_on_are_indented() {
        let text = "title: \"One \\\" \ntwo\"\nother: 'it''s\n\n  so' # 'no\nplain: it's\nlist:\n\
                    - \"a\nb\"\n- c\nblock: |\n  \"x\n  y\"\nend: [\"a\", \"b\nc\"]\n";
        let right = "title: \"One \\\" \n        two\"\nother: 'it''s\n\n          so' # 'no\n\
                     plain: it's\nlist:\n- \"a\n   b\"\n- c\nblock: |\n  \"x\n  y\"\n\
                     end: [\"a\", \"b\n            c\"]\n";
        assert_eq!(indented(text), right);
    }
}
