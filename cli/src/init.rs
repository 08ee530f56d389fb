//! `quillfront init`: a small site that works at once.

use crate::args::Init;
use crate::exit::{self, UsageError};
use crate::show;
use anyhow::{Context, Result};
use include_dir::{Dir, DirEntry, include_dir};
use std::path::Path;

static STARTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/starter");
static THEME: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../themes/quill");
/// What the starter's configuration calls the theme.
const THEME_FOLDER: &str = "themes/quill";
/// Cargo leaves files that git ignores out of packages, so it is written from here.
const GITIGNORE: &str = "/public\n/.quillfront\n";

pub fn run(options: Init) -> Result<u8> {
    let root = &options.name;
    let used = root
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some());
    if used && !options.force {
        let message = format!(
            "{} is not empty; --force adds what is missing",
            root.display()
        );
        return Err(UsageError(message).into());
    }
    if root.exists() && !root.is_dir() {
        return Err(UsageError(format!("{} is not a folder", root.display())).into());
    }
    write_dir(&STARTER, root)?;
    write_theme(root)?;
    write_file(&root.join(".gitignore"), GITIGNORE.as_bytes())?;
    show::note(&format!("a site is in {}; start it with", root.display()));
    anstream::eprintln!("\n  quillfront --root {} serve\n", root.display());
    Ok(exit::GOOD)
}

/// Writes the bundled theme into a site's folder.
pub fn write_theme(root: &Path) -> Result<()> {
    write_dir(&THEME, &root.join(THEME_FOLDER))
}

fn write_dir(dir: &Dir<'_>, to: &Path) -> Result<()> {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(inner) => {
                let name = inner.path().file_name().unwrap_or_default();
                write_dir(inner, &to.join(name))?;
            }
            DirEntry::File(file) => {
                let name = file.path().file_name().unwrap_or_default();
                write_file(&to.join(name), file.contents())?;
            }
        }
    }
    Ok(())
}

/// Files that are there already are the author's.
fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}
