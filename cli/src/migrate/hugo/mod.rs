//! From Hugo.
//!
//! 1. [`config`]: what the site is called, its languages, taxonomies, addresses and menus;
//! 2. files take the names that they have here; folders that Quillfront has no use for are listed;
//! 3. [`front`] and [`paths`]: each page's head, and the address that it keeps;
//! 4. [`body`], [`calls`] and [`links`]: each page's text;
//! 5. sections that Hugo made by itself are written, and the configuration.
//!
//! Layouts are programs in another language; the site gets the bundled theme instead.

mod body;
mod calls;
mod config;
mod front;
mod links;
mod paths;
#[cfg(test)]
mod tests;
mod value;

pub use config::CONFIG_FILES;

use super::edits::line_of;
use super::findings::Findings;
use super::tree::Tree;
use config::Site;
use front::{Context, Front, MenuEntry};
use links::Pages;
use paths::{PageFacts, folder_and_name};
use quillfront_builder::dates::Date;
use quillfront_builder::front_matter::Value;
use quillfront_builder::slugs::{SlugMode, slugify_path};
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
    let has_sass = folders(tree, findings);
    names(tree, &site, findings);
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
    let sections = sections(&pages);
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
    missing_sections(tree, &there, &sections, &site, findings);
    if !components.is_empty() {
        let used = body::COMPONENTS
            .iter()
            .filter(|(name, _)| components.contains(name));
        let file: String = used.map(|(_, text)| *text).collect();
        tree.texts
            .insert("templates/components/hugo.html".to_owned(), file);
    }
    let text = config::write(&site, menus, skipped, has_sass);
    tree.texts.insert("config.toml".to_owned(), text);
    let action = "Give feed readers the new address, or redirect the old one";
    findings.left(
        "config.toml",
        None,
        "the feed was /index.xml and is /atom.xml",
        action,
    );
}

/// Puts folders where they belong and lists those that stay behind. True where there is Sass.
fn folders(tree: &mut Tree, findings: &mut Findings) -> bool {
    let mut has_sass = false;
    let mut themes = BTreeSet::new();
    let all: Vec<String> = tree.paths().map(str::to_owned).collect();
    for path in all {
        let (folder, inner) = path.split_once('/').unwrap_or(("", &path));
        match folder {
            "assets" if inner.ends_with(".scss") || inner.ends_with(".sass") => {
                let is_program = tree.texts.get(&path).is_none_or(|text| text.contains("{{"));
                if is_program {
                    let action = "Write the values out, and put the file into sass/";
                    findings.left(&path, None, "a style sheet with Go templates in it", action);
                } else {
                    tree.rename(&path, &format!("sass/{inner}"));
                    findings.changed("style sheets, now in sass/");
                    has_sass = true;
                }
            }
            "assets" => {
                let action = "Put it into static/ and link it, or read it in a template";
                findings.left(&path, None, "a resource that layouts process", action);
            }
            "layouts" => {
                drop_file(tree, &path);
                let action = "Write a template for Tera, or take what the theme has";
                findings.left(&path, None, "a layout; it was not copied", action);
            }
            "archetypes" => {
                drop_file(tree, &path);
                findings.left(
                    "archetypes",
                    None,
                    "forms for new pages; they were not copied",
                    "Copy a page instead",
                );
            }
            "i18n" => {
                let action = "Write the texts into [translations] and [languages.….translations]";
                findings.left(&path, None, "translations for layouts", action);
            }
            "themes" => {
                drop_file(tree, &path);
                themes.insert(inner.split('/').next().unwrap_or(inner).to_owned());
            }
            "content" if is_other_markup(inner) => {
                let action = "Convert it to Markdown with front matter";
                findings.left(
                    &path,
                    None,
                    "a page that is not Markdown; it is published as it is",
                    action,
                );
            }
            _ => {}
        }
    }
    for theme in themes {
        let action = "The site has the theme quill; port the other, or write templates";
        findings.left(
            &format!("themes/{theme}"),
            None,
            "a theme of Hugo's; it was not copied",
            action,
        );
    }
    has_sass
}

fn drop_file(tree: &mut Tree, path: &str) {
    tree.texts.remove(path);
    tree.copies.remove(path);
}

fn is_other_markup(path: &str) -> bool {
    [
        ".html",
        ".htm",
        ".org",
        ".adoc",
        ".asciidoc",
        ".rst",
        ".pdc",
    ]
    .iter()
    .any(|end| path.ends_with(end))
}

/// Files of content take the names that they have here: `.md`, and the language before it.
fn names(tree: &mut Tree, site: &Site, findings: &mut Findings) {
    let default = &site.languages[0].0;
    let all: Vec<String> = tree.paths().map(str::to_owned).collect();
    for path in all {
        let mut new = path.clone();
        let mut lang = default;
        for (code, folder) in &site.languages {
            let folder = folder
                .as_deref()
                .map(|folder| format!("{}/", folder.trim_matches('/')));
            let Some(rest) = folder
                .as_deref()
                .and_then(|folder| path.strip_prefix(folder))
            else {
                continue;
            };
            lang = code;
            new = format!("content/{rest}");
        }
        if !new.starts_with("content/") {
            continue;
        }
        for ending in [".markdown", ".mdown"] {
            if let Some(stem) = new.strip_suffix(ending) {
                new = format!("{stem}.md");
            }
        }
        if let Some(stem) = new.strip_suffix(".md") {
            // The default language has no mark here.
            let stem = stem.strip_suffix(&format!(".{default}")).unwrap_or(stem);
            let mark = if lang == default {
                String::new()
            } else {
                format!(".{lang}")
            };
            let marked = site
                .languages
                .iter()
                .any(|(code, _)| stem.ends_with(&format!(".{code}")));
            new = if marked {
                format!("{stem}.md")
            } else {
                format!("{stem}{mark}.md")
            };
        }
        if new == path {
            continue;
        }
        if tree.contains(&new) {
            let reason = format!("{new} is there already");
            findings.left(&path, None, reason, "Keep one of the two");
            continue;
        }
        tree.rename(&path, &new);
        findings.changed("files with another name");
    }
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
                findings.left(&path, 1, reason, "Mend the front matter, and migrate again");
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

/// Folder and language to how its pages can be sorted.
type Sections = BTreeMap<(String, String), &'static str>;

/// A page that cannot be sorted is not published, so the key is one that all of them have.
fn sections(pages: &[Page]) -> Sections {
    let mut all: BTreeMap<(String, String), Vec<&Page>> = BTreeMap::new();
    for page in pages {
        let (folder, name) = folder_and_name(&page.logical);
        all.entry((folder.to_owned(), page.lang.clone()))
            .or_default();
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

fn listing(sections: &Sections, folder: &str, lang: &str, site: &Site) -> Vec<(String, Value)> {
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
fn newest(sections: &Sections, lang: &str, site: &Site) -> Option<(String, Value)> {
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
fn missing_sections(
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
            let action = "Move the other pages out: here they would be published for themselves";
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
        findings.changed("sections that Hugo made by itself");
    }
}
