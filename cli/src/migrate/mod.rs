//! `quillfront migrate`: a site of Zola 0.22 or of Hugo, moved in on a copy.
//!
//! 1. [`files`] reads the folder into a [`tree`];
//! 2. [`zola`] or [`hugo`] rewrites the tree, purely, and says in [`findings`] what it did and
//!    what is left;
//! 3. [`files`] writes the tree, and the copy is built once, in memory, to say whether it does.

mod edits;
mod files;
mod findings;
mod hugo;
mod tree;
mod zola;

#[cfg(test)]
mod tests;

use crate::args::{Generator, Global, Migrate};
use crate::excerpt;
use crate::exit::{self, UsageError};
use crate::out::{self, say};
use crate::root::{self, HISTORIES};
use crate::{init, show};
use anyhow::{Context, Result};
use findings::Findings;
use jiff::Timestamp;
use quillfront_publish::folder;
use quillfront_render::evaluate::Unready;
use quillfront_render::render::world::{Listing, Settings};
use quillfront_site::diagnostic::Diagnostic;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the report is, in the new folder.
const PAGE: &str = "MIGRATION.md";

/// Findings that are told one by one; all are in the page.
const MAX_TOLD: usize = 50;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    version: u32,
    from: &'a str,
    input: String,
    output: String,
    builds: bool,
    #[serde(flatten)]
    findings: &'a Findings,
    diagnostics: &'a [Diagnostic],
}

/// Runs the command.
pub fn run(global: &Global, options: Migrate) -> Result<u8> {
    let (input, output) = folders(&options)?;
    let from = match options.from {
        Some(from) => from,
        None => detect(&input)?,
    };
    let mut findings = Findings::default();
    let mut tree = files::read(&input, &mut findings)?;
    let name = match from {
        Generator::Zola => {
            zola::migrate(&mut tree, &mut findings);
            "Zola"
        }
        Generator::Hugo => {
            hugo::migrate(&mut tree, &mut findings);
            "Hugo"
        }
    };
    findings.sort();
    if output.exists() {
        fs::remove_dir_all(&output).with_context(|| output.display().to_string())?;
    }
    files::write(&input, &tree, &output)?;
    if from == Generator::Hugo {
        init::write_theme(&output)?;
    }
    let diagnostics = first_build(&output, global.now.unwrap_or_else(Timestamp::now))?;
    let problems: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    let page = output.join(PAGE);
    fs::write(&page, findings::page(name, &findings, &problems))
        .with_context(|| page.display().to_string())?;

    let code = exit::with(&diagnostics);
    if options.json {
        let report = Report {
            version: 1,
            from: if from == Generator::Zola {
                "zola"
            } else {
                "hugo"
            },
            input: input.display().to_string(),
            output: output.display().to_string(),
            builds: code == exit::GOOD,
            findings: &findings,
            diagnostics: &diagnostics,
        };
        out::json(&report)?;
    } else {
        tell(&findings, &diagnostics, &output, code == exit::GOOD);
    }
    Ok(code)
}

/// The site, and where its copy goes: never into it, and never in the place of anything but an
/// earlier copy.
fn folders(options: &Migrate) -> Result<(PathBuf, PathBuf)> {
    let usage = |message: String| anyhow::Error::from(UsageError(message));
    let input = options
        .dir
        .canonicalize()
        .map_err(|_| usage(format!("{} is not a folder", options.dir.display())))?;
    if !input.is_dir() {
        return Err(usage(format!("{} is not a folder", input.display())));
    }
    let output = match &options.output_dir {
        Some(output) => output.clone(),
        None => {
            let name = input
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            let name =
                name.ok_or_else(|| usage("name the destination with --output-dir".into()))?;
            input.with_file_name(format!("{name}-quillfront"))
        }
    };
    let output = root::resolve(&output)?;
    if output.starts_with(&input) || input.starts_with(&output) {
        let message = format!(
            "one of {} and {} is inside the other",
            output.display(),
            input.display()
        );
        return Err(usage(format!(
            "{message}; give another folder with --output-dir"
        )));
    }
    let is_empty = |path: &Path| path.read_dir().is_ok_and(|mut list| list.next().is_none());
    if output.exists() && !is_empty(&output) {
        if !options.force {
            let message = format!("{} exists already; --force replaces it", output.display());
            return Err(usage(message));
        }
        let way_out = "remove it yourself, or give another folder with --output-dir";
        if !findings::is_page(&fs::read_to_string(output.join(PAGE)).unwrap_or_default()) {
            let message = format!(
                "{} was not written by `migrate` (it has no {PAGE} that says so)",
                output.display()
            );
            return Err(usage(format!("{message}; {way_out}")));
        }
        if let Some(history) = history_in(&output) {
            let message = format!(
                "{} is a repository; --force would remove its history",
                history.display()
            );
            return Err(usage(format!("{message}; {way_out}")));
        }
    }
    Ok((input, output))
}

/// A folder at or below `folder` with the history of a version control system in it: no copy has
/// one, so someone made it there.
fn history_in(folder: &Path) -> Option<PathBuf> {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = folder.read_dir().into_iter().flatten();
        for entry in entries.flatten() {
            if HISTORIES.iter().any(|name| entry.file_name() == *name) {
                return Some(folder);
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            }
        }
    }
    None
}

/// Tells a site's generator from its configuration.
fn detect(input: &Path) -> Result<Generator> {
    let has_key = |name: &str, key: &str| {
        let text = std::fs::read_to_string(input.join(name)).unwrap_or_default();
        text.lines().any(|line| {
            let line = line.trim_start_matches([' ', '"']).to_ascii_lowercase();
            line.starts_with(key)
        })
    };
    if has_key("zola.toml", "base_url") || has_key("config.toml", "base_url") {
        return Ok(Generator::Zola);
    }
    let is_hugo = hugo::CONFIG_FILES.iter().any(|name| {
        input.join(name).is_file() && (name.starts_with("hugo.") || has_key(name, "baseurl"))
    });
    if is_hugo || input.join("config/_default").is_dir() {
        return Ok(Generator::Hugo);
    }
    let message = format!(
        "{} is not recognized as a site of Zola or Hugo",
        input.display()
    );
    Err(UsageError(format!("{message}; say so with --from zola or --from hugo")).into())
}

/// Builds the copy once, in memory.
fn first_build(output: &Path, now: Timestamp) -> Result<Vec<Diagnostic>> {
    let settings = Settings {
        mode: "build",
        minify: false,
        base_url: None,
        drafts: false,
        now,
        listing: Listing::SiteFolders,
        all_accepted: false,
    };
    let evaluated = folder::evaluate(
        output,
        None,
        settings,
        folder::Tells::default(),
        || Ok(()),
        |_, _| (),
    )
    .with_context(|| format!("reading {}", output.display()))?;
    Ok(match evaluated {
        Ok(tree) => tree.diagnostics,
        Err(Unready::BrokenConfig(problems)) => problems,
        Err(Unready::NoConfig) => {
            let message = "there is no configuration";
            let hint = "write config.toml with base_url = \"https://example.org\"";
            vec![Diagnostic::error("config", "config.toml", message).hint(hint)]
        }
    })
}

fn tell(findings: &Findings, diagnostics: &[Diagnostic], output: &Path, builds: bool) {
    for (kind, count) in &findings.changes {
        show::note(&format!("{count:>6}  {kind}"));
    }
    for one in findings.remaining.iter().take(MAX_TOLD) {
        let place = findings::place(one);
        show::warning(&format!("{place}: {}\n  {}", one.reason, one.action));
    }
    if let Some(more) = findings
        .remaining
        .len()
        .checked_sub(MAX_TOLD)
        .filter(|more| *more > 0)
    {
        show::note(&format!("… and {more} more to review"));
    }
    let texts = excerpt::texts_from_folder(output, show::told(diagnostics));
    show::diagnostics(diagnostics, &texts);
    let left = findings.remaining.len();
    show::note(&format!(
        "wrote {}; {}; {left} to review; the full list is in {PAGE}",
        output.display(),
        if builds {
            "it builds"
        } else {
            "it does not build yet"
        },
    ));
    say!("\n  {}\n", show::serve_line(output));
}
