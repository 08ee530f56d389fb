//! The folder that a site is built into. It is replaced in place: what is the same already stays
//! untouched, what differs is exchanged whole, and what is extra goes last. Whoever reads the folder
//! meanwhile sees each file as it was or as it is, never half of it.
//!
//! Nothing is written or removed through a symbolic link. A link gives way to the file or folder whose
//! place it has, and so do a folder in the place of a file and a file in the place of a folder.

mod extra;
mod staging;

use super::named;
use super::version::Version;
pub use extra::KeptFiles;
use quillfront_render::render::originals;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::{Body, Object, Treatment};
use staging::{STAGING, Staging};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pictures with more bytes are read one after another.
const LARGE_BYTES: u64 = 8 * 1024 * 1024;

/// The output of a build. Threads share it.
pub struct Output<'a> {
    /// Where the sources are that are copied.
    site: &'a Path,
    out: &'a Path,
    staging: Staging,
    /// Folders that are there and are no links.
    folders: Mutex<HashSet<String>>,
    /// Files that were put, but for pages: in the plan, nothing lies below one.
    files: Mutex<HashSet<OutputKey>>,
    /// Held by the thread that makes way: what is in the way is looked at again before it goes.
    making_way: Mutex<()>,
    /// Held by the thread that holds a large picture.
    reading: Mutex<()>,
    /// True where something was there before.
    was_used: AtomicBool,
}

impl<'a> Output<'a> {
    /// Touches nothing yet.
    pub fn new(site: &'a Path, out: &'a Path) -> Self {
        Self {
            site,
            out,
            staging: Staging::new(out),
            folders: Mutex::default(),
            files: Mutex::default(),
            making_way: Mutex::default(),
            reading: Mutex::default(),
            was_used: AtomicBool::new(false),
        }
    }

    /// Makes the folder if there is none, and takes away what a build left that was killed.
    ///
    /// # Errors
    /// The error names the folder.
    pub fn begin(&self) -> io::Result<()> {
        let begun = fs::create_dir_all(self.out).and_then(|()| {
            let is_used = fs::read_dir(self.out)?.next().is_some();
            self.was_used.fetch_or(is_used, Ordering::Relaxed);
            Ok(())
        });
        begun.map_err(|error| named(self.out, error))?;
        self.staging.clear_leftovers()
    }

    /// Puts an object in its place, unless the very same is there. Returns the bytes that were made for it,
    /// 0 where a source was copied; None where the file is as it was.
    ///
    /// # Errors
    /// The error names the file.
    pub fn put(&self, key: &OutputKey, object: &Object) -> io::Result<Option<u64>> {
        let path = self.path_of(key)?;
        if let Body::Copy {
            source,
            size,
            treatment: Treatment::Stripped { .. },
            ..
        } = &object.body
        {
            // Large ones one after another, so that memory does not grow with the threads.
            let alone = (*size > LARGE_BYTES).then(|| self.reading.lock());
            let _alone = alone.map(|alone| alone.unwrap_or_else(PoisonError::into_inner));
            let whole = Object {
                body: Body::Bytes(self.left_of(source)?),
                ..object.clone()
            };
            return self.put(key, &whole);
        }
        if !key.as_str().ends_with("/index.html") {
            self.files().insert(key.clone());
        }
        let put = || {
            let there = match self.make_folder(folder_of(key))? {
                Folder::New => None,
                Folder::Old => existing(&path)?,
            };
            if let Some(there) = there.as_ref().filter(|there| there.is_file())
                && self.is_same(&path, there, object)
            {
                return Ok(None);
            }
            let staged = self.staging.place()?;
            let made = self.write(&staged, object);
            let placed = made.and_then(|made| {
                match there {
                    Some(there) if there.is_file() => {
                        self.staging.exchange(&staged, &path, there.len())
                    }
                    Some(there) if there.is_dir() => {
                        self.move_away(key.as_str(), Replacement::File)?;
                        fs::rename(&staged, &path)
                    }
                    // Of a link, itself is replaced.
                    _ => fs::rename(&staged, &path),
                }?;
                Ok(Some(made))
            });
            if placed.is_err() {
                // The room is wanted, if it is that which was lacking.
                let _never_written = fs::remove_file(&staged);
            }
            placed
        };
        put().map_err(|error| named(&path, error))
    }

    /// A picture without what it tells. What is there by now counts, whichever version was looked at.
    fn left_of(&self, source: &SourceKey) -> io::Result<Arc<[u8]>> {
        let path = self.site.join(source.as_str());
        let bytes = fs::read(&path).map_err(|error| named(&path, error))?;
        let left = originals::left_of(bytes).map_err(|error| {
            let error = io::Error::new(ErrorKind::InvalidData, error.to_string());
            named(&path, error)
        });
        Ok(left?.into())
    }

    /// The version of a file as it was put.
    ///
    /// # Errors
    /// The error names the file.
    pub fn version(&self, key: &OutputKey) -> io::Result<Version> {
        let path = self.path_of(key)?;
        let meta = fs::symlink_metadata(&path).map_err(|error| named(&path, error))?;
        Ok(Version::of(&meta))
    }

    /// Removes a file, and the folders that it leaves empty. One that is gone, or has given way to
    /// something else, is not looked for.
    ///
    /// # Errors
    /// The error names the file.
    pub fn remove<V: Sync>(&self, key: &OutputKey, kept: &KeptFiles<'_, V>) -> io::Result<()> {
        let path = self.path_of(key)?;
        if self.is_behind_a_link(key) || kept.has(key.as_str()) {
            return Ok(());
        }
        let there = existing(&path).map_err(|error| named(&path, error))?;
        if there.is_some_and(|there| !there.is_dir()) {
            fs::remove_file(&path).map_err(|error| named(&path, error))?;
        }
        let mut folder = path.parent();
        while let Some(above) = folder.filter(|above| *above != self.out) {
            if fs::remove_dir(above).is_err() {
                break;
            }
            folder = above.parent();
        }
        Ok(())
    }

    /// Removes everything but these files; returns what was removed.
    ///
    /// # Errors
    /// The error names what cannot be removed.
    pub fn remove_extra<V: Sync>(
        &self,
        kept: &BTreeMap<OutputKey, V>,
        keep_dotfiles: bool,
    ) -> io::Result<BTreeSet<OutputKey>> {
        if self.was_used.load(Ordering::Relaxed) {
            extra::remove_extra(self.out, &KeptFiles::new(self.out, kept), keep_dotfiles)
        } else {
            Ok(BTreeSet::new())
        }
    }

    /// Removes objects that were put and are no part of the tree after all. Those that are kept stay.
    ///
    /// # Errors
    /// The error names the file.
    pub fn withdraw<V: Sync>(
        &self,
        withdrawn: &BTreeSet<OutputKey>,
        kept: &BTreeMap<OutputKey, V>,
    ) -> io::Result<()> {
        if withdrawn.is_empty() {
            return Ok(());
        }
        let kept = KeptFiles::new(self.out, kept);
        withdrawn.iter().try_for_each(|key| self.remove(key, &kept))
    }

    /// Removes what was replaced.
    ///
    /// # Errors
    /// The error names the folder.
    pub fn finish(self) -> io::Result<()> {
        self.staging.close()
    }

    /// Keys come from what authors write, and do not lead out of the folder.
    fn path_of(&self, key: &OutputKey) -> io::Result<PathBuf> {
        let relative = Path::new(key.as_str());
        let mut parts = relative.components();
        let is_inside = parts
            .clone()
            .all(|part| matches!(part, Component::Normal(_)));
        let is_ours = parts.next() != Some(Component::Normal(STAGING.as_ref()));
        if is_inside && is_ours {
            Ok(self.out.join(relative))
        } else {
            let message = format!("an output file cannot be called {key}");
            Err(io::Error::new(ErrorKind::InvalidInput, message))
        }
    }

    fn is_behind_a_link(&self, key: &OutputKey) -> bool {
        let folders = Path::new(folder_of(key)).ancestors();
        let mut folders = folders.filter(|folder| !folder.as_os_str().is_empty());
        folders.any(|folder| {
            fs::symlink_metadata(self.out.join(folder)).is_ok_and(|meta| meta.is_symlink())
        })
    }

    /// Makes a folder, and those that it is in.
    fn make_folder(&self, folder: &str) -> io::Result<Folder> {
        if folder.is_empty() || self.folders().contains(folder) {
            return Ok(Folder::Old);
        }
        self.make_folder(folder.rsplit_once('/').map_or("", |(above, _)| above))?;
        let path = self.out.join(folder);
        let made = loop {
            match existing(&path)? {
                Some(there) if there.is_dir() => break Folder::Old,
                Some(_) => self.move_away(folder, Replacement::Folder)?,
                None => match fs::create_dir(&path) {
                    Ok(()) => break Folder::New,
                    // Another thread was faster.
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(error),
                },
            }
        };
        self.folders().insert(folder.to_owned());
        Ok(made)
    }

    /// Takes away a folder that is in the place of a file, or what is in the place of a folder, unless
    /// another thread has done so. What this build has put there itself is wanted, too.
    fn move_away(&self, key: &str, wanted: Replacement) -> io::Result<()> {
        let alone = self.making_way.lock();
        let _alone = alone.unwrap_or_else(PoisonError::into_inner);
        let path = self.out.join(key);
        let is_put = match (existing(&path)?, wanted) {
            (Some(there), Replacement::File) if there.is_dir() => self.folders().contains(key),
            (Some(there), Replacement::Folder) if !there.is_dir() => self.files().contains(key),
            _ => return Ok(()),
        };
        if is_put {
            let message = format!("{key} would be both a file and a folder");
            return Err(io::Error::new(ErrorKind::AlreadyExists, message));
        }
        fs::rename(path, self.staging.place()?)
    }

    fn folders(&self) -> MutexGuard<'_, HashSet<String>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn files(&self) -> MutexGuard<'_, HashSet<OutputKey>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True where the file has the bytes of the object. What cannot be read is not the same.
    fn is_same(&self, path: &Path, there: &fs::Metadata, object: &Object) -> bool {
        let same = || -> io::Result<bool> {
            match &object.body {
                Body::Bytes(bytes) if bytes.len() as u64 == there.len() => {
                    has_bytes(File::open(path)?, bytes)
                }
                Body::Copy { source, .. } => {
                    let source = File::open(self.site.join(source.as_str()))?;
                    let meta = source.metadata()?;
                    let size = meta.len();
                    if size != there.len() || !is_copy(File::open(path)?, source, size)? {
                        return Ok(false);
                    }
                    // A copy has the permissions of what it is of.
                    if meta.permissions() != there.permissions() {
                        fs::set_permissions(path, meta.permissions())?;
                    }
                    Ok(true)
                }
                Body::Bytes(_) => Ok(false),
                Body::Kept { .. } => Ok(true),
            }
        };
        same().unwrap_or(false)
    }

    /// Writes a file where none is; returns the bytes that were made for it.
    fn write(&self, path: &Path, object: &Object) -> io::Result<u64> {
        match &object.body {
            Body::Bytes(bytes) => {
                let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
                file.write_all(bytes)?;
                Ok(bytes.len() as u64)
            }
            Body::Copy { source, .. } => {
                let source = self.site.join(source.as_str());
                let copied = fs::copy(&source, path);
                copied.map(|_| 0).map_err(|error| match error.kind() {
                    ErrorKind::NotFound => named(&source, error),
                    _ => error,
                })
            }
            // Nothing was there that it could be.
            Body::Kept { .. } => Err(ErrorKind::NotFound.into()),
        }
    }
}

/// A folder that a file is put into.
enum Folder {
    /// It was just made, and nothing is in it.
    New,
    Old,
}

/// What is to be where something else is.
#[derive(Clone, Copy)]
enum Replacement {
    File,
    Folder,
}

fn folder_of(key: &OutputKey) -> &str {
    key.as_str()
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder)
}

/// What is under a path, links not followed.
fn existing(path: &Path) -> io::Result<Option<fs::Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(Some(meta)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Bytes that are compared at once.
const BLOCK_BYTES: usize = 32 * 1024;

/// True where a file of as many bytes has these.
fn has_bytes(mut file: File, bytes: &[u8]) -> io::Result<bool> {
    let mut block = [0; BLOCK_BYTES];
    for wanted in bytes.chunks(BLOCK_BYTES) {
        let found = &mut block[..wanted.len()];
        file.read_exact(found)?;
        if found != wanted {
            return Ok(false);
        }
    }
    Ok(true)
}

/// True where two files of as many bytes are the same.
fn is_copy(mut file: File, mut other: File, size: u64) -> io::Result<bool> {
    let (mut block, mut wanted) = ([0; BLOCK_BYTES], [0; BLOCK_BYTES]);
    let mut left = size;
    while left > 0 {
        let length = BLOCK_BYTES.min(usize::try_from(left).unwrap_or(BLOCK_BYTES));
        file.read_exact(&mut block[..length])?;
        other.read_exact(&mut wanted[..length])?;
        if block[..length] != wanted[..length] {
            return Ok(false);
        }
        left -= length as u64;
    }
    Ok(true)
}
