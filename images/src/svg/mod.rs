//! Drawings (SVG): [their size](size), and [what is left of them](sanitise) when nothing in them can do harm.

mod sanitise;

use super::ImageError;

pub use sanitise::{MAX_BYTES as MAX_SVG_BYTES, SVG_POLICY, sanitise};

/// Elements of a drawing that is still looked into.
const MAX_NODES: u32 = 2_000_000;

/// True where the bytes begin like XML.
pub(super) fn looks_like_it(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"<")
}

/// The text of a drawing that a parser may see.
fn text(bytes: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    // An entity that is used often would take all memory. A drawing needs none: where the word stands
    // in a comment or a script, it is refused all the same.
    if text.contains("<!ENTITY") {
        return Err(
            "the SVG declares entities (`<!ENTITY`), which are not read; save it as plain SVG"
                .into(),
        );
    }
    crate::xml::check(text)?;
    Ok(text)
}

/// The document of a text that may be parsed.
fn document(text: &str) -> Result<roxmltree::Document<'_>, String> {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        nodes_limit: MAX_NODES,
        ..roxmltree::ParsingOptions::default()
    };
    roxmltree::Document::parse_with_options(text, options).map_err(|error| error.to_string())
}

/// Width and height as they are written, without their unit, cut to whole ones: the attributes `width` and
/// `height`, else those of the `viewBox` (SVG 2, section 8).
pub(super) fn size(bytes: &[u8]) -> Result<(u32, u32), ImageError> {
    let damaged = |what: String| ImageError::Damaged(what);
    let text = text(bytes).map_err(damaged)?;
    let document = document(text).map_err(damaged)?;
    let root = document.root_element();
    if root.tag_name().name() != "svg" {
        return Err(ImageError::UnknownFormat);
    }
    let side = |name: &str| root.attribute(name).and_then(length);
    let of_view_box = || {
        let numbers: Vec<f64> = root
            .attribute("viewBox")?
            .split(|c: char| c.is_ascii_whitespace() || c == ',')
            .filter(|part| !part.is_empty())
            .map_while(|part| part.parse().ok())
            .collect();
        match numbers.as_slice() {
            [_, _, width, height] => Some((*width, *height)),
            _ => None,
        }
    };
    let found = match (side("width"), side("height")) {
        (Some(width), Some(height)) => Some((width, height)),
        _ => of_view_box(),
    };
    match found {
        Some((width, height)) if width.is_finite() && width >= 0.0 && height >= 0.0 => {
            Ok((width as u32, height as u32))
        }
        _ => Err(damaged(
            "the SVG has neither width and height nor a viewBox".into(),
        )),
    }
}

/// The number of a length, whatever its unit, as Zola has it; none for percentages, which say nothing
/// of the drawing.
fn length(text: &str) -> Option<f64> {
    let number = text
        .trim()
        .trim_end_matches(|c: char| c.is_ascii_alphabetic());
    number.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_type_is_read_and_entities_are_not() {
        let public = "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \
                      \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">\
                      <svg width=\"3\" height=\"4\"/>";
        assert_eq!(size(public.as_bytes()), Ok((3, 4)));
        let many = format!(
            "<!DOCTYPE svg [<!ENTITY a \"{}\">]><svg width=\"3\" height=\"4\">{}</svg>",
            "x".repeat(1 << 16),
            "&a;".repeat(60_000)
        );
        match size(many.as_bytes()) {
            Err(ImageError::Damaged(told)) => assert!(told.contains("save it as plain SVG")),
            other => panic!("{other:?}"),
        }
    }
}
