//! The state under the root: what the sources are, what is published and what it was made from, in
//! compressed [`segments`].
//!
//! Texts of content and data files are [segments of their own](texts), and so are the [`records`] of
//! the search index: a build that changes little reads little.

mod encoding;
mod records;
mod segments;
mod texts;
pub use records::StoredRecords;
pub use segments::{Encoded, FOLDER, Packed};
pub use texts::Texts;

use super::root::{FORMAT, Segments};
use super::store::{Bucket, StoreError};
use encoding::{unpack_outputs, unpack_pictures, unpack_sources};
use futures::stream::{StreamExt, TryStreamExt, iter};
use itertools::{EitherOrBoth, Itertools};
use quillfront_render::evaluate::Album;
use quillfront_render::graph::Graph;
use quillfront_render::remote::Request;
use quillfront_render::search::Records;
use quillfront_site::key::{OutputKey, Role, SourceKey};
use quillfront_site::object::ObjectFingerprint;
use quillfront_site::plan::Rank;
use quillfront_site::source::{Source, Sources};
use segments::{
    PARALLEL, RECORDS_PER_SEGMENT, SegmentChanges, TEXT_BYTES_PER_SEGMENT, get, shard, shards,
    unpack_all,
};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The state.
#[derive(Clone, Default)]
pub struct State {
    /// The sources as last seen.
    pub sources: Arc<Sources>,
    /// What is in the site bucket.
    pub outputs: Arc<BTreeMap<OutputKey, PublishedObject>>,
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
pub struct PublishedObject {
    /// None where it is not known what is there.
    pub fingerprint: Option<ObjectFingerprint>,
    /// Its ETag.
    pub etag: SmolStr,
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

/// The first format that says which content was accepted.
const FORMAT_OF_ACCEPTANCE: u32 = 6;

/// True for texts that are read only when something of them is rendered.
fn is_put_away(key: &SourceKey) -> bool {
    matches!(key.role(), Role::Content | Role::Data)
}

/// Takes content as accepted that has an output of its own, where older formats do not say what was. The rest
/// waits, and is tried by the next build.
fn accept_what_is_published(sources: &mut Sources, outputs: &BTreeMap<OutputKey, PublishedObject>) {
    let own = outputs.values();
    let own = own.filter(|output| matches!(output.rank, Rank::Page | Rank::Section));
    let own: BTreeSet<&SourceKey> = own.map(|output| &output.source).collect();
    let waits = |(key, source): &(&SourceKey, &Arc<Source>)| {
        let is_content = key.role() == Role::Content && source.effective.is_text();
        is_content && !own.contains(key)
    };
    let waiting = sources.iter().filter(waits);
    let waiting: Vec<SourceKey> = waiting.map(|(key, _)| key.clone()).collect();
    for key in waiting {
        sources.reject(&key, None, &[]);
    }
}

impl State {
    /// Reads the segments of a format, but for the texts that are put away.
    ///
    /// # Errors
    /// Storage failed, or a segment is missing or damaged.
    pub async fn read(
        bucket: &Bucket,
        segments: &Segments,
        format: u32,
    ) -> Result<Self, StateError> {
        let names = segments.all_but_texts();
        let read = names.map(|name| async move {
            let packed = get(bucket, name).await?;
            Ok::<_, StateError>((name.clone(), packed))
        });
        let packed: BTreeMap<String, Vec<u8>> =
            iter(read).buffer_unordered(PARALLEL).try_collect().await?;
        Self::decode_telling(segments, format, &packed, |_| ())
    }

    /// The state that segments of the current format hold, but for the texts that are put away.
    ///
    /// # Errors
    /// A segment is missing or damaged.
    pub fn decode(segments: &Segments, packed: &dyn Packed) -> Result<Self, StateError> {
        Self::decode_telling(segments, FORMAT, packed, |_| ())
    }

    /// The same of any format; `tell` gets what is published as soon as that is known.
    ///
    /// # Errors
    /// A segment is missing or damaged.
    pub fn decode_telling(
        segments: &Segments,
        format: u32,
        packed: &dyn Packed,
        tell: impl FnOnce(&Arc<BTreeMap<OutputKey, PublishedObject>>) + Send,
    ) -> Result<Self, StateError> {
        let texts = unpack_all::<(SourceKey, String)>(&segments.site_texts, packed)?;
        let answers = unpack_all::<(Request, String)>(&segments.answers, packed)?;
        let album = unpack_pictures(&segments.pictures, format, packed)?;
        let texts = texts.into_iter().flatten();
        let texts: BTreeMap<SourceKey, Arc<str>> =
            texts.map(|(key, text)| (key, text.into())).collect();
        let (outputs, sources) = rayon::join(
            || {
                let mut outputs = unpack_outputs(&segments.outputs, format, packed)?;
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
            || unpack_sources(&segments.sources, format, packed, &texts),
        );
        let ((published, traces), (sources, bodies)) = (outputs?, sources?);
        let graph = Graph {
            pages: segments.pages,
            bodies,
            outputs: traces,
        };
        let answers = answers.into_iter().flatten();
        let mut sources = sources;
        if format < FORMAT_OF_ACCEPTANCE {
            accept_what_is_published(&mut sources, &published);
        }
        Ok(Self {
            sources: Arc::new(sources),
            outputs: published,
            graph: Arc::new(graph),
            answers: answers
                .map(|(request, text)| (request, text.into()))
                .collect(),
            album: Album::of(album),
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
        let bytes: u64 = texts.map(|(_, source)| source.size + 1).sum();
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
        let changed = SegmentChanges::of(spread, &before.texts, &dirty_sources, dirty.all);
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
                Some(_) => self
                    .texts
                    .segments
                    .get(index)
                    .and_then(|own| own.held.clone()),
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
        let bytes: usize = site_texts.iter().map(|(_, text)| text.len() + 1).sum();
        let spread = shards(bytes, TEXT_BYTES_PER_SEGMENT, before.site_texts.len());
        let changed = SegmentChanges::of(spread, &before.site_texts, &dirty_sources, dirty.all);
        let site_texts = site_texts.into_iter();
        let site_texts = site_texts.map(|(key, text)| (key.as_str(), move || (key, text)));
        segments.site_texts = writer.add(site_texts, &changed)?;

        // Few and small: always made anew, under the same names where they are the same.
        let answers = self.answers.iter();
        let answers = answers.map(|(request, text)| (&*request.url, move || (request, &**text)));
        let bytes: usize = self.answers.values().map(|text| text.len() + 1).sum();
        let spread = shards(bytes, TEXT_BYTES_PER_SEGMENT, before.answers.len());
        segments.answers = writer.add(answers, &SegmentChanges::of(spread, &[], &[], true))?;
        let album = self.album.pages_of(&self.sources);
        let pictures = album
            .iter()
            .map(|(key, page)| (key.as_str(), move || (key, page)));
        let spread = shards(album.len(), RECORDS_PER_SEGMENT, before.pictures.len());
        segments.pictures = writer.add(pictures, &SegmentChanges::of(spread, &[], &[], true))?;
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

/// The state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is there is not what was written.
    #[error("the state is damaged: {0}; move root.json away to rebuild everything")]
    Damaged(String),
}
