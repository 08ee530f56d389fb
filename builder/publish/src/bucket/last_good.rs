//! Copies of sources whose current bytes are not to be used: of files that are set aside, held, or left
//! for a later attempt.
//!
//! A file that only travels is copied from the source bucket, in the version that the state has. If
//! other bytes are there by now, whoever copies takes them, since they are used next anyway. Here
//! they are not: the bytes that count are those that were published last. So they are copied from
//! where they are in the site bucket, before anything is put over them; and where they are not found,
//! what there is of the file stays.

use super::state::{PublishedObject, State};
use super::transfer::Origin;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::{Body, Object};
use std::collections::{BTreeMap, BTreeSet};

/// What is published of the sources whose current bytes are not to be used.
pub(super) struct LastGoodCopies<'a>(
    BTreeMap<&'a SourceKey, Vec<(&'a OutputKey, &'a PublishedObject)>>,
);

impl<'a> LastGoodCopies<'a> {
    pub(super) fn of(state: &'a State, withheld: &'a BTreeSet<SourceKey>) -> Self {
        let mut copies: BTreeMap<_, Vec<_>> =
            withheld.iter().map(|source| (source, Vec::new())).collect();
        if !copies.is_empty() {
            for (key, published) in &*state.outputs {
                if let Some(list) = copies.get_mut(&published.source) {
                    list.push((key, published));
                }
            }
        }
        Self(copies)
    }

    /// Where the bytes of an object are, if they are not in it.
    pub(super) fn origin(&self, object: &Object) -> Origin {
        let Body::Copy {
            source, version, ..
        } = &object.body
        else {
            return Origin::Source;
        };
        let Some(published) = self.0.get(source) else {
            return Origin::Source;
        };
        // The ETag of a copy may be another than that of what was copied: that of a file that was
        // uploaded in parts, or under another key of encryption.
        let body = object.fingerprint().body;
        let is_same = |(_, published): &&(&OutputKey, &PublishedObject)| {
            let there = published.fingerprint.map(|there| there.body);
            there == Some(body) || published.etag == *version
        };
        match published.iter().find(is_same) {
            Some((key, found)) => Origin::Published((*key).clone(), found.etag.to_string()),
            // It was never published, and may not have changed.
            None => Origin::ThisVersion,
        }
    }
}
