//! What each shortcode of Hugo's becomes.

use super::body::Page;
use super::calls::Call;
use super::code::highlight;
use super::links::LinkError;
use crate::migrate::findings::Findings;
use quillfront_site::front_matter::Value;

pub enum Expansion {
    Text { text: String, with_body: bool },
    Component(&'static str, String),
}

pub fn expand(
    whole: &str,
    call: &Call,
    inner: Option<&str>,
    line: u32,
    page: &Page<'_>,
    findings: &mut Findings,
) -> Option<Expansion> {
    if call.is_end || call.escaped.is_some() {
        return None;
    }
    let text = |text: String| {
        Some(Expansion::Text {
            text,
            with_body: false,
        })
    };
    let expanded = match call.name.as_str() {
        "ref" | "relref" => text(reference(whole, call, line, page, findings)?),
        "figure" => Some(figure(call)?),
        "youtube" => component("youtube", call, &[("id", 0), ("title", 1)]),
        "vimeo" => component("vimeo", call, &[("id", 0), ("title", 1)]),
        "gist" => component("gist", call, &[("user", 0), ("id", 1), ("file", 2)]),
        "highlight" => {
            let text = highlight(call, inner?);
            Some(Expansion::Text {
                text,
                with_body: true,
            })
        }
        "details" => {
            let summary = call.get("summary", 0).unwrap_or("Details");
            let open = if call.get("open", 9) == Some("true") {
                " open"
            } else {
                ""
            };
            let body = inner?.trim_matches('\n');
            let text = format!(
                "<details{open}>\n<summary>{}</summary>\n\n{body}\n\n</details>",
                escape(summary)
            );
            Some(Expansion::Text {
                text,
                with_body: true,
            })
        }
        "param" => text(parameter(call.get("name", 0)?, page)?),
        "x" | "tweet" | "twitter" | "instagram" => {
            let url = match (call.name.as_str(), call.get("user", 0), call.get("id", 1)) {
                ("instagram", id, other) => {
                    format!("https://www.instagram.com/p/{}/", other.or(id)?)
                }
                (_, Some(user), Some(id)) => format!("https://x.com/{user}/status/{id}"),
                (_, Some(id), None) | (_, None, Some(id)) => format!("https://x.com/i/status/{id}"),
                (_, None, None) => return None,
            };
            let reason = format!(
                "`{}` embedded a post from another site; it is a link now",
                call.name
            );
            findings.left(
                page.file,
                line,
                reason,
                "Quote the post, if the link is not enough",
            );
            text(format!("<{url}>"))
        }
        _ => None,
    };
    if expanded.is_some() {
        findings.changed(&format!("shortcode `{}`", call.name));
    }
    expanded
}

/// `@/…` where Markdown has a link's address, the address itself elsewhere.
fn reference(
    whole: &str,
    call: &Call,
    line: u32,
    page: &Page<'_>,
    findings: &mut Findings,
) -> Option<String> {
    let wanted = call.get("path", 0)?;
    let (path, anchor) = match wanted.split_once('#') {
        Some((path, anchor)) => (path, format!("#{anchor}")),
        None => (wanted, String::new()),
    };
    if path.is_empty() {
        return Some(anchor);
    }
    let file = match page.pages.resolve(path, page.folder) {
        Ok(file) => file,
        Err(lost) => {
            let reason = match lost {
                LinkError::Missing => format!("no page is called `{path}`"),
                LinkError::Ambiguous(list) => format!("`{path}` may be {}", list.join(" or ")),
            };
            findings.left(
                page.file,
                line,
                reason,
                "Write the link as @/folder/page.md",
            );
            // An address that is nowhere shows in `check`; braces would show to readers.
            return Some(format!("/{}", path.trim_matches('/')));
        }
    };
    let before = whole[..call.range.start].trim_end_matches([' ', '<']);
    let is_markdown = before.ends_with("](") || before.ends_with("]:");
    if is_markdown {
        return Some(format!("@/{}{anchor}", file.replace(' ', "%20")));
    }
    let url = page.urls.get(file).map_or("", String::as_str);
    Some(if url.is_empty() {
        format!("/{anchor}")
    } else {
        format!("/{url}/{anchor}")
    })
}

/// A picture of Markdown where there is no more to it.
fn figure(call: &Call) -> Option<Expansion> {
    let source = call.get("src", 0)?;
    let is_simple = call
        .arguments
        .iter()
        .all(|(name, _)| matches!(name.as_deref(), None | Some("src" | "alt")));
    if is_simple && !source.contains([' ', '(', ')', '<', '>']) {
        let alt = call
            .get("alt", 9)
            .unwrap_or_default()
            .replace(['[', ']'], "");
        return Some(Expansion::Text {
            text: format!("![{alt}]({source})"),
            with_body: false,
        });
    }
    const KNOWN: [(&str, usize); 10] = [
        ("src", 0),
        ("alt", 9),
        ("caption", 9),
        ("title", 9),
        ("link", 9),
        ("class", 9),
        ("width", 9),
        ("height", 9),
        ("attr", 9),
        ("attrlink", 9),
    ];
    component("figure", call, &KNOWN)
}

fn component(name: &'static str, call: &Call, known: &[(&str, usize)]) -> Option<Expansion> {
    let mut code = format!("{{{{ <{name}");
    for (parameter, place) in known {
        if let Some(value) = call.get(parameter, *place) {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            code.push_str(&format!(" {parameter}=\"{value}\""));
        }
    }
    code.push_str(" /> }}");
    Some(Expansion::Component(name, code))
}

fn parameter(name: &str, page: &Page<'_>) -> Option<String> {
    let name = name.to_lowercase();
    let own = page
        .front
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let nested = page
        .front
        .iter()
        .find(|(key, _)| key == "params")
        .map(|(_, value)| value);
    let found = own
        .or_else(|| nested.and_then(|value| step(value, &name)))
        .or_else(|| step(page.params, &name))?;
    match found {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn step<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, part| match value {
        Value::Table(entries) => entries
            .iter()
            .find(|(key, _)| key.to_lowercase() == part)
            .map(|(_, value)| value),
        _ => None,
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
