//! The site as its sources define it, before anything is rendered. Pure.
//!
//! In the order in which they build on one another:
//!
//! 1. [`key`], [`source`]: what is in the source bucket, and the role of each key;
//! 2. [`config`], [`quillfront_toml`], [`front_matter`]: what files say, with [`dates`] and [`slugs`];
//! 3. [`facts`], [`library`], [`pagination`]: pages and sections, how they belong together, and what
//!    makes no page, or none yet; in an [`index_vec`] each has a name of its own type;
//! 4. [`edge_files`]: redirects and headers, by path; [`plan`]: every output key and who makes it, with [`sitemap`] and [`style_sheets`];
//! 5. [`object`], [`report`], [`diagnostic`]: what an output is, and what a program and an author are told.
//!
//! ```
//! use quillfront_site::config::Config;
//!
//! let config = Config::parse("config.toml", "base_url = \"https://example.org\"").unwrap();
//! assert_eq!(config.make_permalink("blog/"), "https://example.org/blog/");
//! ```

pub mod config;
pub mod dates;
pub mod diagnostic;
pub mod edge_files;
pub mod facts;
pub mod fingerprint;
pub mod front_matter;
pub mod index_vec;
pub mod key;
pub mod library;
pub mod links;
pub mod misplaced;
pub mod object;
pub mod pagination;
pub mod plan;
pub mod quillfront_toml;
pub mod report;
pub mod sitemap;
pub mod slugs;
pub mod source;
pub mod style_sheets;
