//! From Hugo.
//!
//! 1. [`config`]: what the site is called, its languages, taxonomies, addresses and menus;
//! 2. [`places`]: files take the names that they have here; the folders that are of no use are
//!    listed;
//! 3. [`front`] (by [`keys`]) and [`paths`]: each page's head, and the address that it keeps;
//! 4. [`body`]: each page's text ([`calls`], [`expand`], [`links`], [`code`]);
//! 5. [`sections`]: those that Hugo made by itself are written; and [`settings`], the configuration.
//!
//! Layouts are programs in another language; the site gets the bundled theme instead.

mod body;
mod calls;
mod code;
mod config;
mod expand;
mod front;
mod keys;
mod links;
mod paths;
mod places;
mod sections;
mod settings;
#[cfg(test)]
mod tests;
mod value;

pub use config::CONFIG_FILES;

use super::edits::line_of;
use super::findings::Findings;
use super::tree::Tree;
use config::Site;
use front::{Context, Front};
use keys::MenuEntry;
use links::Pages;
use paths::{PageFacts, folder_and_name};
use quillfront_site::dates::Date;
use quillfront_site::front_matter::Value;
use quillfront_site::slugs::{SlugMode, slugify_path};
use sections::{Sections, listing, newest};
use std::collections::{BTreeMap, BTreeSet};
use value::table_text;

/// A page that was read.
struct Page {
    /// The file, relative to the site.
    path: String,
    /// Relative to `content/`, without the language.
    logical: String,
    lang: String,
    front: Front,
    /// The address, without slashes around it.
    url: String,
}

/// Rewrites a site.
pub fn migrate(tree: &mut Tree, findings: &mut Findings) {
    let site = config::read(tree, findings);
    findings.changed("configurations");
    let has_sass = places::folders(tree, findings);
    places::names(tree, &site, findings);
    let pages = read(tree, &site, findings);
    let by_lang = site.languages.iter().map(|(lang, _)| {
        let of_lang = pages.iter().filter(|page| page.lang == *lang);
        let files = of_lang.map(|page| (page.logical.as_str(), &page.path["content/".len()..]));
        (lang.as_str(), Pages::new(files))
    });
    let links: BTreeMap<&str, Pages> = by_lang.collect();
    let urls: BTreeMap<String, String> = pages
        .iter()
        .map(|page| (page.path["content/".len()..].to_owned(), page.url.clone()))
        .collect();
    let sections = sections::sections(&pages);
    let (mut menus, mut skipped, mut components) = (Vec::new(), Vec::new(), BTreeSet::new());
    let nothing = Value::empty_table();
    let mut there = BTreeSet::new();
    for page in pages {
        let text = tree.texts[&page.path].clone();
        let body_text = &text[page.front.body_start..];
        let around = body::Page {
            file: &page.path,
            first_line: line_of(&text, page.front.body_start),
            folder: folder_of(&page.logical),
            pages: &links[page.lang.as_str()],
            urls: &urls,
            front: &page.front.keys,
            params: site.params.as_ref().unwrap_or(&nothing),
        };
        let body = body::rewrite(body_text, &around, findings);
        components.extend(body.components);
        if body.must_be_skipped {
            skipped.push(page.path["content/".len()..].to_owned());
        }
        there.insert(page.path.clone());
        let (head, entries) = head(page, &site, &sections, findings);
        menus.extend(entries.1);
        tree.texts.insert(entries.0, format!("{head}{}", body.text));
    }
    sections::missing_sections(tree, &there, &sections, &site, findings);
    if !components.is_empty() {
        let used = body::COMPONENTS
            .iter()
            .filter(|(name, _)| components.contains(name));
        let file: String = used.map(|(_, text)| *text).collect();
        tree.texts
            .insert("templates/components/hugo.html".to_owned(), file);
    }
    let text = settings::write(&site, menus, skipped, has_sass);
    tree.texts.insert("config.toml".to_owned(), text);
    let action = "Give feed readers the new address, or redirect the old one";
    findings.left(
        "config.toml",
        None,
        "the feed was /index.xml and is /atom.xml",
        action,
    );
}

/// Reads all pages, and finds their addresses.
fn read(tree: &Tree, site: &Site, findings: &mut Findings) -> Vec<Page> {
    let mut pages = Vec::new();
    for path in tree.texts_under("content/") {
        if !path.ends_with(".md") {
            continue;
        }
        let front = match front::read(&tree.texts[&path]) {
            Ok(front) => front,
            Err(reason) => {
                findings.left(&path, 1, reason, "Fix the front matter, and migrate again");
                continue;
            }
        };
        if front.has_comments {
            findings.left(
                &path,
                1,
                "the front matter had comments",
                "Write them again, if you need them",
            );
        }
        let (logical, lang) = without_language(&path["content/".len()..], site);
        let date = table_text(&front.keys, "date").and_then(Date::parse);
        let facts = PageFacts {
            relative: &logical,
            slug: table_text(&front.keys, "slug"),
            url: table_text(&front.keys, "url"),
            title: table_text(&front.keys, "title"),
            date,
        };
        let url = paths::url(&facts, &site.permalinks).unwrap_or_else(|reason| {
            let action = "Set `path` in the page";
            findings.left(
                &path,
                None,
                format!("its address is not known: {reason}"),
                action,
            );
            paths::url(&facts, &BTreeMap::new()).unwrap_or_default()
        });
        if url.ends_with(".html") {
            let action = "Keep the old address as an alias";
            findings.left(
                &path,
                None,
                format!("its address was /{url}; addresses end with / here"),
                action,
            );
        }
        pages.push(Page {
            path,
            logical,
            lang,
            front,
            url,
        });
    }
    pages
}

/// `posts/a.fr.md` is `posts/a.md` in `fr`.
fn without_language(relative: &str, site: &Site) -> (String, String) {
    let stem = relative.strip_suffix(".md").unwrap_or(relative);
    for (code, _) in site.languages.iter().skip(1) {
        if let Some(stem) = stem.strip_suffix(&format!(".{code}")) {
            return (format!("{stem}.md"), code.clone());
        }
    }
    (relative.to_owned(), site.languages[0].0.clone())
}

fn folder_of(logical: &str) -> &str {
    let (folder, name) = folder_and_name(logical);
    if name.is_empty() {
        folder
    } else {
        logical.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// The new head of a page, its file, and the menu entries in it.
fn head(
    page: Page,
    site: &Site,
    sections: &Sections,
    findings: &mut Findings,
) -> (String, (String, Vec<MenuEntry>)) {
    let (folder, name) = folder_and_name(&page.logical);
    let is_section = name.is_empty();
    let mut add = Vec::new();
    let mut add_extra = Vec::new();
    if is_section {
        add.extend(listing(sections, folder, &page.lang, site));
        if folder.is_empty() {
            add_extra.extend(newest(sections, &page.lang, site));
        }
    } else {
        let prefix = if page.lang == site.languages[0].0 {
            String::new()
        } else {
            format!("{}/", page.lang)
        };
        let own = own_address(folder, name);
        if own != page.url || prefix_is_date(name) {
            add.push((
                "path".to_owned(),
                Value::Text(format!("{prefix}{}", page.url)),
            ));
            findings.changed("addresses that are kept with `path`");
        }
    }
    let context = Context {
        file: &page.path,
        taxonomies: &site.taxonomies,
        is_section,
        add,
        add_extra,
        url: page.url.clone(),
    };
    findings.changed("front matter");
    let written = front::write(page.front.keys, &context, findings);
    (written.text, (page.path, written.menus))
}

/// The address that the page has here without a word in it.
fn own_address(folder: &str, name: &str) -> String {
    let parts = folder
        .split('/')
        .chain([name])
        .filter(|part| !part.is_empty());
    let slugs: Vec<String> = parts.map(|part| slugify_path(part, SlugMode::On)).collect();
    slugs.join("/")
}

/// A date at the head of a name is taken out of the address here; Hugo left it in.
fn prefix_is_date(name: &str) -> bool {
    let (Some(day), Some(sign)) = (name.get(..10), name.as_bytes().get(10)) else {
        return false;
    };
    Date::parse(day).is_some() && matches!(sign, b'-' | b'_' | b'T' | b' ')
}
