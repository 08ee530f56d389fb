//! Small pieces of HTML: writing events, escaping, and ids in raw HTML.

use pulldown_cmark::Event;

/// Events to HTML. `size_hint_bytes` is the length of the text they came from.
pub fn write<'a>(events: impl Iterator<Item = Event<'a>>, size_hint_bytes: usize) -> String {
    let mut html = String::with_capacity(size_hint_bytes + size_hint_bytes / 2);
    pulldown_cmark::html::push_html(&mut html, events);
    html
}

/// Appends `text` as text between tags.
pub fn push_text(html: &mut String, text: &str) {
    push_escaped(html, text, &['&', '<', '>']);
}

/// Appends `text` as the value of a quoted attribute.
pub fn push_attribute(html: &mut String, text: &str) {
    push_escaped(html, text, &['&', '<', '>', '"']);
}

/// `text` as the value of a quoted attribute.
pub fn attribute(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    push_attribute(&mut html, text);
    html
}

fn push_escaped(html: &mut String, text: &str, special: &[char]) {
    let mut rest = text;
    while let Some(at) = rest.find(special) {
        html.push_str(&rest[..at]);
        html.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        rest = &rest[at + 1..];
    }
    html.push_str(rest);
}

/// The values of `id` and `name` attributes in raw HTML: what a link's `#anchor` may name.
///
/// A scan for `id=` behind white space, not a parser: too many ids are harmless, they only hide a
/// broken link.
pub fn ids(html: &str) -> impl Iterator<Item = &str> {
    html.match_indices('=').filter_map(|(at, _)| {
        let before = html[..at].trim_end();
        let name = ["id", "name"]
            .into_iter()
            .find(|name| ends_with_word(before, name))?;
        let boundary = before[..before.len() - name.len()].chars().next_back()?;
        (boundary.is_ascii_whitespace() || matches!(boundary, '"' | '\'' | '/'))
            .then(|| attribute_value(html[at + 1..].trim_start()))
            .filter(|id| !id.is_empty())
    })
}

fn ends_with_word(text: &str, word: &str) -> bool {
    text.len() > word.len()
        && text.as_bytes()[text.len() - word.len()..].eq_ignore_ascii_case(word.as_bytes())
}

fn attribute_value(text: &str) -> &str {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..].split(quote).next().unwrap_or_default(),
        _ => text
            .split(|c: char| c.is_ascii_whitespace() || c == '>')
            .next()
            .unwrap_or_default(),
    }
}
