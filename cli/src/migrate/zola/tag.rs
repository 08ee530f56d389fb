//! One tag of a Tera 1 template, as Tera 2 has it.

use super::definitions::{BODY, parameter};
use super::filter::filter;
use super::macros::MacroNames;
use super::names::{Arguments, Inside};
use super::paths::safe_steps;
use super::structure;
use crate::migrate::edits::Edits;
use crate::migrate::findings::Findings;
use std::collections::BTreeSet;

/// What is known of the template that a tag is in.
pub struct Env<'a> {
    /// The file, for what is listed.
    pub file: &'a str,
    /// Its name as a template: `post/page.html`.
    pub template: &'a str,
    /// Every macro of the site.
    pub macros: &'a MacroNames,
    /// What the file calls the macros of other files: `ui` to `macros/ui.html`.
    pub imports: &'a [(String, String)],
    /// Variables that are never undefined.
    pub defined: BTreeSet<String>,
    /// Parameters that a call may leave out. They are `none` then: components know no undefined
    /// ones.
    pub optional: BTreeSet<String>,
    /// Parameters whose definition has the default that the template gave them.
    pub with_default: &'a BTreeSet<String>,
    /// True in a macro with a parameter `body`, a name that components keep for themselves.
    pub body_is_parameter: bool,
    /// Where changes are counted and the rest is listed.
    pub findings: &'a mut Findings,
}

impl Env<'_> {
    /// Lists what is left to do in this file.
    pub fn left(&mut self, line: u32, reason: &str, action: &str) {
        self.findings.left(self.file, line, reason, action);
    }
}

/// Tests of Tera 1: the new name, and that of their argument.
const TESTS: [(&str, &str, &str); 6] = [
    ("object", "map", ""),
    ("divisibleby", "divisible_by", "divisor"),
    ("starting_with", "starting_with", "pat"),
    ("ending_with", "ending_with", "pat"),
    ("containing", "containing", "pat"),
    ("matching", "matching", "pat"),
];

/// The inside of a tag in Tera 2. `line` is where the tag stands.
pub fn rewrite(inside: &str, line: u32, env: &mut Env<'_>) -> String {
    let mut edits = Edits::default();
    let tag = Inside::of(inside);
    for index in 0..tag.tokens.len() {
        match tag.word(index) {
            "|" => filter(&tag, index + 1, line, env, &mut edits),
            "filter" if index == 0 => filter(&tag, 1, line, env, &mut edits),
            "is" if tag.is_name(index) => test(&tag, index, env, &mut edits),
            "::" => macro_call(&tag, index, line, env, &mut edits),
            "." => list_step(&tag, index, env, &mut edits),
            "__tera_context" => env.left(
                line,
                "`__tera_context` no longer exists",
                "Print the variables that you want to see by name",
            ),
            _ if tag.is_name(index) && tag.word(index + 1) == "(" => {
                function(&tag, index, line, env, &mut edits);
            }
            _ => {}
        }
        if tag.is_variable(index) {
            if env.body_is_parameter && tag.word(index) == "body" {
                edits.replace(tag.tokens[index].range(), BODY);
            }
            safe_steps(&tag, index, env, &mut edits);
        }
    }
    let changed = edits.apply(inside);
    structure::rewrite(changed, line, env)
}

fn test(tag: &Inside<'_>, is: usize, env: &mut Env<'_>, edits: &mut Edits) {
    let negated = tag.word(is + 1) == "not";
    let name_at = is + 1 + usize::from(negated);
    let name = tag.word(name_at);
    if matches!(name, "defined" | "undefined") {
        let alone = is > 0 && tag.is_variable(is - 1);
        if alone && env.optional.contains(tag.word(is - 1)) {
            let given = (name == "defined") != negated;
            let new = if given { "is not none" } else { "is none" };
            edits.replace(tag.bytes(is, name_at), new);
        }
        return;
    }
    let Some((_, new, argument)) = TESTS.iter().find(|(old, _, _)| *old == name) else {
        return;
    };
    if *new != name {
        edits.replace(tag.tokens[name_at].range(), *new);
        env.findings.changed(&format!("test `{name}`, now `{new}`"));
    }
    let first = tag
        .arguments(name_at + 1)
        .and_then(|list| list.list.first().cloned());
    if let Some(first) = first.filter(|first| first.name.is_none() && !argument.is_empty()) {
        edits.insert(first.value.start, format!("{argument}="));
        env.findings.changed("arguments of tests, now with a name");
    }
}

fn function(tag: &Inside<'_>, index: usize, line: u32, env: &mut Env<'_>, edits: &mut Edits) {
    let Some(arguments) = tag.arguments(index + 1) else {
        return;
    };
    match tag.word(index) {
        "get_taxonomy_url" => {
            let name_at = (index + 2..arguments.close)
                .find(|at| tag.word(*at) == "name" && tag.word(at + 1) == "=");
            if let Some(at) = name_at {
                edits.replace(tag.tokens[at].range(), "term");
                env.findings
                    .changed("`get_taxonomy_url(name=…)`, now `term=`");
            }
        }
        "get_page" | "get_section" => {
            let mut names = arguments.list.iter().map(|one| one.name.as_deref());
            let has_it = names.any(|name| name == Some("metadata_only"));
            if has_it {
                drop_argument(tag, index + 1, &arguments, "metadata_only", edits);
                env.findings.changed("`metadata_only`, no longer needed");
            }
        }
        "get_env" => env.left(
            line,
            "templates do not see the environment: a page is the same wherever it is built",
            "Write the value into config.toml under [extra]",
        ),
        _ => {}
    }
}

/// Takes an argument and its comma out.
pub fn drop_argument(
    tag: &Inside<'_>,
    open: usize,
    all: &Arguments,
    name: &str,
    edits: &mut Edits,
) {
    let Some(at) = all
        .list
        .iter()
        .position(|one| one.name.as_deref() == Some(name))
    else {
        return;
    };
    let start = match at {
        0 => tag.tokens[open].end(),
        _ => all.list[at - 1].value.end,
    };
    let end = match all.list.get(at + 1) {
        // The comma after it, and the blanks after that, go with the first argument.
        Some(next) if at == 0 => {
            let before = &tag.text[..next.value.start];
            let name = next.name.as_deref().and_then(|name| before.rfind(name));
            name.unwrap_or(next.value.start)
        }
        _ => all.list[at].value.end,
    };
    edits.remove(start..end);
}

fn macro_call(tag: &Inside<'_>, colons: usize, line: u32, env: &mut Env<'_>, edits: &mut Edits) {
    let (Some(start), name) = (colons.checked_sub(1), tag.word(colons + 1)) else {
        return;
    };
    let Some(arguments) = tag.arguments(colons + 2) else {
        return;
    };
    let Some(component) = env
        .macros
        .component(tag.word(start), name, env.template, env.imports)
    else {
        let called = format!("{}::{name}", tag.word(start));
        let action = "Define a component of that name, and call it as {{ <name /> }}";
        return env.left(line, &format!("the macro `{called}` was not found"), action);
    };
    edits.replace(tag.bytes(start, colons + 2), format!("<{component}"));
    let mut from = tag.tokens[colons + 2].end();
    for argument in &arguments.list {
        let Some(name) = &argument.name else { continue };
        let name = parameter(name);
        let written_by_quotes = inside_quotes(&tag.text[argument.value.clone()]).is_some();
        let (open, close) = if written_by_quotes {
            ("", "")
        } else {
            ("{", "}")
        };
        edits.replace(from..argument.value.start, format!(" {name}={open}"));
        if written_by_quotes {
            let text = &tag.text[argument.value.clone()];
            edits.replace(argument.value.clone(), text.replace('\\', "\\\\"));
        } else {
            edits.insert(argument.value.end, close);
        }
        from = argument.value.end;
    }
    edits.replace(from..tag.tokens[arguments.close].end(), " />");
    env.findings.changed("macro calls, now components");
}

/// `list.0` is `list[0]`.
fn list_step(tag: &Inside<'_>, dot: usize, env: &mut Env<'_>, edits: &mut Edits) {
    let digits = tag.word(dot + 1);
    if dot > 0 && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        edits.replace(tag.bytes(dot, dot + 1), format!("[{digits}]"));
        env.findings.changed("`list.0`, now `list[0]`");
    }
}

/// What is between the quotes, where `text` is one string.
pub fn inside_quotes(text: &str) -> Option<&str> {
    let quote = text
        .chars()
        .next()
        .filter(|quote| "\"'`".contains(*quote))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote)).then_some(inner)
}
