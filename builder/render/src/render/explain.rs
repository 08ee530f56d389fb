//! The engine's errors in the author's words: which template, which line, what to do.

use quillfront_templates::lexer::{self, Dialect, Piece};
use quillfront_templates::meter;
use std::ops::Range;
use tera::ErrorKind;

/// Why a template could not be read or rendered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateError {
    /// The template where it went wrong, by name, where known.
    pub template: Option<String>,
    /// 1-based line in that template.
    pub line: Option<u32>,
    /// 1-based column in characters.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// The way out, where one is known.
    pub hint: Option<String>,
    /// True where the text might be no template at all, but text with braces in it.
    pub maybe_literal: bool,
}

impl TemplateError {
    /// About a template as a whole, or about nothing known.
    pub fn plain(template: Option<&str>, message: String) -> Self {
        Self {
            template: template.map(str::to_owned),
            line: None,
            column: None,
            hint: hint(&message),
            maybe_literal: is_about_a_name(&message),
            message: plainly(message),
        }
    }

    /// Of a text that ends too early: names what is still open.
    pub fn at_open_tag(mut self, text: &str) -> Self {
        if self.message == ENDS_EARLY
            && let Some(open) = open_tag(text)
        {
            let before = &text[..open.start];
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            self.line = u32::try_from(line).ok();
            self.column = u32::try_from(before[line_start..].chars().count() + 1).ok();
            self.message = format!("this `{}` is never closed", open.what);
            self.hint = Some(format!("add `{}` where it ends", open.end));
        }
        self
    }

    /// Finds the line of an error that the engine tells of a whole template: the `extends` or `include`
    /// in `text` that names one of `others`.
    pub fn at_tag(mut self, text: &str, word: &str, others: &[String]) -> Self {
        let named = meter::named_templates(text);
        let mut found = named.iter().filter(|named| named.word == word);
        let found = found.find(|named| others.iter().any(|other| *other == named.name));
        self.line = found.map(|named| named.line);
        self
    }
}

/// Tera's error as template, place, message and hint.
pub fn explain(error: &tera::Error) -> TemplateError {
    let mut explained = match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => TemplateError {
            line: Some(report.span().start_line as u32),
            column: Some(report.span().start_col as u32 + 1),
            ..TemplateError::plain(Some(report.filename()), report.message().to_owned())
        },
        _ => first_report(&error.to_string()),
    };
    explained.maybe_literal |= matches!(error.kind(), ErrorKind::SyntaxError(_));
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        explained.message = format!("{}: {inner}", explained.message);
        source = inner.source();
    }
    explained
}

/// The report of the earliest place: several come in the order of a hash map.
fn first_report(text: &str) -> TemplateError {
    let all = text.split("\n\nerror: ").map(parse_report);
    all.min().unwrap_or_else(|| parse_report(text))
}

/// Takes `error: message\n --> name:line:column\n…` apart; any other text is all message.
pub fn parse_report(text: &str) -> TemplateError {
    let message = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned();
    let place = text
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("--> "));
    let parts = place.and_then(|place| {
        let (rest, column) = place.rsplit_once(':')?;
        let (name, line) = rest.rsplit_once(':')?;
        Some((name.to_owned(), line.parse().ok()?, column.parse().ok()?))
    });
    match parts {
        Some((name, line, column)) => TemplateError {
            line: Some(line),
            column: Some(column),
            ..TemplateError::plain(Some(&name), message)
        },
        None => TemplateError::plain(None, text.to_owned()),
    }
}

/// In place of "unexpected end of input".
const ENDS_EARLY: &str = "the text ends before a `{{`, a `{%` or a block is closed";

/// What has begun in a text and does not end.
struct Open<'a> {
    /// Where it begins, in bytes.
    start: usize,
    what: &'a str,
    /// What would end it.
    end: String,
}

/// The innermost of what a text leaves open: a tag, or the block that it begins.
fn open_tag(text: &str) -> Option<Open<'_>> {
    let mut open: Vec<(usize, &str)> = Vec::new();
    for piece in lexer::pieces(text, Dialect::Tera2) {
        let tag = match piece {
            Piece::Tag(tag) => tag,
            Piece::Unclosed(Range { start, .. }) => {
                let what = &text[start..start + 2];
                let end = if what == "{{" { "}}" } else { "%}" };
                let end = end.to_owned();
                return Some(Open { start, what, end });
            }
            Piece::Text(_) | Piece::Comment(_) | Piece::Raw { .. } => continue,
        };
        let name = tag.word();
        match name.strip_prefix("end") {
            Some(ended) => {
                if let Some(index) = open.iter().rposition(|(_, name)| *name == ended) {
                    open.truncate(index);
                }
            }
            None if ["if", "for", "block", "filter", "component"].contains(&name) => {
                if open.len() == MAX_OPEN {
                    return None;
                }
                open.push((tag.range.start, name));
            }
            None => {}
        }
    }
    let (start, what) = open.pop()?;
    let end = format!("{{% end{what} %}}");
    Some(Open { start, what, end })
}

/// Names that are listed after "available"; a page has some thirty.
const MAX_AVAILABLE: usize = 40;
/// Names that a misspelt one is compared with; a data file may have any number.
const MAX_COMPARED: usize = 200;
/// Blocks within blocks; the engine refuses far fewer.
const MAX_OPEN: usize = 200;

/// The engine's message without its grammar's names for things.
fn plainly(message: String) -> String {
    if let Some(rest) = message.strip_prefix("Found ")
        && let Some((found, expected)) = rest.split_once(" but expected ")
    {
        if expected.starts_with("one of: integer, float") {
            return format!("a value is expected here, not {found}");
        }
        let expected = expected.trim_end_matches('.');
        let is_sign = !expected.contains([' ', '`']) && expected.len() < 4;
        return if is_sign {
            format!("`{expected}` is expected here, not {found}")
        } else {
            format!("{expected} is expected here, not {found}")
        };
    }
    match message.as_str() {
        "Unexpected end of input" => ENDS_EARLY.to_owned(),
        "Unknown tag" => "there is no such tag".to_owned(),
        "Tried to render a variable that is undefined" => {
            "this has no value: it is not defined".to_owned()
        }
        _ => shortened(message),
    }
}

/// A long list of what is available, cut.
fn shortened(message: String) -> String {
    let Some((head, list)) = message.split_once("Available ") else {
        return message;
    };
    match list.match_indices(", ").nth(MAX_AVAILABLE) {
        Some((end, _)) => format!("{head}Available {}, …", &list[..end]),
        None => message,
    }
}

fn is_about_a_name(message: &str) -> bool {
    let unknown = [
        "Unknown function",
        "Unknown filter",
        "Unknown test",
        "Variable `",
    ];
    unknown.iter().any(|start| message.starts_with(start))
}

fn hint(message: &str) -> Option<String> {
    let has = |part: &str| message.contains(part);
    let text = if has("Available ") {
        let near = near_name(message)?;
        return Some(format!("did you mean `{near}`?"));
    } else if has("exists but its value is undefined")
        || has("Tried to render a variable that is undefined")
    {
        "test it first with `{% if … is defined %}`, or give a fallback with `| default(value=…)`"
    } else if has("Unexpected end of input") {
        "close it: `}}` after `{{`, `%}` after `{%`, `{% endif %}`, `{% endfor %}`, \
         `{% endblock %}` after what they end"
    } else if has("expected }}") {
        "end an expression with `}}`"
    } else if has("expected %}") {
        "end a tag with `%}`"
    } else if has("Unknown function `") {
        let name = message.split('`').nth(1)?;
        return Some(format!(
            "correct the name, or, if you meant a component, call it as `{{{{ <{name} … /> }}}}`"
        ));
    } else if has("Unknown filter `") || has("Unknown test `") {
        "correct the name; the manual lists them under Templates"
    } else if has("Unknown component `") {
        "define it in a template with `{% component Name(…) %}…{% endcomponent %}`"
    } else if has("Unknown template `") {
        "add it under templates/, or correct the name"
    } else if message.ends_with(", not none") {
        "there is no value here: test it first with `{% if … %}`"
    } else if has("Math operations can only be done on numbers") {
        "convert the text to a number with `| int` or `| float`"
    } else {
        return None;
    };
    Some(text.to_owned())
}

/// Of ``Variable `titel` is not defined. Available variables: title, …``: `title`.
fn near_name(message: &str) -> Option<&str> {
    let name = message.split('`').nth(1)?;
    let names = message.split_once("Available ")?.1.split_once(": ")?.1;
    let names: Vec<&str> = names.split(", ").take(MAX_COMPARED).collect();
    quillfront_site::front_matter::nearest(name, &names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str) -> (String, Option<String>) {
        (plainly(message.to_owned()), hint(message))
    }

    #[test]
    fn a_misspelt_name_gets_the_near_one() {
        let (_, hint) = told("Field `titel` is not defined. Available fields: slug, title, weight");
        assert_eq!(hint.as_deref(), Some("did you mean `title`?"));
        let (_, hint) = told("Variable `zzzzzz` is not defined. Available variables: slug, title");
        assert_eq!(hint, None);
    }

    #[test]
    fn the_grammar_stays_out_of_messages() {
        let (message, _) = told(
            "Found `}}` but expected one of: integer, float, string, bool, ident, `-`, `not`, `<`",
        );
        assert_eq!(message, "a value is expected here, not `}}`");
        let (message, _) = told("Found `}` but expected }}.");
        assert_eq!(message, "`}}` is expected here, not `}`");
    }

    #[test]
    fn of_many_reports_the_earliest_place_is_told() {
        let report = |name: &str, line: u32| {
            format!("error: Unknown component `{name}`\n --> page:{line}:3\n  |\n3 | x\n")
        };
        for order in [[("b", 9), ("a", 10)], [("a", 10), ("b", 9)]] {
            let text = order.map(|(name, line)| report(name, line)).join("\n\n");
            let first = first_report(&text);
            assert_eq!(first.message, "Unknown component `b`");
            assert_eq!((first.line, first.column), (Some(9), Some(3)));
        }
    }

    #[test]
    fn a_tag_without_end_is_found() {
        let early = || TemplateError::plain(None, "Unexpected end of input".to_owned());
        let text = "{% if a %}\n{% endif %}\n  {%- for x in y %}\n{% if b %}{% endif %}\n";
        let told = early().at_open_tag(text);
        assert_eq!((told.line, told.column), (Some(3), Some(3)));
        assert_eq!(told.message, "this `for` is never closed");
        let told = early().at_open_tag("a {# {% if #}{% raw %}{% if %}{% endraw %}\n é {{ x");
        assert_eq!((told.line, told.column), (Some(2), Some(4)));
        assert_eq!(told.message, "this `{{` is never closed");
        assert_eq!(told.hint.as_deref(), Some("add `}}` where it ends"));
        assert_eq!(early().at_open_tag("{{ \"{% if a %}\" }}"), early());
    }

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<String> = (0..100).map(|n| format!("name{n}")).collect();
        let list = names.join(", ");
        let (message, _) = told(&format!(
            "Variable `x` is not defined. Available variables: {list}"
        ));
        assert!(message.ends_with("name40, …"), "{message}");
    }
}
