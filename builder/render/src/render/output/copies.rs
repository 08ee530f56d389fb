//! Files that are published as they are.

use super::super::RenderError;
use super::super::originals;
use super::super::provenance;
use super::super::world::{Needs, Pictures, World};
use super::RenderedOutput;
use crate::graph::OutputTrace;
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::{Body, Object, Treatment};
use quillfront_site::source::{Effective, Sources};
use std::borrow::Cow;
use std::sync::Arc;

/// A file as it is, or a picture without what it tells. Where it is a page, and its policy is asked for, its text is read.
pub(super) fn copied(
    world: &World,
    key: &OutputKey,
    source: &SourceKey,
) -> Result<RenderedOutput, RenderError> {
    let object = copy(&world.sources, key, source);
    let object = object.map(|object| originals::treated(world, source, object));
    let mut made = RenderedOutput {
        object: object.transpose()?,
        pictures: Pictures::new(),
        page: None,
        trace: None,
        records: Vec::new(),
    };
    if made.object.is_none() || world.own.security.is_none() || !provenance::is_page(key.as_str()) {
        return Ok(made);
    }
    let text = match (
        world.sources.text(source.as_str()),
        world.inputs.get(source),
    ) {
        (Some(text), _) => Some(Cow::from(&**text)),
        (None, Some(bytes)) => bytes.as_deref().map(String::from_utf8_lossy),
        (None, None) => {
            let mut needs = Needs::default();
            needs.files.insert(source.clone());
            return Err(RenderError::Needs(needs));
        }
    };
    // Of a file that is too large to be read nothing is known, and nothing allowed.
    let facts = text.map(|text| provenance::of_file(world, &text));
    made.page = facts.map(Arc::new);
    made.trace = mark_of_page(world, source).map(|trace| OutputTrace {
        trace,
        asked: Arc::default(),
        pictures: Vec::new(),
        page: made.page.clone(),
    });
    made.trace = made.trace.filter(|_| world.traced);
    Ok(made)
}

/// The mark of a page that is a file as it is; none where it is not looked at.
pub(super) fn mark_of_page(world: &World, source: &SourceKey) -> Option<Mark> {
    world.own.security.as_ref()?;
    let mut marker = Marker::default();
    marker.bytes(source.as_str());
    marker.mark(world.sources.mark(source.as_str())?);
    Some(marker.done())
}

pub(super) fn copy(sources: &Sources, key: &OutputKey, source: &SourceKey) -> Option<Object> {
    let found = sources.get(source.as_str())?;
    let body = match &found.effective {
        Effective::Text(text) => Body::Bytes(Arc::from(text.held()?.as_bytes())),
        Effective::Opaque => Body::Copy {
            source: source.clone(),
            version: found.content().to_owned(),
            size: found.size,
            treatment: Treatment::AsItIs,
        },
        Effective::Absent => return None,
    };
    let mut object = Object::rendered(key.as_str(), Vec::new());
    object.body = body;
    Some(object)
}
