//! Outputs that are made without a template, beside style sheets from Sass: colours for code, search
//! indexes and the library that searches them. Paths in templates may name them (`get_hash`).
//!
//! An index is made of all bodies. A template that asks for its bytes waits until the evaluation has
//! made it; no index waits for a template, so the order is always there. A text that asks for it would
//! wait for itself, and is refused.

use crate::search;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::OutputKey;
use quillfront_site::plan::{Plan, Recipe};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The search indexes that templates asked for, or why one could not be made.
pub type Indexes = BTreeMap<OutputKey, Result<Arc<[u8]>, Vec<Diagnostic>>>;

/// Those of a plan.
#[derive(Debug, Default)]
pub struct GeneratedFiles {
    all: BTreeMap<OutputKey, Recipe>,
}

impl GeneratedFiles {
    /// Gathers them from a plan.
    pub fn of(plan: &Plan) -> Self {
        let all = plan.iter().filter(|(_, planned)| {
            matches!(
                planned.recipe,
                Recipe::SearchIndex(_) | Recipe::SearchLibrary | Recipe::HighlightSheet(_)
            )
        });
        let all = all.map(|(key, planned)| (key.clone(), planned.recipe.clone()));
        Self { all: all.collect() }
    }

    /// The key of one of them.
    pub fn key(&self, key: &str) -> Option<&OutputKey> {
        self.all.get_key_value(key).map(|(key, _)| key)
    }

    /// The bytes of one that is the same on every site.
    pub fn fixed(&self, key: &OutputKey) -> Option<&'static [u8]> {
        fixed(self.all.get(key)?)
    }

    /// The language of a search index.
    pub fn index_language(&self, key: &OutputKey) -> Option<&str> {
        match self.all.get(key)? {
            Recipe::SearchIndex(lang) => Some(lang),
            _ => None,
        }
    }
}

/// The bytes that a recipe makes on every site.
pub fn fixed(recipe: &Recipe) -> Option<&'static [u8]> {
    match recipe {
        Recipe::SearchLibrary => Some(search::LIBRARY.as_bytes()),
        Recipe::HighlightSheet(shade) => Some(shade.style_sheet().as_bytes()),
        _ => None,
    }
}
