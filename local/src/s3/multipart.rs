//! Multipart uploads: parts in a folder until they become an object
//! (S3 User Guide, "Uploading and copying objects using multipart upload").

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use jiff::Timestamp;
use s3s::crypto::{Checksum as _, Md5};
use serde::{Deserialize, Serialize};

use super::blocks::{BlockHasher, Blocks};
use super::bucket::{Bucket, Bytes, Version, write_json};
use super::checksum::{self, Algorithm, ChecksumKind, Hasher, ObjectChecksum};
use super::conditions::WriteCondition;
use super::disk::{Disk, Temp, make_dir, sync_dir};
use super::error::{At, StoreError};
use super::events::{Caller, EventKind};
use super::ingest::VerifiedBody;
use super::limits::{OBJECT_BYTES, PART_BYTES};
use super::object::{ObjectMeta, now};
use super::open::{is_dir, list_dir, read_json};
use super::record;
use crate::locks::IgnorePoison;

const ABOUT: &str = "upload.json";

/// A multipart upload that is under way.
pub(super) struct Upload {
    pub id: String,
    pub about: About,
    dir: PathBuf,
    state: RwLock<State>,
}

/// What was said when the upload began.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct About {
    pub key: String,
    pub initiated: Timestamp,
    /// The checksum that every part has, if the client asked for one.
    pub checksum: Option<(Algorithm, ChecksumKind)>,
    /// The headers of the object to come; its size and ETag are not known yet.
    pub meta: ObjectMeta,
}

#[derive(Default)]
struct State {
    parts: BTreeMap<u16, Part>,
    /// Completed or aborted while someone still held it.
    over: bool,
}

/// A part that is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub size: u64,
    pub etag: String,
    pub last_modified: Timestamp,
    pub checksum: ObjectChecksum,
}

/// A part as the completion names it.
pub(super) struct PartReference {
    pub number: i32,
    pub etag: String,
    /// Its checksum, if the client gave one.
    pub checksum: Option<String>,
}

/// What the completion says about the whole.
#[derive(Default)]
pub(super) struct Whole {
    pub size: Option<u64>,
    pub checksum: Option<String>,
}

impl Bucket {
    /// Begins an upload.
    pub fn begin_upload(&self, about: About) -> Result<Arc<Upload>, StoreError> {
        let _alive = self.alive()?;
        // With a letter in front: some clients take digits alone for a number.
        let id = format!("u{}", self.shared.disk.unique());
        let tmp = self.shared.disk.tmp_path();
        let uploads = self.dir.join("uploads");
        let dir = uploads.join(&id);
        make_dir(&tmp)?;
        write_json(&tmp.join("new"), &tmp.join(ABOUT), &about)?;
        fs::rename(&tmp, &dir).at(&dir)?;
        sync_dir(&uploads)?;
        let upload = Arc::new(Upload {
            id: id.clone(),
            about,
            dir,
            state: RwLock::default(),
        });
        self.uploads.lock().unpoisoned().insert(id, upload.clone());
        Ok(upload)
    }

    /// The upload with this id, if it is one of this key.
    pub fn upload(&self, key: &str, id: &str) -> Result<Arc<Upload>, StoreError> {
        let uploads = self.uploads.lock().unpoisoned();
        uploads
            .get(id)
            .filter(|upload| upload.about.key == key)
            .cloned()
            .ok_or(StoreError::NoSuchUpload)
    }

    /// Stores a part, durably. A part that is sent again replaces the former.
    pub fn put_part(
        &self,
        upload: &Upload,
        number: u16,
        bytes: VerifiedBody,
    ) -> Result<Part, StoreError> {
        let mut temp = bytes.temp;
        let part = Part {
            size: bytes.size,
            etag: hex::encode(bytes.md5),
            last_modified: now(),
            checksum: bytes.checksum,
        };
        record::append(&temp.file, &part).at(temp.path())?;
        temp.sync()?;
        let mut state = upload.state.write().unpoisoned();
        if state.over {
            return Err(StoreError::NoSuchUpload);
        }
        match temp.rename(upload.part_path(number)) {
            // The bucket was deleted, and the upload with it.
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NoSuchUpload);
            }
            result => result?,
        }
        temp.release();
        sync_dir(&upload.dir)?;
        state.parts.insert(number, part.clone());
        Ok(part)
    }

    /// Makes an object of the parts that the client names, in that order.
    pub fn complete_upload(
        &self,
        key: &str,
        id: &str,
        named: &[PartReference],
        whole: &Whole,
        condition: &WriteCondition,
        caller: &Caller,
    ) -> Result<ObjectMeta, StoreError> {
        let upload = match self.upload(key, id) {
            Err(StoreError::NoSuchUpload) => return self.completed_before(key, id),
            upload => upload?,
        };
        // Nobody adds parts meanwhile; who waits here finds the upload over.
        let mut state = upload.state.write().unpoisoned();
        if state.over {
            return self.completed_before(key, id);
        }
        let chosen = choose(&state.parts, named)?;
        // Asked again at the commit; here it saves putting the parts together in vain.
        condition.check(key, self.entry(key).as_ref())?;
        let (meta, bytes, blocks) = self.assemble(&upload, &chosen, whole)?;
        let version = Version {
            meta: meta.clone(),
            bytes: Bytes::Own(bytes),
            blocks: Some(blocks),
            upload: Some(id.to_owned()),
        };
        self.commit(
            key,
            condition,
            version,
            EventKind::CompleteMultipartUpload,
            caller,
        )?;
        self.forget(&upload, &mut state);
        Ok(meta)
    }

    /// Drops an upload and its parts.
    pub fn abort_upload(&self, upload: &Upload) -> Result<(), StoreError> {
        let mut state = upload.state.write().unpoisoned();
        if state.over {
            return Err(StoreError::NoSuchUpload);
        }
        self.forget(upload, &mut state);
        sync_dir(&self.dir.join("uploads"))
    }

    /// The answer to a completion that is repeated, because its first answer was lost.
    fn completed_before(&self, key: &str, id: &str) -> Result<ObjectMeta, StoreError> {
        match self.open_to_copy(key) {
            Ok(opened) if opened.upload.as_deref() == Some(id) => Ok(opened.object.meta),
            _ => Err(StoreError::NoSuchUpload),
        }
    }

    /// Puts the parts together in one file. Each is compared with its checksum on the way.
    fn assemble(
        &self,
        upload: &Upload,
        parts: &[(u16, Part)],
        whole: &Whole,
    ) -> Result<(ObjectMeta, Temp, Blocks), StoreError> {
        let size = parts.iter().map(|(_, part)| part.size).sum();
        if whole.size.is_some_and(|expected| expected != size) {
            return Err(StoreError::InvalidRequest(format!(
                "the parts have {size} bytes together, not what x-amz-mp-object-size says"
            )));
        }
        let (algorithm, kind) = upload
            .about
            .checksum
            .unwrap_or((Algorithm::Crc64Nvme, ChecksumKind::FullObject));
        let mut temp = self.shared.disk.temp()?;
        let (mut md5, mut blocks) = (Md5::new(), BlockHasher::new(Some(size)));
        let mut hasher = (kind == ChecksumKind::FullObject).then(|| Hasher::new(algorithm));
        for (number, part) in parts {
            let path = upload.part_path(*number);
            let mut part_hasher = Hasher::new(part.checksum.algorithm);
            let mut file = File::open(&path).at(&path)?.take(part.size);
            let copied = for_each_piece(&mut file, |piece| {
                part_hasher.update(piece);
                blocks.update(piece);
                if let Some(hasher) = &mut hasher {
                    hasher.update(piece);
                }
                temp.file.write_all(piece)
            });
            if copied.at(&path)? != part.size || part_hasher.finish() != part.checksum.value {
                return Err(StoreError::Damaged(path));
            }
            md5.update(&hex::decode(&part.etag).map_err(|_| StoreError::Damaged(path))?);
        }
        let checksums: Vec<String> = parts
            .iter()
            .map(|(_, part)| part.checksum.value.clone())
            .collect();
        let value = match hasher {
            Some(hasher) => hasher.finish(),
            None => checksum::composite(algorithm, &checksums)
                .ok_or_else(|| StoreError::Damaged(upload.dir.clone()))?,
        };
        if whole
            .checksum
            .as_ref()
            .is_some_and(|expected| *expected != value)
        {
            return Err(StoreError::BadDigest(format!(
                "the {} you specified did not match the calculated checksum",
                algorithm.name()
            )));
        }
        let mut meta = upload.about.meta.clone();
        meta.size = size;
        meta.etag = format!("{}-{}", hex::encode(md5.finalize()), parts.len());
        meta.last_modified = now();
        meta.part_sizes = parts.iter().map(|(_, part)| part.size).collect();
        if upload.about.checksum.is_some() {
            meta.part_checksums = checksums;
        }
        meta.checksum = Some(ObjectChecksum {
            algorithm,
            value,
            kind,
        });
        Ok((meta, temp, blocks.finish()))
    }

    fn forget(&self, upload: &Upload, state: &mut State) {
        state.over = true;
        self.uploads.lock().unpoisoned().remove(&upload.id);
        let tmp = self.shared.disk.tmp_path();
        // What cannot be removed now is swept when the folder is next opened.
        if fs::rename(&upload.dir, &tmp).is_ok() {
            let _ = fs::remove_dir_all(&tmp);
        }
    }
}

impl Upload {
    /// The parts that are stored, by number.
    pub fn parts(&self) -> BTreeMap<u16, Part> {
        self.state.read().unpoisoned().parts.clone()
    }

    fn part_path(&self, number: u16) -> PathBuf {
        self.dir.join(format!("{number:05}"))
    }
}

/// Reads back the uploads of a bucket; those whose object is there already are removed, and what
/// is damaged is set aside.
pub(super) fn open_all(
    disk: &Disk,
    folder: &Path,
    made: &HashSet<&str>,
) -> Result<BTreeMap<String, Arc<Upload>>, StoreError> {
    let mut uploads = BTreeMap::new();
    for dir in list_dir(folder)? {
        let name = dir.file_name().and_then(|name| name.to_str());
        let id = name.unwrap_or_default().to_owned();
        if !is_dir(&dir)? {
            disk.set_aside(&dir, "it is not an upload");
            continue;
        }
        if made.contains(id.as_str()) {
            fs::remove_dir_all(&dir).at(&dir)?;
            continue;
        }
        let Some(about) = read_json::<About>(disk, &dir.join(ABOUT))? else {
            disk.set_aside(
                &dir,
                "it is not an upload, or no longer says what it uploads",
            );
            continue;
        };
        let state = RwLock::new(State {
            parts: open_parts(disk, &dir)?,
            over: false,
        });
        let upload = Upload {
            id: id.clone(),
            about,
            dir,
            state,
        };
        uploads.insert(id, Arc::new(upload));
    }
    Ok(uploads)
}

fn open_parts(disk: &Disk, dir: &Path) -> Result<BTreeMap<u16, Part>, StoreError> {
    let mut parts = BTreeMap::new();
    for path in list_dir(dir)? {
        let name = path.file_name().and_then(|name| name.to_str());
        if name == Some(ABOUT) {
            continue;
        }
        let part = match name.and_then(|name| name.parse().ok()) {
            Some(number) if !is_dir(&path)? => open_part(&path)?.map(|part| (number, part)),
            _ => None,
        };
        match part {
            Some((number, part)) => drop(parts.insert(number, part)),
            None => disk.set_aside(&path, "it is not a part of an upload, or it is damaged"),
        }
    }
    Ok(parts)
}

/// A part; none where it is damaged.
fn open_part(path: &Path) -> Result<Option<Part>, StoreError> {
    let file = File::open(path).at(path)?;
    match record::read::<Part>(&file, path) {
        Ok((part, before)) => Ok((part.size == before).then_some(part)),
        Err(error) if error.is_damage() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Hands the bytes of a file on, piece by piece; returns how many there were.
fn for_each_piece(
    file: &mut impl Read,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut buffer = vec![0; 256 * 1024];
    let mut length = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(length),
            read => {
                take(&buffer[..read])?;
                length += read as u64;
            }
        }
    }
}

/// The parts that a completion names, checked as S3 checks them.
fn choose(
    parts: &BTreeMap<u16, Part>,
    named: &[PartReference],
) -> Result<Vec<(u16, Part)>, StoreError> {
    let mut chosen: Vec<(u16, Part)> = Vec::with_capacity(named.len());
    let mut size = 0;
    for PartReference {
        number,
        etag,
        checksum,
    } in named
    {
        let invalid = || StoreError::InvalidPart(*number);
        let index = u16::try_from(*number).map_err(|_| invalid())?;
        if chosen.last().is_some_and(|(last, _)| *last >= index) {
            return Err(StoreError::InvalidPartOrder);
        }
        let part = parts
            .get(&index)
            .filter(|part| part.etag == *etag)
            .ok_or_else(invalid)?;
        if checksum
            .as_ref()
            .is_some_and(|checksum| *checksum != part.checksum.value)
        {
            return Err(invalid());
        }
        size += part.size;
        chosen.push((index, part.clone()));
    }
    let all_but_last = &chosen[..chosen.len().saturating_sub(1)];
    if let Some((number, _)) = all_but_last.iter().find(|(_, part)| part.size < PART_BYTES) {
        return Err(StoreError::EntityTooSmall(i32::from(*number)));
    }
    if size > OBJECT_BYTES {
        return Err(StoreError::EntityTooLarge);
    }
    Ok(chosen)
}
