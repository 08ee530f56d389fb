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
    /// The URL is signed, and not rightly or not any more. The text says which.
    #[error("{0}")]
    NotSigned(String),
    /// It is the canonical form, which is for caches and buckets.
    #[error("there is no such picture")]
    Canonical,
}

impl Refusal {
    /// Returns the status of the answer (RFC 9110, section 15.5).
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NotFree(_) | Self::NotSigned(_) => 403,
            Self::Canonical => 404,
        }
    }
}

/// The beginning of what a reader wrote, short enough to be repeated to them. Any characters that are not ASCII are
/// one question mark, so that all languages count the rest alike.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 40;
    let mut plain = String::new();
    let mut was_plain = true;
    for c in text.chars() {
        let is_plain = matches!(c, ' '..='~');
        match (is_plain, was_plain) {
            (true, _) => plain.push(c),
            (false, true) => plain.push('?'),
            (false, false) => {}
        }
        was_plain = is_plain;
    }
    match plain.get(..MOST) {
        Some(start) if plain.len() > MOST => format!("`{start}...`"),
        _ => format!("`{plain}`"),
    }
}
