//! Reading the sources that hints name. What is there counts, not what an event said
//! (invariant 2).

use super::store::{Bucket, StoreError};
use futures::stream::{StreamExt, TryStreamExt, iter};
use quillfront_render::effective::{self, Change, Observed};
use quillfront_render::render::world::Inputs;
use quillfront_site::key::{MAX_TEXT_BYTES, Role, SourceKey};
use quillfront_site::source::Sources;
use std::collections::{BTreeMap, BTreeSet};

/// Largest file that a template may read: 64 MB.
pub const MAX_INPUT_BYTES: u64 = 64 * 1024 * 1024;

/// Looks at each key in the source bucket.
///
/// # Errors
/// Storage failed.
pub async fn look(
    bucket: &Bucket,
    keys: &BTreeSet<SourceKey>,
    parallel: usize,
) -> Result<Vec<(SourceKey, Observed)>, StoreError> {
    let look_at = |key: SourceKey| async move {
        if key.role() == Role::Ignored {
            return Ok((key, Observed::Absent));
        }
        let observed = if key.is_text() {
            let got = bucket.get(key.as_str(), MAX_TEXT_BYTES).await;
            got.map(|got| match got {
                Some(got) => Observed::Text {
                    version: got.etag,
                    size: got.size,
                    bytes: got.bytes,
                },
                None => Observed::Absent,
            })
        } else {
            let head = bucket.head(key.as_str()).await;
            head.map(|head| match head {
                Some(head) => Observed::Opaque {
                    version: head.etag,
                    size: head.size,
                },
                None => Observed::Absent,
            })
        };
        let observed = match observed {
            Err(error) if error.is_damaged() => Observed::Unreadable {
                version: version(bucket, &key).await?,
            },
            observed => observed?,
        };
        Ok((key, observed))
    };
    iter(keys.iter().cloned().map(look_at))
        .buffer_unordered(parallel)
        .try_collect()
        .await
}

/// The version of an object whose bytes are damaged; none where not even that is known.
async fn version(bucket: &Bucket, key: &SourceKey) -> Result<Option<String>, StoreError> {
    match bucket.head(key.as_str()).await {
        Err(error) if error.is_damaged() => Ok(None),
        head => Ok(head?.map(|head| head.etag)),
    }
}

/// Source keys by what became of them.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Key to change; those without one are not here.
    pub map: BTreeMap<SourceKey, Change>,
}

impl Changes {
    /// Takes what was seen into the sources.
    pub fn apply(sources: &mut Sources, seen: Vec<(SourceKey, Observed)>) -> Self {
        let changes = effective::observe_all(sources, seen).into_iter();
        let map = changes.filter(|(_, change)| *change != Change::None);
        Self { map: map.collect() }
    }

    /// The keys with one kind of change.
    pub fn of(&self, wanted: Change) -> Vec<String> {
        let matching = self.map.iter().filter(|(_, change)| **change == wanted);
        matching.map(|(key, _)| key.to_string()).collect()
    }
}

/// Reads the files that rendering asked for; also says which versions they were. What the storage
/// has damaged is as if it were not there, with its version where that is known.
///
/// # Errors
/// Storage failed.
pub async fn inputs(
    bucket: &Bucket,
    keys: BTreeSet<SourceKey>,
    parallel: usize,
) -> Result<(Inputs, BTreeMap<SourceKey, String>), StoreError> {
    let read = |key: SourceKey| async move {
        let got = match bucket.get(key.as_str(), MAX_INPUT_BYTES).await {
            Err(error) if error.is_damaged() => {
                let version = version(bucket, &key).await?;
                return Ok((key, None, version));
            }
            got => got?,
        };
        let version = got.as_ref().map(|got| got.etag.clone());
        let bytes = got.and_then(|got| got.bytes).map(|bytes| bytes.into());
        Ok::<_, StoreError>((key, bytes, version))
    };
    let read = iter(keys.into_iter().map(read)).buffer_unordered(parallel);
    let read: Vec<_> = read.try_collect().await?;
    let mut inputs = Inputs::new();
    let mut versions = BTreeMap::new();
    for (key, bytes, version) in read {
        versions.extend(version.map(|version| (key.clone(), version)));
        inputs.insert(key, bytes);
    }
    Ok((inputs, versions))
}
