//! The search index (site model, section 15): what is found of a page, and the file that a library
//! in the browser searches.
//!
//! The phases, in order:
//!
//! 1. [`text`]: a page's HTML to its words as a reader sees them;
//! 2. [`record`]: what is kept of the body of one page, made from that page alone;
//! 3. [`index`]: all [entries](Entry) of a language, each with its record, to the file, for
//!    [`elasticlunr`] or [`fuse`].
//!
//! Entries are ordered by permalink, whatever order they came in: the same pages give the same
//! bytes.

mod elasticlunr;
mod fuse;
mod record;
mod text;

pub use elasticlunr::{LIBRARY, MAX_WORD_BYTES};
pub use record::{Maker, Record, Records, Words, record_mark};
pub use text::plain_text;

use quillfront_site::config::search::{IndexFormat, Search};
use quillfront_site::dates::Date;
use std::sync::Arc;

/// What the index knows of one page or section.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Full URL, which names the entry.
    pub permalink: &'a str,
    /// Path below the base URL.
    pub path: &'a str,
    /// Title; empty without one.
    pub title: &'a str,
    /// Description; empty without one.
    pub description: &'a str,
    /// RFC 3339; empty without one, as sections are.
    pub date: String,
    /// Of the body; none where it is left out or could not be rendered.
    pub body: Option<Arc<Record>>,
}

impl Entry<'_> {
    /// A date as the index has it.
    pub fn date_of(date: Option<&Date>) -> String {
        date.map(Date::to_rfc3339).unwrap_or_default()
    }

    fn text(&self) -> &str {
        self.body.as_ref().map_or("", |record| &record.text)
    }
}

/// There are no word rules for a language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("elasticlunr has no word rules for the language `{0}`")]
pub struct UnknownLanguage(pub String);

/// Whether there can be an index of a language.
///
/// # Errors
/// A language that elasticlunr cannot split into words; Fuse takes any.
pub fn check(settings: &Search, lang: &str) -> Result<(), UnknownLanguage> {
    if !settings.index_format.needs_library() || elasticlunr::Rules::of(lang).is_some() {
        Ok(())
    } else {
        Err(UnknownLanguage(lang.to_owned()))
    }
}

/// The index of a language's entries. Of two with one permalink the first stays.
///
/// # Errors
/// As of [`check`].
pub fn index(
    mut entries: Vec<Entry<'_>>,
    settings: &Search,
    lang: &str,
) -> Result<Vec<u8>, UnknownLanguage> {
    entries.sort_by(|a, b| a.permalink.cmp(b.permalink));
    entries.dedup_by(|later, first| later.permalink == first.permalink);
    let mut out = match settings.index_format {
        IndexFormat::ElasticlunrJavascript | IndexFormat::FuseJavascript => SCRIPT.to_vec(),
        IndexFormat::ElasticlunrJson | IndexFormat::FuseJson => Vec::new(),
    };
    if settings.index_format.needs_library() {
        elasticlunr::write(&entries, settings, lang, &mut out)?;
    } else {
        fuse::write(&entries, settings, &mut out);
    }
    Ok(out)
}

/// What makes a script of the data.
const SCRIPT: &[u8] = b"window.searchIndex = ";

/// JSON of a value that has a JSON form and goes into memory, so that it cannot fail.
fn write_json<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("text and numbers always have a JSON form");
}

/// Text as HTML has it, so that a template may put a body into a page.
fn as_html(text: &str) -> std::borrow::Cow<'_, str> {
    html_escape::encode_text(text)
}

#[cfg(test)]
mod tests;
