//! Which content files make pages and sections: drafts, and posts whose time has not come, do not.

use super::{Library, collisions};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::facts::{self, Content, LastFolder};
use crate::key::{Role, SourceKey};
use crate::library::absence::DraftFile;
use crate::library::collisions::Loser;
use crate::library::schedule::Schedule;
use crate::source::Sources;
use rayon::prelude::*;
use std::collections::BTreeMap;

pub(super) fn read_content(
    library: &mut Library,
    sources: &Sources,
    config: &Config,
    drafts: bool,
    schedule: Schedule<'_>,
    problems: &mut Vec<Diagnostic>,
) {
    let mut files = Vec::new();
    for (key, source) in sources.under("content/") {
        if config.ignores(key) {
            continue;
        }
        match key.role() {
            Role::Content => {}
            Role::Asset if !is_published_asset(key.name()) => continue,
            Role::Asset => {
                library
                    .assets
                    .entry(key.folder().to_owned())
                    .or_default()
                    .push(key.clone());
                continue;
            }
            _ => continue,
        }
        let Some(head) = &source.head else {
            continue;
        };
        if key.name() == "index.md" && sources.exists(&format!("{}/_index.md", key.folder())) {
            let message = "this folder has both index.md (a page) and _index.md (a section)";
            problems.push(
                Diagnostic::error("content", key.as_str(), message).hint("remove one of the two"),
            );
            continue;
        }
        files.push((key, head));
    }
    let results: Vec<_> = files
        .into_par_iter()
        .map_init(LastFolder::default, |last, (key, head)| {
            facts::read(key, head, config, last)
        })
        .collect();
    let mut read = Vec::with_capacity(results.len());
    for result in results {
        match result {
            Ok(content) => {
                if let Content::Page(page) = &content {
                    problems.extend(page.front.doubts.iter().cloned());
                    problems.extend(facts::stray_translation(
                        page,
                        |key| sources.exists(key),
                        config,
                    ));
                }
                read.push(content);
            }
            Err(found) => problems.push(*found),
        }
    }
    for list in library.assets.values_mut() {
        list.sort_by_key(|key| (key.as_str().to_lowercase(), key.clone()));
    }
    // A draft section hides its folder and all below, in every language. Only the sections that
    // other languages make of the same folder stay.
    let hiding: BTreeMap<String, SourceKey> = read
        .iter()
        .filter_map(|content| match content {
            Content::Section(section) if section.front.draft && !drafts => {
                let place = &section.place;
                Some((place.folders.join("/"), place.key.clone()))
            }
            _ => None,
        })
        .collect();
    let hider = |folders: &[String]| {
        if hiding.is_empty() {
            None
        } else {
            (0..=folders.len()).find_map(|n| hiding.get(&folders[..n].join("/")))
        }
    };
    let mut sections = Vec::new();
    let mut pages = Vec::with_capacity(read.len());
    for content in read {
        match content {
            Content::Page(page) => {
                let itself = page.front.draft && !drafts;
                let section = hider(&page.place.folders).filter(|_| !itself);
                if itself || section.is_some() {
                    let draft = DraftFile::page(&page, section);
                    library
                        .drafts
                        .insert(page.place.relative().to_owned(), draft);
                    continue;
                }
                if let Some(held) = schedule.holds(&page) {
                    library.held.insert(page.place.relative().to_owned(), held);
                    continue;
                }
                pages.push(page);
            }
            Content::Section(section) => {
                let upper = section.place.folders.split_last();
                let itself = section.front.draft && !drafts;
                let above = upper.and_then(|(_, upper)| hider(upper));
                if itself || above.is_some() {
                    let draft = DraftFile::section(&section, above.filter(|_| !itself));
                    let relative = section.place.relative().to_owned();
                    library.drafts.insert(relative, draft);
                    continue;
                }
                sections.push(*section);
            }
        }
    }
    library.losers = collisions::settle(&mut pages, &mut sections);
    problems.extend(library.losers.values().map(Loser::problem));
    library.pages = pages.into_iter().collect();
    for section in sections {
        let relative = section.place.relative().to_owned();
        let id = library.sections.push(section);
        library.section_by_file.insert(relative, id);
    }
}

/// Files beside a page that only an editor or a tool needs stay unpublished, and so do those
/// without an extension (site model, section 2; held by the cases).
pub(super) fn is_published_asset(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    !matches!(extension, None | Some("" | "swp" | "swx" | "tmp"))
}
