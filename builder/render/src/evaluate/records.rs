//! Records of the search index, which outlive a build: an index is made from them, and a body is only
//! rendered for it where there is none, or one of another body.

use super::Evaluation;
use crate::render::output;
use crate::search::Records;
use quillfront_site::key::SourceKey;
use std::sync::Arc;

impl<Kept: Send> Evaluation<Kept> {
    /// The sources whose bodies were rendered so far.
    pub fn rendered_bodies(&self) -> impl Iterator<Item = &SourceKey> {
        let contents = self.contents.iter();
        let rendered = contents.flat_map(|contents| contents.rendered(&self.world));
        rendered.map(|(key, _)| key)
    }

    /// What the next build may go by: what was known or made of all that is still searched. None
    /// where nothing was looked at, so that all is as it was.
    pub(super) fn records_after(&self) -> Option<Arc<Records>> {
        let known = self.world.records.as_ref().filter(|_| self.world.traced)?;
        let mut after = Records::clone(known);
        after.extend(self.records.iter().cloned());
        let searched = output::all_searched(&self.world, &self.plan);
        after.retain(|key, _| searched.contains(key));
        Some(Arc::new(after))
    }
}
