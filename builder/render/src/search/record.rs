//! What is kept of one body, so that an index can be made without rendering it again: its text and
//! its words. Titles, paths and the like are not in it; they are at hand whenever an index is made.

use super::elasticlunr::Rules;
use super::plain_text;
use quillfront_site::config::search::Search;
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::key::SourceKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The records of a site, by the source of the page or section.
pub type Records = BTreeMap<SourceKey, Arc<Record>>;

/// What the index knows of one body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Of all that it was made from, as [`record_mark`] has it; none where that is not noted.
    pub mark: Option<Mark>,
    /// Plain text, cut to the length that the settings allow.
    pub text: String,
    /// Its words; empty for a library that finds them itself.
    pub words: Words,
}

impl Record {
    /// Bytes in memory, about.
    pub fn size_bytes(&self) -> usize {
        self.text.len() + self.words.letters.len() + 8 * self.words.each.len()
    }
}

/// The words of a text in their order, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// One behind the other.
    letters: String,
    /// How many bytes each has, and how often it stands in the text.
    each: Vec<(u32, u32)>,
    /// How many there are, repeated ones counted again.
    pub total: u32,
}

impl Words {
    /// Counts words.
    pub(super) fn of(mut all: Vec<String>) -> Self {
        let mut words = Self {
            total: all.len() as u32,
            ..Self::default()
        };
        all.sort_unstable();
        for same in all.chunk_by(|one, other| one == other) {
            words.letters.push_str(&same[0]);
            words.each.push((same[0].len() as u32, same.len() as u32));
        }
        words
    }

    /// Each word and how often it is there. Ends where the record is damaged.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        let mut rest = self.letters.as_str();
        self.each.iter().map_while(move |(len, count)| {
            let (word, after) = rest.split_at_checked(*len as usize)?;
            rest = after;
            Some((word, *count))
        })
    }
}

/// The mark of all that a record is made from: the HTML, and what of the settings makes another
/// record of it.
pub fn record_mark(html: Mark, settings: &Search, lang: &str) -> Mark {
    let mut marker = Marker::default();
    marker.mark(html);
    marker.option(settings.truncate_content_length, |marker, length| {
        marker.number(length as u64);
    });
    let with_words = settings.index_format.needs_library().then_some(lang);
    marker.option(with_words, |marker, lang| {
        marker.bytes(lang);
    });
    marker.done()
}

/// Makes the records of a language; each thread needs one of its own.
pub struct Maker<'a> {
    settings: &'a Search,
    rules: Option<Rules>,
}

impl<'a> Maker<'a> {
    /// For a language.
    pub fn new(settings: &'a Search, lang: &str) -> Self {
        let with_words = settings.index_format.needs_library();
        Self {
            settings,
            rules: with_words.then(|| Rules::of(lang)).flatten(),
        }
    }

    /// The record of a rendered body.
    pub fn record(&self, html: &str, mark: Option<Mark>) -> Record {
        let text = plain_text(html, self.settings.truncate_content_length);
        let words = self.rules.as_ref().map(|rules| rules.words(&text));
        Record {
            mark,
            words: words.unwrap_or_default(),
            text,
        }
    }
}
