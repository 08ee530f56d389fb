//! One tag: read as browsers read it (HTML, section 13.2.5), and written with fewer quotes.

/// A start or end tag.
pub struct Tag<'html> {
    /// In lower case.
    pub name: String,
    pub is_end: bool,
    /// It ends in `/>`, which means something in SVG and MathML only.
    pub is_self_closing: bool,
    attributes: Vec<Attribute<'html>>,
    /// All of it.
    text: &'html str,
}

struct Attribute<'html> {
    name: &'html str,
    value: &'html str,
    quote: Option<char>,
}

impl<'html> Tag<'html> {
    /// Reads the tag at the start of a text; None where none is, or where it does not end.
    pub fn read(html: &'html str) -> Option<Self> {
        let bytes = html.as_bytes();
        let is_end = bytes.get(1) == Some(&b'/');
        let from = if is_end { 2 } else { 1 };
        if !bytes.get(from)?.is_ascii_alphabetic() {
            return None;
        }
        let mut at = until(html, from, is_end_of_name);
        let name = html[from..at].to_ascii_lowercase();
        let mut attributes = Vec::new();
        loop {
            let end = at;
            at = until(html, at, |byte| !byte.is_ascii_whitespace() && byte != b'/');
            if *bytes.get(at)? == b'>' {
                return Some(Self {
                    name,
                    is_end,
                    is_self_closing: html[end..at].ends_with('/'),
                    attributes,
                    text: &html[..=at],
                });
            }
            // A name may begin with `=`.
            let begin = at;
            at = until(html, at + 1, |byte| is_end_of_name(byte) || byte == b'=');
            let mut attribute = Attribute {
                name: &html[begin..at],
                value: "",
                quote: None,
            };
            let value = until(html, at, |byte| !byte.is_ascii_whitespace());
            if bytes.get(value) == Some(&b'=') {
                at = until(html, value + 1, |byte| !byte.is_ascii_whitespace());
                let quote = *bytes.get(at)?;
                let ends = |byte: u8| match quote {
                    b'"' | b'\'' => byte == quote,
                    _ => byte.is_ascii_whitespace() || byte == b'>',
                };
                let is_quoted = matches!(quote, b'"' | b'\'');
                let begin = at + usize::from(is_quoted);
                let end = until(html, begin, ends);
                bytes.get(end)?;
                attribute.value = &html[begin..end];
                attribute.quote = is_quoted.then_some(char::from(quote));
                at = end + usize::from(is_quoted);
            }
            attributes.push(attribute);
        }
    }

    /// All of it, as it was.
    pub fn text(&self) -> &'html str {
        self.text
    }

    /// True where an attribute has a value that satisfies.
    pub fn has(&self, name: &str, satisfies: impl Fn(&str) -> bool) -> bool {
        let mut attributes = self.attributes.iter();
        attributes.any(|one| one.name.eq_ignore_ascii_case(name) && satisfies(one.value))
    }

    /// Writes it. `is_void` is true where it never has content.
    pub fn write(&self, is_void: bool, out: &mut String) {
        // Such a name would be read as the value of the attribute before it.
        if self.is_end || self.attributes.iter().any(|one| one.name.starts_with('=')) {
            out.push_str(self.text);
            return;
        }
        out.push_str(&self.text[..1 + self.name.len()]);
        let mut is_bare = false;
        for attribute in &self.attributes {
            out.push(' ');
            out.push_str(attribute.name);
            is_bare = attribute.write_value(out);
        }
        if self.is_self_closing && !is_void {
            out.push_str(if is_bare { " /" } else { "/" });
        }
        out.push('>');
    }
}

impl Attribute<'_> {
    /// Writes the value, and returns true if there is one without quotes.
    fn write_value(&self, out: &mut String) -> bool {
        let collapsed: String;
        let mut value = self.value;
        if self.name.eq_ignore_ascii_case("class") && self.quote.is_some() {
            let classes: Vec<&str> = value.split_ascii_whitespace().collect();
            collapsed = classes.join(" ");
            value = &collapsed;
        }
        if value.is_empty() {
            return false;
        }
        out.push('=');
        let needs_quotes = |byte: u8| byte.is_ascii_whitespace() || b"\"'=<>`".contains(&byte);
        let quote = self.quote.filter(|_| value.bytes().any(needs_quotes));
        out.extend(quote);
        out.push_str(value);
        out.extend(quote);
        quote.is_none()
    }
}

/// The first place from `from` whose byte satisfies, else the end.
fn until(html: &str, from: usize, satisfies: impl Fn(u8) -> bool) -> usize {
    let length = html.as_bytes()[from..].iter().position(|b| satisfies(*b));
    length.map_or(html.len(), |length| from + length)
}

fn is_end_of_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')
}
