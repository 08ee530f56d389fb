//! Which parts of which sources are read: what the dependency graph tells people.
//!
//! Marks say that something has changed, not what it was. Here the same walk as for marks
//! ([`Detail`](super::values::Detail)) notes the sources instead.

use crate::graph::Neighbours;
use quillfront_site::key::SourceKey;
use quillfront_site::key::is_section_file;
use quillfront_site::library::PageId;
use quillfront_templates::reads::{Shape, ShapeId};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// A part of a source, as templates name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// That it is there at all: it is counted.
    There,
    /// All of the file.
    File,
    /// A field.
    Field(Cow<'static, str>),
    /// So many values of a list, from the first on.
    First(Cow<'static, str>, usize),
}

impl Part {
    /// A field of which a shape is read.
    pub fn of(name: &'static str, shape: &Shape) -> Self {
        match shape {
            Shape::Parts(parts) => match parts.items.as_ref().and_then(|items| items.first) {
                Some(first) => Self::First(name.into(), first),
                None => Self::Field(name.into()),
            },
            Shape::Whole => Self::Field(name.into()),
        }
    }

    /// The name of the field, if it is one.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Field(name) | Self::First(name, _) => Some(name),
            Self::There | Self::File => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::There => f.write_str("that it is there"),
            Self::File => f.write_str("the file"),
            Self::Field(name) => f.write_str(name),
            Self::First(name, count) => write!(f, "the first {count} of {name}"),
        }
    }
}

/// Sources and the parts of them that are read.
pub type Parts = BTreeMap<SourceKey, BTreeSet<Part>>;

/// Sources that matter; sections always do, for their lists.
pub type WantedSources = Arc<BTreeSet<SourceKey>>;

/// What was noted so far.
#[derive(Debug, Default)]
pub struct Readings {
    only: Option<WantedSources>,
    parts: RefCell<Parts>,
    seen: RefCell<BTreeSet<(ShapeId, PageId, Neighbours)>>,
}

/// What a shape of a page has where more is read than the page itself.
const BEYOND: [&str; 4] = ["lower", "higher", "translations", "backlinks"];

impl Readings {
    /// Notes only what is read of some sources.
    pub fn of(only: Option<WantedSources>) -> Self {
        Self {
            only,
            ..Self::default()
        }
    }

    fn wants(&self, key: &SourceKey) -> bool {
        let only = self.only.as_ref();
        only.is_none_or(|only| only.contains(key) || is_section_file(key.name()))
    }

    /// Notes that a part of a source is read.
    pub fn note(&self, key: &SourceKey, part: Part) {
        if !self.wants(key) {
            return;
        }
        let mut parts = self.parts.borrow_mut();
        match parts.get_mut(key.as_str()) {
            Some(known) => {
                known.insert(part);
            }
            None => {
                parts.insert(key.clone(), BTreeSet::from([part]));
            }
        }
    }

    /// The same, of a file that is not a section's; there may be very many.
    pub fn note_page(&self, key: &SourceKey, part: &Part) {
        if self.only.as_ref().is_none_or(|only| only.contains(key)) {
            self.note(key, part.clone());
        }
    }

    /// Notes a field.
    pub fn note_field(&self, key: &SourceKey, name: &'static str) {
        self.note(key, Part::Field(name.into()));
    }

    /// True the first time that a page is walked into under a shape, where something that matters
    /// may come of it.
    pub fn enters(
        &self,
        key: &SourceKey,
        shape: &Shape,
        id: PageId,
        neighbours: Neighbours,
    ) -> bool {
        let is_beyond = || BEYOND.iter().any(|name| shape.field(name).is_some());
        if !self.wants(key) && !is_beyond() {
            return false;
        }
        let enters = |shape| self.seen.borrow_mut().insert((shape, id, neighbours));
        shape.id().is_none_or(enters)
    }

    /// All that was noted.
    pub fn take(self) -> Parts {
        self.parts.into_inner()
    }
}

/// Something that is read, in words, with the parts of it that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What: `config`, `page content/a.md`, `the first 10 of pages`, `how many`.
    pub what: String,
    /// The parts of it; none where it is the whole.
    pub parts: Vec<Statement>,
}

impl From<String> for Statement {
    fn from(what: String) -> Self {
        let parts = Vec::new();
        Self { what, parts }
    }
}

impl fmt::Display for Statement {
    /// `page content/a.md: date, pages (title)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if self.parts.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", words(&self.parts))
        }
    }
}

/// `date, title`; `the first 10 of pages (title)`.
fn words(parts: &[Statement]) -> String {
    let part = |told: &Statement| {
        if told.parts.is_empty() {
            told.what.clone()
        } else {
            format!("{} ({})", told.what, words(&told.parts))
        }
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    parts.join(", ")
}

/// The parts that a shape reads; none where it is the whole.
pub fn parts_of(shape: &Shape) -> Vec<Statement> {
    let Shape::Parts(parts) = shape else {
        return Vec::new();
    };
    let field = |(name, shape): (&String, &Shape)| {
        let first = match shape {
            Shape::Parts(parts) => parts.items.as_ref().and_then(|items| items.first),
            Shape::Whole => None,
        };
        Statement {
            what: match first {
                Some(count) => format!("the first {count} of {name}"),
                None => name.clone(),
            },
            parts: parts_of(shape),
        }
    };
    let mut told: Vec<Statement> = parts.fields.iter().map(field).collect();
    if let Some(items) = &parts.items {
        told.extend(parts_of(&items.shape));
    }
    if parts.length {
        told.push("how many".to_owned().into());
    }
    if told.is_empty() && parts.items.is_none() {
        told.push("whether there is any".to_owned().into());
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_templates::reads::Set;

    fn told(template: &str, variable: &str) -> String {
        let texts = BTreeMap::from([("t.html".to_owned(), template.to_owned())]);
        let reads = Set::new(&texts, &[]).reads("t.html");
        words(&parts_of(reads.variable(variable).expect("it is read")))
    }

    #[test]
    fn a_shape_is_told_in_words() {
        assert_eq!(
            told("{{ page.title }}{{ page.date }}", "page"),
            "date, title"
        );
        let list = "{% for p in section.pages[:3] %}{{ p.title }}{% endfor %}";
        assert_eq!(told(list, "section"), "the first 3 of pages (title)");
        assert_eq!(
            told("{{ section.pages | length }}", "section"),
            "pages (how many)"
        );
        assert_eq!(
            told("{% if section.pages %}x{% endif %}", "section"),
            "pages (whether there is any)"
        );
        assert_eq!(told("{{ page }}", "page"), "");
    }
}
