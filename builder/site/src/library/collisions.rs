//! Pages and sections that want one address. Pages come before sections, then the smaller source key
//! has it (invariant 1); whoever loses is nowhere: no list announces what no reader can open.

use crate::diagnostic::Diagnostic;
use crate::facts::{Page, Section};
use crate::key::SourceKey;
use std::collections::{BTreeMap, HashMap};

/// A page or section whose address is another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loser {
    /// Its source.
    pub source: SourceKey,
    /// Whose the address is.
    pub owner: SourceKey,
    /// The address: `/blog/post/`.
    pub path: String,
}

impl Loser {
    /// What is told of it.
    pub fn problem(&self) -> Diagnostic {
        let Self {
            source,
            owner,
            path,
        } = self;
        let message = format!("`{path}` is already generated from {owner}");
        Diagnostic::error("collision", source.as_str(), message)
            .hint("give one of the two a different slug, path, alias or name")
            .about(&["path"])
            .about(&["slug"])
    }
}

/// Takes out whoever loses an address, by path relative to `content/`. Both lists are in the order of
/// their source keys.
pub(super) fn settle(
    pages: &mut Vec<impl AsRef<Page>>,
    sections: &mut Vec<Section>,
) -> BTreeMap<String, Loser> {
    let mut owners: HashMap<String, SourceKey> = HashMap::with_capacity(pages.len());
    let mut losers = BTreeMap::new();
    let mut owns = |path: &str, key: &SourceKey, relative: &str| match owners.get(path) {
        None => {
            owners.insert(path.to_owned(), key.clone());
            true
        }
        Some(owner) => {
            let loser = Loser {
                source: key.clone(),
                owner: owner.clone(),
                path: path.to_owned(),
            };
            losers.insert(relative.to_owned(), loser);
            false
        }
    };
    pages.retain(|page| {
        let page: &Page = page.as_ref();
        let place = &page.place;
        !page.front.render || owns(page.path(), &place.key, place.relative())
    });
    sections.retain(|section| {
        let place = &section.place;
        !section.front.render || owns(&section.path, &place.key, place.relative())
    });
    losers
}
