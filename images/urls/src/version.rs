//! The content of an original, in the URL of its thumbnail.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The first 64 bits of the SHA-256 of an original's bytes as they are published: `v=` in a URL. Such a URL never
/// shows another picture, so that it may be cached for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version(u64);

impl Version {
    /// Returns that of an original.
    pub fn of(bytes: &[u8]) -> Self {
        let mut first = [0; 8];
        first.copy_from_slice(&Sha256::digest(bytes)[..8]);
        Self(u64::from_be_bytes(first))
    }

    /// Reads 16 hexadecimal digits, in lower case.
    pub fn read(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_one = text.len() == 16 && text.bytes().all(is_digit);
        is_one.then(|| u64::from_str_radix(text, 16).ok().map(Self))?
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_beginning_of_what_sha256sum_prints() {
        let version = Version::of(b"abc");
        assert_eq!(version.to_string(), "ba7816bf8f01cfea");
        assert_eq!(Version::read("ba7816bf8f01cfea"), Some(version));
        for other in [
            "",
            "ba7816bf8f01cfe",
            "BA7816BF8F01CFEA",
            "+a7816bf8f01cfea",
        ] {
            assert_eq!(Version::read(other), None, "{other}");
        }
    }
}
