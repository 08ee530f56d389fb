//! The body of a page of Hugo: shortcodes become Markdown, HTML, or components.

use super::calls::{Call, calls};
use super::links::{Lost, Pages};
use crate::migrate::edits::line_of;
use crate::migrate::findings::Findings;
use crate::migrate::zola::protect;
use quillfront_builder::front_matter::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is around a body.
pub struct Page<'a> {
    /// The file, for what is listed.
    pub file: &'a str,
    /// The line that the body begins on.
    pub first_line: u32,
    /// Its folder, relative to `content/`.
    pub folder: &'a str,
    /// All pages.
    pub pages: &'a Pages,
    /// File to address, without slashes around it.
    pub urls: &'a BTreeMap<String, String>,
    /// The front matter's keys.
    pub front: &'a [(String, Value)],
    /// The site's parameters.
    pub params: &'a Value,
}

/// A body without shortcodes of Hugo.
#[derive(Debug, PartialEq, Eq)]
pub struct Body {
    /// The text.
    pub text: String,
    /// Components that it calls.
    pub components: BTreeSet<&'static str>,
    /// True where it shows braces and calls no component.
    pub must_be_skipped: bool,
}

enum Part {
    Text(String),
    /// A call of a component, as it is written.
    Code(String),
}

/// The components that calls may become, as `templates/components/hugo.html` has them.
pub const COMPONENTS: [(&str, &str); 4] = [
    (
        "figure",
        "{% component figure(src, alt=\"\", caption=none, title=none, link=none, class=none, width=none, height=none, attr=none, attrlink=none) %}\
         <figure{% if class %} class=\"{{ class }}\"{% endif %}>\
         {% if link %}<a href=\"{{ link }}\">{% endif %}\
         <img src=\"{{ src }}\" alt=\"{{ alt }}\"{% if width %} width=\"{{ width }}\"{% endif %}{% if height %} height=\"{{ height }}\"{% endif %}>\
         {% if link %}</a>{% endif %}\
         {% if title or caption or attr %}<figcaption>{% if title %}<strong>{{ title }}</strong> {% endif %}\
         {% if caption %}{{ caption | markdown(inline=true) | safe }}{% endif %}\
         {% if attr %} {% if attrlink %}<a href=\"{{ attrlink }}\">{{ attr }}</a>{% else %}{{ attr }}{% endif %}{% endif %}</figcaption>{% endif %}\
         </figure>{% endcomponent figure %}\n",
    ),
    (
        "youtube",
        "{% component youtube(id, title=\"YouTube video\") %}<iframe src=\"https://www.youtube-nocookie.com/embed/{{ id }}\" title=\"{{ title }}\" \
         width=\"640\" height=\"360\" loading=\"lazy\" allowfullscreen></iframe>{% endcomponent youtube %}\n",
    ),
    (
        "vimeo",
        "{% component vimeo(id, title=\"Vimeo video\") %}<iframe src=\"https://player.vimeo.com/video/{{ id }}?dnt=1\" title=\"{{ title }}\" \
         width=\"640\" height=\"360\" loading=\"lazy\" allowfullscreen></iframe>{% endcomponent vimeo %}\n",
    ),
    (
        "gist",
        "{% component gist(user, id, file=none) %}<script src=\"https://gist.github.com/{{ user }}/{{ id }}.js\
         {% if file %}?file={{ file }}{% endif %}\"></script>{% endcomponent gist %}\n",
    ),
];

/// Rewrites a body.
pub fn rewrite(text: &str, page: &Page<'_>, findings: &mut Findings) -> Body {
    let calls = calls(text);
    let ends = ends(&calls);
    let mut parts: Vec<Part> = Vec::new();
    let mut components = BTreeSet::new();
    let (mut at, mut index) = (0, 0);
    while index < calls.len() {
        let call = &calls[index];
        push_text(&mut parts, &text[at..call.range.start]);
        let end = ends.get(&index).copied();
        let inner = end.map(|end| &text[call.range.end..calls[end].range.start]);
        let expanded = expand(text, call, inner, page, findings);
        let (part, consumed) = match expanded {
            Some(Expanded::Text { text, with_body }) => {
                (Part::Text(text), with_body.then_some(end).flatten())
            }
            Some(Expanded::Component(name, code)) => {
                components.insert(name);
                (Part::Code(code), None)
            }
            None => {
                if call.escaped.is_none() && !call.is_end {
                    let line = page.first_line + line_of(text, call.range.start) - 1;
                    let reason = format!(
                        "the shortcode `{}` is not known here; it stands in the page as it was",
                        call.name
                    );
                    let action = "Write a component of that name, and call it as {{ <name /> }}";
                    findings.left(page.file, line, reason, action);
                }
                let shown = call.escaped.as_deref().unwrap_or(&text[call.range.clone()]);
                (Part::Text(shown.to_owned()), None)
            }
        };
        match part {
            Part::Text(text) => push_text(&mut parts, &text),
            code => parts.push(code),
        }
        let last = consumed.unwrap_or(index);
        at = calls[last].range.end;
        index = last + 1;
    }
    push_text(&mut parts, &text[at..]);
    finish(parts, components, findings)
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Text(before)) => before.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

fn finish(parts: Vec<Part>, components: BTreeSet<&'static str>, findings: &mut Findings) -> Body {
    let mut out = String::new();
    let count = parts.len();
    for (index, part) in parts.into_iter().enumerate() {
        match part {
            Part::Code(code) => out.push_str(&code),
            Part::Text(text) => {
                let text = fences(&text, findings);
                if components.is_empty() {
                    out.push_str(&text);
                } else {
                    protect(&text, index + 1 < count, &mut out);
                }
            }
        }
    }
    let must_be_skipped = components.is_empty() && (out.contains("{{") || out.contains("{%"));
    Body {
        text: out,
        components,
        must_be_skipped,
    }
}

/// The end that belongs to each call, where it has one.
fn ends(calls: &[Call]) -> BTreeMap<usize, usize> {
    let mut open: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut ends = BTreeMap::new();
    for (index, call) in calls
        .iter()
        .enumerate()
        .filter(|(_, call)| call.escaped.is_none())
    {
        let waiting = open.entry(&call.name).or_default();
        if !call.is_end {
            waiting.push(index);
        } else if let Some(start) = waiting.pop() {
            ends.insert(start, index);
        }
    }
    ends
}

enum Expanded {
    Text { text: String, with_body: bool },
    Component(&'static str, String),
}

fn expand(
    whole: &str,
    call: &Call,
    inner: Option<&str>,
    page: &Page<'_>,
    findings: &mut Findings,
) -> Option<Expanded> {
    if call.is_end || call.escaped.is_some() {
        return None;
    }
    let line = page.first_line + line_of(whole, call.range.start) - 1;
    let text = |text: String| {
        Some(Expanded::Text {
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
            Some(Expanded::Text {
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
            Some(Expanded::Text {
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
                "`{}` asked another site for a post; it is a link now",
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
                Lost::Missing => format!("no page is called `{path}`"),
                Lost::Ambiguous(list) => format!("`{path}` may be {}", list.join(" or ")),
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
fn figure(call: &Call) -> Option<Expanded> {
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
        return Some(Expanded::Text {
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

fn component(name: &'static str, call: &Call, known: &[(&str, usize)]) -> Option<Expanded> {
    let mut code = format!("{{{{ <{name}");
    for (parameter, place) in known {
        if let Some(value) = call.get(parameter, *place) {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            code.push_str(&format!(" {parameter}=\"{value}\""));
        }
    }
    code.push_str(" /> }}");
    Some(Expanded::Component(name, code))
}

fn highlight(call: &Call, inner: &str) -> String {
    let language = call.get("lang", 0).unwrap_or_default();
    let options = call.get("options", 1).unwrap_or_default();
    let longest = inner.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let code = inner.trim_matches('\n');
    format!(
        "{fence}{language}{}\n{code}\n{fence}",
        fence_options(options)
    )
}

/// `linenos=table,hl_lines=[8,"15-17"],linenostart=199` as a fence has it.
fn fence_options(options: &str) -> String {
    let mut out = String::new();
    let mut rest = options.trim();
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once('=') else {
            break;
        };
        let value = value.trim_start();
        let length = match value.chars().next() {
            Some('[') => value.find(']').map_or(value.len(), |end| end + 1),
            Some(quote @ ('"' | '\'')) => value[1..].find(quote).map_or(value.len(), |end| end + 2),
            _ => value.find([',', ' ']).unwrap_or(value.len()),
        };
        let (value, after) = value.split_at(length);
        rest = after.trim_start_matches([',', ' ']);
        let plain = value
            .trim_matches(['[', ']', '"', '\''])
            .replace(['"', '\''], "");
        match name.trim().to_lowercase().as_str() {
            "linenos" if plain != "false" => out.push_str(",linenos"),
            "linenostart" => out.push_str(&format!(",linenostart={plain}")),
            "hl_lines" => {
                let lines: Vec<&str> = plain
                    .split([',', ' '])
                    .filter(|part| !part.is_empty())
                    .collect();
                out.push_str(&format!(",hl_lines={}", lines.join(" ")));
            }
            _ => {}
        }
    }
    out
}

/// Fences with options in braces: `` ```go {linenos=true} ``.
fn fences(text: &str, findings: &mut Findings) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let is_fence = trimmed.starts_with("```") || trimmed.starts_with("~~~");
        let braces = line
            .find('{')
            .zip(line.rfind('}'))
            .filter(|(open, close)| open < close);
        match braces {
            Some((open, close))
                if is_fence
                    && line[open..close].contains('=')
                    && !line[open..].starts_with("{{") =>
            {
                let options = fence_options(&line[open + 1..close]);
                let head = line[..open].trim_end();
                let end = if line.ends_with('\n') { "\n" } else { "" };
                out.push_str(&format!("{head}{options}{end}"));
                findings.changed("options of code blocks");
            }
            _ => out.push_str(line),
        }
    }
    out
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
