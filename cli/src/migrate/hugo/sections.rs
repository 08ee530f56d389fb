//! Sections: how they are sorted, and those that Hugo made by itself.

use super::Page;
use super::config::{self, Site};
use super::paths::folder_and_name;
use super::value::{self, table_text};
use crate::migrate::findings::Findings;
use crate::migrate::tree::Tree;
use quillfront_site::dates::Date;
use quillfront_site::front_matter::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Folder and language to how its pages can be sorted.
pub type Sections = BTreeMap<(String, String), &'static str>;

/// A page that cannot be sorted is not published, so the key is one that all of them have.
pub fn sections(pages: &[Page]) -> Sections {
    let mut all: BTreeMap<(String, String), Vec<&Page>> = BTreeMap::new();
    for page in pages {
        let (folder, name) = folder_and_name(&page.logical);
        for folder in ["", folder] {
            all.entry((folder.to_owned(), page.lang.clone()))
                .or_default();
        }
        // The folders above list it too, as far as those between are not sections themselves.
        let mut above = folder;
        while !name.is_empty() {
            all.entry((above.to_owned(), page.lang.clone()))
                .or_default()
                .push(page);
            match above.rsplit_once('/') {
                Some((parent, _)) => above = parent,
                None => break,
            }
        }
    }
    let sort = |pages: Vec<&Page>| {
        let all_have = |key: &str| {
            let fits = |value: &Value| match (key, value) {
                ("date", Value::Text(text)) => Date::parse(text).is_some(),
                (_, value) => *value != Value::Null,
            };
            let keys = |page: &&Page| {
                page.front
                    .keys
                    .iter()
                    .any(|(one, value)| one == key && fits(value))
            };
            pages.iter().all(keys)
        };
        match pages.is_empty() {
            true => "none",
            false if all_have("weight") => "weight",
            false if all_have("date") => "date",
            false if all_have("title") => "title",
            false => "none",
        }
    };
    all.into_iter()
        .map(|(key, pages)| (key, sort(pages)))
        .collect()
}

pub fn listing(sections: &Sections, folder: &str, lang: &str, site: &Site) -> Vec<(String, Value)> {
    let key = (folder.to_owned(), lang.to_owned());
    let sort = sections.get(&key).copied().unwrap_or("none");
    if sort == "none" {
        return Vec::new();
    }
    let mut entries = vec![("sort_by".to_owned(), Value::Text(sort.to_owned()))];
    if sort == "date" && !folder.is_empty() {
        entries.push(("paginate_by".to_owned(), Value::Integer(site.pager_size)));
    }
    entries
}

/// The section whose newest pages the front page shows.
pub fn newest(sections: &Sections, lang: &str, site: &Site) -> Option<(String, Value)> {
    let is_there = |folder: &&str| sections.contains_key(&((*folder).to_owned(), lang.to_owned()));
    let main = site
        .params
        .as_ref()
        .and_then(|params| config::under(params, "mainsections"));
    let first = match main {
        Some(Value::Array(items)) => items.first().and_then(config::text),
        Some(value) => config::text(value),
        None => None,
    };
    let folder = first
        .into_iter()
        .chain(["posts", "post", "blog"])
        .find(is_there)?;
    let mark = if lang == site.languages[0].0 {
        String::new()
    } else {
        format!(".{lang}")
    };
    Some((
        "latest".to_owned(),
        Value::Text(format!("{folder}/_index{mark}.md")),
    ))
}

/// Hugo makes a list for every folder at the top, and takes what is below into it.
pub fn missing_sections(
    tree: &mut Tree,
    there: &BTreeSet<String>,
    sections: &Sections,
    site: &Site,
    findings: &mut Findings,
) {
    for (folder, lang) in sections.keys() {
        let mark = if *lang == site.languages[0].0 {
            String::new()
        } else {
            format!(".{lang}")
        };
        let at = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let path = format!("content/{at}_index{mark}.md");
        let is_bundle = tree.contains(&format!("content/{at}index{mark}.md"));
        if is_bundle {
            let reason = "a folder with index.md and other pages in it";
            let action = "Move the other pages out; here they would be published as separate pages";
            findings.left(&format!("content/{folder}"), None, reason, action);
            continue;
        }
        if there.contains(&path) {
            continue;
        }
        let name = folder.rsplit('/').next().unwrap_or(folder);
        let mut entries = listing(sections, folder, lang, site);
        if folder.contains('/') {
            entries.retain(|(key, _)| key == "sort_by");
            entries.push(("transparent".to_owned(), Value::Bool(true)));
            entries.push(("render".to_owned(), Value::Bool(false)));
        } else if !folder.is_empty() {
            let mut title = name.replace(['-', '_'], " ");
            if let Some(first) = title.chars().next() {
                title.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
            }
            entries.insert(0, ("title".to_owned(), Value::Text(title)));
        } else {
            let extra = newest(sections, lang, site);
            let title = table_text(&site.keys, "title")
                .unwrap_or_default()
                .to_owned();
            entries.insert(0, ("title".to_owned(), Value::Text(title)));
            entries.extend(extra.map(|one| ("extra".to_owned(), Value::Table(vec![one]))));
        }
        tree.texts
            .insert(path, format!("+++\n{}+++\n", value::to_toml(&entries)));
        findings.changed("sections that Hugo created implicitly");
    }
}
