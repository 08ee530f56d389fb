//! The sources as a build sees them. Which bytes of each are used is the rule of the effective source.

use crate::diagnostic::Diagnostic;
use crate::fingerprint::Mark;
use crate::front_matter::head::Head;
use crate::key::SourceKey;
use itertools::{EitherOrBoth, Itertools};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One source.
#[derive(Debug, Clone)]
pub struct Source {
    /// The version last seen: the ETag in S3, in a folder a hash of what the file is known by without
    /// being read.
    pub version: SmolStr,
    /// Bytes of that version.
    pub size: u64,
    /// What a build uses of it.
    pub effective: Effective,
    /// Why the current bytes are not what is used.
    pub problems: Vec<Diagnostic>,
    /// Of a content file whose text is used.
    pub head: Option<Arc<Head>>,
}

/// The code of a problem that the storage has with a source, not its author.
const UNREADABLE: &str = "unreadable";

impl Source {
    /// True where the storage has damaged it: what is used is what was read before.
    pub fn is_unreadable(&self) -> bool {
        let mut problems = self.problems.iter();
        problems.any(|problem| problem.code == UNREADABLE)
    }

    /// Changes whenever what a build uses of it does; None where it uses nothing.
    pub fn mark(&self) -> Option<Mark> {
        match &self.effective {
            Effective::Text(text) => Some(text.mark()),
            Effective::Opaque => Some(Mark::of(self.content().as_bytes())),
            Effective::Absent => None,
        }
    }

    /// What tells the bytes of a file that only travels from others: the ETag in S3; in a folder, what
    /// stands behind the space, if it was read.
    pub fn content(&self) -> &str {
        let version = self.version.as_str();
        version
            .split_once(' ')
            .map_or(version, |(_, content)| content)
    }
}

/// A text that was read and checked. It may be kept elsewhere; then only its mark is here.
#[derive(Debug, Clone)]
pub struct Text {
    mark: Mark,
    held: Option<Arc<str>>,
}

impl Text {
    /// A text that is held.
    pub fn new(text: Arc<str>) -> Self {
        Self {
            mark: Mark::of(text.as_bytes()),
            held: Some(text),
        }
    }

    /// A text that is kept elsewhere.
    pub fn elsewhere(mark: Mark) -> Self {
        Self { mark, held: None }
    }

    /// Equal where the text is.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// The text, where it is held.
    pub fn held(&self) -> Option<&Arc<str>> {
        self.held.as_ref()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.mark == other.mark
    }
}

impl Eq for Text {}

/// What a build uses of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effective {
    /// Text that was read and checked; the current bytes or the last good ones.
    Text(Text),
    /// The current bytes, which only travel.
    Opaque,
    /// The bytes were never good.
    Absent,
}

impl Effective {
    /// True for a text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// The text, where it is one and is held.
    pub fn held(&self) -> Option<&Arc<str>> {
        match self {
            Self::Text(text) => text.held(),
            Self::Opaque | Self::Absent => None,
        }
    }
}

/// All sources, by key. A copy shares them.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    map: BTreeMap<SourceKey, Arc<Source>>,
}

impl FromIterator<(SourceKey, Arc<Source>)> for Sources {
    fn from_iter<I: IntoIterator<Item = (SourceKey, Arc<Source>)>>(sources: I) -> Self {
        let map = sources.into_iter().collect();
        Self { map }
    }
}

impl Sources {
    /// The sources in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&SourceKey, &Arc<Source>)> {
        self.map.iter()
    }

    /// Sources of which only the keys matter: texts are empty.
    #[cfg(test)]
    pub(crate) fn of_keys(keys: &[&str]) -> Self {
        let source = |key: &SourceKey| Source {
            version: "1".into(),
            size: 0,
            effective: if key.is_text() {
                Effective::Text(Text::new("".into()))
            } else {
                Effective::Opaque
            },
            problems: Vec::new(),
            head: None,
        };
        let keys = keys.iter().map(|key| SourceKey::from(*key));
        keys.map(|key| (key.clone(), Arc::new(source(&key))))
            .collect()
    }

    /// How many there are, broken ones included.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// The source, broken or not.
    pub fn get(&self, key: &str) -> Option<&Arc<Source>> {
        self.map.get(key)
    }

    /// Takes a text back in that was kept elsewhere.
    pub fn hold(&mut self, key: &str, text: &Arc<str>) {
        if let Some(source) = self.map.get_mut(key)
            && let Effective::Text(own) = &mut Arc::make_mut(source).effective
        {
            own.held = Some(text.clone());
        }
    }

    /// The sources whose text is kept elsewhere.
    pub fn elsewhere(&self) -> impl Iterator<Item = &SourceKey> {
        let is_elsewhere = |source: &Source| match &source.effective {
            Effective::Text(text) => text.held.is_none(),
            Effective::Opaque | Effective::Absent => false,
        };
        let all = self.map.iter();
        all.filter(move |(_, source)| is_elsewhere(source))
            .map(|(key, _)| key)
    }

    /// Lets go of the texts that are kept elsewhere as well.
    pub fn put_away(&mut self, keeps: impl Fn(&str) -> bool) {
        for (key, source) in &mut self.map {
            if let Effective::Text(Text { held: Some(_), .. }) = source.effective
                && keeps(key.as_str())
                && let Effective::Text(own) = &mut Arc::make_mut(source).effective
            {
                own.held = None;
            }
        }
    }

    /// The text that a build uses of `key`, where it is held. Those of content and data files may be
    /// kept elsewhere.
    pub fn text(&self, key: &str) -> Option<&Arc<str>> {
        self.map.get(key)?.effective.held()
    }

    /// Changes whenever what a build uses of `key` does; None where it uses nothing.
    pub fn mark(&self, key: &str) -> Option<Mark> {
        self.map.get(key)?.mark()
    }

    /// True where a build uses a text of `key` that is kept elsewhere.
    pub fn is_elsewhere(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(
            |source| matches!(&source.effective, Effective::Text(text) if text.held().is_none()),
        )
    }

    /// True where a build has something under `key`.
    pub fn exists(&self, key: &str) -> bool {
        self.map
            .get(key)
            .is_some_and(|source| source.effective != Effective::Absent)
    }

    /// The sources that a build has something of, whose keys start with `prefix`.
    pub fn under<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a SourceKey, &'a Arc<Source>)> {
        self.map
            .range::<str, _>((
                std::ops::Bound::Included(prefix),
                std::ops::Bound::Unbounded,
            ))
            .take_while(move |(key, _)| key.as_str().starts_with(prefix))
            .filter(|(_, source)| source.effective != Effective::Absent)
    }

    /// Each key of two, with what each has under it, in order.
    pub fn beside<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<
        Item = (
            &'a SourceKey,
            Option<&'a Arc<Source>>,
            Option<&'a Arc<Source>>,
        ),
    > {
        let both = self
            .map
            .iter()
            .merge_join_by(&other.map, |(a, _), (b, _)| a.cmp(b));
        both.map(|pair| match pair {
            EitherOrBoth::Both((key, one), (_, other)) => (key, Some(one), Some(other)),
            EitherOrBoth::Left((key, one)) => (key, Some(one), None),
            EitherOrBoth::Right((key, other)) => (key, None, Some(other)),
        })
    }

    /// The keys under which a build uses something else of another's sources, in order.
    pub fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a SourceKey> {
        let mark = |source: Option<&Arc<Source>>| source.and_then(|source| source.mark());
        let differ =
            move |one: Option<&Arc<Source>>, other: Option<&Arc<Source>>| match (one, other) {
                (Some(one), Some(other)) if Arc::ptr_eq(one, other) => false,
                _ => mark(one) != mark(other),
            };
        let both = self.beside(other);
        both.filter_map(move |(key, one, other)| differ(one, other).then_some(key))
    }

    /// True where a build uses another configuration than with another's sources: it has a hand in
    /// everything.
    pub fn is_configured_otherwise(&self, other: &Self) -> bool {
        let mut differing = self.differing(other);
        differing.any(|key| key.role().is_configuration())
    }

    /// Notes that the storage has damaged the object of `key`, which showed when it was copied.
    pub fn note_unreadable(&mut self, key: &str) {
        if let Some(source) = self.map.get_mut(key) {
            Arc::make_mut(source).problems = vec![unreadable(key)];
        }
    }

    /// Makes the next look at `key` a change, whatever it finds.
    pub fn forget_version(&mut self, key: &str) {
        if let Some(source) = self.map.get_mut(key) {
            Arc::make_mut(source).version = SmolStr::default();
        }
    }

    /// Puts a source in the place of the one under its key, if there is one.
    pub fn insert(&mut self, key: &SourceKey, source: Source) {
        self.map.insert(key.clone(), Arc::new(source));
    }

    /// Removes a source; None where there was none.
    pub fn remove(&mut self, key: &SourceKey) -> Option<Arc<Source>> {
        self.map.remove(key)
    }
}

/// What is told of a source that the storage has damaged.
pub fn unreadable(file: &str) -> Diagnostic {
    let message = "the source bucket can no longer read this file because it is damaged; what was \
                   published from it stays";
    Diagnostic::error(UNREADABLE, file, message)
        .hint("put it into the source bucket again, or delete it there")
}
