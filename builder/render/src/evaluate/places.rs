//! Where the values stand that diagnostics are about.
//!
//! The texts of content are kept apart from the state, and a build reads few of them. So a place is not
//! looked up where a problem is found, but at the end, for what is told: the text is read for it, if it
//! was not yet. A problem is told with the same place by every build, as long as it is there.

use super::Evaluation;
use super::failures::Failures;
use crate::render::world::World;
use quillfront_site::diagnostic::{Diagnostic, LineAndColumn};
use quillfront_site::front_matter;
use quillfront_site::key::SourceKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl<Kept: Send> Evaluation<Kept> {
    /// The texts that have to be read to say where the values stand that are told.
    pub(super) fn texts_to_place(&self) -> BTreeSet<SourceKey> {
        let mut failures = Failures::beside(&self.diagnostics);
        for (key, made) in &self.done {
            if let Err(problems) = made {
                failures.add(key, problems.clone());
            }
        }
        let failed: Vec<Diagnostic> = failures.told().collect();
        lacking(self.diagnostics.iter().chain(&failed), &self.world)
    }
}

/// The texts that have to be read to say where the values stand that these are about.
pub(super) fn lacking<'a>(
    told: impl Iterator<Item = &'a Diagnostic>,
    world: &World,
) -> BTreeSet<SourceKey> {
    let files = told.filter(|one| !one.about.is_empty());
    let files = files.map(|one| one.file.as_str());
    let lacking =
        files.filter(|file| world.sources.is_elsewhere(file) && !world.texts.contains_key(*file));
    lacking.map(SourceKey::from).collect()
}

/// Puts the places of their values into diagnostics.
pub(super) fn find(diagnostics: &mut [Diagnostic], world: &World) {
    // Of one value there may be thousands.
    let mut known: BTreeMap<(String, Vec<Vec<String>>), Option<LineAndColumn>> = BTreeMap::new();
    for one in diagnostics.iter_mut().filter(|one| !one.about.is_empty()) {
        let about = (one.file.clone(), std::mem::take(&mut one.about));
        let place = *known.entry(about).or_insert_with_key(|(file, values)| {
            let text = text(world, file)?;
            values.iter().find_map(|names| {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                front_matter::place_of(file, text, &names)
            })
        });
        if let Some((line, column)) = place {
            (one.line, one.column) = (Some(line), column);
        }
    }
}

fn text<'a>(world: &'a World, file: &str) -> Option<&'a Arc<str>> {
    world.sources.text(file).or_else(|| world.texts.get(file))
}
