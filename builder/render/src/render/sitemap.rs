//! The URLs of the sitemap as values of templates.

use super::configuration::free_value;
use super::readings::Readings;
use quillfront_site::library::Library;
use quillfront_site::sitemap::{EntryOf, SitemapEntry};
use quillfront_templates::reads::Shape;
use tera::Value;

/// Notes what it is made from.
pub(super) fn note(entry: &SitemapEntry, library: &Library, readings: &Readings) {
    let key = match entry.of {
        EntryOf::Page(id) => &library.pages[id].place.key,
        EntryOf::Section(id) => &library.sections[id].place.key,
        EntryOf::List => return,
    };
    readings.note_field(key, "permalink");
    if entry.updated.is_some() {
        readings.note_field(key, "date");
        readings.note_field(key, "updated");
    }
}

/// What templates see of it.
pub(super) fn value(entry: &SitemapEntry, library: &Library, shape: &Shape) -> Value {
    let extra = || match entry.of {
        EntryOf::Page(id) => free_value(&library.pages[id].front.extra),
        EntryOf::Section(id) => free_value(&library.sections[id].front.extra),
        EntryOf::List => Value::none(),
    };
    let wants_extra = match shape {
        Shape::Whole => true,
        Shape::Parts(parts) => match &parts.items {
            Some(items) => items.shape.field("extra").is_some(),
            None => false,
        },
    };
    let mut map = tera::Map::new();
    map.insert("permalink".into(), Value::from(entry.permalink.as_str()));
    let updated = entry
        .updated
        .as_deref()
        .map_or_else(Value::none, Value::from);
    map.insert("updated".into(), updated);
    if wants_extra {
        map.insert("extra".into(), extra());
    }
    Value::from(map)
}
