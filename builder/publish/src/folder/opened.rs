//! Looking at many files below one folder.

use super::version::Version;
use std::io;
use std::path::Path;

/// A folder that is looked into. The system need not find the way to it for each file anew.
pub struct OpenFolder {
    #[cfg(unix)]
    folder: std::fs::File,
    #[cfg(not(unix))]
    folder: std::path::PathBuf,
}

/// What to do about symbolic links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// What they lead to is looked at.
    Follow,
    /// They are neither files nor folders.
    Refuse,
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

impl OpenFolder {
    /// A folder below it, with no link on the way.
    ///
    /// # Errors
    /// It cannot be opened, or there is a link.
    pub fn below(&self, relative: &str) -> io::Result<Self> {
        let (first, rest) = match relative.split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (relative, None),
        };
        let opened = self.inner(first)?;
        match rest {
            Some(rest) => opened.below(rest),
            None => Ok(opened),
        }
    }

    /// The version of what is below the folder, where it is a file.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn file(&self, relative: &str, links: Links) -> io::Result<Option<Version>> {
        let (kind, version) = self.look(relative, links)?;
        Ok((kind == Kind::File).then_some(version))
    }

    /// True for a folder that is no link to one.
    pub fn has_folder(&self, relative: &str) -> bool {
        let found = self.look(relative, Links::Refuse);
        found.is_ok_and(|(kind, _)| kind == Kind::Folder)
    }
}

#[derive(PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    Other,
}

#[cfg(unix)]
impl OpenFolder {
    /// # Errors
    /// The folder cannot be opened.
    pub fn new(folder: &Path) -> io::Result<Self> {
        Self::at(rustix::fs::CWD, folder, rustix::fs::OFlags::empty())
    }

    fn inner(&self, name: &str) -> io::Result<Self> {
        Self::at(&self.folder, name, rustix::fs::OFlags::NOFOLLOW)
    }

    fn at(
        from: impl std::os::fd::AsFd,
        folder: impl rustix::path::Arg,
        links: rustix::fs::OFlags,
    ) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags, openat};
        // On Linux nothing but a place to look from, which needs no permission to read.
        #[cfg(target_os = "linux")]
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        #[cfg(not(target_os = "linux"))]
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(from, folder, flags | links, Mode::empty())?;
        Ok(Self {
            folder: folder.into(),
        })
    }

    fn look(&self, relative: &str, links: Links) -> io::Result<(Kind, Version)> {
        use rustix::fs::{AtFlags, FileType, statat};
        let flags = match links {
            Links::Follow => AtFlags::empty(),
            Links::Refuse => AtFlags::SYMLINK_NOFOLLOW,
        };
        let found = statat(&self.folder, relative, flags)?;
        let kind = match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            _ => Kind::Other,
        };
        // Of other widths on other systems.
        #[allow(clippy::unnecessary_cast)]
        let version = Version {
            size: u64::try_from(found.st_size).unwrap_or_default(),
            modified: Version::nanos(found.st_mtime as i64, found.st_mtime_nsec as i64),
            changed: Version::nanos(found.st_ctime as i64, found.st_ctime_nsec as i64),
            inode: found.st_ino as u64,
        };
        Ok((kind, version))
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

    fn inner(&self, name: &str) -> io::Result<Self> {
        let folder = self.folder.join(name);
        match std::fs::symlink_metadata(&folder)?.is_dir() {
            true => Ok(Self { folder }),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn look(&self, relative: &str, links: Links) -> io::Result<(Kind, Version)> {
        let path = self.folder.join(relative);
        let meta = match links {
            Links::Follow => std::fs::metadata(path)?,
            Links::Refuse => std::fs::symlink_metadata(path)?,
        };
        let kind = match () {
            () if meta.is_file() => Kind::File,
            () if meta.is_dir() => Kind::Folder,
            () => Kind::Other,
        };
        Ok((kind, Version::of(&meta)))
    }
}
