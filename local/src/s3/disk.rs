//! The data folder: who may open it, temporary files, and what makes a rename durable.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::{At, StoreError};

/// The data folder, held by this process for as long as this value lives.
pub(super) struct Disk {
    tmp: PathBuf,
    buckets: PathBuf,
    /// How often the folder was opened, this time included: what makes ids and sequencers
    /// grow across restarts without asking a clock.
    epoch: u32,
    counter: AtomicU64,
    _lock: File,
}

impl Disk {
    /// Opens or makes the folder, and removes what a crash left unfinished.
    pub fn open(root: &Path) -> Result<Disk, StoreError> {
        let tmp = root.join("tmp");
        let buckets = root.join("buckets");
        fs::create_dir_all(root).at(root)?;
        let lock_path = root.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .at(&lock_path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Held(root.to_owned())),
            Err(TryLockError::Error(error)) => return Err(error).at(&lock_path),
        }
        match fs::remove_dir_all(&tmp) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).at(&tmp),
            _ => {}
        }
        fs::create_dir_all(&tmp).at(&tmp)?;
        fs::create_dir_all(&buckets).at(&buckets)?;
        let epoch = next_epoch(root, &tmp)?;
        Ok(Disk {
            tmp,
            buckets,
            epoch,
            counter: AtomicU64::new(0),
            _lock: lock,
        })
    }

    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    pub fn buckets(&self) -> &Path {
        &self.buckets
    }

    /// A name that this folder has not seen before.
    pub fn unique(&self) -> String {
        format!(
            "{:08x}{:012x}",
            self.epoch,
            self.counter.fetch_add(1, Ordering::Relaxed)
        )
    }

    /// A path in `tmp/` at which nothing is.
    pub fn tmp_path(&self) -> PathBuf {
        self.tmp.join(self.unique())
    }

    /// An empty temporary file, open for reading and writing.
    pub fn temp(&self) -> Result<Temp, StoreError> {
        let path = self.tmp_path();
        let file = File::options()
            .create_new(true)
            .read(true)
            .write(true)
            .open(&path)
            .at(&path)?;
        Ok(Temp {
            path,
            file,
            released: false,
        })
    }
}

/// A file that is removed when dropped, unless it was released.
pub(super) struct Temp {
    path: PathBuf,
    pub file: File,
    released: bool,
}

impl Temp {
    /// Another name for the bytes of the file `source`: a hard link, or a copy where the file
    /// system has no links. Not to be written to.
    pub fn link(disk: &Disk, source: &Path) -> Result<Temp, StoreError> {
        let path = disk.tmp_path();
        if fs::hard_link(source, &path).is_err() {
            fs::copy(source, &path).at(source)?;
        }
        Ok(Temp {
            file: File::open(&path).at(&path)?,
            path,
            released: false,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the contents durable.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().at(&self.path)
    }

    /// Renames the file into place. Durable once the target's folder is synced.
    pub fn rename(&mut self, target: PathBuf) -> Result<(), StoreError> {
        fs::rename(&self.path, &target).at(&target)?;
        self.path = target;
        Ok(())
    }

    /// The file stays.
    pub fn release(mut self) {
        self.released = true;
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        if !self.released {
            // What cannot be removed now is swept when the folder is next opened.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the names in a folder durable: after a rename or a removal, before it is acknowledged.
pub(super) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    // Other systems cannot open a folder as a file and order names themselves.
    if cfg!(unix) {
        File::open(path).and_then(|dir| dir.sync_all()).at(path)?;
    }
    Ok(())
}

/// Writes a small file durably, as a whole or not at all.
pub(super) fn write_small(tmp_path: &Path, target: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    fs::write(tmp_path, bytes).at(tmp_path)?;
    File::open(tmp_path)
        .and_then(|file| file.sync_all())
        .at(tmp_path)?;
    fs::rename(tmp_path, target).at(target)?;
    target.parent().map_or(Ok(()), sync_dir)
}

fn next_epoch(root: &Path, tmp: &Path) -> Result<u32, StoreError> {
    let path = root.join("epoch");
    let last = match fs::read_to_string(&path) {
        Ok(text) => text
            .trim()
            .parse::<u32>()
            .map_err(|_| StoreError::Damaged(path.clone()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error).at(&path),
    };
    let epoch = last
        .checked_add(1)
        .ok_or_else(|| StoreError::Damaged(path.clone()))?;
    write_small(&tmp.join("epoch"), &path, format!("{epoch}\n").as_bytes())?;
    Ok(epoch)
}
