//! Filters that have another name, or other arguments.

use super::names::{Argument, Inside};
use super::tag::{Env, drop_argument, inside_quotes};
use crate::migrate::edits::Edits;

/// Filters of Tera 1 under their new names.
const FILTERS: [(&str, &str); 4] = [
    ("as_str", "str"),
    ("linebreaksbr", "newlines_to_br"),
    ("trim_start_matches", "trim_start"),
    ("trim_end_matches", "trim_end"),
];

pub fn filter(tag: &Inside<'_>, index: usize, line: u32, env: &mut Env<'_>, edits: &mut Edits) {
    let name = tag.word(index);
    if let Some((_, new)) = FILTERS.iter().find(|(old, _)| *old == name) {
        edits.replace(tag.tokens[index].range(), *new);
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
                None => edits.insert(tag.tokens[index].end(), "(length=255)"),
                Some(_) if tag.word(index + 2) == ")" => {
                    edits.insert(tag.tokens[index + 1].end(), "length=255");
                }
                Some(_) => edits.insert(tag.tokens[index + 1].end(), "length=255, "),
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
            &format!(
                "`{name}` no longer takes `default`; a value that is not a number is an error"
            ),
            "Make sure that the value is a number, or test it first",
        ),
        "unique" if arguments.as_ref().is_some_and(|one| !one.list.is_empty()) => env.left(
            line,
            "`unique` no longer takes arguments",
            "Extract the attribute first: [x.name for x in list] | unique",
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
    format: Option<Argument>,
    has_locale: bool,
    line: u32,
    env: &mut Env<'_>,
    edits: &mut Edits,
) {
    if has_locale {
        env.left(
            line,
            "with a `locale`, `date` takes patterns of UTS 35, not of strftime",
            "Rewrite the format: \"%d %B %Y\" is \"dd MMMM y\"; a locale is written \"fr-FR\"",
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
    prefix: Option<Argument>,
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
            let action = "Write `width`, and `indentation` for a character other than a space";
            return env.left(line, "`indent` no longer takes `prefix`", action);
        }
    };
    let name_start = (index + 2..tag.tokens.len())
        .find(|at| tag.tokens[*at].end() <= prefix.value.start && tag.word(*at) == "prefix");
    if let Some(start) = name_start {
        edits.replace(tag.tokens[start].start..prefix.value.end, written);
        env.findings.changed("`indent` with its width");
    }
}
