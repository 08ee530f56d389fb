//! The debug switch of incremental builds: everything that a trace has spared is rendered all the same, and
//! compared.

use super::incremental::version_of_opaque;
use super::{Folders, Incremental, list, look, render, take_config};
use quillfront_render::effective;
use quillfront_render::evaluate::{Candidates, Options, PreparedSite, Selection};
use quillfront_render::render::world::Settings;
use quillfront_site::key::OutputKey;
use quillfront_site::object::Object;
use quillfront_site::source::Sources;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// Returns the outputs that a build from nothing makes otherwise than this one says they are; there is none
/// unless the dependency graph is wrong. Outputs that could not be made are left out.
///
/// # Errors
/// A file cannot be read.
pub fn differing(
    folders: Folders<'_>,
    settings: Settings,
    built: &Incremental,
) -> io::Result<BTreeSet<OutputKey>> {
    let root = folders.root;
    let (files, _) = list(root)?;
    let mut sources = Sources::default();
    // Files that are copied are told apart as they are in the build.
    let seen = look(root, files, |file| version_of_opaque(root, file))?;
    effective::observe_all(&mut sources, seen);
    if let Some(config) = folders.config {
        take_config(&mut sources, root, config)?;
    }
    let sources = Arc::new(sources);
    // Where there is no site, nothing was built.
    let now = settings.now;
    let options = |_: &PreparedSite| Options::default();
    let begun = Selection::begin(sources.clone(), settings, now, Candidates::All, options);
    let Ok(selection) = begun else {
        return Ok(BTreeSet::new());
    };
    let fingerprint = |_: &OutputKey, object: Object| object.fingerprint();
    let clean = render(selection, root, &sources, Arc::default, fingerprint)?.objects;
    let known: BTreeMap<_, _> = built
        .state
        .outputs
        .iter()
        .map(|(key, published)| (key, published.fingerprint))
        .collect();
    let keys = known.keys().copied().chain(clean.keys());
    let differs = |key: &&OutputKey| {
        let is = known.get(*key).copied().flatten();
        is != clean.get(*key).copied() && !built.tree.stale.contains(*key)
    };
    Ok(keys.filter(differs).cloned().collect())
}
