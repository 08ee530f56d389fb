//! Files that templates name (site model, section 9: "File search for path arguments").

use super::content::Contents;
use super::scope::{self, Scope};
use super::world::{Listing, World};
use quillfront_site::key::{OutputKey, SourceKey};
use std::sync::Arc;
use tera::Error;

/// What a path argument names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileMatch {
    /// A source.
    Source(SourceKey),
    /// An output that is made without a template, before any template asks for it: a style sheet, a
    /// search index.
    Made(OutputKey),
}

impl FileMatch {
    /// The key.
    pub fn name(&self) -> &str {
        match self {
            Self::Source(key) => key.as_str(),
            Self::Made(key) => key.as_str(),
        }
    }

    /// The key, of a source or as if it were one.
    pub fn into_key(self) -> SourceKey {
        match self {
            Self::Source(key) => key,
            Self::Made(key) => SourceKey::from(key.as_str()),
        }
    }
}

/// What a path argument names: relative to the root, `static/`, `content/`, the output or the
/// theme's `static/`; `@/` is `content/`. None where there is no such file.
///
/// # Errors
/// A path that leaves the site's root.
pub fn find(world: &World, path: &str) -> Result<Option<FileMatch>, Error> {
    let found = source(world, path)?;
    let Some(inner) = below("", path) else {
        return Ok(found.map(FileMatch::Source));
    };
    let in_theme = found
        .as_ref()
        .is_none_or(|key| key.as_str().starts_with("themes/") && key.as_str() != inner);
    match world.made(&inner) {
        Some(key) if in_theme => Ok(Some(FileMatch::Made(key.clone()))),
        _ => Ok(found.map(FileMatch::Source)),
    }
}

/// The source that a path argument names. Where it is not known yet whether there is one, it is
/// noted as needed and taken to be there: the render goes on and may come upon more of them.
///
/// # Errors
/// A path that leaves the site's root.
pub fn source(world: &World, path: &str) -> Result<Option<SourceKey>, Error> {
    let leaves = || Error::message(format!("`{path}` leaves the site's folder"));
    if path.contains('\\') {
        return Err(leaves());
    }
    let candidates: Vec<String> = match path.strip_prefix("@/") {
        Some(inner) => below("content", inner).into_iter().collect(),
        None => {
            let theme = world.config.theme.as_ref();
            let of_theme = theme.map(|theme| format!("themes/{theme}/static"));
            let folders = ["", "static", "content"].into_iter();
            let folders = folders.chain(of_theme.as_deref());
            folders.filter_map(|folder| below(folder, path)).collect()
        }
    };
    let Some(first) = candidates.first() else {
        return Err(leaves());
    };
    if let Some(found) = candidates.iter().find(|key| world.sources.exists(key)) {
        return Ok(Some(SourceKey::from(found.as_str())));
    }
    if world.settings.listing == Listing::All {
        return Ok(None);
    }
    // Only below the root there are files that the sources do not list.
    let unlisted = SourceKey::from(first.as_str());
    match world.inputs.get(&unlisted) {
        Some(Some(_)) => Ok(Some(unlisted)),
        Some(None) => Ok(None),
        None => {
            scope::need(unlisted.clone());
            Ok(Some(unlisted))
        }
    }
}

/// The key of `path` in a folder of the site: `.`, `..` and empty parts are resolved. None where it
/// leaves the site's root, or names no file.
fn below(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The bytes of a file. None where they are not at hand yet: they are noted as needed, and the
/// render is done again when they are.
///
/// # Errors
/// The file is too large, or could not be made.
pub fn read(scope: &Scope, found: &FileMatch) -> Result<Option<Arc<[u8]>>, Error> {
    let world = &scope.world;
    let key = match found {
        FileMatch::Source(key) => key,
        FileMatch::Made(key) => return made(world, scope.contents.as_deref(), key),
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
            "`{key}` is missing or too large to read"
        ))),
        None => {
            scope::need(key.clone());
            Ok(None)
        }
    }
}

/// The bytes of an output that is made without a template.
fn made(
    world: &World,
    contents: Option<&Contents>,
    key: &OutputKey,
) -> Result<Option<Arc<[u8]>>, Error> {
    if let Some(compiled) = world.styles.get(key.as_str(), &world.sources) {
        return match compiled {
            Ok(css) => Ok(Some(css.clone())),
            Err(_) => Err(Error::message(format!(
                "`{key}` could not be compiled from its Sass"
            ))),
        };
    }
    if let Some(bytes) = world.generated.fixed(key) {
        return Ok(Some(Arc::from(bytes)));
    }
    if contents.is_none() {
        return Err(Error::message(format!(
            "`{key}` is generated from the text of all pages, so a page's text cannot read it; \
             read it in a template"
        )));
    }
    match world.indexes.get(key) {
        Some(Ok(bytes)) => Ok(Some(bytes.clone())),
        Some(Err(_)) => Err(Error::message(format!("`{key}` could not be generated"))),
        None => {
            scope::need_index(key.clone());
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn a_path_is_resolved_and_never_leaves_the_root() {
        let key = |folder, path| below(folder, path);
        assert_eq!(key("", "a//b/./c.txt").as_deref(), Some("a/b/c.txt"));
        assert_eq!(key("static", "../data.txt").as_deref(), Some("data.txt"));
        assert_eq!(
            key("static", "../static//s.txt").as_deref(),
            Some("static/s.txt")
        );
        assert_eq!(key("", "../data.txt"), None);
        assert_eq!(key("static", "../../a/static/s.txt"), None);
        assert_eq!(key("content", ".."), None);
    }
}
