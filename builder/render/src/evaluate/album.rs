//! Headers of pictures that earlier runs of a builder read: a builder that stays does not read them
//! again, nor does one that reads the state. Nothing depends on it but time.

use crate::locks::Unpoisoned;
use crate::render::world::Measured;
use quillfront_site::key::SourceKey;
use quillfront_site::source::Sources;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// Pictures that are remembered.
const MOST: usize = 100_000;

/// Version of a source, and what is known of it.
pub type Page = (String, Measured);

/// Shared by the runs of one builder.
#[derive(Clone, Default)]
pub struct Album(Arc<Mutex<BTreeMap<SourceKey, Page>>>);

impl Album {
    /// What an earlier builder knew.
    pub fn of(pages: Vec<(SourceKey, Page)>) -> Self {
        Self(Arc::new(Mutex::new(pages.into_iter().collect())))
    }

    /// What is known of these sources as they are.
    pub fn pages_of(&self, sources: &Sources) -> BTreeMap<SourceKey, Page> {
        self.measured(sources);
        self.pages().clone()
    }

    fn pages(&self) -> MutexGuard<'_, BTreeMap<SourceKey, Page>> {
        self.0.lock().unpoisoned()
    }

    /// What is known of these sources as they are; the rest is forgotten.
    pub(super) fn measured(&self, sources: &Sources) -> BTreeMap<SourceKey, Measured> {
        let mut pages = self.pages();
        pages.retain(|key, (version, _)| {
            let source = sources.get(key.as_str());
            source.is_some_and(|source| source.content() == version)
        });
        let known = pages.iter();
        known
            .map(|(key, (_, measured))| (key.clone(), measured.clone()))
            .collect()
    }

    /// Remembers what was read of the version that it had then.
    pub(super) fn note(&self, key: &SourceKey, version: &str, measured: &Measured) {
        let mut pages = self.pages();
        if measured.is_ok() && !version.is_empty() && pages.len() < MOST {
            pages.insert(key.clone(), (version.to_owned(), measured.clone()));
        }
    }
}
