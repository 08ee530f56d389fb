//! Long lists of the root, in objects of their own: with 100,000 keys to look at and to touch, the
//! root would have megabytes, and it is written several times in a run.
//!
//! Lists of more than [`INLINE`] keys lie under `lists/` while a root names them. Each is written
//! before the root that names it first, under a name that no other write can choose, and removed by
//! whoever writes the first root that no longer names it; so no root ever names one that is gone.
//! What is left of a builder that dies in between is named by nobody; a reconcile removes it
//! (`sweep`). A name begins with a fingerprint of the bytes, which is compared when they are read.

use super::root::{Root, RootError};
use super::store::{Attributes, Bucket, Condition};
use quillfront_site::fingerprint::Fingerprint;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// Where they lie.
pub const FOLDER: &str = "lists/";
/// Keys of a list that stays in the root, at most.
pub const INLINE: usize = 1_000;
/// A list is never larger than this once packed.
const MAX_LIST_BYTES: u64 = 64 * 1024 * 1024;
const ZSTD_LEVEL: i32 = 3;

/// A root as it is stored: without its long lists, which are beside it.
pub(super) struct StoredRoot {
    pub(super) root: Root,
    /// Name to bytes of those that are not stored yet.
    new: BTreeMap<String, Vec<u8>>,
}

/// Takes the long lists out. Those that are equal to what `known` names keep their names; `id` is
/// that of the write.
pub(super) fn split(
    mut root: Root,
    known: &BTreeMap<String, String>,
    id: &str,
) -> Result<StoredRoot, RootError> {
    let mut packed = BTreeMap::new();
    if root.hints.len() > INLINE {
        packed.insert("hints", pack(&std::mem::take(&mut root.hints))?);
    }
    if root.unreferenced.len() > INLINE {
        packed.insert(
            "unreferenced",
            pack(&std::mem::take(&mut root.unreferenced))?,
        );
    }
    if let Some(lease) = root
        .lease
        .as_mut()
        .filter(|lease| lease.intent.len() > INLINE)
    {
        packed.insert("intent", pack(&std::mem::take(&mut lease.intent))?);
    }
    if let Some(outbox) = root
        .outbox
        .as_mut()
        .filter(|outbox| outbox.deletions.len() > INLINE)
    {
        packed.insert("deletions", pack(&std::mem::take(&mut outbox.deletions))?);
    }
    if let Some(outbox) = root
        .outbox
        .as_mut()
        .filter(|outbox| outbox.variants.len() > INLINE)
    {
        packed.insert("variants", pack(&std::mem::take(&mut outbox.variants))?);
    }
    if let Some(held) = root.held.as_mut().filter(|held| held.keys.len() > INLINE) {
        packed.insert("held", pack(&std::mem::take(&mut held.keys))?);
    }
    let noted = root.attempts.values();
    if noted.map(|attempt| attempt.keys.len()).sum::<usize>() > INLINE {
        packed.insert("attempts", pack(&std::mem::take(&mut root.attempts))?);
    }
    if root.suspects.len() > INLINE {
        packed.insert("suspects", pack(&std::mem::take(&mut root.suspects))?);
    }
    let mut new = BTreeMap::new();
    root.lists.clear();
    for (what, bytes) in packed {
        let start = name_start(&bytes);
        let name = known.get(what).filter(|name| name.starts_with(&start));
        let name = name.cloned().unwrap_or_else(|| {
            let name = format!("{start}{id}");
            new.insert(name.clone(), bytes);
            name
        });
        root.lists.insert(what.to_owned(), name);
    }
    Ok(StoredRoot { root, new })
}

/// What the names of a list of these bytes begin with.
fn name_start(bytes: &[u8]) -> String {
    format!("{FOLDER}{}-", Fingerprint::of(bytes).hex())
}

impl StoredRoot {
    /// Writes the new lists.
    pub(super) async fn write_lists(&self, state: &Bucket) -> Result<(), RootError> {
        let attributes = Attributes {
            content_type: "application/zstd".into(),
            cache_control: "no-store".into(),
            ..Attributes::default()
        };
        for (name, bytes) in &self.new {
            state
                .put(name, bytes, &attributes, &Condition::Always)
                .await?;
        }
        Ok(())
    }

    /// Removes the new lists but for those that are `named`: the root that would have named the others was not
    /// written, or is no more.
    pub(super) async fn remove_lists_but(
        &self,
        named: &BTreeSet<&String>,
        state: &Bucket,
    ) -> Result<(), RootError> {
        for name in self.new.keys().filter(|name| !named.contains(name)) {
            state.delete(name, &Condition::Always).await?;
        }
        Ok(())
    }
}

/// Reads the lists that a root names back into it. False where one of them is gone, since another
/// root was written meanwhile.
pub(super) async fn join(root: &mut Root, state: &Bucket) -> Result<bool, RootError> {
    for (what, name) in std::mem::take(&mut root.lists) {
        let Some(got) = state.get(&name, MAX_LIST_BYTES).await? else {
            return Ok(false);
        };
        let unreadable = |why: &str| RootError::Unreadable(format!("{name}: {why}"));
        let bytes = got.bytes.ok_or_else(|| unreadable("it is too large"))?;
        if !name.starts_with(&name_start(&bytes)) {
            return Err(unreadable("it is not what was written"));
        }
        put_back(root, &what, &bytes).map_err(|why| unreadable(&why))?;
    }
    Ok(true)
}

fn put_back(root: &mut Root, what: &str, bytes: &[u8]) -> Result<(), String> {
    let Root {
        lease,
        outbox,
        held,
        ..
    } = root;
    match (what, lease, outbox, held) {
        ("hints", ..) => root.hints = unpack(bytes)?,
        ("unreferenced", ..) => root.unreferenced = unpack(bytes)?,
        ("attempts", ..) => root.attempts = unpack(bytes)?,
        ("suspects", ..) => root.suspects = unpack(bytes)?,
        ("intent", Some(lease), ..) => lease.intent = unpack(bytes)?,
        ("deletions", _, Some(outbox), _) => outbox.deletions = unpack(bytes)?,
        ("variants", _, Some(outbox), _) => outbox.variants = unpack(bytes)?,
        ("held", .., Some(held)) => held.keys = unpack(bytes)?,
        _ => return Err("it is not a list of this root".to_owned()),
    }
    Ok(())
}

fn pack(list: &impl Serialize) -> Result<Vec<u8>, RootError> {
    let plain = postcard::to_stdvec(list);
    let plain = plain.map_err(|error| RootError::Unreadable(error.to_string()))?;
    zstd::encode_all(&plain[..], ZSTD_LEVEL)
        .map_err(|error| RootError::Unreadable(error.to_string()))
}

fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let plain = zstd::decode_all(bytes).map_err(|error| error.to_string())?;
    postcard::from_bytes(&plain).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_is_not_of_the_name() {
        let mut root = Root::new("2026-01-02T00:00:00Z".to_owned());
        let keys: Vec<String> = (0..=INLINE).map(|n| format!("content/{n}.md")).collect();
        root.add_hints(keys.iter().map(String::as_str));
        let stored = split(root, &BTreeMap::new(), "id1").unwrap();
        let (name, bytes) = stored.new.first_key_value().unwrap();
        assert!(name.starts_with(&name_start(bytes)));
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(!name.starts_with(&name_start(&flipped)), "{at}");
        }
    }
}
