//! JSON that carries a fingerprint of itself, so that bytes that were changed where they lay are not
//! believed.
//!
//! The fingerprint is the first field; it is of all that comes after it, byte for byte. JSON without one,
//! which somebody wrote by hand, is taken as it is.

use quillfront_site::fingerprint::Fingerprint;

const START: &str = "{\"sum\":\"";
/// Hexadecimal digits of a fingerprint.
const DIGITS: usize = 32;

/// Puts the fingerprint into an object that has fields.
pub fn sealed(json: &[u8]) -> Vec<u8> {
    let rest = json.strip_prefix(b"{").unwrap_or(json);
    let sum = Fingerprint::of(rest).hex();
    [START.as_bytes(), sum.as_bytes(), b"\",", rest].concat()
}

/// True where JSON is what was written, as far as it says what that was.
pub fn is_whole(json: &[u8]) -> bool {
    let Some(after) = json.strip_prefix(START.as_bytes()) else {
        return true;
    };
    let Some((sum, rest)) = after.split_at_checked(DIGITS) else {
        return false;
    };
    match rest.strip_prefix(b"\",") {
        Some(rest) => sum == Fingerprint::of(rest).hex().as_bytes(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_is_believed() {
        let json = br#"{"now":"2026-01-02","hints":{"content/a.md":1}}"#;
        assert!(is_whole(json), "written by hand");
        let sealed = sealed(json);
        assert!(is_whole(&sealed));
        let read: serde_json::Value = serde_json::from_slice(&sealed).unwrap();
        assert_eq!(read["now"], "2026-01-02");
        // One in the name of the sum only hides it.
        for at in START.len()..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 4;
            assert!(!is_whole(&flipped), "{at}");
        }
        for length in START.len()..sealed.len() {
            assert!(!is_whole(&sealed[..length]), "{length}");
        }
    }
}
