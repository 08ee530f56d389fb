//! What an evaluation asks for while it renders, and what it gets.

use super::Evaluation;
use super::album::Look;
use super::pictures::{self, BATCH_BYTES};
use crate::remote::{Answer, Request};
use crate::render::originals;
use crate::render::world::{Inputs, Needs, World};
use crate::search::Records;
use quillfront_site::key::SourceKey;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What an evaluation waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenQuestions {
    /// Sources to read.
    pub files: BTreeSet<SourceKey>,
    /// Requests to send.
    pub requests: BTreeSet<Request>,
    /// Sources whose text is kept elsewhere.
    pub texts: BTreeSet<SourceKey>,
    /// True for the records of the search index, which are kept elsewhere.
    pub records: bool,
}

impl OpenQuestions {
    /// True where it waits for nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The answer to what an evaluation waits for.
#[derive(Debug, Clone, Default)]
pub struct Supply {
    /// Sources that were read; none for those that are not there.
    pub files: Inputs,
    /// Which version of each was read, of storage that says so.
    pub versions: BTreeMap<SourceKey, String>,
    /// What came of requests.
    pub answers: BTreeMap<Request, Answer>,
    /// Texts that are kept elsewhere.
    pub texts: BTreeMap<SourceKey, Arc<str>>,
    /// The records of the search index, as many as there are.
    pub records: Option<Arc<Records>>,
}

impl<Kept: Send> Evaluation<Kept> {
    /// What it waits for.
    pub(super) fn asked(&self) -> OpenQuestions {
        OpenQuestions {
            files: self.batch(),
            requests: self.needs.requests.clone(),
            texts: self.needs.texts.clone(),
            records: self.needs.records,
        }
    }

    /// What is to be read next: as many of the wanted sources as may be held at once.
    fn batch(&self) -> BTreeSet<SourceKey> {
        let Needs {
            files, pictures, ..
        } = &self.needs;
        let size = |key: &SourceKey| self.world.sources.get(key.as_str()).map_or(0, |s| s.size);
        let mut bytes = 0;
        let fits = |key: &&SourceKey| {
            let first = bytes == 0;
            bytes += size(key);
            first || bytes <= BATCH_BYTES
        };
        let wanted: BTreeSet<&SourceKey> = files
            .iter()
            .chain(pictures)
            .chain(&self.originals)
            .collect();
        wanted.into_iter().take_while(fits).cloned().collect()
    }

    /// Takes what [`step`](Self::step) asked for, or a part of it.
    pub fn supply(&mut self, supplied: Supply) {
        let Supply {
            files,
            versions,
            answers,
            texts,
            records,
        } = supplied;
        for key in texts.keys() {
            self.needs.texts.remove(key);
        }
        for request in answers.keys() {
            self.needs.requests.remove(request);
        }
        let mut world = (*self.world).clone();
        if !files.is_empty() {
            self.take_files(&mut world, &files, &versions);
        }
        if !texts.is_empty() {
            let mut known = (*world.texts).clone();
            known.extend(texts);
            world.texts = Arc::new(known);
        }
        if !answers.is_empty() {
            world.answers = Arc::new(world.answers.with(answers));
        }
        if let Some(records) = records {
            self.needs.records = false;
            world.records = Some(records);
        }
        self.world = Arc::new(world);
    }

    fn take_files(
        &mut self,
        world: &mut World,
        read: &Inputs,
        versions: &BTreeMap<SourceKey, String>,
    ) {
        let wanted = &self.needs.pictures;
        let looked: Vec<_> = read
            .par_iter()
            .filter(|(key, _)| wanted.contains(key.as_str()))
            .map(|(key, bytes)| {
                let bytes = bytes.as_deref();
                let is_examined = world.examined.has(key.as_str());
                let look = Look {
                    measured: pictures::measure(key, bytes),
                    metadata: is_examined.then(|| originals::examine(bytes)),
                };
                (key.clone(), look)
            })
            .collect();
        let mut inputs = (*world.inputs).clone();
        for (key, bytes) in read {
            if self.needs.files.remove(key) {
                inputs.insert(key.clone(), bytes.clone());
            }
            if self.originals.remove(key) {
                self.darkroom.take(key.clone(), bytes.clone());
            }
        }
        let mut measured = (*world.measured).clone();
        let mut metadata = (*world.metadata).clone();
        for (key, look) in looked {
            if let (Some(album), Some(version)) = (&self.album, versions.get(&key)) {
                album.note(&key, version, &look);
            }
            self.needs.pictures.remove(&key);
            let bytes = read.get(&key).cloned().flatten();
            self.darkroom
                .take_measured(key.clone(), bytes, &look.measured);
            measured.insert(key.clone(), look.measured);
            metadata.extend(look.metadata.map(|found| (key, found)));
        }
        world.inputs = Arc::new(inputs);
        world.measured = Arc::new(measured);
        world.metadata = Arc::new(metadata);
    }
}
