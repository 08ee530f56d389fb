//! `quillfront.toml`: what a site says to Quillfront alone, so that `config.toml` stays valid for
//! Zola. Without the file everything is as in Zola.
//!
//! Parsed once into a validated form, like `config.toml`: each part owns its keys, its defaults
//! and its checks ([`publishing`], [`security`], [`hosts`], [`images`]). An unknown key is an error.

pub mod address;
pub mod edge;
pub mod hosts;
pub mod images;
pub mod publishing;
pub mod security;
mod sources;

pub use edge::EdgeConfig;
pub use hosts::AllowedHosts;
pub use images::{Images, Originals, ResizeMode};
pub use publishing::{Future, Publishing, StaticFiles};
pub use security::Security;
pub use sources::Directive;

use crate::diagnostic::Diagnostic;
use crate::front_matter::parse_toml;
use crate::front_matter::table::{Table, Unknown};
use crate::front_matter::tree::Source;
use quillfront_edge_files::Dialect;
use quillfront_headers::Edge;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where it lies.
pub const KEY: &str = "quillfront.toml";
/// The stable code of every diagnostic about it.
const CODE: &str = "quillfront-toml";
/// A larger file is a mistake, or an attempt to keep the builder busy.
const MAX_BYTES: usize = 256 * 1024;

/// What `quillfront.toml` says; the default is a site without one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnConfig {
    /// When pages are published.
    pub publishing: Publishing,
    /// What `get_env` reads: never the environment of the builder (ARCHITECTURE.md, invariant 3).
    pub env: BTreeMap<String, String>,
    /// What `load_data(url=…)` may fetch from; nothing by default.
    pub allowed_hosts: AllowedHosts,
    /// How `_redirects` and `_headers` are read; none without a `quillfront.toml`, and then they are files
    /// like others.
    pub dialect: Option<Dialect>,
    /// Security headers; none where there is no such section, and then no page has any of its own.
    pub security: Option<Security>,
    /// The domains of the site.
    pub edge: EdgeConfig,
    /// Thumbnails and pictures.
    pub images: Images,
}

impl OwnConfig {
    /// Parses and validates the file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let source = Source {
            file,
            text,
            first_line: 1,
            code: CODE,
        };
        if text.len() > MAX_BYTES {
            let message = format!("it is larger than {} KiB", MAX_BYTES / 1024);
            return Err(vec![source.error(None, message)]);
        }
        let root = parse_toml(&source)?;
        let mut problems = Vec::new();
        let mut table = Table::root(root, &source, &mut problems);
        let own = Self {
            publishing: Publishing::take(&mut table),
            env: env(&mut table),
            allowed_hosts: data(&mut table),
            dialect: Some(dialect(&mut table)),
            security: Security::take(&mut table),
            edge: EdgeConfig::take(&mut table),
            images: Images::take(&mut table),
        };
        table.finish(Unknown::Refused);
        if problems.is_empty() {
            Ok(own)
        } else {
            Err(problems)
        }
    }

    /// True where the same is rendered with another one: the two differ in headers, in what renders ask for (the
    /// rest of `images`), or in what is told.
    pub fn renders_as(&self, other: &Self) -> bool {
        let Self {
            publishing,
            env,
            allowed_hosts,
            dialect: _,
            security: _,
            edge: _,
            images,
        } = self;
        *publishing == other.publishing
            && *env == other.env
            && *allowed_hosts == other.allowed_hosts
            && images.responsive == other.images.responsive
            && images.strips() == other.images.strips()
    }

    /// True where no functions run at the edge for the site.
    pub fn is_without_functions(&self) -> bool {
        let security = self.security.as_ref();
        security.is_some_and(|security| security.edge == Edge::Policy)
    }

    /// True where the edge is told anything of the site.
    pub fn has_rules(&self) -> bool {
        self.security.is_some()
            || !self.edge.domains.is_empty()
            || !self.images.settings.is_default()
    }

    /// What the text of the effective file says: without a file that was ever good, the defaults.
    ///
    /// # Errors
    /// What is wrong with a file that was good to an earlier version of Quillfront.
    pub fn of(text: Option<&Arc<str>>) -> Result<Self, Vec<Diagnostic>> {
        text.map_or_else(|| Ok(Self::default()), |text| Self::parse(KEY, text))
    }
}

/// `[env]`: any name, and a text for each.
fn env(root: &mut Table<'_, '_>) -> BTreeMap<String, String> {
    let texts = root.table("env").take_texts("put it in quotes");
    texts
        .into_iter()
        .map(|(name, text, _)| (name, text))
        .collect()
}

/// `[redirects]`.
fn dialect(root: &mut Table<'_, '_>) -> Dialect {
    const DIALECTS: [(&str, Dialect); 2] = [
        ("netlify", Dialect::Netlify),
        ("cloudflare", Dialect::Cloudflare),
    ];
    let mut table = root.table("redirects");
    let dialect = table.choice("dialect", &DIALECTS);
    table.finish(Unknown::Refused);
    dialect.unwrap_or_default()
}

/// `[data]`.
fn data(root: &mut Table<'_, '_>) -> AllowedHosts {
    let mut table = root.table("data");
    let hosts = AllowedHosts::take(&mut table, "allowed_hosts");
    table.finish(Unknown::Refused);
    hosts
}

#[cfg(test)]
mod tests;
