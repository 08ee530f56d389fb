//! What differs between a site's folder and its bucket.

use crate::upload::has_bytes_of;
use anyhow::Result;
use quillfront_publish::bucket::store::ListEntry;
use quillfront_publish::folder::{FileEntry, SOURCE_FILES, SOURCE_FOLDERS};
use quillfront_site::key::{Role, SourceKey};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What differs.
#[derive(Default)]
pub struct Difference {
    /// Files that the bucket lacks or has with other bytes, and the ETag of those.
    pub put: Vec<(FileEntry, Option<String>)>,
    /// Sources that only the bucket has, with their ETags.
    pub extra: BTreeMap<String, String>,
    /// Files that are the same in both, with their ETags.
    pub same: BTreeMap<String, String>,
}

impl Difference {
    /// Compares by content: each file whose key the bucket has is read.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn of(root: &Path, files: Vec<FileEntry>, objects: Vec<ListEntry>) -> Result<Self> {
        let mut objects: BTreeMap<String, String> = objects
            .into_iter()
            .map(|object| (object.key, object.etag))
            .collect();
        let pairs: Vec<(FileEntry, Option<String>)> = files
            .into_iter()
            .map(|file| {
                let etag = objects.remove(file.key.as_str());
                (file, etag)
            })
            .collect();
        let compare = |(file, etag): (FileEntry, Option<String>)| {
            let path = root.join(file.key.as_str());
            let is_same = match &etag {
                Some(etag) => has_bytes_of(&path, file.version.size, etag)?,
                None => false,
            };
            Ok((file, etag, is_same))
        };
        let compared = pairs.into_par_iter().map(compare);
        let mut difference = Self::default();
        for (file, etag, is_same) in compared.collect::<Result<Vec<_>>>()? {
            match etag {
                Some(etag) if is_same => {
                    difference.same.insert(file.key.to_string(), etag);
                }
                etag => difference.put.push((file, etag)),
            }
        }
        objects.retain(|key, _| is_source(key));
        difference.extra = objects;
        Ok(difference)
    }

    /// The keys of the files that are to be put.
    pub fn put_keys(&self) -> BTreeSet<String> {
        let keys = self.put.iter().map(|(file, _)| file.key.to_string());
        keys.collect()
    }
}

/// Whether a folder would have a file under this key. What others keep in the bucket is left alone.
fn is_source(key: &str) -> bool {
    let is_placed = match key.split_once('/') {
        Some((folder, _)) => SOURCE_FOLDERS.contains(&folder),
        None => SOURCE_FILES.contains(&key),
    };
    let role = SourceKey::from(key).role();
    is_placed && !matches!(role, Role::Ignored | Role::Unusable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_publish::folder;

    #[test]
    fn files_are_compared_by_content_and_others_objects_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("content")).unwrap();
        for (name, text) in [("same", "hello"), ("other", "hello"), ("new", "hello")] {
            std::fs::write(root.path().join(format!("content/{name}.md")), text).unwrap();
        }
        let object = |key: &str, etag: &str| ListEntry {
            key: key.to_owned(),
            etag: etag.to_owned(),
            modified_ms: None,
        };
        let hello = "5d41402abc4b2a76b9719d911017c592";
        let objects = vec![
            object("content/same.md", hello),
            object("content/other.md", "1"),
            object("content/gone.md", hello),
            object("content/.DS_Store", hello),
            object("content/folder/", hello),
            object("backup/a.tar", hello),
            object("notes.txt", hello),
        ];
        let (files, _) = folder::list(root.path()).unwrap();
        let found = Difference::of(root.path(), files, objects).unwrap();
        let put: Vec<_> = found
            .put
            .iter()
            .map(|(file, etag)| (file.key.as_str(), etag.as_deref()))
            .collect();
        assert_eq!(
            put,
            [("content/new.md", None), ("content/other.md", Some("1"))]
        );
        assert_eq!(found.same.keys().collect::<Vec<_>>(), ["content/same.md"]);
        assert_eq!(found.extra.keys().collect::<Vec<_>>(), ["content/gone.md"]);
    }
}
