//! The body of a page of Hugo: shortcodes become Markdown, HTML, or components.

use super::calls::{Call, calls};
use super::code::fences;
use super::expand::{Expansion, expand};
use super::links::Pages;
use crate::migrate::edits::Lines;
use crate::migrate::findings::Findings;
use crate::migrate::zola::protect;
use quillfront_site::front_matter::Value;
use quillfront_templates::lexer::opens_tag;
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
    let lines = Lines::of(text);
    let mut parts: Vec<Part> = Vec::new();
    let mut components = BTreeSet::new();
    let (mut at, mut index) = (0, 0);
    while index < calls.len() {
        let call = &calls[index];
        push_text(&mut parts, &text[at..call.range.start]);
        let end = ends.get(&index).copied();
        let inner = end.map(|end| &text[call.range.end..calls[end].range.start]);
        let line = page.first_line + lines.line(call.range.start) - 1;
        let expanded = expand(text, call, inner, line, page, findings);
        let (part, consumed) = match expanded {
            Some(Expansion::Text { text, with_body }) => {
                (Part::Text(text), with_body.then_some(end).flatten())
            }
            Some(Expansion::Component(name, code)) => {
                components.insert(name);
                (Part::Code(code), None)
            }
            None => {
                if call.escaped.is_none() && !call.is_end {
                    let reason = format!(
                        "the shortcode `{}` is not supported; it was left in the page as it was",
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
    let must_be_skipped = components.is_empty() && opens_tag(&out);
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
