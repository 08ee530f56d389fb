//! What a render asks for by a function or a link. The context of a template is not asked for: it is
//! there, and its [shape](quillfront_templates::reads::Shape) says what is read of it.

mod stored;

use crate::remote::Request;
use quillfront_policy::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A question, which can be asked again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// A question that looks at other pages: templates ask it, texts cannot.
    OfPages(PageQuestion),
    /// Any other question.
    OfText(TextQuestion),
    /// Whether a script, or the address of a script file, stands in the text of any page or section.
    Script(Digest),
}

/// A question that looks at other pages. It is answered once all bodies are settled, so no body depends on
/// it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageQuestion {
    /// `get_page`.
    Page(NameQuestion),
    /// `get_section`.
    Section(NameQuestion),
    /// `get_taxonomy`; the name of the taxonomy.
    Taxonomy(NameQuestion),
    /// `get_taxonomy_term`.
    Term {
        /// The taxonomy.
        kind: NameQuestion,
        /// The term.
        term: String,
        /// False where its pages were left out.
        pages: bool,
    },
}

/// A question that a text may ask as well as a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextQuestion {
    /// `get_taxonomy_url`: the permalink of a term.
    TermUrl {
        /// The taxonomy.
        kind: String,
        /// The term.
        term: String,
        /// The language.
        lang: String,
    },
    /// Where `@/path` leads, for a page in a language.
    Link {
        /// What follows `@/`, without anchor.
        path: String,
        /// The language that goes first.
        lang: String,
    },
    /// Which file a path argument leads to, and its bytes.
    File(String),
    /// Which picture a path argument leads to, and its bytes.
    Picture(String),
    /// An answer from the network.
    Answer(Request),
    /// `now`.
    Now,
    /// Which picture is published under an output key, and its bytes.
    Published(String),
    /// Where a source is published as it is.
    PublishedAs(String),
}

/// A name that is looked up in a language.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NameQuestion {
    /// As the template gave it.
    pub name: String,
    /// The language.
    pub lang: String,
    /// True where the template named the language, false where it is that of the page.
    pub asked: bool,
}

impl Question {
    /// Returns the function that asks, where what is read of the answer depends on its call.
    pub fn function(&self) -> Option<&'static str> {
        match self {
            Self::OfPages(question) => Some(question.function()),
            Self::OfText(_) | Self::Script(_) => None,
        }
    }

    /// Returns whether the answer may be another though pages, front matter and configuration are as
    /// they were.
    pub fn looks_beyond_pages(&self) -> bool {
        match self {
            Self::OfPages(_) => false,
            Self::OfText(question) => question.looks_beyond_pages(),
            // Any text may have it.
            Self::Script(_) => true,
        }
    }

    /// Returns whether it asks for a taxonomy or a term.
    pub fn is_of_terms(&self) -> bool {
        matches!(
            self,
            Self::OfPages(PageQuestion::Taxonomy(_) | PageQuestion::Term { .. })
                | Self::OfText(TextQuestion::TermUrl { .. })
        )
    }
}

impl PageQuestion {
    /// Returns the function that asks.
    pub fn function(&self) -> &'static str {
        match self {
            Self::Page(_) => "get_page",
            Self::Section(_) => "get_section",
            Self::Taxonomy(_) => "get_taxonomy",
            Self::Term { .. } => "get_taxonomy_term",
        }
    }

    /// Returns the text that was given for an argument of the function.
    pub fn argument(&self, name: &str) -> Option<String> {
        let (named, first) = match self {
            Self::Page(named) | Self::Section(named) => (named, "path"),
            Self::Taxonomy(named) => (named, "kind"),
            Self::Term { kind, term, .. } => {
                if name == "term" {
                    return Some(term.clone());
                }
                (kind, "kind")
            }
        };
        match name {
            "lang" if named.asked => Some(named.lang.clone()),
            name if name == first => Some(named.name.clone()),
            _ => None,
        }
    }
}

impl TextQuestion {
    /// Returns whether the answer may be another though pages, front matter and configuration are as
    /// they were: it is made of files, of the network or of the time.
    pub fn looks_beyond_pages(&self) -> bool {
        matches!(
            self,
            Self::File(_)
                | Self::Picture(_)
                | Self::Answer(_)
                | Self::Now
                | Self::Published(_)
                | Self::PublishedAs(_)
        )
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfPages(question) => write!(f, "{question}"),
            Self::OfText(question) => write!(f, "{question}"),
            Self::Script(digest) => write!(f, "whether a text has the script {digest}"),
        }
    }
}

impl fmt::Display for PageQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(named) => write!(f, "page {named}"),
            Self::Section(named) => write!(f, "section {named}"),
            Self::Taxonomy(named) => write!(f, "taxonomy {named}"),
            Self::Term { kind, term, pages } => {
                let without = if *pages { "" } else { " without its pages" };
                write!(f, "term {term} of taxonomy {kind}{without}")
            }
        }
    }
}

impl fmt::Display for TextQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TermUrl { kind, term, lang } => {
                write!(f, "address of term {term} of taxonomy {kind} ({lang})")
            }
            Self::Link { path, .. } => write!(f, "address of @/{path}"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Picture(path) => write!(f, "picture {path}"),
            Self::Answer(request) => write!(f, "answer of {}", request.url),
            Self::Now => write!(f, "the time of the build"),
            Self::Published(key) => write!(f, "picture at /{key}"),
            Self::PublishedAs(source) => write!(f, "address of {source}"),
        }
    }
}

impl fmt::Display for NameQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.lang)
    }
}
