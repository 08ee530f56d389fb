//! What is checked of XML before its parser sees it: some of what it does is a square of what is
//! written.

/// An element has this many attributes at most: each is compared with each.
pub const MAX_ATTRIBUTES: usize = 1_000;
/// Declarations of namespaces: an element that has one copies those around it.
pub const MAX_NAMESPACES: usize = 2_000;

/// Looks for too many attributes and namespaces.
///
/// # Errors
/// What is too many.
pub fn check(text: &str) -> Result<(), String> {
    if most_attributes(text) > MAX_ATTRIBUTES {
        return Err(format!(
            "an element has more than {MAX_ATTRIBUTES} attributes"
        ));
    }
    if text.matches("xmlns").nth(MAX_NAMESPACES).is_some() {
        return Err(format!(
            "more than {MAX_NAMESPACES} namespaces (`xmlns`) are declared"
        ));
    }
    Ok(())
}

/// The `=` of the tag that has most of them, those in quotes left out.
fn most_attributes(text: &str) -> usize {
    let mut most = 0;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let passed = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
        if let Some((_, end)) = passed.iter().find(|(start, _)| rest.starts_with(start)) {
            match rest.find(end) {
                Some(at) => rest = &rest[at + end.len()..],
                None => return most,
            }
            continue;
        }
        let (mut count, mut quote) = (0, None);
        let end = rest.bytes().position(|byte| {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => count += 1,
                (None, b'>') => return true,
                (None, _) => {}
            }
            false
        });
        most = most.max(count);
        rest = &rest[end.unwrap_or(rest.len())..];
    }
    most
}
