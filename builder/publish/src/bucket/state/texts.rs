//! Texts of content and data files, which are put away in segments of their own and read only when
//! something of them is rendered.

use super::super::store::Bucket;
use super::StateError;
use super::segments::{PARALLEL, get, shard, unpack};
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_site::key::SourceKey;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Texts of content and data files, as far as they were read.
#[derive(Clone, Default)]
pub struct Texts {
    pub(super) segments: Vec<TextSegment>,
    /// True where the sources themselves keep them: a folder.
    pub(super) with_sources: bool,
}

type SharedTexts = Arc<BTreeMap<SourceKey, Arc<str>>>;

#[derive(Clone, Default)]
pub(super) struct TextSegment {
    name: String,
    pub(super) held: Option<SharedTexts>,
}

/// Texts that a builder that stays holds between runs.
pub(super) const MAX_HELD_BYTES: usize = 128 * 1024 * 1024;

impl Texts {
    pub(super) fn named(names: &[String]) -> Self {
        let segments = names.iter().map(|name| TextSegment {
            name: name.clone(),
            held: None,
        });
        Self {
            segments: segments.collect(),
            with_sources: false,
        }
    }

    /// Of a folder, whose files keep them.
    pub fn with_sources() -> Self {
        Self {
            segments: Vec::new(),
            with_sources: true,
        }
    }

    /// Lets go of what was read where it is more than a builder that stays should hold.
    pub(super) fn bound(&mut self) {
        let held = self
            .segments
            .iter()
            .filter_map(|segment| segment.held.as_ref());
        let bytes: usize = held
            .flat_map(|held| held.values())
            .map(|text| text.len())
            .sum();
        if bytes > MAX_HELD_BYTES {
            for segment in &mut self.segments {
                segment.held = None;
            }
        }
    }

    /// A text, where it was read.
    pub fn get(&self, key: &str) -> Option<&Arc<str>> {
        let index = shard(key, self.segments.len());
        self.segments.get(index)?.held.as_ref()?.get(key)
    }

    /// Reads the texts of these sources, and those beside them.
    ///
    /// # Errors
    /// Storage failed, or a segment is missing or damaged.
    pub async fn read<'a>(
        &mut self,
        bucket: &Bucket,
        keys: impl IntoIterator<Item = &'a SourceKey>,
    ) -> Result<(), StateError> {
        let spread = self.segments.len();
        let wanted = keys.into_iter().map(|key| shard(key.as_str(), spread));
        self.read_segments(bucket, wanted.collect()).await
    }

    /// Reads all texts.
    ///
    /// # Errors
    /// Storage failed, or a segment is missing or damaged.
    pub async fn read_all(&mut self, bucket: &Bucket) -> Result<(), StateError> {
        let all = (0..self.segments.len()).collect();
        self.read_segments(bucket, all).await
    }

    async fn read_segments(
        &mut self,
        bucket: &Bucket,
        wanted: BTreeSet<usize>,
    ) -> Result<(), StateError> {
        let lacking = wanted.into_iter().filter(|index| {
            let segment = self.segments.get(*index);
            segment.is_some_and(|segment| segment.held.is_none() && !segment.name.is_empty())
        });
        let lacking: Vec<(usize, String)> = lacking
            .map(|index| (index, self.segments[index].name.clone()))
            .collect();
        let read = lacking.into_iter().map(|(index, name)| async move {
            let packed = get(bucket, &name).await?;
            Ok::<_, StateError>((index, name, packed))
        });
        let read: Vec<_> = iter(read).buffer_unordered(PARALLEL).try_collect().await?;
        let opened: Vec<_> = read
            .into_par_iter()
            .map(|(index, name, packed)| {
                let texts: Vec<(SourceKey, String)> = unpack(&name, &packed)?;
                let texts = texts.into_iter().map(|(key, text)| (key, text.into()));
                Ok::<_, StateError>((index, Arc::new(texts.collect())))
            })
            .collect::<Result<_, _>>()?;
        for (index, held) in opened {
            self.segments[index].held = Some(held);
        }
        Ok(())
    }
}
