//! One bucket: where versions become visible, and where they are read.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use jiff::Timestamp;
use s3s::crypto::{Checksum as _, Sha256};
use serde::{Deserialize, Serialize};

use super::conditions::{DeleteCondition, WriteCondition};
use super::disk::{Disk, Temp, sync_dir, write_small};
use super::error::{At, StoreError};
use super::events::{Caller, Change, Events, Happening};
use super::index::{Entry, Index, Page, Query};
use super::limits::INLINE_BYTES;
use super::multipart::{self, Upload};
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
}

/// A bucket. Its methods block: they are called from blocking threads only.
pub(super) struct Bucket {
    pub name: String,
    pub created: Timestamp,
    pub dir: PathBuf,
    pub shared: Arc<Shared>,
    pub uploads: Mutex<BTreeMap<String, Arc<Upload>>>,
    index: RwLock<Index>,
    /// Written while a key's object changes, read while it is opened.
    stripes: Vec<RwLock<()>>,
    /// False once the bucket is deleted; every change holds it for reading.
    alive: RwLock<bool>,
}

/// A version that is about to become visible.
pub(super) struct Version {
    pub meta: ObjectMeta,
    pub bytes: Bytes,
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
    /// The bytes again, by another name that does not go away, if they are a blob.
    pub link: Option<Temp>,
}

#[derive(Serialize, Deserialize)]
struct About {
    created: Timestamp,
}

impl Bucket {
    /// Makes the folder of a new bucket: complete or not at all.
    pub fn create(shared: &Arc<Shared>, name: &str) -> Result<Bucket, StoreError> {
        let created = now();
        let tmp = shared.disk.tmp_path();
        for folder in ["objects", "blobs", "uploads"] {
            let folder = tmp.join(folder);
            fs::create_dir_all(&folder).at(&folder)?;
        }
        let about = serde_json::to_vec(&About { created })
            .map_err(std::io::Error::from)
            .at(&tmp)?;
        write_small(&tmp.join("new"), &tmp.join("bucket.json"), &about)?;
        let dir = shared.disk.buckets().join(name);
        fs::rename(&tmp, &dir).at(&dir)?;
        sync_dir(shared.disk.buckets())?;
        Ok(Bucket::new(shared, name, dir, created))
    }

    /// Reads a bucket back and removes what a crash left behind in it.
    pub fn open(shared: &Arc<Shared>, name: &str) -> Result<Bucket, StoreError> {
        let dir = shared.disk.buckets().join(name);
        let path = dir.join("bucket.json");
        let about: About = serde_json::from_slice(&fs::read(&path).at(&path)?)
            .map_err(|_| StoreError::Damaged(path.clone()))?;
        let bucket = Bucket::new(shared, name, dir, about.created);
        let records = read_records(&bucket.dir.join("objects"))?;
        let blobs: HashSet<&str> = records
            .iter()
            .filter_map(|record| record.blob.as_deref())
            .collect();
        for path in list_dir(&bucket.dir.join("blobs"))? {
            if !path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| blobs.contains(name))
            {
                fs::remove_file(&path).at(&path)?;
            }
        }
        let made: HashSet<&str> = records
            .iter()
            .filter_map(|record| record.upload.as_deref())
            .collect();
        let uploads = multipart::open_all(&bucket.dir.join("uploads"), &made)?;
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
        let mut file = File::open(&path).at(&path)?;
        let (record, _): (Record, u64) = record::read(&file, &path)?;
        let mut blob_link = None;
        if let Some(blob) = &record.blob {
            let path = self.dir.join("blobs").join(blob);
            file = File::open(&path).at(&path)?;
            if link {
                blob_link = Some(Temp::link(&self.shared.disk, &path)?);
            }
        }
        file.rewind().at(&path)?;
        let object = Object {
            meta: record.meta,
            file,
            offset: 0,
        };
        Ok(Opened {
            object,
            upload: record.upload,
            link: blob_link,
        })
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
        let name = self.shared.disk.unique();
        let folder = self.dir.join("blobs");
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
        self.dir
            .join("objects")
            .join(hex::encode(Sha256::checksum(key.as_bytes())))
    }

    fn stripe(&self, key: &str) -> &RwLock<()> {
        let hash = Sha256::checksum(key.as_bytes());
        &self.stripes[usize::from(hash[0]) % STRIPES]
    }
}

/// A copy of the first `size` bytes of a file, made by the system where it can.
pub(super) fn copy_bytes(disk: &Disk, file: &File, size: u64) -> Result<Temp, StoreError> {
    let mut temp = disk.temp()?;
    let mut source = file;
    source.rewind().at(temp.path())?;
    let copied = std::io::copy(&mut source.take(size), &mut temp.file).at(temp.path())?;
    if copied != size {
        return Err(StoreError::Damaged(temp.path().to_owned()));
    }
    Ok(temp)
}

fn entry(record: &Record) -> Entry {
    Entry {
        size: record.meta.size,
        etag: record.meta.etag.as_str().into(),
        last_modified: record.meta.last_modified,
        blob: record.blob.as_deref().map(Arc::from),
    }
}

/// All records of a folder, read by a few threads: with 100,000 objects the disk waits otherwise.
fn read_records(folder: &Path) -> Result<Vec<Record>, StoreError> {
    let paths = list_dir(folder)?;
    let chunk = paths.len().div_ceil(READERS).max(1);
    std::thread::scope(|scope| {
        let readers: Vec<_> = paths
            .chunks(chunk)
            .map(|paths| {
                scope.spawn(move || {
                    paths
                        .iter()
                        .map(|path| read_record(path))
                        .collect::<Result<Vec<_>, _>>()
                })
            })
            .collect();
        let mut records = Vec::with_capacity(paths.len());
        for reader in readers {
            match reader.join() {
                Ok(read) => records.extend(read?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(records)
    })
}

fn read_record(path: &Path) -> Result<Record, StoreError> {
    let (record, before): (Record, u64) = record::read(&File::open(path).at(path)?, path)?;
    if record.blob.is_none() && before != record.meta.size {
        return Err(StoreError::Damaged(path.to_owned()));
    }
    Ok(record)
}

/// The files of a folder.
pub(super) fn list_dir(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .at(folder)
}
