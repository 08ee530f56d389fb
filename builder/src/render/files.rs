//! Files that templates name (site model, section 9: "File search for path arguments").

use super::world::{self, World};
use crate::key::{OutputKey, SourceKey};
use std::sync::Arc;
use tera::Error;

/// What a path argument names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A source.
    Source(SourceKey),
    /// A style sheet that is made from Sass: it lies in the output, before any page is rendered.
    Style(OutputKey),
}

impl Found {
    /// The key.
    pub fn name(&self) -> &str {
        match self {
            Self::Source(key) => key.as_str(),
            Self::Style(key) => key.as_str(),
        }
    }

    /// The key, of a source or as if it were one.
    pub fn into_key(self) -> SourceKey {
        match self {
            Self::Source(key) => key,
            Self::Style(key) => SourceKey::from(key.as_str()),
        }
    }
}

/// What a path argument names: relative to the root, `static/`, `content/`, the output or the
/// theme's `static/`; `@/` is `content/`. None where there is no such file.
///
/// # Errors
/// A path that leaves the site's root.
pub fn find(world: &World, path: &str) -> Result<Option<Found>, Error> {
    let found = source(world, path)?;
    let inner = path.trim_start_matches('/');
    let in_theme = found
        .as_ref()
        .is_none_or(|key| key.as_str().starts_with("themes/") && key.as_str() != inner);
    match world.styles.key(inner) {
        Some(key) if in_theme => Ok(Some(Found::Style(key.clone()))),
        _ => Ok(found.map(Found::Source)),
    }
}

/// The source that a path argument names. Where it is not known yet whether there is one, it is
/// noted as needed and taken to be there: the render goes on and may come upon more of them.
///
/// # Errors
/// A path that leaves the site's root.
pub fn source(world: &World, path: &str) -> Result<Option<SourceKey>, Error> {
    let (path, candidates) = match path.strip_prefix("@/") {
        Some(inner) => (inner, vec![format!("content/{inner}")]),
        None => {
            let inner = path.trim_start_matches('/');
            let mut list = vec![
                inner.to_owned(),
                format!("static/{inner}"),
                format!("content/{inner}"),
            ];
            if let Some(theme) = &world.config.theme {
                list.push(format!("themes/{theme}/static/{inner}"));
            }
            (inner, list)
        }
    };
    if path.split('/').any(|part| part == ".." || part == ".") || path.contains('\\') {
        return Err(Error::message(format!("`{path}` leaves the site's folder")));
    }
    if let Some(found) = candidates.iter().find(|key| world.sources.exists(key)) {
        return Ok(Some(SourceKey::from(found.as_str())));
    }
    if world.settings.listing_is_complete {
        return Ok(None);
    }
    let at_root = SourceKey::from(candidates[0].as_str());
    match world.inputs.get(&at_root) {
        Some(Some(_)) => Ok(Some(at_root)),
        Some(None) => Ok(None),
        None => {
            world::need(at_root.clone());
            Ok(Some(at_root))
        }
    }
}

/// The bytes of a file. None where they are not at hand yet: they are noted as needed, and the
/// render is done again when they are.
///
/// # Errors
/// There are none.
pub fn read(world: &World, found: &Found) -> Result<Option<Arc<[u8]>>, Error> {
    let key = match found {
        Found::Source(key) => key,
        Found::Style(key) => {
            return match world.styles.get(key.as_str(), &world.sources) {
                Some(Ok(css)) => Ok(Some(css.clone())),
                _ => Err(Error::message(format!(
                    "`{key}` could not be made from its Sass"
                ))),
            };
        }
    };
    if let Some(text) = world.text(key.as_str()) {
        return Ok(Some(Arc::from(text.as_bytes())));
    }
    if world.sources.is_elsewhere(key.as_str()) {
        return Ok(None);
    }
    match world.inputs.get(key) {
        Some(Some(bytes)) => Ok(Some(bytes.clone())),
        Some(None) => Err(Error::message(format!(
            "`{key}` is not there or too large to be read"
        ))),
        None => {
            world::need(key.clone());
            Ok(None)
        }
    }
}
