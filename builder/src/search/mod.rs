//! The search index (site model, section 15): what is found of a page, and the file that a library
//! in the browser searches.
//!
//! The phases, in order:
//!
//! 1. [`text`]: a page's HTML to its words as a reader sees them;
//! 2. [`Record`]: what the index knows of one page, made from that page alone;
//! 3. [`index`]: all records of a language to the file, for [`elasticlunr`] or [`fuse`].
//!
//! Records are ordered by permalink, whatever order they came in: the same pages give the same
//! bytes.

mod elasticlunr;
mod fuse;
mod text;

pub use elasticlunr::{LIBRARY, MAX_WORD_BYTES};
pub use text::plain_text;

use crate::config::search::{IndexFormat, Search};
use crate::dates::Date;

/// What the index knows of one page or section. Made from it alone, so that a change of one page
/// remakes one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Full URL, which names the record.
    pub permalink: String,
    /// Path below the base URL.
    pub path: String,
    /// Title; empty without one.
    pub title: String,
    /// Description; empty without one.
    pub description: String,
    /// RFC 3339; empty without one.
    pub date: String,
    /// Body as plain text, cut to the length that the settings allow; empty where it is left out.
    pub body: String,
}

/// The facts of a page or section that a [`Record`] is made from.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// Full URL.
    pub permalink: &'a str,
    /// Path below the base URL.
    pub path: &'a str,
    /// Title.
    pub title: Option<&'a str>,
    /// Description.
    pub description: Option<&'a str>,
    /// Date; sections have none.
    pub date: Option<&'a Date>,
    /// Rendered body.
    pub html: &'a str,
}

impl Record {
    /// The record of a page or section.
    pub fn of(found: Found<'_>, settings: &Search) -> Self {
        let body = if settings.include_content {
            plain_text(found.html, settings.truncate_content_length)
        } else {
            String::new()
        };
        Self {
            permalink: found.permalink.to_owned(),
            path: found.path.to_owned(),
            title: found.title.unwrap_or_default().to_owned(),
            description: found.description.unwrap_or_default().to_owned(),
            date: found.date.map(Date::to_rfc3339).unwrap_or_default(),
            body,
        }
    }
}

/// The name of a language's index, at the root of the site.
pub fn file_name(lang: &str, format: IndexFormat) -> String {
    let extension = match format {
        IndexFormat::ElasticlunrJavascript | IndexFormat::FuseJavascript => "js",
        IndexFormat::ElasticlunrJson | IndexFormat::FuseJson => "json",
    };
    format!("search_index.{lang}.{extension}")
}

/// True where the index needs [`LIBRARY`] beside it.
pub fn needs_library(format: IndexFormat) -> bool {
    use IndexFormat::{ElasticlunrJavascript, ElasticlunrJson, FuseJavascript, FuseJson};
    match format {
        ElasticlunrJavascript | ElasticlunrJson => true,
        FuseJson | FuseJavascript => false,
    }
}

/// There are no word rules for a language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("elasticlunr has no word rules for the language `{0}`")]
pub struct UnknownLanguage(pub String);

/// The index of a language's records. Of two with one permalink the first stays.
///
/// # Errors
/// A language that elasticlunr cannot split into words; Fuse takes any.
pub fn index(
    mut records: Vec<Record>,
    settings: &Search,
    lang: &str,
) -> Result<Vec<u8>, UnknownLanguage> {
    records.sort_by(|a, b| a.permalink.cmp(&b.permalink));
    records.dedup_by(|later, first| later.permalink == first.permalink);
    let mut out = match settings.index_format {
        IndexFormat::ElasticlunrJavascript | IndexFormat::FuseJavascript => SCRIPT.to_vec(),
        IndexFormat::ElasticlunrJson | IndexFormat::FuseJson => Vec::new(),
    };
    if needs_library(settings.index_format) {
        elasticlunr::write(&records, settings, lang, &mut out)?;
    } else {
        fuse::write(&records, settings, &mut out);
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
