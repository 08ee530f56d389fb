//! Code blocks.

use super::fence::{self, Fence};
use super::highlight::{self, Budget, Language};
use super::{DataAttrPosition, Highlighting, html};

/// A code block as HTML.
pub struct Block<'a> {
    pub html: String,
    /// The language, if nobody knows it and that is a mistake.
    pub unknown_language: Option<&'a str>,
}

/// Renders a code block. Without highlighting all options of the fence but the language are left
/// out.
pub fn block<'a>(
    info: &'a str,
    text: &str,
    highlighting: Option<&Highlighting>,
    budget: &mut Budget,
) -> Block<'a> {
    let fence = fence::parse(info);
    let Some(highlighting) = highlighting else {
        let mut html = format!("<pre><code{}>", language(&fence));
        html::push_text(&mut html, text);
        html.push_str("</code></pre>\n");
        return Block {
            html,
            unknown_language: None,
        };
    };
    let known = highlight::language(fence.language);
    let code = match known {
        _ if text.len() > highlight::MAX_BLOCK_BYTES => highlight::plain(text),
        Language::Lexer(lexer) => lexer.highlighted(text),
        Language::Grammar(grammar) => highlight::highlighted(text, grammar, budget),
        Language::Plain | Language::Unknown => highlight::plain(text),
    };
    let missing = matches!(known, Language::Unknown) && highlighting.error_on_missing_language;
    Block {
        html: framed(
            &fence,
            &lines(&fence, code),
            highlighting.data_attr_position,
        ),
        unknown_language: missing.then_some(fence.language),
    }
}

/// The element around a highlighted block, with the fence's options as `data-` attributes.
fn framed(fence: &Fence<'_>, code: &str, position: DataAttrPosition) -> String {
    let mut data = language(fence);
    for (key, value) in &fence.data {
        if !is_attribute_name(key) {
            continue;
        }
        data.push_str(" data-");
        data.push_str(key);
        data.push_str("=\"");
        html::push_attribute(&mut data, if value.is_empty() { "true" } else { value });
        data.push('"');
    }
    let (pre, inner) = match position {
        DataAttrPosition::Code => ("", data.as_str()),
        DataAttrPosition::Pre => (data.as_str(), ""),
        DataAttrPosition::Both => (data.as_str(), data.as_str()),
        DataAttrPosition::None => ("", ""),
    };
    format!("<pre class=\"hl\"{pre}><code{inner}>{code}</code></pre>\n")
}

fn language(fence: &Fence<'_>) -> String {
    match fence.language {
        "" => String::new(),
        language => format!(" data-lang=\"{}\"", html::attribute(language)),
    }
}

/// What may follow `data-` in HTML without quoting.
fn is_attribute_name(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// Puts an element around every line if lines are numbered or stand out, and leaves out hidden
/// ones. No span of highlighted code goes over the end of a line.
fn lines(fence: &Fence<'_>, code: String) -> String {
    let per_line = fence.linenos || !fence.hl_lines.is_empty();
    if !per_line && fence.hide_lines.is_empty() {
        return code;
    }
    let mut out = String::with_capacity(code.len() * 2);
    for (number, line) in (1_u32..).zip(code.split_inclusive('\n')) {
        if fence.hide_lines.contains(number) {
            continue;
        }
        if !per_line {
            out.push_str(line);
            continue;
        }
        let class = if fence.hl_lines.contains(number) {
            "hl-line hl-mark"
        } else {
            "hl-line"
        };
        out.push_str(&format!("<span class=\"{class}\""));
        if fence.linenos {
            let shown = u64::from(fence.linenostart) + u64::from(number) - 1;
            out.push_str(&format!(" data-ln=\"{shown}\""));
        }
        out.push('>');
        out.push_str(line);
        out.push_str("</span>");
    }
    out
}
