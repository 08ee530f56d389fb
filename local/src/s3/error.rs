//! What can go wrong in the store, and the S3 error that says so.

use std::io;
use std::path::{Path, PathBuf};

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode};

/// An error of the store. Most variants are S3's errors of the same name.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the data folder open.
    #[error("{0} is in use by another process")]
    Held(PathBuf),
    /// A file could not be read or written.
    #[error("{}: {source}{}", path.display(), way_out(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file in the data folder is not what the store wrote there.
    #[error("{} is damaged: its content is not what this store wrote", .0.display())]
    Damaged(PathBuf),
    /// The object was damaged on the disk and set aside, and nobody has put or deleted it since.
    #[error("the object {0} was damaged on the disk and set aside; put it again, or delete it")]
    Lost(String),
    /// No such bucket.
    #[error("the bucket {0} does not exist")]
    NoSuchBucket(String),
    /// Not a name that S3 takes.
    #[error("{0} is not a valid bucket name")]
    InvalidBucketName(String),
    /// The bucket still holds objects.
    #[error("the bucket {0} is not empty")]
    BucketNotEmpty(String),
    /// No such object.
    #[error("the key {0} does not exist")]
    NoSuchKey(String),
    /// A condition of the request does not hold.
    #[error("the condition {0} does not hold")]
    PreconditionFailed(&'static str),
    /// No such multipart upload: never begun, completed, or aborted.
    #[error("the upload does not exist; it may have been completed or aborted")]
    NoSuchUpload,
    /// A part is missing, or its ETag or checksum is another one.
    #[error("part {0} was not uploaded, or has another ETag or checksum")]
    InvalidPart(i32),
    /// Parts are not in ascending order.
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    /// A part other than the last is smaller than 5 MiB.
    #[error("part {0} is smaller than the minimum")]
    EntityTooSmall(i32),
    /// The object would be larger than S3 allows.
    #[error("the object would be larger than the maximum")]
    EntityTooLarge,
    /// The bytes are not what the request said they would be.
    #[error("{0}")]
    BadDigest(String),
    /// A request that S3 refuses.
    #[error("{0}")]
    InvalidRequest(String),
}

/// The code of an object whose bytes or record the disk has changed. S3 has none for it. Its status
/// is 410, which tells it from others where an answer has no body.
const OBJECT_DAMAGED: &str = "ObjectDamaged";

impl StoreError {
    /// Whether what the disk has is not what was written. Any other error (a file that may not be
    /// read, a disk that does not answer, too many open files) says nothing of what was written.
    pub(crate) fn is_damage(&self) -> bool {
        use io::ErrorKind::{InvalidData, UnexpectedEof};
        match self {
            StoreError::Damaged(_) | StoreError::Lost(_) => true,
            StoreError::Io { source, .. } => {
                matches!(source.kind(), InvalidData | UnexpectedEof)
            }
            _ => false,
        }
    }
}

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> S3Error {
        let code = match &error {
            StoreError::NoSuchBucket(_) => S3ErrorCode::NoSuchBucket,
            StoreError::InvalidBucketName(_) => S3ErrorCode::InvalidBucketName,
            StoreError::BucketNotEmpty(_) => S3ErrorCode::BucketNotEmpty,
            StoreError::NoSuchKey(_) => S3ErrorCode::NoSuchKey,
            StoreError::PreconditionFailed(_) => S3ErrorCode::PreconditionFailed,
            StoreError::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            StoreError::InvalidPart(_) => S3ErrorCode::InvalidPart,
            StoreError::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
            StoreError::EntityTooSmall(_) => S3ErrorCode::EntityTooSmall,
            StoreError::EntityTooLarge => S3ErrorCode::EntityTooLarge,
            StoreError::BadDigest(_) => S3ErrorCode::BadDigest,
            StoreError::InvalidRequest(_) => S3ErrorCode::InvalidRequest,
            StoreError::Io { source, .. } if is_full(source) => {
                let mut full = custom(
                    "InsufficientStorage",
                    StatusCode::INSUFFICIENT_STORAGE,
                    "The disk of the server is full. Free some space there and try again.".into(),
                );
                full.set_source(Box::new(error));
                return full;
            }
            // Not 404, so that nobody takes it for a removal; not 5xx, since to try again helps nobody.
            _ if error.is_damage() => {
                let message = "The object is damaged on the disk of the server. Put it again, or delete it. The \
                               server's terminal says more.";
                let mut damaged = custom(OBJECT_DAMAGED, StatusCode::GONE, message.into());
                damaged.set_source(Box::new(error));
                return damaged;
            }
            StoreError::Held(_)
            | StoreError::Io { .. }
            | StoreError::Damaged(_)
            | StoreError::Lost(_) => {
                // The message names files of this machine: for its owner, not for a client.
                return S3Error::with_source(S3ErrorCode::InternalError, Box::new(error));
            }
        };
        S3Error::with_message(code, error.to_string())
    }
}

/// Whether there is no room for a write: on the disk, or of what its user may have.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

/// What to do about an error, where that is known.
fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "; it may belong to another user, because the server was started as that user once (with sudo, say): give \
             the whole data folder back with `chown -R`, and start again"
        }
        _ => "",
    }
}

/// An error of the protocol layer that it has no name for.
pub(super) fn custom(code: &'static str, status: StatusCode, message: String) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(status);
    error
}

/// Adds to an I/O error the path it happened at.
pub(super) trait At<T> {
    fn at(self, path: &Path) -> Result<T, StoreError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Io {
            path: path.to_owned(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_user_comes_with_the_way_out() {
        let denied: io::Result<()> = Err(io::ErrorKind::PermissionDenied.into());
        let told = denied.at(Path::new("s3/lock")).expect_err("denied");
        assert!(!told.is_damage());
        let told = told.to_string();
        assert!(
            told.starts_with("s3/lock: ") && told.contains("chown -R"),
            "{told}"
        );
    }
}
