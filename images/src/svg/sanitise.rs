//! A drawing without what can do harm: it is a document that runs scripts and loads things, in the name of the
//! site that serves it.
//!
//! The steps: [`super::text`] and [`bounded`] look at what a parser would find hard; the crate `svg-hush` keeps
//! the elements and attributes on its lists, and of addresses the part that stays on the site; [`check`] reads
//! what came out and refuses it where something got through all the same.

use crate::thumbnail::ThumbnailError;
use crate::{ImageError, guarded, xml};
use svg_hush::data_url_filter::allow_standard_images;

/// The `Content-Security-Policy` that the answer with a drawing carries: even a script that was not found would
/// not run, nothing is loaded but what is in the file itself, and the document belongs to no site
/// (CSP level 3, section 6).
pub const SVG_POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox";

/// Bytes of a drawing that is sanitised.
pub const MAX_BYTES: usize = 10_000_000;
/// Elements around an element.
const MAX_DEPTH: usize = 200;
/// Elements, times those around them and the declared namespaces: the parser gathers the namespaces for each.
const MAX_WORK: usize = 20_000_000;

/// Put behind each tag, so that the writer takes no element for one without text and indents nothing: between
/// two `tspan` that would show. The last private character that there is; what a drawing itself has of it is
/// lost.
const MARK: char = '\u{10fffd}';

/// Returns the drawing as UTF-8 without scripts, event handlers, links, foreign elements, addresses on other
/// sites, document type, comments and metadata. Sanitising it again returns the same.
///
/// # Errors
/// It is no drawing, larger than [`MAX_BYTES`], damaged, or cannot be made harmless.
pub fn sanitise(bytes: &[u8]) -> Result<Vec<u8>, ThumbnailError> {
    if bytes.len() > MAX_BYTES {
        return Err(ThumbnailError::TooLarge(format!(
            "it has {} bytes; a drawing may have {MAX_BYTES}",
            bytes.len()
        )));
    }
    if !super::looks_like_it(bytes) {
        return Err(ThumbnailError::NotAPicture);
    }
    let harmless = || {
        let text = super::text(bytes)?;
        bounded(text)?;
        let sanitised = filtered(&marked(text))?.replace(MARK, "");
        check(&sanitised)?;
        Ok(sanitised.into_bytes())
    };
    guarded(|| harmless().map_err(ImageError::Damaged)).map_err(|error| match error {
        ImageError::Damaged(what) => ThumbnailError::Damaged(what),
        other => ThumbnailError::Damaged(other.to_string()),
    })
}

/// Looks for what takes a parser long.
fn bounded(text: &str) -> Result<(), String> {
    // The one way of writing in which the tags are not where they seem to be: UTF-16.
    if text.contains('\0') {
        return Err("the SVG is not in UTF-8".into());
    }
    let (mut elements, mut depth, mut deepest) = (0_usize, 0_usize, 0);
    for (_, tag) in xml::tags(text) {
        if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else if !tag.starts_with("<!") {
            elements += 1;
            depth += usize::from(!tag.ends_with("/>"));
            deepest = deepest.max(depth);
        }
    }
    if deepest > MAX_DEPTH {
        return Err(format!(
            "its elements are nested more than {MAX_DEPTH} deep"
        ));
    }
    let namespaces = text.matches("xmlns").count();
    if elements.saturating_mul(deepest + namespaces) > MAX_WORK {
        return Err(format!(
            "it has too many elements ({elements}) for their depth ({deepest}) and namespaces ({namespaces})"
        ));
    }
    Ok(())
}

/// The text with a [`MARK`] behind each tag inside of the root.
fn marked(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() + text.len() / 8);
    let (mut copied, mut depth) = (0, 0_usize);
    for (start, tag) in xml::tags(text).filter(|(_, tag)| !tag.starts_with("<!")) {
        if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else {
            depth += usize::from(!tag.ends_with("/>"));
        }
        if depth > 0 {
            marked.push_str(&text[copied..start + tag.len()]);
            marked.push(MARK);
            copied = start + tag.len();
        }
    }
    marked.push_str(&text[copied..]);
    marked
}

/// What `svg-hush` leaves of it. Of `data:` addresses, the pictures that are JPEG, PNG or GIF.
fn filtered(text: &str) -> Result<String, String> {
    let mut filter = svg_hush::Filter::new();
    filter.set_data_url_filter(allow_standard_images);
    let mut filtered = Vec::with_capacity(text.len());
    filter.filter(text.as_bytes(), &mut filtered).map_err(
        |error| match std::error::Error::source(&error) {
            Some(cause) => cause.to_string(),
            None => error.to_string(),
        },
    )?;
    String::from_utf8(filtered).map_err(|error| error.to_string())
}

/// Elements that a sanitised drawing never has. Not all that there are: `svg-hush` has the list of those that it
/// may have.
const REFUSED: [&str; 8] = [
    "script",
    "foreignObject",
    "iframe",
    "embed",
    "object",
    "handler",
    "listener",
    "html",
];

/// Reads what came out, and refuses it where it could run or load something.
fn check(sanitised: &str) -> Result<(), String> {
    let document = super::document(sanitised)?;
    if document.root_element().tag_name().name() != "svg" {
        return Err("it is not an SVG".into());
    }
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        if REFUSED
            .iter()
            .any(|refused| refused.eq_ignore_ascii_case(name))
        {
            return Err(format!("the element <{name}> cannot be taken out"));
        }
        // `svg-hush` looks at the text before the first of them alone.
        if name == "style" && node.children().any(|child| child.is_element()) {
            return Err("there are elements inside of a <style>".into());
        }
        if name == "style" && loads(node.text().unwrap_or_default()) {
            return Err("a style sheet loads something".into());
        }
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let is_handler = name
                .get(..2)
                .is_some_and(|on| on.eq_ignore_ascii_case("on"));
            let leads_away = name == "href" && !stays(value);
            if is_handler || leads_away || loads(value) {
                return Err(format!("the attribute `{name}` cannot be made harmless"));
            }
        }
    }
    Ok(())
}

/// True where an address is on the same site or in the file itself.
fn stays(address: &str) -> bool {
    let address = address.trim_start().to_ascii_lowercase();
    let scheme = address.split(['/', '?', '#']).next().unwrap_or_default();
    if scheme.contains(':') {
        return ["data:image/png", "data:image/jpeg", "data:image/gif"]
            .iter()
            .any(|start| address.starts_with(start));
    }
    !address.starts_with("//") && !address.starts_with("/\\") && !address.starts_with('\\')
}

/// True where a style sheet, or the style of an element, loads something from another site.
fn loads(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    // Takes texts for addresses, without a `url(…)`.
    if style.contains("@import") || style.contains("image-set(") {
        return true;
    }
    style
        .split("url(")
        .skip(1)
        .any(|rest| !stays(rest.trim_start_matches(['"', '\'', ' ', '\t', '\n', '\r'])))
}

#[cfg(test)]
mod tests;
