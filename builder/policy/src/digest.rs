//! The hash by which a policy names a script, a style sheet or an attribute.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The SHA-256 of an inline script, a style sheet or an attribute's value.
///
/// It is written as a hash source of a content security policy, with its quotes.
///
/// ```
/// let digest = quillfront_policy::Digest::of("alert('Hello, world.');");
/// // The example of CSP Level 3, section 8.2.
/// assert_eq!(digest.to_string(), "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of a text, as a browser sees it: with line feeds alone, and of an attribute
    /// with its character references read.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Returns its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'sha256-{}'", STANDARD.encode(self.0))
    }
}

/// What an `integrity` attribute says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Integrity {
    /// No hash of an algorithm that browsers know.
    None,
    /// One that is no hash, though it begins like one.
    Invalid,
    /// Hashes as policies name them, without quotes.
    Hashes(Vec<String>),
}

/// The most hashes of one `integrity` attribute that are looked at.
const MAX_HASHES: usize = 8;

/// Reads an `integrity` attribute ([SRI, section 3.3](https://www.w3.org/TR/SRI/#parse-metadata)). A
/// policy has to name all of its hashes, not only the strongest.
pub(crate) fn integrity(value: &str) -> Integrity {
    let mut hashes = Vec::new();
    for item in value.split_ascii_whitespace() {
        let expression = item.split('?').next().unwrap_or_default();
        let Some((algorithm, hash)) = expression.split_once('-') else {
            continue;
        };
        let algorithm = algorithm.to_ascii_lowercase();
        let length = match algorithm.as_str() {
            "sha256" => 32,
            "sha384" => 48,
            "sha512" => 64,
            _ => continue,
        };
        match decode(hash).filter(|bytes| bytes.len() == length) {
            Some(bytes) if hashes.len() < MAX_HASHES => {
                hashes.push(format!("{algorithm}-{}", STANDARD.encode(bytes)));
            }
            _ => return Integrity::Invalid,
        }
    }
    if hashes.is_empty() {
        Integrity::None
    } else {
        Integrity::Hashes(hashes)
    }
}

/// Reads base64 in either alphabet, with or without its padding.
fn decode(hash: &str) -> Option<Vec<u8>> {
    const LONGEST: usize = 90;
    if hash.len() > LONGEST {
        return None;
    }
    let lenient = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let hash = hash.replace('-', "+").replace('_', "/");
    let bytes = lenient.decode(&hash).ok()?;
    Some(bytes)
}
