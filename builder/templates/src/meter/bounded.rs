//! Output of a bounded length.

use std::io::{self, Write};

/// Takes what is written up to a number of bytes, then fails.
pub struct BoundedWriter {
    /// What was written.
    pub bytes: Vec<u8>,
    most: usize,
}

impl BoundedWriter {
    /// With room for so many bytes.
    pub fn new(most: usize) -> Self {
        let bytes = Vec::new();
        Self { bytes, most }
    }
}

impl Write for BoundedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.bytes.len() + bytes.len() > self.most {
            let message = format!(
                "this page would be longer than {} bytes; shorten it, or split it into several",
                self.most
            );
            return Err(io::Error::other(message));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
