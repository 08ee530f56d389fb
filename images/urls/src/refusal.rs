//! Why a URL gives no thumbnail.

/// Why a URL gives no thumbnail, as the reader is told who asked for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The options cannot be understood. The text says which one, and what is allowed.
    #[error("{0}")]
    Malformed(String),
    /// The options are understood, and not for everybody. The text says which.
    #[error("{0}")]
    NotFree(String),
    /// It is the canonical form, which is for caches and buckets.
    #[error("there is no such picture")]
    Canonical,
}

impl Refusal {
    /// Returns the status of the answer (RFC 9110, section 15.5).
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NotFree(_) => 403,
            Self::Canonical => 404,
        }
    }
}

/// The beginning of what a reader wrote, short enough to be repeated to them.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}
