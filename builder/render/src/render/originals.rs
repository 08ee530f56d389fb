//! What pictures tell that are published as they are, and what is done about it: where a photograph was taken and
//! with which camera stands in the file.
//!
//! The file `quillfront.toml` says [what becomes of it](Originals). Such pictures are then read once for each version
//! that they have ([`examine`]); what is known of them is enough to say what is published ([`treated`]) and what is
//! told ([`told`]), without their bytes.

use super::RenderError;
use super::scope;
use super::world::{Measure, Needs, World};
use quillfront_image_urls::Version;
use quillfront_images::{self as images, ImageError, Leaks};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::fingerprint::Fingerprint;
use quillfront_site::key::SourceKey;
use quillfront_site::object::{Body, Object, Treatment, is_picture};
use quillfront_site::plan::{Plan, Recipe};
use quillfront_site::quillfront_toml::{Images, KEY, Originals};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The stable code of these diagnostics.
const CODE: &str = "picture-leaks";
/// The most pictures that are told of one by one.
const MAX_TOLD: usize = 100;

/// What is known of the metadata of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Metadata {
    /// It tells nothing, or is in a format that is not looked into.
    Harmless,
    /// It tells something.
    Telling {
        /// What.
        leaks: Leaks,
        /// The same picture without it.
        stripped: StrippedPicture,
    },
    /// It is damaged, and where its metadata ends is not known.
    Damaged(String),
    /// It is gone, or too large to be read.
    Unread,
}

/// What is left of a picture when its metadata is taken out. Its bytes are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrippedPicture {
    /// A name for the bytes ([`Body::fingerprint_of`]).
    pub body: Fingerprint,
    /// How many there are.
    pub size: u64,
    /// A name for them in the URLs of thumbnails.
    pub version: Version,
}

/// The pictures whose metadata is looked at.
#[derive(Debug, Clone, Default)]
pub struct ExaminedPictures(BTreeSet<SourceKey>);

impl ExaminedPictures {
    /// Returns those of a plan: pictures that are copied, unless the site does not care.
    pub fn of(images: &Images, plan: &Plan) -> Self {
        if !images.originals.are_examined() {
            return Self::default();
        }
        let pictures = plan
            .iter()
            .filter_map(|(key, planned)| match &planned.recipe {
                Recipe::Copy(source) if is_picture(key.as_str()) => Some(source.clone()),
                _ => None,
            });
        Self(pictures.collect())
    }

    /// Returns whether a source is one of them.
    pub fn has(&self, source: &str) -> bool {
        self.0.contains(source)
    }
}

/// Looks at the metadata of a picture; at none where it could not be read.
pub fn examine(bytes: Option<&[u8]>) -> Metadata {
    let Some(bytes) = bytes else {
        return Metadata::Unread;
    };
    match images::strip(bytes) {
        Ok(None) => Metadata::Harmless,
        Ok(Some(left)) => Metadata::Telling {
            leaks: images::leaks(bytes).unwrap_or_default(),
            stripped: StrippedPicture {
                body: Body::fingerprint_of(&left),
                size: left.len() as u64,
                version: Version::of(&left),
            },
        },
        Err(error) => Metadata::Damaged(error.to_string()),
    }
}

/// The object of a source that is copied, with what is done to it.
///
/// # Errors
/// The picture has to be read first, or its metadata cannot be taken out.
pub fn treated(
    world: &World,
    source: &SourceKey,
    mut object: Object,
) -> Result<Object, RenderError> {
    let Body::Copy { treatment, .. } = &mut object.body else {
        return Ok(object);
    };
    if !world.examined.has(source.as_str()) {
        return Ok(object);
    }
    let Some(metadata) = world.metadata.get(source) else {
        let pictures = BTreeSet::from([source.clone()]);
        let needs = Needs {
            pictures,
            ..Needs::default()
        };
        return Err(RenderError::Needs(needs));
    };
    if world.own.images.strips() {
        *treatment = match metadata {
            Metadata::Harmless => Treatment::Harmless,
            Metadata::Telling { stripped, .. } => Treatment::Stripped {
                body: stripped.body,
                size: stripped.size,
            },
            Metadata::Damaged(why) => return Err(unpublished(source, why)),
            Metadata::Unread => {
                let why = "it is gone, or larger than the 64 MiB that are read of a file";
                return Err(unpublished(source, why));
            }
        };
    }
    Ok(object)
}

fn unpublished(source: &SourceKey, why: &str) -> RenderError {
    let message = format!(
        "this version of the picture is not published, since what it may tell of where and with which camera it was \
         taken cannot be removed: {why}"
    );
    let hint = format!(
        "save it again with an image editor, or write `strip_originals = false` under `[images]` in {KEY} to publish \
         pictures as they are"
    );
    let problem = Diagnostic::error(CODE, source.as_str(), message).hint(hint);
    RenderError::Failed(vec![problem])
}

/// Returns a name for the bytes that are published of a picture. None where they are not known yet: it is noted as
/// needed.
pub(super) fn version(world: &World, source: &SourceKey, measure: &Measure) -> Option<Version> {
    if !world.own.images.strips() || !world.examined.has(source.as_str()) {
        return Some(measure.version);
    }
    match world.metadata.get(source) {
        Some(Metadata::Telling { stripped, .. }) => Some(stripped.version),
        Some(_) => Some(measure.version),
        None => {
            scope::need_picture(source.clone());
            None
        }
    }
}

/// Returns the bytes that are published of a source, of those that it has.
pub(super) fn as_published(world: &World, source: &str, bytes: Arc<[u8]>) -> Arc<[u8]> {
    if !world.own.images.strips() || !world.examined.has(source) {
        return bytes;
    }
    match images::strip(&bytes) {
        Ok(Some(left)) => left.into(),
        // What is damaged is not published.
        Ok(None) | Err(_) => bytes,
    }
}

/// Returns what is left of a picture without what it tells.
///
/// # Errors
/// It is damaged, and what it tells cannot be taken out.
pub fn left_of(bytes: Vec<u8>) -> Result<Vec<u8>, ImageError> {
    Ok(images::strip(&bytes)?.unwrap_or(bytes))
}

/// What an author is told of pictures that are published with a position or a serial number in them.
pub fn told(world: &World) -> Vec<Diagnostic> {
    if world.own.images.originals != Originals::Told {
        return Vec::new();
    }
    let telling =
        world
            .examined
            .0
            .iter()
            .filter_map(|source| match world.metadata.get(source)? {
                Metadata::Telling { leaks, .. } => Some((source, what(leaks)?)),
                Metadata::Harmless | Metadata::Damaged(_) | Metadata::Unread => None,
            });
    let mut telling = telling.fuse();
    let first = telling.by_ref().take(MAX_TOLD);
    let mut told: Vec<Diagnostic> = first
        .map(|(source, what)| {
            let message = format!("the picture is published with {what} in it");
            Diagnostic::warning(CODE, source.as_str(), message).hint(HINT)
        })
        .collect();
    let more = telling.count();
    if more > 0 {
        let message = format!("{more} more pictures are published with such data in them");
        told.push(Diagnostic::warning(CODE, KEY, message).hint(HINT));
    }
    told
}

/// The way out.
const HINT: &str = "write `strip_originals = true` under `[images]` in quillfront.toml to have it removed, or \
                    `strip_originals = false` to keep it";

fn what(leaks: &Leaks) -> Option<&'static str> {
    Some(match (leaks.position, leaks.serial_numbers) {
        (true, true) => "the place where it was taken and the serial number of the camera",
        (true, false) => "the place where it was taken",
        (false, true) => "the serial number of the camera",
        (false, false) => return None,
    })
}

/// What is known of the metadata of pictures.
pub type AllMetadata = BTreeMap<SourceKey, Metadata>;
