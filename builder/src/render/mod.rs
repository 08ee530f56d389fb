//! Rendering: from the library and the templates to bytes. Pure (invariant 3): no clock, no
//! environment, no file system, no network. Where a template names a file or a URL while it renders,
//! the answer is what it [needs](RenderError::Needs); the shell reads it and renders again.
//!
//! The phases: [`templates`] are one engine; [`content`] is the Markdown of every page and section;
//! [`values`] are what templates see of them; [`output`] is one object of the plan, [minified](minify)
//! where the site asks for it.
//! [`functions`], [`images`] and [`filters`] answer templates through the [`world`] of the current
//! render.

pub mod answers;
pub mod content;
pub mod data;
mod explain;
mod feeds;
mod files;
mod filters;
mod functions;
mod images;
pub mod meter;
pub mod minify;
mod origins;
pub mod output;
pub mod templates;
pub mod values;
pub mod world;

use crate::diagnostic::Diagnostic;

/// Runs a render; a crash in it is a mistake of one file, not the end of the build.
fn guarded<T>(
    file: &str,
    render: impl FnOnce() -> Result<T, RenderError>,
) -> Result<T, RenderError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(render)).unwrap_or_else(|_| {
        let problem = Diagnostic::error("internal", file, "rendering this crashed");
        let hint = "what was published stays; please report this, with the file";
        Err(RenderError::Failed(vec![problem.hint(hint)]))
    })
}

/// Why there is nothing to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenderError {
    /// The author's mistakes.
    Failed(Vec<Diagnostic>),
    /// What has to be read or fetched first.
    Needs(world::Needs),
}
