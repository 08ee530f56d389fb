//! What the command writes: results to standard output, all else to standard error.
//!
//! Whoever reads may go away, as `head` does once it has its lines. That is no mistake: what would
//! be written afterwards is dropped, and the command goes on to its end, with the exit code that it
//! would have had. `serve --json` ends, since it writes for nobody then ([`is_closed`]).

use anyhow::{Context, Result};
use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// True once nobody reads standard output.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Writes to standard output.
///
/// # Errors
/// It cannot be written to, on a full disk for example.
pub fn print(text: &str) -> Result<()> {
    if is_closed() {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if read_to_the_end(&written) {
        return written.context("standard output");
    }
    CLOSED.store(true, Ordering::Relaxed);
    Ok(())
}

/// The same, with the end of a line.
///
/// # Errors
/// As of [`print`].
pub fn line(text: &str) -> Result<()> {
    print(&format!("{text}\n"))
}

/// Writes a value as a line of JSON to standard output.
///
/// # Errors
/// As of [`print`].
pub fn json(value: &impl serde::Serialize) -> Result<()> {
    line(&serde_json::to_string(value)?)
}

/// True where nobody reads standard output any more.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// False where the reader went away.
fn read_to_the_end(written: &io::Result<()>) -> bool {
    !matches!(written, Err(error) if error.kind() == ErrorKind::BrokenPipe)
}

/// Writes a line for people to standard error, in the colours that the terminal has.
macro_rules! say {
    ($($text:tt)*) => { $crate::out::to_people(format_args!($($text)*)) };
}
pub(crate) use say;

/// What `say!` does. Where standard error cannot be written to there is nobody to tell, and nothing
/// that the command does depends on it.
pub fn to_people(text: fmt::Arguments<'_>) {
    let _unheard = writeln!(anstream::stderr().lock(), "{text}");
}
