//! A hidden page asks search engines to leave it out, whatever the theme: `<meta name="robots"
//! content="noindex">` goes into its head, unless its template says something to robots itself.

/// What is put in.
const NOINDEX: &str = r#"<meta name="robots" content="noindex">"#;

/// The page with it; as it is where it has a word for robots already, or is no document.
pub fn hide(html: &str) -> Option<String> {
    let head = Head::find(html)?;
    if head.speaks_to_robots(html) {
        return None;
    }
    let (before, after) = html.split_at(head.start);
    Some(format!("{before}{NOINDEX}{after}"))
}

/// The head of a document, in bytes.
struct Head {
    /// Behind `<head>`; of a document that leaves the tag out, behind `<html>` or the doctype.
    start: usize,
    end: usize,
}

impl Head {
    fn find(html: &str) -> Option<Self> {
        let (mut start, mut end) = (None, html.len());
        for tag in Tags::of(html) {
            match tag.name.to_ascii_lowercase().as_str() {
                "!doctype" | "html" | "head" => start = Some(tag.end),
                "/head" | "body" => {
                    end = tag.start;
                    break;
                }
                _ => {}
            }
        }
        Some(Self { start: start?, end })
    }

    fn speaks_to_robots(&self, html: &str) -> bool {
        let head = &html[self.start..self.end.max(self.start)];
        Tags::of(head).any(|tag| {
            let text = head[tag.start..tag.end].to_ascii_lowercase();
            let values = ["name=\"robots\"", "name='robots'", "name=robots"];
            tag.name.eq_ignore_ascii_case("meta") && values.iter().any(|it| text.contains(it))
        })
    }
}

/// A tag, or something else that begins with `<!`.
struct Tag<'a> {
    name: &'a str,
    start: usize,
    end: usize,
}

/// The tags of a text, comments left out, one after the other.
struct Tags<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tags<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.at + self.text[self.at..].find('<')?;
            let inner = &self.text[start + 1..];
            if let Some(comment) = inner.strip_prefix("!--") {
                // One that is never closed goes on to the end.
                self.at = self.text.len() - comment.len() + comment.find("-->")? + 3;
                continue;
            }
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '!' | '/');
            let length = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
            let end = start + 1 + end_of_tag(inner)?;
            self.at = end;
            if length > 0 {
                let name = &inner[..length];
                return Some(Tag { name, start, end });
            }
        }
    }
}

/// Behind the `>` that ends a tag: one in quotes does not.
fn end_of_tag(inner: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in inner.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_into_the_head_however_that_is_written() {
        for (before, after) in [
            (
                "<!doctype html><html><head>",
                "<title>a</title></head><body>",
            ),
            (
                "<!DOCTYPE html>\n<HTML lang=en>\n<HEAD data-a=\"a>b\">",
                "\n<body>",
            ),
            ("<html>", "<title>a</title><body><head>"),
            ("<!doctype html>", "<title>a</title><p>"),
            ("<!-- <head> --><html><head>", "</head>"),
            ("<head>", "<!-- <meta name=\"robots\"> --></head>"),
            (
                "<head>",
                "</head><body><meta name=\"robots\" content=\"all\">",
            ),
        ] {
            let found = hide(&format!("{before}{after}"));
            assert_eq!(found, Some(format!("{before}{NOINDEX}{after}")));
        }
    }

    #[test]
    fn what_speaks_to_robots_or_is_no_document_stays_as_it_is() {
        for html in [
            "",
            "text",
            "<p>a fragment</p>",
            "{\"a\":1}",
            "<!-- <head>",
            "<head",
            "<",
            "<head><meta name=\"robots\" content=\"noindex, nofollow\"></head>",
            "<head><META content='none' NAME='Robots'></head>",
            "<head><meta name=robots content=none></head>",
        ] {
            assert_eq!(hide(html), None, "{html}");
        }
    }
}
