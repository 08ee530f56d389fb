//! Why changes end.

use quillfront_audit::harden::edit::EditError;

/// Why changes end.
#[derive(Debug, thiserror::Error)]
pub enum HardenError {
    /// AWS refused, or did not answer.
    #[error("{0}")]
    Aws(#[from] quillfront_aws::Error),
    /// An edit cannot be made.
    #[error("{place}: {error}")]
    Edit {
        /// The resource.
        place: String,
        /// Why.
        error: EditError,
    },
    /// Others write the same all the time.
    #[error("{0} is changed by somebody else all the time: try again later")]
    Busy(String),
    /// The answer is not what it should be.
    #[error("{0}")]
    Answer(String),
    /// What is to go back was changed by somebody else since.
    #[error(
        "{0} was changed since: `--overwrite` puts the saved configuration in its place all the same"
    )]
    ChangedSince(String),
    /// What is needed to go back cannot be kept; nothing more is written.
    #[error("the configuration cannot be saved: {0}")]
    Save(String),
    /// The deployment takes too long.
    #[error("the distribution is not deployed after {0} minutes: run this again later")]
    Slow(u64),
}
