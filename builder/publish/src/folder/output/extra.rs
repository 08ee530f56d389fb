//! What is in the output that no build of the site would write.

use super::staging::STAGING;
use crate::folder::named;
use quillfront_site::key::OutputKey;
use rayon::prelude::*;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The files that stay.
pub struct KeptFiles<'a, V> {
    out: &'a Path,
    keys: &'a BTreeMap<OutputKey, V>,
    /// The same without capitals, where it is asked for.
    lower: OnceLock<BTreeMap<String, &'a OutputKey>>,
}

impl<'a, V: Sync> KeptFiles<'a, V> {
    pub fn new(out: &'a Path, keys: &'a BTreeMap<OutputKey, V>) -> Self {
        Self {
            out,
            keys,
            lower: OnceLock::new(),
        }
    }

    fn lower(&self) -> &BTreeMap<String, &'a OutputKey> {
        self.lower.get_or_init(|| {
            let keys = self.keys.keys();
            keys.map(|key| (key.as_str().to_lowercase(), key)).collect()
        })
    }

    /// True for a file that stays, also under another spelling: there are file systems to which `About`
    /// and `about` are the same.
    pub fn has(&self, key: &str) -> bool {
        if self.keys.contains_key(key) {
            return true;
        }
        let twin = self.lower().get(&key.to_lowercase());
        twin.is_some_and(|twin| is_one_file(&self.out.join(key), &self.out.join(twin.as_str())))
    }

    /// True for a folder that files stay in.
    fn has_below(&self, folder: &str) -> bool {
        has_below(self.keys, folder)
    }

    /// True for a folder that files stay in under another spelling, if there are such to the file system.
    fn may_have_below(&self, folder: &str) -> bool {
        has_below(self.lower(), &folder.to_lowercase())
    }
}

fn has_below<K: Ord + Borrow<str>, V>(keys: &BTreeMap<K, V>, folder: &str) -> bool {
    let below = format!("{folder}/");
    let from = (Bound::Included(below.as_str()), Bound::Unbounded);
    let first = keys.range::<str, _>(from).next();
    first.is_some_and(|(key, _)| key.borrow().starts_with(&below))
}

/// True where two paths lead to one and the same file.
fn is_one_file(one: &Path, other: &Path) -> bool {
    let (Ok(one), Ok(other)) = (fs::symlink_metadata(one), fs::symlink_metadata(other)) else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        one.dev() == other.dev() && one.ino() == other.ino() && one.nlink() == 1
    }
    // There is no telling, so nothing is lost.
    #[cfg(not(unix))]
    return one.len() == other.len();
}

/// Entries of a folder that one thread looks at in a row.
const ENTRIES_IN_A_ROW: usize = 64;
/// Folders in folders of which the files are named one by one.
const MAX_DEPTH: usize = 64;

/// Removes all files that do not stay, and the folders that hold none; returns what was removed. No
/// link is followed. With `keep_dotfiles`, names at the top that start with a dot are left alone.
///
/// # Errors
/// A folder cannot be read, or something not removed; the error names it.
pub fn remove_extra<V: Sync>(
    out: &Path,
    kept: &KeptFiles<'_, V>,
    keep_dotfiles: bool,
) -> io::Result<BTreeSet<OutputKey>> {
    let stays = |name: &str| name == STAGING || (keep_dotfiles && name.starts_with('.'));
    tidy(out, "", kept, &stays)
}

fn tidy<V: Sync>(
    folder: &Path,
    key: &str,
    kept: &KeptFiles<'_, V>,
    stays: &(dyn Fn(&str) -> bool + Sync),
) -> io::Result<BTreeSet<OutputKey>> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let entries = entries.map_err(|error| named(folder, error))?;
    let tidy_one = |entry: fs::DirEntry| -> io::Result<BTreeSet<OutputKey>> {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let key = match key {
            "" if stays(&name) => return Ok(BTreeSet::new()),
            "" => name.into_owned(),
            key => format!("{key}/{name}"),
        };
        let is_folder = entry
            .file_type()
            .map_err(|error| named(&path, error))?
            .is_dir();
        let removed = match is_folder {
            true if kept.has_below(&key) => return tidy(&path, &key, kept, &|_| false),
            true if kept.may_have_below(&key) => {
                let removed = tidy(&path, &key, kept, &|_| false)?;
                match fs::remove_dir(&path) {
                    // To this file system it is a folder that files stay in.
                    Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(removed),
                    gone => gone.map(|()| removed),
                }
            }
            false if kept.has(&key) => return Ok(BTreeSet::new()),
            true => {
                let mut files = BTreeSet::new();
                name_files(&path, &key, 0, &mut files);
                fs::remove_dir_all(&path).map(|()| files)
            }
            false => fs::remove_file(&path).map(|()| BTreeSet::from([key.into()])),
        };
        removed.map_err(|error| named(&path, error))
    };
    let parts = entries.into_par_iter().with_min_len(ENTRIES_IN_A_ROW);
    parts
        .map(tidy_one)
        .try_reduce(BTreeSet::new, |mut all, mut part| {
            all.append(&mut part);
            Ok(all)
        })
}

/// Adds the files in a folder that is to be removed, for the report.
fn name_files(folder: &Path, key: &str, depth: usize, files: &mut BTreeSet<OutputKey>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|_| depth < MAX_DEPTH) {
        let key = format!("{key}/{}", entry.file_name().to_string_lossy());
        let path: PathBuf = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            name_files(&path, &key, depth + 1, files)
        } else {
            files.insert(key.into());
        }
    }
}
