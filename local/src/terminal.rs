//! What the owner of this machine is told.

use std::io::Write;

/// Writes a line to the terminal. Where that is a log on a disk that is full, nothing can be told,
/// which is no reason to fail (`eprintln!` would panic).
pub(crate) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
