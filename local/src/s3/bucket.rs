//! One bucket: where versions become visible, and where they are read.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use jiff::Timestamp;
use s3s::crypto::{Checksum as _, Sha256};
use serde::{Deserialize, Serialize};

use super::blocks::{Blocks, Contents};
use super::conditions::{DeleteCondition, WriteCondition};
use super::cors::Rules;
use super::disk::{Disk, Temp, make_dir, sync_dir, write_small};
use super::error::{At, StoreError};
use super::events::{Caller, Change, Events, Happening};
use super::index::{Entry, Index, Page, Query};
use super::limits::INLINE_BYTES;
use super::multipart::{self, Upload};
use super::notices::Notices;
use super::object::{Object, ObjectMeta, now};
use super::record::{self, Record};

/// How many locks the keys of a bucket share. A lock is held while a folder is synced, so
/// writers of different keys should seldom meet.
const STRIPES: usize = 256;

/// Threads that read records at open.
const READERS: usize = 8;

/// What all buckets share.
pub(super) struct Shared {
    pub disk: Disk,
    pub events: Events,
    pub notices: Arc<Notices>,
}

/// A bucket. Its methods block: they are called from blocking threads only.
pub(super) struct Bucket {
    pub name: String,
    pub created: Timestamp,
    pub dir: PathBuf,
    pub shared: Arc<Shared>,
    pub uploads: Mutex<BTreeMap<String, Arc<Upload>>>,
    index: RwLock<Index>,
    cors: RwLock<Option<Arc<Rules>>>,
    /// The names of the files of objects that were damaged when the bucket was opened.
    lost: HashSet<String>,
    /// Written while a key's object changes, read while it is opened.
    stripes: Vec<RwLock<()>>,
    /// False once the bucket is deleted; every change holds it for reading.
    alive: RwLock<bool>,
}

/// A version that is about to become visible.
pub(super) struct Version {
    pub meta: ObjectMeta,
    pub bytes: Bytes,
    /// The sums of the bytes; none for a copy of an object that has none.
    pub blocks: Option<Blocks>,
    /// The multipart upload it comes from.
    pub upload: Option<String>,
}

/// The bytes of a version, hashed and complete.
pub(super) enum Bytes {
    /// In a file of their own, cursor at its end.
    Own(Temp),
    /// In a blob that another object has too.
    Shared(Temp),
}

/// An opened object with what only the store needs to know.
pub(super) struct Opened {
    pub object: Object,
    pub upload: Option<String>,
    pub blocks: Option<Blocks>,
    /// The bytes again, by another name that does not go away, if they are a blob.
    pub link: Option<Temp>,
}

#[derive(Serialize, Deserialize)]
struct About {
    created: Timestamp,
}

const ABOUT: &str = "bucket.json";
const CORS: &str = "cors.json";
const FOLDERS: [&str; 3] = ["objects", "blobs", "uploads"];

impl Bucket {
    /// Makes the folder of a new bucket: complete or not at all.
    pub fn create(shared: &Arc<Shared>, name: &str) -> Result<Bucket, StoreError> {
        let created = now();
        let tmp = shared.disk.tmp_path();
        for folder in FOLDERS {
            make_dir(&tmp.join(folder))?;
        }
        write_json(&tmp.join("new"), &tmp.join(ABOUT), &About { created })?;
        let dir = shared.disk.buckets().join(name);
        fs::rename(&tmp, &dir).at(&dir)?;
        sync_dir(shared.disk.buckets())?;
        Ok(Bucket::new(shared, name, dir, created))
    }

    /// Reads a bucket back and removes what a crash left behind in it. What is damaged is set
    /// aside; what can be made again is.
    pub fn open(shared: &Arc<Shared>, name: &str) -> Result<Bucket, StoreError> {
        let disk = &shared.disk;
        let dir = disk.buckets().join(name);
        for folder in FOLDERS {
            let folder = dir.join(folder);
            if folder.symlink_metadata().is_ok() && !folder.is_dir() {
                disk.set_aside(&folder, "it is no folder");
            }
            make_dir(&folder)?;
        }
        let path = dir.join(ABOUT);
        let created = match read_json::<About>(disk, &path)? {
            Some(about) => about.created,
            None => {
                let created = now();
                let made = write_json(&disk.tmp_path(), &path, &About { created });
                shared.notices.tell(&match made {
                    Ok(()) => format!("{} was made again", path.display()),
                    Err(error) => error.to_string(),
                });
                created
            }
        };
        let mut bucket = Bucket::new(shared, name, dir, created);
        let records;
        (records, bucket.lost) = read_records(disk, &bucket.dir)?;
        *bucket.cors.write().unwrap_or_else(PoisonError::into_inner) =
            read_json(disk, &bucket.dir.join(CORS))?.map(Arc::new);
        let blobs: HashSet<&str> = records
            .iter()
            .filter_map(|record| record.blob.as_deref())
            .collect();
        for path in list_dir(&bucket.dir.join("blobs"))? {
            let name = path.file_name().and_then(|name| name.to_str());
            if name.is_some_and(|name| blobs.contains(name)) {
                continue;
            }
            match name {
                Some(name) if is_blob_name(name) && path.is_file() => {
                    fs::remove_file(&path).at(&path)?;
                }
                _ => disk.set_aside(&path, "it is none of the store's"),
            }
        }
        let made: HashSet<&str> = records
            .iter()
            .filter_map(|record| record.upload.as_deref())
            .collect();
        let uploads = multipart::open_all(disk, &bucket.dir.join("uploads"), &made)?;
        *bucket
            .uploads
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = uploads;
        let mut index = bucket.index.write().unwrap_or_else(PoisonError::into_inner);
        for record in &records {
            index.insert(&record.key, entry(record));
        }
        drop(index);
        Ok(bucket)
    }

    fn new(shared: &Arc<Shared>, name: &str, dir: PathBuf, created: Timestamp) -> Bucket {
        Bucket {
            name: name.to_owned(),
            created,
            dir,
            shared: shared.clone(),
            uploads: Mutex::default(),
            index: RwLock::default(),
            cors: RwLock::default(),
            lost: HashSet::new(),
            stripes: (0..STRIPES).map(|_| RwLock::new(())).collect(),
            alive: RwLock::new(true),
        }
    }

    /// Deletes the bucket if it holds no objects. Unfinished uploads go with it.
    pub fn delete(&self) -> Result<(), StoreError> {
        let mut alive = self.alive.write().unwrap_or_else(PoisonError::into_inner);
        if !*alive {
            return Err(StoreError::NoSuchBucket(self.name.clone()));
        }
        if !self
            .index
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
        {
            return Err(StoreError::BucketNotEmpty(self.name.clone()));
        }
        let tmp = self.shared.disk.tmp_path();
        fs::rename(&self.dir, &tmp).at(&self.dir)?;
        *alive = false;
        sync_dir(self.shared.disk.buckets())?;
        // What cannot be removed now is swept when the folder is next opened.
        let _ = fs::remove_dir_all(&tmp);
        Ok(())
    }

    /// Keeps the bucket from being deleted while something changes in it.
    pub fn alive(&self) -> Result<RwLockReadGuard<'_, bool>, StoreError> {
        let alive = self.alive.read().unwrap_or_else(PoisonError::into_inner);
        if *alive {
            Ok(alive)
        } else {
            Err(StoreError::NoSuchBucket(self.name.clone()))
        }
    }

    /// Makes a version the object at `key`, if the condition holds. Durable on return.
    pub fn commit(
        &self,
        key: &str,
        condition: &WriteCondition,
        version: Version,
        happening: Happening,
        caller: &Caller,
    ) -> Result<(), StoreError> {
        let _alive = self.alive()?;
        let mut record = Record {
            key: key.to_owned(),
            blob: None,
            upload: version.upload,
            blocks: version.blocks,
            meta: version.meta,
        };
        let (mut file, blob) = match version.bytes {
            Bytes::Own(temp) if record.meta.size <= INLINE_BYTES => (temp, None),
            Bytes::Own(temp) | Bytes::Shared(temp) => (
                self.shared.disk.temp()?,
                Some(self.place_blob(temp, &mut record)?),
            ),
        };
        record::append(&file.file, &record).at(file.path())?;
        file.sync()?;

        let lock = self
            .stripe(key)
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        condition.check(key, self.entry(key).as_ref())?;
        file.rename(self.object_path(key))?;
        file.release();
        if let Some(blob) = blob {
            blob.release();
        }
        let synced = sync_dir(&self.dir.join("objects"));
        // Even if the sync failed: the index says what the folder says.
        let replaced = self
            .index
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, entry(&record));
        synced?;
        self.remove_blob(replaced);
        let object = Some((record.meta.size, record.meta.etag.as_str()));
        self.shared.events.announce(&Change {
            happening,
            bucket: &self.name,
            key,
            object,
            caller,
        });
        drop(lock);
        Ok(())
    }

    /// Removes the object at `key`, if the condition holds; what is not there is removed already.
    pub fn remove(
        &self,
        key: &str,
        condition: &DeleteCondition,
        caller: &Caller,
    ) -> Result<(), StoreError> {
        let _alive = self.alive()?;
        let _lock = self
            .stripe(key)
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let current = self.entry(key);
        condition.check(current.as_ref())?;
        if current.is_none() {
            return Ok(());
        }
        let path = self.object_path(key);
        fs::remove_file(&path).at(&path)?;
        let removed = self
            .index
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
        sync_dir(&self.dir.join("objects"))?;
        self.remove_blob(removed);
        let change = Change {
            happening: Happening::Delete,
            bucket: &self.name,
            key,
            object: None,
            caller,
        };
        self.shared.events.announce(&change);
        Ok(())
    }

    /// Opens the object at `key`.
    pub fn open_object(&self, key: &str) -> Result<Object, StoreError> {
        Ok(self.open_with(key, false)?.object)
    }

    /// Opens the object at `key` to copy it.
    pub fn open_to_copy(&self, key: &str) -> Result<Opened, StoreError> {
        self.open_with(key, true)
    }

    fn open_with(&self, key: &str, link: bool) -> Result<Opened, StoreError> {
        let _lock = self
            .stripe(key)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if self.entry(key).is_none() {
            return Err(StoreError::NoSuchKey(key.to_owned()));
        }
        let path = self.object_path(key);
        let (mut path, mut file) = (path.clone(), File::open(&path).at(&path)?);
        let (record, _): (Record, u64) = record::read(&file, &path)?;
        let mut blob_link = None;
        if let Some(blob) = &record.blob {
            path = self.dir.join("blobs").join(blob);
            file = File::open(&path).at(&path)?;
            if link {
                blob_link = Some(Temp::link(&self.shared.disk, &path)?);
            }
        }
        let contents = Contents::new(
            file,
            path,
            record.meta.size,
            record.blocks.clone(),
            record.meta.checksum.as_ref(),
            self.shared.notices.clone(),
        );
        let object = Object {
            meta: record.meta,
            contents,
        };
        Ok(Opened {
            object,
            upload: record.upload,
            blocks: record.blocks,
            link: blob_link,
        })
    }

    /// Reads all objects, and sets aside those that are damaged. Returns their keys.
    pub fn set_damaged_aside(&self) -> Result<Vec<String>, StoreError> {
        let _alive = self.alive()?;
        let mut damaged = Vec::new();
        let keys = self
            .index
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .keys();
        for key in keys {
            let whole = self.open_object(&key).and_then(|mut object| {
                let read = object.contents.for_each(0..object.meta.size, |_| Ok(()));
                read.at(object.contents.path())
            });
            let why = match whole {
                Ok(()) | Err(StoreError::NoSuchKey(_)) => continue,
                Err(StoreError::Io { source, .. }) if !is_damage(&source) => {
                    return Err(source).at(&self.dir);
                }
                Err(error) => error.to_string(),
            };
            self.set_aside(&key, &why);
            damaged.push(key);
        }
        Ok(damaged)
    }

    /// Moves an object away, if it is there.
    pub fn set_aside(&self, key: &str, why: &str) {
        let lock = self.stripe(key).write();
        let _lock = lock.unwrap_or_else(PoisonError::into_inner);
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let Some(removed) = index.remove(key) else {
            return;
        };
        drop(index);
        self.shared.disk.set_aside(&self.object_path(key), why);
        self.remove_blob(Some(removed));
    }

    /// Whether any object was damaged when the bucket was opened.
    pub fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Whether the object at `key` was damaged when the bucket was opened.
    pub fn was_lost(&self, key: &str) -> bool {
        self.lost.contains(&file_name(key))
    }

    /// The rules for pages of other origins.
    pub fn cors(&self) -> Option<Arc<Rules>> {
        self.cors
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the rules for pages of other origins. Durable on return.
    pub fn set_cors(&self, rules: Option<Rules>) -> Result<(), StoreError> {
        let _alive = self.alive()?;
        let mut cors = self.cors.write().unwrap_or_else(PoisonError::into_inner);
        let path = self.dir.join(CORS);
        match &rules {
            Some(rules) => write_json(&self.shared.disk.tmp_path(), &path, rules)?,
            None => {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        return Err(error).at(&path);
                    }
                    _ => {}
                }
                sync_dir(&self.dir)?;
            }
        }
        *cors = rules.map(Arc::new);
        Ok(())
    }

    /// What the index knows of a key.
    pub fn entry(&self, key: &str) -> Option<Entry> {
        self.index
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned()
    }

    /// One page of a listing.
    pub fn page(&self, query: &Query) -> Page {
        self.index
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .page(query)
    }

    /// Puts the bytes into `blobs/`, durably; removed again unless released.
    fn place_blob(&self, mut temp: Temp, record: &mut Record) -> Result<Temp, StoreError> {
        let folder = self.dir.join("blobs");
        let mut name = self.shared.disk.unique();
        while folder.join(&name).exists() {
            name = self.shared.disk.unique();
        }
        temp.sync()?;
        temp.rename(folder.join(&name))?;
        sync_dir(&folder)?;
        record.blob = Some(name);
        Ok(temp)
    }

    fn remove_blob(&self, entry: Option<Entry>) {
        if let Some(blob) = entry.and_then(|entry| entry.blob) {
            // What cannot be removed now is swept when the folder is next opened.
            let _ = fs::remove_file(self.dir.join("blobs").join(&*blob));
        }
    }

    fn object_path(&self, key: &str) -> PathBuf {
        self.dir.join("objects").join(file_name(key))
    }

    fn stripe(&self, key: &str) -> &RwLock<()> {
        let hash = Sha256::checksum(key.as_bytes());
        &self.stripes[usize::from(hash[0]) % STRIPES]
    }
}

/// A copy of an object's bytes.
pub(super) fn copy_bytes(disk: &Disk, object: &mut Object) -> Result<Temp, StoreError> {
    let mut temp = disk.temp()?;
    let copied = object
        .contents
        .for_each(0..object.meta.size, |piece| temp.file.write_all(piece));
    copied.at(object.contents.path())?;
    Ok(temp)
}

/// The name of an object's file.
fn file_name(key: &str) -> String {
    hex::encode(Sha256::checksum(key.as_bytes()))
}

/// As [`Disk::unique`] makes them.
fn is_blob_name(name: &str) -> bool {
    name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether reading failed for what is on the disk, and not for want of descriptors or the like.
fn is_damage(error: &std::io::Error) -> bool {
    use ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    matches!(error.kind(), InvalidData | NotFound | UnexpectedEof)
}

fn entry(record: &Record) -> Entry {
    Entry {
        size: record.meta.size,
        etag: record.meta.etag.as_str().into(),
        last_modified: record.meta.last_modified,
        blob: record.blob.as_deref().map(Arc::from),
    }
}

/// All records of a bucket, read by a few threads: with 100,000 objects the disk waits otherwise.
/// What is no object is set aside; the names of these files come second.
fn read_records(disk: &Disk, bucket: &Path) -> Result<(Vec<Record>, HashSet<String>), StoreError> {
    let paths = list_dir(&bucket.join("objects"))?;
    let blobs = bucket.join("blobs");
    let chunk = paths.len().div_ceil(READERS).max(1);
    let read = |path: &PathBuf| (path.clone(), read_record(path, &blobs));
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
    let (mut records, mut lost) = (Vec::with_capacity(read.len()), HashSet::new());
    for (path, record) in read {
        match record? {
            Ok(record) => records.push(record),
            Err(why) => {
                disk.set_aside(&path, &why);
                let name = path.file_name().unwrap_or_default();
                lost.insert(name.to_string_lossy().into_owned());
            }
        }
    }
    Ok((records, lost))
}

/// The record of an object whose file is in its place, and whole as far as its length tells; or
/// what is wrong with it.
///
/// # Errors
/// The system is short of something; that says nothing of the file.
fn read_record(path: &Path, blobs: &Path) -> Result<Result<Record, String>, StoreError> {
    let read = File::open(path)
        .at(path)
        .and_then(|file| record::read::<Record>(&file, path));
    let (record, before) = match read {
        Ok(read) => read,
        Err(StoreError::Io { source, path }) if is_shortage(&source) => {
            return Err(StoreError::Io { source, path });
        }
        Err(StoreError::Damaged(_)) => {
            return Ok(Err("it is no object of this store, or damaged".into()));
        }
        Err(error) => return Ok(Err(error.to_string())),
    };
    let key = &record.key;
    if path.file_name().and_then(|name| name.to_str()) != Some(&file_name(key)) {
        return Ok(Err(format!("it is not in the place of its key, {key:?}")));
    }
    let length = match &record.blob {
        None => before,
        Some(blob) => match fs::metadata(blobs.join(blob)) {
            Ok(metadata) => metadata.len(),
            Err(error) => return Ok(Err(format!("the bytes of {key:?} are not there: {error}"))),
        },
    };
    if length != record.meta.size {
        return Ok(Err(format!("the bytes of {key:?} are not all there")));
    }
    Ok(Ok(record))
}

/// Too many open files, or too little memory.
fn is_shortage(error: &std::io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    error.kind() == ErrorKind::OutOfMemory
        || (cfg!(unix) && matches!(error.raw_os_error(), Some(ENFILE | EMFILE)))
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

/// Writes a small file durably, as a whole or not at all.
pub(super) fn write_json(
    tmp_path: &Path,
    target: &Path,
    value: &impl Serialize,
) -> Result<(), StoreError> {
    let json = serde_json::to_vec(value)
        .map_err(std::io::Error::from)
        .at(target)?;
    write_small(tmp_path, target, &json)
}

/// The files of a folder.
pub(super) fn list_dir(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .at(folder)
}
