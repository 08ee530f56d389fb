//! `quillfront init`: a small site that works at once.

use crate::args::Init;
use crate::exit::{self, UsageError};
use crate::out::say;
use crate::show;
use anyhow::{Context, Result};
use include_dir::{Dir, DirEntry, include_dir};
use std::path::Path;

static STARTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/starter");
static THEME: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../themes/quill");
/// What the starter's configuration calls the theme.
const THEME_FOLDER: &str = "themes/quill";
const CONFIG: &str = "config.toml";
/// The line of the starter's configuration that the folder's name goes into.
const STARTER_TITLE: &str = "title = \"My site\"";
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
    let config = starter_config(root);
    write_file(&root.join(CONFIG), config.as_bytes())?;
    // What is there already stays.
    write_dir(&STARTER, root)?;
    write_theme(root)?;
    write_file(&root.join(".gitignore"), GITIGNORE.as_bytes())?;
    show::note(&format!(
        "created a site in {}; start it with",
        root.display()
    ));
    say!("\n  {}\n", show::serve_line(root));
    Ok(exit::GOOD)
}

/// The starter's configuration, with the name of the folder as the title, if it was given one.
fn starter_config(root: &Path) -> String {
    let config = STARTER.get_file(CONFIG);
    let config = config
        .and_then(|file| file.contents_utf8())
        .unwrap_or_default();
    match root.file_name().and_then(|name| name.to_str()) {
        Some(name) => config.replacen(STARTER_TITLE, &format!("title = {}", quoted(name)), 1),
        None => config.to_owned(),
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
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

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_site::config::Config;

    #[test]
    fn the_name_of_the_folder_is_the_title() {
        let title = |name: &str| {
            let config = Config::parse(CONFIG, &starter_config(Path::new(name))).unwrap();
            config.languages["en"].title.clone()
        };
        for name in ["my blog!", "a \"b\" \\ c", "tab\there", "naïve 日記"] {
            assert_eq!(title(&format!("sites/{name}")).as_deref(), Some(name));
        }
        assert_eq!(title(".").as_deref(), Some("My site"));
        assert!(starter_config(Path::new(".")).contains(STARTER_TITLE));
    }
}
