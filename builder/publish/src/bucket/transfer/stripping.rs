//! Putting pictures without what they tell: the bytes are read, taken apart and put, since S3 can only copy them as
//! they are.

use super::{Hopeless, Origin, Outcome, Put, attributes, put_whole};
use crate::bucket::observe::MAX_INPUT_BYTES;
use crate::bucket::state::PublishedObject;
use crate::bucket::store::{Bucket, Condition, FetchedObject, StoreError, WriteOutcome};
use quillfront_render::render::originals;
use quillfront_site::key::SourceKey;
use quillfront_site::object::{Body, Object};

/// Puts what is left of one version of a picture, as [`super::put`] puts other objects.
pub(super) async fn put(
    site: &Bucket,
    source: &Bucket,
    put: &Put,
    may_begin: impl Fn() -> bool,
) -> Result<Outcome, StoreError> {
    let Body::Copy {
        source: from,
        version,
        ..
    } = &put.object.body
    else {
        return put_whole(site, source, put, may_begin).await;
    };
    let (bucket, key, version) = match &put.origin {
        Origin::Published(from, etag) => (site, from.as_str(), etag),
        Origin::Source | Origin::ThisVersion => (source, from.as_str(), version),
    };
    let got = match bucket.get(key, MAX_INPUT_BYTES).await {
        Err(error) if error.is_hopeless() || error.is_damaged() => {
            return Ok(Outcome::Hopeless(Hopeless::of(&error)));
        }
        got => got?,
    };
    let Some(got) = got.filter(|got| got.etag == *version) else {
        return moved(site, source, put, from, may_begin).await;
    };
    let meant = put.object.fingerprint().body;
    let left = left_of(got).filter(|left| Body::fingerprint_of(left) == meant);
    let Some(left) = left else {
        return Ok(Outcome::Hopeless(Hopeless {
            why: "what is left of it without its metadata is not what was seen".to_owned(),
            is_damaged: false,
        }));
    };
    // Reading may have taken all the time that there was for a write.
    if !may_begin() {
        return Ok(Outcome::Unexpected(put.before.clone()));
    }
    let object = Object {
        body: Body::Bytes(left.into()),
        ..put.object.clone()
    };
    let whole = Put {
        object,
        ..put.clone()
    };
    put_whole(site, source, &whole, may_begin).await
}

/// What became of a put whose version is not where it was.
async fn moved(
    site: &Bucket,
    source: &Bucket,
    put: &Put,
    from: &SourceKey,
    may_begin: impl Fn() -> bool,
) -> Result<Outcome, StoreError> {
    if put.origin != Origin::Source {
        return Ok(Outcome::LastGoodGone);
    }
    if site.head(put.key.as_str()).await?.is_some() {
        return Ok(Outcome::SourceMoved(None));
    }
    match put_current(site, source, put, from, may_begin).await {
        Err(error) if error.is_damaged() => Ok(Outcome::Hopeless(Hopeless::of(&error))),
        current => Ok(Outcome::SourceMoved(current?)),
    }
}

/// Puts what is left of whatever version a picture has by now where nothing is. What it is stays unknown, so that
/// the next build puts it right; of a version whose metadata cannot be taken out nothing is put.
pub(super) async fn put_current(
    site: &Bucket,
    source: &Bucket,
    put: &Put,
    from: &SourceKey,
    may_begin: impl Fn() -> bool,
) -> Result<Option<PublishedObject>, StoreError> {
    let got = source.get(from.as_str(), MAX_INPUT_BYTES).await?;
    let Some(left) = got.and_then(left_of) else {
        return Ok(None);
    };
    if !may_begin() {
        return Ok(None);
    }
    let key = put.key.as_str();
    let attributes = attributes(&put.object);
    let written = site.put(key, &left, &attributes, &Condition::Absent);
    let etag = match written.await? {
        WriteOutcome::Done(etag) => Some(etag),
        // A retry meets its own write.
        WriteOutcome::Refused => site.head(key).await?.map(|there| there.etag),
    };
    Ok(etag.map(|etag| PublishedObject {
        fingerprint: None,
        etag: etag.into(),
        source: put.source.clone(),
        rank: put.rank,
    }))
}

/// What is left of a picture; none where it is too large to be read, or its metadata cannot be taken out.
fn left_of(got: FetchedObject) -> Option<Vec<u8>> {
    originals::left_of(got.bytes?).ok()
}
