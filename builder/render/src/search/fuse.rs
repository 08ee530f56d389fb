//! For Fuse: an array of the entries.

use super::{Entry, as_html, write_json};
use quillfront_site::config::search::Search;
use serde::Serialize;
use std::borrow::Cow;

#[derive(Serialize)]
struct Item<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
}

impl<'a> Item<'a> {
    fn of(entry: &'a Entry<'_>, settings: &Search) -> Self {
        Self {
            url: entry.permalink,
            title: settings.include_title.then_some(entry.title),
            description: settings.include_description.then_some(entry.description),
            body: settings.include_content.then(|| as_html(entry.text())),
            path: settings.include_path.then_some(entry.path),
        }
    }
}

/// Writes the index behind what is in `out`. Fuse has no use for dates: they are left out.
pub(super) fn write(entries: &[Entry<'_>], settings: &Search, out: &mut Vec<u8>) {
    let items: Vec<Item<'_>> = entries.iter().map(|one| Item::of(one, settings)).collect();
    write_json(out, &items);
}
