//! The sources as a build sees them. Which bytes of each are used is the rule of the effective source.

use crate::diagnostic::Diagnostic;
use crate::fingerprint::Mark;
use crate::front_matter::head::Head;
use crate::key::SourceKey;
use crate::quillfront_toml::{self, OwnConfig};
use itertools::{EitherOrBoth, Itertools};
use jiff::Timestamp;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
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
    /// When what is used was taken into use; none where that is not known.
    pub since: Option<Timestamp>,
    /// Of a content file that waits: paths relative to `content/` of links that found nothing. It cannot be
    /// published while there is nothing.
    pub lacks: Vec<SmolStr>,
}

/// The code of what is told of a file that waits.
const WAITING: &str = "waiting";

/// The code of a problem that the storage has with a source, not its author.
const UNREADABLE: &str = "unreadable";

impl Source {
    /// True where the storage has damaged it: what is used is what was read before.
    pub fn is_unreadable(&self) -> bool {
        let mut problems = self.problems.iter();
        problems.any(|problem| problem.code == UNREADABLE)
    }

    /// True where its current bytes are good by themselves, and could not be made into a page.
    pub fn is_waiting(&self) -> bool {
        let first = self.problems.first();
        first.is_some_and(|problem| problem.code == WAITING)
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
            since: None,
            lacks: Vec::new(),
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
    /// everything that is rendered.
    pub fn is_configured_otherwise(&self, other: &Self) -> bool {
        let mut differing = self.differing(other);
        differing.any(|key| match key.as_str() {
            quillfront_toml::KEY => !self.is_rendered_as(other),
            _ => key.role().is_configuration(),
        })
    }

    /// True where the two differ in no more of `quillfront.toml` than in headers.
    fn is_rendered_as(&self, other: &Self) -> bool {
        let own = |sources: &Self| OwnConfig::of(sources.text(quillfront_toml::KEY));
        match (own(self), own(other)) {
            (Ok(one), Ok(other)) => one.renders_as(&other),
            _ => false,
        }
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

    /// Has a build use what was accepted of a content file before, or nothing, and remembers why.
    pub fn reject(
        &mut self,
        key: &SourceKey,
        accepted: Option<&Arc<Source>>,
        problems: &[Diagnostic],
    ) {
        let Some(source) = self.map.get_mut(key.as_str()) else {
            return;
        };
        let source = Arc::make_mut(source);
        source.effective = accepted.map_or(Effective::Absent, |one| one.effective.clone());
        source.head = accepted.and_then(|one| one.head.clone());
        source.problems = vec![waiting(key.as_str(), source.effective != Effective::Absent)];
        // As they are stored: what is not, is looked up, or stands below.
        source
            .problems
            .extend(problems.iter().map(|one| Diagnostic {
                about: Vec::new(),
                lacks: None,
                ..one.clone()
            }));
        source.since = accepted.and_then(|one| one.since);
        let lacks = problems.iter().filter_map(|one| one.lacks.as_deref());
        source.lacks = lacks.map(SmolStr::from).collect();
    }

    /// Notes when the versions under these keys were taken into use, of those that are good by themselves.
    pub fn date<'a>(&mut self, keys: impl IntoIterator<Item = &'a SourceKey>, now: Timestamp) {
        for key in keys {
            let source = self.map.get_mut(key.as_str());
            if let Some(source) = source.filter(|source| source.problems.is_empty()) {
                Arc::make_mut(source).since = Some(now);
            }
        }
    }

    /// The largest part of these content files of which no link leads to what is neither there nor in that part:
    /// the others cannot be published. `lacks` are the links that found nothing, relative to `content/`.
    pub fn without_lack<'a, Lacks: Iterator<Item = &'a str>>(
        &self,
        files: BTreeSet<SourceKey>,
        lacks: impl Fn(&SourceKey) -> Lacks,
    ) -> BTreeSet<SourceKey> {
        let mut part = files;
        // Files by what they lack, to follow each link once.
        let mut by_lack: BTreeMap<String, Vec<SourceKey>> = BTreeMap::new();
        let mut out: Vec<SourceKey> = Vec::new();
        for key in &part {
            for path in lacks(key).filter(|path| is_content_file(path)) {
                let wanted = format!("content/{path}");
                if !part.contains(wanted.as_str()) && !self.exists(&wanted) {
                    out.push(key.clone());
                }
                by_lack.entry(wanted).or_default().push(key.clone());
            }
        }
        while let Some(key) = out.pop() {
            if part.remove(&key) && !self.exists(key.as_str()) {
                out.extend(by_lack.remove(key.as_str()).into_iter().flatten());
            }
        }
        part
    }

    /// The content files whose current bytes could not be made into pages: they are tried again with every
    /// change.
    pub fn waiting(&self) -> impl Iterator<Item = (&SourceKey, &Arc<Source>)> {
        self.map.iter().filter(|(_, source)| source.is_waiting())
    }

    /// Those of them that may be published after these changes: the links of the others still lead to nothing.
    pub fn to_retry<'a>(
        &self,
        changed: impl Iterator<Item = &'a SourceKey> + Clone,
    ) -> BTreeSet<SourceKey> {
        let waiting = self.waiting().map(|(key, _)| key.clone());
        // With another configuration a file may be held, or its links be warnings.
        if changed.clone().any(|key| key.role().is_configuration()) {
            return waiting.collect();
        }
        let lacks = |key: &SourceKey| {
            let source = self.get(key.as_str());
            let lacks = source.into_iter().flat_map(|source| &source.lacks);
            lacks.map(SmolStr::as_str)
        };
        self.without_lack(waiting.collect(), lacks)
    }

    /// Removes a source; None where there was none.
    pub fn remove(&mut self, key: &SourceKey) -> Option<Arc<Source>> {
        self.map.remove(key)
    }
}

/// True for what can only be there as a file of its own: a folder has a section without one, and files beside
/// pages have languages.
fn is_content_file(path: &str) -> bool {
    path.ends_with(".md") && !path.ends_with("_index.md")
}

/// What is told of a content file that waits.
fn waiting(file: &str, has_earlier: bool) -> Diagnostic {
    let message = if has_earlier {
        "this version is not published because it has errors; the last good version stays"
    } else {
        "this file is not published because it has errors"
    };
    Diagnostic::error(WAITING, file, message).hint("it is tried again after every change")
}

/// What is told of a source that the storage has damaged.
pub fn unreadable(file: &str) -> Diagnostic {
    let message = "the source bucket can no longer read this file because it is damaged; what was \
                   published from it stays";
    Diagnostic::error(UNREADABLE, file, message)
        .hint("put it into the source bucket again, or delete it there")
}
