//! From Zola 0.22 and before to 0.23, which Quillfront follows (site model, section 22).
//!
//! 1. [`calls`]: where pages call shortcodes, and with what;
//! 2. [`macros`]: which macros there are ([`definitions`]), and what they are called as components;
//! 3. [`template`]: each template, in pieces ([`pieces`]), tag by tag ([`tag`], [`names`]): its filters
//!    ([`filter`], [`structure`]) and its variables ([`paths`], [`variables`]); templates of
//!    shortcodes by [`shortcodes`];
//! 4. [`body`]: each page;
//! 5. [`config`]: the configuration ([`highlighting`]), and the keys of sections.

mod body;
mod calls;
mod config;
mod definitions;
mod filter;
mod highlighting;
mod macros;
mod names;
mod paths;
mod pieces;
mod shortcodes;
mod structure;
mod tag;
mod template;
#[cfg(test)]
mod tests;
mod variables;

use super::edits::Lines;
use super::findings::Findings;
use super::tree::{Tree, split_front};
use calls::Part;
use macros::MacroNames;
use shortcodes::Usage;
use std::collections::{BTreeMap, BTreeSet};
use template::Template;

/// Protects the braces of a page that has components; for pages that come from elsewhere.
pub use body::protect;

/// Templates longer than this are not rewritten: 1 MB.
const MAX_TEMPLATE_BYTES: usize = 1024 * 1024;

/// Rewrites a site.
pub fn migrate(tree: &mut Tree, findings: &mut Findings) {
    let names = template_names(tree);
    let definitions = definitions(&names, findings);
    let known: BTreeSet<String> = definitions.keys().cloned().collect();
    let usage = usage(tree, &known);
    let counted: BTreeSet<String> = definitions
        .iter()
        .filter(|(_, path)| shortcodes::counts_calls(&tree.texts[*path]))
        .map(|(name, _)| name.clone())
        .collect();

    templates(tree, &names, &definitions, &usage, findings);
    let skipped = bodies(tree, &known, &counted, findings);
    for file in ["zola.toml", "config.toml"] {
        if let Some(text) = tree.texts.get(file) {
            let new = config::rewrite(file, text, &skipped, findings);
            tree.texts.insert(file.to_owned(), new);
            break;
        }
    }
}

/// Template name to file. A theme's have their folder before them.
fn template_names(tree: &Tree) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for path in tree.texts_under("templates/") {
        names.insert(path["templates/".len()..].to_owned(), path);
    }
    for path in tree.texts_under("themes/") {
        let inner = &path["themes/".len()..];
        if inner.split('/').nth(1) == Some("templates") {
            names.insert(inner.to_owned(), path);
        }
    }
    names
}

/// Shortcode to file. The site's come before a theme's.
fn definitions(
    names: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> BTreeMap<String, String> {
    let mut definitions: BTreeMap<String, String> = BTreeMap::new();
    let own_first = names
        .iter()
        .filter(|(_, path)| path.starts_with("templates/"));
    let then = names
        .iter()
        .filter(|(_, path)| !path.starts_with("templates/"));
    for (_, path) in own_first.chain(then) {
        let Some(name) = shortcode_of(path) else {
            continue;
        };
        match definitions.get(name) {
            Some(first) if root_of(first) == root_of(path) => {
                let action =
                    "Keep one of the two, and make it a component by hand if it is this one";
                findings.left(
                    path,
                    None,
                    format!("`{name}` is also defined in {first}"),
                    action,
                );
            }
            // The theme's is hidden by the site's.
            Some(_) => {}
            None => drop(definitions.insert(name.to_owned(), path.clone())),
        }
    }
    definitions
}

fn root_of(path: &str) -> &str {
    path.split_once("templates/").map_or("", |(root, _)| root)
}

fn shortcode_of(path: &str) -> Option<&str> {
    let (_, inner) = path.split_once("templates/shortcodes/")?;
    let name = inner.rsplit('/').next()?;
    name.strip_suffix(".html")
        .or_else(|| name.strip_suffix(".md"))
}

fn usage(tree: &Tree, known: &BTreeSet<String>) -> BTreeMap<String, Usage> {
    let mut all: BTreeMap<String, Usage> = BTreeMap::new();
    for path in pages(tree) {
        let Some((_, body)) = split_front(&tree.texts[&path]) else {
            continue;
        };
        for part in calls::parts(body, known) {
            match part {
                Part::Inline(call) => all.entry(call.name.clone()).or_default().add(&call),
                Part::Open(call) => {
                    let usage = all.entry(call.name.clone()).or_default();
                    usage.add(&call);
                    usage.add_body(body);
                }
                Part::Text(_) | Part::Close(_) => {}
            }
        }
    }
    all
}

fn pages(tree: &Tree) -> Vec<String> {
    let mut paths = tree.texts_under("content/");
    paths.retain(|path| path.ends_with(".md"));
    paths
}

fn templates(
    tree: &mut Tree,
    names: &BTreeMap<String, String>,
    definitions: &BTreeMap<String, String>,
    usage: &BTreeMap<String, Usage>,
    findings: &mut Findings,
) {
    let texts = names
        .iter()
        .map(|(name, path)| (name.clone(), tree.texts[path].as_str()));
    let macros = MacroNames::of(&texts.collect());
    let exists = |name: &str| {
        let ending = format!("/templates/{name}");
        names.contains_key(name) || names.keys().any(|one| one.ends_with(&ending))
    };
    let (none, unused) = (BTreeSet::new(), Usage::default());
    let mut changed: Vec<(String, String, String)> = Vec::new();
    for (name, path) in names {
        let text = &tree.texts[path];
        if text.len() > MAX_TEMPLATE_BYTES {
            findings.left(
                path,
                None,
                "this template is longer than 1 MB",
                "Rewrite it by hand",
            );
            continue;
        }
        let template = Template {
            file: path,
            name,
            macros: &macros,
            exists: &exists,
            optional: &none,
            with_default: &none,
        };
        let shortcode = shortcode_of(path);
        let is_kept = shortcode.is_some_and(|name| definitions.get(name) == Some(path));
        let (new_path, new) = match shortcode {
            Some(shortcode) if is_kept || hidden_by_site(shortcode, path, definitions) => {
                let usage = usage.get(shortcode).unwrap_or(&unused);
                let is_html = path.ends_with(".html");
                let new =
                    shortcodes::component(shortcode, text, is_html, usage, &template, findings);
                (component_path(path, shortcode, tree), new)
            }
            _ => (path.clone(), template::rewrite(text, &template, findings)),
        };
        changed.push((path.clone(), new_path, new));
    }
    for (path, new_path, new) in changed {
        tree.rename(&path, &new_path);
        tree.texts.insert(new_path, new);
    }
}

/// A theme's component of a name gives way to the site's by itself.
fn hidden_by_site(name: &str, path: &str, definitions: &BTreeMap<String, String>) -> bool {
    definitions
        .get(name)
        .is_some_and(|first| root_of(first) != root_of(path))
}

fn component_path(path: &str, name: &str, tree: &Tree) -> String {
    let extension = if path.ends_with(".md") { "md" } else { "html" };
    let new = format!("{}templates/components/{name}.{extension}", root_of(path));
    if tree.contains(&new) {
        path.to_owned()
    } else {
        new
    }
}

/// Rewrites the pages. Returns those that show braces and are no templates.
fn bodies(
    tree: &mut Tree,
    known: &BTreeSet<String>,
    counted: &BTreeSet<String>,
    findings: &mut Findings,
) -> Vec<String> {
    let mut skipped = Vec::new();
    for path in pages(tree) {
        let text = tree.texts[&path].clone();
        let Some((front, body)) = split_front(&text) else {
            continue;
        };
        let is_section = path
            .rsplit('/')
            .next()
            .is_some_and(|name| name.starts_with("_index."));
        let front = if is_section {
            config::section_keys(&path, front, findings)
        } else {
            front.to_owned()
        };
        let new = body::rewrite(body, known, counted);
        for _ in 0..new.calls {
            findings.changed("calls of shortcodes, now of components");
        }
        for _ in 0..new.protected {
            findings.changed("braces that are no template, now in {% raw %}");
        }
        if new.must_be_skipped {
            skipped.push(path["content/".len()..].to_owned());
            list_unknown_calls(&path, &text, body, findings);
        }
        tree.texts.insert(path, format!("{front}{}", new.text));
    }
    skipped
}

/// What looks like a call of a shortcode that is nowhere: Zola would not have built the page.
fn list_unknown_calls(path: &str, text: &str, body: &str, findings: &mut Findings) {
    let lines = Lines::of(text);
    let mut fence = false;
    let mut offset = text.len() - body.len();
    for line in body.split_inclusive('\n') {
        let trimmed = line.trim_start();
        fence ^= trimmed.starts_with("```") || trimmed.starts_with("~~~");
        let call = line.find("{{ ").filter(|_| !fence && !line.contains('`'));
        if let Some(at) = call
            && let Some((name, _)) = line[at + 3..].split_once('(')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.is_empty()
        {
            let reason = format!("there is no shortcode `{name}`");
            let action = "Define a component of that name, or leave the text as it is";
            findings.left(path, lines.line(offset + at), reason, action);
        }
        offset += line.len();
    }
}
