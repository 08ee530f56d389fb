//! Where links and pictures lead (site model, section 11).

use super::{Context, ExternalLink, Findings, InternalLink, Options, html};
use percent_encoding::percent_decode_str;
use pulldown_cmark::{CowStr, Event, LinkType, Tag};
use std::ops::Range;

/// The opening tag of a link.
pub fn open<'a>(
    link_type: LinkType,
    url: CowStr<'a>,
    title: CowStr<'a>,
    id: CowStr<'a>,
    range: &Range<usize>,
    context: &Context<'_>,
    found: &mut Findings<'_>,
) -> Event<'a> {
    if url.trim().is_empty() {
        let message = "a link without a target".to_owned();
        found.problem(
            range.start,
            "empty-link",
            message,
            Some("put an address in the parentheses"),
        );
    }
    let external = is_external(&url);
    let dest_url = match link_type {
        LinkType::Email => url,
        _ if external => {
            let line = found.lines.line(range.start);
            let (written, links) = (url.to_string(), &mut found.external_links);
            links.push(ExternalLink { url: written, line });
            url
        }
        _ => target(url, range, context, found),
    };
    let link = Event::Start(Tag::Link {
        link_type,
        dest_url,
        title,
        id,
    });
    match external_attributes(context.options) {
        Some(attributes) if external => {
            let mut tag = html::write(std::iter::once(link), 128);
            tag.insert_str("<a".len(), &attributes);
            Event::InlineHtml(tag.into())
        }
        _ => link,
    }
}

/// The address of a picture: one of the site's own (`@/`), or beside the page, or left alone.
pub fn picture<'a>(
    url: &CowStr<'a>,
    range: &Range<usize>,
    context: &Context<'_>,
    found: &mut Findings<'_>,
) -> CowStr<'a> {
    if url.is_empty() || url.starts_with('#') {
        url.clone()
    } else {
        target(url.clone(), range, context, found)
    }
}

fn target<'a>(
    url: CowStr<'a>,
    range: &Range<usize>,
    context: &Context<'_>,
    found: &mut Findings<'_>,
) -> CowStr<'a> {
    let permalink = context.page.permalink;
    if let Some(path) = url.strip_prefix("@/") {
        return match internal(path, range, context, found) {
            Some(resolved) => resolved.into(),
            None => url,
        };
    }
    if let Some(anchor) = url.strip_prefix('#').filter(|anchor| !anchor.is_empty()) {
        note(String::new(), Some(anchor), range, found);
        return format!("{permalink}{url}").into();
    }
    if is_beside_page(&url) {
        format!("{permalink}{url}").into()
    } else {
        url
    }
}

/// Resolves what follows `@/`.
fn internal(
    written: &str,
    range: &Range<usize>,
    context: &Context<'_>,
    found: &mut Findings<'_>,
) -> Option<String> {
    // What follows a second `#` leads nowhere.
    let mut parts = written.split('#');
    let (path, anchor) = (parts.next().unwrap_or_default(), parts.next());
    let path = decoded(path);
    let Some(mut permalink) = context.env.internal_link(&path) else {
        let (message, hint) = match context.env.absence(&path) {
            Some(absent) => (
                format!(
                    "there is no page for the link `@/{written}` yet: it {}",
                    absent.told
                ),
                absent.way_out,
            ),
            None => (
                format!("there is no page for the link `@/{written}`"),
                "paths after `@/` start at the content folder and end in the file's name",
            ),
        };
        // Where broken links are warnings, they stay as they are written.
        let is_lenient = context.options.broken_links_warn;
        let address = if is_lenient {
            None
        } else {
            context.env.missing_link(&path)
        };
        if is_lenient || address.is_some() {
            found.warning(range.start, "internal-link", message, Some(hint))
        } else {
            found.broken_link(range.start, message, hint, &path)
        }
        return address;
    };
    if let Some(anchor) = anchor {
        permalink.push('#');
        permalink.push_str(anchor);
    }
    note(
        path,
        anchor.filter(|anchor| !anchor.is_empty()),
        range,
        found,
    );
    Some(permalink)
}

fn note(path: String, anchor: Option<&str>, range: &Range<usize>, found: &mut Findings<'_>) {
    let line = found.lines.line(range.start);
    found.internal_links.push(InternalLink {
        path,
        anchor: anchor.map(decoded),
        line,
    });
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn is_external(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// A relative address below the page: neither rooted, nor upwards, nor with a scheme.
fn is_beside_page(url: &str) -> bool {
    !(url.is_empty() || url.starts_with(['/', '#']) || url.starts_with("..") || has_scheme(url))
}

/// RFC 3986, section 3.1: a letter, then letters, digits, `+`, `-`, `.`, up to a colon.
fn has_scheme(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}

/// What external links get, with a space in front; None if nothing.
fn external_attributes(options: &Options) -> Option<String> {
    let mut attributes = String::new();
    if let Some(class) = &options.external_links_class {
        attributes.push_str(" class=\"");
        html::push_attribute(&mut attributes, class);
        attributes.push('"');
    }
    let rel = [
        (options.external_links_target_blank, "noopener"),
        (options.external_links_no_follow, "nofollow"),
        (options.external_links_no_referrer, "noreferrer"),
        (options.external_links_external, "external"),
    ];
    let rel: Vec<&str> = rel
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, word)| *word)
        .collect();
    if !rel.is_empty() {
        attributes.push_str(&format!(" rel=\"{}\"", rel.join(" ")));
    }
    if options.external_links_target_blank {
        attributes.push_str(" target=\"_blank\"");
    }
    (!attributes.is_empty()).then_some(attributes)
}
