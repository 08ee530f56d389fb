//! Templates of shortcodes become components (site model, sections 12 and 22).

use super::calls::Call;
use super::definitions::literal;
use super::names::Inside;
use super::pieces::{is_too_long, pieces, tags};
use super::tag::inside_quotes;
use super::template::{self, Template};
use super::variables::{Variables, variables};
use crate::migrate::edits::{Edits, Lines};
use crate::migrate::findings::Findings;
use quillfront_templates::lexer::Piece;
use std::collections::{BTreeMap, BTreeSet};

/// How a shortcode is called throughout the site.
#[derive(Debug, Default)]
pub struct Usage {
    /// How often.
    pub calls: usize,
    /// Argument to its values, as written.
    pub values: BTreeMap<String, Vec<String>>,
    /// A body has a code block with an empty line in it.
    pub body_has_gaps: bool,
}

impl Usage {
    /// Takes a call into account.
    pub fn add(&mut self, call: &Call) {
        self.calls += 1;
        for (name, value) in &call.arguments {
            self.values
                .entry(name.clone())
                .or_default()
                .push(value.clone());
        }
    }

    /// Takes a body into account.
    pub fn add_body(&mut self, body: &str) {
        let has_code = body.contains("```") || body.contains("~~~");
        self.body_has_gaps |= has_code && body.contains("\n\n");
    }
}

/// What every template of a shortcode saw.
const CONTEXT: [&str; 4] = ["config", "lang", "page", "section"];

/// A parameter of the component.
#[derive(Debug, PartialEq, Eq)]
enum Parameter {
    Required,
    Optional,
    /// With the default that the template gives it everywhere.
    Default(String),
}

/// The component for a shortcode. `is_html` tells its file's kind.
pub fn component(
    name: &str,
    text: &str,
    is_html: bool,
    usage: &Usage,
    template: &Template<'_>,
    findings: &mut Findings,
) -> String {
    let used = variables(text);
    let mut parameters: BTreeMap<String, Parameter> = BTreeMap::new();
    let names = used.names.iter().chain(usage.values.keys());
    for one in names.filter(|one| !CONTEXT.contains(&one.as_str()) && *one != "body") {
        parameters.insert(one.clone(), parameter(one, &used, usage));
    }
    let mut given: Vec<String> = Vec::new();
    for (one, kind) in &parameters {
        given.push(match kind {
            Parameter::Required => one.clone(),
            Parameter::Optional => format!("{one}=none"),
            Parameter::Default(value) => format!("{one}={}", value.replace('\\', "\\\\")),
        });
    }
    let mut optional: BTreeSet<String> = names_of(&parameters, |kind| *kind == Parameter::Optional);
    for one in CONTEXT.iter().filter(|one| used.names.contains(**one)) {
        // A section has no `page`, a page no `section`.
        let may_lack = matches!(*one, "page" | "section");
        given.push(format!("@{one}{}", if may_lack { "=none" } else { "" }));
        if may_lack {
            optional.insert((*one).to_owned());
        }
    }
    let with_default = names_of(&parameters, |kind| matches!(kind, Parameter::Default(_)));
    list_what_is_gone(text, template.file, findings);
    let template = Template {
        optional: &optional,
        with_default: &with_default,
        ..*template
    };
    let escaped = if is_html {
        escape(text, usage)
    } else {
        text.to_owned()
    };
    let inner = template::rewrite(&escaped, &template, findings);
    let inner = if is_html {
        keep_together(inner.trim(), template.file, usage, findings)
    } else {
        inner.trim_end().to_owned()
    };
    findings.changed("shortcodes, now components");
    let list = given.join(", ");
    format!("{{% component {name}({list}) %}}{inner}{{% endcomponent {name} %}}\n")
}

/// True where the template counts its calls.
pub fn counts_calls(text: &str) -> bool {
    variables(text).names.contains("nth")
}

fn names_of(
    all: &BTreeMap<String, Parameter>,
    wanted: impl Fn(&Parameter) -> bool,
) -> BTreeSet<String> {
    let found = all.iter().filter(|(_, kind)| wanted(kind));
    found.map(|(name, _)| name.clone()).collect()
}

fn parameter(name: &str, used: &Variables, usage: &Usage) -> Parameter {
    if name == "nth" {
        return Parameter::Optional;
    }
    let values = usage.values.get(name).map_or(&[][..], Vec::as_slice);
    let always = usage.calls > 0 && values.len() == usage.calls;
    let defaults: Vec<_> = used.defaults.get(name).into_iter().flatten().collect();
    if let [Some(default)] = defaults.as_slice()
        && values
            .iter()
            .all(|value| literal(value) == literal(default))
    {
        return Parameter::Default(default.clone());
    }
    if used.guarded.contains(name) || (usage.calls > 0 && !always) {
        Parameter::Optional
    } else {
        Parameter::Required
    }
}

fn list_what_is_gone(text: &str, file: &str, findings: &mut Findings) {
    let lines = Lines::of(text);
    for tag in tags(text) {
        let line = lines.line(tag.range.start);
        let inside = Inside::of(tag.text);
        for at in (0..inside.tokens.len()).filter(|at| inside.is_variable(*at)) {
            match inside.word(at) {
                "nth" => findings.left(
                    file,
                    line,
                    "components are not counted; each call now says its number with `nth`",
                    "Keep the numbers when you add calls, or remove them",
                ),
                "args" => findings.left(
                    file,
                    line,
                    "components have no `args`",
                    "Name the parameters, or take the rest of them with `...args`",
                ),
                _ => {}
            }
        }
    }
}

/// Zola escaped what a shortcode in HTML printed; in a page of Markdown nothing is. Where a call
/// gives a text that needs it, the template now says so.
fn escape(text: &str, usage: &Usage) -> String {
    let needs_it = |name: &str| {
        let values = usage.values.get(name).map_or(&[][..], Vec::as_slice);
        let texts: Vec<_> = values
            .iter()
            .filter_map(|value| inside_quotes(value))
            .collect();
        texts.len() == values.len()
            && texts
                .iter()
                .any(|text| text.contains(['&', '<', '>', '"', '\'']))
    };
    let mut edits = Edits::default();
    for tag in tags(text) {
        let inside = Inside::of(tag.text);
        let name = inside.word(0);
        let is_plain = tag.prints
            && (inside.tokens.len() == 1
                || (inside.word(1) == "|"
                    && inside.word(2) == "default"
                    && inside
                        .arguments(3)
                        .is_some_and(|list| list.close + 1 == inside.tokens.len())));
        if is_plain && inside.is_variable(0) && (name == "body" || needs_it(name)) {
            let end = tag.inner.start + inside.tokens[inside.tokens.len() - 1].end();
            edits.insert(end, " | escape_html");
        }
    }
    edits.apply(text)
}

/// Markdown reads on in what a component prints: an empty line ends its HTML, and what is indented
/// after one is code. So none is printed.
fn keep_together(inner: &str, file: &str, usage: &Usage, findings: &mut Findings) -> String {
    let mut edits = Edits::default();
    let mut has_body_of_markdown = false;
    for tag in tags(inner) {
        let inside = Inside::of(tag.text);
        if !tag.prints {
            continue;
        }
        let filter = (1..inside.tokens.len())
            .find(|at| inside.word(*at) == "|" && inside.word(at + 1) == "markdown");
        let Some(pipe) = filter else { continue };
        let arguments = inside.arguments(pipe + 2);
        has_body_of_markdown = true;
        if usage.body_has_gaps {
            let last = arguments.map_or(pipe + 1, |arguments| arguments.close);
            let end = tag.inner.start + inside.tokens[last].end();
            edits.insert(
                end,
                " | regex_replace(pattern=\"\\n([ \\t]*)\\n\", rep=\"\\n$1&#10;\")",
            );
        }
    }
    let inner = edits.apply(inner);
    if !may_print_gaps(&inner) {
        return inner;
    }
    if inner.contains("<pre") || inner.contains("<textarea") {
        let reason = "an empty line in what this prints ends its HTML for Markdown";
        let action = "Take care that it prints none: trim with {%- and -%}";
        findings.left(file, None, reason, action);
        return inner;
    }
    findings.changed("components that print no empty lines");
    // The code in a body keeps its indentation.
    let (class, more) = if has_body_of_markdown {
        ("[ \\t\\r\\n]*", "\\n")
    } else {
        ("[ \\t\\r\\n]+", "")
    };
    format!(
        "{{% filter regex_replace(pattern=\"\\n{class}{more}\", rep=\"\\n\") | safe %}}{inner}{{% endfilter %}}"
    )
}

/// True where a line is empty, or holds tags alone, or is indented like code.
fn may_print_gaps(inner: &str) -> bool {
    let mut printed = String::with_capacity(inner.len());
    for piece in pieces(inner) {
        match piece {
            Piece::Text(range) | Piece::Unclosed(range) => printed.push_str(&inner[range]),
            Piece::Tag(tag) if tag.prints && !is_too_long(&tag) => printed.push('x'),
            Piece::Tag(_) | Piece::Comment(_) | Piece::Raw { .. } => {}
        }
    }
    printed.contains('\n') && printed.split('\n').any(|line| line.trim().is_empty())
}
