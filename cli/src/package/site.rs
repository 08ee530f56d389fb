//! The parts of a package that are made of a site: what CloudFront itself runs and adds.
//!
//! They go by the rules of the site. Those come from a file, or the site is built in memory, as `build` does.

use super::PackageFile;
use crate::args::{self, Global};
use crate::build;
use crate::exit::UsageError;
use crate::root;
use crate::show;
use anyhow::{Context, Result};
use quillfront_edge::viewer::policy::response_headers_policy;
use quillfront_edge::viewer::{Behaviour, javascript};
use quillfront_headers::{Edge, Rules};
use quillfront_publish::folder::{self, Tells};
use quillfront_render::evaluate::Unready;
use quillfront_render::render::world::{Listing, Settings};
use quillfront_site::diagnostic::Diagnostic;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// A site, as far as a package goes by it.
pub(super) struct Site {
    /// What the edge is told of it.
    pub rules: Arc<Rules>,
    /// Where it is read, if that is known.
    base_url: Option<String>,
    /// What was told of it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Returns the site that a package is for; one that says nothing where there is none.
///
/// # Errors
/// The inner one: there is no usable configuration.
pub(super) fn of(
    global: &Global,
    options: &args::Package,
) -> Result<Result<Site, Vec<Diagnostic>>> {
    if let Some(path) = &options.rules {
        return Ok(Ok(Site {
            rules: Arc::new(read(path)?),
            base_url: None,
            diagnostics: Vec::new(),
        }));
    }
    if global.config.is_none() && !root::has_config(&global.root) {
        show::note("there is no site here: the functions are for one without a quillfront.toml");
        return Ok(Ok(Site {
            rules: Arc::default(),
            base_url: None,
            diagnostics: Vec::new(),
        }));
    }
    built(global)
}

fn read(path: &Path) -> Result<Rules> {
    let usage = |reason: String| UsageError(format!("{}: {reason}", path.display()));
    let bytes = fs::read(path).map_err(|error| usage(error.to_string()))?;
    let rules = Rules::read(&bytes).map_err(|error| usage(error.to_string()))?;
    Ok(rules)
}

/// Builds the site in memory.
fn built(global: &Global) -> Result<Result<Site, Vec<Diagnostic>>> {
    let settings = Settings {
        mode: "build",
        base_url: None,
        drafts: false,
        minify: false,
        now: global.now.unwrap_or_else(build::today),
        listing: Listing::SiteFolders,
        all_accepted: false,
    };
    let config = global.config.as_deref();
    let begin = || Ok(());
    let tree = folder::evaluate(
        &global.root,
        config,
        settings,
        Tells::default(),
        begin,
        |_, _| (),
    )
    .with_context(|| format!("building {}", global.root.display()))?;
    match tree {
        Ok(tree) => Ok(Ok(Site {
            base_url: tree.site.map(|site| site.world.config.base_url.clone()),
            rules: tree.rules,
            diagnostics: tree.diagnostics,
        })),
        Err(Unready::NoConfig) => Err(build::no_config(&global.root).into()),
        Err(Unready::BrokenConfig(problems)) => Ok(Err(problems)),
    }
}

impl Site {
    /// Returns the files that are made of it.
    pub(super) fn packed(&self) -> Result<Vec<PackageFile>> {
        let mut packed = Vec::new();
        for behaviour in Behaviour::ALL {
            let name = match behaviour {
                Behaviour::Default => "viewer-request.js",
                Behaviour::Pictures => "viewer-request-images.js",
            };
            if let Some(text) = self.function(behaviour)? {
                let bytes = text.into_bytes();
                packed.push(PackageFile::file(name, bytes));
            }
        }
        if self.rules.edge == Edge::Policy {
            let config = response_headers_policy(&self.name(), &self.rules)?;
            let mut bytes = serde_json::to_vec_pretty(&config)?;
            bytes.push(b'\n');
            packed.push(PackageFile::file("response-headers-policy.json", bytes));
        }
        Ok(packed)
    }

    /// Returns the CloudFront Function of a behaviour, if the site needs one.
    ///
    /// # Errors
    /// It is longer than CloudFront takes.
    pub(super) fn function(&self, behaviour: Behaviour) -> Result<Option<String>> {
        Ok(javascript::function(behaviour, &self.rules)?)
    }

    /// The name of the policy: an account has one of each.
    fn name(&self) -> String {
        let domains = self.rules.domains.as_ref();
        let origin = domains.map(|domains| domains.origin.as_str());
        let address = self.base_url.as_deref().or(origin).unwrap_or_default();
        let host = address.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_alphanumeric();
        let host: String = host
            .chars()
            .map(|c| if is_plain(c) { c } else { '-' })
            .take(100)
            .collect();
        match host.as_str() {
            "" => "quillfront".to_owned(),
            host => format!("quillfront-{host}"),
        }
    }
}
