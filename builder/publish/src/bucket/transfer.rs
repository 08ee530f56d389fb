//! Putting and deleting objects of the site bucket, in the order that keeps readers whole
//! (invariant 5), each write conditional on what was there (invariant 4).

mod stripping;

use super::state::PublishedObject;
use super::store::{Attributes, Bucket, Condition, Head, StoreError, WriteOutcome};
use md5::{Digest, Md5};
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::{Body, Object, Treatment};
use quillfront_site::plan::{PlannedOutput, Rank, Recipe};
use std::collections::BTreeSet;

/// One object to put.
#[derive(Debug, Clone)]
pub struct Put {
    /// Where.
    pub key: OutputKey,
    /// What.
    pub object: Object,
    /// What it stands for.
    pub source: SourceKey,
    /// Its rank.
    pub rank: Rank,
    /// The ETag of what is there, none where nothing should be.
    pub before: Option<String>,
    /// Where the bytes of a copy are.
    pub origin: Origin,
    /// When: 0 copies of last good versions, 1 assets, and indexes that pages were made from; 2 the
    /// changed sources' own pages, 3 other pages, 4 lists and redirects.
    pub wave: u8,
}

impl Put {
    /// Returns whether something is taken out of what is copied, so that its bytes go through memory.
    pub fn is_stripped(&self) -> bool {
        let body = &self.object.body;
        matches!(
            body,
            Body::Copy {
                treatment: Treatment::Stripped { .. },
                ..
            }
        )
    }

    /// Bytes of a source that are held in memory while it is put.
    pub fn held_bytes(&self) -> u64 {
        match &self.object.body {
            Body::Copy { size, .. } if self.is_stripped() => *size,
            Body::Copy { .. } | Body::Bytes(_) | Body::Kept { .. } => 0,
        }
    }

    /// The ETag that the object will have, where that is known. An ETag is the MD5 of the bytes for objects put in
    /// one part without KMS encryption (S3 API, "Object").
    pub fn etag(&self) -> Option<String> {
        match (&self.object.body, &self.origin) {
            (Body::Bytes(bytes), _) => Some(hex::encode(Md5::digest(bytes))),
            (
                Body::Copy {
                    treatment: Treatment::Stripped { .. },
                    ..
                },
                _,
            ) => None,
            (Body::Copy { .. }, Origin::Published(_, etag)) => Some(etag.clone()),
            (Body::Copy { version, .. }, _) => Some(version.clone()),
            (Body::Kept { .. }, _) => None,
        }
    }
}

/// Where the bytes of a copy are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In the source bucket; if other bytes are there by now, they do as well.
    Source,
    /// In the source bucket, and no others do.
    ThisVersion,
    /// Under this key of the site bucket, with this ETag.
    Published(OutputKey, String),
}

/// The wave that an output belongs to.
pub fn wave(planned: &PlannedOutput, changed: &BTreeSet<&SourceKey>) -> u8 {
    match planned.recipe {
        Recipe::Copy(_) | Recipe::Style(_) | Recipe::Picture(_) | Recipe::HighlightSheet(_) => {
            WAVE_OF_ASSETS
        }
        Recipe::Page(_) if changed.contains(&planned.source) => 2,
        Recipe::Page(_) => 3,
        _ => 4,
    }
}

/// Copies of last good versions: before anything is put where they are copied from.
pub const WAVE_OF_LAST_GOOD: u8 = 0;
/// Assets, and indexes that pages were made from.
pub const WAVE_OF_ASSETS: u8 = 1;
/// How many waves there are.
pub const WAVES: u8 = 5;

/// What became of one put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The object is there.
    Put(PublishedObject),
    /// Something else is there than was expected; it has this ETag now, or none.
    Unexpected(Option<String>),
    /// The source has another version by now; an event tells of it. Where nothing was there, that
    /// version is there now: pages that refer to it may follow.
    SourceMoved(Option<PublishedObject>),
    /// The bytes that were meant are nowhere any more, and no others do.
    LastGoodGone,
    /// S3 will never take it.
    Hopeless(Hopeless),
}

/// Why an object cannot be put, however often it is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hopeless {
    /// What S3 or the SDK said.
    pub why: String,
    /// True where the storage has damaged the file that is to be copied.
    pub is_damaged: bool,
}

impl Hopeless {
    fn of(error: &StoreError) -> Self {
        Self {
            why: error.message().to_owned(),
            is_damaged: error.is_damaged(),
        }
    }
}

/// An author who writes again and again while a file is copied is waited for so often.
const MAX_MOVES: usize = 4;

/// Puts one object on the condition that `before` is there. It may take several requests: no write
/// but the first begins where `may_begin` says no.
///
/// # Errors
/// Storage failed.
pub async fn put(
    site: &Bucket,
    source: &Bucket,
    put: &Put,
    may_begin: impl Fn() -> bool,
) -> Result<Outcome, StoreError> {
    if put.is_stripped() {
        return stripping::put(site, source, put, may_begin).await;
    }
    put_whole(site, source, put, may_begin).await
}

/// The same of an object whose bytes are as they should be, here or where they are copied from.
async fn put_whole(
    site: &Bucket,
    source: &Bucket,
    put: &Put,
    may_begin: impl Fn() -> bool,
) -> Result<Outcome, StoreError> {
    let condition = put
        .before
        .clone()
        .map_or(Condition::Absent, Condition::Matches);
    let attributes = attributes(&put.object);
    let written = match &put.object.body {
        Body::Bytes(bytes) => {
            site.put(put.key.as_str(), bytes, &attributes, &condition)
                .await
        }
        Body::Copy {
            source: from,
            version,
            ..
        } => {
            let key = put.key.as_str();
            let (bucket, from, version) = match &put.origin {
                Origin::Published(from, etag) => (site, from.as_str(), etag),
                Origin::Source | Origin::ThisVersion => (source, from.as_str(), version),
            };
            site.copy(key, bucket, from, version, &attributes, &condition)
                .await
        }
        Body::Kept { .. } => return dress(site, put, &attributes).await,
    };
    let written = match written {
        Err(error) if error.is_hopeless() || error.is_damaged() => {
            return Ok(Outcome::Hopeless(Hopeless::of(&error)));
        }
        written => written?,
    };
    let etag = match written {
        WriteOutcome::Done(etag) => etag,
        // Look: equal to what was meant is success (a retry met its own write).
        WriteOutcome::Refused => {
            let there = site.head(put.key.as_str()).await?;
            match there {
                Some(there) if is_meant(&there, put) => there.etag,
                there => {
                    if let Body::Copy {
                        source: from,
                        version,
                        treatment,
                        ..
                    } = &put.object.body
                    {
                        let (now, version) = match &put.origin {
                            Origin::Published(from, etag) => {
                                (site.head(from.as_str()).await?, etag)
                            }
                            _ => (source.head(from.as_str()).await?, version),
                        };
                        if now.is_none_or(|now| now.etag != *version) {
                            if put.origin != Origin::Source {
                                return Ok(Outcome::LastGoodGone);
                            }
                            if there.is_some() {
                                return Ok(Outcome::SourceMoved(None));
                            }
                            let current = match treatment {
                                Treatment::AsItIs => {
                                    copy_current(site, source, put, from, may_begin).await
                                }
                                Treatment::Harmless | Treatment::Stripped { .. } => {
                                    stripping::put_current(site, source, put, from, may_begin).await
                                }
                            };
                            return match current {
                                Err(error) if error.is_damaged() => {
                                    Ok(Outcome::Hopeless(Hopeless::of(&error)))
                                }
                                current => Ok(Outcome::SourceMoved(current?)),
                            };
                        }
                    }
                    return Ok(Outcome::Unexpected(there.map(|there| there.etag)));
                }
            }
        }
    };
    Ok(Outcome::Put(PublishedObject {
        fingerprint: Some(put.object.fingerprint()),
        etag: etag.into(),
        source: put.source.clone(),
        rank: put.rank,
    }))
}

/// Gives other headers to what is published already. Where that is something else by now, nothing is done,
/// and what is there stays unknown, so that the next build puts it right.
async fn dress(site: &Bucket, put: &Put, attributes: &Attributes) -> Result<Outcome, StoreError> {
    let key = put.key.as_str();
    let published = |fingerprint, etag: &str| {
        Outcome::Put(PublishedObject {
            fingerprint,
            etag: etag.into(),
            source: put.source.clone(),
            rank: put.rank,
        })
    };
    let before = put.before.clone().unwrap_or_default();
    let condition = Condition::Matches(before.clone());
    let copied = site.copy(key, site, key, &before, attributes, &condition);
    match copied.await {
        Ok(WriteOutcome::Done(etag)) => Ok(published(Some(put.object.fingerprint()), &etag)),
        Ok(WriteOutcome::Refused) => {
            let there = site.head(key).await?;
            let etag = there.map(|there| there.etag).unwrap_or_default();
            Ok(published(None, &etag))
        }
        Err(error) if error.is_hopeless() || error.is_damaged() => {
            Ok(Outcome::Hopeless(Hopeless::of(&error)))
        }
        Err(error) => Err(error),
    }
}

/// Copies whatever version a source has by now to where nothing is. What it is stays unknown, so
/// that the next build puts it right.
async fn copy_current(
    site: &Bucket,
    source: &Bucket,
    put: &Put,
    from: &SourceKey,
    may_begin: impl Fn() -> bool,
) -> Result<Option<PublishedObject>, StoreError> {
    let attributes = attributes(&put.object);
    for _ in 0..MAX_MOVES {
        let Some(now) = source.head(from.as_str()).await? else {
            return Ok(None);
        };
        if !may_begin() {
            return Ok(None);
        }
        let (key, absent) = (put.key.as_str(), Condition::Absent);
        let copied = site.copy(key, source, from.as_str(), &now.etag, &attributes, &absent);
        let etag = match copied.await? {
            WriteOutcome::Done(etag) => Some(etag),
            // Refused for the source or for the object: a retry meets its own write.
            WriteOutcome::Refused => site.head(key).await?.map(|there| there.etag),
        };
        if let Some(etag) = etag {
            return Ok(Some(PublishedObject {
                fingerprint: None,
                etag: etag.into(),
                source: put.source.clone(),
                rank: put.rank,
            }));
        }
    }
    Ok(None)
}

/// What S3 keeps with an object.
pub fn attributes(object: &Object) -> Attributes {
    Attributes {
        content_type: object.content_type.clone(),
        cache_control: object.cache_control.clone().into_owned(),
        metadata: object.metadata.clone(),
    }
}

/// True where the object that is there has the bytes and the metadata that were meant. Where its ETag is of
/// another kind, the answer is no, and the object is put again.
fn is_meant(there: &Head, put: &Put) -> bool {
    let meant = &put.object;
    put.etag().as_ref() == Some(&there.etag)
        && there.size == meant.size()
        && there.attributes == attributes(meant)
}
