//! The body of a page: calls of shortcodes become calls of components, and what only looks like
//! a template is kept from being one.

use super::calls::{Call, Part, attribute, parts};
use quillfront_templates::lexer::opens_tag;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A body as Zola 0.23 wants it.
#[derive(Debug, PartialEq, Eq)]
pub struct Body {
    /// The text.
    pub text: String,
    /// How many calls there are.
    pub calls: usize,
    /// How many braces had to be protected.
    pub protected: usize,
    /// True where the text has braces and no call: the page belongs into `skip_content_templating`.
    pub must_be_skipped: bool,
}

/// Rewrites a body. `counted` are the shortcodes that asked how often they were called before.
pub fn rewrite(body: &str, known: &BTreeSet<String>, counted: &BTreeSet<String>) -> Body {
    let parts = parts(body, known);
    let calls = parts
        .iter()
        .filter(|part| matches!(part, Part::Inline(_) | Part::Open(_)))
        .count();
    let mut out = String::with_capacity(body.len());
    let mut protected = 0;
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Text(text) if calls == 0 => out.push_str(text),
            Part::Text(text) => {
                let before_code = index + 1 < parts.len();
                protected += protect(text, before_code, &mut out);
            }
            Part::Inline(call) => {
                out.push_str(&format!(
                    "{{{{ <{} /> }}}}",
                    opening(call, counted, &mut times)
                ));
            }
            Part::Open(call) => {
                out.push_str(&format!("{{% <{}> %}}", opening(call, counted, &mut times)));
            }
            Part::Close(name) => out.push_str(&format!("{{% </{name}> %}}")),
        }
    }
    let must_be_skipped = calls == 0 && opens_tag(&out);
    Body {
        text: out,
        calls,
        protected,
        must_be_skipped,
    }
}

fn opening<'a>(
    call: &'a Call,
    counted: &BTreeSet<String>,
    times: &mut BTreeMap<&'a str, usize>,
) -> String {
    let mut text = call.name.clone();
    for (name, value) in &call.arguments {
        text.push(' ');
        text.push_str(&attribute(name, value));
    }
    let time = times.entry(&call.name).or_default();
    *time += 1;
    if counted.contains(&call.name) {
        text.push_str(&format!(" nth={{{time}}}"));
    }
    text
}

/// Writes a text so that templating prints it as it is. Returns how many places it took.
pub fn protect(text: &str, before_code: bool, out: &mut String) -> usize {
    let spans = spans(text, before_code);
    let mut at = 0;
    for span in &spans {
        out.push_str(&text[at..span.start]);
        let inner = &text[span.clone()];
        if inner.contains("endraw") {
            print_signs(inner, out);
        } else {
            out.push_str("{% raw %}");
            out.push_str(inner);
            out.push_str("{% endraw %}");
        }
        at = span.end;
    }
    out.push_str(&text[at..]);
    spans.len()
}

/// Protects a text that a raw block cannot hold: each sign is printed as a string.
fn print_signs(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let sign = ["{{", "{%", "{#"]
            .into_iter()
            .find(|sign| rest.starts_with(sign));
        match sign {
            Some(sign) => out.push_str(&format!("{{{{ \"{sign}\" }}}}")),
            None => out.push('{'),
        }
        rest = &rest[sign.map_or(1, str::len)..];
    }
    out.push_str(rest);
}

/// What has to be protected: each from its opening brace to its closing one, or to the end of the
/// line; those on the same line or on neighbouring ones together.
fn spans(text: &str, before_code: bool) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    let (mut at, mut line_end) = (0, 0);
    while let Some(found) = text[at..].find('{') {
        let start = at + found;
        let close = match text.as_bytes().get(start + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => "}",
            None if before_code => "",
            _ => {
                at = start + 1;
                continue;
            }
        };
        if line_end < start + 1 {
            line_end = text[start..]
                .find('\n')
                .map_or(text.len(), |newline| start + newline);
        }
        let end = match text[start + 1..line_end].find(close) {
            Some(length) if !close.is_empty() => start + 1 + length + close.len(),
            _ => line_end,
        };
        match spans.last_mut() {
            Some(last) if text[last.end..start].matches('\n').count() < 2 => last.end = end,
            _ => spans.push(start..end),
        }
        at = end;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(body: &str) -> Body {
        let known: BTreeSet<String> = ["a", "note"].map(str::to_owned).into();
        let counted: BTreeSet<String> = ["note"].map(str::to_owned).into();
        rewrite(body, &known, &counted)
    }

    #[test]
    fn calls_become_components() {
        let body = rewritten(
            "{{ a(x=\"1\", y=2) }}\n{% note() %}\nText {{ a() }}\n{% end %}\n{% note() %}{% end %}",
        );
        assert_eq!(
            body.text,
            "{{ <a x=\"1\" y={2} /> }}\n{% <note nth={1}> %}\nText {{ <a /> }}\n{% </note> %}\n\
             {% <note nth={2}> %}{% </note> %}"
        );
        assert_eq!(
            (body.calls, body.protected, body.must_be_skipped),
            (4, 0, false)
        );
    }

    #[test]
    fn braces_beside_calls_are_protected() {
        let body =
            rewritten("# Head {#id}\n\n`{{ x }}` and {% y\nz {{/* a() */}}\n\n{{{ a() }}}\n");
        assert_eq!(
            body.text,
            "# Head {% raw %}{#id}{% endraw %}\n\n\
             `{% raw %}{{ x }}` and {% y\nz {{ a() }}{% endraw %}\n\n\
             {% raw %}{{% endraw %}{{ <a /> }}}\n"
        );
        assert_eq!(body.protected, 3);
        let body = rewritten("{{ a() }} {% raw %}{{ b }}{% endraw %}");
        assert_eq!(
            body.text,
            "{{ <a /> }} {{ \"{%\" }} raw %}{{ \"{{\" }} b }}{{ \"{%\" }} endraw %}"
        );
    }

    #[test]
    fn pages_without_calls_keep_their_braces() {
        let body = rewritten("{{ x }} {#id} {{/* a() */}}");
        assert_eq!(body.text, "{{ x }} {#id} {{ a() }}");
        assert!(body.must_be_skipped);
        assert!(!rewritten("{#id} {x}").must_be_skipped);
    }
}
