//! Segments of older formats. What a build of those noted is not gone by, so what is known of bodies and
//! outputs is read and passed over: only which sources there are and what is published counts.

use super::{Outputs, RecordKind, SourceRecord};
use crate::bucket::state::PublishedObject;
use quillfront_markdown::InternalLink;
use quillfront_render::evaluate::Page;
use quillfront_render::graph::{PictureUse, Question, TextQuestion};
use quillfront_render::render::world::MeasureResult;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::fingerprint::{Fingerprint, Mark};
use quillfront_site::front_matter::head::Head;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::plan::Rank;
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;
use smol_str::SmolStr;
use std::sync::Arc;

#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct SourceRecord5 {
    key: SourceKey,
    version: SmolStr,
    size: u64,
    kind: RecordKind,
    problems: Vec<Diagnostic>,
    head: Option<Arc<Head>>,
    #[serde(rename = "body")]
    _body: Option<Body6>,
}

#[derive(Deserialize)]
pub(super) struct SourceRecord6 {
    key: SourceKey,
    version: SmolStr,
    size: u64,
    kind: RecordKind,
    problems: Vec<Diagnostic>,
    head: Option<Arc<Head>>,
    since: Option<i64>,
    lacks: Vec<SmolStr>,
    #[serde(rename = "body")]
    _body: Option<Body6>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct Body6 {
    _trace: Mark,
    _templated: bool,
    _asked: Vec<TextQuestion>,
    _html: Mark,
    _summary: Option<Mark>,
    _toc: Option<Mark>,
    _links: Vec<InternalLink>,
    _warnings: Vec<Diagnostic>,
    _pictures: Vec<PictureUse>,
}

impl From<SourceRecord5> for SourceRecord {
    fn from(record: SourceRecord5) -> Self {
        let SourceRecord5 {
            key,
            version,
            size,
            kind,
            problems,
            head,
            _body: _,
        } = record;
        Self {
            key,
            version,
            size,
            kind,
            problems,
            head,
            since: None,
            lacks: Vec::new(),
            body: None,
        }
    }
}

impl From<SourceRecord6> for SourceRecord {
    fn from(record: SourceRecord6) -> Self {
        let SourceRecord6 {
            key,
            version,
            size,
            kind,
            problems,
            head,
            since,
            lacks,
            _body: _,
        } = record;
        Self {
            key,
            version,
            size,
            kind,
            problems,
            head,
            since,
            lacks,
            body: None,
        }
    }
}

/// A picture of format 8: nothing is known of its metadata.
#[derive(Deserialize)]
pub(super) struct Picture8(SourceKey, (String, MeasureResult));

impl Picture8 {
    pub(super) fn into_page(self) -> (SourceKey, Page) {
        let Self(key, (version, measured)) = self;
        let page = Page {
            version,
            measure: measured.ok(),
            metadata: None,
        };
        (key, page)
    }
}

/// The outputs of formats 5 and 6.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct OutputSegment6 {
    _questions: Vec<Question>,
    _lists: Vec<Vec<u32>>,
    outputs: Vec<OutputRecord6>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct OutputRecord6 {
    key: OutputKey,
    published: Published6,
    _trace: Option<TraceRecord6>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct Published6 {
    /// Of bytes and headers in one: which of them is another cannot be said.
    _fingerprint: Option<Fingerprint>,
    etag: SmolStr,
    source: SourceKey,
    rank: Rank,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct TraceRecord6 {
    _trace: Mark,
    _asked: u32,
    _pictures: Vec<PictureUse>,
}

impl OutputSegment6 {
    pub(super) fn into_outputs(self) -> Outputs {
        let outputs = self.outputs.into_iter().map(|record| {
            let Published6 {
                etag, source, rank, ..
            } = record.published;
            let published = PublishedObject {
                fingerprint: None,
                etag,
                source,
                rank,
            };
            (record.key, published, None)
        });
        outputs.collect()
    }
}

#[cfg(test)]
impl SourceRecord5 {
    pub(super) fn of_text(key: &str, mark: Mark) -> Self {
        Self {
            key: key.into(),
            version: "1".into(),
            size: 4,
            kind: RecordKind::Away(mark),
            problems: Vec::new(),
            head: None,
            _body: None,
        }
    }
}

#[cfg(test)]
impl OutputSegment6 {
    pub(super) fn of_page(key: &str, source: &str) -> Self {
        Self {
            _questions: Vec::new(),
            _lists: Vec::new(),
            outputs: vec![OutputRecord6 {
                key: key.into(),
                published: Published6 {
                    _fingerprint: Some(Fingerprint::of(b"page")),
                    etag: "1".into(),
                    source: source.into(),
                    rank: Rank::Page,
                },
                _trace: None,
            }],
        }
    }
}
