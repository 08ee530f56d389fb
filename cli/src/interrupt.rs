//! Ctrl-C, and the signal that service managers send: what is under way ends with a word.

use crate::show;
use anyhow::Result;
use quillfront_publish::bucket::Builder;
use std::time::Duration;

/// Somebody who stops a command does not wait longer than this for its last word.
const PATIENCE: Duration = Duration::from_secs(1);
const MOST_FOR_THREADS: Duration = Duration::from_secs(2);
/// What shells say of a command that a signal has ended: 128, and its number.
const OF_SIGNALS: u8 = 128;
const INTERRUPT: u8 = 2;
#[cfg(unix)]
const TERMINATE: u8 = 15;

/// A signal that asks a command to end.
#[derive(Debug, thiserror::Error)]
#[error("interrupted before it finished; run it again")]
pub struct Interruption {
    signal: u8,
}

impl Interruption {
    /// The exit code of a command that was not done.
    pub fn code(&self) -> u8 {
        OF_SIGNALS + self.signal
    }
}

/// Waits for a signal.
///
/// # Errors
/// The system does not tell of signals.
pub async fn interrupted() -> Result<Interruption> {
    let interrupt = Interruption { signal: INTERRUPT };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            done = tokio::signal::ctrl_c() => done.map(|()| interrupt).map_err(Into::into),
            _ = terminate.recv() => Ok(Interruption { signal: TERMINATE }),
        }
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await?;
        Ok(interrupt)
    }
}

/// Runs a command. Renders that go on in other threads after it was interrupted are not waited for.
///
/// # Errors
/// The command's own, or the system gives no threads.
pub fn block_on(command: impl Future<Output = Result<u8>>) -> Result<u8> {
    let runtime = crate::serve::runtime()?;
    let code = runtime.block_on(command);
    runtime.shutdown_timeout(MOST_FOR_THREADS);
    code
}

/// Does what a builder is asked to, unless a signal comes first.
///
/// # Errors
/// The work failed, or [`Interruption`].
pub async fn unless_interrupted<T, E: Into<anyhow::Error>>(
    builder: &Builder,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T> {
    let interrupted = tokio::select! {
        done = work => return done.map_err(Into::into),
        interrupted = interrupted() => interrupted?,
    };
    abandon(builder).await;
    Err(interrupted.into())
}

/// Lets a builder whose run was broken off by intention say so, lest it counts as a death.
pub async fn abandon(builder: &Builder) {
    let why = match tokio::time::timeout(PATIENCE, builder.abandon()).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "storage did not answer in time".to_owned(),
    };
    show::warning(&format!(
        "the state still says that a run is under way: {why}"
    ));
}
