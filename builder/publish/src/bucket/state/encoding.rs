//! Sources and outputs as they stand in segments.

mod older;

use super::segments::{
    FOLDER, Packed, RECORDS_PER_SEGMENT, SegmentChanges, Unpacker, Writer, shards, unpack_all,
};
use super::{Dirty, PublishedObject, State, StateError, is_put_away};
use jiff::Timestamp;
use quillfront_policy::Facts;
use quillfront_render::evaluate::Page;
use quillfront_render::graph::{BodyFacts, OutputTrace, PictureUse, Question};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::fingerprint::Mark;
use quillfront_site::front_matter::head::Head;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::source::{Effective, Source, Sources, Text};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

/// The first format of segments of sources and outputs as they are written now.
const FORMAT_OF_FACTS: u32 = 7;
/// The same of pictures.
const FORMAT_OF_METADATA: u32 = 9;
/// The last format whose pictures can be read. Those of older ones are measured again.
const FORMAT_OF_MEASURES: u32 = 8;

#[derive(Serialize, Deserialize)]
struct SourceRecord {
    key: SourceKey,
    version: SmolStr,
    size: u64,
    kind: RecordKind,
    problems: Vec<Diagnostic>,
    head: Option<Arc<Head>>,
    /// Seconds of Unix time.
    since: Option<i64>,
    lacks: Vec<SmolStr>,
    body: Option<Arc<BodyFacts>>,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
enum RecordKind {
    /// A text that is in the segments of the site's own.
    Text(Mark),
    /// A text that is put away.
    Away(Mark),
    Opaque,
    Absent,
}

#[derive(Serialize, Deserialize)]
struct OutputRecord {
    key: OutputKey,
    published: PublishedObject,
    trace: Option<TraceRecord>,
}

#[derive(Serialize, Deserialize)]
struct TraceRecord {
    trace: Mark,
    /// Which of the segment's lists of questions.
    asked: u32,
    pictures: Vec<PictureUse>,
    /// Which of the segment's pages.
    page: Option<u32>,
}

/// A segment of outputs. What they ask for is in it once: most ask alike.
#[derive(Default, Serialize, Deserialize)]
struct OutputSegment {
    questions: Vec<Arc<Question>>,
    /// Lists of questions, by their places.
    lists: Vec<Vec<u32>>,
    /// What pages run and load. Most of one template are alike.
    pages: Vec<Arc<Facts>>,
    outputs: Vec<OutputRecord>,
}

/// What stands in a table once, by its place.
struct Places<T> {
    all: Vec<T>,
    known: HashMap<T, u32>,
}

impl<T: Clone + Eq + Hash> Places<T> {
    fn new() -> Self {
        Self {
            all: Vec::new(),
            known: HashMap::new(),
        }
    }

    fn of(&mut self, one: T) -> u32 {
        *self.known.entry(one).or_insert_with_key(|one| {
            self.all.push(one.clone());
            self.all.len() as u32 - 1
        })
    }
}

impl OutputSegment {
    fn of(outputs: Vec<(&OutputKey, &PublishedObject, Option<&Arc<OutputTrace>>)>) -> Self {
        let mut questions = Places::new();
        let mut lists = Places::new();
        let mut pages = Places::new();
        let mut traced = |trace: &Arc<OutputTrace>| {
            let asked = trace.asked.iter();
            let asked = asked.map(|question| questions.of(question.clone()));
            TraceRecord {
                trace: trace.trace,
                asked: lists.of(asked.collect::<Vec<u32>>()),
                pictures: trace.pictures.clone(),
                page: trace.page.as_ref().map(|page| pages.of(page.clone())),
            }
        };
        let outputs = outputs.into_iter();
        let outputs = outputs.map(|(key, published, trace)| OutputRecord {
            key: key.clone(),
            published: published.clone(),
            trace: trace.map(&mut traced),
        });
        Self {
            outputs: outputs.collect(),
            questions: questions.all,
            lists: lists.all,
            pages: pages.all,
        }
    }

    /// The outputs; none where one asks for what is not there.
    fn into_outputs(self) -> Option<Outputs> {
        let question = |place: &u32| self.questions.get(*place as usize).cloned();
        let list = |list: &Vec<u32>| list.iter().map(question).collect::<Option<Arc<[_]>>>();
        let lists = self.lists.iter().map(list).collect::<Option<Vec<_>>>()?;
        let traced = |record: TraceRecord| {
            let page = match record.page {
                Some(place) => Some(self.pages.get(place as usize)?.clone()),
                None => None,
            };
            Some(Arc::new(OutputTrace {
                trace: record.trace,
                asked: lists.get(record.asked as usize)?.clone(),
                pictures: record.pictures,
                page,
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

pub(super) type Outputs = Vec<(OutputKey, PublishedObject, Option<Arc<OutputTrace>>)>;

pub(super) fn unpack_outputs(
    names: &[String],
    format: u32,
    packed: &dyn Packed,
) -> Result<Outputs, StateError> {
    let named: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
    let parts: Vec<Outputs> = named
        .into_par_iter()
        .map_init(Unpacker::default, |unpacker, name| {
            if format < FORMAT_OF_FACTS {
                let segment: older::OutputSegment6 = unpacker.unpack_named(name, packed)?;
                return Ok(segment.into_outputs());
            }
            let segment: OutputSegment = unpacker.unpack_named(name, packed)?;
            let lacking = || StateError::Damaged(format!("{FOLDER}{name} lacks a question"));
            segment.into_outputs().ok_or_else(lacking)
        })
        .collect::<Result<_, StateError>>()?;
    let mut all = together(parts);
    all.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    Ok(all)
}

/// The parts one after another, in memory of the right size.
fn together<T>(parts: Vec<Vec<T>>) -> Vec<T> {
    let mut all = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    all.extend(parts.into_iter().flatten());
    all
}

/// What is known of pictures.
pub(super) fn unpack_pictures(
    names: &[String],
    format: u32,
    packed: &dyn Packed,
) -> Result<Vec<(SourceKey, Page)>, StateError> {
    Ok(match format {
        FORMAT_OF_METADATA.. => together(unpack_all(names, packed)?),
        FORMAT_OF_MEASURES => {
            let pictures = together(unpack_all::<older::Picture8>(names, packed)?);
            pictures
                .into_iter()
                .map(older::Picture8::into_page)
                .collect()
        }
        _ => Vec::new(),
    })
}

pub(super) type Bodies = BTreeMap<SourceKey, Arc<BodyFacts>>;
type SourceAndBody = (SourceKey, Arc<Source>, Option<Arc<BodyFacts>>);

/// The sources, and what is known of their bodies.
pub(super) fn unpack_sources(
    names: &[String],
    format: u32,
    packed: &dyn Packed,
    texts: &BTreeMap<SourceKey, Arc<str>>,
) -> Result<(Sources, Bodies), StateError> {
    let named: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
    let lists: Vec<Vec<SourceAndBody>> = named
        .into_par_iter()
        .map_init(Unpacker::default, |unpacker, name| {
            let records: Vec<SourceRecord> = match format {
                FORMAT_OF_FACTS.. => unpacker.unpack_named(name, packed)?,
                6 => {
                    let records: Vec<older::SourceRecord6> = unpacker.unpack_named(name, packed)?;
                    records.into_iter().map(SourceRecord::from).collect()
                }
                _ => {
                    let records: Vec<older::SourceRecord5> = unpacker.unpack_named(name, packed)?;
                    records.into_iter().map(SourceRecord::from).collect()
                }
            };
            let records = records.into_iter();
            records.map(|record| source_of(record, texts)).collect()
        })
        .collect::<Result<_, StateError>>()?;
    let mut all: Vec<SourceAndBody> = together(lists);
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
        RecordKind::Away(mark) => Effective::Text(Text::elsewhere(mark)),
        RecordKind::Text(_) => match texts.get(&record.key) {
            Some(text) => Effective::Text(Text::new(text.clone())),
            None => return Err(StateError::Damaged(format!("no text of {}", record.key))),
        },
    };
    let SourceRecord {
        key,
        version,
        size,
        problems,
        head,
        since,
        lacks,
        body,
        ..
    } = record;
    let source = Source {
        version,
        size,
        effective,
        problems,
        head,
        since: since.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        lacks,
    };
    Ok((key, Arc::new(source), body))
}

impl State {
    pub(super) fn encode_sources(
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
                    Effective::Text(text) if is_put_away(key) => RecordKind::Away(text.mark()),
                    Effective::Text(text) => RecordKind::Text(text.mark()),
                    Effective::Opaque => RecordKind::Opaque,
                    Effective::Absent => RecordKind::Absent,
                },
                problems: source.problems.clone(),
                head: source.head.clone(),
                since: source.since.map(Timestamp::as_second),
                lacks: source.lacks.clone(),
                body: self.graph.bodies.get(key.as_str()).cloned(),
            };
            (key.as_str(), record)
        });
        let spread = shards(self.sources.len(), RECORDS_PER_SEGMENT, before.len());
        let changed = SegmentChanges::of(spread, before, dirty, all);
        let mut writer = Writer::default();
        let names = writer.add(records, &changed)?;
        Ok((names, writer))
    }

    pub(super) fn encode_outputs(
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
        let changed = SegmentChanges::of(spread, before, &keys, dirty.all);
        let mut writer = Writer::default();
        let pack = |list| postcard::to_stdvec(&OutputSegment::of(list));
        let names = writer.add_packed(records, &changed, pack)?;
        Ok((names, writer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::root::{OLDEST_FORMAT, Segments};
    use quillfront_image_urls::Version;
    use quillfront_images::{Format, Probe};
    use quillfront_render::render::world::{Measure, MeasureResult};
    use quillfront_site::fingerprint::Fingerprint;
    use quillfront_site::key::Role;

    /// A state of the format before: two posts, and an output of the first.
    #[test]
    fn content_of_an_older_format_is_accepted_where_it_is_published() {
        let record = |key: &str| older::SourceRecord5::of_text(key, Mark::of(b"text"));
        let keys = ["content/a.md", "content/b.md"];
        let changed = SegmentChanges::of(1, &[], &[], true);
        let mut writer = Writer::default();
        let records = keys.map(|key| (key, move || record(key)));
        let sources = writer.add(records, &changed).expect("segments");
        let outputs = [("a/index.html", || ())];
        let own = || older::OutputSegment6::of_page("a/index.html", keys[0]);
        let outputs =
            writer.add_packed(outputs, &changed, |_: Vec<()>| postcard::to_stdvec(&own()));
        let segments = Segments {
            sources,
            outputs: outputs.expect("segments"),
            ..Segments::default()
        };
        let read = State::decode_telling(&segments, OLDEST_FORMAT, &writer.bytes, |_| ());
        let state = read.expect("a state");
        let waits = |key: &str| state.sources.get(key).map(|source| source.is_waiting());
        assert_eq!(keys.map(waits), [Some(false), Some(true)]);
        assert!(
            keys.iter()
                .all(|key| SourceKey::from(*key).role() == Role::Content)
        );
        let again = state.sources.to_retry([].into_iter());
        assert_eq!(
            again.into_iter().collect::<Vec<_>>(),
            [SourceKey::from(keys[1])]
        );
        // It is not taken for one of this format.
        assert!(State::decode(&segments, &writer.bytes).is_err());
    }

    #[test]
    fn pictures_of_an_older_format_are_not_measured_again() {
        let probe = |width| Probe {
            format: Format::Png,
            width,
            height: 2,
            description: None,
            created: None,
        };
        let measure = Measure {
            probe: probe(3),
            content: Fingerprint::of(b"a"),
            version: Version::of(b"a"),
            is_animated: false,
        };
        let changed = SegmentChanges::of(1, &[], &[], true);
        let mut writer = Writer::default();
        let measured: MeasureResult = Ok(measure.clone());
        let picture = ("static/a.png", ("1".to_owned(), measured));
        let pictures = [("static/a.png", || picture.clone())];
        let names = writer.add(pictures, &changed).expect("segments");
        let page = Page {
            version: "1".to_owned(),
            measure: Some(measure),
            metadata: None,
        };
        let read = unpack_pictures(&names, 8, &writer.bytes).expect("pictures");
        assert_eq!(read, [(SourceKey::from("static/a.png"), page)]);
        assert_eq!(unpack_pictures(&names, 7, &writer.bytes).expect("none"), []);
    }
}
