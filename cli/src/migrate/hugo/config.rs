//! Hugo's configuration, as this site model has it (site model, section 3).

use super::value::{of_json, of_toml, of_yaml, table_text};
use crate::migrate::findings::Findings;
use crate::migrate::tree::Tree;
use quillfront_site::front_matter::Value;
use std::collections::BTreeMap;

/// Where Hugo looks for its configuration at the root, first one first.
pub const CONFIG_FILES: [&str; 8] = [
    "hugo.toml",
    "hugo.yaml",
    "hugo.yml",
    "hugo.json",
    "config.toml",
    "config.yaml",
    "config.yml",
    "config.json",
];

/// What the rest of the migration needs to know.
#[derive(Debug, Default)]
pub struct Site {
    /// All keys in lower case, but for those below `params`.
    pub keys: Vec<(String, Value)>,
    /// `params`.
    pub params: Option<Value>,
    /// The languages, the default one first, and their folders of content.
    pub languages: Vec<(String, Option<String>)>,
    /// Taxonomies by their plural.
    pub taxonomies: Vec<String>,
    /// Section to pattern.
    pub permalinks: BTreeMap<String, String>,
    /// Pages on a page of a list.
    pub pager_size: i64,
}

/// What is listed, where the key is there.
const LISTED: [(&str, &str, &str); 11] = [
    (
        "theme",
        "a Hugo theme",
        "The site uses the theme quill; write your own templates, or port the theme",
    ),
    (
        "module",
        "Hugo modules",
        "Copy what the site needs from them",
    ),
    ("outputs", "other output formats", "Use a template for each"),
    (
        "outputformats",
        "other output formats",
        "Use a template for each",
    ),
    (
        "ignorefiles",
        "files to ignore, by regular expression",
        "Write globs into ignored_content",
    ),
    (
        "enablegitinfo",
        "dates from git",
        "Write `updated` into the pages",
    ),
    (
        "uglyurls",
        "addresses that end with .html",
        "Addresses end with / here; keep old ones as aliases",
    ),
    (
        "defaultcontentlanguageinsubdir",
        "the default language in a folder",
        "It is at the root here; keep old addresses as aliases",
    ),
    (
        "related",
        "related content",
        "Use taxonomies or backlinks in a template",
    ),
    (
        "cascade",
        "values for many pages",
        "Write them into the pages",
    ),
    (
        "deployment",
        "deploying",
        "See the manual: quillfront serve, or AWS",
    ),
];

/// Reads the configuration and takes its files out of the tree.
pub fn read(tree: &mut Tree, findings: &mut Findings) -> Site {
    let mut keys: Vec<(String, Value)> = Vec::new();
    let root = CONFIG_FILES
        .iter()
        .find(|file| tree.texts.contains_key(**file));
    let mut files: Vec<String> = root.map(|file| (*file).to_owned()).into_iter().collect();
    files.extend(tree.texts_under("config/_default/"));
    for file in &files {
        let text = &tree.texts[file];
        let parsed = match file.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "toml" => of_toml(text),
            "json" => serde_json::from_str(text)
                .map(of_json)
                .map_err(|error| error.to_string()),
            _ => of_yaml(text),
        };
        match parsed {
            Ok(Value::Table(entries)) => merge(&mut keys, file, entries),
            Ok(_) => findings.left(file, None, "this is not a table", "Write the keys by hand"),
            Err(reason) => findings.left(file, None, reason, "Fix the file, and migrate again"),
        }
    }
    for file in tree.texts_under("config/") {
        if !file.starts_with("config/_default/") {
            findings.left(
                &file,
                None,
                "a configuration for an environment",
                "Pass it with `--config`, or ignore it",
            );
        }
        tree.texts.remove(&file);
    }
    for file in CONFIG_FILES {
        tree.texts.remove(file);
    }
    site(keys, root.copied().unwrap_or("config/_default"), findings)
}

/// `config/_default/params.toml` has what is below `params`; `menus.en.toml` what is below `menus`.
fn merge(keys: &mut Vec<(String, Value)>, file: &str, entries: Vec<(String, Value)>) {
    let stem = file
        .rsplit('/')
        .next()
        .unwrap_or(file)
        .split('.')
        .next()
        .unwrap_or_default();
    let entries = if file.contains('/') && !matches!(stem, "hugo" | "config") {
        vec![(stem.to_owned(), Value::Table(entries))]
    } else {
        entries
    };
    for (key, value) in entries {
        let key = key.to_lowercase();
        let key = if key == "menus" {
            "menu".to_owned()
        } else {
            key
        };
        match (keys.iter_mut().find(|(one, _)| *one == key), value) {
            (Some((_, Value::Table(there))), Value::Table(more)) => there.extend(more),
            (Some((_, there)), value) => *there = value,
            (None, value) => keys.push((key, value)),
        }
    }
}

fn site(keys: Vec<(String, Value)>, file: &str, findings: &mut Findings) -> Site {
    for (key, reason, action) in LISTED {
        let on = keys
            .iter()
            .any(|(one, value)| *one == key && *value != Value::Bool(false));
        if on {
            findings.left(file, None, format!("`{key}`: {reason}"), action);
        }
    }
    let mut site = Site {
        params: get(&keys, "params").cloned(),
        taxonomies: vec!["tags".to_owned(), "categories".to_owned()],
        pager_size: 10,
        ..Site::default()
    };
    if let Some(Value::Table(taxonomies)) = get(&keys, "taxonomies") {
        let plurals = taxonomies.iter().filter_map(|(_, value)| match value {
            Value::Text(plural) => Some(plural.to_lowercase()),
            _ => None,
        });
        site.taxonomies = plurals.collect();
    }
    if let Some(Value::Table(patterns)) = get(&keys, "permalinks") {
        // Newer sites say `page` and `section` first.
        let nested = patterns.iter().find(|(key, _)| key == "page");
        let patterns = match nested {
            Some((_, Value::Table(inner))) => inner,
            _ => patterns,
        };
        for (section, pattern) in patterns {
            match pattern {
                Value::Text(pattern) => {
                    drop(site.permalinks.insert(section.clone(), pattern.clone()))
                }
                _ => findings.left(
                    file,
                    None,
                    format!("`permalinks.{section}` is not a pattern for pages"),
                    "Set `path` in the pages",
                ),
            }
        }
    }
    let pager = get(&keys, "pagination").and_then(|value| under(value, "pagersize"));
    if let Some(Value::Integer(size)) = pager.or_else(|| get(&keys, "paginate")) {
        site.pager_size = (*size).max(1);
    }
    let default = default_language(&keys);
    site.languages.push((default.clone(), None));
    if let Some(Value::Table(languages)) = get(&keys, "languages") {
        for (code, settings) in languages {
            let folder = under(settings, "contentdir")
                .and_then(text)
                .map(str::to_owned);
            match site.languages.iter_mut().find(|(one, _)| one == code) {
                Some((_, there)) => *there = folder,
                None => site.languages.push((code.clone(), folder)),
            }
        }
    }
    site.keys = keys;
    site
}

fn default_language(keys: &[(String, Value)]) -> String {
    let code = table_text(keys, "defaultcontentlanguage").unwrap_or("en");
    code.to_lowercase()
}

/// A key of a table.
pub fn get<'a>(entries: &'a [(String, Value)], key: &str) -> Option<&'a Value> {
    entries
        .iter()
        .find(|(one, _)| one == key)
        .map(|(_, value)| value)
}

/// A key of a table, in any case.
pub fn under<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    let Value::Table(entries) = value else {
        return None;
    };
    entries
        .iter()
        .find(|(one, _)| one.to_lowercase() == key)
        .map(|(_, value)| value)
}

/// A text.
pub fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
