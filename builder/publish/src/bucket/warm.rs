//! The state that a builder keeps between runs, so that it need not read it again.

use super::root::Segments;
use super::state::State;
use quillfront_render::locks::Unpoisoned;
use std::sync::{Mutex, MutexGuard};

/// The last state that was committed or adopted; valid as long as the root names the same segments.
#[derive(Default)]
pub(super) struct WarmState(Mutex<Option<(Segments, State)>>);

impl WarmState {
    /// The state of these segments, if it is the one that is kept.
    pub(super) fn get(&self, segments: &Segments) -> Option<State> {
        let kept = self.lock();
        let (of, state) = kept.as_ref()?;
        (of == segments).then(|| state.clone())
    }

    pub(super) fn keep(&self, segments: &Segments, state: &State) {
        *self.lock() = Some((segments.clone(), state.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Segments, State)>> {
        // A panic elsewhere cannot leave a half-written value: it is replaced whole.
        self.0.lock().unpoisoned()
    }
}
