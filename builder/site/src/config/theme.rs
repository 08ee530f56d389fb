//! A theme's values below the site's.

use super::{CODE, Config};
use crate::diagnostic::Diagnostic;
use crate::front_matter::Value;
use crate::front_matter::parse_toml;
use crate::front_matter::tree::{Data, Entry, Node, Source};

pub(super) fn merge(config: &mut Config, file: &str, text: &str) -> Result<(), Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Source {
        file,
        text,
        first_line: 1,
        code: CODE,
    };
    let root = parse_toml(&source)?;
    let Data::Table(entries) = root.data else {
        return Ok(());
    };
    let Some(extra) = entries.into_iter().find(|entry| entry.key == "extra") else {
        return Ok(());
    };
    let mut merged = config.extra.clone();
    let mut problems = Vec::new();
    merge_node(&mut merged, extra.node, "extra", &source, &mut problems);
    if problems.is_empty() {
        config.extra = merged;
        Ok(())
    } else {
        Err(problems)
    }
}

/// Only whether a value is a table decides if the two fit: a site may well replace a number by a
/// text.
fn merge_node(
    site: &mut Value,
    theme: Node,
    name: &str,
    source: &Source<'_>,
    problems: &mut Vec<Diagnostic>,
) {
    let place = theme.place;
    match (site, theme.data) {
        (Value::Table(site), Data::Table(theme)) => {
            merge_table(site, theme, name, source, problems)
        }
        (Value::Table(_), _) | (_, Data::Table(_)) => {
            let message =
                format!("`{name}` is a table in either the theme or the site, but not in both");
            let hint = format!("give `{name}` in config.toml the shape that the theme gives it");
            problems.push(source.error(Some(place), message).hint(hint));
        }
        _ => {}
    }
}

fn merge_table(
    site: &mut Vec<(String, Value)>,
    theme: Vec<Entry>,
    name: &str,
    source: &Source<'_>,
    problems: &mut Vec<Diagnostic>,
) {
    for entry in theme {
        match site.iter_mut().find(|(key, _)| *key == entry.key) {
            Some((key, value)) => {
                let name = format!("{name}.{key}");
                merge_node(value, entry.node, &name, source, problems);
            }
            None => site.push((entry.key, entry.node.into_value())),
        }
    }
}
