//! Whether a file can be used by itself, for suites that compute the effective sources on their own.

use quillfront_render::effective::{self, SourceObservation};
use quillfront_site::key::SourceKey;
use quillfront_site::source::Sources;

/// True where a file cannot be used by itself.
pub fn is_broken(key: &str, bytes: &[u8]) -> bool {
    let key = SourceKey::from(key);
    let observed = if key.is_text() {
        SourceObservation::Text {
            version: "now".into(),
            size: bytes.len() as u64,
            bytes: Some(bytes.to_vec()),
        }
    } else {
        SourceObservation::Opaque {
            version: "now".into(),
            size: bytes.len() as u64,
        }
    };
    let mut alone = Sources::default();
    effective::observe(&mut alone, &key, observed);
    let source = alone.get(key.as_str());
    source.is_some_and(|source| !source.problems.is_empty())
}
