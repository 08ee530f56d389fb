//! One tag of a Tera 1 template, as Tera 2 has it.

use super::macros::MacroNames;
use super::names::{Arguments, Inside};
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
    fn left(&mut self, line: u32, reason: &str, action: &str) {
        self.findings.left(self.file, line, reason, action);
    }
}

/// Filters of Tera 1 under their new names.
const FILTERS: [(&str, &str); 4] = [
    ("as_str", "str"),
    ("linebreaksbr", "newlines_to_br"),
    ("trim_start_matches", "trim_start"),
    ("trim_end_matches", "trim_end"),
];
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
                "`__tera_context` does not exist any more",
                "Print the variables that you want to see by name",
            ),
            _ if tag.is_name(index) && tag.word(index + 1) == "(" => {
                function(&tag, index, line, env, &mut edits);
            }
            _ => {}
        }
        if tag.is_variable(index) {
            if env.body_is_parameter && tag.word(index) == "body" {
                edits.replace(tag.tokens[index].range.clone(), super::macros::BODY);
            }
            safe_steps(&tag, index, env, &mut edits);
        }
    }
    let changed = edits.apply(inside);
    structure::rewrite(changed, line, env)
}

fn filter(tag: &Inside<'_>, index: usize, line: u32, env: &mut Env<'_>, edits: &mut Edits) {
    let name = tag.word(index);
    if let Some((_, new)) = FILTERS.iter().find(|(old, _)| *old == name) {
        edits.replace(tag.tokens[index].range.clone(), *new);
        env.findings
            .changed(&format!("filter `{name}`, now `{new}`"));
    }
    let arguments = tag.arguments(index + 1);
    let named = |wanted: &str| {
        let list = arguments.iter().flat_map(|arguments| &arguments.list);
        list.into_iter()
            .find(|one| one.name.as_deref() == Some(wanted))
            .cloned()
    };
    match name {
        "truncate" if named("length").is_none() => {
            match &arguments {
                None => edits.insert(tag.tokens[index].range.end, "(length=255)"),
                Some(_) if tag.word(index + 2) == ")" => {
                    edits.insert(tag.tokens[index + 1].range.end, "length=255");
                }
                Some(_) => edits.insert(tag.tokens[index + 1].range.end, "length=255, "),
            }
            env.findings.changed("`truncate` with its length");
        }
        "round" => {
            let common = named("method")
                .filter(|one| inside_quotes(&tag.text[one.value.clone()]) == Some("common"));
            if let (Some(_), Some(arguments)) = (common, &arguments) {
                drop_argument(tag, index + 1, arguments, "method", edits);
                env.findings.changed("`round` without `method=\"common\"`");
            }
        }
        "indent" => indent(tag, index, named("prefix"), line, env, edits),
        "int" | "float" if named("default").is_some() => env.left(
            line,
            &format!("`{name}` has no `default` any more: what is no number is an error"),
            "Make sure that the value is a number, or test it first",
        ),
        "unique" if arguments.as_ref().is_some_and(|one| !one.list.is_empty()) => env.left(
            line,
            "`unique` takes no arguments any more",
            "Take out the attribute first: [x.name for x in list] | unique",
        ),
        "date" => date(
            tag,
            named("format"),
            named("locale").is_some(),
            line,
            env,
            edits,
        ),
        _ => {}
    }
}

fn date(
    tag: &Inside<'_>,
    format: Option<super::names::Argument>,
    has_locale: bool,
    line: u32,
    env: &mut Env<'_>,
    edits: &mut Edits,
) {
    if has_locale {
        env.left(
            line,
            "with a `locale`, `date` takes patterns of UTS 35, not of strftime",
            "Write the format anew: \"%d %B %Y\" is \"dd MMMM y\"; a locale is written \"fr-FR\"",
        );
        return;
    }
    let Some(format) = format else { return };
    let text = &tag.text[format.value.clone()];
    if text.contains("%+") {
        edits.replace(format.value, text.replace("%+", "%Y-%m-%dT%H:%M:%S%:z"));
        env.findings.changed("date formats");
    }
}

fn indent(
    tag: &Inside<'_>,
    index: usize,
    prefix: Option<super::names::Argument>,
    line: u32,
    env: &mut Env<'_>,
    edits: &mut Edits,
) {
    let Some(prefix) = prefix else { return };
    let text = inside_quotes(&tag.text[prefix.value.clone()]).unwrap_or_default();
    let first = text.chars().next();
    let same = first.filter(|first| text.chars().all(|one| one == *first));
    let written = match same {
        Some(' ') => format!("width={}", text.len()),
        Some('\t') => format!("width={}, indentation=\"\\t\"", text.len()),
        Some(other) if other.is_ascii_graphic() && !"\"\\".contains(other) => {
            format!("width={}, indentation=\"{other}\"", text.len())
        }
        _ => {
            let action = "Write `width`, and `indentation` for a character other than a blank";
            return env.left(line, "`indent` has no `prefix` any more", action);
        }
    };
    let name_start = (index + 2..tag.tokens.len())
        .find(|at| tag.tokens[*at].range.end <= prefix.value.start && tag.word(*at) == "prefix");
    if let Some(start) = name_start {
        edits.replace(tag.tokens[start].range.start..prefix.value.end, written);
        env.findings.changed("`indent` with its width");
    }
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
        edits.replace(tag.tokens[name_at].range.clone(), *new);
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
                edits.replace(tag.tokens[at].range.clone(), "term");
                env.findings
                    .changed("`get_taxonomy_url(name=…)`, now `term=`");
            }
        }
        "get_page" | "get_section" => {
            if arguments
                .list
                .iter()
                .any(|one| one.name.as_deref() == Some("metadata_only"))
            {
                drop_argument(tag, index + 1, &arguments, "metadata_only", edits);
                env.findings.changed("`metadata_only`, not needed any more");
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
fn drop_argument(tag: &Inside<'_>, open: usize, all: &Arguments, name: &str, edits: &mut Edits) {
    let Some(at) = all
        .list
        .iter()
        .position(|one| one.name.as_deref() == Some(name))
    else {
        return;
    };
    let start = match at {
        0 => tag.tokens[open].range.end,
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
        return env.left(line, &format!("the macro `{called}` is not found"), action);
    };
    edits.replace(tag.bytes(start, colons + 2), format!("<{component}"));
    let mut from = tag.tokens[colons + 2].range.end;
    for argument in &arguments.list {
        let Some(name) = &argument.name else { continue };
        let name = super::macros::parameter(name);
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
    edits.replace(from..tag.tokens[arguments.close].range.end, " />");
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

/// Where Tera 1 took an undefined path as false, Tera 2 needs `?.` behind everything that may be
/// undefined itself.
fn safe_steps(tag: &Inside<'_>, root: usize, env: &mut Env<'_>, edits: &mut Edits) {
    let Some((steps, end)) = steps(tag, root) else {
        return;
    };
    if !is_lenient(tag, root, end) {
        return;
    }
    let name = tag.word(root);
    let is_there = env.defined.contains(name);
    let mut counted = false;
    for (number, (sign, step)) in steps.iter().enumerate() {
        let always = match number {
            0 => is_there,
            1 => is_there && matches!(steps[0].1, "extra" | "taxonomies") && is_free_table(name),
            _ => false,
        };
        if always
            || step
                .bytes()
                .next()
                .is_some_and(|byte| byte.is_ascii_digit())
        {
            continue;
        }
        let new = if tag.word(*sign) == "[" { "?[" } else { "?." };
        edits.replace(tag.tokens[*sign].range.clone(), new);
        counted = true;
    }
    if counted {
        env.findings
            .changed("paths that may be undefined, now with `?.`");
    }
}

/// The steps of a path into its variable: the token of each `.` or `[`, and the name behind a dot;
/// and the token behind the path. None where a bracket is not closed.
fn steps<'a>(tag: &Inside<'a>, root: usize) -> Option<(Vec<(usize, &'a str)>, usize)> {
    let mut steps = Vec::new();
    let mut at = root + 1;
    loop {
        match tag.word(at) {
            "." => {
                steps.push((at, tag.word(at + 1)));
                at += 2;
            }
            "[" => {
                steps.push((at, ""));
                let mut depth = 0_usize;
                loop {
                    match tag.word(at) {
                        "[" => depth += 1,
                        "]" => depth -= 1,
                        "" => return None,
                        _ => {}
                    }
                    at += 1;
                    if depth == 0 {
                        break;
                    }
                }
            }
            _ => return Some((steps, at)),
        }
    }
}

/// True where Tera 1 takes the variable at `root` as it is, be it defined or not.
pub fn may_be_undefined(tag: &Inside<'_>, root: usize) -> bool {
    steps(tag, root).is_some_and(|(_, end)| is_lenient(tag, root, end))
}

fn is_free_table(name: &str) -> bool {
    matches!(name, "page" | "section" | "config")
}

/// True where Tera 1 took what is undefined: a condition by itself, `is defined`, `default`.
fn is_lenient(tag: &Inside<'_>, root: usize, end: usize) -> bool {
    let before = root.checked_sub(1).map_or("", |before| tag.word(before));
    let (next, second, third) = (tag.word(end), tag.word(end + 1), tag.word(end + 2));
    let is_test = |word: &str| matches!(word, "defined" | "undefined");
    if (next == "|" && second == "default")
        || (next == "is" && (is_test(second) || (second == "not" && is_test(third))))
    {
        return true;
    }
    let is_call = before == "("
        && root > 1
        && tag.is_name(root - 2)
        && !super::names::KEYWORDS.contains(&tag.word(root - 2));
    let opens = matches!(before, "if" | "elif" | "and" | "or" | "not" | "(") && !is_call;
    let closes = matches!(next, "" | "and" | "or" | ")");
    (opens && closes) || (before.is_empty() && matches!(next, "and" | "or"))
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
