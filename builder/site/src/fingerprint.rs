//! A short name for a value, equal when the value is.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;

/// The first 128 bits of a SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// Of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts([bytes])
    }

    /// Of several byte strings; where one ends matters.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut short = [0; 16];
        short.copy_from_slice(&hasher.finalize()[..16]);
        Self(short)
    }

    /// 32 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The first eight bytes as a number.
    pub fn prefix(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(first)
    }
}

/// The first 64 bits of a SHA-256: to notice that one and the same thing has changed. It is no name
/// that would tell many things apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mark([u8; 8]);

impl Mark {
    /// Of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut short = [0; 8];
        short.copy_from_slice(&Sha256::digest(bytes)[..8]);
        Self(short)
    }

    /// Of all that can be read: the same as of the bytes.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn reading(mut from: impl io::Read) -> io::Result<Self> {
        let mut hasher = Sha256::new();
        let mut block = [0; 64 * 1024];
        loop {
            match from.read(&mut block) {
                Ok(0) => break,
                Ok(length) => hasher.update(&block[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let mut short = [0; 8];
        short.copy_from_slice(&hasher.finalize()[..8]);
        Ok(Self(short))
    }

    /// As a number.
    pub fn number(self) -> u64 {
        u64::from_be_bytes(self.0)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.number())
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Gathers what a [`Mark`] is of. Where one part ends and the next begins matters.
#[derive(Default)]
pub struct Marker(Vec<u8>);

impl Marker {
    /// Adds a text or bytes.
    pub fn bytes(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a number, a kind, a flag.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    /// Adds a mark.
    pub fn mark(&mut self, mark: Mark) -> &mut Self {
        self.0.extend_from_slice(&mark.0);
        self
    }

    /// Adds whether there is something, and it.
    pub fn option<T>(&mut self, option: Option<T>, add: impl FnOnce(&mut Self, T)) -> &mut Self {
        self.number(u64::from(option.is_some()));
        if let Some(value) = option {
            add(self, value);
        }
        self
    }

    /// The mark of all that was added.
    pub fn done(&self) -> Mark {
        Mark::of(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}
