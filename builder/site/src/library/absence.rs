//! Content files that make no page: drafts, and pages whose time has not come. Whoever links to
//! one, or asks where it is, is told so.

use crate::facts::{Page, Section};
use crate::fingerprint::Marker;
use crate::key::SourceKey;
use crate::library::Library;
use crate::library::collisions::Loser;
use crate::library::schedule::HeldPage;

/// A page or section that is left out because it, or a section above it, is a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftFile {
    /// Its source.
    pub source: SourceKey,
    /// The section that is the draft; none where the file itself is one.
    pub section: Option<SourceKey>,
    /// The path that it would have: `/blog/post/`.
    pub path: String,
    /// The folder that is its own, relative to `content/`, if it has one.
    pub folder: Option<String>,
}

impl DraftFile {
    /// A page that is left out.
    pub fn page(page: &Page, section: Option<&SourceKey>) -> Self {
        Self {
            source: page.place.key.clone(),
            section: section.cloned(),
            path: page.path().to_owned(),
            folder: page.place.own_folder().map(str::to_owned),
        }
    }

    /// A section that is left out.
    pub fn section(left_out: &Section, section: Option<&SourceKey>) -> Self {
        Self {
            source: left_out.place.key.clone(),
            section: section.cloned(),
            path: left_out.path.clone(),
            folder: None,
        }
    }
}

/// Why a content file makes no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence<'a> {
    /// Its time has not come.
    Held(&'a HeldPage),
    /// It, or a section above it, is a draft.
    Draft(&'a DraftFile),
    /// Its address is another's.
    Loser(&'a Loser),
}

impl Absence<'_> {
    /// In words that follow "it" or a name: `is a draft`.
    pub fn told(&self) -> String {
        match self {
            Self::Held(held) => format!("is held until {}", held.shown),
            Self::Draft(DraftFile { section: None, .. }) => "is a draft".to_owned(),
            Self::Draft(DraftFile {
                section: Some(section),
                ..
            }) => format!("is below {section}, which is a draft"),
            Self::Loser(loser) => format!("has the same address as {}", loser.owner),
        }
    }

    /// What to do about a link to it.
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::Held(_) => {
                "the link works from then on; until then remove it, or hold this page too"
            }
            Self::Loser(_) => "give one of the two another slug or path, or link to the other",
            Self::Draft(_) => {
                "remove the link, make this page a draft too, or publish the draft by removing its \
                 `draft`; --drafts shows both"
            }
        }
    }

    /// Marks all that is told of it.
    pub fn mark(&self, marker: &mut Marker) {
        marker.bytes(self.told().as_bytes());
    }
}

impl Library {
    /// Why there is nothing behind `@/relative`: of the page or section itself, or of the one that
    /// a file belongs to. None where it is no draft and not held.
    pub fn absence(&self, relative: &str) -> Option<Absence<'_>> {
        if let Some(held) = self.held_at(relative) {
            return Some(Absence::Held(held));
        }
        if let Some(loser) = self.losers.get(relative) {
            return Some(Absence::Loser(loser));
        }
        let owns = |draft: &&DraftFile| {
            let folder = draft.folder.as_deref();
            let rest = folder.and_then(|folder| relative.strip_prefix(folder));
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let own = self.drafts.get(relative);
        own.or_else(|| self.drafts.values().find(owns))
            .map(Absence::Draft)
    }
}
