//! Whether the files of an output are still as they were written.

use super::opened::{Links, OpenFolder};
use super::version::Version;
use crate::bucket::observe::MAX_INPUT_BYTES;
use crate::bucket::state::PublishedObject;
use quillfront_site::fingerprint::Mark;
use quillfront_site::key::OutputKey;
use quillfront_site::object::{Body, Object, Treatment};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What looking at an output brought.
#[derive(Debug, Default)]
pub struct Inspection {
    /// Files that are not there as they were written.
    pub altered: BTreeSet<OutputKey>,
    /// Files that have the bytes that were written, and are another version: of a copy of the output.
    pub moved: BTreeMap<OutputKey, Version>,
}

/// Looks at the files that were written up to `written_at`. What lies behind a symbolic link is not there.
pub fn look_at_written(
    out: &Path,
    outputs: &BTreeMap<OutputKey, PublishedObject>,
    written_at: u64,
) -> Inspection {
    let mut looked = Inspection::default();
    let Ok(top) = OpenFolder::new(out) else {
        looked.altered = outputs.keys().cloned().collect();
        return looked;
    };
    let folder_of = |key: &str| key.rfind('/').unwrap_or_default();
    // Most pages are an `index.html` in a folder of their own: what they lie in together is above that.
    let together = |key: &str| key[..folder_of(key)].rfind('/').unwrap_or_default();
    let mut outputs = outputs.iter().peekable();
    while let Some((first, _)) = outputs.peek() {
        let folder = &first.as_str()[..together(first.as_str())];
        let opened = match folder {
            "" => None,
            folder => Some(top.below(folder)),
        };
        let opened = match &opened {
            None => Some(&top),
            Some(opened) => opened.as_ref().ok(),
        };
        let skipped = match folder {
            "" => 0,
            folder => folder.len() + 1,
        };
        let beside = |key: &OutputKey| key.as_str().get(..together(key.as_str())) == Some(folder);
        // The last folder of a page's own, and whether it is there.
        let mut own = ("", true);
        while let Some((key, published)) = outputs.next_if(|(key, _)| beside(key)) {
            let relative = &key.as_str()[skipped..];
            let found = opened.and_then(|opened| {
                let inner = &relative[..folder_of(relative)];
                if inner != own.0 {
                    own = (inner, inner.is_empty() || opened.has_folder(inner));
                }
                let (_, is_there) = own;
                is_there.then(|| opened.file(relative, Links::Refuse).ok().flatten())?
            });
            match found {
                Some(version) if version.is(&published.etag) && version.is_settled(written_at) => {}
                Some(version)
                    if is_as_written(&out.join(key.as_str()), key, published, version) =>
                {
                    if !version.is(&published.etag) {
                        looked.moved.insert(key.clone(), version);
                    }
                }
                _ => drop(looked.altered.insert(key.clone())),
            }
        }
    }
    looked
}

/// True where a file has the bytes that were written.
fn is_as_written(
    path: &Path,
    key: &OutputKey,
    published: &PublishedObject,
    version: Version,
) -> bool {
    let size = version.size;
    let written = published.fingerprint.map(|written| written.body);
    let is = |object: &Object| Some(object.fingerprint().body) == written;
    let is_copy_of = |content: Mark| {
        let body = Body::Copy {
            source: published.source.clone(),
            version: content.to_string(),
            size,
            treatment: Treatment::AsItIs,
        };
        is(&Object {
            body,
            ..Object::rendered(key.as_str(), Vec::new())
        })
    };
    if size > MAX_INPUT_BYTES {
        let content = fs::File::open(path).and_then(Mark::reading);
        return content.is_ok_and(is_copy_of);
    }
    let Ok(bytes) = fs::read(path) else {
        return false;
    };
    let content = Mark::of(&bytes);
    is(&Object::rendered(key.as_str(), bytes)) || is_copy_of(content)
}
