//! For Fuse: an array of the records.

use super::{Record, as_html, write_json};
use crate::config::search::Search;
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
    fn of(record: &'a Record, settings: &Search) -> Self {
        Self {
            url: &record.permalink,
            title: settings.include_title.then_some(&record.title),
            description: settings.include_description.then_some(&record.description),
            body: settings.include_content.then(|| as_html(&record.body)),
            path: settings.include_path.then_some(&record.path),
        }
    }
}

/// Writes the index behind what is in `out`. Fuse has no use for dates: they are left out.
pub(super) fn write(records: &[Record], settings: &Search, out: &mut Vec<u8>) {
    let items: Vec<Item<'_>> = records.iter().map(|one| Item::of(one, settings)).collect();
    write_json(out, &items);
}
