//! The folder of a site into a tree, and a tree into a folder.

use super::findings::Findings;
use super::tree::Tree;
use anyhow::{Context, Result};
use quillfront_site::key::MAX_TEXT_BYTES;
use std::fs;
use std::path::Path;

/// Folders below folders.
const MAX_DEPTH: usize = 64;
/// What is not part of a site: histories, what programs wrote, and what they installed.
const LEFT_OUT: [&str; 8] = [
    ".git",
    ".hg",
    ".svn",
    ".quillfront",
    "node_modules",
    "public",
    "resources/_gen",
    ".hugo_build.lock",
];

/// Reads a site. Texts that a migration may change are read; all else is only named.
///
/// # Errors
/// The folder, or a file in it, cannot be read.
pub fn read(root: &Path, findings: &mut Findings) -> Result<Tree> {
    let mut tree = Tree::default();
    visit(root, root, "", 0, &mut tree, findings)?;
    Ok(tree)
}

fn visit(
    root: &Path,
    folder: &Path,
    prefix: &str,
    depth: usize,
    tree: &mut Tree,
    findings: &mut Findings,
) -> Result<()> {
    if depth > MAX_DEPTH {
        let reason = format!("folders are nested more than {MAX_DEPTH} deep");
        findings.left(
            prefix,
            None,
            reason,
            "Move the folder up, and migrate again",
        );
        return Ok(());
    }
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let entry = entry.with_context(|| folder.display().to_string())?;
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            let shown = format!("{prefix}{}", name.to_string_lossy());
            findings.left(
                &shown,
                None,
                "the name is not UTF-8; it was left out",
                "Rename the file",
            );
            continue;
        };
        let key = format!("{prefix}{name}");
        if LEFT_OUT.contains(&key.as_str()) || LEFT_OUT[..5].contains(&name) {
            continue;
        }
        let kind = entry
            .file_type()
            .with_context(|| path.display().to_string())?;
        if kind.is_symlink() && !is_file_inside(root, &path) {
            let reason = "a link to a folder, or out of the site; it was left out";
            findings.left(&key, None, reason, "Put the file itself there");
            continue;
        }
        if kind.is_dir() {
            visit(root, &path, &format!("{key}/"), depth + 1, tree, findings)?;
        } else if kind.is_file() || kind.is_symlink() {
            take(&path, key, tree, findings)?;
        }
    }
    Ok(())
}

fn is_file_inside(root: &Path, path: &Path) -> bool {
    path.canonicalize()
        .is_ok_and(|target| target.starts_with(root) && target.is_file())
}

fn take(path: &Path, key: String, tree: &mut Tree, findings: &mut Findings) -> Result<()> {
    let size = fs::metadata(path)
        .with_context(|| path.display().to_string())?
        .len();
    if may_change(&key) {
        if size > MAX_TEXT_BYTES {
            let reason = format!(
                "larger than {} MB; copied as it is",
                MAX_TEXT_BYTES / 1024 / 1024
            );
            findings.left(&key, None, reason, "Split the file");
        } else {
            let bytes = fs::read(path).with_context(|| path.display().to_string())?;
            match String::from_utf8(bytes) {
                Ok(text) => {
                    tree.texts.insert(key, text);
                    return Ok(());
                }
                Err(_) => findings.left(
                    &key,
                    None,
                    "not UTF-8; copied as it is",
                    "Save the file as UTF-8, and migrate again",
                ),
            }
        }
    }
    tree.copies.insert(key.clone(), key);
    Ok(())
}

/// True for what a migration reads: pages, templates, configurations, style sheets in SCSS.
fn may_change(key: &str) -> bool {
    let extension = key.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_config = matches!(extension, "toml" | "yaml" | "yml" | "json");
    match key.split_once('/') {
        None => is_config,
        Some(("content", _)) => matches!(extension, "md" | "markdown" | "mdown"),
        Some(("config", _)) => is_config,
        Some(("templates", _)) => true,
        Some(("assets", _)) => matches!(extension, "scss" | "sass"),
        Some(("themes", inner)) => inner.split('/').nth(1) == Some("templates"),
        Some(_) => false,
    }
}

/// Writes a tree into a new folder. Files that no migration read are copied from `input`.
///
/// # Errors
/// A file cannot be written; the error names it.
pub fn write(input: &Path, tree: &Tree, output: &Path) -> Result<()> {
    fs::create_dir_all(output).with_context(|| output.display().to_string())?;
    for (key, text) in &tree.texts {
        let path = output.join(key);
        make_room(&path)?;
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    for (key, source) in &tree.copies {
        let path = output.join(key);
        make_room(&path)?;
        fs::copy(input.join(source), &path).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn make_room(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).with_context(|| folder.display().to_string()),
        None => Ok(()),
    }
}
