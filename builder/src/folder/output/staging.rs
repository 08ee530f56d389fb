//! A folder inside of the output where files are written before they take their places, and where
//! those that they replace wait for the end.
//!
//! It is inside because a file can only be renamed within a file system. What was replaced is removed
//! last, all at once: a file system that looks for room for a new file goes round those that were just
//! removed, which on ext4 makes a build that removes as it writes take twice as long.

use crate::folder::named;
use rayon::prelude::*;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The folder. A build that was killed leaves it behind, and the next one takes it away.
pub const STAGING: &str = ".quillfront-staging";
/// Held by the build that writes.
const LOCK: &str = "lock";
/// A replaced file that is larger is not kept until the end.
const MAX_KEPT_BYTES: u64 = 64 * 1024;

pub struct Staging {
    folder: PathBuf,
    lock: Mutex<Option<File>>,
    next: AtomicU64,
}

impl Staging {
    pub fn new(out: &Path) -> Self {
        Self {
            folder: out.join(STAGING),
            lock: Mutex::new(None),
            next: AtomicU64::new(0),
        }
    }

    /// Takes away what a build left that was killed.
    pub fn clear_leftovers(&self) -> io::Result<()> {
        if fs::symlink_metadata(&self.folder).is_ok() {
            self.open()?;
        }
        Ok(())
    }

    /// A path where nothing is yet.
    pub fn place(&self) -> io::Result<PathBuf> {
        self.open()?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Ok(self.folder.join(number.to_string()))
    }

    fn open(&self) -> io::Result<()> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_none() {
            *lock = Some(self.lock().map_err(|error| named(&self.folder, error))?);
        }
        Ok(())
    }

    fn lock(&self) -> io::Result<File> {
        match fs::create_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !fs::symlink_metadata(&self.folder)?.is_dir() {
                    fs::remove_file(&self.folder)?;
                    fs::create_dir(&self.folder)?;
                }
            }
            made => made?,
        }
        let path = self.folder.join(LOCK);
        if fs::symlink_metadata(&path).is_ok_and(|meta| !meta.is_file()) {
            remove_all(&path)?;
        }
        let lock = File::create(path)?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            let message = "another build is writing into the same folder";
            return Err(io::Error::new(io::ErrorKind::WouldBlock, message));
        }
        self.empty()?;
        Ok(lock)
    }

    /// Removes everything but the lock.
    fn empty(&self) -> io::Result<()> {
        let entries = fs::read_dir(&self.folder)?.collect::<io::Result<Vec<_>>>()?;
        let entries = entries.into_par_iter();
        let others = entries.filter(|entry| entry.file_name() != LOCK);
        others.try_for_each(|entry| remove_all(&entry.path()))
    }

    /// Puts a staged file in the place of another one at once: there is no moment without either. `size` is
    /// that of the other.
    pub fn exchange(&self, staged: &Path, path: &Path, size: u64) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{CWD, RenameFlags, renameat_with};
            if renameat_with(CWD, staged, CWD, path, RenameFlags::EXCHANGE).is_ok() {
                return match size > MAX_KEPT_BYTES {
                    true => fs::remove_file(staged),
                    false => Ok(()),
                };
            }
            // Not every file system can do that.
        }
        let _ = size;
        fs::rename(staged, path)
    }

    /// Removes the folder, with all that was replaced.
    pub fn close(&self) -> io::Result<()> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = lock.take() else {
            return Ok(());
        };
        // The lock is held until its file is gone, so that nobody else is in here meanwhile.
        let closed = self
            .empty()
            .and_then(|()| fs::remove_file(self.folder.join(LOCK)))
            .and_then(|()| fs::remove_dir(&self.folder));
        drop(held);
        closed.map_err(|error| named(&self.folder, error))
    }
}

impl Drop for Staging {
    /// After a failure, which is what is told.
    fn drop(&mut self) {
        let _failed_already = self.close();
    }
}

/// Removes a file, a link, or a folder with all that is in it. No link is followed.
pub fn remove_all(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path)?.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}
