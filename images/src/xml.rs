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
    if tags(text).any(|(_, tag)| attributes(tag) > MAX_ATTRIBUTES) {
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

/// The `=` of a tag, those in quotes left out.
fn attributes(tag: &str) -> usize {
    let mut count = 0;
    let mut quote = None;
    for byte in tag.bytes() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => count += 1,
            (None, _) => {}
        }
    }
    count
}

/// Tags and declarations in the order of the text, each with the byte it starts at and with its `<` and `>`.
/// Comments, sections of characters and processing instructions are left out, and what is inside of the
/// `[…]` of a document type comes one by one. Text that is not well-formed gives anything up to its fault.
pub(crate) fn tags(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text[from..].find('<')?;
            let rest = &text[start..];
            let passed = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
            if let Some((open, close)) = passed.iter().find(|(open, _)| rest.starts_with(open)) {
                from = start + open.len();
                from += text[from..].find(close)? + close.len();
                continue;
            }
            let length = length(rest);
            from = start + length;
            return Some((start, &rest[..length]));
        }
    })
}

/// The bytes up to the end of a tag, or of the part of a document type that is before its `[…]`.
fn length(rest: &str) -> usize {
    let is_document_type = rest.starts_with("<!DOCTYPE");
    let mut quote = None;
    let end = rest.bytes().position(|byte| {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return true,
            (None, b'[') => return is_document_type,
            (None, _) => {}
        }
        false
    });
    end.map_or(rest.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        tags(text).map(|(_, tag)| tag).collect()
    }

    #[test]
    fn what_only_looks_like_a_tag_is_passed() {
        let text = "<?a <b> ?><!-- <c> --><d e='>' f=\"<\"><![CDATA[<g>]]>h</d><i/>";
        assert_eq!(found(text), ["<d e='>' f=\"<\">", "</d>", "<i/>"]);
    }

    /// A quote in a comment of the document type hid all that came behind it.
    #[test]
    fn a_comment_inside_a_document_type_hides_nothing() {
        let text = "<!DOCTYPE a [<!-- it's --><!ATTLIST b c CDATA \">\">]><a b=''/>";
        assert_eq!(
            found(text),
            ["<!DOCTYPE a [", "<!ATTLIST b c CDATA \">\">", "<a b=''/>"]
        );
        let attributes: String = (0..=MAX_ATTRIBUTES)
            .map(|n| format!(" a{n}=\"\""))
            .collect();
        let wide = format!("<!DOCTYPE a [<!-- ' -->]><a{attributes}/>");
        assert!(check(&wide).unwrap_err().contains("attributes"));
    }

    /// `<!-->` is no comment that has ended.
    #[test]
    fn the_end_of_a_comment_is_not_in_its_beginning() {
        assert_eq!(found("<!--><a> --><b>"), ["<b>"]);
    }
}
