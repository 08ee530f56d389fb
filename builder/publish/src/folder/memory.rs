//! What a folder remembers of a build: the segments of a state, and a root that names them.

use super::Folders;
use super::intent::UnfinishedBuild;
use super::{named, put};
use crate::bucket::root::{FORMAT, Segments};
use crate::bucket::seal;
use crate::bucket::state::{Dirty, FOLDER, Packed, PublishedObject, State, StateError, Texts};
use quillfront_render::ENGINE;
use quillfront_render::render::world::Settings;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::plan::Rank;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names the segments, and says what they are of.
pub(super) const ROOT: &str = "build.json";

/// What is remembered of a build.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BuildMemory {
    pub(super) format: u32,
    /// What the tree was made with that is in no source.
    pub(super) made_with: String,
    pub(super) segments: Segments,
    /// When it began to look at the sources, in nanoseconds of Unix time by the clock of the file system:
    /// what was changed about then is looked at again.
    #[serde(default)]
    pub(super) looked_at: u64,
    /// The same of when the output was written.
    #[serde(default)]
    pub(super) written_at: u64,
}

/// What a tree is made with that is in no source; another one, and nothing is gone by.
pub(super) fn made_with(folders: Folders<'_>, settings: &Settings) -> io::Result<String> {
    let Folders {
        root, config, out, ..
    } = folders;
    let Settings {
        mode,
        base_url,
        drafts,
        minify,
        all_accepted,
        ..
    } = settings;
    Ok(format!(
        "Quillfront {}, {} with {config:?} into {}, mode {mode}, base URL {base_url:?}, drafts \
         {drafts}, minify {minify}, all accepted {all_accepted}",
        ENGINE,
        root.canonicalize()?.display(),
        out.display(),
    ))
}

/// The root of the state, if it is of such a tree.
pub(super) fn read_root(state: &Path, made_with: &str) -> io::Result<Option<BuildMemory>> {
    let path = state.join(ROOT);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(named(&path, error)),
    };
    let text = Some(text).filter(|text| seal::is_whole(text));
    let root: Option<BuildMemory> = text.and_then(|text| serde_json::from_slice(&text).ok());
    Ok(root.filter(|root| root.format == FORMAT && root.made_with == made_with))
}

/// What is remembered of the build before.
pub(super) struct Before {
    pub(super) state: State,
    /// None where there is nothing to go by.
    pub(super) root: Option<BuildMemory>,
    /// Bytes that were read.
    pub(super) bytes: u64,
}

/// The state of the build before, if there is one that can be gone by; `tell` gets what was in the output,
/// and when it was written. What is lost or damaged is made anew, with everything else.
pub(super) fn remembered(
    state: &Path,
    made_with: &str,
    tell: impl FnOnce(&Arc<BTreeMap<OutputKey, PublishedObject>>, u64) + Send,
) -> io::Result<Before> {
    let read = |root: &BuildMemory| -> Option<(State, u64)> {
        let packed = InFolder {
            folder: &state.join(FOLDER),
            read: AtomicU64::new(0),
        };
        let tell = |outputs: &Arc<_>| tell(outputs, root.written_at);
        let before = State::decode_telling(&root.segments, FORMAT, &packed, tell).ok()?;
        Some((before, packed.read.into_inner()))
    };
    let root = read_root(state, made_with)?;
    let known = root.and_then(|root| Some((read(&root)?, root)));
    let (mut before, root, bytes) = match known {
        Some(((before, bytes), root)) => (before, Some(root), bytes),
        None => (State::default(), None, 0),
    };
    before.texts = Texts::with_sources();
    Ok(Before {
        state: before,
        root,
        bytes,
    })
}

/// Adds to what was in the output what a build may have written that did not end; returns it.
pub(super) fn take_up(
    before: &mut State,
    interrupted: Option<UnfinishedBuild>,
) -> BTreeSet<OutputKey> {
    let keys = interrupted.map(|left| left.keys).unwrap_or_default();
    let unknown = keys.into_iter();
    let unknown = unknown.filter(|key| !before.outputs.contains_key(key));
    let unknown: BTreeSet<OutputKey> = unknown.collect();
    for key in &unknown {
        let published = PublishedObject {
            fingerprint: None,
            etag: SmolStr::default(),
            source: SourceKey::from(""),
            rank: Rank::Static,
        };
        Arc::make_mut(&mut before.outputs).insert(key.clone(), published);
    }
    unknown
}

/// The segments in a folder, which are read when they are unpacked.
pub(super) struct InFolder<'a> {
    pub(super) folder: &'a Path,
    /// Bytes so far.
    pub(super) read: AtomicU64,
}

impl Packed for InFolder<'_> {
    fn get<'a>(&'a self, name: &str, room: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        room.clear();
        let mut file = fs::File::open(self.folder.join(name)).ok()?;
        file.read_to_end(room).ok()?;
        self.read.fetch_add(room.len() as u64, Ordering::Relaxed);
        Some(room)
    }
}

/// The segments of these names that can be read.
pub(super) fn packed(state: &Path, names: Vec<&String>) -> BTreeMap<String, Vec<u8>> {
    let read = |name: &String| {
        let bytes = fs::read(state.join(FOLDER).join(name)).ok()?;
        Some((name.clone(), bytes))
    };
    names.into_par_iter().filter_map(read).collect()
}

/// Writes what has changed of the state since the root was written; returns how many bytes that were.
pub(super) fn remember(
    state: &Path,
    mut root: BuildMemory,
    after: &State,
    dirty: &Dirty,
) -> io::Result<u64> {
    let told = |error: StateError| io::Error::other(error.to_string());
    let encoded = after.encode(&root.segments, dirty).map_err(told)?;
    let folder = state.join(FOLDER);
    fs::create_dir_all(&folder).map_err(|error| named(&folder, error))?;
    let known = root.segments.all();
    let mut written = 0;
    for (name, bytes) in encoded.news(&known) {
        put(&folder.join(name), bytes)?;
        written += bytes.len() as u64;
    }
    root.segments = encoded.segments;
    let text = seal::sealed(&serde_json::to_vec(&root)?);
    put(&state.join(ROOT), &text)?;
    // Those that were replaced, and those that a build wrote which did not end.
    let used = root.segments.all();
    let found = fs::read_dir(&folder).and_then(|found| found.collect::<io::Result<Vec<_>>>());
    for entry in found.map_err(|error| named(&folder, error))? {
        let is_used = |name: &str| used.iter().any(|used| used.as_str() == name);
        if entry.file_name().to_str().is_none_or(|name| !is_used(name)) {
            fs::remove_file(entry.path()).map_err(|error| named(&entry.path(), error))?;
        }
    }
    Ok(written + text.len() as u64)
}
