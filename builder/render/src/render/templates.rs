//! The site's templates as one Tera engine (site model, section 8).
//!
//! A name is looked up among the site's templates, then the theme's, then the built-in ones.
//! A template that cannot be part of the set (its parent is missing, it includes itself, it
//! calls a filter that does not exist) is replaced by one that always fails, with a diagnostic, so
//! that the outputs that need it fail and no others, and none falls back to the theme unnoticed.

mod faults;
mod meters;

use super::explain::{TemplateError, explain};
use super::readers::Readers;
use super::{filters, functions};
use faults::{
    MAX_CHAIN, culprits, in_circles_by_super, in_long_chains, uses_broken, with_many_unknown,
};
use meters::Meters;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::front_matter::nearest;
use quillfront_site::key::Role;
use quillfront_site::source::Sources;
use quillfront_templates::meter::{self};
use std::collections::{BTreeMap, BTreeSet};
use tera::{ErrorKind, Tera};

/// Prefix of the built-in templates; a site's template may extend or include them by it.
pub const BUILTIN_PREFIX: &str = "__zola_builtins/";

const BUILTINS: &[(&str, &str)] = &[
    ("404.html", include_str!("builtins/404.html")),
    (
        "anchor-link.html",
        include_str!("builtins/anchor-link.html"),
    ),
    ("atom.xml", include_str!("builtins/atom.xml")),
    (
        "internal/alias.html",
        include_str!("builtins/internal/alias.html"),
    ),
    (
        "placeholder.html",
        include_str!("builtins/placeholder.html"),
    ),
    ("robots.txt", include_str!("builtins/robots.txt")),
    ("rss.xml", include_str!("builtins/rss.xml")),
    ("sitemap.xml", include_str!("builtins/sitemap.xml")),
    (
        "split_sitemap_index.xml",
        include_str!("builtins/split_sitemap_index.xml"),
    ),
    (
        "summary-cutoff.html",
        include_str!("builtins/summary-cutoff.html"),
    ),
];

/// The engine, and why some templates in it always fail.
pub struct Templates {
    /// The engine.
    pub tera: Tera,
    /// Template name to what is wrong with it.
    pub broken: BTreeMap<String, Diagnostic>,
    /// All names, the broken ones included.
    names: BTreeSet<String>,
    /// What they read.
    pub readers: Readers,
    meters: Meters,
}

impl Templates {
    /// The engine over the effective templates of a site with `theme`.
    pub fn load(sources: &Sources, theme: Option<&str>) -> Self {
        let mut set: BTreeMap<String, String> = BTreeMap::new();
        for (name, text) in BUILTINS {
            set.insert(format!("{BUILTIN_PREFIX}{name}"), (*text).to_owned());
        }
        if let Some(theme) = theme {
            let prefix = format!("themes/{theme}/templates/");
            for (key, _) in sources.under(&prefix) {
                if let Some(text) = sources.text(key.as_str()) {
                    let inner = &key.as_str()[prefix.len()..];
                    set.insert(format!("{theme}/templates/{inner}"), without_bom(text));
                }
            }
        }
        for (key, _) in sources.under("templates/") {
            if let (Role::Template, Some(text)) = (key.role(), sources.text(key.as_str())) {
                set.insert(
                    key.as_str()["templates/".len()..].to_owned(),
                    without_bom(text),
                );
            }
        }
        Self::assemble(set, theme)
    }

    fn assemble(mut set: BTreeMap<String, String>, theme: Option<&str>) -> Self {
        let mut broken = BTreeMap::new();
        for name in in_long_chains(&set, theme) {
            let message = format!(
                "this is one of more than {MAX_CHAIN} templates that extend or include one another in a row"
            );
            let error = TemplateError::plain(Some(&name), message);
            let problem = about(source_of(&name, theme), error);
            set.insert(name.clone(), STUB.to_owned());
            broken.insert(name, problem);
        }
        for (name, (line, message)) in with_many_unknown(&set) {
            let mut error = TemplateError::plain(Some(&name), message);
            error.line = Some(line);
            set.insert(name.clone(), STUB.to_owned());
            broken.insert(name.clone(), about(source_of(&name, theme), error));
        }
        let meters = Meters::new(&set, theme);
        loop {
            let metered = set
                .iter()
                .map(|(name, text)| (name, meters.metered(name, text).text));
            let mut tera = engine();
            let mut prefixes: Vec<String> = theme
                .map(|theme| format!("{theme}/templates/"))
                .into_iter()
                .collect();
            prefixes.push(BUILTIN_PREFIX.to_owned());
            let added = tera
                .set_fallback_prefixes(prefixes.clone())
                .and_then(|()| tera.add_raw_templates(metered));
            let Err(error) = added else {
                let circling = in_circles_by_super(&set, theme);
                if !circling.is_empty() {
                    for name in circling {
                        let message =
                            "includes itself: its `super()` renders a block that includes it";
                        let hint = "remove the `super()`, or the `include` from what it extends";
                        let mut error = TemplateError::plain(Some(&name), message.to_owned());
                        error.line = meter::first_super(&set[&name]);
                        error.hint = Some(hint.to_owned());
                        set.insert(name.clone(), STUB.to_owned());
                        broken.insert(name.clone(), about(source_of(&name, theme), error));
                    }
                    continue;
                }
                return Self {
                    tera,
                    broken,
                    names: set.keys().cloned().collect(),
                    readers: Readers::new(set, prefixes, meters.kept.clone()),
                    meters,
                };
            };
            let found = culprits(&error, &set, &prefixes);
            if found.is_empty() {
                // Not even the built-in templates stand; every output says that it has none.
                return Self {
                    tera: engine(),
                    broken,
                    names: BTreeSet::new(),
                    readers: Readers::default(),
                    meters,
                };
            }
            for (name, mut problem) in found {
                meters.map_back(&mut problem, &name, &set[&name]);
                let mut problem = problem.at_open_tag(&set[&name]);
                if let Some(used) = uses_broken(&set[&name], &broken) {
                    problem.message = format!("uses `{used}`, which is broken");
                }
                set.insert(name.clone(), STUB.to_owned());
                broken.insert(name.clone(), about(source_of(&name, theme), problem));
            }
        }
    }

    /// The name under which `name` is found, theme and built-in templates included.
    pub fn contains(&self, name: &str) -> bool {
        self.tera.contains_template(name)
    }

    /// The way out where `name` is asked for and there is no such template.
    pub fn add_or_mend(&self, name: &str) -> String {
        add_or_mend(name, self.names.iter())
    }

    /// Tera's error as what it says of the author's texts; `name` is the template that was rendered.
    pub fn explain(&self, error: &tera::Error, name: &str) -> TemplateError {
        let mut explained = explain(error);
        let template = explained.template.as_deref().unwrap_or(name);
        if let Some((template, text)) = self.readers.text_of(template) {
            self.meters.map_back(&mut explained, template, text);
        }
        explained
    }

    /// What is wrong with the template that `name` leads to, if something is.
    pub fn why_broken(&self, name: &str, theme: Option<&str>) -> Option<&Diagnostic> {
        if self.names.contains(name) {
            return self.broken.get(name);
        }
        self.broken.get(&format!("{}/templates/{name}", theme?))
    }
}

/// Full names of templates, by the names that they are asked for with.
fn finder<'a>(
    set: &'a BTreeMap<String, String>,
    theme: Option<&str>,
) -> impl Fn(&str) -> Option<&'a str> {
    let prefixes = [
        String::new(),
        theme.map_or_else(String::new, |theme| format!("{theme}/templates/")),
        BUILTIN_PREFIX.to_owned(),
    ];
    move |name: &str| {
        let mut names = prefixes.iter().map(|prefix| format!("{prefix}{name}"));
        names.find_map(|name| set.get_key_value(&name).map(|(name, _)| name.as_str()))
    }
}

fn add_or_mend<'a>(name: &str, names: impl Iterator<Item = &'a String>) -> String {
    // Endings would make all names alike.
    let parts = |name: &'a str| name.rsplit_once('.').unwrap_or((name, ""));
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let own = names.filter(|one| !one.starts_with(BUILTIN_PREFIX));
    let alike: Vec<&str> = own
        .map(|one| parts(one))
        .filter(|(_, other)| *other == ending)
        .map(|(stem, _)| stem)
        .collect();
    match nearest(stem, &alike) {
        Some(near) => format!("did you mean `{near}.{ending}`? Otherwise add templates/{name}"),
        None => format!("add templates/{name}, or name a different one"),
    }
}

/// What stands in the place of a broken template, so that nothing else is found under its name.
const STUB: &str = "{{ throw(message=\"this template is broken\") }}";

/// A template without the mark that some editors put in front of a text; in a page it would be seen.
fn without_bom(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()
}

/// Checks the syntax of one template by itself. Parents, includes and components may be missing.
///
/// # Errors
/// The first syntax error.
pub fn check_syntax(file: &str, text: &str) -> Result<(), Diagnostic> {
    let text = &without_bom(text);
    meter::check_branches(text).map_err(|(line, message)| {
        let problem = Diagnostic::error("template", file, message);
        problem
            .at(line, None)
            .hint("look the value up in a map instead")
    })?;
    let mut tera = engine();
    match tera.add_raw_template(file, text) {
        Err(error) if matches!(error.kind(), ErrorKind::SyntaxError(_)) => {
            Err(about(file, explain(&error).at_open_tag(text)))
        }
        _ => Ok(()),
    }
}

/// An engine with all filters, tests and functions, and no template.
fn engine() -> Tera {
    let mut tera = Tera::default();
    quillfront_templates::filters::register(&mut tera);
    filters::register(&mut tera);
    functions::register(&mut tera);
    meter::register(&mut tera);
    tera
}

/// The source key of a template name.
pub fn source_of(name: &str, theme: Option<&str>) -> String {
    match theme.and_then(|theme| name.strip_prefix(&format!("{theme}/templates/"))) {
        Some(inner) => format!("themes/{}/templates/{inner}", theme.unwrap_or_default()),
        None => format!("templates/{name}"),
    }
}

/// A template's error as a diagnostic about its file.
pub fn about(file: impl Into<String>, error: TemplateError) -> Diagnostic {
    Diagnostic {
        hint: error.hint,
        ..Diagnostic::error("template", file, error.message).at(error.line, error.column)
    }
}

#[cfg(test)]
mod tests;
