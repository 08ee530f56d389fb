//! What functions print goes to the terminal, line by line, with the name of the function.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::limits::MAX_LINE_BYTES;
use crate::terminal::tell;

/// Tells the lines of a pipe until it ends.
pub(super) async fn forward(name: String, pipe: impl AsyncRead + Unpin) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    // A pipe that cannot be read is as good as one that has ended.
    while let Ok(bytes) = pipe.fill_buf().await {
        if bytes.is_empty() {
            break;
        }
        let room = MAX_LINE_BYTES - line.len();
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (taken, is_whole) = match end {
            Some(end) if end <= room => (end + 1, true),
            _ => (bytes.len().min(room), false),
        };
        line.extend_from_slice(&bytes[..taken]);
        pipe.consume(taken);
        if is_whole || line.len() >= MAX_LINE_BYTES {
            tell_line(&name, &line);
            line.clear();
        }
    }
    if !line.is_empty() {
        tell_line(&name, &line);
    }
}

/// Control characters could do anything to a terminal.
fn tell_line(name: &str, line: &[u8]) {
    let text = String::from_utf8_lossy(line);
    let plain = |c: char| if c.is_control() && c != '\t' { ' ' } else { c };
    let text: String = text.trim_end().chars().map(plain).collect();
    tell(&format!("{name}: {text}"));
}
