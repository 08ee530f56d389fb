//! Style sheets from Sass (site model, section 16): `sass/` where `compile_sass` says so, and that
//! of the theme always. Compiled by `grass`, compressed.
//!
//! Imports are looked up among the effective sources, never on a disk. `grass` itself has no
//! bounds: [`guard`] keeps what is read shallow and counts what runs, and a compilation has a
//! thread with a large stack to itself.

mod files;
mod guard;

use crate::panics::{crash_message, quietly};
use files::Files;
use grass_compiler::{Builtin, ErrorKind, Options, OutputStyle};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::key::{OutputKey, Role, SourceKey};
use quillfront_site::source::Sources;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The style sheets of a site. Each is compiled when it is first asked for.
pub struct Sheets {
    sheets: BTreeMap<OutputKey, (SourceKey, OnceLock<CssResult>)>,
    mark: Mark,
}

/// A style sheet, or what is wrong with it.
pub type CssResult = Result<Arc<[u8]>, Vec<Diagnostic>>;

impl Sheets {
    /// Those of these keys, each with the source that it is made from.
    pub fn of(keys: impl Iterator<Item = (OutputKey, SourceKey)>, sources: &Sources) -> Self {
        let sheets: BTreeMap<_, _> = keys
            .map(|(key, source)| (key, (source, OnceLock::new())))
            .collect();
        let mut marker = Marker::default();
        if !sheets.is_empty() {
            // What one imports is found while it is compiled: any of them.
            for (key, _) in sources.iter().filter(|(key, _)| key.role() == Role::Sass) {
                marker.bytes(key.as_str());
                marker.option(sources.mark(key.as_str()), |marker, mark| {
                    marker.mark(mark);
                });
            }
        }
        Self {
            sheets,
            mark: marker.done(),
        }
    }

    /// The key of a style sheet, if it is one.
    pub fn key(&self, key: &str) -> Option<&OutputKey> {
        self.sheets.get_key_value(key).map(|(key, _)| key)
    }

    /// A style sheet; None where it is none.
    pub fn get(&self, key: &str, sources: &Sources) -> Option<&CssResult> {
        let (source, compiled) = self.sheets.get(key)?;
        Some(compiled.get_or_init(|| {
            let css = sheet(sources, source).map(|css| Arc::from(css.as_bytes()));
            css.map_err(|problem| vec![problem])
        }))
    }

    /// Changes whenever one of them may.
    pub fn mark(&self) -> Mark {
        self.mark
    }
}

/// Compiles one style sheet, on a thread of its own.
///
/// # Errors
/// The first mistake in it, or in what it imports.
pub fn sheet(sources: &Sources, source: &SourceKey) -> Result<String, Diagnostic> {
    let crashed = |what: String| {
        Diagnostic::error("sass", source.as_str(), what)
            .hint("please report this, with the file; the published version stays")
    };
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(guard::STACK_BYTES)
            .spawn_scoped(scope, || quietly(|| on_this_thread(sources, source)))
            .map_err(|error| crashed(format!("cannot start a thread to compile on: {error}")))?
            .join()
            .unwrap_or_else(|crash| {
                let told = crash_message(&*crash);
                Err(crashed(format!("the Sass compiler crashed{told}")))
            })
    })
}

fn on_this_thread(sources: &Sources, source: &SourceKey) -> Result<String, Diagnostic> {
    let compiled = compile(sources, source, true);
    let is_known = guard::has_refused_lists();
    match compiled {
        // A mistake in what a function of selectors is given: its place is told without ours around
        // it. Up to there all was within bounds, and is so again.
        Err((_, Place::InOwnFile)) if !is_known => compile(sources, source, false),
        compiled => compiled,
    }
    .map_err(|(problem, _)| problem)
}

/// Where a mistake was found.
enum Place {
    InFile,
    /// In a file of the guard's own.
    InOwnFile,
}

fn compile(
    sources: &Sources,
    source: &SourceKey,
    with_own_files: bool,
) -> Result<String, (Diagnostic, Place)> {
    guard::start();
    let files = Files::new(sources, with_own_files);
    let options = Options::default()
        .fs(&files)
        .style(OutputStyle::Compressed)
        .quiet(true)
        .add_custom_fn(guard::STEP, Builtin::new(guard::step))
        .add_custom_fn(guard::SIZE, Builtin::new(guard::measure))
        .add_custom_fn(guard::SELECT, Builtin::new(guard::select))
        .add_custom_fn(guard::EXTEND, Builtin::new(guard::extend))
        .add_custom_fn(guard::FILE, Builtin::new(guard::file))
        .add_custom_fn(guard::LISTS, Builtin::new(guard::lists));
    let result = grass_compiler::from_path(source.as_str(), &options);
    if let Some(problem) = files.refused() {
        return Err((problem, Place::InFile));
    }
    result.map_err(|error| match (*error).kind() {
        ErrorKind::ParseError { message, loc, .. } if Files::is_own(loc.file.name()) => {
            let problem = Diagnostic::error("sass", source.as_str(), message);
            (problem, Place::InOwnFile)
        }
        ErrorKind::ParseError { message, loc, .. } => {
            let (line, column) = files.original(loc.file.name(), loc.begin.line, loc.begin.column);
            let problem = Diagnostic::error("sass", loc.file.name(), message).at(line, column);
            (problem, Place::InFile)
        }
        other => {
            let problem = Diagnostic::error("sass", source.as_str(), format!("{other:?}"));
            (problem, Place::InFile)
        }
    })
}

#[cfg(test)]
mod equivalence;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
