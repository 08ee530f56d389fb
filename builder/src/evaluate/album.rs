//! Pictures of earlier runs of a builder that stays: what was measured and made is not measured
//! and made again. Nothing depends on it but time: the name of a made picture stands for its bytes.

use crate::key::{OutputKey, SourceKey};
use crate::object::{Body, Object};
use crate::render::world::Measured;
use crate::source::Sources;
use lru::LruCache;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of made pictures that are kept.
const MADE_BYTES: usize = 64 * 1024 * 1024;
/// Pictures whose header is remembered.
const MEASURED: usize = 100_000;

/// Shared by the runs of one builder.
#[derive(Clone, Default)]
pub struct Album(Arc<Mutex<Pages>>);

struct Pages {
    /// With the version of the source that was measured.
    measured: BTreeMap<SourceKey, (String, Measured)>,
    made: LruCache<OutputKey, Object>,
    bytes: usize,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            measured: BTreeMap::new(),
            made: LruCache::unbounded(),
            bytes: 0,
        }
    }
}

impl Album {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of these sources as they are; the rest is forgotten.
    pub(super) fn measured(&self, sources: &Sources) -> BTreeMap<SourceKey, Measured> {
        let mut pages = self.pages();
        pages.measured.retain(|key, (version, _)| {
            let source = sources.get(key.as_str());
            source.is_some_and(|source| source.version == *version)
        });
        let known = pages.measured.iter();
        known
            .map(|(key, (_, measured))| (key.clone(), measured.clone()))
            .collect()
    }

    /// Remembers the header of a source. Of one that could not be measured nothing is known.
    pub(super) fn note_measured(&self, sources: &Sources, key: &SourceKey, measured: &Measured) {
        let Some(source) = sources.get(key.as_str()) else {
            return;
        };
        let mut pages = self.pages();
        if measured.is_ok() && !source.version.is_empty() && pages.measured.len() < MEASURED {
            let known = (source.version.clone(), measured.clone());
            pages.measured.insert(key.clone(), known);
        }
    }

    /// The picture that was made under a name.
    pub(super) fn made(&self, key: &OutputKey) -> Option<Object> {
        self.pages().made.get(key).cloned()
    }

    /// Remembers a picture; those that were not asked for the longest give way.
    pub(super) fn note_made(&self, key: &OutputKey, object: &Object) {
        let mut pages = self.pages();
        if let Some(before) = pages.made.put(key.clone(), object.clone()) {
            pages.bytes -= size(&before);
        }
        pages.bytes += size(object);
        while pages.bytes > MADE_BYTES {
            let Some((_, oldest)) = pages.made.pop_lru() else {
                break;
            };
            pages.bytes -= size(&oldest);
        }
    }
}

fn size(object: &Object) -> usize {
    match &object.body {
        Body::Bytes(bytes) => bytes.len(),
        Body::Copy { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> OutputKey {
        OutputKey::from(name)
    }

    #[test]
    fn what_was_not_asked_for_the_longest_gives_way() {
        let album = Album::default();
        let object = |bytes: usize| Object::rendered("a.png", vec![0_u8; bytes]);
        album.note_made(&key("a"), &object(MADE_BYTES / 2));
        album.note_made(&key("b"), &object(MADE_BYTES / 2));
        assert!(album.made(&key("a")).is_some());
        album.note_made(&key("c"), &object(MADE_BYTES / 2));
        let kept: Vec<bool> = ["a", "b", "c"]
            .map(|name| album.made(&key(name)).is_some())
            .into();
        assert_eq!(kept, [true, false, true]);
        album.note_made(&key("huge"), &object(MADE_BYTES + 1));
        assert_eq!(album.pages().made.len(), 0);
        assert_eq!(album.pages().bytes, 0);
    }
}
