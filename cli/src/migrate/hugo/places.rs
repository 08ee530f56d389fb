//! Files take the places and names that they have here.

use super::config::Site;
use crate::migrate::findings::Findings;
use crate::migrate::tree::Tree;
use std::collections::BTreeSet;

/// Puts folders where they belong and lists those that stay behind. True where there is Sass.
pub fn folders(tree: &mut Tree, findings: &mut Findings) -> bool {
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
                let action = "Write a Tera template, or use what the theme has";
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
        let action = "The site uses the theme quill; port the other, or write templates";
        findings.left(
            &format!("themes/{theme}"),
            None,
            "a Hugo theme; it was not copied",
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
pub fn names(tree: &mut Tree, site: &Site, findings: &mut Findings) {
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
            let reason = format!("{new} already exists");
            findings.left(&path, None, reason, "Keep one of the two");
            continue;
        }
        tree.rename(&path, &new);
        findings.changed("files with another name");
    }
}
