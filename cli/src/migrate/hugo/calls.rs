//! Calls of Hugo's shortcodes: `{{< name … >}}`, `{{% name … %}}`, and their ends.

use std::ops::Range;

/// A call, or the end of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The shortcode.
    pub name: String,
    /// Arguments in order; those of a call by names have a name.
    pub arguments: Vec<(Option<String>, String)>,
    /// Where it stands.
    pub range: Range<usize>,
    /// `{{< /name >}}`.
    pub is_end: bool,
    /// Stands for itself: `{{</* name */>}}`; the text is what has to be printed.
    pub escaped: Option<String>,
}

impl Call {
    /// An argument by its name, or by its place among those without one.
    pub fn get(&self, name: &str, place: usize) -> Option<&str> {
        let named = self
            .arguments
            .iter()
            .find(|(one, _)| one.as_deref() == Some(name));
        let placed = self.arguments.get(place).filter(|(one, _)| one.is_none());
        named.or(placed).map(|(_, value)| value.as_str())
    }
}

/// All calls of a text, in order.
pub fn calls(text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found;
        match call(text, start) {
            Some(call) => {
                at = call.range.end;
                calls.push(call);
            }
            None => at = start + 1,
        }
    }
    calls
}

fn call(text: &str, start: usize) -> Option<Call> {
    let rest = &text[start + 2..];
    let (open, close) = match rest.as_bytes().first()? {
        b'<' => ("{{<", ">}}"),
        b'%' => ("{{%", "%}}"),
        _ => return None,
    };
    let rest = &rest[1..];
    if let Some(escaped) = rest.strip_prefix("/*") {
        // Not beyond the next escape, so that a missing end costs little.
        let inside = &escaped[..escaped.find("/*").unwrap_or(escaped.len())];
        let length = inside.find(&format!("*/{close}"))?;
        let printed = format!("{open}{}{close}", &escaped[..length]);
        return Some(Call {
            name: String::new(),
            arguments: Vec::new(),
            range: start..start + 3 + 2 + length + 2 + 3,
            is_end: false,
            escaped: Some(printed),
        });
    }
    let mut scan = rest.trim_start();
    let is_end = scan.starts_with('/');
    if is_end {
        scan = scan[1..].trim_start();
    }
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.');
    let length = scan.find(|c| !is_part(c))?;
    let name = scan[..length].trim_end_matches('/').to_owned();
    if name.is_empty() {
        return None;
    }
    scan = &scan[length..];
    let mut arguments = Vec::new();
    loop {
        scan = scan.trim_start();
        let after = scan.strip_prefix('/').map_or(scan, str::trim_start);
        if let Some(after) = after.strip_prefix(close) {
            let end = text.len() - after.len();
            return Some(Call {
                name,
                arguments,
                range: start..end,
                is_end,
                escaped: None,
            });
        }
        let (argument, rest) = argument(scan)?;
        arguments.push(argument);
        scan = rest;
    }
}

type Argument = (Option<String>, String);

fn argument(text: &str) -> Option<(Argument, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let after = text[length..].trim_start();
    if let (true, Some(after)) = (length > 0, after.strip_prefix('=')) {
        let (value, rest) = value(after.trim_start())?;
        return Some(((Some(text[..length].to_owned()), value), rest));
    }
    let (value, rest) = value(text)?;
    Some(((None, value), rest))
}

fn value(text: &str) -> Option<(String, &str)> {
    match text.chars().next()? {
        '"' => {
            let mut out = String::new();
            let mut chars = text[1..].char_indices();
            while let Some((at, c)) = chars.next() {
                match c {
                    '"' => return Some((out, &text[at + 2..])),
                    '\\' => match chars.next()?.1 {
                        'n' => out.push('\n'),
                        't' => out.push('\t'),
                        other => out.push(other),
                    },
                    // Strings do not go over lines; an unclosed one is soon given up.
                    '\n' => return None,
                    c => out.push(c),
                }
            }
            None
        }
        '`' => {
            let length = text[1..].find('`')?;
            Some((text[1..=length].to_owned(), &text[length + 2..]))
        }
        _ => {
            let length = text.find(|c: char| c.is_whitespace() || "<>%{}\"`=".contains(c))?;
            (length > 0).then(|| (text[..length].to_owned(), &text[length..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_names_arguments_and_ends() {
        let text =
            "a {{< figure src=\"x y.png\" width=3 >}} {{% ref `b` %}} {{< /figure >}} {{< br />}}";
        let calls = calls(text);
        assert_eq!(calls.len(), 4);
        assert_eq!(
            (calls[0].get("src", 0), calls[0].get("width", 9)),
            (Some("x y.png"), Some("3"))
        );
        assert_eq!(
            (calls[1].name.as_str(), calls[1].get("path", 0)),
            ("ref", Some("b"))
        );
        assert!(calls[2].is_end && !calls[3].is_end);
        assert_eq!(&text[calls[3].range.clone()], "{{< br />}}");
    }

    #[test]
    fn escaped_calls_are_texts_and_other_braces_nothing() {
        let calls = calls("{{</* a */>}}{{%/* b */%}} {{ x }} {{< \"q\" >}} {{< a \"b >}} {{<");
        let texts: Vec<_> = calls
            .iter()
            .filter_map(|call| call.escaped.as_deref())
            .collect();
        assert_eq!(texts, ["{{< a >}}", "{{% b %}}"]);
        assert_eq!(calls.len(), 2);
    }
}
