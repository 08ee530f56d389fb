//! Why a thumbnail cannot be made of an original.

/// Why a thumbnail cannot be made of an original, for the reader who asked for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThumbnailError {
    /// The original is in a format that is known and not read.
    #[error("the original is {0}, of which no thumbnails are made; use JPEG, PNG, WebP or AVIF")]
    Unsupported(&'static str),
    /// The original is no picture.
    #[error("the original is not a picture")]
    NotAPicture,
    /// The original is over a limit. The text says which, how much it has, and how much it may have.
    #[error("the original is too large: {0}")]
    TooLarge(String),
    /// What is asked for is over a limit.
    #[error("the thumbnail would be too large: {0}")]
    ResultTooLarge(String),
    /// Trimming cuts everything off. The text says how large the original is.
    #[error("trim leaves nothing of the original: {0}")]
    NothingLeft(String),
    /// The original is damaged.
    #[error("the original is damaged: {0}")]
    Damaged(String),
    /// An encoder refused.
    #[error("the thumbnail cannot be encoded: {0}")]
    Encoding(String),
}

impl ThumbnailError {
    /// Returns the status of the answer (RFC 9110, section 15.5).
    pub fn status(&self) -> u16 {
        match self {
            Self::Unsupported(_) | Self::NotAPicture => 415,
            Self::TooLarge(_) => 413,
            Self::ResultTooLarge(_) | Self::NothingLeft(_) => 400,
            Self::Damaged(_) => 422,
            Self::Encoding(_) => 500,
        }
    }
}

impl From<crate::Crash> for ThumbnailError {
    fn from(_: crate::Crash) -> Self {
        Self::Damaged("the decoder gave up".into())
    }
}

impl From<quillfront_resize::ResizeError> for ThumbnailError {
    fn from(error: quillfront_resize::ResizeError) -> Self {
        Self::Encoding(error.to_string())
    }
}
