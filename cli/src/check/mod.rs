//! `quillfront check`: the whole site is built in memory, nothing is written, and every mistake is
//! told; then the links that lead elsewhere are tried for real (site model, section 16).

mod fetch;
mod hosts;
#[cfg(test)]
mod tests;

use crate::args::{self, Global};
use crate::build::{no_config, not_built, tell, today};
use crate::exit::{self, UsageError};
use crate::out;
use crate::show;
use anyhow::{Context, Result};
use fetch::Limits;
use quillfront_publish::folder;
use quillfront_render::evaluate::Unready;
use quillfront_render::render::world::{Listing, Settings};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::links::ExternalLinks;
use quillfront_site::report::Report;
use std::time::Instant;

pub fn run(global: &Global, options: args::Check) -> Result<u8> {
    let started = Instant::now();
    let root = &global.root;
    if !root.is_dir() {
        return Err(UsageError(format!("{} is not a folder", root.display())).into());
    }
    let settings = Settings {
        mode: "check",
        base_url: None,
        drafts: options.drafts,
        minify: false,
        now: global.now.unwrap_or_else(today),
        listing: Listing::SiteFolders,
        all_accepted: false,
    };
    let config = global.config.as_deref();
    let evaluated = folder::evaluate(
        root,
        config,
        settings,
        folder::Tells::default(),
        || Ok(()),
        |_, _| (),
    )
    .with_context(|| format!("reading {}", root.display()))?;
    let tree = match evaluated {
        Ok(tree) => tree,
        Err(Unready::NoConfig) => return Err(no_config(root).into()),
        Err(Unready::BrokenConfig(problems)) => return not_built(global, problems, options.json),
    };
    let mut diagnostics = tree.diagnostics;
    let tried = if options.skip_external_links {
        0
    } else {
        let (tried, mut broken) = external_links(&tree.external_links, &Limits::default());
        diagnostics.append(&mut broken);
        tried
    };
    diagnostics.sort();
    let mut report = Report {
        version: 1,
        diagnostics,
        ..Report::default()
    };
    let took = started.elapsed();
    report.ms.insert("total".into(), took.as_millis() as u64);
    if options.json {
        out::json(&report)?;
    }
    tell(global, &report.diagnostics);
    show::checked(tree.objects.len(), tried, &report.diagnostics, took);
    Ok(exit::with(&report.diagnostics))
}

/// Tries every address. Returns how many, and what to tell of them.
fn external_links(links: &ExternalLinks, limits: &Limits) -> (usize, Vec<Diagnostic>) {
    let pages = hosts::pages(links);
    if pages.is_empty() {
        return (0, Vec::new());
    }
    let bar = show::bar(pages.len());
    bar.set_message("links    ");
    let diagnostics = hosts::try_all(links, pages, limits, || bar.inc(1));
    bar.finish_and_clear();
    (links.uses.len(), diagnostics)
}
