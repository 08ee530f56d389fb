//! Putting and deleting objects of the site bucket, in the order that keeps readers whole
//! (invariant 5), each write conditional on what was there (invariant 4).

use super::state::Published;
use super::store::{Attributes, Bucket, Condition, Head, StoreError, Written};
use crate::key::{OutputKey, SourceKey};
use crate::object::{Body, Object};
use crate::plan::{Planned, Rank, Recipe};
use md5::{Digest, Md5};
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
    /// When: 0 assets, 1 the changed sources' own pages, 2 other pages, 3 lists and redirects.
    pub wave: u8,
}

/// The wave that an output belongs to.
pub fn wave(planned: &Planned, changed: &BTreeSet<&SourceKey>) -> u8 {
    match planned.recipe {
        Recipe::Copy(_) | Recipe::Style(_) | Recipe::Picture { .. } => 0,
        Recipe::Page(_) if changed.contains(&planned.source) => 1,
        Recipe::Page(_) => 2,
        _ => 3,
    }
}

/// How many waves there are.
pub const WAVES: u8 = 4;

/// What became of one put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The object is there.
    Put(Published),
    /// Something else is there than was expected; it has this ETag now, or none.
    Unexpected(Option<String>),
    /// The source has another version by now; an event tells of it.
    SourceMoved,
}

/// Puts one object on the condition that `before` is there.
///
/// # Errors
/// Storage failed.
pub async fn put(site: &Bucket, source: &Bucket, put: &Put) -> Result<Outcome, StoreError> {
    let condition = put
        .before
        .clone()
        .map_or(Condition::Absent, Condition::Matches);
    let attributes = attributes(&put.object);
    let written = match &put.object.body {
        Body::Bytes(bytes) => {
            site.put(put.key.as_str(), bytes, &attributes, &condition)
                .await?
        }
        Body::Copy {
            source: from,
            version,
            ..
        } => {
            let key = put.key.as_str();
            site.copy(key, source, from.as_str(), version, &attributes, &condition)
                .await?
        }
    };
    let etag = match written {
        Written::Done(etag) => etag,
        // Look: equal to what was meant is success (a retry met its own write).
        Written::Refused => {
            let there = site.head(put.key.as_str()).await?;
            match there {
                Some(there) if is_meant(&there, &put.object) => there.etag,
                there => {
                    if let Body::Copy {
                        source: from,
                        version,
                        ..
                    } = &put.object.body
                    {
                        let now = source.head(from.as_str()).await?;
                        if now.is_none_or(|now| now.etag != *version) {
                            return Ok(Outcome::SourceMoved);
                        }
                    }
                    return Ok(Outcome::Unexpected(there.map(|there| there.etag)));
                }
            }
        }
    };
    Ok(Outcome::Put(Published {
        fingerprint: Some(put.object.fingerprint()),
        etag,
        source: put.source.clone(),
        rank: put.rank,
    }))
}

/// What S3 keeps with an object.
pub fn attributes(object: &Object) -> Attributes {
    Attributes {
        content_type: object.content_type.clone(),
        cache_control: object.cache_control.to_owned(),
        metadata: object.metadata.clone(),
    }
}

/// True where the object that is there has the bytes and the metadata that were meant. An ETag is
/// the MD5 of the bytes for objects put in one part without KMS encryption (S3 API, "Object");
/// where it is not, the answer is no, and the object is put again.
fn is_meant(there: &Head, meant: &Object) -> bool {
    let etag = match &meant.body {
        Body::Bytes(bytes) => hex::encode(Md5::digest(bytes)),
        Body::Copy { version, .. } => version.clone(),
    };
    there.etag == etag && there.size == meant.size() && there.attributes == attributes(meant)
}
