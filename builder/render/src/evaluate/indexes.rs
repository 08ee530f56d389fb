//! Search indexes whose bytes templates ask for: made when all bodies are there, before the outputs
//! that wait for them are rendered.
//!
//! An index is made of bodies alone, and no body may ask for one, so there is no circle. What is made
//! from such an index is traced by the mark of what the index is made from
//! ([`output::search_mark`]).

use super::Evaluation;
use crate::render::RenderError;
use crate::render::content::Contents;
use crate::render::generated::Indexes;
use crate::render::output;
use crate::render::world::{Needs, World};
use quillfront_site::key::OutputKey;
use quillfront_site::object::{Body, Object};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl<Kept: Send> Evaluation<Kept> {
    /// Makes the indexes that are waited for and not made yet. Returns what they lack.
    pub(super) fn make_indexes(&mut self, contents: &Arc<Contents>) -> Needs {
        let mut lacking = Needs::default();
        let mut made = BTreeMap::new();
        for key in &self.awaited_indexes {
            let is_made = self.world.indexes.contains_key(key);
            let Some(planned) = self.plan.get(key).filter(|_| !is_made) else {
                continue;
            };
            match output::render(&self.world, contents, key, planned) {
                Ok(index) => {
                    self.records.extend(index.records);
                    let bytes = index.object.as_ref().and_then(bytes_of);
                    made.insert(key.clone(), bytes.ok_or_else(Vec::new));
                }
                Err(RenderError::Failed(problems)) => {
                    made.insert(key.clone(), Err(problems));
                }
                Err(RenderError::Needs(more)) => lacking.extend(more),
            }
        }
        self.know_indexes(made);
        lacking
    }

    /// Waits for indexes. Those that this round has `made` anyway are at hand.
    pub(super) fn await_indexes(
        &mut self,
        keys: BTreeSet<OutputKey>,
        mut made: BTreeMap<OutputKey, Arc<[u8]>>,
    ) {
        made.retain(|key, _| keys.contains(key));
        self.know_indexes(
            made.into_iter()
                .map(|(key, bytes)| (key, Ok(bytes)))
                .collect(),
        );
        self.awaited_indexes.extend(keys);
    }

    fn know_indexes(&mut self, made: Indexes) {
        if made.is_empty() {
            return;
        }
        let mut indexes = (*self.world.indexes).clone();
        indexes.extend(made);
        self.world = Arc::new(World {
            indexes: Arc::new(indexes),
            ..(*self.world).clone()
        });
    }
}

/// The bytes of an object that was made.
pub(super) fn bytes_of(object: &Object) -> Option<Arc<[u8]>> {
    match &object.body {
        Body::Bytes(bytes) => Some(bytes.clone()),
        Body::Copy { .. } | Body::Kept { .. } => None,
    }
}
