//! `quillfront build`.

mod output;

use crate::args::{self, Global};
use crate::excerpt;
use crate::exit::{self, UsageError};
use crate::out;
use crate::show;
use anyhow::{Context, Result};
use jiff::Timestamp;
use output::Output;
use quillfront_publish::folder::{self, Built, Folders, Incremental, Tells};
use quillfront_render::effective::Change;
use quillfront_render::evaluate::{Account, Placement, Tree, Unready};
use quillfront_render::render::world::{Listing, Settings};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::report::{Kind, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Instant;

pub fn run(global: &Global, options: args::Build) -> Result<u8> {
    let started = Instant::now();
    let settings = Settings {
        mode: "build",
        base_url: options.base_url.clone(),
        drafts: options.drafts,
        minify: options.minify,
        now: global.now.unwrap_or_else(today),
        listing: Listing::SiteFolders,
        all_accepted: options.accepted,
    };
    let root = &global.root;
    if !root.is_dir() {
        return Err(UsageError(format!("{} is not a folder", root.display())).into());
    }
    let out = Output::choose(global, &options, &settings)?;
    let config = global.config.as_deref();
    let tells = Tells {
        why: options.json,
        headers: options.objects.is_some(),
    };
    if let Some(state) = &options.state {
        let (mut laps, mut last) = (BTreeMap::new(), started);
        let lap = |phase: &str| {
            let now = Instant::now();
            laps.insert(phase.to_owned(), (now - last).as_millis() as u64);
            last = now;
        };
        let folders = Folders {
            root,
            config,
            out: &out.path,
            keep_dotfiles: out.keep_dotfiles,
            state,
        };
        let built = folder::build_from(folders, settings.clone(), tells, lap)
            .with_context(|| format!("building {}", root.display()))?;
        return match built {
            Ok(built) => {
                if options.verify {
                    verify(folders, settings, &built)?;
                }
                write_headers(&options, &built.tree)?;
                let report = Report {
                    ms: laps,
                    ..report_of(&built)
                };
                let ended = end(global, report, &out.path, started, options.json);
                // The process ends here: freeing what it holds would only take time.
                std::mem::forget(built);
                ended
            }
            Err(Unready::NoConfig) => Err(no_config(root).into()),
            Err(Unready::BrokenConfig(problems)) => not_built(global, problems, options.json),
        };
    }
    let built = folder::build(root, config, settings, &out.path, out.keep_dotfiles, tells)
        .with_context(|| format!("building {}", root.display()))?;
    let built = match built {
        Ok(built) => built,
        Err(Unready::NoConfig) => {
            return Err(no_config(root).into());
        }
        Err(Unready::BrokenConfig(problems)) => return not_built(global, problems, options.json),
    };
    write_headers(&options, &built.tree)?;
    end(global, report(&built), &out.path, started, options.json)
}

/// Writes what the files would be published with, where it was asked for.
fn write_headers<Kept>(options: &args::Build, tree: &Tree<Kept>) -> Result<()> {
    if let Some(path) = &options.objects {
        let objects = tree.headers.iter().map(|(key, headers)| {
            let object = serde_json::json!({
                "content_type": headers.content_type,
                "cache_control": headers.cache_control,
                "metadata": headers.metadata,
            });
            (key.to_string(), object)
        });
        let objects: serde_json::Map<String, serde_json::Value> = objects.collect();
        write(path, &serde_json::to_vec_pretty(&objects)?)?;
    }
    if let Some(path) = &options.rules {
        write(path, &tree.rules.write())?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// Fails where a build from nothing makes anything else.
fn verify(folders: Folders<'_>, settings: Settings, built: &Incremental) -> Result<()> {
    const MAX_LISTED: usize = 10;
    let differing = folder::differing(folders, settings, built)?;
    if differing.is_empty() {
        return Ok(());
    }
    let keys = differing.iter().take(MAX_LISTED).map(ToString::to_string);
    let keys: Vec<String> = keys.collect();
    let more = match differing.len() - keys.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    anyhow::bail!(
        "{}{more} should have been built again: this is a fault of Quillfront, please report it with the \
         site; `--force` without `--state` builds everything",
        keys.join(", ")
    )
}

/// The end of a build.
fn end(
    global: &Global,
    mut report: Report,
    out: &Path,
    started: Instant,
    json: bool,
) -> Result<u8> {
    let took = started.elapsed();
    report.ms.insert("total".into(), took.as_millis() as u64);
    if json {
        out::json(&report)?;
    }
    tell(global, &report.diagnostics);
    show::standing(&report.sources);
    show::built(&report, out, took);
    Ok(exit::with(&report.diagnostics))
}

/// Where there is no site.
pub fn no_config(root: &Path) -> UsageError {
    let message = format!("there is no config.toml in {} or above it", root.display());
    let hint = "give the site's folder with --root, or create a site with `quillfront init`";
    UsageError(format!("{message}; {hint}"))
}

/// The end of a build without a usable configuration.
pub fn not_built(global: &Global, problems: Vec<Diagnostic>, json: bool) -> Result<u8> {
    let report = Report {
        version: 1,
        diagnostics: problems,
        ..Report::default()
    };
    if json {
        out::json(&report)?;
    }
    tell(global, &report.diagnostics);
    Ok(exit::DIAGNOSTICS)
}

/// Tells the author, with lines of the files in the site's folder.
pub fn tell(global: &Global, problems: &[Diagnostic]) {
    let texts = excerpt::texts_from_folder(&global.root, show::told(problems));
    show::diagnostics(problems, &texts);
}

/// The time that templates see where none is given.
pub fn today() -> Timestamp {
    Timestamp::now()
}

/// What an incremental build did.
fn report_of(built: &Incremental) -> Report {
    let mut report = told(&built.tree, &built.changes, built.full, &built.removed);
    (report.bytes.state_in, report.bytes.state_out) = built.state_bytes;
    if built.changes.is_empty() && report.outputs.is_empty() && !built.full {
        report.kind = Kind::None;
    }
    report
}

/// What a build of everything did.
fn report(built: &Built) -> Report {
    told(&built.tree, &BTreeMap::new(), true, &built.removed)
}

/// What a build made of a tree, and what it removed.
fn told(
    tree: &Tree<Option<u64>>,
    changes: &BTreeMap<SourceKey, Change>,
    full: bool,
    removed: &BTreeSet<OutputKey>,
) -> Report {
    let mut account = Account::new(changes, full);
    for (key, made) in &tree.objects {
        let placed = match made {
            Some(_) => Placement::Put { is_new: false },
            None => Placement::Unchanged,
        };
        account.made(tree, key, placed);
    }
    for key in removed {
        account.deleted(key, None);
    }
    account.rest(tree);
    let mut report = account.report();
    report.count();
    report.bytes.out = tree.objects.values().flatten().sum();
    report.invalidations.mode = "none".into();
    report
}
