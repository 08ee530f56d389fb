//! Rendering: from the library and the templates to bytes. Pure (invariant 3): no clock, no
//! environment, no file system, no network. Where a template names a file or a URL while it renders,
//! the answer is what it [needs](RenderError::Needs); the shell reads it and renders again.
//!
//! The phases: [`templates`] are one engine; [`content`] is the Markdown of every page and section;
//! [`values`] are what templates see of them; [`output`] is one object of the plan, [minified](minify)
//! where the site asks for it.
//! [`functions`], [`images`] and [`filters`] answer templates out of the [`world`], through the [`scope`]
//! of the current render.

mod configuration;
pub mod content;
pub mod data;
mod explain;
mod feeds;
mod files;
mod filters;
mod functions;
pub mod generated;
mod images;
mod lookup;

#[cfg(test)]
mod metering;
pub mod minify;
mod noindex;
pub mod originals;
mod origins;
pub mod output;
pub mod provenance;
pub mod published;
mod questions;
pub mod readers;
pub mod readings;
mod scope;
pub mod sitemap;
pub mod templates;
mod texts;
mod thumbnails;
pub mod values;
pub mod world;

use crate::panics::{crash_message, quietly};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_templates::budget;

/// Runs a render; a crash in it is a mistake of one file, not the end of the build.
fn guarded<T>(
    file: &str,
    render: impl FnOnce() -> Result<T, RenderError>,
) -> Result<T, RenderError> {
    let render = || budget::of_render(render);
    quietly(|| std::panic::catch_unwind(std::panic::AssertUnwindSafe(render))).unwrap_or_else(
        |crash| {
            let message = format!("rendering this crashed{}", crash_message(&*crash));
            let problem = Diagnostic::error("internal", file, message);
            let hint = "the published version stays; please report this, with the file";
            Err(RenderError::Failed(vec![problem.hint(hint)]))
        },
    )
}

/// Why there is nothing to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenderError {
    /// The author's mistakes.
    Failed(Vec<Diagnostic>),
    /// What has to be read or fetched first.
    Needs(world::Needs),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_a_diagnostic_that_says_what_it_was() {
        let failed = guarded("content/a.md", || -> Result<(), _> { panic!("no {}", 1) });
        let Err(RenderError::Failed(problems)) = failed else {
            panic!("{failed:?}");
        };
        assert_eq!(problems[0].message, "rendering this crashed: no 1");
    }
}
