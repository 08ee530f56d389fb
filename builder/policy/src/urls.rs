//! Addresses, as far as a policy is about them.

use crate::facts::cut;

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// Nowhere: nothing is fetched for it.
    Nothing,
    /// A script in the address.
    Javascript,
    /// A path of the site.
    Relative(&'a str),
    /// Elsewhere, or content in the address itself.
    Absolute(&'a str),
}

/// Returns where an address leads, as browsers read it: blanks and control characters around it go, and tabs
/// and line breaks everywhere ([URL, section 4.4](https://url.spec.whatwg.org/#url-parsing)).
pub(crate) fn target(url: &str) -> Target<'_> {
    let url = url.trim_matches(|c: char| c <= ' ');
    let scheme = scheme(url);
    match scheme.as_deref() {
        _ if url.is_empty() => Target::Nothing,
        Some("javascript") => Target::Javascript,
        Some("about") => Target::Nothing,
        Some("data") => Target::Absolute(before_content(url)),
        Some(_) => Target::Absolute(url),
        None if is_host(url) => Target::Absolute(url),
        None => Target::Relative(url),
    }
}

/// Returns true for an address that is a script.
pub(crate) fn is_javascript(url: &str) -> bool {
    target(url) == Target::Javascript
}

/// Returns what stands before the colon, in small letters, where that is a scheme.
fn scheme(url: &str) -> Option<String> {
    /// No scheme that is used is longer.
    const LONGEST: usize = 64;
    let mut scheme = String::new();
    for c in url.chars() {
        match c {
            '\t' | '\n' | '\r' => {}
            ':' if !scheme.is_empty() => return Some(scheme),
            c if c.is_ascii_alphabetic() => scheme.push(c.to_ascii_lowercase()),
            c if !scheme.is_empty() && (c.is_ascii_digit() || "+-.".contains(c)) => scheme.push(c),
            _ => return None,
        }
        if scheme.len() > LONGEST {
            return None;
        }
    }
    None
}

/// Returns true for an address with a host and without a scheme: `//host`, also with backslashes.
fn is_host(url: &str) -> bool {
    let mut chars = url
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .map(|c| matches!(c, '/' | '\\'));
    chars.next() == Some(true) && chars.next() == Some(true)
}

/// Returns what a `data:` URL says of its content.
fn before_content(url: &str) -> &str {
    let end = url.find([',', ';']).unwrap_or(url.len());
    cut(&url[..end], 64)
}

/// Returns the addresses of a `srcset`
/// ([HTML, "parse a srcset attribute"](https://html.spec.whatwg.org/multipage/images.html#parse-a-srcset-attribute)).
pub(crate) fn srcset(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = value;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace());
        let (url, descriptors) = rest.split_at(end.unwrap_or(rest.len()));
        let bare = url.trim_end_matches(',');
        rest = if bare.len() < url.len() {
            descriptors
        } else {
            behind_descriptors(descriptors)
        };
        Some(bare)
    })
}

/// Returns what is behind the comma that ends the descriptors of an address.
fn behind_descriptors(text: &str) -> &str {
    let mut in_parentheses = false;
    for (at, c) in text.char_indices() {
        match c {
            '(' => in_parentheses = true,
            ')' => in_parentheses = false,
            ',' if !in_parentheses => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// Returns the address that `<meta http-equiv=refresh>` leads to.
pub(crate) fn refresh(content: &str) -> Option<&str> {
    let (_, rest) = content.split_once(|c: char| c.is_ascii_whitespace() || ";,".contains(c))?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || ";,".contains(c));
    let has_name = rest
        .get(..3)
        .is_some_and(|name| name.eq_ignore_ascii_case("url"));
    let after = rest.get(3..).unwrap_or_default().trim_ascii_start();
    let url = match after.strip_prefix('=') {
        Some(url) if has_name => url.trim_ascii_start(),
        _ => rest,
    };
    let quote = url.chars().next().filter(|c| matches!(c, '"' | '\''));
    Some(match quote {
        Some(quote) => url[1..].split(quote).next().unwrap_or_default(),
        None => url,
    })
}
