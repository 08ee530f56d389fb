//! Which templates cannot be part of the set, and why.

use super::{BUILTIN_PREFIX, STUB, add_or_mend, engine, finder};
use crate::render::explain::{TemplateError, parse_report};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_templates::meter;
use std::collections::{BTreeMap, BTreeSet};
use tera::ErrorKind;

/// The templates that call very much that does not exist, with the line and the name of the first.
pub(super) fn with_many_unknown(set: &BTreeMap<String, String>) -> Vec<(String, (u32, String))> {
    let components = set
        .values()
        .flat_map(|text| meter::components(text))
        .collect();
    let tera = engine();
    let found = set.iter().filter_map(|(name, text)| {
        let found = meter::many_unknown(text, &tera, &components)?;
        Some((name.clone(), found))
    });
    found.collect()
}

/// Templates that extend or include one another in a row. The engine goes down its stack for each,
/// and an overflow would end the whole process.
pub(super) const MAX_CHAIN: usize = 64;

/// The templates at the head of chains longer than [`MAX_CHAIN`], if there are so many of them that
/// the engine cannot follow. It reports short circles better than this could.
pub(super) fn in_long_chains(set: &BTreeMap<String, String>, theme: Option<&str>) -> Vec<String> {
    let find = finder(set, theme);
    let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, text) in set {
        let named = meter::named_templates(text).into_iter();
        uses.insert(name, named.filter_map(|named| find(&named.name)).collect());
    }
    // Each round leaves out those whose chains end sooner.
    let mut heads: BTreeSet<&str> = uses.keys().copied().collect();
    for _ in 0..MAX_CHAIN {
        let goes_on = |name: &&str| uses[name].iter().any(|used| heads.contains(used));
        heads = heads.iter().copied().filter(goes_on).collect();
    }
    if heads.len() <= MAX_CHAIN {
        return Vec::new();
    }
    heads.into_iter().map(str::to_owned).collect()
}

/// The templates that include themselves by way of `super()`. What is included renders its own
/// blocks; with `super()` also those of what it extends, and what these include. The engine looks at
/// includes alone, and would go down its stack for ever.
pub(super) fn in_circles_by_super(
    set: &BTreeMap<String, String>,
    theme: Option<&str>,
) -> Vec<String> {
    let calls = |text: &str| meter::first_super(text).is_some();
    if !set.values().any(|text| calls(text)) {
        return Vec::new();
    }
    let find = finder(set, theme);
    let mut parents: BTreeMap<&str, &str> = BTreeMap::new();
    let mut includes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, text) in set {
        let own = includes.entry(name).or_default();
        for named in meter::named_templates(text) {
            match (named.word, find(&named.name)) {
                ("extends", Some(parent)) => {
                    parents.insert(name, parent);
                }
                (_, Some(included)) => {
                    own.insert(included);
                }
                (_, None) => {}
            }
        }
    }
    let mut runs = includes.clone();
    for (name, runs) in runs.iter_mut().filter(|(name, _)| calls(&set[**name])) {
        // The engine has found that it does not extend itself.
        let mut above = parents.get(name);
        while let Some(parent) = above {
            runs.extend(&includes[parent]);
            above = parents.get(parent);
        }
    }
    // What leads nowhere and what nothing leads to is left out until only circles are there, and
    // what is between them.
    let mut left: BTreeSet<&str> = runs.keys().copied().collect();
    loop {
        let before = left.len();
        let led_to: BTreeSet<&str> = left.iter().flat_map(|name| &runs[name]).copied().collect();
        let leads = |name: &&str| runs[name].iter().any(|run| left.contains(run));
        left = left
            .iter()
            .copied()
            .filter(|name| led_to.contains(name) && leads(name))
            .collect();
        if left.len() == before {
            break;
        }
    }
    let circling = left.into_iter().filter(|name| calls(&set[*name]));
    circling.map(str::to_owned).collect()
}

/// The broken template that a text extends or includes, if it does one.
pub(super) fn uses_broken<'a>(
    text: &str,
    broken: &'a BTreeMap<String, Diagnostic>,
) -> Option<&'a String> {
    let named = meter::named_templates(text).into_iter();
    let mut found = named.filter_map(|named| broken.get_key_value(&*named.name));
    found.next().map(|(name, _)| name)
}

/// The templates that an error of the whole set is about. An error that names none costs the site's
/// own templates, one by one, until the rest stands.
pub(super) fn culprits(
    error: &tera::Error,
    set: &BTreeMap<String, String>,
    prefixes: &[String],
) -> Vec<(String, TemplateError)> {
    let plain = |name: &str, message: String| TemplateError::plain(Some(name), message);
    let about_tag = |name: &String, message: String, tag: &str, others: &[String]| {
        let text = set.get(name).map_or("", String::as_str);
        let error = plain(name, message).at_tag(text, tag, others);
        (name.clone(), error)
    };
    let mut found: Vec<(String, TemplateError)> = match error.kind() {
        ErrorKind::MissingParent { current, parent } => {
            let message = format!("extends `{parent}`, which does not exist");
            let mut told = about_tag(current, message, "extends", std::slice::from_ref(parent));
            told.1.hint = Some(add_or_mend(parent, set.keys()));
            vec![told]
        }
        ErrorKind::CircularExtend {
            tpl,
            inheritance_chain: chain,
        } => {
            let message = format!("extends itself: {}", chain.join(" -> "));
            vec![about_tag(tpl, message, "extends", chain)]
        }
        ErrorKind::CircularInclude {
            tpl,
            include_chain: chain,
        } => {
            let message = format!("includes itself: {}", chain.join(" -> "));
            vec![about_tag(tpl, message, "include", chain)]
        }
        _ => {
            let text = error.to_string();
            let mut list: Vec<(String, TemplateError)> = text
                .split("\n\n")
                .map(parse_report)
                .filter_map(|error| Some((error.template.clone()?, error)))
                .collect();
            // They come in the order of a hash map; of each template the first is told.
            list.sort_by(|(_, one), (_, other)| one.cmp(other));
            list.dedup_by(|(one, _), (other, _)| one == other);
            if list.is_empty() && text.starts_with("Component `") {
                list = defined_again(set, prefixes);
            }
            list
        }
    };
    let is_own = |name: &str| {
        !name.starts_with(BUILTIN_PREFIX) && set.get(name).is_some_and(|text| text != STUB)
    };
    found.retain(|(name, _)| is_own(name));
    if found.is_empty() {
        let own = set.keys().rev().find(|name| is_own(name));
        found.extend(own.map(|name| (name.clone(), plain(name, error.to_string()))));
    }
    found
}

/// The templates that define a component which another one of the same rank defines already: the later
/// name gives way, with all that it defines. The engine names any one of several.
pub(super) fn defined_again(
    set: &BTreeMap<String, String>,
    prefixes: &[String],
) -> Vec<(String, TemplateError)> {
    let rank = |name: &str| {
        let prefix = prefixes
            .iter()
            .position(|prefix| name.starts_with(prefix.as_str()));
        prefix.map_or(0, |index| index + 1)
    };
    let mut owners: BTreeMap<(usize, &str), &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, text) in set {
        let rank = rank(name);
        let own = meter::defined_components(text);
        let twice = own.iter().find_map(|(component, line)| {
            let owner = owners.get(&(rank, *component))?;
            Some((component, owner, line))
        });
        let Some((component, owner, line)) = twice else {
            let own = own.into_iter().map(|(component, _)| component);
            owners.extend(own.map(|component| ((rank, component), name.as_str())));
            continue;
        };
        let message = format!("Component `{component}` is defined in both `{owner}` and `{name}`");
        let mut error = TemplateError::plain(Some(name), message);
        error.line = Some(*line);
        found.push((name.clone(), error));
    }
    found
}
