//! The data folder: who may open it, temporary files, and what makes a rename durable.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::{At, StoreError};
use super::notices::Notices;
use super::object::now;

/// The data folder, held by this process for as long as this value lives.
pub(super) struct Disk {
    root: PathBuf,
    tmp: PathBuf,
    buckets: PathBuf,
    /// What makes ids and sequencers grow across restarts.
    epoch: u32,
    counter: AtomicU64,
    notices: Arc<Notices>,
    _lock: File,
}

impl Disk {
    /// Opens or makes the folder, and removes what a crash left unfinished. Nothing has to be
    /// written where the folder is there already, so it opens on a full disk too.
    pub fn open(root: &Path, notices: &Arc<Notices>) -> Result<Disk, StoreError> {
        let tmp = root.join("tmp");
        let buckets = root.join("buckets");
        make_dir(root)?;
        close_to_others(root, notices);
        let lock_path = root.join("lock");
        let lock = private()
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .at(&lock_path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Held(root.to_owned())),
            Err(TryLockError::Error(error)) => return Err(error).at(&lock_path),
        }
        empty_dir(&tmp, notices)?;
        make_dir(&buckets)?;
        let epoch = next_epoch(root, &tmp, notices);
        Ok(Disk {
            root: root.to_owned(),
            tmp,
            buckets,
            epoch,
            counter: AtomicU64::new(0),
            notices: notices.clone(),
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
        let file = private().create_new(true).open(&path).at(&path)?;
        Ok(Temp {
            path,
            file,
            released: false,
        })
    }

    /// Tells the owner of this machine.
    pub fn tell(&self, text: &str) {
        self.notices.tell(text);
    }

    /// Moves away what is damaged or none of the store's, so that the rest can be served, and
    /// tells it.
    pub fn set_aside(&self, path: &Path, why: &str) {
        const NAME_CHARS: usize = 100;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name: String = name.chars().take(NAME_CHARS).collect();
        let folder = self.root.join("set-aside");
        let target = folder.join(format!("{}-{name}", self.unique()));
        let moved = make_dir(&folder).and_then(|()| fs::rename(path, &target).at(&target));
        let path = path.display();
        self.notices.tell(&match moved {
            Ok(()) => format!("{path}: {why}; it was moved to {}", target.display()),
            Err(error) => {
                format!("{path}: {why}; it is ignored, but cannot be moved away: {error}")
            }
        });
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
    let written = private()
        .create(true)
        .truncate(true)
        .open(tmp_path)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
    written.at(tmp_path)?;
    fs::rename(tmp_path, target).at(target)?;
    target.parent().map_or(Ok(()), sync_dir)
}

/// Makes a folder that only its owner can read, and those above it; one that is there stays.
pub(super) fn make_dir(path: &Path) -> Result<(), StoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).at(path)
}

/// To open files that only their owner can read, for reading and writing.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes from others what an earlier version, or somebody, has let them read.
fn close_to_others(path: &Path, notices: &Notices) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let closed = fs::metadata(path).and_then(|metadata| {
            if metadata.permissions().mode() & 0o077 == 0 {
                return Ok(());
            }
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))
        });
        if let Err(error) = closed {
            let path = path.display();
            notices.tell(&format!(
                "{path}: other users can read it, and its permissions cannot be changed: {error}"
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, notices);
}

/// Makes a folder that is empty. What cannot be removed from it is told and stays: no new name
/// meets an old one.
fn empty_dir(path: &Path, notices: &Notices) -> Result<(), StoreError> {
    if !path.is_dir() && path.symlink_metadata().is_ok() {
        fs::remove_file(path).at(path)?;
    }
    make_dir(path)?;
    for entry in fs::read_dir(path).at(path)? {
        let entry = entry.at(path)?;
        let left = entry.path();
        let removed = match entry.file_type() {
            Ok(kind) if kind.is_dir() => fs::remove_dir_all(&left),
            _ => fs::remove_file(&left),
        };
        if let Err(error) = removed {
            notices.tell(&format!("{}: {error}", left.display()));
        }
    }
    Ok(())
}

/// The number of this opening: larger than all before it. It is the clock's, in seconds, so that
/// it grows also where the last one was lost or cannot be written; where the clock goes back, the
/// last one is counted up.
fn next_epoch(root: &Path, tmp: &Path, notices: &Notices) -> u32 {
    let path = root.join("epoch");
    let seconds = u32::try_from(now().as_second()).unwrap_or_default();
    let last = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(|_| "it is damaged".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error.to_string()),
    };
    let last: u32 = last.unwrap_or_else(|why| {
        let path = path.display();
        notices.tell(&format!("{path}: {why}; it is recreated from the clock"));
        0
    });
    let epoch = last.saturating_add(1).max(seconds);
    let text = format!("{epoch}\n");
    if let Err(error) = write_small(&tmp.join("epoch"), &path, text.as_bytes()) {
        notices.tell(&error.to_string());
    }
    epoch
}
