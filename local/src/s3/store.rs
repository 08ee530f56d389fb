//! The store: buckets in a folder.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::sync::{Arc, RwLock};

use s3s::path::check_bucket_name;
use tokio::sync::mpsc::UnboundedReceiver;

use super::bucket::{Bucket, Shared};
use super::disk::Disk;
use super::error::StoreError;
use super::events::Events;
use super::notices::Notices;
use super::object::Object;
use super::open::{is_dir, list_dir};
use crate::locks::IgnorePoison;

/// Buckets and objects in a folder of this machine. Clones are the same store.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    buckets: Arc<RwLock<BTreeMap<String, Arc<Bucket>>>>,
}

impl Store {
    /// Opens the store in a folder, which is made if need be. What a crash left unfinished is
    /// removed; everything that was acknowledged is there. A file that is damaged, or none of the
    /// store's, is moved to `set-aside/` and told on the terminal.
    ///
    /// # Errors
    /// [`StoreError::Held`] if another process has the folder open, and [`StoreError::Io`], also
    /// where a file cannot be read for another reason than that it is damaged.
    pub async fn open(dir: impl AsRef<Path>) -> Result<Store, StoreError> {
        let dir = dir.as_ref().to_owned();
        blocking(move || {
            let notices = Arc::new(Notices::default());
            let disk = Disk::open(&dir, &notices)?;
            let events = Events::new(disk.epoch());
            let shared = Arc::new(Shared {
                disk,
                events,
                notices,
            });
            let mut buckets = BTreeMap::new();
            for path in list_dir(shared.disk.buckets())? {
                let name = path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or_default();
                if !check_bucket_name(name) || !is_dir(&path)? {
                    shared.disk.set_aside(&path, "it is not a bucket");
                    continue;
                }
                buckets.insert(name.to_owned(), Arc::new(Bucket::open(&shared, name)?));
            }
            Ok(Store {
                shared,
                buckets: Arc::new(RwLock::new(buckets)),
            })
        })
        .await
    }

    /// Makes a bucket; one that is there already is left as it is.
    ///
    /// # Errors
    /// [`StoreError::InvalidBucketName`] and [`StoreError::Io`].
    pub async fn create_bucket(&self, name: &str) -> Result<(), StoreError> {
        // Where labels of a name end in `-`, it cannot stand in a host.
        if !check_bucket_name(name) || name.contains(".-") || name.contains("-.") {
            return Err(StoreError::InvalidBucketName(name.to_owned()));
        }
        let (store, name) = (self.clone(), name.to_owned());
        blocking(move || {
            let mut buckets = store.buckets.write().unpoisoned();
            if let Entry::Vacant(entry) = buckets.entry(name) {
                let bucket = Bucket::create(&store.shared, entry.key())?;
                entry.insert(Arc::new(bucket));
            }
            Ok(())
        })
        .await
    }

    /// Opens an object; `None` if there is none at this key.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBucket`] and [`StoreError::Io`].
    pub async fn get(&self, bucket: &str, key: &str) -> Result<Option<Object>, StoreError> {
        let key = key.to_owned();
        match self
            .in_bucket(bucket, move |bucket| bucket.open_object(&key))
            .await
        {
            Err(StoreError::NoSuchKey(_)) => Ok(None),
            result => result.map(Some),
        }
    }

    /// Reads every object of a bucket, and removes those whose bytes are not what was written:
    /// they are moved to `set-aside/` and told on the terminal. Returns their keys. For a bucket
    /// whose objects can be made again; no event tells of it.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBucket`] and [`StoreError::Io`].
    pub async fn set_damaged_aside(&self, bucket: &str) -> Result<Vec<String>, StoreError> {
        self.in_bucket(bucket, Bucket::set_damaged_aside).await
    }

    /// Moves one object to `set-aside/`, if it is there. No event tells of it.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBucket`] and [`StoreError::Io`].
    pub async fn set_aside(&self, bucket: &str, key: &str) -> Result<(), StoreError> {
        let key = key.to_owned();
        let work = move |bucket: &Bucket| {
            bucket.set_aside(&key, "what belongs to it is damaged");
            Ok(())
        };
        self.in_bucket(bucket, work).await
    }

    /// Whether the disk has lost the object at this key: it was damaged when the store was opened,
    /// now or before, and was neither put nor deleted since.
    pub fn was_lost(&self, bucket: &str, key: &str) -> bool {
        self.bucket(bucket).is_ok_and(|bucket| bucket.was_lost(key))
    }

    /// Takes the lost objects of a bucket for such as were never there. For a bucket whose objects
    /// can be made again. Returns whether there were any.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBucket`] and [`StoreError::Io`].
    pub async fn forget_lost(&self, bucket: &str) -> Result<bool, StoreError> {
        self.in_bucket(bucket, Bucket::forget_lost).await
    }

    /// Every change in a bucket from now on, each as a full S3 event document
    /// (`{"Records":[…]}`), sent once the change is durable. The bucket need not exist yet.
    pub fn subscribe(&self, bucket: &str) -> UnboundedReceiver<String> {
        self.shared.events.subscribe(bucket)
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn has_bucket(&self, name: &str) -> bool {
        let buckets = self.buckets.read().unpoisoned();
        buckets.contains_key(name)
    }

    pub(super) fn bucket(&self, name: &str) -> Result<Arc<Bucket>, StoreError> {
        let buckets = self.buckets.read().unpoisoned();
        buckets
            .get(name)
            .cloned()
            .ok_or_else(|| StoreError::NoSuchBucket(name.to_owned()))
    }

    pub(super) fn all_buckets(&self) -> Vec<Arc<Bucket>> {
        self.buckets.read().unpoisoned().values().cloned().collect()
    }

    /// Does something that blocks with a bucket.
    pub(super) async fn in_bucket<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Bucket) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let bucket = self.bucket(name)?;
        blocking(move || work(&bucket)).await
    }

    pub(super) async fn delete_bucket(&self, name: &str) -> Result<(), StoreError> {
        let (store, name) = (self.clone(), name.to_owned());
        blocking(move || {
            // The bucket first: until it is out of the map its name cannot be taken again.
            store.bucket(&name)?.delete()?;
            store.buckets.write().unpoisoned().remove(&name);
            Ok(())
        })
        .await
    }
}

/// Runs what blocks (files, locks held over a sync) off the threads that serve connections.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => Err(StoreError::Io {
                path: Path::new("").to_owned(),
                source: std::io::ErrorKind::Interrupted.into(),
            }),
        },
    }
}
