//! Calls of shortcodes in Markdown (site model, section 12).

use std::collections::BTreeSet;
use std::ops::Range;

/// A part of a body, in order and without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text, as it has to be printed.
    Text(String),
    /// `{{ name(…) }}`.
    Inline(Call),
    /// `{% name(…) %}`, whose `{% end %}` follows.
    Open(Call),
    /// The `{% end %}` of the shortcode of that name.
    Close(String),
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The shortcode.
    pub name: String,
    /// Arguments: name, and the value as it was written.
    pub arguments: Vec<(String, String)>,
    /// Where it stands in the body.
    pub range: Range<usize>,
}

/// Takes a body apart. Only the names in `known` are calls; the rest is text. Calls count inside
/// code too, as they did in Zola.
pub fn parts(body: &str, known: &BTreeSet<String>) -> Vec<Part> {
    let mut reader = Reader::default();
    let (mut at, mut plain) = (0, 0);
    while let Some(found) = body[at..].find('{') {
        let start = at + found;
        let Some((range, item)) = item(body, start, known) else {
            at = start + 1;
            continue;
        };
        if matches!(item, Item::End) && reader.open.is_empty() {
            at = start + 2;
            continue;
        }
        reader.text(&body[plain..start]);
        reader.item(item, &body[range.clone()]);
        at = range.end;
        plain = at;
    }
    reader.text(&body[plain..]);
    reader.finish(body)
}

enum Item {
    Escaped(String),
    Inline(Call),
    Open(Call),
    End,
}

#[derive(Default)]
struct Reader {
    parts: Vec<Part>,
    /// Indices of calls that wait for their end.
    open: Vec<usize>,
}

impl Reader {
    fn text(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(before)) => before.push_str(text),
            _ if text.is_empty() => {}
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    fn item(&mut self, item: Item, written: &str) {
        match item {
            Item::Escaped(text) => self.text(&text),
            Item::Inline(call) => self.parts.push(Part::Inline(call)),
            Item::Open(call) => {
                self.open.push(self.parts.len());
                self.parts.push(Part::Open(call));
            }
            Item::End => match self.open.pop().map(|index| &self.parts[index]) {
                Some(Part::Open(call)) => {
                    let name = call.name.clone();
                    self.parts.push(Part::Close(name));
                }
                _ => self.text(written),
            },
        }
    }

    /// What was opened and never ended is text.
    fn finish(mut self, body: &str) -> Vec<Part> {
        for index in self.open.drain(..) {
            if let Part::Open(call) = &self.parts[index] {
                self.parts[index] = Part::Text(body[call.range.clone()].to_owned());
            }
        }
        let mut merged: Vec<Part> = Vec::new();
        for part in self.parts {
            match (merged.last_mut(), part) {
                (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
                (_, part) => merged.push(part),
            }
        }
        merged
    }
}

fn item(body: &str, start: usize, known: &BTreeSet<String>) -> Option<(Range<usize>, Item)> {
    let rest = &body[start..];
    let is_inline = rest.starts_with("{{");
    if !is_inline && !rest.starts_with("{%") {
        return None;
    }
    let (open, close) = if is_inline {
        ("{{", "}}")
    } else {
        ("{%", "%}")
    };
    if let Some(escaped) = rest[2..].strip_prefix("/*") {
        // Not beyond the next escape: looking for an end that is not there stays cheap.
        let inside = &escaped[..escaped.find("/*").unwrap_or(escaped.len())];
        let length = inside.find(&format!("*/{close}"))?;
        let text = format!("{open}{}{close}", &escaped[..length]);
        return Some((start..start + 4 + length + 4, Item::Escaped(text)));
    }
    let mut scan = Scan { rest: &rest[2..] };
    scan.blanks();
    let name = scan.name()?;
    if !is_inline && name == "end" {
        scan.blanks();
        scan.sign(close)?;
        return Some((start..body.len() - scan.rest.len(), Item::End));
    }
    if !known.contains(name) {
        return None;
    }
    scan.blanks();
    let arguments = scan.arguments()?;
    scan.blanks();
    scan.sign(close)?;
    let range = start..body.len() - scan.rest.len();
    let call = Call {
        name: name.to_owned(),
        arguments,
        range: range.clone(),
    };
    Some((
        range,
        if is_inline {
            Item::Inline(call)
        } else {
            Item::Open(call)
        },
    ))
}

/// Reads on from where the last thing ended.
struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn sign(&mut self, sign: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(sign)?;
        Some(())
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn name(&mut self) -> Option<&'a str> {
        if !self
            .rest
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        {
            return None;
        }
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let length = self.rest.bytes().take_while(part).count();
        Some(self.take(length))
    }

    fn arguments(&mut self) -> Option<Vec<(String, String)>> {
        let mut arguments = Vec::new();
        self.sign("(")?;
        loop {
            self.blanks();
            if self.sign(")").is_some() {
                return Some(arguments);
            }
            let name = self.name()?;
            self.blanks();
            self.sign("=")?;
            self.blanks();
            let value = self.value(0)?;
            arguments.push((name.to_owned(), value.to_owned()));
            self.blanks();
            if self.sign(",").is_none() && !self.rest.starts_with(')') {
                return None;
            }
        }
    }

    /// A literal, as it is written.
    fn value(&mut self, depth: usize) -> Option<&'a str> {
        let before = self.rest;
        let first = before.chars().next()?;
        match first {
            '"' | '\'' | '`' => {
                let length = before[1..].find(first)?;
                self.take(length + 2);
            }
            '[' if depth < 8 => {
                self.sign("[")?;
                loop {
                    self.blanks();
                    if self.sign("]").is_some() {
                        break;
                    }
                    self.value(depth + 1)?;
                    self.blanks();
                    if self.sign(",").is_none() && !self.rest.starts_with(']') {
                        return None;
                    }
                }
            }
            '-' | '0'..='9' => {
                let part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
                let length = before.bytes().take_while(part).count();
                self.take(length).parse::<f64>().ok()?;
            }
            _ => {
                let word = self.name()?;
                if !matches!(word, "true" | "false" | "True" | "False") {
                    return None;
                }
            }
        }
        Some(&before[..before.len() - self.rest.len()])
    }
}

/// A call's argument in the syntax of components.
pub fn attribute(name: &str, value: &str) -> String {
    // Tera 1's strings know no escapes, Tera 2's do.
    let value = value.replace('\\', "\\\\");
    if value.starts_with(['"', '\'', '`']) {
        format!("{name}={value}")
    } else {
        format!("{name}={{{value}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> BTreeSet<String> {
        ["a", "b"].map(str::to_owned).into()
    }

    fn show(body: &str) -> String {
        let shown = parts(body, &known()).into_iter().map(|part| match part {
            Part::Text(text) => text,
            Part::Inline(call) => format!("<{} {:?}>", call.name, call.arguments),
            Part::Open(call) => format!("<{} {:?}|", call.name, call.arguments),
            Part::Close(name) => format!("|{name}>"),
        });
        shown.collect()
    }

    #[test]
    fn calls_are_found_with_all_kinds_of_values() {
        assert_eq!(
            show("x {{ a(s=\"q)}}\", t='\\n', n=-1.5, l=[1, \"b\"],ok=true,) }} y"),
            r#"x <a [("s", "\"q)}}\""), ("t", "'\\n'"), ("n", "-1.5"), ("l", "[1, \"b\"]"), ("ok", "true")]> y"#
        );
        assert_eq!(show("{{a()}}{%b()%}"), "<a []>{%b()%}");
    }

    #[test]
    fn bodies_are_nested() {
        assert_eq!(
            show("{% a() %}1{% b(x=1) %}2{% end %}3{{ a() }}{% end %}{% end %}"),
            r#"<a []|1<b [("x", "1")]|2|b>3<a []>|a>{% end %}"#
        );
        assert_eq!(
            show("{% a() %} {% b() %} {% end %}"),
            "{% a() %} <b []| |b>"
        );
    }

    #[test]
    fn escapes_and_other_braces_are_text() {
        assert_eq!(
            show("{{/* a(x=1) */}} {%/* end */%}"),
            "{{ a(x=1) }} {% end %}"
        );
        for text in [
            "{{ other() }}",
            "{{ a }}",
            "{{ a(x) }}",
            "{{ a(x=y) }}",
            "{% raw %}",
            "{{ a(",
            "{",
        ] {
            assert_eq!(show(text), text);
        }
    }

    #[test]
    fn values_keep_their_meaning() {
        assert_eq!(attribute("a", "'C:\\new'"), "a='C:\\\\new'");
        assert_eq!(attribute("a", "[1, 2]"), "a={[1, 2]}");
    }
}
