//! Files of a site's folder, put into a bucket through S3: as one object, or part by part, with a condition on what is
//! there. `serve` and `publish` share it.

use anyhow::{Context, Result, anyhow};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use md5::{Digest, Md5};
use quillfront_publish::bucket::store::Place;
use quillfront_publish::folder::FileEntry;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Files put at once.
pub const PARALLEL: usize = 8;
/// A file larger than this goes in parts.
const PART_BYTES: u64 = 64 * 1024 * 1024;
/// The parts that others make: the AWS CLI, boto3 and Cyberduck; rclone.
const PARTS_OF_OTHERS: [u64; 2] = [8 * 1024 * 1024, 5 * 1024 * 1024];

/// A folder, and the bucket that its files go to.
pub struct Uploads {
    /// The site's folder.
    pub root: PathBuf,
    /// The client of the bucket.
    pub client: Client,
    /// The bucket.
    pub place: Place,
}

/// What has to be under a key for a write to be done.
#[derive(Clone, Copy)]
pub enum Condition<'a> {
    /// Nothing.
    Absent,
    /// An object with this ETag.
    Is(&'a str),
    /// Whatever there is.
    Any,
}

/// What became of a file.
pub enum Outcome {
    /// It is there, with this ETag.
    Done(String),
    /// The bucket has something else than the condition says.
    Conflict,
    /// The file has gone from the folder.
    Gone,
}

impl Uploads {
    /// Returns the whole key of a file.
    pub fn key(&self, key: &str) -> String {
        format!("{}{key}", self.place.prefix)
    }

    /// Puts one file.
    ///
    /// # Errors
    /// Disk or storage failed.
    pub async fn put(&self, file: &FileEntry, condition: Condition<'_>) -> Result<Outcome> {
        if file.version.size > PART_BYTES {
            return self.put_in_parts(file, condition).await;
        }
        let name = file.key.as_str();
        let path = self.root.join(name);
        let body = match ByteStream::from_path(&path).await {
            Ok(body) => body,
            Err(_) if !path.exists() => return Ok(Outcome::Gone),
            Err(error) => return Err(anyhow!("{}: {error}", path.display())),
        };
        let request = self.client.put_object();
        let request = request.bucket(&self.place.bucket).key(self.key(name));
        let request = match condition {
            Condition::Is(etag) => request.if_match(format!("\"{etag}\"")),
            Condition::Absent => request.if_none_match("*"),
            Condition::Any => request,
        };
        match request.body(body).send().await {
            Ok(output) => Ok(Outcome::Done(unquoted(output.e_tag()))),
            Err(error) if is_conflict(error.code()) => Ok(Outcome::Conflict),
            Err(_) if !path.exists() => Ok(Outcome::Gone),
            Err(error) => Err(failed("putting", name, &DisplayErrorContext(&error))),
        }
    }

    /// Puts a large file part by part, streamed.
    async fn put_in_parts(&self, file: &FileEntry, condition: Condition<'_>) -> Result<Outcome> {
        let name = file.key.as_str();
        let key = self.key(name);
        let (client, bucket) = (&self.client, &self.place.bucket);
        let upload = client.create_multipart_upload().bucket(bucket).key(&key);
        let upload = upload.send().await;
        let upload =
            upload.map_err(|error| failed("putting", name, &DisplayErrorContext(&error)))?;
        let id = upload.upload_id().unwrap_or_default();
        let mut parts = Vec::new();
        let (mut offset, mut number) = (0, 1);
        while offset < file.version.size {
            let length = PART_BYTES.min(file.version.size - offset);
            let body = ByteStream::read_from()
                .path(self.root.join(name))
                .offset(offset)
                .length(Length::Exact(length));
            let body = body.build().await;
            let body = body.map_err(|error| failed("reading", name, &error))?;
            let part = client.upload_part().bucket(bucket).key(&key).upload_id(id);
            let sent = part.part_number(number).body(body).send().await;
            let sent =
                sent.map_err(|error| failed("putting", name, &DisplayErrorContext(&error)))?;
            parts.push(
                CompletedPart::builder()
                    .part_number(number)
                    .set_e_tag(sent.e_tag)
                    .build(),
            );
            (offset, number) = (offset + length, number + 1);
        }
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        let complete = client.complete_multipart_upload().bucket(bucket).key(&key);
        let complete = match condition {
            Condition::Is(etag) => complete.if_match(format!("\"{etag}\"")),
            Condition::Absent => complete.if_none_match("*"),
            Condition::Any => complete,
        };
        match complete.upload_id(id).multipart_upload(parts).send().await {
            Ok(done) => Ok(Outcome::Done(unquoted(done.e_tag()))),
            Err(error) if is_conflict(error.code()) => {
                let abort = client.abort_multipart_upload().bucket(bucket).key(&key);
                let aborted = abort.upload_id(id).send().await;
                aborted.map_err(|error| failed("aborting", name, &DisplayErrorContext(&error)))?;
                Ok(Outcome::Conflict)
            }
            Err(error) => Err(failed("putting", name, &DisplayErrorContext(&error))),
        }
    }

    /// Removes an object, if it is the one of this ETag; false where it is another. Without an ETag, whatever there
    /// is.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn remove(&self, name: &str, etag: Option<&str>) -> Result<bool> {
        let request = self.client.delete_object();
        let request = request.bucket(&self.place.bucket).key(self.key(name));
        let expected = etag.map(|etag| format!("\"{etag}\""));
        match request.set_if_match(expected).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("NoSuchKey") => Ok(true),
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(false),
            Err(error) => Err(failed("removing", name, &DisplayErrorContext(&error))),
        }
    }
}

/// Returns whether a file has the bytes of an object with this ETag, as S3 makes it of bytes: their MD5, or where they
/// came in parts the MD5 of those of the parts, and how many there were. An object that was put in parts of a length
/// that nobody uses counts as another, and so does one that is encrypted with a key of KMS.
///
/// # Errors
/// The file cannot be read.
pub fn has_bytes_of(path: &Path, size: u64, etag: &str) -> Result<bool> {
    let Some((_, count)) = etag.split_once('-') else {
        return Ok(etag_of(path, None)? == etag);
    };
    for part in PARTS_OF_OTHERS.into_iter().chain([PART_BYTES]) {
        if count == size.div_ceil(part).max(1).to_string() && etag_of(path, Some(part))? == etag {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The ETag that a file would have, in parts of some bytes or as one.
fn etag_of(path: &Path, part_bytes: Option<u64>) -> Result<String> {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 256 * 1024];
        let (mut whole, mut part) = (Md5::new(), Md5::new());
        let (mut parts, mut left) = (0_u64, part_bytes.unwrap_or(u64::MAX));
        loop {
            let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            let count = file.read(&mut buffer[..most])?;
            part.update(&buffer[..count]);
            left -= count as u64;
            if count > 0 && left > 0 {
                continue;
            }
            // The end of a part, or of the file.
            if part_bytes.is_none() {
                return Ok(hex::encode(part.finalize()));
            }
            if count > 0 || parts == 0 || left < part_bytes.unwrap_or(left) {
                whole.update(part.finalize_reset());
                parts += 1;
            }
            if count == 0 {
                return Ok(format!("{}-{parts}", hex::encode(whole.finalize())));
            }
            left = part_bytes.unwrap_or(u64::MAX);
        }
    };
    read().with_context(|| path.display().to_string())
}

fn is_conflict(code: Option<&str>) -> bool {
    matches!(code, Some("PreconditionFailed" | "NoSuchKey"))
}

fn failed(what: &str, key: &str, error: &dyn std::fmt::Display) -> anyhow::Error {
    anyhow!("{what} {key}: {error}")
}

/// Returns an ETag without its quotes.
pub fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_the_tag_that_s3_makes_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "hello").unwrap();
        assert!(has_bytes_of(&path, 5, "5d41402abc4b2a76b9719d911017c592").unwrap());
        assert!(!has_bytes_of(&path, 5, "5d41402abc4b2a76b9719d911017c593").unwrap());
        // MD5 of the MD5 of one part.
        let one = hex::encode(Md5::digest(Md5::digest("hello")));
        assert!(has_bytes_of(&path, 5, &format!("{one}-1")).unwrap());
        assert!(!has_bytes_of(&path, 5, &format!("{one}-2")).unwrap());
    }

    #[test]
    fn parts_end_where_they_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let tag = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            etag_of(&path, Some(4)).unwrap()
        };
        let of = |parts: &[&[u8]]| {
            let digests: Vec<u8> = parts.iter().flat_map(Md5::digest).collect();
            format!("{}-{}", hex::encode(Md5::digest(digests)), parts.len())
        };
        assert_eq!(tag(b"12345678"), of(&[b"1234", b"5678"]));
        assert_eq!(tag(b"123456789"), of(&[b"1234", b"5678", b"9"]));
        assert_eq!(tag(b"12"), of(&[b"12"]));
        assert_eq!(tag(b""), of(&[b""]));
    }
}
