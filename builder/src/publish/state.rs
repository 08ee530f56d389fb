//! The state under the root: what the sources are, what is published and what it was made from, in
//! compressed segments that are named by their content. A change rewrites the segments that its
//! keys fall into.
//!
//! Two writes of the same segment have different ETags: each ends with the id of its write, in a frame
//! that readers skip. So a removal that is meant for one of them never hits the other (`sweep`).
//!
//! Texts of content and data files are segments of their own, which are read only when something of
//! them is rendered, and so are the [`records`] of the search index: a build that changes little reads
//! little.

mod records;
pub use records::StoredRecords;

use super::root::Segments;
use super::store::{Attributes, Bucket, Condition, StoreError};
use crate::diagnostic::Diagnostic;
use crate::evaluate::Album;
use crate::fingerprint::{Fingerprint, Mark};
use crate::graph::{BodyFacts, Graph, OutputTrace, Question, Shown};
use crate::key::{OutputKey, Role, SourceKey};
use crate::plan::Rank;
use crate::render::answers::Request;
use crate::render::world::Measured;
use crate::search::Records;
use crate::site::head::Head;
use crate::source::{Effective, Source, Sources, Text};
use futures::stream::{StreamExt, TryStreamExt, iter};
use itertools::{EitherOrBoth, Itertools};
use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The state.
#[derive(Clone, Default)]
pub struct State {
    /// The sources as last seen.
    pub sources: Arc<Sources>,
    /// What is in the site bucket.
    pub outputs: Arc<BTreeMap<OutputKey, Published>>,
    /// What bodies and outputs were made from.
    pub graph: Arc<Graph>,
    /// Good answers from the network: sources like files, refreshed by reconcile (invariant 3).
    pub answers: BTreeMap<Request, Arc<str>>,
    /// What is known of pictures.
    pub album: Album,
    /// Texts that are read only when they are needed.
    pub texts: Texts,
    /// Records of the search index, the same.
    pub records: StoredRecords,
}

/// A published object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Of bytes and metadata; none where it is not known what is there.
    pub fingerprint: Option<Fingerprint>,
    /// Its ETag.
    pub etag: String,
    /// The source that it stands for.
    pub source: SourceKey,
    /// Its rank.
    pub rank: Rank,
}

/// What of a state is to be written anew.
#[derive(Debug, Clone, Default)]
pub struct Dirty {
    /// Sources whose record or text is another.
    pub sources: BTreeSet<SourceKey>,
    /// Outputs whose record is another.
    pub outputs: BTreeSet<OutputKey>,
    /// True where all of those are.
    pub all: bool,
    /// Sources whose record for the search index is another.
    pub records: BTreeSet<SourceKey>,
    /// True where all of those are.
    pub all_records: bool,
}

impl Dirty {
    /// Notes what differs between two graphs.
    pub fn note(&mut self, before: &Graph, after: &Graph) {
        let (bodies, outputs) = rayon::join(
            || differing(&before.bodies, &after.bodies),
            || differing(&before.outputs, &after.outputs),
        );
        self.sources.extend(bodies);
        self.outputs.extend(outputs);
    }
}

/// The keys under which two maps differ.
fn differing<K: Ord + Clone + Send + Sync, V: PartialEq + Send + Sync>(
    before: &BTreeMap<K, Arc<V>>,
    after: &BTreeMap<K, Arc<V>>,
) -> Vec<K> {
    let same = |one: &Arc<V>, other: &Arc<V>| Arc::ptr_eq(one, other) || one == other;
    let both = before
        .iter()
        .merge_join_by(after, |(a, _), (b, _)| a.cmp(b));
    let differ = both.filter_map(|pair| match pair {
        EitherOrBoth::Both((_, one), (_, other)) if same(one, other) => None,
        EitherOrBoth::Both((key, _), _)
        | EitherOrBoth::Left((key, _))
        | EitherOrBoth::Right((key, _)) => Some(key),
    });
    differ.cloned().collect()
}

/// Texts of content and data files, as far as they were read.
#[derive(Clone, Default)]
pub struct Texts {
    segments: Vec<TextSegment>,
    /// True where the sources themselves keep them: a folder.
    with_sources: bool,
}

type Held = Arc<BTreeMap<SourceKey, Arc<str>>>;

#[derive(Clone, Default)]
struct TextSegment {
    name: String,
    held: Option<Held>,
}

/// Records in a segment, about; what a small edit rewrites.
const RECORDS_PER_SEGMENT: usize = 1_000;
/// Bytes of text in a segment, about.
const TEXT_BYTES_PER_SEGMENT: usize = 256 * 1024;
/// Segments of one kind at most: their names are in the root.
const MAX_SEGMENTS: usize = 512;
/// A segment is never larger than this, whatever it holds.
const MAX_SEGMENT_BYTES: u64 = 1024 * 1024 * 1024;
/// Segments that are read or written at once.
const PARALLEL: usize = 16;
const ZSTD_LEVEL: i32 = 3;
/// Bytes that a segment may say that it holds, to be given the memory at once.
const MAX_BELIEVED_BYTES: u64 = 64 * 1024 * 1024;
/// Texts that a builder that stays holds between runs.
const MAX_HELD_BYTES: usize = 128 * 1024 * 1024;
/// Where segments lie.
pub const FOLDER: &str = "segments/";

#[derive(Serialize, Deserialize)]
struct SourceRecord {
    key: SourceKey,
    version: String,
    size: u64,
    kind: RecordKind,
    problems: Vec<Diagnostic>,
    head: Option<Arc<Head>>,
    body: Option<Arc<BodyFacts>>,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
enum RecordKind {
    Text(Mark),
    Opaque,
    Absent,
}

#[derive(Serialize, Deserialize)]
struct OutputRecord {
    key: OutputKey,
    published: Published,
    trace: Option<TraceRecord>,
}

#[derive(Serialize, Deserialize)]
struct TraceRecord {
    trace: Mark,
    /// Which of the segment's questions.
    asked: Vec<u32>,
    pictures: Vec<Shown>,
}

/// A segment of outputs. What they ask for is in it once: most ask alike.
#[derive(Default, Serialize, Deserialize)]
struct OutputSegment {
    questions: Vec<Arc<Question>>,
    outputs: Vec<OutputRecord>,
}

impl OutputSegment {
    fn of(outputs: Vec<(&OutputKey, &Published, Option<&Arc<OutputTrace>>)>) -> Self {
        let mut segment = Self::default();
        let mut places: HashMap<Arc<Question>, u32> = HashMap::new();
        for (key, published, trace) in outputs {
            let trace = trace.map(|trace| TraceRecord {
                trace: trace.trace,
                asked: trace
                    .asked
                    .iter()
                    .map(|question| {
                        *places.entry(question.clone()).or_insert_with(|| {
                            segment.questions.push(question.clone());
                            segment.questions.len() as u32 - 1
                        })
                    })
                    .collect(),
                pictures: trace.pictures.clone(),
            });
            segment.outputs.push(OutputRecord {
                key: key.clone(),
                published: published.clone(),
                trace,
            });
        }
        segment
    }

    /// The outputs; none where one asks for what is not there.
    fn into_outputs(self) -> Option<Outputs> {
        let questions = self.questions;
        let traced = |record: TraceRecord| {
            let asked = record.asked.into_iter();
            let asked = asked.map(|place| questions.get(place as usize).cloned());
            Some(Arc::new(OutputTrace {
                trace: record.trace,
                asked: asked.collect::<Option<_>>()?,
                pictures: record.pictures,
            }))
        };
        let output = |record: OutputRecord| {
            let trace = match record.trace {
                Some(trace) => Some(traced(trace)?),
                None => None,
            };
            Some((record.key, record.published, trace))
        };
        self.outputs.into_iter().map(output).collect()
    }
}

/// The state as segments: names and bytes.
pub struct Encoded {
    /// Their names.
    pub segments: Segments,
    /// The bytes of those that are new, or may be.
    pub bytes: BTreeMap<String, Vec<u8>>,
    /// The texts, under their new names.
    pub texts: Texts,
    /// Segments that are known and have to be written all the same.
    lost: BTreeSet<String>,
}

/// True for texts that are read only when something of them is rendered.
fn is_put_away(key: &SourceKey) -> bool {
    matches!(key.role(), Role::Content | Role::Data)
}

impl State {
    /// Reads the segments, but for the texts that are put away.
    ///
    /// # Errors
    /// Storage failed, or a segment is missing or damaged.
    pub async fn read(bucket: &Bucket, segments: &Segments) -> Result<Self, StateError> {
        let names = segments.all_but_texts();
        let read = names.map(|name| async move {
            let packed = get(bucket, name).await?;
            Ok::<_, StateError>((name.clone(), packed))
        });
        let packed: BTreeMap<String, Vec<u8>> =
            iter(read).buffer_unordered(PARALLEL).try_collect().await?;
        Self::decode(segments, &packed)
    }

    /// The state that these segments hold, but for the texts that are put away.
    ///
    /// # Errors
    /// A segment is missing or damaged.
    pub fn decode(
        segments: &Segments,
        packed: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, StateError> {
        Self::decode_telling(segments, packed, |_| ())
    }

    /// The same; `tell` gets what is published as soon as that is known.
    ///
    /// # Errors
    /// A segment is missing or damaged.
    pub fn decode_telling(
        segments: &Segments,
        packed: &BTreeMap<String, Vec<u8>>,
        tell: impl FnOnce(&Arc<BTreeMap<OutputKey, Published>>) + Send,
    ) -> Result<Self, StateError> {
        let texts = unpack_all::<(SourceKey, String)>(&segments.site_texts, packed)?;
        let answers = unpack_all::<(Request, String)>(&segments.answers, packed)?;
        let album = unpack_all::<(SourceKey, (String, Measured))>(&segments.pictures, packed)?;
        let texts = texts.into_iter().flatten();
        let texts: BTreeMap<SourceKey, Arc<str>> =
            texts.map(|(key, text)| (key, text.into())).collect();
        let (outputs, sources) = rayon::join(
            || {
                let outputs = unpack_outputs(&segments.outputs, packed)?;
                let mut outputs: Outputs = outputs.into_iter().flatten().collect();
                // Once for both maps.
                outputs.sort_by(|(a, ..), (b, ..)| a.cmp(b));
                let traces: Vec<_> = outputs
                    .iter_mut()
                    .filter_map(|(key, _, trace)| Some((key.clone(), trace.take()?)))
                    .collect();
                let outputs = outputs.into_iter();
                let published = outputs.map(|(key, published, _)| (key, published));
                let published = Arc::new(published.collect());
                tell(&published);
                Ok::<_, StateError>((published, traces.into_iter().collect()))
            },
            || unpack_sources(&segments.sources, packed, &texts),
        );
        let ((published, traces), (sources, bodies)) = (outputs?, sources?);
        let graph = Graph {
            pages: segments.pages,
            bodies,
            outputs: traces,
        };
        let answers = answers.into_iter().flatten();
        Ok(Self {
            sources: Arc::new(sources),
            outputs: published,
            graph: Arc::new(graph),
            answers: answers
                .map(|(request, text)| (request, text.into()))
                .collect(),
            album: Album::of(album.into_iter().flatten().collect()),
            texts: Texts::named(&segments.texts),
            records: StoredRecords::named(&segments.records),
        })
    }

    /// What is known of what is as it should be in the site bucket.
    pub fn graph_of_published(&self) -> Arc<Graph> {
        let is_sure = |key: &OutputKey| {
            let published = self.outputs.get(key.as_str());
            published.is_some_and(|published| published.fingerprint.is_some())
        };
        if self.graph.outputs.keys().all(is_sure) {
            return self.graph.clone();
        }
        let mut graph = (*self.graph).clone();
        graph.outputs.retain(|key, _| is_sure(key));
        Arc::new(graph)
    }

    /// Texts that were read.
    ///
    /// # Errors
    /// One of them is not there.
    pub fn texts_of(
        &self,
        keys: BTreeSet<SourceKey>,
    ) -> Result<BTreeMap<SourceKey, Arc<str>>, StateError> {
        let text = |key: SourceKey| match self.texts.get(key.as_str()) {
            Some(text) => Ok((key, text.clone())),
            None => Err(StateError::Damaged(format!("no text of {key}"))),
        };
        keys.into_iter().map(text).collect()
    }

    /// Takes in the records of a build, if it says anything of them; notes which are dirty.
    pub fn take_records(&mut self, records: Option<&Arc<Records>>, dirty: &mut Dirty) {
        dirty.note_records(&self.records, records);
        self.records.replace(records);
    }

    /// Takes over what was written: texts are kept in the segments alone.
    pub fn written(&mut self, segments: &Segments, texts: Texts) {
        self.texts = texts;
        self.texts.bound();
        self.records.written(&segments.records);
        let mut sources = (*self.sources).clone();
        sources.put_away(|key| is_put_away(&SourceKey::from(key)));
        self.sources = Arc::new(sources);
    }

    /// Takes in all texts that are kept elsewhere, for a build that goes by nothing.
    ///
    /// # Errors
    /// Storage failed, or a segment is missing or damaged.
    pub async fn hold_all(
        &mut self,
        bucket: &Bucket,
        sources: &mut Sources,
    ) -> Result<(), StateError> {
        self.texts.read_all(bucket).await?;
        let elsewhere: Vec<SourceKey> = sources.elsewhere().cloned().collect();
        for key in elsewhere {
            let text = self.texts.get(key.as_str());
            let missing = || StateError::Damaged(format!("no text of {key}"));
            sources.hold(key.as_str(), text.ok_or_else(missing)?);
        }
        Ok(())
    }

    /// Reads what is lacking of the texts that go into the same segments as those of these sources,
    /// so that the segments can be written anew.
    ///
    /// # Errors
    /// Storage failed, or a segment is missing or damaged.
    pub async fn read_for_writing(
        &mut self,
        bucket: &Bucket,
        dirty: &Dirty,
    ) -> Result<(), StateError> {
        let spread = self.text_segments();
        if dirty.all || spread != self.texts.segments.len() {
            return self.texts.read_all(bucket).await;
        }
        self.texts.read(bucket, &dirty.sources).await
    }

    fn text_segments(&self) -> usize {
        if self.texts.with_sources {
            return 0;
        }
        let texts = self
            .sources
            .iter()
            .filter(|(key, source)| source.effective.is_text() && is_put_away(key));
        let bytes: u64 = texts.map(|(_, source)| source.size).sum();
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        shards(bytes, TEXT_BYTES_PER_SEGMENT, self.texts.segments.len())
    }

    /// The state as segments; those without anything dirty keep the names that they have in
    /// `before`.
    ///
    /// # Errors
    /// A record that cannot be encoded, which would be a bug.
    pub fn encode(&self, before: &Segments, dirty: &Dirty) -> Result<Encoded, StateError> {
        let dirty_sources: Vec<&str> = dirty.sources.iter().map(SourceKey::as_str).collect();
        let (sources, outputs) = rayon::join(
            || self.encode_sources(&before.sources, &dirty_sources, dirty.all),
            || self.encode_outputs(&before.outputs, dirty),
        );
        let ((sources, mut writer), (outputs, others)) = (sources?, outputs?);
        writer.bytes.extend(others.bytes);
        let mut segments = Segments {
            pages: self.graph.pages,
            sources,
            outputs,
            ..Segments::default()
        };

        let spread = self.text_segments();
        let changed = Changed::of(spread, &before.texts, &dirty_sources, dirty.all);
        let mut lacking = None;
        let put_away = self.sources.iter().filter(|(key, source)| {
            let written = !self.texts.with_sources && changed.contains(key.as_str());
            written && source.effective.is_text() && is_put_away(key)
        });
        let held: BTreeMap<&SourceKey, Option<&Arc<str>>> = put_away
            .map(|(key, source)| {
                let held = source.effective.held();
                (key, held.or_else(|| self.texts.get(key.as_str())))
            })
            .collect();
        let texts = held.iter().filter_map(|(key, text)| match text {
            Some(text) => Some((key.as_str(), || (*key, &***text))),
            None => {
                lacking = Some(key.to_string());
                None
            }
        });
        segments.texts = writer.add(texts, &changed)?;
        if let Some(key) = lacking {
            return Err(StateError::Damaged(format!("no text of {key}")));
        }
        let mut texts = Texts::named(&segments.texts);
        for (index, segment) in texts.segments.iter_mut().enumerate() {
            segment.held = match changed.before(index) {
                Some(_) => self.texts.segments[index].held.clone(),
                None => {
                    let own = held
                        .iter()
                        .filter(|(key, _)| shard(key.as_str(), changed.spread) == index);
                    let own =
                        own.filter_map(|(key, text)| Some(((*key).clone(), (*text)?.clone())));
                    Some(Arc::new(own.collect()))
                }
            };
        }

        let site_texts = self.sources.iter().filter_map(|(key, source)| {
            let text = source.effective.held()?;
            (!is_put_away(key)).then_some((key, &**text))
        });
        let site_texts: Vec<(&SourceKey, &str)> = site_texts.collect();
        let bytes: usize = site_texts.iter().map(|(_, text)| text.len()).sum();
        let spread = shards(bytes, TEXT_BYTES_PER_SEGMENT, before.site_texts.len());
        let changed = Changed::of(spread, &before.site_texts, &dirty_sources, dirty.all);
        let site_texts = site_texts.into_iter();
        let site_texts = site_texts.map(|(key, text)| (key.as_str(), move || (key, text)));
        segments.site_texts = writer.add(site_texts, &changed)?;

        // Few and small: always made anew, under the same names where they are the same.
        let answers = self.answers.iter();
        let answers = answers.map(|(request, text)| (&*request.url, move || (request, &**text)));
        let bytes: usize = self.answers.values().map(|text| text.len()).sum();
        let spread = shards(bytes, TEXT_BYTES_PER_SEGMENT, before.answers.len());
        segments.answers = writer.add(answers, &Changed::of(spread, &[], &[], true))?;
        let album = self.album.pages_of(&self.sources);
        let pictures = album
            .iter()
            .map(|(key, page)| (key.as_str(), move || (key, page)));
        let spread = shards(album.len(), RECORDS_PER_SEGMENT, before.pictures.len());
        segments.pictures = writer.add(pictures, &Changed::of(spread, &[], &[], true))?;
        let records = &self.records;
        segments.records = records.encode(&before.records, dirty, &mut writer)?;
        Ok(Encoded {
            segments,
            bytes: writer.bytes,
            texts,
            lost: records.lost(),
        })
    }
}

impl State {
    fn encode_sources(
        &self,
        before: &[String],
        dirty: &[&str],
        all: bool,
    ) -> Result<(Vec<String>, Writer), StateError> {
        let records = self.sources.iter().map(|(key, source)| {
            let record = || SourceRecord {
                key: key.clone(),
                version: source.version.clone(),
                size: source.size,
                kind: match &source.effective {
                    Effective::Text(text) => RecordKind::Text(text.mark()),
                    Effective::Opaque => RecordKind::Opaque,
                    Effective::Absent => RecordKind::Absent,
                },
                problems: source.problems.clone(),
                head: source.head.clone(),
                body: self.graph.bodies.get(key.as_str()).cloned(),
            };
            (key.as_str(), record)
        });
        let spread = shards(self.sources.len(), RECORDS_PER_SEGMENT, before.len());
        let changed = Changed::of(spread, before, dirty, all);
        let mut writer = Writer::default();
        let names = writer.add(records, &changed)?;
        Ok((names, writer))
    }

    fn encode_outputs(
        &self,
        before: &[String],
        dirty: &Dirty,
    ) -> Result<(Vec<String>, Writer), StateError> {
        let records = self.outputs.iter().map(|(key, published)| {
            let record = move || (key, published, self.graph.outputs.get(key));
            (key.as_str(), record)
        });
        let spread = shards(self.outputs.len(), RECORDS_PER_SEGMENT, before.len());
        let keys: Vec<&str> = dirty.outputs.iter().map(OutputKey::as_str).collect();
        let changed = Changed::of(spread, before, &keys, dirty.all);
        let mut writer = Writer::default();
        let pack = |list| postcard::to_stdvec(&OutputSegment::of(list));
        let names = writer.add_packed(records, &changed, pack)?;
        Ok((names, writer))
    }
}

impl Texts {
    fn named(names: &[String]) -> Self {
        let segments = names.iter().map(|name| TextSegment {
            name: name.clone(),
            held: None,
        });
        Self {
            segments: segments.collect(),
            with_sources: false,
        }
    }

    /// Of a folder, whose files keep them.
    pub fn with_sources() -> Self {
        Self {
            segments: Vec::new(),
            with_sources: true,
        }
    }

    /// Lets go of what was read where it is more than a builder that stays should hold.
    fn bound(&mut self) {
        let held = self
            .segments
            .iter()
            .filter_map(|segment| segment.held.as_ref());
        let bytes: usize = held
            .flat_map(|held| held.values())
            .map(|text| text.len())
            .sum();
        if bytes > MAX_HELD_BYTES {
            for segment in &mut self.segments {
                segment.held = None;
            }
        }
    }

    /// A text, where it was read.
    pub fn get(&self, key: &str) -> Option<&Arc<str>> {
        let index = shard(key, self.segments.len());
        self.segments.get(index)?.held.as_ref()?.get(key)
    }

    /// Reads the texts of these sources, and those beside them.
    ///
    /// # Errors
    /// Storage failed, or a segment is missing or damaged.
    pub async fn read<'a>(
        &mut self,
        bucket: &Bucket,
        keys: impl IntoIterator<Item = &'a SourceKey>,
    ) -> Result<(), StateError> {
        let spread = self.segments.len();
        let wanted = keys.into_iter().map(|key| shard(key.as_str(), spread));
        self.read_segments(bucket, wanted.collect()).await
    }

    /// Reads all texts.
    ///
    /// # Errors
    /// Storage failed, or a segment is missing or damaged.
    pub async fn read_all(&mut self, bucket: &Bucket) -> Result<(), StateError> {
        let all = (0..self.segments.len()).collect();
        self.read_segments(bucket, all).await
    }

    async fn read_segments(
        &mut self,
        bucket: &Bucket,
        wanted: BTreeSet<usize>,
    ) -> Result<(), StateError> {
        let lacking = wanted.into_iter().filter(|index| {
            let segment = self.segments.get(*index);
            segment.is_some_and(|segment| segment.held.is_none() && !segment.name.is_empty())
        });
        let lacking: Vec<(usize, String)> = lacking
            .map(|index| (index, self.segments[index].name.clone()))
            .collect();
        let read = lacking.into_iter().map(|(index, name)| async move {
            let packed = get(bucket, &name).await?;
            Ok::<_, StateError>((index, name, packed))
        });
        let read: Vec<_> = iter(read).buffer_unordered(PARALLEL).try_collect().await?;
        let opened: Vec<_> = read
            .into_par_iter()
            .map(|(index, name, packed)| {
                let texts: Vec<(SourceKey, String)> = unpack(&name, &packed)?;
                let texts = texts.into_iter().map(|(key, text)| (key, text.into()));
                Ok::<_, StateError>((index, Arc::new(texts.collect())))
            })
            .collect::<Result<_, _>>()?;
        for (index, held) in opened {
            self.segments[index].held = Some(held);
        }
        Ok(())
    }
}

/// Which segment of `spread` a key falls into.
fn shard(key: &str, spread: usize) -> usize {
    if spread < 2 {
        return 0;
    }
    crc32fast::hash(key.as_bytes()) as usize % spread
}

/// How many segments a commit writes anew, about: `changed` are the sources with another text.
pub fn segments_written(before: &Segments, dirty: &Dirty, changed: &BTreeSet<SourceKey>) -> u64 {
    let spread = |names: &[String], keys: &mut dyn Iterator<Item = &str>| {
        let shards: BTreeSet<usize> = keys.map(|key| shard(key, names.len())).collect();
        shards.len() as u64
    };
    let texts = changed.iter().filter(|key| key.is_text());
    let (away, here): (Vec<&SourceKey>, Vec<&SourceKey>) = texts.partition(|key| is_put_away(key));
    spread(
        &before.sources,
        &mut dirty.sources.iter().map(SourceKey::as_str),
    ) + spread(
        &before.outputs,
        &mut dirty.outputs.iter().map(OutputKey::as_str),
    ) + spread(&before.texts, &mut away.into_iter().map(SourceKey::as_str))
        + spread(
            &before.site_texts,
            &mut here.into_iter().map(SourceKey::as_str),
        )
        + spread(
            &before.records,
            &mut dirty.records.iter().map(SourceKey::as_str),
        )
}

/// How many segments `amount` is spread over: a power of two, so that keys rarely move, and as many
/// as before unless that has become far too few or too many.
fn shards(amount: usize, per_segment: usize, before: usize) -> usize {
    if amount == 0 {
        return 0;
    }
    let fitting = amount
        .div_ceil(per_segment)
        .next_power_of_two()
        .min(MAX_SEGMENTS);
    let still_fits = fitting <= 2 * before && before <= 4 * fitting;
    if before > 0 && still_fits {
        before
    } else {
        fitting
    }
}

/// Which segments of a kind are made anew, and what the others are called.
struct Changed<'a> {
    spread: usize,
    before: &'a [String],
    dirty: BTreeSet<usize>,
}

impl<'a> Changed<'a> {
    fn of(spread: usize, before: &'a [String], dirty: &[&str], all: bool) -> Self {
        let dirty = match all || before.len() != spread {
            true => (0..spread).collect(),
            false => dirty.iter().map(|key| shard(key, spread)).collect(),
        };
        Self {
            spread,
            before,
            dirty,
        }
    }

    fn contains(&self, key: &str) -> bool {
        self.dirty.contains(&shard(key, self.spread))
    }

    /// The name that a segment keeps.
    fn before(&self, index: usize) -> Option<&'a String> {
        if self.dirty.contains(&index) {
            return None;
        }
        self.before.get(index)
    }
}

#[derive(Default)]
struct Writer {
    bytes: BTreeMap<String, Vec<u8>>,
}

impl Writer {
    /// Packs the segments that have changed; returns the names of all. One without records has no
    /// name.
    fn add<'a, T: Serialize + Send>(
        &mut self,
        records: impl IntoIterator<Item = (&'a str, impl FnOnce() -> T)>,
        changed: &Changed<'_>,
    ) -> Result<Vec<String>, StateError> {
        self.add_packed(records, changed, |list| postcard::to_stdvec(&list))
    }

    /// The same, where the records of a segment are put together otherwise than one by one.
    fn add_packed<'a, T: Send>(
        &mut self,
        records: impl IntoIterator<Item = (&'a str, impl FnOnce() -> T)>,
        changed: &Changed<'_>,
        pack: impl Fn(Vec<T>) -> postcard::Result<Vec<u8>> + Sync,
    ) -> Result<Vec<String>, StateError> {
        let mut lists: BTreeMap<usize, Vec<T>> = BTreeMap::new();
        let nothing = changed.dirty.is_empty();
        for (key, record) in records {
            if nothing {
                break;
            }
            let index = shard(key, changed.spread);
            if changed.dirty.contains(&index) {
                lists.entry(index).or_default().push(record());
            }
        }
        let packed: BTreeMap<usize, (String, Vec<u8>)> = lists
            .into_par_iter()
            .map(|(index, list)| {
                let damaged =
                    |error: &dyn std::error::Error| StateError::Damaged(error.to_string());
                let plain = pack(list).map_err(|error| damaged(&error))?;
                let packed =
                    zstd::bulk::compress(&plain, ZSTD_LEVEL).map_err(|error| damaged(&error))?;
                Ok::<_, StateError>((index, (Fingerprint::of(&packed).hex(), packed)))
            })
            .collect::<Result<_, _>>()?;
        let mut names = Vec::with_capacity(changed.spread);
        for index in 0..changed.spread {
            let kept = changed.before(index).cloned();
            let made = packed.get(&index).map(|(name, _)| name.clone());
            names.push(made.or(kept).unwrap_or_default());
        }
        self.bytes.extend(packed.into_values());
        Ok(names)
    }
}

impl Encoded {
    /// The segments to be written, where those in `known` are there.
    pub fn news<'a>(
        &'a self,
        known: &'a BTreeSet<&String>,
    ) -> impl Iterator<Item = (&'a String, &'a Vec<u8>)> {
        let is_there = |name: &String| known.contains(name) && !self.lost.contains(name);
        self.bytes.iter().filter(move |(name, _)| !is_there(name))
    }

    /// Writes the segments that are not in `known`; `id` is that of the write, never used before.
    /// Returns how many bytes that were.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn write(
        &self,
        bucket: &Bucket,
        known: &BTreeSet<&String>,
        id: &str,
    ) -> Result<u64, StateError> {
        let new: Vec<(&String, Vec<u8>)> = self
            .news(known)
            .map(|(name, bytes)| (name, stamped(bytes, id)))
            .collect();
        let attributes = Attributes {
            content_type: "application/zstd".into(),
            cache_control: "no-store".into(),
            ..Attributes::default()
        };
        let put = |(name, bytes): (&String, Vec<u8>)| {
            let (key, attributes) = (format!("{FOLDER}{name}"), attributes.clone());
            async move {
                bucket
                    .put(&key, &bytes, &attributes, &Condition::Always)
                    .await
            }
        };
        let total = new.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        iter(new.into_iter().map(put))
            .buffer_unordered(PARALLEL)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(total)
    }
}

/// A skippable frame (RFC 8878, section 3.1.2) with `id` behind the packed bytes.
fn stamped(packed: &[u8], id: &str) -> Vec<u8> {
    const MAGIC: u32 = 0x184D_2A50;
    let length = u32::try_from(id.len()).unwrap_or(u32::MAX);
    let id = &id.as_bytes()[..length as usize];
    [packed, &MAGIC.to_le_bytes(), &length.to_le_bytes(), id].concat()
}

async fn get(bucket: &Bucket, name: &str) -> Result<Vec<u8>, StateError> {
    let missing = || StateError::Damaged(format!("{FOLDER}{name} is missing"));
    let got = bucket
        .get(&format!("{FOLDER}{name}"), MAX_SEGMENT_BYTES)
        .await?
        .ok_or_else(missing)?;
    got.bytes.ok_or_else(missing)
}

fn unpack<T: DeserializeOwned>(name: &str, packed: &[u8]) -> Result<T, StateError> {
    Unpacker::default().unpack(name, packed)
}

/// Unpacks one segment after another in the same memory.
#[derive(Default)]
struct Unpacker {
    zstd: zstd::bulk::Decompressor<'static>,
    plain: Vec<u8>,
}

impl Unpacker {
    fn unpack<T: DeserializeOwned>(&mut self, name: &str, packed: &[u8]) -> Result<T, StateError> {
        let damaged =
            |error: &dyn std::error::Error| StateError::Damaged(format!("{name}: {error}"));
        self.decompress(packed).map_err(|error| damaged(&error))?;
        postcard::from_bytes::<T>(&self.plain).map_err(|error| damaged(&error))
    }

    /// At once, where the segment says how much it holds and that can be believed.
    fn decompress(&mut self, packed: &[u8]) -> std::io::Result<()> {
        self.plain.clear();
        match zstd::zstd_safe::get_frame_content_size(packed) {
            Ok(Some(size)) if size <= MAX_BELIEVED_BYTES => {
                self.plain.reserve(size as usize);
                self.zstd.decompress_to_buffer(packed, &mut self.plain)?;
            }
            _ => self.plain = zstd::decode_all(packed)?,
        }
        Ok(())
    }
}

/// The bytes of a segment.
fn at_hand<'a>(
    name: &str,
    packed: &'a BTreeMap<String, Vec<u8>>,
) -> Result<&'a Vec<u8>, StateError> {
    let missing = || StateError::Damaged(format!("{FOLDER}{name} is missing"));
    packed.get(name).ok_or_else(missing)
}

type Outputs = Vec<(OutputKey, Published, Option<Arc<OutputTrace>>)>;

fn unpack_outputs(
    names: &[String],
    packed: &BTreeMap<String, Vec<u8>>,
) -> Result<Vec<Outputs>, StateError> {
    let named: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
    named
        .into_par_iter()
        .map_init(Unpacker::default, |unpacker, name| {
            let segment: OutputSegment = unpacker.unpack(name, at_hand(name, packed)?)?;
            let lacking = || StateError::Damaged(format!("{FOLDER}{name} lacks a question"));
            segment.into_outputs().ok_or_else(lacking)
        })
        .collect()
}

fn unpack_all<T: DeserializeOwned + Send>(
    names: &[String],
    packed: &BTreeMap<String, Vec<u8>>,
) -> Result<Vec<Vec<T>>, StateError> {
    let named: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
    named
        .into_par_iter()
        .map_init(Unpacker::default, |unpacker, name| {
            unpacker.unpack(name, at_hand(name, packed)?)
        })
        .collect()
}

type Bodies = BTreeMap<SourceKey, Arc<BodyFacts>>;
type SourceAndBody = (SourceKey, Arc<Source>, Option<Arc<BodyFacts>>);

/// The sources, and what is known of their bodies.
fn unpack_sources(
    names: &[String],
    packed: &BTreeMap<String, Vec<u8>>,
    texts: &BTreeMap<SourceKey, Arc<str>>,
) -> Result<(Sources, Bodies), StateError> {
    let named: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
    let lists: Vec<Vec<SourceAndBody>> = named
        .into_par_iter()
        .map_init(Unpacker::default, |unpacker, name| {
            let records: Vec<SourceRecord> = unpacker.unpack(name, at_hand(name, packed)?)?;
            let records = records.into_iter();
            records.map(|record| source_of(record, texts)).collect()
        })
        .collect::<Result<_, StateError>>()?;
    let mut all: Vec<SourceAndBody> = lists.into_iter().flatten().collect();
    // Once for both maps.
    all.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    let bodies = all.iter();
    let bodies = bodies.filter_map(|(key, _, body)| Some((key.clone(), body.clone()?)));
    let bodies = bodies.collect();
    let sources = all.into_iter().map(|(key, source, _)| (key, source));
    Ok((sources.collect(), bodies))
}

fn source_of(
    record: SourceRecord,
    texts: &BTreeMap<SourceKey, Arc<str>>,
) -> Result<SourceAndBody, StateError> {
    let effective = match record.kind {
        RecordKind::Opaque => Effective::Opaque,
        RecordKind::Absent => Effective::Absent,
        RecordKind::Text(mark) => match texts.get(&record.key) {
            Some(text) => Effective::Text(Text::new(text.clone())),
            None if is_put_away(&record.key) => Effective::Text(Text::elsewhere(mark)),
            None => return Err(StateError::Damaged(format!("no text of {}", record.key))),
        },
    };
    let SourceRecord {
        key,
        version,
        size,
        problems,
        head,
        body,
        ..
    } = record;
    let source = Source {
        version,
        size,
        effective,
        problems,
        head,
    };
    Ok((key, Arc::new(source), body))
}

/// The state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is there is not what was written.
    #[error("the state is damaged: {0}; move root.json away to build everything anew")]
    Damaged(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_records_written_twice_are_read_alike_and_are_other_bytes() {
        let records = vec![(SourceKey::from("a.md"), "text".to_owned())];
        let plain = postcard::to_stdvec(&records).unwrap();
        let packed = zstd::encode_all(&plain[..], ZSTD_LEVEL).unwrap();
        let [one, other] = ["id1", "id2"].map(|id| stamped(&packed, id));
        assert_ne!(one, other);
        for bytes in [packed, one, other] {
            let read: Vec<(SourceKey, String)> = unpack("name", &bytes).unwrap();
            assert_eq!(read, records);
        }
    }
}
