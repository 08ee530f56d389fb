//! A folder inside of the output where files are written before they take their places, and where
//! those that they replace wait for the end.
//!
//! It is inside because a file can only be renamed within a file system. What was replaced is removed
//! last, all at once: a file system that looks for room for a new file goes round those that were just
//! removed, which on ext4 makes a build that removes as it writes take twice as long.

use crate::folder::named;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The folder. A build that was killed leaves it behind, and the next one takes it away.
pub const STAGING: &str = ".quillfront-staging";
/// Held by the build that writes.
const LOCK: &str = "lock";
/// A replaced file that is larger is not kept until the end.
const MAX_KEPT_BYTES: u64 = 64 * 1024;
/// Threads that remove files. A removal waits for the disk much longer than it works, where the file
/// system tells the disk of blocks that were freed (ext4 with `discard`): 4,000 files took one thread
/// 6.3 s, and 16 threads 0.4 s.
const REMOVERS: usize = 16;
/// Fewer are not worth another thread.
const FEWEST_PER_REMOVER: usize = 32;

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
            let message = "another build is writing to the same folder";
            return Err(io::Error::new(io::ErrorKind::WouldBlock, message));
        }
        self.empty()?;
        Ok(lock)
    }

    /// Removes everything but the lock.
    fn empty(&self) -> io::Result<()> {
        let entries = fs::read_dir(&self.folder)?;
        let paths = entries.map(|entry| Ok(entry?.path()));
        let mut others = paths.collect::<io::Result<Vec<PathBuf>>>()?;
        others.retain(|path| path.file_name() != Some(LOCK.as_ref()));
        let share = others.len().div_ceil(REMOVERS).max(FEWEST_PER_REMOVER);
        thread::scope(|scope| {
            let remove = |some: &[PathBuf]| some.iter().try_for_each(|path| remove_all(path));
            let removers = others.chunks(share);
            let removers = removers.map(|some| scope.spawn(move || remove(some)));
            let removers: Vec<_> = removers.collect();
            let ends = removers.into_iter().map(|remover| match remover.join() {
                Ok(end) => end,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            ends.collect()
        })
    }

    /// Puts a staged file in the place of another one at once: there is no moment without either. `size` is
    /// that of the other.
    pub fn exchange(&self, staged: &Path, path: &Path, size: u64) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{CWD, RenameFlags, renameat_with};
            if renameat_with(CWD, staged, CWD, path, RenameFlags::EXCHANGE).is_ok() {
                return if size > MAX_KEPT_BYTES {
                    fs::remove_file(staged)
                } else {
                    Ok(())
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
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}
