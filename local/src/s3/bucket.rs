//! One bucket: where versions become visible, and where they are read.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard};

use jiff::Timestamp;
use s3s::crypto::{Checksum as _, Sha256};
use serde::{Deserialize, Serialize};

use super::blocks::{Blocks, Contents, Teller};
use super::conditions::{DeleteCondition, WriteCondition};
use super::cors::Rules;
use super::disk::{Disk, Temp, make_dir, sync_dir, write_small};
use super::error::{At, StoreError};
use super::events::{Caller, Change, EventKind, Events};
use super::index::{Entry, Index, Page, Query};
use super::limits::INLINE_BYTES;
use super::lost::LostKeys;
use super::multipart::{self, Upload};
use super::notices::Notices;
use super::object::{Object, ObjectMeta, now};
use super::open::{is_dir, read_json, read_records, sweep_blobs};
use super::record::{self, Record};
use crate::locks::IgnorePoison;

/// How many locks the keys of a bucket share. A lock is held while a folder is synced, so
/// writers of different keys should seldom meet.
const STRIPES: usize = 256;

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
    /// The objects that the disk has lost.
    lost: LostKeys,
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
pub(super) struct OpenEntry {
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
            if folder.symlink_metadata().is_ok() && !is_dir(&folder)? {
                disk.set_aside(&folder, "it is not a folder");
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
                    Ok(()) => format!("{} was rebuilt", path.display()),
                    Err(error) => error.to_string(),
                });
                created
            }
        };
        let bucket = Bucket::new(shared, name, dir, created);
        let records = read_records(disk, &bucket.dir, &bucket.lost)?;
        *bucket.cors.write().unpoisoned() = read_json(disk, &bucket.dir.join(CORS))?.map(Arc::new);
        sweep_blobs(disk, &bucket.dir, &records, &bucket.lost)?;
        let made: HashSet<&str> = records
            .iter()
            .filter_map(|record| record.upload.as_deref())
            .collect();
        let uploads = multipart::open_all(disk, &bucket.dir.join("uploads"), &made)?;
        *bucket.uploads.lock().unpoisoned() = uploads;
        let mut index = bucket.index.write().unpoisoned();
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
            lost: LostKeys::new(&dir),
            dir,
            shared: shared.clone(),
            uploads: Mutex::default(),
            index: RwLock::default(),
            cors: RwLock::default(),
            stripes: (0..STRIPES).map(|_| RwLock::new(())).collect(),
            alive: RwLock::new(true),
        }
    }

    /// Deletes the bucket if it holds no objects. Unfinished uploads go with it.
    pub fn delete(&self) -> Result<(), StoreError> {
        let mut alive = self.alive.write().unpoisoned();
        if !*alive {
            return Err(StoreError::NoSuchBucket(self.name.clone()));
        }
        if !self.index.read().unpoisoned().is_empty() {
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
        let alive = self.alive.read().unpoisoned();
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
        happening: EventKind,
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

        let lock = self.stripe(key).write().unpoisoned();
        condition.check(key, self.entry(key).as_ref())?;
        file.rename(self.object_path(key))?;
        file.release();
        if let Some(blob) = blob {
            blob.release();
        }
        let synced = sync_dir(&self.dir.join("objects"));
        // Even if the sync failed: the index says what the folder says.
        let replaced = self.index.write().unpoisoned().insert(key, entry(&record));
        synced?;
        self.remove_blob(replaced);
        if let Err(error) = self.lost.forget(&file_name(key)) {
            // The object is there; its note goes when the bucket is next opened.
            self.shared.notices.tell(&error.to_string());
        }
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
        let _lock = self.stripe(key).write().unpoisoned();
        let current = self.entry(key);
        condition.check(current.as_ref())?;
        if current.is_some() {
            let path = self.object_path(key);
            fs::remove_file(&path).at(&path)?;
            let removed = self.index.write().unpoisoned().remove(key);
            sync_dir(&self.dir.join("objects"))?;
            self.remove_blob(removed);
        } else if !self.lost.forget(&file_name(key))? {
            return Ok(());
        }
        let change = Change {
            happening: EventKind::Delete,
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
    pub fn open_to_copy(&self, key: &str) -> Result<OpenEntry, StoreError> {
        self.open_with(key, true)
    }

    fn open_with(&self, key: &str, link: bool) -> Result<OpenEntry, StoreError> {
        let _lock = self.stripe(key).read().unpoisoned();
        if self.entry(key).is_none() {
            return Err(if self.was_lost(key) {
                StoreError::Lost(key.to_owned())
            } else {
                StoreError::NoSuchKey(key.to_owned())
            });
        }
        let opened = self.open_files(key, link);
        if let Err(error) = &opened
            && error.is_damage()
        {
            let why = "its record or its bytes are missing, or are not what was written";
            self.teller(key).tell(&self.object_path(key), &why);
        }
        opened
    }

    fn open_files(&self, key: &str, link: bool) -> Result<OpenEntry, StoreError> {
        let open = |path: &Path| match File::open(path) {
            // The index has it.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(StoreError::Damaged(path.to_owned()))
            }
            opened => opened.at(path),
        };
        let mut path = self.object_path(key);
        let mut file = open(&path)?;
        let (record, _): (Record, u64) = record::read(&file, &path)?;
        let mut blob_link = None;
        if let Some(blob) = &record.blob {
            path = self.dir.join("blobs").join(blob);
            file = open(&path)?;
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
            self.teller(key),
        );
        let object = Object {
            meta: record.meta,
            contents,
        };
        Ok(OpenEntry {
            object,
            upload: record.upload,
            blocks: record.blocks,
            link: blob_link,
        })
    }

    fn teller(&self, key: &str) -> Teller {
        Teller {
            object: format!("{}/{key}", self.name),
            notices: self.shared.notices.clone(),
        }
    }

    /// Reads all objects, and sets aside those that are damaged. Returns their keys.
    pub fn set_damaged_aside(&self) -> Result<Vec<String>, StoreError> {
        let _alive = self.alive()?;
        let mut damaged = Vec::new();
        let keys = self.index.read().unpoisoned().keys();
        for key in keys {
            let whole = self.open_object(&key).and_then(|mut object| {
                let read = object.contents.for_each(0..object.meta.size, |_| Ok(()));
                read.at(object.contents.path())
            });
            let why = match whole {
                Ok(()) | Err(StoreError::NoSuchKey(_)) => continue,
                Err(error) if error.is_damage() => error.to_string(),
                Err(error) => return Err(error),
            };
            self.set_aside(&key, &why);
            damaged.push(key);
        }
        Ok(damaged)
    }

    /// Moves an object away, if it is there.
    pub fn set_aside(&self, key: &str, why: &str) {
        let lock = self.stripe(key).write();
        let _lock = lock.unpoisoned();
        let mut index = self.index.write().unpoisoned();
        let Some(removed) = index.remove(key) else {
            return;
        };
        drop(index);
        self.shared.disk.set_aside(&self.object_path(key), why);
        if let Some(blob) = removed.blob {
            let path = self.dir.join("blobs").join(&*blob);
            self.shared.disk.set_aside(&path, why);
        }
    }

    /// Whether the disk has lost the object at `key`.
    pub fn was_lost(&self, key: &str) -> bool {
        self.lost.has(&file_name(key))
    }

    /// Takes lost objects for such as were never there. Returns whether there were any.
    pub fn forget_lost(&self) -> Result<bool, StoreError> {
        let any = self.lost.count() > 0;
        self.lost.forget_all()?;
        Ok(any)
    }

    /// The rules for pages of other origins.
    pub fn cors(&self) -> Option<Arc<Rules>> {
        self.cors.read().unpoisoned().clone()
    }

    /// Replaces the rules for pages of other origins. Durable on return.
    pub fn set_cors(&self, rules: Option<Rules>) -> Result<(), StoreError> {
        let _alive = self.alive()?;
        let mut cors = self.cors.write().unpoisoned();
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
        self.index.read().unpoisoned().get(key).cloned()
    }

    /// One page of a listing.
    pub fn page(&self, query: &Query) -> Page {
        self.index.read().unpoisoned().page(query)
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
pub(super) fn file_name(key: &str) -> String {
    hex::encode(Sha256::checksum(key.as_bytes()))
}

/// Whether a file may be called so because it is an object's.
pub(super) fn is_object_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn entry(record: &Record) -> Entry {
    Entry {
        size: record.meta.size,
        etag: record.meta.etag.as_str().into(),
        last_modified: record.meta.last_modified,
        blob: record.blob.as_deref().map(Arc::from),
    }
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
