//! `quillfront build`.

use crate::args::{self, Global};
use crate::excerpt;
use crate::exit::{self, UsageError};
use crate::show;
use anyhow::{Context, Result};
use jiff::Timestamp;
use quillfront_builder::config::Config;
use quillfront_builder::diagnostic::Diagnostic;
use quillfront_builder::evaluate::{Tree, Unready};
use quillfront_builder::folder::{self, Written};
use quillfront_builder::plan::Recipe;
use quillfront_builder::render::world::Settings;
use quillfront_builder::report::{Action, Kind, OutputReport, Report};
use std::path::{Path, PathBuf};
use std::time::Instant;

pub fn run(global: &Global, options: args::Build) -> Result<u8> {
    let started = Instant::now();
    let settings = Settings {
        mode: "build",
        base_url: options.base_url.clone(),
        drafts: options.drafts,
        minify: options.minify,
        now: global.now.unwrap_or_else(today),
        listing_is_complete: false,
    };
    let root = &global.root;
    if !root.is_dir() {
        return Err(UsageError(format!("{} is not a folder", root.display())).into());
    }
    let out = Output::choose(global, &options)?;
    let config = global.config.as_deref();
    let built = folder::build(root, config, settings, &out.path, out.keep_dotfiles)
        .with_context(|| format!("building {}", root.display()))?;
    let tree = match built {
        Ok(tree) => tree,
        Err(Unready::NoConfig) => {
            return Err(no_config(root).into());
        }
        Err(Unready::BrokenConfig(problems)) => return not_built(global, problems, options.json),
    };
    let mut report = report(&tree);
    report
        .ms
        .insert("total".into(), started.elapsed().as_millis() as u64);
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
    }
    tell(global, &report.diagnostics);
    show::built(&tree, &out.path, started.elapsed());
    Ok(exit::with(&report.diagnostics))
}

/// Where there is no site.
pub fn no_config(root: &Path) -> UsageError {
    let message = format!("there is no config.toml in {}, nor above", root.display());
    let hint = "give the site's folder with --root, or start one with `quillfront init`";
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
        println!("{}", serde_json::to_string(&report)?);
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

struct Output {
    path: PathBuf,
    keep_dotfiles: bool,
}

impl Output {
    /// Where the site goes. A folder that was named is only emptied when asked to; the one of the
    /// configuration is the site's own.
    fn choose(global: &Global, options: &args::Build) -> Result<Self> {
        let config = read_config(global);
        let keep_dotfiles = config
            .as_ref()
            .is_some_and(|c| c.preserve_dotfiles_in_output);
        let path = match &options.output_dir {
            Some(path) => {
                if path.exists() && !options.force {
                    let message = format!("{} exists already; --force replaces it", path.display());
                    return Err(UsageError(message).into());
                }
                path.clone()
            }
            None => {
                let name = config.map_or_else(|| "public".to_owned(), |config| config.output_dir);
                let path = global.root.join(name);
                if !options.force && path.exists() && !inside(&path, &global.root) {
                    let message = format!(
                        "output_dir is {}, outside of the site; --force empties it",
                        path.display()
                    );
                    return Err(UsageError(message).into());
                }
                path
            }
        };
        if path.exists() && !path.is_dir() {
            return Err(UsageError(format!("{} is not a folder", path.display())).into());
        }
        if holds(&path, &global.root) {
            let message = format!(
                "{} holds the site itself; it would be emptied",
                path.display()
            );
            return Err(UsageError(message).into());
        }
        Ok(Self {
            path,
            keep_dotfiles,
        })
    }
}

fn read_config(global: &Global) -> Option<Config> {
    let names = [
        global.config.clone(),
        Some("zola.toml".into()),
        Some("config.toml".into()),
    ];
    let path = names
        .into_iter()
        .flatten()
        .map(|name| global.root.join(name))
        .find(|p| p.is_file());
    Config::parse("config.toml", &std::fs::read_to_string(path?).ok()?).ok()
}

fn inside(path: &Path, root: &Path) -> bool {
    let (path, root) = (path.canonicalize(), root.canonicalize());
    path.is_ok_and(|path| root.is_ok_and(|root| path.starts_with(root)))
}

/// True where emptying `out` would empty the site, or one of its folders of sources.
fn holds(out: &Path, root: &Path) -> bool {
    let (Ok(out), Ok(root)) = (out.canonicalize(), root.canonicalize()) else {
        return false;
    };
    let sources = folder::SOURCE_FOLDERS.iter().map(|name| root.join(name));
    root.starts_with(&out) || sources.into_iter().any(|source| out.starts_with(source))
}

fn report(tree: &Tree<Written>) -> Report {
    let mut report = Report {
        version: 1,
        kind: Kind::Full,
        ..Report::default()
    };
    for (key, written) in &tree.objects {
        let copied = matches!(tree.plan[key].recipe, Recipe::Copy(_));
        let actions = if copied {
            vec![Action::Uploaded]
        } else {
            vec![Action::Rendered, Action::Uploaded]
        };
        report.counts.rendered += u64::from(!copied);
        report.counts.uploaded += 1;
        report.bytes.out += written.made;
        let because = vec!["a clean build makes everything".to_owned()];
        report.outputs.push(OutputReport {
            key: key.to_string(),
            actions,
            because,
        });
    }
    for key in &tree.stale {
        let because = vec!["it could not be rendered; see the diagnostics".to_owned()];
        report.outputs.push(OutputReport {
            key: key.to_string(),
            actions: vec![Action::Stale],
            because,
        });
    }
    report.counts.stale = tree.stale.len() as u64;
    report.invalidations.mode = "none".into();
    report.diagnostics.clone_from(&tree.diagnostics);
    report
}
