//! `DeleteObject` and `DeleteObjects`.

use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::{caller, refuse_version};
use crate::s3::conditions::DeleteCondition;
use crate::s3::limits::DELETE_KEYS;
use crate::s3::store::{Store, blocking};

pub(super) async fn delete_object(
    store: &Store,
    req: S3Request<DeleteObjectInput>,
) -> S3Result<DeleteObjectOutput> {
    let caller = caller(&req)?;
    let input = req.input;
    refuse_version(input.version_id.as_deref())?;
    let condition = DeleteCondition {
        if_match: input.if_match,
        last_modified: input.if_match_last_modified_time,
        size: input.if_match_size,
    };
    store
        .in_bucket(&input.bucket, move |bucket| {
            bucket.remove(&input.key, &condition, &caller)
        })
        .await?;
    Ok(DeleteObjectOutput::default())
}

/// Each key succeeds or fails by itself.
pub(super) async fn delete_objects(
    store: &Store,
    req: S3Request<DeleteObjectsInput>,
) -> S3Result<DeleteObjectsOutput> {
    let caller = caller(&req)?;
    let Delete { objects, quiet } = req.input.delete;
    if objects.is_empty() || objects.len() > DELETE_KEYS {
        return Err(s3_error!(
            MalformedXML,
            "a request names 1 to {DELETE_KEYS} keys"
        ));
    }
    let bucket = store.bucket(&req.input.bucket)?;
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    let results = blocking(move || {
        let remove = |object: ObjectIdentifier| {
            let condition = DeleteCondition {
                if_match: object.e_tag.map(|etag| match etag.value() {
                    "*" => ETagCondition::Any,
                    _ => ETagCondition::ETag(etag),
                }),
                last_modified: object.last_modified_time,
                size: object.size,
            };
            let removed = refuse_version(object.version_id.as_deref()).and_then(|()| {
                bucket
                    .remove(&object.key, &condition, &caller)
                    .map_err(S3Error::from)
            });
            (object.key, object.version_id, removed)
        };
        Ok(objects.into_iter().map(remove).collect::<Vec<_>>())
    })
    .await?;
    for (key, version_id, removed) in results {
        match removed {
            Ok(()) => deleted.push(DeletedObject {
                key: Some(key),
                version_id,
                ..Default::default()
            }),
            Err(error) => errors.push(Error {
                code: Some(error.code().as_str().to_owned()),
                message: error.message().map(str::to_owned),
                key: Some(key),
                version_id,
            }),
        }
    }
    Ok(DeleteObjectsOutput {
        deleted: (!quiet.unwrap_or(false)).then_some(deleted),
        errors: Some(errors),
        ..Default::default()
    })
}
