//! What a build that goes by a state is about to write and the state does not know yet.
//!
//! A build that is killed, or fails, leaves files behind. Those that the state knows are found by their
//! versions; the others are named in a file beside the state, each before it is written, and the build
//! that follows takes them up: it writes them if they are still wanted, and else removes them. The file
//! goes with the commit.

use super::{named, put};
use quillfront_site::key::OutputKey;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const INTENT: &str = "intent";

/// What a build left that did not end.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct UnfinishedBuild {
    /// What it was made with that is in no source.
    pub made_with: String,
    /// Files that it may have written.
    pub keys: BTreeSet<OutputKey>,
}

impl UnfinishedBuild {
    /// None where the last build ended well.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(state: &Path) -> io::Result<Option<Self>> {
        let path = state.join(INTENT);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(named(&path, error)),
        };
        let mut parts = bytes.split(|byte| *byte == 0);
        // What stands behind the last end was not noted to its end, and so not written.
        parts.next_back();
        let mut parts = parts.filter_map(|part| std::str::from_utf8(part).ok());
        Ok(Some(Self {
            made_with: parts.next().unwrap_or_default().to_owned(),
            keys: parts.map(OutputKey::from).collect(),
        }))
    }
}

/// What a build is about to write. Threads share it.
pub struct Intent {
    path: PathBuf,
    /// What was made so far; it is written when there is something to note.
    head: Vec<u8>,
    file: Mutex<Option<File>>,
}

impl Intent {
    /// An intent that goes on with that of a build that did not end.
    pub fn new(state: &Path, made_with: &str, interrupted: Option<&UnfinishedBuild>) -> Self {
        let mut head = Vec::new();
        let left = interrupted.into_iter().flat_map(|left| &left.keys);
        for part in [made_with].into_iter().chain(left.map(OutputKey::as_str)) {
            head.extend_from_slice(part.as_bytes());
            head.push(0);
        }
        Self {
            path: state.join(INTENT),
            head,
            file: Mutex::new(None),
        }
    }

    /// Notes that the output will be written.
    ///
    /// # Errors
    /// The file cannot be written; the error names it.
    pub fn begin(&self) -> io::Result<()> {
        self.append(&[])
    }

    /// Notes a file that will be written and that the state does not know.
    ///
    /// # Errors
    /// The file cannot be written; the error names it.
    pub fn note(&self, key: &OutputKey) -> io::Result<()> {
        self.append(&[key.as_str().as_bytes(), &[0]].concat())
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *file {
            Some(file) => file,
            none => {
                put(&self.path, &self.head)?;
                let opened = OpenOptions::new().append(true).open(&self.path);
                none.insert(opened.map_err(|error| named(&self.path, error))?)
            }
        };
        file.write_all(bytes)
            .map_err(|error| named(&self.path, error))
    }

    /// Everything is in the state.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn end(self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(named(&self.path, error)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_found_until_the_end() {
        let state = tempfile::TempDir::new().unwrap();
        let read = || UnfinishedBuild::read(state.path()).unwrap();
        let keys = |all: &[&str]| all.iter().map(|key| OutputKey::from(*key)).collect();
        let interrupted = |all: &[&str]| {
            Some(UnfinishedBuild {
                made_with: "this".to_owned(),
                keys: keys(all),
            })
        };
        let intent = Intent::new(state.path(), "this", None);
        assert_eq!(read(), None);
        intent.begin().unwrap();
        assert_eq!(read(), interrupted(&[]));
        intent.note(&"b/index.html".into()).unwrap();
        intent.note(&"a line\nand one more".into()).unwrap();
        let noted = interrupted(&["a line\nand one more", "b/index.html"]);
        assert_eq!(read(), noted);
        // One that was killed while it noted another.
        drop(intent);
        let mut file = OpenOptions::new()
            .append(true)
            .open(state.path().join(INTENT))
            .unwrap();
        file.write_all(b"c/ind").unwrap();
        assert_eq!(read(), noted);

        let next = Intent::new(state.path(), "this", read().as_ref());
        assert_eq!(read(), noted);
        next.note(&"d".into()).unwrap();
        assert_eq!(
            read(),
            interrupted(&["a line\nand one more", "b/index.html", "d"])
        );
        next.end().unwrap();
        assert_eq!(read(), None);
    }
}
