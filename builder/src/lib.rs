//! The site: from sources to published pages.
//!
//! The phases, in order:
//!
//! 1. [`handler`]: an event becomes hints: source keys to look at;
//! 2. [`source`]: what is under those keys, and which of it is [`effective`];
//! 3. [`site`]: what each content file says of itself ([`config`], [`quillfront_toml`], [`front_matter`], [`dates`],
//!    [`slugs`]), and how pages and sections belong together;
//! 4. [`plan`]: every output key, and who makes it;
//! 5. [`render`]: templates, [Markdown](quillfront_markdown) and the [`search`] index to bytes, purely, with [`sass`]
//!    before and [pictures](quillfront_images) after ([`evaluate`] drives 3 to 5);
//! 6. [`publish`]: the difference to what is there, put, committed, deleted, [invalidated](invalidate);
//! 7. [`report`] and [`diagnostic`]: what a program and an author are told.
//!
//! Only `handler`, `publish` and [`fetch`] touch the world: the first two through AWS SDK clients,
//! the last by HTTP, for `load_data(url=…)`. [`folder`] feeds the
//! same core from files for `quillfront build`.

pub mod aws;
pub mod budget;
pub mod config;
pub mod dates;
pub mod diagnostic;
pub mod effective;
pub mod evaluate;
pub mod fetch;
pub mod filters;
pub mod fingerprint;
pub mod folder;
pub mod front_matter;
pub mod graph;
pub mod handler;
pub mod invalidate;
pub mod key;
pub mod links;
pub mod object;
mod panics;
pub mod plan;
pub mod publish;
pub mod quillfront_toml;
pub mod reads;
pub mod remote;
pub mod render;
pub mod report;
pub mod sass;
pub mod search;
pub mod site;
pub mod slugs;
pub mod source;
