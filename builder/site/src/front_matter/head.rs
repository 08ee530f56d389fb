//! The head of a content file: what can be said of it without rendering it, and without its text.
//!
//! It is made when the file arrives and kept in the state, so that a build reads the texts of those
//! pages alone whose bodies it renders.

use super::{PageFrontMatter, SectionFrontMatter};
use crate::diagnostic::Diagnostic;
use crate::key::is_section_file;
use quillfront_markdown::Length;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
    /// How long the body is.
    pub length: Length,
}

impl Head {
    /// Reads the front matter of a content file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let split = super::split(file, text).map_err(|problem| vec![problem])?;
        let name = file.rsplit('/').next().unwrap_or(file);
        let front = if is_section_file(name) {
            Front::Section(Arc::new(super::parse_section(file, &split)?))
        } else {
            Front::Page(Arc::new(super::parse_page(file, &split)?))
        };
        // The body is the end of the text, whatever comes before it.
        let start = text.len() - split.body.len();
        Ok(Self {
            front,
            body_start: u32::try_from(start).unwrap_or(u32::MAX),
            body_line: split.body_line,
            length: Length::of(split.body),
        })
    }
}
