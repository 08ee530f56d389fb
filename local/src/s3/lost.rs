//! Objects that were damaged on the disk, and that nobody has put or deleted since. A note of each
//! stays in the bucket: to read such a key is an error that says so, and not "there is none", which
//! whoever looks would take for a removal.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::RwLock;

use super::disk::{Disk, make_dir, sync_dir, write_small};
use super::error::{At, StoreError};
use super::open::list_dir;
use crate::locks::IgnorePoison;

/// The lost objects of a bucket, by the names of their files: which key it was, nothing may say
/// any more.
#[derive(Debug)]
pub(super) struct LostKeys {
    /// Made with the first note: a bucket opens on a full disk too.
    folder: PathBuf,
    names: RwLock<HashSet<String>>,
}

impl LostKeys {
    /// None yet.
    pub fn new(bucket: &Path) -> LostKeys {
        LostKeys {
            folder: bucket.join("lost"),
            names: RwLock::default(),
        }
    }

    /// Reads the notes back. `is_there` says which objects have been put since: their notes go.
    pub fn read(&self, is_there: impl Fn(&str) -> bool) -> Result<(), StoreError> {
        if !super::open::is_dir(&self.folder)? {
            return Ok(());
        }
        for path in list_dir(&self.folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if is_there(&name) {
                fs::remove_file(&path).at(&path)?;
            } else {
                self.write().insert(name.into_owned());
            }
        }
        Ok(())
    }

    /// Notes that an object is lost, durably. Where that fails, the damaged file has to stay where it
    /// is, to be found again.
    pub fn note(&self, disk: &Disk, name: &str) -> Result<(), StoreError> {
        self.write().insert(name.to_owned());
        make_dir(&self.folder)?;
        write_small(&disk.tmp_path(), &self.folder.join(name), b"")
    }

    /// Whether the object whose file has this name is lost.
    pub fn has(&self, name: &str) -> bool {
        let names = self.names.read().unpoisoned();
        names.contains(name)
    }

    /// How many are.
    pub fn count(&self) -> usize {
        let names = self.names.read().unpoisoned();
        names.len()
    }

    /// Takes a note back, durably. False where there was none.
    pub fn forget(&self, name: &str) -> Result<bool, StoreError> {
        if !self.has(name) {
            return Ok(false);
        }
        let path = self.folder.join(name);
        match fs::remove_file(&path) {
            // It could not be written.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            removed => {
                removed.at(&path)?;
                sync_dir(&self.folder)?;
            }
        }
        self.write().remove(name);
        Ok(true)
    }

    /// Takes all notes back.
    pub fn forget_all(&self) -> Result<(), StoreError> {
        let names: Vec<String> = self.write().iter().cloned().collect();
        for name in names {
            self.forget(&name)?;
        }
        Ok(())
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashSet<String>> {
        self.names.write().unpoisoned()
    }
}
