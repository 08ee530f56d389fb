//! What an HTML page runs and loads, and what of it a strict content security policy may allow. Knows no
//! configuration: it gathers facts, and whoever writes the policy decides.
//!
//! A page is looked at in three steps:
//!
//! 1. **read** (`html`): tags and texts as a browser sees them, with scripts and style sheets in HTML and
//!    in SVG;
//! 2. **inspect** (`inspect`): each script, style, handler and address, noted in [`Facts`];
//! 3. **provenance** ([`Shapes`]): whether a script stands in a template or in the page's own text. The page
//!    carries no marks for it: a script is allowed where it is what a template would write with nothing but
//!    data in its holes. `javascript` says what is data at a place of a script.
//!
//! ```
//! use quillfront_policy::{Shapes, inspect};
//!
//! let mut shapes = Shapes::in_template("<h1>{{ title }}</h1><script>const page = '{{ title }}';</script>");
//! let page = |title: &str| format!("<h1>{title}</h1><script>const page = '{title}';</script>");
//!
//! assert_eq!(inspect(&page("Hello"), &mut shapes).scripts.len(), 1);
//! // This one ends the string.
//! assert_eq!(inspect(&page("' + alert(1) + '"), &mut shapes).scripts, []);
//! // And this one brings a script of its own.
//! let facts = inspect(&page("<script>alert(1)</script>"), &mut shapes);
//! assert_eq!(facts.scripts, []);
//! ```

mod css;
mod digest;
mod facts;
mod html;
mod inspect;
mod javascript;
mod scripts;
mod shapes;
#[cfg(test)]
mod tests;
mod urls;

pub use digest::Digest;
pub use facts::{
    Directive, Facts, Finding, FindingKind, MAX_ENTRIES, MAX_FINDINGS, MAX_URL_BYTES,
    MAX_WHAT_BYTES, Source,
};
pub use html::MAX_SRCDOC_DEPTH;
pub use inspect::{Allows, inspect};
pub use shapes::{MAX_HOLED_SCRIPT_BYTES, MAX_SHAPES, MAX_STEPS, Shapes};
