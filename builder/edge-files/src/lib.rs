//! The `_redirects` and `_headers` files that static sites carry, in the two dialects that are in use.
//!
//! Netlify and Cloudflare read files of the same names by rules that contradict each other: what a redirect
//! without a status means, what a comment is, which names a pattern may have. [`redirects::parse`] and
//! [`headers::parse`] read a text in one [`Dialect`] and return the rules that stand and a [`Problem`] for
//! each line that does not. They follow `@netlify/redirect-parser`, `@netlify/headers-parser` and the parser
//! of Cloudflare's `wrangler`, line for line; where they differ, `tests/edge-files` names the difference.
//!
//! In order:
//!
//! 1. The text is cut into lines, and these into words, as JavaScript cuts them (`text`).
//! 2. The dialect's reader makes a rule of a line (`redirects`, `headers`), and addresses what it makes of
//!    them (`url`).
//! 3. [`redirects::Matcher`] and [`headers::Matcher`] compare a rule with a path, in time that grows with
//!    the path, whatever the pattern is (`pattern`).
//!
//! ```
//! use quillfront_edge_files::{Dialect, redirects};
//!
//! let parsed = redirects::parse("/old/* /new/:splat\n/a\n", Dialect::Netlify);
//! assert_eq!(parsed.rules[0].status, 301);
//! assert_eq!(parsed.problems[0].line, 2);
//! ```
//!
//! Nothing here knows a file, a server or a site. What can be done with a rule is for the caller to decide.

mod dialect;
pub mod headers;
pub mod limits;
mod pattern;
mod problem;
pub mod redirects;
mod text;
mod url;

pub use dialect::Dialect;
pub use pattern::Captures;
pub use problem::Problem;
