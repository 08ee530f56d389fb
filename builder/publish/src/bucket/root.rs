//! The root: one small object that says what is published and who is publishing (invariant 4).
//!
//! It is only ever written with `If-Match` on the ETag that was read, and every write has an id
//! of its own, so that its ETag never comes back.

use super::attempts::{Attempt, SetAside, Suspect};
use super::parts::PartialChange;
use super::store::{Attributes, Bucket, Condition, StoreError, WriteOutcome};
use super::{lists, seal};
use jiff::Timestamp;
use quillfront_render::ENGINE;
use quillfront_site::fingerprint::Mark;
use quillfront_site::library::schedule::NextDue;
use quillfront_site::object::HTML_LIFETIME_SECONDS;
use quillfront_site::report::Report;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The format of root and segments.
pub const FORMAT: u32 = 9;
/// The oldest one that can be read: all of it is made anew by the engine that comes with another format.
pub const OLDEST_FORMAT: u32 = 5;
/// The root's key in the state bucket.
pub const ROOT_KEY: &str = "root.json";
/// The root stays below this; its long lists are objects of their own.
const MAX_ROOT_BYTES: u64 = 64 * 1024 * 1024;

/// The root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of Quillfront that committed.
    pub engine: String,
    /// A new one for every write.
    pub id: String,
    /// A new one for every commit of the tree.
    pub commit: String,
    /// Commits so far.
    pub generation: u64,
    /// The time that templates see, RFC 3339: the day, or the later moment at which a post was
    /// due; moved by reconcile, and where a post has become due.
    pub now: String,
    /// What is published next by the passing of time alone.
    #[serde(default)]
    pub next_due: Option<NextDue>,
    /// What the tree was made with that is in no source (base URL, drafts).
    pub settings: String,
    /// True where a run put only a part of its tree: what is published is then neither of the
    /// sources that the state knows nor of those that came, and is made again even where these are
    /// as before.
    #[serde(default)]
    pub unfinished: bool,
    /// Content-addressed objects that hold the state.
    pub segments: Segments,
    /// Source keys to look at: key to the number of the hint.
    pub hints: BTreeMap<String, u64>,
    /// The number of the newest hint.
    pub newest_hint: u64,
    /// Who is publishing.
    pub lease: Option<Lease>,
    /// What is left to do of the last commit.
    pub outbox: Option<Outbox>,
    /// Objects with fingerprinted names that nothing refers to any more: they go after one lifetime
    /// of a cached page, which may still show them.
    #[serde(default)]
    pub unreferenced: BTreeMap<String, UnreferencedObject>,
    /// What is to be invalidated once no edge goes by earlier rules any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<Later>,
    /// Stored thumbnails that are older than this, and whose originals are, have been compared with them: by
    /// the clock of S3, in milliseconds of Unix time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub compared_ms: i64,
    /// Segments that commits no longer use, by the generation that dropped them.
    pub retired: BTreeMap<u64, Vec<String>>,
    /// A change that waits for approval.
    pub held: Option<HeldChange>,
    /// Attempts that have not said how they ended, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attempts: BTreeMap<String, Attempt>,
    /// Keys that attempts have died with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub suspects: BTreeMap<String, Suspect>,
    /// What has come so far of a change that is tried in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<PartialChange>,
    /// Versions of sources that are not to be used, since they end whoever does.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set_aside: SetAside,
    /// Names of the lists that are too long for the root, by what they are. Only as stored: a root
    /// that was read has them in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) lists: BTreeMap<String, String>,
}

/// Names of the state's segments: by kind, in the order of the parts that keys are spread over. A
/// part without records has an empty name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segments {
    /// Of the sources: versions, problems.
    pub sources: Vec<String>,
    /// Of the effective texts of configuration, templates and style sheets.
    pub site_texts: Vec<String>,
    /// Of the effective texts of content and data files.
    pub texts: Vec<String>,
    /// Of what is published, and what it was made from.
    pub outputs: Vec<String>,
    /// Of answers from the network.
    pub answers: Vec<String>,
    /// Of what is known of pictures.
    pub pictures: Vec<String>,
    /// Of the records of the search index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
    /// Not in any segment: [`Graph::pages`](quillfront_render::graph::Graph::pages).
    #[serde(default)]
    pub pages: Option<Mark>,
}

impl Segments {
    /// All but those of the texts that are put away, and of the records.
    pub fn all_but_texts(&self) -> impl Iterator<Item = &String> {
        self.sources
            .iter()
            .chain(&self.outputs)
            .chain(&self.site_texts)
            .chain(&self.answers)
            .chain(&self.pictures)
            .filter(|name| !name.is_empty())
    }

    /// All of them.
    pub fn all(&self) -> BTreeSet<&String> {
        let put_away = self.texts.iter().chain(&self.records);
        let put_away = put_away.filter(|name| !name.is_empty());
        self.all_but_texts().chain(put_away).collect()
    }
}

/// Somebody is publishing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who.
    pub holder: String,
    /// Until when, in milliseconds of Unix time. No request starts within one request timeout of
    /// it.
    pub deadline_ms: i64,
    /// The output keys that it may touch.
    pub intent: Vec<String>,
    /// True once it has committed: what it put is in the state, and the outbox is its own.
    #[serde(default)]
    pub committed: bool,
}

/// What a commit leaves to be done; done again from here after a crash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// Objects to remove: output key to the ETag that was published.
    pub deletions: BTreeMap<String, String>,
    /// What the keys of stored thumbnails begin with that are to be removed, each those of one original:
    /// `img/photos/cat.jpg/`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub variants: BTreeSet<String>,
    /// Paths to invalidate, in order.
    pub invalidations: Vec<String>,
    /// What the CallerReferences of the batches begin with: the same for each try.
    pub reference: String,
    /// Batches that CloudFront has taken; their paths are no longer here.
    #[serde(default)]
    pub sent: u64,
}

/// Paths to invalidate at a later time: until then caches may be told by edges that go by earlier rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Later {
    /// When, in milliseconds of Unix time.
    pub at_ms: i64,
    /// Which.
    pub paths: Vec<String>,
}

/// An object that nothing refers to any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreferencedObject {
    /// What was published.
    pub etag: String,
    /// The time of the commit that dropped it, in milliseconds of Unix time.
    pub since_ms: i64,
}

impl Outbox {
    /// True where objects are still to be removed.
    pub fn removes(&self) -> bool {
        !self.deletions.is_empty() || !self.variants.is_empty()
    }
}

impl UnreferencedObject {
    /// True where no cached page can show it any more.
    pub fn is_over(&self, now_ms: i64) -> bool {
        now_ms >= self.since_ms.saturating_add(HTML_LIFETIME_SECONDS * 1_000)
    }
}

/// A change that waits for `quillfront approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldChange {
    /// Why.
    pub reason: String,
    /// The source keys that it is made of.
    pub keys: BTreeSet<String>,
}

impl Root {
    /// A report of a run that left the tree as this root says it is.
    pub fn report(&self) -> Report {
        Report {
            version: 1,
            commit: self.commit.clone(),
            generation: self.generation,
            now: self.now.clone(),
            ..Report::default()
        }
    }

    /// The root of a state that nothing was ever published from.
    pub fn new(now: String) -> Self {
        Self {
            format: FORMAT,
            engine: ENGINE.to_owned(),
            id: String::new(),
            commit: String::new(),
            generation: 0,
            now,
            next_due: None,
            settings: String::new(),
            unfinished: false,
            segments: Segments::default(),
            hints: BTreeMap::new(),
            newest_hint: 0,
            lease: None,
            outbox: None,
            unreferenced: BTreeMap::new(),
            later: Vec::new(),
            compared_ms: 0,
            retired: BTreeMap::new(),
            held: None,
            attempts: BTreeMap::new(),
            suspects: BTreeMap::new(),
            tried: None,
            set_aside: BTreeMap::new(),
            lists: BTreeMap::new(),
        }
    }

    /// The time that templates see.
    pub(super) fn time(&self) -> Timestamp {
        self.now.parse().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The source keys of the change that waits for approval.
    pub(super) fn held_keys(&self) -> impl Iterator<Item = &String> {
        self.held.iter().flat_map(|held| &held.keys)
    }

    /// Notes keys to look at.
    pub fn add_hints<'a>(&mut self, keys: impl IntoIterator<Item = &'a str>) {
        self.newest_hint += 1;
        self.hints.extend(
            keys.into_iter()
                .map(|key| (key.to_owned(), self.newest_hint)),
        );
    }

    /// The unreferenced objects whose time is over, with their ETags.
    pub fn expired(&self, now_ms: i64) -> BTreeMap<String, String> {
        let over = self
            .unreferenced
            .iter()
            .filter(|(_, left)| left.is_over(now_ms));
        over.map(|(key, left)| (key.clone(), left.etag.clone()))
            .collect()
    }

    /// The paths whose invalidation has waited for long enough.
    pub fn due_paths(&self, now_ms: i64) -> Vec<String> {
        let due = self.later.iter().filter(|later| later.at_ms <= now_ms);
        due.flat_map(|later| later.paths.clone()).collect()
    }

    /// When the next paths are to be invalidated, in milliseconds of Unix time.
    pub fn next_later_ms(&self) -> Option<i64> {
        self.later.iter().map(|later| later.at_ms).min()
    }

    /// Segments that are in use again are no longer to be removed.
    pub fn unretire(&mut self) {
        let used: BTreeSet<String> = self.segments.all().into_iter().cloned().collect();
        for list in self.retired.values_mut() {
            list.retain(|name| !used.contains(name));
        }
    }

    /// The hints of one number.
    pub fn hints_numbered(&self, number: u64) -> BTreeMap<String, u64> {
        let of_number = self.hints.iter().filter(|(_, own)| **own == number);
        of_number.map(|(key, own)| (key.clone(), *own)).collect()
    }

    /// Forgets the hints that a builder took up; those noted since stay.
    pub fn settle_hints(&mut self, taken: &BTreeMap<String, u64>) {
        self.hints
            .retain(|key, number| taken.get(key).is_none_or(|taken| *number > *taken));
    }
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The root as it was read, or none, and the ETag to write it back with.
pub struct LoadedRoot {
    /// None before the first write.
    pub root: Option<Root>,
    condition: Condition,
    /// The long lists that the stored root names.
    lists: BTreeMap<String, String>,
}

/// Reads of a root whose lists are gone because another one was written meanwhile.
const MAX_READS: usize = 20;

impl LoadedRoot {
    /// Reads the root.
    ///
    /// # Errors
    /// Storage failed, or the object is not a root: it is never overwritten by a guess.
    pub async fn read(state: &Bucket) -> Result<Self, RootError> {
        for _ in 0..MAX_READS {
            if let Some(loaded) = Self::read_once(state).await? {
                return Ok(loaded);
            }
        }
        Err(RootError::Unreadable(
            "a list that it names is missing".into(),
        ))
    }

    /// The keys of all objects that this root names, and those of the last ones.
    pub fn names(&self) -> BTreeSet<String> {
        let root = self.root.iter();
        let segments = root.flat_map(|root| {
            let used = root.segments.all().into_iter();
            used.chain(root.retired.values().flatten())
        });
        let segments = segments.map(|name| format!("{}{name}", super::state::FOLDER));
        segments.chain(self.lists.values().cloned()).collect()
    }

    async fn read_once(state: &Bucket) -> Result<Option<Self>, RootError> {
        let Some(got) = state.get(ROOT_KEY, MAX_ROOT_BYTES).await? else {
            return Ok(Some(Self {
                root: None,
                condition: Condition::Absent,
                lists: BTreeMap::new(),
            }));
        };
        let bytes = got
            .bytes
            .ok_or_else(|| RootError::Unreadable("it is too large".into()))?;
        if !seal::is_whole(&bytes) {
            return Err(RootError::Unreadable("it is not what was written".into()));
        }
        let mut root: Root = serde_json::from_slice(&bytes)
            .map_err(|error| RootError::Unreadable(error.to_string()))?;
        if !(OLDEST_FORMAT..=FORMAT).contains(&root.format) {
            let message = format!(
                "it has format {}, this version reads {OLDEST_FORMAT} to {FORMAT}",
                root.format
            );
            return Err(RootError::Unreadable(message));
        }
        let named = root.lists.clone();
        if !lists::join(&mut root, state).await? {
            return Ok(None);
        }
        Ok(Some(Self {
            root: Some(root),
            condition: Condition::Matches(got.etag),
            lists: named,
        }))
    }

    /// Writes `root` if nobody has written since. True where it happened; then this is what was
    /// read last.
    ///
    /// # Errors
    /// Storage failed; the write may have happened or not.
    pub async fn write(
        &mut self,
        state: &Bucket,
        mut root: Root,
        id: String,
    ) -> Result<bool, RootError> {
        root.id = id;
        let stored = lists::split(root.clone(), &self.lists, &root.id)?;
        let bytes = serde_json::to_vec(&stored.root)
            .map_err(|error| RootError::Unreadable(error.to_string()))?;
        let bytes = seal::sealed(&bytes);
        stored.write_lists(state).await?;
        let attributes = Attributes {
            content_type: "application/json".into(),
            cache_control: "no-store".into(),
            ..Attributes::default()
        };
        match state
            .put(ROOT_KEY, &bytes, &attributes, &self.condition)
            .await?
        {
            WriteOutcome::Done(etag) => {
                self.condition = Condition::Matches(etag);
                self.root = Some(root);
                let before = std::mem::replace(&mut self.lists, stored.root.lists);
                self.remove_lists(state, before).await?;
                Ok(true)
            }
            WriteOutcome::Refused => {
                // A retry inside the SDK may have met its own write.
                let there = Self::read(state).await?;
                let own = there.root.as_ref().is_some_and(|there| there.id == root.id);
                let before = std::mem::replace(self, there).lists;
                if own {
                    self.remove_lists(state, before).await?;
                } else {
                    // It may have been written all the same, and another one on it by now.
                    let named: BTreeSet<&String> = self.lists.values().collect();
                    stored.remove_lists_but(&named, state).await?;
                }
                Ok(own)
            }
        }
    }

    /// Removes those lists of the root before that this one does not name.
    async fn remove_lists(
        &self,
        state: &Bucket,
        before: BTreeMap<String, String>,
    ) -> Result<(), RootError> {
        let named: BTreeSet<&String> = self.lists.values().collect();
        for name in before.values().filter(|name| !named.contains(name)) {
            state.delete(name, &Condition::Always).await?;
        }
        Ok(())
    }
}

/// The root could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is an object, but it is no root of this version.
    #[error("the state's root cannot be used: {0}; move root.json away to rebuild everything")]
    Unreadable(String),
}
