//! Exit codes (interface.md).

use crate::interrupt::Interruption;
use quillfront_edge::viewer::javascript::TooLong;
use quillfront_publish::bucket::BuildError;
use quillfront_publish::bucket::preview::PreviewError;
use quillfront_publish::handler::HandleError;
use quillfront_site::diagnostic::Diagnostic;

/// All went well.
pub const GOOD: u8 = 0;
/// An author's mistakes were found.
pub const DIAGNOSTICS: u8 = 1;
/// The command was not understood.
pub const USAGE: u8 = 2;
/// Storage, network or disk failed.
pub const INFRASTRUCTURE: u8 = 3;
/// Another builder was faster.
pub const LOST_RACE: u8 = 4;

/// A mistake in how the command was called.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// The exit code of a failure.
pub fn of(error: &anyhow::Error) -> u8 {
    if error.is::<UsageError>() {
        return USAGE;
    }
    // What is too long is what the author wrote.
    if error.is::<TooLong>() {
        return DIAGNOSTICS;
    }
    if let Some(interrupted) = error.downcast_ref::<Interruption>() {
        return interrupted.code();
    }
    if let Some(PreviewError::Moving) = error.downcast_ref() {
        return LOST_RACE;
    }
    let build =
        error
            .downcast_ref::<BuildError>()
            .or_else(|| match error.downcast_ref::<HandleError>() {
                Some(HandleError::Build(build)) => Some(build),
                _ => None,
            });
    match (build, error.downcast_ref::<HandleError>()) {
        (Some(BuildError::LostRace), _) => LOST_RACE,
        (_, Some(HandleError::Event(_))) => USAGE,
        _ => INFRASTRUCTURE,
    }
}

/// The exit code of a run that came to its end.
pub fn with(diagnostics: &[Diagnostic]) -> u8 {
    if diagnostics.iter().any(Diagnostic::is_error) {
        DIAGNOSTICS
    } else {
        GOOD
    }
}
