//! A text without what only looks like code.

/// A text of the same length and lines: comments are spaces, and what strings, `url(…)` without
/// quotes and escapes hold is `x`. Interpolations in strings stay.
pub(super) fn code(text: &str) -> String {
    let mut code = Code {
        bytes: text.as_bytes(),
        out: text.as_bytes().to_vec(),
        at: 0,
        open: Vec::new(),
        begins: true,
        custom: false,
    };
    while let Some(&byte) = code.bytes.get(code.at) {
        match code.open.last() {
            Some(quote @ (b'"' | b'\'')) => code.in_string(*quote, byte),
            _ => code.outside(byte),
        }
    }
    // Whole characters are replaced by ASCII.
    String::from_utf8(code.out).unwrap_or_else(|_| text.to_owned())
}

struct Code<'a> {
    bytes: &'a [u8],
    out: Vec<u8>,
    at: usize,
    /// What is open: `{`, `#` for an interpolation, a quote for a string.
    open: Vec<u8>,
    /// True where a statement may begin.
    begins: bool,
    /// True in a custom property (`--a: …`), where `//` begins no comment.
    custom: bool,
}

impl Code<'_> {
    /// Goes to an offset, and writes something in place of what is before it.
    fn replace(&mut self, end: usize, with: u8) {
        let end = end.min(self.bytes.len());
        for byte in &mut self.out[self.at..end] {
            if *byte != b'\n' {
                *byte = with;
            }
        }
        self.at = end;
    }

    fn next_is(&self, text: &str) -> bool {
        self.bytes[self.at..].starts_with(text.as_bytes())
    }

    /// Where a text is found at or behind an offset, or the end.
    fn find(&self, from: usize, wanted: &str) -> Option<usize> {
        let rest = self.bytes.get(from..)?;
        let found = rest
            .windows(wanted.len())
            .position(|part| part == wanted.as_bytes())?;
        Some(from + found)
    }

    /// Replaces a backslash and the character behind it.
    fn escape(&mut self) {
        let mut end = self.at + 2;
        while self.bytes.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
            end += 1;
        }
        self.replace(end, b'x');
    }

    fn in_string(&mut self, quote: u8, byte: u8) {
        match byte {
            b'\\' => self.escape(),
            b'#' if self.next_is("#{") => {
                self.open.push(b'#');
                self.at += 2;
            }
            _ if byte == quote || byte == b'\n' => {
                self.open.pop();
                self.at += 1;
            }
            _ => self.replace(self.at + 1, b'x'),
        }
    }

    fn outside(&mut self, byte: u8) {
        if self.next_is("//") && !self.custom {
            let end = self.find(self.at, "\n").unwrap_or(self.bytes.len());
            return self.replace(end, b' ');
        }
        if self.next_is("/*") {
            let end = self.find(self.at + 2, "*/");
            return self.replace(end.map_or(self.bytes.len(), |end| end + 2), b' ');
        }
        if self.begins && !byte.is_ascii_whitespace() {
            self.begins = false;
            self.custom = self.next_is("--");
        }
        match byte {
            b'#' if self.next_is("#{") => {
                self.open.push(b'#');
                self.at += 1;
            }
            b'\\' => return self.escape(),
            b'"' | b'\'' => self.open.push(byte),
            b'{' | b';' => {
                self.begins = true;
                self.custom = false;
                if byte == b'{' {
                    self.open.push(b'{');
                }
            }
            b'}' if self.open.pop() != Some(b'#') => {
                self.begins = true;
                self.custom = false;
            }
            b'u' | b'U' => {
                let named = self.bytes[self.at..]
                    .get(..4)
                    .is_some_and(|name| name.eq_ignore_ascii_case(b"url("));
                if named && let Some(end) = self.url_end() {
                    self.at += 4;
                    return self.url(end);
                }
            }
            _ => {}
        }
        self.at += 1;
    }

    /// The offset of the bracket that closes `url(…)`; none where the content is an expression.
    fn url_end(&self) -> Option<usize> {
        let mut at = self.at + 4;
        let mut ends = false;
        loop {
            match *self.bytes.get(at)? {
                b')' => return Some(at),
                byte if byte.is_ascii_whitespace() => {
                    ends = at > self.at + 4 && !self.bytes[self.at + 4..at].trim_ascii().is_empty();
                    at += 1;
                }
                _ if ends => return None,
                b'\\' => at += 2,
                b'#' if self.bytes.get(at + 1) == Some(&b'{') => at = self.find(at, "}")? + 1,
                b'!' | b'#' | b'%' | b'&' | b'*'..=b'~' | 0x80.. => at += 1,
                _ => return None,
            }
        }
    }

    /// Replaces what a `url(…)` holds, up to an offset.
    fn url(&mut self, end: usize) {
        while self.at < end {
            let hole = self.find(self.at, "#{").filter(|hole| *hole < end);
            self.replace(hole.unwrap_or(end), b'x');
            if hole.is_some() {
                self.at = self.find(self.at, "}").map_or(end, |close| close + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_looks_like_code_is_replaced() {
        for (text, expected) in [
            ("a // b {\nc", "a       \nc"),
            ("a /* é\n$x */ b", "a      \n      b"),
            ("$a: \"//{\"; b", "$a: \"xxx\"; b"),
            ("'a#{f(\"}\") /* b */}c'", "'x#{f(\"x\")        }x'"),
            ("'it\\'s {' {", "'xxxxxxx' {"),
            ("url(http://a/{;) // b", "url(xxxxxxxxxxx)     "),
            ("url( //a/#{$b}.png ) c", "url(xxxxx#{$b}xxxxx) c"),
            ("url($a + \"//\") b", "url($a + \"xx\") b"),
            ("--a: http://b; c // d", "--a: http://b; c     "),
            (".a\\:b { }", ".axxb { }"),
            ("/* a", "    "),
            ("'a\nb", "'x\nb"),
        ] {
            assert_eq!(code(text), expected, "{text}");
            assert_eq!(code(text).len(), text.len());
        }
    }
}
