//! What templates may do, what they cost, and what they read. Knows nothing of sites.
//!
//! The engine is Tera 2. Around it stand:
//!
//! 1. [`filters`]: the filters and tests that need nothing of a site;
//! 2. [`budget`]: how much work and memory one render may take, counted and never timed;
//! 3. [`lexer`]: takes a template's text apart where the engine does;
//! 4. [`meter`]: puts the calls that count loops, blocks and components into a template's text;
//! 5. [`reads`]: works out from a template's text which parts of its values it can read.
//!
//! ```
//! use quillfront_templates::{budget, filters};
//!
//! let mut tera = tera::Tera::default();
//! filters::register(&mut tera);
//! let text = budget::of_render(|| tera.render_str("{{ [3, 1] | sort }}", &tera::Context::new(), false));
//! assert_eq!(text.unwrap(), "[1, 3]");
//! ```

pub mod budget;
pub mod filters;
pub mod lexer;
pub mod meter;
pub mod reads;
