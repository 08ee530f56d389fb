//! Quoted texts in YAML that go on at the beginning of a line. YAML 1.2 wants them indented, and our
//! parser insists; the parsers of other publishers never did, so files are written that way.

/// How many bytes may be added to a text beyond its own length.
const MOST_MORE_BYTES: usize = 64 * 1024;

/// Indents the lines on which quoted texts go on, which changes nothing of what they say: the blanks
/// at the beginning of such a line are no part of the text. None where the text would become more than
/// twice as long; nobody writes like that.
pub fn indented(text: &str) -> Option<String> {
    let most = text.len() * 2 + MOST_MORE_BYTES;
    let mut out = String::with_capacity(text.len() + 256);
    let mut scanner = Scanner::default();
    for line in text.split_inclusive('\n') {
        if let Some(quote) = &scanner.quote
            && !line.trim().is_empty()
        {
            if out.len() + quote.indent > most {
                return None;
            }
            out.extend(std::iter::repeat_n(' ', quote.indent));
        }
        out.push_str(line);
        scanner.line(line);
    }
    Some(out)
}

/// A quoted text that has begun.
struct Quote {
    mark: char,
    /// What the lines have to be indented on which it goes on.
    indent: usize,
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
        // Where the node of this line begins, and the dash of the list that it is in.
        let (mut node, mut dash, mut is_fresh) = (blanks, blanks, false);
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
            if is_fresh && !c.is_whitespace() {
                (node, is_fresh) = (index, false);
            }
            match (at, c) {
                (_, ' ' | '\t') => {}
                (_, '#') if after_gap => return,
                (At::Start, '"' | '\'') => {
                    self.quote = Some(Quote {
                        mark: c,
                        indent: node + 1,
                    });
                    at = At::Value;
                    match self.end_of_quote(&characters, index + 1) {
                        Some(end) => index = end - 1,
                        None => return,
                    }
                }
                (At::Start, '[' | '{') => self.depth += 1,
                (At::Start, '-' | '?') if gap => (dash, is_fresh) = (index, true),
                (At::Start, '|' | '>') if self.depth == 0 => {
                    self.block = Some(if node == index { dash } else { node });
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
        for (text, right) in [
            (
                "a: \"One \\\" \ntwo\"\nb: 1\n",
                "a: \"One \\\" \n two\"\nb: 1\n",
            ),
            ("a: 'it''s\n\n  so' # 'no\n", "a: 'it''s\n\n   so' # 'no\n"),
            ("a: it's\nb: \"x\"\nc: 'y'\n", "a: it's\nb: \"x\"\nc: 'y'\n"),
            ("- k: \"a\nb\"\n- c\n", "- k: \"a\n   b\"\n- c\n"),
            (
                "a: |\n  \"x\n  y\"\nb: 'z\n1'",
                "a: |\n  \"x\n  y\"\nb: 'z\n 1'",
            ),
            ("- |\n  \"x\n- 'y'\n", "- |\n  \"x\n- 'y'\n"),
            ("a: [\"b\", \"c\nd\"]\n", "a: [\"b\", \"c\n d\"]\n"),
        ] {
            assert_eq!(indented(text).as_deref(), Some(right));
        }
    }

    #[test]
    fn a_text_does_not_become_much_longer() {
        let deep = format!("{}a: \"\n{}", " ".repeat(50_000), "b\n".repeat(50_000));
        assert_eq!(indented(&deep), None);
    }
}
