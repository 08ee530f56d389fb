//! Looking at many files below one folder.

use super::Version;
use std::io;
use std::path::Path;

/// A folder that is looked into. The system need not find the way to it for each file anew.
pub struct Opened {
    #[cfg(unix)]
    folder: std::fs::File,
    #[cfg(not(unix))]
    folder: std::path::PathBuf,
}

/// Lets other threads go first from now on. A system that has no such thing, or does not let us, treats
/// this one like the others.
pub fn go_last() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(LEAST);
}

/// The lowest priority that there is (`nice(2)`); on Linux it is one thread's.
#[cfg(target_os = "linux")]
const LEAST: i32 = 19;

#[cfg(unix)]
impl Opened {
    /// # Errors
    /// The folder cannot be opened.
    pub fn new(folder: &Path) -> io::Result<Self> {
        Self::at(rustix::fs::CWD, folder)
    }

    /// A folder below it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn below(&self, relative: &str) -> io::Result<Self> {
        Self::at(&self.folder, relative)
    }

    fn at(from: impl std::os::fd::AsFd, folder: impl rustix::path::Arg) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags, openat};
        // On Linux nothing but a place to look from, which needs no permission to read.
        #[cfg(target_os = "linux")]
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        #[cfg(not(target_os = "linux"))]
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(from, folder, flags, Mode::empty())?;
        Ok(Self {
            folder: folder.into(),
        })
    }

    /// The version of what is below the folder, where it is a file; links are followed.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn file(&self, relative: &str) -> io::Result<Option<Version>> {
        let found = rustix::fs::statat(&self.folder, relative, rustix::fs::AtFlags::empty())?;
        if !rustix::fs::FileType::from_raw_mode(found.st_mode).is_file() {
            return Ok(None);
        }
        let nanos = i128::from(found.st_mtime) * 1_000_000_000 + i128::from(found.st_mtime_nsec);
        Ok(Some(Version {
            size: u64::try_from(found.st_size).unwrap_or_default(),
            modified: Version::nanos(nanos),
        }))
    }
}

#[cfg(not(unix))]
impl Opened {
    /// # Errors
    /// The folder cannot be opened.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let folder = folder.canonicalize()?;
        Ok(Self { folder })
    }

    /// A folder below it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn below(&self, relative: &str) -> io::Result<Self> {
        Self::new(&self.folder.join(relative))
    }

    /// The version of what is below the folder, where it is a file; links are followed.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn file(&self, relative: &str) -> io::Result<Option<Version>> {
        let meta = std::fs::metadata(self.folder.join(relative))?;
        meta.is_file().then(|| Version::of(&meta)).transpose()
    }
}
