//! Buckets that go: exported, emptied with all versions, deleted.

use crate::show;
use anyhow::{Context, Result, anyhow};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use futures::stream::{StreamExt, TryStreamExt, iter};
use std::path::{Component, Path, PathBuf};

/// Objects that are exported at once.
const PARALLEL: usize = 8;

/// Whether a bucket has objects, versions of before included; none where there is no such bucket.
///
/// # Errors
/// S3 refuses to tell.
pub async fn look(s3: &Client, bucket: &str) -> Result<Option<bool>> {
    let listed = s3.list_object_versions().bucket(bucket).max_keys(1);
    match listed.send().await {
        Ok(page) => Ok(Some(
            !page.versions().is_empty() || !page.delete_markers().is_empty(),
        )),
        Err(error) if error.code() == Some("NoSuchBucket") => Ok(None),
        Err(error) => Err(failed("looking into", bucket, &DisplayErrorContext(&error))),
    }
}

/// Deletes all versions of all objects, and returns how many those were.
///
/// # Errors
/// S3 refuses; what was deleted until then is deleted.
pub async fn empty(s3: &Client, bucket: &str) -> Result<usize> {
    let mut deleted = 0;
    loop {
        // From the beginning each time, since what was listed is gone by then.
        let listed = s3.list_object_versions().bucket(bucket).send().await;
        let page = match listed {
            Ok(page) => page,
            Err(error) if error.code() == Some("NoSuchBucket") => return Ok(deleted),
            Err(error) => return Err(failed("looking into", bucket, &DisplayErrorContext(&error))),
        };
        let versions = page.versions().iter();
        let versions = versions.map(|version| (version.key(), version.version_id()));
        let markers = page.delete_markers().iter();
        let markers = markers.map(|marker| (marker.key(), marker.version_id()));
        let identified = versions.chain(markers).filter_map(|(key, version)| {
            let one = ObjectIdentifier::builder().key(key?);
            one.set_version_id(version.map(str::to_owned)).build().ok()
        });
        let identified: Vec<ObjectIdentifier> = identified.collect();
        if identified.is_empty() {
            return Ok(deleted);
        }
        let count = identified.len();
        let delete = Delete::builder().set_objects(Some(identified)).quiet(true);
        let request = s3.delete_objects().bucket(bucket).delete(delete.build()?);
        let answer = request.send().await;
        let answer =
            answer.map_err(|error| failed("emptying", bucket, &DisplayErrorContext(&error)))?;
        if let Some(error) = answer.errors().first() {
            let why = error.message().or(error.code()).unwrap_or("no reason");
            let key = error.key().unwrap_or_default();
            return Err(anyhow!("emptying {bucket}: {key}: {why}"));
        }
        deleted += count;
    }
}

/// Deletes an empty bucket, if it is there.
///
/// # Errors
/// S3 refuses.
pub async fn delete(s3: &Client, bucket: &str) -> Result<()> {
    match s3.delete_bucket().bucket(bucket).send().await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("NoSuchBucket") => Ok(()),
        Err(error) => Err(failed("deleting", bucket, &DisplayErrorContext(&error))),
    }
}

/// Writes the objects of a bucket to a folder, and returns how many those were. Files that are there are overwritten.
///
/// # Errors
/// S3 refuses, or the disk is full.
pub async fn export(s3: &Client, bucket: &str, folder: &Path) -> Result<usize> {
    let mut keys = Vec::new();
    let mut pages = s3.list_objects_v2().bucket(bucket).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page =
            page.map_err(|error| failed("looking into", bucket, &DisplayErrorContext(&error)))?;
        keys.extend(
            page.contents()
                .iter()
                .filter_map(|object| object.key().map(str::to_owned)),
        );
    }
    let written = iter(keys).map(|key| async move {
        let Some(path) = path_of(folder, &key) else {
            if !key.ends_with('/') {
                show::warning(&format!("{key:?} cannot be a file and is left out"));
            }
            return Ok(0);
        };
        let got = s3.get_object().bucket(bucket).key(&key).send().await;
        let got = got.map_err(|error| failed("reading", &key, &DisplayErrorContext(&error)))?;
        let write = async {
            if let Some(parent) = path.parent() {
                tokio::fs::create_dir_all(parent).await?;
            }
            let mut file = tokio::fs::File::create(&path).await?;
            tokio::io::copy(&mut got.body.into_async_read(), &mut file).await?;
            tokio::io::AsyncWriteExt::flush(&mut file).await
        };
        write.await.with_context(|| path.display().to_string())?;
        Ok::<usize, anyhow::Error>(1)
    });
    let counts: Vec<usize> = written.buffer_unordered(PARALLEL).try_collect().await?;
    Ok(counts.into_iter().sum())
}

/// Where an object goes; none where its key would lead out of the folder, or is that of a folder.
fn path_of(folder: &Path, key: &str) -> Option<PathBuf> {
    let is_plain = |part: &str| {
        let mut parts = Path::new(part).components();
        let first = parts.next();
        matches!(first, Some(Component::Normal(_))) && parts.next().is_none()
    };
    let parts: Vec<&str> = key.split('/').collect();
    let is_plain = parts.iter().all(|part| is_plain(part)) && !key.contains(['\\', '\0']);
    is_plain.then(|| folder.join(parts.iter().collect::<PathBuf>()))
}

fn failed(what: &str, subject: &str, error: &dyn std::fmt::Display) -> anyhow::Error {
    anyhow!("{what} {subject}: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leads_out_of_the_folder() {
        let path = |key: &str| path_of(Path::new("/out"), key);
        assert_eq!(
            path("content/a b.md"),
            Some(PathBuf::from("/out/content/a b.md"))
        );
        for key in [
            "../a",
            "a/../../b",
            "/etc/passwd",
            "a//b",
            "folder/",
            "",
            ".",
            "a/./b",
            "a\\b",
            "a\0",
        ] {
            assert_eq!(path(key), None, "{key:?}");
        }
    }
}
