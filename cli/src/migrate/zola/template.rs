//! A whole template, from Tera 1 to Tera 2.

use super::definitions;
use super::macros::MacroNames;
use super::names::Inside;
use super::pieces::{MAX_TAG_BYTES, is_too_long, pieces, tags};
use super::tag::{self, Env};
use crate::migrate::edits::{Edits, Lines, whole_line};
use crate::migrate::findings::Findings;
use quillfront_templates::lexer::{Piece, Tag};
use std::collections::BTreeSet;

/// A template, and what is around it.
pub struct Template<'a> {
    /// The file, for what is listed.
    pub file: &'a str,
    /// Its name as a template.
    pub name: &'a str,
    /// Every macro of the site.
    pub macros: &'a MacroNames,
    /// True where there is a template of a name.
    pub exists: &'a dyn Fn(&str) -> bool,
    /// Parameters of a component that a call may leave out.
    pub optional: &'a BTreeSet<String>,
    /// Parameters whose definition has their default.
    pub with_default: &'a BTreeSet<String>,
}

/// Variables that stand in a template of a name.
const ALWAYS_THERE: [(&str, &[&str]); 7] = [
    ("page", &["page"]),
    ("section", &["section"]),
    ("index", &["section"]),
    ("taxonomy_single", &["taxonomy", "term"]),
    ("single", &["taxonomy", "term"]),
    ("taxonomy_list", &["taxonomy", "terms"]),
    ("list", &["taxonomy", "terms"]),
];

/// Rewrites a template. A text without tags stays byte for byte.
pub fn rewrite(text: &str, template: &Template<'_>, findings: &mut Findings) -> String {
    let imports = definitions::imports(text);
    let lines = Lines::of(text);
    let mut env = Env {
        file: template.file,
        template: template.name,
        macros: template.macros,
        imports: &imports,
        defined: defined(text, template.name),
        optional: template.optional.clone(),
        with_default: template.with_default,
        body_is_parameter: false,
        findings,
    };
    let mut edits = Edits::default();
    let mut open_macros: Vec<String> = Vec::new();
    for tag in tags(text) {
        let inside = tag.text;
        let line = lines.line(tag.range.start);
        let first = Inside::of(inside);
        let word = if tag.prints { "" } else { first.word(0) };
        match word {
            "import" => {
                edits.remove(whole_line(text, tag.range.clone()));
                env.findings.changed("imports, no longer needed");
            }
            "macro" => {
                let named = definitions::definition(inside)
                    .and_then(|one| template.macros.get(template.name, &one.name));
                let Some(definition) = named else { continue };
                let (opening, after) = template.macros.opening(template.name, definition);
                edits.replace(tag.inner.clone(), opening);
                edits.insert(tag.range.end, after);
                env.body_is_parameter =
                    definition.parameters.iter().any(|(name, _)| name == "body");
                env.optional = template.macros.optional(template.name, definition);
                open_macros.push(definition.name.clone());
                env.findings.changed("macros, now components");
            }
            "endmacro" => {
                let Some(name) = open_macros.pop() else {
                    continue;
                };
                edits.replace(
                    tag.inner.clone(),
                    template.macros.closing(template.name, &name),
                );
                env.body_is_parameter = false;
                env.optional = template.optional.clone();
            }
            "include" => include(text, &tag, line, template, &mut env, &mut edits),
            "raw" | "endraw" | "block" | "endblock" | "extends" => {}
            _ => {
                let new = tag::rewrite(inside, line, &mut env);
                if new != inside {
                    edits.replace(tag.inner.clone(), new);
                }
            }
        }
    }
    leave_out_strays(text, &lines, template.file, findings, &mut edits);
    list_long_tags(text, &lines, template.file, findings);
    list_foreign_loops(text, &lines, template.file, findings);
    edits.apply(text)
}

/// What no lookup in this template finds undefined.
fn defined(text: &str, name: &str) -> BTreeSet<String> {
    let mut defined: BTreeSet<String> = ["config", "loop", "self"].map(str::to_owned).into();
    let stem = name
        .rsplit('/')
        .next()
        .unwrap_or(name)
        .split('.')
        .next()
        .unwrap_or(name);
    for (_, names) in ALWAYS_THERE.iter().filter(|(one, _)| *one == stem) {
        defined.extend(names.iter().map(|name| (*name).to_owned()));
    }
    for tag in tags(text) {
        let inside = Inside::of(tag.text);
        match inside.word(0) {
            "set" | "set_global" => drop(defined.insert(inside.word(1).to_owned())),
            "for" => {
                let names = (1..4).take_while(|at| inside.word(*at) != "in");
                defined.extend(names.map(|at| inside.word(at).to_owned()));
            }
            "macro" => {
                let definition = definitions::definition(inside.text);
                let parameters = definition.into_iter().flat_map(|one| one.parameters);
                defined
                    .extend(parameters.map(|(name, _)| definitions::parameter(&name).to_owned()));
            }
            _ => {}
        }
    }
    defined
}

/// Tags that are too long to be read stay as they are.
fn list_long_tags(text: &str, lines: &Lines, file: &str, findings: &mut Findings) {
    for piece in pieces(text) {
        if let Piece::Tag(tag) = piece
            && is_too_long(&tag)
        {
            let reason = format!("a tag of more than {MAX_TAG_BYTES} bytes");
            let line = lines.line(tag.range.start);
            findings.left(file, line, reason, "Rewrite it by hand");
        }
    }
}

/// Tera 1 showed the `loop` of a template to those that it includes.
fn list_foreign_loops(text: &str, lines: &Lines, file: &str, findings: &mut Findings) {
    let mut depth = 0_usize;
    for tag in tags(text) {
        let inside = Inside::of(tag.text);
        match inside.word(0) {
            "for" => depth += 1,
            "endfor" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let uses_loop = (0..inside.tokens.len()).any(|at| {
            inside.word(at) == "loop" && inside.word(at + 1) == "." && inside.is_variable(at)
        });
        if uses_loop && depth == 0 {
            let reason = "the `loop` of the template that includes this one is not visible here";
            let action = "Before the include, set a variable to the part that is needed";
            findings.left(file, lines.line(tag.range.start), reason, action);
        }
    }
}

/// `include` takes one name, which has to be there.
fn include(
    text: &str,
    tag: &Tag,
    line: u32,
    template: &Template<'_>,
    env: &mut Env<'_>,
    edits: &mut Edits,
) {
    let inside = Inside::of(tag.text);
    let names: Vec<&str> = (1..inside.tokens.len())
        .filter_map(|at| inside.text_at(at))
        .collect();
    for name in names.iter().filter(|name| name.starts_with("shortcodes/")) {
        env.findings.left(
            env.file,
            line,
            format!("includes `{name}`, which is a component now"),
            "Call the component: {{ <name /> }}",
        );
    }
    let ignores = (1..inside.tokens.len()).any(|at| inside.word(at) == "ignore");
    if inside.word(1) != "[" && !ignores {
        return;
    }
    match names.iter().find(|name| (template.exists)(name)) {
        Some(name) => {
            edits.replace(tag.inner.clone(), format!(" include \"{name}\" "));
            env.findings
                .changed("includes of the first file that exists");
        }
        None if ignores => {
            edits.remove(whole_line(text, tag.range.clone()));
            env.findings.changed("includes of missing files");
        }
        None => env.findings.left(
            env.file,
            line,
            "none of the included templates exists",
            "Add one of them, or remove the line",
        ),
    }
}

/// Tera 1 did not print what stands outside of the blocks of a template that extends another;
/// Tera 2 refuses it.
fn leave_out_strays(
    text: &str,
    lines: &Lines,
    file: &str,
    findings: &mut Findings,
    edits: &mut Edits,
) {
    if !tags(text).any(|tag| tag.word() == "extends") {
        return;
    }
    let (mut depth, mut stray) = (0_usize, None::<std::ops::Range<usize>>);
    let mut strays = Vec::new();
    for piece in pieces(text) {
        let range = piece.range();
        let keyword = match &piece {
            Piece::Tag(tag) if !is_too_long(tag) => tag.word(),
            _ => "",
        };
        let is_stray = match keyword {
            "block" | "macro" => {
                depth += 1;
                false
            }
            "endblock" | "endmacro" => {
                depth = depth.saturating_sub(1);
                false
            }
            "extends" | "import" => false,
            _ => depth == 0,
        };
        let part = &text[range.clone()];
        let blank = part.trim().is_empty() || matches!(piece, Piece::Comment(_));
        if !is_stray || blank {
            if !blank || !is_stray {
                strays.extend(stray.take());
            }
            continue;
        }
        let start = range.start + (part.len() - part.trim_start().len());
        let end = range.end - (part.len() - part.trim_end().len());
        stray = Some(stray.map_or(start, |range| range.start)..end);
    }
    strays.extend(stray);
    for range in strays {
        let line = lines.line(range.start);
        if text[range.clone()].contains("#}") {
            let reason = "text outside of blocks, in a template that extends another";
            findings.left(file, line, reason, "Move it into a block, or remove it");
            continue;
        }
        let part = text[range.clone()].to_owned();
        edits.replace(range, format!("{{# {part} #}}"));
        findings.changed("text that was never printed, now in comments");
    }
}
