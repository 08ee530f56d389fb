//! Reading a bucket back when the store is opened.
//!
//! What is damaged is set aside and told, and the rest is served. Only what the bytes themselves
//! say is damage. A file that cannot be read for any other reason (it belongs to another user, the
//! disk does not answer, too many files are open) may be in order: the store does not open then,
//! and changes nothing.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::bucket::{file_name, is_object_name};
use super::disk::Disk;
use super::error::{At, StoreError};
use super::lost::LostKeys;
use super::record::{self, Record};

/// Threads that read records.
const READERS: usize = 8;

/// What a file in `objects/` is.
enum FileKind {
    Object(Box<Record>),
    /// Damaged, or nothing of the store's; this is why.
    Strange(String),
}

/// The records of all objects of a bucket, read by a few threads: with 100,000 objects the disk
/// waits otherwise. What is no object is set aside, with a note where it was one.
pub(super) fn read_records(
    disk: &Disk,
    bucket: &Path,
    lost: &LostKeys,
) -> Result<Vec<Record>, StoreError> {
    let paths = list_dir(&bucket.join("objects"))?;
    let blobs = bucket.join("blobs");
    let chunk = paths.len().div_ceil(READERS).max(1);
    let read = |path: &PathBuf| read_record(path, &blobs).map(|found| (path.clone(), found));
    let read: Vec<_> = std::thread::scope(|scope| {
        let readers: Vec<_> = paths
            .chunks(chunk)
            .map(|paths| scope.spawn(move || paths.iter().map(read).collect::<Vec<_>>()))
            .collect();
        let joined = readers.into_iter().flat_map(|reader| match reader.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    });
    // All are read before anything is moved.
    let read: Vec<(PathBuf, FileKind)> = read.into_iter().collect::<Result<_, _>>()?;
    let mut records = Vec::with_capacity(read.len());
    for (path, found) in read {
        match found {
            FileKind::Object(record) => records.push(*record),
            FileKind::Strange(why) => set_aside(disk, lost, &path, &why),
        }
    }
    let names: HashSet<String> = records
        .iter()
        .map(|record| file_name(&record.key))
        .collect();
    lost.read(|name| names.contains(name))?;
    if let count @ 1.. = lost.count() {
        disk.tell(&format!(
            "{}: damaged objects that have been neither uploaded again nor deleted: {count}; their \
             bytes may be in set-aside",
            bucket.display()
        ));
    }
    Ok(records)
}

fn set_aside(disk: &Disk, lost: &LostKeys, path: &Path, why: &str) {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(name) = name.filter(|name| is_object_name(name)) else {
        return disk.set_aside(path, why);
    };
    match lost.note(disk, name) {
        Ok(()) => disk.set_aside(path, why),
        Err(error) => disk.tell(&format!(
            "{}: {why}; it stays there because nothing can be written: {error}",
            path.display()
        )),
    }
}

/// The record of an object whose file is in its place, and whole as far as its length tells; or
/// what is wrong with it.
fn read_record(path: &Path, blobs: &Path) -> Result<FileKind, StoreError> {
    let strange = |why: String| Ok(FileKind::Strange(why));
    // Not opened before it is known for a file: to open a pipe waits for somebody who writes.
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        // A link that leads nowhere is there and is not.
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).at(path),
        _ => return strange("it is not a file".into()),
    }
    let read = File::open(path)
        .at(path)
        .and_then(|file| record::read::<Record>(&file, path));
    let (record, before) = match read {
        Ok(read) => read,
        Err(error) if error.is_damage() => {
            return strange("it is not an object of this store, or it is damaged".into());
        }
        Err(error) => return Err(error),
    };
    let key = &record.key;
    if path.file_name().and_then(|name| name.to_str()) != Some(&file_name(key)) {
        return strange(format!("it is not in the place of its key, {key:?}"));
    }
    let length = match &record.blob {
        None => before,
        Some(blob) => {
            let blob = blobs.join(blob);
            match fs::metadata(&blob) {
                Ok(metadata) => metadata.len(),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return strange(format!("the bytes of {key:?} are missing"));
                }
                Err(error) => return Err(error).at(&blob),
            }
        }
    };
    if length != record.meta.size {
        return strange(format!("the bytes of {key:?} are incomplete"));
    }
    Ok(FileKind::Object(Box::new(record)))
}

/// Removes the blobs that no record names: what a crash left between two renames. Where an object
/// is lost, such a blob may be its bytes, and is set aside.
pub(super) fn sweep_blobs(
    disk: &Disk,
    bucket: &Path,
    records: &[Record],
    lost: &LostKeys,
) -> Result<(), StoreError> {
    let named: HashSet<&str> = records
        .iter()
        .filter_map(|record| record.blob.as_deref())
        .collect();
    for path in list_dir(&bucket.join("blobs"))? {
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| named.contains(name)) {
            continue;
        }
        if !name.is_some_and(is_blob_name) || is_dir(&path)? {
            disk.set_aside(&path, "it does not belong to the store");
        } else if lost.count() == 0 {
            fs::remove_file(&path).at(&path)?;
        } else {
            disk.set_aside(&path, "it may be the bytes of an object that was damaged");
        }
    }
    Ok(())
}

/// As [`Disk::unique`] makes them.
fn is_blob_name(name: &str) -> bool {
    name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A small file; none where it is not there, or damaged and set aside.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(
    disk: &Disk,
    path: &Path,
) -> Result<Option<T>, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::IsADirectory => Vec::new(),
        Err(error) => return Err(error).at(path),
    };
    let read = serde_json::from_slice(&bytes);
    if read.is_err() {
        disk.set_aside(path, "it is damaged");
    }
    Ok(read.ok())
}

/// The files of a folder.
pub(super) fn list_dir(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .at(folder)
}

/// Whether a folder is there. That it cannot be looked at does not mean that it is not.
pub(super) fn is_dir(path: &Path) -> Result<bool, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).at(path),
    }
}
