//! The head of a content file: what can be said of it without rendering it, and without its text.
//!
//! It is made when the file arrives and kept in the state, so that a build reads the texts of those
//! pages alone whose bodies it renders.

use crate::diagnostic::Diagnostic;
use crate::front_matter::{self, PageFrontMatter, SectionFrontMatter};
use crate::markdown;
use crate::source::is_section_file;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::{Arc, OnceLock};

/// The front matter of a page or of a section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Front {
    /// Of a page.
    Page(Arc<PageFrontMatter>),
    /// Of a section.
    Section(Arc<SectionFrontMatter>),
}

/// The head of a content file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Head {
    /// The front matter.
    pub front: Front,
    /// Where the body starts, in bytes.
    pub body_start: u32,
    /// 1-based line of the file on which the body starts.
    pub body_line: u32,
    /// Words of the body, once they were counted.
    #[serde(serialize_with = "save_words", deserialize_with = "load_words")]
    words: OnceLock<Words>,
}

/// A count of words. How words are counted depends on the language, and what language a file is in
/// depends on the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Words {
    by_letter: bool,
    count: u32,
}

fn save_words<S: Serializer>(words: &OnceLock<Words>, to: S) -> Result<S::Ok, S::Error> {
    words.get().serialize(to)
}

fn load_words<'de, D: Deserializer<'de>>(from: D) -> Result<OnceLock<Words>, D::Error> {
    let words: Option<Words> = Option::deserialize(from)?;
    Ok(words.map_or_else(OnceLock::new, OnceLock::from))
}

impl Head {
    /// Reads the front matter of a content file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let split = front_matter::split(file, text).map_err(|problem| vec![problem])?;
        let name = file.rsplit('/').next().unwrap_or(file);
        let front = match is_section_file(name) {
            true => Front::Section(Arc::new(front_matter::parse_section(file, &split)?)),
            false => Front::Page(Arc::new(front_matter::parse_page(file, &split)?)),
        };
        // The body is the end of the text, whatever comes before it.
        let start = text.len() - split.body.len();
        Ok(Self {
            front,
            body_start: u32::try_from(start).unwrap_or(u32::MAX),
            body_line: split.body_line,
            words: OnceLock::new(),
        })
    }

    /// The body, of the whole text.
    pub fn body<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.body_start as usize..).unwrap_or_default()
    }

    /// Words of the body in a language; None where they were not counted yet and there is no text.
    pub fn words(&self, lang: &str, text: Option<&Arc<str>>) -> Option<usize> {
        let by_letter = markdown::counts_letters(lang);
        let known = self
            .words
            .get()
            .filter(|words| words.by_letter == by_letter);
        if let Some(known) = known {
            return Some(known.count as usize);
        }
        let count = markdown::word_count(self.body(text?), lang);
        let words = Words {
            by_letter,
            count: u32::try_from(count).unwrap_or(u32::MAX),
        };
        // Where another way of counting came first, this one is counted each time.
        let _ = self.words.set(words);
        Some(count)
    }
}
