//! The dependency graph: what each body and each output read when it was made, so that the next build
//! makes again only what would read something else.
//!
//! It is made of *verifying traces* (Mokhov, Mitchell, Peyton Jones: "Build Systems à la Carte"): a
//! trace is the [questions](Question) that were asked and a [mark](quillfront_site::fingerprint::Mark) of
//! the answers. A build asks the questions again, of the site as it is now; where the mark comes out
//! the same, nothing is rendered. Nothing is ever invalidated, so there are no edges that could be
//! forgotten.
//!
//! * The questions that a template's context answers follow from its [`Shape`](quillfront_templates::reads::Shape);
//!   they are not kept. Those that its functions ask while it renders are.
//! * What a list of pages answers is made of the marks of what is read of each page ([`memo`]).
//! * Bodies have traces of their own, and outputs read the marks of bodies: an edit that leaves a
//!   summary as it was stops there (early cutoff).

pub mod memo;
mod project;
mod question;
pub mod reach;
pub mod whole;

pub use project::{add_value, list_mark, value_mark};
pub use question::{NameQuestion, PageQuestion, Question, TextQuestion};

use crate::remote::Request;
use quillfront_images::Job;
use quillfront_markdown::InternalLink;
use quillfront_policy::{Digest, Facts};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::fingerprint::Mark;
use quillfront_site::key::{OutputKey, SourceKey};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A picture that a render refers to: where it is published, the original, and what to make of it.
pub type PictureUse = (OutputKey, SourceKey, Job);

/// Whether a page is seen with the pages before and after it in its section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Neighbours {
    /// With them: by its own template, by functions and in lists.
    Shown,
    /// Without: in feeds, and where it is a neighbour itself.
    LeftOut,
}

/// What is known of a rendered body without its HTML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyFacts {
    /// Of all that it was made from.
    pub trace: Mark,
    /// True where its text went through the template engine.
    pub templated: bool,
    /// What functions and links asked for, beside the targets of [`links`](Self::links).
    pub asked: Vec<TextQuestion>,
    /// Of the HTML.
    pub html: Mark,
    /// Of what stands before `<!-- more -->`, if anything does.
    pub summary: Option<Mark>,
    /// Of the table of contents; none where there are no headings.
    pub toc: Option<Mark>,
    /// Links to pages of the site.
    pub links: Vec<InternalLink>,
    /// What is worth a look though it did not stop the page, with lines of the file.
    pub warnings: Vec<Diagnostic>,
    /// Pictures that it refers to.
    pub pictures: Vec<PictureUse>,
    /// What of it runs and stands in the text itself: scripts, and addresses of script files.
    pub scripts: Vec<Digest>,
    /// What of it a content security policy may block, as [`Facts`] name it, with lines of the file.
    pub blocked: Vec<(String, u32)>,
}

/// What is known of an output that was rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputTrace {
    /// Of all that it was made from.
    pub trace: Mark,
    /// What functions asked for while it was rendered. Most outputs ask alike, and share it.
    pub asked: Arc<[Arc<Question>]>,
    /// Pictures that it refers to.
    pub pictures: Vec<PictureUse>,
    /// What it runs and loads, if it is an HTML page.
    pub page: Option<Arc<Facts>>,
}

impl Graph {
    /// The requests to the network that anything was made from.
    pub fn requests(&self) -> BTreeSet<&Request> {
        let bodies = self.bodies.values().map(|facts| &facts.asked);
        let outputs = self.outputs.values().flat_map(|trace| trace.asked.iter());
        let outputs = outputs.filter_map(|question| match &**question {
            Question::OfText(question) => Some(question),
            Question::OfPages(_) | Question::Script(_) => None,
        });
        let asked = bodies.flatten().chain(outputs);
        asked
            .filter_map(|question| match question {
                TextQuestion::Answer(request) => Some(request),
                _ => None,
            })
            .collect()
    }
}

/// The graph as the last build left it.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// Of which pages and sections there were ([`reach::pages`]).
    pub pages: Option<Mark>,
    /// Of each body that could be rendered.
    pub bodies: BTreeMap<SourceKey, Arc<BodyFacts>>,
    /// Of each output that could be made.
    pub outputs: BTreeMap<OutputKey, Arc<OutputTrace>>,
}
