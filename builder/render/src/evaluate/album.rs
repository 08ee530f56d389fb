//! What earlier runs of a builder read of pictures: a builder that stays does not read them again, nor does one
//! that reads the state. Nothing depends on it but time.

use crate::locks::Unpoisoned;
use crate::render::originals::{AllMetadata, Metadata};
use crate::render::world::{Measure, MeasureResult};
use quillfront_site::key::SourceKey;
use quillfront_site::source::Sources;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// Pictures that are remembered.
const MOST: usize = 100_000;

/// What is known of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The version of the source that it is known of.
    pub version: String,
    /// Its header; none where it has none that is known.
    pub measure: Option<Measure>,
    /// What it tells, if it was looked at.
    pub metadata: Option<Metadata>,
}

/// What was read of a picture.
pub(super) struct Look {
    /// Its header.
    pub(super) measured: MeasureResult,
    /// What it tells, if it was looked at.
    pub(super) metadata: Option<Metadata>,
}

/// Shared by the runs of one builder.
#[derive(Clone, Default)]
pub struct Album(Arc<Mutex<BTreeMap<SourceKey, Page>>>);

impl Album {
    /// What an earlier builder knew.
    pub fn of(pages: Vec<(SourceKey, Page)>) -> Self {
        Self(Arc::new(Mutex::new(pages.into_iter().collect())))
    }

    /// What is known of these sources as they are; the rest is forgotten.
    pub fn pages_of(&self, sources: &Sources) -> BTreeMap<SourceKey, Page> {
        let mut pages = self.pages();
        pages.retain(|key, page| {
            let source = sources.get(key.as_str());
            source.is_some_and(|source| source.content() == page.version)
        });
        pages.clone()
    }

    /// Forgets what pictures tell: another engine may find something else in them.
    pub fn forget_metadata(&self) {
        for page in self.pages().values_mut() {
            page.metadata = None;
        }
    }

    fn pages(&self) -> MutexGuard<'_, BTreeMap<SourceKey, Page>> {
        self.0.lock().unpoisoned()
    }

    /// What is known of these sources as they are; the rest is forgotten.
    pub(super) fn known(
        &self,
        sources: &Sources,
    ) -> (BTreeMap<SourceKey, MeasureResult>, AllMetadata) {
        let (mut measured, mut metadata) = (BTreeMap::new(), AllMetadata::new());
        for (key, page) in self.pages_of(sources) {
            metadata.extend(page.metadata.map(|found| (key.clone(), found)));
            measured.extend(page.measure.map(|found| (key, Ok(found))));
        }
        (measured, metadata)
    }

    /// Remembers what was read of the version that it had then.
    pub(super) fn note(&self, key: &SourceKey, version: &str, look: &Look) {
        let measure = look.measured.clone().ok();
        // Why it could not be read may be over.
        let metadata = look.metadata.clone();
        let metadata = metadata.filter(|found| *found != Metadata::Unread);
        let mut pages = self.pages();
        let is_one_more = !pages.contains_key(key);
        if version.is_empty()
            || (measure.is_none() && metadata.is_none())
            || (is_one_more && pages.len() >= MOST)
        {
            return;
        }
        let page = Page {
            version: version.to_owned(),
            measure,
            metadata,
        };
        pages.insert(key.clone(), page);
    }
}
