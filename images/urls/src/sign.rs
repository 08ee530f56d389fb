//! Signed URLs: thumbnails that are not for everybody, for whoever has been given their address.
//!
//! A signed URL has two more options, behind all others: `e=`, the second since 1970 at which it expires, and `s=`, the
//! signature. `/img/w=640,blur=20,e=1798761600,s=…/photos/cat.jpg` is signed by the HMAC-SHA-256 (RFC 2104) of
//! the [message](message) under a [key](Keys):
//!
//! ```text
//! /img/photos/cat.jpg/width=640,blur=20,e=1798761600
//! ```
//!
//! The options have their long names and the order of [`OPTIONS`], and the values that the author wrote: a
//! signature stands for what was written, before the reader decides `format=auto` and without the ladder. So the same
//! options in another order, or with short names, have the same signature, and all others another one.

use crate::{OPTIONS, Refusal, Settings, encode_path};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// The least characters of a key: 128 bits in hexadecimal digits.
pub const MIN_KEY_CHARS: usize = 32;
/// The most characters of a key. Two of them fit into a value of a KeyValueStore, which has 1 KB (Amazon CloudFront
/// Developer Guide, "Quotas").
pub const MAX_KEY_CHARS: usize = 256;
/// The most digits of an expiry. It is a whole number in any language.
const MAX_EXPIRY_DIGITS: usize = 12;
/// Hexadecimal digits of a signature.
const SIGNATURE_DIGITS: usize = 64;

/// What a URL is told whose last options are not those of a signed one.
const SHAPE: &str = "a signed URL ends its options with e= and s=, as quillfront sign writes them";

/// The keys of a site: none, the one that signs, or that one and the one before it, whose signatures are still good.
///
/// The key of the HMAC are the characters themselves, as bytes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Keys(Vec<String>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

/// Why a text has no keys. It is not repeated: it is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it must be one key, or two with a comma between them, each of {MIN_KEY_CHARS} to {MAX_KEY_CHARS} letters, digits \
     and `+/=_-`; `openssl rand -hex 32` makes one"
)]
pub struct KeysError;

impl Keys {
    /// Returns no keys.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Reads one key, or two with a comma between them: the one that signs, and an older one.
    ///
    /// # Errors
    /// A key is too short or too long, or has other characters; or there are more than two.
    pub fn read(text: &str) -> Result<Self, KeysError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
        let is_key = |key: &str| {
            (MIN_KEY_CHARS..=MAX_KEY_CHARS).contains(&key.len()) && key.bytes().all(is_plain)
        };
        let keys: Vec<String> = text.split(',').map(str::to_owned).collect();
        let are_keys = keys.len() <= 2 && keys.iter().all(|key| is_key(key));
        are_keys.then_some(Self(keys)).ok_or(KeysError)
    }

    /// Returns whether there is none, so that nothing can be signed or checked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the signature of a message, by the first key; none where there is no key.
    pub fn sign(&self, message: &str) -> Option<String> {
        let mac = mac(self.0.first()?, message)?;
        Some(hex::encode(mac.finalize().into_bytes()))
    }

    /// Returns whether a message has this signature by any of the keys. All of them are tried, each in a time that
    /// does not depend on how much of the signature is right.
    fn verify(&self, message: &str, signature: &[u8]) -> bool {
        let is_by =
            |key: &String| mac(key, message).is_some_and(|mac| mac.verify_slice(signature).is_ok());
        self.0.iter().map(is_by).fold(false, |any, one| any | one)
    }
}

/// None for no key: HMAC takes keys of any length.
fn mac(key: &str, message: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(message.as_bytes());
    Some(mac)
}

/// The options of a signed URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedOptions<'a> {
    /// All options but the last two.
    pub options: &'a str,
    /// When the URL expires, in seconds since 1970.
    pub expires: u64,
    /// The bytes of the signature.
    signature: Vec<u8>,
}

impl<'a> SignedOptions<'a> {
    /// Takes the options of a URL apart; none where they have no signature. [`check`](Self::check) says whether it is
    /// right.
    ///
    /// # Errors
    /// There is an `e=` or an `s=` that no signed URL has.
    pub fn read(text: &'a str) -> Result<Option<Self>, Refusal> {
        let is_of_signature = |part: &str| part.starts_with("e=") || part.starts_with("s=");
        if !text.split(',').any(is_of_signature) {
            return Ok(None);
        }
        let signed = Self::split(text);
        let signed = signed.filter(|signed| !signed.options.split(',').any(is_of_signature));
        signed
            .map(Some)
            .ok_or_else(|| Refusal::Malformed(SHAPE.to_owned()))
    }

    fn split(text: &'a str) -> Option<Self> {
        let (rest, signature) = text.rsplit_once(",s=")?;
        let (options, expires) = rest.rsplit_once(",e=")?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_signature = signature.len() == SIGNATURE_DIGITS && signature.bytes().all(is_digit);
        let is_expiry = (1..=MAX_EXPIRY_DIGITS).contains(&expires.len())
            && expires.bytes().all(|byte| byte.is_ascii_digit())
            && !expires.starts_with('0');
        if !is_signature || !is_expiry {
            return None;
        }
        Some(Self {
            options,
            expires: expires.parse().ok()?,
            signature: hex::decode(signature).ok()?,
        })
    }

    /// Checks the signature, and then whether it is still good at a time, in seconds since 1970.
    ///
    /// # Errors
    /// [`Refusal::NotSigned`]: it is not, and why.
    pub fn check(
        &self,
        original: &str,
        keys: &Keys,
        now: u64,
        settings: &Settings,
    ) -> Result<(), Refusal> {
        let refused = |text: &str| Err(Refusal::NotSigned(text.to_owned()));
        let message = message(self.options, original, self.expires, settings);
        if keys.is_empty() {
            return refused("there is no key here for signatures");
        }
        if !keys.verify(&message, &self.signature) {
            return refused("the signature is wrong");
        }
        if self.expires <= now {
            return refused("the signature has expired");
        }
        Ok(())
    }
}

/// Returns what is signed: `/img/photos/cat.jpg/width=640,blur=20,e=1798761600`. The options are such as
/// [`Options::parse`](crate::Options::parse) reads.
pub fn message(options: &str, original: &str, expires: u64, settings: &Settings) -> String {
    let long = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let is_it =
            |(long, short, _): &(&str, Option<&str>, _)| *long == name || *short == Some(name);
        let at = OPTIONS.iter().position(is_it).unwrap_or(OPTIONS.len());
        let name = OPTIONS.get(at).map_or(name, |(long, ..)| long);
        (at, format!("{name}={value}"))
    };
    let mut parts: Vec<(usize, String)> = options.split(',').map(long).collect();
    parts.sort_by_key(|(at, _)| *at);
    let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
    let (prefix, path, options) = (&settings.prefix, encode_path(original), parts.join(","));
    format!("{prefix}/{path}/{options},e={expires}")
}

#[cfg(test)]
mod tests;
