//! The site's folder, put into the source bucket through S3, and watched.
//!
//! What was put is remembered in the data folder, so that a start after a pause puts what changed
//! meanwhile and takes away what was removed, and leaves alone what was uploaded by other means.
//! Where a file changed in the folder and in the bucket, the folder's goes in and the bucket's is
//! kept in the data folder.

use crate::excerpt::Texts;
use crate::show;
use crate::upload::{Condition, Outcome, PARALLEL, Uploads, unquoted};
use anyhow::{Context, Result, anyhow};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use futures::stream::{StreamExt, iter};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use quillfront_publish::bucket::store::Place;
use quillfront_publish::folder::{self, FileEntry, SOURCE_FILES, SOURCE_FOLDERS};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// Editors write a file in several steps; changes are taken up when nothing moved for so long.
const SETTLE: Duration = Duration::from_millis(50);

/// A site's folder and what of it is in the bucket.
pub struct Folder {
    uploads: Uploads,
    manifest_path: PathBuf,
    conflicts: PathBuf,
    manifest: BTreeMap<String, Put>,
    told: BTreeSet<String>,
}

/// A file that was put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Put {
    /// Of the file, as it was; empty where it has to be looked at again.
    version: String,
    /// Of the object; empty where the bucket has lost it.
    etag: String,
}

impl Put {
    /// What the object has to be for a write to replace it; none where there should be none.
    fn expected(&self) -> Option<&str> {
        Some(self.etag.as_str()).filter(|etag| !etag.is_empty())
    }
}

impl Folder {
    /// Reads what was put before.
    ///
    /// # Errors
    /// The record in the data folder cannot be read.
    pub fn open(root: &Path, data: &Path, client: Client, bucket: &str) -> Result<Self> {
        let manifest_path = data.join("folder.json");
        let manifest = match std::fs::read(&manifest_path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                // Files that are the same in the bucket are no conflict, so only a removal that
                // happened meanwhile is missed.
                show::warning(&format!(
                    "{} was damaged ({error}) and is rebuilt: a file that was removed from the \
                     folder while the server was stopped stays in the bucket",
                    manifest_path.display()
                ));
                BTreeMap::new()
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(|| manifest_path.display().to_string()),
        };
        Ok(Self {
            uploads: Uploads {
                root: root.to_owned(),
                client,
                place: Place {
                    bucket: bucket.to_owned(),
                    prefix: String::new(),
                },
            },
            manifest_path,
            conflicts: data.join("conflicts"),
            manifest,
            told: BTreeSet::new(),
        })
    }

    /// Puts those files again, even unchanged, whose keys are `lost` in the bucket, and removes those
    /// that are gone.
    pub fn put_again(&mut self, lost: impl Fn(&str) -> bool) {
        for (_, put) in self.manifest.iter_mut().filter(|(key, _)| lost(key)) {
            *put = Put {
                version: String::new(),
                etag: String::new(),
            };
        }
    }

    /// Puts what changed since the last time, and removes what is gone.
    ///
    /// # Errors
    /// Disk or storage failed.
    pub async fn put_changes(&mut self) -> Result<()> {
        let root = self.uploads.root.clone();
        let seen_at = SystemTime::now().duration_since(UNIX_EPOCH);
        let seen_at = seen_at.map_or(0, |since| since.as_nanos() as u64);
        let (files, problems) = tokio::task::spawn_blocking(move || folder::list(&root)).await??;
        let new: Vec<_> = problems
            .into_iter()
            .filter(|problem| self.told.insert(problem.to_string()))
            .collect();
        show::diagnostics(&new, &Texts::new());
        let changed: Vec<FileEntry> = files
            .iter()
            .filter(|file| {
                let put = self.manifest.get(file.key.as_str());
                put.is_none_or(|put| !file.version.is(&put.version))
            })
            .cloned()
            .collect();
        let present: BTreeSet<&str> = files.iter().map(|file| file.key.as_str()).collect();
        let gone: Vec<String> = self
            .manifest
            .keys()
            .filter(|key| !present.contains(key.as_str()))
            .cloned()
            .collect();
        if changed.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let this = &*self;
        let puts = iter(changed).map(|file| async move {
            let etag = this.put(&file).await?;
            Ok::<_, anyhow::Error>((file, etag))
        });
        let done: Vec<Result<(FileEntry, Option<String>)>> =
            puts.buffer_unordered(PARALLEL).collect().await;
        let mut failed = None;
        for result in done {
            match result {
                Ok((file, Some(etag))) => {
                    // What was written just now may have been written once more since, without a trace.
                    let version = if file.version.is_settled(seen_at) {
                        file.version.to_string()
                    } else {
                        String::new()
                    };
                    let put = Put { version, etag };
                    self.manifest.insert(file.key.to_string(), put);
                }
                // Gone again since it was listed; the next round sees it.
                Ok((_, None)) => {}
                Err(error) => failed = Some(error),
            }
        }
        for key in gone {
            match self.remove(&key).await {
                Ok(()) => drop(self.manifest.remove(&key)),
                Err(error) => failed = Some(error),
            }
        }
        self.save()?;
        failed.map_or(Ok(()), Err)
    }

    /// Puts one file; the ETag of the object, none if the file is gone.
    async fn put(&self, file: &FileEntry) -> Result<Option<String>> {
        let before = self.manifest.get(file.key.as_str());
        let condition = match before.and_then(Put::expected) {
            Some(etag) => Condition::Is(etag),
            None => Condition::Absent,
        };
        let mut outcome = self.uploads.put(file, condition).await?;
        if matches!(outcome, Outcome::Conflict) {
            self.keep_theirs(file.key.as_str()).await?;
            outcome = self.uploads.put(file, Condition::Any).await?;
        }
        Ok(match outcome {
            Outcome::Done(etag) => Some(etag),
            Outcome::Conflict | Outcome::Gone => None,
        })
    }

    /// Keeps what the bucket has under a key before the folder's version replaces it.
    async fn keep_theirs(&self, key: &str) -> Result<()> {
        let Uploads {
            root,
            client,
            place,
        } = &self.uploads;
        let got = client.get_object().bucket(&place.bucket).key(key);
        let got = got.send().await;
        let got = match got {
            Ok(got) => got,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(()),
            Err(error) => return Err(anyhow!("reading {key}: {}", DisplayErrorContext(&error))),
        };
        let etag = unquoted(got.e_tag());
        let own = root.join(key);
        let bytes = got.body.collect().await?.into_bytes();
        if tokio::fs::read(&own).await.is_ok_and(|own| own == bytes) {
            return Ok(());
        }
        let path = self.conflicts.join(format!(
            "{}-{}",
            &etag[..etag.len().min(8)],
            short_name(key)
        ));
        let mut folder = tokio::fs::DirBuilder::new();
        folder.recursive(true);
        #[cfg(unix)]
        folder.mode(0o700);
        folder.create(&self.conflicts).await?;
        tokio::fs::write(&path, &bytes)
            .await
            .with_context(|| path.display().to_string())?;
        show::warning(&format!(
            "{key} was changed in the folder and in the bucket; the folder's version is used, and \
             the other is kept as {}",
            path.display()
        ));
        Ok(())
    }

    /// Removes what the folder no longer has, unless the bucket's version is newer.
    async fn remove(&self, key: &str) -> Result<()> {
        let Some(put) = self.manifest.get(key) else {
            return Ok(());
        };
        if !self.uploads.remove(key, put.expected()).await? {
            show::warning(&format!(
                "{key} was removed from the folder but changed in the bucket, where it stays"
            ));
        }
        Ok(())
    }

    fn save(&self) -> Result<()> {
        let bytes = serde_json::to_vec(&self.manifest)?;
        let unfinished = self.manifest_path.with_extension("new");
        std::fs::write(&unfinished, bytes)
            .and_then(|()| std::fs::rename(&unfinished, &self.manifest_path))
            .with_context(|| self.manifest_path.display().to_string())
    }

    /// Starts to watch the folder.
    ///
    /// # Errors
    /// The system's watcher cannot be started.
    pub fn watch(&self) -> Result<Watching> {
        let (send, changes) = mpsc::unbounded_channel();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let relevant = event.as_ref().map_or(true, |event| !event.kind.is_access());
                if relevant {
                    // Nobody listens any more when the command is ending.
                    let _ending = send.send(());
                }
            })?;
        watcher.watch(&self.uploads.root, RecursiveMode::NonRecursive)?;
        let mut watching = Watching {
            watcher,
            changes,
            root: self.uploads.root.clone(),
            folders: BTreeSet::new(),
        };
        watching.watch_folders()?;
        Ok(watching)
    }
}

/// A watched folder.
pub struct Watching {
    watcher: RecommendedWatcher,
    changes: mpsc::UnboundedReceiver<()>,
    root: PathBuf,
    folders: BTreeSet<&'static str>,
}

impl Watching {
    /// Watches those of the site's folders that are there: not the whole root, which may hold
    /// build output and much else.
    fn watch_folders(&mut self) -> Result<()> {
        for name in SOURCE_FOLDERS {
            let path = self.root.join(name);
            if !path.is_dir() {
                self.folders.remove(name);
            } else {
                // Again each time: a folder that was removed and made anew is another one.
                self.folders.insert(name);
                let watched = self.watcher.watch(&path, RecursiveMode::Recursive);
                watched.with_context(|| {
                    format!(
                        "watching {} (has a system limit been reached?)",
                        path.display()
                    )
                })?;
            }
        }
        Ok(())
    }

    /// Waits until something changed and came to rest.
    ///
    /// # Errors
    /// The watcher ended.
    pub async fn changed(&mut self) -> Result<()> {
        self.changes
            .recv()
            .await
            .ok_or_else(|| anyhow!("watching {SOURCE_FILES:?} ended"))?;
        while tokio::time::timeout(SETTLE, self.changes.recv())
            .await
            .is_ok_and(|more| more.is_some())
        {}
        self.watch_folders()
    }
}

/// The end of a key as a file name that every file system takes.
fn short_name(key: &str) -> String {
    const MAX_CHARS: usize = 60;
    let skipped = key.chars().count().saturating_sub(MAX_CHARS);
    key.chars()
        .skip(skipped)
        .collect::<String>()
        .replace('/', "_")
}
