//! The pictures that renders ask for: measured while pages are rendered, made when all are.
//!
//! A site may have more pictures than fit into memory. Headers are measured and the bytes dropped;
//! what is to be made is read again in batches, and gone before the next one.

use crate::graph::PictureUse;
use crate::render::world::{Measure, MeasureResult, World};
use quillfront_image_urls::Version;
use quillfront_images::{Job, Picture, is_animated, probe};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::fingerprint::Fingerprint;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::object::{Body, Object};
use quillfront_site::plan::{self, PICTURES, Plan, Recipe};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of files that are read at once, about; one file may be larger.
pub(super) const BATCH_BYTES: u64 = 128 * 1024 * 1024;
/// Bytes of pictures that are kept from measuring to making, so that small sites read once.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;
/// From here on a picture is decoded alone: 16 million pixels.
const LARGE_PIXELS: u64 = 16_000_000;

/// The threads that the jobs of one picture are spread over.
#[derive(Clone, Copy)]
enum Threads {
    /// The one that has decoded it.
    One,
    /// All that there are.
    All,
}

/// What came of a picture.
pub(super) type PictureResult = Result<Object, Vec<Diagnostic>>;

/// What became of pictures, as their maker kept them; nothing of those that are there already.
type PictureResults<Kept> = Vec<(OutputKey, Result<Option<Kept>, Vec<Diagnostic>>)>;

/// The state of a site's pictures.
#[derive(Default)]
pub(super) struct Darkroom {
    /// Bytes at hand; None for files that are not there.
    at_hand: BTreeMap<SourceKey, Option<Arc<[u8]>>>,
    /// Bytes that were kept from measuring.
    kept_bytes: u64,
    /// Pixels, upright, of what was measured.
    pixels: BTreeMap<SourceKey, u64>,
    /// What refers to a picture: the files of bodies and the keys of outputs.
    bodies: BTreeMap<OutputKey, BTreeSet<SourceKey>>,
    outputs: BTreeMap<OutputKey, BTreeSet<OutputKey>>,
    /// What is there already.
    published: BTreeSet<OutputKey>,
}

/// Reads the header of a picture.
pub(super) fn measure(key: &SourceKey, bytes: Option<&[u8]>) -> MeasureResult {
    let Some(bytes) = bytes else {
        return Err(format!("`{key}` is missing or too large to read"));
    };
    match probe(bytes) {
        Ok(probe) => Ok(Measure {
            probe,
            content: Fingerprint::of(bytes),
            version: Version::of(bytes),
            is_animated: is_animated(bytes),
        }),
        Err(error) => Err(format!("`{key}`: {error}")),
    }
}

/// The pictures that an output shows, whoever asked for them: those of another page's text too.
pub(super) fn shown(object: &Object) -> BTreeSet<OutputKey> {
    let Body::Bytes(bytes) = &object.body else {
        return BTreeSet::new();
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return BTreeSet::new();
    };
    let places = text.match_indices(PICTURES);
    let key = |(start, _): (usize, &str)| {
        let rest = &text[start..];
        let ends = |c: char| c.is_whitespace() || "\"'<>()&?#".contains(c);
        OutputKey::from(&rest[..rest.find(ends).unwrap_or(rest.len())])
    };
    places.map(key).collect()
}

impl Darkroom {
    /// Takes what earlier runs know.
    pub(super) fn remember(
        &mut self,
        published: BTreeSet<OutputKey>,
        measured: &BTreeMap<SourceKey, MeasureResult>,
    ) {
        for (key, measured) in measured {
            self.note_pixels(key, measured);
        }
        self.published = published;
    }

    /// The pictures that are there.
    pub(super) fn published(&self) -> &BTreeSet<OutputKey> {
        &self.published
    }

    fn note_pixels(&mut self, key: &SourceKey, measured: &MeasureResult) {
        if let Ok(Measure { probe, .. }) = measured {
            let pixels = u64::from(probe.width) * u64::from(probe.height);
            self.pixels.insert(key.clone(), pixels);
        }
    }

    /// Notes what a body refers to.
    pub(super) fn note_body(&mut self, file: &SourceKey, pictures: &[PictureUse]) {
        for (key, ..) in pictures {
            let list = self.bodies.entry(key.clone()).or_default();
            list.insert(file.clone());
        }
    }

    /// Notes what an output refers to.
    pub(super) fn note_output<'a>(
        &mut self,
        output: &OutputKey,
        pictures: impl IntoIterator<Item = &'a OutputKey>,
    ) {
        for key in pictures {
            let list = self.outputs.entry(key.clone()).or_default();
            list.insert(output.clone());
        }
    }

    /// Takes a picture that was measured.
    pub(super) fn take_measured(
        &mut self,
        key: SourceKey,
        bytes: Option<Arc<[u8]>>,
        measured: &MeasureResult,
    ) {
        self.note_pixels(&key, measured);
        let size = bytes.as_ref().map_or(0, |bytes| bytes.len()) as u64;
        if self.kept_bytes + size <= KEPT_BYTES {
            self.kept_bytes += size;
            self.at_hand.insert(key, bytes);
        }
    }

    /// Takes a picture that is to be made.
    pub(super) fn take(&mut self, key: SourceKey, bytes: Option<Arc<[u8]>>) {
        self.at_hand.insert(key, bytes);
    }

    /// Makes what can be made of the bytes at hand, and drops them. Returns the originals that
    /// are still to be read.
    pub(super) fn develop<Kept: Send>(
        &mut self,
        world: &World,
        plan: &Plan,
        is_done: impl Fn(&OutputKey) -> bool,
        keep: impl Fn(&OutputKey, Object) -> Kept + Sync,
    ) -> (PictureResults<Kept>, BTreeSet<SourceKey>) {
        let mut waiting: BTreeMap<&SourceKey, Vec<(&OutputKey, &Job)>> = BTreeMap::new();
        let mut done: PictureResults<Kept> = Vec::new();
        for (key, picture) in plan::pictures(plan).filter(|(key, _)| !is_done(key)) {
            if self.published.contains(key) {
                done.push((key.clone(), Ok(None)));
            } else {
                let of_source = waiting.entry(&picture.source).or_default();
                of_source.push((key, &picture.job));
            }
        }
        let mut lacking = BTreeSet::new();
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for (source, jobs) in waiting {
            let given = world.inputs.get(source).cloned();
            let Some(bytes) = self.at_hand.remove(source).or(given) else {
                lacking.insert(source.clone());
                continue;
            };
            let pixels = self.pixels.get(source).copied().unwrap_or(u64::MAX);
            let work = (source, bytes, jobs);
            if pixels > LARGE_PIXELS {
                large.push(work);
            } else {
                small.push(work);
            }
        }
        let this = &*self;
        let one = |(source, bytes, jobs): (&SourceKey, Option<Arc<[u8]>>, Vec<_>), threads| {
            let measured = world.measured.get(source);
            let made = this
                .make(source, bytes, measured, jobs, threads)
                .into_iter();
            let kept = made.map(|(key, made)| {
                let kept = made.map(|object| Some(keep(&key, object)));
                (key, kept)
            });
            kept.collect::<Vec<_>>()
        };
        // Few or large pictures one after another, each on all threads; many small ones side by side.
        let few = small.len() < rayon::current_num_threads();
        if few {
            done.extend(small.into_iter().flat_map(|work| one(work, Threads::All)));
        } else {
            let lists: Vec<_> = small
                .into_par_iter()
                .map(|work| one(work, Threads::One))
                .collect();
            done.extend(lists.into_iter().flatten());
        }
        done.extend(large.into_iter().flat_map(|work| one(work, Threads::All)));
        (done, lacking)
    }

    /// All jobs of one picture, which is decoded once.
    fn make(
        &self,
        source: &SourceKey,
        bytes: Option<Arc<[u8]>>,
        measured: Option<&MeasureResult>,
        jobs: Vec<(&OutputKey, &Job)>,
        threads: Threads,
    ) -> Vec<(OutputKey, PictureResult)> {
        // The names were made of what was measured.
        let same = |bytes: &[u8]| match measured {
            Some(Ok(measure)) => measure.content == Fingerprint::of(bytes),
            Some(Err(_)) | None => true,
        };
        let decoded = match bytes {
            Some(bytes) if !same(&bytes) => Err("it changed while it was being read".to_owned()),
            Some(bytes) => Picture::decode(&bytes).map_err(|error| error.to_string()),
            None => Err("it is missing or too large to read".to_owned()),
        };
        let one = |(key, job): (&OutputKey, &Job)| {
            let made = decoded.as_ref().map_err(Clone::clone);
            let made = made.and_then(|picture| picture.make(job).map_err(|e| e.to_string()));
            let object = made.map(|bytes| Object::rendered(key.as_str(), bytes).immutable());
            let told = object.map_err(|error| vec![self.told(source, key, &error)]);
            (key.clone(), told)
        };
        match threads {
            Threads::All => jobs.into_par_iter().map(one).collect(),
            Threads::One => jobs.into_iter().map(one).collect(),
        }
    }

    fn told(&self, source: &SourceKey, key: &OutputKey, error: &str) -> Diagnostic {
        let body = self.bodies.get(key).and_then(BTreeSet::first);
        let output = self.outputs.get(key).and_then(BTreeSet::first);
        let asker = match (body, output) {
            (Some(file), _) => file.as_str(),
            (None, Some(output)) => output.as_str(),
            (None, None) => key.as_str(),
        };
        let message = format!("resize_image, asked for by {asker}: {error}");
        Diagnostic::error("image", source.as_str(), message)
            .hint("open the picture in an image editor and save it again, or do not resize it")
    }

    /// The outputs that refer to a picture: their own templates do, or the body that they stand for.
    pub(super) fn referring<'a>(
        &'a self,
        picture: &'a OutputKey,
        plan: &'a Plan,
    ) -> impl Iterator<Item = &'a OutputKey> {
        let own = self.outputs.get(picture).into_iter().flatten();
        let bodies = self.bodies.get(picture);
        let standing = plan.iter().filter(move |(_, planned)| {
            let is_page = matches!(planned.recipe, Recipe::Page(_) | Recipe::Section { .. });
            is_page && bodies.is_some_and(|files| files.contains(&planned.source))
        });
        own.chain(standing.map(|(key, _)| key))
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod thumbnails_tests;
