//! The files that a style sheet may import: the effective sources, and nothing else.

use super::guard::{self, Guarded, Syntax};
use grass_compiler::Fs;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{Role, SourceKey};
use quillfront_site::source::Sources;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Imports that one style sheet may make, those of what it imports counted.
const MAX_IMPORTS: usize = 10_000;

/// The style sheets among the sources, as `grass` reads them.
#[derive(Debug)]
pub(super) struct Files<'a> {
    sources: &'a Sources,
    read: RefCell<BTreeMap<String, Guarded>>,
    imports: Cell<usize>,
    refused: RefCell<Option<Diagnostic>>,
    with_own_files: bool,
}

impl<'a> Files<'a> {
    /// Where `with_own_files`, the functions of selectors are counted; else mistakes in their arguments
    /// have the place where the author wrote them.
    pub(super) fn new(sources: &'a Sources, with_own_files: bool) -> Self {
        Self {
            sources,
            read: RefCell::default(),
            imports: Cell::new(0),
            refused: RefCell::default(),
            with_own_files,
        }
    }

    /// True for a file that no author wrote.
    pub(super) fn is_own(name: &str) -> bool {
        guard::own_file(Path::new(name)).is_some()
    }

    /// Why something was not read.
    pub(super) fn refused(&self) -> Option<Diagnostic> {
        self.refused.borrow().clone()
    }

    /// The 1-based line and column in the author's text of a 0-based place in what was compiled.
    pub(super) fn original(&self, name: &str, line: usize, column: usize) -> (u32, u32) {
        let read = self.read.borrow();
        let (line, column) = match read.get(name) {
            Some(guarded) => guarded.original(line, column),
            None => (line, column),
        };
        let one_based = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        (one_based(line), one_based(column))
    }

    /// The source key that a path means; none where it leaves the site or is no style sheet.
    fn key(&self, path: &Path) -> Option<SourceKey> {
        let key = SourceKey::from(normal(path)?);
        let there = self.sources.text(key.as_str()).is_some();
        (there && key.role() == Role::Sass).then_some(key)
    }

    fn refuse(&self, problem: Diagnostic) {
        self.refused.borrow_mut().get_or_insert(problem);
    }
}

/// `sass/parts/../a.scss` as `sass/a.scss`; none where it leaves the root.
fn normal(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

impl Fs for Files<'_> {
    fn is_dir(&self, path: &Path) -> bool {
        let Some(folder) = normal(path) else {
            return false;
        };
        self.sources.under(&format!("{folder}/")).next().is_some()
    }

    fn is_file(&self, path: &Path) -> bool {
        let is_there = guard::own_file(path).is_some() || self.key(path).is_some();
        self.refused.borrow().is_none() && is_there
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if let Some((_, text)) = guard::own_file(path) {
            return Ok(text.as_bytes().to_vec());
        }
        let key = self.key(path).ok_or(io::ErrorKind::NotFound)?;
        let text = self.sources.text(key.as_str()).map_or("", |text| text);
        let syntax = match key.as_str().rsplit_once('.') {
            Some((_, "sass")) => Syntax::Indented,
            Some((_, "css")) => Syntax::Css,
            _ => Syntax::Scss,
        };
        match guard::guard(text, syntax, self.with_own_files) {
            Ok(guarded) => {
                let bytes = guarded.text.clone().into_bytes();
                self.read.borrow_mut().insert(key.to_string(), guarded);
                Ok(bytes)
            }
            Err((line, message)) => {
                // An error here would crash `grass`; it gets nothing instead.
                self.refuse(Diagnostic::error("sass", key.as_str(), message).at(line, None));
                Ok(Vec::new())
            }
        }
    }

    /// Called once for each import.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        if let Some((own, _)) = guard::own_file(path) {
            return Ok(PathBuf::from(own));
        }
        let key = self.key(path).ok_or(io::ErrorKind::NotFound)?;
        self.imports.set(self.imports.get() + 1);
        if self.imports.get() > MAX_IMPORTS {
            let message = format!("a style sheet imports more than {MAX_IMPORTS} times");
            let hint = "use @use, which loads a file once, instead of @import";
            self.refuse(Diagnostic::error("sass", key.as_str(), message).hint(hint));
        }
        // Nothing can be put into plain CSS that would count it.
        if let Some(guarded) = self.read.borrow().get(key.as_str())
            && key.as_str().ends_with(".css")
            && let Err(message) = guard::note_emitted(guarded.emitted)
        {
            self.refuse(Diagnostic::error("sass", key.as_str(), message));
        }
        Ok(PathBuf::from(key.as_str()))
    }
}
